// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of sources; see cache.h.
 *
 * Locking: the mutex protects everything. Sources are asked without it.
 *
 * Clients choose SIDs and names, so that answers of no identity are limited by themselves: they
 * cannot push out identities, which an outage needs.
 */

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/log.h"
#include "cache.h"
#include "clock.h"
#include "mem.h"

#define BUCKETS		1024
/* Longest key: a name and its domain, or a SID. */
#define KEY_SIZE	(2 * NSS_NAME_SIZE + 16)
#define OUTAGES_MAX	IDENTITY_SOURCES_MAX
/* Sub-authorities of an account of a domain: 21, three of the domain, and the account's. */
#define ACCOUNT_SUBS	5

/**
 * struct entry - an answer
 * @chain: next entry of the bucket
 * @prev: previous entry in the order of use
 * @next: next entry in that order
 * @list: the list of that order
 * @source: the source that gave it
 * @key: the question
 * @hash: of the source and the key
 * @rc: 0, -ENOENT, or -EAGAIN
 * @who: the identity, if @rc is 0
 * @asked: when it was given
 * @retry: the source is not asked before; 0 if it answered
 * @refreshing: somebody asks the source
 */
struct entry {
	struct entry *chain;
	struct entry *prev;
	struct entry *next;
	struct list *list;
	const struct identity_source *source;
	char *key;
	u64 hash;
	int rc;
	struct identity who;
	u64 asked;
	u64 retry;
	bool refreshing;
};

/**
 * struct list - entries in the order of use
 * @first: the most recently used one
 * @last: the least recently used one
 * @n: number of entries
 * @max: most entries
 */
struct list {
	struct entry *first;
	struct entry *last;
	unsigned int n;
	unsigned int max;
};

static struct {
	pthread_mutex_t lock;
	struct entry *bucket[BUCKETS];
	struct list identities;
	struct list others;
	const struct identity_source *out[OUTAGES_MAX];
	u64 seed;
	u64 skipped;
	u64 cleared;
} cache = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.identities = { .max = IDENTITY_CACHE_MAX },
	.others = { .max = IDENTITY_CACHE_NOT_MAX },
};

static u64 cache_now_locked(void)
{
	/* Zero means never. */
	return clock_ms() + cache.skipped + 1;
}

