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

/**
 * ditto_dir_change_init - prepare to change an entry of a directory
 * @c: filled; ditto_dir_change_end() is called on success and failure
 * @op: the caller
 * @dir: held
 * @wcc: attributes of the directory
 *
 * Return: 0, -ENOTDIR or -EROFS.
 */
int ditto_dir_change_init(struct ditto_dir_change *c, struct ditto_op *op,
			  struct ditto_node *dir, struct ditto_wcc *wcc);

/**
 * ditto_dir_change_begin - enter if that was not done, lock the directory and look up a name
 * @c: the change; @c->child is filled
 * @name: name to change
 *
 * Return: 0, or an errno; in both cases ditto_dir_change_end() undoes what was done.
 */
int ditto_dir_change_begin(struct ditto_dir_change *c, const struct ditto_name *name);

/**
 * ditto_dir_change_enter - get write access to the mount and act as the caller
 * @c: the change
 *
 * This and the next two functions are the steps of ditto_dir_change_begin(), for a change that
 * locks two directories.
 *
 * Context: may sleep; no inode lock held.
 * Return: 0 or a negative errno.
 */
int ditto_dir_change_enter(struct ditto_dir_change *c);

/**
 * ditto_dir_change_pre - record the attributes of the directory before the change
 * @c: the change; the directory is locked
 *
 * Return: 0, -ESTALE (the directory was removed) or an errno of the file system.
 */
int ditto_dir_change_pre(struct ditto_dir_change *c);

/**
 * ditto_dir_change_post - record the attributes of the directory after the change
 * @c: the change; @c->wcc says so if they cannot be read
 */
void ditto_dir_change_post(struct ditto_dir_change *c);

/**
 * ditto_dir_change_lookup - look up the name that is changed
 * @c: the change; @c->child is replaced; the directory is locked
 * @name: the name
 *
 * Return: 0, -EACCES or another errno.
 */
int ditto_dir_change_lookup(struct ditto_dir_change *c, const struct ditto_name *name);

/**
 * ditto_dir_change_child - change a file that is known already
 * @c: the change; @c->child is replaced; the directory is locked
 * @name: name of the file
 * @child: dentry of the file
 *
 * Context: any.
 * Return: 0; -ENOENT if the file does not have this name in the directory any more.
 */
int ditto_dir_change_child(struct ditto_dir_change *c, const struct ditto_name *name,
			   struct dentry *child);

/**
 * ditto_dir_change_check_name - check that the share takes a name, and has it in no other case
 * @c: the change; the directory is locked
 * @name: the name to be added, which does not exist in this spelling
 * @except: a name that is about to be removed, or NULL
 *
 * Callers to whom case matters may add a name that exists in another case. If local processes have
 * changed the directory in each of a few attempts, what the last search found counts.
 *
 * Return: 0; -EILSEQ (it must be UTF-8); -EEXIST; -EAGAIN, and @c->unsure is set:
 * ditto_casefold_search() is called after ditto_dir_change_end(), and the change attempted anew.
 */
int ditto_dir_change_check_name(struct ditto_dir_change *c, const struct ditto_name *name,
				const struct ditto_name *except);

/**
 * ditto_dir_change_mark - mark that this task changes the directory
 * @c: the change; the directory was just locked
 *
 * Context: any.
 */
void ditto_dir_change_mark(struct ditto_dir_change *c);

/**
 * ditto_dir_change_unmark - clear the mark, update the index of names and notify holders
 * @c: the change; the attributes after it were recorded; the directory is still locked
 *
 * Holders of grants that are broken by a change are found by ditto_lock_recheck(), when the
 * directory is unlocked.
 */
void ditto_dir_change_unmark(struct ditto_dir_change *c);

/**
 * ditto_dir_change_unlock - record the attributes after the change and unlock the directory
 * @c: the change; nothing is done if the directory is not locked
 */
void ditto_dir_change_unlock(struct ditto_dir_change *c);

/**
 * ditto_dir_change_end - unlock the directory, restore the credential and drop write access and
 * references
 * @c: from ditto_dir_change_init(), whether that succeeded or not
 */
void ditto_dir_change_end(struct ditto_dir_change *c);

/* fs/op/remove.c */

/**
 * ditto_dir_change_remove - remove the name that was looked up
 * @c: the change; the directory is locked. The caller sets @c->removed after success
 * @is_dir: the name must be a directory's; otherwise it must not
 * @now: as for ditto_remove_dentry()
 * @victim: set to the file, with a reference that the caller drops when no lock is held, because
 *	freeing it may free its data; may be set after an error, too
 *
 * Return: 0, or an errno as of ditto_remove().
 */
int ditto_dir_change_remove(struct ditto_dir_change *c, bool is_dir, bool now,
			    struct ditto_node **victim);

/**
 * ditto_name_lost - break the caching grants that a removal made wrong, and note the lost name
 * @op: the caller who removed or replaced it
 * @victim: the file that had it, held
 * @name: its dentry
 * @kind: DITTO_INTENT_REMOVE or DITTO_INTENT_REPLACE
 *
 * Context: may sleep; write access to the mount, no inode lock held.
 */
void ditto_name_lost(struct ditto_op *op, struct ditto_node *victim, const struct dentry *name,
		     enum ditto_intent_kind kind);

/**
 * ditto_dir_change_removed - break the caching grants that the removal made wrong
 * @c: the change, from ditto_dir_change_remove()
 * @victim: the file, held
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_dir_change_removed(struct ditto_dir_change *c, struct ditto_node *victim);

#endif
