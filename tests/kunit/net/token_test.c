// SPDX-License-Identifier: GPL-2.0-only
/* SIDs, tokens, and answers of the helper that carry them, valid and invalid. */
#include <kunit/test.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "../../../net/helper/token.h"
#include "../../../net/netlink.h"
#include "sids.h"

/* More than any answer needs. */
#define ANSWER_SIZE	(2 * DITTO_TOKEN_SIDS_MAX * DITTO_SID_MAX)

static const struct {
	u8 sid[DITTO_SID_MAX + 4];
	size_t len;
	bool valid;
	enum ditto_sid_scope scope;
	const char *text;
} sids[] = {
	{ { 1, 1, 0, 0, 0, 0, 0, 1 }, 12, true, DITTO_SID_OF_NOBODY, "S-1-1-0" },
	{ { 1, 1, 0, 0, 0, 0, 0, 5, 4 }, 12, true, DITTO_SID_OF_NOBODY, "S-1-5-4" },
	{ { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2 }, 16, true, DITTO_SID_OF_MACHINE,
	  "S-1-5-32-544" },
	{ { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 255, 255, 255, 255 }, 28, true,
	  DITTO_SID_OF_DIRECTORY, "S-1-5-21-4294967295-0-0-0" },
	{ { 1, 1, 0, 0, 0, 0, 0, 12, 1 }, 12, true, DITTO_SID_OF_DIRECTORY, "S-1-12-1" },
	{ { 1, 1, 0, 1, 0, 0, 0, 0, 7 }, 12, true, DITTO_SID_OF_DIRECTORY,
	  "S-1-0x000100000000-7" },
	{ { 1, 0, 0, 0, 0, 0, 0, 5 }, 8, true, DITTO_SID_OF_NOBODY, "S-1-5" },
	{ { 1, 15, 0, 0, 0, 0, 0, 9 }, 68, true, DITTO_SID_OF_DIRECTORY,
	  "S-1-9-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0" },
	{ { 2, 1, 0, 0, 0, 0, 0, 5 }, 12, false },
	{ { 0, 1, 0, 0, 0, 0, 0, 5 }, 12, false },
	{ { 1, 16, 0, 0, 0, 0, 0, 5 }, 72, false },
	{ { 1, 255, 0, 0, 0, 0, 0, 5 }, 72, false },
	{ { 1, 1, 0, 0, 0, 0, 0, 5 }, 11, false },
	{ { 1, 1, 0, 0, 0, 0, 0, 5 }, 13, false },
	{ { 1, 2, 0, 0, 0, 0, 0, 5 }, 12, false },
	{ { 1, 0 }, 7, false },
	{ { 1, 0 }, 1, false },
	{ { }, 0, false },
};

static void token_sids(struct kunit *test)
{
	char text[DITTO_SID_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(sids); i++) {
		KUNIT_EXPECT_EQ_MSG(test, ditto_sid_is_valid(sids[i].sid, sids[i].len),
				    sids[i].valid, "%zu", i);
		if (!sids[i].valid)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, ditto_sid_scope(sids[i].sid), sids[i].scope, "%zu", i);
		KUNIT_EXPECT_EQ(test, ditto_sid_text(sids[i].sid, text), strlen(sids[i].text));
		KUNIT_EXPECT_STREQ(test, text, sids[i].text);
	}
}

/* The longest text fits. */
static void token_longest_text(struct kunit *test)
{
	u8 sid[DITTO_SID_MAX];
	char text[DITTO_SID_TEXT];

	memset(sid, 0xff, sizeof(sid));
	sid[0] = 1;
	sid[1] = 15;
	KUNIT_EXPECT_TRUE(test, ditto_sid_is_valid(sid, sizeof(sid)));
	KUNIT_EXPECT_EQ(test, ditto_sid_text(sid, text),
			strlen("S-1-0xffffffffffff") + 15 * strlen("-4294967295"));
}

/* A token with every third relative identifier, in an order that is not sorted. */
static struct ditto_token *token_of(struct kunit *test, u32 count, u32 first)
{
	struct ditto_token *token = ditto_token_alloc(count, count * 28);
	u8 sid[DITTO_SID_MAX];

