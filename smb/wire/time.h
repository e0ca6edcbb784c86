/* SPDX-License-Identifier: GPL-2.0-only */
/* Times on the wire: FILETIME, MS-DTYP section 2.3.3. */
#ifndef _DITTO_SMB_WIRE_TIME_H
#define _DITTO_SMB_WIRE_TIME_H

#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

/* Seconds from 1601 to 1970, and FILETIME units per second (MS-DTYP section 2.3.3). */
#define DSMB_EPOCH		11644473600LL
#define DSMB_TICKS		10000000LL
/* Latest time that is sent and accepted: times of the wire are signed. */
#define DSMB_TIME_MAX		S64_MAX

/* Convert to FILETIME. Times before 1601 become 0, which clients read as no time. */
static inline u64 dsmb_filetime(struct timespec64 ts)
{
	u64 sec = (u64)ts.tv_sec + DSMB_EPOCH;

	/* Those before 1601 wrap around, and are later than all. */
	if (unlikely(sec >= DSMB_TIME_MAX / DSMB_TICKS))
		return ts.tv_sec < 0 ? 0 : DSMB_TIME_MAX;
	return sec * DSMB_TICKS + (u32)ts.tv_nsec / 100;
}

/* The time of day as FILETIME. */
static inline u64 dsmb_filetime_now(void)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	return dsmb_filetime(now);
}

/* Convert from FILETIME. The caller has handled the special values 0, -1 and -2. */
static inline struct timespec64 dsmb_timespec(u64 filetime)
{
	struct timespec64 ts;
	u32 ticks;

	ts.tv_sec = (s64)div_u64_rem(filetime, DSMB_TICKS, &ticks) - DSMB_EPOCH;
	ts.tv_nsec = ticks * 100;
	return ts;
}

#endif
