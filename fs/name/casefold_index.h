/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of a directory's names without regard to case, kept with its node.
 *
 * It is made by listing the directory once, and holds while the directory's
 * change attribute is what the index was left with. Changes of ours move both
 * along. Changes by others spoil it: those made on this machine are told by the
 * file system's notification, so that a change attribute as coarse as a clock's
 * tick is enough; those made elsewhere, which are not told, need a better one.
 */
#ifndef _DITTO_FS_NAME_CASEFOLD_INDEX_H
#define _DITTO_FS_NAME_CASEFOLD_INDEX_H

#include <linux/types.h>

struct ditto_name;
struct ditto_node;
struct ditto_share;
struct ditto_wcc;

/* Names that one index holds; a larger directory is listed at each miss. */
#define DITTO_CASEFOLD_NAMES_MAX	1000000U
/* Names of all indexes, and indexes; those not used for the longest go. */
#define DITTO_CASEFOLD_TOTAL_MAX	2000000L
#define DITTO_CASEFOLD_DIRS_MAX		1024U

/**
 * ditto_casefold_find - find how the directory spells a name
 * @share: through which it was reached
 * @dir: a directory, held; who may read it does not matter
 * @name: in any case
 * @found: filled, terminated; NAME_MAX + 1 bytes
 *
 * Of several names that differ in case only it is always the same one that is
 * found: the first one in the order of bytes.
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, or an errno of the file system.
 */
int ditto_casefold_find(struct ditto_share *share, struct ditto_node *dir,
			const struct ditto_name *name, char *found);

/**
 * ditto_casefold_changed - we changed the entries of a directory
 * @dir: locked
 * @wcc: around the change
 * @removed: a name that is gone, or NULL
 * @added: a name that is new, or NULL
 */
void ditto_casefold_changed(struct ditto_node *dir, const struct ditto_wcc *wcc,
			    const struct ditto_name *removed, const struct ditto_name *added);

/**
 * ditto_casefold_is_taken - is a name there in another case
 * @dir: locked
 * @wcc: its attributes before the change that is about to be made
 * @name: exactly this is not there
 * @except: a name that is about to go, or NULL
 *
 * For who found the name free before it locked the directory: what was added
 * since is in the index. Without a valid index the answer is false.
 */
bool ditto_casefold_is_taken(struct ditto_node *dir, const struct ditto_wcc *wcc,
			     const struct ditto_name *name, const struct ditto_name *except);

/* Somebody else changed them. Any context but interrupts. */
void ditto_casefold_spoil(struct ditto_node *dir);

/* The node goes. May sleep. */
void ditto_casefold_free(struct ditto_node *dir);

#if IS_ENABLED(CONFIG_KUNIT)
/* How many directories were listed to make an index. */
extern atomic_t ditto_casefold_builds;
#endif

#endif
