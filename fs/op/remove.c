// SPDX-License-Identifier: GPL-2.0-only
/* Removing names. */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mutex.h>

#include "../node/extension.h"
#include "../node/hardlink.h"
#include "../node/hidden.h"
#include "../node/node.h"
#include "../share/link.h"
#include "check/acl_file.h"
#include "check/audit.h"
#include "check/lock_check_private.h"
#include "dir_change_private.h"
#include "name_private.h"
#include "op_private.h"
#include "trash.h"

/* Attempts to remove a file that others remove, replace or link while it comes into the bin. */
#define KEEP_TRIES_MAX	4

/* Check that the caller may remove a file, and that nobody else has it in use. */
static int remove_check(struct ditto_dir_change *c, struct ditto_node *node, bool is_dir, bool now,
			bool early, const struct cred **as)
{
	int err = ditto_act_remove(c->op, c->dir, node, early, as);

	if (err)
		return err;
	/* @changer of a directory belongs to the task that changes its entries. */
	if (is_dir != (bool)S_ISDIR(node->inode->i_mode))
		return is_dir ? -ENOTDIR : -EISDIR;
	err = ditto_worm_check(c->op, node, DITTO_INTENT_REMOVE);
	if (err)
		return err;
	err = ditto_lock_check_name(c->op, node, DITTO_INTENT_REMOVE);
	/* The share reservations belong to opens by other hard links. */
	if (err && !(now && (err == -EJUKEBOX || err == -ETXTBSY)))
		return err;
	err = ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY);
	return now && err == -EJUKEBOX ? 0 : err;
}

/* True if the file belongs into the bin, but has no name there that this removal has given it. */
static bool remove_is_early(const struct ditto_dir_change *c, const struct inode *inode)
{
	if (c->kept)
		return d_inode(c->kept) != inode || inode->i_nlink != 2;
	return c->keeps && inode->i_nlink == 1;
}

/*
 * Remove the name that was looked up. @c: the change; the directory is locked. The caller sets
 * @c->removed after success; @is_dir: the name must be a directory's; otherwise it must not;
 * @victim: set to the file, with a reference that the caller drops when no lock is held, because
 * freeing it may free its data; may be set after an error, too. Return: 0, or an errno as of
 * ditto_remove().
 */
int ditto_dir_change_remove(struct ditto_dir_change *c, bool is_dir, bool now,
			    struct ditto_node **victim)
{
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);
	const struct cred *as, *old;
	struct ditto_node *node;
	int err, changing, lifted;

	if (d_is_negative(c->child))
		return -ENOENT;
	/* A mount in any namespace: the VFS would detach it there. */
	if (d_mountpoint(c->child))
		return -EBUSY;
	/* Clients that were referred have their mount there. */
	if (ditto_share_is_link(c->op->share, d_inode(c->child)))
		return -EBUSY;
	node = ditto_node_get(c->op->share, c->child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	*victim = node;
	err = remove_check(c, node, is_dir, now,
			   ditto_has_grants(node) || ditto_has_grants(c->dir), &as);
	changing = err ?: ditto_worm_change_begin(c->op, node, DITTO_INTENT_REMOVE);
	if (changing < 0)
		return changing;
	c->keeps = c->keeps && ditto_trash_takes(c->child);
	if (unlikely(c->keeps))
		mutex_lock(&node->volume->trash_lock);
	c->raced = remove_is_early(c, node->inode);
	if (unlikely(c->raced)) {
		err = -EJUKEBOX;
		goto unlock;
	}
	lifted = ditto_worm_lift(c->op, node);
	if (lifted < 0) {
		err = lifted;
		goto unlock;
	}

	old = ditto_act_as(as);
	if (is_dir) {
		err = vfs_rmdir(idmap, c->dir->inode, c->child, NULL);
	} else {
		if (c->kept)
			set_bit(DITTO_NODE_BINNED, &node->flags);
		/* ditto_node_forget() follows, so the notification need not queue a worker. */
		WRITE_ONCE(node->changer, current);
		err = vfs_unlink(idmap, c->dir->inode, c->child, NULL);
		WRITE_ONCE(node->changer, NULL);
		/*
		 * Whoever looked up the name until now has cleared it. If the file got another name
		 * in the meantime, it is not only in the bin.
		 */
		if (c->kept)
			assign_bit(DITTO_NODE_BINNED, &node->flags,
				   !err && node->inode->i_nlink == 1);
	}
	ditto_op_leave(old);
	/* It may have another name. */
	if (lifted && (err || node->inode->i_nlink))
		ditto_worm_restore(c->op, node);
	err = ditto_no_wait(err);
unlock:
	ditto_worm_change_end(c->op, node, changing);
	if (unlikely(c->keeps))
		mutex_unlock(&node->volume->trash_lock);
	return err;
}

