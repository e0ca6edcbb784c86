// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls whose payload is received apart. See large.h.
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/sunrpc/xdr.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "../../../net/rx_data.h"
#include "large.h"

/* Pages of zeros, which a decoder finds in place of the payload. */
static struct page *large_blank[DNFS_MAX_PAYLOAD / PAGE_SIZE] __ro_after_init;

/*
 * Begin to receive a call. @at: bytes of @call, a multiple of four; @len: bytes of the call, a
 * multiple of four. Context: may sleep for memory. Return: the call; NULL if it cannot be received
 * so, or without memory.
 */
struct dnfs_large *dnfs_large_new(const void *call, u32 at, u32 payload, u32 len)
{
	struct dnfs_large *large;
	u32 padded, tail;

	if (payload <= DNFS_DIGEST_MAX || payload > DNFS_MAX_PAYLOAD || at > DNFS_LARGE_AROUND)
		return NULL;
	padded = round_up(payload, XDR_UNIT);
	if (len < at + padded || len - padded > DNFS_LARGE_AROUND)
		return NULL;
	tail = len - at - padded;
	large = kzalloc(struct_size(large, flat, at + DNFS_DIGEST_MAX + tail), GFP_KERNEL);
	if (!large)
		return NULL;
	large->taken = ditto_rx_data_new();
	if (!large->taken) {
		kfree(large);
		return NULL;
	}
	large->at = at;
	large->payload = padded;
	large->tail = tail;
	large->have = at;
	memcpy(large->flat, call, at);
	return large;
}

/*
 * Release the memory of a call. @large: from dnfs_large_new(); may be NULL. Context: process or
 * softirq; does not sleep.
 */
void dnfs_large_free(struct dnfs_large *large)
{
	if (!large)
		return;
	ditto_rx_data_free(large->taken);
	kfree(large);
}

static u8 *large_tail(struct dnfs_large *large)
{
	return large->flat + large->at + DNFS_DIGEST_MAX;
}

/* Bytes of the call that are missing. */
static u32 large_missing(const struct dnfs_large *large)
{
	return large->at + large->payload + large->tail - large->have;
}

/* Receive what is behind the payload, into place. Return: bytes; 0 if there are none now; errno. */
static int large_receive_tail(struct dnfs_large *large, struct socket *sock)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	u32 missing = large_missing(large);
	struct kvec vec = {
		.iov_base = large_tail(large) + large->tail - missing,
		.iov_len = missing,
	};
	int n;

	/* No client of NFS sends urgent data. A byte of what comes later is skipped. */
	if (READ_ONCE(tcp_sk(sock->sk)->urg_data))
		return -EPROTO;
	n = kernel_recvmsg(sock, &msg, &vec, 1, missing, msg.msg_flags);
	if (n == -EAGAIN)
		return 0;
	return n ?: -ECONNRESET;
}

/* The payload is there: copy what digests cover. */
static int large_copy_first(struct dnfs_large *large)
{
	struct iov_iter iter;

	ditto_rx_data_iter(large->taken, &iter);
	return copy_from_iter_full(large->flat + large->at, DNFS_DIGEST_MAX, &iter) ? 0 : -EFAULT;
}

/*
 * Receive what has arrived of a call. The socket does not report less than what is missing of the
 * call, up to a limit, until the call is complete. Context: may sleep for memory and for the lock
 * of the socket, but does not wait for bytes. Return: 1 if the call is complete, 0 if more is to
 * come, or an errno: the connection is of no use then.
 */
int dnfs_large_receive(struct dnfs_large *large, struct socket *sock)
{
	int n = 1;

	while (n > 0 && large_missing(large)) {
		if (large_missing(large) > large->tail)
			n = ditto_rx_data_receive(large->taken, sock,
						  large_missing(large) - large->tail);
		else
			n = large_receive_tail(large, sock);
		if (n > 0)
			large->have += n;
	}
	if (n < 0)
		return n;
	ditto_report_from(sock, large_missing(large));
	if (large_missing(large))
		return 0;
	return large_copy_first(large) ?: 1;
}

/* Find out how much memory a call holds. Context: any. Return: bytes. */
u32 dnfs_large_memory(const struct dnfs_large *large)
{
	return struct_size(large, flat, large->at + DNFS_DIGEST_MAX + large->tail) +
	       large->taken->memory;
}

/* Show a call to decoders. Context: any. */
void dnfs_large_arg(struct dnfs_large *large, struct xdr_buf *arg)
{
	*arg = (struct xdr_buf) {
		.pages = large_blank,
		.page_len = large->payload - DNFS_DIGEST_MAX,
		.len = large->at + large->payload + large->tail,
	};
	arg->head[0].iov_base = large->flat;
	arg->head[0].iov_len = large->at + DNFS_DIGEST_MAX;
	arg->tail[0].iov_base = large_tail(large);
	arg->tail[0].iov_len = large->tail;
	arg->buflen = arg->len;
}

/*
 * Read the payload. @iter: filled; valid until the call is freed. Context: any. Return: false if
 * @data is not the payload.
 */
bool dnfs_large_iter(const struct dnfs_large *large, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter)
{
	if (data->head[0].iov_base != large->flat + large->at || data->tail[0].iov_len ||
	    round_up(data->len, XDR_UNIT) != large->payload || count > data->len)
		return false;
	ditto_rx_data_iter(large->taken, iter);
	iov_iter_truncate(iter, count);
	return true;
}

/* Module initialization. */
void __init dnfs_large_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(large_blank); i++)
		large_blank[i] = ZERO_PAGE(0);
}
