/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of the lock table before and after an operation: fs/op/check/lock_check.c. The fast paths
 * do not build an intent unless the node has claims.
 */
#ifndef _DITTO_FS_OP_CHECK_LOCK_CHECK_PRIVATE_H
#define _DITTO_FS_OP_CHECK_LOCK_CHECK_PRIVATE_H

#include <linux/fs.h>

#include "../../../lockd/claim.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/table.h"
#include "../../node/node_private.h"
#include "../../share/caller.h"
#include "worm.h"

int ditto_lock_check_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind,
			  u64 pos, u64 count);
void ditto_lock_recheck_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_intent_kind kind);
int ditto_lock_check_keepers(struct ditto_op *op, struct ditto_node *node);

/* True if there is a claim or waiter on the node. */
static inline bool ditto_is_claimed(const struct ditto_node *node)
{
	return unlikely(rcu_access_pointer(node->point.ctx));
}

/*
 * True if a caching grant is held on the node, which an operation may break; a hint. Then the
 * caller's permission is checked before the lock table, and not only by the VFS afterwards:
 * whoever may not do something must not take grants from others by trying.
 */
static inline bool ditto_has_grants(struct ditto_node *node)
{
	return ditto_leases_held(&node->point);
}

/* Tell the caller which node's claims are being given back, after -EJUKEBOX. */
static inline void ditto_op_await(const struct ditto_op *op, struct ditto_node *node)
{
	if (!op->awaited || *op->awaited)
		return;
	ditto_node_hold(node);
	*op->awaited = node;
}

/*
 * Check an operation on a byte range against the claims on a node. @count: number of bytes; 0
 * conflicts with no range. Costs two loads if there are no claims and no reclaims are outstanding;
 * the second one is of a rarely written variable. Context: inode locks may be held, since it does
 * not wait for breaks. Return: 0, -EJUKEBOX, -EAGAIN, -ETXTBSY; see op.h.
 */
static inline int ditto_lock_check_bytes(struct ditto_op *op, struct ditto_node *node,
					 enum ditto_intent_kind kind, u64 pos, u64 count)
{
	if (ditto_is_claimed(node) || unlikely(READ_ONCE(node->point.table->guards)))
		return ditto_lock_check_slow(op, node, kind, pos, count);
	return 0;
}

/* The same for an operation on the whole node, which may be committed: -EPERM. */
static inline int ditto_lock_check(struct ditto_op *op, struct ditto_node *node,
				   enum ditto_intent_kind kind)
{
	int err = BIT(kind) & DITTO_WORM_INTENTS ? ditto_worm_check(op, node, kind) : 0;

	return err ?: ditto_lock_check_bytes(op, node, kind, 0, 0);
}

/*
 * Check an operation that takes a name from a file: open streams that do not share deletion keep
 * the file, too (MS-FSA section 2.1.5.1.2.1). ditto_worm_check() comes first.
 */
static inline int ditto_lock_check_name(struct ditto_op *op, struct ditto_node *node,
					enum ditto_intent_kind kind)
{
	int err = ditto_lock_check_bytes(op, node, kind, 0, 0);

	return err || likely(hlist_empty(&node->keepers)) ? err :
							    ditto_lock_check_keepers(op, node);
}

/*
 * Break caching grants that were made during the operation, and notify holders of the change,
 * before the reply is sent. No inode lock is held.
 */
static inline void ditto_lock_recheck(struct ditto_op *op, struct ditto_node *node,
				      enum ditto_intent_kind kind)
{
	/* Order the change before the check: pairs with the barrier of ditto_lease_grant(). */
	smp_mb();
	if (ditto_is_claimed(node) || ditto_claim_is_untold(&node->point))
		ditto_lock_recheck_slow(op, node, kind);
}

#endif
