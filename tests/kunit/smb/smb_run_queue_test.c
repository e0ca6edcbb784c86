// SPDX-License-Identifier: GPL-2.0-only
/* The order of messages that wait for a worker, and for a place in a file system. */
#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "../../../net/peer.h"
#include "../../../smb/auth/session.h"
#include "../../../smb/server.h"
#include "../../../smb/transport/conn.h"
#include "../../../smb/transport/fs_limit.h"
#include "../../../smb/transport/run_queue.h"
#include "../../../smb/transport/message.h"

#define WIDTH		2
#define MESSAGES	24
#define WORKERS		64
/* Places that one file system may have: its own and the borrowed ones. */
#define PLACES		(WORKERS / 8 + WORKERS / 2)

/* Clients: two peers, one of them with two users, and two addresses of one /64. */
enum queue_client { FLOOD, OTHER, USER, NEAR, CLIENTS };

/**
 * struct queue_case - messages of several clients, and the order in which they ran
 * @server: with a queue on a workqueue of its own
 * @peers: of the clients
 * @sessions: of the clients
 * @conns: of the clients
 * @messages: the messages; the call of each has the number of its client as MessageId
 * @n: number of messages
 * @ran: which messages ran, in their order
 * @nran: how many
 * @holds: messages keep their workers until queue_case_free_one()
 */
struct queue_case {
	struct dsmb_server server;
	struct ditto_peer peers[CLIENTS];
	struct dsmb_session sessions[CLIENTS];
	struct dsmb_conn conns[CLIENTS];
	struct dsmb_message messages[MESSAGES];
	unsigned int n;
	unsigned int ran[MESSAGES];
	unsigned int nran;
	bool holds;
};

/* The workqueue runs one message at a time, in the order in which they were queued. */
static void queue_test_work(struct work_struct *work)
{
	struct dsmb_message *message = container_of(work, struct dsmb_message, work);
	struct queue_case *c = container_of(message->conn->server, struct queue_case, server);
	struct dsmb_run_queue *queue = message->run_queue;

	c->ran[c->nran++] = message - c->messages;
	if (c->holds)
		return;
	message->run_queue = NULL;
	dsmb_run_queue_leave(queue);
}

static struct queue_case *queue_case_new(struct kunit *test)
{
	static const char * const addrs[CLIENTS] = {
		"2001:db8::1", "2001:db8:0:1::1", "2001:db8::1", "2001:db8::ffff:2",
	};
	struct queue_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->server.slow = alloc_ordered_workqueue("ditto-queue-test", 0);
	KUNIT_ASSERT_NOT_NULL(test, c->server.slow);
	dsmb_run_queue_init(&c->server.slow_queue, c->server.slow, WIDTH);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		in6_pton(addrs[i], -1, c->peers[i].addr.s6_addr, -1, NULL);
		/* Accounts are compared only. */
		c->sessions[i].who.user = (void *)&c->sessions[i];
		c->conns[i].server = &c->server;
		c->conns[i].peer = &c->peers[i];
	}
	return c;
}

static void queue_case_end(struct queue_case *c)
{
	destroy_workqueue(c->server.slow);
}

static struct dsmb_message *queue_message(struct kunit *test, struct queue_case *c,
					  enum queue_client client)
{
	struct dsmb_message *message = &c->messages[c->n++];

	KUNIT_ASSERT_LE(test, c->n, MESSAGES);
	INIT_WORK(&message->work, queue_test_work);
	INIT_LIST_HEAD(&message->list);
	message->conn = &c->conns[client];
	message->calls = message->few;
	message->ncalls = 1;
	message->few[0].session = &c->sessions[client];
	return message;
}

static void queue_queue(struct kunit *test, struct queue_case *c, enum queue_client client,
			unsigned int count)
{
	while (count--)
		dsmb_run_queue_add(&c->server.slow_queue, queue_message(test, c, client));
}

static void queue_expect(struct kunit *test, struct queue_case *c, const unsigned int *want,
			 unsigned int n)
{
	drain_workqueue(c->server.slow);
	KUNIT_ASSERT_EQ(test, c->nran, n);
	for (unsigned int i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, c->ran[i], want[i], "number %u", i);
}

/* Frees the worker of the first message that has one; then the messages free their own. */
static void queue_case_free(struct queue_case *c)
{
	c->holds = false;
	for (unsigned int i = 0; i < WIDTH; i++) {
		c->messages[i].run_queue = NULL;
		dsmb_run_queue_leave(&c->server.slow_queue);
		drain_workqueue(c->server.slow);
	}
}

