// SPDX-License-Identifier: GPL-2.0-only
/* Committed files: when their time comes and ends, their records, and options that contradict. */
#include <kunit/test.h>
#include <linux/string.h>

#include "../../../fs/op/check/worm.h"
#include "../../../fs/share/share.h"

static const struct age_case {
	struct ditto_worm_age at;	/* now, changed, stopped, started */
	u32 age;
	bool due;
} ages[] = {
	{ { 1000, 0 }, 0, false },		/* the option is off */
	{ { 1000, 999 }, 2, false },
	{ { 1000, 998 }, 2, true },
	{ { 1000, 1001 }, 2, false },		/* the clocks of file and server tick apart */
	{ { 1000, 1002 }, 2, true },		/* the clock was set back */
	{ { -10, -20, 0, -20 }, 10, true },
	/* Writers could do nothing while the server was down. */
	{ { 1000, 498, 500, 999 }, 2, true },	/* it was old before */
	{ { 1000, 499, 500, 999 }, 2, false },
	{ { 1000, 499, 500, 998 }, 2, true },
	{ { 1000, 499, 0, 999 }, 2, false },	/* it is not known when that was */
	{ { 10, 1000, 1001, 9 }, 2, false },	/* the clock is not set yet */
};

static void worm_ages(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++)
		KUNIT_EXPECT_EQ_MSG(test, ages[i].due,
				    ditto_worm_is_due(&ages[i].at, ages[i].age),
				    "case %zu", i);
}

static void worm_retention(struct kunit *test)
{
	struct ditto_worm_record record = { .until = ditto_worm_until(1000, 2) };

	KUNIT_EXPECT_EQ(test, record.until, 1000 + 2 * 86400);
	KUNIT_EXPECT_FALSE(test, ditto_worm_is_over(&record, record.until - 1));
	KUNIT_EXPECT_TRUE(test, ditto_worm_is_over(&record, record.until));
	record.until = ditto_worm_until(1000, 0);
	KUNIT_EXPECT_FALSE(test, ditto_worm_is_over(&record, S64_MAX));
	KUNIT_EXPECT_EQ(test, ditto_worm_until(1000, 36500), 1000 + 36500LL * 86400);
}

static const struct record_case {
	const char *text;
	struct ditto_worm_record record;
} records[] = {
	{ "1 1700000000 1800000000 g", { 1700000000, 1800000000, false } },
	{ "1 1700000000 1800000000 c", { 1700000000, 1800000000, true } },
	{ "1 -5 0 c", { -5, 0, true } },
	/* What is damaged is for ever. */
	{ "", { 0, 0, true } },
	{ "1", { 0, 0, true } },
	{ "1 5 6", { 0, 0, true } },
	{ "1 5 6 x", { 0, 0, true } },
	{ "1 5 6 gg", { 0, 0, true } },
	{ "1 5 -6 g", { 0, 0, true } },
	{ "2 5 6 g", { 0, 0, true } },
	{ "1 5 6 g and this is longer than any record that there has ever been", { 0, 0, true } },
};

static void worm_records(struct kunit *test)
{
	struct ditto_worm_record read;
	char buf[DITTO_WORM_RECORD_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		const struct record_case *c = &records[i];

		ditto_worm_record_read(&read, c->text, strlen(c->text));
		KUNIT_EXPECT_EQ_MSG(test, read.committed, c->record.committed, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, read.until, c->record.until, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, read.compliance, c->record.compliance, "%s", c->text);
		if (i > 2)
			continue;
		KUNIT_EXPECT_EQ(test, ditto_worm_record_write(&c->record, buf), strlen(c->text));
		KUNIT_EXPECT_STREQ(test, buf, c->text);
	}
}

static const struct opts_case {
	struct ditto_share_opts old, opts;
	int err;
} opts_cases[] = {
	{ { }, { .trash = true, .nested = 1 }, 0 },
	{ { }, { .worm = 5, .trash = true }, -EINVAL },
	{ { }, { .worm = 5, .nested = 1 }, -EINVAL },
	{ { .worm = 5, .worm_retention = 30 }, { }, 0 },
	{ { .worm = 5, .worm_mode = 1 }, { .worm_mode = 1 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 6, .worm_mode = 1 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 4, .worm_mode = 1 }, 0 },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 5 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 9 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 8 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 10 }, 0 },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 }, { .worm = 5, .worm_mode = 1 }, 0 },
};

static void worm_options(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts_cases); i++) {
		const struct opts_case *c = &opts_cases[i];

		KUNIT_EXPECT_EQ_MSG(test, ditto_share_opts_check(&c->old, &c->opts, NULL), c->err,
				    "case %zu", i);
	}
	KUNIT_EXPECT_EQ(test, ditto_share_opts_check(NULL, &opts_cases[5].opts, NULL), 0);
}

static struct kunit_case worm_cases[] = {
	KUNIT_CASE(worm_ages),
	KUNIT_CASE(worm_retention),
	KUNIT_CASE(worm_records),
	KUNIT_CASE(worm_options),
	{}
};

static struct kunit_suite worm_suite = {
	.name = "ditto_worm",
	.test_cases = worm_cases,
};

kunit_test_suite(worm_suite);
