/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of files: cached with nodes, and checked.
 *
 * A node has one pointer for its list: NULL if it is not known, &ditto_acl_none if the file is
 * governed by its mode, otherwise the list. Most files have none and are checked with one load.
 *
 * Locking: the pointer is changed under node->lock, together with node->acl_changes, and read
 * under RCU. A list that was read from disk is cached only if acl_changes is the same as before
 * the read (fs/op/check/acl.c).
 */
#ifndef _DITTO_FS_OP_CHECK_ACL_FILE_H
#define _DITTO_FS_OP_CHECK_ACL_FILE_H

#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "../../acl/acl.h"
#include "../../node/node_private.h"
#include "../../share/caller_private.h"
#include "../../share/cred.h"
#include "../../share/share.h"
#include "audit_list.h"
#include "check.h"
#include "ntacl.h"

#define DITTO_ACL_XATTR		"trusted.ditto.acl"

/**
 * struct ditto_acl_kept - cached list of a node
 * @acl: the list, adapted to @mode, held; NULL if the file is governed by its mode
 * @mode: permission bits; the entry is stale if the file has others
 * @has_ntacl: the file has no stored list, but the attribute of ntacl.h; shares differ in what
 *	they do with it
 * @use: value of the share's option samba-acl; with @has_ntacl the entry is stale for others
 * @rcu: freed under RCU
 */
struct ditto_acl_kept {
	struct ditto_acl *acl;
	umode_t mode;
	bool has_ntacl;
	enum ditto_ntacl_use use;
	struct rcu_head rcu;
};

/* Marks a file without a list; only its address is used. */
extern struct ditto_acl_kept ditto_acl_none;

/* acl.c */
struct posix_acl *ditto_find_posix_acl(struct ditto_share *share, struct dentry *dentry,
				       const char *name);
bool ditto_acl_is_stored(struct dentry *dentry);

/* Owner and group of a file as used in lists. Any context. */
static inline kuid_t ditto_owner_of(const struct ditto_share *share, const struct inode *inode)
{
	return vfsuid_into_kuid(i_uid_into_vfsuid(ditto_idmap(share), inode));
}

static inline kgid_t ditto_group_of(const struct ditto_share *share, const struct inode *inode)
{
	return vfsgid_into_kgid(i_gid_into_vfsgid(ditto_idmap(share), inode));
}

/* Called by fs/extensions.c. The inode of a new node may be one that cannot have a list. */
void ditto_acl_node_init(struct ditto_node *node);
void ditto_acl_node_free(struct ditto_node *node);
int ditto_acl_volume_init(struct ditto_volume *volume);
void ditto_acl_forget(struct ditto_node *node);
struct ditto_acl *ditto_acl_in_force(struct ditto_share *share, struct ditto_node *node);

/* True for callers that neither modes nor lists restrict. */
static inline bool ditto_is_administrator(const struct ditto_op *op)
{
	return cap_raised(op->cred->cred->cap_effective, CAP_DAC_OVERRIDE);
}

/* True if the file is known to have no list. */
static inline bool ditto_acl_is_none(const struct ditto_node *node)
{
	return rcu_access_pointer(node->acl) == &ditto_acl_none;
}

/* True if no list decides what the caller may do with a node, as far as the cache knows. */
static inline bool ditto_goes_by_mode(const struct ditto_op *op, const struct ditto_node *node)
{
	return ditto_acl_is_none(node) || ditto_is_administrator(op);
}

struct ditto_acl_subject ditto_acl_subject_of(const struct ditto_op *op,
					      const struct ditto_node *node);
int ditto_acl_access_slow(const struct ditto_op *op, struct ditto_node *node, u32 *rights);

/*
 * Compute the rights that a file's list grants to the caller. Lists do not restrict administrators.
 * Costs one load if there is no list. Context: inode locks may be held. Return: 1; 0 if no list
 * decides; or a negative errno.
 */
static inline int ditto_acl_access(const struct ditto_op *op, struct ditto_node *node, u32 *rights)
{
	if (likely(ditto_goes_by_mode(op, node)))
		return 0;
	return ditto_acl_access_slow(op, node, rights);
}

/* access.c */
int ditto_act_on_slow(const struct ditto_op *op, struct ditto_node *node, u32 need,
		      const struct cred **as);

/*
 * Get the credential for a VFS call that checks access to one node. @need: DITTO_RIGHT_* bits that
 * a list must grant; @as: filled with the caller's credential, or with one that mode bits do not
 * restrict. Context: inode locks may be held. Return: 0, -EACCES or another errno.
 */
static inline int ditto_act_on(const struct ditto_op *op, struct ditto_node *node, u32 need,
			       const struct cred **as)
{
	*as = op->cred->cred;
	if (likely(ditto_goes_by_mode(op, node)))
		return 0;
	return ditto_act_on_slow(op, node, need, as);
}

int ditto_act_on_early(const struct ditto_op *op, struct ditto_node *node, u32 need, int mask,
		       const struct cred **as);
int ditto_check_removable(const struct ditto_op *op, const struct ditto_node *dir,
			  struct ditto_node *child);
int ditto_may_remove(const struct ditto_op *op, struct ditto_node *dir,
		     struct ditto_node *child);
int ditto_may_create(const struct ditto_op *op, struct ditto_node *dir, bool is_dir);

/**
 * struct ditto_act_dirs - nodes of a rename or removal
 * @from: directory of @file
 * @file: file that is renamed or removed
 * @to: target directory, or NULL for a removal
 * @victim: existing file with the new name, or NULL
 * @now: modes are checked, too, and not left to the VFS
 */
struct ditto_act_dirs {
	struct ditto_node *from;
	struct ditto_node *file;
	struct ditto_node *to;
	struct ditto_node *victim;
	bool now;
};

int ditto_act_rename(const struct ditto_op *op, const struct ditto_op *op_to,
		     const struct ditto_act_dirs *dirs, const struct cred **as);
int ditto_act_remove(const struct ditto_op *op, struct ditto_node *dir, struct ditto_node *child,
		     bool now, const struct cred **as);

#endif
