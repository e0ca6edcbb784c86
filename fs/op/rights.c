// SPDX-License-Identifier: GPL-2.0-only
/* Access rights from an access control list, or derived from mode and POSIX ACL; see rights.h. */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "../acl/acl_file.h"
#include "../node/node.h"
#include "op_private.h"
#include "rights.h"

/* Rights that follow from one permission; it need not be checked for others. */
#define DITTO_RIGHTS_BY_READ \
	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS | DITTO_RIGHT_EXECUTE)
#define DITTO_RIGHTS_BY_WRITE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD | \
	 DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS)
#define DITTO_RIGHTS_BY_OWNER \
	(DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER)

static bool rights_allow(const struct ditto_op *op, struct ditto_node *node, int mask)
{
	return !inode_permission(ditto_idmap(op->share), node->inode, mask);
}

static u32 read_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	u32 rights = DITTO_RIGHTS_LOOK;

	if ((want & DITTO_RIGHTS_BY_READ) && rights_allow(op, node, MAY_READ)) {
		rights |= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS;
		/* A file that can be read can be executed on the client. */
		if (!S_ISDIR(node->inode->i_mode))
			rights |= DITTO_RIGHT_EXECUTE;
	}
	/*
	 * Other types have no extended attributes, and clients request this right to view
	 * metadata.
	 */
	if (!S_ISREG(node->inode->i_mode) && !S_ISDIR(node->inode->i_mode))
		rights |= DITTO_RIGHT_READ_XATTRS;
	/* This check includes the noexec option of the mount. */
	if ((want & ~rights & DITTO_RIGHT_EXECUTE) &&
	    !ditto_node_permission(op, node, DITTO_MAY_EXEC))
		rights |= DITTO_RIGHT_EXECUTE;
	return rights;
}

static u32 write_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	struct inode *inode = node->inode;
	u32 rights = DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS;

	if (!(want & DITTO_RIGHTS_BY_WRITE) || !rights_allow(op, node, MAY_WRITE))
		return 0;
	if (!S_ISDIR(inode->i_mode)) {
		/* DELETE_CHILD has no meaning for a file, so it is not refused. */
		rights |= DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD;
		return IS_APPEND(inode) ? rights : rights | DITTO_RIGHT_WRITE_DATA;
	}
	/* Changing entries also requires permission to traverse. */
	if (rights_allow(op, node, MAY_EXEC))
		rights |= DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA |
			  (IS_APPEND(inode) ? 0 : DITTO_RIGHT_DELETE_CHILD);
	return rights;
}

/* The same checks as those of the VFS when a name is removed. */
static u32 delete_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 want)
{
	struct inode *inode = node->inode;

	if (!(want & DITTO_RIGHT_DELETE) || !parent || IS_APPEND(parent->inode) ||
	    IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return 0;
	return ditto_may_remove(op, parent, node) ? 0 : DITTO_RIGHT_DELETE;
}

/* Rights granted by the list, as far as they can be exercised. */
static u32 listed_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 rights, u32 want)
{
	struct inode *inode = node->inode;

	if (IS_APPEND(inode))
		rights &= ~(S_ISDIR(inode->i_mode) ? DITTO_RIGHT_DELETE_CHILD :
						     DITTO_RIGHT_WRITE_DATA);
	if ((rights & DITTO_RIGHT_EXECUTE) && ditto_node_permission(op, node, DITTO_MAY_EXEC))
		rights &= ~DITTO_RIGHT_EXECUTE;
	/* Immutable, or the owner cannot be mapped. */
	if (IS_IMMUTABLE(inode) || HAS_UNMAPPED_ID(ditto_idmap(op->share), inode))
		rights &= ~DITTO_RIGHTS_CHANGE;
	/* SYNCHRONIZE only concerns waiting, and no list means to deny that. */
	rights |= DITTO_RIGHT_SYNCHRONIZE;
	/*
	 * MS-FSA section 2.1.5.1.2: permission to list the directory includes viewing its files'
	 * attributes.
	 */
	if ((want & ~rights & DITTO_RIGHT_READ_ATTRS) && parent &&
	    !ditto_node_permission(op, parent, DITTO_MAY_READ))
		rights |= DITTO_RIGHT_READ_ATTRS;
	if (!op->writable || __mnt_is_readonly(op->share->root.mnt))
		return rights & ~DITTO_RIGHTS_CHANGE;
	/* DELETE may come from the directory; it is denied at the root and for immutable files. */
	return (rights & ~DITTO_RIGHT_DELETE) | delete_rights(op, node, parent, want);
}

int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights)
{
	struct ditto_op fresh = *op;
	const struct cred *old;
	u32 listed;
	int ret;

	/* Rights granted at open belong to another node. */
	fresh.granted = 0;
	fresh.held = 0;
	old = ditto_op_enter(&fresh);
	ret = ditto_acl_access(&fresh, node, &listed);
	if (ret < 0)
		goto leave;
	if (ret) {
		*rights = listed_rights(&fresh, node, parent, listed, want);
		goto leave;
	}
	*rights = read_rights(&fresh, node, want);
	if (!op->writable || __mnt_is_readonly(op->share->root.mnt))
		goto leave;
	if ((want & DITTO_RIGHTS_BY_OWNER) &&
	    inode_owner_or_capable(ditto_idmap(op->share), node->inode))
		*rights |= DITTO_RIGHTS_BY_OWNER;
	*rights |= write_rights(&fresh, node, want) | delete_rights(&fresh, node, parent, want);
leave:
	ditto_op_leave(old);
	return min(ret, 0);
}

int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights)
{
	return ditto_rights_among(op, node, parent, DITTO_RIGHTS_ALL, rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_rights, DITTO);

bool ditto_is_readable(struct ditto_op *op, struct ditto_node *node)
{
	const u32 want = DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS |
			 DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL;
	u32 rights;

	/* No parent: rights that the directory grants apply to every user who sees the entry. */
	return !ditto_rights_among(op, node, NULL, want, &rights) && !(want & ~rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_is_readable, DITTO);
