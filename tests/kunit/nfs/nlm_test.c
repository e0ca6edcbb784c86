// SPDX-License-Identifier: GPL-2.0-only
/* NLM and NSM: messages, ranges, statuses, hosts, cookies, records. */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/sunrpc/xdr.h>
#include <linux/unaligned.h>
#include <net/ipv6.h>

#include "../../../fs/nfs/nlm/grant.h"
#include "../../../fs/nfs/nlm/host.h"
#include "../../../fs/nfs/nlm/message.h"
#include "../../../fs/nfs/nlm/nlm.h"
#include "../../../fs/nfs/nlm/nsm.h"
#include "../../../fs/nfs/nlm/record.h"
#include "../../../fs/nfs/nlm/status.h"
#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/server.h"
#include "../../../net/task.h"
#include "../../../net/budget.h"
#include "../../../net/server.h"

#define WIRE_MAX	8192

/**
 * struct wire - a buffer that is written and read back
 * @xdr: over it
 * @buf: for @xdr
 * @bytes: the buffer
 */
struct wire {
	struct xdr_stream xdr;
	struct xdr_buf buf;
	u8 bytes[WIRE_MAX];
};

static struct wire *wire_new(struct kunit *test)
{
	struct wire *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	return w;
}

static void wire_write(struct wire *w)
{
	memset(&w->buf, 0, sizeof(w->buf));
	w->buf.head[0].iov_base = w->bytes;
	w->buf.buflen = WIRE_MAX;
	xdr_init_encode(&w->xdr, &w->buf, (__be32 *)w->bytes, NULL);
}

static void wire_read(struct wire *w, unsigned int len)
{
	memset(&w->buf, 0, sizeof(w->buf));
	w->buf.head[0].iov_base = w->bytes;
	w->buf.head[0].iov_len = len;
	w->buf.len = len;
	w->buf.buflen = len;
	xdr_init_decode(&w->xdr, &w->buf, (__be32 *)w->bytes, NULL);
}

#define BYTES(text)	((struct dnlm_bytes){ sizeof(text) - 1, (const u8 *)(text) })

static const struct dnlm_msg sample = {
	.cookie = { 5, (const u8 *)"ab\0cd" },
	.name = { 7, (const u8 *)"client1" },
	.fh = { 20, (const u8 *)"01234567890123456789" },
	.oh = { 9, (const u8 *)"12@client" },
	.svid = 4711,
	.offset = 0x11223344,
	.length = 0x100,
	.block = 1,
	.exclusive = 1,
	.reclaim = 1,
	.state = 41,
	.mode = 3,
	.access = 1,
	.status = NLM_DENIED,
	.sequence = 7,
};

