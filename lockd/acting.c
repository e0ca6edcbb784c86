// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table of the credentials that mark work on behalf of clients, see acting.h. Lookups run under
 * RCU; buckets_lock guards changes.
 */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "acting.h"

#define BUCKETS_LOG	8

static struct hlist_head buckets[1 << BUCKETS_LOG];
static DEFINE_SPINLOCK(buckets_lock);

static struct hlist_head *acting_bucket(const struct cred *cred)
{
	return &buckets[hash_ptr(cred, BUCKETS_LOG)];
}

/*
 * Mark a credential as acting for clients. @acting: zeroed memory of the caller, in use until
 * ditto_acting_del(); @cred: the credential; the caller keeps it alive until ditto_acting_del();
 * @table: the lock table of the server that uses it. Context: any but hard interrupts; does not
 * sleep.
 */
void ditto_acting_add(struct ditto_acting *acting, const struct cred *cred,
		      const struct ditto_lock_table *table)
{
	acting->cred = cred;
	acting->table = table;
	spin_lock_bh(&buckets_lock);
	hlist_add_head_rcu(&acting->link, acting_bucket(cred));
	spin_unlock_bh(&buckets_lock);
}

/*
 * Undo ditto_acting_add(). @acting: the entry; nothing happens if it was never added. RCU readers
 * may still look at its memory, so the caller frees it after a grace period. Context: any but hard
 * interrupts; does not sleep.
 */
void ditto_acting_del(struct ditto_acting *acting)
{
	if (!acting->cred)
		return;
	spin_lock_bh(&buckets_lock);
	hlist_del_rcu(&acting->link);
	spin_unlock_bh(&buckets_lock);
}

/*
 * The lock table that checks what the current thread does. The value is for comparison only:
 * another server and its table may end at any time. Context: any. Return: the table that the
 * current credential was added with by ditto_acting_add(), as the thread acts for a client or for
 * the server itself; NULL if it is a local process.
 */
const struct ditto_lock_table *ditto_acting_table(void)
{
	const struct ditto_lock_table *table = NULL;
	const struct cred *cred = current_cred();
	struct ditto_acting *acting;

	rcu_read_lock();
	hlist_for_each_entry_rcu(acting, acting_bucket(cred), link) {
		if (acting->cred == cred) {
			table = acting->table;
			break;
		}
	}
	rcu_read_unlock();
	return table;
}
