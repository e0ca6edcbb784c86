// SPDX-License-Identifier: GPL-2.0-only
/* The bin of a share: which names are left out, and what is recorded about a file. */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../fs/node/pattern.h"
#include "../../../fs/op/trash.h"

static const struct trash_case {
	const char *patterns;
	const char *name;
	bool excluded;
} cases[] = {
	{ "", "a", false },
	{ ",", "a", false },
	{ "a", "a", true },
	{ "a", "A", true },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "*", "a", true },
	{ "**", "a", true },
	{ "?", "a", true },
	{ "?", "ab", false },
	{ "*.tmp", "x.tmp", true },
	{ "*.tmp", "x.TMP", true },
	{ "*.tmp", ".tmp", true },
	{ "*.tmp", "x.tmp.y", false },
	{ "*.tmp", "x.tmp.tmp", true },
	{ "*.tmp,~$*", "~$letter.docx", true },
	{ "~$*,*.tmp", "letter.tmp", true },
	{ "~$*,*.tmp", "letter.docx", false },
	{ "a,b", "a,b", false },
	{ ",,b", "b", true },
	{ "a*b*c", "aXbYbZc", true },
	{ "a*b*c", "aXbYbZ", false },
	{ "*ab", "aab", true },
	{ "a?c*", "abcd", true },
	{ "\xc3\x84", "\xe3\xa4", false },
	{ "\xc3\x84", "\xe3\x84", false },
	{ "[@`{", "[@`{", true },
	{ "@[", "`{", false },
	{ "\xc3\x84*", "\xc3\x84rger", true },
};

static void trash_case_desc(const struct trash_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s of %s", c->name, c->patterns);
}

KUNIT_ARRAY_PARAM(trash_case, cases, trash_case_desc);

/* The name lies in memory of its own without a NUL, so that KASAN sees what is read behind it. */
static void trash_patterns(struct kunit *test)
{
	const struct trash_case *c = test->param_value;
	struct ditto_name name = { .len = strlen(c->name) };
	char *bytes = kunit_kmalloc(test, name.len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	memcpy(bytes, c->name, name.len);
	name.name = bytes;
	KUNIT_EXPECT_EQ(test, ditto_patterns_match(c->patterns, ',', &name), c->excluded);
}

/* The slashes of Samba's lists. */
static void trash_separators(struct kunit *test)
{
	const struct ditto_name exe = { .name = "a.EXE", .len = 5 };
	const struct ditto_name b = { .name = "b,c", .len = 3 };

	KUNIT_EXPECT_TRUE(test, ditto_patterns_match("/*.exe/*.com/", '/', &exe));
	KUNIT_EXPECT_TRUE(test, ditto_patterns_match("x//*.com/a.exe", '/', &exe));
	KUNIT_EXPECT_TRUE(test, ditto_patterns_match("/b,c/", '/', &b));
	KUNIT_EXPECT_FALSE(test, ditto_patterns_match("//", '/', &exe));
	KUNIT_EXPECT_FALSE(test, ditto_patterns_match("/*.ex/xe/", '/', &exe));
}

static char *trash_record(char *buf, const char *path, u32 uid, s64 seconds)
{
	char *end = buf + DITTO_TRASH_RECORD_MAX;

	memcpy(end - strlen(path), path, strlen(path));
	return ditto_trash_record(buf, strlen(path), uid, seconds, 7);
}

static void trash_records(struct kunit *test)
{
	char *buf = kunit_kzalloc(test, DITTO_TRASH_RECORD_MAX + 1, GFP_KERNEL);
	char *record;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	record = trash_record(buf, "a b/c", 1000, 1700000000);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_STREQ(test, record, "1 1000 1700000000 7 a b/c");
	record = trash_record(buf, "f", U32_MAX, -1);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_STREQ(test, record, "1 4294967295 -1 7 f");
	/* A path that leaves no room. */
	memset(buf, 'x', DITTO_TRASH_RECORD_MAX);
	KUNIT_EXPECT_NULL(test, ditto_trash_record(buf, DITTO_TRASH_RECORD_MAX, 0, 0, 0));
	KUNIT_EXPECT_NULL(test, ditto_trash_record(buf, DITTO_TRASH_RECORD_MAX - 7, 0, 0, 0));
	record = ditto_trash_record(buf, DITTO_TRASH_RECORD_MAX - 8, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, record, buf);
}

static struct kunit_case trash_cases[] = {
	KUNIT_CASE_PARAM(trash_patterns, trash_case_gen_params),
	KUNIT_CASE(trash_separators),
	KUNIT_CASE(trash_records),
	{}
};

static struct kunit_suite trash_suite = {
	.name = "ditto_trash",
	.test_cases = trash_cases,
};

kunit_test_suite(trash_suite);