static bool same_bytes(const struct dnlm_bytes *a, const struct dnlm_bytes *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* Fields that were not on the wire are zero. */
static void expect_field(struct kunit *test, const struct dnlm_bytes *got,
			 const struct dnlm_bytes *sent)
{
	if (got->data)
		KUNIT_EXPECT_TRUE(test, same_bytes(got, sent));
}

static void expect_sample(struct kunit *test, const struct dnlm_msg *m)
{
	expect_field(test, &m->cookie, &sample.cookie);
	expect_field(test, &m->name, &sample.name);
	expect_field(test, &m->fh, &sample.fh);
	expect_field(test, &m->oh, &sample.oh);
	KUNIT_EXPECT_TRUE(test, !m->svid || m->svid == sample.svid);
	KUNIT_EXPECT_TRUE(test, !m->offset || m->offset == sample.offset);
	KUNIT_EXPECT_TRUE(test, !m->length || m->length == sample.length);
	KUNIT_EXPECT_TRUE(test, !m->state || m->state == sample.state);
	KUNIT_EXPECT_TRUE(test, !m->mode || m->mode == sample.mode);
	KUNIT_EXPECT_TRUE(test, !m->access || m->access == sample.access);
	KUNIT_EXPECT_TRUE(test, !m->status || m->status == sample.status);
	KUNIT_EXPECT_TRUE(test, !m->sequence || m->sequence == sample.sequence);
}

static const char *const layout_names[DNLM_LAYOUTS] = {
	[DNLM_TEST_ARGS] = "test", [DNLM_LOCK_ARGS] = "lock",
	[DNLM_CANCEL_ARGS] = "cancel", [DNLM_UNLOCK_ARGS] = "unlock",
	[DNLM_SHARE_ARGS] = "share", [DNLM_NOTIFY_ARGS] = "notify",
	[DNLM_RES] = "res", [DNLM_TEST_RES] = "test_res", [DNLM_SHARE_RES] = "share_res",
};

/* Bytes of the sample in each message, as C702 and RFC 1813 lay it out. */
static const u16 sample_size[DNLM_LAYOUTS][2] = {
	/* cookie 12, name 12, fh 24, oh 16, svid 4, range 8 or 16, others 4 each */
	[DNLM_TEST_ARGS]	= { 12 + 4 + 56 + 8, 12 + 4 + 56 + 16 },
	[DNLM_LOCK_ARGS]	= { 12 + 8 + 56 + 8 + 8, 12 + 8 + 56 + 16 + 8 },
	[DNLM_CANCEL_ARGS]	= { 12 + 8 + 56 + 8, 12 + 8 + 56 + 16 },
	[DNLM_UNLOCK_ARGS]	= { 12 + 56 + 8, 12 + 56 + 16 },
	[DNLM_SHARE_ARGS]	= { 12 + 52 + 8 + 4, 12 + 52 + 8 + 4 },
	[DNLM_NOTIFY_ARGS]	= { 12 + 4, 12 + 4 },
	[DNLM_RES]		= { 12 + 4, 12 + 4 },
	[DNLM_TEST_RES]		= { 12 + 4 + 4 + 4 + 16 + 8, 12 + 4 + 4 + 4 + 16 + 16 },
	[DNLM_SHARE_RES]	= { 12 + 4 + 4, 12 + 4 + 4 },
};

static void codec_round_trip(struct kunit *test)
{
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	for (int layout = 0; layout < DNLM_LAYOUTS; layout++) {
		for (int wide = 0; wide < 2; wide++) {
			u32 len;

			wire_write(w);
			KUNIT_ASSERT_TRUE(test, dnlm_encode(&w->xdr, layout, wide, &sample));
			len = w->buf.len;
			KUNIT_EXPECT_EQ_MSG(test, len, sample_size[layout][wide], "%s",
					    layout_names[layout]);
			KUNIT_EXPECT_LE(test, len, dnlm_size(layout, wide));

			memset(args, 0, sizeof(*args));
			wire_read(w, len);
			KUNIT_EXPECT_TRUE(test, dnlm_decode(&w->xdr, layout, wide, args));
			KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&w->xdr), 0);
			expect_sample(test, &args->msg);
		}
	}
}

/* A message that ends early is refused. */
static void codec_truncated(struct kunit *test)
{
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	for (int layout = 0; layout < DNLM_LAYOUTS; layout++) {
		for (int wide = 0; wide < 2; wide++) {
			u32 whole;

			wire_write(w);
			dnlm_encode(&w->xdr, layout, wide, &sample);
			whole = w->buf.len;
			for (u32 len = 0; len < whole; len += 4) {
				memset(args, 0, sizeof(*args));
				wire_read(w, len);
				KUNIT_EXPECT_FALSE_MSG(test, dnlm_decode(&w->xdr, layout, wide,
									 args),
						       "%s at %u", layout_names[layout], len);
			}
		}
	}
}

/* The first word of a message is its cookie's length, that of NOTIFY its name's. */
static void codec_too_long(struct kunit *test)
{
	static const u32 lengths[] = { NLM_NETOBJ_MAX + 1, 0x7fffffff, 0xfffffffd, U32_MAX };
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	for (int layout = 0; layout < DNLM_LAYOUTS; layout++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
			memset(args, 0, sizeof(*args));
			put_unaligned_be32(lengths[i], w->bytes);
			wire_read(w, WIRE_MAX);
			KUNIT_EXPECT_FALSE(test, dnlm_decode(&w->xdr, layout, true, args));
		}
	}
}