/*
 * Break the caching grants that a removal made wrong, and note the lost name. @op: the caller who
 * removed or replaced it; @victim: the file that had it, held. Context: write access to the mount,
 * no inode lock held.
 */
void ditto_name_lost(struct ditto_op *op, struct ditto_node *victim, const struct dentry *name,
		     enum ditto_intent_kind kind)
{
	if (victim->inode->i_nlink)
		ditto_count_change(victim);
	ditto_hardlink_removed(victim, name);
	/* First, because grants that nobody is asked for count as returned when the file goes. */
	ditto_lock_recheck(op, victim, kind);
	ditto_node_forget(victim);
}

/*
 * Break the caching grants that the removal made wrong. @victim: the file, held. Context: no inode
 * lock held.
 */
void ditto_dir_change_removed(struct ditto_dir_change *c, struct ditto_node *victim)
{
	ditto_name_lost(c->op, victim, c->child, DITTO_INTENT_REMOVE);
	ditto_lock_recheck(c->op, c->dir, DITTO_INTENT_ENTRY);
}

/*
 * Remove the streams of a file that lost its last name. @share: the share through which it did,
 * held, or ending and without requests. Context: no change is in progress.
 */
void ditto_victim_gone(struct ditto_share *share, struct ditto_node *victim)
{
	if (!victim->inode->i_nlink || IS_DEADDIR(victim->inode))
		ditto_hooks.file_removed(share, victim);
}

/*
 * The name is missing in memory. If an earlier removal could not be made durable, or the file
 * system has failed since, it may still be on the disk. Return: -ENOENT if it is not.
 */
static int remove_missing(struct ditto_dir_change *c, const struct ditto_name *name)
{
	int err = 0;

	/* Not every file system that has failed says so when a directory is committed. */
	if (d_is_negative(c->child)) {
		d_drop(c->child);
		err = ditto_dir_change_lookup(c, name);
	}
	ditto_dir_change_unlock(c);
	return err ?: ditto_op_commit(c->op, c->parent, false) ?: -ENOENT;
}

/*
 * Give the file a name in the bin if it belongs there and loses its last name. No directory is
 * locked, so the removal checks all of this again. @victim is set to the file if it may belong
 * there, after an error, too.
 */
static int remove_keep(struct ditto_dir_change *c, const struct ditto_name *name,
		       struct dentry *dentry, bool now, struct ditto_node **victim)
{
	struct ditto_op *op = c->op;
	struct ditto_node *node;
	const struct cred *as;
	struct dentry *child;
	int err = 0;

	c->keeps = !ditto_is_hidden(op->share, c->parent, name) &&
		   ditto_trash_is_on(op->share, name);
	if (!c->keeps)
		return 0;
	err = ditto_dir_change_enter(c);
	if (err)
		return err;
	child = dentry ? dget(dentry) : ditto_lookup_dentry(op, c->dir, c->parent, name);
	/* The removal reports these errors. */
	if (IS_ERR(child))
		return 0;
	if (!ditto_trash_takes(child) || d_mountpoint(child) || d_unhashed(child))
		goto put;
	node = ditto_node_get(op->share, child);
	err = PTR_ERR_OR_ZERO(node);
	if (err)
		goto put;
	*victim = node;
	/* A file that the caller may not remove must not come into the bin first. */
	err = remove_check(c, node, false, now, true, &as) ?:
	      ditto_check_removable(op, c->dir, node);
	if (err)
		goto put;
	/* The name may be gone by now. */
	if (d_unhashed(child) || node->inode->i_nlink != 1)
		goto put;
	c->kept = ditto_trash_add(op, c->parent, child, now);
	err = PTR_ERR_OR_ZERO(c->kept);
	if (err)
		c->kept = NULL;
	c->keeps = err == -EAGAIN;
	if (c->keeps)
		err = 0;
put:
	dput(child);
	return err;
}

