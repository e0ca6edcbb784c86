/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes: one object per served file, whatever share or path it was reached by.
 *
 * A node is found by inode (for path walks) or by file id (for handles) in resizable hash tables
 * under RCU. It holds a dentry of the file and caches open files for a while. It stores no name
 * and no path. Idle nodes are kept on an LRU, which is limited by a setting and shrinks under
 * memory pressure.
 *
 * A volume is a served file system. It owns the nodes of its inodes and lives as long as a share
 * lies on it. When the last share leaves, its nodes are evicted, so that the file system can be
 * unmounted.
 *
 * Locking: node->lock (spinlock) guards the dentry, the open files, the number of instances and
 * the names that these were opened by; see struct ditto_node. It nests inside the locks of
 * share->instances and the table's volumes_lock and is never held across VFS calls. All other
 * members are constant while a reference is held, or atomic.
 *
 * Lifetime: node->ref counts the holders, plus one reference of the tables. A node in the tables is
 * on the LRU from its beginning, so that a request does not touch the LRU; the LRU's scan takes off
 * nodes with claims until their last claim ends. An idle node has only the tables'
 * reference; eviction drops the count to zero. Lookups use refcount_inc_not_zero().
 */
#ifndef _DITTO_FS_NODE_NODE_H
#define _DITTO_FS_NODE_NODE_H

#include <linux/dcache.h>
#include <linux/errseq.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/list_lru.h>
#include <linux/magic.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../lockd/claim.h"
#include "../../net/fairq.h"

struct ditto_acl;
struct ditto_acl_kept;
struct ditto_casefold;
struct ditto_cred;
struct ditto_local;
struct ditto_room;
struct ditto_scan;
struct ditto_server;
struct ditto_share;
struct ditto_stub;
struct ditto_worm;
struct fsnotify_group;
struct fsnotify_mark;

/* Longest file id of exportfs that is kept: what fits between head and signature of a handle. */
#define DITTO_FID_MAX	44

/**
 * struct ditto_fid - identity of a file within its file system, as encoded by exportfs
 * @type: enum fid_type; FILEID_ROOT with @len 0 is the root of the share
 * @len: length of @raw in bytes, a multiple of four
 * @raw: the id as the file system wrote it
 *
 * Ids of shares are hashes of such structures (fs/node/volume.c, fs/share/nested.c), and clients
 * keep handles with these, so the layout stays as it is.
 */
struct ditto_fid {
	u8 type;
	u8 len;
	u8 raw[DITTO_FID_MAX];
};

static_assert(offsetof(struct ditto_fid, raw) == 2);
static_assert(sizeof(struct ditto_fid) == 2 + 44);

