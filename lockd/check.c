// SPDX-License-Identifier: GPL-2.0-only
/*
 * The question: what is held is laid against what is intended, by the matrix.
 *
 * Ranges and opens in the way refuse, unless what is in the way may be gone at
 * its holder already: a holder of WRITE may have given up ranges, a holder of
 * HANDLE may have closed opens, without saying so yet. Such a holder is asked
 * first, and judged when it has answered. What a lapsed client has in the way goes
 * with all else that it has, and refuses nothing.
 */
#include <linux/string.h>

#include "private.h"
#include "trace.h"

struct ditto_client *ditto_actor_client(const struct ditto_actor *actor)
{
	if (actor->client)
		return actor->client;
	if (actor->owner)
		return actor->owner->client;
	return actor->cache_owner ? actor->cache_owner->client : NULL;
}

/* Does a claim not count for this actor? */
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor)
{
	const struct ditto_owner *mine = ditto_held_is_cache(held->held) ? actor->cache_owner :
									   actor->owner;
	const struct ditto_client *client;

	switch (cell->exempt) {
	case DITTO_EXEMPT_OWNER:
		if (mine)
			return actor->by_key ? ditto_owner_same_key(mine, held->owner) :
					       mine == held->owner;
		client = ditto_actor_client(actor);
		return client && client->wide && client == held->owner->client;
	case DITTO_EXEMPT_CLIENT:
		return ditto_actor_client(actor) == held->owner->client;
	default:
		return false;
	}
}

static void describe_range(struct ditto_conflict *conflict, const struct ditto_range *range)
{
	conflict->first = range->first;
	conflict->last = range->last;
	conflict->empty = range->empty;
	conflict->exclusive = ditto_range_is_exclusive(range);
}

/* Tell who holds what is in the way. */
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held)
{
	const struct ditto_owner *owner = held->owner;
	struct ditto_claim *claim = (struct ditto_claim *)held;

	if (!conflict)
		return;
	memset(conflict, 0, sizeof(*conflict));
	conflict->held = held->held;
	strscpy(conflict->protocol, owner->client->protocol);
	strscpy(conflict->client, owner->client->name);
	conflict->key_len = owner->len;
	memcpy(conflict->key, owner->key, owner->len);
	if (ditto_held_is_range(held->held)) {
		describe_range(conflict, ditto_claim_range(claim));
	} else if (held->held == DITTO_HELD_OPEN) {
		conflict->access = ditto_claim_open(claim)->access;
		conflict->deny = ditto_claim_open(claim)->deny;
	} else {
		conflict->cache = ditto_claim_cache(claim)->bits;
	}
}

/* For what an open will do later; @open is the cell of opens, and the other is in its row. */
static u8 gives_up_also(const struct ditto_matrix_cell *open, enum ditto_intent_kind kind,
			u8 *waits)
{
	const struct ditto_matrix_cell *cell = open - DITTO_INTENT_OPEN + kind;

	*waits |= cell->waits_for;
	return cell->gives_up;
}

u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits)
{
	u8 access = older ? intent->access : intent->access & ~DITTO_OPEN_ACL;
	u8 bits = cell->gives_up;

	*waits = cell->waits_for;
	if (intent->kind != DITTO_INTENT_OPEN)
		return bits;
	/* Looking at attributes only. */
	if (!access && !intent->deny) {
		*waits = 0;
		return 0;
	}
	if (intent->access & DITTO_OPEN_WRITE) {
		bits |= cell->gives_up_to_write;
		*waits |= cell->gives_up_to_write;
	}
	if (intent->access & DITTO_OPEN_EMPTY)
		bits |= gives_up_also(cell, DITTO_INTENT_SIZE, waits);
	if (intent->access & DITTO_OPEN_REMOVE)
		bits |= gives_up_also(cell, DITTO_INTENT_REMOVE, waits);
	return bits;
}

/**
 * struct yielding - what lapsed clients have in the way
 * @now: it is to go; else it is only noted
 * @met: there is some
 */
struct yielding {
	bool now;
	bool met;
};

/* Is a claim in the way, and not about to go with its lapsed client? */
static bool stands(const struct ditto_claim *held, const struct ditto_actor *actor,
		   struct yielding *yielding)
{
	struct ditto_client *client = held->owner->client;
	bool lapsed;

