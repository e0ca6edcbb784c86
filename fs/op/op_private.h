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

/**
 * ditto_child_changed_slow - notify of a change of data or attributes, with observers
 * @op: the caller that made the change
 * @node: held
 * @what: DITTO_CHANGED_* bits
 *
 * See ditto_child_changed().
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_child_changed_slow(struct ditto_op *op, struct ditto_node *node, u32 what);

/**
 * ditto_child_changed - notify that data or attributes of a file changed
 * @op: the caller that made the change
 * @node: held
 * @what: DITTO_CHANGED_* bits
 *
 * Notifies watches of the parent directories and breaks caching grants of other holders on the
 * parent directory. Costs one load if the server has no observers.
 *
 * Context: may sleep; no inode lock held.
 */
static inline void ditto_child_changed(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (unlikely(atomic_read(&op->srv->nodes->watches.observers)) && what && !op->fresh)
		ditto_child_changed_slow(op, node, what);
}

/**
 * ditto_child_written - notify that data of a file was written
 * @op: the caller that wrote
 * @node: held
 * @what: DITTO_CHANGED_* bits
 *
 * Watches are notified now. Holders of caching grants on the directory are notified at close,
 * because directories learn of sizes and times then (MS-FSA section 2.1.5.5) and files are mostly
 * written piece by piece. Outside ditto_instance_begin() they are notified now, too, and not again
 * at close.
 *
 * Context: may sleep; no inode lock held.
 */
static inline void ditto_child_written(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (op->later && (READ_ONCE(*op->later) & what) != what)
		WRITE_ONCE(*op->later, *op->later | what);
	ditto_child_changed(op, node, op->later ? what | DITTO_CHANGED_LATER : what);
}

/* attributes around a change: fs/op/attr.c */

/* Mark all attributes as unknown. */
static inline void ditto_wcc_init(struct ditto_wcc *wcc)
{
	wcc->pre_valid = false;
	wcc->post_valid = false;
}

/**
 * ditto_wcc_pre - record the attributes before a change
 * @share: share the file was reached through
 * @dentry: positive
 * @wcc: the part before the change is filled
 *
 * Context: may sleep; the caller holds the inode lock until after the change.
 * Return: 0 or an errno of the file system.
 */
int ditto_wcc_pre(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);

/**
 * ditto_wcc_post - record the attributes after a change, whether it succeeded or not
 * @share: share the file was reached through
 * @dentry: positive
 * @wcc: the part after the change is filled
 */
void ditto_wcc_post(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);

/**
 * ditto_wcc_post_data - record the attributes after data were written
 * @share: share the file was reached through
 * @dentry: positive
 * @wcc: the part after the change is filled, but for the change attribute; see
 *	ditto_getattr_plain()
 */
void ditto_wcc_post_data(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);

/**
 * ditto_wcc_set_pre - copy the attributes that count as "before"
 * @wcc: the part before the change is filled
 * @attr: the attributes
 *
 * Context: any.
 */
void ditto_wcc_set_pre(struct ditto_wcc *wcc, const struct ditto_attr *attr);

/* changes of attributes: fs/op/setattr.c */

/**
 * ditto_setattr_dentry - change attributes, with the caller's credential in place
 * @op: the caller, entered; with write access to the mount
 * @node: the file
 * @dentry: dentry of the file
 * @set: attributes to set
 * @wcc: filled if the locks allow the change
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_setattr().
 */
int ditto_setattr_dentry(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 const struct ditto_setattr *set, struct ditto_wcc *wcc);

/**
 * ditto_setattr_check_new - check the attributes of a file to be created
 * @share: the share
 * @type: S_IFMT bits
 * @set: attributes
 *
 * Return: 0, or the errno for invalid attributes, as ditto_setattr().
 */
int ditto_setattr_check_new(const struct ditto_share *share, umode_t type,
			    const struct ditto_setattr *set);

/**
 * ditto_setattr_new - set the attributes of a new file
 * @op: the creator, entered
 * @dentry: just created; its directory is still locked
 * @set: attributes that the client sent; the permission bits are set already
 *
 * The mode does not restrict the creator, as with open(2). An owner or group that the creator may
 * not set is left out.
 *
 * Return: 0 or a negative errno.
 */
int ditto_setattr_new(struct ditto_op *op, struct dentry *dentry,
		      const struct ditto_setattr *set);

/* durability: fs/op/commit.c */

/**
 * ditto_commit - make metadata durable
 * @share: share whose mount is used
 * @dentry: positive; the entries of a directory are its metadata
 * @fresh: the file was just created, and its directory is made durable next
 *
 * Context: may sleep; no inode lock held.
 * Return: 0 or the error of the file system.
 */
int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh);

/* The same, unless the caller does not need durability. */
static inline int ditto_op_commit(const struct ditto_op *op, struct dentry *dentry, bool fresh)
{
	return op->unstable ? 0 : ditto_commit(op->share, dentry, fresh);
}

/* fs/op/remove.c */

/**
 * ditto_remove_dentry - remove a file by its dentry
 * @op: the caller
 * @dentry: held; may have been moved
 * @now: do not fail because of caching grants that are being broken, or share reservations
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_remove(); -ENOENT if the dentry has lost its name.
 */
int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now);

/**
 * ditto_victim_gone - remove the streams of a file that lost its last name
 * @share: the share through which it did, held, or ending and without requests
 * @victim: the file; nothing is done if it still has a name
 *
 * Context: may sleep; no change is in progress.
 */
void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim);

/* fs/op/rename.c */

/**
 * ditto_rename_dentry - rename a file by its dentry
 * @op: the caller
 * @dentry: held; may have been moved
 * @to_dir: held
 * @to: new name
 * @replace: an existing file is replaced; otherwise -EEXIST
 * @merge: if @to is another hard link of the file, which is not replaced, the name of @dentry is
 *	removed; otherwise nothing is done
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_rename(); -ENOENT if the dentry has lost its name; -EKEYREVOKED if names would
 * be merged into one that is delete pending.
 */
int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace, bool merge);

/* fs/op/dir.c */

/**
 * ditto_list_names - list all names of a directory, without access check
 * @share: the share
 * @dir: a directory, held
 * @emit: receives a name, except ".", ".." and hidden names; returning false ends the
 *	listing. No lock of the directory is held
 * @arg: passed to @emit
 *
 * Return: 0, -ENOTDIR or an errno of the file system.
 */
int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg);

/* exclusive creation: fs/op/create.c */

/**
 * ditto_verifier_to_times - convert a verifier of 8 bytes to the times that store it (RFC 1813
 * section 3.3.8)
 * @verf: the verifier
 * @atime: filled
 * @mtime: filled
 *
 * Context: any.
 */
void ditto_verifier_to_times(const u8 *verf, struct timespec64 *atime,
			     struct timespec64 *mtime);

/**
 * ditto_has_verifier - tell whether a file was created with a verifier and has not changed since
 * @inode: the file
 * @verf: 8 bytes
 *
 * Context: any.
 * Return: true if its times match the verifier and it is empty.
 */
bool ditto_has_verifier(struct inode *inode, const u8 *verf);

#endif
