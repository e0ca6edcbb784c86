// SPDX-License-Identifier: GPL-2.0-only
/* Names of 8.3: names that are short already, and those computed for others. */

#include <kunit/test.h>
#include <linux/ctype.h>
#include <linux/string.h>

#include "../../../fs/op/shortname.h"
#include "../../../fs/op/op.h"

static const struct shortname_case {
	const char *name;
	const char *made;	/* NULL: it is short by itself */
} shortname_cases[] = {
	{ "README.TXT", NULL },
	{ "readme.txt", NULL },
	{ "a", NULL },
	{ "12345678.123", NULL },
	{ "123456~8", NULL },
	{ "readme", NULL },
	{ "123456789", "1.....~." },
	{ "12345678.1234", "1.....~..123" },
	{ "a.b.c", "A.....~..C" },
	{ "a.", "A.....~." },
	{ "a b.txt", "A.....~..TXT" },
	{ ".txt", "_.....~." },
	{ ".bashrc.old", "_.....~..OLD" },
	{ "a+b.c++", "A.....~..C" },
	{ "\xc3\xa4.\xc3\xa4", "_.....~." },
	{ "long name.t+x-html", "L.....~..TX-" },
};

static void shortname_made(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(shortname_cases); i++) {
		const struct shortname_case *c = &shortname_cases[i];
		const struct ditto_name name = { .name = c->name, .len = strlen(c->name) };
		char out[DITTO_SHORT_MAX + 1] = { };
		struct ditto_name made = { .name = out };

		KUNIT_EXPECT_EQ_MSG(test, ditto_is_shortname(&name), !c->made, "%s", c->name);
		if (!c->made)
			continue;
		made.len = ditto_shortname(&name, out);
		KUNIT_ASSERT_EQ_MSG(test, made.len, strlen(c->made), "%s: %s", c->name, out);
		KUNIT_EXPECT_TRUE_MSG(test, ditto_is_shortname(&made), "%s", out);
		/* A dot among the eight stands for a digit of the hash; the ninth is a real one. */
		for (u32 k = 0; k < made.len; k++) {
			bool any = c->made[k] == '.' && k < 8;

			KUNIT_EXPECT_TRUE_MSG(test, any ? isupper(out[k]) || isdigit(out[k]) :
					      out[k] == c->made[k], "%s: %s", c->name, out);
		}
	}
}

/* A short name must lead to its file for ever. */
static void shortname_stays(struct kunit *test)
{
	const struct ditto_name name = { .name = "a long name.text", .len = 16 };
	char out[DITTO_SHORT_MAX + 1] = { };

	ditto_shortname(&name, out);
	KUNIT_EXPECT_STREQ(test, out, "AHAP6P~G.TEX");
}

static struct kunit_case shortname_test_cases[] = {
	KUNIT_CASE(shortname_made),
	KUNIT_CASE(shortname_stays),
	{}
};

static struct kunit_suite shortname_suite = {
	.name = "ditto_short",
	.test_cases = shortname_test_cases,
};

kunit_test_suite(shortname_suite);
