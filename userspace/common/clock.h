/* SPDX-License-Identifier: GPL-2.0-only */
/* CLOCK_MONOTONIC, which all processes share. */
#ifndef _DITTO_CLOCK_H
#define _DITTO_CLOCK_H

#include "types.h"

/* Milliseconds, in which deadlines are told. */
u64 clock_ms(void);
/* Nanoseconds. */
u64 clock_ns(void);

#endif
