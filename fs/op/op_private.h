/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of operations share among themselves.
 *
 * Locking: an operation that changes a directory holds, in this order, write
 * access to the mount, the directory's inode lock (I_MUTEX_PARENT) and the
 * child's inode lock. A node's list is looked for with any of them held; nothing of
 * the node but its spinlock is taken for that. A list is changed, together with the
 * mode, in one section of the file's own inode lock. Nothing is made durable with an
 * inode lock held, so that changes of one directory go into one commit of the journal.
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
#include "../node/node_private.h"
#include "../server.h"
#include "../share/cred.h"
#include "../share/share.h"
#include "attr.h"
#include "op.h"

/**
 * ditto_op_enter - act as who asks
 * @op: holds a reference on its credential until ditto_op_leave()
 *
 * Like override_creds(), without counting a reference that @op has already:
 * the count is a cache line which all threads of a user would write.
 *
 * Return: what ditto_op_leave() wants.
 */
static inline const struct cred *ditto_op_enter(const struct ditto_op *op)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, op->cred->cred);
	return old;
}

/* The same as somebody else; the credential is held. ditto_op_leave() ends it, too. */
static inline const struct cred *ditto_act(const struct cred *as)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, as);
	return old;
}

static inline void ditto_op_leave(const struct cred *old)
{
	rcu_assign_pointer(current->cred, old);
}

static inline struct mnt_idmap *ditto_idmap(const struct ditto_share *share)
{
	return mnt_idmap(share->root.mnt);
}

/* A file id of 0 means "no file" to clients; some file systems have one. */
static inline u64 ditto_fileid(u64 ino)
{
	return ino ?: BIT_ULL(63);
}

/*
 * No service thread waits for somebody who holds a lease or a delegation. And
 * where it was to end while it waited for something else, the client does the
 * same again.
 */
static inline ssize_t ditto_no_wait(ssize_t err)
{
	return err == -EWOULDBLOCK || err == -ERESTARTSYS || err == -EINTR ? -EJUKEBOX : err;
}

/* The same after a VFS call that took @delegated; drops its reference. */
static inline int ditto_no_deleg_wait(int err, struct inode *delegated)
{
	if (delegated)
		iput(delegated);
	return ditto_no_wait(err);
}

/*
 * Claims: fs/op/lock_check.c. Nothing of a question is made up before it is known that
 * somebody claims something of the node.
 */

int ditto_lock_check_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind,
			  u64 pos, u64 count);
void ditto_lock_recheck_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_intent_kind kind);

static inline bool ditto_is_claimed(const struct ditto_node *node)
{
	return unlikely(rcu_access_pointer(node->point.ctx));
}

/* Claims on this node are being given back: -EJUKEBOX is for that. */
static inline void ditto_op_await(struct ditto_op *op, struct ditto_node *node)
{
	if (!op->awaited || *op->awaited)
		return;
	ditto_node_hold(node);
	*op->awaited = node;
}

/**
 * ditto_lock_check_bytes - do others' claims allow this
 * @op: who
 * @node: held
 * @kind: what
 * @pos: of the bytes it is about
 * @count: how many; 0 meet nothing
 *
 * Two loads if nothing is claimed and no claims are to be reclaimed; the second is of what is
 * seldom written.
 *
 * Context: may sleep; inode locks may be held, as nothing is waited for.
 * Return: 0, -EJUKEBOX, -EAGAIN, -ETXTBSY; see op.h.
 */
static inline int ditto_lock_check_bytes(struct ditto_op *op, struct ditto_node *node,
					 enum ditto_intent_kind kind, u64 pos, u64 count)
{
	if (ditto_is_claimed(node) || unlikely(READ_ONCE(node->point.table->guards)))
		return ditto_lock_check_slow(op, node, kind, pos, count);
	return 0;
}

/* The same for what concerns the whole node. */
static inline int ditto_lock_check(struct ditto_op *op, struct ditto_node *node,
				   enum ditto_intent_kind kind)
{
	return ditto_lock_check_bytes(op, node, kind, 0, 0);
}

