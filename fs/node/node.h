/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes: one object for one served file, whatever the route to it.
 *
 * A node is found by inode (walks) or by file id (handles) in resizable hash
 * tables under RCU. It holds a dentry of the file and, for a while, open
 * files. It never stores a name or a path. Idle nodes are kept on an LRU,
 * bounded by a setting and given back under memory pressure.
 *
 * A volume is a served file system: it owns the nodes of its inodes, and it
 * lives as long as a share lies on it. The last share of a volume takes the
 * nodes with it, so that the file system can be unmounted.
 *
 * Locking: node->lock (spinlock) guards the dentry, the open file slots, how
 * many instances there are and whether the deletion is pending. It
 * is taken after nothing and never held across VFS calls. Everything else is
 * constant while a reference is held, or atomic.
 *
 * Lifetime: node->ref counts holders and one for the tables. Every node in the
 * tables is on the LRU, so that a request does not touch that; an idle one has
 * only the tables' reference, and evicting it takes the count to zero. Look-ups
 * use refcount_inc_not_zero().
 */
#ifndef _DITTO_FS_NODE_NODE_H
#define _DITTO_FS_NODE_NODE_H

#include <linux/dcache.h>
#include <linux/errseq.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/list_lru.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>

#include "../../lockd/claim.h"

struct ditto_acl_kept;
struct ditto_casefold;
struct ditto_cred;
struct ditto_local;
struct ditto_server;
struct ditto_share;
struct fsnotify_mark;

/* Longest file id of exportfs that is kept: 4 bytes less than a v3 handle leaves. */
#define DITTO_FID_MAX	44

/**
 * struct ditto_fid - a file's identity within its file system, as exportfs makes it
 * @type: enum fid_type; FILEID_ROOT with @len 0 is the root of the share
 * @len: bytes, a multiple of four
 * @raw: as the file system wrote it
 */
struct ditto_fid {
	u8 type;
	u8 len;
	u8 raw[DITTO_FID_MAX];
};

/**
 * struct ditto_volume - a file system of which something is served
 * @srv: whose
 * @mnt: a mount of its own that is in no tree, for files that stand for claims before the VFS:
 *	they may stay when the share goes that they were opened through. NULL if there is none
 * @sb: the file system, pinned by the mounts of @shares
 * @shares: those on it; under the node table's mutex
 * @nodes: count of nodes; zero before the volume goes
 * @dead: nodes of removed files that somebody holds still, by their @dead
 * @mark: tells when a file's last name goes, so that its node does not keep it alive
 * @watch_mark: tells of changes while anything is watched, or NULL; see fs/node/watch.h
 * @watches: watches of directories on it; both under the lock of the watches
 * @was_watched: anything on it ever was
 * @list: in the node table's list of volumes, under its mutex
 * @has_handles: the file system can find files by their id
 * @caller_opens: who may use a file is decided when it is opened, and not here:
 *	files are opened as the caller and not kept
 * @knows_absence: that a file has no extended attributes is told by its inode in memory
 * @is_remote: other machines may have it, too, and their changes are not told to this one
 * @has_acls: access control lists can be stored on it
 * @rcu: freed under RCU
 */
struct ditto_volume {
	struct ditto_server *srv;
	struct vfsmount *mnt;
	struct super_block *sb;
	struct list_head shares;
	atomic_t nodes;
	struct list_head dead;
	struct fsnotify_mark *mark;
	struct fsnotify_mark *watch_mark;
	u32 watches;
	bool was_watched;
	struct list_head list;
	bool has_handles;
	bool caller_opens;
	bool knows_absence;
	bool is_remote;
	bool has_acls;
	struct rcu_head rcu;
};

/* Which cached open file of a node. */
enum ditto_file_mode {
	DITTO_FILE_READ,
	DITTO_FILE_WRITE,	/* opened for reading and writing */
	DITTO_FILE_DIR,		/* a directory; one listing uses it at a time */
	DITTO_FILE_MODES,
};

struct ditto_file;

/**
 * struct ditto_node - one served file
 * @inode: constant; kept by @dentry
 * @by_inode: in the table by inode
 * @ref: holders, and one of the table
 * @lock: guards @dentry, @files, @opened, @wb_err, @instances, @keepers, @delete_dentry,
 *	@delete_cred,
 *	@acl and @acl_changes
 * @flags: DITTO_NODE_* bits
 * @plain: time of change at which it had no extra attributes, see fs/op/dosattr.c; 0 if not known
 * @dentry: an alias of the inode; replaced if its name went and another is left
 * @volume: constant
 * @acl: the list it goes by, or that it has none, or NULL; see fs/acl/acl_file.h
 * @casefold: index of the names of a directory, or NULL; see fs/name/casefold_index.h
 * @point: what clients claim of it; claims hold the node, so it is not idle
 * @files: cached open files, see fs/node/file.c
 * @acl_changes: counted up with whatever may change what @acl was made from
 * @wb_err: which errors of writing back were taken account of, see fs/node/wb_err.c
 * @opens: open files of the server for reading only, and for writing
 * @moving: files of the server that are being opened or closed, so that @opens is not exact
 * @opened: open files of the server, cached or not
 * @instances: open instances of it, and of its streams; see fs/open/instance.h
 * @keepers: those of its streams that forbid its deletion
 * @delete_dentry: the name that goes with the last instance, held; NULL unless deletion is pending
 * @delete_cred: who asked for that, held
 * @delete_owner: whose grants on the directory were his own, held; or NULL
 * @local: how a directory is watched, or NULL; see fs/node/local_notify.c
 * @changer: the task of ours that changes the directory's entries, under the inode lock; of
 *	another file, one that removes a name of it and looks itself what is to be done then
 * @victim: what the rename that @changer makes replaces in the directory, or NULL
 * @streams: tag of the share below which it has streams, or 0
 * @by_fid: in the table by file id
 * @fid: the file id it is found by; @fid.len is 0 until known
 * @lru: on the LRU while in the tables, then among those that are disposed of
 * @dead: on the volume's list, or empty
 * @rcu: freed under RCU
 */
