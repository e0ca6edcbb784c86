// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal of lost hosts: all of them at once, and again where it failed. The test itself is the
 * helper, on a socket of its own.
 */
#include <kunit/test.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sizes.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../../../fs/nfs/nlm/host.h"
#include "../../../fs/nfs/nlm/nlm.h"
#include "../../../fs/nfs/rpc/task.h"
#include "../../../net/budget.h"
#include "../../../net/helper/record.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/netlink.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"

/* Hosts that are lost at once. */
#define LOST		4
/* Seconds until a request that does not come is given up. */
#define REQUEST_WAIT_S	20

/**
 * struct question - number of a request that the helper has read
 * @attr: as it came, for the answer
 * @id: its contents
 */
struct question {
	struct nlattr attr;
	u8 id[sizeof(u64)];
};

/**
 * struct removal_case - a server with lost hosts, and its helper
 * @srv: the server
 * @tasks: its tasks
 * @nlm: its locking side
 * @host: the hosts
 * @sock: socket of the helper
 * @port: of @sock
 * @asked: what the helper has read
 * @message: the last request
 */
struct removal_case {
	struct ditto_server srv;
	struct dnfs_tasks tasks;
	struct dnlm_server nlm;
	struct dnlm_host *host[LOST];
	struct socket *sock;
	u32 port;
	struct question asked[LOST];
	u8 message[SZ_8K];
};

/* Read a request without answering it. Return: false if none comes. */
static bool question_read(struct removal_case *c, struct question *q)
{
	struct kvec vec = { .iov_base = c->message, .iov_len = sizeof(c->message) };
	struct msghdr msg = {};
	struct nlattr *attr;
	int len, rem;

	len = kernel_recvmsg(c->sock, &msg, &vec, 1, vec.iov_len, 0);
	if (len <= 0)
		return false;
	nla_for_each_attr(attr, (struct nlattr *)(c->message + NLMSG_HDRLEN + GENL_HDRLEN),
			  len - NLMSG_HDRLEN - GENL_HDRLEN, rem) {
		if (nla_type(attr) != DITTO_A_UPCALL_ID)
			continue;
		memcpy(q, attr, sizeof(*q));
		return true;
	}
	return false;
}

static void question_answer(struct removal_case *c, struct question *q, u32 err)
{
	struct {
		struct nlattr attr;
		u32 value;
	} error = {
		.attr = {
			.nla_type = DITTO_A_UPCALL_ERROR,
			.nla_len = nla_attr_size(sizeof(u32))
		},
		.value = err,
	};
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1] = {
		[DITTO_A_UPCALL_ID] = &q->attr, [DITTO_A_UPCALL_ERROR] = &error.attr,
	};
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = c->port, .extack = &extack };

	ditto_upcall_reply(&c->srv, &info);
}

/* Hosts of as many machines, all recorded. */
static void hosts_make(struct kunit *test, struct removal_case *c)
{
	const struct dnlm_bytes name = { 4, (const u8 *)"host" };

	for (unsigned int i = 0; i < LOST; i++) {
		struct dnlm_way way = {};

		ipv6_addr_set_v4mapped(htonl(0xc0000200 + i), &way.addr);
		c->host[i] = dnlm_host_get(&c->nlm, &way, &name, true);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->host[i]);
		c->host[i]->recorded = true;
	}
}

/* Lose all hosts; the helper hears of each before it has answered any. */
static void hosts_lose(struct kunit *test, struct removal_case *c)
{
	hosts_make(test, c);
	for (unsigned int i = 0; i < LOST; i++)
		dnlm_host_lost(c->host[i]);
	for (unsigned int i = 0; i < LOST; i++)
		KUNIT_ASSERT_TRUE_MSG(test, question_read(c, &c->asked[i]), "host %u", i);
}

static unsigned int hosts_lost(struct kunit *test, const struct removal_case *c)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < LOST; i++) {
		KUNIT_EXPECT_EQ(test, c->host[i]->recorded, c->host[i]->lost);
		lost += c->host[i]->lost;
	}
	return lost;
}

static void lost_together(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), LOST);
	for (unsigned int i = 0; i < LOST; i++)
		question_answer(c, &c->asked[i], 0);
	dnfs_tasks_drain(&c->tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

/* A record that stays holds up no other, and is removed at the next try. */
static void one_stays(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	question_answer(c, &c->asked[0], EIO);
	for (unsigned int i = 1; i < LOST; i++)
		question_answer(c, &c->asked[i], 0);
	dnfs_tasks_drain(&c->tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 1);
	KUNIT_EXPECT_FALSE(test, c->nlm.stuck);
	flush_delayed_work(&c->nlm.gc);
	KUNIT_ASSERT_TRUE(test, question_read(c, &c->asked[0]));
	question_answer(c, &c->asked[0], 0);
	dnfs_tasks_drain(&c->tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

/* Without a helper all wait for the next try. */
static void lost_without_a_helper(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	ditto_upcall_portid_gone(&c->srv, c->port);
	dnfs_tasks_drain(&c->tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), LOST);
	KUNIT_EXPECT_TRUE(test, c->nlm.stuck);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(&c->srv, c->port), 0);
	flush_delayed_work(&c->nlm.gc);
	for (unsigned int i = 0; i < LOST; i++)
		KUNIT_ASSERT_TRUE(test, question_read(c, &c->asked[i]));
	for (unsigned int i = 0; i < LOST; i++)
		question_answer(c, &c->asked[i], 0);
	dnfs_tasks_drain(&c->tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

static void helper_make(struct kunit *test, struct removal_case *c)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC,
					       &c->sock), 0);
	c->sock->sk->sk_rcvtimeo = REQUEST_WAIT_S * HZ;
	KUNIT_ASSERT_EQ(test, kernel_bind(c->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	KUNIT_ASSERT_GE(test, kernel_getsockname(c->sock, (struct sockaddr *)&addr), 0);
	c->port = addr.nl_pid;
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(&c->srv, c->port), 0);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(&c->srv, 1, true), 0);
}

static int removal_test_init(struct kunit *test)
{
	struct removal_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->srv.net = &init_net;
	ditto_settings_init(&c->srv);
	c->srv.settings.upcall_ms = 2 * REQUEST_WAIT_S * MSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_records_init(&c->srv), 0);
	dnfs_tasks_init(&c->tasks);
	c->nlm.srv = &c->srv;
	c->nlm.tasks = &c->tasks;
	init_waitqueue_head(&c->nlm.idle);
	dnlm_hosts_init(&c->nlm);
	test->priv = c;
	helper_make(test, c);
	return 0;
}

static void removal_test_exit(struct kunit *test)
{
	struct removal_case *c = test->priv;

	if (!c)
		return;
	ditto_upcall_portid_gone(&c->srv, c->port);
	for (unsigned int i = 0; i < LOST; i++)
		if (!IS_ERR_OR_NULL(c->host[i]))
			dnlm_host_put(c->host[i]);
	dnlm_hosts_exit(&c->nlm);
	dnfs_tasks_exit(&c->tasks);
	ditto_records_exit(&c->srv);
	ditto_upcalls_exit(&c->srv);
	ditto_budget_exit(&c->srv);
	if (c->sock)
		sock_release(c->sock);
}

static struct kunit_case removal_cases[] = {
	KUNIT_CASE(lost_together),
	KUNIT_CASE(one_stays),
	KUNIT_CASE(lost_without_a_helper),
	{}
};

static struct kunit_suite removal_suite = {
	.name = "ditto_nlm_removal",
	.init = removal_test_init,
	.exit = removal_test_exit,
	.test_cases = removal_cases,
};

kunit_test_suite(removal_suite);
