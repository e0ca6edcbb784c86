// SPDX-License-Identifier: GPL-2.0-only
/* The reply cache: calls that are executed once, dropped, replayed, forgotten. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/rpc/reply_cache.h"

#define HEADER	24	/* bytes before the results, as an RPC reply has them */

/* A reply being made. */
struct stream {
	struct xdr_stream xdr;
	struct xdr_buf buf;
	__be32 mem[PAGE_SIZE / sizeof(__be32)];
};

struct fixture {
	struct dnfs_replies *replies;
	struct stream out;
};

static void stream_init(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	xdr_buf_init(&s->buf, s->mem, sizeof(s->mem));
	s->buf.head[0].iov_len = 0;
	xdr_init_encode(&s->xdr, &s->buf, s->mem, NULL);
	xdr_reserve_space(&s->xdr, HEADER);
}

static void call_key(struct dnfs_reply_key *key, u32 xid)
{
	memset(key, 0, sizeof(*key));
	key->addr.s6_addr32[2] = htonl(0xffff);
	key->addr.s6_addr32[3] = htonl(0xc0000201);
	key->port = htons(800);
	key->proto = IPPROTO_TCP;
	key->prog = 100003;
	key->vers = 3;
	key->proc = 12;
	key->xid = cpu_to_be32(xid);
	key->len = 100;
	key->sum = 0x1234567890abcdefULL * (xid + 1);
}

static enum dnfs_reply_state cache_begin(struct fixture *f, struct dnfs_reply_key *key,
					 struct dnfs_reply **reply)
{
	stream_init(&f->out);
	return dnfs_reply_begin(f->replies, key, NULL, &f->out.xdr, HEADER, reply);
}

/* Make a call whose results are @words words. */
static void cache_make(struct kunit *test, struct dnfs_reply_key *key, unsigned int words)
{
	struct fixture *f = test->priv;
	struct dnfs_reply *reply;

	KUNIT_ASSERT_EQ(test, cache_begin(f, key, &reply), DNFS_REPLY_NEW);
	for (unsigned int i = 0; i < words; i++)
		xdr_stream_encode_u32(&f->out.xdr, 0xd1770000 + i);
	dnfs_reply_done(f->replies, reply, &f->out.buf, HEADER);
}

static int reply_cache_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->replies = dnfs_replies_alloc();
	KUNIT_ASSERT_NOT_NULL(test, f->replies);
	test->priv = f;
	return 0;
}

static void reply_cache_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	dnfs_replies_free(f->replies);
}

static void replays_reply(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;

	call_key(&key, 1);
	cache_make(test, &key, 30);
	for (unsigned int again = 0; again < 3; again++) {
		KUNIT_ASSERT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_DONE);
		KUNIT_EXPECT_EQ(test, f->out.buf.len, HEADER + 30 * XDR_UNIT);
		for (unsigned int i = 0; i < 30; i++)
			KUNIT_EXPECT_EQ(test, be32_to_cpu(f->out.mem[HEADER / 4 + i]),
					0xd1770000 + i);
	}
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 1);
}

/* Results of which the first @in_head bytes are in the head, and the others in pages. */
static void replay_from_pages(struct kunit *test, u32 xid, unsigned int in_head, unsigned int len)
{
	struct fixture *f = test->priv;
	u8 *results = kunit_kzalloc(test, len, GFP_KERNEL);
	u8 *data = (u8 *)get_zeroed_page(GFP_KERNEL);
	struct xdr_buf *buf = &f->out.buf;
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, results);
	KUNIT_ASSERT_NOT_NULL(test, data);
	page = virt_to_page(data);
	for (unsigned int i = 0; i < len; i++)
		results[i] = i * 7 + xid;
	call_key(&key, xid);
	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_NEW);
	memcpy((u8 *)f->out.mem + HEADER, results, in_head);
	memcpy(data, results + in_head, len - in_head);
	buf->head[0].iov_len = HEADER + in_head;
	buf->pages = &page;
	buf->page_len = len - in_head;
	buf->len = HEADER + len;
	dnfs_reply_done(f->replies, reply, buf, HEADER);
	free_page((unsigned long)data);

	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_DONE);
	KUNIT_EXPECT_EQ(test, f->out.buf.len, HEADER + len);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)f->out.mem + HEADER, results, len);
}

