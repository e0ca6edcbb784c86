// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor of the benchmarks: a loop that answers every call with success and zeros,
 * and does nothing else. It takes all that has arrived with one receive and answers it with
 * one send. What a server takes beyond this is its own.
 *
 * It listens in the network namespace of whoever loads the module, and serves one
 * connection after the other.
 *
 * Locking: floor_lock covers @conn of the one loop, the connection that is served.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bvec.h>
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#define RPC_LAST_FRAGMENT	BIT(31)
#define SMB_HEADER		64
#define SMB_RESPONSE		BIT(0)
/*
 * All of a call that is looked at: record mark and header of SMB ([MS-SMB2] section 2.2.1.2).
 * The generator's calls of RPC are no shorter.
 */
#define FLOOR_HEAD		(sizeof(__be32) + SMB_HEADER)
/* Of an accepted reply of RPC (RFC 5531 section 9). */
#define RPC_REPLY_SIZE		24
#define FLOOR_REPLY_MAX		(1024 * 1024 + 64 * 1024)
#define FLOOR_BATCH		64
#define FLOOR_BUFFER		(1024 * 1024)
/* Longer replies are sent from pages that are not copied. */
#define FLOOR_COPY_MAX		(16 * 1024)

static ushort port = 2049;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "TCP port to listen on");

static uint reply = RPC_REPLY_SIZE;
module_param(reply, uint, 0644);
MODULE_PARM_DESC(reply, "bytes of a reply, without its record mark");

/**
 * struct floor - the loop and its memory
 * @net: name space that is listened in
 * @listener: listening socket
 * @conn: the connection that is served, or NULL
 * @buf: what is received, FLOOR_BUFFER bytes
 * @zeros: a page of zeros, which makes up the rest of every reply
 * @head: the beginning of the record that is being received
 * @have: bytes of @head
 * @left: bytes of the record that are still to come, behind @head
 * @replies: heads of the replies that are due, record mark included
 * @size: bytes of each of them: all calls of a connection are of one protocol
 * @due: how many of them
 * @vec: for sending them
 * @pages: for sending a long reply
 */
struct floor {
	struct net *net;
	struct socket *listener;
	struct socket *conn;
	u8 *buf;
	struct page *zeros;
	u8 head[FLOOR_HEAD];
	size_t have;
	size_t left;
	u8 replies[FLOOR_BATCH][FLOOR_HEAD];
	size_t size;
	unsigned int due;
	struct kvec vec[FLOOR_BATCH * (1 + FLOOR_COPY_MAX / PAGE_SIZE + 1)];
	struct bio_vec pages[FLOOR_REPLY_MAX / PAGE_SIZE + 1];
};

static DEFINE_MUTEX(floor_lock);
static struct floor *floor;
static struct task_struct *floor_task;

static int floor_send(struct floor *f, struct msghdr *msg)
{
	int sent;

	while (msg_data_left(msg)) {
		sent = sock_sendmsg(f->conn, msg);
		if (sent <= 0)
			return sent ?: -EPIPE;
	}
	return 0;
}

/* A long reply: the head by copy, then @rest bytes of zeros from pages. */
static int floor_send_long(struct floor *f, void *head, size_t rest)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | MSG_MORE };
	struct kvec vec = { .iov_base = head, .iov_len = f->size };
	size_t n, len;
	int err;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, f->size);
	err = floor_send(f, &msg);
	if (err)
		return err;
	for (n = 0, len = rest; len; n++) {
		bvec_set_page(&f->pages[n], f->zeros, min(len, PAGE_SIZE), 0);
		len -= f->pages[n].bv_len;
	}
	msg = (struct msghdr) { .msg_flags = MSG_NOSIGNAL | MSG_SPLICE_PAGES };
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, f->pages, n, rest);
	return floor_send(f, &msg);
}

/* Bytes of a reply behind its head. */
static size_t floor_rest(const struct floor *f)
{
	size_t head = f->size - sizeof(__be32);

	return clamp_t(size_t, READ_ONCE(reply), head, FLOOR_REPLY_MAX) - head;
}

/* Send the replies that are due. */
static int floor_flush(struct floor *f)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	size_t len, nvec = 0, rest = floor_rest(f);
	unsigned int i;
	int err = 0;

	for (i = 0; i < f->due; i++) {
		if (rest > FLOOR_COPY_MAX) {
			err = floor_send_long(f, f->replies[i], rest);
			if (err)
				return err;
			continue;
		}
		f->vec[nvec].iov_base = f->replies[i];
		f->vec[nvec++].iov_len = f->size;
		for (len = rest; len; nvec++) {
			f->vec[nvec].iov_base = page_address(f->zeros);
			f->vec[nvec].iov_len = min(len, PAGE_SIZE);
			len -= f->vec[nvec].iov_len;
		}
	}
	if (nvec) {
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, f->vec, nvec, f->due * (f->size + rest));
		err = floor_send(f, &msg);
	}
	f->due = 0;
	return err;
}

