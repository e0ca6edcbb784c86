// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes taken from a TCP socket without a copy. See rx_data.h.
 *
 * Memory is allocated while the socket is locked, so reclaim must not wait for a file system that
 * this socket may serve.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "rx_data.h"

/* Entries that are allocated first: enough for 1 MiB from a machine that sends large segments. */
#define VEC_FIRST	64
/* Pieces shorter than this are copied, so the entries for them do not cost more than the bytes. */
#define PIECE_MIN	512

/**
 * ditto_rx_data_new - begin to take bytes
 *
 * Context: may sleep for memory.
 * Return: nothing taken; or NULL without memory.
 */
struct ditto_rx_data *ditto_rx_data_new(void)
{
	struct ditto_rx_data *taken = kzalloc(sizeof(*taken), GFP_KERNEL);

	if (!taken)
		return NULL;
	__skb_queue_head_init(&taken->skbs);
	INIT_LIST_HEAD(&taken->pages);
	return taken;
}
EXPORT_SYMBOL_NS_GPL(ditto_rx_data_new, "DITTO");

/**
 * ditto_rx_data_free - release the bytes
 * @taken: from ditto_rx_data_new(); may be NULL
 *
 * Context: process or softirq; does not sleep.
 */
void ditto_rx_data_free(struct ditto_rx_data *taken)
{
	struct page *page, *next;

	if (!taken)
		return;
	__skb_queue_purge(&taken->skbs);
	list_for_each_entry_safe(page, next, &taken->pages, lru)
		__free_page(page);
	kvfree(taken->vec);
	kfree(taken);
}
EXPORT_SYMBOL_NS_GPL(ditto_rx_data_free, "DITTO");

/* Make room for @more entries. */
static int rx_data_grow(struct ditto_rx_data *taken, unsigned int more)
{
	unsigned int room = max(taken->room, VEC_FIRST);
	struct bio_vec *vec;

	while (room - taken->nvec < more)
		room *= 2;
	if (room == taken->room)
		return 0;
	vec = kvrealloc(taken->vec, room * sizeof(*vec), GFP_NOIO);
	if (!vec)
		return -ENOMEM;
	taken->vec = vec;
	taken->room = room;
	return 0;
}

/* Append a piece, for which there is room, and which may continue the last one. */
static void rx_data_append(struct ditto_rx_data *taken, struct page *page, u32 offset, u32 len)
{
	struct bio_vec *last = taken->nvec ? &taken->vec[taken->nvec - 1] : NULL;

	taken->bytes += len;
	if (last && last->bv_page == page && last->bv_offset + last->bv_len == offset)
		last->bv_len += len;
	else
		bvec_set_page(&taken->vec[taken->nvec++], page, len, offset);
}

/* The page to which bytes are copied next; it has room for at least one. */
static struct page *rx_data_page(struct ditto_rx_data *taken)
{
	struct page *page;

	if (!list_empty(&taken->pages) && taken->copied < PAGE_SIZE)
		return list_last_entry(&taken->pages, struct page, lru);
	page = alloc_page(GFP_NOIO);
	if (!page)
		return NULL;
	list_add_tail(&page->lru, &taken->pages);
	taken->memory += PAGE_SIZE;
	taken->copied = 0;
	return page;
}

/* Where a piece is copied next, and up to how many bytes; NULL without memory. */
static void *rx_data_place(struct ditto_rx_data *taken, struct page **page, u32 *len)
{
	*page = rx_data_grow(taken, 1) ? NULL : rx_data_page(taken);
	if (!*page)
		return NULL;
	*len = min_t(u32, *len, PAGE_SIZE - taken->copied);
	return page_address(*page) + taken->copied;
}

static void rx_data_was_copied(struct ditto_rx_data *taken, struct page *page, u32 len)
{
	rx_data_append(taken, page, taken->copied, len);
	taken->copied += len;
}

/**
 * ditto_rx_data_add - copy bytes that were received otherwise behind those that were taken
 * @taken: from ditto_rx_data_new()
 * @data: the bytes
 * @len: their number
 *
 * Context: may sleep for memory.
 * Return: 0 or -ENOMEM; then some of the bytes may have been added.
 */
