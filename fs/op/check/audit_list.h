/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Audit lists: entries that say which accesses to a file are recorded, the SACL of MS-DTYP section
 * 2.4.6. They grant and deny nothing.
 *
 * An audit list is stored in an extended attribute of its own, so it stays whatever happens to
 * mode, access control list and POSIX ACLs. New files inherit its inheritable entries.
 */
#ifndef _DITTO_FS_OP_CHECK_AUDIT_LIST_H
#define _DITTO_FS_OP_CHECK_AUDIT_LIST_H

#include "../../node/node.h"
#include "../../acl/acl.h"

struct dentry;
struct ditto_op;
struct ditto_share;

#define DITTO_AUDIT_XATTR	"trusted.ditto.sacl"

/* Marks a file without an audit list; only its address is used. */
extern struct ditto_acl ditto_audit_none;

/**
 * ditto_audit_list_check - check whether an audit list is valid
 * @list: the list
 * @is_dir: the file is a directory; only then may entries be inheritable
 *
 * Return: 0 or -EINVAL.
 */
int ditto_audit_list_check(const struct ditto_acl *list, bool is_dir);

/**
 * ditto_audit_list_encode - write the stored form of an audit list
 * @list: a valid list
 * @bytes: filled; ditto_acl_stored_size() bytes
 */
void ditto_audit_list_encode(const struct ditto_acl *list, void *bytes);

/**
 * ditto_audit_list_decode - parse the stored form of an audit list
 * @bytes: stored form
 * @size: size of @bytes
 *
 * Return: the list, ERR_PTR(-EUCLEAN) if it is invalid, ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_audit_list_decode(const void *bytes, size_t size);

/* True if a file is known to have no audit list; costs one load. Any context. */
static inline bool ditto_has_no_audit_list(const struct ditto_node *node)
{
	return rcu_access_pointer(node->audit) == &ditto_audit_none;
}

/**
 * ditto_get_audit_list - get the audit list of a file
 * @share: share the file was reached through
 * @node: held
 *
 * Permission is not checked. A stored list that is damaged counts as none, and is logged.
 *
 * Context: may sleep; inode locks may be held.
 * Return: the list, to be put; NULL without one; ERR_PTR(-ENOMEM), ERR_PTR(-EJUKEBOX) (others keep
 * changing it), or an ERR_PTR of the file system.
 */
struct ditto_acl *ditto_get_audit_list(struct ditto_share *share, struct ditto_node *node);

/**
 * ditto_set_audit_list - set or remove the audit list of a file
 * @op: the caller; DITTO_RIGHT_SECURITY must have been granted at open
 * @node: held
 * @list: the list; NULL removes it, as does one without entries and flags
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EACCES, -EROFS, -EPERM (immutable), -EOPNOTSUPP (the file cannot have one), -EINVAL,
 * -ENOSPC, -EDQUOT, -EJUKEBOX and others.
 */
int ditto_set_audit_list(struct ditto_op *op, struct ditto_node *node,
			 const struct ditto_acl *list);

/**
 * ditto_inherit_audit_list - give a new file what it inherits
 * @op: the caller
 * @dir: directory of the new file, held
 * @dentry: the new file
 *
 * Context: may sleep; the directory's inode is locked.
 * Return: 0 or a negative errno.
 */
int ditto_inherit_audit_list(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry);

/**
 * ditto_audit_list_forget - drop the cached audit list of a node because it may have changed
 * @node: has @acl_changes incremented; its lock is held
 *
 * Context: atomic.
 * Return: the list, for ditto_audit_list_free().
 */
struct ditto_acl *ditto_audit_list_forget(struct ditto_node *node);

/* Free what was cached with a node; NULL is allowed. Any context. */
void ditto_audit_list_free(struct ditto_acl *list);

#endif
