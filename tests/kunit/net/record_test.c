// SPDX-License-Identifier: GPL-2.0-only
/* Durable records: with a helper that is a thread of the test, and without one. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/limits.h>
#include <net/net_namespace.h>

#include "../../../net/helper/record.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/netlink.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"
#include "fake_helper.h"

/**
 * struct helper - a helper
 * @fake: reads and answers
 * @answer: error of its answers
 * @silent: requests that it leaves without an answer before it goes
 * @asked: what it was asked last
 * @record: about which record; points into the last request
 * @count: how often it was asked
 */
struct helper {
	struct fake_helper fake;
	int answer;
	int silent;
	u32 asked;
	struct ditto_record record;
	int count;
};

/**
 * struct fixture - a server and its helper
 * @srv: the server
 * @helper: the helper
 * @forgotten: completed when the records of before are forgotten
 * @number: number of that
 */
struct fixture {
	struct ditto_server srv;
	struct helper helper;
	struct completion forgotten;
	u64 number;
};

static void note_forgotten(struct ditto_server *srv, u64 number)
{
	struct fixture *f = container_of(srv, struct fixture, srv);

	f->number = number;
	complete(&f->forgotten);
}

static void records_forget_begin(struct kunit *test, struct fixture *f, u64 number)
{
	init_completion(&f->forgotten);
	f->number = 0;
	ditto_records_forget(&f->srv, number, note_forgotten);
}

static void helper_note(struct helper *h)
{
	struct nlattr **attrs = h->fake.attrs;

	h->asked = fake_helper_type(&h->fake);
	h->record = (struct ditto_record) {
		.kind = nla_get_u32(attrs[DITTO_A_UPCALL_RECORD_TYPE])
	};
	if (attrs[DITTO_A_UPCALL_RECORD_KEY]) {
		h->record.key = nla_data(attrs[DITTO_A_UPCALL_RECORD_KEY]);
		h->record.key_len = nla_len(attrs[DITTO_A_UPCALL_RECORD_KEY]);
	}
	if (attrs[DITTO_A_UPCALL_RECORD_DATA]) {
		h->record.data = nla_data(attrs[DITTO_A_UPCALL_RECORD_DATA]);
		h->record.data_len = nla_len(attrs[DITTO_A_UPCALL_RECORD_DATA]);
	}
	h->count++;
}

static void helper_asked(struct fake_helper *fake)
{
	struct helper *h = container_of(fake, struct helper, fake);

	helper_note(h);
	if (h->silent && !--h->silent)
		ditto_upcall_portid_gone(fake->srv, fake->port);
	else
		fake_helper_answer(fake, fake_helper_serial(fake), h->answer);
}

static void helper_start(struct kunit *test, struct ditto_server *srv, struct helper *h)
{
	KUNIT_ASSERT_EQ(test, fake_helper_start(&h->fake, srv, helper_asked), 0);
	ditto_records_forget_again(srv);
}

static int record_store(struct fixture *f, enum ditto_record_kind kind, const char *key)
{
	return ditto_record_put(&f->srv, kind, key, strlen(key), "data", 4);
}

static int record_load(struct fixture *f, enum ditto_record_kind kind, const char *key)
{
	struct ditto_record record = {
		.kind = kind, .key = (const u8 *)key, .key_len = strlen(key),
		.data = (const u8 *)"old", .data_len = 3,
	};

	return ditto_record_load(&f->srv, &record);
}

static void without_a_helper(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, ditto_server_epoch(&f->srv), 0);
	KUNIT_EXPECT_NE(test, ditto_server_instance(&f->srv), 0);
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "a"), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(&f->srv, 7, false), 0);
	KUNIT_EXPECT_EQ(test, ditto_server_epoch(&f->srv), 7);
	/* The helper sent the epoch and ended. */
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "a"), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, ditto_record_remove(&f->srv, DITTO_RECORD_CLIENT, "a", 1),
			-ECONNREFUSED);
}

