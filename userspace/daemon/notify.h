/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling the service manager how we are (sd_notify(3)). */
#ifndef _DITTOD_NOTIFY_H
#define _DITTOD_NOTIFY_H

#include "common/types.h"

/* Send like printf(), lines of NAME=VALUE. Nothing happens without a manager. */
void notify(const char *format, ...) __printf(1, 2);

#endif
