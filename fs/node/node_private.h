/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals shared by the files behind node.h and file.h, and by the rest of the core.
 *
 * Lock order: volumes_lock, then node->lock, then the LRU's lock, files_lock, dispose_lock or the
 * buckets of the hash tables.
 */
#ifndef _DITTO_FS_NODE_NODE_PRIVATE_H
#define _DITTO_FS_NODE_NODE_PRIVATE_H

#include <linux/percpu_counter.h>
#include <linux/workqueue.h>

#include "../../lockd/acting.h"
#include "node.h"
#include "watch.h"

struct cred;
struct ditto_pins;
struct ditto_share;
struct fsnotify_group;
struct shrinker;

/* Counters of removed nodes. A removal ends what is remembered of all nodes with its counter. */
#define DITTO_NODES_REMOVED	64

/**
 * struct ditto_node_table - the nodes of a server
 * @srv: the server
 * @by_inode: all nodes except dead ones
 * @by_fid: nodes whose file id is known
 * @lru: nodes of @by_inode, except the @off_lru; idle ones are evicted when the LRU scan reaches
 *	them
 * @removed: number of nodes that were taken out of the tables, by address
 * @count: number of nodes of @by_inode
 * @off_lru: number of nodes that the LRU scan has taken off, because they have claims. They return
 *	when the last claim ends
 * @shrinker: shrinks @lru; registered with the first volume
 * @group: fsnotify group for removed names and changed attributes; allocated with the first volume
 * @names_group: the same for new names, see ditto_volume_watch_names()
 * @name_watch_group: fsnotify group of fs/node/name_watch.c; allocated with the first volume
 * @cred: kernel credential, to open cached files and to look up files by id
 * @acting: marks a task with @cred as acting for the server
 * @volumes_lock: serializes joining and leaving of volumes
 * @volumes: list of volumes, under @volumes_lock
 * @dispose_lock: guards the volumes' lists of dead nodes, and of nodes to dispose of
 * @vanished_work: kills the nodes of removed subvolumes
 * @files_lock: guards @files and @nfiles, and the volumes' lists of files to close
 * @files: cached open files, roughly in order of last use
 * @nfiles: length of @files
 * @files_work: takes idle files out of the cache
 * @pinned: number of files that instances keep
 * @nodes_by_memory: limit of nodes, unless a setting gives one
 * @files_by_memory: limit of cached files, unless a setting gives one
 * @local_lock: guards the nodes' @local and @local_list, see fs/node/local_notify.c
 * @local_group: fsnotify group for changes by local processes; allocated with the first
 *	watched directory
 * @locals: number of existing local watches
 * @local_list: those that have not ended
 * @unnamed_work: notifies of changes of files whose names are unknown
 * @watches: watches of clients, see fs/node/watch.h
 * @rcu: freed under RCU
 */
struct ditto_node_table {
	struct ditto_server *srv;
	struct rhashtable by_inode;
	struct rhashtable by_fid;
	struct list_lru lru;
	/* Read by most requests, and so apart from what each new node writes. */
	atomic_long_t removed[DITTO_NODES_REMOVED] ____cacheline_aligned_in_smp;
	atomic_long_t count ____cacheline_aligned_in_smp;
	atomic_long_t off_lru;
	struct shrinker *shrinker;
	struct fsnotify_group *group;
	struct fsnotify_group *names_group;
	struct fsnotify_group *name_watch_group;
	const struct cred *cred;
	struct ditto_acting acting;
	struct mutex volumes_lock;	/* serializes joining and leaving */
	struct list_head volumes;
	spinlock_t dispose_lock;	/* see above */
	struct work_struct vanished_work;
	spinlock_t files_lock;		/* guards the list below and its count */
	struct list_head files;
	unsigned long nfiles;
	struct delayed_work files_work;
	struct percpu_counter pinned;
	u32 nodes_by_memory;
	u32 files_by_memory;
	struct mutex local_lock;	/* see above */
	struct fsnotify_group *local_group;
	atomic_t locals;
	struct list_head local_list;
	struct work_struct unnamed_work;
	struct ditto_watch_table watches;
	struct rcu_head rcu;
};

