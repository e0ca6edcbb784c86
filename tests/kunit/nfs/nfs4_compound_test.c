// SPDX-License-Identifier: GPL-2.0-only
/*
 * COMPOUND of NFS version 4 without a connection: its envelope, the rules about
 * the place of operations, room in the reply; names and statuses.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/nfs4.h>
#include <linux/percpu.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/server.h"
#include "../../../fs/nfs/v4/deleg/delegations.h"
#include "../../../fs/nfs/v4/engine/compound.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../net/stats.h"

#define WORDS	(PAGE_SIZE / sizeof(__be32))

/**
 * struct fixture - a call and its reply
 * @mem: arguments
 * @out: reply
 * @next: pages of either, behind the first
 * @pages: the same
 * @scratch: what a stream copies to where data crosses pages
 * @n: words of @mem written by hand
 * @in_buf: arguments
 * @out_buf: reply
 * @in: over @in_buf
 * @xdr: over @out_buf
 * @group: statistics
 * @delegations: of @v4
 * @v4: of @nfs
 * @nfs: of @call
 * @call: with @in and @xdr
 * @args: for operations
 * @res: for the engine
 */
struct fixture {
	__be32 mem[WORDS];
	__be32 out[WORDS];
	struct page *next;
	struct page *pages[1];
	u8 scratch[PAGE_SIZE];
	unsigned int n;
	struct xdr_buf in_buf;
	struct xdr_buf out_buf;
	struct xdr_stream in;
	struct xdr_stream xdr;
	struct ditto_stats_group group;
	struct dnfs4_delegations delegations;
	struct dnfs4_server v4;
	struct dnfs_server nfs;
	struct dnfs_call call;
	u8 args[DNFS4_ARGS_MAX + DNFS4_SCRATCH_MAX] __aligned(8);
	u8 res[8192] __aligned(8);
};

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	static const struct sockaddr_in addr = { .sin_family = AF_INET };

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->next = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, f->next);
	f->pages[0] = f->next;
	f->group.count = __alloc_percpu(sizeof(struct ditto_op_count) * (DNFS4_OP_MAX + 1),
					__alignof__(struct ditto_op_count));
	KUNIT_ASSERT_NOT_NULL(test, f->group.count);
	f->v4.stats = &f->group;
	f->v4.delegations = &f->delegations;
	f->nfs.v4 = &f->v4;
	f->call.server = &f->nfs;
	f->call.addr = (const struct sockaddr *)&addr;
	f->call.in = &f->in;
	f->call.xdr = &f->xdr;
	f->call.args = f->args;
	f->call.res = f->res;
	test->priv = f;
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	free_percpu(f->group.count);
	__free_page(f->next);
}

static void xdr_word(struct fixture *f, u32 value)
{
	f->mem[f->n++] = cpu_to_be32(value);
}

static void xdr_bytes(struct fixture *f, const char *s, u32 len)
{
	xdr_word(f, len);
	memset(&f->mem[f->n], 0, xdr_align_size(len));
	memcpy(&f->mem[f->n], s, len);
	f->n += XDR_QUADLEN(len);
}

/* Begin a COMPOUND by hand. */
static void compound_begin(struct fixture *f, const char *tag, u32 minor, u32 nops)
{
	f->n = 0;
	xdr_bytes(f, tag, strlen(tag));
	xdr_word(f, minor);
	xdr_word(f, nops);
}

static void compound_streams(struct fixture *f, u32 room)
{
	xdr_buf_init(&f->in_buf, f->mem, f->n * sizeof(__be32));
	f->in_buf.len = f->in_buf.head[0].iov_len;
	xdr_init_decode(&f->in, &f->in_buf, f->mem, NULL);
	xdr_set_scratch_buffer(&f->in, f->scratch, sizeof(f->scratch));
	memset(f->out, 0, sizeof(f->out));
	xdr_buf_init(&f->out_buf, f->out, room);
	f->out_buf.buflen = room;
	f->out_buf.head[0].iov_len = 0;
	xdr_init_encode(&f->xdr, &f->out_buf, f->out, NULL);
}

static int compound_run(struct fixture *f, u32 room)
{
	compound_streams(f, room);
	/* An earlier call has left something there. */
	memset(f->args, 0xee, sizeof(f->args));
	memset(f->res, 0xee, sizeof(f->res));
	return dnfs4_compound(&f->call, f->args, f->res);
}