/* Strings of the greatest length fit, all at once. */
static void codec_longest(struct kunit *test)
{
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	u8 *text = kunit_kzalloc(test, NLM_NETOBJ_MAX, GFP_KERNEL);
	struct wire *w = wire_new(test);
	struct dnlm_msg msg = sample;

	KUNIT_ASSERT_NOT_NULL(test, args);
	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, 'x', NLM_NETOBJ_MAX);
	msg.cookie = (struct dnlm_bytes){ NLM_NETOBJ_MAX, text };
	msg.name = (struct dnlm_bytes){ NLM_STRING_MAX, text };
	msg.fh = (struct dnlm_bytes){ NLM_NETOBJ_MAX, text };
	msg.oh = (struct dnlm_bytes){ NLM_NETOBJ_MAX, text };
	wire_write(w);
	KUNIT_ASSERT_TRUE(test, dnlm_encode(&w->xdr, DNLM_LOCK_ARGS, true, &msg));
	KUNIT_EXPECT_EQ(test, w->buf.len, dnlm_size(DNLM_LOCK_ARGS, true));
	wire_read(w, w->buf.len);
	KUNIT_EXPECT_TRUE(test, dnlm_decode(&w->xdr, DNLM_LOCK_ARGS, true, args));
	KUNIT_EXPECT_EQ(test, args->used, DNLM_ROOM);
	KUNIT_EXPECT_TRUE(test, same_bytes(&args->msg.oh, &msg.oh));
}

static void codec_bad_values(struct kunit *test)
{
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	/* cookie of no byte, then exclusive */
	put_unaligned_be32(0, w->bytes);
	put_unaligned_be32(2, w->bytes + 4);
	wire_read(w, WIRE_MAX);
	KUNIT_EXPECT_FALSE(test, dnlm_decode(&w->xdr, DNLM_TEST_ARGS, true, args));

	/* cookie, name, handle and owner of no byte, then mode */
	memset(w->bytes, 0, 16);
	put_unaligned_be32(NLM_SHARE_MAX + 1, w->bytes + 16);
	memset(args, 0, sizeof(*args));
	wire_read(w, WIRE_MAX);
	KUNIT_EXPECT_FALSE(test, dnlm_decode(&w->xdr, DNLM_SHARE_ARGS, true, args));
}

/* A result other than "denied" names no holder. */
static void test_res_without_holder(struct kunit *test)
{
	struct dnlm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct dnlm_msg msg = sample;
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	msg.status = NLM_GRANTED;
	wire_write(w);
	KUNIT_ASSERT_TRUE(test, dnlm_encode(&w->xdr, DNLM_TEST_RES, true, &msg));
	KUNIT_EXPECT_EQ(test, w->buf.len, 12 + 4);
	wire_read(w, w->buf.len);
	KUNIT_EXPECT_TRUE(test, dnlm_decode(&w->xdr, DNLM_TEST_RES, true, args));
	KUNIT_EXPECT_EQ(test, args->msg.svid, 0);
}

/* The words of a range at the end of an UNLOCK without strings. */
static void expect_cut(struct kunit *test, u64 first, u64 last, u32 offset, u32 length)
{
	struct wire *w = wire_new(test);
	struct dnlm_msg msg = {};

	dnlm_range_fill(first, last, &msg);
	wire_write(w);
	KUNIT_ASSERT_TRUE(test, dnlm_encode(&w->xdr, DNLM_UNLOCK_ARGS, false, &msg));
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(w->bytes + 20), offset);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(w->bytes + 24), length);
}

static void range_cut_to_32_bits(struct kunit *test)
{
	expect_cut(test, 0, 9, 0, 10);
	expect_cut(test, 0, U64_MAX, 0, 0);
	expect_cut(test, 5, U32_MAX, 5, U32_MAX - 4);
	expect_cut(test, 5, (u64)U32_MAX + 1, 5, 0);
	expect_cut(test, 0, U32_MAX, 0, 0);
	expect_cut(test, 1ULL << 40, (1ULL << 40) + 9, U32_MAX, 0);
	expect_cut(test, U32_MAX, U32_MAX, U32_MAX, 1);
}

