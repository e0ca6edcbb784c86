// SPDX-License-Identifier: GPL-2.0-only
/*
 * One connection of the load generator: calls of RFC 5531 with AUTH_SYS in the
 * records of its section 11, several outstanding, replies in any order.
 *
 * The client is as thin as it can be and the same for every server: it writes
 * all calls that are due with one send and reads what is there with one
 * receive.
 */
#include <linux/in.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>

#include "load.h"

#define RPC_LAST_FRAGMENT	BIT(31)
#define NFS_PROGRAM		100003
/* A server that says nothing for this long has failed. */
#define LOAD_TIMEOUT		(30 * HZ)
/* Room for headers and attributes around the payload of a reply. */
#define LOAD_REPLY_EXTRA	(64 * 1024)

/**
 * struct load_conn - state of a run
 * @run: what it is for
 * @sock: connection
 * @sent: calls made so far
 * @slots: outstanding calls
 * @vec: what is sent next: call and payload of each slot that is due
 * @nvec: how many of @vec are used
 * @buf: what was received
 * @size: of @buf
 * @have: bytes in @buf
 */
struct load_conn {
	struct load_run *run;
	struct socket *sock;
	u32 sent;
	struct load_slot *slots;
	struct kvec vec[2 * LOAD_SLOTS_MAX];
	unsigned int nvec;
	u8 *buf;
	size_t size;
	size_t have;
};

static int load_connect(struct load_conn *conn)
{
	const struct load_run *run = conn->run;
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = run->addr,
		.sin_port = htons(run->port),
	};
	int err;

	err = sock_create_kern(run->net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &conn->sock);
	if (err)
		return err;
	tcp_sock_set_nodelay(conn->sock->sk);
	conn->sock->sk->sk_rcvtimeo = LOAD_TIMEOUT;
	conn->sock->sk->sk_sndtimeo = LOAD_TIMEOUT;
	return kernel_connect(conn->sock, (struct sockaddr *)&sin, sizeof(sin), 0);
}

/*
 * The cost of copying a WRITE's payload depends on its alignment, and servers have handles of
 * different lengths. The machine's name is padded so that the payload has the same alignment for
 * every server.
 */
#define LOAD_NAME_AND_FH	72

static __be32 *load_encode_header(const struct load_run *run, const struct load_slot *slot,
				  __be32 *p)
{
	static const char machine[LOAD_NAME_AND_FH] = "load";
	u32 fh = round_up(run->fh_len, sizeof(*p));
	u32 name = fh < LOAD_NAME_AND_FH ? LOAD_NAME_AND_FH - fh : sizeof(*p);
	const u32 header[] = {
		slot->xid, 0, 2, NFS_PROGRAM, run->op->version, run->op->proc,
		1, 20 + name, 0,	/* AUTH_SYS, bytes of its body: stamp, machine, */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(header); i++)
		*p++ = cpu_to_be32(header[i]);
	p = load_put_opaque(p, machine, name);
	/* uid, gid, no groups; verifier AUTH_NONE. */
	memset(p, 0, 5 * sizeof(*p));
	return p + 5;
}

/* Make the next call in a slot, to be sent by load_flush(). */
static void load_call(struct load_conn *conn, u32 index)
{
	const struct load_run *run = conn->run;
	struct load_slot *slot = &conn->slots[index];
	size_t len, payload = run->op->writes ? run->size : 0;
	u32 n = conn->sent++;
	__be32 *p;

	slot->xid = (n + 1) << LOAD_SLOT_BITS | index;
	slot->index = index;
	slot->seq++;
	p = load_encode_header(run, slot, slot->call + 1);
	p = run->op->encode(run, slot, n, p);
	len = (p - slot->call) * sizeof(*p);
	slot->call[0] = cpu_to_be32(RPC_LAST_FRAGMENT | (len - sizeof(*p) + payload));

	conn->vec[conn->nvec].iov_base = slot->call;
	conn->vec[conn->nvec++].iov_len = len;
	if (payload) {
		conn->vec[conn->nvec].iov_base = run->payload;
		conn->vec[conn->nvec++].iov_len = payload;
	}
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

/* Read one reply. -EBADMSG if it is not one to a call of ours. */
static int load_reply(struct load_conn *conn, const __be32 *p, size_t len)
{
	struct load_run *run = conn->run;
	struct load_reply reply = { .end = p + len / sizeof(*p) };
	struct load_slot *slot;
	u32 index, verf_words;

	if (len < 6 * sizeof(*p))
		return -EBADMSG;
	index = be32_to_cpu(p[0]) & (LOAD_SLOTS_MAX - 1);
	slot = &conn->slots[index];
	if (index >= run->outstanding || !slot->xid || slot->xid != be32_to_cpu(p[0]))
		return -EBADMSG;
	/* A reply, accepted, executed. The verifier is skipped. */
	verf_words = DIV_ROUND_UP(be32_to_cpu(p[4]) & 0xffff, sizeof(*p));
	if (p[1] != cpu_to_be32(1) || p[2] || p + 6 + verf_words > reply.end ||
	    p[5 + verf_words])
		return -EBADMSG;
	reply.p = p + 6 + verf_words;

	slot->xid = 0;
	run->ops++;
	if (run->op->proc) {
		if (reply.p == reply.end)
			return -EBADMSG;
		if (*reply.p++) {
			run->errors++;
			run->status = be32_to_cpu(reply.p[-1]);
		} else if (run->op->result && run->op->result(run, slot, &reply)) {
			return -EBADMSG;
		}
	}
	if (conn->sent < run->count)
		load_call(conn, index);
	return 0;
}

/* Take all complete replies out of the buffer. */
static int load_replies(struct load_conn *conn)
{
	size_t pos = 0, len;
	u32 mark;
	int err;

	while (conn->have - pos >= sizeof(mark)) {
		mark = be32_to_cpup((__be32 *)(conn->buf + pos));
		len = mark & ~RPC_LAST_FRAGMENT;
		if (!(mark & RPC_LAST_FRAGMENT) || len % sizeof(mark) ||
		    len > conn->size - sizeof(mark))
			return -EMSGSIZE;
		if (conn->have - pos - sizeof(mark) < len)
			break;
		pos += sizeof(mark);
		err = load_reply(conn, (__be32 *)(conn->buf + pos), len);
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

static int load_exchange(struct load_conn *conn)
{
	struct load_run *run = conn->run;
	u32 i;
	int err;

	for (i = 0; i < run->outstanding && conn->sent < run->count; i++)
		load_call(conn, i);
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

void load_run_execute(struct load_run *run)
{
	struct load_conn *conn;
	u64 start;

	run->err = -ENOMEM;
	conn = kvzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return;
	conn->run = run;
	conn->size = run->size + LOAD_REPLY_EXTRA;
	conn->buf = kvmalloc(conn->size, GFP_KERNEL);
	conn->slots = kvcalloc(run->outstanding, sizeof(*conn->slots), GFP_KERNEL);
	if (!conn->buf || !conn->slots)
		goto out;
	run->err = load_connect(conn);
	if (run->err)
		goto out;
	start = ktime_get_ns();
	run->err = load_exchange(conn);
	run->ns = ktime_get_ns() - start;
out:
	if (conn->sock)
		sock_release(conn->sock);
	kvfree(conn->slots);
	kvfree(conn->buf);
	kvfree(conn);
}
