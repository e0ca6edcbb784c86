/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines: of dittod on stderr, where each begins with its priority under systemd (sd-daemon(3));
 * of ditto-guard in the kernel's log, see guard/log.c.
 *
 * All functions but log_open() are thread-safe.
 */
#ifndef _DITTOD_LOG_H
#define _DITTOD_LOG_H

#include "common/types.h"

/* Values as in syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

/* Find out where lines go. Called once, before threads are started. */
void log_open(void);
/* Write nothing from now on: what the caller wants to say is said otherwise. */
void log_close(void);
/* Write one line. Newlines in the text are replaced. */
void log_line(enum log_level level, const char *format, ...)
	__printf(2, 3);

#define log_error(...)		log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)	log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)		log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)		log_line(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
