/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths and names that are looked up without regard to case.
 *
 * The file system keeps names as they were made. A name that is there exactly
 * wins; else one that differs in case only. Folding is that of Unicode as the
 * kernel has it (fs/unicode); a name that is not UTF-8 matches exactly only.
 *
 * So that a miss does not list the directory each time, a directory that was
 * listed keeps an index of folded names with its node, which holds while the
 * directory does not change but by us.
 */
#ifndef _DITTO_FS_NAME_WALK_H
#define _DITTO_FS_NAME_WALK_H

#include <linux/types.h>

#include "../op/op.h"

/**
 * ditto_lookup_casefold - find a name in a directory whatever its case
 * @op: who; needs search permission, not read permission
 * @dir: held
 * @name: as asked for; no "." or ".."
 * @found: filled with the name as the directory has it, if it differs; NAME_MAX + 1 bytes; or NULL
 * @out: the node, to be put
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -EILSEQ.
 */
int ditto_lookup_casefold(struct ditto_op *op, struct ditto_node *dir,
			  const struct ditto_name *name, char *found, struct ditto_node **out);

/* Where a walk ended. */
struct ditto_walk {
	struct ditto_node *parent;	/* of the last component, held; NULL at the share's root */
	struct ditto_node *node;	/* what the path names, held; NULL without such a name */
	struct ditto_name last;		/* the last component, as asked for; points into the path */
	char found[256];		/* as the directory has it, terminated; valid with @node */
	u32 passed;			/* bytes of the path before a symbolic link, with -ELOOP */
};

/**
 * ditto_walk - follow a path without regard to case
 * @op: who
 * @start: held, usually the share's root
 * @path: components separated by '/', no leading one; empty is @start itself.
 *	"." and ".." are refused with -EILSEQ.
 * @len: of @path
 * @walk: filled; to be ended with ditto_walk_end() after success
 *
 * A missing last component is no error: @walk->node is NULL then. A symbolic
 * link in the middle ends it with -ELOOP and @walk->passed; the last component
 * is not followed.
 *
 * Return: 0; -ENOENT, -ENOTDIR (a component in the middle is missing, or is no
 * directory), -EACCES, -ENAMETOOLONG, -EILSEQ, -ELOOP.
 */
int ditto_walk(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
	       struct ditto_walk *walk);
void ditto_walk_end(struct ditto_walk *walk);

#endif