/* node.c */

/* Set up and tear down the hash tables. */
int ditto_node_tables_init(struct ditto_node_table *table);
void ditto_node_tables_exit(struct ditto_node_table *table);

/**
 * ditto_node_find_inode - find the node of an inode
 * @table: the nodes of the server
 * @inode: held by the caller
 *
 * Context: any.
 * Return: the node with a reference, or NULL.
 */
struct ditto_node *ditto_node_find_inode(struct ditto_node_table *table,
					 const struct inode *inode);

/**
 * ditto_node_peek_inode - find the node of an inode without taking a reference
 * @table: the nodes of the server
 * @inode: held by the caller
 *
 * Context: under RCU.
 * Return: a node that is valid until rcu_read_unlock(), or NULL.
 */
struct ditto_node *ditto_node_peek_inode(struct ditto_node_table *table,
					 const struct inode *inode);

/**
 * ditto_node_unhash - remove a node from the hash tables
 * @table: the nodes of the server
 * @node: idle, or locked by node->lock, so that no other task does the same
 *
 * Context: atomic.
 */
void ditto_node_unhash(struct ditto_node_table *table, struct ditto_node *node);

/* Does a client hold or wait for anything on a node? Any context. */
static inline bool ditto_node_is_claimed(const struct ditto_node *node)
{
	return rcu_access_pointer(node->point.ctx);
}

/**
 * ditto_node_kill - take a node out of all tables
 * @table: the nodes of the server
 * @node: held
 *
 * Context: any.
 * Return: true if this call did it; the caller then owns the reference that was the table's.
 */
bool ditto_node_kill(struct ditto_node_table *table, struct ditto_node *node);

/**
 * ditto_node_kill_unopened - take the node of a removed file out of all tables
 * @table: the nodes of the server
 * @node: held
 *
 * The node stays while instances of the file are open.
 *
 * Context: any.
 * Return: as ditto_node_kill().
 */
bool ditto_node_kill_unopened(struct ditto_node_table *table, struct ditto_node *node);

/**
 * ditto_node_unclaim - release all claims on a file that lost its last name
 * @node: held; out of the tables
 *
 * Claims stay while instances of the file are open.
 */
void ditto_node_unclaim(struct ditto_node *node);

/**
 * ditto_node_free - free a node without references
 * @node: out of the hash tables
 *
 * Context: may sleep; drops the dentry.
 */
void ditto_node_free(struct ditto_node *node);

/* node_lru.c */

/**
 * ditto_nodes_limit - get the number of unused nodes to keep
 * @table: the nodes of the server
 *
 * Context: any.
 * Return: the setting, or what follows from the memory of the machine.
 */
u32 ditto_nodes_limit(const struct ditto_node_table *table);

/**
 * ditto_node_relist - let the LRU's scan see a node again whose last claim has ended
 * @node: held
 *
 * Context: any; node->lock is not held.
 */
void ditto_node_relist(struct ditto_node *node);

/**
 * ditto_nodes_start - allocate what only a server with volumes needs
 * @table: the nodes of the server
 *
 * Context: may sleep; volumes_lock is held.
 * Return: 0 or a negative errno.
 */
int ditto_nodes_start(struct ditto_node_table *table);

/* Prepare a new volume for ditto_node_dispose(). */
void ditto_node_dispose_init(struct ditto_volume *volume);

/**
 * ditto_node_dispose - let the worker of the file system free a node
 * @table: the nodes of the server
 * @node: a killed node, with the reference that was the table's; or an unhashed node
 *	without references
 *
 * Context: any.
 */
void ditto_node_dispose(struct ditto_node_table *table, struct ditto_node *node);

