// SPDX-License-Identifier: GPL-2.0-only
/*
 * Renaming.
 *
 * Locking: lock_rename() takes the rename mutex of the file system if there
 * are two directories, then both of them.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>

#include "node.h"
#include "op_private.h"

/* Both directories are locked; @trap is the child that is an ancestor of the other one. */
static int check_children(const struct ditto_change *from, const struct ditto_change *to,
			  const struct dentry *trap)
{
	if (d_is_negative(from->child))
		return -ENOENT;
	if (from->child == trap)
		return -EINVAL;
	if (to->child == trap)
		return -ENOTEMPTY;
	/* Mounted in any namespace: the VFS would unmount it in the others. */
	if (d_mountpoint(from->child) || d_mountpoint(to->child))
		return -EBUSY;
	return 0;
}

/* Two names of one file: nothing is done, says RFC 1813 section 3.3.14, and so does the VFS. */
static int rename_children(struct ditto_change *from, struct ditto_change *to)
{
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
	int err;

	err = vfs_rename(&rd);
	return ditto_no_deleg_wait(err, delegated);
}

/**
 * struct ditto_renamed - the files that a rename is about
 * @file: gets another name
 * @victim: had that name, or NULL
 *
 * They are kept until no lock is held: the victim's data may go with it.
 */
struct ditto_renamed {
	struct ditto_node *file;
	struct ditto_node *victim;
};

static int find_node(struct ditto_change *c, struct ditto_node **out)
{
	struct ditto_node *node = ditto_node_get(c->op->share, c->child);

	if (IS_ERR(node))
		return PTR_ERR(node);
	*out = node;
	return 0;
}

static int find_nodes(struct ditto_change *from, struct ditto_change *to,
		      struct ditto_renamed *r)
{
	return find_node(from, &r->file) ?:
	       (d_is_positive(to->child) ? find_node(to, &r->victim) : 0);
}

static int ask(struct ditto_change *from, struct ditto_change *to, const struct ditto_renamed *r)
{
	int err;

	/* Two names of one file: nothing will be done. */
	if (r->file == r->victim)
		return 0;
	err = ditto_ask(from->op, r->file, DITTO_INTENT_RENAME);
	if (!err && r->victim)
		err = ditto_ask(to->op, r->victim, DITTO_INTENT_REPLACE);
	return err ?:
	       ditto_ask(from->op, from->dir, DITTO_INTENT_ENTRY) ?:
	       ditto_ask(to->op, to->dir, DITTO_INTENT_ENTRY);
}

static void tell(struct ditto_change *from, const struct ditto_name *from_name,
		 struct ditto_change *to, const struct ditto_name *to_name,
		 const struct ditto_renamed *r)
{
	if (r->file == r->victim)
		return;
	ditto_done(from->op, r->file, DITTO_INTENT_RENAME);
	if (r->victim) {
		ditto_node_forget(r->victim);
		ditto_done(to->op, r->victim, DITTO_INTENT_REPLACE);
	}
	if (from->dir == to->dir) {
		ditto_change_tell(to, DITTO_ENTRY_RENAMED, to_name, from_name);
		return;
	}
	ditto_change_tell(from, DITTO_ENTRY_REMOVED, from_name, NULL);
	ditto_change_tell(to, DITTO_ENTRY_ADDED, to_name, NULL);
}

static int rename_locked(struct ditto_change *from, const struct ditto_name *from_name,
			 struct ditto_change *to, const struct ditto_name *to_name,
			 const struct dentry *trap, struct ditto_renamed *r)
{
	int err;

	err = ditto_change_pre(from) ?:
	      ditto_change_pre(to) ?:
	      ditto_change_lookup(from, from_name) ?:
	      ditto_change_lookup(to, to_name) ?:
	      check_children(from, to, trap) ?:
	      find_nodes(from, to, r) ?:
	      ask(from, to, r);
	return err ?: rename_children(from, to);
}

static int rename_dirs(struct ditto_change *from, const struct ditto_name *from_name,
		       struct ditto_change *to, const struct ditto_name *to_name,
		       struct ditto_renamed *r)
{
	struct dentry *trap;
	int err;

	trap = lock_rename(to->parent, from->parent);
	if (IS_ERR(trap))
		return PTR_ERR(trap);
	err = rename_locked(from, from_name, to, to_name, trap, r);
	ditto_wcc_post(from->op->share, from->parent, from->wcc);
	ditto_wcc_post(to->op->share, to->parent, to->wcc);
	unlock_rename(to->parent, from->parent);
	return err;
}

static int check_dirs(const struct ditto_change *from, const struct ditto_change *to)
{
	if (from->op->share != to->op->share ||
	    from->dir->inode->i_sb != to->dir->inode->i_sb)
		return -EXDEV;
	return 0;
}

int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc)
{
	struct ditto_renamed r = {};
	struct ditto_change cf, ct;
	int err, err_to;

	err = ditto_change_init(&cf, op, from_dir, from_wcc);
	err_to = ditto_change_init(&ct, op_to, to_dir, to_wcc);
	err = err ?: err_to ?:
	      ditto_name_plain(from, -EINVAL, -EINVAL) ?:
	      ditto_name_plain(to, -EINVAL, -EINVAL) ?:
	      check_dirs(&cf, &ct) ?:
	      ditto_change_enter(&ct) ?:
	      rename_dirs(&cf, from, &ct, to, &r);
	if (!err) {
		tell(&cf, from, &ct, to, &r);
		err = ditto_commit(op->share, ct.parent, false);
		if (!err && cf.parent != ct.parent)
			err = ditto_commit(op->share, cf.parent, false);
	}
	ditto_change_end(&ct);
	ditto_change_end(&cf);
	if (r.victim)
		ditto_node_put(r.victim);
	if (r.file)
		ditto_node_put(r.file);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_rename, DITTO);
