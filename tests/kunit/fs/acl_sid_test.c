// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that name SIDs: evaluated with tokens of all kinds, and in files, where the token is the
 * caller's own or that of a helper that is a function.
 */
#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/fs.h>

#include "../../../fs/acl/acl.h"
#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "../../../fs/share/cred.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../await.h"
#include "../net/sids.h"
#include "listed.h"

#define R	DITTO_RIGHT_READ_DATA
#define W	DITTO_RIGHT_WRITE_DATA
#define LIST	(DITTO_RIGHT_READ_ACL | DITTO_RIGHT_WRITE_ACL)

enum { A = DITTO_ACE_ALLOW, D = DITTO_ACE_DENY };

DEFINE_FOLDER(f, "kunit-acl-sid")

/* S-1-5-32-544 and S-1-5-4. */
static const u8 administrators[] = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0 };
static const u8 interactive[] = { 1, 1, 0, 0, 0, 0, 0, 5, 4, 0, 0, 0 };

static u32 sid_rights(const struct ditto_acl *acl, const struct ditto_token *token, u32 owner,
		      const struct ditto_ace **undecided)
{
	struct group_info groups = { .ngroups = 0 };
	struct cred cred = { .fsuid = KUIDT_INIT(5), .fsgid = KGIDT_INIT(5),
			     .group_info = &groups };
	const struct ditto_acl_subject who = {
		.cred = &cred,
		.token = token,
		.uid = KUIDT_INIT(owner),
		.gid = KGIDT_INIT(9),
	};

	return ditto_acl_rights(acl, &who, undecided);
}

/**
 * struct sid_case - rights by a list, for four tokens
 * @entries: the list
 * @none: rights without a token
 * @part: with S-1-5-21-1-2-3-1, by a helper without a directory
 * @one: with the same, by a directory
 * @two: with S-1-5-21-1-2-3-2, by a directory
 * @doubt: the same in this order: the evaluation reports an entry that allows (1), or denies (2)
 */
struct sid_case {
	struct listed_entry entries[3];
	u32 none, part, one, two;
	u8 doubt[4];
};

static const struct sid_case sid_cases[] = {
	{ { DENY(FOREIGN, R, 1), ALLOW(EVERYONE, R | W) }, W, W, W, R | W, { 2 } },
	{ { DENY(FOREIGN, R, 2), ALLOW(EVERYONE, R | W) }, W, W, R | W, W, { 2, 2 } },
	/* The order counts. */
	{ { ALLOW(EVERYONE, R), DENY(FOREIGN, R, 2), ALLOW(EVERYONE, W) },
	  R | W, R | W, R | W, R | W },
	{ { ALLOW(FOREIGN, R, 1), DENY(FOREIGN, R, 1), DENY(FOREIGN, W, 2) },
	  0, R, R, 0, { 2, 2 } },
	{ { DENY(FOREIGN, R, 1), ALLOW(FOREIGN, R | W, 1) }, 0, W, W, 0, { 2 } },
	{ { ALLOW(FOREIGN, R, 1), ALLOW(FOREIGN, W, 2) }, 0, R, R, W, { 1, 1 } },
	{ { ALLOW(FOREIGN, R, 1), ALLOW(FOREIGN, W, 2), ALLOW(FOREIGN, R | W, 3) },
	  0, R, R, W, { 1, 1 } },
	/* An entry that is only inherited does not count for the directory. */
	{ { DENY(FOREIGN, R, 1, DITTO_ACE_INHERIT_ONLY | DITTO_ACE_FILE_INHERIT),
	    ALLOW(EVERYONE, R) }, R, R, R, R },
};

