// SPDX-License-Identifier: GPL-2.0-only
/* Protocols and listeners, with a protocol that only records its calls. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <net/net_namespace.h>

#include "../../../net/listener.h"
#include "../../../net/server.h"
#include "../await.h"

/* Listeners that are open, and the result of the next one. */
static int open_count;
static int listen_error;

static int fake_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	if (listen_error)
		return listen_error;
	open_count++;
	return 0;
}

/**
 * struct gate - where a thread waits in the protocol, as for a disk that hangs
 * @reached: the thread is there
 * @open: it may go on
 */
struct gate {
	struct completion reached;
	struct completion open;
};

/* The gate of closes; NULL if they do not hang. */
static struct gate *close_gate;

static void gate_init(struct gate *gate)
{
	init_completion(&gate->reached);
	init_completion(&gate->open);
}

static void gate_pass(struct gate *gate)
{
	complete(&gate->reached);
	wait_for_completion(&gate->open);
}

static void fake_close(struct ditto_listener *listener)
{
	if (close_gate)
		gate_pass(close_gate);
	open_count--;
}

/* Announcements: how often, and the listeners of the last time. */
static unsigned int announce_count;
static unsigned int announced;

static int announce_one(struct ditto_listener *listener, void *arg)
{
	announced += !listener->leaving;
	return 0;
}

/* The locks of listeners can be taken: those who hang here delay no other. */
static void fake_announce(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	announce_count++;
	announced = 0;
	ditto_listener_for_each(srv, 0, announce_one, NULL);
	ditto_protocols_settings_changed(srv, NULL);
}

static unsigned int fake_three(struct ditto_server *srv, const struct ditto_peer *peer)
{
	return 3;
}

static struct ditto_protocol fake = {
	.owner = THIS_MODULE,
	.name = "kunit",
	.default_port = 2049,
	.transports = BIT(DITTO_TRANSPORT_TCP),
	.listen = fake_listen,
	.close = fake_close,
	.announce = fake_announce,
	.disconnect = fake_three,
	.connections = fake_three,
};

static int listener_add(struct kunit *test, u16 port, u32 *id, struct netlink_ext_ack *extack)
{
	struct sockaddr_storage addr = { .ss_family = AF_INET };

	((struct sockaddr_in *)&addr)->sin_port = htons(port);
	return ditto_listener_add(test->priv, "kunit", DITTO_TRANSPORT_TCP, &addr, id, extack);
}

static void life_of_a_listener(struct kunit *test)
{
	u32 first, second;

	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &first, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &second, NULL), 0);
	KUNIT_EXPECT_EQ(test, open_count, 2);
	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_EQ(test, ditto_listener_del(test->priv, second, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_listener_del(test->priv, second, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, open_count, 1);

	/* A number is not used again, and a failure uses none up. */
	listen_error = -EADDRINUSE;
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &first, NULL), -EADDRINUSE);
	listen_error = 0;
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &first, NULL), 0);
	KUNIT_EXPECT_EQ(test, first, second + 1);
}

/* Announced when it is open, and not any more before it is closed. */
static void listener_is_announced(struct kunit *test)
{
	unsigned int before = announce_count;
	u32 first, second;

	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &first, NULL), 0);
	KUNIT_EXPECT_EQ(test, announced, 1);
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &second, NULL), 0);
	KUNIT_EXPECT_EQ(test, announced, 2);
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &second, NULL), -EEXIST);
	KUNIT_EXPECT_EQ(test, announce_count, before + 2);
	ditto_protocols_announce(test->priv, NULL);
	KUNIT_EXPECT_EQ(test, announce_count, before + 3);
	KUNIT_EXPECT_EQ(test, ditto_listener_del(test->priv, first, NULL), 0);
	KUNIT_EXPECT_EQ(test, announced, 1);
	ditto_protocol_unregister(&fake);
	KUNIT_EXPECT_EQ(test, announced, 0);
	KUNIT_EXPECT_EQ(test, announce_count, before + 5);
	KUNIT_EXPECT_EQ(test, ditto_protocol_register(&fake), 0);
}

static void listener_refusals(struct kunit *test)
{
	struct sockaddr_storage addr = { .ss_family = AF_INET };
	struct netlink_ext_ack extack = {};
	u32 id;

	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, &extack), -EEXIST);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, ditto_listener_add(test->priv, "kunit", DITTO_TRANSPORT_UDP, &addr,
						 &id, NULL), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ditto_listener_add(test->priv, "absent", DITTO_TRANSPORT_TCP, &addr,
						 &id, &extack), -EPROTONOSUPPORT);
	KUNIT_EXPECT_STREQ(test, extack._msg, "protocol absent is not loaded");
	KUNIT_EXPECT_EQ(test, ditto_protocol_register(&fake), -EEXIST);
}

