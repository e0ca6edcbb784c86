// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing the list of a file, together with its mode.
 *
 * The change affects three places: the mode, the extended attribute and the POSIX ACLs. An
 * observer in between must not be granted more than before or after the change. The mode is
 * therefore first reduced to the bits that it has before and after; a list never permits more
 * than the mode it is adapted to. Then the list is stored, POSIX ACLs are removed, and finally
 * the mode gets its remaining bits. On failure, everything is undone in reverse order.
 *
 * Locking: the inode is locked from begin to end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "acl_set_private.h"
#include "check/acl_file.h"
#include "op_private.h"

static struct inode *inode_of(const struct ditto_acl_change *ch)
{
	return d_inode(ch->dentry);
}

static void acl_set_forget(const struct ditto_acl_change *ch)
{
	/* If another task has found a new file already, fsnotify invalidates its cache. */
	if (ch->node)
		ditto_acl_forget(ch->node);
}

/* Set the permission bits; the server's credential is in place, so that set-id bits stay. */
static int set_mode(const struct ditto_acl_change *ch, umode_t nine)
{
	struct inode *inode = inode_of(ch);
	struct iattr ia = {
		.ia_valid = ATTR_MODE | ATTR_CTIME,
		.ia_mode = (inode->i_mode & ~0777) | nine,
	};
	int err;

	if ((inode->i_mode & 0777) == nine)
		return 0;
	err = notify_change(ditto_idmap(ch->op->share), ch->dentry, &ia, NULL);
	return ditto_no_wait(err);
}

static int remove_stored(struct ditto_op *op, struct dentry *dentry)
{
	int err;

	if (!(d_inode(dentry)->i_opflags & IOP_XATTR))
		return 0;
	err = __vfs_removexattr_locked(ditto_idmap(op->share), dentry, DITTO_ACL_XATTR, NULL);
	err = ditto_no_wait(err);
	return err == -ENODATA || err == -EOPNOTSUPP ? 0 : err;
}

