// SPDX-License-Identifier: GPL-2.0-only
/* Lines in the kernel's log, see log.h. */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

/* The kernel takes no longer line. */
#define LINE_MAX_BYTES	960
#define PREFIX		"<4>ditto-guard: "

/* Stderr where there is no such log, as in containers. */
static int log_fd = STDERR_FILENO;

void guard_log_open(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		log_fd = fd;
}

void guard_warning(const char *format, ...)
{
	char line[LINE_MAX_BYTES] = PREFIX;
	size_t len = strlen(PREFIX);
	ssize_t done;
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	text_make_printable(line + len);
	len = strlen(line);
	line[len] = '\n';
	done = write(log_fd, line, len + 1);
	(void)done;
}
