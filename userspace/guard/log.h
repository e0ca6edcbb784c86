/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines in the kernel's log, where those of ditto.ko are, too: it is there before the journal and
 * in a rescue system, a write never waits for another process, and too many lines are dropped.
 */
#ifndef _DITTO_GUARD_LOG_H
#define _DITTO_GUARD_LOG_H

#include "common/types.h"

/* Open the log. */
void guard_log_open(void);
/* Write a line. Control characters are replaced. */
void guard_warning(const char *format, ...) __printf(1, 2);

#endif
