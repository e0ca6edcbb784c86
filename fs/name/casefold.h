/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folding of names, as fs/unicode of the kernel has it: normalized, and in one
 * case. A name that is not UTF-8 has none.
 */
#ifndef _DITTO_FS_NAME_CASEFOLD_H
#define _DITTO_FS_NAME_CASEFOLD_H

#include <linux/types.h>

struct ditto_name;

/* The hash of the folding. False for a name that matches exactly only. */
bool ditto_name_hash(const struct ditto_name *name, u32 *hash);
/* Do two names differ in case at most? */
bool ditto_names_same(const struct ditto_name *a, const struct ditto_name *b);

/* The tables of foldings, which the module holds. */
void ditto_casefold_tables_init(void);
void ditto_casefold_tables_exit(void);

#endif
