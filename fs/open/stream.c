// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named streams, see stream.h.
 *
 * The directory of a file's streams is named by inode number, generation and subvolume, so streams
 * need no file handles. If a file is removed while the server does not run, its directory is left
 * behind. It is not found again, because the next file with the inode number has another
 * generation, but for overlayfs whose files have no handles, which has none.
 *
 * Streams are accessed with the server's credential only. Access to a stream is checked through
 * its file. New streams belong to the owner of the file, so that they count towards that user's
 * quota; see fs/open/stream_dir.c.
 *
 * Locking: one inode lock at a time, except for a rename, which is within one directory. Outside of
 * it one task at a time names streams in a directory (struct naming), from the check whether a name
 * is free in any case until the name is taken. naming_lock (spinlock) guards the list of them.
 */

#include <linux/blk_types.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

#include "../../net/server.h"
#include "../node/casefold.h"
#include "../node/node_private.h"
#include "../op/casefold_index.h"
#include "../op/check/lock_check_private.h"
#include "../op/check/worm.h"
#include "../op/name_private.h"
#include "../op/op_private.h"
#include "stream.h"
#include "stream_private.h"

/**
 * struct naming - a task that names a stream, on its stack
 * @list: link in naming_tasks
 * @dir: the directory; its address is also what others wait for
 *
 * Not a table of locks: tasks that wait for one disk must not hold up tasks of another one.
 */
struct naming {
	struct list_head list;
	struct inode *dir;
};

static LIST_HEAD(naming_tasks);
static DEFINE_SPINLOCK(naming_lock);

static bool naming_try(struct naming *n)
{
	struct naming *other;
	bool free = true;

	spin_lock(&naming_lock);
	list_for_each_entry(other, &naming_tasks, list)
		free &= other->dir != n->dir;
	if (free)
		list_add(&n->list, &naming_tasks);
	spin_unlock(&naming_lock);
	return free;
}

static void naming_begin(struct naming *n, const struct ditto_node *dir)
{
	n->dir = dir->inode;
	wait_var_event(n->dir, naming_try(n));
}

static void naming_end(struct naming *n)
{
	spin_lock(&naming_lock);
	list_del(&n->list);
	spin_unlock(&naming_lock);
	/* Orders the list before the search for waiters. */
	smp_mb();
	wake_up_var(n->dir);
}

/*
 * Act as the server on the streams of a share. Return: 0, -EOPNOTSUPP if access depends on the
 * user's credential, -EROFS.
 */
int ditto_streams_enter(struct ditto_share *share, bool write, const struct cred **old)
{
	int err;

	/* On these file systems, access depends on the user's credential. */
	if (share->volume->caller_opens)
		return -EOPNOTSUPP;
	err = write ? mnt_want_write(share->root.mnt) : 0;
	if (!err)
		*old = override_creds(share->srv->nodes->cred);
	return err;
}

void ditto_streams_leave(struct ditto_share *share, bool write, const struct cred *old)
{
	revert_creds(old);
	if (write)
		mnt_drop_write(share->root.mnt);
}

/* Directories */

/*
 * Get the node of the directory of a file's streams. Context: the server's credential is in place.
 * Return: the node, to be put, or an ERR_PTR as of ditto_stream_dir().
 */
struct ditto_node *ditto_streams_node(struct ditto_share *share, struct ditto_node *base,
				      const struct cred *maker)
{
	struct dentry *dir = ditto_stream_dir(share, base, maker);
	struct ditto_node *node;

	if (IS_ERR(dir))
		return ERR_CAST(dir);
	node = ditto_node_get(share, dir);
	dput(dir);
	/* One without a name may get streams as long as it is open. */
	if (maker && unlikely(test_bit(DITTO_NODE_NO_STREAMS, &base->flags)))
		clear_bit(DITTO_NODE_NO_STREAMS, &base->flags);
	return node;
}

/* Names */

