// SPDX-License-Identifier: GPL-2.0-only
/* Records of persistent opens: valid ones are read as written, others refused. */
#include <kunit/test.h>

#include "../../../lockd/matrix.h"
#include "../../../net/helper/record.h"
#include "../../../smb/open/persist_record.h"

struct fixture {
	struct dsmb_record record;
	struct dsmb_record again;
	u8 data[DITTO_RECORD_DATA_MAX];
};

static void record_fill(struct dsmb_record *r)
{
	r->flags = DSMB_RECORD_WRITABLE | DSMB_RECORD_CLOSES | DSMB_RECORD_APP |
		   DSMB_RECORD_SNAPSHOT | DSMB_RECORD_OTHERS;
	memset(&r->client, 'c', sizeof(r->client));
	memset(r->guid, 'g', sizeof(r->guid));
	memset(&r->share, 's', sizeof(r->share));
	r->handle.len = 28;
	memset(r->handle.data, 'h', r->handle.len);
	r->dir.len = 24;
	memset(r->dir.data, 'd', r->dir.len);
	r->entry_len = 5;
	memcpy(r->entry, "entry", r->entry_len);
	r->name_hash = 0x0123456789abcdefULL;
	r->rights = 0x12019f;
	r->deny = 6;
	r->options = 0x1040;
	r->action = 2;
	r->timeout_ms = 60000;
	r->caching = (struct dsmb_caching) {
		.level = DSMB_OPLOCK_LEASE, .version = 2, .epoch = 7,
		.state = DITTO_LEASE_READ | DITTO_LEASE_HANDLE, .flags = DSMB_LEASE_HAS_PARENT,
		.key = "lease key", .parent = "parent key",
	};
	r->user = 3000;
	r->sid_len = 28;
	memset(r->sid, 'i', r->sid_len);
	strscpy(r->name, "alice@EXAMPLE");
	r->uid = 3001;
	r->gid = 3002;
	r->ngroups = 2;
	r->groups[1] = 77;
	r->app = (struct dsmb_app_ask) {
		.present = true, .id = "application", .versioned = true, .high = 1, .low = 2,
	};
	r->sequences[63] = 0x8f;
	r->nranges = 2;
	r->ranges[0] = (struct ditto_range_held) { .first = 5, .length = 0 };
	r->ranges[1] = (struct ditto_range_held) { .first = 1ULL << 63, .length = 9,
						   .exclusive = true };
}

static struct fixture *fixture_alloc(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	record_fill(&f->record);
	return f;
}

static void record_is_read(struct kunit *test)
{
	struct fixture *f = fixture_alloc(test);
	u32 len = dsmb_record_encode(&f->record, f->data);

	KUNIT_ASSERT_TRUE(test, dsmb_record_decode(&f->again, f->data, len));
	KUNIT_EXPECT_MEMEQ(test, &f->again, &f->record, sizeof(f->record));
}

/* A record of version 2 does not tell the name that the client knows, one of version 1 none. */
static void record_is_old(struct kunit *test)
{
	struct fixture *f = fixture_alloc(test);
	struct dsmb_record *r = &f->record;
	u32 len = dsmb_record_encode(r, f->data);

	f->data[0] = 2;
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data, len));
	len -= sizeof(r->name_hash);
	KUNIT_ASSERT_TRUE(test, dsmb_record_decode(&f->again, f->data, len));
	r->name_hash = 0;
	KUNIT_EXPECT_MEMEQ(test, &f->again, r, sizeof(*r));

	f->data[0] = 1;
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data, len));
	len -= 1 + r->dir.len + 1 + r->entry_len;
	KUNIT_ASSERT_TRUE(test, dsmb_record_decode(&f->again, f->data, len));
	memset(&r->dir, 0, sizeof(r->dir));
	memset(r->entry, 0, sizeof(r->entry));
	r->entry_len = 0;
	KUNIT_EXPECT_MEMEQ(test, &f->again, r, sizeof(*r));
}