	KUNIT_ASSERT_NOT_NULL(test, token);
	/* 7 has no common factor with the counts used here. */
	for (u32 i = 0; i < count; i++) {
		sid_of_domain(sid, 3 * ((first + 7 * i) % count));
		ditto_token_add(token, sid);
	}
	ditto_token_finish(token);
	return token;
}

static void token_search(struct kunit *test)
{
	static const u32 counts[] = { 1, 2, 3, 1000, DITTO_TOKEN_SIDS_MAX };
	struct ditto_token *token;
	u8 sid[DITTO_SID_MAX];

	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		token = token_of(test, counts[c], 0);
		KUNIT_EXPECT_EQ(test, token->count, counts[c]);
		for (u32 i = 0; i <= 3 * counts[c]; i++) {
			sid_of_domain(sid, i);
			KUNIT_EXPECT_EQ_MSG(test, ditto_token_has(token, sid),
					    i % 3 == 0 && i < 3 * counts[c], "%u", i);
		}
		/* The beginning of a SID is another one. */
		sid_of_domain(sid, 0);
		sid[1] = 4;
		KUNIT_EXPECT_FALSE(test, ditto_token_has(token, sid));
		ditto_token_put(token);
	}
	KUNIT_EXPECT_NULL(test, ditto_token_alloc(DITTO_TOKEN_SIDS_MAX + 1, 8));
	KUNIT_EXPECT_NULL(test, ditto_token_alloc(1, DITTO_SID_MAX + 1));
}

static void token_equal(struct kunit *test)
{
	struct ditto_token *a = token_of(test, 100, 0), *b = token_of(test, 100, 50);
	struct ditto_token *more = token_of(test, 101, 0);
	struct ditto_token *double_a = ditto_token_alloc(2, 2 * 28);
	struct ditto_token *single_a = ditto_token_alloc(1, 28);
	u8 sid[DITTO_SID_MAX];

	KUNIT_ASSERT_NOT_NULL(test, double_a);
	KUNIT_ASSERT_NOT_NULL(test, single_a);
	KUNIT_EXPECT_TRUE(test, ditto_token_eq(a, b));
	KUNIT_EXPECT_TRUE(test, ditto_token_eq(NULL, NULL));
	KUNIT_EXPECT_FALSE(test, ditto_token_eq(a, NULL));
	KUNIT_EXPECT_FALSE(test, ditto_token_eq(NULL, a));
	KUNIT_EXPECT_FALSE(test, ditto_token_eq(a, more));
	sid_of_domain(sid, 5);
	ditto_token_add(single_a, sid);
	ditto_token_finish(single_a);
	ditto_token_add(double_a, sid);
	ditto_token_add(double_a, sid);
	ditto_token_finish(double_a);
	KUNIT_EXPECT_EQ(test, double_a->count, 1);
	KUNIT_EXPECT_TRUE(test, ditto_token_eq(single_a, double_a));
	ditto_token_put(a);
	a = ditto_token_alloc(1, 28);
	KUNIT_ASSERT_NOT_NULL(test, a);
	ditto_token_add(a, sid);
	a->complete = true;
	ditto_token_finish(a);
	KUNIT_EXPECT_FALSE(test, ditto_token_eq(single_a, a));
	ditto_token_put(a);
	ditto_token_put(b);
	ditto_token_put(more);
	ditto_token_put(double_a);
	ditto_token_put(single_a);
}

/* An answer of the helper. */
struct answer {
	struct sk_buff *msg;
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct netlink_ext_ack extack;
	struct genl_info info;
};

static void answer_begin(struct kunit *test, struct answer *a)
{
	memset(a, 0, sizeof(*a));
	a->msg = nlmsg_new(ANSWER_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a->msg);
	a->info.nlhdr = nlmsg_put(a->msg, 0, 0, 0, GENL_HDRLEN, 0);
	KUNIT_ASSERT_NOT_NULL(test, a->info.nlhdr);
	a->info.attrs = a->tb;
	a->info.extack = &a->extack;
}

static void answer_put_sid(struct kunit *test, struct answer *a, const u8 *sid, size_t len)
{
	KUNIT_ASSERT_EQ(test, nla_put(a->msg, DITTO_A_UPCALL_SIDS, len, sid), 0);
}