/**
 * struct ditto_volume - a file system with served directories
 * @srv: the server
 * @mnt: private mount in no mount tree, for files that represent claims towards the VFS:
 *	these files may outlive the share they were opened through. NULL if the file system
 *	cannot be mounted again
 * @sb: the file system, pinned by the mounts of @shares
 * @shares: shares on this file system; changed under the node table's volumes_lock, read
 *	under RCU
 * @nodes: number of nodes; drops to zero before the volume is freed
 * @dead: nodes of removed files that still have holders, linked by their @dead
 * @dispose: nodes that left the tables, linked by their @lru, for @dispose_work
 * @closing: files that left the cache, linked by their @lru, for @dispose_work; each with the
 *	cache's reference, and one to its node
 * @dispose_work: closes @closing, and the files of @dispose, and drops the dentries of the latter;
 *	reclaim and notifications cannot do this, because they may hold locks that it takes. Each
 *	file system has its own, since one that hangs must not hold up others
 * @mark: fsnotify mark that reports when a file loses its last name, so that its node
 *	does not pin it
 * @names_lock: serializes the making of @names_mark
 * @trash_lock: guards the numbers of names of files that may come into a bin, see fs/op/trash.h
 * @names_mark: fsnotify mark that reports new names, for case-insensitive indexes; or NULL while
 *	there was none yet
 * @watch_mark: fsnotify mark that reports changes while anything is watched, or NULL; see
 *	fs/node/watch.h
 * @watches: number of watches of directories; this and @watch_mark are under the lock of
 *	the watches
 * @was_watched: a directory of the volume was watched at some time
 * @unnamed: number of changes of files of which not all names were known
 * @list: link in the node table's list of volumes, under volumes_lock
 * @has_handles: the file system can find files by id
 * @fid_has_parent: the file system finds directories by the ids of their files; tmpfs, which does
 *	not, takes the request for such an id and ignores it
 * @caller_opens: the file system checks access at open, on its own: files are opened with
 *	the caller's credential and not cached
 * @dosattr_handler: the file system's handler for the extended attribute with DOS attributes, or
 *	NULL if it cannot have it; constant
 * @dosattr_name: its name as @dosattr_handler is given it; constant
 * @plain: files that are known to have no DOS attributes, see fs/op/dosattr.c; NULL if that is not
 *	cached
 * @xattrs_move_ctime: @plain also tells which files have no extended attributes of users, as each
 *	change of one changes ctime
 * @is_remote: other machines may change the file system without this one being notified
 * @is_shared: they do, or are expected to: no client caches anything of it
 * @is_cluster: it is one that the nodes of a cluster have in common
 * @has_journal: the file system is known to have a journal, see fs/op/commit.c
 * @has_acls: access control lists can be stored
 * @offload_group: fsnotify group that lets local processes wait for data, or NULL; set once
 * @offload_mark: its mark on @sb
 * @offload_guarded: link in the list of volumes with @offload_mark, see fs/offload/handover.c
 * @offload_link: link in the list of all volumes of fs/offload/release.c
 * @offload_waits: local processes that wait for data
 * @offload_stopped: no data is brought back any more
 * @release_lock: guards @release_candidates and @release_bytes; no other lock nests inside
 * @release_candidates: nodes with data that has come back, in the order of the last recalls or
 *	attempts to free it; see fs/offload/make_room.c
 * @release_bytes: sum of these nodes and of those that are being freed
 * @room: how room is made, see fs/offload/make_room.c
 * @offload_ahead: ranges that are being brought back in advance
 * @offload_session: random number, see fs/offload/stored.c; constant
 * @uncut_lock: guards @uncut and @uncut_count; the queue of @uncut_work nests inside
 * @uncut: stubs whose records could not be cut, see fs/offload/cut.c
 * @uncut_count: number of them
 * @uncut_work: tries that again
 * @offload_queue: recalls wait in it for their turn, see fs/offload/recall.c
 * @offload_moved: jiffies of the last progress of any of them
 * @streamless_lock: guards @streamless and @streamless_count; the queue of @dispose_work nests
 *	inside
 * @streamless: removed files whose streams in other shares @dispose_work removes
 * @streamless_count: number of them
 * @worm: clock of a file system with committed files, see fs/op/check/worm.h; NULL without; set
 *	once
 * @scans: files that the helper is asked about, see fs/op/scan.h
 * @rcu: freed under RCU
 */
struct ditto_volume {
	struct ditto_server *srv;
	struct vfsmount *mnt;
	struct super_block *sb;
	struct list_head shares;
	atomic_t nodes;
	struct list_head dead;
	struct list_head dispose;
	struct list_head closing;
	struct work_struct dispose_work;
	struct fsnotify_mark *mark;
	struct mutex names_lock;	/* see above */
	struct mutex trash_lock;	/* see above */
	struct fsnotify_mark *names_mark;
	struct fsnotify_mark *watch_mark;
	u32 watches;
	bool was_watched;
	atomic_t unnamed;
	struct list_head list;
	bool has_handles;
	bool fid_has_parent;
	bool caller_opens;
	bool is_remote;
	bool is_shared;
	bool is_cluster;
	bool has_journal;
	bool has_acls;
	const struct xattr_handler *dosattr_handler;
	const char *dosattr_name;
	u64 *plain;
	bool xattrs_move_ctime;
	struct fsnotify_group *offload_group;
	struct fsnotify_mark *offload_mark;
	struct list_head offload_guarded;
	struct list_head offload_link;
	atomic_t offload_waits;
	atomic_t offload_ahead;
	bool offload_stopped;
	spinlock_t release_lock;	/* see above */
	struct list_head release_candidates;
	u64 release_bytes;
	struct ditto_room *room;
	u64 offload_session;
	spinlock_t uncut_lock;	/* see above */
	struct list_head uncut;
	u32 uncut_count;
	struct delayed_work uncut_work;
	struct ditto_fairq offload_queue;
	unsigned long offload_moved;
	spinlock_t streamless_lock;	/* see above */
	struct list_head streamless;
	u32 streamless_count;
	struct ditto_worm *worm;
	atomic_t scans;
	struct rcu_head rcu;
};

