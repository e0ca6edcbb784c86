// SPDX-License-Identifier: GPL-2.0-only
/* Names of snapshots, and the times in them. */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../fs/op/op.h"
#include "../../../fs/op/snapshot.h"

/**
 * struct told - the name of a directory
 * @name: the name
 * @time: its time; -1 for none
 */
struct told {
	const char *name;
	time64_t time;
};

static const struct told told[] = {
	/* The format of MS-SMB2 section 2.2.32.2, and other common ones. */
	{ "@GMT-2026.11.20-14.30.00", 1795185000 },
	{ "2026-11-20_14:30:00", 1795185000 },
	{ "daily_2026-11-20T14:30:00Z", 1795185000 },
	{ "tank@2026.11.20.14.30.00-weekly", 1795185000 },
	{ "7-2026-11-20 14-30-00", 1795185000 },
	{ "1970-01-01-00-00-00", 0 },
	{ "2000-02-29-23-59-59", 951868799 },
	{ "2024-02-29-00-00-00", 1709164800 },
	{ "2038-01-19-03-14-08", 2147483648LL },
	{ "9999-12-31-23-59-59", 253402300799LL },
	/* A leap second. */
	{ "2016-12-31-23-59-60", 1483228800 },
	/* Names that are no times are skipped. */
	{ "2026-13-01-00-00-00 2026-11-20 14:30:00", 1795185000 },
	{ "0000-2026-11-20 14:30:00", 1795185000 },
	/* No times. */
	{ "", -1 },
	{ "current", -1 },
	{ "2026-11-20", -1 },
	{ "2026-11-20-14-30-0", -1 },
	{ "20261120143000", -1 },
	{ "2026011020014030000", -1 },
	{ "2026-11-20-14-30-0x", -1 },
	{ "2026-11-20-14-3x-00", -1 },
	{ "-026-11-20-14-30-00", -1 },
	{ "1969-12-31-23-59-59", -1 },
	{ "2026-00-20-14-30-00", -1 },
	{ "2026-13-20-14-30-00", -1 },
	{ "2026-11-00-14-30-00", -1 },
	{ "2026-11-32-14-30-00", -1 },
	{ "2026-11-31-14-30-00", -1 },
	{ "2026-02-29-14-30-00", -1 },
	{ "2100-02-29-14-30-00", -1 },
	{ "2026-11-20-24-00-00", -1 },
	{ "2026-11-20-14-60-00", -1 },
	{ "2026-11-20-14-30-61", -1 },
};

static void told_desc(const struct told *t, char *desc)
{
	strscpy(desc, *t->name ? t->name : "nothing", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(told, told, told_desc);

/* In memory of exactly its length, so that KASAN reports reads behind it. */
static struct ditto_name name_of(struct kunit *test, const char *text, u32 len)
{
	char *copy = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, text, len);
	return (struct ditto_name) { .name = copy, .len = len };
}

static void a_name(struct kunit *test)
{
	const struct told *t = test->param_value;
	struct ditto_name name = name_of(test, t->name, strlen(t->name));
	time64_t time = -1;

	KUNIT_EXPECT_EQ(test, ditto_snapshot_time(&name, &time), t->time >= 0);
	if (t->time >= 0)
		KUNIT_EXPECT_EQ(test, time, t->time);
}

/* Bytes behind the name are ignored. */
static void cut_anywhere(struct kunit *test)
{
	static const char text[] = "@GMT-2026.11.20-14.30.00";
	time64_t time;

	for (u32 len = 0; len < sizeof(text); len++) {
		struct ditto_name name = name_of(test, text, len);

		KUNIT_EXPECT_EQ(test, ditto_snapshot_time(&name, &time),
				len == sizeof(text) - 1);
	}
}

static struct kunit_case snapshot_cases[] = {
	KUNIT_CASE_PARAM(a_name, told_gen_params),
	KUNIT_CASE(cut_anywhere),
	{}
};

static struct kunit_suite snapshot_suite = {
	.name = "ditto_snapshot",
	.test_cases = snapshot_cases,
};

kunit_test_suite(snapshot_suite);
