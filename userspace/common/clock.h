/* SPDX-License-Identifier: GPL-2.0-only */
/* Time of CLOCK_MONOTONIC, which is the same in all processes. */
#ifndef _DITTO_CLOCK_H
#define _DITTO_CLOCK_H

#include <time.h>

#include "types.h"

/* Milliseconds; the unit of deadlines. */
u64 clock_ms(void);
/* Nanoseconds. */
u64 clock_ns(void);
/* A deadline of clock_ms() for functions that wait by CLOCK_MONOTONIC. */
struct timespec clock_timespec(u64 ms);

#endif
