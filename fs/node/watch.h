/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches: notification of changes in a directory or in the tree below it, no matter which client
 * or process makes them (MS-FSA sections 2.1.4.1 and 2.1.5.11).
 *
 * Changes of names are reported by an fsnotify mark on the superblock, for all tasks in the order
 * of the changes. Changes of data and attributes are reported by the operations that clients
 * request, which know more details, and by the mark for local processes. Each change is followed
 * from its directory up to the root, and all watches on the way are notified. Without watches
 * this costs nothing.
 *
 * A watch of a whole tree reports names in directories that the watching user may not list, as in
 * MS-FSA section 2.1.4.1.
 *
 * Locking: watches begin and end under a mutex of the table and are looked up under RCU.
 * Callbacks run under RCU in the task that makes the change, with its inode locks held, and must
 * not sleep.
 *
 * Lifetime: the memory of a watch belongs to its owner. A watch belongs to an open instance
 * (ditto_instance_watch()) and ends with it; its memory may be freed after a grace period.
 */
#ifndef _DITTO_FS_NODE_WATCH_H
#define _DITTO_FS_NODE_WATCH_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct dentry;
struct ditto_node;
struct ditto_node_table;
struct ditto_share;
struct ditto_volume;
struct ditto_watch;
struct fsnotify_group;
struct inode;
struct qstr;

/*
 * Kinds of changes, as in a CompletionFilter (MS-FSA section 2.1.5.11). All have room in the u16 of
 * ditto_op.later.
 */
#define DITTO_CHANGED_FILE_NAME		BIT(0)
#define DITTO_CHANGED_DIR_NAME		BIT(1)
#define DITTO_CHANGED_ATTRIBUTES	BIT(2)
#define DITTO_CHANGED_SIZE		BIT(3)
#define DITTO_CHANGED_MTIME		BIT(4)
#define DITTO_CHANGED_ATIME		BIT(5)
#define DITTO_CHANGED_BTIME		BIT(6)
#define DITTO_CHANGED_XATTR		BIT(7)
#define DITTO_CHANGED_SECURITY		BIT(8)
#define DITTO_CHANGED_STREAM_NAME	BIT(9)
#define DITTO_CHANGED_STREAM_SIZE	BIT(10)
#define DITTO_CHANGED_STREAM_DATA	BIT(11)
#define DITTO_CHANGED_ALL		GENMASK(11, 0)
/* Not selectable by clients. */
#define DITTO_CHANGED_CTIME		BIT(12)
/*
 * Modifiers: LATER notifies only watches, BEFORE notifies only holders of grants on the
 * directory.
 */
#define DITTO_CHANGED_LATER		BIT(13)
#define DITTO_CHANGED_BEFORE		BIT(14)

/* Actions; the values are as in MS-FSCC section 2.7.1. */
enum ditto_watch_action {
	DITTO_WATCH_ADDED = 1,
	DITTO_WATCH_REMOVED,
	DITTO_WATCH_MODIFIED,
	DITTO_WATCH_RENAMED_OLD,	/* within a directory; the event has both names */
	DITTO_WATCH_RENAMED_NEW,	/* no event; for lists in which names are separate */
	DITTO_WATCH_STREAM_ADDED,
	DITTO_WATCH_STREAM_REMOVED,
	DITTO_WATCH_STREAM_MODIFIED,
};

/**
 * struct ditto_watch_event - one change
 * @action: what happened
 * @path: path of the changed file relative to the watched directory, separated by '/';
 *	not terminated
 * @len: length of @path
 * @to: new path if @action is DITTO_WATCH_RENAMED_OLD, otherwise NULL; not terminated
 * @to_len: length of @to
 * @stream: name of the changed stream, or NULL
 * @stream_len: length of @stream
 */
struct ditto_watch_event {
	enum ditto_watch_action action;
	const char *path;
	u32 len;
	const char *to;
	u32 to_len;
	const char *stream;
	u32 stream_len;
};

/**
 * struct ditto_watch_ops - callbacks of a watch; all except @ended run under RCU and must not
 * sleep
 * @changed: a change of a selected kind happened
 * @lost: changes could not be reported
 * @delete_pending: the directory is deleted, or delete pending
 * @ended: no further callbacks start, but one may still be running; may sleep
 */
struct ditto_watch_ops {
	void (*changed)(struct ditto_watch *watch, const struct ditto_watch_event *event);
	void (*lost)(struct ditto_watch *watch);
	void (*delete_pending)(struct ditto_watch *watch);
	void (*ended)(struct ditto_watch *watch);
};

/**
 * struct ditto_watch - a watch of a directory
 * @ops: set by the owner, like @what and @tree
 * @what: selected DITTO_CHANGED_* bits; unknown bits are ignored
 * @tree: watch everything below the directory, not only its entries
 * @share: share that the directory was opened through; NULL if names are for the server only
 * @dir: the directory; pinned by the instance
 * @volume: volume of the directory
 * @link: link in the table
 */
struct ditto_watch {
	const struct ditto_watch_ops *ops;
	u32 what;
	bool tree;
	const struct ditto_share *share;
	const struct inode *dir;
	struct ditto_volume *volume;
	struct hlist_node link;
};

#define DITTO_WATCH_BUCKETS	64

/**
 * struct ditto_watch_table - the watches of a server
 * @observers: number of watches plus number of directories with grants that local changes
 *	break; if zero, changes of files need not be reported
 * @lock: guards the rest
 * @group: fsnotify group; allocated with the first watch
 * @buckets: struct ditto_watch, hashed by directory
 */
struct ditto_watch_table {
	atomic_t observers;
	struct mutex lock;	/* see above */
	struct fsnotify_group *group;
	struct hlist_head buckets[DITTO_WATCH_BUCKETS];
};

int ditto_watch_begin(struct ditto_node *dir, struct ditto_watch *watch);
void ditto_watch_end(struct ditto_watch *watch);
void ditto_watch_delete_pending(struct ditto_node *dir);
void ditto_watch_changed(struct ditto_node *node, u32 what, const struct ditto_watch_event *event,
			 void (*named)(void *arg, const struct dentry *dir,
				       const struct qstr *name),
			 void *arg);
void ditto_watch_stream(struct ditto_node *base, enum ditto_watch_action action,
			const char *name, u32 len, const char *old, u32 old_len);
void ditto_watch_settle(const struct ditto_volume *volume);
void ditto_watch_init(struct ditto_watch_table *watches);
void ditto_watch_exit(struct ditto_watch_table *watches);

#endif
