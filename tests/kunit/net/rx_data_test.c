// SPDX-License-Identifier: GPL-2.0-only
/* Bytes taken from a socket, over the loopback interface. */
#include <kunit/test.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../../../net/rx_data.h"
#include "../await.h"
#include "tcp_pair.h"

#define BYTES	SZ_256K
#define SHORT	100	/* bytes of which no segment is worth being held */
#define MANY	(200 * SHORT)

struct ends {
	struct tcp_pair pair;
	u8 *sent;
	u8 *got;
};

static int rx_data_test_init(struct kunit *test)
{
	struct ends *ends = kunit_kzalloc(test, sizeof(*ends), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ends);
	test->priv = ends;
	ends->sent = kvmalloc(BYTES, GFP_KERNEL);
	ends->got = kvmalloc(BYTES, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, ends->sent && ends->got);
	for (u32 i = 0; i < BYTES; i++)
		ends->sent[i] = i * 7 + i / 256;
	tcp_pair_connect(test, &ends->pair);
	return 0;
}

static void rx_data_test_exit(struct kunit *test)
{
	struct ends *ends = test->priv;

	if (!ends)
		return;
	tcp_pair_release(&ends->pair);
	kvfree(ends->sent);
	kvfree(ends->got);
}

static void ends_send(struct kunit *test, u32 from, u32 len)
{
	struct ends *ends = test->priv;

	tcp_pair_send(test, &ends->pair, ends->sent + from, len);
}

/* Take so many bytes, waiting until they have arrived. */
static void ends_take(struct kunit *test, struct ditto_rx_data *taken, u32 len)
{
	struct ends *ends = test->priv;

	while (len) {
		int n;

		KUNIT_ASSERT_TRUE(test, await((n = ditto_rx_data_receive(taken, ends->pair.receiver,
									 len))));
		KUNIT_ASSERT_GT(test, n, 0);
		KUNIT_ASSERT_LE(test, n, len);
		len -= n;
	}
}

/* Are the bytes that were taken those that were sent? */
static void ends_compare(struct kunit *test, const struct ditto_rx_data *taken, u32 from, u32 len)
{
	struct ends *ends = test->priv;
	struct iov_iter iter;

	KUNIT_ASSERT_EQ(test, taken->bytes, len);
	ditto_rx_data_iter(taken, &iter);
	KUNIT_ASSERT_EQ(test, copy_from_iter(ends->got, len, &iter), len);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 0);
	KUNIT_EXPECT_EQ(test, memcmp(ends->got, ends->sent + from, len), 0);
}

static void long_segments_are_held(struct kunit *test)
{
	struct ditto_rx_data *taken = ditto_rx_data_new();

	KUNIT_ASSERT_NOT_NULL(test, taken);
	for (u32 at = 0; at < BYTES; at += SZ_64K) {
		ends_send(test, at, SZ_64K);
		ends_take(test, taken, SZ_64K);
	}
	ends_compare(test, taken, 0, BYTES);
	KUNIT_EXPECT_GT(test, skb_queue_len_lockless(&taken->skbs), 0);
	ditto_rx_data_free(taken);
}

/* What is held does not grow with the number of segments. */
static void short_segments_are_copied(struct kunit *test)
{
	struct ditto_rx_data *taken = ditto_rx_data_new();

	KUNIT_ASSERT_NOT_NULL(test, taken);
	for (u32 at = 0; at < MANY; at += SHORT) {
		ends_send(test, at, SHORT);
		ends_take(test, taken, SHORT);
	}
	ends_compare(test, taken, 0, MANY);
	KUNIT_EXPECT_EQ(test, skb_queue_len_lockless(&taken->skbs), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&taken->pages), DIV_ROUND_UP(MANY, PAGE_SIZE));
	ditto_rx_data_free(taken);
}

/* One segment ends a message and begins the next one; some of it was received otherwise. */
static void parts_of_segments(struct kunit *test)
{
	static const u32 cuts[] = { 0, 1, 5000, 5001, 40000, 64000, SZ_64K };
	struct ends *ends = test->priv;
	struct ditto_rx_data *taken;

	ends_send(test, 0, SZ_64K);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(cuts); i++) {
		taken = ditto_rx_data_new();
		KUNIT_ASSERT_NOT_NULL(test, taken);
		ends_take(test, taken, cuts[i + 1] - cuts[i]);
		ends_compare(test, taken, cuts[i], cuts[i + 1] - cuts[i]);
		ditto_rx_data_free(taken);
	}
	taken = ditto_rx_data_new();
	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_ASSERT_EQ(test, ditto_rx_data_add(taken, ends->sent, 10000), 0);
	ends_send(test, 10000, SZ_64K);
	ends_take(test, taken, SZ_64K);
	ends_compare(test, taken, 0, 10000 + SZ_64K);
	ditto_rx_data_free(taken);
}

/* A segment of several messages is held for each of them: its bytes are not copied. */
static void shared_segments_are_held(struct kunit *test)
{
	struct ditto_rx_data *first = ditto_rx_data_new(), *last = ditto_rx_data_new();

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, last);
	ends_send(test, 0, SZ_64K);
	ends_take(test, first, SZ_16K);
	ends_take(test, last, SZ_64K - SZ_16K - SZ_4K);
	ends_compare(test, first, 0, SZ_16K);
	ends_compare(test, last, SZ_16K, SZ_64K - SZ_16K - SZ_4K);
	KUNIT_EXPECT_TRUE(test, list_empty(&first->pages));
	KUNIT_EXPECT_TRUE(test, list_empty(&last->pages));
	ditto_rx_data_free(first);
	ditto_rx_data_free(last);
}

