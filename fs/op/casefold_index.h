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

/**
 * ditto_casefold_find - find the exact spelling of a name in a directory
 * @share: share the directory was reached through
 * @dir: a directory, held; access is not checked
 * @name: name in any case
 * @is_short: @name is the short name of the name that is searched for
 * @found: filled and terminated; NAME_MAX + 1 bytes
 *
 * If several names differ in case only, or have the same short name, the first one in byte order is
 * returned.
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, or an errno of the file system.
 */
int ditto_casefold_find(struct ditto_share *share, struct ditto_node *dir,
			const struct ditto_name *name, bool is_short, char *found);

/**
 * ditto_casefold_changed - update the index after a change by the server
 * @dir: the directory, inode locked
 * @wcc: attributes around the change
 * @removed: removed name, or NULL
 * @added: added name, or NULL
 */
void ditto_casefold_changed(struct ditto_node *dir, const struct ditto_wcc *wcc,
			    const struct ditto_name *removed, const struct ditto_name *added);

/**
 * ditto_casefold_check - check that a name does not exist in another case
 * @dir: the directory, inode locked
 * @wcc: attributes before the intended change
 * @name: the name, which does not exist in this spelling
 * @except: a name that is about to be removed, or NULL
 *
 * For callers that found the name free before they locked the directory: the index contains names
 * added since.
 *
 * Return: 0; -EEXIST; -EAGAIN if that is not known, because other tasks have changed the directory
 * or there is no index: the caller unlocks it and calls ditto_casefold_search() before the next
 * attempt.
 */
int ditto_casefold_check(struct ditto_node *dir, const struct ditto_wcc *wcc,
			 const struct ditto_name *name, const struct ditto_name *except);

/**
 * ditto_casefold_search - check that a name does not exist in another case, before the directory
 * is locked
 * @share: share the directory was reached through
 * @dir: a directory, held; access is not checked
 * @name: the name
 * @except: a name that is about to be removed, or NULL
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, or an errno of the file system.
 */
int ditto_casefold_search(struct ditto_share *share, struct ditto_node *dir,
			  const struct ditto_name *name, const struct ditto_name *except);

/**
 * ditto_casefold_spoil - invalidate the index after a change by another task
 * @dir: the directory
 *
 * Context: any but interrupts.
 */
void ditto_casefold_spoil(struct ditto_node *dir);

/**
 * ditto_casefold_free - free the index of a node that is being freed
 * @dir: the node
 */
void ditto_casefold_free(struct ditto_node *dir);

/* Number of listings made to build an index, for tests. */
extern atomic_t ditto_casefold_builds;

#endif