/* A word of the reply. */
static u32 reply_word(const struct fixture *f, unsigned int i)
{
	return be32_to_cpu(f->out[i]);
}

static void compound_envelope(struct kunit *test)
{
	struct fixture *f = test->priv;

	compound_begin(f, "five5", 0, 2);
	xdr_word(f, OP_PUTROOTFH);
	xdr_word(f, OP_GETFH);
	KUNIT_ASSERT_EQ(test, compound_run(f, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, reply_word(f, 0), NFS4_OK);
	KUNIT_EXPECT_EQ(test, reply_word(f, 1), 5);
	KUNIT_EXPECT_MEMEQ(test, &f->out[2], "five5\0\0", 8);
	KUNIT_EXPECT_EQ(test, reply_word(f, 4), 2);
	KUNIT_EXPECT_EQ(test, reply_word(f, 5), OP_PUTROOTFH);
	KUNIT_EXPECT_EQ(test, reply_word(f, 6), NFS4_OK);
	KUNIT_EXPECT_EQ(test, reply_word(f, 7), OP_GETFH);
	KUNIT_EXPECT_EQ(test, reply_word(f, 8), NFS4_OK);
	KUNIT_EXPECT_EQ(test, reply_word(f, 9), 4);
	KUNIT_EXPECT_EQ(test, f->out_buf.len, 11 * sizeof(__be32));
}

static void compound_undecodable(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int whole, n;

	compound_begin(f, "tag", 0, 0);
	whole = f->n;
	for (n = 0; n < whole; n++) {
		f->n = n;
		KUNIT_EXPECT_EQ(test, compound_run(f, PAGE_SIZE), -EBADMSG);
		/* No results stand behind "garbage arguments". */
		KUNIT_EXPECT_EQ(test, f->out_buf.len, 0);
	}
	f->n = 0;
	xdr_word(f, DNFS4_TAG_MAX + 1);
	KUNIT_EXPECT_EQ(test, compound_run(f, PAGE_SIZE), -EBADMSG);
}

struct refusal {
	const char *tag;
	u32 minor;
	u32 nops;
	u32 first;
	u32 status;
	u32 results;
	u32 op;
};

static const struct refusal refusals[] = {
	{ "", 3, 1, OP_PUTROOTFH, NFS4ERR_MINOR_VERS_MISMATCH, 0 },
	{ "", U32_MAX, 1, OP_PUTROOTFH, NFS4ERR_MINOR_VERS_MISMATCH, 0 },
	{ "\xff", 0, 1, OP_PUTROOTFH, NFS4ERR_INVAL, 0 },
	{ "", 0, DNFS4_OPS_MAX + 1, OP_PUTROOTFH, NFS4ERR_RESOURCE, 0 },
	{ "", 0, 1, 0, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 0, 1, 2, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 0, 1, OP_SEQUENCE, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 0, 1, U32_MAX, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 1, 1, OP_ALLOCATE, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 2, 1, DNFS4_OP_MAX + 1, NFS4ERR_OP_ILLEGAL, 1, OP_ILLEGAL },
	{ "", 1, 1, OP_PUTROOTFH, NFS4ERR_OP_NOT_IN_SESSION, 1, OP_PUTROOTFH },
	{ "", 2, 1, OP_GETATTR, NFS4ERR_OP_NOT_IN_SESSION, 1, OP_GETATTR },
	{ "", 1, 2, OP_EXCHANGE_ID, NFS4ERR_NOT_ONLY_OP, 1, OP_EXCHANGE_ID },
	{ "", 1, 2, OP_CREATE_SESSION, NFS4ERR_NOT_ONLY_OP, 1, OP_CREATE_SESSION },
	{ "", 0, 1, OP_GETFH, NFS4ERR_NOFILEHANDLE, 1, OP_GETFH },
	{ "", 0, 1, OP_LOOKUPP, NFS4ERR_NOFILEHANDLE, 1, OP_LOOKUPP },
	{ "", 0, 1, OP_LOOKUP, NFS4ERR_BADXDR, 1, OP_LOOKUP },
	{ "", 0, 1, OP_RESTOREFH, NFS4ERR_RESTOREFH, 1, OP_RESTOREFH },
};

static void compound_refused(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];
		unsigned int results = 2 + XDR_QUADLEN(strlen(r->tag));

		compound_begin(f, r->tag, r->minor, r->nops);
		xdr_word(f, r->first);
		KUNIT_ASSERT_EQ_MSG(test, compound_run(f, PAGE_SIZE), 0, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, reply_word(f, 0), r->status, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, reply_word(f, results), r->results, "row %u", i);
		if (r->results) {
			KUNIT_EXPECT_EQ_MSG(test, reply_word(f, results + 1), r->op, "row %u", i);
			KUNIT_EXPECT_EQ_MSG(test, reply_word(f, results + 2), r->status, "row %u",
					    i);
		}
		KUNIT_EXPECT_EQ(test, f->call.status, r->status);
	}
}