struct ditto_node {
	/* What every look-up by inode uses, in one cache line. */
	struct inode *inode;
	struct rhash_head by_inode;
	refcount_t ref;
	spinlock_t lock;	/* see above */
	unsigned long flags;
	u64 plain;
	struct dentry *dentry;
	struct ditto_volume *volume;
	struct ditto_acl_kept __rcu *acl;

	struct ditto_casefold *casefold;
	struct ditto_lock_point point;
	struct ditto_file *files[DITTO_FILE_MODES];
	u32 acl_changes;
	errseq_t wb_err;
	atomic_t opens[2];
	atomic_t moving;
	struct hlist_head opened;
	u32 instances;
	u32 keepers;
	struct dentry *delete_dentry;
	struct ditto_cred *delete_cred;
	struct ditto_owner *delete_owner;
	struct ditto_local *local;
	struct task_struct *changer;
	const struct inode *victim;
	u64 streams;
	struct rhash_head by_fid;
	struct ditto_fid fid;
	struct list_head lru;
	struct list_head dead;
	struct rcu_head rcu;
};

/* Bits of ditto_node.flags */
#define DITTO_NODE_HASHED_FID	0	/* in the table by file id */
#define DITTO_NODE_DEAD		1	/* out of the tables, goes with its last holder */
#define DITTO_NODE_REFERENCED	2	/* used since the LRU last looked */
#define DITTO_NODE_WRITTEN	3	/* @wb_err counts */

/**
 * ditto_node_get - the node of a dentry
 * @share: the share it was reached through
 * @dentry: positive
 *
 * Context: may sleep. Return: the node with a reference, or an ERR_PTR:
 * -ENOMEM, -ESTALE (the dentry went negative).
 */
struct ditto_node *ditto_node_get(struct ditto_share *share, struct dentry *dentry);

/**
 * ditto_node_get_by_fid - the node with a file id
 * @share: the share that the handle names
 * @fid: from the handle
 *
 * Asks the file system only if the node is not known. In a share that is a
 * subtree the file is refused unless it lies below the share's root now. A file
 * without a name is found while an instance of it is open.
 *
 * Context: may sleep. Return: the node with a reference, or an ERR_PTR:
 * -ESTALE (no such file any more, or outside the share), -EBADHANDLE (the
 * file system cannot read the id), -ENOMEM.
 */
struct ditto_node *ditto_node_get_by_fid(struct ditto_share *share,
					 const struct ditto_fid *fid);

/* The node of the share's root; cannot fail but for -ENOMEM. */
struct ditto_node *ditto_node_get_root(struct ditto_share *share);

static inline void ditto_node_hold(struct ditto_node *node)
{
	refcount_inc(&node->ref);
}

void ditto_node_put(struct ditto_node *node);

/**
 * ditto_node_dentry - an alias of the node's file to call the VFS with
 * @node: held
 *
 * Context: any. Return: a dentry with a reference; positive.
 */
struct dentry *ditto_node_dentry(struct ditto_node *node);

/**
 * ditto_node_forget - the file may have lost its last name
 * @node: held
 *
 * Takes the node out of the tables if its inode has no link left, and closes
 * its cached files, so that the space is freed with the last holder. While
 * instances of it are open nothing happens: the last of them calls this again.
 *
 * Context: may sleep.
 */
void ditto_node_forget(struct ditto_node *node);

/* Number of nodes and open files cached now, for statistics and tests. */
unsigned long ditto_nodes_count(struct ditto_server *srv);
unsigned long ditto_files_count(struct ditto_server *srv);

/* For fs/share/share.c: the volume of a path, made if need be, joined by the share. */
int ditto_volume_join(struct ditto_server *srv, struct ditto_share *share);
/* Leave it: cached files on the share's mount are closed; the last one evicts all nodes. */
void ditto_volume_leave(struct ditto_share *share);

/* Evict every idle node and close every idle file now ("flush caches"). */
void ditto_nodes_flush(struct ditto_server *srv);
/* The settings about nodes and files changed: what is above the limits goes now. */
void ditto_nodes_settings_changed(struct ditto_server *srv);

int ditto_nodes_init(struct ditto_server *srv);
void ditto_nodes_exit(struct ditto_server *srv);

#endif
