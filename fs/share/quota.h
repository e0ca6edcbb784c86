/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk quotas of the file system that a share lies on: limits and usage of users, in bytes. */
#ifndef _DITTO_FS_SHARE_QUOTA_H
#define _DITTO_FS_SHARE_QUOTA_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_op;

/**
 * struct ditto_quota - quota of one user, in bytes
 * @tracked: the file system accounts usage
 * @enforced: the file system enforces limits
 * @limit: limit of the user; U64_MAX without a limit
 * @used: space used by the user
 */
struct ditto_quota {
	bool tracked;
	bool enforced;
	u64 limit;
	u64 used;
};

/**
 * ditto_quota - get the quota of the caller
 * @op: the operation; its credential names the user
 * @quota: filled; without a limit if the file system has no quotas or cannot report them
 *
 * Context: may sleep; takes s_umount for reading.
 */
void ditto_quota(struct ditto_op *op, struct ditto_quota *quota);

/* Bytes the user may still allocate. */
static inline u64 ditto_quota_left(const struct ditto_quota *quota)
{
	return quota->used < quota->limit ? quota->limit - quota->used : 0;
}

/**
 * struct ditto_quota_record - quota record of a user, in bytes
 * @uid: the user
 * @used: space used
 * @soft: soft limit, at which the user is warned; U64_MAX without
 * @hard: hard limit, which cannot be exceeded; U64_MAX without
 */
struct ditto_quota_record {
	kuid_t uid;
	u64 used;
	u64 soft;
	u64 hard;
};

/**
 * ditto_quota_get - read the quota record of a user
 * @op: the operation; the caller is the user or an administrator
 * @uid: the user
 * @record: filled; zero usage and no limits if the file system has no record
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -EACCES; -EOPNOTSUPP (the file system accounts no quotas).
 */
int ditto_quota_get(struct ditto_op *op, kuid_t uid, struct ditto_quota_record *record);

/**
 * ditto_quota_next - read the first quota record at or after a uid
 * @op: the operation of an administrator
 * @from: lowest uid
 * @record: filled
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -ENOENT after the last record; -EACCES; -EOPNOTSUPP.
 */
int ditto_quota_next(struct ditto_op *op, kuid_t from, struct ditto_quota_record *record);

/**
 * ditto_quota_set - set the limits of a user
 * @op: the operation of an administrator
 * @record: user and new limits; @record->used is ignored
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -EACCES; -EROFS; -EOPNOTSUPP; or an errno of the file system.
 */
int ditto_quota_set(struct ditto_op *op, const struct ditto_quota_record *record);

#endif
