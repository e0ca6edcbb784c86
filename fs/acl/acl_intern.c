// SPDX-License-Identifier: GPL-2.0-only
/*
 * References of lists, and sharing of equal ones.
 *
 * Whole trees inherit one list, so most nodes have the list of some other node. The lists that
 * nodes cache are therefore in a table by their content. The table holds no references: a list
 * leaves it when the last node drops it.
 *
 * Locking: a lock for each bucket of the table. It is taken when a list is read from disk and
 * when the last reference to one is put, never when access is checked. Lists are freed after an
 * RCU grace period. A list whose last reference was put may still be found until it has left the
 * table; it is passed over, and the equal one that was to be added stays outside the table.
 */

#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "acl_private.h"

static struct rhashtable acl_table;

static u32 acl_hash(const void *data, u32 len, u32 seed)
{
	const struct ditto_acl *acl = data;

	return jhash(acl->aces, array_size(acl->count, sizeof(acl->aces[0])),
		     jhash_2words(acl->flags, acl->count, seed));
}

static int acl_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ditto_acl *a = arg->key, *b = obj;

	return a->flags != b->flags || a->count != b->count ||
	       memcmp(a->aces, b->aces, array_size(a->count, sizeof(a->aces[0])));
}

static const struct rhashtable_params acl_params = {
	.head_offset = offsetof(struct ditto_acl, link),
	.hashfn = acl_hash,
	.obj_hashfn = acl_hash,
	.obj_cmpfn = acl_differs,
	.automatic_shrinking = true,
};

int ditto_acl_interning_init(void)
{
	return rhashtable_init(&acl_table, &acl_params);
}

void ditto_acl_interning_exit(void)
{
	rhashtable_destroy(&acl_table);
}

/* Take a reference to a list. Context: any. Return: @acl. */
struct ditto_acl *ditto_acl_hold(struct ditto_acl *acl)
{
	refcount_inc(&acl->ref);
	return acl;
}

/**
 * ditto_acl_put - drop a reference to a list
 * @acl: the list, or NULL
 *
 * Context: any.
 */
void ditto_acl_put(struct ditto_acl *acl)
{
	if (!acl || !refcount_dec_and_test(&acl->ref))
		return;
	if (acl->interned)
		rhashtable_remove_fast(&acl_table, &acl->link, acl_params);
	kfree_rcu(acl, rcu);
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_put, "DITTO");

/*
 * Find or make the shared copy of a list. @acl: not shared yet; its reference is consumed. Context:
 * any but interrupts. Return: an equal list, to be put; @acl itself if it is the first one or
 * without memory.
 */
struct ditto_acl *ditto_acl_intern(struct ditto_acl *acl)
{
	struct ditto_acl *same;

	acl->interned = true;
	rcu_read_lock();
	same = rhashtable_lookup_get_insert_key(&acl_table, acl, &acl->link, acl_params);
	if (!same) {
		rcu_read_unlock();
		return acl;
	}
	acl->interned = false;
	if (!IS_ERR(same) && refcount_inc_not_zero(&same->ref)) {
		ditto_acl_put(acl);
		acl = same;
	}
	rcu_read_unlock();
	return acl;
}

#ifdef DITTO_TESTS
/* The number of shared lists. */
unsigned int ditto_acl_interned(void)
{
	return atomic_read(&acl_table.nelems);
}
#endif
