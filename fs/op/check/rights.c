// SPDX-License-Identifier: GPL-2.0-only
/* Access rights from an access control list, or derived from mode and POSIX ACL; see rights.h. */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "../../../net/helper/token.h"
#include "../../node/node.h"
#include "../../share/caller_private.h"
#include "acl_file.h"
#include "explain.h"
#include "rights.h"
#include "worm.h"

/* Rights that follow from one permission; it need not be checked for others. */
#define DITTO_RIGHTS_BY_READ \
	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS | DITTO_RIGHT_EXECUTE)
#define DITTO_RIGHTS_BY_WRITE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD | \
	 DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS)
/* Rights to change the entries of a directory. */
#define DITTO_RIGHTS_OF_ENTRIES \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD)
#define DITTO_RIGHTS_BY_OWNER \
	(DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER)

static bool rights_allow(const struct ditto_op *op, struct ditto_node *node, int mask)
{
	return !inode_permission(ditto_idmap(op->share), node->inode, mask);
}

/* True if the caller cannot change anything on the share. */
static bool rights_are_fixed(const struct ditto_op *op, const struct ditto_node *node)
{
	if (!op->writable) {
		ditto_why_set(op, node, DITTO_RIGHTS_CHANGE, DITTO_REASON_READ_ONLY, 0);
		return true;
	}
	if (__mnt_is_readonly(op->share->root.mnt)) {
		ditto_why_set(op, node, DITTO_RIGHTS_CHANGE, DITTO_REASON_READ_ONLY_MOUNT, 0);
		return true;
	}
	return false;
}

static u32 read_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	u32 by_read = DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS;
	u32 rights = DITTO_RIGHTS_LOOK;

	ditto_why_set(op, node, DITTO_RIGHTS_LOOK, DITTO_REASON_EVERYBODY, 0);
	/* A file that can be read can be executed on the client. */
	if (!S_ISDIR(node->inode->i_mode))
		by_read |= DITTO_RIGHT_EXECUTE;
	ditto_why_set(op, node, by_read, DITTO_REASON_MODE, MAY_READ);
	if ((want & DITTO_RIGHTS_BY_READ) && rights_allow(op, node, MAY_READ))
		rights |= by_read;
	/*
	 * Other types have no extended attributes, and clients request this right to view
	 * metadata.
	 */
	if (!S_ISREG(node->inode->i_mode) && !S_ISDIR(node->inode->i_mode)) {
		ditto_why_set(op, node, DITTO_RIGHT_READ_XATTRS, DITTO_REASON_NO_MEANING, 0);
		rights |= DITTO_RIGHT_READ_XATTRS;
	}
	/* This check includes the noexec option of the mount. */
	if (want & ~rights & DITTO_RIGHT_EXECUTE) {
		ditto_why_set(op, node, DITTO_RIGHT_EXECUTE, DITTO_REASON_MODE, MAY_EXEC);
		if (!ditto_node_permission(op, node, DITTO_MAY_EXEC))
			rights |= DITTO_RIGHT_EXECUTE;
	}
	return rights;
}

static u32 write_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	struct inode *inode = node->inode;
	u32 rights = DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS;

	ditto_why_set(op, node, DITTO_RIGHTS_BY_WRITE, DITTO_REASON_MODE, MAY_WRITE);
	if (!(want & DITTO_RIGHTS_BY_WRITE) || !rights_allow(op, node, MAY_WRITE))
		return 0;
	if (!S_ISDIR(inode->i_mode)) {
		/* DELETE_CHILD has no meaning for a file, so it is not refused. */
		rights |= DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD;
		if (!IS_APPEND(inode))
			return rights | DITTO_RIGHT_WRITE_DATA;
		ditto_why_set(op, node, DITTO_RIGHT_WRITE_DATA, DITTO_REASON_APPEND_ONLY, 0);
		return rights;
	}
	/* Changing entries also requires permission to traverse. */
	ditto_why_set(op, node, DITTO_RIGHTS_OF_ENTRIES, DITTO_REASON_MODE, MAY_WRITE | MAY_EXEC);
	if (rights_allow(op, node, MAY_EXEC))
		rights |= DITTO_RIGHTS_OF_ENTRIES;
	if (IS_APPEND(inode)) {
		ditto_why_set(op, node, DITTO_RIGHT_DELETE_CHILD, DITTO_REASON_APPEND_ONLY, 0);
		rights &= ~DITTO_RIGHT_DELETE_CHILD;
	}
	return rights;
}

/*
 * The root of a share is in no directory of it that could permit its deletion. Its list grants
 * DELETE as any file's list does (MS-FSA section 2.1.5.1.2.1); without a list, those have it who
 * may change the root's entries. It lets them open the root; the deletion itself is refused.
 */
