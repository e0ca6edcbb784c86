/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals shared by the files that implement operations.
 *
 * Locking: an operation that changes a directory holds, in this order, write access to the mount,
 * the directory's inode lock (I_MUTEX_PARENT) and the child's inode lock. A node's access control
 * list may be looked up with any of these held; that takes no lock of the node except its
 * spinlock. A list is changed together with the mode in one section of the file's own inode lock.
 * No fsync runs under an inode lock, so that several changes of one directory can share one
 * journal commit.
 */
#ifndef _DITTO_FS_OP_OP_PRIVATE_H
#define _DITTO_FS_OP_OP_PRIVATE_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "../../lockd/claim.h"
#include "../../lockd/lease.h"
#include "../../lockd/table.h"
#include "../../net/server.h"
#include "../node/node_private.h"
#include "../share/cred.h"
#include "../share/share.h"
#include "attr.h"
#include "op.h"

/**
 * ditto_op_enter - act as the caller
 * @op: holds a reference to its credential until ditto_op_leave()
 *
 * Like override_creds(), but without taking a second reference: the reference count is a cache
 * line that all threads of a user would write.
 *
 * Return: the previous credential, for ditto_op_leave().
 */
static inline const struct cred *ditto_op_enter(const struct ditto_op *op)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, op->cred->cred);
	return old;
}

/* The same with another credential, which the caller holds. Also ended by ditto_op_leave(). */
static inline const struct cred *ditto_act(const struct cred *as)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, as);
	return old;
}

/* Go back to the previous credential. */
static inline void ditto_op_leave(const struct cred *old)
{
	rcu_assign_pointer(current->cred, old);
}

static inline struct mnt_idmap *ditto_idmap(const struct ditto_share *share)
{
	return mnt_idmap(share->root.mnt);
}

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

/* The same after a VFS call that filled @delegated; drops that reference. */
static inline int ditto_no_deleg_wait(int err, struct inode *delegated)
{
	if (delegated)
		iput(delegated);
	return ditto_no_wait(err);
}

/*
 * Checks of the lock table: fs/op/lock_check.c. The fast paths do not build an intent unless the
 * node has claims.
 */

/**
 * ditto_lock_check_slow - check an operation against the claims on a node
 * @op: the caller
 * @node: held
 * @kind: kind of the operation
 * @pos: first byte
 * @count: number of bytes
 *
 * Context: may sleep; inode locks may be held, since it does not wait for breaks.
 * Return: 0, -EJUKEBOX, -EAGAIN, -ETXTBSY; see op.h.
 */
int ditto_lock_check_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind,
			  u64 pos, u64 count);

/**
 * ditto_lock_recheck_slow - break caching grants that were made during an operation
 * @op: the caller
 * @node: held
 * @kind: kind of the operation
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_lock_recheck_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_intent_kind kind);

/* True if there is a claim or waiter on the node. */
static inline bool ditto_is_claimed(const struct ditto_node *node)
{
	return unlikely(rcu_access_pointer(node->point.ctx));
}

/* Tell the caller which node's claims are being given back, after -EJUKEBOX. */
static inline void ditto_op_await(struct ditto_op *op, struct ditto_node *node)
{
	if (!op->awaited || *op->awaited)
		return;
	ditto_node_hold(node);
	*op->awaited = node;
}

/**
 * ditto_lock_check_bytes - check an operation on a byte range against the claims on a node
 * @op: the caller
 * @node: held
 * @kind: kind of the operation
 * @pos: first byte
 * @count: number of bytes; 0 conflicts with no range
 *
 * Costs two loads if there are no claims and no reclaims are outstanding; the second one is of a
 * rarely written variable.
 *
 * Context: may sleep; inode locks may be held, since it does not wait for breaks.
 * Return: 0, -EJUKEBOX, -EAGAIN, -ETXTBSY; see op.h.
 */
static inline int ditto_lock_check_bytes(struct ditto_op *op, struct ditto_node *node,
					 enum ditto_intent_kind kind, u64 pos, u64 count)
{
	if (ditto_is_claimed(node) || unlikely(READ_ONCE(node->point.table->guards)))
		return ditto_lock_check_slow(op, node, kind, pos, count);
	return 0;
}

