// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens, see open.h. The holder owns the memory; the table takes the open off
 * its node when the client or the node goes.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "private.h"
#include "trace.h"

static struct ditto_open *open_alloc(const struct ditto_actor *actor)
{
	struct ditto_open *open = kmem_cache_zalloc(ditto_open_slab, GFP_KERNEL);

	if (!open)
		return NULL;
	open->claim.held = DITTO_HELD_OPEN;
	open->claim.owner = ditto_owner_hold(actor->owner);
	if (actor->cache_owner)
		open->cache_owner = ditto_owner_hold(actor->cache_owner);
	open->claim.share = actor->share;
	INIT_LIST_HEAD(&open->link);
	INIT_LIST_HEAD(&open->ranges);
	return open;
}

static void open_free(struct ditto_open *open)
{
	ditto_owner_put(open->cache_owner);
	ditto_owner_put(open->claim.owner);
	kmem_cache_free(ditto_open_slab, open);
}

/* Count the bits of an open in or out. */
static void open_count(struct ditto_claims *claims, const struct ditto_open *open, int by)
{
	for (int bit = 0; bit < 3; bit++) {
		if (open->access & BIT(bit))
			claims->accesses[bit] += by;
		if (open->deny & BIT(bit))
			claims->denies[bit] += by;
	}
}

static int open_add(struct ditto_claims *claims, struct ditto_open *open, u8 access, u8 deny)
{
	int err = ditto_claim_attach(claims, &open->claim);

	if (err)
		return err;
	WRITE_ONCE(open->access, access);
	WRITE_ONCE(open->deny, deny);
	open_count(claims, open, 1);
	list_add_tail(&open->link, &claims->opens);
	trace_ditto_grant(&open->claim, 0, "open");
	return 0;
}

/* A request that waits for a range to go with the open; few wait on one node. */
static struct ditto_wait *open_first_wait(const struct ditto_open *open)
{
	struct ditto_wait *wait;

	list_for_each_entry(wait, &open->claim.claims->waits, link) {
		if (wait->request.open == open)
			return wait;
	}
	return NULL;
}

bool ditto_open_drop(struct ditto_open *open, const char *why)
{
	struct ditto_range *range = list_first_entry_or_null(&open->ranges, struct ditto_range,
							     of_open);
	struct ditto_wait *wait = open_first_wait(open);

	lockdep_assert_held(&open->claim.claims->lock);
	/* First, or it would be granted what is given up. */
	if (wait) {
		ditto_wait_finish(wait, -ESHUTDOWN);
		return false;
	}
	if (range) {
		ditto_claim_drop(&range->claim, why);
		return false;
	}
	trace_ditto_release(&open->claim, 0, why);
	open_count(open->claim.claims, open, -1);
	list_del_init(&open->link);
	ditto_claim_detach(&open->claim);
	return true;
}

static int open_judged(struct ditto_claims *claims, enum ditto_answer answer,
		       struct ditto_park *park)
{
	switch (answer) {
	case DITTO_ALLOWED:
		return 0;
	case DITTO_DENIED:
		return -EAGAIN;
	default:
		return park && !ditto_park_add(claims, park) ? -ENOLCK : -EBUSY;
	}
}

struct ditto_open *ditto_open_claim(struct ditto_claim_point *point,
				    const struct ditto_actor *actor, u8 access, u8 deny,
				    bool reclaim, struct ditto_park *park,
				    struct ditto_conflict *conflict)
{
	struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN, .access = access, .deny = deny,
	};
	struct ditto_claims *claims;
	struct ditto_open *open;
	int err;

	err = ditto_grace_check(actor->owner->client, reclaim);
	if (err)
		return ERR_PTR(err);
	open = open_alloc(actor);
	if (!open)
		return ERR_PTR(-ENOMEM);
	claims = ditto_claims_make(point);
	if (!claims) {
		open_free(open);
		return ERR_PTR(-ENOMEM);
	}
	err = open_judged(claims, ditto_judge(claims, &intent, actor, NULL, conflict), park);
	if (!err)
		err = open_add(claims, open, access & DITTO_OPEN_KEPT, deny);
	ditto_claims_unlock(claims);
	if (!err)
		return open;
	open_free(open);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_claim, DITTO);

int ditto_open_change(struct ditto_open *open, u8 access, u8 deny,
		      struct ditto_conflict *conflict)
{
	struct ditto_actor actor = { .owner = open->claim.owner, .cache_owner = open->cache_owner };
	struct ditto_claims *claims = ditto_claims_of(&open->claim);
	struct ditto_intent intent = { .kind = DITTO_INTENT_OPEN };
	int err;

	if (!claims)
		return -ESHUTDOWN;
	/* What it has was judged. */
	intent.access = access & ~open->access;
	intent.deny = deny & ~open->deny;
	err = open_judged(claims, ditto_judge(claims, &intent, &actor, &open->claim, conflict),
			  NULL);
	if (!err) {
		claims->pump = true;
		open_count(claims, open, -1);
		WRITE_ONCE(open->access, access);
		WRITE_ONCE(open->deny, deny);
		open_count(claims, open, 1);
	}
	ditto_claims_unlock(claims);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_open_change, DITTO);

void ditto_open_revoke(struct ditto_open *open)
{
	struct ditto_claims *claims;

	while ((claims = ditto_claims_of(&open->claim))) {
		for (int i = 0; i < DITTO_DROPS_AT_ONCE; i++) {
			if (ditto_open_drop(open, "close"))
				break;
		}
		ditto_claims_unlock(claims);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_open_revoke, DITTO);

bool ditto_open_held(const struct ditto_open *open)
{
	return READ_ONCE(open->claim.claims);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_held, DITTO);

void ditto_open_release(struct ditto_open *open)
{
	ditto_open_revoke(open);
	open_free(open);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_release, DITTO);

struct ditto_owner *ditto_open_owner(const struct ditto_open *open)
{
	return open->claim.owner;
}
EXPORT_SYMBOL_NS_GPL(ditto_open_owner, DITTO);

u8 ditto_open_access(const struct ditto_open *open)
{
	return READ_ONCE(open->access);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_access, DITTO);

u8 ditto_open_deny(const struct ditto_open *open)
{
	return READ_ONCE(open->deny);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_deny, DITTO);
