// SPDX-License-Identifier: GPL-2.0-only
/* Fault points, see fault.h. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

/* Bytes of the longest name. */
#define FAULT_NAME_MAX	63

const char *fault_file;

void fault_init(void)
{
	fault_file = getenv("DITTO_FAULTS");
}

void fault_stop(const char *point)
{
	char name[FAULT_NAME_MAX + 1] = "";
	int fd = open(fault_file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, name, FAULT_NAME_MAX);
	close(fd);
	if (n > 0 && !strcmp(name, point))
		/* To this thread, so that it does not go on before the process stops. */
		raise(SIGSTOP);
}
