// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests without a helper, and with helpers that do not read, or send answers
 * that were not requested.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/limits.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "../../../net/helper/upcall.h"
#include "../../../net/netlink.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "fake_helper.h"

/* No socket has this port. */
#define NOBODY	(U32_MAX - 7)

static int put_calls;

static int put_uid(struct sk_buff *msg, void *arg)
{
	put_calls++;
	return nla_put_u32(msg, DITTO_A_UPCALL_UID, 1);
}

static int put_too_much(struct sk_buff *msg, void *arg)
{
	return -EMSGSIZE;
}

static int got_nothing(struct genl_info *info, void *arg)
{
	return 0;
}

static int upcall_ask(struct kunit *test)
{
	return ditto_upcall(test->priv, DITTO_UPCALL_GROUPS, put_uid, got_nothing, NULL);
}

static void without_a_helper(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, ditto_upcall_has_helper(test->priv));
	KUNIT_EXPECT_EQ(test, upcall_ask(test), -ECONNREFUSED);
	/* Not even written. */
	KUNIT_EXPECT_EQ(test, put_calls, 0);
}

static void one_helper_at_a_time(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY - 1), -EBUSY);
	ditto_upcall_portid_gone(test->priv, NOBODY - 1);
	KUNIT_EXPECT_TRUE(test, ditto_upcall_has_helper(test->priv));
	ditto_upcall_portid_gone(test->priv, NOBODY);
	KUNIT_EXPECT_FALSE(test, ditto_upcall_has_helper(test->priv));
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY - 1), 0);
}

static void helper_that_is_not_there(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, upcall_ask(test), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, put_calls, 1);
	KUNIT_EXPECT_EQ(test, ditto_upcall(test->priv, DITTO_UPCALL_GROUPS, put_too_much,
					   got_nothing, NULL), -EMSGSIZE);
}

static void answers_nobody_waits_for(struct kunit *test)
{
	struct {
		struct nlattr attr;
		u64 id;
	} __packed id = {
		.attr = { .nla_type = DITTO_A_UPCALL_ID, .nla_len = nla_attr_size(sizeof(u64)) },
		.id = U64_MAX,
	};
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1] = { [DITTO_A_UPCALL_ID] = &id.attr };
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = NOBODY, .extack = &extack };

	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -EPERM);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -ENOENT);
	id.id = 1;
	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -ENOENT);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
}

static void listener_end(void *l)
{
	fake_helper_close(l);
}

/* A helper that reads what has come. */
static struct fake_helper *listener_new(struct kunit *test)
{
	struct fake_helper *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	KUNIT_ASSERT_EQ(test, fake_helper_open(l, test->priv, 0), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, listener_end, l), 0);
	return l;
}

static u64 listener_asked(struct kunit *test, struct fake_helper *l)
{
	KUNIT_ASSERT_TRUE(test, fake_helper_read(l));
	return fake_helper_serial(l);
}

/* Answer @serial from port @port; with the number of a login for @auth that is not 0. */
static int listener_answer(struct kunit *test, u32 port, u64 serial, u64 auth)
{
	struct {
		struct nlattr attr;
		u64 value;
	} __packed id = {
		.attr = { .nla_type = DITTO_A_UPCALL_ID, .nla_len = nla_attr_size(sizeof(u64)) },
		.value = serial,
	}, login = {
		.attr = {
			.nla_type = DITTO_A_UPCALL_AUTH_ID,
			.nla_len = nla_attr_size(sizeof(u64))
		},
		.value = auth,
	};
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1] = {
		[DITTO_A_UPCALL_ID] = &id.attr,
		[DITTO_A_UPCALL_AUTH_ID] = auth ? &login.attr : NULL,
	};
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = port, .extack = &extack };

	return ditto_upcall_reply(test->priv, &info);
}

/**
 * struct asked - a request
 * @ask: the request
 * @done: number of completions
 * @error: error of the last completion
 */
struct asked {
	struct ditto_upcall_req ask;
	int done;
	int error;
};

static void asked_done(struct ditto_upcall_req *ask, int err)
{
	struct asked *a = container_of(ask, struct asked, ask);

	a->done++;
	a->error = err;
}

