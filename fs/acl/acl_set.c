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

#include "acl_file.h"

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
	struct inode *delegated = NULL;
	int err;

	if ((inode->i_mode & 0777) == nine)
		return 0;
	err = notify_change(ditto_idmap(ch->op->share), ch->dentry, &ia, &delegated);
	return ditto_no_deleg_wait(err, delegated);
}

static int remove_stored(struct ditto_op *op, struct dentry *dentry)
{
	struct inode *delegated = NULL;
	int err;

	if (!(d_inode(dentry)->i_opflags & IOP_XATTR))
		return 0;
	err = __vfs_removexattr_locked(ditto_idmap(op->share), dentry, DITTO_ACL_XATTR,
				       &delegated);
	err = ditto_no_deleg_wait(err, delegated);
	return err == -ENODATA || err == -EOPNOTSUPP ? 0 : err;
}

/* The server's credential is in place. */
static int acl_set_store(const struct ditto_acl_change *ch,
			 const struct ditto_acl *acl, umode_t mode)
{
	struct inode *delegated = NULL;
	size_t size;
	void *bytes;
	int err;

	if (!acl)
		return remove_stored(ch->op, ch->dentry);
	size = ditto_acl_stored_size(acl);
	bytes = kvmalloc(size, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	ditto_acl_encode(acl, mode, bytes);
	err = __vfs_setxattr_locked(ditto_idmap(ch->op->share), ch->dentry, DITTO_ACL_XATTR,
				    bytes, size, 0, &delegated);
	kvfree(bytes);
	return ditto_no_deleg_wait(err, delegated);
}

static struct posix_acl *find_posix(const struct ditto_acl_change *ch, const char *name)
{
	return ditto_find_posix_acl(ch->op->share, ch->dentry, name);
}

/* Get the POSIX ACLs that a list replaces, so that they can be put back. */
static int find_posix_acls(struct ditto_acl_change *ch)
{
	ch->access = find_posix(ch, XATTR_NAME_POSIX_ACL_ACCESS);
	if (S_ISDIR(inode_of(ch)->i_mode))
		ch->dflt = find_posix(ch, XATTR_NAME_POSIX_ACL_DEFAULT);
	return PTR_ERR_OR_ZERO(ch->access) ?: PTR_ERR_OR_ZERO(ch->dflt);
}

static int set_posix(const struct ditto_acl_change *ch, int type, struct posix_acl *acl)
{
	int err = set_posix_acl(ditto_idmap(ch->op->share), ch->dentry, type, acl);

	/* As vfs_set_acl() does: notify other users of fsnotify that cache lists. */
	if (!err)
		fsnotify_xattr(ch->dentry);
	return err;
}

static int take_posix_acls(struct ditto_acl_change *ch)
{
	int err = 0;

	if (ch->access) {
		err = set_posix(ch, ACL_TYPE_ACCESS, NULL);
		ch->took_access = !err;
	}
	if (!err && ch->dflt) {
		err = set_posix(ch, ACL_TYPE_DEFAULT, NULL);
		ch->took_default = !err;
	}
	return err;
}

/* Restore the old state. It had room before, so quotas must not prevent this. */
static void acl_set_undo(struct ditto_acl_change *ch)
{
	const struct cred *old = ditto_act(ch->op->srv->nodes->cred);
	int err = 0;

	if (ch->took_default)
		err = set_posix(ch, ACL_TYPE_DEFAULT, ch->dflt);
	if (ch->took_access)
		err = set_posix(ch, ACL_TYPE_ACCESS, ch->access) ?: err;
	err = acl_set_store(ch, ch->from, ch->mode_from) ?: err;
	acl_set_forget(ch);
	/* Only with the old list in place: with the new one the file could permit more. */
	err = err ?: set_mode(ch, ch->mode_from);
	if (err)
		pr_warn_ratelimited("share %s: inode %lu: its list could not be put back (%d)\n",
				    ch->op->share->name, inode_of(ch)->i_ino, err);
	ditto_op_leave(old);
}

static struct ditto_acl *copy_acl(const struct ditto_acl *acl)
{
	struct ditto_acl *copy = ditto_acl_alloc(acl->count);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->flags = acl->flags & DITTO_ACL_FLAGS;
	memcpy(copy->aces, acl->aces, array_size(acl->count, sizeof(acl->aces[0])));
	return copy;
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
	acl = copy_acl(named);
	if (IS_ERR(acl) || !(set->valid & DITTO_SET_MODE))
		return acl;
	mode = (set->mode & 0777) | (inode_of(ch)->i_mode & S_IFMT);
	if (how == DITTO_CHMOD_PASSTHROUGH || how == DITTO_CHMOD_RESTRICTED)
		fits = ditto_acl_chmod_classes(acl, mode, new_uid(ch, set), new_gid(ch, set));
	else
		fits = ditto_acl_chmod(acl, mode, new_uid(ch, set), new_gid(ch, set));
	ditto_acl_put(acl);
	return fits;
}

/* Get the list after a change of the mode alone. */
static struct ditto_acl *list_after_chmod(const struct ditto_acl_change *ch,
					  const struct ditto_setattr *set,
					  enum ditto_chmod how)
{
	if (how == DITTO_CHMOD_DISCARD)
		return NULL;
	if (how == DITTO_CHMOD_RESTRICTED && !ditto_acl_names_nobody(ch->from))
		return ERR_PTR(-EPERM);
	return new_list(ch, set, how);
}

int ditto_acl_change_init(struct ditto_acl_change *ch, struct ditto_op *op,
			  struct dentry *dentry, struct ditto_node *node,
			  const struct ditto_setattr *set)
{
	struct inode *inode = d_inode(dentry);
	enum ditto_chmod how;

	*ch = (struct ditto_acl_change) {
		.op = op,
		.dentry = dentry,
		.node = node,
		.mode_from = inode->i_mode & 0777,
	};
	if (S_ISLNK(inode->i_mode) || !(set->valid & (DITTO_SET_ACL | DITTO_SET_MODE)))
		return 0;
	if (node)
		ch->from = ditto_acl_in_force(op->share, node);
	if (IS_ERR(ch->from))
		return PTR_ERR(ch->from);
	if (!(set->valid & DITTO_SET_ACL) &&
	    (!ch->from || (set->mode & 0777) == ch->mode_from))
		return 0;
	how = ditto_share_acl_mode(op->share);
	ch->to = set->valid & DITTO_SET_ACL ? new_list(ch, set, how) :
					      list_after_chmod(ch, set, how);
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

int ditto_acl_change_begin(struct ditto_acl_change *ch)
{
	const struct cred *as = ditto_cred_privileged(ch->op->cred, DITTO_PRIVILEGE_SERVER);
	const struct cred *old;
	int err;

	lockdep_assert_held_write(&inode_of(ch)->i_rwsem);
	if (!as)
		return -ENOMEM;
	old = ditto_act(as);
	/* Removing a list does not remove POSIX ACLs. */
	err = ch->to ? find_posix_acls(ch) : 0;
	if (!err)
		err = set_mode(ch, ch->mode_from & ch->mode_to);
	if (!err) {
		err = acl_set_store(ch, ch->to, ch->mode_to) ?: take_posix_acls(ch);
		acl_set_forget(ch);
		if (err)
			acl_set_undo(ch);
	}
	ditto_op_leave(old);
	return err;
}

int ditto_acl_change_end(struct ditto_acl_change *ch, int err)
{
	const struct cred *old = ditto_act(ch->op->srv->nodes->cred);

	if (!err)
		err = set_mode(ch, ch->mode_to);
	if (err)
		acl_set_undo(ch);
	ditto_op_leave(old);
	return err;
}

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

int ditto_acl_drop_inert(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry)
{
	struct ditto_acl *acl;
	const struct cred *old;
	int err = 0;

	inode_lock(node->inode);
	acl = ditto_acl_in_force(op->share, node);
	if (!acl) {
		old = ditto_act(op->srv->nodes->cred);
		err = remove_stored(op, dentry);
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

/* Replace the list by the POSIX ACL; the server's credential is in place. */
static int posix_swap(struct ditto_acl_change *ch, struct posix_acl *posix, const struct cred *as)
{
	const struct cred *old;
	int err;

	err = set_mode(ch, ch->mode_from & ch->mode_to);
	if (err)
		return err;
	/*
	 * With the caller's credential, so that the set-group-id bit of a foreign group is
	 * cleared.
	 */
	old = ditto_act(as);
	err = set_posix(ch, ACL_TYPE_ACCESS, posix);
	ditto_op_leave(old);
	if (!err) {
		err = remove_stored(ch->op, ch->dentry);
		if (err && (set_mode(ch, ch->mode_from & ch->mode_to) ||
			    set_posix(ch, ACL_TYPE_ACCESS, NULL)))
			pr_warn_ratelimited("share %s: inode %lu: its list could not be put back (%d)\n",
					    ch->op->share->name, inode_of(ch)->i_ino, err);
	}
	acl_set_forget(ch);
	if (err)
		set_mode(ch, ch->mode_from);
	return err;
}

int ditto_acl_replace_by_posix(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct posix_acl *posix,
			       const struct cred *as)
{
	struct ditto_acl_change ch = { .op = op, .dentry = dentry, .node = node };
	struct inode *inode = node->inode;
	const struct cred *old;
	umode_t mode;
	int err;

	inode_lock(inode);
	mode = inode->i_mode;
	err = posix_acl_equiv_mode(posix, &mode);
	if (err >= 0)
		err = IS_IMMUTABLE(inode) || IS_APPEND(inode) ? -EPERM : 0;
	if (!err) {
		ch.mode_from = inode->i_mode & 0777;
		ch.mode_to = mode & 0777;
		old = ditto_act(op->srv->nodes->cred);
		err = posix_swap(&ch, posix, as);
		ditto_op_leave(old);
	}
	inode_unlock(inode);
	return err;
}
