// SPDX-License-Identifier: GPL-2.0-only
/* POSIX ACLs of files, and their effect on stored access control lists. */

#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#include "../node/node.h"
#include "acl_set_private.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "op_private.h"

static const char *acl_name(int type)
{
	return type == ACL_TYPE_DEFAULT ? XATTR_NAME_POSIX_ACL_DEFAULT :
					  XATTR_NAME_POSIX_ACL_ACCESS;
}

/* Reverse of posix_acl_map(), as in vfs_set_acl(). Returns a copy, to be released. */
static struct posix_acl *unmap_ids(struct mnt_idmap *idmap, struct user_namespace *ns,
				   const struct posix_acl *acl)
{
	struct posix_acl *unmapped = posix_acl_clone(acl, GFP_KERNEL);

	if (!unmapped)
		return ERR_PTR(-ENOMEM);
	for (unsigned int i = 0; idmap != &nop_mnt_idmap && i < unmapped->a_count; i++) {
		struct posix_acl_entry *e = &unmapped->a_entries[i];

		if (e->e_tag == ACL_USER)
			e->e_uid = from_vfsuid(idmap, ns, VFSUIDT_INIT(e->e_uid));
		else if (e->e_tag == ACL_GROUP)
			e->e_gid = from_vfsgid(idmap, ns, VFSGIDT_INIT(e->e_gid));
	}
	return unmapped;
}

/* Get the credential to set it: the right to write the list includes its POSIX form. */
static int posix_acl_access(struct ditto_op *op, struct ditto_node *node, const struct cred **as)
{
	u32 rights;
	int ret;

	*as = current_cred();
	ret = ditto_acl_access(op, node, &rights);
	if (ret < 0)
		return ret;
	/* The VFS checks that, too, but after grants were broken. */
	if (!ret)
		return !IS_POSIXACL(node->inode) ||
		       inode_owner_or_capable(ditto_idmap(op->share), node->inode) ? 0 : -EPERM;
	if (!(rights & DITTO_RIGHT_WRITE_ACL))
		return -EACCES;
	*as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_OWNER);
	return *as ? 0 : -ENOMEM;
}

/* @listed: a stored list is in force, which the ACL replaces. @as: credential for the change. */
static int replace_acl(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       int type, struct posix_acl *acl, bool listed, const struct cred *as)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	const struct cred *old;
	struct posix_acl *own;
	int err;

	if (listed) {
		own = unmap_ids(idmap, i_user_ns(node->inode), acl);
		if (IS_ERR(own))
			return PTR_ERR(own);
		err = ditto_acl_replace_by_posix(op, node, dentry, own, as);
		posix_acl_release(own);
		return err;
	}
	if (type == ACL_TYPE_ACCESS && ditto_acl_is_supported(op)) {
		err = ditto_acl_drop_inert(op, node, dentry);
		if (err)
			return err;
	}
	old = ditto_act_as(as);
	err = vfs_set_acl(idmap, dentry, acl_name(type), acl);
	ditto_op_leave(old);
	return err;
}

/*
 * An access ACL that is equivalent to a mode is treated as a chmod: clients send one with every
 * default ACL, and when they copy a file with its mode. The stored list is kept or changed
 * according to acl-mode.
 */
static noinline_for_stack int set_mode(struct ditto_op *op, struct ditto_node *node,
				       struct dentry *dentry, const struct posix_acl *acl)
{
	struct ditto_setattr set = {
		.valid = DITTO_SET_MODE,
		.mode = node->inode->i_mode & S_IALLUGO,
	};
	struct ditto_wcc wcc;

	if (acl)
		posix_acl_equiv_mode(acl, &set.mode);
	return ditto_setattr_dentry(op, node, dentry, &set, &wcc);
}

/**
 * ditto_set_posix_acl - set or remove a POSIX ACL
 * @op: the caller
 * @node: held
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 * @acl: the ACL; NULL removes it
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EOPNOTSUPP, -EACCES, -EPERM, -EROFS, -EJUKEBOX and others.
 */
int ditto_set_posix_acl(struct ditto_op *op, struct ditto_node *node, int type,
			struct posix_acl *acl)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct ditto_acl *list = NULL;
	const struct cred *as, *old;
	struct dentry *dentry;
	int err, changing;
	bool listed;

	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(node->inode->i_mode))
		return acl ? -EACCES : 0;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);

	/* An access ACL replaces a stored list that is in force. */
	if (type == ACL_TYPE_ACCESS)
		list = ditto_acl_in_force(op->share, node);
	err = PTR_ERR_OR_ZERO(list);
	if (err)
		goto leave;
	listed = list;
	ditto_acl_put(list);
	err = acl ? posix_acl_valid(&init_user_ns, acl) : 0;
	if (err)
		goto leave;
	if (listed && (!acl || !posix_acl_equiv_mode(acl, NULL))) {
		err = set_mode(op, node, dentry, acl);
		goto leave;
	}
	err = posix_acl_access(op, node, &as) ?: ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	if (err)
		goto leave;
	/* The steps below do not wait for the break. */
	err = ditto_no_wait(break_deleg(node->inode, O_WRONLY | O_NONBLOCK));
	if (err)
		goto leave;
	changing = ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	err = min(changing, 0) ?: replace_acl(op, node, dentry, type, acl, listed, as);
	ditto_worm_change_end(op, node, changing);
	if (err)
		goto leave;
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	ditto_child_changed(op, node, DITTO_CHANGED_SECURITY);
	err = ditto_op_commit(op, dentry, false);
leave:
	ditto_op_leave(old);
	dput(dentry);
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_set_posix_acl, "DITTO");