/* Read the answer, and free it. */
static int answer_end(struct kunit *test, struct answer *a, struct ditto_token **token)
{
	int err;

	nlmsg_end(a->msg, (struct nlmsghdr *)a->info.nlhdr);
	KUNIT_ASSERT_EQ(test, __nla_parse(a->tb, DITTO_A_UPCALL_MAX,
					  nlmsg_attrdata(a->info.nlhdr, GENL_HDRLEN),
					  nlmsg_attrlen(a->info.nlhdr, GENL_HDRLEN), NULL,
					  NL_VALIDATE_LIBERAL, NULL), 0);
	err = ditto_token_read(&a->info, token);
	nlmsg_free(a->msg);
	return err;
}

static void token_answer(struct kunit *test)
{
	struct answer *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct ditto_token *token;
	u8 sid[DITTO_SID_MAX];

	KUNIT_ASSERT_NOT_NULL(test, a);
	answer_begin(test, a);
	KUNIT_EXPECT_EQ(test, answer_end(test, a, &token), 0);
	KUNIT_EXPECT_NULL(test, token);

	answer_begin(test, a);
	for (u32 i = DITTO_TOKEN_SIDS_MAX; i > 0; i--) {
		sid_of_domain(sid, i);
		answer_put_sid(test, a, sid, 28);
	}
	KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, DITTO_A_UPCALL_PRIVILEGES,
					  DITTO_TOKEN_RESTORE), 0);
	KUNIT_ASSERT_EQ(test, nla_put_u8(a->msg, DITTO_A_UPCALL_SIDS_COMPLETE, 1), 0);
	KUNIT_ASSERT_EQ(test, answer_end(test, a, &token), 0);
	KUNIT_ASSERT_NOT_NULL(test, token);
	KUNIT_EXPECT_EQ(test, token->count, DITTO_TOKEN_SIDS_MAX);
	KUNIT_EXPECT_EQ(test, token->privileges, DITTO_TOKEN_RESTORE);
	KUNIT_EXPECT_TRUE(test, token->complete);
	KUNIT_EXPECT_TRUE(test, ditto_token_has(token, sid));
	ditto_token_put(token);
}

static void token_hostile_answer(struct kunit *test)
{
	struct answer *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct ditto_token *token;
	u8 sid[DITTO_SID_MAX];

	KUNIT_ASSERT_NOT_NULL(test, a);
	/* An invalid SID behind a valid one. */
	for (size_t i = 0; i < ARRAY_SIZE(sids); i++) {
		answer_begin(test, a);
		sid_of_domain(sid, i);
		answer_put_sid(test, a, sid, 28);
		answer_put_sid(test, a, sids[i].sid, sids[i].len);
		KUNIT_EXPECT_EQ_MSG(test, answer_end(test, a, &token),
				    sids[i].valid ? 0 : -EINVAL, "%zu", i);
		KUNIT_EXPECT_EQ(test, !!token, sids[i].valid);
		ditto_token_put(token);
	}
	/* Too many, also if they are all the same. */
	answer_begin(test, a);
	for (u32 i = 0; i <= DITTO_TOKEN_SIDS_MAX; i++)
		answer_put_sid(test, a, sid, 28);
	KUNIT_EXPECT_EQ(test, answer_end(test, a, &token), -EINVAL);
	KUNIT_EXPECT_NULL(test, token);
	/* Privileges of nobody. */
	answer_begin(test, a);
	KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, DITTO_A_UPCALL_PRIVILEGES, 1), 0);
	KUNIT_EXPECT_EQ(test, answer_end(test, a, &token), -EINVAL);
	answer_begin(test, a);
	KUNIT_ASSERT_EQ(test, nla_put_u8(a->msg, DITTO_A_UPCALL_SIDS_COMPLETE, 1), 0);
	KUNIT_EXPECT_EQ(test, answer_end(test, a, &token), -EINVAL);
}

static struct kunit_case token_cases[] = {
	KUNIT_CASE(token_sids),
	KUNIT_CASE(token_longest_text),
	KUNIT_CASE(token_search),
	KUNIT_CASE(token_equal),
	KUNIT_CASE(token_answer),
	KUNIT_CASE(token_hostile_answer),
	{}
};

static struct kunit_suite token_suite = {
	.name = "ditto_token",
	.test_cases = token_cases,
};

kunit_test_suite(token_suite);