/* A reply with little room, however little, is complete and reports the lack of it. */
static void little_room(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 room, results;

	for (room = 20; room < 120; room += 4) {
		compound_begin(f, "", 0, 6);
		for (unsigned int i = 0; i < 3; i++) {
			xdr_word(f, OP_PUTROOTFH);
			xdr_word(f, OP_GETFH);
		}
		KUNIT_ASSERT_EQ(test, compound_run(f, room), 0);
		results = reply_word(f, 2);
		KUNIT_EXPECT_LE(test, f->out_buf.len, room);
		KUNIT_EXPECT_EQ_MSG(test, reply_word(f, 0), room < 84 ? NFS4ERR_RESOURCE : NFS4_OK,
				    "room %u, %u results", room, results);
		KUNIT_EXPECT_GT(test, results, 0);
	}
}

static struct dnfs4_compound *compound_decoder(struct fixture *f)
{
	struct dnfs4_compound *cmp = (void *)f->res;

	memset(cmp, 0, sizeof(*cmp));
	compound_streams(f, PAGE_SIZE);
	cmp->in = &f->in;
	cmp->out = &f->xdr;
	cmp->args = f->args;
	return cmp;
}

struct name_row {
	const char *name;
	u32 len;
	u32 status;
};

static const struct name_row names[] = {
	{ "a", 1, NFS4_OK },
	{ "...", 3, NFS4_OK },
	{ ".x", 2, NFS4_OK },
	{ "gr\xc3\xbc\xc3\x9f", 6, NFS4_OK },
	{ "\xf0\x9f\x98\x80", 4, NFS4_OK },
	{ "", 0, NFS4ERR_INVAL },
	{ ".", 1, NFS4ERR_BADNAME },
	{ "..", 2, NFS4ERR_BADNAME },
	{ "a/b", 3, NFS4ERR_BADNAME },
	{ "a\0b", 3, NFS4ERR_BADCHAR },
	/* Names that are not UTF-8 are names. */
	{ "\xff", 1, NFS4_OK },
	{ "gr\xfc\xdf", 4, NFS4_OK },
	{ "\xff/", 2, NFS4ERR_BADNAME },
	{ "\xff\0", 2, NFS4ERR_BADCHAR },
};

static void decodes_names(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_name name;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		f->n = 0;
		xdr_bytes(f, names[i].name, names[i].len);
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_decode_name(compound_decoder(f), &name),
				    names[i].status, "row %u", i);
		if (!names[i].status) {
			KUNIT_EXPECT_EQ(test, name.len, names[i].len);
			KUNIT_EXPECT_MEMEQ(test, name.name, names[i].name, name.len);
		}
	}
}