/* The same for a new size: it is about the bytes that appear or vanish. */
static inline int ditto_lock_check_size(struct ditto_op *op, struct ditto_node *node, u64 size)
{
	u64 old = i_size_read(node->inode);
	u64 from = min(old, size);

	return ditto_lock_check_bytes(op, node, DITTO_INTENT_SIZE, from, max(old, size) - from);
}

/*
 * It was done: grants that were made meanwhile are broken, and those who had any are told
 * before anybody is answered. No inode lock is held.
 */
static inline void ditto_lock_recheck(struct ditto_op *op, struct ditto_node *node,
				      enum ditto_intent_kind kind)
{
	/* The change before the look: pairs with the barrier of ditto_lease_grant(). */
	smp_mb();
	if (ditto_is_claimed(node) || ditto_claim_is_untold(&node->point))
		ditto_lock_recheck_slow(op, node, kind);
}

/**
 * ditto_child_changed - a file's data or attributes were changed, by whom @op names
 * @op: who
 * @node: held
 * @what: DITTO_CHANGED_* bits
 *
 * Tells those who watch the directory that it is in, and breaks what others cache
 * of that. One load if there are none on the whole server.
 *
 * Context: may sleep; no inode lock held.
 */
static inline void ditto_child_changed(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (unlikely(atomic_read(&op->srv->nodes->watches.observers)) && what && !op->fresh)
		ditto_child_changed_slow(op, node, what);
}

/**
 * ditto_child_written - the same for data
 * @op: who
 * @node: held
 * @what: DITTO_CHANGED_* bits
 *
 * Who watches is told at once. Who caches the directory is when what is open is
 * closed: that is when directories learn of sizes and times (MS-FSA section
 * 2.1.5.5), and a file is mostly written piece by piece. Where nothing is open, it
 * is at once, too.
 */
static inline void ditto_child_written(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	if (op->later && (READ_ONCE(*op->later) & what) != what)
		WRITE_ONCE(*op->later, *op->later | what);
	ditto_child_changed(op, node, op->later ? what | DITTO_CHANGED_LATER : what);
}

/* attributes around a change: fs/op/attr.c */

/* Nothing is known yet. */
static inline void ditto_wcc_init(struct ditto_wcc *wcc)
{
	wcc->pre_valid = false;
	wcc->post_valid = false;
}

/* Take the attributes before a change; the inode lock is held until after it. */
int ditto_wcc_pre(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);
/* Take those after it, whether the change succeeded or not. */
void ditto_wcc_post(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc);
/* Keep of @attr what counts as "before". */
void ditto_wcc_set_pre(struct ditto_wcc *wcc, const struct ditto_attr *attr);

/* changes of attributes: fs/op/setattr.c */

/**
 * ditto_setattr_dentry - change attributes, with the credential in place
 * @op: who asks, entered; the mount may be written
 * @node: of what
 * @dentry: of it
 * @set: what to change
 * @wcc: filled
 */
int ditto_setattr_dentry(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 const struct ditto_setattr *set, struct ditto_wcc *wcc);

/* Can an object of this type be made with these attributes: 0, or what is wrong with them. */
int ditto_setattr_check_new(const struct ditto_share *share, umode_t type,
			    const struct ditto_setattr *set);

/**
 * ditto_setattr_new - give a new object its attributes
 * @op: its maker, entered
 * @dentry: just made, its directory still locked
 * @set: what was asked for; the permission bits are there already
 *
 * The mode does not stop the maker, as with open(2). An owner or group the
 * maker may not give away to is left out.
 */
int ditto_setattr_new(struct ditto_op *op, struct dentry *dentry,
		      const struct ditto_setattr *set);

/* permission: fs/op/permission.c */

/* ditto_permission() with the credential in place. */
int ditto_node_permission(const struct ditto_op *op, struct ditto_node *node, u32 may);

/* durability: fs/op/commit.c */

/**
 * ditto_commit - make an object's metadata durable
 * @share: through whose mount it is reached
 * @dentry: positive; entries of a directory are its metadata
 * @fresh: it was just made, and its directory is made durable next
 *
 * Context: no inode lock held. Return: 0 or the error of the file system.
 */
int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh);

/* The same, for who wants it. */
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

