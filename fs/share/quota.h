/* SPDX-License-Identifier: GPL-2.0-only */
/* Quotas of the file system: what users may have, and what is left to them. */
#ifndef _DITTO_FS_SHARE_QUOTA_H
#define _DITTO_FS_SHARE_QUOTA_H

#include <linux/types.h>
#include <linux/uidgid.h>

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

/**
 * struct ditto_quota_record - what the file system keeps about a user, in bytes
 * @uid: the user
 * @used: what he has
 * @soft: from there on he is warned; U64_MAX without
 * @hard: there he is stopped; U64_MAX without
 */
struct ditto_quota_record {
	kuid_t uid;
	u64 used;
	u64 soft;
	u64 hard;
};

/**
 * ditto_quota_get - the record of a user
 * @op: who asks: the user himself, or the administrator
 * @uid: the user
 * @record: filled; all zero and without limits if the file system has none of him
 *
 * Context: may sleep. Return: 0; -EACCES; -EOPNOTSUPP (nothing is counted here).
 */
int ditto_quota_get(struct ditto_op *op, kuid_t uid, struct ditto_quota_record *record);

/* The first record of @from or a higher number, for the administrator; -ENOENT after the last. */
int ditto_quota_next(struct ditto_op *op, kuid_t from, struct ditto_quota_record *record);

/* Set the limits of @record, which only the administrator may: -EACCES, -EROFS. */
int ditto_quota_set(struct ditto_op *op, const struct ditto_quota_record *record);

#endif
