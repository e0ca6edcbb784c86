// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights made from mode bits and POSIX ACLs, see rights.h.
 */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "node.h"
#include "op_private.h"
#include "rights.h"

/* What anybody may who can reach the file. */
#define DITTO_RIGHTS_ANYBODY \
	(DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE)
/* What follows from a permission: a look at it is of no use for others. */
#define DITTO_RIGHTS_BY_READ \
	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS | DITTO_RIGHT_EXECUTE)
#define DITTO_RIGHTS_BY_WRITE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD | \
	 DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS)
#define DITTO_RIGHTS_BY_OWNER \
	(DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER)

static bool may(const struct ditto_op *op, struct ditto_node *node, int mask)
{
	return !inode_permission(ditto_idmap(op->share), node->inode, mask);
}

static u32 read_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	u32 rights = DITTO_RIGHTS_ANYBODY;

	if ((want & DITTO_RIGHTS_BY_READ) && may(op, node, MAY_READ)) {
		rights |= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS;
		/* Who can read it can run what he has read. */
		if (!S_ISDIR(node->inode->i_mode))
			rights |= DITTO_RIGHT_EXECUTE;
	}
	/* What can have none tells nothing by them, and clients ask to look at what it is. */
	if (!S_ISREG(node->inode->i_mode) && !S_ISDIR(node->inode->i_mode))
		rights |= DITTO_RIGHT_READ_XATTRS;
	/* With the mount's word on what may be executed. */
	if ((want & ~rights & DITTO_RIGHT_EXECUTE) &&
	    !ditto_inode_permission(op, node->inode, DITTO_MAY_EXEC))
		rights |= DITTO_RIGHT_EXECUTE;
	return rights;
}

static u32 write_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	struct inode *inode = node->inode;
	u32 rights = DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_WRITE_XATTRS;

	if (!(want & DITTO_RIGHTS_BY_WRITE) || !may(op, node, MAY_WRITE))
		return 0;
	if (!S_ISDIR(inode->i_mode)) {
		/* Nothing is below it, so that nothing is refused with the last. */
		rights |= DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD;
		return IS_APPEND(inode) ? rights : rights | DITTO_RIGHT_WRITE_DATA;
	}
	/* To change its entries one has to pass through it, too. */
	if (may(op, node, MAY_EXEC))
		rights |= DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA |
			  (IS_APPEND(inode) ? 0 : DITTO_RIGHT_DELETE_CHILD);
	return rights;
}

static u32 owner_rights(const struct ditto_op *op, struct ditto_node *node, u32 want)
{
	if (!(want & DITTO_RIGHTS_BY_OWNER) ||
	    !inode_owner_or_capable(ditto_idmap(op->share), node->inode))
		return 0;
	return DITTO_RIGHTS_BY_OWNER;
}

/* As the VFS judges the removal of a name. */
static u32 delete_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 want)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = node->inode;

	if (!(want & DITTO_RIGHT_DELETE) || !parent)
		return 0;
	if (!may(op, parent, MAY_WRITE | MAY_EXEC) || IS_APPEND(parent->inode))
		return 0;
	if (check_sticky(idmap, parent->inode, inode) || IS_APPEND(inode) ||
	    IS_IMMUTABLE(inode))
		return 0;
	return DITTO_RIGHT_DELETE;
}

int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights)
{
	struct ditto_op fresh = *op;
	const struct cred *old;

	/* Whatever was decided of another node before. */
	fresh.granted = 0;
	old = ditto_op_enter(&fresh);
	*rights = read_rights(&fresh, node, want);
	if (fresh.writable && !__mnt_is_readonly(fresh.share->root.mnt))
		*rights |= write_rights(&fresh, node, want) | owner_rights(&fresh, node, want) |
			   delete_rights(&fresh, node, parent, want);
	ditto_op_leave(old);
	return 0;
}

int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights)
{
	return ditto_rights_among(op, node, parent, DITTO_RIGHTS_ALL, rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_rights, DITTO);