/* Find a stream by its name in any case. The server's credential is in place. */
static struct dentry *find_stream(struct ditto_share *share, struct ditto_node *dir,
				  const struct ditto_name *name)
{
	struct dentry *parent = ditto_node_dentry(dir);
	struct dentry *child;
	char *found;
	int err;

	child = lookup_one_positive_unlocked(ditto_idmap(share), &QSTR_LEN(name->name, name->len),
					     parent);
	if (child != ERR_PTR(-ENOENT))
		goto out;
	found = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	err = found ? ditto_casefold_find(share, dir, name, false, found) : -ENOMEM;
	if (err)
		child = ERR_PTR(err);
	else
		child = lookup_one_positive_unlocked(ditto_idmap(share),
						     &QSTR_LEN(found, strlen(found)), parent);
	kfree(found);
out:
	dput(parent);
	return child;
}

static bool count_name(void *arg, const struct ditto_name *name)
{
	u32 *left = arg;

	return --*left;
}

static int check_room(struct ditto_share *share, struct ditto_node *dir)
{
	u32 left = DITTO_STREAMS_MAX;
	int err;

	err = ditto_list_names(share, dir, count_name, &left);
	if (err)
		return err;
	return left ? 0 : -ENOSPC;
}

/* The server's credential is in place; @maker is NULL if no stream may be created. */
static struct dentry *open_stream(struct ditto_share *share, struct ditto_node *base,
				  struct ditto_node *dir, const struct ditto_name *name,
				  const struct cred *maker, const u8 *verf, bool *created)
{
	struct naming naming;
	struct dentry *child;
	int err;

	child = find_stream(share, dir, name);
	if (child != ERR_PTR(-ENOENT) || !maker)
		return child;
	naming_begin(&naming, dir);
	child = find_stream(share, dir, name);
	if (child == ERR_PTR(-ENOENT)) {
		err = check_room(share, dir);
		child = err ? ERR_PTR(err) :
			      ditto_stream_create(share, base, dir, name, maker, verf);
		*created = !IS_ERR(child);
	}
	naming_end(&naming);
	return child;
}

/**
 * ditto_has_streams - tell whether files of a share may have streams, by its options
 * @share: held
 *
 * Context: any.
 * Return: true if they may.
 */
bool ditto_has_streams(const struct ditto_share *share)
{
	bool streams;

	rcu_read_lock();
	streams = rcu_dereference(share->opts)->streams;
	rcu_read_unlock();
	return streams;
}
EXPORT_SYMBOL_NS_GPL(ditto_has_streams, "DITTO");

/*
 * Make the names of a directory of streams durable, and @fresh, a new stream, unless the caller
 * does not need that. The directories above may be new, too. No lock is held.
 */
static int streams_commit(struct ditto_op *op, struct ditto_node *dir, struct dentry *fresh)
{
	struct dentry *dentry = ditto_node_dentry(dir), *parent;
	int err = fresh ? ditto_op_commit(op, fresh, true) : 0;

	while (!err) {
		err = ditto_op_commit(op, dentry, false);
		if (!fresh || dentry == op->share->root.dentry || IS_ROOT(dentry))
			break;
		parent = dget_parent(dentry);
		dput(dentry);
		dentry = parent;
	}
	dput(dentry);
	return err;
}

/* Streams belong to their file, which may be committed. Return: as ditto_worm_change_begin(). */
static int stream_change_begin(const struct ditto_op *op, struct ditto_node *base)
{
	return ditto_worm_check(op, base, DITTO_INTENT_WRITE) ?:
	       ditto_worm_change_begin(op, base, DITTO_INTENT_WRITE);
}

/* @verf is NULL, or stored with a new stream. */
static int stream_get(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, bool create, const u8 *verf,
		      struct ditto_node **out, bool *created)
{
	struct ditto_share *share = op->share;
	struct ditto_node *dir, *node;
	const struct cred *maker = NULL, *old;
	struct dentry *child = NULL;
	int err, changing;
	bool made = false;

	if (create && !op->writable)
		return -EROFS;
	if (create && !ditto_has_streams(share))
		return -EOPNOTSUPP;
	if (create) {
		maker = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER);
		if (!maker)
			return -ENOMEM;
	}
	err = ditto_name_plain(name, -EILSEQ, -EILSEQ);
	if (err)
		return err;
	changing = create ? stream_change_begin(op, base) : 0;
	if (changing < 0)
		return changing;
	err = ditto_streams_enter(share, create, &old);
	if (err)
		goto end;
	dir = ditto_streams_node(share, base, maker);
	if (IS_ERR(dir)) {
		err = PTR_ERR(dir);
	} else {
		child = open_stream(share, base, dir, name, maker, verf, &made);
		err = PTR_ERR_OR_ZERO(child);
		/* One that is there may be from an earlier transmission of this request. */
		if (!err && create)
			err = streams_commit(op, dir, child);
		if (err && !IS_ERR(child))
			dput(child);
		ditto_node_put(dir);
	}
	ditto_streams_leave(share, create, old);
