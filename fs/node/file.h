/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open files cached with their node, so that a READ or WRITE of a stateless protocol need not
 * open and close the file; and files that an open instance keeps open from its first I/O on.
 */
#ifndef _DITTO_FS_NODE_FILE_H
#define _DITTO_FS_NODE_FILE_H

#include <linux/fs.h>
#include <linux/refcount.h>

#include "node.h"

/**
 * struct ditto_file - an open file of a node
 * @file: opened with the server's credential, because access is checked before each use;
 *	see also ditto_volume.caller_opens
 * @node: not counted: a cached file is closed before its node is freed, and users hold the node
 * @ref: users, plus one of the cache
 * @used: jiffies of the last use, written at most once per tick
 * @mode: enum ditto_file_mode
 * @kept: represents claims towards the VFS; no data is read or written through it
 * @of_node: link on the node's list of open files
 * @lru: link on the server's list of cached files, or then on the list of files that the volume's
 *	worker closes; or empty
 * @rcu: freed under RCU
 */
struct ditto_file {
	struct file *file;
	struct ditto_node *node;
	refcount_t ref;
	unsigned long used;
	u8 mode;
	bool kept;
	struct hlist_node of_node;
	struct list_head lru;
	struct rcu_head rcu;
};

/**
 * struct ditto_pins - files that an open instance keeps open until it is closed
 * @node: node of the instance
 * @files: set once each, by the first I/O; [DITTO_FILE_READ] and [DITTO_FILE_WRITE]
 * @wb_err: write-back errors that the instance knows of, see fs/node/wb_err.c
 * @written: data was written, and @wb_err is valid
 */
struct ditto_pins {
	struct ditto_node *node;
	struct ditto_file *files[2];
	errseq_t wb_err;
	bool written;
};

struct ditto_file *ditto_file_get(struct ditto_share *share, struct ditto_node *node,
				  enum ditto_file_mode mode);
int ditto_file_set_size(struct file *file, u64 size);
struct ditto_file *ditto_file_open_own(struct vfsmount *mnt, struct ditto_node *node);
struct ditto_file *ditto_file_open_quiet(struct ditto_node *node);
bool ditto_files_in_use(struct ditto_node *node);
void ditto_file_put(struct ditto_file *df);
struct ditto_file *ditto_file_get_pinned(struct ditto_share *share, struct ditto_node *node,
					 enum ditto_file_mode mode, struct ditto_pins *pins);
void ditto_pins_drop(struct ditto_pins *pins);
struct ditto_file *ditto_file_take_dir(struct ditto_share *share, struct ditto_node *node);
void ditto_file_give_dir(struct ditto_file *df);
struct file *ditto_file_keep(struct ditto_lock_point *point, struct file *file);
void ditto_file_settle(struct ditto_lock_point *point);
void ditto_file_unkeep(struct ditto_lock_point *point, struct file *file);
void ditto_files_close(struct ditto_node *node, const struct vfsmount *mnt);

#endif
