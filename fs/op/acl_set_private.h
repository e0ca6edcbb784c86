/* SPDX-License-Identifier: GPL-2.0-only */
/* Changing the list of a file, together with its mode and POSIX ACLs: fs/op/acl_set.c. */
#ifndef _DITTO_FS_OP_ACL_SET_PRIVATE_H
#define _DITTO_FS_OP_ACL_SET_PRIVATE_H

#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "../acl/acl.h"
#include "op.h"

/**
 * struct ditto_acl_change - a change of a file's list in progress
 * @op: the caller
 * @dentry: the file; its inode is locked until the end
 * @node: node of the file, or NULL if it is new
 * @to: list to store, held; or NULL for none
 * @from: list that was in force, held; or NULL
 * @access: POSIX access ACL that was in force, held; or NULL
 * @dflt: POSIX default ACL of a directory, held; or NULL
 * @mode_from: permission bits before
 * @mode_to: permission bits after
 * @took_access: @access was removed
 * @took_default: @dflt was removed
 */
struct ditto_acl_change {
	struct ditto_op *op;
	struct dentry *dentry;
	struct ditto_node *node;
	struct ditto_acl *to;
	struct ditto_acl *from;
	struct posix_acl *access;
	struct posix_acl *dflt;
	umode_t mode_from;
	umode_t mode_to;
	bool took_access;
	bool took_default;
};

/**
 * ditto_acl_change_init - prepare a change of a file's list
 * @ch: filled; ditto_acl_change_drop() is called in all cases
 * @op: the caller
 * @dentry: the file, inode locked
 * @node: node of the file, or NULL if it is new
 * @set: attributes to set
 *
 * Return: 1 if a list changes, 0 if not, or a negative errno.
 */
int ditto_acl_change_init(struct ditto_acl_change *ch, struct ditto_op *op,
			  struct dentry *dentry, struct ditto_node *node,
			  const struct ditto_setattr *set);

/**
 * ditto_acl_change_begin - store the new list
 * @ch: from ditto_acl_change_init()
 *
 * At no moment is anything permitted that neither the old nor the new state permits: the mode is
 * first reduced to the bits that both have.
 *
 * Context: may sleep; the inode is locked.
 * Return: 0, or a negative errno with nothing changed.
 */
int ditto_acl_change_begin(struct ditto_acl_change *ch);

/**
 * ditto_acl_change_end - set the final mode, or undo the change
 * @ch: the change
 * @err: result of the other changes; the list is put back if it is not 0
 *
 * Context: may sleep; the inode is locked.
 * Return: @err, or the error of setting the mode.
 */
int ditto_acl_change_end(struct ditto_acl_change *ch, int err);

/**
 * ditto_acl_change_drop - release the references of a change
 * @ch: called once for each ditto_acl_change_init()
 *
 * Context: any.
 */
void ditto_acl_change_drop(struct ditto_acl_change *ch);

/**
 * ditto_acl_drop_inert - remove a stored list that is not in force
 * @op: the caller
 * @node: the file
 * @dentry: dentry of the file
 *
 * Called before a POSIX ACL is set: a list that such an ACL overrides would come into force again
 * once the ACL is removed. A list in force is kept.
 *
 * Context: may sleep; the inode is not locked.
 * Return: 0 or a negative errno.
 */
int ditto_acl_drop_inert(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry);

/**
 * ditto_acl_replace_by_posix - replace the stored list by a POSIX access ACL
 * @op: the caller
 * @node: the file
 * @dentry: dentry of the file
 * @posix: ACL with the ids of the file system
 * @as: credential that may set it
 *
 * One step under the inode lock. The POSIX ACL is in force as soon as it is set; if the list
 * cannot be removed then, the ACL is removed again.
 *
 * Context: may sleep; the inode is not locked.
 * Return: 0, or a negative errno with nothing changed.
 */
int ditto_acl_replace_by_posix(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct posix_acl *posix,
			       const struct cred *as);

#endif