	if (likely(!READ_ONCE(client->lapsed)) || client == ditto_actor_client(actor))
		return true;
	lapsed = !yielding->now || ditto_client_yields(client);
	yielding->met |= lapsed;
	return !lapsed;
}

/* Does the holder of a range keep ranges to itself, so that it will be asked first? */
static bool range_is_hidden(struct ditto_claims *claims, const struct ditto_claim *held,
			    const struct ditto_intent *intent, const struct ditto_actor *actor)
{
	const struct ditto_matrix_cell *cell;
	const struct ditto_cache *cache;
	u8 bits, waits;

	list_for_each_entry(cache, &claims->caches, link) {
		if (cache->claim.owner->client != held->owner->client)
			continue;
		cell = &ditto_matrix[cache->claim.held][intent->kind];
		bits = ditto_gives_up(cell, intent, cache->older, &waits) & waits & cache->bits;
		if (bits & DITTO_CACHE_WRITE && !ditto_exempt(cell, &cache->claim, actor))
			return true;
	}
	return false;
}

static const struct ditto_claim *judge_ranges(struct ditto_claims *claims,
					      const struct ditto_intent *intent,
					      const struct ditto_actor *actor,
					      struct yielding *yielding)
{
	bool claiming = intent->kind == DITTO_INTENT_RANGE_SHARED ||
			intent->kind == DITTO_INTENT_RANGE_EXCLUSIVE;
	u64 last = ditto_range_end(intent->empty, intent->first, intent->last);
	struct ditto_range *range;

	/* I/O of no byte meets nothing; a claim of no byte meets what is around it. */
	if (intent->empty && (!claiming || !intent->first))
		return NULL;
	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		const struct ditto_matrix_cell *cell = &ditto_matrix[row][intent->kind];

		if (cell->action != DITTO_RULE_DENY || (cell->exact_only && !actor->exact))
			continue;
		range = ditto_range_overlap(claims, row, intent->first, last);
		for (; range; range = ditto_range_overlap_next(range, intent->first, last)) {
			if (!ditto_range_is_nowhere(range->empty, range->first) &&
			    !ditto_exempt(cell, &range->claim, actor) &&
			    !range_is_hidden(claims, &range->claim, intent, actor) &&
			    stands(&range->claim, actor, yielding))
				return &range->claim;
		}
	}
	return NULL;
}

/* May the holder of an open have closed it without saying so? Marks who is to be asked. */
static bool open_is_hidden(struct ditto_claims *claims, const struct ditto_open *open,
			   const struct ditto_actor *actor)
{
	struct ditto_cache *cache;

	if (!open->cache_owner || open->cache_owner == actor->cache_owner)
		return false;
	list_for_each_entry(cache, &claims->caches, link) {
		if (cache->claim.owner == open->cache_owner && cache->bits & DITTO_CACHE_HANDLE) {
			cache->violated = true;
			return true;
		}
	}
	return false;
}

/* Which bits of opens would meet these access and deny bits, going by the counts? */
static bool modes_can_cross(const struct ditto_claims *claims, u8 access, u8 deny)
{
	for (int bit = 0; bit < 3; bit++) {
		if ((access & BIT(bit) && claims->denies[bit]) ||
		    (deny & BIT(bit) && claims->accesses[bit]))
			return true;
	}
	return false;
}

static const struct ditto_claim *judge_opens(struct ditto_claims *claims,
					     const struct ditto_intent *intent,
					     const struct ditto_actor *actor,
					     const struct ditto_claim *self,
					     struct yielding *yielding)
{
	const struct ditto_matrix_cell *cell = &ditto_matrix[DITTO_HELD_OPEN][intent->kind];
	u8 access = ditto_intent_access[intent->kind], deny = 0;
	struct ditto_open *open;

	if (cell->action != DITTO_RULE_DENY_MODE)
		return NULL;
	if (intent->kind == DITTO_INTENT_OPEN) {
		access = intent->access;
		deny = intent->deny;
	}
	if (!modes_can_cross(claims, access, deny))
		return NULL;
	list_for_each_entry(open, &claims->opens, link) {
		if (!(open->deny & access) && !(open->access & deny))
			continue;
		if (&open->claim == self || ditto_exempt(cell, &open->claim, actor))
			continue;
		if (!open_is_hidden(claims, open, actor) &&
		    stands(&open->claim, actor, yielding))
			return &open->claim;
	}
	return NULL;
}

