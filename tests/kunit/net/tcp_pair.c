// SPDX-License-Identifier: GPL-2.0-only
/* Two connected TCP sockets. See tcp_pair.h. */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "tcp_pair.h"

static int pair_connect(struct socket *listener, struct tcp_pair *pair)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int err;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	err = kernel_bind(listener, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (err)
		return err;
	err = kernel_listen(listener, 1);
	if (err)
		return err;
	err = kernel_getsockname(listener, (struct sockaddr *)&addr);
	if (err < 0)
		return err;
	err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &pair->sender);
	if (err)
		return err;
	err = kernel_connect(pair->sender, (struct sockaddr_unsized *)&addr, sizeof(addr), 0);
	return err ?: kernel_accept(listener, &pair->receiver, 0);
}

void tcp_pair_connect(struct kunit *test, struct tcp_pair *pair)
{
	struct socket *listener;
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &listener);
	KUNIT_ASSERT_EQ(test, err, 0);
	err = pair_connect(listener, pair);
	sock_release(listener);
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "is the loopback interface down?");
	tcp_sock_set_nodelay(pair->sender->sk);
}

void tcp_pair_release(struct tcp_pair *pair)
{
	if (pair->sender)
		sock_release(pair->sender);
	if (pair->receiver)
		sock_release(pair->receiver);
}

void tcp_pair_send(struct kunit *test, struct tcp_pair *pair, const void *data, u32 len)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = {};

	KUNIT_ASSERT_EQ(test, kernel_sendmsg(pair->sender, &msg, &vec, 1, len), len);
}
