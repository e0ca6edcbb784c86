/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bin of a share: what becomes of files that clients remove.
 *
 * A file with data that loses its last name gets a name in the directory DITTO_TRASH, before the
 * removal takes the other one: to all who have it open, watch it or cache its name, this is a
 * removal. Its attribute DITTO_TRASH_XATTR says where it was, who removed it and when:
 *
 *	1 UID SECONDS OWNER PATH
 *
 * OWNER is of the directory that the file was in: it is not restored to somebody else's directory.
 *
 * The bin is locked alone, before the directory is locked for the removal, so that neither waits
 * for the other one. The removal begins again if the file has other names by then than it should.
 * The volume's trash_lock, below the locks of directories, is held while a file gets a name in the
 * bin or loses it again, and while one of several hard links is removed that the bin is for: no two
 * such removals take the last two names together. Removals that the bin is not for, and renames
 * over a name, do not take it: if one of them takes the last name but one at the same time, the
 * file may go for good. A file in the bin whose node has DITTO_NODE_BINNED counts as one without a
 * name (ditto_node_links()) until it is found by another one, as it was restored. A node that is
 * made anew for a handle does not have that flag.
 *
 * The bin is a courtesy. What cannot be kept in it for long is removed all the same.
 */
#ifndef _DITTO_FS_OP_TRASH_H
#define _DITTO_FS_OP_TRASH_H

#include <linux/types.h>

#include "op.h"

struct dentry;
struct netlink_ext_ack;

#define DITTO_TRASH_XATTR	"trusted.ditto.trash"
/* Longest record; a longer path has no place in the attribute of any file system. */
#define DITTO_TRASH_RECORD_MAX	4096

char *ditto_trash_record(char *buf, size_t len, u32 uid, s64 seconds, u32 owner);
int ditto_trash_check(struct ditto_share *share, struct netlink_ext_ack *extack);
bool ditto_trash_is_on(const struct ditto_share *share, const struct ditto_name *name);
bool ditto_trash_takes(const struct dentry *child);
bool ditto_trash_has(struct dentry *dentry);
struct dentry *ditto_trash_add(const struct ditto_op *op, const struct dentry *dir,
			       struct dentry *child, bool now);
bool ditto_trash_undo(const struct ditto_op *op, struct dentry *added);

#endif
