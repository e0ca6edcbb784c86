// SPDX-License-Identifier: GPL-2.0-only
/*
 * CB_COMPOUND on the wire, slots of the back channel, delegations in the reply to an OPEN, and
 * walks over the channels of all clients.
 */
#include <kunit/test.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/v4/deleg/callback.h"
#include "../../../fs/nfs/v4/deleg/delegations.h"
#include "../../../fs/nfs/v4/engine/server.h"

#define WORDS	256

/**
 * struct fixture - a buffer to encode to and to decode from, and whom it is about
 * @mem: its bytes
 * @n: words written by hand
 * @buf: of @xdr
 * @xdr: over @mem
 * @session: of 4.1
 * @cb: a callback
 */
struct fixture {
	__be32 mem[WORDS];
	unsigned int n;
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs4_session session;
	struct dnfs4_callback cb;
};

static bool seven_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	return xdr_stream_encode_u32(xdr, 7) >= 0;
}

static int answer_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb)
{
	u32 answer;

	return xdr_stream_decode_u32(xdr, &answer) < 0 || answer != 42 ? -EBADMSG : 0;
}

static const struct dnfs4_callback_ops seven_ops = {
	.op = OP_CB_RECALL,
	.encode = seven_encode,
	.decode = answer_decode,
};

static const struct dnfs4_callback_ops bare_ops = { };

static int callback_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	spin_lock_init(&f->session.lock);
	memset(f->session.id, 0x5a, sizeof(f->session.id));
	f->session.back.maxrequests = DNFS4_CB_SLOTS;
	f->cb.ops = &seven_ops;
	f->cb.session = &f->session;
	f->cb.minor = 1;
	f->cb.seqid = 9;
	f->cb.slot = 2;
	f->cb.highest = 3;
	return 0;
}

static void begin_encode(struct fixture *f)
{
	f->buf.head[0].iov_base = f->mem;
	f->buf.head[0].iov_len = 0;
	f->buf.len = 0;
	f->buf.buflen = sizeof(f->mem);
	memset(f->mem, 0xee, sizeof(f->mem));
	xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
}

static void xdr_add(struct fixture *f, u32 word)
{
	f->mem[f->n++] = cpu_to_be32(word);
}

static int reply_decode(struct fixture *f)
{
	f->buf.head[0].iov_base = f->mem;
	f->buf.head[0].iov_len = f->n * 4;
	f->buf.len = f->n * 4;
	f->buf.buflen = f->n * 4;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	f->cb.seq_status = DNFS4_CB_NO_STATUS;
	f->cb.status = 0;
	return dnfs4_cb_decode(&f->xdr, &f->cb);
}

static void expect_words(struct kunit *test, const u32 *words, unsigned int n)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, f->buf.len, n * 4);
	for (unsigned int i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[i]), words[i], "word %u", i);
}

static void callback_encode_40(struct kunit *test)
{
	static const u32 words[] = { 0, 0, 77, 1, OP_CB_RECALL, 7 };
	struct fixture *f = test->priv;

	f->cb.minor = 0;
	f->cb.ident = 77;
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_cb_encode(&f->xdr, &f->cb));
	expect_words(test, words, ARRAY_SIZE(words));
}

#define ID	0x5a5a5a5a

static void callback_encode_41(struct kunit *test)
{
	static const u32 words[] = {
		0, 2, 0, 2, OP_CB_SEQUENCE, ID, ID, ID, ID, 9, 2, 3, 0,
		1, ID, ID, ID, ID, 1, 100, 5, OP_CB_RECALL, 7,
	};
	struct fixture *f = test->priv;

	f->cb.minor = 2;
	f->cb.after = (struct dnfs4_call_ref){ .seqid = 100, .slot = 5, .valid = true };
	memcpy(f->cb.after.session, f->session.id, sizeof(f->session.id));
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_cb_encode(&f->xdr, &f->cb));
	expect_words(test, words, ARRAY_SIZE(words));
}

