/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Case-insensitive lookup of names and paths.
 *
 * The file system preserves case. An exact match has precedence; otherwise a name that differs
 * only in case matches. Names are folded by fs/unicode; a name that is not UTF-8 matches exactly
 * only.
 *
 * To avoid listing the directory on each miss, an index of folded names is kept with the
 * directory's node (casefold_index.h).
 */
#ifndef _DITTO_FS_OP_WALK_H
#define _DITTO_FS_OP_WALK_H

#include <linux/types.h>

#include "op.h"

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
			  const struct ditto_name *name, char *found, struct ditto_node **out);

/* Result of a path walk. */
struct ditto_walk {
	struct ditto_node *parent;	/* of the last component, held; NULL for an empty path */
	struct ditto_node *node;	/* the file, held; NULL if it does not exist */
	struct ditto_name last;		/* last component as sent, inside the path */
	char found[256];		/* spelling in the directory; valid with @node */
	u32 passed;			/* bytes of the path before a symbolic link, with -ELOOP */
};

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
	       struct ditto_walk *walk);

/**
 * ditto_walk_how - follow a path with or without regard to case
 * @op: the caller
 * @start: held
 * @path: as for ditto_walk()
 * @len: length of @path
 * @exact: names are case-sensitive
 * @walk: filled; @walk->passed is the offset of the last component that was looked up
 *
 * Return: as ditto_walk().
 */
int ditto_walk_how(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
		   bool exact, struct ditto_walk *walk);

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
				     bool exact, u32 *passed);

/**
 * ditto_walk_end - drop the nodes that a walk has found
 * @walk: filled by a successful ditto_walk()
 */
void ditto_walk_end(struct ditto_walk *walk);

#endif
