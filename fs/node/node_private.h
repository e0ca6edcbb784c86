/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind node.h, file.h, share.h and handle.h know of each
 * other.
 *
 * Lock order: volumes_lock, then node->lock or the LRU's lock (never both),
 * then files_lock, dispose_lock or the buckets of the hash tables.
 */
#ifndef _DITTO_FS_NODE_NODE_PRIVATE_H
#define _DITTO_FS_NODE_NODE_PRIVATE_H

#include <linux/workqueue.h>

#include "../../lockd/acting.h"
#include "node.h"
#include "watch.h"

struct cred;
struct ditto_handle;
struct ditto_share;
struct fsnotify_group;
struct shrinker;

/**
 * struct ditto_node_table - the nodes of a server
 * @srv: whose
 * @by_inode: every node but dead ones
 * @by_fid: those whose file id is known
 * @lru: every node of @by_inode; an idle one leaves when the LRU gets to it
 * @count: nodes on @lru
 * @shrinker: of @lru; made with the first volume
 * @group: tells about removed files; made with the first volume
 * @cred: of the kernel: opens cached files, looks for files by their id
 * @acting: whoever has @cred is the server
 * @volumes_lock: serializes joining and leaving of volumes
 * @volumes: under @volumes_lock
 * @dispose_lock: guards @dispose and the volumes' lists of dead nodes
 * @dispose: nodes out of the tables, by their @lru, for @dispose_work
 * @dispose_work: closes the files and drops the dentries of @dispose, because
 *	reclaim and notifications may hold locks that this takes
 * @files_lock: guards @files and @nfiles
 * @files: cached open files, those not used for the longest about first
 * @nfiles: how many
 * @files_work: closes idle files
 * @local_lock: guards the nodes' @local, see fs/node/local_notify.c
 * @local_group: tells of local changes; made with the first watched directory
 * @locals: watches that exist
 * @watches: those who want to hear of changes, see fs/node/watch.h
 * @hidden_made: how often a place for streams was made, by whomever; from 1 on
 * @rcu: freed under RCU
 */
struct ditto_node_table {
	struct ditto_server *srv;
	struct rhashtable by_inode;
	struct rhashtable by_fid;
	struct list_lru lru;
	atomic_long_t count;
	struct shrinker *shrinker;
	struct fsnotify_group *group;
	const struct cred *cred;
	struct ditto_acting acting;
	struct mutex volumes_lock;	/* joining and leaving */
	struct list_head volumes;
	spinlock_t dispose_lock;	/* see above */
	struct list_head dispose;
	struct work_struct dispose_work;
	spinlock_t files_lock;		/* of the list below and its count */
	struct list_head files;
	unsigned long nfiles;
	struct delayed_work files_work;
	struct mutex local_lock;	/* of nodes' watches */
	struct fsnotify_group *local_group;
	atomic_t locals;
	struct ditto_watch_table watches;
	atomic_t hidden_made;
	struct rcu_head rcu;
};

/* main.c: where all deferred work of the core runs; lives as long as the module. */
extern struct workqueue_struct *ditto_wq;

/* node.c */

int ditto_node_tables_init(struct ditto_node_table *table);
void ditto_node_tables_exit(struct ditto_node_table *table);
struct ditto_node *ditto_node_find_inode(struct ditto_node_table *table,
					 const struct inode *inode);
/* The same without a reference, for a look at it. Under RCU; @inode is held. */
struct ditto_node *ditto_node_peek_inode(struct ditto_node_table *table,
					 const struct inode *inode);
/* Out of the hash tables; nobody else may do so at once: @node is idle or @node->lock is held. */
void ditto_node_unhash(struct ditto_node_table *table, struct ditto_node *node);
/**
 * ditto_node_kill - take a node out of all tables
 * @table: where it is
 * @node: held
 *
 * Context: any. Return: true if this call did it; the caller then has the
 * reference that was the table's.
 */
