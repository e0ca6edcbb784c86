/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8.3 names (MS-FSCC section 2.1.5.2.1) for files with longer names, if a share has them enabled.
 * A short name is computed from the long name alone, so a file always has the same one. A lookup by
 * short name uses the index of the directory (casefold_index.h). If two files in a directory have
 * the same short name, which is very unlikely, the first one in byte order is found.
 *
 * Names that were set instead are few, as only programs that restore files do that. The directory
 * has them in an extended attribute, "trusted.ditto.short", by the long names. Programs that save a
 * file by making it anew keep its short name, because the entry of a removed file stays until the
 * next short name is set in the directory; it leads nowhere until then.
 */
#ifndef _DITTO_FS_OP_SHORTNAME_H
#define _DITTO_FS_OP_SHORTNAME_H

#include <linux/types.h>

struct dentry;
struct ditto_name;
struct ditto_node;
struct ditto_op;
struct ditto_share;

/* Longest 8.3 name: 8 characters, a dot, 3 characters. */
#define DITTO_SHORT_MAX		12

/**
 * ditto_has_shortnames - tell whether a share has 8.3 names enabled
 * @share: held
 *
 * Context: any.
 * Return: true if it has.
 */
bool ditto_has_shortnames(const struct ditto_share *share);

/**
 * ditto_is_shortname - tell whether a name is a valid 8.3 name itself
 * @name: the name
 *
 * Context: any.
 * Return: true if it is.
 */
bool ditto_is_shortname(const struct ditto_name *name);

/**
 * ditto_shortname - compute the 8.3 name of a longer name
 * @name: a name that is not a valid 8.3 name itself
 * @out: filled, not terminated; DITTO_SHORT_MAX bytes
 *
 * Context: any.
 * Return: length of the 8.3 name.
 */
u32 ditto_shortname(const struct ditto_name *name, char *out);

/* Bytes of the names that were set in one directory. */
#define DITTO_SHORTS_MAX	2048

/**
 * struct ditto_shorts - short names that were set in a directory
 * @len: bytes of @data
 * @data: for each one: lengths of the short and of the long name, a byte each, and both names
 */
struct ditto_shorts {
	u32 len;
	char data[DITTO_SHORTS_MAX];
};

/**
 * ditto_shorts_load - load the short names that were set in a directory
 * @share: held
 * @dir: the directory, held
 *
 * Context: may sleep.
 * Return: the names, to be freed with kfree(); NULL if there are none, or none can be read.
 */
struct ditto_shorts *ditto_shorts_load(const struct ditto_share *share, struct dentry *dir);

/**
 * ditto_shorts_get - get the short name of a name, other than itself
 * @shorts: names that were set in the directory, or NULL
 * @name: a name of the directory
 * @out: filled, not terminated; DITTO_SHORT_MAX bytes
 *
 * Context: any.
 * Return: length of the short name; 0 if it has none.
 */
u32 ditto_shorts_get(const struct ditto_shorts *shorts, const struct ditto_name *name, char *out);

/**
 * ditto_shortname_set - set the short name of a name
 * @op: the caller; the caller of this function has checked the rights
 * @dir: the directory, held
 * @name: a name of the directory
 * @as: the 8.3 name, in capitals; empty for none
 *
 * Context: may sleep; no inode lock held.
 * Return: 0; -EINVAL (no 8.3 name), -EEXIST (another file has it as name or short name), -ENOSPC
 * (too many), -EIO (the stored ones are damaged), -EROFS, -EOPNOTSUPP, -EJUKEBOX and others.
 */
int ditto_shortname_set(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
			const struct ditto_name *as);

/**
 * ditto_shortname_find - find the file name that belongs to an 8.3 name
 * @share: share the directory was reached through
 * @dir: a directory, held; access is not checked
 * @name: 8.3 name in any case
 * @found: filled and terminated; NAME_MAX + 1 bytes
 *
 * Context: may sleep; no inode lock held.
 * Return: 0; -ENOENT, also if the share has no 8.3 names; or an errno of the file system.
 */
int ditto_shortname_find(struct ditto_share *share, struct ditto_node *dir,
			 const struct ditto_name *name, char *found);

#endif
