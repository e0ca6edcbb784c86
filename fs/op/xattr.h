/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended attributes for clients: the "user." ones, named without that, and
 * never those that are ours ("user." or not).
 */
#ifndef _DITTO_FS_OP_XATTR_H
#define _DITTO_FS_OP_XATTR_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
struct ditto_op;

/* Longest value (PLT-12), and longest list of names. */
#define DITTO_XATTR_VALUE_MAX	65536
#define DITTO_XATTR_LIST_MAX	65536

/* @size 0 asks for the length. Return: length, -ENODATA, -ERANGE (does not fit), -EOPNOTSUPP. */
ssize_t ditto_xattr_get(struct ditto_op *op, struct ditto_node *node,
			const struct ditto_name *name, void *value, size_t size);
enum ditto_xattr_how {
	DITTO_XATTR_EITHER,
	DITTO_XATTR_CREATE,	/* -EEXIST */
	DITTO_XATTR_REPLACE,	/* -ENODATA */
};

int ditto_xattr_set(struct ditto_op *op, struct ditto_node *node, const struct ditto_name *name,
		    const void *value, size_t size, enum ditto_xattr_how how);
int ditto_xattr_remove(struct ditto_op *op, struct ditto_node *node,
		       const struct ditto_name *name);
/* Call @fn for each name; it may sleep and ends the list with a value other than 0. */
int ditto_xattr_list(struct ditto_op *op, struct ditto_node *node,
		     int (*fn)(void *arg, const struct ditto_name *name), void *arg);

#endif
