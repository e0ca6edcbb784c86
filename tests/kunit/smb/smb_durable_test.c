// SPDX-License-Identifier: GPL-2.0-only
/* Contexts of durable opens and of applications, and the opens granted by them. */
#include <kunit/test.h>

#include "../../../lockd/matrix.h"
#include "../../../smb/file/attrs.h"
#include "../../../smb/wire/create_context.h"
#include "../../../smb/open/durable.h"
#include "../../../smb/open/durable_app.h"
#include "../../../smb/open/open.h"
#include "../../../smb/wire/oplock.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/transport/conn.h"
#include "../../../smb/wire/status.h"

#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE
#define W DITTO_LEASE_WRITE

static void context_add(struct dsmb_contexts *contexts, enum dsmb_context which, const u8 *data,
			u32 len)
{
	contexts->present |= BIT(which);
	contexts->data[which] = dsmb_cursor(data, len);
}

static void durable_asked(struct kunit *test)
{
	static const u8 v2[32] = { 0x10, 0x27, [4] = 2, [16] = 'g', [31] = 'h' };
	static const u8 back2[36] = { 7, [8] = 9, [16] = 'g', [31] = 'h', [32] = 2 };
	static const u8 v1[16], back1[16] = { 0, 5, [8] = 9 };
	struct dsmb_contexts contexts = {};
	struct dsmb_durable_ask ask;

	dsmb_durable_parse(&contexts, &ask);
	KUNIT_EXPECT_EQ(test, ask.version, 0);

	context_add(&contexts, DSMB_CONTEXT_DURABLE, v1, sizeof(v1));
	dsmb_durable_parse(&contexts, &ask);
	KUNIT_EXPECT_EQ(test, ask.version, 1);
	KUNIT_EXPECT_FALSE(test, ask.reconnect);

	/* Section 3.3.5.9.7: beside it DHnQ is ignored. */
	context_add(&contexts, DSMB_CONTEXT_RECONNECT, back1, sizeof(back1));
	dsmb_durable_parse(&contexts, &ask);
	KUNIT_EXPECT_TRUE(test, ask.reconnect);
	KUNIT_EXPECT_EQ(test, ask.id, 0x500);

	contexts.present = 0;
	context_add(&contexts, DSMB_CONTEXT_DURABLE_2, v2, sizeof(v2));
	dsmb_durable_parse(&contexts, &ask);
	KUNIT_EXPECT_EQ(test, ask.version, 2);
	KUNIT_EXPECT_FALSE(test, ask.reconnect);
	KUNIT_EXPECT_TRUE(test, ask.persistent);
	KUNIT_EXPECT_EQ(test, ask.timeout_ms, 10000);
	KUNIT_EXPECT_EQ(test, ask.guid[0], 'g');
	KUNIT_EXPECT_EQ(test, ask.guid[15], 'h');

	contexts.present = 0;
	context_add(&contexts, DSMB_CONTEXT_RECONNECT_2, back2, sizeof(back2));
	dsmb_durable_parse(&contexts, &ask);
	KUNIT_EXPECT_EQ(test, ask.version, 2);
	KUNIT_EXPECT_TRUE(test, ask.reconnect);
	KUNIT_EXPECT_TRUE(test, ask.persistent);
	KUNIT_EXPECT_EQ(test, ask.id, 7);
	KUNIT_EXPECT_EQ(test, ask.guid[15], 'h');
}

static void durable_granted(struct kunit *test)
{
	static const struct {
		u8 level;
		u8 state;
		bool fits;
	} cases[] = {
		{ DSMB_OPLOCK_NONE, 0, false },
		{ DSMB_OPLOCK_II, 0, false },
		{ DSMB_OPLOCK_EXCLUSIVE, 0, false },
		{ DSMB_OPLOCK_BATCH, 0, true },
		{ DSMB_OPLOCK_LEASE, 0, false },
		{ DSMB_OPLOCK_LEASE, R, false },
		{ DSMB_OPLOCK_LEASE, R | W, false },
		{ DSMB_OPLOCK_LEASE, R | H, true },
		{ DSMB_OPLOCK_LEASE, R | H | W, true },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dsmb_caching c = { .level = cases[i].level, .state = cases[i].state };

		KUNIT_EXPECT_EQ_MSG(test, dsmb_durable_fits(&c), cases[i].fits, "case %u", i);
	}
	KUNIT_EXPECT_EQ(test, dsmb_durable_time(0, 60000), 60000);
	KUNIT_EXPECT_EQ(test, dsmb_durable_time(5, 60000), 5);
	KUNIT_EXPECT_EQ(test, dsmb_durable_time(U32_MAX, 60000), DSMB_DURABLE_MS_MAX);
}

