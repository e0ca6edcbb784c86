/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame around every change of a directory: fs/op/dir_change.c. */
#ifndef _DITTO_FS_OP_DIR_CHANGE_PRIVATE_H
#define _DITTO_FS_OP_DIR_CHANGE_PRIVATE_H

#include "../../lockd/lease.h"
#include "op_private.h"

/**
 * struct ditto_dir_change - a change of a directory in progress
 * @op: the caller
 * @dir: the directory
 * @wcc: attributes of the directory around the change
 * @parent: dentry of the directory
 * @child: dentry of the changed name; may be negative
 * @kept: name in the bin that the removed file has got before, held; or NULL
 * @keeps: the removed file belongs into the bin, if ditto_trash_takes() it, and is not there
 * @removed: name that was removed from the directory, or NULL
 * @added: name that was added to it, or NULL
 * @old: previous credential, while @entered
 * @entered: the caller's credential is in place, with write access to the mount
 * @locked: the directory's inode lock is held
 * @replaced: the added name was another file's, which was removed
 * @moved: the added name belongs to the file that had the removed one
 * @tries: number of attempts before this one, for ditto_dir_change_check_name()
 * @unsure: the change was given up because it is not known whether the name is free in all cases
 * @raced: the removal was given up because the file would get into the bin too late
 */
struct ditto_dir_change {
	struct ditto_op *op;
	struct ditto_node *dir;
	struct ditto_wcc *wcc;
	struct dentry *parent;
	struct dentry *child;
	struct dentry *kept;
	const struct ditto_name *removed;
	const struct ditto_name *added;
	const struct cred *old;
	bool entered;
	bool locked;
	bool replaced;
	bool moved;
	u8 tries;
	bool unsure;
	bool keeps;
	bool raced;
};

/* dir_change.c */
int ditto_dir_change_init(struct ditto_dir_change *c, struct ditto_op *op,
			  struct ditto_node *dir, struct ditto_wcc *wcc);
int ditto_dir_change_begin(struct ditto_dir_change *c, const struct ditto_name *name);
int ditto_dir_change_enter(struct ditto_dir_change *c);
int ditto_dir_change_pre(struct ditto_dir_change *c);
void ditto_dir_change_post(struct ditto_dir_change *c);
int ditto_dir_change_lookup(struct ditto_dir_change *c, const struct ditto_name *name);
int ditto_dir_change_child(struct ditto_dir_change *c, const struct ditto_name *name,
			   struct dentry *child);
int ditto_dir_change_check_name(struct ditto_dir_change *c, const struct ditto_name *name,
				const struct ditto_name *except);
void ditto_dir_change_mark(struct ditto_dir_change *c);
void ditto_dir_change_unmark(struct ditto_dir_change *c);
void ditto_dir_change_unlock(struct ditto_dir_change *c);
void ditto_dir_change_end(struct ditto_dir_change *c);

/* fs/op/remove.c */

/* remove.c */
int ditto_dir_change_remove(struct ditto_dir_change *c, bool is_dir, bool now,
			    struct ditto_node **victim);
void ditto_name_lost(struct ditto_op *op, struct ditto_node *victim, const struct dentry *name,
		     enum ditto_intent_kind kind);
void ditto_dir_change_removed(struct ditto_dir_change *c, struct ditto_node *victim);

#endif
