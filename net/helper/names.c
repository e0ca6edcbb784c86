// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache of the helper's answers about names and groups.
 *
 * Locking: entries are looked up and their answers read under RCU. The spinlock guards the list,
 * keeps it in step with the hash table, and guards the replacement of answers, and the lists of
 * parked operations. The functions of these are called under it.
 *
 * Lifetime: an entry is referenced by the table, by its work while a request is in progress, by
 * callers that wait, and by parked operations. An entry that was removed from the table meanwhile
 * still gets its answer, for those that wait for it.
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>
#include <kunit/visibility.h>

#include "../budget.h"
#include "../server.h"
#include "../server_private.h"
#include "names.h"
#include "names_ask.h"
#include "names_private.h"

/* Jiffies before a failed request is repeated. */
#define NAMES_RETRY		HZ
/* Entries that are examined to find one to drop from a full table. */
#define NAMES_EVICT_SCAN	64

/**
 * struct ditto_names - the answers of one server
 * @srv: the server
 * @hash: entries by question
 * @lock: see above
 * @lru: entries in the order of creation; one that was used gets a second chance
 * @count: entries of @lru
 * @token_bytes: bytes of the tokens of these
 * @epoch: number of flushes that have ended; guarded by @lock
 * @wq: workqueue of the requests
 * @ask: function that asks the helper; replaced by tests
 */
struct ditto_names {
	struct ditto_server *srv;
	struct rhashtable hash;
	spinlock_t lock;	/* see above */
	struct list_head lru;
	unsigned int count;
	size_t token_bytes;
	u32 epoch;
	struct workqueue_struct *wq;
	ditto_names_ask_fn ask;
};

/* Bits of name_entry.flags */
#define NAME_ASKING	0	/* the work is queued or running */
#define NAME_USED	1	/* used since a full table last examined it */

/**
 * struct name_entry - a question and its last answer
 * @names: the cache
 * @question: the question; its text points to @text
 * @answer: NULL until the first answer
 * @token_bytes: bytes of its token that are counted; guarded by the lock of the cache
 * @charge: charge for the request, while NAME_ASKING is set; it and the asker of @question belong
 *	to the thread that set the bit, and then to the work
 * @error: error of the last request; 0 if it was answered
 * @retry: jiffies before which the request is not repeated
 * @asked: jiffies of the last request; a caller that comes much later does not wait for it
 * @flags: NAME_* bits
 * @wait: callers that wait for the first answer
 * @parks: struct ditto_names_park: operations that wait for it
 * @work: sends the request
 * @ref: references, see above
 * @hash: entry in the hash table
 * @lru: entry on the list; empty once it was removed
 * @rcu: frees the entry after an RCU grace period
 * @text: text of the question
 */
struct name_entry {
	struct ditto_names *names;
	struct ditto_question question;
	struct name_answer __rcu *answer;
	size_t token_bytes;
	struct ditto_charge charge;
	int error;
	unsigned long retry;
	unsigned long asked;
	unsigned long flags;
	wait_queue_head_t wait;
	struct list_head parks;
	struct work_struct work;
	refcount_t ref;
	struct rhash_head hash;
	struct list_head lru;
	struct rcu_head rcu;
	char text[];
};

static u32 question_hash(const void *data, u32 len, u32 seed)
{
	const struct ditto_question *q = data;
	u32 hash = jhash(&q->addr, sizeof(q->addr), seed);

	hash = jhash_3words(q->type, __kuid_val(q->uid), __kgid_val(q->gid), hash);
	return jhash(q->text, strlen(q->text), hash);
}

static u32 entry_hash(const void *data, u32 len, u32 seed)
{
	const struct name_entry *entry = data;

	return question_hash(&entry->question, len, seed);
}

static int entry_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ditto_question *a = arg->key;
	const struct ditto_question *b = &((const struct name_entry *)obj)->question;

	return !(a->type == b->type && uid_eq(a->uid, b->uid) && gid_eq(a->gid, b->gid) &&
		 ipv6_addr_equal(&a->addr, &b->addr) && !strcmp(a->text, b->text));
}

