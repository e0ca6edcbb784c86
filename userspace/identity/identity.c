// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups of identities: asks the sources in their order; see identity.h.
 *
 * Locking: the mutex protects the order. Sources are asked without it.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lookup.h"
#include "cache.h"
#include "clock.h"

/* Relative identifiers of accounts begin behind those that Windows reserves. */
#define RID_FIRST	1000
/* Names of other places than this machine's accounts and a directory. */
static const char *const not_of_directories[] = {
	SID_USERS_DOMAIN, SID_GROUPS_DOMAIN, "BUILTIN", "NT AUTHORITY",
};

/* Sources that the configuration can name. */
static const struct identity_source *const named[] = {
	&identity_winbind, &identity_sssd, &identity_map, &identity_local,
};

/**
 * struct sources - what is asked
 * @source: the sources, in the order in which they are asked
 * @n: number of entries in @source
 * @local_first: identity_local is the first that the configuration names
 */
struct sources {
	const struct identity_source *source[IDENTITY_SOURCES_MAX];
	unsigned int n;
	bool local_first;
};

/* How to ask. */
enum walk {
	WALK_CACHED,	/* without waiting */
	WALK_ASK,	/* everyone, in a thread that may block */
	WALK_STALE,	/* without waiting, after a source did not answer in time */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sources sources = {
	.source = {
		&identity_well_known, &identity_builtin, &identity_map, &identity_local,
		&identity_unix,
	},
	.n = 5,
};

void identity_order_default(struct identity_order *order)
{
	order->n = 2;
	order->source[0] = &identity_map;
	order->source[1] = &identity_local;
}

bool identity_order_parse(struct identity_order *order, const char *text, struct why *why)
{
	const struct identity_source *source;
	struct identity_order found = { .n = 0 };
	size_t len, i, j;

	for (text += strspn(text, " \t"); *text; text += len, text += strspn(text, " \t")) {
		len = strcspn(text, " \t");
		source = NULL;
		for (i = 0; i < ARRAY_SIZE(named); i++)
			if (strlen(named[i]->title) == len && !strncmp(named[i]->title, text, len))
				source = named[i];
		if (!source)
			return why_not(why,
				       "'%.*s' is not allowed: winbind, sssd, map and local are",
				       (int)(len < 60 ? len : 60), text);
		for (j = 0; j < found.n; j++)
			if (found.source[j] == source)
				return why_not(why, "'%s' is there twice", source->title);
		found.source[found.n++] = source;
	}
	if (!found.n)
		return why_not(why, "nothing is named: winbind, sssd, map and local are allowed");
	*order = found;
	return true;
}

void identity_set_sources(const struct identity_source *const *source, unsigned int n)
{
	struct sources next = { .n = n };
	unsigned int i;

	for (i = 0; i < n; i++) {
		next.source[i] = source[i];
		if (source[i]->open)
			source[i]->open();
	}
	pthread_mutex_lock(&lock);
	sources = next;
	pthread_mutex_unlock(&lock);
	identity_cache_clear();
}

void identity_configure(const struct identity_order *order, const struct identity_aliases *aliases)
{
	struct sources next = { .n = 2, .source = { &identity_well_known, &identity_builtin } };
	bool same;
	unsigned int i;

	for (i = 0; i < order->n; i++) {
		next.source[next.n++] = order->source[i];
		if (order->source[i]->open)
			order->source[i]->open();
	}
	next.source[next.n++] = &identity_unix;
	next.local_first = order->n && order->source[0]->only_first;
	identity_builtin_set(aliases);
	pthread_mutex_lock(&lock);
	same = !memcmp(sources.source, next.source, sizeof(next.source));
	sources = next;
	pthread_mutex_unlock(&lock);
	/* Answers of a directory stay: it may be out of order when the file is read again. */
	if (!same)
		identity_cache_clear();
}

bool identity_knows_domains(void)
{
	struct sources from;
	unsigned int i;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n; i++)
		if (from.source[i]->directory ||
		    (from.source[i] == &identity_map && identity_map_has_lines()))
			return true;
	return false;
}

void identity_explain_wait(char *text, size_t size)
{
	const char *names[2] = { NULL, NULL };
	struct sources from;
	unsigned int i, n = 0;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n && n < 2; i++)
		if (from.source[i]->directory)
			names[n++] = from.source[i]->title;
	if (!n)
		snprintf(text, size, "the name service does not answer, see nsswitch.conf(5)");
	else
		snprintf(text, size, "%s%s%s does not answer, or the domain behind it", names[0],
			 n > 1 ? " or " : "", n > 1 ? names[1] : "");
}

bool identity_is_system(u32 id)
{
	return id < IDENTITY_SYSTEM_IDS || id == IDENTITY_NOBODY || id == UINT32_MAX;
}

bool identity_directory_may_have(const struct sid *sid)
{
	struct sid own, domain;

	identity_machine(&own);
	sid_domain(sid, &domain);
	return sid->authority == SID_AUTHORITY_NT && sid->nsubs > 1 &&
	       sid->sub[0] == SID_NT_DOMAIN && !sid_same(&own, sid) && !sid_same(&own, &domain);
}

bool identity_directory_may_know(const struct identity_query *q)
{
	char machine[NSS_NAME_SIZE];
	size_t i;

	switch (q->by) {
	case IDENTITY_BY_SID:
		return identity_directory_may_have(&q->who.sid);
	case IDENTITY_BY_ID:
		return !identity_is_system(q->who.id) &&
		       !identity_is_local(q->kinds, q->who.id);
	default:
		for (i = 0; i < ARRAY_SIZE(not_of_directories); i++)
			if (!strcasecmp(q->who.name.domain, not_of_directories[i]))
				return false;
		sid_machine_name(machine);
		return strcasecmp(q->who.name.domain, machine);
	}
}

