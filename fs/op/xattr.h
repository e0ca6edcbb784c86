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

/**
 * ditto_xattr_is_supported - check whether files of a share can have extended attributes
 * @share: held
 *
 * Regular files and directories can, if the file system stores them for users.
 *
 * Context: any.
 * Return: true if they can.
 */
bool ditto_xattr_is_supported(const struct ditto_share *share);

/**
 * ditto_xattr_get - read an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @value: filled
 * @size: size of @value; 0 queries the length
 *
 * Return: length of the value, -ENODATA, -ERANGE (@value is too small), -EOPNOTSUPP, -EACCES and
 * others.
 */
ssize_t ditto_xattr_get(struct ditto_op *op, struct ditto_node *node,
			const struct ditto_name *name, void *value, size_t size);
/* How ditto_xattr_set() treats an existing attribute. */
enum ditto_xattr_how {
	DITTO_XATTR_EITHER,
	DITTO_XATTR_CREATE,	/* -EEXIST if it exists */
	DITTO_XATTR_REPLACE,	/* -ENODATA if it does not exist */
};

/**
 * ditto_xattr_set - set an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @value: the value
 * @size: size of @value in bytes, DITTO_XATTR_VALUE_MAX at most
 * @how: treatment of an existing attribute
 * @wcc: filled on success, with attributes read atomically with the change; may be NULL
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -ENODATA, -E2BIG, -EPERM (reserved name), -EACCES, -EROFS, -EJUKEBOX and
 * others.
 */
int ditto_xattr_set(struct ditto_op *op, struct ditto_node *node, const struct ditto_name *name,
		    const void *value, size_t size, enum ditto_xattr_how how,
		    struct ditto_wcc *wcc);

/**
 * ditto_xattr_remove - remove an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @wcc: as for ditto_xattr_set()
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENODATA, -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_xattr_remove(struct ditto_op *op, struct ditto_node *node,
		       const struct ditto_name *name, struct ditto_wcc *wcc);

/**
 * ditto_xattr_is_bare - tell whether a file is known to have no extended attributes of users
 * @share: share the node was reached through
 * @node: held
 *
 * Context: any.
 * Return: true if ditto_xattr_list() found none, and the file was not changed since.
 */
bool ditto_xattr_is_bare(const struct ditto_share *share, const struct ditto_node *node);

/**
 * ditto_xattr_list - call a function for each extended attribute
 * @op: the caller
 * @node: held
 * @fn: receives a name without prefix; may sleep; a nonzero value ends the list
 * @arg: passed to @fn
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
int ditto_xattr_list(struct ditto_op *op, struct ditto_node *node,
		     int (*fn)(void *arg, const struct ditto_name *name), void *arg);

#endif
