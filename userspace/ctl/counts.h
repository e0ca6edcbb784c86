/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of operations, read from the kernel. */
#ifndef _DITTO_CTL_COUNTS_H
#define _DITTO_CTL_COUNTS_H

#include "common/types.h"

struct ctl;

/**
 * struct count - one operation
 * @group: protocol and version
 * @op: operation
 * @calls: requests that ended
 * @errors: of them, with an error
 * @nanoseconds: time they took together
 * @bytes: payload
 */
struct count {
	char group[32];
	char op[32];
	u64 calls;
	u64 errors;
	u64 nanoseconds;
	u64 bytes;
};

/* A list of them; @count is an array to be freed. */
struct counts {
	struct count *count;
	unsigned int n;
};

/* Read all; an exit status. */
int counts_read(struct ctl *ctl, struct counts *out);
void counts_free(struct counts *c);
/* The counters of the same operation, or NULL. */
const struct count *counts_find(const struct counts *c, const struct count *like);

#endif