static void replays_from_pages(struct kunit *test)
{
	const unsigned int in_head[] = { 0, 4, 100 };

	for (u32 i = 0; i < ARRAY_SIZE(in_head); i++) {
		replay_from_pages(test, 40 + 2 * i, in_head[i], 120);
		replay_from_pages(test, 41 + 2 * i, in_head[i], DNFS_REPLY_BYTES);
	}
}

static void drops_while_busy(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply *reply, *other;
	struct dnfs_reply_key key;

	call_key(&key, 2);
	KUNIT_ASSERT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_NEW);
	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &other), DNFS_REPLY_BUSY);
	/* For any length of time. */
	dnfs_replies_age(f->replies, 2 * DNFS_REPLY_AGE_S);
	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &other), DNFS_REPLY_BUSY);
	xdr_stream_encode_u32(&f->out.xdr, 0);
	dnfs_reply_done(f->replies, reply, &f->out.buf, HEADER);
	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &other), DNFS_REPLY_DONE);
}

static enum dnfs_reply_state begin_on(struct fixture *f, struct dnfs_reply_key *key,
				      struct svc_xprt *conn, struct dnfs_reply **reply)
{
	stream_init(&f->out);
	return dnfs_reply_begin(f->replies, key, conn, &f->out.xdr, HEADER, reply);
}

/* The last connection of a busy call is notified of its end, if it is a new one. */
static void tells_who_waits_elsewhere(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply *reply, *other;
	struct dnfs_reply_key key;
	struct svc_xprt *conn;

	conn = kunit_kcalloc(test, 3, sizeof(*conn), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	for (unsigned int i = 0; i < 3; i++)
		kref_init(&conn[i].xpt_ref);

	for (u32 xid = 70; xid < 72; xid++) {
		struct svc_xprt *waits;

		call_key(&key, xid);
		KUNIT_ASSERT_EQ(test, begin_on(f, &key, &conn[0], &reply), DNFS_REPLY_NEW);
		KUNIT_EXPECT_EQ(test, begin_on(f, &key, &conn[0], &other), DNFS_REPLY_BUSY);
		for (unsigned int again = 0; again < 2; again++)
			for (unsigned int i = 1; i < 3; i++)
				KUNIT_EXPECT_EQ(test, begin_on(f, &key, &conn[i], &other),
						DNFS_REPLY_BUSY);
		KUNIT_EXPECT_EQ(test, kref_read(&conn[0].xpt_ref), 1);
		KUNIT_EXPECT_EQ(test, kref_read(&conn[1].xpt_ref), 1);
		KUNIT_EXPECT_EQ(test, kref_read(&conn[2].xpt_ref), 2);
		stream_init(&f->out);
		waits = xid == 70 ? dnfs_reply_done(f->replies, reply, &f->out.buf, HEADER) :
				    dnfs_reply_forget(f->replies, reply);
		KUNIT_EXPECT_PTR_EQ(test, waits, &conn[2]);
		svc_xprt_put(&conn[2]);
	}

	/* Without another connection there is no notification. */
	call_key(&key, 72);
	KUNIT_ASSERT_EQ(test, begin_on(f, &key, &conn[0], &reply), DNFS_REPLY_NEW);
	KUNIT_EXPECT_EQ(test, begin_on(f, &key, &conn[0], &other), DNFS_REPLY_BUSY);
	KUNIT_EXPECT_EQ(test, begin_on(f, &key, NULL, &other), DNFS_REPLY_BUSY);
	KUNIT_EXPECT_NULL(test, dnfs_reply_done(f->replies, reply, &f->out.buf, HEADER));
	/* A finished call is not waited for. */
	KUNIT_EXPECT_EQ(test, begin_on(f, &key, &conn[1], &other), DNFS_REPLY_DONE);
	KUNIT_EXPECT_EQ(test, kref_read(&conn[1].xpt_ref), 1);
}

static void forgets_oldest(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;

	call_key(&key, 3);
	KUNIT_ASSERT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_NEW);
	dnfs_reply_forget(f->replies, reply);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 0);
	cache_make(test, &key, 1);
}

