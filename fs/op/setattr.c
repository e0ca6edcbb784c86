// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of attributes.
 *
 * The size is changed first, in a step of its own: file systems truncate in it, and it sets the
 * modification time, which an explicit one then replaces. All other attributes are set in one
 * call, so that a mode given together with an owner is the final mode of the file, including
 * set-id bits.
 */

#include <linux/capability.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "../../net/helper/token.h"
#include "../node/extension.h"
#include "../node/node.h"
#include "../offload/offload.h"
#include "acl_set_private.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "check/worm.h"
#include "data_private.h"
#include "scan.h"
#include "space.h"

#define DITTO_SET_TIMES		(DITTO_SET_ATIME | DITTO_SET_MTIME)
#define DITTO_SET_NOW		(DITTO_SET_ATIME_NOW | DITTO_SET_MTIME_NOW)
#define DITTO_SET_OWNER		(DITTO_SET_UID | DITTO_SET_GID)
#define DITTO_SET_SIDS		(S_ISUID | S_ISGID)

/* Check for values that are invalid for any file of this type. */
static int check_for(const struct ditto_share *share, const struct ditto_setattr *set,
		     umode_t type)
{
	int err;

	if (((set->valid & DITTO_SET_UID) && !uid_valid(set->uid)) ||
	    ((set->valid & DITTO_SET_GID) && !gid_valid(set->gid)) ||
	    ((set->valid & DITTO_SET_ATIME) && set->atime.tv_nsec >= NSEC_PER_SEC) ||
	    ((set->valid & DITTO_SET_MTIME) && set->mtime.tv_nsec >= NSEC_PER_SEC))
		return -EINVAL;
	if (set->valid & DITTO_SET_ACL) {
		/* Access to a symbolic link is never checked. */
		if (!share->volume->has_acls || S_ISLNK(type))
			return -EOPNOTSUPP;
		err = set->acl ? ditto_acl_check(set->acl, S_ISDIR(type)) : 0;
		if (err)
			return err;
	}
	if (!(set->valid & DITTO_SET_SIZE))
		return 0;
	if (S_ISDIR(type))
		return -EISDIR;
	if (!S_ISREG(type))
		return -EINVAL;
	return set->size > share->root.mnt->mnt_sb->s_maxbytes ? -EFBIG : 0;
}

/*
 * Check the attributes of a file to be created. Return: 0, or the errno for invalid attributes, as
 * ditto_setattr().
 */
int ditto_setattr_check_new(const struct ditto_share *share, umode_t type,
			    const struct ditto_setattr *set)
{
	struct ditto_setattr rest = *set;

	if (!rest.size)
		rest.valid &= ~DITTO_SET_SIZE;
	return check_for(share, &rest, type);
}

static int setattr_notify(struct ditto_op *op, struct dentry *dentry, struct iattr *ia)
{
	int err;

	err = notify_change(ditto_idmap(op->share), dentry, ia, NULL);
	return ditto_no_wait(err);
}

/* Set the size, and the current time if requested with it. The caller may write the file. */
static int set_size(struct ditto_op *op, struct dentry *dentry,
		    const struct ditto_setattr *set)
{
	struct iattr ia = {
		.ia_valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME | ATTR_KILL_PRIV,
		.ia_size = set->size,
	};
	int kill;

	if (set->valid & DITTO_SET_ATIME_NOW)
		ia.ia_valid |= ATTR_ATIME;
	/* Forced: dropping set-id bits does not depend on the writer's permission. */
	kill = setattr_should_drop_suidgid(ditto_idmap(op->share), d_inode(dentry));
	if (kill)
		ia.ia_valid |= kill | ATTR_FORCE;
	return setattr_notify(op, dentry, &ia);
}

/* True if attributes are set that are not set together with the size. */
static bool has_others(const struct ditto_setattr *set)
{
	if (set->valid & DITTO_SET_SIZE)
		return set->valid & ~(DITTO_SET_SIZE | DITTO_SET_NOW);
	return set->valid;
}

