// SPDX-License-Identifier: GPL-2.0-only
/*
 * Renaming.
 *
 * Locking: lock_rename() takes the rename mutex of the file system if there are two directories,
 * then both of them.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>

#include "../acl/acl_file.h"
#include "../name/casefold_index.h"
#include "../name/name_private.h"
#include "../node/node.h"
#include "../open/stream.h"
#include "dir_change_private.h"
#include "lock_check_private.h"
#include "op_private.h"

/* Both directories are locked. @trap is the child that is an ancestor of the other directory. */
static int check_children(const struct ditto_dir_change *from, const struct ditto_dir_change *to,
			  const struct dentry *trap)
{
	if (d_is_negative(from->child))
		return -ENOENT;
	if (from->child == trap)
		return -EINVAL;
	if (to->child == trap)
		return -ENOTEMPTY;
	/* A mount in any namespace: the VFS would detach it there. */
	if (d_mountpoint(from->child) || d_mountpoint(to->child))
		return -EBUSY;
	return 0;
}

/**
 * struct ditto_renamed - files of a rename
 * @file: file that is renamed
 * @victim: existing file with the new name, or NULL
 * @dentry: dentry to rename, if it is not looked up by name; borrowed
 * @no_replace: fail if the new name exists
 *
 * The nodes are held until no lock is held: freeing the victim may free its data.
 */
struct ditto_renamed {
	struct ditto_node *file;
	struct ditto_node *victim;
	struct dentry *dentry;
	bool no_replace;
};

/* If both names belong to one file, nothing is done (RFC 1813 section 3.3.14), as in the VFS. */
static int rename_children(struct ditto_dir_change *from, struct ditto_dir_change *to,
			   const struct ditto_renamed *r)
{
	const struct ditto_act_dirs dirs = {
		.from = from->dir, .file = r->file, .to = to->dir, .victim = r->victim,
	};
	struct mnt_idmap *idmap = ditto_idmap(to->op->share);
	struct inode *delegated = NULL;
	struct renamedata rd = {
		.old_mnt_idmap = idmap,
		.old_dir = from->dir->inode,
		.old_dentry = from->child,
		.new_mnt_idmap = idmap,
		.new_dir = to->dir->inode,
		.new_dentry = to->child,
		.delegated_inode = &delegated,
	};
	const struct cred *as, *old;
	int err;

	/* If both names belong to one file, the VFS does nothing. */
	as = current_cred();
	err = r->file == r->victim ? 0 : ditto_act_rename(from->op, to->op, &dirs, &as);
	if (err)
		return err;
	/* Notifications of the rename report the replaced file first. */
	to->dir->victim = r->victim ? r->victim->inode : NULL;
	old = ditto_act(as);
	err = vfs_rename(&rd);
	ditto_op_leave(old);
	to->dir->victim = NULL;
	return ditto_no_deleg_wait(err, delegated);
}

static int find_node(struct ditto_dir_change *c, struct ditto_node **out)
{
	struct ditto_node *node = ditto_node_get(c->op->share, c->child);

	if (IS_ERR(node))
		return PTR_ERR(node);
	*out = node;
	return 0;
}

static int find_nodes(struct ditto_dir_change *from, struct ditto_dir_change *to,
		      struct ditto_renamed *r)
{
	return find_node(from, &r->file) ?:
	       (d_is_positive(to->child) ? find_node(to, &r->victim) : 0);
}

static int rename_lock_check(struct ditto_dir_change *from, struct ditto_dir_change *to,
			     const struct ditto_renamed *r)
{
	int err;

	/* If both names belong to one file, nothing will be done. */
	if (r->file == r->victim)
		return 0;
	err = ditto_lock_check(from->op, r->file, DITTO_INTENT_RENAME);
	if (!err && r->victim)
		err = ditto_lock_check(to->op, r->victim, DITTO_INTENT_REPLACE);
	return err ?:
	       ditto_lock_check(from->op, from->dir, DITTO_INTENT_ENTRY) ?:
	       ditto_lock_check(to->op, to->dir, DITTO_INTENT_ENTRY);
}

static void rename_tell(struct ditto_dir_change *from, const struct ditto_name *from_name,
			struct ditto_dir_change *to, const struct ditto_name *to_name,
			const struct ditto_renamed *r)
{
	if (r->file == r->victim)
		return;
	ditto_lock_recheck(from->op, r->file, DITTO_INTENT_RENAME);
	if (r->victim) {
		ditto_node_forget(r->victim);
		ditto_lock_recheck(to->op, r->victim, DITTO_INTENT_REPLACE);
		ditto_dir_change_tell(to, DITTO_ENTRY_REMOVED, to_name, NULL);
	}
	if (from->dir == to->dir) {
		ditto_dir_change_tell(to, DITTO_ENTRY_RENAMED, to_name, from_name);
		return;
	}
	ditto_dir_change_tell(from, DITTO_ENTRY_REMOVED, from_name, NULL);
	ditto_dir_change_tell(to, DITTO_ENTRY_ADDED, to_name, NULL);
}

/* Both directories are locked. */
static int find_source(struct ditto_dir_change *from, const struct ditto_name *name,
		       struct dentry *dentry)
{
	if (!dentry)
		return ditto_dir_change_lookup(from, name);
	if (d_unhashed(dentry) || dentry->d_parent != from->parent ||
	    dentry->d_name.len != name->len ||
	    memcmp(dentry->d_name.name, name->name, name->len))
		return -ENOENT;
	dput(from->child);
	from->child = dget(dentry);
	return 0;
}

