// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks up the users and groups of shares in the name service and in directories, which may hang. A
 * late answer is kept for the next caller with the same names, so a name service that is only slow
 * succeeds eventually.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon/detached.h"
#include "lookup.h"
#include "mem.h"
#include "user_lookup.h"

/* Bytes of a thread's stack; modules of the name service need much. */
#define STACK_SIZE	(512 * 1024)
/* Milliseconds for which a late answer is kept. */
#define KEEP_TIME	120000
/* Most look-ups in directories that may be pending. */
#define SHARES_MOST	8

/**
 * struct user_lookup - look-up of the users and groups of one share
 * @call: the call; its key are the users and groups
 * @users: the users and groups by name
 * @found: the same by number, if the look-up succeeded
 * @why: text of an error
 */
struct user_lookup {
	struct detached call;
	struct share_users users;
	struct share_users found;
	struct why why;
};

/**
 * struct user_lookup_out - the results of a look-up
 * @users: filled on success; to be freed with share_users_free()
 * @why: filled on error
 */
struct user_lookup_out {
	struct share_users *users;
	struct why *why;
};

/* Ask directories. Returns 0, -ENOENT, or -EAGAIN if one does not answer. */
static int user_lookup_directory(struct share_user *one)
{
	const unsigned int kind = one->group ? IDENTITY_GROUP : IDENTITY_USER;
	const struct identity_who who = { .user = IDENTITY_FOR_SHARES, .most = SHARES_MOST,
					  .until = clock_ms() + LOOKUP_TIME };
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = kind, .directories = true };
	int rc;

	rc = sid_split(one->name, &q.who.name);
	if (rc)
		return rc;
	rc = identity_find(&who, &q);
	if (rc)
		return rc == -ENOENT ? rc : -EAGAIN;
	if (q.who.kinds & kind) {
		one->id = q.who.id;
		return 0;
	}
	/* Well-known SIDs are not in tokens. */
	if (q.who.kinds || !identity_directory_may_have(&q.who.sid) ||
	    q.who.name.use != (one->group ? SID_USE_GROUP : SID_USE_USER))
		return -ENOENT;
	one->sid_len = (u32)sid_put(&q.who.sid, one->sid);
	return 0;
}

int user_lookup_find(struct share_user *one, struct why *why)
{
	const char *kind = one->group ? "group" : "user";
	bool domain = strpbrk(one->name, "\\@");
	int directory = -ENOENT, rc;

	if (domain)
		directory = user_lookup_directory(one);
	if (!directory)
		return 0;
	rc = share_user_find(one, why);
	if (rc != -ENOENT)
		return rc;
	if (!domain)
		directory = user_lookup_directory(one);
	if (directory == -EAGAIN)
		why_not(why,
			"no directory answers about %s '%s', which is asked for again: is winbindd or SSSD running, and its domain controller reachable?",
			kind, one->name);
	else if (directory && identity_knows_domains())
		why_not(why,
			"there is no %s '%s': neither the name service knows it, nor a source of 'identity' in ditto.conf",
			kind, one->name);
	return directory;
}

static struct user_lookup *user_lookup_of(const struct detached *one)
{
	return (struct user_lookup *)one;
}

static bool share_users_have_names(const struct share_users *u)
{
	unsigned int i;

	for (i = 0; i < u->n && !u->user[i].name; i++)
		;
	return i < u->n;
}

static void share_users_copy(struct share_users *out, const struct share_users *u)
{
	unsigned int i;

	out->n = u->n;
	out->user = mem_new((u->n + 1) * sizeof(*out->user));
	for (i = 0; i < u->n; i++) {
		out->user[i] = u->user[i];
		if (u->user[i].name)
			out->user[i].name = mem_string(u->user[i].name);
	}
}

/* Compare the names in order. */
static bool user_lookup_same(const struct detached *one, const void *key)
{
	const struct share_users *a = &user_lookup_of(one)->users, *b = key;
	unsigned int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++) {
		const struct share_user *x = &a->user[i], *y = &b->user[i];

		if (x->group != y->group || x->access != y->access || !share_user_same(x, y))
			return false;
	}
	return true;
}

static struct detached *user_lookup_make(const void *key)
{
	struct user_lookup *lookup = mem_new(sizeof(*lookup));

	share_users_copy(&lookup->users, key);
	return &lookup->call;
}

static int user_lookup_run(struct detached *one)
{
	struct user_lookup *lookup = user_lookup_of(one);

	return share_users_resolve(&lookup->users, &lookup->found, user_lookup_find, &lookup->why);
}

static void user_lookup_read(const struct detached *one, void *arg)
{
	const struct user_lookup *lookup = user_lookup_of(one);
	const struct user_lookup_out *out = arg;

	if (!one->rc)
		share_users_copy(out->users, &lookup->found);
	else if (lookup->why.text[0])
		*out->why = lookup->why;
	else
		why_not(out->why, "no thread to look its users and groups up: %s",
			strerror(-one->rc));
}

static void user_lookup_free(struct detached *one)
{
	struct user_lookup *lookup = user_lookup_of(one);

	share_users_free(&lookup->users);
	share_users_free(&lookup->found);
	free(lookup);
}

static const struct detached_ops user_lookup_ops = {
	.stack_size = STACK_SIZE,
	.keep_ms = KEEP_TIME,
	.same = user_lookup_same,
	.make = user_lookup_make,
	.run = user_lookup_run,
	.read = user_lookup_read,
	.free = user_lookup_free,
};

static struct detached_list user_lookups = DETACHED_LIST(&user_lookup_ops);

void user_lookup_begin(const struct share_users *u)
{
	if (share_users_have_names(u))
		detached_begin(&user_lookups, u);
}

int user_lookup_get(const struct share_users *u, u64 until, struct share_users *users,
		    struct why *why)
{
	struct user_lookup_out out = { users, why };

	memset(users, 0, sizeof(*users));
	if (!share_users_have_names(u))
		return share_users_resolve(u, users, user_lookup_find, why);
	why_not(why, "the name service does not answer about its users and groups");
	return detached_get(&user_lookups, u, until, &out);
}

void user_lookup_end(void)
{
	detached_end(&user_lookups);
}
