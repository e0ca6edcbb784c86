// SPDX-License-Identifier: GPL-2.0-only
/*
 * Audit lists of files: storing, caching and inheriting; see audit_list.h.
 *
 * Locking: node->audit is changed under node->lock and read under RCU, like node->acl; both are
 * invalidated by node->acl_changes, see fs/op/check/acl.c. The attribute is changed with the inode
 * locked.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../../net/server.h"
#include "acl_file.h"
#include "audit_list.h"

/* Attempts to read a list that others are changing. */
#define LOADS_MAX	16

struct ditto_acl ditto_audit_none;

/* Free what was cached with a node; NULL is allowed. Any context. */
void ditto_audit_list_free(struct ditto_acl *list)
{
	if (list != &ditto_audit_none)
		ditto_acl_put(list);
}

/*
 * Drop the cached audit list of a node because it may have changed. @node: has @acl_changes
 * incremented; its lock is held. Context: atomic. Return: the list, for ditto_audit_list_free().
 */
struct ditto_acl *ditto_audit_list_forget(struct ditto_node *node)
{
	lockdep_assert_held(&node->lock);
	return rcu_replace_pointer(node->audit, NULL, lockdep_is_held(&node->lock));
}

/* Read the stored list; NULL if there is none. The server's credential is in place. */
static struct ditto_acl *audit_list_read(struct ditto_share *share, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_acl *list;
	ssize_t len;
	void *bytes;

	if (!(inode->i_opflags & IOP_XATTR))
		return NULL;
	len = __vfs_getxattr(dentry, inode, DITTO_AUDIT_XATTR, NULL, 0);
	if (len == -ENODATA || len == -EOPNOTSUPP)
		return NULL;
	if (len < 0)
		return ERR_PTR(len);
	list = ERR_PTR(-EUCLEAN);
	if (len && len <= DITTO_ACL_STORED_MAX) {
		bytes = kvmalloc(len, GFP_KERNEL);
		if (!bytes)
			return ERR_PTR(-ENOMEM);
		len = __vfs_getxattr(dentry, inode, DITTO_AUDIT_XATTR, bytes, len);
		if (len > 0)
			list = ditto_audit_list_decode(bytes, len);
		kvfree(bytes);
	}
	if (len == -ENODATA)
		return NULL;
	if (list != ERR_PTR(-EUCLEAN))
		return list;
	pr_warn_ratelimited("share %s: inode %llu has a damaged %s, and nothing is recorded by it\n",
			    share->name, (u64)inode->i_ino, DITTO_AUDIT_XATTR);
	return NULL;
}

/* Cache what was read, and take a reference to a list. Return: false if it is stale by now. */
static bool audit_list_keep(struct ditto_node *node, struct ditto_acl *list, u32 count)
{
	struct ditto_acl *old = NULL;
	bool fresh;

	spin_lock(&node->lock);
	fresh = node->acl_changes == count;
	if (fresh)
		old = rcu_replace_pointer(node->audit, list ? ditto_acl_hold(list) :
					  &ditto_audit_none, lockdep_is_held(&node->lock));
	spin_unlock(&node->lock);
	ditto_audit_list_free(old);
	return fresh;
}

static struct ditto_acl *audit_list_load(struct ditto_share *share, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	const struct cred *old;
	struct ditto_acl *list;
	u32 count;

	for (int i = 0; i < LOADS_MAX; i++) {
		spin_lock(&node->lock);
		count = node->acl_changes;
		spin_unlock(&node->lock);
		old = ditto_act_as(share->srv->nodes->cred);
		list = audit_list_read(share, dentry);
		ditto_op_leave(old);
		if (IS_ERR(list))
			goto out;
		if (list)
			list = ditto_acl_intern(list);
		if (audit_list_keep(node, list, count))
			goto out;
		ditto_acl_put(list);
	}
	list = ERR_PTR(-EJUKEBOX);
out:
	dput(dentry);
	return list;
}

/**
 * ditto_get_audit_list - get the audit list of a file
 * @share: share the file was reached through
 * @node: held
 *
 * Permission is not checked. A stored list that is damaged counts as none, and is logged.
 *
 * Context: may sleep; inode locks may be held.
 * Return: the list, to be put; NULL without one; ERR_PTR(-ENOMEM), ERR_PTR(-EJUKEBOX) (others keep
 * changing it), or an ERR_PTR of the file system.
 */
struct ditto_acl *ditto_get_audit_list(struct ditto_share *share, struct ditto_node *node)
{
	struct ditto_acl *list;

	rcu_read_lock();
	list = rcu_dereference(node->audit);
	/* A count of zero means that it was just removed from the node. */
	if (list && list != &ditto_audit_none && !refcount_inc_not_zero(&list->ref))
		list = NULL;
	rcu_read_unlock();
	if (!list)
		return audit_list_load(share, node);
	return list == &ditto_audit_none ? NULL : list;
}
EXPORT_SYMBOL_NS_GPL(ditto_get_audit_list, "DITTO");