static const struct rhashtable_params names_params = {
	.head_offset = offsetof(struct name_entry, hash),
	.hashfn = question_hash,
	.obj_hashfn = entry_hash,
	.obj_cmpfn = entry_compare,
	.automatic_shrinking = true,
};

static void answer_free(struct name_answer *answer)
{
	if (!answer)
		return;
	ditto_said_free(&answer->said);
	kfree(answer);
}

static void answer_free_rcu(struct rcu_head *rcu)
{
	answer_free(container_of(rcu, struct name_answer, rcu));
}

static void entry_free_rcu(struct rcu_head *rcu)
{
	struct name_entry *entry = container_of(rcu, struct name_entry, rcu);

	answer_free(rcu_dereference_protected(entry->answer, true));
	kfree(entry);
}

static void entry_put(struct name_entry *entry)
{
	if (refcount_dec_and_test(&entry->ref))
		call_rcu(&entry->rcu, entry_free_rcu);
}

static bool answer_fresh(const struct ditto_names *names, const struct name_answer *answer)
{
	const struct ditto_settings *settings = &names->srv->settings;
	unsigned long ttl_s = answer->negative ? READ_ONCE(settings->name_negative_ttl_s) :
						 READ_ONCE(settings->name_ttl_s);

	return time_before(jiffies, answer->when + ttl_s * HZ);
}

static bool entry_unlink_locked(struct name_entry *entry)
{
	struct ditto_names *names = entry->names;

	lockdep_assert_held(&names->lock);
	if (list_empty(&entry->lru))
		return false;
	list_del_init(&entry->lru);
	names->count--;
	names->token_bytes -= entry->token_bytes;
	entry->token_bytes = 0;
	rhashtable_remove_fast(&names->hash, &entry->hash, names_params);
	return true;
}

static struct name_entry *names_evict_locked(struct ditto_names *names)
{
	struct name_entry *entry;

	for (unsigned int i = 0; i < NAMES_EVICT_SCAN; i++) {
		entry = list_first_entry(&names->lru, struct name_entry, lru);
		if (!test_and_clear_bit(NAME_USED, &entry->flags))
			break;
		list_move_tail(&entry->lru, &names->lru);
	}
	entry = list_first_entry(&names->lru, struct name_entry, lru);
	entry_unlink_locked(entry);
	return entry;
}

/* Count the token of a new answer. */
static void entry_count_token_locked(struct name_entry *entry, const struct ditto_token *token)
{
	struct ditto_names *names = entry->names;

	lockdep_assert_held(&names->lock);
	if (list_empty(&entry->lru))
		return;
	names->token_bytes -= entry->token_bytes;
	entry->token_bytes = token ? ditto_token_size(token) : 0;
	names->token_bytes += entry->token_bytes;
}

/* Takes over what @said points to. NULL without memory. */
static struct name_answer *answer_alloc(enum ditto_upcall_type type, struct ditto_said *said,
					bool missing)
{
	struct name_answer *answer = kzalloc(sizeof(*answer), GFP_KERNEL);

	if (!answer) {
		ditto_said_free(said);
		return NULL;
	}
	answer->when = jiffies;
	answer->said = *said;
	answer->missing = missing;
	answer->negative = missing || (type == DITTO_UPCALL_NETGROUP && !said->member) ||
			   (type == DITTO_UPCALL_HOST_NAME && !said->hosts->count);
	return answer;
}

static void entry_replace_answer_locked(struct name_entry *entry, struct name_answer *answer)
{
	struct name_answer *old;

	old = rcu_replace_pointer(entry->answer, answer, lockdep_is_held(&entry->names->lock));
	entry_count_token_locked(entry, answer->said.token);
	if (old)
		call_rcu(&old->rcu, answer_free_rcu);
}

