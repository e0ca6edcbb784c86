// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission checks.
 *
 * The VFS checks most permissions again when an operation is executed. Operations that stateless
 * protocols perform without an open, and permissions that they query in advance, are checked
 * here. Access to a file with an access control list is decided by that, see fs/op/check/access.c.
 */

#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mount.h>

#include "../../node/node.h"
#include "../../share/caller_private.h"
#include "acl_file.h"
#include "worm.h"

#define DITTO_MAY_CHANGE \
	(DITTO_MAY_WRITE | DITTO_MAY_APPEND | DITTO_MAY_DELETE | DITTO_MAY_WRITE_XATTRS)

static int may_change(const struct ditto_op *op, const struct inode *inode, u32 may)
{
	umode_t mode = inode->i_mode;
	/* Devices and pipes are written on the client, not here. */
	bool stored = S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
		      may & DITTO_MAY_WRITE_XATTRS;

	if (stored && (!op->writable || __mnt_is_readonly(op->share->root.mnt)))
		return -EROFS;
	if ((may & DITTO_MAY_DELETE) && !S_ISDIR(mode))
		return -EACCES;
	if (!IS_APPEND(inode))
		return 0;

	/* The VFS checks append-only files at open(2), but here files are opened earlier. */
	if (may & (S_ISDIR(mode) ? DITTO_MAY_DELETE : DITTO_MAY_WRITE) ||
	    may & DITTO_MAY_WRITE_XATTRS)
		return -EPERM;
	return 0;
}

/* The right that a list, and the permissions that the VFS must grant for each DITTO_MAY_* bit. */
static const struct {
	u32 right;
	int mask;
} needs[] = {
	[ilog2(DITTO_MAY_READ)] = { DITTO_RIGHT_READ_DATA, MAY_READ },
	[ilog2(DITTO_MAY_WRITE)] = { DITTO_RIGHT_WRITE_DATA, MAY_WRITE },
	[ilog2(DITTO_MAY_EXEC)] = { DITTO_RIGHT_EXECUTE, MAY_EXEC },
	[ilog2(DITTO_MAY_APPEND)] = { DITTO_RIGHT_APPEND_DATA, MAY_WRITE | MAY_APPEND },
	[ilog2(DITTO_MAY_DELETE)] = { DITTO_RIGHT_DELETE_CHILD, MAY_WRITE | MAY_EXEC },
	[ilog2(DITTO_MAY_OWNER)] = { 0, 0 },
	[ilog2(DITTO_MAY_READ_XATTRS)] = { DITTO_RIGHT_READ_XATTRS, MAY_READ },
	[ilog2(DITTO_MAY_WRITE_XATTRS)] = { DITTO_RIGHT_WRITE_XATTRS, MAY_WRITE },
};

/* Check by the list if there is one, otherwise by the VFS. */
static int permission_check(const struct ditto_op *op, struct ditto_node *node, u32 may)
{
	struct inode *inode = node->inode;
	const struct cred *as, *old;
	u32 rights = 0;
	int err, mask = 0;

	/* Most calls check one or two of them. */
	for (u32 left = may; left; left &= left - 1) {
		rights |= needs[__ffs(left)].right;
		mask |= needs[__ffs(left)].mask;
	}
	err = ditto_act_on(op, node, rights, &as);
	if (err)
		return err;
	if (likely(as == op->cred->cred))
		return inode_permission(ditto_idmap(op->share), inode, mask);
	/* No privilege permits execution if the mode has no execute bit. */
	if (S_ISREG(inode->i_mode))
		mask &= ~MAY_EXEC;
	old = ditto_act_as(as);
	err = inode_permission(ditto_idmap(op->share), inode, mask);
	ditto_op_leave(old);
	return err;
}

/*
 * Where a stream is used without an open, streams are attributes of their file (RFC 8881 section
 * 6.2.1.3.1). Its list or mode decides, and not what the stream itself has.
 */