static void ends_of_connections(struct kunit *test)
{
	struct ditto_rx_data *taken = ditto_rx_data_new();
	struct ends *ends = test->priv;
	struct socket *sock = ends->pair.receiver;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_EXPECT_TRUE(test, ditto_can_take(sock));
	KUNIT_EXPECT_EQ(test, ditto_rx_data_receive(taken, sock, 1), 0);
	ends_send(test, 0, SHORT);
	kernel_sock_shutdown(ends->pair.sender, SHUT_RDWR);
	ends_take(test, taken, SHORT);
	KUNIT_ASSERT_TRUE(test, await(READ_ONCE(sock->sk->sk_shutdown) & RCV_SHUTDOWN));
	KUNIT_EXPECT_EQ(test, ditto_rx_data_receive(taken, sock, 1), -ECONNRESET);
	ends_compare(test, taken, 0, SHORT);
	ditto_rx_data_free(taken);
}

/* TCP gives what is in front of an urgent byte only. */
static void urgent_data(struct kunit *test)
{
	struct ditto_rx_data *taken = ditto_rx_data_new();
	struct ends *ends = test->priv;
	struct kvec vec = { .iov_base = ends->sent, .iov_len = 1 };
	struct msghdr msg = { .msg_flags = MSG_OOB };
	int n;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_ASSERT_EQ(test, kernel_sendmsg(ends->pair.sender, &msg, &vec, 1, 1), 1);
	KUNIT_ASSERT_TRUE(test, await((n = ditto_rx_data_receive(taken, ends->pair.receiver, 1))));
	KUNIT_EXPECT_EQ(test, n, -EPROTO);
	ditto_rx_data_free(taken);
}

/* Copy what has arrived behind @from. */
static int ends_copy(struct ends *ends, u32 from, u32 len)
{
	struct sock *sk = ends->pair.receiver->sk;
	int n;

	lock_sock(sk);
	n = ditto_copy_arrived(sk, from, ends->got, len);
	release_sock(sk);
	return n;
}

/* Bytes are copied from anywhere, over the ends of segments, and stay where they are. */
static void arrived_are_copied(struct kunit *test)
{
	struct ditto_rx_data *taken = ditto_rx_data_new();
	struct ends *ends = test->priv;
	const u32 all = SHORT + SZ_64K + SHORT;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_EXPECT_EQ(test, ends_copy(ends, 0, SHORT), 0);
	ends_send(test, 0, SHORT);
	ends_send(test, SHORT, SZ_64K);
	ends_send(test, SHORT + SZ_64K, SHORT);
	KUNIT_ASSERT_TRUE(test, await(tcp_inq(ends->pair.receiver->sk) == all));
	for (u32 from = 0; from < all; from += SHORT / 2 + from) {
		u32 len = min(3 * SHORT, all - from);

		KUNIT_ASSERT_EQ(test, ends_copy(ends, from, 3 * SHORT), len);
		KUNIT_EXPECT_EQ(test, memcmp(ends->got, ends->sent + from, len), 0);
	}
	KUNIT_EXPECT_EQ(test, ends_copy(ends, 0, BYTES), all);
	KUNIT_EXPECT_EQ(test, memcmp(ends->got, ends->sent, all), 0);
	KUNIT_EXPECT_EQ(test, ends_copy(ends, all, SHORT), 0);
	ends_take(test, taken, all);
	ends_compare(test, taken, 0, all);
	KUNIT_EXPECT_EQ(test, ends_copy(ends, 0, SHORT), 0);
	ditto_rx_data_free(taken);
}

/* A segment of one piece and a list of others, as reassembled fragments of IP are. */
static struct sk_buff *fragments_make(struct kunit *test, const u8 *bytes, u32 len)
{
	struct sk_buff *skb = alloc_skb(0, GFP_KERNEL), *rest = alloc_skb(len, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, skb && rest && page);
	memcpy(page_address(page), bytes, len);
	skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
	skb_put_data(rest, bytes + len, len);
	skb_shinfo(skb)->frag_list = rest;
	skb->len += len;
	skb->data_len += len;
	return skb;
}

static void fragments_are_copied(struct kunit *test)
{
	struct ends *ends = test->priv;
	struct sock *sk = ends->pair.receiver->sk;
	struct sk_buff *skb = fragments_make(test, ends->sent, SHORT);

	lock_sock(sk);
	TCP_SKB_CB(skb)->seq = tcp_sk(sk)->copied_seq;
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	for (u32 from = 0; from < 2 * SHORT; from += SHORT / 4) {
		u32 len = min(SHORT, 2 * SHORT - from);

		memset(ends->got, 0, SHORT);
		KUNIT_EXPECT_EQ(test, ditto_copy_arrived(sk, from, ends->got, SHORT), len);
		KUNIT_EXPECT_EQ(test, memcmp(ends->got, ends->sent + from, len), 0);
	}
	__skb_unlink(skb, &sk->sk_receive_queue);
	release_sock(sk);
	kfree_skb(skb);
}

static struct kunit_case rx_data_cases[] = {
	KUNIT_CASE(long_segments_are_held),
	KUNIT_CASE(short_segments_are_copied),
	KUNIT_CASE(parts_of_segments),
	KUNIT_CASE(shared_segments_are_held),
	KUNIT_CASE(ends_of_connections),
	KUNIT_CASE(urgent_data),
	KUNIT_CASE(arrived_are_copied),
	KUNIT_CASE(fragments_are_copied),
	{}
};

static struct kunit_suite rx_data_suite = {
	.name = "ditto_rx_data",
	.init = rx_data_test_init,
	.exit = rx_data_test_exit,
	.test_cases = rx_data_cases,
};

kunit_test_suite(rx_data_suite);
