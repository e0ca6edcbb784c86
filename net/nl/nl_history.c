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

/* Add user and address of a client to a message, as attributes of these types. */
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

static int range_put(struct sk_buff *msg, const struct ditto_holding *side)
{
	if (ditto_nl_put_u64(msg, DITTO_A_CONFLICT_SIDE_FIRST, side->first) ||
	    (!side->empty && ditto_nl_put_u64(msg, DITTO_A_CONFLICT_SIDE_LAST, side->last)))
		return -EMSGSIZE;
	return 0;
}

static int claim_put(struct sk_buff *msg, const struct ditto_holding *side)
{
	bool exact = side->held == DITTO_HELD_EXACT_SHARED ||
		     side->held == DITTO_HELD_EXACT_EXCLUSIVE;

	if (ditto_held_is_range(side->held)) {
		if (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_TYPE, DITTO_CLAIM_TYPE_RANGE) ||
		    range_put(msg, side) ||
		    nla_put_u8(msg, DITTO_A_CONFLICT_SIDE_EXCLUSIVE, side->exclusive) ||
		    nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_DISCIPLINE,
				exact ? DITTO_EXACT : DITTO_POSIX))
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
	const struct ditto_holding *side = &entry->asked;

	if (entry->kind == DITTO_INTENT_OPEN &&
	    (nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_ACCESS, side->access & DITTO_OPEN_KEPT) ||
	     nla_put_u32(msg, DITTO_A_CONFLICT_SIDE_DENY, side->deny)))
		return -EMSGSIZE;
	return ditto_held_is_range(side->held) ? range_put(msg, side) : 0;
}

static int side_put(struct sk_buff *msg, int type, const struct ditto_history_entry *entry,
		    const struct ditto_holding *side)
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

/* A message of a dump. */
struct conflict_message {
	struct sk_buff *msg;
	struct netlink_callback *cb;
};

/* Return: 1, or -EMSGSIZE if the message is full. */
static int conflict_show(const struct ditto_history_entry *entry, void *arg)
{
	const struct conflict_message *m = arg;
	struct sk_buff *msg = m->msg;
	void *hdr = ditto_nl_dump_put(msg, m->cb);
	bool over = entry->outcome != DITTO_OUTCOME_REFUSED &&
		    entry->outcome != DITTO_OUTCOME_WAITING &&
		    entry->outcome != DITTO_OUTCOME_BREAKING;

	if (!hdr)
		return -EMSGSIZE;
	if (ditto_nl_put_u64(msg, DITTO_A_CONFLICT_NUMBER, entry->number) ||
	    ditto_nl_put_u64(msg, DITTO_A_CONFLICT_TIME, entry->time) ||
	    ditto_nl_put_u64(msg, DITTO_A_CONFLICT_LAST, entry->last) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_COUNT, entry->count) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_OPERATION, entry->kind) ||
	    nla_put_u32(msg, DITTO_A_CONFLICT_OUTCOME, entry->outcome) ||
	    (over && nla_put_u32(msg, DITTO_A_CONFLICT_MS, entry->ms)) ||
	    (entry->share && nla_put_string(msg, DITTO_A_CONFLICT_SHARE, entry->share)) ||
	    (entry->path && nla_put_string(msg, DITTO_A_CONFLICT_PATH, entry->path)) ||
	    side_put(msg, DITTO_A_CONFLICT_ASKED, entry, &entry->asked) ||
	    side_put(msg, DITTO_A_CONFLICT_HELD, entry, &entry->held)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	m->cb->args[0] = entry->number;
	return 1;
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

/* The lock of the history is dropped after each entry; what comes in between is at the end. */
int ditto_nl_conflict_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_lock_table *table = ditto_server_of(sock_net(skb->sk))->locks;
	struct conflict_message m = { .msg = skb, .cb = cb };
	int ret;

	do {
		ret = ditto_history_next(&table->history, cb->args[0], conflict_show, &m);
	} while (ret > 0);
	return ret;
}
