// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operation on the history of conflicts of the lock table. */
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "../../lockd/claim.h"
#include "../../lockd/history.h"
#include "../../lockd/range.h"
#include "../../lockd/table.h"
#include "../server.h"
#include "family.h"
#include "locks.h"

static_assert(DITTO_INTENT_READ == (int)DITTO_CONFLICT_OPERATION_READ);
static_assert(DITTO_INTENT_OPEN == (int)DITTO_CONFLICT_OPERATION_OPEN);
static_assert(DITTO_INTENT_RANGE_EXCLUSIVE == (int)DITTO_CONFLICT_OPERATION_LOCK_EXCLUSIVE);
static_assert(DITTO_OUTCOME_REFUSED == (int)DITTO_CONFLICT_OUTCOME_REFUSED);
static_assert(DITTO_OUTCOME_REVOKED == (int)DITTO_CONFLICT_OUTCOME_REVOKED);

/* Message size for a conflict on the file with the longest path. */
#define CONFLICT_MESSAGE	SZ_8K

int ditto_locks_who_put(struct sk_buff *msg, const struct ditto_client_who *who, int user,
			int address)
{
	bool v4 = ipv6_addr_v4mapped(&who->addr);

	if (who->user[0] && nla_put_string(msg, user, who->user))
		return -EMSGSIZE;
	if (!who->known)
		return 0;
	return nla_put(msg, address, v4 ? 4 : sizeof(who->addr),
		       v4 ? &who->addr.s6_addr32[3] : who->addr.s6_addr32);
}

static int range_put(struct sk_buff *msg, const struct ditto_history_side *side)
{
	if (ditto_nl_put_u64(msg, DITTO_A_CONFLICT_SIDE_FIRST, side->first) ||
	    (!side->empty && ditto_nl_put_u64(msg, DITTO_A_CONFLICT_SIDE_LAST, side->last)))
		return -EMSGSIZE;
	return 0;
}

/* What a claim is. */
static int claim_put(struct sk_buff *msg, const struct ditto_history_side *side)
{
	bool exact = side->held == DITTO_HELD_EXACT_SHARED ||
		     side->held == DITTO_HELD_EXACT_EXCLUSIVE;
	bool exclusive = side->held == DITTO_HELD_POSIX_EXCLUSIVE ||
			 side->held == DITTO_HELD_EXACT_EXCLUSIVE;
	enum ditto_discipline discipline = exact ? DITTO_EXACT : DITTO_POSIX;

	if (ditto_held_is_range(side->held)) {
		if (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_TYPE, DITTO_CLAIM_TYPE_RANGE) ||
		    range_put(msg, side) ||
		    nla_put_u8(msg, DITTO_A_CONFLICT_SIDE_EXCLUSIVE, exclusive) ||
		    nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_DISCIPLINE, discipline))
			return -EMSGSIZE;
	} else if (side->held == DITTO_HELD_OPEN) {
		if (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_TYPE, DITTO_CLAIM_TYPE_OPEN) ||
		    nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_ACCESS, side->access) ||
		    nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_DENY, side->deny))
			return -EMSGSIZE;
	} else if (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_TYPE, DITTO_CLAIM_TYPE_LEASE) ||
		   nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_LEASE, side->lease)) {
		return -EMSGSIZE;
	}
	return 0;
}

/* What an operation was about. */
static int asked_put(struct sk_buff *msg, const struct ditto_history_entry *entry)
{
	const struct ditto_history_side *side = &entry->asked;

	if (entry->kind == DITTO_INTENT_OPEN &&
	    (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_ACCESS, side->access & DITTO_OPEN_KEPT) ||
	     nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_DENY, side->deny)))
		return -EMSGSIZE;
	return side->ranged ? range_put(msg, side) : 0;
}

static int side_put(struct sk_buff *msg, int type, const struct ditto_history_entry *entry,
		    const struct ditto_history_side *side)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest ||
	    (side->protocol[0] &&
	     nla_put_string(msg, DITTO_A_CONFLICT_SIDE_PROTOCOL, side->protocol)) ||
	    (side->client[0] &&
	     nla_put_string(msg, DITTO_A_CONFLICT_SIDE_CLIENT, side->client)) ||
	    ditto_locks_who_put(msg, &side->who, DITTO_A_CONFLICT_SIDE_USER,
				DITTO_A_CONFLICT_SIDE_ADDRESS))
		return -EMSGSIZE;
	if (side == &entry->asked ? asked_put(msg, entry) :
				    side->held != DITTO_HELDS && claim_put(msg, side))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int conflict_put(struct sk_buff *msg, const struct ditto_history_entry *entry)
{
	enum ditto_outcome outcome = READ_ONCE(entry->outcome);
	const char *share, *path;
	bool over = outcome != DITTO_OUTCOME_REFUSED && outcome != DITTO_OUTCOME_WAITING &&
		    outcome != DITTO_OUTCOME_BREAKING;

	/* Pairs with the work that looks for the name. */
	share = smp_load_acquire(&entry->share);
	/* See above. */
	path = smp_load_acquire(&entry->path);
	if (ditto_nl_put_u64(msg, DITTO_A_CONFLICT_NUMBER, entry->number) ||
	    ditto_nl_put_u64(msg, DITTO_A_CONFLICT_TIME, entry->time) ||
	    ditto_nl_put_u64(msg, DITTO_A_CONFLICT_LAST, READ_ONCE(entry->last)) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_COUNT, READ_ONCE(entry->count)) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_OPERATION, entry->kind) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_OUTCOME, outcome) ||
	    (over && nla_put_u32(msg, DITTO_A_CONFLICT_MS, READ_ONCE(entry->ms))) ||
	    (share && nla_put_string(msg, DITTO_A_CONFLICT_SHARE, share)) ||
	    (path && nla_put_string(msg, DITTO_A_CONFLICT_PATH, path)) ||
	    side_put(msg, DITTO_A_CONFLICT_ASKED, entry, &entry->asked) ||
	    side_put(msg, DITTO_A_CONFLICT_HELD, entry, &entry->held))
		return -EMSGSIZE;
	return 0;
}

int ditto_nl_conflict_get_start(struct netlink_callback *cb)
{
	int err = ditto_nl_deferred_dump(cb);

	if (err)
		return err;
	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, CONFLICT_MESSAGE);
	/* Entries that were made before have the names of their files. */
	ditto_history_settle_names(&ditto_server_of(sock_net(cb->skb->sk))->locks->history, false);
	return 0;
}

int ditto_nl_conflict_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_lock_table *table = ditto_server_of(sock_net(skb->sk))->locks;
	struct ditto_history_entry *entry;
	int err = 0;
	void *hdr;

	while (!err && (entry = ditto_history_after(&table->history, cb->args[0]))) {
		hdr = ditto_nl_dump_put(skb, cb);
		if (hdr && !conflict_put(skb, entry)) {
			genlmsg_end(skb, hdr);
			cb->args[0] = entry->number;
		} else {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			err = -EMSGSIZE;
		}
		ditto_history_put(entry);
	}
	return err;
}
