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
 * @cover_lock: guards @covers, what is in them, and the next two members; see mirror_cover.c
 * @covers: bytes of which the VFS is shown one lock, by first byte
 * @refining: @refine is due or runs, and has a reference
 * @hit_since: jiffies when @refine became due, or began with a cover
 * @stuck: the last attempt to refine a cover has failed
 * @cover_next: jiffies before which no cover is made; under @lock for writing
 * @asks: requests that the VFS has granted since a local process was met; under @lock
 * @refine: makes covers smaller that local processes have met
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
	spinlock_t cover_lock;	/* see above */
	struct list_head covers;
	bool refining;
	unsigned long hit_since;
	bool stuck;
	unsigned long cover_next;
	u32 asks;
	struct work_struct refine;
};

/* Ranges on a node from which on covers are made, and down to which they are given up. */
#define DITTO_COVER_MAKE	16
#define DITTO_COVER_LEAVE	8
/*
 * Requests that the VFS grants, without a local process that uses locks, until the whole file is
 * covered however few ranges there are. A process that meets the cover costs less than they.
 */
#define DITTO_COVER_ASKS	64

/**
 * struct ditto_mirror_run - bytes in a row that are to be shown with one type
 * @mirror: the mirror
 * @first: first byte
 * @last: last byte, up to OFFSET_MAX
 * @type: F_UNLCK, F_RDLCK or F_WRLCK
 * @number: number of runs before this one
 * @asked: of a request: its type
 * @stronger: of a request: a run had another type
 * @in_the_way: of a request that waits: lock of a local process; else NULL
 */
struct ditto_mirror_run {
	struct ditto_mirror *mirror;
	u64 first;
	u64 last;
	int type;
	u32 number;
	int asked;
	bool stronger;
	struct file_lock *in_the_way;
};

/* mirror.c */
struct file *ditto_mirror_file(struct ditto_mirror *mirror, int type);

/* mirror_view.c: ranges as the VFS sees them. */

/* mirror_view.c */
struct ditto_lock_ctx *ditto_mirror_ctx(struct ditto_mirror *mirror);
int ditto_mirror_run(struct ditto_lock_ctx *ctx, u64 at, u64 *last);
int ditto_mirror_type(struct ditto_mirror *mirror, u64 at, u64 *last);
int ditto_mirror_each(struct ditto_mirror *mirror, u64 first, u64 last,
		      int (*fn)(struct ditto_mirror_run *run), struct ditto_mirror_run *run);
void ditto_mirror_fill(struct file_lock *fl, struct file *file, fl_owner_t owner, int type,
		       u64 first, u64 last);
int ditto_mirror_set(struct ditto_mirror *mirror, int type, u64 first, u64 last,
		     struct file_lock *in_the_way);
bool ditto_mirror_shows(const struct file_lock *fl);
bool ditto_mirror_stops(const struct file_lock *fl, const struct ditto_lock_table *table,
			u64 first, u64 last, bool writes);
bool ditto_mirror_shares(struct ditto_mirror *mirror, u64 first, u64 last);
void ditto_mirror_sync(struct ditto_mirror *mirror, u64 first, u64 last);
void ditto_mirror_sync_left(struct ditto_mirror *mirror, u32 left, u64 first, u64 last);

/* mirror_cover.c: covers, see there. */
void ditto_cover_init(struct ditto_mirror *mirror);
void ditto_cover_exit(struct ditto_mirror *mirror);
void ditto_cover_end(struct ditto_mirror *mirror);
bool ditto_cover_at(struct ditto_mirror *mirror, u64 at, u64 *last);
bool ditto_cover_has(struct ditto_mirror *mirror, u64 first, u64 last);
bool ditto_cover_stays(struct ditto_mirror *mirror);
void ditto_cover_try(struct ditto_mirror *mirror, u64 first, u64 last);
void ditto_cover_lift(struct ditto_mirror *mirror);
bool ditto_cover_hit(struct ditto_mirror *mirror, u64 first, u64 last);

/* mirror_lease.c: the lease part of creating and freeing a mirror. */
void ditto_mirror_lease_init(struct ditto_mirror *mirror);
void ditto_mirror_lease_exit(struct ditto_mirror *mirror);

#endif
