/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8.3 names (MS-FSCC section 2.1.5.2.1) for files with longer names, if a share has them enabled.
 * A short name is computed from the long name alone and not stored, so a file always has the same
 * one. A lookup by short name uses the index of the directory (casefold_index.h). If two files in a
 * directory have the same short name, which is very unlikely, the first one in byte order is found.
 */
#ifndef _DITTO_FS_OP_SHORTNAME_H
#define _DITTO_FS_OP_SHORTNAME_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
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
