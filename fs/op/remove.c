// SPDX-License-Identifier: GPL-2.0-only
/* Removing names, and giving a file another name. */

#include <linux/dcache.h>
#include <linux/fs.h>

#include "../acl/acl_file.h"
#include "../acl/audit.h"
#include "../name/casefold_index.h"
#include "../name/name_private.h"
#include "../node/node.h"
#include "../open/stream.h"
#include "dir_change_private.h"
#include "lock_check_private.h"
#include "op_private.h"

/*
 * Remove the entry, as @c->child has it. @victim is held by the caller until no lock is held:
 * freeing it may free its data.
 */
static int remove_locked(struct ditto_dir_change *c, bool is_dir, bool now,
			 struct ditto_node **victim)
{
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);
	struct inode *delegated = NULL;
	const struct cred *as, *old;
	struct ditto_node *node;
	int err;

	if (d_is_negative(c->child))
		return -ENOENT;
	/* A mount in any namespace: the VFS would detach it there. */
	if (d_mountpoint(c->child))
		return -EBUSY;
	node = ditto_node_get(c->op->share, c->child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	*victim = node;
	err = ditto_act_remove(c->op, c->dir, node,
			       ditto_has_grants(node) || ditto_has_grants(c->dir), &as);
	if (err)
		return err;
	/* @changer of a directory belongs to the task that changes its entries. */
	if (!is_dir && d_is_dir(c->child))
		return -EISDIR;
	err = ditto_lock_check(c->op, node, DITTO_INTENT_REMOVE);
	if (err && !(now && err == -EJUKEBOX))
		return err;
	err = ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY);
	if (err && !(now && err == -EJUKEBOX))
		return err;

	old = ditto_act(as);
	if (is_dir) {
		err = vfs_rmdir(idmap, c->dir->inode, c->child);
	} else {
		/* ditto_node_forget() follows, so the notification need not queue a worker. */
		WRITE_ONCE(node->changer, current);
		err = vfs_unlink(idmap, c->dir->inode, c->child, &delegated);
		WRITE_ONCE(node->changer, NULL);
	}
	ditto_op_leave(old);
	return ditto_no_deleg_wait(err, delegated);
}

void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim)
{
	if (!victim->inode->i_nlink || IS_DEADDIR(victim->inode))
		ditto_streams_forget(share, victim);
}

/* Remove @dentry, or the file with the name if it is NULL. */
static int do_remove(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		     struct dentry *dentry, bool is_dir, bool now, struct ditto_wcc *wcc)
{
	struct ditto_node *victim = NULL;
	struct ditto_dir_change c;
	int err;

	err = ditto_dir_change_init(&c, op, dir, wcc);
	if (err)
		goto end;
	/* RFC 1813 section 3.3.13 defines the errors for "." and "..". */
	err = ditto_name_plain(name, -EINVAL, is_dir ? -EEXIST : -EINVAL);
	if (err)
		goto end;
	err = ditto_dir_change_begin(&c, name);
	if (err)
		goto end;
	if (dentry) {
		err = ditto_dir_change_child(&c, name, dentry);
		if (err)
			goto end;
	}
	err = remove_locked(&c, is_dir, now, &victim);
	if (err)
		goto end;
	c.removed = name;
	ditto_dir_change_unlock(&c);

	ditto_node_forget(victim);
	ditto_lock_recheck(op, victim, DITTO_INTENT_REMOVE);
	ditto_dir_change_tell(&c, DITTO_ENTRY_REMOVED, name, NULL);
	err = ditto_op_commit(op, c.parent, false);
end:
	ditto_dir_change_end(&c);
	if (victim && (c.removed || err == -EACCES || err == -EPERM || err == -EROFS))
		ditto_audit(op, victim, DITTO_AUDIT_DELETE, DITTO_RIGHT_DELETE, c.removed);
	if (victim) {
		ditto_victim_gone(op->share, victim);
		ditto_node_put(victim);
	}
	return err;
}

int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc)
{
	return do_remove(op, dir, name, NULL, is_dir, false, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_remove, DITTO);

int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now)
{
	struct name_snapshot snapshot;
	struct ditto_node *dir;
	struct dentry *parent;
	struct ditto_name name;
	struct ditto_wcc wcc;
	int err;

	parent = ditto_parent(op->share, dentry);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	dir = ditto_node_get(op->share, parent);
	dput(parent);
	if (IS_ERR(dir))
		return PTR_ERR(dir);

	take_dentry_name_snapshot(&snapshot, dentry);
	name = (struct ditto_name){ .name = snapshot.name.name, .len = snapshot.name.len };
	err = do_remove(op, dir, &name, dentry, d_is_dir(dentry), now, &wcc);
	release_dentry_name_snapshot(&snapshot);
	ditto_node_put(dir);
	return err;
}

int ditto_may_link(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir)
{
	struct inode *inode = node->inode;
	u32 most = inode->i_sb->s_max_links;
	const struct cred *as, *old;
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!inode->i_nlink)
		return -ENOENT;
	if (IS_APPEND(inode) || IS_IMMUTABLE(inode) || !dir->inode->i_op->link)
		return -EPERM;
	if (most && inode->i_nlink >= most)
		return -EMLINK;
	old = ditto_op_enter(op);
	err = ditto_act_on_early(op, dir, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_EXECUTE,
				 MAY_WRITE | MAY_EXEC, &as);
	ditto_op_leave(old);
	return err ?: ditto_lock_check(op, node, DITTO_INTENT_LINK);
}

int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name,
	       struct ditto_wcc *wcc)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct inode *delegated = NULL;
	const struct cred *as, *old;
	struct ditto_dir_change c;
	bool early;
	int err;

	err = ditto_dir_change_init(&c, op_to, dir, wcc);
	if (err)
		goto end;
	err = -EXDEV;
	if (op->share != op_to->share)
		goto end;
	err = -EISDIR;
	if (S_ISDIR(node->inode->i_mode))
		goto end;
	err = -EROFS;
	if (!op->writable)
		goto end;
	err = ditto_name_plain(name, -EEXIST, -EEXIST);
	if (err)
		goto end;
	err = ditto_dir_change_begin(&c, name);
	if (err)
		goto end;

	err = -EEXIST;
	if (d_is_positive(c.child) ||
	    (op_to->casefold && ditto_casefold_is_taken(dir, wcc, name, NULL)))
		goto end;
	early = ditto_has_grants(node) || ditto_has_grants(dir);
	err = ditto_act_on_early(op_to, dir, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_EXECUTE,
				 early ? MAY_WRITE | MAY_EXEC : 0, &as);
	if (err)
		goto end;
	err = ditto_lock_check(op_to, node, DITTO_INTENT_LINK);
	if (err)
		goto end;
	err = ditto_lock_check(op_to, dir, DITTO_INTENT_ENTRY);
	if (err)
		goto end;
	old = ditto_act(as);
	err = vfs_link(dentry, ditto_idmap(op_to->share), dir->inode, c.child, &delegated);
	ditto_op_leave(old);
	err = ditto_no_deleg_wait(err, delegated);
	if (err)
		goto end;
	c.added = name;
	ditto_dir_change_unlock(&c);

	ditto_lock_recheck(op_to, node, DITTO_INTENT_LINK);
	ditto_dir_change_tell(&c, DITTO_ENTRY_ADDED, name, NULL);
	err = ditto_op_commit(op, dentry, true);
	if (!err)
		err = ditto_op_commit(op, c.parent, false);
end:
	ditto_dir_change_end(&c);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_link, DITTO);
