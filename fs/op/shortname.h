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

bool ditto_has_shortnames(const struct ditto_share *share);
bool ditto_is_shortname(const struct ditto_name *name);
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

struct ditto_shorts *ditto_shorts_load(const struct ditto_share *share, struct dentry *dir);
u32 ditto_shorts_get(const struct ditto_shorts *shorts, const struct ditto_name *name, char *out);
int ditto_shortname_set(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
			const struct ditto_name *as);
int ditto_shortname_find(struct ditto_share *share, struct ditto_node *dir,
			 const struct ditto_name *name, char *found);

#endif
