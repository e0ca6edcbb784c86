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
struct ditto_node *ditto_node_find_inode(struct ditto_node_table *table,
					 const struct inode *inode);
struct ditto_node *ditto_node_peek_inode(struct ditto_node_table *table,
					 const struct inode *inode);
void ditto_node_unhash(struct ditto_node_table *table, struct ditto_node *node);

/* Does a client hold or wait for anything on a node? Any context. */
static inline bool ditto_node_is_claimed(const struct ditto_node *node)
{
	return rcu_access_pointer(node->point.ctx);
}

bool ditto_node_kill(struct ditto_node_table *table, struct ditto_node *node);
bool ditto_node_kill_unopened(struct ditto_node_table *table, struct ditto_node *node);
void ditto_node_unclaim(struct ditto_node *node);
void ditto_node_free(struct ditto_node *node);

/* node_lru.c */

u32 ditto_nodes_limit(const struct ditto_node_table *table);
void ditto_node_relist(struct ditto_node *node);
int ditto_nodes_start(struct ditto_node_table *table);
void ditto_node_dispose_init(struct ditto_volume *volume);
void ditto_node_dispose(struct ditto_node_table *table, struct ditto_node *node);
void ditto_node_put_later(struct ditto_node *node);
void ditto_nodes_subvolume_gone(struct ditto_node_table *table);
void ditto_nodes_trim(struct ditto_node_table *table);
void ditto_nodes_evict(struct ditto_volume *volume);

/* wb_err.c */

errseq_t ditto_wb_err_watch(struct ditto_node *node, const struct dentry *dentry);
errseq_t ditto_wb_err_write(struct ditto_node *node, const struct dentry *dentry,
			    struct ditto_pins *pins);
int ditto_wb_err_take(struct ditto_node *node, const struct dentry *dentry, errseq_t since);
int ditto_wb_err_take_owed(struct ditto_pins *pins, struct ditto_node *node,
			   const struct dentry *dentry);
void ditto_wb_err_settle(struct ditto_node *node);

/* file.c */

/* Set up and tear down the cache of open files. Return: 0 or -ENOMEM. */
int ditto_files_init(struct ditto_node_table *table);
void ditto_files_exit(struct ditto_node_table *table);
bool ditto_file_close_next(struct ditto_node_table *table, struct ditto_volume *volume);
void ditto_files_flush(struct ditto_node_table *table);
void ditto_files_settings_changed(struct ditto_node_table *table);
void ditto_files_close_mount(struct ditto_volume *volume, const struct vfsmount *mnt);

/* volume.c */

struct fsnotify_group *ditto_notify_start(struct ditto_node_table *table);
void ditto_notify_stop(struct fsnotify_group *group);
int ditto_volume_watch_names(struct ditto_volume *volume);
bool ditto_volume_has_root(struct ditto_volume *volume, const struct dentry *dentry);

/* Inode number of the root of every subvolume of btrfs (BTRFS_FIRST_FREE_OBJECTID). */
#define DITTO_BTRFS_ROOT_INO	256

u64 ditto_path_subvolume(const struct path *path);

struct dentry *ditto_dentry_by_number(struct ditto_share *share, u64 ino, u64 subvolume);

bool ditto_sb_asks_server(const struct super_block *sb);
void ditto_share_derive_id(const struct path *path, const char *name, uuid_t *id);
u64 ditto_share_tag(const uuid_t *id);

struct dentry *ditto_node_dentry_in(struct ditto_share *share, struct ditto_node *node);

/* The node whose lock context is found at @point. */
static inline struct ditto_node *ditto_node_of_point(struct ditto_lock_point *point)
{
	return container_of(point, struct ditto_node, point);
}

#endif