end:
	ditto_worm_change_end(op, base, changing);
	if (err)
		return err;

	node = ditto_node_get(share, child);
	dput(child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	if (made)
		ditto_watch_stream(base, DITTO_WATCH_STREAM_ADDED, name->name, name->len, NULL, 0);
	if (created)
		*created = made;
	*out = node;
	return 0;
}

/**
 * ditto_stream_open - open or create a stream
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @name: name in any case; a new stream keeps this spelling
 * @create: create the stream if it does not exist
 * @out: filled with the stream's node, to be put
 * @created: set if the stream was created; may be NULL
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EROFS, -ENOSPC (also for too many streams), -EDQUOT, -EOPNOTSUPP (the file
 * system checks the caller's credential, so the server cannot act for it; or one is to be created
 * on a share without streams) and others.
 */
int ditto_stream_open(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, bool create, struct ditto_node **out,
		      bool *created)
{
	return stream_get(op, base, name, create, NULL, out, created);
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_open, "DITTO");

/*
 * Create a stream exclusively. @op: the caller; the caller of this function has checked the rights;
 * @base: the file or directory, held; @verf: 8 bytes, stored in the stream's times until these are
 * set. Context: no inode lock held. Return: as ditto_stream_open(); -EEXIST unless the stream was
 * created with the same verifier.
 */
int ditto_stream_make(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, const u8 *verf, struct ditto_node **out,
		      bool *created)
{
	struct ditto_node *node;
	int err = stream_get(op, base, name, true, verf, &node, created);

	if (err)
		return err;
	if (!*created && !ditto_has_verifier(node->inode, verf)) {
		ditto_node_put(node);
		return -EEXIST;
	}
	*out = node;
	return 0;
}

/*
 * Remove a stream whatever holds it. @node: its node, held, which the caller passes to
 * ditto_node_forget() then; or NULL. Context: the server's credential is in place. Return: 0,
 * -ENOENT if it has lost its name, or another errno.
 */
int ditto_stream_unlink(struct ditto_share *share, struct dentry *child, struct ditto_node *node)
{
	struct dentry *parent = dget_parent(child);
	struct inode *dir = d_inode(parent);
	int err = -ENOENT;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	if (!d_unhashed(child) && child->d_parent == parent && d_is_positive(child)) {
		/* ditto_node_forget() follows, so the notification need not queue a worker. */
		if (node)
			WRITE_ONCE(node->changer, current);
		err = vfs_unlink(ditto_idmap(share), dir, child, NULL);
		if (node)
			WRITE_ONCE(node->changer, NULL);
	}
	inode_unlock(dir);
	dput(parent);
	return ditto_no_wait(err);
}

/*
 * Check the lock table and remove a stream; the server's credential is in place. @removed gets
 * the node, held, for stream_removed().
 */
static int unlink_asked(struct ditto_op *op, struct dentry *child, struct ditto_node **removed)
{
	struct ditto_node *node = ditto_node_get(op->share, child);
	int err, changing;

	if (IS_ERR(node))
		return PTR_ERR(node);
	changing = ditto_lock_check(op, node, DITTO_INTENT_REMOVE) ?:
		   ditto_worm_change_begin(op, node, DITTO_INTENT_REMOVE);
	err = min(changing, 0) ?: ditto_stream_unlink(op->share, child, node);
	ditto_worm_change_end(op, node, changing);
	if (err) {
		ditto_node_put(node);
		return err;
	}
	*removed = node;
	return 0;
}

/* Break grants made in between, before the stream goes; no lock is held. @node may be NULL. */
static void stream_removed(struct ditto_op *op, struct ditto_node *node)
{
	if (!node)
		return;
	ditto_lock_recheck(op, node, DITTO_INTENT_REMOVE);
	ditto_node_forget(node);
	ditto_node_put(node);
}