static int first_port(struct ditto_listener *listener, void *arg)
{
	*(u16 *)arg = ntohs(((struct sockaddr_in *)&listener->addr)->sin_port);
	return 1;
}

static void default_port(struct kunit *test)
{
	u16 port = 0;
	u32 id;

	KUNIT_EXPECT_EQ(test, listener_add(test, 0, &id, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_listener_for_each(test->priv, 0, first_port, &port), 1);
	KUNIT_EXPECT_EQ(test, port, 2049);
	KUNIT_EXPECT_EQ(test, ditto_listener_for_each(test->priv, id + 1, first_port, &port), 0);
	/* The default address written out is the same listener. */
	KUNIT_EXPECT_EQ(test, listener_add(test, 2049, &id, NULL), -EEXIST);
}

/* Clients get no handles that a key signs which is gone after a restart. */
static void key_comes_first(struct kunit *test)
{
	struct netlink_ext_ack extack = {};
	struct ditto_server *srv = test->priv;
	u32 id;

	srv->handle_key_set = false;
	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, &extack), -ENOKEY);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, open_count, 0);
	srv->handle_key_set = true;
	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, NULL), 0);
}

static void listeners_are_bounded(struct kunit *test)
{
	u32 id;

	for (u16 port = 1; port <= DITTO_LISTENERS_MAX; port++)
		KUNIT_ASSERT_EQ(test, listener_add(test, port, &id, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, DITTO_LISTENERS_MAX + 1, &id, NULL), -ENOSPC);
}

static void each_protocol_once(struct kunit *test)
{
	u32 id;

	KUNIT_EXPECT_EQ(test, ditto_protocols_connections(test->priv, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &id, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_protocols_connections(test->priv, NULL), 3);
	KUNIT_EXPECT_EQ(test, ditto_protocols_disconnect(test->priv, NULL), 3);
}

static void protocol_goes_first(struct kunit *test)
{
	unsigned int bit = fake.bit;
	u32 id;

	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, NULL), 0);
	KUNIT_EXPECT_TRUE(test, ditto_protocol_loaded(bit));
	ditto_protocol_unregister(&fake);
	KUNIT_EXPECT_EQ(test, open_count, 0);
	KUNIT_EXPECT_FALSE(test, ditto_protocol_loaded(bit));
	KUNIT_EXPECT_STREQ(test, ditto_protocol_name(bit), "kunit");
	KUNIT_EXPECT_EQ(test, listener_add(test, 1, &id, NULL), -EPROTONOSUPPORT);

	KUNIT_EXPECT_EQ(test, ditto_protocol_register(&fake), 0);
	KUNIT_EXPECT_EQ(test, fake.bit, bit);
}

/**
 * struct caller - a thread that calls the listeners
 * @task: the thread, held
 * @run: what it does
 * @srv: the server
 * @id: number of a listener
 * @gate: where it waits in a function that it is called back with
 * @done: completed when @run has returned
 */
struct caller {
	struct task_struct *task;
	void (*run)(struct caller *caller);
	struct ditto_server *srv;
	u32 id;
	struct gate gate;
	struct completion done;
};

static int caller_thread(void *arg)
{
	struct caller *caller = arg;

	caller->run(caller);
	complete(&caller->done);
	return 0;
}

static void caller_start(struct kunit *test, struct caller *caller)
{
	caller->srv = test->priv;
	gate_init(&caller->gate);
	init_completion(&caller->done);
	caller->task = kthread_create(caller_thread, caller, "ditto-kunit-caller");
	KUNIT_ASSERT_FALSE(test, IS_ERR(caller->task));
	get_task_struct(caller->task);
	wake_up_process(caller->task);
}

/* Let the thread go on and end. */
static void caller_end(struct kunit *test, struct caller *caller)
{
	complete(&caller->gate.open);
	KUNIT_ASSERT_TRUE(test, await(completion_done(&caller->done)));
	kthread_stop_put(caller->task);
}

/* The thread has returned, or sleeps until another one wakes it. */
static bool caller_rests(struct caller *caller)
{
	return completion_done(&caller->done) ||
	       READ_ONCE(caller->task->__state) == TASK_UNINTERRUPTIBLE;
}

static void caller_del(struct caller *caller)
{
	ditto_listener_del(caller->srv, caller->id, NULL);
}

static void caller_unregister(struct caller *caller)
{
	ditto_protocol_unregister(&fake);
}

static int use_hangs(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	gate_pass(arg);
	return 0;
}

static void caller_use(struct caller *caller)
{
	ditto_protocol_with(caller->srv, fake.bit, use_hangs, &caller->gate);
}

static int use_returns(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	return 5;
}

