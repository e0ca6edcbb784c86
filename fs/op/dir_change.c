// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame around every change of a directory: checks, write access to the mount, the caller's
 * credential, the inode lock, attributes before and after.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "../node/hidden.h"
#include "../node/local_notify.h"
#include "../node/node.h"
#include "../node/utf8.h"
#include "casefold_index.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "dir_change_private.h"
#include "op_private.h"

/* Attempts to add a name to a directory without concurrent changes by local processes. */
#define CASE_TRIES_MAX	4

/* Prepare to change an entry of a directory. Return: 0, -ENOTDIR or -EROFS. */
int ditto_dir_change_init(struct ditto_dir_change *c, struct ditto_op *op,
			  struct ditto_node *dir, struct ditto_wcc *wcc)
{
	*c = (struct ditto_dir_change){
		.op = op,
		.dir = dir,
		.wcc = wcc,
		.parent = ditto_node_dentry(dir),
	};
	ditto_wcc_init(op, wcc);
	if (!S_ISDIR(dir->inode->i_mode))
		return -ENOTDIR;
	return op->writable ? 0 : -EROFS;
}

/*
 * Get write access to the mount and act as the caller. This and the next two functions are the
 * steps of ditto_dir_change_begin(), for a change that locks two directories. Context: no inode
 * lock held. Return: 0 or a negative errno.
 */
int ditto_dir_change_enter(struct ditto_dir_change *c)
{
	int err;

	err = mnt_want_write(c->op->share->root.mnt);
	if (err)
		return err;
	c->old = ditto_op_enter(c->op);
	c->entered = true;
	return 0;
}

/*
 * Record the attributes of the directory before the change. @c: the change; the directory is
 * locked. Return: 0, -ESTALE (the directory was removed) or an errno of the file system.
 */
int ditto_dir_change_pre(struct ditto_dir_change *c)
{
	int err;

	/* The directory was removed since its handle was decoded. */
	if (IS_DEADDIR(c->dir->inode))
		return -ESTALE;
	if (c->op->tells_wcc)
		return ditto_wcc_pre(c->op->share, c->parent, c->wcc);
	err = ditto_read_change(c->op->share, c->dir, &c->wcc->pre_change);
	c->wcc->pre_valid = !err;
	return err;
}

/* Record the attributes of the directory after the change. */
void ditto_dir_change_post(struct ditto_dir_change *c)
{
	struct ditto_wcc *wcc = c->wcc;

	if (c->op->tells_wcc)
		ditto_wcc_post(c->op->share, c->parent, wcc);
	else
		wcc->post_valid = !ditto_read_change(c->op->share, c->dir, &wcc->post.change);
}

/*
 * Look up the name that is changed. @c: the change; @c->child is replaced; the directory is locked.
 * Return: 0, -EACCES or another errno.
 */
int ditto_dir_change_lookup(struct ditto_dir_change *c, const struct ditto_name *name)
{
	const struct cred *as, *old;
	struct dentry *child;
	int err = ditto_act_on(c->op, c->dir, DITTO_RIGHT_EXECUTE, &as);

	if (err)
		return err;
	old = ditto_act_as(as);
	child = lookup_one(ditto_idmap(c->op->share), &QSTR_LEN(name->name, name->len), c->parent);
	ditto_op_leave(old);
	if (IS_ERR(child))
		return PTR_ERR(child);
	dput(c->child);
	c->child = child;
	return 0;
}

/*
 * Change a file that is known already. @c: the change; @c->child is replaced; the directory is
 * locked. Context: any. Return: 0; -ENOENT if the file does not have this name in the directory any
 * more.
 */
int ditto_dir_change_child(struct ditto_dir_change *c, const struct ditto_name *name,
			   struct dentry *child)
{
	if (d_unhashed(child) || child->d_parent != c->parent ||
	    child->d_name.len != name->len ||
	    memcmp(child->d_name.name, name->name, name->len))
		return -ENOENT;
	dput(c->child);
	c->child = dget(child);
	return 0;
}

static bool dir_change_takes_name(const struct ditto_dir_change *c, const struct ditto_name *name)
{
	bool utf8;

	rcu_read_lock();
	utf8 = rcu_dereference(c->op->share->opts)->utf8_names;
	rcu_read_unlock();
	return !utf8 || ditto_is_utf8(name->name, name->len);
}