struct range_case {
	u64 offset;
	u64 length;
	bool wide;
	int err;
	u64 last;
};

static const struct range_case range_cases[] = {
	{ 0, 1, true, 0, 0 },
	{ 0, 0, true, 0, U64_MAX },
	{ 10, 0, true, 0, U64_MAX },
	{ U64_MAX, 0, true, 0, U64_MAX },
	{ U64_MAX, 1, true, 0, U64_MAX },
	{ U64_MAX, 2, true, -EFBIG },
	{ 1, U64_MAX, true, 0, U64_MAX },
	{ 2, U64_MAX, true, -EFBIG },
	{ 1ULL << 63, 1ULL << 63, true, 0, U64_MAX },
	{ 0, 1, false, 0, 0 },
	{ 0, 0, false, 0, U64_MAX },
	{ U32_MAX, 1, false, 0, U32_MAX },
	{ U32_MAX, 2, false, -EFBIG },
	{ 1, U32_MAX, false, 0, U32_MAX },
	{ 2, U32_MAX, false, -EFBIG },
	{ U32_MAX, 0, false, 0, U64_MAX },
};

static void range_from_wire(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(range_cases); i++) {
		const struct range_case *c = &range_cases[i];
		struct dnlm_msg msg = {};
		u64 first, last;
		int err;

		err = dnlm_range(c->offset, c->length, c->wide, &first, &last);
		KUNIT_EXPECT_EQ_MSG(test, err, c->err, "case %u", i);
		if (err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, first, c->offset, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, last, c->last, "case %u", i);
		dnlm_range_fill(first, last, &msg);
		KUNIT_EXPECT_EQ(test, msg.offset, c->offset);
		KUNIT_EXPECT_TRUE(test, msg.length == c->length || last == U64_MAX);
	}
}

static const struct {
	int err;
	u32 v4;
	u32 v3;
} status_cases[] = {
	{ 0,		NLM_GRANTED,		NLM_GRANTED },
	{ -EAGAIN,	NLM_DENIED,		NLM_DENIED },
	{ -EINPROGRESS,	NLM_BLOCKED,		NLM_BLOCKED },
	{ -EALREADY,	NLM_BLOCKED,		NLM_BLOCKED },
	{ -EPERM,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ -ENOGRACE,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ -EBUSY,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ -EJUKEBOX,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ -ENOLCK,	NLM_DENIED_NOLOCKS,	NLM_DENIED_NOLOCKS },
	{ -ENOMEM,	NLM_DENIED_NOLOCKS,	NLM_DENIED_NOLOCKS },
	{ -EDEADLK,	NLM4_DEADLCK,		NLM_DENIED },
	{ -EROFS,	NLM4_ROFS,		NLM_DENIED_NOLOCKS },
	{ -ESTALE,	NLM4_STALE_FH,		NLM_DENIED_NOLOCKS },
	{ -EBADHANDLE,	NLM4_STALE_FH,		NLM_DENIED_NOLOCKS },
	{ -EFBIG,	NLM4_FBIG,		NLM_DENIED_NOLOCKS },
	{ -EACCES,	NLM4_FAILED,		NLM_DENIED_NOLOCKS },
	{ -EIO,		NLM4_FAILED,		NLM_DENIED_NOLOCKS },
};

static void status_numbers(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(status_cases); i++) {
		KUNIT_EXPECT_EQ(test, dnlm4_status(status_cases[i].err), status_cases[i].v4);
		KUNIT_EXPECT_EQ(test, dnlm3_status(status_cases[i].err), status_cases[i].v3);
	}
	/* Versions 1 and 3 have only five statuses. */
	for (int err = 0; err < 600; err++)
		KUNIT_EXPECT_LE(test, dnlm3_status(-err), NLM_DENIED_GRACE_PERIOD);
	KUNIT_EXPECT_EQ(test, dnsm_status(0), NSM_SUCCESS);
	KUNIT_EXPECT_EQ(test, dnsm_status(-EACCES), NSM_FAILURE);
}

