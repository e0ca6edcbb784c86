/* SPDX-License-Identifier: GPL-2.0-only */
/* A helper that is part of the test: it reads requests from a socket of its own. */
#ifndef _DITTO_TESTS_KUNIT_NET_FAKE_HELPER_H
#define _DITTO_TESTS_KUNIT_NET_FAKE_HELPER_H

#include <linux/netlink.h>
#include <linux/sizes.h>
#include <net/netlink.h>

#include "../../../net/netlink.h"

struct ditto_server;
struct socket;
struct task_struct;

/**
 * struct fake_helper - a helper
 * @srv: the server that it serves
 * @sock: its socket
 * @port: port of the socket
 * @thread: answers, after fake_helper_start()
 * @asked: called by @thread for each request
 * @message: the last request
 * @attrs: attributes of @message
 */
struct fake_helper {
	struct ditto_server *srv;
	struct socket *sock;
	u32 port;
	struct task_struct *thread;
	void (*asked)(struct fake_helper *h);
	u8 message[SZ_8K];
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1];
};

/**
 * fake_helper_open - open the socket
 * @h: the helper
 * @srv: the server that it serves; not registered there yet
 * @wait: how long fake_helper_read() waits, in jiffies; 0 if it does not wait
 *
 * Return: 0 or an errno.
 */
int fake_helper_open(struct fake_helper *h, struct ditto_server *srv, long wait);

/* Closes the socket, if it is open. */
void fake_helper_close(struct fake_helper *h);

/**
 * fake_helper_start - let a thread answer, and register the helper
 * @h: the helper, whose socket is not open
 * @srv: the server that it serves
 * @asked: called for each request, which it answers
 *
 * Return: 0 or an errno. fake_helper_stop() is called in either case.
 */
int fake_helper_start(struct fake_helper *h, struct ditto_server *srv,
		      void (*asked)(struct fake_helper *h));

/* The helper goes away, and its thread ends. Nothing is done if it was not started. */
void fake_helper_stop(struct fake_helper *h);

/* Reads the next request into @message. Return: false if none comes. */
bool fake_helper_read(struct fake_helper *h);

/* The number of the last request, for the answer. */
static inline u64 fake_helper_serial(const struct fake_helper *h)
{
	return nla_get_u64(h->attrs[DITTO_A_UPCALL_ID]);
}

/* The kind of the last request. */
static inline u32 fake_helper_type(const struct fake_helper *h)
{
	return nla_get_u32(h->attrs[DITTO_A_UPCALL_TYPE]);
}

/* Answers the request with the number @serial by an errno, which is positive, or by 0. */
void fake_helper_answer(const struct fake_helper *h, u64 serial, u32 err);

#endif
