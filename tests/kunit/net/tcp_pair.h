/* SPDX-License-Identifier: GPL-2.0-only */
/* Two connected TCP sockets, over the loopback interface. */
#ifndef _DITTO_KUNIT_TCP_PAIR_H
#define _DITTO_KUNIT_TCP_PAIR_H

#include <kunit/test.h>
#include <linux/types.h>

struct socket;

/**
 * struct tcp_pair - two connected sockets
 * @sender: sends each piece at once
 * @receiver: the other one
 */
struct tcp_pair {
	struct socket *sender;
	struct socket *receiver;
};

/* Connect two sockets; asserts that it works. */
void tcp_pair_connect(struct kunit *test, struct tcp_pair *pair);

/* Release those that exist. */
void tcp_pair_release(struct tcp_pair *pair);

/* Send bytes; asserts that all of them are accepted. */
void tcp_pair_send(struct kunit *test, struct tcp_pair *pair, const void *data, u32 len);

#endif
