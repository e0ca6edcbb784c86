// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on the grace period after a restart. */
#include <linux/build_bug.h>
#include <net/genetlink.h>

#include "../../lockd/table.h"
#include "../helper/record.h"
#include "../server.h"
#include "family.h"

static_assert(DITTO_GRACE_STATE_NORMAL == (int)DITTO_STATE_NORMAL);
static_assert(DITTO_GRACE_STATE_LOADING == (int)DITTO_STATE_LOADING);
static_assert(DITTO_GRACE_STATE_GRACE == (int)DITTO_STATE_GRACE);
static_assert(DITTO_GRACE_STATE_FORGETTING == (int)DITTO_STATE_FORGETTING);

/* Longest wait for the records of clients that did not reclaim to be removed, in milliseconds. */
#define FORGET_MS	5000

/* What another lock manager holds off; ours is one of them unless the state is NORMAL. */
static enum ditto_grace_others grace_others(struct ditto_lock_table *table)
{
	if (READ_ONCE(table->state) != DITTO_STATE_NORMAL)
		return DITTO_GRACE_OTHERS_NONE;
	if (ditto_grace_holds(table, DITTO_CLAIM_OPEN))
		return DITTO_GRACE_OTHERS_ALL;
	if (ditto_grace_holds(table, DITTO_CLAIM_RANGE))
		return DITTO_GRACE_OTHERS_RANGES;
	return DITTO_GRACE_OTHERS_NONE;
}

static int grace_put(struct sk_buff *msg, struct ditto_server *srv)
{
	struct ditto_lock_table *table = srv->locks;
	u64 now = table->clock(), until = READ_ONCE(table->grace.until);
	enum ditto_lock_state state = READ_ONCE(table->state);
	enum ditto_grace_others others = grace_others(table);
	u32 unfinished, known = READ_ONCE(table->grace.count);
	u32 left_s = ditto_grace_left(table, &unfinished);
	bool active = state == DITTO_STATE_GRACE || state == DITTO_STATE_FORGETTING ||
		      others != DITTO_GRACE_OTHERS_NONE;

	/* How long another lock manager is in grace is not known. */
	if (nla_put_u8(msg, DITTO_A_GRACE_ACTIVE, active) ||
	    ditto_nl_put_u64(msg, DITTO_A_GRACE_LEFT_MS,
			     left_s && until > now ? until - now : 0) ||
	    nla_put_u32(msg, DITTO_A_GRACE_KNOWN, known) ||
	    nla_put_u32(msg, DITTO_A_GRACE_RECLAIMED, known - min(unfinished, known)) ||
	    ditto_nl_put_u64(msg, DITTO_A_GRACE_EPOCH, ditto_server_epoch(srv)) ||
	    nla_put_u32(msg, DITTO_A_GRACE_STATE, state) ||
	    nla_put_u32(msg, DITTO_A_GRACE_OTHERS, others))
		return -EMSGSIZE;
	return 0;
}

int ditto_nl_grace_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = ditto_nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;
	err = grace_put(msg, ditto_server_of(genl_info_net(info)));
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_grace_end_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_lock_table *table = ditto_server_of(genl_info_net(info))->locks;

	if (READ_ONCE(table->state) == DITTO_STATE_NORMAL && !grace_others(table))
		NL_SET_ERR_MSG(info->extack, "there was no grace");
	ditto_grace_end(table);
	if (!ditto_grace_wait(table, DITTO_STATE_FORGETTING, FORGET_MS)) {
		NL_SET_ERR_MSG(info->extack,
			       "nothing can be reclaimed any more, but new claims wait: the helper has not removed the records of those who did not come back; is dittod running?");
		return -ETIMEDOUT;
	}
	if (!grace_others(table))
		return 0;
	NL_SET_ERR_MSG(info->extack, "another lock manager of the machine is in grace");
	return -EBUSY;
}
