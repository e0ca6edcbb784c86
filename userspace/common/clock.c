// SPDX-License-Identifier: GPL-2.0-only
/* Time of CLOCK_MONOTONIC, which is the same in all processes. */

#include <time.h>

#include "clock.h"

u64 clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

u64 clock_ms(void)
{
	return clock_ns() / 1000000;
}

struct timespec clock_timespec(u64 ms)
{
	return (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
}