/* Note the reply to the call whose head was received: its header if it is of SMB. */
static void floor_answer(struct floor *f)
{
	bool smb = !memcmp(f->head + sizeof(__be32), "\xfeSMB", 4);
	u8 *p = f->replies[f->due++];

	f->size = sizeof(__be32) + (smb ? SMB_HEADER : RPC_REPLY_SIZE);
	if (smb) {
		memcpy(p, f->head, f->size);
		put_unaligned_le32(0, p + 4 + 8);		/* success */
		put_unaligned_le32(SMB_RESPONSE, p + 4 + 16);
		put_unaligned_le32(0, p + 4 + 20);		/* nothing is chained */
	} else {
		memset(p, 0, f->size);
		memcpy(p + 4, f->head + 4, 4);			/* xid */
		put_unaligned_be32(1, p + 8);			/* a reply */
	}
	put_unaligned_be32((smb ? 0 : RPC_LAST_FRAGMENT) | (f->size - 4 + floor_rest(f)), p);
}

/* Take the calls out of @got bytes of the buffer, and answer those that are complete. */
static int floor_calls(struct floor *f, size_t got)
{
	size_t pos = 0, n;
	u32 mark;
	int err;

	while (pos < got) {
		if (f->have < FLOOR_HEAD) {
			n = min(FLOOR_HEAD - f->have, got - pos);
			memcpy(f->head + f->have, f->buf + pos, n);
			f->have += n;
			pos += n;
			if (f->have < FLOOR_HEAD)
				break;
			mark = be32_to_cpup((__be32 *)f->head);
			f->left = mark & ~RPC_LAST_FRAGMENT;
			if (f->left < FLOOR_HEAD - sizeof(mark))
				return -EBADMSG;
			f->left -= FLOOR_HEAD - sizeof(mark);
		}
		n = min(f->left, got - pos);
		f->left -= n;
		pos += n;
		if (f->left)
			break;
		f->have = 0;
		floor_answer(f);
		if (f->due == FLOOR_BATCH) {
			err = floor_flush(f);
			if (err)
				return err;
		}
	}
	return f->due ? floor_flush(f) : 0;
}

/* Answer calls until the client closes the connection. */
static void floor_serve(struct floor *f)
{
	struct kvec vec = { .iov_base = f->buf, .iov_len = FLOOR_BUFFER };
	int got;

	f->have = 0;
	f->due = 0;
	tcp_sock_set_nodelay(f->conn->sk);
	for (;;) {
		struct msghdr msg = {};

		got = kernel_recvmsg(f->conn, &msg, &vec, 1, FLOOR_BUFFER, 0);
		if (got <= 0 || floor_calls(f, got))
			return;
	}
}

static int floor_thread(void *arg)
{
	struct floor *f = arg;
	struct socket *conn;

	while (!kthread_should_stop() && !kernel_accept(f->listener, &conn, 0)) {
		mutex_lock(&floor_lock);
		f->conn = conn;
		mutex_unlock(&floor_lock);
		floor_serve(f);
		mutex_lock(&floor_lock);
		f->conn = NULL;
		mutex_unlock(&floor_lock);
		sock_release(conn);
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ / 10);
	return 0;
}

static int floor_listen(struct floor *f)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	int err;

	err = sock_create_kern(f->net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &f->listener);
	if (err)
		return err;
	sock_set_reuseaddr(f->listener->sk);
	err = kernel_bind(f->listener, (struct sockaddr_unsized *)&sin, sizeof(sin));
	return err ?: kernel_listen(f->listener, 8);
}

static void floor_free(struct floor *f)
{
	if (f->listener)
		sock_release(f->listener);
	if (f->zeros)
		__free_page(f->zeros);
	kvfree(f->buf);
	put_net(f->net);
	kvfree(f);
}

static int __init floor_init(void)
{
	struct floor *f;
	int err = -ENOMEM;

	f = kvzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return err;
	f->net = get_net(current->nsproxy->net_ns);
	f->buf = kvmalloc(FLOOR_BUFFER, GFP_KERNEL);
	f->zeros = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!f->buf || !f->zeros)
		goto fail;
	err = floor_listen(f);
	if (err)
		goto fail;
	floor_task = kthread_run(floor_thread, f, "ditto_floor");
	err = PTR_ERR_OR_ZERO(floor_task);
	if (err)
		goto fail;
	floor = f;
	return 0;

fail:
	floor_free(f);
	return err;
}

static void __exit floor_exit(void)
{
	kernel_sock_shutdown(floor->listener, SHUT_RDWR);
	mutex_lock(&floor_lock);
	if (floor->conn)
		kernel_sock_shutdown(floor->conn, SHUT_RDWR);
	mutex_unlock(&floor_lock);
	kthread_stop(floor_task);
	floor_free(floor);
}

module_init(floor_init);
module_exit(floor_exit);

MODULE_DESCRIPTION("A loop that answers calls of RPC and SMB with nothing");
MODULE_LICENSE("GPL");