static void record_lengths(struct kunit *test)
{
	static const u8 bytes[DITTO_RECORD_DATA_MAX + 1];
	struct fixture *f = test->priv;
	struct ditto_server *srv = &f->srv;

	helper_start(test, &f->srv, &f->helper);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(srv, 1, true), 0);
	KUNIT_EXPECT_EQ(test, ditto_record_put(srv, DITTO_RECORD_CLIENT, bytes, 0, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_record_put(srv, DITTO_RECORD_CLIENT, bytes,
					       DITTO_RECORD_KEY_MAX + 1, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_record_put(srv, DITTO_RECORD_CLIENT, bytes, 1, bytes,
					       DITTO_RECORD_DATA_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_record_put(srv, DITTO_RECORD_KINDS, bytes, 1, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_record_put(srv, DITTO_RECORD_CLIENT, bytes,
					       DITTO_RECORD_KEY_MAX, bytes,
					       DITTO_RECORD_DATA_MAX), 0);
	KUNIT_EXPECT_EQ(test, f->helper.record.key_len, DITTO_RECORD_KEY_MAX);
	KUNIT_EXPECT_EQ(test, f->helper.record.data_len, DITTO_RECORD_DATA_MAX);
}

static void helper_is_asked(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct helper *h = &f->helper;

	helper_start(test, &f->srv, h);
	/* Nothing is recorded before the epoch is known. */
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "a"), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, h->count, 0);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(&f->srv, 1, true), 0);
	KUNIT_EXPECT_TRUE(test, ditto_server_ended_cleanly(&f->srv));
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "key"), 0);
	KUNIT_EXPECT_EQ(test, h->asked, DITTO_UPCALL_RECORD_PUT);
	KUNIT_EXPECT_EQ(test, h->record.kind, DITTO_RECORD_CLIENT);
	KUNIT_EXPECT_EQ(test, h->record.key_len, 3);
	KUNIT_EXPECT_MEMEQ(test, h->record.key, "key", 3);
	KUNIT_EXPECT_MEMEQ(test, h->record.data, "data", 4);
	KUNIT_EXPECT_EQ(test, ditto_record_remove(&f->srv, DITTO_RECORD_MONITORED_HOST, "h", 1), 0);
	KUNIT_EXPECT_EQ(test, h->asked, DITTO_UPCALL_RECORD_REMOVE);
	h->answer = EIO;
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "key"), -EIO);
	/* The helper takes the request and dies. */
	h->answer = 0;
	h->silent = 1;
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "key"), -ECONNREFUSED);
}

static int count_records(const struct ditto_record *record, void *arg)
{
	int *n = arg;

	++*n;
	return 0;
}

static int put_again(const struct ditto_record *record, void *arg)
{
	return ditto_record_put(arg, record->kind, record->key, record->key_len, record->data,
				record->data_len);
}

static int stop_at_once(const struct ditto_record *record, void *arg)
{
	++*(int *)arg;
	return 42;
}

static void lives_before(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_server *srv = &f->srv;
	int n = 0;

	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "b"), 0);
	/* From a helper that was restarted meanwhile. */
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_MONITORED_HOST, "a"), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(srv, 5, false), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(srv, 5, false), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(srv, 6, false), -EALREADY);
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "c"), -EALREADY);

	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_CLIENT), 2);
	KUNIT_EXPECT_EQ(test, ditto_record_previous_for_each(srv, DITTO_RECORD_CLIENT,
							     count_records, &n), 0);
	KUNIT_EXPECT_EQ(test, n, 2);
	n = 0;
	KUNIT_EXPECT_EQ(test, ditto_record_previous_for_each(srv, DITTO_RECORD_CLIENT,
							     stop_at_once, &n), 42);
	KUNIT_EXPECT_EQ(test, n, 1);

	helper_start(test, &f->srv, &f->helper);
	/* One that is put again is not of before any more; the loop may do so. */
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_CLIENT), 1);
	KUNIT_EXPECT_EQ(test, ditto_record_previous_for_each(srv, DITTO_RECORD_CLIENT, put_again,
							     srv), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_CLIENT), 0);
	KUNIT_EXPECT_EQ(test, ditto_record_remove(srv, DITTO_RECORD_MONITORED_HOST, "a", 1), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_MONITORED_HOST), 0);
}

/* Records that an owner leaves behind are found by the next one of the same epoch. */
static void is_kept(struct kunit *test)
{
	const struct ditto_record record = {
		.kind = DITTO_RECORD_OPEN, .key = (const u8 *)"o", .key_len = 1,
		.data = (const u8 *)"new", .data_len = 3,
	};
	struct fixture *f = test->priv;
	struct ditto_server *srv = &f->srv;

	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_OPEN, "o"), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(srv, 5, false), 0);
	/* The record does not end with the grace time. */
	helper_start(test, &f->srv, &f->helper);
	records_forget_begin(test, f, 1);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&f->forgotten, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_OPEN), 1);
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_OPEN, "o"), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_OPEN), 0);
	KUNIT_EXPECT_EQ(test, ditto_record_keep(srv, &record), 0);
	KUNIT_EXPECT_EQ(test, ditto_record_keep(srv, &record), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_OPEN), 1);
	KUNIT_EXPECT_EQ(test, ditto_record_remove(srv, DITTO_RECORD_OPEN, "o", 1), 0);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(srv, DITTO_RECORD_OPEN), 0);
}

