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

#include "../node/hardlink.h"
#include "../node/hidden.h"
#include "../node/node.h"
#include "../offload/offload.h"
#include "../share/link.h"
#include "casefold_index.h"
#include "check/acl_file.h"
#include "check/audit.h"
#include "check/lock_check_private.h"
#include "dir_change_private.h"
#include "name_private.h"
#include "op_private.h"
#include "scan.h"

/**
 * struct ditto_renamed - a rename in progress
 * @from: change of the directory with the old name
 * @from_name: old name
 * @to: change of the directory with the new name
 * @to_name: new name
 * @dentry: dentry to rename, if it is not looked up by name; borrowed
 * @no_replace: fail if the new name exists
 * @only: the file that may be replaced, if it is but one; borrowed
 * @merge: see ditto_rename_dentry()
 * @merged: the old name was removed, and the new one is another hard link of the file
 * @file: file that is renamed
 * @victim: existing file with the new name, or NULL
 * @scanned: what is known about the content of @file is to be kept, see scan.h
 * @times_set: for ditto_scan_rename_end()
 *
 * The nodes are held until no lock is held: freeing the victim may free its data.
 */
struct ditto_renamed {
	struct ditto_dir_change from;
	const struct ditto_name *from_name;
	struct ditto_dir_change to;
	const struct ditto_name *to_name;
	struct dentry *dentry;
	bool no_replace;
	const struct inode *only;
	bool merge;
	bool merged;
	struct ditto_node *file;
	struct ditto_node *victim;
	bool scanned;
	u32 times_set;
};

/* The old name, if it is in the directory that gets the new one. */
static const struct ditto_name *rename_own_name(const struct ditto_renamed *r)
{
	return r->from.dir == r->to.dir ? r->from_name : NULL;
}

/*
 * True if the names are two hard links to be merged. On a case-insensitive file system a name may
 * have two dentries.
 */
static bool rename_merges(const struct ditto_renamed *r)
{
	const struct inode *inode = d_inode(r->from.child);

	return r->merge && r->from.child != r->to.child && inode == d_inode(r->to.child) &&
	       inode->i_nlink > 1;
}

/*
 * Look up both names. Both directories are locked. @trap is the child that is an ancestor of the
 * other directory.
 */