/* Fill the attributes except the size. Return: false if there are none. */
static bool fill_iattr(struct ditto_op *op, struct inode *inode,
		       const struct ditto_setattr *set, struct iattr *ia)
{
	u32 valid = set->valid;

	/* set_size() has done these; clients send them with every truncation. */
	if (valid & DITTO_SET_SIZE)
		valid &= ~DITTO_SET_NOW;
	if (!has_others(set))
		return false;

	ia->ia_valid = ATTR_CTIME;
	/* The mode of a symbolic link has no effect, and file systems refuse to set it. */
	if (S_ISLNK(inode->i_mode))
		valid &= ~DITTO_SET_MODE;
	if (valid & DITTO_SET_MODE) {
		ia->ia_valid |= ATTR_MODE;
		ia->ia_mode = (set->mode & S_IALLUGO) | (inode->i_mode & ~S_IALLUGO);
	}
	if (valid & DITTO_SET_UID) {
		ia->ia_valid |= ATTR_UID;
		ia->ia_vfsuid = VFSUIDT_INIT(set->uid);
	}
	if (valid & DITTO_SET_GID) {
		ia->ia_valid |= ATTR_GID;
		ia->ia_vfsgid = VFSGIDT_INIT(set->gid);
	}
	if ((valid & DITTO_SET_OWNER) && !S_ISDIR(inode->i_mode)) {
		ia->ia_valid |= ATTR_KILL_PRIV;
		if (!(valid & DITTO_SET_MODE))
			ia->ia_valid |= ATTR_KILL_SUID |
				setattr_should_drop_sgid(ditto_idmap(op->share), inode);
	}

	if (valid & (DITTO_SET_ATIME | DITTO_SET_ATIME_NOW))
		ia->ia_valid |= ATTR_ATIME;
	if (valid & (DITTO_SET_MTIME | DITTO_SET_MTIME_NOW))
		ia->ia_valid |= ATTR_MTIME;
	if (valid & DITTO_SET_ATIME) {
		ia->ia_valid |= ATTR_ATIME_SET;
		ia->ia_atime = set->atime;
	}
	if (valid & DITTO_SET_MTIME) {
		ia->ia_valid |= ATTR_MTIME_SET;
		ia->ia_mtime = set->mtime;
	}
	/*
	 * Write permission suffices to set the current time; any other time is up to the owner.
	 */
	if (valid & DITTO_SET_TIMES)
		ia->ia_valid |= ATTR_TIMES_SET;
	else if (valid & DITTO_SET_NOW)
		ia->ia_valid |= ATTR_TOUCH;
	return true;
}

/*
 * Set the size first, then everything else together with the access control list. @as is the
 * credential for everything except the size; @node is NULL for a new file.
 */
static int apply_locked(struct ditto_op *op, struct dentry *dentry, struct ditto_node *node,
			const struct cred *as, const struct ditto_setattr *set)
{
	struct ditto_acl_change change;
	const struct cred *old;
	struct iattr ia;
	int err, changes;

	lockdep_assert_held_write(&d_inode(dentry)->i_rwsem);

	if (set->valid & DITTO_SET_SIZE) {
		err = set_size(op, dentry, set);
		if (err)
			return err;
	}
	if (!fill_iattr(op, d_inode(dentry), set, &ia))
		return 0;
	changes = ditto_acl_change_init(&change, op, dentry, node, set);
	err = changes > 0 ? ditto_acl_change_begin(&change) : changes;
	if (err)
		goto drop;
	/* A list decides what the bits are for a new owner or group. */
	if (changes && ia.ia_valid & ATTR_MODE)
		ia.ia_mode = (ia.ia_mode & ~0777) | change.mode_to;
	if (node && ia.ia_valid & ATTR_MTIME_SET)
		ditto_scan_times_set(node);
	old = ditto_act_as(as);
	err = setattr_notify(op, dentry, &ia);
	ditto_op_leave(old);
	if (changes)
		err = ditto_acl_change_end(&change, err);
drop:
	ditto_acl_change_drop(&change);
	return err;
}

static bool changes_uid(const struct ditto_op *op, const struct inode *inode,
			const struct ditto_setattr *set)
{
	return set->valid & DITTO_SET_UID &&
	       !vfsuid_eq_kuid(i_uid_into_vfsuid(ditto_idmap(op->share), inode), set->uid);
}

static bool changes_gid(const struct ditto_op *op, const struct inode *inode,
			const struct ditto_setattr *set)
{
	return set->valid & DITTO_SET_GID &&
	       !vfsgid_eq_kgid(i_gid_into_vfsgid(ditto_idmap(op->share), inode), set->gid);
}

/*
 * True if owner and group change to the caller and its groups at most. Clients often send both,
 * so unchanged values do not count.
 */
