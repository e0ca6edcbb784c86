/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of uploads by time of day: "10M 08:00-18:00, 50M". */
#ifndef _DITTO_OFFLOAD_LIMIT_H
#define _DITTO_OFFLOAD_LIMIT_H

#include "text.h"

/* Most limits of a store. */
#define OFFLOAD_LIMITS_MAX	8
/* Least bytes per second, so that the share of each of many transfers counts as progress. */
#define OFFLOAD_LIMIT_MIN	(128ULL << 10)

/**
 * struct offload_limit - a limit
 * @rate: bytes per second of all uploads together
 * @from: minute of the day from which it is valid
 * @to: minute of the day at which that ends; the same as @from for all day
 */
struct offload_limit {
	u64 rate;
	u32 from;
	u32 to;
};

/**
 * struct offload_limits - limits in order: the first that is valid decides
 * @n: number of them
 * @limit: the limits
 */
struct offload_limits {
	unsigned int n;
	struct offload_limit limit[OFFLOAD_LIMITS_MAX];
};

/* Parse limits, separated by commas. Returns false and fills @why if they are not allowed. */
bool offload_limits_parse(struct offload_limits *l, const char *text, struct why *why);
/* Bytes per second at this minute of the day; 0 for no limit. */
u64 offload_limits_rate(const struct offload_limits *l, u32 minute);

#endif