/* The longest of all fits. */
static void record_is_full(struct kunit *test)
{
	struct fixture *f = fixture_alloc(test);
	struct dsmb_record *r = &f->record;
	u32 len;

	r->handle.len = DITTO_HANDLE_MAX;
	r->dir.len = DITTO_HANDLE_MAX;
	r->entry_len = NAME_MAX;
	memset(r->entry, 'e', r->entry_len);
	r->sid_len = DITTO_SID_MAX;
	memset(r->name, 'n', DSMB_PERSIST_NAME_MAX);
	r->ngroups = DSMB_PERSIST_GROUPS_MAX;
	r->nranges = DSMB_PERSIST_RANGES_MAX;
	r->ranges[DSMB_PERSIST_RANGES_MAX - 1].first = 1;
	len = dsmb_record_encode(r, f->data);
	KUNIT_EXPECT_LE(test, len, DITTO_RECORD_DATA_MAX);
	KUNIT_ASSERT_TRUE(test, dsmb_record_decode(&f->again, f->data, len));
	KUNIT_EXPECT_MEMEQ(test, &f->again, r, sizeof(*r));
}

static void record_is_damaged(struct kunit *test)
{
	struct fixture *f = fixture_alloc(test);
	u32 len = dsmb_record_encode(&f->record, f->data);

	for (u32 i = 0; i < len; i++)
		KUNIT_EXPECT_FALSE_MSG(test, dsmb_record_decode(&f->again, f->data, i),
				       "cut to %u", i);
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data, len + 1));
	f->data[0]++;
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data, len));
	f->data[0]--;
	/* A record with any content never overruns its buffer. */
	for (u32 i = 1; i < len; i++) {
		u8 was = f->data[i];

		f->data[i] = 0xff;
		if (dsmb_record_decode(&f->again, f->data, len)) {
			KUNIT_EXPECT_LE(test, f->again.sid_len, DITTO_SID_MAX);
			KUNIT_EXPECT_LE(test, f->again.handle.len, DITTO_HANDLE_MAX);
			KUNIT_EXPECT_LE(test, f->again.dir.len, DITTO_HANDLE_MAX);
			KUNIT_EXPECT_LE(test, f->again.nranges, DSMB_PERSIST_RANGES_MAX);
		}
		f->data[i] = was;
	}
	KUNIT_EXPECT_TRUE(test, dsmb_record_decode(&f->again, f->data, len));
}

/* States that no CREATE can have been granted. */
static void record_is_absurd(struct kunit *test)
{
	static const struct {
		u8 level;
		u8 version;
		bool good;
	} levels[] = {
		{ DSMB_OPLOCK_NONE, 0, true }, { DSMB_OPLOCK_II, 0, true },
		{ DSMB_OPLOCK_BATCH, 0, true }, { DSMB_OPLOCK_LEASE, 1, true },
		{ DSMB_OPLOCK_LEASE, 0, false }, { DSMB_OPLOCK_LEASE, 3, false },
		{ DSMB_OPLOCK_BATCH, 2, false }, { DSMB_OPLOCK_NONE, 1, false }, { 0x77, 0, false },
	};
	struct fixture *f = fixture_alloc(test);
	struct dsmb_record *r = &f->record;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		r->caching.level = levels[i].level;
		r->caching.version = levels[i].version;
		KUNIT_EXPECT_EQ_MSG(test, dsmb_record_decode(&f->again, f->data,
							     dsmb_record_encode(r, f->data)),
				    levels[i].good, "level %#x version %u", levels[i].level,
				    levels[i].version);
	}
	record_fill(r);
	r->rights |= BIT(9);
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data,
						    dsmb_record_encode(r, f->data)));
	record_fill(r);
	r->deny = DITTO_OPEN_EMPTY;
	KUNIT_EXPECT_FALSE(test, dsmb_record_decode(&f->again, f->data,
						    dsmb_record_encode(r, f->data)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(record_is_read),
	KUNIT_CASE(record_is_old),
	KUNIT_CASE(record_is_full),
	KUNIT_CASE(record_is_damaged),
	KUNIT_CASE(record_is_absurd),
	{}
};

static struct kunit_suite suite = {
	.name = "smb_persist",
	.test_cases = cases,
};

kunit_test_suite(suite);