static int stream_permission(const struct ditto_op *op, u32 may)
{
	u32 as = may & DITTO_MAY_OWNER;

	if (may & DITTO_MAY_EXEC)
		return -EACCES;
	if (may & (DITTO_MAY_READ | DITTO_MAY_READ_XATTRS))
		as |= DITTO_MAY_READ_XATTRS;
	if (may & DITTO_MAY_CHANGE)
		as |= DITTO_MAY_WRITE_XATTRS;
	return ditto_node_permission_locked(op, op->stream_of, as);
}

/*
 * The same as ditto_permission() with inode locks held; whether the file is committed was checked
 * before.
 */
int ditto_node_permission_locked(const struct ditto_op *op, struct ditto_node *node, u32 may)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = node->inode;
	u32 rights;
	int err, ret;

	if (may & DITTO_MAY_CHANGE) {
		err = may_change(op, inode, may);
		if (err)
			return err;
	}
	if ((may & DITTO_MAY_EXEC) && S_ISREG(inode->i_mode) &&
	    (op->share->root.mnt->mnt_flags & MNT_NOEXEC || inode->i_sb->s_iflags & SB_I_NOEXEC))
		return -EACCES;

	/* Access was checked at open. */
	if (op->granted && !(may & ~(op->granted | DITTO_MAY_OWNER)))
		return 0;
	if (unlikely(op->unopened == node))
		return stream_permission(op, may);
	err = permission_check(op, node, may);
	if (err != -EACCES || !(may & DITTO_MAY_OWNER) || !S_ISREG(inode->i_mode))
		return err;

	/*
	 * A user who makes a file read-only after opening it may continue to write. A stateless
	 * server cannot see the open, but it sees the owner, who could change the mode anyway.
	 */
	if (!vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), current_fsuid()))
		return err;
	ret = ditto_acl_access(op, node, &rights);
	if (ret < 0)
		return ret;
	return ret && !(rights & DITTO_RIGHT_WRITE_ACL) ? err : 0;
}

/*
 * True if the file may be committed. One that was opened for writing is not, until it is closed,
 * but the file of an open stream may be.
 */
static bool may_be_committed(const struct ditto_op *op, u32 may)
{
	return unlikely(READ_ONCE(op->share->volume->worm)) && may & DITTO_MAY_CHANGE &&
	       (op->stream_of || may & DITTO_MAY_CHANGE & ~op->granted);
}

/*
 * Check permission for a node, with the caller's credential in place. @op: the caller, entered;
 * @may: DITTO_MAY_* bits, all of which must be permitted. Context: if it is asked for changes, the
 * inodes of the file and its streams are not locked. Return: as ditto_permission().
 */
int ditto_node_permission(const struct ditto_op *op, struct ditto_node *node, u32 may)
{
	int err = 0;

	if (may_be_committed(op, may))
		err = ditto_worm_check_slow(op, node, DITTO_INTENT_WRITE, 0);
	return err ?: ditto_node_permission_locked(op, node, may);
}

/**
 * ditto_permission - check permission for a node
 * @op: the caller
 * @node: held
 * @may: DITTO_MAY_* bits, all of which must be permitted
 *
 * Clients ask for more than they are going to do, so a refusal is no event.
 *
 * Return: 0, -EACCES, -EROFS (for changes), -EPERM (immutable, committed, or append-only),
 * -EJUKEBOX (it is not known yet whether the file is committed) or -ESTALE.
 */
int ditto_permission(struct ditto_op *op, struct ditto_node *node, u32 may)
{
	u32 how = may & DITTO_MAY_RECLAIM ? DITTO_WORM_RECORDED : 0;
	const struct cred *old;
	int err;

	if (!may_be_committed(op, may))
		err = 0;
	else if (may & DITTO_MAY_QUERY)
		err = ditto_worm_query(op, node, DITTO_INTENT_WRITE, how) == -EPERM ? -EPERM : 0;
	else
		err = ditto_worm_check_slow(op, node, DITTO_INTENT_WRITE, how | DITTO_WORM_QUIET);
	if (err)
		return err;
	may &= ~(DITTO_MAY_RECLAIM | DITTO_MAY_QUERY);
	old = ditto_op_enter(op);
	err = ditto_node_permission_locked(op, node, may);
	ditto_op_leave(old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_permission, "DITTO");
