// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations of access checks, see explain.h.
 *
 * The verdicts come from the checks that serve requests. What is added here are words for the
 * part that the VFS decides: which class of a mode or POSIX ACL applies to the caller. If that
 * does not agree with the verdict, something else decided, and the reason says so.
 */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/string.h>

#include "../../node/node.h"
#include "acl_file.h"
#include "explain.h"

/* ditto_why_set() with an explanation. */
void ditto_note_slow(struct ditto_explanation *why, u32 rights, enum ditto_reason reason,
		     int need)
{
	for (unsigned int bit = 0; bit < DITTO_RIGHT_BITS; bit++)
		if (rights & BIT(bit))
			why->right[bit] = (struct ditto_right_reason) {
				.reason = reason, .need = need,
			};
}

/* The class of a mode that applies to the caller, whose credential is in place. */
static void mode_class(const struct ditto_op *op, const struct inode *inode,
		       struct ditto_right_reason *right)
{
	if (uid_eq(current_fsuid(), ditto_owner_of(op->share, inode))) {
		right->class = DITTO_MODE_OWNER;
		right->bits = inode->i_mode >> 6 & 7;
	} else if (in_group_p(ditto_group_of(op->share, inode))) {
		right->class = DITTO_MODE_GROUP;
		right->bits = inode->i_mode >> 3 & 7;
	} else {
		right->class = DITTO_MODE_OTHER;
		right->bits = inode->i_mode & 7;
	}
}

/* True if an entry of a POSIX ACL is for a group of the caller. */
static bool posix_entry_in_group(const struct ditto_op *op, const struct inode *inode,
				 const struct posix_acl_entry *e)
{
	if (e->e_tag == ACL_GROUP_OBJ)
		return in_group_p(ditto_group_of(op->share, inode));
	return e->e_tag == ACL_GROUP && in_group_p(e->e_gid);
}

/*
 * The entry of a POSIX ACL that applies to the caller: of several groups one that grants what is
 * needed, if there is one (POSIX.1e section 23.1.5).
 */
static void posix_class(const struct ditto_op *op, const struct inode *inode,
			const struct posix_acl *acl, struct ditto_right_reason *right)
{
	const struct posix_acl_entry *e, *end;
	u8 mask = 7, bits;
	bool found = false;

	FOREACH_ACL_ENTRY(e, acl, end)
		if (e->e_tag == ACL_MASK)
			mask = e->e_perm;
	mode_class(op, inode, right);
	if (right->class == DITTO_MODE_OWNER)
		return;
	FOREACH_ACL_ENTRY(e, acl, end) {
		if (e->e_tag != ACL_USER || !uid_eq(current_fsuid(), e->e_uid))
			continue;
		right->class = DITTO_MODE_USER;
		right->id = from_kuid(&init_user_ns, e->e_uid);
		right->bits = e->e_perm & mask;
		return;
	}
	FOREACH_ACL_ENTRY(e, acl, end) {
		bits = e->e_perm & mask;
		if (!posix_entry_in_group(op, inode, e) ||
		    (found && (right->need & ~bits || !(right->need & ~right->bits))))
			continue;
		found = true;
		right->bits = bits;
		right->class = e->e_tag == ACL_GROUP ? DITTO_MODE_NAMED_GROUP : DITTO_MODE_GROUP;
		right->id = e->e_tag == ACL_GROUP ? from_kgid(&init_user_ns, e->e_gid) : 0;
	}
	if (!found) {
		right->class = DITTO_MODE_OTHER;
		right->bits = inode->i_mode & 7;
	}
}

/* Add what the mode or POSIX ACL of a file says. */
static void explain_mode(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_right_reason *right)
{
	const struct inode *inode = node->inode;
	struct ditto_op fresh = *op;
	struct posix_acl *acl = NULL;
	const struct cred *old;

	/* The VFS ignores a POSIX ACL whose mask is empty, too. */
	if (!S_ISLNK(inode->i_mode) && inode->i_mode & 0070)
		acl = ditto_get_posix_acl(&fresh, node, ACL_TYPE_ACCESS);
	old = ditto_op_enter(op);
	if (IS_ERR_OR_NULL(acl))
		mode_class(op, inode, right);
	else
		posix_class(op, inode, acl, right);
	ditto_op_leave(old);
	if (!IS_ERR(acl))
		posix_acl_release(acl);
}

/* Correct a reason that does not agree with the verdict. */
static void explain_settle(const struct ditto_op *op, struct ditto_node *node,
			   struct ditto_node *parent, struct ditto_right_reason *right,
			   bool granted)
{
	bool agrees = true;

	if (right->reason == DITTO_REASON_MODE || right->reason == DITTO_REASON_PARENT_MODE) {
		explain_mode(op, right->reason == DITTO_REASON_MODE ? node : parent, right);
		agrees = granted == !(right->need & ~right->bits);
	} else if (right->reason == DITTO_REASON_OWNER) {
		agrees = granted == uid_eq(op->cred->cred->fsuid,
					   ditto_owner_of(op->share, node->inode));
	} else if (right->reason == DITTO_REASON_STICKY) {
		agrees = !granted;
	}
	if (agrees)
		return;
	if (granted)
		right->reason = ditto_is_administrator(op) ? DITTO_REASON_ADMINISTRATOR :
							     DITTO_REASON_KERNEL;
	else
		right->reason = IS_IMMUTABLE(node->inode) ? DITTO_REASON_IMMUTABLE :
							    DITTO_REASON_KERNEL;
}

static void explanation_init(struct ditto_explanation *why, const struct ditto_node *node,
			     const struct ditto_node *parent)
{
	memset(why, 0, sizeof(*why));
	why->node = node;
	why->parent = parent;
}

/* Compute the caller's rights to a node, with the reasons. Return: as ditto_rights(). */
int ditto_explain_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, struct ditto_explanation *why, u32 *rights)
{
	struct ditto_op asking = *op;
	int err;

	explanation_init(why, node, parent);
	asking.why = why;
	err = ditto_rights(&asking, node, parent, rights);
	if (err)
		return err;
	for (unsigned int bit = 0; bit < DITTO_RIGHT_BITS; bit++)
		explain_settle(op, node, parent, &why->right[bit], *rights & BIT(bit));
	return 0;
}

/*
 * Check whether the caller may look up names in a directory. Return: as ditto_permission() with
 * DITTO_MAY_EXEC.
 */
int ditto_explain_traverse(const struct ditto_op *op, struct ditto_node *dir,
			   struct ditto_explanation *why)
{
	struct ditto_right_reason *right = &why->right[ilog2(DITTO_RIGHT_EXECUTE)];
	struct ditto_op asking = *op;
	int err;

	explanation_init(why, dir, NULL);
	ditto_note_slow(why, DITTO_RIGHT_EXECUTE, DITTO_REASON_MODE, MAY_EXEC);
	asking.why = why;
	err = ditto_permission(&asking, dir, DITTO_MAY_EXEC);
	if (why->list.evaluated && right->reason == DITTO_REASON_MODE)
		right->reason = DITTO_REASON_LIST;
	explain_settle(op, dir, NULL, right, !err);
	return err;
}