static void test_rights(struct kunit *test)
{
	struct ditto_token *tokens[] = {
		NULL,
		token_of_rids((u32[]){ 1 }, 1, false),
		token_of_rids((u32[]){ 1 }, 1, true),
		token_of_rids((u32[]){ 2 }, 1, true),
	};
	const struct ditto_ace *undecided;

	for (size_t i = 0; i < ARRAY_SIZE(sid_cases); i++) {
		const struct sid_case *c = &sid_cases[i];
		const u32 want[] = { c->none, c->part, c->one, c->two };
		struct ditto_acl *acl = listed_make(test, c->entries, ARRAY_SIZE(c->entries));

		for (size_t t = 0; t < ARRAY_SIZE(tokens); t++) {
			KUNIT_EXPECT_EQ_MSG(test, sid_rights(acl, tokens[t], 9, &undecided),
					    want[t], "%zu %zu", i, t);
			KUNIT_EXPECT_EQ_MSG(test, undecided ? 1 + (undecided->type == D) : 0,
					    c->doubt[t], "%zu %zu", i, t);
			/* The owner can always undo it. */
			KUNIT_EXPECT_EQ(test, sid_rights(acl, tokens[t], 5, &undecided),
					want[t] | LIST);
		}
		ditto_acl_put(acl);
	}
	for (size_t t = 0; t < ARRAY_SIZE(tokens); t++)
		ditto_token_put(tokens[t]);
}

static struct ditto_acl *acl_denying(struct kunit *test, const u8 *sid)
{
	const struct listed_entry entries[] = { DENY(FOREIGN, R), ALLOW(EVERYONE, R) };
	struct ditto_acl *acl = listed_make(test, entries, ARRAY_SIZE(entries));

	memset(acl->aces[0].foreign, 0, sizeof(acl->aces[0].foreign));
	acl->aces[0].foreign_len = ditto_sid_len(sid);
	memcpy(acl->aces[0].foreign, sid, ditto_sid_len(sid));
	return acl;
}

/* SIDs that need no directory. */
static void test_local_sids(struct kunit *test)
{
	struct ditto_acl *builtin = acl_denying(test, administrators);
	struct ditto_acl *absent = acl_denying(test, interactive);
	struct ditto_token *user = token_of_rids((u32[]){ 1 }, 1, false);
	struct ditto_token *admin = ditto_token_alloc(1, sizeof(administrators));
	const struct ditto_ace *undecided;

	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_ASSERT_NOT_NULL(test, admin);
	ditto_token_add(admin, administrators);
	ditto_token_finish(admin);
	KUNIT_EXPECT_EQ(test, sid_rights(builtin, admin, 9, &undecided), 0);
	KUNIT_EXPECT_NULL(test, undecided);
	KUNIT_EXPECT_EQ(test, sid_rights(builtin, user, 9, &undecided), R);
	KUNIT_EXPECT_NULL(test, undecided);
	KUNIT_EXPECT_EQ(test, sid_rights(builtin, NULL, 9, &undecided), 0);
	KUNIT_EXPECT_PTR_EQ(test, undecided, &builtin->aces[0]);
	KUNIT_EXPECT_EQ(test, sid_rights(absent, NULL, 9, &undecided), R);
	KUNIT_EXPECT_NULL(test, undecided);
	ditto_token_put(admin);
	ditto_token_put(user);
	ditto_acl_put(absent);
	ditto_acl_put(builtin);
}

/* The longest list by the largest token. */
static void test_large(struct kunit *test)
{
	struct ditto_acl *acl = ditto_acl_alloc(DITTO_ACES_MAX);
	u32 *rids = kunit_kcalloc(test, DITTO_TOKEN_SIDS_MAX, sizeof(*rids), GFP_KERNEL);
	const struct ditto_ace *undecided;
	struct ditto_token *token;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	KUNIT_ASSERT_NOT_NULL(test, rids);
	for (u32 i = 0; i < DITTO_TOKEN_SIDS_MAX; i++)
		rids[i] = 2 * i;
	token = token_of_rids(rids, DITTO_TOKEN_SIDS_MAX, true);
	KUNIT_ASSERT_NOT_NULL(test, token);
	for (u32 i = 0; i < DITTO_ACES_MAX; i++) {
		acl->aces[i] = (struct ditto_ace) {
			.type = D, .who = DITTO_WHO_FOREIGN, .mask = W,
			.foreign_len = SID_OF_DOMAIN,
		};
		sid_of_domain(acl->aces[i].foreign, 16 * i + 1);
	}
	acl->aces[DITTO_ACES_MAX - 1].type = A;
	acl->aces[DITTO_ACES_MAX - 1].mask = R | W;
	sid_of_domain(acl->aces[DITTO_ACES_MAX - 1].foreign, 2 * (DITTO_TOKEN_SIDS_MAX - 1));
	KUNIT_EXPECT_EQ(test, sid_rights(acl, token, 9, &undecided), R | W);
	KUNIT_EXPECT_NULL(test, undecided);
	sid_of_domain(acl->aces[64].foreign, 0);
	KUNIT_EXPECT_EQ(test, sid_rights(acl, token, 9, &undecided), R);
	ditto_token_put(token);
	ditto_acl_put(acl);
}