static int rename_lookup(struct ditto_renamed *r, const struct dentry *trap)
{
	struct ditto_dir_change *from = &r->from, *to = &r->to;
	struct ditto_node *node;
	int err;

	if (r->dentry)
		err = ditto_dir_change_child(from, r->from_name, r->dentry);
	else
		err = ditto_dir_change_lookup(from, r->from_name);
	if (err)
		return err;
	err = ditto_dir_change_lookup(to, r->to_name);
	if (err)
		return err;

	if (d_is_negative(from->child))
		return -ENOENT;
	if (from->child == trap)
		return -EINVAL;
	if (to->child == trap)
		return -ENOTEMPTY;
	/* A mount in any namespace: the VFS would detach it there. */
	if (d_mountpoint(from->child) || d_mountpoint(to->child))
		return -EBUSY;
	/* Clients that were referred have their mount there. */
	if (ditto_share_is_link(from->op->share, d_inode(from->child)) ||
	    ditto_share_is_link(to->op->share, d_inode(to->child)))
		return -EBUSY;
	if (d_is_negative(to->child)) {
		err = ditto_dir_change_check_name(to, r->to_name, rename_own_name(r));
		if (err)
			return err;
	} else if (r->no_replace && to->child != from->child && !rename_merges(r)) {
		return -EEXIST;
	}
	if (r->only && d_inode(to->child) != r->only)
		return -ESTALE;

	node = ditto_node_get(from->op->share, from->child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	r->file = node;
	if (d_is_negative(to->child))
		return 0;
	node = ditto_node_get(to->op->share, to->child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	r->victim = node;
	return 0;
}

static bool rename_meets_grants(const struct ditto_renamed *r)
{
	return ditto_has_grants(r->file) || ditto_has_grants(r->from.dir) ||
	       ditto_has_grants(r->to.dir) || (r->victim && ditto_has_grants(r->victim));
}

/* Rename with the credential that permits it. Both directories are locked. */
static int rename_children(struct ditto_renamed *r)
{
	struct ditto_dir_change *from = &r->from, *to = &r->to;
	const struct ditto_act_dirs dirs = {
		.from = from->dir, .file = r->file, .to = to->dir, .victim = r->victim,
		.now = rename_meets_grants(r),
	};
	struct renamedata rd = {
		.mnt_idmap = ditto_idmap(to->op->share),
		.old_parent = from->parent,
		.old_dentry = from->child,
		.new_parent = to->parent,
		.new_dentry = to->child,
	};
	int err, changing, replacing = 0, lifted = 0;
	const struct cred *as, *old;

	err = ditto_act_rename(from->op, to->op, &dirs, &as);
	if (err)
		return err;
	if (r->victim && d_is_dir(from->child) != d_is_dir(to->child))
		return d_is_dir(from->child) ? -ENOTDIR : -EISDIR;
	err = ditto_worm_check(from->op, r->file, DITTO_INTENT_RENAME) ?:
	      ditto_lock_check_name(from->op, r->file, DITTO_INTENT_RENAME);
	if (!err && r->victim)
		err = ditto_worm_check(to->op, r->victim, DITTO_INTENT_REPLACE) ?:
		      ditto_lock_check_name(to->op, r->victim, DITTO_INTENT_REPLACE);
	if (err)
		return err;
	err = ditto_lock_check(from->op, from->dir, DITTO_INTENT_ENTRY);
	if (err)
		return err;
	err = ditto_lock_check(to->op, to->dir, DITTO_INTENT_ENTRY);
	if (err)
		return err;
	changing = ditto_worm_change_begin(from->op, r->file, DITTO_INTENT_RENAME);
	if (changing < 0)
		return changing;
	if (r->victim)
		replacing = ditto_worm_change_begin(to->op, r->victim, DITTO_INTENT_REPLACE);
	if (replacing > 0)
		lifted = ditto_worm_lift(to->op, r->victim);
	err = min3(replacing, lifted, 0);
	if (err)
		goto end;

	/* Notifications of the rename report the replaced file first. */
	to->dir->victim = r->victim ? r->victim->inode : NULL;
	r->scanned = ditto_scan_rename_begin(r->file, &r->times_set);
	old = ditto_act_as(as);
	err = vfs_rename(&rd);
	ditto_op_leave(old);
	to->dir->victim = NULL;
	/* It may have another name. */
	if (lifted && (err || r->victim->inode->i_nlink))
		ditto_worm_restore(to->op, r->victim);
	err = ditto_no_wait(err);
end:
	ditto_worm_change_end(from->op, r->file, changing);
	if (r->victim)
		ditto_worm_change_end(to->op, r->victim, replacing);
	if (err)
		return err;
	if (from->dir == to->dir)
		to->removed = r->from_name;
	else
		from->removed = r->from_name;
	to->added = r->to_name;
	to->replaced = r->victim;
	to->moved = from->dir == to->dir;
	return 0;
}

/* Remove the old name of two hard links (MS-FSA section 2.1.5.15.11). */
static int rename_merge(struct ditto_renamed *r)
{
	struct ditto_node *node = NULL;
	int err;

	/* The pending deletion would take what may be the last name. */
	if (ditto_hardlink_refuses(r->file, r->to.child))
		return -EKEYREVOKED;
	err = ditto_dir_change_remove(&r->from, false, false, &node);
	/* It is @file, which is held. */
	if (node)
		ditto_node_put(node);
	if (err)
		return err;
	r->from.removed = r->from_name;
	r->merged = true;
	return 0;
}

/* Lock both directories and rename. */
static int rename_locked(struct ditto_renamed *r)
{
	struct ditto_dir_change *from = &r->from, *to = &r->to;
	struct dentry *trap;
	int err;

	trap = lock_rename(to->parent, from->parent);
	if (IS_ERR(trap))
		return PTR_ERR(trap);
	ditto_dir_change_mark(from);
	ditto_dir_change_mark(to);
	err = ditto_dir_change_pre(from);
	if (err)
		goto unlock;
	err = ditto_dir_change_pre(to);
	if (err)
		goto unlock;
	err = rename_lookup(r, trap);
	/*
	 * If both names belong to one file, nothing is done (RFC 1813 section 3.3.14), as in the
	 * VFS, unless they are to be merged.
	 */
	if (!err && r->file != r->victim)
		err = rename_children(r);
	else if (!err && rename_merges(r))
		err = rename_merge(r);
unlock:
	ditto_dir_change_post(from);
	ditto_dir_change_post(to);
	ditto_dir_change_unmark(from);
	ditto_dir_change_unmark(to);
	unlock_rename(to->parent, from->parent);
	return err;
}

static void rename_tell(struct ditto_renamed *r)
{
	struct ditto_dir_change *from = &r->from, *to = &r->to;

	if (r->merged)
		ditto_dir_change_removed(from, r->file);
	if (r->file == r->victim)
		return;
	ditto_count_change(r->file);
	if (r->scanned)
		ditto_scan_rename_end(r->file, r->times_set);
	ditto_lock_recheck(from->op, r->file, DITTO_INTENT_RENAME);
	if (r->victim)
		ditto_name_lost(to->op, r->victim, to->child, DITTO_INTENT_REPLACE);
	if (from->dir != to->dir)
		ditto_lock_recheck(from->op, from->dir, DITTO_INTENT_ENTRY);
	ditto_lock_recheck(to->op, to->dir, DITTO_INTENT_ENTRY);
}

/* The file that had the new name was removed, or the caller may not do that. */
static void rename_audit(const struct ditto_op *op, const struct ditto_renamed *r, int err)
{
	bool removed = r->to.replaced;

	if (removed || (r->victim != r->file && (err == -EACCES || err == -EPERM)))
		ditto_audit(op, r->victim, DITTO_AUDIT_DELETE, DITTO_RIGHT_DELETE, removed);
}

static int do_rename(struct ditto_op *op, struct ditto_node *from_dir, struct ditto_op *op_to,
		     struct ditto_node *to_dir, struct ditto_wcc *from_wcc,
		     struct ditto_wcc *to_wcc, struct ditto_renamed *r)
{
	int tries = 0, err, err_to;

again:
	err = ditto_dir_change_init(&r->from, op, from_dir, from_wcc);
	err_to = ditto_dir_change_init(&r->to, op_to, to_dir, to_wcc);
	r->to.tries = tries++;
	err = err ?: err_to ?: ditto_name_plain(r->from_name, -EINVAL, -EINVAL) ?:
	      ditto_name_plain(r->to_name, -EINVAL, -EINVAL);
	if (err)
		goto end;
	err = -EXDEV;
	if (op->share != op_to->share || from_dir->inode->i_sb != to_dir->inode->i_sb)
		goto end;
	err = -ENOENT;
	if (ditto_is_hidden(op->share, r->from.parent, r->from_name))
		goto end;
	err = -EACCES;
	if (ditto_is_hidden(op_to->share, r->to.parent, r->to_name))
		goto end;

	err = ditto_dir_change_enter(&r->to);
	if (err)
		goto end;
	err = rename_locked(r);
	if (err)
		goto end;
	rename_tell(r);
	err = ditto_op_commit(op, r->to.parent, false);
	if (!err && r->from.parent != r->to.parent)
		err = ditto_op_commit(op, r->from.parent, false);
end:
	ditto_dir_change_end(&r->to);
	ditto_dir_change_end(&r->from);
	if (!r->to.added && !r->merged)
		err = ditto_offload_find_room(op_to, to_dir, 0, err);
	if (r->to.unsure) {
		err = ditto_casefold_search(op_to->share, to_dir, r->to_name, rename_own_name(r));
		if (!err)
			goto again;
	}
	if (r->victim) {
		rename_audit(op_to, r, err);
		ditto_victim_gone(op_to->share, r->victim);
		ditto_node_put(r->victim);
	}
	if (r->file)
		ditto_node_put(r->file);
	return err;
}

/**
 * ditto_rename - rename a file
 * @op: the caller, for the source directory
 * @from_dir: held
 * @from: old name
 * @op_to: the caller, for the target directory, which may have been reached with other
 *	permissions
 * @to_dir: held
 * @to: new name; an existing file is replaced
 * @from_wcc: attributes of @from_dir; filled on success and failure
 * @to_wcc: attributes of @to_dir; filled on success and failure
 *
 * If both names belong to the same file, nothing is done (RFC 1813 section 3.3.14).
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EXDEV (another share), -EINVAL (into itself), -ENOTEMPTY, -EACCES, -EROFS
 * and others of the file system.
 */
int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc)
{
	struct ditto_renamed r = { .from_name = from, .to_name = to };

	return do_rename(op, from_dir, op_to, to_dir, from_wcc, to_wcc, &r);
}
EXPORT_SYMBOL_NS_GPL(ditto_rename, "DITTO");

/* Rename @r->dentry, whatever its name is by now. */
static int rename_by_dentry(struct ditto_op *op, struct ditto_node *to_dir,
			    struct ditto_renamed *r)
{
	struct ditto_wcc from_wcc, to_wcc;
	struct ditto_dentry_name from;
	int err = ditto_dentry_name_get(op->share, r->dentry, &from);

	if (err)
		return err;
	r->from_name = &from.name;
	err = do_rename(op, from.dir, op, to_dir, &from_wcc, &to_wcc, r);
	ditto_dentry_name_put(&from);
	return err;
}

/*
 * Rename a file by its dentry. @dentry: held; may have been moved. Context: no inode lock held.
 * Return: as ditto_rename(); -ENOENT if the dentry has lost its name; -EKEYREVOKED if names would
 * be merged into one that is delete pending.
 */
int ditto_rename_dentry(struct ditto_op *op, struct dentry *dentry, struct ditto_node *to_dir,
			const struct ditto_name *to, bool replace, bool merge)
{
	struct ditto_renamed r = {
		.to_name = to, .dentry = dentry, .no_replace = !replace, .merge = merge,
	};

	return rename_by_dentry(op, to_dir, &r);
}

/* Remove the directory @victim by its name, if that is still @name of @dir. */
static int rename_clear(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
			struct ditto_node *victim)
{
	struct dentry *dentry = ditto_node_dentry(victim);
	struct dentry *parent = dget_parent(dentry);
	struct name_snapshot snapshot;
	int err = -ESTALE;

	take_dentry_name_snapshot(&snapshot, dentry);
	/* If it is renamed from now on, it is still the file to replace that goes. */
	if (d_inode(parent) == dir->inode && snapshot.name.len == name->len &&
	    !memcmp(snapshot.name.name, name->name, name->len))
		err = ditto_remove_dentry(op, dentry, false);
	release_dentry_name_snapshot(&snapshot);
	dput(parent);
	dput(dentry);
	return err;
}

/**
 * ditto_rename_over - rename a file over one other file
 * @op: the caller
 * @node: held; the file to rename, which has one name
 * @dir: held
 * @to: new name, in the spelling that @victim has it
 * @victim: held; the file to replace
 *
 * No other file is replaced, even if it gets the name in between. An empty directory that is
 * replaced by something else is removed first; if the name is taken before it can be used,
 * -EEXIST is returned, and the directory is gone.
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_rename(); -ESTALE if @victim has lost the name.
 */
int ditto_rename_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		      const struct ditto_name *to, struct ditto_node *victim)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_renamed r = { .to_name = to, .dentry = dentry };
	int err = 0;

	if (S_ISDIR(victim->inode->i_mode) && !S_ISDIR(node->inode->i_mode)) {
		err = rename_clear(op, dir, to, victim);
		r.no_replace = true;
	} else {
		r.only = victim->inode;
	}
	if (!err)
		err = rename_by_dentry(op, dir, &r);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_rename_over, "DITTO");