/* Store an answer. Takes over what @said points to. */
static int entry_answer(struct name_entry *entry, struct ditto_said *said, bool missing)
{
	struct ditto_names *names = entry->names;
	struct name_answer *answer;
	struct name_entry *victim;

	answer = answer_alloc(entry->question.type, said, missing);
	if (!answer)
		return -ENOMEM;

	spin_lock(&names->lock);
	entry_replace_answer_locked(entry, answer);
	while (names->token_bytes > DITTO_NAMES_TOKENS_BYTES) {
		victim = names_evict_locked(names);
		spin_unlock(&names->lock);
		entry_put(victim);
		spin_lock(&names->lock);
	}
	spin_unlock(&names->lock);
	return 0;
}

static void entry_ask(struct work_struct *work);

static struct name_entry *entry_alloc(struct ditto_names *names, const struct ditto_question *q)
{
	size_t len = strlen(q->text) + 1;
	struct name_entry *entry = kzalloc(struct_size(entry, text, len), GFP_KERNEL);

	if (!entry)
		return NULL;
	memcpy(entry->text, q->text, len);
	entry->names = names;
	entry->question = *q;
	entry->question.text = entry->text;
	entry->retry = jiffies;
	init_waitqueue_head(&entry->wait);
	INIT_LIST_HEAD(&entry->parks);
	INIT_WORK(&entry->work, entry_ask);
	INIT_LIST_HEAD(&entry->lru);
	/* One reference of the table, and one of the caller. */
	refcount_set(&entry->ref, 2);
	return entry;
}

/* Find or create the entry of a question; to be put. NULL without memory. */
static struct name_entry *names_entry(struct ditto_names *names, const struct ditto_question *q)
{
	struct name_entry *entry, *old, *victim = NULL;

	rcu_read_lock();
	entry = rhashtable_lookup(&names->hash, q, names_params);
	if (entry && !refcount_inc_not_zero(&entry->ref))
		entry = NULL;
	rcu_read_unlock();
	if (entry)
		return entry;

	entry = entry_alloc(names, q);
	if (!entry)
		return NULL;

	rcu_read_lock();
	spin_lock(&names->lock);
	old = rhashtable_lookup_get_insert_key(&names->hash, &entry->question, &entry->hash,
					       names_params);
	if (!old) {
		if (names->count >= DITTO_NAMES_MAX)
			victim = names_evict_locked(names);
		list_add_tail(&entry->lru, &names->lru);
		names->count++;
	} else if (!IS_ERR(old)) {
		/* Removal takes the lock, so the table still holds its reference. */
		refcount_inc(&old->ref);
	}
	spin_unlock(&names->lock);
	rcu_read_unlock();

	if (victim)
		entry_put(victim);
	if (!old)
		return entry;
	kfree(entry);
	return IS_ERR(old) ? NULL : old;
}

/* A copy of the cached names of an address, or NULL. */
static struct ditto_host_names *names_hosts(struct ditto_names *names, const struct in6_addr *addr)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_HOST_NAME, .addr = *addr, .text = ""
	};
	struct ditto_host_names *hosts = NULL;
	const struct name_answer *answer;
	struct name_entry *entry;

	rcu_read_lock();
	entry = rhashtable_lookup(&names->hash, &q, names_params);
	answer = entry ? rcu_dereference(entry->answer) : NULL;
	if (answer && answer->said.hosts && answer_fresh(names, answer))
		hosts = kmemdup(answer->said.hosts,
				struct_size(hosts, text, answer->said.hosts->bytes), GFP_ATOMIC);
	rcu_read_unlock();
	return hosts;
}

static u32 names_epoch(struct ditto_names *names)
{
	u32 epoch;

	spin_lock(&names->lock);
	epoch = names->epoch;
	spin_unlock(&names->lock);
	return epoch;
}

/*
 * Cache the host names that an answer about a netgroup carried, unless a flush has ended since
 * @epoch, which was read before the question: it could not drop them, because their entry may be
 * younger.
 */