/* The same for an operation on the whole node. */
static inline int ditto_lock_check(struct ditto_op *op, struct ditto_node *node,
				   enum ditto_intent_kind kind)
{
	return ditto_lock_check_bytes(op, node, kind, 0, 0);
}

/* The same for a change of size, which affects the bytes that appear or vanish. */
static inline int ditto_lock_check_size(struct ditto_op *op, struct ditto_node *node, u64 size)
{
	u64 old = i_size_read(node->inode);
	u64 from = min(old, size);

	return ditto_lock_check_bytes(op, node, DITTO_INTENT_SIZE, from, max(old, size) - from);
}

/*
 * Break caching grants that were made during the operation, and notify holders of the change,
 * before the reply is sent. No inode lock is held.
 */
static inline void ditto_lock_recheck(struct ditto_op *op, struct ditto_node *node,
				      enum ditto_intent_kind kind)
{
	/* Order the change before the check: pairs with the barrier of ditto_lease_grant(). */
	smp_mb();
	if (ditto_is_claimed(node) || ditto_claim_is_untold(&node->point))
		ditto_lock_recheck_slow(op, node, kind);
}

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
 * Watches are notified at once. Holders of caching grants on the directory are notified at close,
 * because directories learn of sizes and times then (MS-FSA section 2.1.5.5) and files are mostly
 * written piece by piece. Without an open they are notified at once, too.
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
 *
 * Context: may sleep.
 */
void ditto_wcc_post(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);

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
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int ditto_setattr_new(struct ditto_op *op, struct dentry *dentry,
		      const struct ditto_setattr *set);

/* permission: fs/op/permission.c */

/**
 * ditto_node_permission - check permission for a node, with the caller's credential in place
 * @op: the caller, entered
 * @node: held
 * @may: DITTO_MAY_* bits, all of which must be permitted
 *
 * Context: may sleep; inode locks may be held.
 * Return: as ditto_permission().
 */
int ditto_node_permission(const struct ditto_op *op, struct ditto_node *node, u32 may);

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

/* names: fs/name/name.c */

enum ditto_name_kind {
	DITTO_NAME_PLAIN,
	DITTO_NAME_DOT,
	DITTO_NAME_DOTDOT,
};

/**
 * ditto_name_check - check a name from the wire
 * @name: the name
 *
 * Return: enum ditto_name_kind, -EILSEQ (empty, NUL or slash) or -ENAMETOOLONG.
 */
int ditto_name_check(const struct ditto_name *name);

/**
 * ditto_name_plain - check that a name is neither "." nor ".."
 * @name: the name
 * @dot: result for "."
 * @dotdot: result for ".."
 *
 * Return: 0 for a plain name, @dot, @dotdot, -EILSEQ or -ENAMETOOLONG.
 */
int ditto_name_plain(const struct ditto_name *name, int dot, int dotdot);

/**
 * ditto_lookup_dentry - look up a name in a directory
 * @op: the caller, entered
 * @dir: node of the directory
 * @parent: dentry of the directory
 * @name: a plain name
 *
 * Context: may sleep; the directory is not locked.
 * Return: a positive dentry, to be put, or an ERR_PTR.
 */
struct dentry *ditto_lookup_dentry(struct ditto_op *op, struct ditto_node *dir,
				   struct dentry *parent, const struct ditto_name *name);

/**
 * ditto_parent - get the parent directory of a file within a share
 * @share: the share
 * @dentry: dentry of the file
 *
 * Context: may sleep.
 * Return: the parent, to be put; the root of the share is its own parent; ERR_PTR(-ESTALE)
 * outside of the share.
 */
struct dentry *ditto_parent(struct ditto_share *share, struct dentry *dentry);

/* changes of a directory: fs/op/dir_change.c */

/**
 * struct ditto_dir_change - a change of a directory in progress
 * @op: the caller
 * @dir: the directory
 * @wcc: attributes of the directory around the change
 * @parent: dentry of the directory
 * @child: dentry of the changed name; may be negative
 * @removed: name that was removed from the directory, or NULL
 * @added: name that was added to it, or NULL
 * @old: previous credential, while @entered
 * @entered: the caller's credential is in place, with write access to the mount
 * @locked: the directory's inode lock is held
 */
