// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups of accounts with a hanging name service. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "identity/lookup.h"
#include "test.h"

/* Milliseconds until a hanging look-up is given up. */
#define SOON	20

/**
 * struct service - a fake name service
 * @lock: protects the members below
 * @moves: signalled when it no longer hangs
 * @hangs: names that begin with "slow" are not answered
 * @asked: number of look-ups started
 * @answered: number of look-ups ended
 */
struct service {
	pthread_mutex_t lock;
	pthread_cond_t moves;
	bool hangs;
	unsigned int asked;
	unsigned int answered;
};

static struct service service = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.moves = PTHREAD_COND_INITIALIZER,
};

static int service_find(void *arg, struct identity_query *q)
{
	char *name = q->who.name.name;
	struct service *s = arg;

	pthread_mutex_lock(&s->lock);
	s->asked++;
	pthread_cond_broadcast(&s->moves);
	while (s->hangs && q->by == IDENTITY_BY_NAME && !strncmp(name, "slow", 4))
		pthread_cond_wait(&s->moves, &s->lock);
	s->answered++;
	pthread_cond_broadcast(&s->moves);
	pthread_mutex_unlock(&s->lock);
	if (q->by == IDENTITY_BY_ID)
		snprintf(name, NSS_NAME_SIZE, "user%u", q->who.id);
	else
		q->who.id = 1000;
	return strcmp(name, "nobody") ? 0 : -ENOENT;
}

static int lookup_find_for(u64 user, unsigned int most, const struct address *asker,
			   const char *text, u64 wait)
{
	const struct lookup_who who = { .user = user, .most = most, .asker = asker,
					.find = service_find, .arg = &service,
					.until = clock_ms() + wait };
	struct identity_query q = { .by = IDENTITY_BY_NAME };
	int rc;

	snprintf(q.who.name.name, sizeof(q.who.name.name), "%s", text);
	rc = lookup_account(&who, &q);
	return rc ? rc : q.who.id == 1000 ? 0 : -EINVAL;
}

static int lookup_find(u64 user, const char *text, u64 wait)
{
	return lookup_find_for(user, 0, NULL, text, wait);
}

static void service_stops(void)
{
	pthread_mutex_lock(&service.lock);
	service.hangs = true;
	pthread_mutex_unlock(&service.lock);
}

/* Wait for @more hanging look-ups; returns the number of look-ups started. */
static unsigned int service_asked(unsigned int more)
{
	unsigned int asked;

	pthread_mutex_lock(&service.lock);
	while (service.asked < service.answered + more)
		pthread_cond_wait(&service.moves, &service.lock);
	asked = service.asked;
	pthread_mutex_unlock(&service.lock);
	return asked;
}

static void service_goes_on(void)
{
	pthread_mutex_lock(&service.lock);
	service.hangs = false;
	pthread_cond_broadcast(&service.moves);
	while (service.answered < service.asked)
		pthread_cond_wait(&service.moves, &service.lock);
	pthread_mutex_unlock(&service.lock);
}

static void lookup_answers(void)
{
	const struct lookup_who who = { .find = service_find, .arg = &service,
					.until = UINT64_MAX };
	struct identity_query q = { .by = IDENTITY_BY_ID, .who = { .id = 7 } };
	int i;

	CHECK(!lookup_account(&who, &q));
	SAME(q.who.name.name, "user7");
	CHECK(lookup_find(1, "nobody", 60000) == -ENOENT);
	for (i = 0; i < 1000; i++)
		CHECK(!lookup_find(1, "alice", 60000));
	CHECK(lookup_find(1, "alice", 0) == -ETIMEDOUT);
}

/* A hanging look-up delays its own user, and no other. */
static void one_hangs(void)
{
	unsigned int i, asked;

	service_stops();
	for (i = 0; i < LOOKUPS_PER_USER; i++)
		CHECK(lookup_find(1, "slow", SOON) == -ETIMEDOUT);
	asked = service_asked(LOOKUPS_PER_USER);
	CHECK(lookup_find(1, "slow", 60000) == -EAGAIN);
	CHECK(lookup_find(1, "alice", 60000) == -EAGAIN);
	CHECK(service_asked(LOOKUPS_PER_USER) == asked);
	for (i = 0; i < 100; i++)
		CHECK(!lookup_find(2, "alice", 60000));
	service_goes_on();
	while (lookup_find(1, "alice", 60000) == -EAGAIN)
		;
	CHECK(!lookup_find(1, "slow", 60000));
}

/* A client has a quarter of a user's look-ups, and those for no client have half of them. */
static void askers_share(void)
{
	static const struct address bad = { 4, { 192, 0, 2, 1 } }, good = { 4, { 192, 0, 2, 2 } };
	static const struct address nobody;
	const unsigned int most = 16;
	unsigned int i;

	service_stops();
	for (i = 0; i < most / 4; i++)
		CHECK(lookup_find_for(3, most, &bad, "slow", SOON) == -ETIMEDOUT);
	CHECK(lookup_find_for(3, most, &bad, "alice", 60000) == -EAGAIN);
	for (i = 0; i < most / 2; i++)
		CHECK(lookup_find_for(3, most, &nobody, "slow", SOON) == -ETIMEDOUT);
	CHECK(lookup_find_for(3, most, &nobody, "alice", 60000) == -EAGAIN);
	for (i = 0; i < 100; i++)
		CHECK(!lookup_find_for(3, most, &good, "alice", 60000));
	for (i = 0; i < most / 4; i++)
		CHECK(lookup_find_for(3, most, &good, "slow", SOON) == -ETIMEDOUT);
	/* All of the user's are in use. */
	CHECK(lookup_find_for(3, most, NULL, "alice", 60000) == -EAGAIN);
	service_goes_on();
	while (lookup_find_for(3, most, &bad, "alice", 60000) == -EAGAIN)
		;
}

/* All threads are in use, and no further ones are created. */
static void all_hang(void)
{
	unsigned int i;
	int rc;

	service_stops();
	for (i = 0; i < LOOKUPS_MAX; i++) {
		/* The last look-ups of the previous test may still be ending. */
		do
			rc = lookup_find(10 + i / LOOKUPS_PER_USER, "slow", SOON);
		while (rc == -EAGAIN);
		CHECK(rc == -ETIMEDOUT);
	}
	CHECK(lookup_find(1, "alice", 60000) == -EAGAIN);
	service_goes_on();
	while (lookup_find(1, "alice", 60000) == -EAGAIN)
		;
}

int main(void)
{
	static const struct test tests[] = {
		TEST(lookup_answers), TEST(one_hangs), TEST(askers_share), TEST(all_hang), { 0 }
	};

	return test_main(tests);
}
