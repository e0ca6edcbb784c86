// SPDX-License-Identifier: GPL-2.0-only
/* Recorders: what is wanted of a record is written, in the end. The helper is part of the test. */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <net/net_namespace.h>

#include "../../../net/budget.h"
#include "../../../net/helper/record.h"
#include "../../../net/helper/recorder.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"
#include "budget_sum.h"
#include "fake_helper.h"

#define KEY	"key"
/* More records than are tried again at once. */
#define MANY	(DITTO_RECORDER_RETRIES + 4)

/**
 * struct recorder_case - a record, and a helper
 * @srv: the server
 * @all: its recorders
 * @rec: the recorder
 * @helper: the helper
 * @hold: it answers later, by request_answer()
 * @error: error of its answers
 * @serial: number of the request that it has not answered, or 0
 * @count: number of requests
 * @type: of the last one
 * @data: that it was to write
 * @wait: waits for a removal
 * @told: how often it was told
 * @result: what it was told
 */
struct recorder_case {
	struct ditto_server srv;
	struct ditto_recorders all;
	struct ditto_recorder *rec;
	struct fake_helper helper;
	bool hold;
	u32 error;
	u64 serial;
	unsigned int count;
	u32 type;
	char data[16];
	struct ditto_recorder_wait wait;
	unsigned int told;
	int result;
};

static void request_note(struct fake_helper *helper)
{
	struct recorder_case *c = container_of(helper, struct recorder_case, helper);
	const struct nlattr *data = helper->attrs[DITTO_A_UPCALL_RECORD_DATA];

	c->type = fake_helper_type(helper);
	memset(c->data, 0, sizeof(c->data));
	if (data)
		nla_memcpy(c->data, data, sizeof(c->data) - 1);
	WRITE_ONCE(c->count, c->count + 1);
	if (READ_ONCE(c->hold))
		/* Pairs with request_is_held(). */
		smp_store_release(&c->serial, fake_helper_serial(helper));
	else
		fake_helper_answer(helper, fake_helper_serial(helper), READ_ONCE(c->error));
}

static void helper_come(struct kunit *test, struct recorder_case *c)
{
	KUNIT_ASSERT_EQ(test, fake_helper_start(&c->helper, &c->srv, request_note), 0);
}

static bool request_is_held(struct recorder_case *c)
{
	/* Pairs with request_note(): what was asked is known. */
	return smp_load_acquire(&c->serial);
}

/* Wait for a request that the helper holds. */
static void request_await(struct kunit *test, struct recorder_case *c, u32 type, const char *data)
{
	KUNIT_ASSERT_TRUE(test, await(request_is_held(c)));
	KUNIT_EXPECT_EQ(test, c->type, type);
	KUNIT_EXPECT_STREQ(test, c->data, data);
}

static void request_answer(struct recorder_case *c, u32 err)
{
	u64 serial = c->serial;

	c->serial = 0;
	fake_helper_answer(&c->helper, serial, err);
}

static void retry_now(struct recorder_case *c)
{
	mod_delayed_work(system_wq, &c->all.retry, 0);
}

/* Try again only when the test says so. */
static void retry_disable(struct recorder_case *c)
{
	disable_delayed_work_sync(&c->all.retry);
}

static void retry_run(struct recorder_case *c)
{
	c->all.retry.work.func(&c->all.retry.work);
}

/* Return: number of the wish. */
static u64 record_want(struct kunit *test, struct recorder_case *c, u64 owner, const char *data)
{
	u64 wish = 0;

	KUNIT_ASSERT_EQ(test, ditto_recorder_set(c->rec, owner, data, strlen(data), &wish), 0);
	return wish;
}

static void record_write(struct kunit *test, struct recorder_case *c, u64 owner, const char *data)
{
	KUNIT_ASSERT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, owner, data)), 0);
	KUNIT_ASSERT_TRUE(test, ditto_recorder_is_written(c->rec, owner));
}

