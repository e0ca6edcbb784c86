/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of eight characters and three (MS-FSCC section 2.1.5.2.1) for files that have
 * longer ones, where a share says so. They are made of the name and of nothing else, and
 * kept nowhere: so a file has the same one always, and who comes with one has the
 * directory listed for it. Of two files with the same one, which is next to
 * impossible, the directory's first is found.
 */
#ifndef _DITTO_FS_NAME_SHORTNAME_H
#define _DITTO_FS_NAME_SHORTNAME_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
struct ditto_share;

#define DITTO_SHORT_MAX		12

/* Have files of this share short names? A setting. Any context. */
bool ditto_has_shortnames(const struct ditto_share *share);
/* Is a name one of these by itself? */
bool ditto_is_shortname(const struct ditto_name *name);
/* The short one of a name that is none by itself. Return: its length, DITTO_SHORT_MAX at most. */
u32 ditto_shortname(const struct ditto_name *name, char *out);

/**
 * ditto_shortname_find - find the name that a short one was made of
 * @share: through which it was reached
 * @dir: a directory, held; who may read it does not matter
 * @name: in any case
 * @found: filled, terminated; NAME_MAX + 1 bytes
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT (also: the share has no short names), or an errno of the file system.
 */
int ditto_shortname_find(struct ditto_share *share, struct ditto_node *dir,
			 const struct ditto_name *name, char *found);

#endif