static void name_lengths(struct kunit *test)
{
	static const struct {
		struct dnlm_bytes a, b;
		bool same;
	} cases[] = {
		{ { 6, "client" }, { 6, "client" }, true },
		{ { 6, "client" }, { 6, "CLIENT" }, true },
		{ { 6, "client" }, { 14, "client.example" }, true },
		{ { 14, "client.example" }, { 6, "Client" }, true },
		{ { 14, "client.example" }, { 12, "client.other" }, false },
		{ { 6, "client" }, { 7, "client2" }, false },
		{ { 6, "client" }, { 5, "other" }, false },
		{ { 0, "" }, { 0, "" }, false },
		{ { 0, "" }, { 8, ".example" }, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, dnlm_same_name(&cases[i].a, &cases[i].b),
				    cases[i].same, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, dnlm_same_name(&cases[i].b, &cases[i].a),
				    cases[i].same, "case %u", i);
	}
}

static void server_budget_exit(void *srv)
{
	ditto_budget_exit(srv);
}

static void server_recorders_exit(void *recorders)
{
	ditto_recorders_exit(recorders);
}

static struct dnlm_server *server_new(struct kunit *test)
{
	struct dnlm_server *nlm = kunit_kzalloc(test, sizeof(*nlm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, nlm);
	nlm->srv = kunit_kzalloc(test, sizeof(*nlm->srv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nlm->srv);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(nlm->srv), 0);
	/* Warns if a host did not return its charges. */
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, server_budget_exit, nlm->srv), 0);
	nlm->recorders = kunit_kzalloc(test, sizeof(*nlm->recorders), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nlm->recorders);
	ditto_recorders_init(nlm->recorders, nlm->srv, DNFS_TASKS_AT_ONCE, DNFS_TASKS_OF_PEER);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, server_recorders_exit,
							nlm->recorders), 0);
	init_waitqueue_head(&nlm->idle);
	dnlm_hosts_init(nlm);
	dnlm_grants_init(nlm);
	return nlm;
}

static struct dnlm_route way_of(u32 number)
{
	struct dnlm_route route = {};

	ipv6_addr_set_v4mapped(htonl(0xc0000200 + number), &route.addr);
	return route;
}

static void hosts_by_name_and_address(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_route one = way_of(1), two = way_of(2);
	struct dnlm_bytes a = BYTES("a"), b = BYTES("b"), none = BYTES(""), nul = BYTES("a\0b");
	struct dnlm_host *host[4];

	KUNIT_EXPECT_EQ(test, PTR_ERR(dnlm_host_get(nlm, &one, &a, false)), -ENOENT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dnlm_host_get(nlm, &one, &none, true)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dnlm_host_get(nlm, &one, &nul, true)), -EINVAL);
	host[0] = dnlm_host_get(nlm, &one, &a, true);
	host[1] = dnlm_host_get(nlm, &one, &b, true);
	host[2] = dnlm_host_get(nlm, &two, &a, true);
	/* By UDP or TCP, to any address of the server: it is the same host. */
	one.udp = true;
	one.local = two.addr;
	host[3] = dnlm_host_get(nlm, &one, &a, false);
	for (int i = 0; i < 4; i++)
		KUNIT_ASSERT_FALSE(test, IS_ERR(host[i]));
	KUNIT_EXPECT_PTR_NE(test, host[0], host[1]);
	KUNIT_EXPECT_PTR_NE(test, host[0], host[2]);
	KUNIT_EXPECT_PTR_EQ(test, host[0], host[3]);
	KUNIT_EXPECT_EQ(test, nlm->nhosts, 3);
	for (int i = 0; i < 4; i++)
		dnlm_host_put(host[i]);
	dnlm_hosts_exit(nlm);
	KUNIT_EXPECT_EQ(test, nlm->nhosts, 0);
}

