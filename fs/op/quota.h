/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk quotas of the file system that a share lies on: limits and usage of users. */
#ifndef _DITTO_FS_OP_QUOTA_H
#define _DITTO_FS_OP_QUOTA_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_node;
struct ditto_op;
struct kstatfs;

/**
 * struct ditto_quota - quota of one user
 * @tracked: the file system accounts usage
 * @enforced: the file system enforces limits
 * @limit: limit of the user in bytes; U64_MAX without a limit
 * @soft: bytes from which on the user is warned; U64_MAX without a limit
 * @used: bytes used by the user
 * @file_limit: limit of the number of files; U64_MAX without a limit
 * @files: number of files of the user
 */
struct ditto_quota {
	bool tracked;
	bool enforced;
	u64 limit;
	u64 soft;
	u64 used;
	u64 file_limit;
	u64 files;
};

void ditto_quota(struct ditto_op *op, struct ditto_quota *quota);

/* Bytes the user may still allocate. */
static inline u64 ditto_quota_left(const struct ditto_quota *quota)
{
	return quota->used < quota->limit ? quota->limit - quota->used : 0;
}

/* Bytes the user may still allocate without a warning. */
static inline u64 ditto_quota_left_soft(const struct ditto_quota *quota)
{
	return quota->used < quota->soft ? quota->soft - quota->used : 0;
}

u32 ditto_node_bound_project(struct ditto_node *node);
u32 ditto_quota_project_left(struct ditto_node *node, u64 *left);
int ditto_quota_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st,
		       u64 *files, struct ditto_quota *quota);

/* Owners of limited usage. */
enum ditto_quota_kind {
	DITTO_QUOTA_USER,
	DITTO_QUOTA_GROUP,
	DITTO_QUOTA_PROJECT,
	DITTO_QUOTA_KINDS
};

/**
 * struct ditto_quota_report - all that the file system knows of one quota
 * @enforced: the file system enforces the limits
 * @space: bytes used
 * @space_soft: limit from which on the user is warned, in bytes; like all limits 0 without
 * @space_hard: limit that cannot be exceeded
 * @space_left: seconds until the soft limit cannot be exceeded any more; 0 while it is not
 * @files: number of files
 * @files_soft: limit from which on the user is warned
 * @files_hard: limit that cannot be exceeded
 * @files_left: as @space_left
 */
struct ditto_quota_report {
	bool enforced;
	u64 space;
	u64 space_soft;
	u64 space_hard;
	u32 space_left;
	u64 files;
	u64 files_soft;
	u64 files_hard;
	u32 files_left;
};

int ditto_quota_report(struct ditto_op *op, struct ditto_node *node, enum ditto_quota_kind kind,
		       u32 id, struct ditto_quota_report *report);

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

int ditto_quota_get(struct ditto_op *op, kuid_t uid, struct ditto_quota_record *record);
int ditto_quota_next(struct ditto_op *op, kuid_t from, struct ditto_quota_record *record);
int ditto_quota_set(struct ditto_op *op, const struct ditto_quota_record *record);

#endif
