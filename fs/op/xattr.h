/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended attributes of clients. Clients see the "user." namespace, without its prefix, except
 * the attributes that the server uses itself.
 */
#ifndef _DITTO_FS_OP_XATTR_H
#define _DITTO_FS_OP_XATTR_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct ditto_wcc;

/* Longest value, and longest list of names. */
#define DITTO_XATTR_VALUE_MAX	65536
#define DITTO_XATTR_LIST_MAX	65536

bool ditto_xattr_is_supported(const struct ditto_share *share);
ssize_t ditto_xattr_get(struct ditto_op *op, struct ditto_node *node,
			const struct ditto_name *name, void *value, size_t size);
/* How ditto_xattr_set() treats an existing attribute. */
enum ditto_xattr_how {
	DITTO_XATTR_EITHER,
	DITTO_XATTR_CREATE,	/* -EEXIST if it exists */
	DITTO_XATTR_REPLACE,	/* -ENODATA if it does not exist */
};

int ditto_xattr_set(struct ditto_op *op, struct ditto_node *node, const struct ditto_name *name,
		    const void *value, size_t size, enum ditto_xattr_how how,
		    struct ditto_wcc *wcc);
int ditto_xattr_remove(struct ditto_op *op, struct ditto_node *node,
		       const struct ditto_name *name, struct ditto_wcc *wcc);
bool ditto_xattr_is_bare(const struct ditto_share *share, const struct ditto_node *node);
int ditto_xattr_list(struct ditto_op *op, struct ditto_node *node,
		     int (*fn)(void *arg, const struct ditto_name *name), void *arg);

#endif
