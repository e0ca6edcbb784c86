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

/**
 * ditto_file_get - get an open file of a node
 * @share: share whose mount is used
 * @node: a regular file, held
 * @mode: DITTO_FILE_READ or DITTO_FILE_WRITE; a file open for writing also serves reads
 *
 * Return: a file with a reference, or an ERR_PTR of dentry_open(); -EROFS on a read-only mount;
 * -EJUKEBOX while the lease of a local process is being broken.
 */
struct ditto_file *ditto_file_get(struct ditto_share *share, struct ditto_node *node,
				  enum ditto_file_mode mode);

/**
 * ditto_file_set_size - set the size of an open file
 * @file: open for writing; the inode is locked
 * @size: bytes
 *
 * Context: may sleep; write access to the mount. The credential of the task counts.
 * Return: 0 or an errno.
 */
int ditto_file_set_size(struct file *file, u64 size);

/**
 * ditto_file_open_own - open a file for writing by the server itself
 * @mnt: mount of a share, or of the volume; NULL if the volume has none
 * @node: a regular file, held
 *
 * The file is not cached. Writing to it changes no times. No program is notified of the open or of
 * writes.
 *
 * Return: a file with a reference; ERR_PTR(-EOPNOTSUPP) without @mnt; or as ditto_file_get().
 */
struct ditto_file *ditto_file_open_own(struct vfsmount *mnt, struct ditto_node *node);

/**
 * ditto_file_open_quiet - open a file for reading past the server
 * @node: a regular file, held
 *
 * The file is not cached, and is on the mount of the volume. Reading it sets no time of access, and
 * no program is notified of that or of the open. Its data stays in the file while it is open.
 *
 * Return: as ditto_file_open_own().
 */
struct ditto_file *ditto_file_open_quiet(struct ditto_node *node);

/**
 * ditto_files_in_use - tell whether the server has a file open for data
 * @node: held
 *
 * Context: any.
 * Return: true if it has, or is about to open or close one.
 */
bool ditto_files_in_use(struct ditto_node *node);

/**
 * ditto_file_put - drop a reference to an open file
 * @df: the file; its node is held by the caller
 *
 * Context: may sleep: the last reference closes the file before the function returns.
 */
void ditto_file_put(struct ditto_file *df);

/**
 * ditto_file_get_pinned - get an open file of a node for an operation on an instance
 * @share: as for ditto_file_get()
 * @node: as for ditto_file_get()
 * @mode: as for ditto_file_get()
 * @pins: files of the instance, which is in use; NULL without an instance
 *
 * If @node is the instance's, the instance keeps the file, so that further operations do not
 * depend on the cache. As many files are kept as the limit of the cache allows; beyond it this is
 * ditto_file_get().
 *
 * Return: as ditto_file_get().
 */
struct ditto_file *ditto_file_get_pinned(struct ditto_share *share, struct ditto_node *node,
					 enum ditto_file_mode mode, struct ditto_pins *pins);

/**
 * ditto_pins_drop - close the files of an instance
 * @pins: no operation on the instance is running
 */
void ditto_pins_drop(struct ditto_pins *pins);

/**
 * ditto_file_take_dir - get an open directory for one listing
 * @share: share whose mount is used
 * @node: a directory, held
 *
 * Returns the cached file of the node if no other listing uses it, otherwise a new one.
 *
 * Return: a file for ditto_file_give_dir(), or an ERR_PTR.
 */
struct ditto_file *ditto_file_take_dir(struct ditto_share *share, struct ditto_node *node);

/**
 * ditto_file_give_dir - end a listing
 * @df: from ditto_file_take_dir(); cached for the next listing, or closed
 */
void ditto_file_give_dir(struct ditto_file *df);

/**
 * ditto_file_keep - keep a file open that represents claims towards the VFS
 * @point: lock context of the node
 * @file: file of ditto_file_get(), or opened by the caller itself
 *
 * If the volume has a private mount, another file of the same inode is opened on it, which does
 * not pin a share. Otherwise @file gets another reference.
 *
 * Return: the file, for ditto_file_unkeep().
 */
struct file *ditto_file_keep(struct ditto_lock_point *point, struct file *file);

/**
 * ditto_file_settle - wait a moment for the server's opens and closes in progress
 * @point: lock context of the node
 *
 * Until these are over, the count of the server's open files is not exact.
 *
 * Context: may sleep, at most SETTLE_MS.
 */
void ditto_file_settle(struct ditto_lock_point *point);

/**
 * ditto_file_unkeep - drop a file that represents claims towards the VFS
 * @point: lock context of the node
 * @file: from ditto_file_keep()
 */
void ditto_file_unkeep(struct ditto_lock_point *point, struct file *file);

/**
 * ditto_files_close - close the cached files of a node
 * @node: the node
 * @mnt: close only the files on this mount; NULL for all
 */
void ditto_files_close(struct ditto_node *node, const struct vfsmount *mnt);

#endif
