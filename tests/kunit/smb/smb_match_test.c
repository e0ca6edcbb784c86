// SPDX-License-Identifier: GPL-2.0-only
/* Patterns of listings: smb/wire/match.c. */

#include <kunit/test.h>

#include "../../../smb/wire/name.h"

struct smb_match_case {
	const u16 *pattern;
	const u16 *name;
	bool want;
};

static const struct smb_match_case smb_match_cases[] = {
	{ u"*", u"anything", true },
	{ u"*", u"", true },
	{ u"file", u"file", true },
	{ u"file", u"FILE", true },
	{ u"file", u"files", false },
	{ u"files", u"file", false },
	{ u"*.txt", u"a.txt", true },
	{ u"*.txt", u"a.b.TXT", true },
	{ u"*.txt", u"a.txt.bak", false },
	{ u"*.*", u"a.b", true },
	{ u"*.*", u"a", false },
	{ u"a?c", u"abc", true },
	{ u"a?c", u"ac", false },
	{ u"a?", u"a", false },
	{ u"*a*a*b", u"aaaaab", true },
	{ u"*a*a*b", u"aaaaa", false },
	{ u"***", u"abc", true },
	/* DOS_STAR: up to the last dot */
	{ u"<.txt", u"a.b.txt", true },
	{ u"<", u"abc", true },
	{ u"<", u"a.b", false },
	{ u"<.b", u"a.b", true },
	{ u"<.", u"a.", true },
	/* or with it, as "." and ".." */
	{ u"<", u".", true },
	{ u"<", u"..", true },
	{ u"<", u"a.", true },
	{ u"<b", u"a.b", true },
	{ u"<c", u"a.b.c", true },
	{ u"<c", u"a.bc", false },
	/* DOS_QM: one, or none at a dot or the end */
	{ u"a>", u"a", true },
	{ u"a>", u"ab", true },
	{ u"a>", u"abc", false },
	{ u">>>.txt", u"a.txt", true },
	{ u">>>.txt", u"abc.txt", true },
	{ u">>>.txt", u"abcd.txt", false },
	/* DOS_DOT: a dot, or the end */
	{ u"a\"", u"a", true },
	{ u"a\"", u"a.", true },
	{ u"a\"b", u"a.b", true },
	{ u"a\"b", u"ab", false },
	{ u"<\"*", u"noext", true },
	{ u"<\"*", u"a.b", true },
	/* Letters beyond ASCII */
	{ u"\xe4", u"\xc4", true },
	{ u"\x430", u"\x410", true },
	{ u"\xff41", u"\xff21", true },
	{ u"\xe4", u"a", false },
	{ u"?", u"\xe4", true },
	{ u"\xd800", u"\xd801", false },
	{ u"\xd800", u"\xd800", true },
	/* Three letters that are the same, and one that looks like them */
	{ u"\x3c3\x3c2\x3a3", u"\x3a3\x3c3\x3c2", true },
	{ u"\x212a", u"k", false },
	{ u"\x1c4", u"\x1c6", true },
	/* Folded to nothing both, and not the same */
	{ u"\x200b", u"\x200c", false },
};

static u32 smb_units(const u16 *s)
{
	u32 n = 0;

	while (s[n])
		n++;
	return n;
}

static void smb_match_test(struct kunit *test)
{
	const struct smb_match_case *c;

	for (c = smb_match_cases; c < smb_match_cases + ARRAY_SIZE(smb_match_cases); c++)
		KUNIT_EXPECT_EQ_MSG(test,
				    dsmb_match((const __le16 *)c->pattern, smb_units(c->pattern),
					       (const __le16 *)c->name, smb_units(c->name)),
				    c->want, "case %zu", c - smb_match_cases);
}

/* A pattern that takes a naive search exponential time. */
static void smb_match_hostile_test(struct kunit *test)
{
	__le16 pattern[DSMB_NAME_UNITS], name[DSMB_NAME_UNITS];
	int i;

	for (i = 0; i < DSMB_NAME_UNITS; i++) {
		pattern[i] = cpu_to_le16(i % 2 ? 'a' : '*');
		name[i] = cpu_to_le16('a');
	}
	pattern[DSMB_NAME_UNITS - 1] = cpu_to_le16('b');
	KUNIT_EXPECT_FALSE(test, dsmb_match(pattern, DSMB_NAME_UNITS, name, DSMB_NAME_UNITS));
	name[DSMB_NAME_UNITS - 1] = cpu_to_le16('b');
	KUNIT_EXPECT_TRUE(test, dsmb_match(pattern, DSMB_NAME_UNITS, name, DSMB_NAME_UNITS));
	KUNIT_EXPECT_FALSE(test, dsmb_match(pattern, DSMB_NAME_UNITS + 1, name, 1));
}

/* The same with letters whose case is not simple, in names with the other case. */
static void smb_match_letters_test(struct kunit *test)
{
	__le16 pattern[DSMB_NAME_UNITS], name[DSMB_NAME_UNITS];
	unsigned long folds = dsmb_folds;

	for (int i = 0; i < DSMB_NAME_UNITS; i++) {
		pattern[i] = cpu_to_le16(i % 2 ? 0xe9 : '*');
		name[i] = cpu_to_le16(0xc9);
	}
	pattern[DSMB_NAME_UNITS - 1] = cpu_to_le16('b');
	KUNIT_EXPECT_FALSE(test, dsmb_match(pattern, DSMB_NAME_UNITS, name, DSMB_NAME_UNITS));
	name[DSMB_NAME_UNITS - 1] = cpu_to_le16('b');
	KUNIT_EXPECT_TRUE(test, dsmb_match(pattern, DSMB_NAME_UNITS, name, DSMB_NAME_UNITS));
	/* At most once for each character. */
	KUNIT_EXPECT_LE(test, dsmb_folds - folds, 4 * DSMB_NAME_UNITS);
}

static void smb_is_pattern_test(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, dsmb_is_pattern((const __le16 *)u"a*", 2));
	KUNIT_EXPECT_TRUE(test, dsmb_is_pattern((const __le16 *)u"a\"", 2));
	KUNIT_EXPECT_FALSE(test, dsmb_is_pattern((const __le16 *)u"a.b\xf021", 4));
	KUNIT_EXPECT_FALSE(test, dsmb_is_pattern((const __le16 *)u"", 0));
}

static struct kunit_case smb_match_tests[] = {
	KUNIT_CASE(smb_match_test),
	KUNIT_CASE(smb_match_hostile_test),
	KUNIT_CASE(smb_match_letters_test),
	KUNIT_CASE(smb_is_pattern_test),
	{}
};

static struct kunit_suite smb_match_suite = {
	.name = "ditto_smb_match",
	.test_cases = smb_match_tests,
};

kunit_test_suite(smb_match_suite);