/* Ask holders to give way. True if an answer is to be waited for. */
static bool judge_caches(struct ditto_claims *claims, const struct ditto_intent *intent,
			 const struct ditto_actor *actor)
{
	struct ditto_cache *cache, *next;
	bool wait = false;

	list_for_each_entry_safe(cache, next, &claims->caches, link) {
		const struct ditto_matrix_cell *cell =
			&ditto_matrix[cache->claim.held][intent->kind];
		u8 waits, bits = ditto_gives_up(cell, intent, cache->older, &waits);

		/* It is told of changes instead. */
		if (cache->notify && (intent->kind == DITTO_INTENT_ENTRY ||
				      intent->kind == DITTO_INTENT_CHILD))
			bits = 0;
		if (ditto_exempt(cell, &cache->claim, actor))
			bits = 0;
		if (cache->violated) {
			/* The rest is asked for when this is no refusal any more. */
			cache->violated = false;
			bits = DITTO_CACHE_HANDLE;
			waits = DITTO_CACHE_HANDLE;
		}
		bits &= cache->bits;
		if (!bits)
			continue;
		/* What else a lapsed client has goes a moment later. */
		if (ditto_client_yields(cache->claim.owner->client))
			wait |= bits & waits;
		ditto_break_begin(cache, bits);
		if (cache->bits & bits & waits)
			wait = true;
	}
	return wait;
}

static void forget_violations(struct ditto_claims *claims)
{
	struct ditto_cache *cache;

	list_for_each_entry(cache, &claims->caches, link)
		cache->violated = false;
}

static const struct ditto_claim *judge_claims(struct ditto_claims *claims,
					      const struct ditto_intent *intent,
					      const struct ditto_actor *actor,
					      const struct ditto_claim *self,
					      struct yielding *yielding)
{
	return judge_ranges(claims, intent, actor, yielding) ?:
	       judge_opens(claims, intent, actor, self, yielding);
}

/*
 * The answer of the matrix. @self is a claim that is to be changed and so is
 * not in its own way.
 */
enum ditto_answer ditto_judge(struct ditto_claims *claims, const struct ditto_intent *intent,
			      const struct ditto_actor *actor, const struct ditto_claim *self,
			      struct ditto_conflict *conflict)
{
	const struct ditto_claim *in_way;
	struct yielding yielding = {};

	lockdep_assert_held(&claims->lock);
	in_way = judge_claims(claims, intent, actor, self, &yielding);
	/* Lapsed clients yield to what nobody else refuses; one may be heard of just now. */
	if (!in_way && yielding.met) {
		yielding.now = true;
		in_way = judge_claims(claims, intent, actor, self, &yielding);
	}
	if (in_way) {
		forget_violations(claims);
		ditto_describe(conflict, in_way);
		trace_ditto_conflict(in_way, 0, ditto_intent_names[intent->kind]);
		ditto_locks_report(claims->point->table, DITTO_LOCK_CONFLICT,
				   in_way->owner->client);
		return DITTO_DENIED;
	}
	if (judge_caches(claims, intent, actor) || yielding.met)
		return DITTO_BREAKING;
	return DITTO_ALLOWED;
}

static const struct ditto_actor anonymous;

enum ditto_answer ditto_claim_check_slow(struct ditto_claim_point *point,
					 const struct ditto_intent *intent,
					 const struct ditto_actor *actor,
					 struct ditto_park *park,
					 struct ditto_conflict *conflict)
{
	struct ditto_claims *claims = ditto_claims_find(point);
	enum ditto_answer answer;

	if (!claims)
		return DITTO_ALLOWED;
	answer = ditto_judge(claims, intent, actor ?: &anonymous, NULL, conflict);
	if (answer == DITTO_BREAKING && park && !ditto_park_add(claims, park))
		answer = DITTO_BUSY;
	ditto_claims_unlock(claims);
	return answer;
}
EXPORT_SYMBOL_NS_GPL(ditto_claim_check_slow, DITTO);

void ditto_claim_recheck_slow(struct ditto_claim_point *point,
			      const struct ditto_intent *intent,
			      const struct ditto_actor *actor)
{
	struct ditto_claims *claims = ditto_claims_find(point);

	if (!claims)
		return;
	judge_caches(claims, intent, actor ?: &anonymous);
	ditto_claims_unlock(claims);
}
EXPORT_SYMBOL_NS_GPL(ditto_claim_recheck_slow, DITTO);
