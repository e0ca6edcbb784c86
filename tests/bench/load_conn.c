// SPDX-License-Identifier: GPL-2.0-only
/*
 * One connection of the load generator: calls in records that begin with their length,
 * several outstanding, replies in any order.
 *
 * The client is as thin as it can be and the same for every server: it writes
 * all calls that are due with one send and reads what is there with one
 * receive.
 */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/sock.h>

#include "load.h"

/* Length of a record: RFC 5531 section 11, [MS-SMB2] section 2.1. The top bits are flags. */
#define RECORD_LEN_MASK		(BIT(24) - 1)
/* A server that says nothing for this long has failed. */
#define LOAD_TIMEOUT		(30 * HZ)
/* Room for headers and attributes around the payload of a reply. */
#define LOAD_REPLY_EXTRA	(64 * 1024)

/**
 * struct load_conn - state of a run
 * @run: what it is for
 * @proto: how calls and replies are made up
 * @guard: signs and encrypts, or NULL
 * @sock: connection
 * @sent: calls made so far
 * @slots: outstanding calls
 * @vec: what is sent next: call and payload of each slot that is due
 * @nvec: how many of @vec are used
 * @buf: what was received; physically contiguous
 * @size: of @buf
 * @have: bytes in @buf
 */
struct load_conn {
	struct load_run *run;
	const struct load_proto *proto;
	struct load_guard *guard;
	struct socket *sock;
	u32 sent;
	struct load_slot *slots;
	struct kvec vec[2 * LOAD_SLOTS_MAX];
	unsigned int nvec;
	u8 *buf;
	size_t size;
	size_t have;
};

/* A connection of its own, or the one that user space made. */
static int load_connect(struct load_conn *conn)
{
	const struct load_run *run = conn->run;
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = run->addr,
		.sin_port = htons(run->port),
	};
	int err;

	if (run->sock) {
		conn->sock = run->sock;
		return 0;
	}
	err = sock_create_kern(run->net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &conn->sock);
	if (err)
		return err;
	tcp_sock_set_nodelay(conn->sock->sk);
	conn->sock->sk->sk_rcvtimeo = LOAD_TIMEOUT;
	conn->sock->sk->sk_sndtimeo = LOAD_TIMEOUT;
	return kernel_connect(conn->sock, (struct sockaddr_unsized *)&sin, sizeof(sin), 0);
}

/* Make the next call in a slot, to be sent by load_flush(). */
static int load_call(struct load_conn *conn, u32 index)
{
	struct load_run *run = conn->run;
	struct load_slot *slot = &conn->slots[index];
	size_t len, payload = run->op->writes ? run->size : 0;
	struct kvec *vec = &conn->vec[conn->nvec];
	u32 n = conn->sent++;
	int err;

	slot->index = index;
	slot->seq++;
	len = conn->proto->call(run, slot, n, slot->call + 1);
	slot->call[0] = cpu_to_be32(conn->proto->mark | (len + payload));
	vec[0] = (struct kvec) {};
	if (conn->guard) {
		err = load_guard_call(conn->guard, slot, len, run->payload, payload, vec);
		if (err)
			return err;
	}
	conn->nvec++;
	if (vec[0].iov_base)
		return 0;
	vec[0].iov_base = slot->call;
	vec[0].iov_len = sizeof(*slot->call) + len;
	if (payload) {
		vec[1].iov_base = run->payload;
		vec[1].iov_len = payload;
		conn->nvec++;
	}
	return 0;
}

static int load_flush(struct load_conn *conn)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	size_t len = 0;
	unsigned int i;
	int sent;

	for (i = 0; i < conn->nvec; i++)
		len += conn->vec[i].iov_len;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, conn->vec, conn->nvec, len);
	conn->nvec = 0;
	while (msg_data_left(&msg)) {
		sent = sock_sendmsg(conn->sock, &msg);
		if (sent <= 0)
			return sent ?: -EPIPE;
	}
	return 0;
}

