// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names from the wire, verifiers of exclusive creation, attributes around a
 * change.
 */

#include <kunit/test.h>
#include <linux/fs.h>

#include "../../../fs/op/name_private.h"
#include "../../../fs/node/utf8.h"
#include "../../../fs/op/op_private.h"

struct name_case {
	const char *desc;
	const char *name;
	u32 len;
	int want;
};

static char name_longest[NAME_MAX + 1] = { [0 ... NAME_MAX] = 'x' };

static const struct name_case name_cases[] = {
	{ "plain", "file", 4, DITTO_NAME_PLAIN },
	{ "one letter", "a", 1, DITTO_NAME_PLAIN },
	{ "not terminated", "file/below", 4, DITTO_NAME_PLAIN },
	{ "hidden", ".profile", 8, DITTO_NAME_PLAIN },
	{ "hidden, short", ".a", 2, DITTO_NAME_PLAIN },
	{ "three dots", "...", 3, DITTO_NAME_PLAIN },
	{ "dot", ".", 1, DITTO_NAME_DOT },
	{ "dot of more", "..", 1, DITTO_NAME_DOT },
	{ "dot dot", "..", 2, DITTO_NAME_DOTDOT },
	{ "not ASCII", "\xc3\xa4\xff", 3, DITTO_NAME_PLAIN },
	{ "newline", "a\nb", 3, DITTO_NAME_PLAIN },
	{ "longest", name_longest, NAME_MAX, DITTO_NAME_PLAIN },
	{ "too long", name_longest, NAME_MAX + 1, -ENAMETOOLONG },
	{ "length of another world", NULL, U32_MAX, -ENAMETOOLONG },
	{ "empty", "", 0, -EILSEQ },
	{ "NUL only", "", 1, -EILSEQ },
	{ "NUL inside", "a\0b", 3, -EILSEQ },
	{ "NUL at the end", "ab", 3, -EILSEQ },
	{ "NUL behind a dot", ".", 2, -EILSEQ },
	{ "slash only", "/", 1, -EILSEQ },
	{ "slash first", "/a", 2, -EILSEQ },
	{ "slash inside", "a/b", 3, -EILSEQ },
	{ "slash last", "a/", 2, -EILSEQ },
	{ "dots and slash", "../", 3, -EILSEQ },
	{ "neighbours of a slash", "0.0.0.0.0.0.", 12, DITTO_NAME_PLAIN },
	{ "neighbours of NUL", "\1\x80\xff\1\x80\xff\1\x80\1\x80", 10, DITTO_NAME_PLAIN },
	{ "a slash with the top bit", "\xaf\xaf\xaf\xaf\xaf\xaf\xaf\xaf\xaf", 9, DITTO_NAME_PLAIN },
	{ "slash of eight", "0123456/", 8, -EILSEQ },
	{ "slash first of eight", "/1234567", 8, -EILSEQ },
	{ "slash behind eight", "01234567/9", 10, -EILSEQ },
	{ "slash in the second eight", "0123456789/12345", 16, -EILSEQ },
	{ "NUL of eight", "0123\000567", 8, -EILSEQ },
	{ "NUL behind eight", "01234567", 9, -EILSEQ },
};

KUNIT_ARRAY_PARAM_DESC(name, name_cases, desc);

static void name_check_test(struct kunit *test)
{
	const struct name_case *c = test->param_value;
	const struct ditto_name name = { .name = c->name, .len = c->len };

	KUNIT_EXPECT_EQ(test, ditto_name_check(&name), c->want);
}

struct verifier_case {
	u8 verf[8];
	struct timespec64 atime;
	struct timespec64 mtime;
};

static const struct verifier_case verifier_cases[] = {
	{ { 0 }, { 0, 0 }, { 0, 0 } },
	{ { 0, 0, 0, 1, 0, 0, 0, 2 }, { 1, 0 }, { 2, 0 } },
	{ { 0x80, 0, 0, 0, 0, 0, 0, 0 }, { 0, 1 }, { 0, 0 } },
	{ { 0, 0, 0, 0, 0x80, 0, 0, 0 }, { 0, 0 }, { 0, 1 } },
	{ { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 },
	  { 0x12345678, 0 }, { 0x1abcdef0, 1 } },
	{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	  { S32_MAX, 1 }, { S32_MAX, 1 } },
};

static void verifier_known_test(struct kunit *test)
{
	struct timespec64 atime, mtime;
	int i;

	for (i = 0; i < ARRAY_SIZE(verifier_cases); i++) {
		const struct verifier_case *c = &verifier_cases[i];

		ditto_verifier_to_times(c->verf, &atime, &mtime);
		KUNIT_EXPECT_TRUE_MSG(test, timespec64_equal(&atime, &c->atime), "case %d", i);
		KUNIT_EXPECT_TRUE_MSG(test, timespec64_equal(&mtime, &c->mtime), "case %d", i);
	}
}

