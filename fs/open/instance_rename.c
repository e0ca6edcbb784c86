// SPDX-License-Identifier: GPL-2.0-only
/* Renaming and linking through instances. */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "../node/casefold.h"
#include "../op/check/acl_file.h"
#include "../op/name_private.h"
#include "../op/shortname.h"
#include "instance_private.h"
#include "stream.h"

/* Attempts to rename a file that is being renamed concurrently. */
#define DITTO_RENAMES_MAX	4

/**
 * struct target - target of a rename or link
 * @walk: result of the walk to the new name
 * @replace: an existing file is replaced
 * @posix: it is replaced even if others have it open
 * @merge: the name is another hard link of the file to rename
 */
struct target {
	struct ditto_walk walk;
	bool replace;
	bool posix;
	bool merge;
};

/* Whoever may not replace a file takes no grants from others by trying. */
static int check_may_replace(struct ditto_op *op, const struct target *t)
{
	struct ditto_node *node = t->walk.node;
	const struct cred *old;
	int err;

	if (!ditto_has_grants(node))
		return 0;
	old = ditto_op_enter(op);
	err = ditto_may_remove(op, t->walk.parent, node) ?:
	      ditto_may_create(op, t->walk.parent, S_ISDIR(node->inode->i_mode));
	ditto_op_leave(old);
	return err;
}

/* Check whether the existing file with the new name may be replaced. */
static int check_taken(struct ditto_op *op, const struct target *t)
{
	struct ditto_node *node = t->walk.node;
	u32 instances;
	int err;

	if (!t->replace)
		return -EEXIST;
	if (S_ISDIR(node->inode->i_mode) && !t->posix)
		return -EACCES;
	if (!t->posix && (ditto_node_flags(op, node) & DITTO_FLAG_READONLY))
		return -EACCES;
	err = check_may_replace(op, t);
	if (err)
		return err;
	/* Starts a break for clients that cache an open they have closed. */
	err = ditto_lock_check(op, node, DITTO_INTENT_REPLACE);
	if (err == -ETXTBSY)
		return -EACCES;
	if (err || t->posix)
		return err;
	spin_lock(&node->lock);
	instances = node->instances;
	spin_unlock(&node->lock);
	return instances ? -EACCES : 0;
}

static struct ditto_name found_name(const struct target *t)
{
	return (struct ditto_name){ .name = t->walk.found, .len = strlen(t->walk.found) };
}

/* Name to set: a file that has it keeps its spelling, unless that is what is changed. */
static struct ditto_name target_name(const struct target *t, const struct ditto_node *self)
{
	if (!t->walk.node || (t->walk.node == self && !t->merge))
		return t->walk.last;
	return found_name(t);
}

/* True if the file has the name besides the instance's, in whatever case. */
static bool is_other_link(const struct ditto_instance *inst, const struct target *t)
{
	const struct ditto_name found = found_name(t);
	struct name_snapshot snapshot;
	struct dentry *dentry, *parent;
	struct ditto_name own;
	bool other;

	if (t->walk.node != ditto_instance_file(inst))
		return false;
	dentry = ditto_instance_file_dentry(inst);
	parent = dget_parent(dentry);
	take_dentry_name_snapshot(&snapshot, dentry);
	own = (struct ditto_name){ .name = snapshot.name.name, .len = snapshot.name.len };
	other = d_inode(parent) != t->walk.parent->inode || !ditto_names_same(&found, &own);
	release_dentry_name_snapshot(&snapshot);
	dput(parent);
	return other;
}

static int find_target(struct ditto_op *op, const char *path, u32 len, bool exact,
		       struct target *t)
{
	struct ditto_node *root = ditto_node_get_root(op->share);
	int err;

	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk_how(op, root, path, len, exact, &t->walk);
	ditto_node_put(root);
	if (err)
		return err;
	/* The root of the share itself, or a directory that is delete pending. */
	if (!t->walk.parent || ditto_delete_is_pending(t->walk.parent))
		err = -EACCES;
	if (err)
		ditto_walk_end(&t->walk);
	return err;
}

