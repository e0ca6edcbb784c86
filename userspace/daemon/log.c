// SPDX-License-Identifier: GPL-2.0-only
/* Log lines on stderr. */

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static bool journal;
static bool closed;

/* systemd sets JOURNAL_STREAM to device:inode of the journal's socket. */
void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return;
	snprintf(mine, sizeof(mine), "%llu:%llu", (u64)st.st_dev,
		 (u64)st.st_ino);
	journal = !strcmp(stream, mine);
}

void log_close(void)
{
	closed = true;
}

void log_line(enum log_level level, const char *format, ...)
{
	/* With the longest path, which must not hide the cause behind it. */
	char line[PATH_MAX + 1024];
	va_list args;
	char *p;

	if (closed)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* Names chosen by clients must not start a new line. */
	for (p = line; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = '?';
	/* A single call, so that lines of several threads do not mix. */
	if (journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "dittod: %s\n", line);
}
