/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches: somebody wants to hear what happens in a directory, or in all that lies
 * below it, whoever does it (MS-FSA sections 2.1.4.1 and 2.1.5.11).
 *
 * Names come and go before the eyes of a mark on the superblock, which tells of
 * everybody in the order of the changes. What becomes of a file's data and
 * attributes is told more exactly by those who do it for clients, and by the mark
 * for processes of the server. Each change is followed from where it is up to the
 * root, past the watches on its way, so it costs nothing where nobody watches.
 *
 * Who watches a whole tree hears names of directories that he may not list, as
 * MS-FSA section 2.1.4.1 has it.
 *
 * Locking: begun and ended under a mutex of the table, found under RCU. Callbacks
 * come under RCU from whoever makes the change, with its inode locks held: they do
 * not sleep.
 *
 * Lifetime: a watch is its owner's memory. It belongs to an open instance
 * (ditto_instance_watch()) and ends with that; its memory may go a grace period later.
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
struct ditto_op;
struct ditto_volume;
struct ditto_watch;
struct fsnotify_group;
struct inode;

/* What changed; as in a CompletionFilter (MS-FSA section 2.1.5.11). */
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
/* Nobody can ask for it. */
#define DITTO_CHANGED_CTIME		BIT(29)
/* Besides: for those who watch, or for those who cache the directory, but not for both. */
#define DITTO_CHANGED_LATER		BIT(30)
#define DITTO_CHANGED_BEFORE		BIT(31)

/* What happened; the values are those of MS-FSCC section 2.7.1. */
enum ditto_watch_action {
	DITTO_WATCH_ADDED = 1,
	DITTO_WATCH_REMOVED,
	DITTO_WATCH_MODIFIED,
	DITTO_WATCH_RENAMED_OLD,	/* within a directory: comes before the next */
	DITTO_WATCH_RENAMED_NEW,
	DITTO_WATCH_STREAM_ADDED,
	DITTO_WATCH_STREAM_REMOVED,
	DITTO_WATCH_STREAM_MODIFIED,
};

/**
 * struct ditto_watch_event - one change
 * @action: see there
 * @path: of what changed, from the watched directory, '/' between; not terminated
 * @len: of @path
 * @stream: name of a stream of it, or NULL
 * @stream_len: of @stream
 */
struct ditto_watch_event {
	enum ditto_watch_action action;
	const char *path;
	u32 len;
	const char *stream;
	u32 stream_len;
};

/**
 * struct ditto_watch_ops - who watches; all but @ended come under RCU and must not sleep
 * @changed: something that was asked for
 * @lost: there were changes that cannot be told
 * @delete_pending: the directory is gone, or goes with its last instance
 * @ended: nothing more is told, but for what is being told at this moment; may sleep
 */
struct ditto_watch_ops {
	void (*changed)(struct ditto_watch *watch, const struct ditto_watch_event *event);
	void (*lost)(struct ditto_watch *watch);
	void (*delete_pending)(struct ditto_watch *watch);
	void (*ended)(struct ditto_watch *watch);
};

/**
 * struct ditto_watch - one
 * @ops: set by the owner, as the next two
 * @what: DITTO_CHANGED_* bits that are wanted; others have no meaning
 * @tree: not only entries of the directory, but all below it
 * @dir: the directory; kept by the instance
 * @volume: where that is
 * @link: in the table
 */
struct ditto_watch {
	const struct ditto_watch_ops *ops;
	u32 what;
	bool tree;
	const struct inode *dir;
	struct ditto_volume *volume;
	struct hlist_node link;
};

#define DITTO_WATCH_BUCKETS	64

/**
 * struct ditto_watch_table - the watches of a server
 * @observers: watches, and directories whose grants are to be broken by local changes:
 *	if there is none, a change of a file is nobody's business
 * @lock: guards the rest
 * @group: tells of changes; made with the first watch
 * @buckets: struct ditto_watch by directory
 */
struct ditto_watch_table {
	atomic_t observers;
	struct mutex lock;	/* see above */
	struct fsnotify_group *group;
	struct hlist_head buckets[DITTO_WATCH_BUCKETS];
};

/* For fs/open/instance.c: from here on, and until the end. -ENOMEM, -EINVAL. May sleep. */
int ditto_watch_begin(struct ditto_node *dir, struct ditto_watch *watch);
void ditto_watch_end(struct ditto_watch *watch);

/* The directory's deletion is pending, or done. Any context. */
void ditto_watch_delete_pending(struct ditto_node *dir);

void ditto_child_changed_slow(struct ditto_op *op, struct ditto_node *node, u32 what);

/* A stream of a file came, went or got another name, of which @old is the former, or NULL. */
void ditto_watch_stream(struct ditto_node *base, enum ditto_watch_action action,
			const char *name, u32 len, const char *old, u32 old_len);

/* The volume goes, and nothing on it is watched any more: nobody tells of it now. May sleep. */
void ditto_watch_settle(const struct ditto_volume *volume);

void ditto_watch_init(struct ditto_watch_table *watches);
/* No watch is left. */
void ditto_watch_exit(struct ditto_watch_table *watches);

#endif
