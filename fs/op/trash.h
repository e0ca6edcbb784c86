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

/*
 * Write a record to the end of @buf, of DITTO_TRASH_RECORD_MAX bytes, whose end has the path of
 * @len bytes. Returns its start, or NULL without room. Any context.
 */
char *ditto_trash_record(char *buf, size_t len, u32 uid, s64 seconds, u32 owner);

/*
 * Look for the bin, or make it, and check that its file system can keep files in it. Returns 0, or
 * an errno with the reason in @extack. May sleep.
 */
int ditto_trash_check(struct ditto_share *share, struct netlink_ext_ack *extack);

/* True if the share has a bin for files with this name. Any context. */
bool ditto_trash_is_on(const struct ditto_share *share, const struct ditto_name *name);

/* True if a file belongs into the bin when it loses its last name. Any context. */
bool ditto_trash_takes(const struct dentry *child);

/* True if a file has a record. May sleep. */
bool ditto_trash_has(struct dentry *dentry);

/*
 * Give a file in a directory a name in the bin. Returns it, to be put; NULL if the bin cannot take
 * the file; ERR_PTR(-EAGAIN) if the file does not have one name, or if somebody has a delegation
 * and @now is set; or, but with @now, another ERR_PTR if the bin can take it later. May sleep;
 * write access to the mount, nothing is locked.
 */
struct dentry *ditto_trash_add(const struct ditto_op *op, const struct dentry *dir,
			       struct dentry *child, bool now);

/*
 * Undo that, as the file was not removed. Returns false if the file has lost all other names since,
 * so that it stays in the bin. May sleep; write access to the mount, nothing is locked.
 */
bool ditto_trash_undo(const struct ditto_op *op, struct dentry *added);

#endif
