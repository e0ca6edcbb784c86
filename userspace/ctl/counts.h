/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of operations, read from the kernel. */
#ifndef _DITTO_CTL_COUNTS_H
#define _DITTO_CTL_COUNTS_H

#include "common/types.h"

struct ctl;

/**
 * struct count - counters of one operation
 * @group: protocol and version
 * @op: name of the operation
 * @calls: number of finished requests
 * @errors: number of finished requests that failed
 * @nanoseconds: total time of these requests
 * @bytes: payload bytes
 */
struct count {
	char group[32];
	char op[32];
	u64 calls;
	u64 errors;
	u64 nanoseconds;
	u64 bytes;
};

/* A list of counters; @count is an array owned by the list. */
struct counts {
	struct count *count;
	unsigned int n;
};

/* Read all counters. Returns an exit status; the caller frees @out with counts_free(). */
int counts_read(struct ctl *ctl, struct counts *out);
void counts_free(struct counts *c);
/* Return the counters in @c of the same operation as @like, or NULL. */
const struct count *counts_find(const struct counts *c, const struct count *like);

#endif