static void hosts_of_one_address_are_few(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_route one = way_of(1), two = way_of(2);
	struct dnlm_bytes a = BYTES("a");
	struct dnlm_host *host;

	for (unsigned int i = 0; i < DNLM_NAMES_PER_ADDR; i++) {
		struct dnlm_bytes name = { sizeof(i), (const u8 *)&i };
		u8 text[4] = { '0' + i / 100, '0' + i / 10 % 10, '0' + i % 10, 'x' };

		name.data = text;
		host = dnlm_host_get(nlm, &one, &name, true);
		KUNIT_ASSERT_FALSE(test, IS_ERR(host));
		dnlm_host_put(host);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(dnlm_host_get(nlm, &one, &a, true)), -ENOLCK);
	host = dnlm_host_get(nlm, &two, &a, true);
	KUNIT_EXPECT_FALSE(test, IS_ERR(host));
	dnlm_host_put(host);
	dnlm_hosts_exit(nlm);
}

/* Address number @number of an IPv6 network. */
static struct dnlm_route way_in(u32 network, u32 number)
{
	struct dnlm_route route = {};

	ipv6_addr_set(&route.addr, htonl(0x20010db8), htonl(network), 0, htonl(number));
	return route;
}

/* A network that takes as many hosts as it may leaves hosts for others. */
static void hosts_of_one_network_leave_others(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_route route = way_of(1);
	struct dnlm_bytes a = BYTES("a");
	struct dnlm_host *host;
	unsigned int count;

	for (count = 0; count < DNLM_HOSTS_MAX; count++) {
		route = way_in(1, count);
		host = dnlm_host_get(nlm, &route, &a, true);
		if (IS_ERR(host))
			break;
		dnlm_host_put(host);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(host), -ENOLCK);
	KUNIT_EXPECT_EQ(test, nlm->nhosts, count);
	route = way_in(2, 1);
	host = dnlm_host_get(nlm, &route, &a, true);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, host);
	if (!IS_ERR(host))
		dnlm_host_put(host);
	dnlm_hosts_exit(nlm);
}

/* Restore a request of MON from an address, for a host with this number. */
static int monitor_of(struct kunit *test, struct dnlm_server *nlm, const struct dnlm_route *route,
		      unsigned int number)
{
	struct dnlm_record *rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, rec);
	rec->kind = DNLM_RECORD_MONITOR;
	rec->addr = route->addr;
	rec->name_len = sizeof(number);
	memcpy(rec->name, &number, sizeof(number));
	err = dnsm_monitor_restore(nlm, rec);
	kunit_kfree(test, rec);
	return err;
}

/* All addresses of a network are one client that asks to be told of restarts. */
static void monitors_of_one_network_are_few(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_route route;

	dnsm_init(nlm);
	for (unsigned int i = 0; i < DNSM_PER_CLIENT_MAX; i++) {
		route = way_in(1, i);
		KUNIT_EXPECT_EQ(test, monitor_of(test, nlm, &route, i), 0);
	}
	route = way_in(1, DNSM_PER_CLIENT_MAX);
	KUNIT_EXPECT_EQ(test, monitor_of(test, nlm, &route, DNSM_PER_CLIENT_MAX), -ENOSPC);
	route = way_in(2, 1);
	KUNIT_EXPECT_EQ(test, monitor_of(test, nlm, &route, 0), 0);
	/* IPv4 addresses are clients of their own. */
	for (unsigned int i = 0; i < 2 * DNSM_PER_CLIENT_MAX; i++) {
		route = way_of(i);
		KUNIT_EXPECT_EQ(test, monitor_of(test, nlm, &route, i), 0);
	}
	dnsm_exit(nlm);
	dnlm_hosts_exit(nlm);
}