/**
 * ditto_node_put_later - drop a reference where freeing a node would sleep, or take long
 * @node: the node
 *
 * Context: any.
 */
void ditto_node_put_later(struct ditto_node *node);

/**
 * ditto_nodes_subvolume_gone - let the worker kill the nodes of removed subvolumes
 * @table: the nodes of the server
 *
 * Open files of the subvolume are closed with their instances.
 *
 * Context: any.
 */
void ditto_nodes_subvolume_gone(struct ditto_node_table *table);

/**
 * ditto_nodes_trim - evict some idle nodes if there are more than the limit
 * @table: the nodes of the server
 *
 * Context: any; node->lock is not held.
 */
void ditto_nodes_trim(struct ditto_node_table *table);

/**
 * ditto_nodes_evict - evict every node of a volume and wait until none is left
 * @volume: no share uses it any more
 *
 * Claims on the nodes are released.
 */
void ditto_nodes_evict(struct ditto_volume *volume);

/* wb_err.c */

/**
 * ditto_wb_err_watch - begin to watch a file for write-back errors
 * @node: held, a regular file
 * @dentry: dentry of the file
 *
 * Called before data is made durable.
 *
 * Context: any.
 * Return: the position up to which errors were seen, for ditto_wb_err_take().
 */
errseq_t ditto_wb_err_watch(struct ditto_node *node, const struct dentry *dentry);

/**
 * ditto_wb_err_write - watch a file for write-back errors of what an instance writes
 * @node: held, a regular file
 * @dentry: dentry of the file
 * @pins: the instance that is about to write, which knows of errors from now on; or NULL
 *
 * Context: any.
 * Return: as ditto_wb_err_watch().
 */
errseq_t ditto_wb_err_write(struct ditto_node *node, const struct dentry *dentry,
			    struct ditto_pins *pins);

/**
 * ditto_wb_err_take - check for a write-back error since an operation began
 * @node: held, watched
 * @dentry: dentry of the file
 * @since: from ditto_wb_err_watch() or ditto_wb_err_write()
 *
 * An error that another operation has seen since then counts: it may concern this one's data.
 *
 * The write verifier changes before the error is marked as seen. A caller that finds no error
 * therefore reads the new verifier.
 *
 * Context: any.
 * Return: 0 or the write-back error.
 */
int ditto_wb_err_take(struct ditto_node *node, const struct dentry *dentry, errseq_t since);

/**
 * ditto_wb_err_take_owed - check for a write-back error that an open instance does not know of
 * @pins: the instance; or NULL
 * @node: held, watched
 * @dentry: dentry of the file
 *
 * Context: any.
 * Return: 0 or the write-back error, since the instance's first write or its last error.
 */
int ditto_wb_err_take_owed(struct ditto_pins *pins, struct ditto_node *node,
			   const struct dentry *dentry);

/**
 * ditto_wb_err_settle - write back a file before its node is freed
 * @node: the node
 *
 * Errors are taken account of, so that no loss goes unnoticed.
 */
void ditto_wb_err_settle(struct ditto_node *node);

/* file.c */

/* Set up and tear down the cache of open files. Return: 0 or -ENOMEM. */
int ditto_files_init(struct ditto_node_table *table);
void ditto_files_exit(struct ditto_node_table *table);

/**
 * ditto_file_close_next - close the first file that left the cache, but was not closed
 * @table: the nodes of the server
 * @volume: whose files; held by the caller
 *
 * Context: may sleep, as long as the file system hangs.
 * Return: false if there was none.
 */
bool ditto_file_close_next(struct ditto_node_table *table, struct ditto_volume *volume);

/**
 * ditto_files_flush - let the volumes' workers close all cached files that are not in use
 * @table: the nodes of the server
 */
void ditto_files_flush(struct ditto_node_table *table);

/**
 * ditto_files_settings_changed - let the worker close files that exceed changed limits
 * @table: the nodes of the server
 *
 * Context: any.
 */
void ditto_files_settings_changed(struct ditto_node_table *table);