/* Each field distinguishes calls; above all the port, for clients behind one address. */
static void tells_calls_apart(struct kunit *test)
{
	struct dnfs_reply_key key, other;

	call_key(&key, 4);
	cache_make(test, &key, 1);
	for (size_t i = 0; i < sizeof(key); i++) {
		if (i >= offsetof(typeof(key), hash) && i < offsetofend(typeof(key), hash))
			continue;
		other = key;
		((u8 *)&other)[i] ^= 1;
		cache_make(test, &other, 1);
	}
}

static void too_long_is_not_kept(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key key;

	call_key(&key, 5);
	cache_make(test, &key, DNFS_REPLY_BYTES / 4 + 1);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 0);
	cache_make(test, &key, DNFS_REPLY_BYTES / 4);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 1);
}

static void expires_replies(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;

	call_key(&key, 6);
	cache_make(test, &key, 1);
	dnfs_replies_age(f->replies, DNFS_REPLY_AGE_S / 2);
	KUNIT_ASSERT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_DONE);
	dnfs_replies_age(f->replies, DNFS_REPLY_AGE_S + 1);
	/* The same numbers now mean another call. */
	cache_make(test, &key, 1);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 1);
}

static void is_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int limit = dnfs_replies_limit(f->replies);
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;
	u32 xid;

	KUNIT_EXPECT_LE(test, limit, DNFS_REPLIES_MAX);
	/* Even if all of them are long. */
	if (limit > DNFS_REPLIES_MIN)
		KUNIT_EXPECT_LE(test, (u64)limit * kmalloc_size_roundup(DNFS_REPLY_BYTES),
				((u64)totalram_pages() << PAGE_SHIFT) / DNFS_REPLIES_MEMORY);
	for (xid = 0; xid < 3 * limit; xid++) {
		call_key(&key, xid);
		cache_make(test, &key, 1);
	}
	KUNIT_EXPECT_LE(test, dnfs_replies_count(f->replies), limit);
	KUNIT_EXPECT_GT(test, dnfs_replies_count(f->replies), limit / 2);
	/* The youngest is still there. */
	KUNIT_EXPECT_EQ(test, cache_begin(f, &key, &reply), DNFS_REPLY_DONE);
}

/* Calls are executed without a cache that is full of calls in progress. */
static void full_of_busy(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int max = 4 * dnfs_replies_limit(f->replies), count = 0;
	enum dnfs_reply_state state = DNFS_REPLY_NEW;
	struct dnfs_reply **held;
	struct dnfs_reply_key key;

	held = kvmalloc_array(max, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	while (count < max) {
		call_key(&key, count);
		state = cache_begin(f, &key, &held[count]);
		if (state != DNFS_REPLY_NEW)
			break;
		count++;
	}
	KUNIT_EXPECT_EQ(test, state, DNFS_REPLY_UNKEPT);
	while (count)
		dnfs_reply_forget(f->replies, held[--count]);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), 0);
	kvfree(held);
}

/* The calls of one peer do not evict replies that another peer may need. */
static void outlives_calls_of_others(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key create, key;
	struct dnfs_reply *reply;

	call_key(&create, 1);
	cache_make(test, &create, 60);
	for (u32 xid = 2; xid < 100002; xid++) {
		call_key(&key, xid);
		key.addr.s6_addr32[3] = htonl(0xc0000202);
		cache_make(test, &key, 60);
	}
	KUNIT_EXPECT_EQ(test, cache_begin(f, &create, &reply), DNFS_REPLY_DONE);
	KUNIT_EXPECT_LE(test, dnfs_replies_count(f->replies), dnfs_replies_limit(f->replies));
}

/* The hosts of one IPv6 network count as one peer. */
static void networks_are_peers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs_reply_key create, key;
	struct dnfs_reply *reply;

	call_key(&create, 1);
	for (u32 xid = 2; xid < 10; xid++) {
		call_key(&key, xid);
		cache_make(test, &key, 1);
	}
	cache_make(test, &create, 1);
	for (u32 xid = 10; xid < 2 * dnfs_replies_limit(f->replies); xid++) {
		call_key(&key, xid);
		key.addr.s6_addr32[0] = htonl(0x20010db8);
		key.addr.s6_addr32[2] = htonl(xid);
		cache_make(test, &key, 1);
	}
	KUNIT_EXPECT_EQ(test, cache_begin(f, &create, &reply), DNFS_REPLY_DONE);
}