static int count_one(struct ditto_listener *listener, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

/* A stop that hangs delays nobody who looks or closes something else. */
static void stop_delays_no_other(struct kunit *test)
{
	struct caller stop = { .run = caller_del };
	struct ditto_server *srv = test->priv;
	unsigned int count = 0;

	KUNIT_ASSERT_EQ(test, listener_add(test, 1, &stop.id, NULL), 0);
	close_gate = &stop.gate;
	caller_start(test, &stop);
	KUNIT_EXPECT_TRUE(test, await(completion_done(&stop.gate.reached)));
	ditto_listener_for_each(srv, 0, count_one, &count);
	KUNIT_EXPECT_EQ(test, count, 1);
	KUNIT_EXPECT_EQ(test, ditto_protocols_connections(srv, NULL), 3);
	KUNIT_EXPECT_EQ(test, ditto_protocols_disconnect(srv, NULL), 3);
	KUNIT_EXPECT_EQ(test, ditto_protocol_with(srv, fake.bit, use_returns, NULL), 5);
	KUNIT_EXPECT_FALSE(test, completion_done(&stop.done));
	caller_end(test, &stop);
	close_gate = NULL;
	ditto_listener_for_each(srv, 0, count_one, &count);
	KUNIT_EXPECT_EQ(test, count, 1);
	KUNIT_EXPECT_EQ(test, ditto_protocol_with(srv, fake.bit, use_returns, NULL),
			-EPROTONOSUPPORT);
}

/* A call into the protocol that hangs delays no other, nor the start of a listener. */
static void use_delays_no_other(struct kunit *test)
{
	struct caller use = { .run = caller_use };
	struct ditto_server *srv = test->priv;
	u32 first, second;

	KUNIT_ASSERT_EQ(test, listener_add(test, 1, &first, NULL), 0);
	caller_start(test, &use);
	KUNIT_EXPECT_TRUE(test, await(completion_done(&use.gate.reached)));
	KUNIT_EXPECT_EQ(test, ditto_protocol_with(srv, fake.bit, use_returns, NULL), 5);
	KUNIT_EXPECT_EQ(test, ditto_protocols_settings_changed(srv, NULL), 0);
	KUNIT_EXPECT_EQ(test, listener_add(test, 2, &second, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_listener_del(srv, second, NULL), 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&use.done));
	caller_end(test, &use);
}

/* The module of a protocol stays until calls into it have returned, and gets no further ones. */
static void protocol_outlasts_its_users(struct kunit *test)
{
	struct caller use = { .run = caller_use }, gone = { .run = caller_unregister };
	u32 id;

	KUNIT_ASSERT_EQ(test, listener_add(test, 1, &id, NULL), 0);
	caller_start(test, &use);
	KUNIT_EXPECT_TRUE(test, await(completion_done(&use.gate.reached)));
	caller_start(test, &gone);
	KUNIT_EXPECT_TRUE(test, await(ditto_protocol_with(test->priv, fake.bit, use_returns,
							  NULL) == -EPROTONOSUPPORT));
	KUNIT_EXPECT_EQ(test, open_count, 0);
	KUNIT_EXPECT_TRUE(test, await(caller_rests(&gone)));
	KUNIT_EXPECT_FALSE(test, completion_done(&gone.done));
	caller_end(test, &use);
	caller_end(test, &gone);
	KUNIT_EXPECT_EQ(test, ditto_protocol_register(&fake), 0);
}

static int listener_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	srv->handle_key_set = true;
	KUNIT_ASSERT_EQ(test, ditto_listeners_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&fake), 0);
	open_count = 0;
	listen_error = 0;
	test->priv = srv;
	return 0;
}

/* The server ends with open listeners, as with its namespace. */
static void listener_test_exit(struct kunit *test)
{
	ditto_listeners_exit(test->priv);
	KUNIT_EXPECT_EQ(test, open_count, 0);
	ditto_protocol_unregister(&fake);
}

static struct kunit_case listener_cases[] = {
	KUNIT_CASE(life_of_a_listener),
	KUNIT_CASE(listener_is_announced),
	KUNIT_CASE(listener_refusals),
	KUNIT_CASE(default_port),
	KUNIT_CASE(key_comes_first),
	KUNIT_CASE(listeners_are_bounded),
	KUNIT_CASE(each_protocol_once),
	KUNIT_CASE(protocol_goes_first),
	KUNIT_CASE(stop_delays_no_other),
	KUNIT_CASE(use_delays_no_other),
	KUNIT_CASE(protocol_outlasts_its_users),
	{}
};

static struct kunit_suite listener_suite = {
	.name = "ditto_listener",
	.init = listener_test_init,
	.exit = listener_test_exit,
	.test_cases = listener_cases,
};

kunit_test_suite(listener_suite);