static int remove_stream(struct ditto_op *op, struct dentry *child)
{
	struct ditto_node *node = NULL;
	int err;

	err = unlink_asked(op, child, &node);
	stream_removed(op, node);
	return err;
}

/**
 * ditto_stream_remove - remove a stream by its name
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @name: name in any case
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EROFS, -EOPNOTSUPP, -ETXTBSY (share reservation), -EJUKEBOX and others.
 */
int ditto_stream_remove(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *name)
{
	struct ditto_share *share = op->share;
	const struct cred *old;
	struct ditto_node *dir;
	struct dentry *child;
	int err, changing;
	bool removed;

	if (!op->writable)
		return -EROFS;
	changing = stream_change_begin(op, base);
	err = min(changing, 0) ?: ditto_streams_enter(share, true, &old);
	if (err)
		goto end;
	dir = ditto_streams_node(share, base, NULL);
	child = IS_ERR(dir) ? ERR_CAST(dir) : find_stream(share, dir, name);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		err = remove_stream(op, child);
		dput(child);
	}
	removed = !err;
	if (removed)
		err = streams_commit(op, dir, NULL);
	if (!IS_ERR(dir))
		ditto_node_put(dir);
	ditto_streams_leave(share, true, old);
	if (removed)
		ditto_watch_stream(base, DITTO_WATCH_STREAM_REMOVED, name->name, name->len,
				   NULL, 0);
end:
	ditto_worm_change_end(op, base, changing);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_remove, "DITTO");

static void tell_removed(struct ditto_node *base, struct dentry *dentry)
{
	struct name_snapshot name;

	take_dentry_name_snapshot(&name, dentry);
	ditto_watch_stream(base, DITTO_WATCH_STREAM_REMOVED, name.name.name, name.name.len,
			   NULL, 0);
	release_dentry_name_snapshot(&name);
}

/*
 * Remove a stream by its dentry. @op: the caller; @op->stream_of is the base file, or NULL to
 * notify no watches. Context: no inode lock held. Return: as ditto_stream_remove(); -ENOENT if the
 * dentry has lost its name.
 */
int ditto_stream_remove_dentry(struct ditto_op *op, struct dentry *dentry)
{
	const struct cred *old;
	int err;

	err = ditto_streams_enter(op->share, true, &old);
	if (err)
		return err;
	err = remove_stream(op, dentry);
	ditto_streams_leave(op->share, true, old);
	if (!err && op->stream_of)
		tell_removed(op->stream_of, dentry);
	return err;
}

/* The directory is locked. */
static int rename_locked(struct ditto_share *share, struct ditto_node *dir,
			 struct dentry *from, struct dentry *parent,
			 const struct ditto_name *to, bool replace)
{
	struct mnt_idmap *idmap = ditto_idmap(share);
	struct renamedata rd = {
		.mnt_idmap = idmap,
		.old_parent = parent,
		.old_dentry = from,
		.new_parent = parent,
	};
	int err;

	if (d_unhashed(from) || from->d_parent != parent)
		return -ENOENT;
	rd.new_dentry = lookup_one(idmap, &QSTR_LEN(to->name, to->len), parent);
	if (IS_ERR(rd.new_dentry))
		return PTR_ERR(rd.new_dentry);
	if (d_is_positive(rd.new_dentry) && !replace && rd.new_dentry != from)
		err = -EEXIST;
	else
		err = vfs_rename(&rd);
	dput(rd.new_dentry);
	return ditto_no_wait(err);
}

/* Check whether a stream may be replaced by a rename. */
static int check_replaced(struct ditto_op *op, struct ditto_node *node,
			  enum ditto_stream_over over)
{
	u32 instances;
	int err;

	if (over == DITTO_STREAM_OVER_NONE)
		return -EEXIST;
	if (over == DITTO_STREAM_OVER_EMPTY && i_size_read(node->inode))
		return -EINVAL;
	/* Starts a break for clients that cache an open they have closed. */
	err = ditto_lock_check(op, node, DITTO_INTENT_REMOVE);
	if (over == DITTO_STREAM_OVER_ANY)
		return err;
	if (err)
		return err == -ETXTBSY ? -EINVAL : err;
	spin_lock(&node->lock);
	instances = node->instances;
	spin_unlock(&node->lock);
	return instances ? -EINVAL : 0;
}