static void cache_key(const struct identity_query *q, char key[KEY_SIZE])
{
	char text[NSS_NAME_SIZE];
	char *c;

	switch (q->by) {
	case IDENTITY_BY_SID:
		sid_text(&q->who.sid, text);
		snprintf(key, KEY_SIZE, "%s", text);
		break;
	case IDENTITY_BY_ID:
		snprintf(key, KEY_SIZE, "i%u %u", q->kinds, q->who.id);
		break;
	case IDENTITY_BY_NAME:
		snprintf(key, KEY_SIZE, "n%u %s\\%s", q->kinds, q->who.name.domain,
			 q->who.name.name);
		for (c = key; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		break;
	}
}

/* FNV-1a from a secret start, so that clients cannot choose keys of one bucket. */
static u64 cache_hash_locked(const struct identity_source *source, const char *key)
{
	u64 hash;

	while (!cache.seed)
		if (getrandom(&cache.seed, sizeof(cache.seed), 0) < 0)
			cache.seed = clock_ns() | 1;
	hash = cache.seed ^ (u64)(uintptr_t)source;
	for (; *key; key++)
		hash = (hash ^ (u8)*key) * 1099511628211ULL;
	return hash ^ hash >> 32;
}

static struct entry *cache_get_locked(const struct identity_source *source, const char *key)
{
	u64 hash = cache_hash_locked(source, key);
	struct entry *e = cache.bucket[hash % BUCKETS];

	while (e && (e->hash != hash || e->source != source || strcmp(e->key, key)))
		e = e->chain;
	return e;
}

static void list_remove_locked(struct entry *e)
{
	struct list *l = e->list;

	if (e->prev)
		e->prev->next = e->next;
	else
		l->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		l->last = e->prev;
	l->n--;
}

static void list_add_locked(struct list *l, struct entry *e)
{
	e->list = l;
	e->prev = NULL;
	e->next = l->first;
	if (l->first)
		l->first->prev = e;
	else
		l->last = e;
	l->first = e;
	l->n++;
}

static void cache_drop_locked(struct entry *e)
{
	struct entry **p = &cache.bucket[e->hash % BUCKETS];

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
	list_remove_locked(e);
	free(e->key);
	free(e);
}

/* Put an entry at the front of the list that its answer belongs to. */
static void cache_used_locked(struct entry *e)
{
	struct list *l = e->rc ? &cache.others : &cache.identities;

	list_remove_locked(e);
	list_add_locked(l, e);
	if (l->n > l->max)
		cache_drop_locked(l->last);
}

static struct entry *cache_add_locked(const struct identity_source *source, const char *key)
{
	struct entry *e = mem_new(sizeof(*e));

	e->source = source;
	e->key = mem_string(key);
	e->hash = cache_hash_locked(source, key);
	e->chain = cache.bucket[e->hash % BUCKETS];
	cache.bucket[e->hash % BUCKETS] = e;
	e->rc = -EAGAIN;
	list_add_locked(&cache.others, e);
	return e;
}

/* Say once that a source does not answer, and once that it does again. */
static void cache_tell_locked(const struct identity_source *source, bool answers)
{
	unsigned int i;
	bool was_out;

	for (i = 0; i < OUTAGES_MAX && cache.out[i] != source; i++)
		;
	was_out = i < OUTAGES_MAX;
	if (was_out != answers)
		return;
	if (answers) {
		cache.out[i] = NULL;
		log_notice("%s answers about users and groups again", source->title);
		return;
	}
	for (i = 0; i < OUTAGES_MAX && cache.out[i]; i++)
		;
	if (i < OUTAGES_MAX)
		cache.out[i] = source;
	log_warning("%s does not answer about users and groups%s", source->title,
		    source->keep_ms ? ": those that are known stay in use" : "");
}

/* May an answer be used although its source did not confirm it in time? */
static bool entry_may_outlive(const struct entry *e, u64 now)
{
	return e->rc != -EAGAIN &&
	       now < e->asked + (e->rc ? IDENTITY_STALE_NOT_TIME : IDENTITY_STALE_TIME);
}

int identity_cache_find(const struct identity_source *source, struct identity_query *q, bool stale,
			bool *refresh)
{
	int rc = stale ? -EAGAIN : -EINPROGRESS;
	char key[KEY_SIZE];
	struct entry *e;
	u64 keep, now;

	*refresh = false;
	cache_key(q, key);
	pthread_mutex_lock(&cache.lock);
	e = cache_get_locked(source, key);
	if (!e)
		goto out;
	now = cache_now_locked();
	keep = e->rc ? source->keep_not_ms : source->keep_ms;
	if (stale && entry_may_outlive(e, now)) {
		rc = e->rc;
		e->retry = now + IDENTITY_RETRY_TIME;
	} else if (e->rc != -EAGAIN && now < e->asked + keep) {
		rc = e->rc;
		*refresh = !rc && now >= e->asked + keep / 4 * 3 && now >= e->retry &&
			   !e->refreshing;
		e->refreshing |= *refresh;
	} else if (now < e->retry) {
		rc = entry_may_outlive(e, now) ? e->rc : -EAGAIN;
	}
	if (!rc)
		q->who = e->who;
	if (rc != -EINPROGRESS)
		cache_used_locked(e);
out:
	pthread_mutex_unlock(&cache.lock);
	return rc;
}

/*
 * The kinds of account that a directory's answer gives: a directory must not make its users
 * accounts of the system or of this machine.
 */
static unsigned int answer_kinds(const struct identity *who)
{
	unsigned int kinds = who->kinds;

	if (identity_is_system(who->id))
		return 0;
	if (kinds & IDENTITY_USER && identity_is_local(IDENTITY_USER, who->id))
		kinds &= ~IDENTITY_USER;
	if (kinds & IDENTITY_GROUP && identity_is_local(IDENTITY_GROUP, who->id))
		kinds &= ~IDENTITY_GROUP;
	return kinds;
}

/*
 * May a directory's answer have this SID? Others say what somebody may do here, and are not a
 * domain's. Domains themselves have names and no accounts.
 */
static bool answer_may_have_sid(const struct identity *who)
{
	return identity_directory_may_have(&who->sid) &&
	       (!who->kinds || who->sid.nsubs == ACCOUNT_SUBS);
}

int identity_source_ask(const struct identity_source *source, struct identity_query *q)
{
	struct identity who = q->who;
	int rc = -ENOENT;

	switch (q->by) {
	case IDENTITY_BY_SID:
		who.kinds = 0;
		rc = source->by_sid ? source->by_sid(&who) : -ENOENT;
		break;
	case IDENTITY_BY_ID:
		rc = source->by_id ? source->by_id(q->kinds, &who) : -ENOENT;
		break;
	case IDENTITY_BY_NAME:
		who.kinds = 0;
		rc = source->by_name ? source->by_name(q->kinds, &who) : -ENOENT;
		break;
	}
	if (rc)
		return rc == -ENOENT ? rc : -EAGAIN;
	who.directory = source->directory;
	if (source->directory) {
		if (!answer_may_have_sid(&who))
			return -ENOENT;
		who.kinds = answer_kinds(&who);
	}
	q->who = who;
	return 0;
}

int identity_cache_ask(const struct identity_source *source, struct identity_query *q)
{
	u64 cleared, now;
	char key[KEY_SIZE];
	struct entry *e;
	int rc;

	cache_key(q, key);
	pthread_mutex_lock(&cache.lock);
	cleared = cache.cleared;
	pthread_mutex_unlock(&cache.lock);
	rc = identity_source_ask(source, q);
	pthread_mutex_lock(&cache.lock);
	/* The answer may be one to an earlier configuration. */
	if (cleared != cache.cleared)
		goto out;
	cache_tell_locked(source, rc != -EAGAIN);
	if (!(rc == -ENOENT ? source->keep_not_ms : source->keep_ms)) {
		e = cache_get_locked(source, key);
		if (e)
			cache_drop_locked(e);
		goto out;
	}
	now = cache_now_locked();
	e = cache_get_locked(source, key) ?: cache_add_locked(source, key);
	e->refreshing = false;
	if (rc != -EAGAIN) {
		e->rc = rc;
		e->asked = now;
		e->retry = 0;
		if (!rc)
			e->who = q->who;
	} else {
		e->retry = now + IDENTITY_RETRY_TIME;
		if (entry_may_outlive(e, now)) {
			rc = e->rc;
			if (!rc)
				q->who = e->who;
		} else {
			e->rc = -EAGAIN;
		}
	}
	cache_used_locked(e);
out:
	pthread_mutex_unlock(&cache.lock);
	return rc;
}

void identity_cache_no_refresh(const struct identity_source *source,
			       const struct identity_query *q)
{
	char key[KEY_SIZE];
	struct entry *e;

	cache_key(q, key);
	pthread_mutex_lock(&cache.lock);
	e = cache_get_locked(source, key);
	if (e)
		e->refreshing = false;
	pthread_mutex_unlock(&cache.lock);
}

void identity_cache_clear(void)
{
	pthread_mutex_lock(&cache.lock);
	while (cache.identities.first)
		cache_drop_locked(cache.identities.first);
	while (cache.others.first)
		cache_drop_locked(cache.others.first);
	memset(cache.out, 0, sizeof(cache.out));
	cache.cleared++;
	pthread_mutex_unlock(&cache.lock);
}

void identity_cache_skip(u64 ms)
{
	pthread_mutex_lock(&cache.lock);
	cache.skipped += ms;
	pthread_mutex_unlock(&cache.lock);
}

void identity_cache_count(unsigned int *identities, unsigned int *others)
{
	pthread_mutex_lock(&cache.lock);
	*identities = cache.identities.n;
	*others = cache.others.n;
	pthread_mutex_unlock(&cache.lock);
}