struct ditto_dir_change {
	struct ditto_op *op;
	struct ditto_node *dir;
	struct ditto_wcc *wcc;
	struct dentry *parent;
	struct dentry *child;
	const struct ditto_name *removed;
	const struct ditto_name *added;
	const struct cred *old;
	bool entered;
	bool locked;
};

/**
 * ditto_dir_change_init - prepare to change an entry of a directory
 * @c: filled; ditto_dir_change_end() is called on success and failure
 * @op: the caller
 * @dir: held
 * @wcc: attributes of the directory
 *
 * Return: 0, -ENOTDIR or -EROFS.
 */
int ditto_dir_change_init(struct ditto_dir_change *c, struct ditto_op *op,
			  struct ditto_node *dir, struct ditto_wcc *wcc);

/**
 * ditto_dir_change_begin - lock the directory and look up a name
 * @c: the change; @c->child is filled
 * @name: name to change
 *
 * Context: may sleep.
 * Return: 0, or an errno; in both cases ditto_dir_change_end() undoes what was done.
 */
int ditto_dir_change_begin(struct ditto_dir_change *c, const struct ditto_name *name);

/**
 * ditto_dir_change_enter - get write access to the mount and act as the caller
 * @c: the change
 *
 * This and the next two functions are the steps of ditto_dir_change_begin(), for a change that
 * locks two directories.
 *
 * Context: may sleep; no inode lock held.
 * Return: 0 or a negative errno.
 */
int ditto_dir_change_enter(struct ditto_dir_change *c);

/**
 * ditto_dir_change_pre - record the attributes of the directory before the change
 * @c: the change; the directory is locked
 *
 * Context: may sleep.
 * Return: 0, -ESTALE (the directory was removed) or an errno of the file system.
 */
int ditto_dir_change_pre(struct ditto_dir_change *c);

/**
 * ditto_dir_change_lookup - look up the name that is changed
 * @c: the change; @c->child is replaced; the directory is locked
 * @name: the name
 *
 * Context: may sleep.
 * Return: 0, -EACCES or another errno.
 */
int ditto_dir_change_lookup(struct ditto_dir_change *c, const struct ditto_name *name);

/**
 * ditto_dir_change_mark - mark that this task changes the directory
 * @c: the change; the directory was just locked
 *
 * Context: any.
 */
void ditto_dir_change_mark(struct ditto_dir_change *c);

/**
 * ditto_dir_change_unmark - clear the mark and update the index of names
 * @c: the change; the attributes after it were recorded; the directory is still locked
 *
 * Context: may sleep.
 */
void ditto_dir_change_unmark(struct ditto_dir_change *c);

/**
 * ditto_dir_change_unlock - record the attributes after the change and unlock the directory
 * @c: the change; nothing is done if the directory is not locked
 *
 * Context: may sleep.
 */
void ditto_dir_change_unlock(struct ditto_dir_change *c);

/**
 * ditto_dir_change_tell - notify holders of caching grants on the directory
 * @c: the change; the directory is unlocked
 * @event: an entry was added, removed or renamed
 * @name: name of the entry
 * @old: previous name of a renamed entry, or NULL
 *
 * Context: may sleep.
 */
void ditto_dir_change_tell(const struct ditto_dir_change *c, enum ditto_entry_event event,
			   const struct ditto_name *name, const struct ditto_name *old);

/**
 * ditto_dir_change_end - unlock the directory, restore the credential and drop write access and
 * references
 * @c: from ditto_dir_change_init(), whether that succeeded or not
 *
 * Context: may sleep.
 */
void ditto_dir_change_end(struct ditto_dir_change *c);

/* fs/op/remove.c */

/**
 * ditto_remove_dentry - remove a file by its dentry
 * @op: the caller
 * @dentry: held; may have been moved
 * @now: do not fail because of caching grants that are being broken
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_remove(); -ENOENT if the dentry has lost its name.
 */
int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now);

/**
 * ditto_victim_gone - remove the streams of a file that lost its last name
 * @share: the share
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
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_rename(); -ENOENT if the dentry has lost its name.
 */
int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace);

/* fs/op/dir.c */

/**
 * ditto_list_names - list all names of a directory, without access check
 * @share: the share
 * @dir: a directory, held
 * @emit: receives a name, except ".", ".." and hidden names; returning false ends the
 *	listing. No lock of the directory is held
 * @arg: passed to @emit
 *
 * Context: may sleep.
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
