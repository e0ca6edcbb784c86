// SPDX-License-Identifier: GPL-2.0-only
/* The cache of the helper's answers, see names_cache.h: questions, and the answers to them. */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "../server.h"
#include "names.h"
#include "names_cache.h"
#include "upcall.h"

/* Entries that are examined to find one to drop from a full table. */
#define NAMES_EVICT_SCAN	64

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

/* Drop a reference to an entry. Any context. */
void ditto_names_entry_put(struct name_entry *entry)
{
	if (refcount_dec_and_test(&entry->ref))
		call_rcu(&entry->rcu, entry_free_rcu);
}

/* Jiffies from an answer to its expiry. */
static unsigned long answer_ttl(const struct ditto_names *names, const struct name_answer *answer)
{
	const struct ditto_settings *settings = &names->srv->settings;

	return HZ * (answer->negative ? READ_ONCE(settings->name_negative_ttl_s) :
					READ_ONCE(settings->name_ttl_s));
}

static bool answer_fresh(const struct ditto_names *names, const struct name_answer *answer)
{
	return time_before(jiffies, answer->when + answer_ttl(names, answer));
}

/* Who asks for a user or group by name again expects that it has come into being. */
static bool is_unknown_name(const struct name_entry *entry, const struct name_answer *answer)
{
	return answer->missing && (entry->question.type == DITTO_UPCALL_USER_ID ||
				   entry->question.type == DITTO_UPCALL_GROUP_ID);
}

/*
 * Check whether an answer may be used, though it may have expired. @answer: its answer, under RCU.
 * Context: any. Return: false if a new answer has to be waited for, see names.h.
 */
bool ditto_names_answer_serves(const struct name_entry *entry, const struct name_answer *answer)
{
	const struct ditto_names *names = entry->names;
	unsigned long ttl = answer_ttl(names, answer);

	if (!is_unknown_name(entry, answer))
		ttl *= 2;
	return time_before(jiffies, answer->when + ttl) ||
	       test_bit(NAME_FAILED, &entry->flags) || !ditto_upcall_has_helper(names->srv);
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

/* Store an answer. Return: 0 or -ENOMEM. */
int ditto_names_entry_answer(struct name_entry *entry, struct ditto_said *said, bool missing)
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
		ditto_names_entry_put(victim);
		spin_lock(&names->lock);
	}
	spin_unlock(&names->lock);
	return 0;
}

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
	INIT_WORK(&entry->work, ditto_names_entry_ask);
	INIT_LIST_HEAD(&entry->lru);
	/* One reference of the table, and one of the caller. */
	refcount_set(&entry->ref, 2);
	return entry;
}

/* Find or create the entry of a question. Return: the entry, to be put; NULL without memory. */
struct name_entry *ditto_names_entry_get(struct ditto_names *names, const struct ditto_question *q)
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
		ditto_names_entry_put(victim);
	if (!old)
		return entry;
	kfree(entry);
	return IS_ERR(old) ? NULL : old;
}

/*
 * Copy the cached names of an address. Context: any. Return: a copy, to be freed with kfree(); or
 * NULL.
 */
struct ditto_host_names *ditto_names_hosts(struct ditto_names *names, const struct in6_addr *addr)
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

/* The number of flushes that have ended. Any context. */
u32 ditto_names_epoch(struct ditto_names *names)
{
	u32 epoch;

	spin_lock(&names->lock);
	epoch = names->epoch;
	spin_unlock(&names->lock);
	return epoch;
}

/*
 * Cache the host names that an answer about a netgroup carried. Does nothing if a flush has ended
 * since @epoch: it could not drop them, because their entry may be younger.
 */
void ditto_names_remember_hosts(struct ditto_names *names, const struct in6_addr *addr,
				struct ditto_host_names *hosts, u32 epoch)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_HOST_NAME, .addr = *addr, .text = ""
	};
	struct ditto_said said = { .hosts = hosts };
	struct name_answer *answer = answer_alloc(q.type, &said, false);
	struct name_entry *entry = answer ? ditto_names_entry_get(names, &q) : NULL;

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
	ditto_names_entry_put(entry);
}

/*
 * Use the answer to a question if it is cached and fresh. @use: called with the answer, under RCU.
 * Context: any. Return: true if @use was called.
 */
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

/* Drop all cached answers. May sleep. */
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
		ditto_names_entry_put(entry);
		cond_resched();
	}
}

#ifdef DITTO_TESTS
/* Number of answers kept. */
unsigned int ditto_names_count(struct ditto_server *srv)
{
	return READ_ONCE(srv->names->count);
}

/* Make all answers older by @age jiffies. */
void ditto_names_age(struct ditto_server *srv, unsigned long age)
{
	struct ditto_names *names = srv->names;
	struct name_answer *answer;
	struct name_entry *entry;

	spin_lock(&names->lock);
	list_for_each_entry(entry, &names->lru, lru) {
		answer = rcu_dereference_protected(entry->answer, lockdep_is_held(&names->lock));
		if (answer)
			answer->when -= age;
	}
	spin_unlock(&names->lock);
}
#endif

/* Set up the cache. Return: 0 or -ENOMEM. */
int ditto_names_cache_init(struct ditto_names *names)
{
	spin_lock_init(&names->lock);
	INIT_LIST_HEAD(&names->lru);
	return rhashtable_init(&names->hash, &names_params);
}

/* Tear down. No entry is in use any more. May sleep. */
void ditto_names_cache_exit(struct ditto_names *names)
{
	ditto_names_flush(names->srv);
	rhashtable_destroy(&names->hash);
}
