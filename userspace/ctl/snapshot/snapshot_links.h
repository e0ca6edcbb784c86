/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of a snapshot that may have several names, in a temporary database on disk. */
#ifndef _DITTO_CTL_SNAPSHOT_LINKS_H
#define _DITTO_CTL_SNAPSHOT_LINKS_H

#include "object/snapshot.h"

struct snapshot_links;

struct snapshot_links *snapshot_links_new(void);
void snapshot_links_free(struct snapshot_links *l);
/*
 * Note the first name of a file, and @made, the number of the inode that it has got. Returns false
 * if there is no room for it; nothing is added or found any more then.
 */
bool snapshot_links_add(struct snapshot_links *l, const struct snapshot_entry *e, u64 made);
/*
 * Find an earlier name of the same file: with the same inode and content. Each name was looked at
 * in its own moment, so the inode may come from a file that is gone. @path is valid until the next
 * call. Returns false if there is none.
 */
bool snapshot_links_find(struct snapshot_links *l, const struct snapshot_entry *e,
			 const char **path, u64 *made);
/* Whether something could not be noted or looked for, and nothing is found any more. */
bool snapshot_links_failed(const struct snapshot_links *l);
/*
 * Give an entry the size, number and content that an earlier name of its inode has. Returns false
 * if there is none. @e owns its cookie.
 */
bool snapshot_links_join(struct snapshot_links *l, struct snapshot_entry *e);

#endif