static void callback_encode_bare(struct kunit *test)
{
	static const u32 words[] = {
		0, 1, 0, 1, OP_CB_SEQUENCE, ID, ID, ID, ID, 9, 2, 3, 0, 0,
	};
	struct fixture *f = test->priv;

	f->cb.ops = &bare_ops;
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_cb_encode(&f->xdr, &f->cb));
	expect_words(test, words, ARRAY_SIZE(words));
}

static void callback_encode_no_room(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (unsigned int room = 0; room < 15 * 4; room += 4) {
		begin_encode(f);
		f->buf.buflen = room;
		xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
		KUNIT_EXPECT_FALSE(test, dnfs4_cb_encode(&f->xdr, &f->cb));
	}
}

/* Up to the result of CB_SEQUENCE and that included. */
static void put_sequence(struct fixture *f, u32 status, u32 ops)
{
	f->n = 0;
	xdr_add(f, status);
	xdr_add(f, 0);
	xdr_add(f, ops);
	xdr_add(f, OP_CB_SEQUENCE);
	xdr_add(f, 0);
	for (int i = 0; i < 4; i++)
		xdr_add(f, ID);
	xdr_add(f, 9);
	xdr_add(f, 2);
	xdr_add(f, 15);
	xdr_add(f, 3);
}

static void callback_decode_ok(struct kunit *test)
{
	struct fixture *f = test->priv;

	put_sequence(f, 0, 2);
	xdr_add(f, OP_CB_RECALL);
	xdr_add(f, 0);
	xdr_add(f, 42);
	KUNIT_EXPECT_EQ(test, reply_decode(f), 0);
	KUNIT_EXPECT_EQ(test, f->cb.seq_status, 0);
	KUNIT_EXPECT_EQ(test, f->cb.status, 0);
	KUNIT_EXPECT_EQ(test, f->cb.target, 3);
	/* No part can be missing. */
	for (unsigned int n = f->n; n--;) {
		f->n = n;
		KUNIT_EXPECT_EQ(test, reply_decode(f), -EBADMSG);
	}
}

static void callback_decode_refused(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* The operation. */
	put_sequence(f, NFS4ERR_BAD_STATEID, 2);
	xdr_add(f, OP_CB_RECALL);
	xdr_add(f, NFS4ERR_BAD_STATEID);
	KUNIT_EXPECT_EQ(test, reply_decode(f), 0);
	KUNIT_EXPECT_EQ(test, f->cb.seq_status, 0);
	KUNIT_EXPECT_EQ(test, f->cb.status, NFS4ERR_BAD_STATEID);

	/* The sequence. */
	f->n = 0;
	xdr_add(f, NFS4ERR_DELAY);
	xdr_add(f, 0);
	xdr_add(f, 1);
	xdr_add(f, OP_CB_SEQUENCE);
	xdr_add(f, NFS4ERR_DELAY);
	KUNIT_EXPECT_EQ(test, reply_decode(f), 0);
	KUNIT_EXPECT_EQ(test, f->cb.seq_status, NFS4ERR_DELAY);

	/* All of it. */
	f->n = 0;
	xdr_add(f, NFS4ERR_MINOR_VERS_MISMATCH);
	xdr_add(f, 0);
	xdr_add(f, 0);
	KUNIT_EXPECT_EQ(test, reply_decode(f), 0);
	KUNIT_EXPECT_EQ(test, f->cb.seq_status, NFS4ERR_MINOR_VERS_MISMATCH);

	/* An unknown type. */
	put_sequence(f, NFS4ERR_OP_ILLEGAL, 2);
	xdr_add(f, OP_CB_ILLEGAL);
	xdr_add(f, NFS4ERR_OP_ILLEGAL);
	KUNIT_EXPECT_EQ(test, reply_decode(f), 0);
	KUNIT_EXPECT_EQ(test, f->cb.status, NFS4ERR_OP_ILLEGAL);
}

