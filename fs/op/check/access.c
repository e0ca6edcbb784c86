// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access checks for files with access control lists.
 *
 * The VFS checks modes. If a list decides instead, the list is checked first, and the VFS is
 * called with a credential that modes do not restrict. All other checks of the VFS stay in
 * effect: read-only mounts, immutable files, security modules. A call that checks two objects,
 * such as directory and file of a removal, gets such a credential only after both were checked
 * here, each by its list or its mode.
 */

#include <linux/fs.h>

#include "../../node/node.h"
#include "acl_file.h"
#include "explain.h"
#include "worm.h"

#define DITTO_RIGHTS_ENTRIES \
	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | \
	 DITTO_RIGHT_DELETE_CHILD)

/*
 * Get the credential for a VFS call, for a node that may have a list. @op: the caller, no
 * administrator; @need: DITTO_RIGHT_* bits that a list must grant. Context: inode locks may be
 * held. Return: as ditto_act_on().
 */
int ditto_act_on_slow(const struct ditto_op *op, struct ditto_node *node, u32 need,
		      const struct cred **as)
{
	u32 rights;
	int ret = ditto_acl_access_slow(op, node, &rights);

	if (ret <= 0)
		return ret;
	/*
	 * Windows grants the privilege to traverse to all users; a directory whose list grants a
	 * guest no access to entries stays closed.
	 */
	if (op->traverses && S_ISDIR(node->inode->i_mode) &&
	    (!op->cred->guest || rights & DITTO_RIGHTS_ENTRIES)) {
		ditto_why_set(op, node, DITTO_RIGHT_EXECUTE & ~rights, DITTO_REASON_TRAVERSE, 0);
		rights |= DITTO_RIGHT_EXECUTE;
	}
	if (need & ~rights)
		return -EACCES;
	*as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_ACCESS);
	return *as ? 0 : -ENOMEM;
}

/*
 * As ditto_act_on(), before the lock table is checked. @op: the caller, entered; @need:
 * DITTO_RIGHT_* bits that a list must grant; @mask: MAY_* bits that a mode must grant; 0 leaves
 * that to the VFS. Context: inode locks may be held. Return: 0, -EACCES, -EPERM (immutable) or
 * another errno.
 */
int ditto_act_on_early(const struct ditto_op *op, struct ditto_node *node, u32 need, int mask,
		       const struct cred **as)
{
	int err = ditto_act_on(op, node, need, as);

	if (err || !mask)
		return err;
	/* No list permits a change of it. */
	if (mask & MAY_WRITE && IS_IMMUTABLE(node->inode))
		return -EPERM;
	if (*as != op->cred->cred)
		return 0;
	return inode_permission(ditto_idmap(op->share), node->inode, mask);
}

static int by_mode(const struct ditto_op *op, const struct ditto_node *dir)
{
	return inode_permission(ditto_idmap(op->share), dir->inode, MAY_WRITE | MAY_EXEC);
}

/*
 * Check permission to add a name to a directory. @op: the caller, entered. Context: inode locks may
 * be held. Return: 0, -EACCES, -EPERM (immutable directory) or another errno.
 */
int ditto_may_create(const struct ditto_op *op, struct ditto_node *dir, bool is_dir)
{
	u32 need = is_dir ? DITTO_RIGHT_APPEND_DATA : DITTO_RIGHT_WRITE_DATA;
	u32 rights;
	int ret = ditto_acl_access(op, dir, &rights);

	if (ret < 0)
		return ret;
	if (!ret)
		return by_mode(op, dir);
	if (!(rights & need))
		return -EACCES;
	/* The VFS refuses this whoever asks, but only after grants were broken. */
	return IS_IMMUTABLE(dir->inode) ? -EPERM : 0;
}

/*
 * RFC 8881 section 6.2.1.3.2, MS-FSA section 2.1.5.1.2: either the file permits its deletion, or
 * the directory permits deletion of its entries.
 */
static int access_remove(const struct ditto_op *op, struct ditto_node *dir,
			 struct ditto_node *child)
{
	u32 rights;
	int ret;