/* Store a list. The server's credential is in place. */
static int acl_store(struct ditto_op *op, struct dentry *dentry, const struct ditto_acl *acl,
		     umode_t mode)
{
	size_t size = ditto_acl_stored_size(acl);
	void *bytes;
	int err;

	bytes = kvmalloc(size, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	ditto_acl_encode(acl, mode, bytes);
	err = __vfs_setxattr_locked(ditto_idmap(op->share), dentry, DITTO_ACL_XATTR, bytes, size,
				    0, NULL);
	kvfree(bytes);
	return ditto_no_wait(err);
}

/*
 * Remove the list, so that the mode governs the file. Without a stored list one of Samba would come
 * into force; then a list made of the mode is stored.
 */
static int acl_clear(struct ditto_op *op, struct dentry *dentry, umode_t mode)
{
	struct ditto_acl *acl;
	int err;

	if (ditto_share_ntacl(op->share) == DITTO_NTACL_OFF || !ditto_ntacl_exists(dentry))
		return remove_stored(op, dentry);
	acl = ditto_acl_from_mode((d_inode(dentry)->i_mode & S_IFMT) | (mode & 0777));
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	err = acl_store(op, dentry, acl, mode);
	ditto_acl_put(acl);
	return err;
}

static int set_posix(const struct ditto_acl_change *ch, int type, struct posix_acl *acl)
{
	int err = set_posix_acl(ditto_idmap(ch->op->share), ch->dentry, type, acl);

	/* Notify other users of fsnotify that cache ACLs; vfs_set_acl() does the same. */
	if (!err)
		fsnotify_xattr(ch->dentry);
	return err;
}

/* Restore the old state. It had room before, so quotas must not prevent this. */
static void acl_set_undo(struct ditto_acl_change *ch)
{
	const struct cred *old = ditto_act_as(ch->op->srv->nodes->cred);
	int err = 0;

	if (ch->took_default)
		err = set_posix(ch, ACL_TYPE_DEFAULT, ch->dflt);
	if (ch->took_access)
		err = set_posix(ch, ACL_TYPE_ACCESS, ch->access) ?: err;
	if (ch->from && !(ch->from->flags & DITTO_ACL_NTACL))
		err = acl_store(ch->op, ch->dentry, ch->from, ch->mode_from) ?: err;
	else
		err = remove_stored(ch->op, ch->dentry) ?: err;
	acl_set_forget(ch);
	/* The mode needs the old list in place: with the new one the file could permit more. */
	err = err ?: set_mode(ch, ch->mode_from);
	if (err)
		pr_warn_ratelimited("share %s: inode %llu: its list could not be put back (%d)\n",
				    ch->op->share->name, (u64)inode_of(ch)->i_ino, err);
	ditto_op_leave(old);
}

/* Owner and group that the file will have. */
static kuid_t new_uid(const struct ditto_acl_change *ch, const struct ditto_setattr *set)
{
	return set->valid & DITTO_SET_UID ? set->uid :
					    ditto_owner_of(ch->op->share, inode_of(ch));
}

static kgid_t new_gid(const struct ditto_acl_change *ch, const struct ditto_setattr *set)
{
	return set->valid & DITTO_SET_GID ? set->gid :
					    ditto_group_of(ch->op->share, inode_of(ch));
}

/* Get the list to be stored. */
static struct ditto_acl *new_list(const struct ditto_acl_change *ch,
				  const struct ditto_setattr *set, enum ditto_chmod how)
{
	const struct ditto_acl *named = set->valid & DITTO_SET_ACL ? set->acl : ch->from;
	struct ditto_acl *acl, *fits;
	umode_t mode;

	if (!named)
		return NULL;
	if (!(set->valid & DITTO_SET_ACL)) {
		/* The mode alone changes. */
		if (how == DITTO_CHMOD_DISCARD)
			return NULL;
		if (how == DITTO_CHMOD_RESTRICTED && !ditto_acl_is_trivial(named))
			return ERR_PTR(-EPERM);
	}
	acl = ditto_acl_alloc(named->count);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = named->flags & DITTO_ACL_FLAGS;
	memcpy(acl->aces, named->aces, array_size(named->count, sizeof(named->aces[0])));
	if (!(set->valid & DITTO_SET_MODE))
		return acl;
	mode = (set->mode & 0777) | (inode_of(ch)->i_mode & S_IFMT);
	if (how == DITTO_CHMOD_PASSTHROUGH || how == DITTO_CHMOD_RESTRICTED)
		fits = ditto_acl_chmod_classes(acl, mode, new_uid(ch, set), new_gid(ch, set));
	else
		fits = ditto_acl_chmod(acl, mode, new_uid(ch, set), new_gid(ch, set));
	ditto_acl_put(acl);
	return fits;
}

/*
 * True if the list in force is one of Samba, which would not be in force any more although neither
 * list nor permission bits are set: it belongs to an owner, a group and set-id bits. It is stored
 * as a list of this server then.
 */
static bool acl_change_outdates(const struct ditto_acl_change *ch, const struct ditto_setattr *set)
{
	umode_t mode = inode_of(ch)->i_mode & S_IALLUGO;

	if (!ch->from || !(ch->from->flags & DITTO_ACL_NTACL) || set->valid & DITTO_SET_ACL)
		return false;
	if (set->valid & DITTO_SET_MODE && (set->mode & 0777) != ch->mode_from)
		return false;
	return set->valid & (DITTO_SET_UID | DITTO_SET_GID) ||
	       (set->valid & DITTO_SET_MODE && (set->mode & S_IALLUGO) != mode);
}

/*
 * True if owner or group change, and the list gives the new ones other permission bits: its entries
 * with numbers count for those who are owner and group (ditto_acl_mode()).
 */
static bool acl_change_moves(const struct ditto_acl_change *ch, const struct ditto_setattr *set)
{
	kuid_t uid = new_uid(ch, set);
	kgid_t gid = new_gid(ch, set);

	if (!ch->from || ch->from->flags & DITTO_ACL_DAMAGED || set->valid & DITTO_SET_ACL)
		return false;
	if (set->valid & DITTO_SET_MODE && (set->mode & 0777) != ch->mode_from)
		return false;
	if (uid_eq(uid, ditto_owner_of(ch->op->share, inode_of(ch))) &&
	    gid_eq(gid, ditto_group_of(ch->op->share, inode_of(ch))))
		return false;
	return (ditto_acl_mode(ch->from, uid, gid) & 0777) != ch->mode_from;
}

/*
 * Prepare a change of a file's list. @dentry: the file, inode locked; @node: node of the file, or
 * NULL if it is new. Return: 1 if a list changes, 0 if not, or a negative errno.
 */
int ditto_acl_change_init(struct ditto_acl_change *ch, struct ditto_op *op,
			  struct dentry *dentry, struct ditto_node *node,
			  const struct ditto_setattr *set)
{
	struct inode *inode = d_inode(dentry);
	*ch = (struct ditto_acl_change) {
		.op = op,
		.dentry = dentry,
		.node = node,
		.mode_from = inode->i_mode & 0777,
	};
	if (S_ISLNK(inode->i_mode) ||
	    !(set->valid & (DITTO_SET_ACL | DITTO_SET_MODE | DITTO_SET_UID | DITTO_SET_GID)))
		return 0;
	if (node)
		ch->from = ditto_acl_in_force(op->share, node);
	if (IS_ERR(ch->from))
		return PTR_ERR(ch->from);
	if (acl_change_outdates(ch, set) || acl_change_moves(ch, set)) {
		ch->to = ditto_acl_hold(ch->from);
		ch->mode_to = ditto_acl_mode(ch->to, new_uid(ch, set), new_gid(ch, set)) & 0777;
		return 1;
	}
	if (!(set->valid & DITTO_SET_ACL) &&
	    (!ch->from || !(set->valid & DITTO_SET_MODE) ||
	     (set->mode & 0777) == ch->mode_from))
		return 0;
	ch->to = new_list(ch, set, ditto_share_acl_mode(op->share));
	if (IS_ERR(ch->to))
		return PTR_ERR(ch->to);
	if (set->valid & DITTO_SET_MODE)
		ch->mode_to = set->mode & 0777;
	else if (ch->to)
		ch->mode_to = ditto_acl_mode(ch->to, new_uid(ch, set), new_gid(ch, set)) & 0777;
	else
		ch->mode_to = ch->mode_from;
	return 1;
}

/*
 * Store the new list. At no moment is anything permitted that neither the old nor the new state
 * permits: the mode is first reduced to the bits that both have. Context: the inode is locked.
 * Return: 0, or a negative errno with nothing changed.
 */
int ditto_acl_change_begin(struct ditto_acl_change *ch)
{
	const struct cred *as = ditto_cred_privileged(ch->op->cred, DITTO_PRIVILEGE_SERVER);
	struct ditto_share *share = ch->op->share;
	const struct cred *old;
	int err;

	lockdep_assert_held_write(&inode_of(ch)->i_rwsem);
	if (!as)
		return -ENOMEM;
	old = ditto_act_as(as);
	/* The POSIX ACLs that a list replaces; removing a list does not remove them. */
	if (ch->to) {
		ch->access = ditto_find_posix_acl(share, ch->dentry, XATTR_NAME_POSIX_ACL_ACCESS);
		if (S_ISDIR(inode_of(ch)->i_mode))
			ch->dflt = ditto_find_posix_acl(share, ch->dentry,
							XATTR_NAME_POSIX_ACL_DEFAULT);
	}
	err = PTR_ERR_OR_ZERO(ch->access) ?: PTR_ERR_OR_ZERO(ch->dflt);
	if (err)
		goto leave;
	err = set_mode(ch, ch->mode_from & ch->mode_to);
	if (err)
		goto leave;

	if (ch->to)
		err = acl_store(ch->op, ch->dentry, ch->to, ch->mode_to);
	else
		err = acl_clear(ch->op, ch->dentry, ch->mode_to);
	if (!err && ch->access) {
		err = set_posix(ch, ACL_TYPE_ACCESS, NULL);
		ch->took_access = !err;
	}
	if (!err && ch->dflt) {
		err = set_posix(ch, ACL_TYPE_DEFAULT, NULL);
		ch->took_default = !err;
	}
	acl_set_forget(ch);
	if (err)
		acl_set_undo(ch);
leave:
	ditto_op_leave(old);
	return err;
}

/*
 * Set the final mode, or undo the change. Context: the inode is locked. Return: @err, or the error
 * of setting the mode.
 */
int ditto_acl_change_end(struct ditto_acl_change *ch, int err)
{
	const struct cred *old = ditto_act_as(ch->op->srv->nodes->cred);

	if (!err)
		err = set_mode(ch, ch->mode_to);
	if (err)
		acl_set_undo(ch);
	ditto_op_leave(old);
	return err;
}

/* Release the references of a change. Context: any. */
void ditto_acl_change_drop(struct ditto_acl_change *ch)
{
	if (!IS_ERR_OR_NULL(ch->access))
		posix_acl_release(ch->access);
	if (!IS_ERR_OR_NULL(ch->dflt))
		posix_acl_release(ch->dflt);
	if (!IS_ERR_OR_NULL(ch->from))
		ditto_acl_put(ch->from);
	if (!IS_ERR_OR_NULL(ch->to))
		ditto_acl_put(ch->to);
}

/*
 * Remove a stored list that is not in force. Called before a POSIX ACL is set: a list that such an
 * ACL overrides would come into force again once the ACL is removed. A list in force is kept.
 * Context: the inode is not locked. Return: 0 or a negative errno.
 */
int ditto_acl_drop_inert(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry)
{
	struct ditto_acl *acl;
	const struct cred *old;
	int err = 0;

	inode_lock(node->inode);
	acl = ditto_acl_in_force(op->share, node);
	if (!acl) {
		old = ditto_act_as(op->srv->nodes->cred);
		err = acl_clear(op, dentry, node->inode->i_mode);
		ditto_acl_forget(node);
		ditto_op_leave(old);
	} else if (IS_ERR(acl)) {
		err = PTR_ERR(acl);
	} else {
		ditto_acl_put(acl);
	}
	inode_unlock(node->inode);
	return err;
}

/*
 * Replace the stored list by a POSIX access ACL. One step under the inode lock. The POSIX ACL is in
 * force as soon as it is set; if the list cannot be removed then, the ACL is removed again.
 * Context: the inode is not locked. Return: 0, or a negative errno with nothing changed.
 */
int ditto_acl_replace_by_posix(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct posix_acl *posix,
			       const struct cred *as)
{
	struct ditto_acl_change ch = { .op = op, .dentry = dentry, .node = node };
	struct inode *inode = node->inode;
	const struct cred *old, *server;
	umode_t mode, both;
	int err;

	inode_lock(inode);
	mode = inode->i_mode;
	err = posix_acl_equiv_mode(posix, &mode);
	if (err < 0)
		goto unlock;
	err = -EPERM;
	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		goto unlock;

	ch.mode_from = inode->i_mode & 0777;
	both = ch.mode_from & mode;
	old = ditto_act_as(op->srv->nodes->cred);
	err = set_mode(&ch, both);
	if (err)
		goto leave;
	/* The caller's credential lets the VFS clear the set-group-id bit of a foreign group. */
	server = ditto_act_as(as);
	err = set_posix(&ch, ACL_TYPE_ACCESS, posix);
	ditto_op_leave(server);
	if (!err) {
		err = acl_clear(op, dentry, mode);
		if (err && (set_mode(&ch, both) || set_posix(&ch, ACL_TYPE_ACCESS, NULL)))
			pr_warn_ratelimited("share %s: inode %llu: its list could not be put back (%d)\n",
					    op->share->name, (u64)inode->i_ino, err);
	}
	acl_set_forget(&ch);
	if (err)
		set_mode(&ch, ch.mode_from);
leave:
	ditto_op_leave(old);
unlock:
	inode_unlock(inode);
	return err;
}