/* A flood delays another peer's message by one turn, and another user's by a round. */
static void queue_takes_turns(struct kunit *test)
{
	static const unsigned int want[] = { 0, 1, 2, 7, 8, 9, 10, 3, 11, 4, 5, 6 };
	struct queue_case *c = queue_case_new(test);

	c->holds = true;
	queue_queue(test, c, FLOOD, WIDTH + 5);
	queue_queue(test, c, OTHER, 1);
	queue_queue(test, c, USER, 1);
	queue_expect(test, c, want, WIDTH);
	/* The second message of the other peer comes while its first one waits. */
	queue_queue(test, c, OTHER, 1);
	/* The address of another host of the flood's /64 counts as the same peer. */
	queue_queue(test, c, NEAR, 1);
	queue_queue(test, c, USER, 1);
	queue_case_free(c);
	queue_expect(test, c, want, c->n);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->server.slow_queue.busy), 0);
	queue_case_end(c);
}

/* A message that waits can be taken out, and only that. */
static void queue_is_cancelled(struct kunit *test)
{
	static const unsigned int want[] = { 0, 1, 2, 4 };
	struct queue_case *c = queue_case_new(test);

	c->holds = true;
	queue_queue(test, c, FLOOD, WIDTH + 3);
	queue_expect(test, c, want, WIDTH);
	KUNIT_EXPECT_FALSE(test, dsmb_run_queue_cancel(&c->messages[0]));
	KUNIT_EXPECT_TRUE(test, dsmb_run_queue_cancel(&c->messages[WIDTH + 1]));
	KUNIT_EXPECT_FALSE(test, dsmb_run_queue_cancel(&c->messages[WIDTH + 1]));
	KUNIT_EXPECT_NULL(test, c->messages[WIDTH + 1].run_queue);
	queue_case_free(c);
	queue_expect(test, c, want, c->n - 1);
	KUNIT_EXPECT_FALSE(test, dsmb_run_queue_cancel(&c->messages[WIDTH]));
	queue_case_end(c);
}

/* A worker that leaves a file system gives its place to the message whose turn is next. */
static void queue_of_a_limit(struct kunit *test)
{
	static const unsigned int want[] = { 0, 4, 1, 2, 3 };
	struct queue_case *c = queue_case_new(test);
	struct dsmb_fs_limits fs_limits;
	struct dsmb_fs_limit *fs_limit;
	unsigned int i;

	dsmb_fs_limits_init(&fs_limits, WORKERS);
	fs_limit = dsmb_fs_limit_get(&fs_limits, (void *)test);
	KUNIT_ASSERT_NOT_NULL(test, fs_limit);
	for (i = 0; i < PLACES; i++)
		KUNIT_ASSERT_TRUE(test, dsmb_fs_limit_enter(fs_limit));
	for (i = 0; i < 4; i++)
		dsmb_fs_limit_wait(fs_limit, queue_message(test, c, FLOOD));
	dsmb_fs_limit_wait(fs_limit, queue_message(test, c, OTHER));
	for (i = 0; i < c->n; i++) {
		dsmb_fs_limit_leave(fs_limit);
		queue_expect(test, c, want, i + 1);
		KUNIT_EXPECT_PTR_EQ(test, c->messages[want[i]].place, fs_limit);
		/* The place is taken: no later worker gets in. */
		KUNIT_EXPECT_FALSE(test, dsmb_fs_limit_enter(fs_limit));
	}
	for (i = 0; i < PLACES; i++)
		dsmb_fs_limit_leave(fs_limit);
	KUNIT_EXPECT_EQ(test, atomic_read(&fs_limits.borrowed), 0);
	queue_expect(test, c, want, c->n);
	/* A message that finds the last worker gone does not wait. */
	dsmb_fs_limit_wait(fs_limit, queue_message(test, c, FLOOD));
	drain_workqueue(c->server.slow);
	KUNIT_EXPECT_EQ(test, c->nran, c->n);
	dsmb_fs_limit_leave(fs_limit);
	dsmb_fs_limit_put(fs_limit);
	KUNIT_EXPECT_TRUE(test, list_empty(&fs_limits.list));
	queue_case_end(c);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(queue_takes_turns),
	KUNIT_CASE(queue_is_cancelled),
	KUNIT_CASE(queue_of_a_limit),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "ditto_smb_run_queue",
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