/* Kind of a cached open file; each node has one slot per kind. */
enum ditto_file_mode {
	DITTO_FILE_READ,
	DITTO_FILE_WRITE,	/* opened for reading and writing */
	DITTO_FILE_DIR,		/* a directory; used by one listing at a time */
	DITTO_FILE_MODES,
};

struct ditto_file;

/**
 * struct ditto_keeper - an open instance of a stream that forbids the deletion of its file
 * @of_file: link in the file's @keepers
 * @stream: the stream, held by the instance
 */
struct ditto_keeper {
	struct hlist_node of_file;
	struct ditto_node *stream;
};

/**
 * struct ditto_node - one served file
 * @inode: constant; pinned by @dentry
 * @by_inode: link in the table by inode
 * @ref: holders, plus one of the tables
 * @lock: guards @dentry, @files, @opened, @wb_err, @instances, @keepers, @deleters, @hardlinks,
 *	@deletions, @acl, @audit and @acl_changes
 * @flags: DITTO_NODE_* bits
 * @dentry: an alias of the inode; replaced if its name is removed and another one is left
 * @volume: constant
 * @acl: cached access control list, or the fact that there is none; NULL if unknown; see
 *	fs/op/check/acl_file.h
 * @audit: cached audit list, &ditto_audit_none, or NULL if unknown; see fs/op/check/audit_list.h
 * @casefold: case-insensitive index of a directory's names, or NULL; see fs/op/casefold_index.h
 * @dir_cache: cached listing of a directory, or NULL; see fs/op/dir_cache.h
 * @point: lock context of the file; claims hold a reference to the node, so it is not idle
 * @files: cached open files, see fs/node/file.c
 * @acl_changes: incremented by every change that may invalidate @acl or @audit
 * @wb_err: write-back errors that were taken account of, see fs/node/wb_err.c
 * @opens: number of files the server has open: [0] for reading only, [1] for writing
 * @moving: number of files the server is opening or closing; unless 0, @opens is not exact
 * @opened: files the server has open, cached or not
 * @instances: number of open instances of the file and of its streams; see fs/open/instance.h
 * @keepers: open instances of its streams that forbid its deletion; whether there are any is also
 *	read without @lock
 * @deleters: number of open instances of the file that may delete it
 * @hardlinks: names by which these instances were opened, see fs/node/hardlink.h
 * @deletions: number of these names that are delete pending and not known to be removed; also read
 *	without @lock
 * @listed: mark of the directory's state when it was last listed from the start
 * @local: watch for changes by local processes, or NULL; see fs/node/local_notify.c
 * @changer: task of the server that changes the entries of this directory, under its
 *	inode lock; for other files, task that removes a name and handles the consequences
 *	itself
 * @victim: inode that the rename by @changer replaces in this directory, or NULL
 * @stub: where absent data is, see fs/offload/; NULL if the file is whole or that is not known
 * @scan: what is known about its content, see fs/op/scan.h; NULL for nothing; set once
 * @release_candidate: link on the volume's @release_candidates, or empty
 * @release_bytes: its part of the volume's @release_bytes, as far as is known; under the same lock
 * @release_search: number of the last search for room that has come to the node; under the same
 *	lock
 * @release_came: jiffies of the last recall of a file that is whole again; under the same lock
 * @release_project: its project when it was noted, if the quota of that binds the kernel, or 0
 * @changes: changes in progress, where files are committed; see ditto_worm_change_begin()
 * @by_fid: link in the table by file id
 * @fid: file id; @fid.len is 0 until it is known
 * @lru: link on the LRU while in the tables, then on the list of nodes to dispose of
 * @dead: link on the volume's list of dead nodes, or empty
 * @rcu: freed under RCU
 */
struct ditto_node {
	/* Members used by every lookup by inode share one cache line. */
	struct inode *inode;
	struct rhash_head by_inode;
	refcount_t ref;
	spinlock_t lock;	/* see above */
	unsigned long flags;
	struct dentry *dentry;
	struct ditto_volume *volume;
	struct ditto_acl_kept __rcu *acl;
	struct ditto_acl __rcu *audit;

