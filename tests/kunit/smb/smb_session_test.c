// SPDX-License-Identifier: GPL-2.0-only
/* A session whose ticket has ended: it expires, unless it is renewed meanwhile. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>

#include "../../../smb/auth/session.h"
#include "../../../smb/transport/conn.h"
#include "../await.h"

#define SESSION_ID	77

/**
 * struct session_case - a session on one connection
 * @conn: the connection
 * @session: its session
 * @channel: its channel
 * @found: it was looked up
 */
struct session_case {
	struct dsmb_conn conn;
	struct dsmb_session session;
	struct dsmb_channel channel;
	struct completion found;
};

static struct session_case *session_case_make(struct kunit *test)
{
	struct session_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->found);
	mutex_init(&c->session.lock);
	refcount_set(&c->session.ref, 1);
	c->session.id = SESSION_ID;
	c->session.state = DSMB_SESSION_VALID;
	refcount_set(&c->channel.ref, 1);
	c->channel.session = &c->session;
	c->channel.conn = &c->conn;
	c->channel.ready = true;
	RCU_INIT_POINTER(c->conn.first, &c->channel);
	return c;
}

static int session_find_work(void *arg)
{
	struct session_case *c = arg;

	/* The case keeps the last reference. */
	if (dsmb_session_find(&c->conn, SESSION_ID, NULL))
		refcount_dec(&c->session.ref);
	complete(&c->found);
	return 0;
}

static void session_expires(struct kunit *test)
{
	struct session_case *c = session_case_make(test);

	c->session.expires = TIME64_MAX;
	session_find_work(c);
	KUNIT_EXPECT_EQ(test, c->session.state, DSMB_SESSION_VALID);
	c->session.expires = 0;
	session_find_work(c);
	KUNIT_EXPECT_EQ(test, c->session.state, DSMB_SESSION_EXPIRED);
	KUNIT_EXPECT_EQ(test, refcount_read(&c->session.ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&c->channel.ref), 1);
}

/* A request finds the ticket ended, and goes on when a renewal has come first. */
static void session_renewed_meanwhile(struct kunit *test)
{
	struct session_case *c = session_case_make(test);
	struct task_struct *finder;

	c->session.expires = 0;
	mutex_lock(&c->session.lock);
	finder = kthread_create(session_find_work, c, "session_find");
	KUNIT_ASSERT_FALSE(test, IS_ERR(finder));
	get_task_struct(finder);
	wake_up_process(finder);
	KUNIT_EXPECT_TRUE(test, await(completion_done(&c->found) ||
				      READ_ONCE(finder->__state) == TASK_UNINTERRUPTIBLE));
	KUNIT_EXPECT_EQ(test, c->session.state, DSMB_SESSION_VALID);
	WRITE_ONCE(c->session.expires, TIME64_MAX);
	mutex_unlock(&c->session.lock);
	kthread_stop(finder);
	put_task_struct(finder);
	KUNIT_EXPECT_TRUE(test, completion_done(&c->found));
	KUNIT_EXPECT_EQ(test, c->session.state, DSMB_SESSION_VALID);
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE(session_expires),
	KUNIT_CASE(session_renewed_meanwhile),
	{}
};

static struct kunit_suite session_suite = {
	.name = "ditto_smb_session",
	.test_cases = session_cases,
};

kunit_test_suite(session_suite);