/* An operation that is executed again decodes the same, wherever its arguments begin. */
static void arguments_are_decoded_again(struct kunit *test)
{
	/* Words in the head, bytes in the page, words in the tail; all words are numbered. */
	static const struct {
		u32 head;
		u32 page;
		u32 tail;
	} rows[] = {
		{ 8, 0, 0 }, { 3, 40, 0 }, { 0, 40, 3 }, { 2, 8, 4 }, { 1, PAGE_SIZE, 2 },
	};
	struct fixture *f = test->priv;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 len = (rows[i].head + rows[i].tail) * XDR_UNIT + rows[i].page;
		__be32 *page = page_address(f->next);
		u32 value, left, n = 0;

		memset(&f->in_buf, 0, sizeof(f->in_buf));
		f->in_buf.head[0] = (struct kvec){ f->mem, rows[i].head * XDR_UNIT };
		f->in_buf.tail[0] = (struct kvec){ f->out, rows[i].tail * XDR_UNIT };
		f->in_buf.pages = f->pages;
		f->in_buf.page_len = rows[i].page;
		f->in_buf.len = len;
		f->in_buf.buflen = len;
		for (u32 j = 0; j < rows[i].head; j++)
			f->mem[j] = cpu_to_be32(n++);
		for (u32 j = 0; j < rows[i].page / XDR_UNIT; j++)
			page[j] = cpu_to_be32(n++);
		for (u32 j = 0; j < rows[i].tail; j++)
			f->out[j] = cpu_to_be32(n++);
		for (u32 begin = 0; begin < n; begin++) {
			xdr_init_decode(&f->in, &f->in_buf, NULL, NULL);
			xdr_set_scratch_buffer(&f->in, f->scratch, sizeof(f->scratch));
			for (u32 j = 0; j < begin; j++)
				xdr_stream_decode_u32(&f->in, &value);
			left = f->in.nwords;
			for (u32 j = begin; j < n; j++)
				xdr_stream_decode_u32(&f->in, &value);
			dnfs4_rewind(&f->in, left);
			KUNIT_EXPECT_EQ(test, f->in.nwords, left);
			KUNIT_EXPECT_EQ(test, xdr_stream_decode_u32(&f->in, &value), 0);
			KUNIT_EXPECT_EQ_MSG(test, value, begin, "row %u", i);
		}
	}
}

static void long_names(struct kunit *test)
{
	static const u32 lens[] = { NAME_MAX, NAME_MAX + 1, 1024, 1025, 2000 };
	struct fixture *f = test->priv;
	struct ditto_name name;

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		f->n = 0;
		xdr_word(f, lens[i]);
		memset(&f->mem[f->n], 'n', lens[i]);
		f->n += XDR_QUADLEN(lens[i]);
		KUNIT_EXPECT_EQ(test, dnfs4_decode_name(compound_decoder(f), &name),
				lens[i] > NAME_MAX ? NFS4ERR_NAMETOOLONG : NFS4_OK);
		/* And an operation that does not exist. */
		f->n--;
		KUNIT_EXPECT_EQ(test, dnfs4_decode_name(compound_decoder(f), &name),
				NFS4ERR_BADXDR);
	}
	f->n = 0;
	xdr_word(f, U32_MAX);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_name(compound_decoder(f), &name), NFS4ERR_BADXDR);
}

/* Two names that each cross a boundary of the buffer do not overwrite each other. */
static void straddling_names(struct kunit *test)
{
	struct dnfs4_compound *cmp;
	struct fixture *f = test->priv;
	struct ditto_name one, two;
	__be32 *p = page_address(f->next);

	f->n = 0;
	xdr_bytes(f, "first-of-two", 12);
	/* The head ends in the first; the rest of both is in a page, the last word in the tail. */
	p[0] = f->mem[2];
	p[1] = f->mem[3];
	p[2] = cpu_to_be32(8);
	memcpy(&p[3], "seco", 4);
	cmp = compound_decoder(f);
	f->in_buf.head[0].iov_len = 8;
	f->in_buf.pages = f->pages;
	f->in_buf.page_len = 16;
	f->in_buf.tail[0].iov_base = &f->mem[100];
	f->in_buf.tail[0].iov_len = 4;
	memcpy(&f->mem[100], "nd-2", 4);
	f->in_buf.len = 28;
	xdr_init_decode(&f->in, &f->in_buf, f->mem, NULL);
	xdr_set_scratch_buffer(&f->in, f->scratch, sizeof(f->scratch));
	KUNIT_ASSERT_EQ(test, dnfs4_decode_name(cmp, &one), NFS4_OK);
	KUNIT_ASSERT_EQ(test, dnfs4_decode_name(cmp, &two), NFS4_OK);
	KUNIT_ASSERT_EQ(test, one.len, 12);
	KUNIT_ASSERT_EQ(test, two.len, 8);
	KUNIT_EXPECT_MEMEQ(test, one.name, "first-of-two", 12);
	KUNIT_EXPECT_MEMEQ(test, two.name, "second-2", 8);
}

