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

int ditto_acl_change_init(struct ditto_acl_change *ch, struct ditto_op *op,
			  struct dentry *dentry, struct ditto_node *node,
			  const struct ditto_setattr *set);
int ditto_acl_change_begin(struct ditto_acl_change *ch);
int ditto_acl_change_end(struct ditto_acl_change *ch, int err);
void ditto_acl_change_drop(struct ditto_acl_change *ch);
int ditto_acl_drop_inert(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry);
int ditto_acl_replace_by_posix(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct posix_acl *posix,
			       const struct cred *as);

#endif
