// SPDX-License-Identifier: GPL-2.0-only
/* Calls that are parked when what they are about ends. */
#include <kunit/test.h>

#include "../../../smb/auth/session.h"
#include "../../../smb/auth/tree.h"
#include "../../../smb/open/open.h"
#include "../../../smb/transport/conn.h"
#include "../../../smb/transport/message.h"

#define CALLS	6

/**
 * struct call_case - calls of two sessions on one connection, on two opens
 * @conn: the connection
 * @sessions: the sessions; the calls have them in turn
 * @trees: one tree for each session
 * @opens: the opens; the first half of the calls is on the first one
 * @messages: messages of one call
 */
struct call_case {
	struct dsmb_conn conn;
	struct dsmb_session sessions[2];
	struct dsmb_tree trees[2];
	struct dsmb_open opens[2];
	struct dsmb_message messages[CALLS];
};

/* The call stays parked. */
static void call_test_cancel(struct dsmb_call *call)
{
	call->private = call;
}

static struct call_case *call_case_begin(struct kunit *test)
{
	struct call_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->conn.state = DSMB_CONN_NEGOTIATED;
	for (unsigned int i = 0; i < 2; i++) {
		c->sessions[i].state = DSMB_SESSION_VALID;
		c->trees[i].session = &c->sessions[i];
	}
	for (unsigned int i = 0; i < CALLS; i++) {
		struct dsmb_message *message = &c->messages[i];
		struct dsmb_call *call = &message->few[0];

		refcount_set(&message->ref, 1);
		message->conn = &c->conn;
		dsmb_call_init(call, message);
		call->session = &c->sessions[i % 2];
		call->tree = &c->trees[i % 2];
		call->open = &c->opens[i / (CALLS / 2)];
		call->cancel = call_test_cancel;
	}
	return c;
}

static void call_case_park(struct kunit *test, struct call_case *c)
{
	for (unsigned int i = 0; i < CALLS; i++)
		KUNIT_EXPECT_TRUE(test, dsmb_call_park(&c->messages[i].few[0]));
}

/* Expects that the calls whose bits are set were cancelled, and no others. */
static void call_expect(struct kunit *test, const struct call_case *c, unsigned long cancelled)
{
	unsigned long found = 0;

	for (unsigned int i = 0; i < CALLS; i++)
		if (c->messages[i].few[0].private)
			found |= BIT(i);
	KUNIT_EXPECT_EQ(test, found, cancelled);
}

/* All calls run again, after which nothing is parked. */
static void call_case_end(struct kunit *test, struct call_case *c)
{
	u32 status;

	for (unsigned int i = 0; i < CALLS; i++)
		dsmb_call_woken_status(&c->messages[i].few[0], &status);
	for (unsigned int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, c->opens[i].parked, 0);
		KUNIT_EXPECT_EQ(test, c->sessions[i].parked, 0);
	}
}

/* Opens and sessions know how many calls are parked, so that ends of others look for none. */
static void call_is_counted(struct kunit *test)
{
	struct call_case *c = call_case_begin(test);
	struct dsmb_open *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, other);
	call_case_park(test, c);
	for (unsigned int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, c->opens[i].parked, CALLS / 2);
		KUNIT_EXPECT_EQ(test, c->sessions[i].parked, CALLS / 2);
	}
	dsmb_calls_cancel(other, NULL, STATUS_RANGE_NOT_LOCKED);
	call_expect(test, c, 0);
	call_case_end(test, c);
}

static void call_of_an_open(struct kunit *test)
{
	struct call_case *c = call_case_begin(test);

	call_case_park(test, c);
	dsmb_calls_cancel(&c->opens[1], &c->sessions[0], STATUS_RANGE_NOT_LOCKED);
	call_expect(test, c, 0x10);
	dsmb_calls_cancel(&c->opens[0], NULL, STATUS_RANGE_NOT_LOCKED);
	call_expect(test, c, 0x17);
	call_case_end(test, c);
}

static void call_of_a_session(struct kunit *test)
{
	struct call_case *c = call_case_begin(test);

	call_case_park(test, c);
	dsmb_calls_cancel_session(&c->sessions[1], &c->trees[1], STATUS_NETWORK_NAME_DELETED);
	call_expect(test, c, 0x2a);
	dsmb_calls_cancel_session(&c->sessions[0], NULL, STATUS_USER_SESSION_DELETED);
	call_expect(test, c, 0x3f);
	call_case_end(test, c);
}

/* A call that parks after its open or its session has ended is cancelled at once. */
static void call_comes_late(struct kunit *test)
{
	struct call_case *c = call_case_begin(test);

	c->opens[0].closing = true;
	dsmb_calls_cancel(&c->opens[0], NULL, STATUS_RANGE_NOT_LOCKED);
	c->sessions[1].state = DSMB_SESSION_CLOSED;
	dsmb_calls_cancel_session(&c->sessions[1], NULL, STATUS_USER_SESSION_DELETED);
	call_case_park(test, c);
	call_expect(test, c, 0x2f);
	call_case_end(test, c);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_is_counted),
	KUNIT_CASE(call_of_an_open),
	KUNIT_CASE(call_of_a_session),
	KUNIT_CASE(call_comes_late),
	{}
};

static struct kunit_suite call_suite = {
	.name = "ditto_smb_call",
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