static void is_written(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 wish;

	helper_come(test, c);
	c->hold = true;
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	wish = record_want(test, c, 1, "a");
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "a");
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 1));
	/* Nothing is to be done for the same. */
	KUNIT_EXPECT_EQ(test, record_want(test, c, 1, "a"), wish);
	wish = record_want(test, c, 1, "b");
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "b");
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
	wish = ditto_recorder_unset(c->rec, 1, NULL);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	request_await(test, c, DITTO_UPCALL_RECORD_REMOVE, "");
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
	KUNIT_EXPECT_EQ(test, c->count, 3);
}

/* What is wanted again while it is being written is written once. */
static void same_wish_is_one(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 wish;

	helper_come(test, c);
	c->hold = true;
	wish = record_want(test, c, 1, "a");
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "a");
	KUNIT_EXPECT_EQ(test, record_want(test, c, 1, "a"), wish);
	KUNIT_EXPECT_EQ(test, record_want(test, c, 1, "a"), wish);
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 1));
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->count, 1);
}

/* Wishes that come while the helper works become one. */
static void wishes_become_one(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 first, last;

	helper_come(test, c);
	c->hold = true;
	first = record_want(test, c, 1, "a");
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "a");
	record_want(test, c, 1, "b");
	ditto_recorder_unset(c->rec, 1, NULL);
	last = record_want(test, c, 2, "c");
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, first), 0);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 2));
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "c");
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, last), 0);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 2));
	KUNIT_EXPECT_EQ(test, c->count, 2);
}

/* What failed is tried again with what is wanted then, though nobody asks for it any more. */
static void is_tried_again(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	c->error = EIO;
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "a")), -EIO);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "b")), -EIO);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	WRITE_ONCE(c->error, 0);
	retry_now(c);
	KUNIT_EXPECT_TRUE(test, await(ditto_recorder_is_written(c->rec, 1)));
	KUNIT_EXPECT_EQ(test, c->type, DITTO_UPCALL_RECORD_PUT);
	KUNIT_EXPECT_STREQ(test, c->data, "b");
}

static void waits_for_a_helper(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "a")),
			-ECONNREFUSED);
	helper_come(test, c);
	retry_now(c);
	KUNIT_EXPECT_TRUE(test, await(ditto_recorder_is_written(c->rec, 1)));
	KUNIT_EXPECT_EQ(test, c->count, 1);
}

/* One record whose writing fails holds up no other. */
static void others_go_on(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	struct ditto_recorder *other = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, "o", 1,
							  NULL);
	u64 wish;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	helper_come(test, c);
	c->error = EIO;
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "a")), -EIO);
	WRITE_ONCE(c->error, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(other, 1, "x", 1, &wish), 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(other, wish), 0);
	ditto_recorder_put(other);
	retry_now(c);
	KUNIT_EXPECT_TRUE(test, await(ditto_recorder_is_written(c->rec, 1)));
}

/* The next incarnation of a client keeps what the last one takes back late. */
static void heir_keeps_it(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	record_write(test, c, 1, "a");
	ditto_recorder_pass(c->rec, 1, 2);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 2));
	KUNIT_EXPECT_EQ(test, ditto_recorder_withdraw(c->rec, 1), 0);
	ditto_recorder_unset(c->rec, 1, NULL);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(c->rec, 1, "b", 1, NULL), -ESTALE);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 2));
	KUNIT_EXPECT_EQ(test, c->count, 1);
}

/* The record of the next owner of a key is written behind the removal of the last one's. */
static void owners_in_order(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 wish;

	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->hold = true;
	ditto_recorder_unset(c->rec, 1, NULL);
	request_await(test, c, DITTO_UPCALL_RECORD_REMOVE, "");
	ditto_recorder_put(c->rec);
	c->rec = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, KEY, strlen(KEY), NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->rec);
	wish = record_want(test, c, 2, "b");
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 2));
	KUNIT_EXPECT_EQ(test, c->count, 2);
	request_answer(c, 0);
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "b");
	request_answer(c, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
}