static u32 durable_answer(struct dsmb_durable_reply durable, enum dsmb_context which, u8 *room,
			  u32 size)
{
	const struct dsmb_context_reply reply = { .durable = durable };
	struct dsmb_contexts contexts = { .present = BIT(which) };
	struct dsmb_builder out = dsmb_builder(room, size);

	return dsmb_contexts_encode(&out, &contexts, &reply);
}

static void durable_answers(struct kunit *test)
{
	struct dsmb_durable_reply durable = { .version = 2, .timeout_ms = 60000 };
	u8 room[64] = {};
	struct dsmb_cursor c;

	KUNIT_EXPECT_EQ(test, durable_answer((struct dsmb_durable_reply) { },
					     DSMB_CONTEXT_DURABLE_2, room, sizeof(room)), 0);
	KUNIT_EXPECT_EQ(test, durable_answer(durable, DSMB_CONTEXT_DURABLE_2, room, sizeof(room)),
			32);
	KUNIT_EXPECT_MEMEQ(test, room + 16, "DH2Q", 4);
	c = dsmb_cursor(room, 32);
	dsmb_seek(&c, 24);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 60000);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 0);

	durable.version = 1;
	KUNIT_EXPECT_EQ(test, durable_answer(durable, DSMB_CONTEXT_DURABLE, room, sizeof(room)),
			32);
	KUNIT_EXPECT_MEMEQ(test, room + 16, "DHnQ", 4);
	c = dsmb_cursor(room, 32);
	dsmb_seek(&c, 24);
	KUNIT_EXPECT_EQ(test, dsmb_get_u64(&c), 0);
}

static void durable_applications(struct kunit *test)
{
	static const u8 id[20] = { 20, [4] = 'a', [19] = 'z' };
	static const u8 version[24] = { 24, [8] = 1, [16] = 2 };
	struct dsmb_contexts contexts = {};
	struct dsmb_app_ask ask;

	dsmb_app_parse(&contexts, &ask);
	KUNIT_EXPECT_FALSE(test, ask.present);
	context_add(&contexts, DSMB_CONTEXT_APP_INSTANCE, id, sizeof(id));
	dsmb_app_parse(&contexts, &ask);
	KUNIT_EXPECT_TRUE(test, ask.present);
	KUNIT_EXPECT_FALSE(test, ask.versioned);
	KUNIT_EXPECT_EQ(test, ask.id[0], 'a');
	KUNIT_EXPECT_EQ(test, ask.id[15], 'z');
	context_add(&contexts, DSMB_CONTEXT_APP_VERSION, version, sizeof(version));
	dsmb_app_parse(&contexts, &ask);
	KUNIT_EXPECT_TRUE(test, ask.versioned);
	KUNIT_EXPECT_EQ(test, ask.high, 1);
	KUNIT_EXPECT_EQ(test, ask.low, 2);

	/* 3.3.5.9.13: the same version is not newer. */
	KUNIT_EXPECT_FALSE(test, dsmb_app_is_newer(&ask, 1, 2));
	KUNIT_EXPECT_FALSE(test, dsmb_app_is_newer(&ask, 1, 3));
	KUNIT_EXPECT_FALSE(test, dsmb_app_is_newer(&ask, 2, 0));
	KUNIT_EXPECT_TRUE(test, dsmb_app_is_newer(&ask, 1, 1));
	KUNIT_EXPECT_TRUE(test, dsmb_app_is_newer(&ask, 0, 9));

	/* Without a version it is newer than none. */
	contexts.present &= ~BIT(DSMB_CONTEXT_APP_VERSION);
	dsmb_app_parse(&contexts, &ask);
	KUNIT_EXPECT_FALSE(test, dsmb_app_is_newer(&ask, 0, 0));
}

/* What few opens need is allocated when it is needed; see Documentation/performance.md. */
static void open_is_small(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_DEBUG_SPINLOCK) ||
	    IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "locks are larger here");
	KUNIT_EXPECT_LE(test, sizeof(struct dsmb_open), 184);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(durable_asked),
	KUNIT_CASE(durable_granted),
	KUNIT_CASE(durable_answers),
	KUNIT_CASE(durable_applications),
	KUNIT_CASE(open_is_small),
	{}
};

static struct kunit_suite suite = {
	.name = "smb_durable",
	.test_cases = cases,
};

kunit_test_suite(suite);
