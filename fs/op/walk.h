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

int ditto_walk(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
	       struct ditto_walk *walk);
int ditto_walk_how(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
		   bool exact, struct ditto_walk *walk);
struct ditto_share *ditto_walk_enter(const struct ditto_op *op, const char *path, u32 len,
				     bool exact, u32 *passed);
void ditto_walk_end(struct ditto_walk *walk);

#endif