/* Check a name from the wire. Return: enum ditto_name_kind, -EINVAL or -ENAMETOOLONG. */
int ditto_name_check(const struct ditto_name *name);
/* Return: 0 for a plain name, @dot for ".", @dotdot for "..", else as ditto_name_check(). */
int ditto_name_plain(const struct ditto_name *name, int dot, int dotdot);
/* A name in a directory, with the credential in place: positive, to be put, or an ERR_PTR. */
struct dentry *ditto_lookup_dentry(struct ditto_op *op, struct ditto_node *dir,
				   struct dentry *parent, const struct ditto_name *name);
/* The parent of a directory, to be put; the share's root is its own. -ESTALE outside the share. */
struct dentry *ditto_parent(struct ditto_share *share, struct dentry *dentry);

/* changes of a directory: fs/op/dir_change.c */

/**
 * struct ditto_dir_change - a change of a directory in progress
 * @op: who
 * @dir: the directory
 * @wcc: of the directory
 * @parent: the directory's dentry
 * @child: of the name that is changed; may be negative
 * @removed: the name that was taken out of the directory, or NULL
 * @added: the name that was put into it, or NULL
 * @old: the credential to go back to, while entered
 * @entered: acts as the caller and has write access to the mount
 * @locked: holds the inode lock of the directory
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
 * @c: filled; ditto_dir_change_end() is called whether this worked or not
 * @op: who
 * @dir: held
 * @wcc: of the directory
 *
 * Return: 0, -ENOTDIR or -EROFS.
 */
int ditto_dir_change_init(struct ditto_dir_change *c, struct ditto_op *op,
			  struct ditto_node *dir, struct ditto_wcc *wcc);
/* Return: 0 with the directory locked and @c->child looked up, or an errno. */
int ditto_dir_change_begin(struct ditto_dir_change *c, const struct ditto_name *name);

/* The steps of ditto_dir_change_begin(), for a change that locks two directories. */
int ditto_dir_change_enter(struct ditto_dir_change *c);
int ditto_dir_change_pre(struct ditto_dir_change *c);
int ditto_dir_change_lookup(struct ditto_dir_change *c, const struct ditto_name *name);

/* The directory is locked: it is this task that changes it. */
void ditto_dir_change_mark(struct ditto_dir_change *c);
/* The attributes after the change were taken: keep the index of names; still locked. */
void ditto_dir_change_unmark(struct ditto_dir_change *c);
/* Take the attributes after the change and unlock the directory; more than once does nothing. */
void ditto_dir_change_unlock(struct ditto_dir_change *c);
/* An entry was made, removed or renamed: tell those who cache the directory. Unlocked. */
void ditto_dir_change_tell(const struct ditto_dir_change *c, enum ditto_entry_event event,
			   const struct ditto_name *name, const struct ditto_name *old);
/* Undo the rest. */
void ditto_dir_change_end(struct ditto_dir_change *c);

/* fs/op/remove.c */

/**
 * ditto_remove_dentry - remove a name that is at hand
 * @op: who
 * @dentry: held; may have been moved
 * @now: no holder of a caching grant is waited for; they are told
 *
 * Return: as ditto_remove(); -ENOENT if it lost its name already.
 */
int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now);
/* The last name of a file may have gone: its streams go, too. No change is in progress. */
void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim);

/* fs/op/rename.c */

/**
 * ditto_rename_dentry - give what is at hand another name
 * @op: who
 * @dentry: held; may have been moved
 * @to_dir: held
 * @to: the name
 * @replace: what has the name goes; else -EEXIST
 */
int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace);

/* fs/op/dir.c */

/**
 * ditto_list_names - all names of a directory, whoever may read it
 * @share: through which
 * @dir: a directory, held
 * @emit: takes a name, not those of the directory itself and its parent, nor a hidden one;
 *	false ends it. No lock of the directory is held
 * @arg: for @emit
 */
int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg);

/* exclusive creation: fs/op/create.c */

/* The times that keep a verifier of 8 bytes. */
void ditto_verifier_to_times(const u8 *verf, struct timespec64 *atime,
			     struct timespec64 *mtime);
/* Was a file made with this verifier, and is as it was made? */
bool ditto_has_verifier(struct inode *inode, const u8 *verf);

#endif
