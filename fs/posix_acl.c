// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX access control lists.
 */

#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#include "acl_file.h"
#include "node.h"
#include "op_private.h"

static const char *acl_name(int type)
{
	return type == ACL_TYPE_DEFAULT ? XATTR_NAME_POSIX_ACL_DEFAULT :
					  XATTR_NAME_POSIX_ACL_ACCESS;
}

/*
 * The VFS hands out the ACL as the file system has it; an idmapped mount
 * shows other ids. vfs_set_acl() does the way back itself.
 *
 * Consumes @acl.
 */
static struct posix_acl *map_ids(struct mnt_idmap *idmap, struct user_namespace *ns,
				 struct posix_acl *acl)
{
	struct posix_acl *mapped;
	unsigned int i;

	if (idmap == &nop_mnt_idmap)
		return acl;

	mapped = posix_acl_clone(acl, GFP_KERNEL);
	posix_acl_release(acl);
	if (!mapped)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < mapped->a_count; i++) {
		struct posix_acl_entry *e = &mapped->a_entries[i];

		if (e->e_tag == ACL_USER)
			e->e_uid = vfsuid_into_kuid(make_vfsuid(idmap, ns, e->e_uid));
		else if (e->e_tag == ACL_GROUP)
			e->e_gid = vfsgid_into_kgid(make_vfsgid(idmap, ns, e->e_gid));
	}
	return mapped;
}

/* The credential is in place. */
static struct posix_acl *get_acl(struct ditto_op *op, struct dentry *dentry, int type)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = d_inode(dentry);
	struct posix_acl *acl;

	acl = vfs_get_acl(idmap, dentry, acl_name(type));
	if (!IS_ERR(acl))
		return map_ids(idmap, i_user_ns(inode), acl);
	if (acl != ERR_PTR(-ENODATA))
		return acl;
	return type == ACL_TYPE_ACCESS ? posix_acl_from_mode(inode->i_mode, GFP_KERNEL) : NULL;
}

struct posix_acl *ditto_get_posix_acl(struct ditto_op *op, struct ditto_node *node, int type)
{
	struct dentry *dentry;
	const struct cred *old;
	struct posix_acl *acl;

	/* No file system keeps one elsewhere, but some would look for it. */
	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(node->inode->i_mode))
		return NULL;

	dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);
	acl = get_acl(op, dentry, type);
	ditto_op_leave(old);
	dput(dentry);
	return acl;
}
EXPORT_SYMBOL_NS_GPL(ditto_get_posix_acl, DITTO);

/* Who may write the list may write what stands for it. The stored one goes, if there is any. */
static int replace_acl(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       int type, struct posix_acl *acl)
{
	const struct cred *as = current_cred(), *old;
	u32 rights;
	int ret;

	ret = ditto_acl_judge(op, node, &rights);
	if (ret < 0)
		return ret;
	if (ret && !(rights & DITTO_RIGHT_WRITE_ACL))
		return -EACCES;
	if (ret)
		as = ditto_cred_raised(op->cred, DITTO_RAISE_OWNER);
	if (!as)
		return -ENOMEM;
	old = ditto_act(as);
	ret = vfs_set_acl(ditto_idmap(op->share), dentry, acl_name(type), acl);
	ditto_op_leave(old);
	/* Until here the list counts, and after it the other one; that for new files is beside it. */
	if (!ret && type == ACL_TYPE_ACCESS)
		ret = ditto_acl_drop_stored(op, node, dentry);
	return ret;
}

/* The credential is in place and the mount may be written. */
static int set_acl(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		   int type, struct posix_acl *acl)
{
	int err;

	err = ditto_ask(op, node, DITTO_INTENT_SETATTR);
	if (err)
		return err;
	/* vfs_set_acl() would wait for it. */
	err = ditto_no_wait(break_deleg(node->inode, O_WRONLY | O_NONBLOCK));
	if (!err)
		err = replace_acl(op, node, dentry, type, acl);
	if (err)
		return err;
	ditto_done(op, node, DITTO_INTENT_SETATTR);
	ditto_child_changed(op, node, DITTO_CHANGED_SECURITY);
	return ditto_op_commit(op, dentry, false);
}

int ditto_set_posix_acl(struct ditto_op *op, struct ditto_node *node, int type,
			struct posix_acl *acl)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct dentry *dentry;
	const struct cred *old;
	int err;

	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(node->inode->i_mode))
		return acl ? -EACCES : 0;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;

	dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);
	err = set_acl(op, node, dentry, type, acl);
	ditto_op_leave(old);
	dput(dentry);
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_set_posix_acl, DITTO);
