// SPDX-License-Identifier: GPL-2.0-only
/* Delays of login replies. */
#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/in6.h>

#include "../../../net/helper/login_delay.h"
#include "../../../net/server.h"

#define STEP	500
#define LONGEST	DITTO_LOGIN_DELAY_MAX_MS
/* A time other than zero. */
#define NOW	1000000ULL

static int login_try(struct kunit *test, const char *addr, const char *name, int error, u64 now,
		     u32 *wait)
{
	struct in6_addr in6;

	KUNIT_ASSERT_EQ(test, in6_pton(addr, -1, in6.s6_addr, -1, NULL), 1);
	return ditto_login_delay(test->priv, &in6, name, error, now, wait);
}

static u32 login_bad(struct kunit *test, const char *addr, const char *name, u64 now)
{
	u32 wait;

	KUNIT_EXPECT_EQ(test, login_try(test, addr, name, -EACCES, now, &wait), 0);
	return wait;
}

static u32 login_good(struct kunit *test, const char *addr, const char *name, u64 now)
{
	u32 wait;

	KUNIT_EXPECT_EQ(test, login_try(test, addr, name, 0, now, &wait), 0);
	return wait;
}

/* One after the other, each after the reply to the last. */
static void later_and_later(struct kunit *test)
{
	static const u32 waits[] = { 500, 1000, 2000, 4000, 8000, LONGEST, LONGEST, LONGEST };
	u64 now = NOW;

	for (unsigned int i = 0; i < ARRAY_SIZE(waits); i++) {
		KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), waits[i]);
		now += waits[i];
	}
	/* Any address of the /64, and any way to write the name. */
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::2", "WORK\\Alice", now), LONGEST);
	/* Others are others. */
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "bob", now), STEP);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8:0:1::1", "alice", now), STEP);
	KUNIT_EXPECT_EQ(test, login_bad(test, "::ffff:192.0.2.1", "alice", now), STEP);
	KUNIT_EXPECT_EQ(test, login_bad(test, "::ffff:192.0.2.2", "alice", now), STEP);
}

static void forgotten_with_time(struct kunit *test)
{
	u64 now = NOW;

	for (unsigned int i = 0; i < 3; i++)
		now += login_bad(test, "2001:db8::1", "alice", now);
	now += DITTO_LOGIN_FORGET_MS;
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), STEP << 2);
	now += 40 * DITTO_LOGIN_FORGET_MS;
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), STEP);
}

static void forgiven_by_a_login(struct kunit *test)
{
	u64 now = NOW;

	for (unsigned int i = 0; i < 3; i++)
		now += login_bad(test, "2001:db8::1", "alice", now);
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "bob", now), 0);
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "alice@EXAMPLE.ORG", now), 0);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), STEP);
}

/* Simultaneous guesses are answered one after the other, and further ones not checked. */
static void all_at_once(struct kunit *test)
{
	static const u32 waits[] = { 500, 1500, 3500, 7500, LONGEST, LONGEST, LONGEST };
	u64 now = NOW;
	u32 wait;

	for (unsigned int i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), waits[i]);
	/* A correct password among them waits behind the wrong ones. */
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "alice", now), 7500);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), 8000);
	for (unsigned int i = 0; i < 3; i++)
		login_bad(test, "2001:db8::1", "alice", now);
	KUNIT_EXPECT_EQ(test, login_try(test, "2001:db8::1", "alice", 0, now, &wait), -EACCES);
	KUNIT_EXPECT_EQ(test, wait, LONGEST);
	/* Other users, and this one from elsewhere, are not delayed. */
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "bob", now), 0);
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8:1::1", "alice", now), 0);
	/* The delay is over with the reply. */
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "alice", now + 2 * LONGEST), 0);
}

/* Nobody says whether the user may log in: that waits as a right password does. */
static void nobody_answers(struct kunit *test)
{
	u64 now = NOW;
	u32 wait;

	KUNIT_EXPECT_EQ(test, login_try(test, "2001:db8::1", "alice", -EAGAIN, now, &wait), 0);
	KUNIT_EXPECT_EQ(test, wait, 0);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), STEP);
	KUNIT_EXPECT_EQ(test, login_try(test, "2001:db8::1", "alice", -EAGAIN, now, &wait), 0);
	KUNIT_EXPECT_EQ(test, wait, STEP);
	/* It does not count, and nothing is forgotten by it. */
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now + STEP), 2 * STEP);
	for (unsigned int i = 0; i < 6; i++)
		login_bad(test, "2001:db8::1", "alice", now + STEP);
	KUNIT_EXPECT_EQ(test, login_try(test, "2001:db8::1", "alice", -EAGAIN, now + STEP, &wait),
			-EACCES);
	KUNIT_EXPECT_EQ(test, wait, LONGEST);
}

/* One password for many users, and users that do not exist. */
static void many_users(struct kunit *test)
{
	unsigned int users = DITTO_LOGIN_FREE_USERS;
	u64 now = NOW;
	char name[16];
	u32 wait;

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		wait = login_bad(test, "2001:db8::1", name, now);
		KUNIT_EXPECT_GE(test, wait, STEP);
		if (i < users)
			KUNIT_EXPECT_EQ(test, wait, STEP);
		if (i > users + 8)
			KUNIT_EXPECT_EQ(test, wait, LONGEST);
	}
	/* Only failed logins are delayed. */
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "alice", now), 0);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), LONGEST);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8:1::1", "alice", now), STEP);
	now += 40 * DITTO_LOGIN_FORGET_MS;
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", now), STEP);
}

/* More peers than are remembered: the oldest failures are forgotten. */
static void many_peers(struct kunit *test)
{
	char addr[40];

	for (unsigned int i = 0; i < DITTO_LOGIN_PEERS_MAX + 1; i++) {
		snprintf(addr, sizeof(addr), "2001:db8:0:%x::1", i);
		login_bad(test, addr, "alice", NOW);
	}
	KUNIT_EXPECT_EQ(test, login_bad(test, addr, "alice", NOW + STEP), 2 * STEP);
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", NOW + STEP), STEP);
}

static void by_the_setting(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	srv->settings.login_delay_ms = 0;
	for (unsigned int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", NOW), 0);
	srv->settings.login_delay_ms = 3;
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", NOW), 3);
	srv->settings.login_delay_ms = LONGEST;
	KUNIT_EXPECT_EQ(test, login_bad(test, "2001:db8::1", "alice", NOW + 3), LONGEST);
	srv->settings.login_delay_ms = 0;
	KUNIT_EXPECT_EQ(test, login_good(test, "2001:db8::1", "alice", NOW + 3), 0);
}

static int login_delay_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->settings.login_delay_ms = STEP;
	KUNIT_ASSERT_EQ(test, ditto_login_delays_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void login_delay_test_exit(struct kunit *test)
{
	ditto_login_delays_exit(test->priv);
}

static struct kunit_case login_delay_cases[] = {
	KUNIT_CASE(later_and_later),
	KUNIT_CASE(forgotten_with_time),
	KUNIT_CASE(forgiven_by_a_login),
	KUNIT_CASE(all_at_once),
	KUNIT_CASE(nobody_answers),
	KUNIT_CASE(many_users),
	KUNIT_CASE(many_peers),
	KUNIT_CASE(by_the_setting),
	{}
};

static struct kunit_suite login_delay_suite = {
	.name = "ditto_login_delay",
	.init = login_delay_test_init,
	.exit = login_delay_test_exit,
	.test_cases = login_delay_cases,
};

kunit_test_suite(login_delay_suite);