static u32 root_delete_rights(const struct ditto_op *op, struct ditto_node *root,
			      const u32 *listed)
{
	if (listed)
		return *listed & DITTO_RIGHT_DELETE;
	ditto_why_set(op, root, DITTO_RIGHT_DELETE, DITTO_REASON_MODE, MAY_WRITE | MAY_EXEC);
	return rights_allow(op, root, MAY_WRITE | MAY_EXEC) ? DITTO_RIGHT_DELETE : 0;
}

/*
 * The same checks as in the VFS when a name is removed. @listed: rights granted by the list,
 * if one decides, or NULL.
 */
static u32 delete_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 want, const u32 *listed)
{
	const struct inode *inode = node->inode;
	bool immutable;

	if (!(want & DITTO_RIGHT_DELETE))
		return 0;
	immutable = IS_IMMUTABLE(inode) && !ditto_worm_has_ended(node);
	if ((parent && IS_APPEND(parent->inode)) || IS_APPEND(inode) || immutable) {
		ditto_why_set(op, node, DITTO_RIGHT_DELETE,
			      immutable ? DITTO_REASON_IMMUTABLE :
						    DITTO_REASON_APPEND_ONLY, 0);
		return 0;
	}
	if (inode == d_inode(op->share->root.dentry))
		return root_delete_rights(op, node, listed);
	/* Without a known name there is nothing to delete. */
	if (!parent)
		return 0;
	return ditto_may_remove(op, parent, node) ? 0 : DITTO_RIGHT_DELETE;
}

/* Rights granted by the list, as far as they can be exercised. */
static u32 listed_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 rights, u32 want)
{
	struct inode *inode = node->inode;
	u32 changes;

	ditto_why_set(op, node, DITTO_RIGHTS_ALL, DITTO_REASON_LIST, 0);
	if (IS_APPEND(inode)) {
		changes = S_ISDIR(inode->i_mode) ? DITTO_RIGHT_DELETE_CHILD :
						   DITTO_RIGHT_WRITE_DATA;
		ditto_why_set(op, node, changes & rights, DITTO_REASON_APPEND_ONLY, 0);
		rights &= ~changes;
	}
	if ((rights & DITTO_RIGHT_EXECUTE) && ditto_node_permission(op, node, DITTO_MAY_EXEC)) {
		ditto_why_set(op, node, DITTO_RIGHT_EXECUTE, DITTO_REASON_KERNEL, 0);
		rights &= ~DITTO_RIGHT_EXECUTE;
	}
	/* Immutable, or the owner cannot be mapped. */
	if (IS_IMMUTABLE(inode) || HAS_UNMAPPED_ID(ditto_idmap(op->share), inode)) {
		ditto_why_set(op, node, DITTO_RIGHTS_CHANGE & rights, DITTO_REASON_IMMUTABLE, 0);
		rights &= ~DITTO_RIGHTS_CHANGE;
	}
	/* SYNCHRONIZE only concerns waiting, and no list means to deny that. */
	ditto_why_set(op, node, DITTO_RIGHT_SYNCHRONIZE & ~rights, DITTO_REASON_NO_MEANING, 0);
	rights |= DITTO_RIGHT_SYNCHRONIZE;
	/*
	 * MS-FSA section 2.1.5.1.2: permission to list the directory includes viewing its files'
	 * attributes.
	 */
	if ((want & ~rights & DITTO_RIGHT_READ_ATTRS) && parent &&
	    !ditto_node_permission(op, parent, DITTO_MAY_READ)) {
		ditto_why_set(op, node, DITTO_RIGHT_READ_ATTRS,
			      op->why && op->why->parent_list.evaluated ? DITTO_REASON_PARENT_LIST :
			      DITTO_REASON_PARENT_MODE, MAY_READ);
		rights |= DITTO_RIGHT_READ_ATTRS;
	}
	if (rights_are_fixed(op, node))
		return rights & ~DITTO_RIGHTS_CHANGE;
	/* DELETE may come from the directory; it is denied for immutable files. */
	return (rights & ~DITTO_RIGHT_DELETE) | delete_rights(op, node, parent, want, &rights);
}

/**
 * ditto_rights_by_privilege - get the rights that a caller has by privileges
 * @op: the caller
 *
 * Context: any.
 * Return: DITTO_RIGHT_* bits.
 */
u32 ditto_rights_by_privilege(const struct ditto_op *op)
{
	u32 privileges = op->cred->privileges;

	return (privileges & DITTO_TOKEN_RESTORE ? DITTO_RIGHT_WRITE_OWNER : 0) |
	       (privileges & DITTO_TOKEN_SECURITY ? DITTO_RIGHT_SECURITY : 0);
}
EXPORT_SYMBOL_NS_GPL(ditto_rights_by_privilege, "DITTO");