int ditto_rx_data_add(struct ditto_rx_data *taken, const void *data, u32 len)
{
	while (len) {
		struct page *page;
		u32 part = len;
		void *place = rx_data_place(taken, &page, &part);

		if (!place)
			return -ENOMEM;
		memcpy(place, data, part);
		rx_data_was_copied(taken, page, part);
		data += part;
		len -= part;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_rx_data_add, "DITTO");

/**
 * ditto_can_take - can bytes be taken from a socket?
 * @sock: the socket
 *
 * They cannot if TCP is not what the caller receives from, as with TLS in the kernel.
 *
 * Context: any; the socket's protocol does not change at the same time.
 * Return: true if ditto_rx_data_receive() can be called.
 */
bool ditto_can_take(const struct socket *sock)
{
	return sk_is_tcp(sock->sk) && !inet_csk(sock->sk)->icsk_ulp_ops;
}
EXPORT_SYMBOL_NS_GPL(ditto_can_take, "DITTO");

/* Copy the beginning of a part of a segment. Return: the number of bytes, or -ENOMEM. */
static int rx_data_copy(struct ditto_rx_data *taken, struct sk_buff *skb, u32 offset, u32 len)
{
	struct page *page;
	void *place = rx_data_place(taken, &page, &len);
	int err;

	if (!place)
		return -ENOMEM;
	err = skb_copy_bits(skb, offset, place, len);
	if (err)
		return err;
	rx_data_was_copied(taken, page, len);
	return len;
}

/* Append the part of a piece that lies in @offset and @len of its segment, which are updated. */
static void rx_data_piece(struct ditto_rx_data *taken, struct page *page, u32 start, u32 size,
			  u32 *offset, u32 *len)
{
	u32 part;

	if (*offset >= size) {
		*offset -= size;
		return;
	}
	part = min(*len, size - *offset);
	if (part)
		rx_data_append(taken, page, start + *offset, part);
	*offset = 0;
	*len -= part;
}

/*
 * A segment is lean if holding it costs little beside @len of its bytes. @edge: it has the first or
 * the last bytes that are taken, and may have others of the sender's in front of them or behind.
 */
static bool segment_is_lean(const struct sk_buff *skb, u32 len, bool edge)
{
	return skb->truesize <= len * (edge ? DITTO_TAKEN_WASTE_EDGE : DITTO_TAKEN_WASTE) &&
	       !skb_has_frag_list(skb) && skb_frags_readable(skb) &&
	       len / (skb_shinfo(skb)->nr_frags + 1) >= PIECE_MIN;
}

/* Hold a segment and append a part of it. */
static int rx_data_hold(struct ditto_rx_data *taken, struct sk_buff *skb, u32 offset, u32 len)
{
	struct skb_shared_info *shared;
	struct sk_buff *clone;
	u32 left = len;

	if (rx_data_grow(taken, MAX_SKB_FRAGS + 1))
		return -ENOMEM;
	clone = skb_clone(skb, GFP_NOIO);
	if (!clone)
		return -ENOMEM;
	__skb_queue_tail(&taken->skbs, clone);
	taken->memory += clone->truesize;
	shared = skb_shinfo(clone);
	rx_data_piece(taken, virt_to_page(clone->data), offset_in_page(clone->data),
		      skb_headlen(clone), &offset, &left);
	for (unsigned int i = 0; i < shared->nr_frags && left; i++) {
		const skb_frag_t *frag = &shared->frags[i];

		rx_data_piece(taken, skb_frag_page(frag), skb_frag_off(frag), skb_frag_size(frag),
			      &offset, &left);
	}
	return len;
}

/* Called by TCP for the bytes that are there, in order, with the socket locked. */
static int take_segment(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset,
			size_t there)
{
	struct ditto_rx_data *taken = desc->arg.data;
	u32 len = min(there, desc->count);
	bool edge = !taken->bytes || len == desc->count;
	int n;

	if (!len)
		return 0;
	n = segment_is_lean(skb, len, edge) ? rx_data_hold(taken, skb, offset, len) :
					      rx_data_copy(taken, skb, offset, len);
	if (n < 0) {
		desc->error = n;
		return 0;
	}
	desc->count -= n;
	return n;
}

/* Most segments with requests are one piece. */
static int copy_segment(const struct sk_buff *skb, u32 offset, void *data, u32 len)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	const void *piece = NULL;

	if (likely(!skb_headlen(skb) && shared->nr_frags == 1 && !shared->frag_list &&
		   skb_frags_readable(skb)))
		piece = skb_frag_address_safe(&shared->frags[0]);
	if (unlikely(!piece || offset + len > skb_frag_size(&shared->frags[0])))
		return skb_copy_bits(skb, offset, data, len);
	memcpy(data, piece + offset, len);
	return 0;
}

