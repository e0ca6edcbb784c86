/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Case-insensitive index of a directory's names, kept with its node. Where the share has short
 * names, names are found by these, too.
 *
 * The index is built by listing the directory once. It is valid while the directory's change
 * attribute has the value recorded in the index. Changes by the server update both. Changes by
 * other tasks invalidate the index: those on this machine are reported by fsnotify, so a change
 * attribute with the granularity of a clock tick suffices. Changes by other machines are not
 * reported and need a finer change attribute.
 */
#ifndef _DITTO_FS_OP_CASEFOLD_INDEX_H
#define _DITTO_FS_OP_CASEFOLD_INDEX_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
struct ditto_share;
struct ditto_wcc;

/* Names in one index; a larger directory is listed on each miss. */
#define DITTO_CASEFOLD_NAMES_MAX	1000000U
/* Names in all indexes, and indexes with names; the least recently used index is dropped. */
#define DITTO_CASEFOLD_TOTAL_MAX	2000000L
#define DITTO_CASEFOLD_DIRS_MAX		1024U

int ditto_casefold_find(struct ditto_share *share, struct ditto_node *dir,
			const struct ditto_name *name, bool is_short, char *found);
void ditto_casefold_changed(struct ditto_node *dir, const struct ditto_wcc *wcc,
			    const struct ditto_name *removed, const struct ditto_name *added);
int ditto_casefold_check(struct ditto_node *dir, const struct ditto_wcc *wcc,
			 const struct ditto_name *name, const struct ditto_name *except);
int ditto_casefold_search(struct ditto_share *share, struct ditto_node *dir,
			  const struct ditto_name *name, const struct ditto_name *except);
void ditto_casefold_spoil(struct ditto_node *dir);
void ditto_casefold_free(struct ditto_node *dir);

/* Number of listings made to build an index, for tests. */
extern atomic_t ditto_casefold_builds;

#endif