static void states_move_forward(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_route one = way_of(1);
	struct dnlm_bytes a = BYTES("a");
	struct dnlm_host *host = dnlm_host_get(nlm, &one, &a, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(host));
	KUNIT_EXPECT_FALSE(test, dnlm_host_restarted(host, 0));
	/* The first notification of a host without a known state is accepted. */
	KUNIT_EXPECT_TRUE(test, dnlm_host_restarted(host, 5));
	/* Again, late, backward. */
	KUNIT_EXPECT_FALSE(test, dnlm_host_restarted(host, 5));
	KUNIT_EXPECT_FALSE(test, dnlm_host_restarted(host, 3));
	KUNIT_EXPECT_FALSE(test, dnlm_host_restarted(host, 0));
	KUNIT_EXPECT_EQ(test, host->state, 5);
	KUNIT_EXPECT_TRUE(test, dnlm_host_restarted(host, 6));
	/* Beyond the largest signed state. */
	KUNIT_EXPECT_TRUE(test, dnlm_host_restarted(host, 0x7fffffff));
	KUNIT_EXPECT_TRUE(test, dnlm_host_restarted(host, 0x80000001));
	KUNIT_EXPECT_FALSE(test, dnlm_host_restarted(host, 0x7fffffff));
	dnlm_host_put(host);
	dnlm_hosts_exit(nlm);
}

static void cookie_lengths(struct kunit *test)
{
	struct dnlm_server *nlm = server_new(test);
	struct dnlm_bytes good = BYTES("\0\0\0\0\0\0\1\2"), none = BYTES("\0\0\0\0\0\0\0\0");
	struct dnlm_bytes shorter = BYTES("\1\2\3"), longer = BYTES("\0\0\0\0\0\0\0\1\2");
	struct dnlm_route one = way_of(1);

	KUNIT_EXPECT_EQ(test, dnlm_cookie_number(&good), 0x102);
	KUNIT_EXPECT_EQ(test, dnlm_cookie_number(&none), 0);
	KUNIT_EXPECT_EQ(test, dnlm_cookie_number(&shorter), 0);
	KUNIT_EXPECT_EQ(test, dnlm_cookie_number(&longer), 0);
	/* An answer without a waiter. */
	KUNIT_EXPECT_FALSE(test, dnlm_granted_res(nlm, &one.addr, &good, NLM_GRANTED));
	KUNIT_EXPECT_FALSE(test, dnlm_granted_res(nlm, &one.addr, &none, NLM_GRANTED));
	KUNIT_EXPECT_FALSE(test, dnlm_granted_res(nlm, &one.addr, &shorter, NLM_GRANTED));
	dnlm_hosts_exit(nlm);
}

/* A truncated record of any kind is refused. */
static void nsm_truncated(struct kunit *test)
{
	static const struct {
		u32 proc;
		u32 len;
	} cases[] = {
		{ NSMPROC_STAT, 12 },
		{ NSMPROC_NOTIFY, 16 },
		{ NSMPROC_UNMON_ALL, 24 },
		{ NSMPROC_UNMON, 36 },
		{ NSMPROC_MON, 52 },
	};
	/* A name of 5 bytes and padding, again, and numbers. */
	static const u8 mon[52] = {
		0, 0, 0, 5, 'h', 'o', 's', 't', '1', 0, 0, 0,
		0, 0, 0, 5, 'h', 'o', 's', 't', '2', 0, 0, 0,
		0, 1, 0x86, 0xb5, 0, 0, 0, 4, 0, 0, 0, 16,
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	};
	struct dnsm_args *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	struct wire *w = wire_new(test);

	KUNIT_ASSERT_NOT_NULL(test, args);
	KUNIT_ASSERT_NOT_NULL(test, call);
	call->in = &w->xdr;
	memcpy(w->bytes, mon, sizeof(mon));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		for (u32 len = 0; len <= cases[i].len; len += 4) {
			memset(args, 0, sizeof(*args));
			wire_read(w, len);
			KUNIT_EXPECT_EQ_MSG(test, dnsm1_procs[cases[i].proc]->decode(call, args),
					    len == cases[i].len, "case %u at %u", i, len);
		}
	}
	KUNIT_EXPECT_EQ(test, args->name.len, 5);
	KUNIT_EXPECT_EQ(test, memcmp(args->my_name.data, "host2", 5), 0);
	KUNIT_EXPECT_EQ(test, args->program, NLM_PROGRAM);
	KUNIT_EXPECT_EQ(test, args->version, 4);
	KUNIT_EXPECT_EQ(test, args->procedure, 16);
	KUNIT_EXPECT_EQ(test, args->priv[15], 16);

	put_unaligned_be32(NSM_STRING_MAX + 1, w->bytes);
	wire_read(w, WIRE_MAX);
	KUNIT_EXPECT_FALSE(test, dnsm1_procs[NSMPROC_STAT]->decode(call, args));
}