/* Rights that a privilege adds to @rights, as far as they can be exercised. */
static u32 privileged_rights(const struct ditto_op *op, struct ditto_node *node, u32 rights,
			     u32 want)
{
	u32 more = ditto_rights_by_privilege(op) & want & ~rights;

	if (more & DITTO_RIGHTS_CHANGE &&
	    (!op->writable || __mnt_is_readonly(op->share->root.mnt) ||
	     IS_IMMUTABLE(node->inode) ||
	     HAS_UNMAPPED_ID(ditto_idmap(op->share), node->inode)))
		more &= ~DITTO_RIGHTS_CHANGE;
	ditto_why_set(op, node, more, DITTO_REASON_PRIVILEGE, 0);
	return more;
}

/*
 * Compute some of the caller's rights to a node. @want: rights the caller is interested in;
 * DITTO_RIGHT_SECURITY is never granted to others. Return: 0 or an errno of the file system.
 */
int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights)
{
	const u32 granted = op->granted, held = op->held;
	const struct cred *old;
	u32 listed;
	int ret;

	/* Rights granted at open belong to another node. */
	op->granted = 0;
	op->held = 0;
	old = ditto_op_enter(op);
	ret = ditto_acl_access(op, node, &listed);
	if (ret < 0)
		goto leave;
	if (ret) {
		*rights = listed_rights(op, node, parent, listed, want);
		goto leave;
	}
	*rights = read_rights(op, node, want);
	if (rights_are_fixed(op, node))
		goto leave;
	*rights |= write_rights(op, node, want) |
		   delete_rights(op, node, parent, want, NULL);
	ditto_why_set(op, node, DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER,
		      DITTO_REASON_OWNER, 0);
	if ((want & DITTO_RIGHTS_BY_OWNER) &&
	    inode_owner_or_capable(ditto_idmap(op->share), node->inode)) {
		ditto_why_set(op, node, DITTO_RIGHTS_BY_OWNER & ~*rights, DITTO_REASON_OWNER, 0);
		*rights |= DITTO_RIGHTS_BY_OWNER;
	}
leave:
	if (ret >= 0)
		*rights |= privileged_rights(op, node, *rights, want);
	ditto_op_leave(old);
	op->granted = granted;
	op->held = held;
	return min(ret, 0);
}

/**
 * ditto_rights - compute the caller's rights to a node
 * @op: the caller
 * @node: held
 * @parent: directory the node was found in, held; it may grant DELETE. NULL at the root
 *	of a share, and for a node without a known name, to which nobody has DELETE
 * @rights: filled with DITTO_RIGHT_* bits
 *
 * With an access control list, the rights come from it. Without one, a caller may read and write
 * the attributes if the mode permits to read and write the data; the owner and the administrator
 * may change owner and ACL. Callers with the privilege to take ownership have
 * DITTO_RIGHT_WRITE_OWNER in both cases (MS-DTYP section 2.5.3.2).
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights)
{
	return ditto_rights_among(op, node, parent, DITTO_RIGHTS_ALL, rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_rights, "DITTO");

/**
 * ditto_rights_refusal - get the error for rights that a caller does not have
 * @op: the caller
 * @node: the file
 * @have: rights of the caller, from ditto_rights_among()
 * @missing: rights that were asked for and are not among them
 *
 * Context: any.
 * Return: what the VFS returns in place of them: -EROFS or -EPERM, if the share, the mount or the
 * file cannot be changed by anyone; otherwise -EACCES.
 */
int ditto_rights_refusal(const struct ditto_op *op, const struct ditto_node *node, u32 have,
			 u32 missing)
{
	if (!(missing & DITTO_RIGHTS_CHANGE))
		return -EACCES;
	if (!op->writable || __mnt_is_readonly(op->share->root.mnt))
		return -EROFS;
	if (IS_IMMUTABLE(node->inode))
		return -EPERM;
	/* The VFS finds that a file can only be appended to after it has checked the mode. */
	return IS_APPEND(node->inode) && have & DITTO_RIGHT_APPEND_DATA ? -EPERM : -EACCES;
}
EXPORT_SYMBOL_NS_GPL(ditto_rights_refusal, "DITTO");

/**
 * ditto_is_readable - check permission to read data, attributes and ACL of a node
 * @op: the caller
 * @node: held
 *
 * For listings that omit unreadable files (MS-SMB2 section 3.3.5.18).
 *
 * Return: true if the caller may read all of these; false also on errors.
 */
bool ditto_is_readable(struct ditto_op *op, struct ditto_node *node)
{
	const u32 want = DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS |
			 DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL;
	u32 rights;

	/* No parent: rights that the directory grants apply to every user who sees the entry. */
	return !ditto_rights_among(op, node, NULL, want, &rights) && !(want & ~rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_is_readable, "DITTO");