/*
 * Adding a name opens the directory for writing without sharing deletion (MS-FSA section
 * 2.1.5.15.11). It conflicts with opens of the directory that have deletion access or do not
 * share writing.
 */
static int check_directory(struct ditto_op *op, const struct target *t)
{
	const struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN,
		.access = DITTO_OPEN_WRITE,
		.deny = DITTO_OPEN_DELETE,
		.empty = true,
	};
	struct ditto_conflict unwanted __uninitialized;

	if (t->posix)
		return 0;
	switch (ditto_claim_check(&t->walk.parent->point, &intent, op->actor, op->park,
				  op->conflict ?: &unwanted)) {
	case DITTO_ALLOWED:
		return 0;
	case DITTO_DENIED:
		return -ETXTBSY;
	default:
		return -EJUKEBOX;
	}
}

/* The VFS says -ENOTDIR, as it does of a component of a path. */
static int check_kind(const struct ditto_instance *inst, const struct target *t)
{
	bool becomes_dir = inst->is_dir && !S_ISDIR(t->walk.node->inode->i_mode);

	return becomes_dir && t->replace ? -EACCES : 0;
}

static int check_self(struct ditto_op *op, const struct ditto_instance *inst)
{
	struct dentry *dentry = ditto_instance_file_dentry(inst);

	if (dentry == op->share->root.dentry)
		return -EACCES;
	return inst->is_dir ? ditto_instance_is_busy(op, dentry, inst->exact) : 0;
}

static int rename_file(struct ditto_op *op, struct ditto_instance *inst, struct target *t)
{
	struct ditto_node *file = ditto_instance_file(inst);
	struct ditto_name name;
	int err = 0;

	/* A rename from one hard link to another does nothing by POSIX. */
	t->merge = !inst->exact && is_other_link(inst, t);
	name = target_name(t, file);
	/* Cached closed opens are broken although the name may stay the same, as on Windows. */
	if (t->walk.node == file)
		err = ditto_lock_check(op, file, DITTO_INTENT_RENAME);
	else if (t->walk.node)
		err = check_kind(inst, t) ?: check_taken(op, t);
	err = err ?: check_self(op, inst) ?: check_directory(op, t);
	if (err)
		return err;
	/* Another task may rename the file between lookup and lock. */
	err = -ENOENT;
	for (int i = 0; err == -ENOENT && i < DITTO_RENAMES_MAX; i++)
		err = ditto_rename_dentry(op, ditto_instance_file_dentry(inst), t->walk.parent,
					  &name, t->replace || (t->walk.node == file && !t->merge),
					  t->merge);
	return err;
}

static int rename_stream(struct ditto_op *op, struct ditto_instance *inst, const char *path,
			 u32 len, bool replace)
{
	const struct ditto_name to = { .name = path + 1, .len = len - 1 };
	struct dentry *dentry = ditto_node_dentry(inst->node);
	struct name_snapshot snapshot;
	struct ditto_name from;
	int err;

	take_dentry_name_snapshot(&snapshot, dentry);
	from = (struct ditto_name){ .name = snapshot.name.name, .len = snapshot.name.len };
	err = ditto_stream_rename(op, ditto_instance_file(inst), &from, &to,
				  replace ? DITTO_STREAM_OVER_EMPTY : DITTO_STREAM_OVER_NONE);
	release_dentry_name_snapshot(&snapshot);
	dput(dentry);
	return err;
}

/**
 * ditto_instance_rename - rename a file, possibly into another directory
 * @op: begun; DITTO_RIGHT_DELETE was granted
 * @inst: begun
 * @path: new path relative to the root of the share; directories are looked up
 *	case-insensitively unless the instance is case-sensitive
 * @len: length of @path
 * @replace: replace an existing file or empty directory
 * @posix: replace as rename(2) does, even if others have the replaced file open
 *
 * A stream is renamed if @path is ":NAME". If @path is another hard link of the file, only the old
 * name is removed, whatever @replace is, but not by a case-sensitive instance.
 *
 * Return: 0; -EEXIST, -EACCES (a file below the directory, or the replaced file, is open, or the
 * name is not known), -EKEYREVOKED (the other hard link is delete pending), -ENOENT, -ENOTDIR,
 * -EXDEV, -EINVAL, -EROFS, -ETXTBSY, -EJUKEBOX and others.
 */
