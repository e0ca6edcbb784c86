// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines in the kernel's log, where ditto.ko logs, too: it is there before the journal and in a
 * rescue system, a write never waits for another process, and too many lines are dropped.
 */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "text.h"

/* The kernel takes no longer line. */
#define LINE_MAX_BYTES	960

/* Stderr where there is no such log, as in containers. */
static int log_fd = STDERR_FILENO;

void log_open(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		log_fd = fd;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	size_t len = (size_t)snprintf(line, sizeof(line), "<%d>ditto-guard: ", (int)level);
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