/* Tell from port @port that the request @serial has come further. */
static int listener_moves(struct kunit *test, u32 port, u64 serial)
{
	struct {
		struct nlattr attr;
		u64 value;
	} __packed id = {
		.attr = { .nla_type = DITTO_A_UPCALL_ID, .nla_len = nla_attr_size(sizeof(u64)) },
		.value = serial,
	};
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1] = { [DITTO_A_UPCALL_ID] = &id.attr };
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = port, .extack = &extack };

	return ditto_upcall_progress(test->priv, &info);
}

/* Not on the stack, because it has a timer. */
static struct asked *asked_new(struct kunit *test)
{
	struct asked *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	return a;
}

static void asked_start(struct kunit *test, struct asked *a)
{
	memset(a, 0, sizeof(*a));
	a->ask.what.type = DITTO_UPCALL_AUTH;
	a->ask.what.put = put_uid;
	a->ask.what.got = got_nothing;
	a->ask.done = asked_done;
	ditto_upcall_start(test->priv, &a->ask);
}

/* Milliseconds of a deadline, which does not pass by itself. */
#define DEADLINE_MS	100000

static void asked_start_moving(struct kunit *test, struct asked *a, struct ditto_fairq *q,
			       unsigned long *moved)
{
	memset(a, 0, sizeof(*a));
	a->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_OFFLOAD_FETCH, .put = put_uid, .got = got_nothing,
		.deadline_ms = DEADLINE_MS, .queue = q, .moved = moved,
	};
	a->ask.done = asked_done;
	ditto_upcall_start(test->priv, &a->ask);
}

/* A request has so many milliseconds left from a moment between two. */
static bool asked_has_left(const struct asked *a, unsigned long from, unsigned long to, u32 ms)
{
	return time_in_range(a->ask.timer.timer.expires, from + msecs_to_jiffies(ms),
			     to + msecs_to_jiffies(ms) + 1);
}

/* The deadline begins anew with each progress, and those that wait for their turn go on waiting. */
static void deadline_of_progress(struct kunit *test)
{
	static const struct ditto_fairq_limits one = {
		.width = 1, .peer_width = 1, .waiting = 4, .peer_waiting = 4,
	};
	struct fake_helper *l = listener_new(test);
	struct asked *first = asked_new(test), *second = asked_new(test);
	struct ditto_fairq *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);
	unsigned long *moved = kunit_kzalloc(test, sizeof(*moved), GFP_KERNEL);
	unsigned long before;
	u64 serial, login;

	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_ASSERT_NOT_NULL(test, moved);
	ditto_fairq_init(q, &one);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcall_kinds_set(test->priv, l->port,
						     BIT_ULL(DITTO_UPCALL_AUTH) |
						     BIT_ULL(DITTO_UPCALL_OFFLOAD_FETCH)), 0);
	*moved = jiffies;
	asked_start_moving(test, first, q, moved);
	serial = listener_asked(test, l);
	asked_start_moving(test, second, q, moved);
	mod_timer_pending(&first->ask.timer.timer, jiffies + msecs_to_jiffies(10 * DEADLINE_MS));
	before = jiffies;
	KUNIT_EXPECT_EQ(test, listener_moves(test, l->port, serial), 0);
	KUNIT_EXPECT_TRUE(test, asked_has_left(first, before, jiffies, DEADLINE_MS));
	KUNIT_EXPECT_TRUE(test, time_in_range(*moved, before, jiffies));
	/* It is as if the deadline of a turn passed. */
	flush_delayed_work(&second->ask.timer);
	KUNIT_EXPECT_TRUE(test, asked_has_left(second, before, jiffies,
					       DEADLINE_MS * DITTO_UPCALL_TURN_FACTOR));
	KUNIT_EXPECT_EQ(test, first->done, 0);
	KUNIT_EXPECT_EQ(test, second->done, 0);
	KUNIT_EXPECT_EQ(test, listener_moves(test, l->port + 1, serial), -EPERM);
	KUNIT_EXPECT_EQ(test, listener_moves(test, l->port, serial + 1), -ENOENT);
	flush_delayed_work(&first->ask.timer);
	KUNIT_EXPECT_EQ(test, first->error, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, listener_moves(test, l->port, serial), -ENOENT);
	for (int i = 0; i < 500 && !fake_helper_read(l); i++)
		msleep(20);
	serial = fake_helper_serial(l);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, serial, 0), 0);
	KUNIT_EXPECT_EQ(test, second->done, 1);
	KUNIT_EXPECT_EQ(test, second->error, 0);
	/* A login has one deadline. */
	asked_start(test, first);
	login = listener_asked(test, l);
	KUNIT_EXPECT_EQ(test, listener_moves(test, l->port, login), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, login, 0), 0);
	ditto_fairq_exit(q);
}

