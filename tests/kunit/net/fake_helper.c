// SPDX-License-Identifier: GPL-2.0-only
/* A helper that is part of the test. See fake_helper.h. */
#include <linux/kthread.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../../../net/helper/upcall.h"
#include "fake_helper.h"

int fake_helper_open(struct fake_helper *h, struct ditto_server *srv, long wait)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int err;

	h->srv = srv;
	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, &h->sock);
	if (err)
		return err;
	h->sock->sk->sk_rcvtimeo = wait;
	err = kernel_bind(h->sock, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (!err)
		err = min(kernel_getsockname(h->sock, (struct sockaddr *)&addr), 0);
	h->port = addr.nl_pid;
	if (err)
		fake_helper_close(h);
	return err;
}

void fake_helper_close(struct fake_helper *h)
{
	if (h->sock)
		sock_release(h->sock);
	h->sock = NULL;
}

bool fake_helper_read(struct fake_helper *h)
{
	struct kvec vec = { .iov_base = h->message, .iov_len = sizeof(h->message) };
	struct msghdr msg = {};
	struct nlattr *attr;
	int len, rem;

	len = kernel_recvmsg(h->sock, &msg, &vec, 1, vec.iov_len, 0);
	if (len <= 0)
		return false;
	memset(h->attrs, 0, sizeof(h->attrs));
	nla_for_each_attr(attr, (struct nlattr *)(h->message + NLMSG_HDRLEN + GENL_HDRLEN),
			  len - NLMSG_HDRLEN - GENL_HDRLEN, rem)
		if (nla_type(attr) <= DITTO_A_UPCALL_MAX)
			h->attrs[nla_type(attr)] = attr;
	return true;
}

void fake_helper_answer(const struct fake_helper *h, u64 serial, u32 err)
{
	struct {
		struct nlattr attr;
		u64 value;
	} __packed id = {
		.attr = { .nla_type = DITTO_A_UPCALL_ID, .nla_len = nla_attr_size(sizeof(u64)) },
		.value = serial,
	};
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
		[DITTO_A_UPCALL_ID] = &id.attr, [DITTO_A_UPCALL_ERROR] = &error.attr,
	};
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = h->port, .extack = &extack };

	ditto_upcall_reply(h->srv, &info);
}

static int fake_helper_run(void *arg)
{
	struct fake_helper *h = arg;

	while (!kthread_should_stop())
		if (fake_helper_read(h))
			h->asked(h);
	return 0;
}

int fake_helper_start(struct fake_helper *h, struct ditto_server *srv,
		      void (*asked)(struct fake_helper *h))
{
	int err = fake_helper_open(h, srv, HZ / 20);

	if (err)
		return err;
	h->asked = asked;
	h->thread = kthread_run(fake_helper_run, h, "ditto_test_helper");
	if (IS_ERR(h->thread))
		return PTR_ERR(h->thread);
	return ditto_upcall_register(srv, h->port);
}

void fake_helper_stop(struct fake_helper *h)
{
	if (!h->sock)
		return;
	ditto_upcall_portid_gone(h->srv, h->port);
	if (!IS_ERR_OR_NULL(h->thread))
		kthread_stop(h->thread);
	h->thread = NULL;
	fake_helper_close(h);
}