/* Read one reply, and make the next call in its slot. */
static int load_reply(struct load_conn *conn, u8 *data, size_t len)
{
	struct load_run *run = conn->run;
	int index, at = 0;

	if (conn->guard) {
		at = load_guard_reply(conn->guard, data, len);
		if (at < 0)
			return at;
	}
	index = conn->proto->reply(run, conn->slots, data + at, len - at);
	if (index < 0)
		return index == -EINPROGRESS ? 0 : index;
	run->ops++;
	run->received += len;
	return conn->sent < run->count ? load_call(conn, index) : 0;
}

/* Take all complete replies out of the buffer. */
static int load_replies(struct load_conn *conn)
{
	size_t pos = 0, len;
	u32 mark;
	int err;

	while (conn->have - pos >= sizeof(mark)) {
		mark = get_unaligned_be32(conn->buf + pos);
		len = mark & RECORD_LEN_MASK;
		if ((mark & ~RECORD_LEN_MASK) != conn->proto->mark ||
		    len > conn->size - sizeof(mark))
			return -EMSGSIZE;
		if (conn->have - pos - sizeof(mark) < len)
			break;
		pos += sizeof(mark);
		err = load_reply(conn, conn->buf + pos, len);
		if (err)
			return err;
		pos += len;
	}
	conn->have -= pos;
	if (pos && conn->have)
		memmove(conn->buf, conn->buf + pos, conn->have);
	return 0;
}

static int load_receive(struct load_conn *conn)
{
	struct kvec vec = {
		.iov_base = conn->buf + conn->have,
		.iov_len = conn->size - conn->have,
	};
	struct msghdr msg = {};
	int got;

	got = kernel_recvmsg(conn->sock, &msg, &vec, 1, vec.iov_len, 0);
	if (got <= 0)
		return got ?: -ECONNRESET;
	conn->have += got;
	return load_replies(conn);
}

/* Make all calls. What is executed from here to load_measured() is counted by tests/vm/blocks.c. */
static noinline int load_exchange(struct load_conn *conn)
{
	struct load_run *run = conn->run;
	u32 i;
	int err;

	for (i = 0; i < run->outstanding && conn->sent < run->count; i++) {
		err = load_call(conn, i);
		if (err)
			return err;
	}
	do {
		if (conn->nvec) {
			err = load_flush(conn);
			if (err)
				return err;
		}
		err = load_receive(conn);
		if (err)
			return err;
	} while (run->ops < run->count);
	return 0;
}

static noinline void load_measured(struct load_run *run, u64 start, u64 cpu)
{
	run->ns = ktime_get_ns() - start;
	run->cpu = current->se.sum_exec_runtime - cpu;
}

void load_run_execute(struct load_run *run)
{
	struct load_conn *conn;
	u64 start, cpu;

	run->err = -ENOMEM;
	conn = kvzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return;
	conn->run = run;
	conn->proto = run->op->version ? &load_proto_rpc : &load_proto_smb;
	conn->size = run->size + LOAD_REPLY_EXTRA;
	conn->buf = kmalloc(conn->size, GFP_KERNEL);
	conn->slots = kvcalloc(run->outstanding, sizeof(*conn->slots), GFP_KERNEL);
	if (!conn->buf || !conn->slots)
		goto out;
	conn->guard = load_guard_new(run);
	run->err = PTR_ERR_OR_ZERO(conn->guard);
	if (run->err)
		goto out;
	run->err = load_connect(conn);
	if (run->err)
		goto out;
	cpu = current->se.sum_exec_runtime;
	start = ktime_get_ns();
	run->err = load_exchange(conn);
	load_measured(run, start, cpu);
out:
	if (conn->sock && conn->sock != run->sock)
		sock_release(conn->sock);
	load_guard_free(conn->guard);
	kvfree(conn->slots);
	kfree(conn->buf);
	kvfree(conn);
}
