// SPDX-License-Identifier: GPL-2.0-only
/* Removing names, and giving a file another name. */

#include <linux/dcache.h>
#include <linux/fs.h>

#include "../acl/acl_file.h"
#include "../name/casefold_index.h"
#include "../name/name_private.h"
#include "../node/node.h"
#include "../open/stream.h"
#include "dir_change_private.h"
#include "lock_check_private.h"
#include "op_private.h"

/* The credential of a caller with permission is in place. */
static int unlink_checked(struct ditto_dir_change *c, struct ditto_node *victim, bool is_dir)
{
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);
	struct inode *delegated = NULL;
	int err;

	if (is_dir)
		return vfs_rmdir(idmap, c->dir->inode, c->child);
	/*
	 * The members @changer and @victim of a directory node belong to the task that changes
	 * its entries.
	 */
	if (d_is_dir(c->child))
		return -EISDIR;
	/* ditto_node_forget() follows, so the notification need not queue a worker. */
	WRITE_ONCE(victim->changer, current);
	err = vfs_unlink(idmap, c->dir->inode, c->child, &delegated);
	WRITE_ONCE(victim->changer, NULL);
	return ditto_no_deleg_wait(err, delegated);
}

static int unlink_locked(struct ditto_dir_change *c, struct ditto_node *victim, bool is_dir)
{
	const struct cred *as, *old;
	int err = ditto_act_remove(c->op, c->dir, victim, &as);

	if (err)
		return err;
	old = ditto_act(as);
	err = unlink_checked(c, victim, is_dir);
	ditto_op_leave(old);
	return err;
}

/* @victim stays held until no lock is held: freeing it may free its data. */
static int remove_locked(struct ditto_dir_change *c, const struct ditto_name *name, bool is_dir,
			 bool now, struct ditto_node **victim)
{
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
	err = ditto_lock_check(c->op, node, DITTO_INTENT_REMOVE);
	if (!err || (now && err == -EJUKEBOX))
		err = ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY);
	if (!err || (now && err == -EJUKEBOX))
		err = unlink_locked(c, node, is_dir);
	if (!err)
		c->removed = name;
	return err;
}

void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim)
{
	if (!victim->inode->i_nlink || IS_DEADDIR(victim->inode))
		ditto_streams_forget(share, victim);
}

/* No lock is held any more. */
static int remove_unlocked(struct ditto_dir_change *c, const struct ditto_name *name,
			   struct ditto_node *victim)
{
	ditto_node_forget(victim);
	ditto_lock_recheck(c->op, victim, DITTO_INTENT_REMOVE);
	ditto_dir_change_tell(c, DITTO_ENTRY_REMOVED, name, NULL);
	return ditto_op_commit(c->op, c->parent, false);
}

int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc)
{
	struct ditto_node *victim = NULL;
	struct ditto_dir_change c;
	int err;

	/* RFC 1813 section 3.3.13 defines the errors for "." and "..". */
	err = ditto_dir_change_init(&c, op, dir, wcc) ?:
	      ditto_name_plain(name, -EINVAL, is_dir ? -EEXIST : -EINVAL) ?:
	      ditto_dir_change_begin(&c, name) ?:
	      remove_locked(&c, name, is_dir, false, &victim);
	ditto_dir_change_unlock(&c);
	if (!err)
		err = remove_unlocked(&c, name, victim);
	ditto_dir_change_end(&c);
	if (victim) {
		ditto_victim_gone(op->share, victim);
		ditto_node_put(victim);
	}
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_remove, DITTO);

/* Check that the directory still has the file under this name. The directory is locked. */
static int find_again(struct ditto_dir_change *c, struct dentry *dentry,
		      const struct ditto_name *name)
{
	if (d_unhashed(dentry) || dentry->d_parent != c->parent ||
	    dentry->d_name.len != name->len ||
	    memcmp(dentry->d_name.name, name->name, name->len))
		return -ENOENT;
	dput(c->child);
	c->child = dget(dentry);
	return 0;
}

static int remove_found(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry,
			const struct ditto_name *name, bool now)
{
	struct ditto_node *victim = NULL;
	struct ditto_dir_change c;
	struct ditto_wcc wcc;
	int err;

	err = ditto_dir_change_init(&c, op, dir, &wcc) ?:
	      ditto_dir_change_begin(&c, name) ?:
	      find_again(&c, dentry, name) ?:
	      remove_locked(&c, name, d_is_dir(dentry), now, &victim);
	ditto_dir_change_unlock(&c);
	if (!err)
		err = remove_unlocked(&c, name, victim);
	ditto_dir_change_end(&c);
	if (victim) {
		ditto_victim_gone(op->share, victim);
		ditto_node_put(victim);
	}
	return err;
}

int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now)
{
	struct name_snapshot snapshot;
	struct ditto_node *dir;
	struct dentry *parent;
	struct ditto_name name;
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
	err = remove_found(op, dir, dentry, &name, now);
	release_dentry_name_snapshot(&snapshot);
	ditto_node_put(dir);
	return err;
}

static int link_locked(struct ditto_dir_change *c, const struct ditto_name *name,
		       struct ditto_node *node, struct dentry *dentry)
{
	struct inode *delegated = NULL;
	const struct cred *as, *old;
	int err;

	if (d_is_positive(c->child) ||
	    (c->op->casefold && ditto_casefold_is_taken(c->dir, c->wcc, name, NULL)))
		return -EEXIST;
	err = ditto_lock_check(c->op, node, DITTO_INTENT_LINK) ?:
	      ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY) ?:
	      ditto_act_on(c->op, c->dir, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_EXECUTE, &as);
	if (err)
		return err;
	old = ditto_act(as);
	err = vfs_link(dentry, ditto_idmap(c->op->share), c->dir->inode, c->child, &delegated);
	ditto_op_leave(old);
	if (!err)
		c->added = name;
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
	struct ditto_dir_change c;
	int err;

	err = ditto_dir_change_init(&c, op_to, dir, wcc) ?:
	      check_link(op, node, op_to) ?:
	      ditto_name_plain(name, -EEXIST, -EEXIST) ?:
	      ditto_dir_change_begin(&c, name) ?:
	      link_locked(&c, name, node, dentry);
	ditto_dir_change_unlock(&c);
	if (!err) {
		ditto_lock_recheck(op_to, node, DITTO_INTENT_LINK);
		ditto_dir_change_tell(&c, DITTO_ENTRY_ADDED, name, NULL);
		err = ditto_op_commit(op, dentry, true) ?:
		      ditto_op_commit(op, c.parent, false);
	}
	ditto_dir_change_end(&c);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_link, DITTO);
