// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights by an access control list, or made from mode bits and POSIX ACLs, see rights.h.
 */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "../acl/acl_file.h"
#include "../node/node.h"
#include "op_private.h"
#include "rights.h"

/* What follows from a permission: a look at it is of no use for others. */
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
		/* Who can read it can run what he has read. */
		if (!S_ISDIR(node->inode->i_mode))
			rights |= DITTO_RIGHT_EXECUTE;
	}
	/* What can have none tells nothing by them, and clients ask to look at what it is. */
	if (!S_ISREG(node->inode->i_mode) && !S_ISDIR(node->inode->i_mode))
		rights |= DITTO_RIGHT_READ_XATTRS;
	/* With the mount's word on what may be executed. */
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
		/* Nothing is below it, so that nothing is refused with the last. */
		rights |= DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_DELETE_CHILD;
		return IS_APPEND(inode) ? rights : rights | DITTO_RIGHT_WRITE_DATA;
	}
	/* To change its entries one has to pass through it, too. */
	if (rights_allow(op, node, MAY_EXEC))
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

/* As the VFS checks the removal of a name. */
static u32 delete_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 want)
{
	struct inode *inode = node->inode;

	if (!(want & DITTO_RIGHT_DELETE) || !parent || IS_APPEND(parent->inode) ||
	    IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return 0;
	return ditto_may_remove(op, parent, node) ? 0 : DITTO_RIGHT_DELETE;
}

/* Without the list: what is the same for whoever has power enough. */
static u32 possible_rights(const struct ditto_op *op, struct ditto_node *node, u32 rights)
{
	struct inode *inode = node->inode;

	if (IS_APPEND(inode))
		rights &= ~(S_ISDIR(inode->i_mode) ? DITTO_RIGHT_DELETE_CHILD :
						     DITTO_RIGHT_WRITE_DATA);
	if ((rights & DITTO_RIGHT_EXECUTE) && ditto_node_permission(op, node, DITTO_MAY_EXEC))
		rights &= ~DITTO_RIGHT_EXECUTE;
	/* Immutable, or of an owner that cannot be told. */
	if (IS_IMMUTABLE(inode) || HAS_UNMAPPED_ID(ditto_idmap(op->share), inode))
		rights &= ~DITTO_RIGHTS_CHANGE;
	return rights;
}

/* MS-FSA section 2.1.5.1.2: who may list the directory sees its files' attributes. */
static bool may_look(const struct ditto_op *op, struct ditto_node *parent)
{
	return parent && !ditto_node_permission(op, parent, DITTO_MAY_READ);
}

/* What the list gives, and what of it can be done. */
static u32 listed_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, u32 rights, u32 want)
{
	/* It is about waiting, and nobody means to forbid that. */
	rights = possible_rights(op, node, rights) | DITTO_RIGHT_SYNCHRONIZE;
	if ((want & ~rights & DITTO_RIGHT_READ_ATTRS) && may_look(op, parent))
		rights |= DITTO_RIGHT_READ_ATTRS;
	if (!op->writable || __mnt_is_readonly(op->share->root.mnt))
		return rights & ~DITTO_RIGHTS_CHANGE;
	/* By the directory, too; and not at all at the root, or if it stays for good. */
	return (rights & ~DITTO_RIGHT_DELETE) | delete_rights(op, node, parent, want);
}

static u32 rights_by_mode(const struct ditto_op *op, struct ditto_node *node,
			  struct ditto_node *parent, u32 want)
{
	u32 rights = read_rights(op, node, want);

	if (op->writable && !__mnt_is_readonly(op->share->root.mnt))
		rights |= write_rights(op, node, want) | owner_rights(op, node, want) |
			  delete_rights(op, node, parent, want);
	return rights;
}

int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights)
{
	struct ditto_op fresh = *op;
	const struct cred *old;
	u32 listed;
	int ret;

	/* Whatever was decided of another node before. */
	fresh.granted = 0;
	fresh.held = 0;
	old = ditto_op_enter(&fresh);
	ret = ditto_acl_access(&fresh, node, &listed);
	if (ret > 0)
		*rights = listed_rights(&fresh, node, parent, listed, want);
	else if (!ret)
		*rights = rights_by_mode(&fresh, node, parent, want);
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

	/* What the directory gives does not count: it is of those who see the entry. */
	return !ditto_rights_among(op, node, NULL, want, &rights) && !(want & ~rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_is_readable, DITTO);