static void names_remember_hosts(struct ditto_names *names, const struct in6_addr *addr,
				 struct ditto_host_names *hosts, u32 epoch)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_HOST_NAME, .addr = *addr, .text = ""
	};
	struct ditto_said said = { .hosts = hosts };
	struct name_answer *answer = answer_alloc(q.type, &said, false);
	struct name_entry *entry = answer ? names_entry(names, &q) : NULL;

	if (!entry) {
		answer_free(answer);
		return;
	}
	spin_lock(&names->lock);
	if (names->epoch == epoch) {
		entry_replace_answer_locked(entry, answer);
		answer = NULL;
	}
	spin_unlock(&names->lock);
	/* A new entry may stay without an answer: the next caller has the helper asked. */
	answer_free(answer);
	entry_put(entry);
}

/* Ends a wait. Returns false if the park does not wait. */
static bool park_unlink_locked(struct ditto_names_park *park)
{
	struct name_entry *entry = park->entry;

	lockdep_assert_held(&park->names->lock);
	if (!entry)
		return false;
	park->entry = NULL;
	list_del(&park->link);
	entry_put(entry);
	return true;
}

static void park_late(struct work_struct *work)
{
	struct ditto_names_park *park = container_of(to_delayed_work(work),
						     struct ditto_names_park, late);

	spin_lock(&park->names->lock);
	if (park_unlink_locked(park))
		park->done(park);
	spin_unlock(&park->names->lock);
}

static void entry_wake_parks(struct name_entry *entry)
{
	struct ditto_names_park *park, *next;

	spin_lock(&entry->names->lock);
	list_for_each_entry_safe(park, next, &entry->parks, link) {
		park_unlink_locked(park);
		park->done(park);
	}
	spin_unlock(&entry->names->lock);
}

static void entry_ask(struct work_struct *work)
{
	struct name_entry *entry = container_of(work, struct name_entry, work);
	const struct ditto_question *q = &entry->question;
	struct ditto_names *names = entry->names;
	struct ditto_host_names *hosts = NULL;
	struct ditto_said said = {};
	u32 epoch = names_epoch(names);
	int err;

	if (q->type == DITTO_UPCALL_NETGROUP)
		hosts = names_hosts(names, &q->addr);
	err = names->ask(names->srv, q, hosts, &said);
	kfree(hosts);
	if (err && err != -ENOENT)
		goto out;
	if (q->type == DITTO_UPCALL_NETGROUP && said.hosts) {
		names_remember_hosts(names, &q->addr, said.hosts, epoch);
		said.hosts = NULL;
	}
	err = entry_answer(entry, &said, err == -ENOENT);
out:
	WRITE_ONCE(entry->error, err);
	/* That one client asks too much says nothing about the question. */
	WRITE_ONCE(entry->retry, err && err != -EBUSY ? jiffies + NAMES_RETRY : jiffies);
	ditto_uncharge(&entry->charge);
	/* Pairs with test_bit_acquire(): error and answer are visible once the bit is clear. */
	smp_mb__before_atomic();
	clear_bit(NAME_ASKING, &entry->flags);
	wake_up_all(&entry->wait);
	entry_wake_parks(entry);
	entry_put(entry);
}

/*
 * Access is decided, and a SID or account shown, without the answer rather than not at all. So an
 * error stays the answer while the helper is asked again: callers that retry seldom would otherwise
 * never get one. Without a helper each call fails at once, and the next helper is waited for.
 */
static bool entry_keeps_error(const struct name_entry *entry)
{
	int error = READ_ONCE(entry->error);

	return error && error != -ECONNREFUSED &&
	       entry->question.type >= DITTO_UPCALL_USER_SIDS;
}

/* Charge the client that asks. */
static int entry_charge(struct name_entry *entry, const struct in6_addr *asker)
{
	if (ipv6_addr_any(asker))
		return 0;
	return ditto_charge_machine(&entry->charge, entry->names->srv, asker,
				    DITTO_BUDGET_QUESTIONS, 1);
}