/* The server begins anew, and so do its requests; the helper is the same process. */
static void answers_to_a_server_before(struct kunit *test)
{
	struct fake_helper *l = listener_new(test);
	struct asked *a = asked_new(test);
	u64 old, new;

	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	asked_start(test, a);
	old = listener_asked(test, l);
	ditto_upcalls_exit(test->priv);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, a->error, -ECONNREFUSED);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(test->priv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	asked_start(test, a);
	new = listener_asked(test, l);
	KUNIT_EXPECT_NE(test, old, new);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, old, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, a->done, 0);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, new, 0), 0);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, a->error, 0);
}

/* A replaced helper can answer neither its own requests nor those of the next helper. */
static void answers_of_others(struct kunit *test)
{
	struct fake_helper *first = listener_new(test), *second = listener_new(test);
	struct asked *a = asked_new(test);
	u64 old, new;

	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, first->port), 0);
	asked_start(test, a);
	old = listener_asked(test, first);
	KUNIT_EXPECT_EQ(test, listener_answer(test, second->port, old, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, a->done, 0);
	ditto_upcall_portid_gone(test->priv, first->port);
	KUNIT_EXPECT_EQ(test, a->error, -ECONNREFUSED);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, second->port), 0);
	asked_start(test, a);
	new = listener_asked(test, second);
	KUNIT_EXPECT_NE(test, upper_32_bits(old), upper_32_bits(new));
	KUNIT_EXPECT_EQ(test, listener_answer(test, first->port, new, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, listener_answer(test, second->port, old, 0), -ENOENT);
	/* The term of the one, the number of the other. */
	KUNIT_EXPECT_EQ(test, listener_answer(test, second->port, lower_32_bits(new), 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, a->done, 0);
	KUNIT_EXPECT_EQ(test, listener_answer(test, second->port, new, 0), 0);
	KUNIT_EXPECT_EQ(test, a->done, 1);
}

/* The helper is asked to drop a login without a waiter. */
static void answers_to_who_gave_up(struct kunit *test)
{
	struct fake_helper *l = listener_new(test);
	struct asked *a = asked_new(test);
	u64 serial;

	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	asked_start(test, a);
	serial = listener_asked(test, l);
	KUNIT_EXPECT_TRUE(test, ditto_upcall_cancel(&a->ask));
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, serial, 77), -ENOENT);
	KUNIT_EXPECT_EQ(test, a->done, 0);
	KUNIT_ASSERT_TRUE(test, fake_helper_read(l));
	KUNIT_EXPECT_EQ(test, fake_helper_type(l), DITTO_UPCALL_AUTH_ABORT);
	KUNIT_EXPECT_EQ(test, nla_get_u64(l->attrs[DITTO_A_UPCALL_AUTH_ID]), 77);
	/* The answer came first. */
	asked_start(test, a);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, listener_asked(test, l), 77), 0);
	KUNIT_EXPECT_FALSE(test, ditto_upcall_cancel(&a->ask));
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_FALSE(test, fake_helper_read(l));
}