static void stateids_and_times(struct kunit *test)
{
	static const struct dnfs4_stateid sid = { 0x1234, "abcdefghijkl" };
	struct timespec64 time = { -5, 999999999 };
	struct fixture *f = test->priv;
	struct dnfs4_stateid got;
	struct dnfs4_compound *cmp = compound_decoder(f);

	KUNIT_ASSERT_TRUE(test, dnfs4_encode_stateid(&f->xdr, &sid));
	KUNIT_ASSERT_TRUE(test, dnfs4_encode_time(&f->xdr, &time));
	memcpy(f->mem, f->out, f->out_buf.len);
	f->n = f->out_buf.len / sizeof(__be32);
	cmp = compound_decoder(f);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_stateid(cmp->in, &got), NFS4_OK);
	KUNIT_EXPECT_MEMEQ(test, &got, &sid, sizeof(sid));
	KUNIT_EXPECT_EQ(test, dnfs4_decode_time(cmp->in, &time), NFS4_OK);
	KUNIT_EXPECT_EQ(test, time.tv_sec, -5);
	KUNIT_EXPECT_EQ(test, time.tv_nsec, 999999999);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_time(cmp->in, &time), NFS4ERR_BADXDR);
	f->n = 0;
	xdr_word(f, 0);
	xdr_word(f, 1);
	xdr_word(f, 1000000000);
	cmp = compound_decoder(f);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_time(cmp->in, &time), NFS4ERR_INVAL);
}

/* RFC 8881 section 2.10.6.4. */
static void room_of_a_session(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_compound *cmp = compound_decoder(f);

	xdr_reserve_space(&f->xdr, 100);
	KUNIT_EXPECT_EQ(test, dnfs4_room(cmp), PAGE_SIZE - 100 - DNFS4_OP_HEAD_BYTES);
	KUNIT_EXPECT_EQ(test, dnfs4_too_big(cmp, 5000), NFS4ERR_RESOURCE);
	cmp->minor = 1;
	KUNIT_EXPECT_EQ(test, dnfs4_limit(cmp, 1000, 0, 0), NFS4_OK);
	KUNIT_EXPECT_EQ(test, dnfs4_room(cmp), 900 - DNFS4_OP_HEAD_BYTES);
	KUNIT_EXPECT_EQ(test, dnfs4_too_big(cmp, 5000), NFS4ERR_REP_TOO_BIG);
	KUNIT_EXPECT_EQ(test, dnfs4_limit(cmp, 1000, 500, 392), NFS4_OK);
	KUNIT_EXPECT_EQ(test, dnfs4_room(cmp), 400 - DNFS4_OP_HEAD_BYTES);
	KUNIT_EXPECT_EQ(test, dnfs4_too_big(cmp, 5000), NFS4ERR_REP_TOO_BIG);
	KUNIT_EXPECT_EQ(test, dnfs4_too_big(cmp, 450), NFS4ERR_REP_TOO_BIG_TO_CACHE);
	KUNIT_EXPECT_EQ(test, dnfs4_limit(cmp, 500, 0, 393), NFS4ERR_REP_TOO_BIG);
	KUNIT_EXPECT_EQ(test, dnfs4_limit(cmp, 1000, 100, 0), NFS4ERR_REP_TOO_BIG_TO_CACHE);
	KUNIT_EXPECT_EQ_MSG(test, dnfs4_room(cmp), 392, "what does not fit limits nothing");
}

/* Results behind a payload have the rest of the head, and of the session's limit. */
static void room_behind_a_payload(struct kunit *test)
{
	static const struct {
		u32 reply;
		u32 cached;
		u32 room;
	} rows[] = {
		{ 0, 0, PAGE_SIZE - 100 }, { 65536, 0, PAGE_SIZE - 100 },
		{ 3000, 0, 900 }, { 65536, 3000, 900 }, { 2108, 0, 8 },
	};
	struct fixture *f = test->priv;
	struct dnfs4_compound *cmp;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		cmp = compound_decoder(f);
		xdr_reserve_space(&f->xdr, 100);
		if (rows[i].reply)
			KUNIT_EXPECT_EQ(test, dnfs4_limit(cmp, rows[i].reply, rows[i].cached, 0),
					NFS4_OK);
		xdr_write_pages(&f->xdr, f->pages, 0, 2000);
		f->out_buf.buflen = f->out_buf.len + (f->xdr.end - f->xdr.p) * XDR_UNIT;
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_room(cmp), rows[i].room - DNFS4_OP_HEAD_BYTES,
				    "row %u", i);
	}
}