/**
 * ditto_copy_arrived - copy bytes that have arrived, and leave them in the socket
 * @sk: ditto_can_take() allows it, and it has no urgent data
 * @from: number of bytes to leave out before them
 * @data: room for them
 * @len: bytes of room
 *
 * Context: any; the caller has locked the socket.
 * Return: the number of bytes, which may be 0; or an errno.
 */
int ditto_copy_arrived(struct sock *sk, u32 from, void *data, u32 len)
{
	u32 seq = tcp_sk(sk)->copied_seq + from, have = 0;
	struct sk_buff *skb;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		u32 offset = seq - TCP_SKB_CB(skb)->seq, n;
		int err;

		if (offset >= skb->len)
			continue;
		n = min(skb->len - offset, len - have);
		err = copy_segment(skb, offset, data + have, n);
		if (err)
			return err;
		have += n;
		seq += n;
		if (have == len)
			break;
	}
	return have;
}
EXPORT_SYMBOL_NS_GPL(ditto_copy_arrived, "DITTO");

/**
 * ditto_sock_end - tell why a socket without bytes will have no more
 * @sk: a TCP socket; its error is taken
 *
 * Context: any; the caller has locked the socket.
 * Return: 0 if more may come; -ECONNRESET, or the socket's error.
 */
int ditto_sock_end(struct sock *sk)
{
	int err = sock_error(sk);

	if (!err && ((sk->sk_shutdown & RCV_SHUTDOWN) || sk->sk_state == TCP_CLOSE))
		err = -ECONNRESET;
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_sock_end, "DITTO");

/**
 * ditto_rx_data_receive - take bytes that have arrived
 * @taken: from ditto_rx_data_new()
 * @sock: ditto_can_take() allows it
 * @want: number of bytes to take at most
 *
 * Context: may sleep for memory and for the lock of the socket, but does not wait for bytes.
 * Return: the number of bytes taken; 0 if there are none now; -ECONNRESET if none will come,
 * -EPROTO if the sender used TCP's urgent data, -ENOMEM if there is no memory for the next ones, or
 * another errno of the socket.
 */
int ditto_rx_data_receive(struct ditto_rx_data *taken, struct socket *sock, u32 want)
{
	read_descriptor_t desc = { .arg.data = taken, .count = want };
	struct sock *sk = sock->sk;
	int n;

	lock_sock(sk);
	n = tcp_read_sock(sk, &desc, take_segment);
	if (!n)
		n = desc.error ?: ditto_sock_end(sk);
	/* TCP gives nothing behind an urgent byte until that was received. */
	if (!n && tcp_sk(sk)->urg_data)
		n = -EPROTO;
	release_sock(sk);
	return n;
}
EXPORT_SYMBOL_NS_GPL(ditto_rx_data_receive, "DITTO");

/**
 * ditto_report_from - let a socket report only when bytes are worth it (SO_RCVLOWAT)
 * @sock: a TCP socket
 * @missing: bytes that the receiver waits for; 0 if any are welcome
 *
 * Context: may sleep for the lock of the socket.
 */
void ditto_report_from(struct socket *sock, u32 missing)
{
	u32 bytes = clamp_t(u32, missing, 1, DITTO_REPORT_MAX);
	struct sock *sk = sock->sk;

	if (READ_ONCE(sk->sk_rcvlowat) == bytes)
		return;
	lock_sock(sk);
	READ_ONCE(sock->ops)->set_rcvlowat(sk, bytes);
	release_sock(sk);
}
EXPORT_SYMBOL_NS_GPL(ditto_report_from, "DITTO");

/**
 * ditto_rx_data_iter - read all bytes that were taken
 * @taken: from ditto_rx_data_new()
 * @iter: filled; valid until the bytes are released
 *
 * Context: any.
 */
void ditto_rx_data_iter(const struct ditto_rx_data *taken, struct iov_iter *iter)
{
	iov_iter_bvec(iter, ITER_SOURCE, taken->vec, taken->nvec, taken->bytes);
}
EXPORT_SYMBOL_NS_GPL(ditto_rx_data_iter, "DITTO");