static void end_of_grace(struct kunit *test)
{
	const struct ditto_record ours = {
		.kind = DITTO_RECORD_CLIENT, .key = (const u8 *)"b", .key_len = 1,
	};
	struct fixture *f = test->priv;
	struct helper *h = &f->helper;

	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_MONITORED_HOST, "h"), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(&f->srv, 5, false), 0);
	/* There is no helper that could remove them. */
	records_forget_begin(test, f, 3);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&f->forgotten, HZ / 2), 0);
	h->answer = EIO;
	helper_start(test, &f->srv, h);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&f->forgotten, HZ / 2), 0);
	KUNIT_EXPECT_EQ(test, h->asked, DITTO_UPCALL_RECORD_FORGET);
	h->answer = 0;
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&f->forgotten, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, f->number, 3);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(&f->srv, DITTO_RECORD_CLIENT), 0);
	/* A host still has to be notified. */
	KUNIT_EXPECT_EQ(test, ditto_records_previous(&f->srv, DITTO_RECORD_MONITORED_HOST), 1);

	/* What a protocol left in this life is not of an earlier one: it is removed by its key. */
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "b"), 0);
	KUNIT_EXPECT_EQ(test, ditto_record_keep(&f->srv, &ours), 0);
	h->count = 0;
	records_forget_begin(test, f, 4);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&f->forgotten, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, h->count, 2);
	KUNIT_EXPECT_EQ(test, ditto_records_previous(&f->srv, DITTO_RECORD_CLIENT), 0);
	/* Nothing is asked again. */
	ditto_records_forget_again(&f->srv);
	KUNIT_EXPECT_EQ(test, record_store(f, DITTO_RECORD_CLIENT, "c"), 0);
	KUNIT_EXPECT_EQ(test, h->count, 3);
}

/**
 * struct noted - a hook that notes what it saw
 * @hook: the hook
 * @begun: how often it began
 * @records: that there were then
 * @put: what recording gave then
 * @ready: completed by the other function
 * @busy: how often it does not end forgetting
 * @forgets: how often it was asked to
 */
struct noted {
	struct ditto_state_hook hook;
	int begun;
	int records;
	int put;
	struct completion ready;
	int busy;
	int forgets;
};

static void note_begin(struct ditto_state_hook *hook)
{
	struct noted *noted = container_of(hook, struct noted, hook);

	noted->begun++;
	noted->records = ditto_records_previous(hook->srv, DITTO_RECORD_CLIENT);
	noted->put = ditto_record_put(hook->srv, DITTO_RECORD_CLIENT, "x", 1, NULL, 0);
}

static void note_ready(struct ditto_state_hook *hook)
{
	complete(&container_of(hook, struct noted, hook)->ready);
}

static int note_forget(struct ditto_state_hook *hook)
{
	struct noted *noted = container_of(hook, struct noted, hook);

	noted->forgets++;
	return noted->busy && noted->busy-- ? -EINPROGRESS : 0;
}

static struct noted *noted_new(struct kunit *test)
{
	struct noted *noted = kunit_kzalloc(test, sizeof(*noted), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, noted);
	noted->hook.begin = note_begin;
	noted->hook.ready = note_ready;
	init_completion(&noted->ready);
	return noted;
}

static void record_hooks(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct noted *early = noted_new(test);
	struct noted *late = noted_new(test);

	ditto_state_hook_remove(&early->hook);
	helper_start(test, &f->srv, &f->helper);
	ditto_state_hook_add(&f->srv, &early->hook);
	KUNIT_EXPECT_EQ(test, record_load(f, DITTO_RECORD_CLIENT, "a"), 0);
	KUNIT_EXPECT_EQ(test, early->begun, 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(&f->srv, 2, true), 0);
	/* A grace time that begins then precedes the first record. */
	KUNIT_EXPECT_EQ(test, early->begun, 1);
	KUNIT_EXPECT_EQ(test, early->records, 1);
	KUNIT_EXPECT_EQ(test, early->put, -ECONNREFUSED);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&early->ready, AWAIT_LIMIT), 0);
	ditto_state_hook_add(&f->srv, &late->hook);
	KUNIT_EXPECT_EQ(test, late->begun, 1);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&late->ready, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(&f->srv, 2, true), 0);
	KUNIT_EXPECT_EQ(test, early->begun, 1);
	ditto_state_hook_remove(&early->hook);
	ditto_state_hook_remove(&late->hook);
}

/* The owner of a hook needs some time to remove its records. */
static void hook_forgets(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct noted *noted = noted_new(test);

	noted->hook.forget = note_forget;
	noted->busy = 2;
	helper_start(test, &f->srv, &f->helper);
	ditto_state_hook_add(&f->srv, &noted->hook);
	KUNIT_EXPECT_EQ(test, ditto_state_begin(&f->srv, 2, true), 0);
	records_forget_begin(test, f, 1);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&f->forgotten, HZ / 2), 0);
	KUNIT_EXPECT_EQ(test, noted->forgets, 1);
	ditto_records_forget_again(&f->srv);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&f->forgotten, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, noted->forgets, 3);
	ditto_state_hook_remove(&noted->hook);
}

static int record_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->srv.net = &init_net;
	ditto_settings_init(&f->srv);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&f->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_records_init(&f->srv), 0);
	test->priv = f;
	return 0;
}

static void record_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	fake_helper_stop(&f->helper.fake);
	ditto_records_exit(&f->srv);
	ditto_upcalls_exit(&f->srv);
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(without_a_helper),
	KUNIT_CASE(record_lengths),
	KUNIT_CASE(helper_is_asked),
	KUNIT_CASE(lives_before),
	KUNIT_CASE(is_kept),
	KUNIT_CASE(end_of_grace),
	KUNIT_CASE(record_hooks),
	KUNIT_CASE(hook_forgets),
	{}
};

static struct kunit_suite record_suite = {
	.name = "ditto_record",
	.init = record_test_init,
	.exit = record_test_exit,
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
