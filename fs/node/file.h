/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open files kept with their node, so that a READ or WRITE of a stateless
 * protocol does not open and close.
 */
#ifndef _DITTO_FS_NODE_FILE_H
#define _DITTO_FS_NODE_FILE_H

#include <linux/fs.h>
#include <linux/refcount.h>

#include "node.h"

/**
 * struct ditto_file - an open file of a node
 * @file: opened with the server's own credential: access is decided before it is used;
 *	but see ditto_volume.caller_opens
 * @node: not counted: a cached file goes before its node, and a user holds it
 * @ref: users and the cache
 * @used: jiffies of the last use, written at most once a tick
 * @mode: enum ditto_file_mode
 * @of_node: on the node's list of open files
 * @lru: on the server's list of cached files, or empty
 * @rcu: freed under RCU
 */
struct ditto_file {
	struct file *file;
	struct ditto_node *node;
	refcount_t ref;
	unsigned long used;
	u8 mode;
	struct hlist_node of_node;
	struct list_head lru;
	struct rcu_head rcu;
};

/**
 * ditto_file_get - an open file of a node
 * @share: whose mount it is opened on
 * @node: a regular file, held
 * @mode: how
 *
 * A file open for writing also serves reads.
 *
 * Context: may sleep. Return: a file with a reference, or an ERR_PTR of what
 * dentry_open() says; -EROFS on a read-only mount.
 */
struct ditto_file *ditto_file_get(struct ditto_share *share, struct ditto_node *node,
				  enum ditto_file_mode mode);
void ditto_file_put(struct ditto_file *df);

/**
 * ditto_file_take_dir - an open directory for one listing
 * @share: whose mount it is opened on
 * @node: a directory, held
 *
 * The node's own if no other listing has it, else a new one.
 *
 * Context: may sleep. Return: a file for ditto_file_give_dir(), or an ERR_PTR.
 */
struct ditto_file *ditto_file_take_dir(struct ditto_share *share, struct ditto_node *node);
/* The listing is over: the next one may go on with it. */
void ditto_file_give_dir(struct ditto_file *df);

/*
 * For claims that are shown to the VFS: a file that its caller has from ditto_file_get(),
 * or opened itself, stays open; or another of the same file, which needs no share. All may
 * sleep; the second waits for who opens or closes one now, for a moment.
 */
struct file *ditto_file_keep(struct ditto_lock_point *point, struct file *file);
void ditto_file_settle(struct ditto_lock_point *point);
void ditto_file_unkeep(struct ditto_lock_point *point, struct file *file);

/* Close the cached files of a node; @mnt NULL for all, else only those on this mount. */
void ditto_files_close(struct ditto_node *node, const struct vfsmount *mnt);

#endif