/*
 * Check that the share takes a name, and has it in no other case. @c: the change; the directory is
 * locked; @except: a name that is about to be removed, or NULL. Callers to whom case matters may
 * add a name that exists in another case. If local processes have changed the directory in each of
 * a few attempts, what the last search found counts. Return: 0; -EILSEQ (it must be UTF-8);
 * -EEXIST; -EAGAIN, and @c->unsure is set: ditto_casefold_search() is called after
 * ditto_dir_change_end(), and the change attempted anew.
 */
int ditto_dir_change_check_name(struct ditto_dir_change *c, const struct ditto_name *name,
				const struct ditto_name *except)
{
	int err;

	if (!dir_change_takes_name(c, name))
		return -EILSEQ;
	if (!c->op->casefold)
		return 0;
	err = ditto_casefold_check(c->dir, c->wcc, name, except);
	if (err != -EAGAIN)
		return err;
	c->unsure = c->tries + 1 < CASE_TRIES_MAX;
	return c->unsure ? err : 0;
}

/*
 * Enter if that was not done, lock the directory and look up a name. Return: 0, or an errno; in
 * both cases ditto_dir_change_end() undoes what was done.
 */
int ditto_dir_change_begin(struct ditto_dir_change *c, const struct ditto_name *name)
{
	int err;

	if (ditto_is_hidden(c->op->share, c->parent, name))
		return -EACCES;
	err = c->entered ? 0 : ditto_dir_change_enter(c);
	if (err)
		return err;

	inode_lock_nested(c->dir->inode, I_MUTEX_PARENT);
	c->locked = true;
	ditto_dir_change_mark(c);
	return ditto_dir_change_pre(c) ?: ditto_dir_change_lookup(c, name);
}

/*
 * Mark that this task changes the directory. @c: the change; the directory was just locked.
 * Context: any.
 */
void ditto_dir_change_mark(struct ditto_dir_change *c)
{
	WRITE_ONCE(c->dir->changer, current);
}

static void dir_change_deliver_one(const struct ditto_dir_change *c, enum ditto_entry_event event,
				   const struct ditto_name *name, const struct ditto_name *old)
{
	const struct ditto_entry_change change = {
		.event = event,
		.name = name->name,
		.len = name->len,
		.old_name = old ? old->name : NULL,
		.old_len = old ? old->len : 0,
		.replaced = event != DITTO_ENTRY_REMOVED && c->replaced,
	};

	ditto_lease_deliver(&c->dir->point, c->op->actor, &change);
}

/*
 * Notify the holders that want to know of each change. The directory is still locked, so that they
 * learn in order what clients and local processes have done.
 */
static void dir_change_deliver(const struct ditto_dir_change *c)
{
	if (!ditto_lock_point_held(&c->dir->point, DITTO_SUM_NOTIFY))
		return;
	ditto_local_notify_flush(c->dir);
	if (c->moved) {
		dir_change_deliver_one(c, DITTO_ENTRY_RENAMED, c->added, c->removed);
		return;
	}
	if (c->removed)
		dir_change_deliver_one(c, DITTO_ENTRY_REMOVED, c->removed, NULL);
	if (c->added)
		dir_change_deliver_one(c, DITTO_ENTRY_ADDED, c->added, NULL);
}

/*
 * Clear the mark, update the index of names and notify holders. @c: the change; the attributes
 * after it were recorded; the directory is still locked. Holders of grants that are broken by a
 * change are found by ditto_lock_recheck(), when the directory is unlocked.
 */
void ditto_dir_change_unmark(struct ditto_dir_change *c)
{
	WRITE_ONCE(c->dir->changer, NULL);
	if (!c->removed && !c->added)
		return;
	ditto_casefold_changed(c->dir, c->wcc, c->removed, c->added);
	dir_change_deliver(c);
}

/*
 * Record the attributes after the change and unlock the directory. @c: the change; nothing is done
 * if the directory is not locked.
 */
void ditto_dir_change_unlock(struct ditto_dir_change *c)
{
	if (!c->locked)
		return;
	ditto_dir_change_post(c);
	ditto_dir_change_unmark(c);
	inode_unlock(c->dir->inode);
	c->locked = false;
}

/* Unlock the directory, restore the credential and drop write access and references. */
void ditto_dir_change_end(struct ditto_dir_change *c)
{
	ditto_dir_change_unlock(c);
	if (c->entered) {
		ditto_op_leave(c->old);
		mnt_drop_write(c->op->share->root.mnt);
	}
	if (!c->wcc->post_valid)
		ditto_dir_change_post(c);
	dput(c->child);
	dput(c->kept);
	dput(c->parent);
}