static int check_replace(const struct ditto_dir_change *from, const struct ditto_name *from_name,
			 const struct ditto_dir_change *to, const struct ditto_name *to_name,
			 const struct ditto_renamed *r)
{
	const struct ditto_name *own = from->dir == to->dir ? from_name : NULL;

	if (d_is_positive(to->child))
		return r->no_replace && to->child != from->child ? -EEXIST : 0;
	if (to->op->casefold && ditto_casefold_is_taken(to->dir, to->wcc, to_name, own))
		return -EEXIST;
	return 0;
}

/* If both names belong to one file, both are kept. */
static void note_names(struct ditto_dir_change *from, const struct ditto_name *from_name,
		       struct ditto_dir_change *to, const struct ditto_name *to_name,
		       const struct ditto_renamed *r)
{
	if (r->file == r->victim)
		return;
	from->removed = from_name;
	if (from->dir == to->dir)
		from->added = to_name;
	else
		to->added = to_name;
}

static int rename_locked(struct ditto_dir_change *from, const struct ditto_name *from_name,
			 struct ditto_dir_change *to, const struct ditto_name *to_name,
			 const struct dentry *trap, struct ditto_renamed *r)
{
	int err;

	err = ditto_dir_change_pre(from) ?:
	      ditto_dir_change_pre(to) ?:
	      find_source(from, from_name, r->dentry) ?:
	      ditto_dir_change_lookup(to, to_name) ?:
	      check_children(from, to, trap) ?:
	      check_replace(from, from_name, to, to_name, r) ?:
	      find_nodes(from, to, r) ?:
	      rename_lock_check(from, to, r);
	err = err ?: rename_children(from, to, r);
	if (!err)
		note_names(from, from_name, to, to_name, r);
	return err;
}

static int rename_dirs(struct ditto_dir_change *from, const struct ditto_name *from_name,
		       struct ditto_dir_change *to, const struct ditto_name *to_name,
		       struct ditto_renamed *r)
{
	struct dentry *trap;
	int err;

	trap = lock_rename(to->parent, from->parent);
	if (IS_ERR(trap))
		return PTR_ERR(trap);
	ditto_dir_change_mark(from);
	ditto_dir_change_mark(to);
	err = rename_locked(from, from_name, to, to_name, trap, r);
	ditto_wcc_post(from->op->share, from->parent, from->wcc);
	ditto_wcc_post(to->op->share, to->parent, to->wcc);
	ditto_dir_change_unmark(from);
	ditto_dir_change_unmark(to);
	unlock_rename(to->parent, from->parent);
	return err;
}

static int check_dirs(const struct ditto_dir_change *from, const struct ditto_dir_change *to)
{
	if (from->op->share != to->op->share ||
	    from->dir->inode->i_sb != to->dir->inode->i_sb)
		return -EXDEV;
	return 0;
}

static int check_hidden(const struct ditto_dir_change *from, const struct ditto_name *from_name,
			const struct ditto_dir_change *to, const struct ditto_name *to_name)
{
	if (ditto_is_hidden(from->op->share, from->parent, from_name))
		return -ENOENT;
	return ditto_is_hidden(to->op->share, to->parent, to_name) ? -EACCES : 0;
}

static int do_rename(struct ditto_op *op, struct ditto_node *from_dir,
		     const struct ditto_name *from, struct ditto_op *op_to,
		     struct ditto_node *to_dir, const struct ditto_name *to,
		     struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc,
		     struct ditto_renamed *r)
{
	struct ditto_dir_change cf, ct;
	int err, err_to;

	err = ditto_dir_change_init(&cf, op, from_dir, from_wcc);
	err_to = ditto_dir_change_init(&ct, op_to, to_dir, to_wcc);
	err = err ?: err_to ?:
	      ditto_name_plain(from, -EINVAL, -EINVAL) ?:
	      ditto_name_plain(to, -EINVAL, -EINVAL) ?:
	      check_dirs(&cf, &ct) ?:
	      check_hidden(&cf, from, &ct, to) ?:
	      ditto_dir_change_enter(&ct) ?:
	      rename_dirs(&cf, from, &ct, to, r);
	if (!err) {
		rename_tell(&cf, from, &ct, to, r);
		err = ditto_op_commit(op, ct.parent, false);
		if (!err && cf.parent != ct.parent)
			err = ditto_op_commit(op, cf.parent, false);
	}
	ditto_dir_change_end(&ct);
	ditto_dir_change_end(&cf);
	if (r->victim) {
		ditto_victim_gone(op_to->share, r->victim);
		ditto_node_put(r->victim);
	}
	if (r->file)
		ditto_node_put(r->file);
	return err;
}

int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc)
{
	struct ditto_renamed r = {};

	return do_rename(op, from_dir, from, op_to, to_dir, to, from_wcc, to_wcc, &r);
}
EXPORT_SYMBOL_NS_GPL(ditto_rename, DITTO);

int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace)
{
	struct ditto_renamed r = { .dentry = dentry, .no_replace = !replace };
	struct ditto_wcc from_wcc, to_wcc;
	struct name_snapshot snapshot;
	struct ditto_node *from_dir;
	struct ditto_name from;
	struct dentry *parent;
	int err;

	parent = ditto_parent(op->share, dentry);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	from_dir = ditto_node_get(op->share, parent);
	dput(parent);
	if (IS_ERR(from_dir))
		return PTR_ERR(from_dir);

	take_dentry_name_snapshot(&snapshot, dentry);
	from = (struct ditto_name){ .name = snapshot.name.name, .len = snapshot.name.len };
	err = do_rename(op, from_dir, &from, op, to_dir, to, &from_wcc, &to_wcc, &r);
	release_dentry_name_snapshot(&snapshot);
	ditto_node_put(from_dir);
	return err;
}
