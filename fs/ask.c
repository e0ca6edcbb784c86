// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operation asks the lock table before it acts, and how the answer is
 * told. This is the slow way, of nodes that somebody claims something of.
 */

#include <linux/errno.h>
#include <linux/overflow.h>

#include "../lockd/claim.h"
#include "node.h"
#include "op_private.h"

static void fill_bytes(struct ditto_intent *intent, u64 pos, u64 count)
{
	intent->first = pos;
	intent->empty = !count;
	if (!count)
		intent->last = pos;
	else if (check_add_overflow(pos, count - 1, &intent->last))
		intent->last = U64_MAX;
}

int ditto_ask_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind,
		   u64 pos, u64 count)
{
	struct ditto_intent intent = { .kind = kind };
	struct ditto_conflict unwanted;
	struct ditto_conflict *conflict = op->conflict ?: &unwanted;

	fill_bytes(&intent, pos, count);
	switch (ditto_claim_check(&node->point, &intent, op->actor, op->park, conflict)) {
	case DITTO_ALLOWED:
		return 0;
	case DITTO_DENIED:
		return ditto_held_is_range(conflict->held) ? -EAGAIN : -ETXTBSY;
	case DITTO_BREAKING:
	case DITTO_BUSY:
		break;
	}
	return -EJUKEBOX;
}

void ditto_done_slow(struct ditto_op *op, struct ditto_node *node, enum ditto_intent_kind kind)
{
	const struct ditto_intent intent = { .kind = kind };

	ditto_claim_recheck(&node->point, &intent, op->actor);
}