/* Remove @dentry, or the file with the name if it is NULL. */
static int do_remove(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		     struct dentry *dentry, bool is_dir, bool now, struct ditto_wcc *wcc)
{
	struct ditto_node *victim, *kept;
	struct ditto_dir_change c;
	int tries = 0, err;

again:
	victim = NULL;
	kept = NULL;
	err = ditto_dir_change_init(&c, op, dir, wcc);
	if (err)
		goto end;
	/* RFC 1813 section 3.3.13 defines the errors for "." and "..". */
	err = ditto_name_plain(name, -EINVAL, is_dir ? -EEXIST : -EINVAL);
	if (err)
		goto end;
	/* A client that has closed the file does not try again, so the last try keeps nothing. */
	if (unlikely(READ_ONCE(op->share->has_trash)) && !is_dir &&
	    (++tries < KEEP_TRIES_MAX || !now)) {
		err = remove_keep(&c, name, dentry, now, &victim);
		if (err)
			goto end;
		kept = victim;
		victim = NULL;
	}
	err = ditto_dir_change_begin(&c, name);
	if (err)
		goto end;
	if (dentry) {
		err = ditto_dir_change_child(&c, name, dentry);
		if (err)
			goto end;
	}
	err = ditto_dir_change_remove(&c, is_dir, now, &victim);
	if (err == -ENOENT)
		err = remove_missing(&c, name);
	if (err)
		goto end;
	c.removed = name;
	ditto_dir_change_unlock(&c);

	ditto_dir_change_removed(&c, victim);
	err = ditto_op_commit(op, c.parent, false);
end:
	if (unlikely(c.kept) && !c.removed) {
		ditto_dir_change_unlock(&c);
		/* Others may have removed the file. */
		if (!ditto_trash_undo(op, c.kept))
			set_bit(DITTO_NODE_BINNED, &kept->flags);
	}
	ditto_dir_change_end(&c);
	if (victim && (c.removed || err == -EACCES || err == -EPERM || err == -EROFS))
		ditto_audit(op, victim, DITTO_AUDIT_DELETE, DITTO_RIGHT_DELETE, c.removed);
	if (victim) {
		ditto_victim_gone(op->share, victim);
		ditto_node_put(victim);
	}
	if (kept)
		ditto_node_put(kept);
	if (c.raced && tries < KEEP_TRIES_MAX)
		goto again;
	return err;
}

/**
 * ditto_remove - remove a name from a directory
 * @op: the caller
 * @dir: held
 * @name: name to remove
 * @is_dir: remove an empty directory, otherwise anything but a directory
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EACCES, -EROFS, -EISDIR (without @is_dir), -ENOTDIR, -ENOTEMPTY (with
 * @is_dir), -EBUSY (mount point) and others of the file system.
 */
int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc)
{
	return do_remove(op, dir, name, NULL, is_dir, false, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_remove, "DITTO");

/*
 * Remove a file by its dentry. @dentry: held; may have been moved. Context: no inode lock held.
 * Return: as ditto_remove(); -ENOENT if the dentry has lost its name.
 */
int ditto_remove_dentry(struct ditto_op *op, struct dentry *dentry, bool now)
{
	struct ditto_dentry_name at;
	struct ditto_wcc wcc;
	int err = ditto_dentry_name_get(op->share, dentry, &at);

	if (err)
		return err;
	err = do_remove(op, at.dir, &at.name, dentry, d_is_dir(dentry), now, &wcc);
	ditto_dentry_name_put(&at);
	return err;
}