/*
 * Find the stream that a rename replaces, and check the lock table. One whose name differs from the
 * new one in case only conflicts, too. Return: its dentry, held, with @victim held; NULL if there
 * is none; or an ERR_PTR.
 */
static struct dentry *find_replaced(struct ditto_op *op, struct ditto_node *dir,
				    struct dentry *from, const struct ditto_name *to,
				    enum ditto_stream_over over, struct ditto_node **victim)
{
	struct dentry *other = find_stream(op->share, dir, to);
	struct ditto_node *node;
	int err;

	if (IS_ERR(other))
		return other == ERR_PTR(-ENOENT) ? NULL : other;
	if (other == from) {
		dput(other);
		return NULL;
	}
	node = ditto_node_get(op->share, other);
	err = PTR_ERR_OR_ZERO(node);
	if (err)
		goto put;
	err = check_replaced(op, node, over);
	if (!err) {
		*victim = node;
		return other;
	}
	ditto_node_put(node);
put:
	dput(other);
	return ERR_PTR(err);
}

/* The server's credential is in place. */
static int rename_stream(struct ditto_op *op, struct ditto_node *dir,
			 const struct ditto_name *from, const struct ditto_name *to,
			 enum ditto_stream_over over)
{
	struct ditto_node *node, *victim = NULL;
	struct dentry *parent, *child, *other;
	struct naming naming;
	int err;

	child = find_stream(op->share, dir, from);
	if (IS_ERR(child))
		return PTR_ERR(child);
	node = ditto_node_get(op->share, child);
	err = PTR_ERR_OR_ZERO(node);
	if (err)
		goto put_child;
	err = ditto_lock_check(op, node, DITTO_INTENT_RENAME);
	if (err)
		goto put_node;
	naming_begin(&naming, dir);
	other = find_replaced(op, dir, child, to, over, &victim);
	err = PTR_ERR_OR_ZERO(other);
	if (err)
		goto end;
	parent = ditto_node_dentry(dir);
	inode_lock_nested(dir->inode, I_MUTEX_PARENT);
	err = rename_locked(op->share, dir, child, parent, to, over != DITTO_STREAM_OVER_NONE);
	inode_unlock(dir->inode);
	dput(parent);
	/* The rename has replaced a stream with exactly the new name. */
	if (!err && other && !d_unhashed(other))
		err = ditto_stream_unlink(op->share, other, victim);
	dput(other);
end:
	naming_end(&naming);
	stream_removed(op, victim);
	if (!err)
		ditto_lock_recheck(op, node, DITTO_INTENT_RENAME);
put_node:
	ditto_node_put(node);
put_child:
	dput(child);
	return err;
}

/**
 * ditto_stream_rename - rename a stream within its file
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @from: old name in any case
 * @to: new name
 * @over: what is done with another stream that has the new name
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EEXIST, -EINVAL, -EROFS, -EILSEQ, -ENAMETOOLONG, -EOPNOTSUPP, -ETXTBSY
 * (share reservation), -EJUKEBOX and others.
 */
int ditto_stream_rename(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *from, const struct ditto_name *to,
			enum ditto_stream_over over)
{
	struct ditto_share *share = op->share;
	const struct cred *old;
	struct ditto_node *dir;
	bool renamed = false;
	int err, changing;

	if (!op->writable)
		return -EROFS;
	changing = ditto_name_plain(to, -EILSEQ, -EILSEQ) ?: stream_change_begin(op, base);
	err = min(changing, 0) ?: ditto_streams_enter(share, true, &old);
	if (err)
		goto end;
	dir = ditto_streams_node(share, base, NULL);
	err = PTR_ERR_OR_ZERO(dir);
	if (!err) {
		err = rename_stream(op, dir, from, to, over);
		renamed = !err;
		if (renamed)
			err = streams_commit(op, dir, NULL);
		ditto_node_put(dir);
	}
	ditto_streams_leave(share, true, old);
	if (renamed)
		ditto_watch_stream(base, DITTO_WATCH_STREAM_ADDED, to->name, to->len,
				   from->name, from->len);
end:
	ditto_worm_change_end(op, base, changing);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_rename, "DITTO");