static void callback_decode_hostile(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* Another session, sequence id, slot, operation. */
	for (unsigned int at = 3; at < 11; at++) {
		if (at == 4)
			continue;
		put_sequence(f, 0, 2);
		xdr_add(f, OP_CB_RECALL);
		xdr_add(f, 0);
		xdr_add(f, 42);
		f->mem[at] ^= cpu_to_be32(0x100);
		KUNIT_EXPECT_EQ_MSG(test, reply_decode(f), -EBADMSG, "word %u", at);
	}
	/* A tag that is longer than the message, or than any. */
	f->n = 0;
	xdr_add(f, 0);
	xdr_add(f, U32_MAX);
	xdr_add(f, 0);
	KUNIT_EXPECT_EQ(test, reply_decode(f), -EBADMSG);
	f->n = 0;
	xdr_add(f, 0);
	xdr_add(f, 64);
	xdr_add(f, 0);
	KUNIT_EXPECT_EQ(test, reply_decode(f), -EBADMSG);
	/* Success, but without a result. */
	put_sequence(f, 0, 1);
	KUNIT_EXPECT_EQ(test, reply_decode(f), -EBADMSG);
}

static void callback_slots(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 seqid, highest;

	for (u32 i = 0; i < DNFS4_CB_SLOTS; i++) {
		KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), i);
		KUNIT_EXPECT_EQ(test, seqid, 1);
		KUNIT_EXPECT_EQ(test, highest, i);
	}
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), DNFS4_CB_NO_SLOT);
	dnfs4_cb_slot_give(&f->session, 3, DNFS4_CB_TAKEN);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 3);
	KUNIT_EXPECT_EQ(test, seqid, 2);
	dnfs4_cb_slot_give(&f->session, 3, DNFS4_CB_NOT_TAKEN);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 3);
	KUNIT_EXPECT_EQ(test, seqid, 2);
	dnfs4_cb_slot_give(&f->session, 3, DNFS4_CB_MISORDERED);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 3);
	KUNIT_EXPECT_EQ(test, seqid, 1);
}

static void callback_slots_lost(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 seqid, highest;

	f->session.back.maxrequests = 2;
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 0);
	dnfs4_cb_slot_give(&f->session, 0, DNFS4_CB_LOST);
	/* A slot with a lost callback is given only to a caller that resolves the loss. */
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 1);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), DNFS4_CB_NO_SLOT);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take_lost(&f->session, &seqid, &highest), 0);
	KUNIT_EXPECT_EQ(test, seqid, 1);
	dnfs4_cb_slot_give(&f->session, 0, DNFS4_CB_TAKEN);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 0);
	KUNIT_EXPECT_EQ(test, seqid, 2);
}

static void callback_slots_limit(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 seqid, highest;

	dnfs4_cb_slots_limit(&f->session, 2);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 0);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 1);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), DNFS4_CB_NO_SLOT);
	dnfs4_cb_slots_limit(&f->session, 3);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 2);
	/* One there always is. */
	dnfs4_cb_slot_give(&f->session, 0, DNFS4_CB_TAKEN);
	dnfs4_cb_slots_limit(&f->session, 0);
	KUNIT_EXPECT_EQ(test, dnfs4_cb_slot_take(&f->session, &seqid, &highest), 0);
}

static void callback_delegated(struct kunit *test)
{
	static const u32 read[] = { 1, 5, 0, 0, 0, 1, 0, 0, 0, 9, 0x45564552, 0x594f4e45,
				    0x40000000 };
	static const u32 write[] = { 2, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 0x45564552,
				     0x594f4e45, 0x40000000 };
	static const u32 with_times[] = { 5, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 0x45564552,
					  0x594f4e45, 0x40000000 };
	static const u32 wanted[] = { 3, WND4_NOT_WANTED };
	static const u32 contended[] = { 3, WND4_CONTENTION, 0 };
	struct dnfs4_delegated out = {
		.type = NFS4_OPEN_DELEGATE_READ, .stateid.seqid = 5, .recall = true,
	};
	struct fixture *f = test->priv;

	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_delegated(&f->xdr, &out));
	expect_words(test, read, ARRAY_SIZE(read));

	out = (struct dnfs4_delegated){
		.type = NFS4_OPEN_DELEGATE_WRITE, .stateid.seqid = 5,
	};
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_delegated(&f->xdr, &out));
	expect_words(test, write, ARRAY_SIZE(write));
	KUNIT_EXPECT_LE(test, sizeof(write), DNFS4_DELEGATED_BYTES);

	out.type = NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG;
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_delegated(&f->xdr, &out));
	expect_words(test, with_times, ARRAY_SIZE(with_times));

	out = (struct dnfs4_delegated){
		.type = NFS4_OPEN_DELEGATE_NONE_EXT, .why = WND4_NOT_WANTED,
	};
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_delegated(&f->xdr, &out));
	expect_words(test, wanted, ARRAY_SIZE(wanted));

	out.why = WND4_CONTENTION;
	begin_encode(f);
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_delegated(&f->xdr, &out));
	expect_words(test, contended, ARRAY_SIZE(contended));
}

