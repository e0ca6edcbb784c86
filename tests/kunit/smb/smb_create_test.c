// SPDX-License-Identifier: GPL-2.0-only
/* Create contexts and times of the wire. */
#include <kunit/test.h>

#include "../../../smb/file/attrs.h"
#include "../../../smb/wire/create_context.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/transport/conn.h"
#include "../../../smb/wire/status.h"

#define ROOM	1024

struct create_ctx {
	struct dsmb_conn conn;
	struct dsmb_contexts contexts;
	struct dsmb_builder b;
	u32 last;
	u8 room[ROOM];
};

static int create_test_init(struct kunit *test)
{
	struct create_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->conn.dialect = DSMB_DIALECT_311;
	ctx->b = dsmb_builder(ctx->room, ROOM);
	test->priv = ctx;
	return 0;
}

/* One context more, of @len bytes of data that begin with @value. */
static void context_add(struct create_ctx *ctx, const char *name, u32 len, u64 value)
{
	struct dsmb_builder *b = &ctx->b;
	u32 name_len = strlen(name), at, i;

	dsmb_encode_align(b, 8);
	at = b->len;
	if (at)
		dsmb_fill_u32(b, ctx->last, at - ctx->last);
	dsmb_encode_u32(b, 0);
	dsmb_encode_u16(b, 16);
	dsmb_encode_u16(b, name_len);
	dsmb_encode_u16(b, 0);
	dsmb_encode_u16(b, ALIGN(16 + name_len, 8));
	dsmb_encode_u32(b, len);
	dsmb_encode_bytes(b, name, name_len);
	dsmb_encode_align(b, 8);
	for (i = 0; i < len; i++)
		dsmb_encode_u8(b, i < 8 ? value >> 8 * i : 0);
	ctx->last = at;
}

static u32 parse_len(struct create_ctx *ctx, u32 len)
{
	return dsmb_contexts_parse(ctx->conn.dialect, ctx->conn.posix,
				   dsmb_cursor(ctx->room, len), &ctx->contexts);
}

static u32 contexts_parse(struct create_ctx *ctx)
{
	u32 status = parse_len(ctx, ctx->b.len);

	ctx->b = dsmb_builder(ctx->room, ROOM);
	return status;
}

static void create_contexts(struct kunit *test)
{
	struct create_ctx *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ctx->contexts.present, 0);
	context_add(ctx, "MxAc", 0, 0);
	context_add(ctx, "FooO", 3, 0);
	context_add(ctx, "AlSi", 8, 0x1122334455667788);
	context_add(ctx, "QFid", 0, 0);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ctx->contexts.present, BIT(DSMB_CONTEXT_MAXIMAL) |
			BIT(DSMB_CONTEXT_ALLOCATION) | BIT(DSMB_CONTEXT_DISK_ID));
	KUNIT_EXPECT_EQ(test, dsmb_context_u64(&ctx->contexts, DSMB_CONTEXT_ALLOCATION),
			0x1122334455667788);
	KUNIT_EXPECT_EQ(test, dsmb_context_u64(&ctx->contexts, DSMB_CONTEXT_MAXIMAL), 0);
}

static void create_contexts_refused(struct kunit *test)
{
	static const struct {
		const char *first;
		u32 first_len;
		const char *second;
		u32 second_len;
	} cases[] = {
		{ "x", 0 }, { "xx", 0 }, { "xxx", 0 },
		{ "AlSi", 7 }, { "AlSi", 9 }, { "AlSi", 0 },
		{ "MxAc", 4 }, { "QFid", 1 }, { "RqLs", 33 }, { "DH2Q", 31 },
		{ "MxAc", 0, "MxAc", 0 },
		{ "DHnQ", 16, "DH2Q", 32 },
		{ "DHnC", 16, "DH2C", 36 },
		{ "DH2C", 36, "DH2Q", 32 },
		{ "DHnQ", 16, "DH2C", 36 },
	};
	struct create_ctx *ctx = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		context_add(ctx, cases[i].first, cases[i].first_len, 0);
		if (cases[i].second)
			context_add(ctx, cases[i].second, cases[i].second_len, 0);
		KUNIT_EXPECT_EQ_MSG(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER, "case %zu",
				    i);
	}
}

/* A truncated list is refused, and nothing behind its end is read. */
static void create_contexts_cut(struct kunit *test)
{
	struct create_ctx *ctx = test->priv;
	u32 len, size;

	context_add(ctx, "AlSi", 8, 1);
	context_add(ctx, "RqLs", 32, 0);
	size = ctx->b.len;
	for (len = 1; len < size; len++)
		KUNIT_EXPECT_EQ_MSG(test, parse_len(ctx, len), STATUS_INVALID_PARAMETER,
				    "%u bytes", len);
	KUNIT_EXPECT_EQ(test, parse_len(ctx, size), STATUS_SUCCESS);
}