bool ditto_node_kill(struct ditto_node_table *table, struct ditto_node *node);
/* The same, unless instances of it are open: the file lost its last name. */
bool ditto_node_kill_unopened(struct ditto_node_table *table, struct ditto_node *node);
/* End the ranges of a file that lost its last name, unless it is in use. May sleep. */
void ditto_node_unclaim(struct ditto_node *node);
/* Drop the dentry and the memory; no reference is left. May sleep. */
void ditto_node_free(struct ditto_node *node);

/* node_lru.c */

/* The parts that only a server with volumes needs. */
int ditto_nodes_start(struct ditto_node_table *table);
/* Hand the reference to a killed node, or an unhashed node without references, to the worker. */
void ditto_node_dispose(struct ditto_node_table *table, struct ditto_node *node);
/* Evict idle nodes above the limit. */
void ditto_nodes_trim(struct ditto_node_table *table);
/* Evict every node of a volume and wait until none is left; nobody uses them any more. */
void ditto_nodes_evict(struct ditto_volume *volume);

/* wb_err.c */

/**
 * ditto_wb_err_watch - from here on, lost data of a file counts
 * @node: held, a regular file
 * @dentry: of it
 *
 * Context: any. Called before data is written that is answered before it is durable.
 */
void ditto_wb_err_watch(struct ditto_node *node, const struct dentry *dentry);
/**
 * ditto_wb_err_take - was written data lost since this was last asked
 * @node: held, and watched
 * @dentry: of it
 *
 * The write verifier changes before the error is taken account of: who finds
 * nothing finds the new one.
 *
 * Context: any. Return: 0 or the error of writing back.
 */
int ditto_wb_err_take(struct ditto_node *node, const struct dentry *dentry);
/* The node goes: what is not written back yet is, so that nothing is lost unseen. May sleep. */
void ditto_wb_err_settle(struct ditto_node *node);

/* file.c */

void ditto_files_init(struct ditto_node_table *table);
void ditto_files_exit(struct ditto_node_table *table);
/* Close cached files that nobody uses, whatever their age. */
void ditto_files_flush(struct ditto_node_table *table);
/* The settings changed: look again at what is idle and above the limit, now. */
void ditto_files_settings_changed(struct ditto_node_table *table);
/* Close every cached file of a volume that is open on a mount. */
void ditto_files_close_mount(struct ditto_volume *volume, const struct vfsmount *mnt);

/* volume.c */

/* fsnotify group of a server. */
struct fsnotify_group *ditto_notify_start(struct ditto_node_table *table);
void ditto_notify_stop(struct fsnotify_group *group);

/* Is this the root of a share of the volume? Any context. */
bool ditto_volume_has_root(struct ditto_volume *volume, const struct dentry *dentry);

/**
 * ditto_share_derive_id - make up the identity of a share
 * @path: its root
 * @name: path as it was written
 * @id: filled
 *
 * Of a file system on a block device: from its UUID and the root's file id,
 * so that it does not depend on names, devices or order. Other file systems
 * make a new UUID with every mount or have none: from their type and @name.
 */
void ditto_share_derive_id(const struct path *path, const char *name, uuid_t *id);
/* What handles carry of an identity; never 0. */
u64 ditto_share_tag(const uuid_t *id);

/* handle.c */

/**
 * ditto_fid_encode - ask the file system for the id of a file
 * @dentry: positive
 * @connectable: with the directory, if it fits
 * @fid: filled
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int ditto_fid_encode(struct dentry *dentry, bool connectable, struct ditto_fid *fid);
/* Can the file system tell the directory of a file that it found by its id? */
bool ditto_fid_connectable(struct inode *dir);

#if IS_ENABLED(CONFIG_KUNIT)
void ditto_handle_sign(const struct ditto_server *srv, u64 tag,
		       const struct ditto_fid *fid, struct ditto_handle *handle);
int ditto_handle_verify(const struct ditto_server *srv, const u8 *data, size_t len,
			u64 *tag, struct ditto_fid *fid);
#endif

#endif
