/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Case folding of names as in fs/unicode: normalized and folded. A name that is not valid UTF-8
 * has no folded form and matches exactly only.
 */
#ifndef _DITTO_FS_NODE_CASEFOLD_H
#define _DITTO_FS_NODE_CASEFOLD_H

#include <linux/types.h>

/* A name from the wire; not terminated. */
struct ditto_name {
	const char *name;
	u32 len;
};

/* Room for the folded form of a name of NAME_MAX bytes: it is at most three times as long. */
#define DITTO_FOLDED_MAX	(3 * 255 + 1)

/**
 * ditto_name_fold - get the folded form of a name
 * @name: the name
 * @out: filled, and terminated
 * @size: bytes of @out
 *
 * Context: any.
 * Return: bytes of the folded form, or a negative errno if there is none or no room.
 */
int ditto_name_fold(const struct ditto_name *name, char *out, size_t size);
bool ditto_name_hash(const struct ditto_name *name, u32 *hash);
bool ditto_names_same(const struct ditto_name *a, const struct ditto_name *b);
u64 ditto_path_hash(const char *path, u32 len, bool exact);

/* Load and unload the Unicode tables, with the module. */
void ditto_casefold_tables_init(void);
void ditto_casefold_tables_exit(void);

#endif
