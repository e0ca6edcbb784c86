/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the mirror share. */
#ifndef _DITTO_LOCKD_MIRROR_PRIVATE_H
#define _DITTO_LOCKD_MIRROR_PRIVATE_H

#include <linux/filelock.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "lock_private.h"
#include "mirror.h"

/* Bits of ditto_mirror.flags */
#define DITTO_MIRROR_BUSY	0	/* work is due, and has a reference */
/*
 * A local process waits until the lease of the VFS is weaker. Set when it breaks the lease,
 * cleared when that is down, whether the process still waits or was killed.
 */
#define DITTO_MIRROR_READ	1	/* it wants to read */
#define DITTO_MIRROR_WRITE	2	/* it wants to write, or to change names or attributes */

/**
 * struct ditto_mirror - how the VFS sees one node
 * @ref: of the claims, of ranges and requests that are being freed, of the work
 * @lock: see mirror.h
 * @point: of the node, held
 * @on_table: among the table's mirrors, of which there is one for a node
 * @ctx: of the node; for those who pin them. Others may be the next to use the mirror
 * @file: what the VFS is spoken to with, held
 * @writer: the same for exclusive ranges, if @file is not open for writing, held; or NULL.
 *	A file system with locks of its own may want that
 * @lease_type: F_UNLCK, F_RDLCK or F_WRLCK; under @lock for writing
 * @flags: DITTO_MIRROR_* bits
 * @work: breaks grants for local processes, until the lease is as low as they need it
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

/* What the VFS is spoken to with for a lock of this type; as long as the mirror is held. */
struct file *ditto_mirror_file(struct ditto_mirror *mirror, int type);

/* mirror_lease.c */
void ditto_mirror_lease_init(struct ditto_mirror *mirror);
void ditto_mirror_lease_exit(struct ditto_mirror *mirror);

#endif