static bool takes_owner(const struct ditto_op *op, const struct inode *inode,
			const struct ditto_setattr *set)
{
	return !(changes_uid(op, inode, set) && !uid_eq(set->uid, current_fsuid())) &&
	       !(changes_gid(op, inode, set) && !in_group_p(set->gid));
}

/* True if the list's rights permit the change. */
static bool list_allows(const struct ditto_setattr *set, u32 rights, bool owner)
{
	u32 now = set->valid & DITTO_SET_SIZE ? 0 : set->valid & DITTO_SET_NOW;

	if ((set->valid & (DITTO_SET_MODE | DITTO_SET_ACL)) && !(rights & DITTO_RIGHT_WRITE_ACL))
		return false;
	if (owner && !(rights & DITTO_RIGHT_WRITE_OWNER))
		return false;
	if ((set->valid & DITTO_SET_TIMES) && !(rights & DITTO_RIGHT_WRITE_ATTRS))
		return false;
	return !now || (rights & (DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_DATA));
}

/*
 * True if rights that were granted at open, or by privileges, permit the change of a file without a
 * list. The VFS does not know of these rights (MS-FSA sections 2.1.5.15.2 and 2.1.5.17).
 */
static bool held_allows(const struct ditto_setattr *set, u32 held, bool owner)
{
	u32 need = owner ? DITTO_RIGHT_WRITE_OWNER : 0;

	if (set->valid & (DITTO_SET_MODE | DITTO_SET_ACL))
		need |= DITTO_RIGHT_WRITE_ACL;
	if (set->valid & (DITTO_SET_TIMES | DITTO_SET_NOW))
		need |= DITTO_RIGHT_WRITE_ATTRS;
	return need && !(need & ~held);
}

/* True if times of a stream are set, which is up to who may write it, and not to its own owner. */
static bool sets_stream_times(const struct ditto_op *op, const struct ditto_node *node,
			      const struct ditto_setattr *set)
{
	return op->unopened == node &&
	       !(set->valid & ~(DITTO_SET_TIMES | DITTO_SET_NOW | DITTO_SET_SIZE));
}

/*
 * True if the change would let the caller run programs as another user: only that owner may set
 * the set-uid bit, even if others may write the list.
 */
static bool lends_owner(const struct ditto_op *op, const struct inode *inode,
			const struct ditto_setattr *set)
{
	kuid_t owner = set->valid & DITTO_SET_UID ? set->uid : ditto_owner_of(op->share, inode);
	/* A bit that is set already lends the old owner, who may be the caller. */
	umode_t had = changes_uid(op, inode, set) ? 0 : inode->i_mode;

	return set->valid & DITTO_SET_MODE && set->mode & ~had & S_ISUID &&
	       !uid_eq(owner, current_fsuid());
}

/*
 * Get the credential for everything except the size. The caller's credential is in place; the
 * inode is locked.
 */
static int setattr_access(struct ditto_op *op, struct ditto_node *node,
			  const struct ditto_setattr *set,
			  const struct cred **as)
{
	bool owner = changes_uid(op, node->inode, set) || changes_gid(op, node->inode, set);
	u32 held = op->held | ditto_rights_by_privilege(op);
	bool gives;
	u32 rights;
	int ret;

	*as = op->cred->cred;
	if (!has_others(set))
		return 0;
	ret = ditto_acl_access(op, node, &rights);
	if (ret < 0)
		return ret;
	if (!ret) {
		if (held_allows(set, held, owner) && !ditto_is_administrator(op))
			goto raise;
		if (sets_stream_times(op, node, set)) {
			ret = ditto_node_permission_locked(op, node, DITTO_MAY_WRITE);
			if (ret)
				return ret;
			goto raise;
		}
		/* The VFS does not check who sets a list. */
		return !(set->valid & DITTO_SET_ACL) ||
		       inode_owner_or_capable(ditto_idmap(op->share), node->inode) ? 0 : -EPERM;
	}
	if (!list_allows(set, rights | held, owner))
		return -EACCES;
raise:
	if (lends_owner(op, node->inode, set))
		return -EPERM;
	gives = owner && (op->cred->privileges & DITTO_TOKEN_RESTORE ||
			  takes_owner(op, node->inode, set));
	*as = ditto_cred_privileged(op->cred, gives ? DITTO_PRIVILEGE_CHOWN :
				    DITTO_PRIVILEGE_OWNER);
	return *as ? 0 : -ENOMEM;
}