	struct ditto_casefold *casefold;
	struct ditto_dir_cache __rcu *dir_cache;
	struct ditto_lock_point point;
	struct ditto_file *files[DITTO_FILE_MODES];
	u32 acl_changes;
	errseq_t wb_err;
	atomic_t opens[2];
	atomic_t moving;
	u32 release_search;
	struct hlist_head opened;
	struct hlist_head keepers;
	u32 instances;
	u32 deleters;
	struct rb_root hardlinks;
	u32 deletions;
	u32 listed;
	struct ditto_local __rcu *local;
	struct task_struct *changer;
	const struct inode *victim;
	struct ditto_stub __rcu *stub;
	struct ditto_scan *scan;
	struct list_head release_candidate;
	u64 release_bytes;
	unsigned long release_came;
	u32 release_project;
	atomic_t changes;
	struct rhash_head by_fid;
	struct ditto_fid fid;
	struct list_head lru;
	struct list_head dead;
	struct rcu_head rcu;
};

/* Bits of ditto_node.flags */
#define DITTO_NODE_HASHED_FID	0	/* in the table by file id */
#define DITTO_NODE_DEAD		1	/* out of the tables; freed with its last holder */
#define DITTO_NODE_REFERENCED	2	/* used since the LRU scan passed it */
#define DITTO_NODE_WRITTEN	3	/* @wb_err is valid */
#define DITTO_NODE_OFF_LRU	4	/* taken off the LRU while it has claims */
#define DITTO_NODE_WHOLE	5	/* all data is in the file, see fs/offload/offload.h */
#define DITTO_NODE_LOADING	6	/* a lock: somebody reads the record of fs/offload/ */
#define DITTO_NODE_LINKING	7	/* names that @changer adds or renames are temporary ones */
#define DITTO_NODE_RESERVED	8	/* an instance may have reserved space beyond the end */
#define DITTO_NODE_NO_STREAMS	9	/* the file has lost its streams with its last name */
#define DITTO_NODE_NAMELESS	10	/* so it has, and it may have got others since */
#define DITTO_NODE_LEFT		11	/* a local process has removed the last name */
#define DITTO_NODE_BINNED	12	/* the last name is in the bin, and counts as none */

/* Number of the names of a file, of which the one in a bin is none. Any context. */
static inline unsigned int ditto_node_links(const struct ditto_node *node)
{
	return unlikely(test_bit(DITTO_NODE_BINNED, &node->flags)) ? 0 : node->inode->i_nlink;
}

bool ditto_volume_has_numbers(const struct ditto_volume *volume);

struct ditto_node *ditto_node_get(struct ditto_share *share, struct dentry *dentry);
struct ditto_node *ditto_node_claimed(struct ditto_lock_point *point);
struct ditto_node *ditto_node_get_by_fid(struct ditto_share *share,
					 const struct ditto_fid *fid);
struct ditto_node *ditto_node_get_anywhere(struct ditto_share *share,
					   const struct ditto_fid *fid);
bool ditto_node_remember(const struct ditto_node *node, unsigned long *number);
bool ditto_node_get_again(const struct ditto_server *srv, struct ditto_node *node,
			  unsigned long number);
bool ditto_node_is_reached(struct ditto_share *share, struct ditto_node *node);
struct ditto_node *ditto_node_get_root(struct ditto_share *share);

/* Does a file system show files of others below it (overlayfs)? Any context. */
static inline bool ditto_sb_is_overlay(const struct super_block *sb)
{
	return sb->s_magic == OVERLAYFS_SUPER_MAGIC;
}

static inline void ditto_node_hold(struct ditto_node *node)
/* The caller already has a reference. Any context. */
{
	refcount_inc(&node->ref);
}

void ditto_node_put(struct ditto_node *node);
struct dentry *ditto_node_dentry(struct ditto_node *node);
void ditto_node_forget(struct ditto_node *node);

unsigned long ditto_nodes_count(struct ditto_server *srv);

unsigned long ditto_files_count(struct ditto_server *srv);

int ditto_volume_join(struct ditto_server *srv, struct ditto_share *share);
unsigned int ditto_volumes_ended(void);
int ditto_volumes_wait(unsigned int ended);
void ditto_volume_leave(struct ditto_share *share);

void ditto_nodes_flush(struct ditto_server *srv);
void ditto_nodes_settings_changed(struct ditto_server *srv);

/* Set up and tear down the memory of nodes, for all servers. */
int ditto_node_slab_init(void);
void ditto_node_slab_exit(void);

/* Set up and tear down the node tables of a server. */
int ditto_nodes_init(struct ditto_server *srv);
void ditto_nodes_exit(struct ditto_server *srv);

#endif