static void entry_ask_soon(struct name_entry *entry, const struct in6_addr *asker)
{
	if (time_before(jiffies, READ_ONCE(entry->retry)))
		return;
	if (test_and_set_bit(NAME_ASKING, &entry->flags))
		return;
	entry->question.asker = *asker;
	if (entry_charge(entry, asker)) {
		WRITE_ONCE(entry->error, -EBUSY);
		clear_bit_unlock(NAME_ASKING, &entry->flags);
		wake_up_all(&entry->wait);
		entry_wake_parks(entry);
		return;
	}
	if (!entry_keeps_error(entry) || READ_ONCE(entry->error) == -EBUSY)
		WRITE_ONCE(entry->error, 0);
	WRITE_ONCE(entry->asked, jiffies);
	refcount_inc(&entry->ref);
	queue_work(entry->names->wq, &entry->work);
}

/*
 * Jiffies to wait for the answer. The time counts from the request, so a helper that hangs delays
 * only the callers of the first moments, not all until the request times out.
 */
static long entry_wait(const struct name_entry *entry)
{
	long left = READ_ONCE(entry->asked) + msecs_to_jiffies(DITTO_NAMES_WAIT_MS) - jiffies;

	return max(left, 0L);
}

static bool entry_settled(const struct name_entry *entry)
{
	return rcu_access_pointer(entry->answer) || !test_bit_acquire(NAME_ASKING, &entry->flags);
}

/* Error for a missing answer: there is no helper, or the answer is late. */
static int entry_error(const struct name_entry *entry, bool waited)
{
	if (entry_keeps_error(entry))
		return READ_ONCE(entry->error);
	if (READ_ONCE(entry->error) == -ECONNREFUSED)
		return -ECONNREFUSED;
	/* Without waiting, the request may not have failed yet for lack of a helper. */
	if (!waited && !ditto_upcall_has_helper(entry->names->srv))
		return -ECONNREFUSED;
	return -EJUKEBOX;
}

bool ditto_names_use_fresh(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, int *ret)
{
	struct ditto_names *names = srv->names;
	const struct name_answer *answer;
	struct name_entry *entry;
	bool fresh;

	rcu_read_lock();
	entry = rhashtable_lookup(&names->hash, q, names_params);
	answer = entry ? rcu_dereference(entry->answer) : NULL;
	fresh = answer && answer_fresh(names, answer);
	if (fresh) {
		if (!test_bit(NAME_USED, &entry->flags))
			set_bit(NAME_USED, &entry->flags);
		*ret = use(answer, arg);
	}
	rcu_read_unlock();
	return fresh;
}

int ditto_names_use(struct ditto_server *srv, const struct ditto_question *q,
		    ditto_names_use_fn use, void *arg, bool wait)
{
	struct ditto_names *names = srv->names;
	const struct name_answer *answer;
	struct name_entry *entry;
	int ret;

	if (ditto_names_use_fresh(srv, q, use, arg, &ret))
		return ret;
	entry = names_entry(names, q);
	if (!entry)
		return -EJUKEBOX;

	entry_ask_soon(entry, &q->asker);
	if (wait)
		wait_event_killable_timeout(entry->wait, entry_settled(entry),
					    entry_wait(entry));
	rcu_read_lock();
	answer = rcu_dereference(entry->answer);
	ret = answer ? use(answer, arg) : entry_error(entry, wait);
	rcu_read_unlock();
	entry_put(entry);
	return ret;
}

void ditto_names_park_init(struct ditto_names_park *park, struct ditto_server *srv,
			   const struct in6_addr *asker,
			   void (*done)(struct ditto_names_park *park))
{
	*park = (struct ditto_names_park){
		.done = done,
		.asker = *asker,
		.names = srv->names,
		.until = jiffies + msecs_to_jiffies(READ_ONCE(srv->settings.upcall_ms)),
	};
	INIT_DELAYED_WORK(&park->late, park_late);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_init, DITTO);

void ditto_names_park_begin(struct ditto_names_park *park)
{
	spin_lock(&park->names->lock);
	park_unlink_locked(park);
	spin_unlock(&park->names->lock);
	park->waits = false;
	park->asked = 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_begin, DITTO);

bool ditto_names_park_cancel(struct ditto_names_park *park)
{
	bool waited;

	spin_lock(&park->names->lock);
	waited = park_unlink_locked(park);
	spin_unlock(&park->names->lock);
	cancel_delayed_work_sync(&park->late);
	return waited;
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_cancel, DITTO);