/**
 * ditto_files_close_mount - close every cached file of a volume that is open on a mount
 * @volume: the volume
 * @mnt: the mount
 */
void ditto_files_close_mount(struct ditto_volume *volume, const struct vfsmount *mnt);

/* volume.c */

/**
 * ditto_notify_start - allocate the fsnotify group of a server
 * @table: the nodes of the server
 *
 * Return: the group, or an ERR_PTR.
 */
struct fsnotify_group *ditto_notify_start(struct ditto_node_table *table);

/**
 * ditto_notify_stop - free the fsnotify group of a server
 * @group: from ditto_notify_start(); its marks are destroyed
 *
 * Waits until the marks are freed.
 */
void ditto_notify_stop(struct fsnotify_group *group);

/**
 * ditto_volume_watch_names - have new names and renames reported, by whomever they are made
 * @volume: the volume, which stays so until it ends
 *
 * Without it, only deletions spoil the case-insensitive indexes of directories. A report costs each
 * creation and rename several hundred instructions.
 *
 * Context: may sleep; takes @volume->names_lock.
 * Return: 0, or -ENOMEM or another errno of fsnotify_add_mark().
 */
int ditto_volume_watch_names(struct ditto_volume *volume);

/**
 * ditto_volume_has_root - tell whether a dentry is the root of a share
 * @volume: volume of the dentry
 * @dentry: the dentry
 *
 * Context: any.
 * Return: true if it is.
 */
bool ditto_volume_has_root(struct ditto_volume *volume, const struct dentry *dentry);

/* Inode number of the root of every subvolume of btrfs (BTRFS_FIRST_FREE_OBJECTID). */
#define DITTO_BTRFS_ROOT_INO	256

/**
 * ditto_path_subvolume - get the number of the subvolume that a file lies in
 * @path: the file
 *
 * Return: the number; 0 if the file system has no subvolumes, or does not tell.
 */
u64 ditto_path_subvolume(const struct path *path);

/**
 * ditto_dentry_by_number - find a file and a name of it by its inode number
 * @share: share on the file system
 * @ino: the number
 * @subvolume: subvolume in which the number counts
 *
 * The file may lie outside of the share, and nothing is checked.
 *
 * Return: the name, to be put; -EOPNOTSUPP unless ditto_volume_has_numbers(); -ENOENT, -ENOMEM.
 */
struct dentry *ditto_dentry_by_number(struct ditto_share *share, u64 ino, u64 subvolume);

/* True for file systems that ask a server about permissions, possibly at open only. Any context. */
bool ditto_sb_asks_server(const struct super_block *sb);

/**
 * ditto_share_derive_id - derive the identity of a share
 * @path: root of the share
 * @name: path as the administrator wrote it
 * @id: filled
 *
 * On a file system with a block device and a UUID, the identity depends on the UUID and the file
 * id of the root, so names, devices and order do not matter. Other file systems have no UUID or
 * make a new one with each mount; there the identity depends on the file system's type and on
 * @name.
 */
void ditto_share_derive_id(const struct path *path, const char *name, uuid_t *id);

/**
 * ditto_share_tag - compute the tag of a share that handles carry
 * @id: identity of the share
 *
 * Context: any.
 * Return: a 64-bit hash, never 0.
 */
u64 ditto_share_tag(const uuid_t *id);

/**
 * ditto_node_dentry_in - get an alias of the node's file that a share has, if one is in memory
 * @share: the share
 * @node: held
 *
 * A file may have names in several shares, and outside of all.
 *
 * Return: a positive dentry with a reference; as ditto_node_dentry() if none of the latest names is
 * in the share.
 */
struct dentry *ditto_node_dentry_in(struct ditto_share *share, struct ditto_node *node);

/* The node whose lock context is found at @point. */
static inline struct ditto_node *ditto_node_of_point(struct ditto_lock_point *point)
{
	return container_of(point, struct ditto_node, point);
}

#endif
