// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for deadlocks: who waits for whom, over all nodes.
 *
 * A waiting request waits for the owners of the ranges in its way and of those
 * requests before it in the queue that it conflicts with; an owner waits with
 * each of its requests. If a new request can be reached from itself, its
 * waiting would close a circle. Every circle is closed by the last request to
 * be queued, and requests are queued one at a time, so one search from each
 * suffices. Only ranges count: a break ends by its deadline.
 *
 * Locking: table->deadlock is held. Owners found are kept on a list through
 * themselves, so nothing is allocated; one node's claims->lock is held at a time.
 */
#include "private.h"

/* Owners looked at before the search gives up and lets the request wait. */
#define SEARCH_MAX	65536

struct search {
	u64 number;
	unsigned int seen;
	struct list_head todo;
};

static void search_add(struct search *search, struct ditto_owner *owner)
{
	if (owner->search == search->number || search->seen >= SEARCH_MAX)
		return;
	owner->search = search->number;
	search->seen++;
	list_add_tail(&ditto_owner_hold(owner)->search_link, &search->todo);
}

static void add_holders(struct search *search, struct ditto_claims *claims,
			const struct ditto_range_request *req)
{
	enum ditto_intent_kind intent = req->exclusive ? DITTO_INTENT_RANGE_EXCLUSIVE :
							 DITTO_INTENT_RANGE_SHARED;
	u64 last = ditto_range_end(req->empty, req->first, req->last);
	struct ditto_range *range;

	if (ditto_range_is_nowhere(req->empty, req->first))
		return;
	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		if (ditto_matrix[row][intent].action != DITTO_RULE_DENY)
			continue;
		range = ditto_range_overlap(claims, row, req->first, last);
		for (; range; range = ditto_range_overlap_next(range, req->first, last)) {
			if (range->claim.owner != req->owner &&
			    !ditto_range_is_nowhere(range->empty, range->first))
				search_add(search, range->claim.owner);
		}
	}
}

/* Whom does a request wait for? Under the lock of its node. */
static void add_blockers(struct search *search, struct ditto_claims *claims,
			 const struct ditto_wait *wait)
{
	struct ditto_wait *other;

	add_holders(search, claims, &wait->request);
	list_for_each_entry(other, &claims->waits, link) {
		if (other == wait)
			break;
		if (!wait->barge && !other->tell &&
		    ditto_wait_conflicts(&other->request, &wait->request))
			search_add(search, other->request.owner);
	}
}

/* The node that an owner waits on with its n-th request, locked, or NULL. */
static struct ditto_claims *node_of_wait(struct ditto_owner *owner, unsigned int n)
{
	struct ditto_client *client = owner->client;
	struct ditto_claims *claims = NULL;
	struct ditto_wait *wait;

	rcu_read_lock();
	spin_lock(&client->lock);
	list_for_each_entry(wait, &owner->waits, owner_link) {
		if (!n--) {
			claims = wait->claims;
			break;
		}
	}
	spin_unlock(&client->lock);
	if (claims) {
		spin_lock(&claims->lock);
		if (claims->dead) {
			spin_unlock(&claims->lock);
			claims = NULL;
		} else {
			__release(&claims->lock);
		}
	}
	rcu_read_unlock();
	return claims;
}

/* Whom does an owner wait for? */
static void add_owner(struct search *search, struct ditto_owner *owner)
{
	struct ditto_claims *claims;
	struct ditto_wait *wait;

	for (unsigned int n = 0; (claims = node_of_wait(owner, n)); n++) {
		list_for_each_entry(wait, &claims->waits, link) {
			if (wait->request.owner == owner && !wait->tell)
				add_blockers(search, claims, wait);
		}
		ditto_claims_unlock(claims);
	}
}

/* Would the waiting of this request, which is queued, close a circle? */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait)
{
	struct ditto_owner *self = wait->request.owner, *owner;
	struct search search = { .number = ++table->search };
	struct ditto_claims *claims;
	bool found = false;

	lockdep_assert_held(&table->deadlock);
	INIT_LIST_HEAD(&search.todo);
	claims = ditto_claims_at(&wait->claims);
	if (claims) {
		add_blockers(&search, claims, wait);
		ditto_claims_unlock(claims);
	}
	while (!list_empty(&search.todo)) {
		owner = list_first_entry(&search.todo, struct ditto_owner, search_link);
		list_del_init(&owner->search_link);
		if (owner == self)
			found = true;
		if (!found)
			add_owner(&search, owner);
		ditto_owner_put(owner);
	}
	return found;
}