/* A peer that is alone has the whole cache. */
static void outlives_own_calls(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int calls = min(dnfs_replies_limit(f->replies) / 2, 100000U);
	struct dnfs_reply_key create, key;
	struct dnfs_reply *reply;

	call_key(&create, 1);
	cache_make(test, &create, 60);
	for (u32 xid = 2; xid < 2 + calls; xid++) {
		call_key(&key, xid);
		cache_make(test, &key, 30);
	}
	KUNIT_EXPECT_EQ(test, cache_begin(f, &create, &reply), DNFS_REPLY_DONE);
}

/**
 * struct race - two threads that begin the same calls
 * @replies: the cache
 * @keys: number of calls
 * @begun: how often each call was new
 * @other: states that are not expected
 * @done: the second thread has ended
 */
struct race {
	struct dnfs_replies *replies;
	unsigned int keys;
	atomic_t *begun;
	atomic_t other;
	struct completion done;
};

/* Return: false without memory. */
static bool race_run(struct race *r)
{
	struct stream *out = kmalloc(sizeof(*out), GFP_KERNEL);
	struct dnfs_reply_key key;
	struct dnfs_reply *reply;

	if (!out)
		return false;
	for (u32 xid = 0; xid < r->keys; xid++) {
		enum dnfs_reply_state state;

		call_key(&key, xid);
		stream_init(out);
		state = dnfs_reply_begin(r->replies, &key, NULL, &out->xdr, HEADER, &reply);
		if (state == DNFS_REPLY_NEW) {
			atomic_inc(&r->begun[xid]);
			dnfs_reply_done(r->replies, reply, &out->buf, HEADER);
		} else if (state == DNFS_REPLY_UNKEPT) {
			atomic_inc(&r->other);
		}
		cond_resched();
	}
	kfree(out);
	return true;
}

static int race_thread(void *data)
{
	struct race *r = data;

	if (!race_run(r))
		atomic_inc(&r->other);
	kthread_complete_and_exit(&r->done, 0);
}

/* Threads that begin the same call at the same time do not both execute it. */
static void new_for_one_thread(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->replies = f->replies;
	/* So few that none is dropped for another. */
	r->keys = min(dnfs_replies_limit(f->replies) / 4, 4000U);
	r->begun = kunit_kcalloc(test, r->keys, sizeof(*r->begun), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->begun);
	init_completion(&r->done);
	task = kthread_run(race_thread, r, "ditto-race");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_EXPECT_TRUE(test, race_run(r));
	wait_for_completion(&r->done);

	KUNIT_EXPECT_EQ(test, atomic_read(&r->other), 0);
	for (u32 xid = 0; xid < r->keys; xid++)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&r->begun[xid]), 1, "call %u", xid);
	KUNIT_EXPECT_EQ(test, dnfs_replies_count(f->replies), r->keys);
}

static struct kunit_case reply_cache_cases[] = {
	KUNIT_CASE(replays_reply),
	KUNIT_CASE(replays_from_pages),
	KUNIT_CASE(drops_while_busy),
	KUNIT_CASE(tells_who_waits_elsewhere),
	KUNIT_CASE(forgets_oldest),
	KUNIT_CASE(tells_calls_apart),
	KUNIT_CASE(too_long_is_not_kept),
	KUNIT_CASE(expires_replies),
	KUNIT_CASE(is_bounded),
	KUNIT_CASE(full_of_busy),
	KUNIT_CASE(outlives_calls_of_others),
	KUNIT_CASE(networks_are_peers),
	KUNIT_CASE(outlives_own_calls),
	KUNIT_CASE(new_for_one_thread),
	{}
};

static struct kunit_suite reply_cache_suite = {
	.name = "ditto_nfs_reply_cache",
	.init = reply_cache_init,
	.exit = reply_cache_exit,
	.test_cases = reply_cache_cases,
};

kunit_test_suite(reply_cache_suite);