/* Users have even numbers and groups odd ones, because both may have the same number. */
bool identity_rid(unsigned int kind, u32 id, u32 *rid)
{
	u32 odd = kind == IDENTITY_GROUP;

	if (id > (UINT32_MAX - RID_FIRST - odd) / 2)
		return false;
	*rid = RID_FIRST + 2 * id + odd;
	return true;
}

bool identity_of_rid(u32 rid, unsigned int *kind, u32 *id)
{
	if (rid < RID_FIRST)
		return false;
	*kind = rid & 1 ? IDENTITY_GROUP : IDENTITY_USER;
	*id = (rid - RID_FIRST) / 2;
	return true;
}

static bool source_may_know(const struct sources *from, const struct identity_source *source,
			    const struct identity_query *q)
{
	if (q->directories && source->name_service)
		return false;
	if (source->only_first && !from->local_first && q->by != IDENTITY_BY_SID)
		return false;
	return !source->may_know || source->may_know(q);
}

static int source_refresh(void *arg, struct identity_query *q)
{
	return identity_cache_ask(arg, q);
}

/* Have the answer of a source refreshed in the background. */
static void source_start_refresh(const struct identity_who *who,
				 const struct identity_source *source,
				 const struct identity_query *q)
{
	/* Half of the look-ups of a user remain for questions that somebody waits for. */
	const struct lookup_who refresh = { .user = who->user,
					    .most = (who->most ?: LOOKUPS_PER_USER) / 2,
					    .asker = who->asker,
					    .find = source_refresh, .arg = (void *)source };

	if (lookup_begin(&refresh, q))
		identity_cache_no_refresh(source, q);
}

static int sources_walk(const struct identity_who *who, enum walk walk, struct identity_query *q)
{
	const struct identity_query asked = *q;
	struct sources from;
	unsigned int i;
	bool refresh;
	int rc;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n; i++) {
		const struct identity_source *source = from.source[i];

		if (!source_may_know(&from, source, q))
			continue;
		refresh = false;
		rc = -EINPROGRESS;
		if (!source->blocks)
			rc = identity_source_ask(source, q);
		else if (source->keep_ms || source->keep_not_ms || walk == WALK_STALE)
			rc = identity_cache_find(source, q, walk == WALK_STALE, &refresh);
		if (refresh)
			source_start_refresh(who, source, &asked);
		if (rc == -EINPROGRESS && walk == WALK_ASK)
			rc = identity_cache_ask(source, q);
		if (rc != -ENOENT)
			return rc;
		*q = asked;
	}
	return -ENOENT;
}

/* Runs in a thread that may block. */
static int sources_ask(void *arg, struct identity_query *q)
{
	const struct identity_who who = { .user = (u64)(uintptr_t)arg };

	return sources_walk(&who, WALK_ASK, q);
}

int identity_find(const struct identity_who *who, struct identity_query *q)
{
	const struct lookup_who asks = { .user = who->user, .most = who->most, .asker = who->asker,
					 .find = sources_ask, .arg = (void *)(uintptr_t)who->user,
					 .until = who->until };
	const struct identity_query asked = *q;
	int rc;

	rc = sources_walk(who, WALK_CACHED, q);
	if (rc != -EINPROGRESS)
		return rc;
	*q = asked;
	rc = lookup_account(&asks, q);
	if (rc != -ETIMEDOUT && rc != -EAGAIN)
		return rc;
	*q = asked;
	return sources_walk(who, WALK_STALE, q);
}

/* Runs in a thread that may block. */
static int joined_ask(void *arg, struct identity_query *q)
{
	const struct identity_source *source = arg;

	return source->joined(&q->who);
}

int identity_joined(const struct identity_who *who, struct identity *out)
{
	struct lookup_who asks = { .user = who->user, .most = who->most, .find = joined_ask,
				   .until = who->until };
	struct identity_query q = { 0 };
	struct sources from;
	int rc = -ENOENT;
	unsigned int i;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n && rc; i++) {
		if (!from.source[i]->joined)
			continue;
		asks.arg = (void *)from.source[i];
		rc = lookup_account(&asks, &q);
	}
	*out = q.who;
	return rc;
}

int identity_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	struct sources from;
	int rc = -ENOENT;
	unsigned int i;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n && rc == -ENOENT; i++)
		if (from.source[i]->groups)
			rc = from.source[i]->groups(uid, gids, n);
	return rc;
}

int identity_sids(const struct sid *user, struct sid_list *out)
{
	struct sources from;
	int rc = -ENOENT;
	unsigned int i;

	pthread_mutex_lock(&lock);
	from = sources;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < from.n && rc == -ENOENT; i++)
		if (from.source[i]->sids)
			rc = from.source[i]->sids(user, out);
	return rc;
}

int identity_by_sid(const struct identity_who *who, const struct sid *sid, struct identity *out)
{
	struct identity_query q = { .by = IDENTITY_BY_SID, .who = { .sid = *sid } };
	int rc = identity_find(who, &q);

	*out = q.who;
	return rc;
}

int identity_by_id(const struct identity_who *who, unsigned int kind, u32 id,
		   struct identity *out)
{
	struct identity_query q = { .by = IDENTITY_BY_ID, .kinds = kind,
				    .who = { .kinds = kind, .id = id } };
	int rc = identity_find(who, &q);

	*out = q.who;
	return rc;
}

int identity_by_name(const struct identity_who *who, unsigned int kinds, const char *text,
		     struct identity *out)
{
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = kinds };
	int rc = sid_split(text, &q.who.name);

	if (!rc)
		rc = q.who.name.name[0] ? identity_find(who, &q) : -ENOENT;
	*out = q.who;
	return rc;
}