/* User 1000 with a token. */
static struct ditto_cred *cred_with(struct kunit *test, u32 rid, bool complete)
{
	const struct ditto_share_opts opts = { .generation = U64_MAX };
	const struct ditto_verdict verdict = { .squash = DITTO_SQUASH_ROOT_TO_ADMIN };
	struct ditto_token *token = token_of_rids(&rid, 1, complete);
	const struct ditto_ident ident = { .uid = KUIDT_INIT(USER), .gid = KGIDT_INIT(USER),
					   .token = token };
	struct ditto_cred *cred;

	KUNIT_ASSERT_NOT_NULL(test, token);
	cred = ditto_cred_get(f.srv, &opts, &verdict, &ident);
	ditto_token_put(token);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cred));
	return cred;
}

static int may_access(struct ditto_cred *cred, struct ditto_node *node, u32 what)
{
	struct ditto_op op = f.op;

	op.cred = cred;
	return ditto_permission(&op, node, what);
}

/* A file inherits the entries, and they count for whoever has the SID. */
static void test_inherited(struct kunit *test)
{
	const struct ditto_name name = { "file", 4 };
	const struct ditto_setattr none = {};
	const struct ditto_create_args args = {
		.type = S_IFREG, .how = DITTO_CREATE_GUARDED, .set = &none,
	};
	struct ditto_cred *one = cred_with(test, 1, true), *two = cred_with(test, 2, true);
	struct ditto_node *dir, *node;
	struct ditto_op op = f.op;
	struct ditto_wcc wcc;

	dir = folder_make(test, &f, "dir", 0700, true);
	SET_LIST(&f, dir, DENY(FOREIGN, WRITES, 2, BOTH), ALLOW(FOREIGN, ANYTHING, 1, BOTH),
		 ALLOW(FOREIGN, READS | WRITES | DITTO_RIGHT_EXECUTE, 2, BOTH));
	op.cred = two;
	KUNIT_EXPECT_EQ(test, ditto_create_entry(&op, dir, &name, &args, &node, NULL, &wcc),
			-EACCES);
	op.cred = one;
	KUNIT_ASSERT_EQ(test, ditto_create_entry(&op, dir, &name, &args, &node, NULL, &wcc), 0);
	KUNIT_EXPECT_EQ(test, may_access(one, node, DITTO_MAY_READ | DITTO_MAY_WRITE), 0);
	KUNIT_EXPECT_EQ(test, may_access(two, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, may_access(two, node, DITTO_MAY_WRITE), -EACCES);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, ditto_remove(&op, dir, &name, false, &wcc), 0);
	ditto_node_put(dir);
	folder_remove(test, &f, "dir", true);
	ditto_cred_put(two);
	ditto_cred_put(one);
}

/* The helper's answer, and how often it was asked. */
static struct {
	int error;
	u32 rid;
	bool complete;
	atomic_t asked;
} helper;

static int helper_ask(struct ditto_server *srv, const struct ditto_question *question,
		      const struct ditto_host_names *hosts, struct ditto_said *said)
{
	*said = (struct ditto_said){};
	atomic_inc(&helper.asked);
	if (helper.error)
		return helper.error;
	if (question->type != DITTO_UPCALL_USER_SIDS || !uid_eq(question->uid, KUIDT_INIT(USER)))
		return -ENOENT;
	said->token = token_of_rids(&helper.rid, 1, helper.complete);
	return said->token ? 0 : -ENOMEM;
}

