// SPDX-License-Identifier: GPL-2.0-only
/* Who is in the way of a request that waits, see lock_waits.h. */

#include <string.h>

#include "ditto-nl-gen.h"
#include "lock_waits.h"
#include "nl/nl.h"

/* A claim, as the kernel tells it. */
struct claim {
	struct nlattr *tb[DITTO_A_CLAIM_MAX + 1];
};

static bool claim_parse(struct nl_msg *msg, struct claim *c)
{
	return !msg_parse(msg, &spec_claim_set, c->tb);
}

static u64 claim_number(const struct claim *c, unsigned int type)
{
	return c->tb[type] ? msg_number(&spec_claim_set.attrs[type], c->tb[type]) : 0;
}

static bool same_bytes(const struct claim *a, const struct claim *b, unsigned int type)
{
	const struct nlattr *x = a->tb[type], *y = b->tb[type];

	return x && y && nla_len(x) == nla_len(y) &&
	       !memcmp(nla_data(x), nla_data(y), (size_t)nla_len(x));
}

static bool same_owner(const struct claim *a, const struct claim *b)
{
	return same_bytes(a, b, DITTO_A_CLAIM_CLIENT) && same_bytes(a, b, DITTO_A_CLAIM_OWNER);
}

static bool ranges_conflict(const struct claim *a, const struct claim *b)
{
	if (!a->tb[DITTO_A_CLAIM_LAST] || !b->tb[DITTO_A_CLAIM_LAST])
		return false;
	return (claim_number(a, DITTO_A_CLAIM_EXCLUSIVE) ||
		claim_number(b, DITTO_A_CLAIM_EXCLUSIVE)) &&
	       claim_number(a, DITTO_A_CLAIM_FIRST) <= claim_number(b, DITTO_A_CLAIM_LAST) &&
	       claim_number(b, DITTO_A_CLAIM_FIRST) <= claim_number(a, DITTO_A_CLAIM_LAST);
}

static bool opens_conflict(const struct claim *a, const struct claim *b)
{
	return (claim_number(a, DITTO_A_CLAIM_ACCESS) & claim_number(b, DITTO_A_CLAIM_DENY)) ||
	       (claim_number(b, DITTO_A_CLAIM_ACCESS) & claim_number(a, DITTO_A_CLAIM_DENY));
}

static bool claim_is_in_the_way(const struct claim *waiting, const struct claim *c)
{
	u64 type = claim_number(waiting, DITTO_A_CLAIM_TYPE);

	if (claim_number(c, DITTO_A_CLAIM_STATE) == DITTO_CLAIM_STATE_WAITING ||
	    !same_bytes(waiting, c, DITTO_A_CLAIM_SHARE) ||
	    !same_bytes(waiting, c, DITTO_A_CLAIM_PATH) || same_owner(waiting, c))
		return false;
	/* Its holder was asked to give way, to this request or to another. */
	if (claim_number(c, DITTO_A_CLAIM_STATE) == DITTO_CLAIM_STATE_BREAKING)
		return true;
	if (type != claim_number(c, DITTO_A_CLAIM_TYPE))
		return false;
	return type == DITTO_CLAIM_TYPE_RANGE ? ranges_conflict(waiting, c) :
	       type == DITTO_CLAIM_TYPE_OPEN && opens_conflict(waiting, c);
}

bool lock_waits(struct nl_msg *claim)
{
	struct claim c;

	return claim_parse(claim, &c) &&
	       claim_number(&c, DITTO_A_CLAIM_STATE) == DITTO_CLAIM_STATE_WAITING;
}

unsigned int lock_waits_for(struct nl_msg *claim, const struct replies *all,
			    u64 ids[LOCK_WAITS_MAX])
{
	struct claim waiting, c;
	unsigned int n = 0, i;

	if (!claim_parse(claim, &waiting))
		return 0;
	for (i = 0; i < all->count && n < LOCK_WAITS_MAX; i++)
		if (claim_parse(all->msg[i], &c) && c.tb[DITTO_A_CLAIM_ID] &&
		    claim_is_in_the_way(&waiting, &c))
			ids[n++] = claim_number(&c, DITTO_A_CLAIM_ID);
	return n;
}
