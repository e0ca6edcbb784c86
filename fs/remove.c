// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing names, and giving a file another one.
 */

#include <linux/dcache.h>
#include <linux/fs.h>

#include "node.h"
#include "op_private.h"

static int unlink_locked(struct ditto_change *c, bool is_dir)
{
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);
	struct inode *delegated = NULL;
	int err;

	if (is_dir)
		return vfs_rmdir(idmap, c->dir->inode, c->child);
	err = vfs_unlink(idmap, c->dir->inode, c->child, &delegated);
	return ditto_no_deleg_wait(err, delegated);
}

/* @victim is kept until no lock is held any more: its data may go with it. */
static int remove_locked(struct ditto_change *c, bool is_dir, struct ditto_node **victim)
{
	struct ditto_node *node;

	if (d_is_negative(c->child))
		return -ENOENT;
	/* Mounted in any namespace: the VFS would unmount it in the others. */
	if (d_mountpoint(c->child))
		return -EBUSY;
	node = ditto_node_get(c->op->share, c->child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	*victim = node;
	return ditto_ask(c->op, node, DITTO_INTENT_REMOVE) ?:
	       ditto_ask(c->op, c->dir, DITTO_INTENT_ENTRY) ?:
	       unlink_locked(c, is_dir);
}

int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc)
{
	struct ditto_node *victim = NULL;
	struct ditto_change c;
	int err;

	/* RFC 1813 section 3.3.13 has the errors for the dots. */
	err = ditto_change_init(&c, op, dir, wcc) ?:
	      ditto_name_plain(name, -EINVAL, is_dir ? -EEXIST : -EINVAL) ?:
	      ditto_change_begin(&c, name) ?:
	      remove_locked(&c, is_dir, &victim);
	ditto_change_unlock(&c);
	if (!err) {
		ditto_node_forget(victim);
		ditto_done(op, victim, DITTO_INTENT_REMOVE);
		ditto_change_tell(&c, DITTO_ENTRY_REMOVED, name, NULL);
		err = ditto_commit(op->share, c.parent, false);
	}
	ditto_change_end(&c);
	if (victim)
		ditto_node_put(victim);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_remove, DITTO);

static int link_locked(struct ditto_change *c, struct ditto_node *node, struct dentry *dentry)
{
	struct inode *delegated = NULL;
	int err;

	if (d_is_positive(c->child))
		return -EEXIST;
	err = ditto_ask(c->op, node, DITTO_INTENT_LINK) ?:
	      ditto_ask(c->op, c->dir, DITTO_INTENT_ENTRY);
	if (err)
		return err;
	err = vfs_link(dentry, ditto_idmap(c->op->share), c->dir->inode, c->child, &delegated);
	return ditto_no_deleg_wait(err, delegated);
}

static int check_link(struct ditto_op *op, const struct ditto_node *node,
		      const struct ditto_op *op_to)
{
	if (op->share != op_to->share)
		return -EXDEV;
	if (S_ISDIR(node->inode->i_mode))
		return -EISDIR;
	return op->writable ? 0 : -EROFS;
}

int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name,
	       struct ditto_wcc *wcc)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_change c;
	int err;

	err = ditto_change_init(&c, op_to, dir, wcc) ?:
	      check_link(op, node, op_to) ?:
	      ditto_name_plain(name, -EEXIST, -EEXIST) ?:
	      ditto_change_begin(&c, name) ?:
	      link_locked(&c, node, dentry);
	ditto_change_unlock(&c);
	if (!err) {
		ditto_done(op_to, node, DITTO_INTENT_LINK);
		ditto_change_tell(&c, DITTO_ENTRY_ADDED, name, NULL);
		err = ditto_commit(op->share, dentry, true) ?:
		      ditto_commit(op->share, c.parent, false);
	}
	ditto_change_end(&c);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_link, DITTO);
