/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals shared by the files that implement operations.
 *
 * An operation checks the caller's permission before the lock table, or anybody could take caching
 * grants from others by trying. What only the VFS would check, in the change itself, is checked
 * before if there are grants (ditto_has_grants()).
 *
 * Locking: an operation that changes a directory holds, in this order, write access to the mount,
 * the directory's inode lock (I_MUTEX_PARENT) and the child's inode lock. A bin is locked while no
 * other directory is. A node's access control list may be looked up with any of these held; that
 * takes no lock of the node except its spinlock. A list is changed together with the mode in one
 * section of the file's own inode lock. No fsync runs under an inode lock, so that several changes
 * of one directory can share one journal commit.
 */
#ifndef _DITTO_FS_OP_OP_PRIVATE_H
#define _DITTO_FS_OP_OP_PRIVATE_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "../../net/server.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../share/caller_private.h"
#include "../share/cred.h"
#include "../share/share.h"
#include "attr.h"
#include "op.h"

/* A file id of 0 means "no file" to clients, but some file systems use inode number 0. */
static inline u64 ditto_fileid(u64 ino)
{
	return ino ?: BIT_ULL(63);
}

/*
 * Service threads never wait for the holder of a lease or delegation, and an interrupted call is
 * retried by the client: both cases become -EJUKEBOX.
 */
static inline ssize_t ditto_no_wait(ssize_t err)
{
	return err == -EWOULDBLOCK || err == -ERESTARTSYS || err == -EINTR ? -EJUKEBOX : err;
}

/* Get an open file of a node; as ditto_file_get_pinned() for the caller's instance, if any. */
static inline struct ditto_file *ditto_op_file(const struct ditto_op *op, struct ditto_node *node,
					       enum ditto_file_mode mode)
{
	return ditto_file_get_pinned(op->share, node, mode, op->pins);
}

/* changes of files: fs/op/child_changed.c */

/* child_changed.c */
void ditto_child_changed_slow(struct ditto_op *op, struct ditto_node *node, u32 what);

/*
 * Notify that data or attributes of a file changed. @op: the caller that made the change. Notifies
 * watches of the parent directories and breaks caching grants of other holders on the parent
 * directory. Costs one load if the server has no observers. Context: no inode lock held.
 */
static inline void ditto_child_changed(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (unlikely(atomic_read(&op->srv->nodes->watches.observers)) && what && !op->fresh)
		ditto_child_changed_slow(op, node, what);
}

/*
 * Notify that data of a file was written. Watches are notified now. Holders of caching grants on
 * the directory are notified at close, because directories learn of sizes and times then (MS-FSA
 * section 2.1.5.5) and files are mostly written piece by piece. Outside ditto_instance_begin() they
 * are notified now, too, and not again at close. Context: no inode lock held.
 */
static inline void ditto_child_written(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (op->later && (READ_ONCE(*op->later) & what) != what)
		WRITE_ONCE(*op->later, *op->later | what);
	ditto_child_changed(op, node, op->later ? what | DITTO_CHANGED_LATER : what);
}

/* attributes around a change: fs/op/attr.c */

/* Mark all attributes as unknown. */
static inline void ditto_wcc_init(const struct ditto_op *op, struct ditto_wcc *wcc)
{
	wcc->torn = op->share->volume->is_shared;
	wcc->pre_valid = false;
	wcc->post_valid = false;
}

/* attr.c */
int ditto_wcc_pre(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);
void ditto_wcc_post(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);
void ditto_wcc_post_data(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);
void ditto_wcc_set_pre(struct ditto_wcc *wcc, const struct ditto_attr *attr);

/* changes of attributes: fs/op/setattr.c */

/* setattr.c */
int ditto_setattr_dentry(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 const struct ditto_setattr *set, struct ditto_wcc *wcc);
int ditto_setattr_check_new(const struct ditto_share *share, umode_t type,
			    const struct ditto_setattr *set);
int ditto_setattr_new(struct ditto_op *op, struct dentry *dentry,
		      const struct ditto_setattr *set);

/* durability: fs/op/commit.c */

/* commit.c */
int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh);

/* The same, unless the caller does not need durability. */
static inline int ditto_op_commit(const struct ditto_op *op, struct dentry *dentry, bool fresh)
{
	return op->unstable ? 0 : ditto_commit(op->share, dentry, fresh);
}

/* fs/op/remove.c */

/* remove.c */
int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now);
void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim);

/* fs/op/rename.c */

/* rename.c */
int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace, bool merge);

/* fs/op/dir.c */

/* dir.c */
int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg);

/* exclusive creation: fs/op/create.c */

/* create.c */
void ditto_verifier_to_times(const u8 *verf, struct timespec64 *atime,
			     struct timespec64 *mtime);
bool ditto_has_verifier(struct inode *inode, const u8 *verf);

#endif