/*
 * Make a park wait for an entry. As in entry_wait(), a helper that hangs delays only the first
 * operations. Returns false if the answer is there.
 */
static bool entry_park(struct name_entry *entry, struct ditto_names_park *park)
{
	struct ditto_names *names = entry->names;
	unsigned long until = READ_ONCE(entry->asked) +
			      msecs_to_jiffies(READ_ONCE(names->srv->settings.upcall_ms));
	long left = min((long)(until - jiffies), (long)(park->until - jiffies));
	bool asking;

	spin_lock(&names->lock);
	asking = test_bit(NAME_ASKING, &entry->flags);
	if (asking && left > 0) {
		refcount_inc(&entry->ref);
		park->entry = entry;
		list_add_tail(&park->link, &entry->parks);
		park->waits = true;
		mod_delayed_work(ditto_wq, &park->late, left);
	}
	spin_unlock(&names->lock);
	return asking;
}

int ditto_names_use_parked(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, struct ditto_names_park *park)
{
	const struct name_answer *answer;
	struct name_entry *entry;
	int ret;

	if (ditto_names_use_fresh(srv, q, use, arg, &ret))
		return ret;
	/* The operation is repeated. */
	if (!park || (park->waits && park->asked >= DITTO_NAMES_PARK_ASKS))
		return -EJUKEBOX;
	entry = names_entry(srv->names, q);
	if (!entry)
		return -ENOMEM;

	entry_ask_soon(entry, &q->asker);
	park->asked++;
	do {
		rcu_read_lock();
		answer = rcu_dereference(entry->answer);
		/* Without a helper the request fails soon, which ends the wait. */
		ret = answer ? use(answer, arg) : entry_error(entry, true);
		rcu_read_unlock();
	} while (ret == -EJUKEBOX && !park->waits && !entry_park(entry, park));
	entry_put(entry);
	return ret;
}

void ditto_names_flush(struct ditto_server *srv)
{
	struct ditto_names *names = srv->names;
	struct name_entry *entry;

	for (;;) {
		spin_lock(&names->lock);
		entry = list_first_entry_or_null(&names->lru, struct name_entry, lru);
		if (entry)
			entry_unlink_locked(entry);
		else
			/* Answers stored before are dropped; this tells those that come later. */
			names->epoch++;
		spin_unlock(&names->lock);
		if (!entry)
			return;
		entry_put(entry);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(ditto_names_flush);

#if IS_ENABLED(CONFIG_KUNIT)
void ditto_names_set_ask(struct ditto_server *srv, ditto_names_ask_fn ask)
{
	srv->names->ask = ask ?: ditto_names_ask;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_names_set_ask);

unsigned int ditto_names_count(struct ditto_server *srv)
{
	return READ_ONCE(srv->names->count);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_names_count);
#endif

int ditto_names_init(struct ditto_server *srv)
{
	struct ditto_names *names = kzalloc(sizeof(*names), GFP_KERNEL);
	int err = -ENOMEM;

	if (!names)
		return -ENOMEM;
	names->srv = srv;
	names->ask = ditto_names_ask;
	spin_lock_init(&names->lock);
	INIT_LIST_HEAD(&names->lru);
	names->wq = alloc_workqueue("ditto_names", WQ_UNBOUND, DITTO_NAMES_WORKERS);
	if (!names->wq)
		goto free;
	err = rhashtable_init(&names->hash, &names_params);
	if (err)
		goto destroy;
	srv->names = names;
	return 0;

destroy:
	destroy_workqueue(names->wq);
free:
	kfree(names);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_names_init);

void ditto_names_exit(struct ditto_server *srv)
{
	struct ditto_names *names = srv->names;

	if (!names)
		return;
	if (srv->upcalls)
		ditto_upcalls_stop(srv);
	destroy_workqueue(names->wq);
	ditto_names_flush(srv);
	rhashtable_destroy(&names->hash);
	srv->names = NULL;
	kfree(names);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_names_exit);