/* File systems that decide by themselves who may set attributes: a server, or mount options. */
static bool setattr_is_special(const struct ditto_volume *volume)
{
	switch (volume->sb->s_magic) {
	case EXFAT_SUPER_MAGIC:
	case MSDOS_SUPER_MAGIC:
		return true;
	}
	return volume->caller_opens;
}

/* Check before the lock table what the file system would check in the change itself. */
static int setattr_check_early(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, const struct ditto_setattr *set)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = node->inode;
	const struct cred *as, *old;
	struct iattr ia;
	int err;

	/* An early commit is for those who may make the file read-only. */
	if ((!ditto_has_grants(node) && likely(!READ_ONCE(node->volume->worm))) ||
	    setattr_is_special(node->volume))
		return 0;
	inode_lock(inode);
	err = setattr_access(op, node, set, &as);
	if (err || !fill_iattr(op, inode, set, &ia))
		goto unlock;
	/* It is the only one that has an effect here. */
	ia.ia_valid &= ~ATTR_KILL_PRIV;
	old = ditto_act_as(as);
	err = may_setattr(idmap, inode, ia.ia_valid) ?: setattr_prepare(idmap, dentry, &ia);
	ditto_op_leave(old);
unlock:
	inode_unlock(inode);
	return err;
}

/*
 * Check permission and locks for a new size. Ended by ditto_offload_resize_end() and
 * put_write_access().
 */
static int begin_size(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_setattr *set, struct ditto_stub **stub)
{
	struct inode *inode = node->inode;
	u64 old, from, count;
	struct ditto_file *df;
	int err;

	ditto_refresh_size(op->share, node);
	old = i_size_read(inode);
	/* A change of size affects the bytes that appear or vanish. */
	from = min(old, set->size);
	count = max(old, set->size) - from;
	err = ditto_node_permission(op, node, DITTO_MAY_WRITE | DITTO_MAY_OWNER);
	if (err)
		return err;
	if (set->over_ranges) {
		err = ditto_lock_check(op, node, DITTO_INTENT_SIZE);
		if (err)
			return err;
	} else {
		err = ditto_lock_check_bytes(op, node, DITTO_INTENT_SIZE, from, count);
		if (err)
			return err;
		if (op->actor && op->actor->exact && vfs_inode_has_locks(inode)) {
			df = ditto_op_file(op, node, DITTO_FILE_WRITE);
			if (IS_ERR(df))
				return ditto_no_wait(PTR_ERR(df));
			err = ditto_lock_check_local(op, df->file, DITTO_INTENT_SIZE, from, count);
			ditto_file_put(df);
			if (err)
				return err;
		}
	}
	err = get_write_access(inode);
	if (err)
		return err;
	err = break_lease(inode, O_WRONLY | O_NONBLOCK);
	if (!err)
		err = ditto_offload_resize_begin(op, node, set->size, stub);
	if (err)
		put_write_access(inode);
	return ditto_no_wait(err);
}

/* Kinds of changes that the operation will make. Setting a time to its current value is none. */
static u32 what_changes(const struct ditto_setattr *set, const struct inode *inode)
{
	struct timespec64 atime = inode_get_atime(inode), mtime = inode_get_mtime(inode);
	u32 what = 0;

	if (set->valid & (DITTO_SET_MODE | DITTO_SET_OWNER | DITTO_SET_ACL))
		what |= DITTO_CHANGED_SECURITY;
	if (set->valid & DITTO_SET_SIZE)
		what |= DITTO_CHANGED_MTIME;
	if (set->valid & DITTO_SET_SIZE && set->size != i_size_read(inode))
		what |= DITTO_CHANGED_SIZE;
	if (set->valid & DITTO_SET_ATIME_NOW ||
	    (set->valid & DITTO_SET_ATIME && !timespec64_equal(&set->atime, &atime)))
		what |= DITTO_CHANGED_ATIME;
	if (set->valid & DITTO_SET_MTIME_NOW ||
	    (set->valid & DITTO_SET_MTIME && !timespec64_equal(&set->mtime, &mtime)))
		what |= DITTO_CHANGED_MTIME;
	return what;
}

