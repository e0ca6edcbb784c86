// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIDs of the last logins; see login_sids.h.
 *
 * Locking: the mutex protects the table.
 */

#include <pthread.h>
#include <stdlib.h>

#include "mem.h"
#include "login_sids.h"

/**
 * struct vouched - one user
 * @uid: the user
 * @since: when the user logged in
 * @sids: the SIDs as sid_list_put() encodes them; NULL if the entry is free
 * @len: length of @sids in bytes
 */
struct vouched {
	uid_t uid;
	u64 since;
	u8 *sids;
	size_t len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vouched table[LOGIN_SIDS_MAX];

static struct vouched *login_sids_find_locked(uid_t uid)
{
	unsigned int i;

	for (i = 0; i < LOGIN_SIDS_MAX; i++)
		if (table[i].sids && table[i].uid == uid)
			return &table[i];
	return NULL;
}

static struct vouched *login_sids_room_locked(void)
{
	struct vouched *oldest = &table[0];
	unsigned int i;

	for (i = 0; i < LOGIN_SIDS_MAX && table[i].sids; i++)
		if (table[i].since < oldest->since)
			oldest = &table[i];
	return i < LOGIN_SIDS_MAX ? &table[i] : oldest;
}

void login_sids_store(uid_t uid, const struct sid_list *sids, u64 now)
{
	size_t len = sid_list_size(sids);
	struct vouched *v;
	u8 *copy, *old;

	if (!len)
		return;
	copy = mem_new(len);
	sid_list_put(sids, copy);
	pthread_mutex_lock(&lock);
	v = login_sids_find_locked(uid) ?: login_sids_room_locked();
	old = v->sids;
	*v = (struct vouched){ .uid = uid, .since = now, .sids = copy, .len = len };
	pthread_mutex_unlock(&lock);
	free(old);
}

bool login_sids_get(uid_t uid, u64 now, struct sid_list *out)
{
	struct vouched *v;
	bool found = false;

	pthread_mutex_lock(&lock);
	v = login_sids_find_locked(uid);
	if (v && now < v->since + LOGIN_SIDS_TIME)
		found = sid_list_get(out, v->sids, v->len);
	pthread_mutex_unlock(&lock);
	return found;
}
