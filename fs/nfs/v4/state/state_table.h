/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client's states by number.
 *
 * Most states are short-lived: a program opens a file, reads it and closes it. A new state takes a
 * place among the recent ones, which costs a store, and leaves it again. Only when its place is
 * wanted for a newer one does it move on to the tree.
 *
 * Locking: dnfs4_table_lock(). Lookups need only RCU: a state that moves is in the tree before it
 * leaves its place, and a place is read before the tree.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_STATE_TABLE_H
#define _DITTO_FS_NFS_V4_STATE_STATE_TABLE_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "stateid.h"

/* Places for recent states: a client that has so few states has none in the tree. */
#define DNFS4_RECENT		16

/**
 * struct dnfs4_state_table - a client's states by number
 * @tree: those that are not in @recent; its xa_lock is the table's lock
 * @recent: states by the low bits of their number
 * @next: number of the next state
 * @anchor: number of the state that left @tree last, which is kept reserved: where states come and
 *	go there, the nodes of the tree stay; 0: none
 * @around: numbers have been used up once, so the next one may be in use
 * @closed: no more states are added
 */
struct dnfs4_state_table {
	struct xarray tree;
	struct dnfs4_state *recent[DNFS4_RECENT];
	u32 next;
	u32 anchor;
	bool around;
	bool closed;
};

#define dnfs4_table_lock(table)		xa_lock(&(table)->tree)
#define dnfs4_table_unlock(table)	xa_unlock(&(table)->tree)
#define dnfs4_table_assert_held(table)	lockdep_assert_held(&(table)->tree.xa_lock)

void dnfs4_table_init(struct dnfs4_state_table *table);

void dnfs4_table_exit(struct dnfs4_state_table *table);

/*
 * Look a state up by its number. Context: the table's lock or the RCU read lock is held. With the
 * latter, the state may be freed and its memory be another one's already, see stateid.h. Return:
 * the state or NULL.
 */
static inline struct dnfs4_state *dnfs4_table_find(struct dnfs4_state_table *table, u32 id)
{
	struct dnfs4_state **place = &table->recent[id % DNFS4_RECENT];
	/* Pairs with place_vacate(). */
	struct dnfs4_state *state = smp_load_acquire(place);

	if (state && READ_ONCE(state->id) == id) {
		/* If it has its place still, the memory was this state's when it was read. */
		smp_rmb();
		if (READ_ONCE(*place) == state)
			return state;
	}
	return xa_load(&table->tree, id);
}

struct dnfs4_state *dnfs4_table_after(struct dnfs4_state_table *table, u32 *id);
int dnfs4_table_add(struct dnfs4_state_table *table, struct dnfs4_state *state);

/* Refuse states that are added from now on. Context: the table's lock is held. */
static inline void dnfs4_table_close(struct dnfs4_state_table *table)
{
	dnfs4_table_assert_held(table);
	/* Other readers do not have the lock. */
	WRITE_ONCE(table->closed, true);
}

bool dnfs4_table_replace(struct dnfs4_state_table *table, struct dnfs4_state *state,
			 struct dnfs4_state *other);

#endif
