/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Explanations: why a caller has or has not a right to a file. The access checks themselves note
 * what decides while they run, if the caller asks for that with ditto_op.why.
 */
#ifndef _DITTO_FS_OP_CHECK_EXPLAIN_H
#define _DITTO_FS_OP_CHECK_EXPLAIN_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "../../acl/acl.h"
#include "../../share/caller.h"
#include "rights.h"

/* Why a right is granted or denied. The values are as in the netlink enum "access-reason". */
enum ditto_reason {
	DITTO_REASON_UNKNOWN,
	DITTO_REASON_LIST,		/* the list of the file */
	DITTO_REASON_MODE,		/* the mode or POSIX ACL of the file */
	DITTO_REASON_PARENT_LIST,	/* the list of the directory it is in */
	DITTO_REASON_PARENT_MODE,	/* the mode or POSIX ACL of that directory */
	DITTO_REASON_EVERYBODY,		/* without a list, everybody who reaches the file has it */
	DITTO_REASON_OWNER,		/* without a list, only the owner has it */
	DITTO_REASON_ADMINISTRATOR,	/* the caller is an administrator of the share */
	DITTO_REASON_TRAVERSE,		/* lists do not keep the caller from traversing */
	DITTO_REASON_NO_MEANING,	/* the right has no meaning for such a file */
	DITTO_REASON_READ_ONLY,		/* the caller may only read in the share */
	DITTO_REASON_READ_ONLY_MOUNT,
	DITTO_REASON_IMMUTABLE,
	DITTO_REASON_APPEND_ONLY,
	DITTO_REASON_STICKY,		/* sticky directory: only owners may remove */
	/*
	 * The mount, the file system or a security module. The number before it stands for a reason
	 * that only older versions have.
	 */
	DITTO_REASON_KERNEL = DITTO_REASON_STICKY + 2,
	DITTO_REASON_PRIVILEGE,		/* a privilege of the caller */
};

/* Which part of a mode or POSIX ACL decides. The values are as in "access-class". */
enum ditto_mode_class {
	DITTO_MODE_OWNER,
	DITTO_MODE_USER,	/* a named user of a POSIX ACL */
	DITTO_MODE_GROUP,
	DITTO_MODE_NAMED_GROUP,
	DITTO_MODE_OTHER,
};

/**
 * struct ditto_right_reason - reason for one right
 * @reason: enum ditto_reason
 * @need: permissions that a mode must grant, MAY_*
 * @class: part of the mode or POSIX ACL that decides, enum ditto_mode_class
 * @bits: permissions that this part grants
 * @id: the user or group of a named part
 */
struct ditto_right_reason {
	u8 reason;
	u8 need;
	u8 class;
	u8 bits;
	u32 id;
};

/**
 * struct ditto_explanation - why a caller has or has not rights to a file
 * @node: the file; checks of other files are not noted
 * @parent: the directory that @node was found in, or NULL
 * @right: by number of the bit
 * @list: what the list of @node decided
 * @parent_list: what the list of @parent decided
 */
struct ditto_explanation {
	const struct ditto_node *node;
	const struct ditto_node *parent;
	struct ditto_right_reason right[DITTO_RIGHT_BITS];
	struct ditto_acl_decisions list;
	struct ditto_acl_decisions parent_list;
};

void ditto_note_slow(struct ditto_explanation *why, u32 rights, enum ditto_reason reason,
		     int need);

/*
 * Note what decides about rights, in place of what was noted before. Does nothing unless @op asks
 * for an explanation of this file. Context: any.
 */
static inline void ditto_why_set(const struct ditto_op *op, const struct ditto_node *node,
				 u32 rights, enum ditto_reason reason, int need)
{
	if (unlikely(op->why) && op->why->node == node)
		ditto_note_slow(op->why, rights, reason, need);
}

/* Where to note what the list of a file decides; NULL if nobody asks. */
static inline struct ditto_acl_decisions *ditto_decisions(const struct ditto_op *op,
							  const struct ditto_node *node)
{
	if (likely(!op->why))
		return NULL;
	if (op->why->node == node)
		return &op->why->list;
	return op->why->parent == node ? &op->why->parent_list : NULL;
}

int ditto_explain_rights(const struct ditto_op *op, struct ditto_node *node,
			 struct ditto_node *parent, struct ditto_explanation *why, u32 *rights);
int ditto_explain_traverse(const struct ditto_op *op, struct ditto_node *dir,
			   struct ditto_explanation *why);

#endif