/* The inode is locked. Fills the attributes before the change. */
static int check_guard(const struct ditto_op *op, struct dentry *dentry,
		       const struct ditto_setattr *set, struct ditto_wcc *wcc)
{
	int err = ditto_wcc_pre(op->share, dentry, wcc);

	if (!err && set->guard && !timespec64_equal(set->guard, &wcc->pre_ctime))
		err = -ENOTSYNC;
	return err;
}

/* Return: as ditto_worm_early_begin(). */
static int begin_early(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       const struct ditto_setattr *set, struct ditto_wcc *wcc)
{
	int err = 0;

	/* The record changes the time that the guard has. */
	if (set->guard) {
		inode_lock(node->inode);
		err = check_guard(op, dentry, set, wcc);
		inode_unlock(node->inode);
	}
	return err ?: ditto_worm_early_begin(op, node, dentry, set);
}

/*
 * Change attributes, with the caller's credential in place. @op: the caller, entered; with write
 * access to the mount; @wcc: filled if the locks allow the change. Context: no inode lock held.
 * Return: as ditto_setattr().
 */
int ditto_setattr_dentry(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 const struct ditto_setattr *set, struct ditto_wcc *wcc)
{
	bool sized = set->valid & DITTO_SET_SIZE;
	struct inode *inode = node->inode;
	bool others = has_others(set);
	struct ditto_stub *stub = NULL;
	int err, commit_err, early = 0, changing = 0;
	const struct cred *as;
	umode_t mode;
	u64 size;
	u32 what;

	err = check_for(op->share, set, inode->i_mode);
	if (err)
		return err;
	if (unlikely(READ_ONCE(node->volume->worm))) {
		err = ditto_worm_prolong(op, node, dentry, set);
		if (err)
			return min(err, 0);
	}
	if (others) {
		err = setattr_check_early(op, node, dentry, set) ?:
		      ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
		if (err)
			return err;
	}
	if (sized) {
		err = begin_size(op, node, set, &stub);
		if (err)
			return err;
	}

	if (others && unlikely(READ_ONCE(node->volume->worm)))
		early = begin_early(op, node, dentry, set, wcc);
	/* What sets nothing was not checked. */
	if (!early && set->valid)
		changing = ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	what = what_changes(set, inode);
	inode_lock(inode);
	mode = inode->i_mode;
	err = min3(early, changing, 0) ?:
	      (early ? ditto_wcc_pre(op->share, dentry, wcc) : check_guard(op, dentry, set, wcc));
	if (err)
		goto unlock;
	err = setattr_access(op, node, set, &as);
	if (!err)
		err = apply_locked(op, dentry, node, as, set);
	if (!err && sized)
		ditto_count_change(node);
unlock:
	ditto_wcc_post(op->share, dentry, wcc);
	size = i_size_read(inode);
	inode_unlock(inode);
	ditto_worm_change_end(op, node, changing);

	/*
	 * Only a new size waits for room; a list that does not fit is refused. With a guard, the
	 * time of a change that was made in part would refuse the rest.
	 */
	if (sized && !set->guard && !(set->valid & DITTO_SET_ACL))
		err = ditto_offload_find_room(op, node, 0, err);
	if (sized) {
		err = ditto_offload_resize_end(stub, size, err);
		put_write_access(inode);
		ditto_lock_recheck(op, node, DITTO_INTENT_SIZE);
	}
	if (others)
		ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (unlikely(early > 0)) {
		err = ditto_worm_early_end(op, node, dentry, mode, err);
		/* The attributes have changed since. */
		if (err)
			ditto_wcc_init(op, wcc);
	}
	if (err && !sized && early <= 0)
		return err;
	/* The size may have changed even if the rest was refused, and the mode for a while. */
	ditto_child_changed(op, node, what);
	commit_err = ditto_op_commit(op, dentry, false);
	return err ?: commit_err;
}

/**
 * ditto_setattr - change attributes
 * @op: the caller
 * @node: held
 * @set: attributes to set
 * @wcc: filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOTSYNC (guard), -EACCES, -EPERM, -EROFS, -EISDIR and -EINVAL (size of a directory
 * or other non-regular file), -EFBIG, -ENOSPC, -EDQUOT, -EJUKEBOX, -EAGAIN, -ETXTBSY.
 */