int ditto_instance_rename(struct ditto_op *op, struct ditto_instance *inst,
			  const char *path, u32 len, bool replace, bool posix)
{
	struct target t = { .replace = replace, .posix = posix };
	struct ditto_op as = *op;
	int err;

	if (!(inst->rights & DITTO_RIGHT_DELETE))
		return -EACCES;
	if (!op->writable)
		return -EROFS;
	/* The name of a stream begins with a colon. */
	if (inst->is_stream)
		return path[0] == ':' ? rename_stream(op, inst, path, len, replace) : -EINVAL;
	/* One of several names, but it is not known which one. */
	if (!inst->link)
		return -EACCES;

	/* The granted rights concern this file, not directories. */
	as.granted = 0;
	as.casefold = !inst->exact;
	err = find_target(&as, path, len, inst->exact, &t);
	if (err)
		return err;
	err = rename_file(&as, inst, &t);
	ditto_walk_end(&t.walk);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_rename, "DITTO");

/* Link in place of the other file that has the new name. */
static int link_over(struct ditto_op *op, const struct ditto_instance *inst,
		     const struct target *t)
{
	const struct ditto_name taken = target_name(t, NULL);
	struct ditto_wcc wcc;

	/* The file has this name already. */
	if (t->walk.node == inst->node)
		return -EEXIST;
	return check_taken(op, t) ?:
	       ditto_link_over(op, inst->node, t->walk.parent, &t->walk.last, &taken, &wcc);
}

/**
 * ditto_instance_link - give a file another name
 * @op: begun
 * @inst: begun; not a stream
 * @path: new path, as for ditto_instance_rename()
 * @len: length of @path
 * @replace: replace an existing file
 *
 * Return: 0; -EEXIST, -EINVAL (a stream), -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_instance_link(struct ditto_op *op, struct ditto_instance *inst,
			const char *path, u32 len, bool replace)
{
	struct target t = { .replace = replace, .posix = inst->exact };
	struct ditto_op as = *op;
	struct ditto_wcc wcc;
	int err;

	if (inst->is_stream)
		return -EINVAL;
	if (!op->writable)
		return -EROFS;
	if (ditto_hardlink_is_deleted(inst->link))
		return -EACCES;
	as.granted = 0;
	as.held = 0;
	as.casefold = !inst->exact;
	err = find_target(&as, path, len, inst->exact, &t);
	if (err)
		return err;
	err = check_directory(&as, &t);
	if (!err && t.walk.node)
		err = link_over(&as, inst, &t);
	else if (!err)
		err = ditto_link(&as, inst->node, &as, t.walk.parent, &t.walk.last, &wcc);
	ditto_walk_end(&t.walk);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_link, "DITTO");

/**
 * ditto_instance_set_shortname - set the short name of the name by which a file was opened
 * @op: begun
 * @inst: begun
 * @as: as for ditto_shortname_set()
 *
 * Return: as ditto_shortname_set(); -EINVAL for a stream and for the root of the share.
 */
int ditto_instance_set_shortname(struct ditto_op *op, struct ditto_instance *inst,
				 const struct ditto_name *as)
{
	struct dentry *dentry = ditto_instance_file_dentry(inst);
	struct ditto_dentry_name at;
	int err;

	/* The root has no name, and a file that was opened without one has none of its own. */
	if (inst->is_stream || !inst->link || dentry == op->share->root.dentry)
		return -EINVAL;
	err = ditto_dentry_name_get(op->share, dentry, &at);
	if (err)
		return err;
	err = ditto_shortname_set(op, at.dir, &at.name, as);
	ditto_dentry_name_put(&at);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_set_shortname, "DITTO");