/*
 * RFC 9754 section 5: not before the grant, nor after now; the owner may set any time. After a COPY
 * the time at the grant is none that anybody has set.
 */
static void callback_times(struct kunit *test)
{
	static const struct {
		time64_t served, time, vetted;
		bool atime, mtime, of_owner;
	} cases[] = {
		{ 1000, 999, 999, false, false, true },
		{ 1000, 1000, 1000, true, false, true },
		{ 1000, 1001, 1001, true, true, true },
		{ 1000, 2000, 2000, true, true, true },
		{ 1000, 2001, 2000, true, true, true },
		{ 1500, 999, 999, false, false, true },
		{ 1500, 1000, 1000, true, false, false },
		{ 1500, 1499, 1499, true, false, true },
		{ 1500, 1500, 1500, true, true, true },
		{ 1500, 2001, 2000, true, true, true },
		/* The server's clock was set back. */
		{ 500, 1000, 1000, true, false, false },
		{ 500, 1001, 1001, true, true, true },
	};
	struct dnfs4_write_delegation *wd = kunit_kzalloc(test, sizeof(*wd), GFP_KERNEL);
	const struct timespec64 now = { .tv_sec = 2000 };
	struct ditto_lease_times times, given;

	KUNIT_ASSERT_NOT_NULL(test, wd);
	wd->atime.tv_sec = 1000;
	wd->mtime.tv_sec = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		wd->served.tv_sec = cases[i].served;
		given = (struct ditto_lease_times){
			.atime.tv_sec = cases[i].time, .has_atime = true,
			.mtime.tv_sec = cases[i].time, .has_mtime = true,
		};
		times = given;
		dnfs4_times_vet(&times, wd, &now, true);
		KUNIT_EXPECT_TRUE_MSG(test, times.has_atime, "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, times.has_mtime, cases[i].of_owner, "case %zu", i);
		KUNIT_EXPECT_EQ(test, times.mtime.tv_sec, cases[i].time);
		times = given;
		dnfs4_times_vet(&times, wd, &now, false);
		KUNIT_EXPECT_EQ_MSG(test, times.has_atime, cases[i].atime, "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, times.has_mtime, cases[i].mtime, "case %zu", i);
		if (cases[i].atime)
			KUNIT_EXPECT_EQ(test, times.atime.tv_sec, cases[i].vetted);
		if (cases[i].mtime)
			KUNIT_EXPECT_EQ(test, times.mtime.tv_sec, cases[i].vetted);
	}
	/* A time that was not given is not made up. */
	for (int owns = 0; owns < 2; owns++) {
		times = (struct ditto_lease_times){
			.atime.tv_sec = 1800, .mtime.tv_sec = 1800,
		};
		dnfs4_times_vet(&times, wd, &now, owns);
		KUNIT_EXPECT_FALSE(test, times.has_atime || times.has_mtime);
	}
}

#define CLIENTS	6

/**
 * struct walked - a server with clients, for walks over their channels
 * @all: its list of channels
 * @server: the server
 * @client: the clients, in order of creation; the test holds each
 */
struct walked {
	struct dnfs4_delegations *all;
	struct dnfs4_server server;
	struct dnfs4_client client[CLIENTS];
};

static void walk_add(struct kunit *test, struct walked *w, int i)
{
	w->client[i].server = &w->server;
	refcount_set(&w->client[i].ref, 1);
	KUNIT_ASSERT_EQ(test, dnfs4_callback_init(&w->client[i]), 0);
}

static struct walked *walk_begin(struct kunit *test, int clients)
{
	struct walked *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->all = kunit_kzalloc(test, sizeof(*w->all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->all);
	spin_lock_init(&w->all->lock);
	INIT_LIST_HEAD(&w->all->channels);
	w->server.delegations = w->all;
	for (int i = 0; i < clients; i++)
		walk_add(test, w, i);
	return w;
}

static void walk_end(struct walked *w)
{
	for (int i = 0; i < CLIENTS; i++)
		dnfs4_callback_free(&w->client[i]);
}

/* The step behind client @from, or the first with -1, is to lead to client @to, or to the end. */
static void walk_expect(struct kunit *test, struct walked *w, int from, int to)
{
	struct dnfs4_client *previous = from < 0 ? NULL : &w->client[from];
	struct dnfs4_client *next = dnfs4_callback_next(&w->server, previous);

	KUNIT_EXPECT_PTR_EQ(test, next, to < 0 ? NULL : &w->client[to]);
	if (previous)
		KUNIT_EXPECT_EQ(test, refcount_read(&previous->ref), 1);
	if (next)
		KUNIT_EXPECT_EQ(test, refcount_read(&next->ref), 2);
}

/* Clients that are new, released or freed meanwhile neither end a walk nor repeat a part of it. */
static void walk_while_clients_go(struct kunit *test)
{
	struct walked *w = walk_begin(test, CLIENTS - 1);

	/* In no table yet, or about to be freed. */
	refcount_set(&w->client[0].ref, 0);
	refcount_set(&w->client[2].ref, 0);
	walk_expect(test, w, -1, 1);
	walk_expect(test, w, 1, 3);
	dnfs4_callback_stop(&w->client[3]);
	dnfs4_callback_free(&w->client[2]);
	walk_expect(test, w, 3, 4);
	walk_add(test, w, 5);
	walk_expect(test, w, 4, 5);
	walk_expect(test, w, 5, -1);
	walk_end(w);
}

/* A step does not search the list from its front, which is hidden here. */
static void walk_goes_on(struct kunit *test)
{
	struct walked *w = walk_begin(test, CLIENTS);
	struct list_head *first = w->all->channels.next;

	walk_expect(test, w, -1, 0);
	w->all->channels.next = &w->all->channels;
	for (int i = 1; i < CLIENTS; i++)
		walk_expect(test, w, i - 1, i);
	walk_expect(test, w, CLIENTS - 1, -1);
	w->all->channels.next = first;
	walk_end(w);
}

/* No channel runs any more when the service has stopped, not even that of a new client. */
static void walk_stops_all(struct kunit *test)
{
	struct walked *w = walk_begin(test, 0);

	w->all->running = true;
	for (int i = 0; i < CLIENTS; i++)
		walk_add(test, w, i);
	refcount_set(&w->client[1].ref, 0);
	dnfs4_callbacks_stop(&w->server);
	for (int i = 0; i < CLIENTS; i++)
		KUNIT_EXPECT_FALSE_MSG(test, w->client[i].callback->running, "client %d", i);
	walk_end(w);
}

static struct kunit_case callback_cases[] = {
	KUNIT_CASE(callback_encode_40),
	KUNIT_CASE(callback_encode_41),
	KUNIT_CASE(callback_encode_bare),
	KUNIT_CASE(callback_encode_no_room),
	KUNIT_CASE(callback_decode_ok),
	KUNIT_CASE(callback_decode_refused),
	KUNIT_CASE(callback_decode_hostile),
	KUNIT_CASE(callback_slots),
	KUNIT_CASE(callback_slots_lost),
	KUNIT_CASE(callback_slots_limit),
	KUNIT_CASE(callback_delegated),
	KUNIT_CASE(callback_times),
	KUNIT_CASE(walk_while_clients_go),
	KUNIT_CASE(walk_goes_on),
	KUNIT_CASE(walk_stops_all),
	{}
};

static struct kunit_suite callback_suite = {
	.name = "nfs4_callback",
	.init = callback_init,
	.test_cases = callback_cases,
};

kunit_test_suite(callback_suite);
