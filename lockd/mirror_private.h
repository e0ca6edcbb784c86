/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of the mirror, shared by its files. */
#ifndef _DITTO_LOCKD_MIRROR_PRIVATE_H
#define _DITTO_LOCKD_MIRROR_PRIVATE_H

#include <linux/filelock.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "claim.h"
#include "mirror.h"

/* Bits of ditto_mirror.flags */
#define DITTO_MIRROR_BUSY	0	/* the work is due and has a reference */
/*
 * A local process waits until the VFS lease is weaker. Set when it breaks the lease, cleared when
 * the lease is weak enough, whether the process still waits or was killed.
 */
#define DITTO_MIRROR_READ	1	/* it wants to read */
#define DITTO_MIRROR_WRITE	2	/* it wants to write, or to change names or attributes */

/**
 * struct ditto_mirror - how the VFS sees one node
 * @ref: references of the lock context, of ranges and requests that are being freed, and of the
 *	work
 * @lock: see mirror.h
 * @point: of the node, held
 * @on_table: entry in the table's lists of mirrors; each node has at most one
 * @ctx: lock context of the node; valid for those that pinned it, because a later context may use
 *	the same mirror
 * @file: file for calls of the VFS, kept by the point's operations
 * @writer: a file open for writing, for exclusive ranges, if @file is not; kept as @file; or NULL.
 *	File systems with locks of their own may need it
 * @lease_type: F_UNLCK, F_RDLCK or F_WRLCK; under @lock for writing
 * @flags: DITTO_MIRROR_* bits
 * @work: breaks grants for local processes and lowers the VFS lease
 * @again: makes @work due once more while a local process waits, and has a reference
 */
struct ditto_mirror {
	refcount_t ref;
	struct mutex lock;	/* see above */
	struct ditto_lock_point *point;
	struct hlist_node on_table;
	struct ditto_lock_ctx *ctx;
	struct file *file;
	struct file *writer;
	int lease_type;
	unsigned long flags;
	struct delayed_work work;
	struct delayed_work again;
};

/* The file for VFS calls on a lock of this type; valid as long as the mirror is held. */
struct file *ditto_mirror_file(struct ditto_mirror *mirror, int type);

/* mirror_lease.c: the lease part of creating and freeing a mirror. */
void ditto_mirror_lease_init(struct ditto_mirror *mirror);
void ditto_mirror_lease_exit(struct ditto_mirror *mirror);

#endif
