// SPDX-License-Identifier: GPL-2.0-only
/* A client's states by number, see state_table.h. */
#include <linux/random.h>

#include "state_table.h"

/* Numbers tried for a state: few are in use, so one that is drawn is rarely among them. */
#define NUMBER_TRIES	8

/* Set up a table without states. */
void dnfs4_table_init(struct dnfs4_state_table *table)
{
	xa_init(&table->tree);
	memset(table->recent, 0, sizeof(table->recent));
	table->next = 1;
	table->anchor = 0;
	table->around = false;
	table->closed = false;
}

/* Free what a table without states has allocated. */
void dnfs4_table_exit(struct dnfs4_state_table *table)
{
	xa_destroy(&table->tree);
}

/*
 * Go through the states in the order of their numbers. States that are there all the time are
 * found. Context: any. Without the table's lock, as dnfs4_table_find(). Return: the state with the
 * lowest higher number, or NULL.
 */
struct dnfs4_state *dnfs4_table_after(struct dnfs4_state_table *table, u32 *id)
{
	struct dnfs4_state *found = NULL, *state;
	unsigned long number = *id;
	u32 here, lowest = 0;

	rcu_read_lock();
	for (int i = 0; i < DNFS4_RECENT; i++) {
		/* The tree comes after the places, as in dnfs4_table_find(). */
		state = smp_load_acquire(&table->recent[i]);
		/* Read once: its memory may become another state's, with another number. */
		here = state ? READ_ONCE(state->id) : 0;
		if (here > *id && (!found || here < lowest)) {
			found = state;
			lowest = here;
		}
	}
	rcu_read_unlock();
	state = xa_find_after(&table->tree, &number, U32_MAX, XA_PRESENT);
	if (state && (!found || number < lowest)) {
		found = state;
		lowest = number;
	}
	if (found)
		*id = lowest;
	return found;
}

/*
 * Move the state of a place to the tree. The lock may be released to allocate memory; the number is
 * reserved then, because the state may be gone afterwards.
 */
static int place_vacate(struct dnfs4_state_table *table, struct dnfs4_state **place)
{
	struct dnfs4_state *state;
	u32 id;
	int err;

	while ((state = *place)) {
		id = state->id;
		err = xa_err(__xa_store(&table->tree, id, state,
					GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT));
		if (!err) {
			/* Pairs with dnfs4_table_find(). */
			smp_store_release(place, NULL);
			return 0;
		}
		err = xa_err(__xa_cmpxchg(&table->tree, id, NULL, XA_ZERO_ENTRY,
					  GFP_KERNEL_ACCOUNT));
		if (err)
			return err;
		if (*place != state || state->id != id)
			__xa_cmpxchg(&table->tree, id, XA_ZERO_ENTRY, NULL, 0);
	}
	return 0;
}

static u32 number_take(struct dnfs4_state_table *table)
{
	u32 id = table->next;

	if (!++table->next) {
		table->next = 1;
		table->around = true;
	}
	return id;
}

/*
 * Give a state a number. Numbers follow each other, so that a stale stateid finds no state for a
 * long time. Lookups do not find a state that is refused, not even for a moment. Context: the
 * table's lock is held, and may be released in between to allocate memory. Return: 0; -ENOMEM;
 * -ENOSPC if no free number was found; -ESHUTDOWN if the table is closed, also if it was closed in
 * between.
 */
int dnfs4_table_add(struct dnfs4_state_table *table, struct dnfs4_state *state)
{
	struct dnfs4_state **place;
	int tries, err;
	u32 id;

	dnfs4_table_assert_held(table);
	for (tries = 0; tries < NUMBER_TRIES; tries++) {
		id = number_take(table);
		place = &table->recent[id % DNFS4_RECENT];
		err = place_vacate(table, place);
		if (err)
			return err;
		/* The table may have been closed while the lock was released. */
		if (unlikely(table->closed))
			return -ESHUTDOWN;
		if (likely(!table->around) || !xa_load(&table->tree, id)) {
			WRITE_ONCE(state->id, id);
			/* Lookups without the lock find it from now on, and look at its number. */
			smp_store_release(place, state);
			return 0;
		}
		/* Numbers that were given at the same time are in use together. */
		table->next = get_random_u32_inclusive(1, U32_MAX);
	}
	return -ENOSPC;
}

static void anchor_move(struct dnfs4_state_table *table, u32 id)
{
	if (table->anchor && table->anchor != id)
		__xa_cmpxchg(&table->tree, table->anchor, XA_ZERO_ENTRY, NULL, 0);
	table->anchor = id;
}

/*
 * Take a state out. @other: state that takes its place and its number, or NULL. Context: the
 * table's lock is held. Return: false if @state was not in it.
 */
bool dnfs4_table_replace(struct dnfs4_state_table *table, struct dnfs4_state *state,
			 struct dnfs4_state *other)
{
	u32 id = state->id;
	struct dnfs4_state **place = &table->recent[id % DNFS4_RECENT];
	void *entry = other ?: XA_ZERO_ENTRY;

	dnfs4_table_assert_held(table);
	if (other)
		WRITE_ONCE(other->id, id);
	if (*place == state) {
		/* Lookups without the lock find it, as in dnfs4_table_add(). */
		smp_store_release(place, other);
		return true;
	}
	/* Replacing an entry needs no memory. */
	if (!id || __xa_cmpxchg(&table->tree, id, state, entry, 0) != state)
		return false;
	if (!other)
		anchor_move(table, id);
	return true;
}
