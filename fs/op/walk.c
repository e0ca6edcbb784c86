// SPDX-License-Identifier: GPL-2.0-only
/* Case-insensitive path walk, see walk.h. */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../share/nested.h"
#include "../share/share.h"
#include "casefold_index.h"
#include "name_private.h"
#include "op_private.h"
#include "shortname.h"
#include "walk.h"

/* Attempts to look up a spelling that was found but has vanished since. */
#define DITTO_SPELLINGS_MAX	4

static int lookup_spelling(struct ditto_op *op, struct ditto_node *dir,
			   const struct ditto_name *name, char *found, struct ditto_node **out)
{
	int err;

	for (int i = 0; i < DITTO_SPELLINGS_MAX; i++) {
		struct ditto_name spelled = { .name = found };

		err = ditto_casefold_find(op->share, dir, name, false, found);
		if (err == -ENOENT)
			err = ditto_shortname_find(op->share, dir, name, found);
		if (err)
			return err;
		spelled.len = strlen(found);
		err = ditto_lookup_kind(op, dir, &spelled, DITTO_NAME_PLAIN, out);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

static int lookup_name(struct ditto_op *op, struct ditto_node *dir,
		       const struct ditto_name *name, bool exact, char *found,
		       struct ditto_node **out)
{
	int err;

	err = ditto_name_plain(name, -EILSEQ, -EILSEQ);
	if (err)
		return err;
	err = ditto_lookup_kind(op, dir, name, DITTO_NAME_PLAIN, out);
	if (!err && found) {
		memcpy(found, name->name, name->len);
		found[name->len] = '\0';
	}
	if (err != -ENOENT || exact)
		return err;
	return lookup_spelling(op, dir, name, found, out);
}

/**
 * ditto_lookup_casefold - look up a name in a directory regardless of case
 * @op: the caller; needs search permission, not read permission
 * @dir: held
 * @name: name as the client sent it; not "." or ".."
 * @found: filled with the spelling in the directory, terminated; NAME_MAX + 1 bytes; or NULL
 * @out: filled with the node, to be put
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -EILSEQ, -ENOMEM.
 */
int ditto_lookup_casefold(struct ditto_op *op, struct ditto_node *dir,
			  const struct ditto_name *name, char *found, struct ditto_node **out)
{
	char *spelling = found ?: kmalloc(NAME_MAX + 1, GFP_KERNEL);
	int err;

	if (!spelling)
		return -ENOMEM;
	err = lookup_name(op, dir, name, false, spelling, out);
	if (!found)
		kfree(spelling);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_lookup_casefold, "DITTO");

/* Descend into @walk->node and look up @walk->last there; it may be missing. */
static int walk_down(struct ditto_op *op, struct ditto_walk *walk, bool exact)
{
	struct ditto_node *node = walk->node;
	int err;

	if (!node)
		return -ENOENT;
	if (S_ISLNK(node->inode->i_mode))
		return -ELOOP;
	if (!S_ISDIR(node->inode->i_mode))
		return -ENOTDIR;
	if (walk->parent)
		ditto_node_put(walk->parent);
	walk->parent = node;
	walk->node = NULL;
	err = lookup_name(op, node, &walk->last, exact, walk->found, &walk->node);
	return err == -ENOENT ? 0 : err;
}

/* Follow a path with or without regard to case. Return: as ditto_walk(). */
int ditto_walk_how(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
		   bool exact, struct ditto_walk *walk)
{
	const char *slash;
	u32 at = 0;
	int err = 0;

	walk->parent = NULL;
	walk->last = (struct ditto_name) {};
	walk->found[0] = 0;
	walk->passed = 0;
	walk->node = start;
	ditto_node_hold(start);
	while (at < len) {
		slash = memchr(path + at, '/', len - at);
		walk->last.name = path + at;
		walk->last.len = (slash ? slash - path : len) - at;
		err = walk_down(op, walk, exact);
		if (err)
			break;
		/* If this is a symbolic link, the next step returns -ELOOP with this offset. */
		walk->passed = at;
		at += walk->last.len + 1;
	}
	if (err)
		ditto_walk_end(walk);
	return err;
}

/**
 * ditto_walk - follow a path regardless of case
 * @op: the caller
 * @start: held, usually the root of the share
 * @path: components separated by '/', without a leading one; an empty path is @start
 *	itself. "." and ".." are refused with -EILSEQ.
 * @len: length of @path
 * @walk: filled; ended with ditto_walk_end() after success
 *
 * A missing last component is no error; @walk->node is NULL then. A symbolic link in the middle
 * ends the walk with -ELOOP and @walk->passed. The last component is not followed.
 *
 * Return: 0; -ENOENT, -ENOTDIR (a component in the middle is missing or no directory), -EACCES,
 * -ENAMETOOLONG, -EILSEQ, -ELOOP.
 */
int ditto_walk(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
	       struct ditto_walk *walk)
{
	return ditto_walk_how(op, start, path, len, false, walk);
}
EXPORT_SYMBOL_NS_GPL(ditto_walk, "DITTO");

/* Errors that the path causes: who walks it again gets the same. */
static bool walk_err_is_lasting(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ELOOP || err == -EACCES ||
	       err == -EILSEQ || err == -ENAMETOOLONG;
}

/* Enter file systems within the share, of which there are some. */
static noinline_for_stack struct ditto_share *walk_enter(const struct ditto_op *op,
							 const char *path, u32 len, bool exact,
							 u32 *passed)
{
	struct ditto_share *share, *found = NULL;
	struct ditto_op here = *op;
	struct ditto_walk walk = {};
	const char *slash;
	u32 at = 0;
	int err = 0;

	walk.node = ditto_node_get_root(op->share);
	if (IS_ERR(walk.node))
		return ERR_CAST(walk.node);
	while (at < len && !list_empty(&here.share->nested)) {
		slash = memchr(path + at, '/', len - at);
		walk.last.name = path + at;
		walk.last.len = (slash ? slash - path : len) - at;
		err = walk_down(&here, &walk, exact);
		if (err || !walk.node)
			break;
		err = ditto_nested_follow(&here, &share, &walk.node);
		if (err)
			break;
		at = min(at + walk.last.len + 1, len);
		if (!share)
			continue;
		if (found)
			ditto_share_put(found);
		found = share;
		here.share = share;
		*passed = at;
	}
	ditto_walk_end(&walk);
	if (likely(!err || walk_err_is_lasting(err)))
		return found;
	if (found)
		ditto_share_put(found);
	return ERR_PTR(err);
}

/**
 * ditto_walk_enter - find the file system within a share that a path leads into
 * @op: the caller
 * @path: from the root of @op->share, as for ditto_walk(); the last component may be missing
 * @len: length of @path
 * @exact: names are case-sensitive
 * @passed: bytes of the path up to the root of that file system, with the separator behind it
 *
 * The walk ends without an error where the path cannot go on, e.g. at a symbolic link. Other errors
 * are returned: to go on without the mount would lead into the directory that it covers.
 *
 * Return: the share that stands for the file system, with a reference, see fs/share/nested.h; NULL
 * if the path stays in @op->share; or ERR_PTR of -ENOMEM, -ESTALE and others.
 */
struct ditto_share *ditto_walk_enter(const struct ditto_op *op, const char *path, u32 len,
				     bool exact, u32 *passed)
{
	*passed = 0;
	if (likely(list_empty(&op->share->nested)))
		return NULL;
	return walk_enter(op, path, len, exact, passed);
}
EXPORT_SYMBOL_NS_GPL(ditto_walk_enter, "DITTO");

/**
 * ditto_walk_end - drop the nodes that a walk has found
 * @walk: filled by a successful ditto_walk()
 */
void ditto_walk_end(struct ditto_walk *walk)
{
	if (walk->node)
		ditto_node_put(walk->node);
	if (walk->parent)
		ditto_node_put(walk->parent);
	walk->node = NULL;
	walk->parent = NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_walk_end, "DITTO");
