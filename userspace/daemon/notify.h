/* SPDX-License-Identifier: GPL-2.0-only */
/* Status messages to the service manager (sd_notify(3)). */
#ifndef _DITTOD_NOTIFY_H
#define _DITTOD_NOTIFY_H

#include "common/types.h"

/* Send lines of NAME=VALUE, formatted like printf(). Does nothing without a service manager. */
void notify(const char *format, ...) __printf(1, 2);

#endif
