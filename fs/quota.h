/* SPDX-License-Identifier: GPL-2.0-only */
/* What the file system's quota leaves to a user. */
#ifndef _DITTO_FS_QUOTA_H
#define _DITTO_FS_QUOTA_H

#include <linux/types.h>

struct ditto_op;

/**
 * struct ditto_quota - of one user, in bytes
 * @tracked: the file system counts what users have
 * @enforced: and stops those who have too much
 * @limit: what the user may have; U64_MAX for any amount
 * @used: what he has
 */
struct ditto_quota {
	bool tracked;
	bool enforced;
	u64 limit;
	u64 used;
};

/* Of who acts; a file system without quotas, or that does not tell, has no limits. May sleep. */
void ditto_quota(struct ditto_op *op, struct ditto_quota *quota);

/* What is left of it. */
static inline u64 ditto_quota_left(const struct ditto_quota *quota)
{
	return quota->used < quota->limit ? quota->limit - quota->used : 0;
}

#endif
