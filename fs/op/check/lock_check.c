// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of the lock table before and after an operation: the slow path, for nodes with claims or
 * with claims from before a restart that may still be reclaimed.
 */

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include "../../../lockd/claim.h"
#include "../../../lockd/grace.h"
#include "../../../lockd/lease.h"
#include "../../../net/server.h"
#include "../../node/node_private.h"
#include "../../share/caller_private.h"
#include "lock_check_private.h"
#include "rights.h"

/*
 * For changes of directory entries, the actor's own caching grant may have another key: the
 * directory's. An anonymous caller has an address.
 */
static const struct ditto_actor *actor_for(const struct ditto_op *op, enum ditto_intent_kind kind,
					   struct ditto_actor *of_entry)
{
	if (!op->actor) {
		*of_entry = (struct ditto_actor) { .from = op->from };
		return of_entry;
	}
	if (kind != DITTO_INTENT_ENTRY && kind != DITTO_INTENT_CHILD)
		return op->actor;
	*of_entry = *op->actor;
	of_entry->lease_owner = op->actor->entry_owner;
	/* MS-FSA section 2.1.4.12.2: only the keys are compared. */
	of_entry->by_key = true;
	return of_entry;
}

/*
 * True if the file was created after the restart, so no earlier claim can cover it. Clients
 * cannot set this birth time.
 */
static bool node_is_newer(const struct ditto_op *op, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct path path = { .mnt = op->share->root.mnt, .dentry = dentry };
	struct kstat st;
	int err;

	err = vfs_getattr_nosec(&path, &st, STATX_BTIME, AT_STATX_SYNC_AS_STAT);
	dput(dentry);
	return !err && st.result_mask & STATX_BTIME &&
	       ditto_grace_is_newer(node->point.table, &st.btime);
}

static bool grace_holds_off(const struct ditto_op *op, struct ditto_node *node,
			    enum ditto_intent_kind kind)
{
	if (!S_ISREG(node->inode->i_mode) || op->fresh)
		return false;
	/* The open that was granted DELETE may be closed already. */
	if (kind == DITTO_INTENT_REMOVE && op->held & DITTO_RIGHT_DELETE)
		return false;
	return ditto_grace_guards(&node->point, kind, op->actor) && !node_is_newer(op, node);
}

/*
 * Check an operation against the claims on a node. Context: inode locks may be held, since it does
 * not wait for breaks. Return: 0, -EJUKEBOX, -EAGAIN, -ETXTBSY; see op.h.
 */
int ditto_lock_check_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind,
			  u64 pos, u64 count)
{
	struct ditto_intent intent = { .kind = kind };
	/* Most checks find no conflict; only its kind is read here, so only that is cleared. */
	struct ditto_conflict unwanted __uninitialized;
	struct ditto_conflict *conflict = op->conflict ?: &unwanted;
	struct ditto_actor of_entry __uninitialized;

	unwanted.held = 0;
	if (unlikely(READ_ONCE(node->point.table->guards)) && grace_holds_off(op, node, kind))
		return -EJUKEBOX;
	intent.first = pos;
	intent.empty = !count;
	if (!count)
		intent.last = pos;
	else if (check_add_overflow(pos, count - 1, &intent.last))
		intent.last = U64_MAX;
	switch (ditto_claim_check(&node->point, &intent, actor_for(op, kind, &of_entry), op->park,
				  conflict)) {
	case DITTO_ALLOWED:
		return 0;
	case DITTO_DENIED:
		return ditto_held_is_range(conflict->held) ? -EAGAIN : -ETXTBSY;
	case DITTO_BREAKING:
	case DITTO_BUSY:
		break;
	}
	ditto_op_await(op, node);
	return -EJUKEBOX;
}

/* Break caching grants that were made during an operation. Context: no inode lock held. */
void ditto_lock_recheck_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_intent_kind kind)
{
	const struct ditto_intent intent = { .kind = kind };
	struct ditto_actor of_entry;

	ditto_claim_recheck(&node->point, &intent, actor_for(op, kind, &of_entry));
}

/*
 * Check an operation that deletes a file against its open streams. @node: the file, held; it had
 * such a stream. A client may have closed a stream and keep only its handle: that is asked for
 * first. Context: as ditto_lock_check_slow(). Return: 0 if no stream forbids it any more,
 * -EJUKEBOX, -ETXTBSY; see op.h.
 */
int ditto_lock_check_keepers(struct ditto_op *op, struct ditto_node *node)
{
	struct ditto_node *stream = NULL;
	int err;

	spin_lock(&node->lock);
	if (!hlist_empty(&node->keepers)) {
		stream = hlist_entry(node->keepers.first, struct ditto_keeper, of_file)->stream;
		ditto_node_hold(stream);
	}
	spin_unlock(&node->lock);
	if (!stream)
		return 0;
	/* If that one is given back, the caller tries again and comes to the next one. */
	err = ditto_lock_check(op, stream, DITTO_INTENT_REMOVE);
	ditto_node_put(stream);
	return err ?: hlist_empty(&node->keepers) ? 0 : -ETXTBSY;
}