/* Attributes that the helper does not understand are left out, all others are sent. */
static void older_helper(struct kunit *test)
{
	struct fake_helper *l = listener_new(test);
	struct asked *a = asked_new(test);

	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_kinds_set(test->priv, l->port + 1, 0), -ECONNREFUSED);
	/* A helper without a feature list supports logins. */
	asked_start(test, a);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, listener_asked(test, l), 0), 0);
	KUNIT_EXPECT_EQ(test, a->error, 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_kinds_set(test->priv, l->port,
						     BIT_ULL(DITTO_UPCALL_AUTH_ABORT)), 0);
	asked_start(test, a);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, a->error, -EOPNOTSUPP);
	ditto_upcall_tell(test->priv, DITTO_UPCALL_PIPE_CLOSE, put_uid, NULL);
	KUNIT_EXPECT_FALSE(test, fake_helper_read(l));
	ditto_upcall_tell(test->priv, DITTO_UPCALL_AUTH_ABORT, put_uid, NULL);
	KUNIT_EXPECT_TRUE(test, fake_helper_read(l));
	/* The next one may be younger. */
	ditto_upcall_portid_gone(test->priv, l->port);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	asked_start(test, a);
	KUNIT_EXPECT_EQ(test, listener_answer(test, l->port, listener_asked(test, l), 0), 0);
	KUNIT_EXPECT_EQ(test, a->error, 0);
}

static int put_and_give_up(struct sk_buff *msg, void *arg)
{
	struct asked *a = arg;

	/* It is due and not sent yet. */
	return ditto_upcall_cancel(&a->ask) ? -EINVAL : put_uid(msg, NULL);
}

static void given_up_before_it_is_sent(struct kunit *test)
{
	struct fake_helper *l = listener_new(test);
	struct asked *a = asked_new(test);

	a->ask.what.type = DITTO_UPCALL_AUTH;
	a->ask.what.put = put_and_give_up;
	a->ask.what.got = got_nothing;
	a->ask.what.arg = a;
	a->ask.done = asked_done;
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(test->priv, l->port), 0);
	ditto_upcall_start(test->priv, &a->ask);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, a->error, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, fake_helper_read(l));
	if (!a->done)
		KUNIT_EXPECT_TRUE(test, ditto_upcall_cancel(&a->ask));
}

/* A request whose callback takes a while. */
struct lingering {
	struct ditto_upcall_req ask;
	struct completion runs;
	bool over;
};

static void lingering_done(struct ditto_upcall_req *ask, int err)
{
	struct lingering *l = container_of(ask, struct lingering, ask);

	complete(&l->runs);
	msleep(50);
	WRITE_ONCE(l->over, true);
}

/* The server is not freed under the callback of a request that is late. */
static void end_waits_for_callbacks(struct kunit *test)
{
	struct lingering *late = kunit_kzalloc(test, sizeof(*late), GFP_KERNEL);
	struct fake_helper *l = listener_new(test);
	struct ditto_server *srv = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, late);
	init_completion(&late->runs);
	late->ask.what.type = DITTO_UPCALL_AUDIT;
	late->ask.what.put = put_uid;
	late->ask.what.got = got_nothing;
	late->ask.done = lingering_done;
	srv->settings.upcall_ms = 10;
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(srv, l->port), 0);
	ditto_upcall_start(srv, &late->ask);
	wait_for_completion(&late->runs);
	ditto_upcalls_exit(srv);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(late->over));
}

static int upcall_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(srv), 0);
	put_calls = 0;
	test->priv = srv;
	return 0;
}

static void upcall_test_exit(struct kunit *test)
{
	ditto_upcalls_exit(test->priv);
}

static struct kunit_case upcall_cases[] = {
	KUNIT_CASE(without_a_helper),
	KUNIT_CASE(one_helper_at_a_time),
	KUNIT_CASE(helper_that_is_not_there),
	KUNIT_CASE(answers_nobody_waits_for),
	KUNIT_CASE(deadline_of_progress),
	KUNIT_CASE(answers_to_a_server_before),
	KUNIT_CASE(answers_of_others),
	KUNIT_CASE(answers_to_who_gave_up),
	KUNIT_CASE(older_helper),
	KUNIT_CASE(given_up_before_it_is_sent),
	KUNIT_CASE(end_waits_for_callbacks),
	{}
};

static struct kunit_suite upcall_suite = {
	.name = "ditto_upcall",
	.init = upcall_test_init,
	.exit = upcall_test_exit,
	.test_cases = upcall_cases,
};

kunit_test_suite(upcall_suite);