/* Each of the 64 bits changes the times. */
static void verifier_bits_test(struct kunit *test)
{
	struct timespec64 atime, mtime, no_atime, no_mtime;
	const u8 none[8] = {};
	int bit;

	ditto_verifier_to_times(none, &no_atime, &no_mtime);
	for (bit = 0; bit < 64; bit++) {
		u8 verf[8] = {};

		verf[bit / 8] = 1 << bit % 8;
		ditto_verifier_to_times(verf, &atime, &mtime);
		KUNIT_EXPECT_NE_MSG(test, bit < 32, timespec64_equal(&atime, &no_atime),
				    "bit %d", bit);
		KUNIT_EXPECT_NE_MSG(test, bit >= 32, timespec64_equal(&mtime, &no_mtime),
				    "bit %d", bit);
	}
}

static void wcc_pre_test(struct kunit *test)
{
	struct ditto_attr attr = {
		.st.size = 1234567890123ULL,
		.st.mtime = { 100, 1 },
		.st.ctime = { 200, 2 },
		.change = 42,
	};
	struct ditto_wcc *wcc = kunit_kzalloc(test, sizeof(*wcc), GFP_KERNEL);
	struct ditto_volume *volume = kunit_kzalloc(test, sizeof(*volume), GFP_KERNEL);
	struct ditto_share *share = kunit_kzalloc(test, sizeof(*share), GFP_KERNEL);
	struct ditto_op op = { .share = share };

	KUNIT_ASSERT_NOT_NULL(test, wcc);
	KUNIT_ASSERT_NOT_NULL(test, volume);
	KUNIT_ASSERT_NOT_NULL(test, share);
	share->volume = volume;
	wcc->pre_valid = true;
	wcc->post_valid = true;
	ditto_wcc_init(&op, wcc);
	KUNIT_EXPECT_FALSE(test, wcc->pre_valid);
	KUNIT_EXPECT_FALSE(test, wcc->post_valid);

	ditto_wcc_set_pre(wcc, &attr);
	KUNIT_EXPECT_TRUE(test, wcc->pre_valid);
	KUNIT_EXPECT_FALSE(test, wcc->post_valid);
	KUNIT_EXPECT_EQ(test, wcc->pre_size, 1234567890123ULL);
	KUNIT_EXPECT_EQ(test, wcc->pre_change, 42);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&wcc->pre_mtime, &attr.st.mtime));
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&wcc->pre_ctime, &attr.st.ctime));

	/* Other machines are not kept out by the lock of the inode. */
	wcc->post_valid = true;
	KUNIT_EXPECT_TRUE(test, ditto_wcc_change(wcc).atomic);
	volume->is_shared = true;
	ditto_wcc_init(&op, wcc);
	ditto_wcc_set_pre(wcc, &attr);
	wcc->post_valid = true;
	KUNIT_EXPECT_FALSE(test, ditto_wcc_change(wcc).atomic);
}

static void fileid_test(struct kunit *test)
{
	KUNIT_EXPECT_NE(test, ditto_fileid(0), 0);
	KUNIT_EXPECT_EQ(test, ditto_fileid(1), 1);
	KUNIT_EXPECT_EQ(test, ditto_fileid(U64_MAX), U64_MAX);
}

/* RFC 3629 section 4: the shortest form, no surrogates, nothing above U+10FFFF. */
static void utf8_test(struct kunit *test)
{
	static const struct {
		const char *bytes;
		bool valid;
	} cases[] = {
		{ "", true },
		{ "plain", true },
		{ "gr\xc3\xbc\xc3\x9f", true },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", true },
		{ "eight bytes\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", true },
		{ "gr\xfc\xdf", false },
		{ "\x80", false },
		{ "\xc0\x80", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "abcdefgh\xe2\x82", false },
		{ "eight bytes and \xff", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, ditto_is_utf8(cases[i].bytes, strlen(cases[i].bytes)),
				    cases[i].valid, "row %zu", i);
}

static struct kunit_case name_test_cases[] = {
	KUNIT_CASE(utf8_test),
	KUNIT_CASE_PARAM(name_check_test, name_gen_params),
	KUNIT_CASE(verifier_known_test),
	KUNIT_CASE(verifier_bits_test),
	KUNIT_CASE(wcc_pre_test),
	KUNIT_CASE(fileid_test),
	{}
};

static struct kunit_suite name_test_suite = {
	.name = "ditto_name",
	.test_cases = name_test_cases,
};

kunit_test_suite(name_test_suite);