struct status_row {
	int err;
	u32 op;
	u32 status;
};

static const struct status_row statuses[] = {
	{ 0, OP_READ, NFS4_OK },
	{ -ENOENT, OP_LOOKUP, NFS4ERR_NOENT },
	{ -EJUKEBOX, OP_READ, NFS4ERR_DELAY },
	{ -EAGAIN, OP_READ, NFS4ERR_LOCKED },
	{ -EAGAIN, OP_WRITE, NFS4ERR_LOCKED },
	{ -EAGAIN, OP_GETATTR, NFS4ERR_DELAY },
	{ -ETXTBSY, OP_OPEN, NFS4ERR_SHARE_DENIED },
	{ -ETXTBSY, OP_REMOVE, NFS4ERR_FILE_OPEN },
	{ -ETXTBSY, OP_WRITE, NFS4ERR_LOCKED },
	{ -EISDIR, OP_RENAME, NFS4ERR_EXIST },
	{ -EISDIR, OP_OPEN, NFS4ERR_ISDIR },
	{ -ENOTDIR, OP_RENAME, NFS4ERR_EXIST },
	{ -ENOTEMPTY, OP_REMOVE, NFS4ERR_NOTEMPTY },
	{ -EKEYREVOKED, OP_CLOSE, NFS4ERR_ADMIN_REVOKED },
	{ -EKEYREVOKED, OP_OPEN, NFS4ERR_STALE },
};

static void statuses_of_errors(struct kunit *test)
{
	struct dnfs4_compound *cmp = compound_decoder(test->priv);

	for (unsigned int i = 0; i < ARRAY_SIZE(statuses); i++) {
		cmp->opnum = statuses[i].op;
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_status(cmp, statuses[i].err), statuses[i].status,
				    "row %u", i);
	}
}

/* WANT_DELEGATION: a claim without a name, and a type for one of them only. */
static void want_delegation(struct kunit *test)
{
	static const struct {
		u32 words[3];
		u32 n;
		u32 status;
	} cases[] = {
		{ { 0x100, NFS4_OPEN_CLAIM_FH }, 2, NFS4_OK },
		{ { 0x100, NFS4_OPEN_CLAIM_DELEG_PREV_FH }, 2, NFS4_OK },
		{ { 0x100, NFS4_OPEN_CLAIM_PREVIOUS, 1 }, 3, NFS4_OK },
		{ { 0x100, NFS4_OPEN_CLAIM_PREVIOUS }, 2, NFS4ERR_BADXDR },
		{ { 0x100, NFS4_OPEN_CLAIM_NULL, 0 }, 3, NFS4ERR_BADXDR },
		{ { 0x100, NFS4_OPEN_CLAIM_DELEGATE_PREV, 0 }, 3, NFS4ERR_BADXDR },
		{ { 0x100, U32_MAX, 0 }, 3, NFS4ERR_BADXDR },
		{ { 0x100 }, 1, NFS4ERR_BADXDR },
		{ {}, 0, NFS4ERR_BADXDR },
	};
	const struct dnfs4_op *op = dnfs4_ops[OP_WANT_DELEGATION];
	struct fixture *f = test->priv;
	struct dnfs4_compound cmp = { .in = &f->in, .minor = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		f->n = 0;
		for (u32 j = 0; j < cases[i].n; j++)
			xdr_word(f, cases[i].words[j]);
		compound_streams(f, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, op->decode(&cmp, f->args), cases[i].status);
		if (!cases[i].status)
			KUNIT_EXPECT_EQ(test, xdr_stream_pos(&f->in), 4 * cases[i].n);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(compound_envelope),
	KUNIT_CASE(compound_undecodable),
	KUNIT_CASE(compound_refused),
	KUNIT_CASE(little_room),
	KUNIT_CASE(decodes_names),
	KUNIT_CASE(arguments_are_decoded_again),
	KUNIT_CASE(long_names),
	KUNIT_CASE(straddling_names),
	KUNIT_CASE(stateids_and_times),
	KUNIT_CASE(room_of_a_session),
	KUNIT_CASE(room_behind_a_payload),
	KUNIT_CASE(statuses_of_errors),
	KUNIT_CASE(want_delegation),
	{}
};

static struct kunit_suite suite = {
	.name = "nfs4_compound",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