static void withdrawn_for_good(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	record_write(test, c, 1, "a");
	KUNIT_EXPECT_EQ(test, ditto_recorder_withdraw(c->rec, 1), 0);
	KUNIT_EXPECT_EQ(test, c->type, DITTO_UPCALL_RECORD_REMOVE);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(c->rec, 1, "a", 1, NULL), -ESTALE);
	record_write(test, c, 2, "a");
	/* One that never had a record gets none either. */
	KUNIT_EXPECT_EQ(test, ditto_recorder_withdraw(c->rec, 3), 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(c->rec, 3, "a", 1, NULL), -ESTALE);
}

/* An owner whose record cannot be removed keeps it: it may be gone, so it is written again. */
static void withdrawal_fails(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->error = EIO;
	KUNIT_EXPECT_EQ(test, ditto_recorder_withdraw(c->rec, 1), -EIO);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_is_written(c->rec, 1));
	WRITE_ONCE(c->error, 0);
	retry_now(c);
	KUNIT_EXPECT_TRUE(test, await(ditto_recorder_is_written(c->rec, 1)));
	KUNIT_EXPECT_EQ(test, c->type, DITTO_UPCALL_RECORD_PUT);
	KUNIT_EXPECT_STREQ(test, c->data, "a");
}

static int withdraw_thread(void *arg)
{
	struct recorder_case *c = arg;

	c->result = ditto_recorder_withdraw(c->rec, 1);
	WRITE_ONCE(c->told, 1);
	return 0;
}

/* An owner that goes while its withdrawal fails does not get its record back. */
static void gone_while_withdrawn(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->hold = true;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(withdraw_thread, c, "withdraw"));
	request_await(test, c, DITTO_UPCALL_RECORD_REMOVE, "");
	ditto_recorder_unset(c->rec, 1, NULL);
	request_answer(c, EIO);
	request_await(test, c, DITTO_UPCALL_RECORD_REMOVE, "");
	request_answer(c, 0);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->told)));
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_FALSE(test, c->rec->present);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_may_be(c->rec));
	KUNIT_EXPECT_EQ(test, c->count, 3);
}

static void removal_told(struct ditto_recorder_wait *wait, int err)
{
	struct recorder_case *c = container_of(wait, struct recorder_case, wait);

	c->result = err;
	WRITE_ONCE(c->told, c->told + 1);
}

static void told_when_it_is_gone(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	c->wait.done = removal_told;
	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->error = EIO;
	ditto_recorder_unset(c->rec, 1, &c->wait);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->count) > 1));
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->told, 0);
	WRITE_ONCE(c->error, 0);
	retry_now(c);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->told)));
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->result, 0);
	/* There is none any more. */
	ditto_recorder_unset(c->rec, 1, &c->wait);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->told) == 2));
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->result, 0);
}

/* A record that was wanted while there was no helper is not there: nothing is to be removed. */
static void never_sent(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 wish;

	retry_disable(c);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "a")),
			-ECONNREFUSED);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_may_be(c->rec));
	wish = ditto_recorder_unset(c->rec, 1, NULL);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, wish), 0);
	KUNIT_EXPECT_NULL(test, c->rec->data);
	ditto_recorder_put(c->rec);
	c->rec = NULL;
	ditto_tasks_drain(&c->all.tasks);
	retry_run(c);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->all.count, 0);
}

/* What failed is tried again in its order, and not all of it at once. */
static void tried_again_in_turns(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	struct ditto_recorder **rec = kunit_kcalloc(test, MANY, sizeof(*rec), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, rec);
	retry_disable(c);
	for (i = 0; i < MANY; i++) {
		rec[i] = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, &i, sizeof(i), NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec[i]);
		KUNIT_EXPECT_EQ(test, ditto_recorder_set(rec[i], 1, "", 0, NULL), 0);
		ditto_tasks_drain(&c->all.tasks);
	}
	helper_come(test, c);
	retry_run(c);
	ditto_tasks_drain(&c->all.tasks);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ_MSG(test, ditto_recorder_is_written(rec[i], 1),
				    i < DITTO_RECORDER_RETRIES, "%u", i);
	retry_run(c);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(rec[MANY - 1], 1));
	for (i = 0; i < MANY; i++)
		ditto_recorder_put(rec[i]);
}

