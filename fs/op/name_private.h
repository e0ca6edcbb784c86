/* SPDX-License-Identifier: GPL-2.0-only */
/* Names from the wire, and their look-up: fs/op/name.c. */
#ifndef _DITTO_FS_OP_NAME_PRIVATE_H
#define _DITTO_FS_OP_NAME_PRIVATE_H

#include <linux/dcache.h>

#include "op.h"

enum ditto_name_kind {
	DITTO_NAME_PLAIN,
	DITTO_NAME_DOT,
	DITTO_NAME_DOTDOT,
};

/**
 * ditto_name_check - check a name from the wire
 * @name: the name
 *
 * Return: enum ditto_name_kind, -EILSEQ (empty, NUL or slash) or -ENAMETOOLONG.
 */
int ditto_name_check(const struct ditto_name *name);

/**
 * ditto_name_plain - check that a name is neither "." nor ".."
 * @name: the name
 * @dot: result for "."
 * @dotdot: result for ".."
 *
 * Return: 0 for a plain name, @dot, @dotdot, -EILSEQ or -ENAMETOOLONG.
 */
int ditto_name_plain(const struct ditto_name *name, int dot, int dotdot);

/**
 * ditto_lookup_kind - look up a name that was checked
 * @op: the caller
 * @dir: node of the directory
 * @name: the name
 * @kind: from ditto_name_check(); returned if it is an error
 * @out: filled
 *
 * Return: as ditto_lookup().
 */
int ditto_lookup_kind(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		      int kind, struct ditto_node **out);

/**
 * ditto_lookup_dentry - look up a name in a directory
 * @op: the caller, entered
 * @dir: node of the directory
 * @parent: dentry of the directory
 * @name: a plain name
 *
 * Context: may sleep; the directory is not locked.
 * Return: a positive dentry, to be put, or an ERR_PTR.
 */
struct dentry *ditto_lookup_dentry(struct ditto_op *op, struct ditto_node *dir,
				   struct dentry *parent, const struct ditto_name *name);

/**
 * struct ditto_dentry_name - where a dentry is at present
 * @dir: its directory, held; the root of the share for that itself
 * @name: its name there
 * @snapshot: memory of @name
 */
struct ditto_dentry_name {
	struct ditto_node *dir;
	struct ditto_name name;
	struct name_snapshot snapshot;
};

/**
 * ditto_dentry_name_get - get the directory and the name of a dentry
 * @share: of the dentry
 * @dentry: held
 * @at: filled
 *
 * Context: may sleep.
 * Return: 0; -ESTALE if it was moved out of the share, or an errno of ditto_node_get(), after which
 * there is nothing to put.
 */
int ditto_dentry_name_get(struct ditto_share *share, struct dentry *dentry,
			  struct ditto_dentry_name *at);
void ditto_dentry_name_put(struct ditto_dentry_name *at);

/* Put bytes, or the names from the root of the share on, in front of *@at; false without room. */
bool ditto_path_prepend(char *buf, char **at, const char *s, size_t len);
bool ditto_path_prepend_names(const struct ditto_share *share, const struct dentry *dentry,
			      char *buf, char **at);

/*
 * The current path of a file relative to the root of a share, at the end of @buf; "" for the root.
 * Returns ERR_PTR(-ENAMETOOLONG) without room. Any context.
 */
char *ditto_dentry_path(const struct ditto_share *share, const struct dentry *dentry, char *buf,
			size_t size);

#endif