static void expect_kept(struct kunit *test, const struct dnlm_record *rec)
{
	struct dnlm_record *got = kunit_kzalloc(test, sizeof(*got), GFP_KERNEL);
	struct dnlm_record_bytes *bytes = kunit_kzalloc(test, sizeof(*bytes), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_TRUE(test, dnlm_record_pack(rec, bytes));
	KUNIT_ASSERT_TRUE(test, dnlm_record_unpack(bytes->key, bytes->key_len, bytes->data,
						   bytes->data_len, got));
	KUNIT_EXPECT_EQ(test, memcmp(got, rec, sizeof(*rec)), 0);
	/* From a damaged database. */
	for (size_t len = 0; len < bytes->key_len; len++) {
		memset(got, 0, sizeof(*got));
		dnlm_record_unpack(bytes->key, len, bytes->data, bytes->data_len, got);
	}
	for (size_t len = 0; len < bytes->data_len; len++) {
		memset(got, 0, sizeof(*got));
		KUNIT_EXPECT_FALSE(test, dnlm_record_unpack(bytes->key, bytes->key_len,
							    bytes->data, len, got));
	}
	bytes->key[0] = 9;
	KUNIT_EXPECT_FALSE(test, dnlm_record_unpack(bytes->key, bytes->key_len, bytes->data,
						    bytes->data_len, got));
}

static void host_records(struct kunit *test)
{
	struct dnlm_record *rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	struct dnlm_record_bytes *bytes = kunit_kzalloc(test, sizeof(*bytes), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	rec->kind = DNLM_RECORD_HOST;
	rec->addr = way_of(1).addr;
	rec->local = way_of(2).addr;
	rec->udp = true;
	rec->state = 0x80000001;
	rec->name_len = 7;
	memcpy(rec->name, "client1", 7);
	expect_kept(test, rec);

	rec->kind = DNLM_RECORD_MONITOR;
	rec->scope = 3;
	rec->program = NLM_PROGRAM;
	rec->version = 4;
	rec->procedure = 16;
	memset(rec->priv, 0xa5, sizeof(rec->priv));
	rec->my_name_len = 3;
	memcpy(rec->my_name, "abc", 3);
	expect_kept(test, rec);

	rec->name_len = NSM_STRING_MAX;
	KUNIT_EXPECT_FALSE(test, dnlm_record_pack(rec, bytes));
}

static struct kunit_case nlm_cases[] = {
	KUNIT_CASE(codec_round_trip),
	KUNIT_CASE(codec_truncated),
	KUNIT_CASE(codec_too_long),
	KUNIT_CASE(codec_longest),
	KUNIT_CASE(codec_bad_values),
	KUNIT_CASE(test_res_without_holder),
	KUNIT_CASE(range_cut_to_32_bits),
	KUNIT_CASE(range_from_wire),
	KUNIT_CASE(status_numbers),
	KUNIT_CASE(name_lengths),
	KUNIT_CASE(hosts_by_name_and_address),
	KUNIT_CASE(hosts_of_one_address_are_few),
	KUNIT_CASE(hosts_of_one_network_leave_others),
	KUNIT_CASE(monitors_of_one_network_are_few),
	KUNIT_CASE(states_move_forward),
	KUNIT_CASE(cookie_lengths),
	KUNIT_CASE(nsm_truncated),
	KUNIT_CASE(host_records),
	{}
};

static struct kunit_suite nlm_suite = {
	.name = "ditto_nlm",
	.test_cases = nlm_cases,
};

kunit_test_suite(nlm_suite);