/* While a helper hangs, one record finds out if it answers again, and nobody else waits for it. */
static void one_waits_for_a_hung_helper(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	struct ditto_recorder *other = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, "o", 1,
							  NULL);
	u64 wish;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	retry_disable(c);
	helper_come(test, c);
	c->hold = true;
	c->srv.settings.upcall_ms = 1;
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 1, "a")),
			-ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, await(request_is_held(c)));
	ditto_tasks_drain(&c->all.tasks);
	c->serial = 0;
	c->srv.settings.upcall_ms = 60 * MSEC_PER_SEC;
	retry_run(c);
	request_await(test, c, DITTO_UPCALL_RECORD_PUT, "a");
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(other, 1, "x", 1, &wish), 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(other, wish), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, ditto_recorder_may_be(other));
	c->hold = false;
	request_answer(c, 0);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 1));
	retry_run(c);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(other, 1));
	ditto_recorder_put(other);
}

/* The server ends: what failed is tried for the last time, and holds up nothing else. */
static void server_ends(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	unsigned int count;

	c->wait.done = removal_told;
	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->error = EIO;
	ditto_recorder_unset(c->rec, 1, &c->wait);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->count) > 1));
	ditto_tasks_drain(&c->all.tasks);
	ditto_recorders_end(&c->all);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->told, 1);
	KUNIT_EXPECT_EQ(test, c->result, -ESHUTDOWN);
	count = c->count;
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 2, "b")), -EIO);
	KUNIT_EXPECT_EQ(test, c->count, count + 1);
	WRITE_ONCE(c->error, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_wait(c->rec, record_want(test, c, 3, "c")), 0);
	ditto_recorder_put(c->rec);
	c->rec = NULL;
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->all.left, 0);
}

/* A record that cannot be removed stays, and counts. */
static void server_ends_with_one(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	struct ditto_recorder *other = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, "o", 1,
							  NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	helper_come(test, c);
	record_write(test, c, 1, "a");
	c->error = EIO;
	/* This one is only not written. */
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(other, 1, "x", 1, NULL), 0);
	ditto_recorder_unset(c->rec, 1, NULL);
	ditto_recorders_end(&c->all);
	ditto_tasks_drain(&c->all.tasks);
	ditto_recorder_put(other);
	ditto_recorder_put(c->rec);
	c->rec = NULL;
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->all.left, 1);
}

/* What an owner leaves is found by the next one, and nobody else changes it. */
static void is_left(struct kunit *test)
{
	struct recorder_case *c = test->priv;
	u64 owner = ditto_recorder_token(&c->all);

	helper_come(test, c);
	record_write(test, c, owner, "a");
	ditto_recorder_leave(c->rec, owner, true);
	ditto_recorder_unset(c->rec, owner, NULL);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(c->rec, owner, "b", 1, NULL), -ESTALE);
	ditto_tasks_drain(&c->all.tasks);
	KUNIT_EXPECT_EQ(test, c->count, 1);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(&c->srv, DITTO_RECORD_CLIENT), 0);
	ditto_recorder_put(c->rec);
	c->rec = NULL;
	KUNIT_EXPECT_EQ(test, ditto_records_previous(&c->srv, DITTO_RECORD_CLIENT), 1);
}

/* A record of before a restart is there, and is removed as if it had been written. */
static void is_restored(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	helper_come(test, c);
	KUNIT_EXPECT_EQ(test, ditto_recorder_restore(c->rec, 1, "a", 1), 0);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->rec, 1));
	record_want(test, c, 1, "a");
	KUNIT_EXPECT_EQ(test, c->count, 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_withdraw(c->rec, 1), 0);
	KUNIT_EXPECT_EQ(test, c->count, 1);
	KUNIT_EXPECT_EQ(test, c->type, DITTO_UPCALL_RECORD_REMOVE);
}

