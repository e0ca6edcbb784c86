/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many workers may run operations of one file system. What is mounted within a share is a
 * file system of its own: a call moves to its limit when its path or its open leads there. A copy
 * counts for its target.
 *
 * A file system that hangs keeps every worker that enters it. Each may therefore have only a small
 * share of the workers, and all together may borrow from a part of the rest. Calls beyond these
 * limits wait without a worker, in the order of waiting.h. The remaining workers serve the other
 * file systems.
 */
#ifndef _DITTO_SMB_TRANSPORT_FS_LIMIT_H
#define _DITTO_SMB_TRANSPORT_FS_LIMIT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

struct dsmb_fs_limit;
struct dsmb_message;
struct super_block;

/**
 * struct dsmb_fs_limits - the limits of one pool of workers
 * @lock: spinlock; guards @list and the last reference to a limit
 * @list: struct dsmb_fs_limit
 * @own: workers that each file system may have
 * @lent: workers that all file systems together may have beyond that
 * @borrowed: workers of @lent that are in use
 */
struct dsmb_fs_limits {
	spinlock_t lock;	/* see above */
	struct list_head list;
	int own;
	int lent;
	atomic_t borrowed;
};

void dsmb_fs_limits_init(struct dsmb_fs_limits *fs_limits, unsigned int workers);
struct dsmb_fs_limit *dsmb_fs_limit_get(struct dsmb_fs_limits *fs_limits,
					const struct super_block *sb);
struct dsmb_fs_limit *dsmb_fs_limit_hold(struct dsmb_fs_limit *fs_limit);
void dsmb_fs_limit_put(struct dsmb_fs_limit *fs_limit);
bool dsmb_fs_limit_enter(struct dsmb_fs_limit *fs_limit);
void dsmb_fs_limit_leave(struct dsmb_fs_limit *fs_limit);
void dsmb_fs_limit_wait(struct dsmb_fs_limit *fs_limit, struct dsmb_message *message);

#endif
