// SPDX-License-Identifier: GPL-2.0-only
/* Setting and inheriting audit lists of files, see fs/op/check/audit_list.h. */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "check/acl_file.h"
#include "check/audit_list.h"
#include "check/lock_check_private.h"
#include "op_private.h"

/* Store or remove a list. The inode is locked. */
static int audit_list_store(struct ditto_op *op, struct dentry *dentry,
			    const struct ditto_acl *list)
{
	const struct cred *as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER), *old;
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	void *bytes = NULL;
	size_t size = 0;
	int err;

	lockdep_assert_held_write(&d_inode(dentry)->i_rwsem);
	if (!as)
		return -ENOMEM;
	if (list) {
		size = ditto_acl_stored_size(list);
		bytes = kvmalloc(size, GFP_KERNEL);
		if (!bytes)
			return -ENOMEM;
		ditto_audit_list_encode(list, bytes);
	}
	old = ditto_act_as(as);
	if (list)
		err = __vfs_setxattr_locked(idmap, dentry, DITTO_AUDIT_XATTR, bytes, size, 0, NULL);
	else
		err = __vfs_removexattr_locked(idmap, dentry, DITTO_AUDIT_XATTR, NULL);
	ditto_op_leave(old);
	kvfree(bytes);
	err = ditto_no_wait(err);
	return !list && err == -ENODATA ? 0 : err;
}

/* Check and store, with write access to the mount. */
static int audit_list_change(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			     const struct ditto_acl *list)
{
	struct inode *inode = node->inode;
	int err, changing;

	err = ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	changing = err ?: ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	err = min(changing, 0);
	if (err)
		return err;
	inode_lock(inode);
	err = IS_IMMUTABLE(inode) || IS_APPEND(inode) ? -EPERM :
	      audit_list_store(op, dentry, list);
	ditto_acl_forget(node);
	inode_unlock(inode);
	ditto_worm_change_end(op, node, changing);
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (err)
		return err;
	ditto_child_changed(op, node, DITTO_CHANGED_SECURITY);
	return ditto_op_commit(op, dentry, false);
}

/**
 * ditto_set_audit_list - set or remove the audit list of a file
 * @op: the caller; DITTO_RIGHT_SECURITY must have been granted at open
 * @node: held
 * @list: the list; NULL removes it, as does one without entries and flags
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EACCES, -EROFS, -EPERM (immutable), -EOPNOTSUPP (the file cannot have one), -EINVAL,
 * -ENOSPC, -EDQUOT, -EJUKEBOX and others.
 */
int ditto_set_audit_list(struct ditto_op *op, struct ditto_node *node,
			 const struct ditto_acl *list)
{
	struct vfsmount *mnt = op->share->root.mnt;
	const struct cred *old;
	struct dentry *dentry;
	int err;

	if (!(op->held & DITTO_RIGHT_SECURITY))
		return -EACCES;
	if (list && !list->count && !(list->flags & DITTO_ACL_FLAGS))
		list = NULL;
	if (!node->volume->has_acls || S_ISLNK(node->inode->i_mode))
		return list ? -EOPNOTSUPP : 0;
	err = list ? ditto_audit_list_check(list, S_ISDIR(node->inode->i_mode)) : 0;
	if (err)
		return err;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);
	err = audit_list_change(op, node, dentry, list);
	ditto_op_leave(old);
	dput(dentry);
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_set_audit_list, "DITTO");

/*
 * Give a new file what it inherits. @dir: directory of the new file, held. Context: the directory's
 * inode is locked. Return: 0 or a negative errno.
 */
int ditto_inherit_audit_list(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_acl *of_dir, *list;
	int err = 0;

	if (likely(ditto_has_no_audit_list(dir)) || S_ISLNK(inode->i_mode))
		return 0;
	of_dir = ditto_get_audit_list(op->share, dir);
	if (IS_ERR_OR_NULL(of_dir))
		return PTR_ERR_OR_ZERO(of_dir);
	list = ditto_acl_inherit(of_dir, S_ISDIR(inode->i_mode));
	ditto_acl_put(of_dir);
	if (IS_ERR_OR_NULL(list))
		return PTR_ERR_OR_ZERO(list);
	inode_lock(inode);
	err = audit_list_store(op, dentry, list);
	inode_unlock(inode);
	ditto_acl_put(list);
	return err;
}