static u64 memory_used(struct recorder_case *c)
{
	return budget_sum(&c->srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY);
}

/* A machine pays for what is to be written, until it is taken back, and may not have too much. */
static void machine_is_charged(struct kunit *test)
{
	static const struct in6_addr machine = IN6ADDR_LOOPBACK_INIT;
	static const u8 data[DITTO_RECORD_DATA_MAX];
	struct recorder_case *c = test->priv;
	struct ditto_charge rest = {};
	struct ditto_recorder *rec;
	u64 bare;

	helper_come(test, c);
	rec = ditto_recorder_get(&c->all, DITTO_RECORD_OPEN, "k", 1, &machine);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	bare = memory_used(c);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(rec, 1, data, sizeof(data), NULL), 0);
	KUNIT_EXPECT_EQ(test, memory_used(c), bare + sizeof(data));
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(rec, 1, data, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, memory_used(c), bare + 1);

	/* The machine has no more, so the record stays as it is. */
	KUNIT_ASSERT_EQ(test, ditto_charge_machine(&rest, &c->srv, &machine, DITTO_BUDGET_MEMORY,
						   1), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge_resize(&rest, ditto_charge_room(&rest) + 1), 0);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(rec, 1, data, sizeof(data), NULL), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ditto_recorder_set(rec, 1, data, 1, NULL), 0);
	ditto_uncharge(&rest);
	KUNIT_EXPECT_EQ(test, memory_used(c), bare + 1);

	ditto_recorder_unset(rec, 1, NULL);
	KUNIT_EXPECT_EQ(test, memory_used(c), bare);
	ditto_recorder_put(rec);
}

static int recorder_test_init(struct kunit *test)
{
	struct recorder_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->srv.net = &init_net;
	ditto_settings_init(&c->srv);
	/* The helper answers whenever it is scheduled. */
	c->srv.settings.upcall_ms = 60 * MSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_records_init(&c->srv), 0);
	ditto_recorders_init(&c->all, &c->srv, 4, 2);
	test->priv = c;
	c->rec = ditto_recorder_get(&c->all, DITTO_RECORD_CLIENT, KEY, strlen(KEY), NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->rec);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(&c->srv, 1, true), 0);
	return 0;
}

static void recorder_test_exit(struct kunit *test)
{
	struct recorder_case *c = test->priv;

	if (!c)
		return;
	fake_helper_stop(&c->helper);
	if (!IS_ERR(c->rec))
		ditto_recorder_put(c->rec);
	ditto_recorders_exit(&c->all);
	ditto_records_exit(&c->srv);
	ditto_upcalls_exit(&c->srv);
	ditto_budget_exit(&c->srv);
}

static struct kunit_case recorder_cases[] = {
	KUNIT_CASE(is_written),
	KUNIT_CASE(same_wish_is_one),
	KUNIT_CASE(wishes_become_one),
	KUNIT_CASE(is_tried_again),
	KUNIT_CASE(waits_for_a_helper),
	KUNIT_CASE(others_go_on),
	KUNIT_CASE(heir_keeps_it),
	KUNIT_CASE(owners_in_order),
	KUNIT_CASE(withdrawn_for_good),
	KUNIT_CASE(withdrawal_fails),
	KUNIT_CASE(gone_while_withdrawn),
	KUNIT_CASE(told_when_it_is_gone),
	KUNIT_CASE(never_sent),
	KUNIT_CASE(tried_again_in_turns),
	KUNIT_CASE(one_waits_for_a_hung_helper),
	KUNIT_CASE(server_ends),
	KUNIT_CASE(server_ends_with_one),
	KUNIT_CASE(is_left),
	KUNIT_CASE(is_restored),
	KUNIT_CASE(machine_is_charged),
	{}
};

static struct kunit_suite recorder_suite = {
	.name = "ditto_recorder",
	.init = recorder_test_init,
	.exit = recorder_test_exit,
	.test_cases = recorder_cases,
};

kunit_test_suite(recorder_suite);