/* The next question is answered like this, and has been asked. */
static void helper_says(struct kunit *test, int error, u32 rid, bool complete)
{
	struct ditto_token *token;
	int err = -EJUKEBOX;

	ditto_names_flush(f.srv);
	helper.error = error;
	helper.rid = rid;
	helper.complete = complete;
	atomic_set(&helper.asked, 0);
	ditto_names_set_ask(f.srv, helper_ask);
	ditto_names_token(f.srv, KUIDT_INIT(USER), &token, NULL);
	/* Without a registered helper, a call that does not wait reports that there is none. */
	await((err = ditto_names_token(f.srv, KUIDT_INIT(USER), &token, NULL),
	       err != -EJUKEBOX && err != -ECONNREFUSED));
	KUNIT_ASSERT_EQ(test, err, error);
	if (!err)
		ditto_token_put(token);
}

static void test_by_helper(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &f, "file", 0644, false);
	struct ditto_token *token;

	ditto_names_flush(f.srv);
	ditto_names_set_ask(f.srv, helper_ask);
	atomic_set(&helper.asked, 0);
	/* Lists without SIDs, or with SIDs that change nothing, ask nobody. */
	SET_LIST(&f, node, ALLOW(EVERYONE, READS), DENY(FOREIGN, READS, 1));
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_WRITE), -EACCES);
	KUNIT_EXPECT_EQ(test, atomic_read(&helper.asked), 0);

	SET_LIST(&f, node, DENY(FOREIGN, READS, 1), ALLOW(EVERYONE, READS));
	helper_says(test, 0, 1, true);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), -EACCES);
	helper_says(test, 0, 2, true);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&helper.asked), 1);
	/* Nobody can tell. */
	helper_says(test, 0, 2, false);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), -EACCES);
	helper_says(test, -ENOENT, 0, false);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), -EACCES);
	helper_says(test, -EAGAIN, 0, false);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), -EACCES);
	/* The helper is asked again, and the last answer counts until the next one is there. */
	helper.error = 0;
	helper.complete = true;
	await(!may_access(f.user, node, DITTO_MAY_READ));
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, ditto_names_token(f.srv, KUIDT_INIT(USER), &token, NULL), 0);
	ditto_token_put(token);
	/* Without a helper. */
	ditto_names_set_ask(f.srv, NULL);
	ditto_names_flush(f.srv);
	KUNIT_EXPECT_EQ(test, may_access(f.user, node, DITTO_MAY_READ), -EACCES);
	ditto_names_flush(f.srv);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
}

/* Two logins of a user have the same credential only if their tokens are equal. */
static void test_credentials(struct kunit *test)
{
	struct ditto_cred *one = cred_with(test, 1, true), *same = cred_with(test, 1, true);
	struct ditto_cred *part = cred_with(test, 1, false), *two = cred_with(test, 2, true);

	KUNIT_EXPECT_PTR_EQ(test, one, same);
	KUNIT_EXPECT_PTR_NE(test, one, part);
	KUNIT_EXPECT_PTR_NE(test, one, two);
	KUNIT_EXPECT_PTR_NE(test, one, f.user);
	KUNIT_EXPECT_NULL(test, f.user->token);
	KUNIT_EXPECT_TRUE(test, one->token->complete);
	ditto_cred_put(one);
	ditto_cred_put(same);
	ditto_cred_put(part);
	ditto_cred_put(two);
}

static struct kunit_case acl_sid_cases[] = {
	KUNIT_CASE(test_rights),
	KUNIT_CASE(test_local_sids),
	KUNIT_CASE(test_large),
	KUNIT_CASE(test_inherited),
	KUNIT_CASE(test_by_helper),
	KUNIT_CASE(test_credentials),
	{}
};

static struct kunit_suite acl_sid_suite = {
	.name = "ditto_acl_sid",
	.test_cases = acl_sid_cases,
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
};

kunit_test_suite(acl_sid_suite);