/* Offsets and lengths at their limits. */
static void create_contexts_edges(struct kunit *test)
{
	static const u32 places[] = { 0, 4, 6, 10, 12 };
	struct create_ctx *ctx = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		for (unsigned int high = 0; high < 2; high++) {
			u16 value = high ? 0xffff : 0x7ffe;

			context_add(ctx, "AlSi", 8, 1);
			dsmb_fill_u16(&ctx->b, places[i], value);
			KUNIT_EXPECT_EQ_MSG(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER,
					    "place %u", places[i]);
		}
	}
	context_add(ctx, "AlSi", 8, 1);
	dsmb_fill_u32(&ctx->b, 12, 0xffffffff);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER);
	context_add(ctx, "AlSi", 8, 1);
	dsmb_fill_u32(&ctx->b, 0, 0xfffffff8);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER);
	context_add(ctx, "AlSi", 8, 1);
	dsmb_fill_u32(&ctx->b, 0, 8);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER);
}

/* A context that the dialect does not have is unknown, whatever its content. */
static void create_contexts_dialects(struct kunit *test)
{
	struct create_ctx *ctx = test->priv;

	ctx->conn.dialect = DSMB_DIALECT_202;
	context_add(ctx, "RqLs", 1, 0);
	context_add(ctx, "DH2Q", 1, 0);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ctx->contexts.present, 0);
	/* It excludes others all the same. */
	context_add(ctx, "DHnC", 16, 0);
	context_add(ctx, "DH2Q", 32, 0);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER);
	context_add(ctx, "DHnC", 16, 0);
	context_add(ctx, "DH2C", 36, 0);
	KUNIT_EXPECT_EQ(test, contexts_parse(ctx), STATUS_INVALID_PARAMETER);
}

/* The response contexts are a valid list, each aligned. */
static void create_contexts_answered(struct kunit *test)
{
	struct create_ctx *ctx = test->priv;
	struct dsmb_attrs attrs = { .file_id = 5, .volume_id = 7, .written = 9 };
	const struct dsmb_context_reply reply = { .attrs = &attrs, .maximal = 0x1f01ff };
	u8 answer[256] = {};
	struct dsmb_builder out = dsmb_builder(answer, sizeof(answer));
	struct dsmb_cursor c;

	context_add(ctx, "MxAc", 0, 0);
	context_add(ctx, "RqLs", 32, 0);
	context_add(ctx, "QFid", 0, 0);
	KUNIT_ASSERT_EQ(test, contexts_parse(ctx), STATUS_SUCCESS);
	dsmb_builder_reserve(&out, 88);
	KUNIT_EXPECT_EQ(test, dsmb_contexts_encode(&out, &ctx->contexts, &reply),
			32 + 24 + 32);
	c = dsmb_window(&(struct dsmb_cursor) { answer, out.len }, 88, out.len - 88);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 32);
	dsmb_seek(&c, 16);
	KUNIT_EXPECT_MEMEQ(test, dsmb_get(&c, 4), "MxAc", 4);
	dsmb_seek(&c, 28);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 0x1f01ff);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 0);
	dsmb_seek(&c, 32 + 24);
	KUNIT_EXPECT_EQ(test, dsmb_get_u64(&c), 5);
	KUNIT_EXPECT_EQ(test, dsmb_get_u64(&c), 7);
	KUNIT_EXPECT_FALSE(test, c.bad);
}

static void create_times(struct kunit *test)
{
	static const struct {
		s64 sec;
		u64 filetime;
	} cases[] = {
		{ 0, 116444736000000000ULL },
		{ -DSMB_EPOCH, 0 },
		{ -DSMB_EPOCH - 1, 0 },
		{ 1, 116444736010000000ULL },
		{ S64_MIN, 0 },
		{ DSMB_TIME_MAX / DSMB_TICKS - DSMB_EPOCH - 1,
		  (DSMB_TIME_MAX / DSMB_TICKS - 1) * DSMB_TICKS },
		{ DSMB_TIME_MAX / DSMB_TICKS - DSMB_EPOCH, DSMB_TIME_MAX },
		{ S64_MAX, DSMB_TIME_MAX },
	};
	struct timespec64 ts;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ts = (struct timespec64) { .tv_sec = cases[i].sec };
		KUNIT_EXPECT_EQ(test, dsmb_filetime(ts), cases[i].filetime);
	}
	ts = dsmb_timespec(116444736010000001ULL);
	KUNIT_EXPECT_EQ(test, ts.tv_sec, 1);
	KUNIT_EXPECT_EQ(test, ts.tv_nsec, 100);
	KUNIT_EXPECT_EQ(test, dsmb_filetime(dsmb_timespec(DSMB_TIME_MAX / 2)), DSMB_TIME_MAX / 2);
}

static struct kunit_case create_cases[] = {
	KUNIT_CASE(create_contexts),
	KUNIT_CASE(create_contexts_refused),
	KUNIT_CASE(create_contexts_cut),
	KUNIT_CASE(create_contexts_edges),
	KUNIT_CASE(create_contexts_dialects),
	KUNIT_CASE(create_contexts_answered),
	KUNIT_CASE(create_times),
	{}
};

static struct kunit_suite create_suite = {
	.name = "smb_create",
	.init = create_test_init,
	.test_cases = create_cases,
};

kunit_test_suite(create_suite);