int ditto_setattr(struct ditto_op *op, struct ditto_node *node,
		  const struct ditto_setattr *set, struct ditto_wcc *wcc)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct dentry *dentry = ditto_node_dentry(node);
	const struct cred *old;
	int err;

	ditto_wcc_init(op, wcc);
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		goto post;
	old = ditto_op_enter(op);
	err = ditto_setattr_dentry(op, node, dentry, set, wcc);
	ditto_op_leave(old);
	mnt_drop_write(mnt);
	if (!err && set->valid & DITTO_SET_OWNER)
		ditto_hooks.owner_changed(op, node);
post:
	if (!wcc->post_valid)
		ditto_wcc_post(op->share, dentry, wcc);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_setattr, "DITTO");

/*
 * Apply attributes to a new file. DITTO_SET_MODE_IF_NO_ACL keeps the list whole, and the permission
 * bits follow from it.
 */
static int apply_new(struct ditto_op *op, struct dentry *dentry, const struct ditto_setattr *set)
{
	struct inode *inode = d_inode(dentry);
	const struct cred *as = current_cred();
	struct ditto_setattr own = *set;
	kuid_t uid = own.valid & DITTO_SET_UID ? own.uid : ditto_owner_of(op->share, inode);
	kgid_t gid = own.valid & DITTO_SET_GID ? own.gid : ditto_group_of(op->share, inode);

	if (own.valid & DITTO_SET_MODE_IF_NO_ACL)
		own.mode = (own.mode & ~0777) | (ditto_acl_mode(own.acl, uid, gid) & 0777);
	own.valid &= ~DITTO_SET_MODE_IF_NO_ACL;
	if (own.valid & DITTO_SET_OWNER && op->cred->privileges & DITTO_TOKEN_RESTORE)
		as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_CHOWN);
	return as ? apply_locked(op, dentry, NULL, as, &own) : -ENOMEM;
}

/*
 * Permission bits that the VFS cleared by the thread's umask. Workqueues have the umask of init,
 * which is not the client's. A default ACL of the directory replaces the umask.
 */
static umode_t umask_took(struct dentry *dentry, const struct ditto_setattr *set)
{
	umode_t took = set->mode & current_umask() & 0777;
	struct posix_acl *acl;

	if (!took)
		return 0;
	acl = get_inode_acl(d_inode(dentry->d_parent), ACL_TYPE_DEFAULT);
	if (IS_ERR_OR_NULL(acl))
		return took;
	posix_acl_release(acl);
	return 0;
}

/*
 * Set the attributes of a new file. @dentry: just created; its directory is still locked. The mode
 * does not restrict the creator, as with open(2). An owner or group that the creator may not set is
 * left out. Return: 0 or a negative errno.
 */
int ditto_setattr_new(struct ditto_op *op, struct dentry *dentry,
		      const struct ditto_setattr *set)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_setattr rest = *set;
	umode_t missing = 0;
	int err;

	/*
	 * Set-id bits can be missing, because directories are created without them and a change
	 * of owner clears them. The permission bits stay as created, except for the umask,
	 * because a default ACL may have changed them. A file with a list was created without
	 * permission bits and gets those that follow from list and mode.
	 */
	if (set->valid & DITTO_SET_MODE)
		missing = (set->mode & DITTO_SET_SIDS) | umask_took(dentry, set);
	if (set->valid & DITTO_SET_ACL)
		rest.mode |= inode->i_mode & DITTO_SET_SIDS;
	else
		rest.valid &= ~DITTO_SET_MODE;
	if (!S_ISLNK(inode->i_mode) && missing &&
	    ((set->valid & DITTO_SET_OWNER) || (missing & ~inode->i_mode))) {
		rest.valid |= DITTO_SET_MODE;
		rest.mode = (set->valid & DITTO_SET_ACL ? rest.mode : inode->i_mode) | missing;
	}
	/* The file was just created, so it is empty and its times are current. */
	rest.valid &= ~DITTO_SET_NOW;
	if (!rest.size)
		rest.valid &= ~DITTO_SET_SIZE;
	if (!rest.valid)
		return 0;
	err = check_for(op->share, &rest, inode->i_mode);
	if (err)
		return err;

	inode_lock(inode);
	err = apply_new(op, dentry, &rest);
	if (err == -EPERM && (rest.valid & DITTO_SET_OWNER)) {
		rest.valid &= ~DITTO_SET_OWNER;
		err = apply_new(op, dentry, &rest);
	}
	inode_unlock(inode);
	return err;
}