	ret = ditto_acl_access(op, child, &rights);
	if (ret < 0 || (ret && (rights & DITTO_RIGHT_DELETE)))
		return min(ret, 0);
	ret = ditto_acl_access(op, dir, &rights);
	if (ret < 0)
		return ret;
	if (!ret) {
		ditto_why_set(op, child, DITTO_RIGHT_DELETE, DITTO_REASON_PARENT_MODE,
			      MAY_WRITE | MAY_EXEC);
		ret = by_mode(op, dir);
	} else {
		ditto_why_set(op, child, DITTO_RIGHT_DELETE, DITTO_REASON_PARENT_LIST, 0);
		ret = rights & DITTO_RIGHT_DELETE_CHILD ? 0 : -EACCES;
	}
	if (!ret && check_sticky(ditto_idmap(op->share), dir->inode, child->inode)) {
		ditto_why_set(op, child, DITTO_RIGHT_DELETE, DITTO_REASON_STICKY, 0);
		ret = -EPERM;
	}
	return ret;
}

/*
 * -EPERM if nobody may remove the file, as it or the directory is immutable, or 0. A committed file
 * is not any more after its retention. May sleep.
 */
int ditto_check_removable(const struct ditto_op *op, const struct ditto_node *dir,
			  struct ditto_node *child)
{
	struct inode *inode = child->inode;

	return IS_APPEND(dir->inode) || IS_IMMUTABLE(dir->inode) || IS_APPEND(inode) ||
	       (IS_IMMUTABLE(inode) && !ditto_worm_has_ended(child)) || IS_SWAPFILE(inode) ||
	       HAS_UNMAPPED_ID(ditto_idmap(op->share), inode) ? -EPERM : 0;
}

/*
 * Check permission to remove a file from a directory. @op: the caller, entered. The list of either
 * one may permit it, or the mode. Context: inode locks may be held. Return: 0, -EACCES, -EPERM
 * (sticky directory, immutable or append-only file) or another errno.
 */
int ditto_may_remove(const struct ditto_op *op, struct ditto_node *dir,
		     struct ditto_node *child)
{
	/* The VFS refuses the rest whoever asks, but only after grants were broken. */
	return access_remove(op, dir, child) ?: ditto_check_removable(op, dir, child);
}

/* Check each node by its list or its mode. */
static int access_rename(const struct ditto_op *op, const struct ditto_op *op_to,
			 const struct ditto_act_dirs *d)
{
	bool is_dir = S_ISDIR(d->file->inode->i_mode);
	u32 rights;
	int ret;

	/* Access to an open file was checked at open. */
	if (!(op->held & DITTO_RIGHT_DELETE)) {
		ret = ditto_may_remove(op, d->from, d->file);
		if (ret)
			return ret;
	}
	if (d->victim) {
		ret = ditto_may_remove(op_to, d->to, d->victim);
		if (ret)
			return ret;
	}
	if (!d->to)
		return 0;
	ret = ditto_may_create(op_to, d->to, is_dir);
	if (ret || d->to == d->from || !is_dir)
		return ret;
	/* Moving a directory changes its "..", which only the mode can forbid. */
	ret = ditto_acl_access(op, d->file, &rights);
	if (ret)
		return min(ret, 0);
	return inode_permission(ditto_idmap(op->share), d->file->inode, MAY_WRITE);
}

static bool all_go_by_mode(const struct ditto_act_dirs *d)
{
	return ditto_acl_is_none(d->from) && ditto_acl_is_none(d->file) &&
	       (!d->to || ditto_acl_is_none(d->to)) &&
	       (!d->victim || ditto_acl_is_none(d->victim));
}

/*
 * Get the credential for a rename. @op: the caller, for the source directory; @op_to: the caller,
 * for the target directory; @as: filled; the caller's own credential if no list decides, so that
 * the VFS checks, too. Context: inode locks may be held. Return: 0, -EACCES or another errno.
 */
int ditto_act_rename(const struct ditto_op *op, const struct ditto_op *op_to,
		     const struct ditto_act_dirs *d, const struct cred **as)
{
	int err;

	*as = op_to->cred->cred;
	if (likely(all_go_by_mode(d)) || ditto_is_administrator(op_to))
		return d->now ? access_rename(op, op_to, d) : 0;
	err = access_rename(op, op_to, d);
	/* The lists were not known before the check. */
	if (all_go_by_mode(d))
		return d->now ? err : 0;
	if (err)
		return err;
	*as = ditto_cred_privileged(op_to->cred, DITTO_PRIVILEGE_OWNER);
	return *as ? 0 : -ENOMEM;
}

/*
 * Get the credential for removing a name. Context: inode locks may be held. Return: 0, -EACCES or
 * another errno.
 */
int ditto_act_remove(const struct ditto_op *op, struct ditto_node *dir, struct ditto_node *child,
		     bool now, const struct cred **as)
{
	const struct ditto_act_dirs dirs = { .from = dir, .file = child, .now = now };

	return ditto_act_rename(op, op, &dirs, as);
}
