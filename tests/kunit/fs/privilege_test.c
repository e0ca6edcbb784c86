// SPDX-License-Identifier: GPL-2.0-only
/* Rights by privileges: fs/op/check/rights.c, fs/op/setattr.c, fs/share/cred.c. */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/fs.h>

#include "../../../fs/op/check/explain.h"
#include "../../../fs/share/rules.h"
#include "../net/sids.h"
#include "listed.h"

DEFINE_FOLDER(f, "kunit-privilege")

#define OTHER	4242

/* The user of the folder, logged in with privileges; to be put. */
static struct ditto_cred *privileged_user(struct kunit *test, u32 privileges, unsigned int squash)
{
	const struct ditto_share_opts opts = {
		.generation = U64_MAX, .anon_uid = KUIDT_INIT(OTHER), .anon_gid = KGIDT_INIT(OTHER),
	};
	const struct ditto_verdict verdict = { .squash = squash };
	struct ditto_ident ident = { .uid = KUIDT_INIT(USER), .gid = KGIDT_INIT(USER) };
	struct ditto_token *token = ditto_token_alloc(1, SID_OF_DOMAIN);
	struct ditto_cred *cred;
	u8 sid[DITTO_SID_MAX];

	KUNIT_ASSERT_NOT_NULL(test, token);
	sid_of_domain(sid, 1);
	ditto_token_add(token, sid);
	token->privileges = privileges;
	token->complete = true;
	ditto_token_finish(token);
	ident.token = token;
	cred = ditto_cred_get(f.srv, &opts, &verdict, &ident);
	ditto_token_put(token);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cred));
	return cred;
}

static u32 rights_of(struct kunit *test, struct ditto_cred *cred, struct ditto_node *node, u32 want)
{
	u32 rights = 0;

	f.op.cred = cred;
	KUNIT_EXPECT_EQ(test, ditto_rights_among(&f.op, node, NULL, want, &rights), 0);
	f.op.cred = f.admin;
	return rights;
}

static void privilege_squashed(struct kunit *test)
{
	static const struct {
		unsigned int squash;
		u32 have, want;
	} cases[] = {
		{ DITTO_SQUASH_NONE, 0, 0 },
		{ DITTO_SQUASH_NONE, DITTO_TOKEN_RESTORE, DITTO_TOKEN_RESTORE },
		{ DITTO_SQUASH_ROOT_TO_GUEST, DITTO_TOKEN_SECURITY, DITTO_TOKEN_SECURITY },
		{ DITTO_SQUASH_ALL_TO_GUEST, DITTO_TOKEN_PRIVILEGES, 0 },
		{ DITTO_SQUASH_ALL_TO_ADMIN, 0, DITTO_TOKEN_PRIVILEGES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ditto_cred *cred = privileged_user(test, cases[i].have, cases[i].squash);

		KUNIT_EXPECT_EQ_MSG(test, cred->privileges, cases[i].want, "case %zu", i);
		ditto_cred_put(cred);
	}
	KUNIT_EXPECT_EQ(test, f.user->privileges, 0);
}

/* The list denies everything; what is left comes from privileges. */
static void privilege_rights(struct kunit *test)
{
	struct ditto_cred *restores = privileged_user(test, DITTO_TOKEN_RESTORE, DITTO_SQUASH_NONE);
	struct ditto_cred *audits = privileged_user(test, DITTO_TOKEN_SECURITY, DITTO_SQUASH_NONE);
	const u32 all = DITTO_RIGHTS_ALL | DITTO_RIGHT_SECURITY, asks = DITTO_RIGHT_SYNCHRONIZE;
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);

	SET_LIST(&f, node, DENY(EVERYONE, ANYTHING));
	KUNIT_EXPECT_EQ(test, rights_of(test, f.user, node, all), asks);
	KUNIT_EXPECT_EQ(test, rights_of(test, restores, node, all), asks | DITTO_RIGHT_WRITE_OWNER);
	KUNIT_EXPECT_EQ(test, rights_of(test, restores, node, DITTO_RIGHT_READ_DATA), asks);
	KUNIT_EXPECT_EQ(test, rights_of(test, audits, node, all), asks | DITTO_RIGHT_SECURITY);
	/* All rights do not contain that to audit entries. */
	KUNIT_EXPECT_EQ(test, rights_of(test, audits, node, DITTO_RIGHTS_ALL), asks);
	KUNIT_EXPECT_EQ(test, rights_of(test, f.admin, node, all), all & ~DITTO_RIGHT_DELETE);
	f.op.writable = false;
	KUNIT_EXPECT_EQ(test, rights_of(test, restores, node, all), asks);
	f.op.writable = true;
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
	ditto_cred_put(restores);
	ditto_cred_put(audits);
}

static void privilege_explained(struct kunit *test)
{
	struct ditto_cred *restores = privileged_user(test, DITTO_TOKEN_RESTORE, DITTO_SQUASH_NONE);
	struct ditto_explanation *why = kunit_kzalloc(test, sizeof(*why), GFP_KERNEL);
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);
	u32 rights;

	KUNIT_ASSERT_NOT_NULL(test, why);
	f.op.cred = restores;
	KUNIT_EXPECT_EQ(test, ditto_explain_rights(&f.op, node, NULL, why, &rights), 0);
	KUNIT_EXPECT_EQ(test, why->right[19].reason, DITTO_REASON_PRIVILEGE);
	KUNIT_EXPECT_EQ(test, why->right[18].reason, DITTO_REASON_OWNER);
	f.op.cred = f.admin;
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
	ditto_cred_put(restores);
}

/* Set the owner, with rights that were granted at open. */
static int privilege_owner_set(struct ditto_cred *cred, struct ditto_node *node, u32 held,
			       uid_t uid)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_UID, .uid = KUIDT_INIT(uid) };
	int err;

	f.op.held = held;
	err = listed_set(&f, cred, node, &set);
	f.op.held = 0;
	return err;
}

static void privilege_owner(struct kunit *test)
{
	struct ditto_cred *restores = privileged_user(test, DITTO_TOKEN_RESTORE, DITTO_SQUASH_NONE);
	struct ditto_cred *plain = privileged_user(test, DITTO_TOKEN_SECURITY, DITTO_SQUASH_NONE);
	const struct ditto_setattr listed = { .valid = DITTO_SET_ACL };
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);

	for (int list = 0; list < 2; list++) {
		int none = list ? -EACCES : -EPERM;

		KUNIT_EXPECT_EQ(test, privilege_owner_set(f.admin, node, 0, 0), 0);
		if (list)
			SET_LIST(&f, node, DENY(EVERYONE, ANYTHING));
		KUNIT_EXPECT_EQ(test, privilege_owner_set(plain, node, 0, USER), none);
		KUNIT_EXPECT_EQ(test, -EPERM,
				privilege_owner_set(plain, node, DITTO_RIGHT_WRITE_OWNER, OTHER));
		KUNIT_EXPECT_EQ(test, 0,
				privilege_owner_set(plain, node, DITTO_RIGHT_WRITE_OWNER, USER));
		KUNIT_EXPECT_EQ(test, privilege_owner_set(restores, node, 0, OTHER), 0);
		KUNIT_EXPECT_EQ(test, privilege_owner_set(restores, node, 0, USER), 0);
		KUNIT_EXPECT_TRUE(test, uid_eq(node->inode->i_uid, KUIDT_INIT(USER)));
	}
	/* The privilege to restore does not reach what an open without that intent has not got. */
	KUNIT_EXPECT_EQ(test, privilege_owner_set(restores, node, 0, OTHER), 0);
	KUNIT_EXPECT_EQ(test, listed_set(&f, restores, node, &listed), -EACCES);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
	ditto_cred_put(restores);
	ditto_cred_put(plain);
}

/* A file cannot be given away with a set-uid bit, not even with one that it has already. */
static void privilege_set_id(struct kunit *test)
{
	struct ditto_cred *restores = privileged_user(test, DITTO_TOKEN_RESTORE, DITTO_SQUASH_NONE);
	struct ditto_setattr set = { .valid = DITTO_SET_UID | DITTO_SET_MODE };
	struct ditto_node *node = folder_make(test, &f, "file", 0755, false);

	for (int list = 0; list < 2; list++) {
		set.uid = KUIDT_INIT(USER);
		set.mode = 04755;
		if (list)
			SET_LIST(&f, node, ALLOW(EVERYONE, ANYTHING));
		KUNIT_EXPECT_EQ(test, listed_set(&f, f.admin, node, &set), 0);
		KUNIT_EXPECT_EQ(test, listed_mode(node), 04755);
		f.op.held = DITTO_RIGHT_WRITE_OWNER | DITTO_RIGHT_WRITE_ACL;
		set.uid = KUIDT_INIT(0);
		KUNIT_EXPECT_EQ(test, listed_set(&f, restores, node, &set), -EPERM);
		set.mode = 0755;
		KUNIT_EXPECT_EQ(test, listed_set(&f, restores, node, &set), 0);
		f.op.held = 0;
		KUNIT_EXPECT_EQ(test, listed_mode(node), 0755);
	}
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
	ditto_cred_put(restores);
}

/* The credential to back up is made once, and acts as the same user. */
static void privilege_backup(struct kunit *test)
{
	struct ditto_cred *user = privileged_user(test, DITTO_TOKEN_RESTORE, DITTO_SQUASH_NONE);
	struct ditto_cred *backup = ditto_cred_backup(user);
	struct ditto_node *node = folder_make(test, &f, "file", 0000, false);

	KUNIT_ASSERT_NOT_NULL(test, backup);
	KUNIT_EXPECT_PTR_EQ(test, ditto_cred_backup(user), backup);
	KUNIT_EXPECT_PTR_EQ(test, ditto_cred_backup(backup), backup);
	KUNIT_EXPECT_TRUE(test, backup->admin && uid_eq(backup->uid, user->uid));
	KUNIT_EXPECT_TRUE(test, uid_eq(backup->cred->fsuid, user->cred->fsuid));
	KUNIT_EXPECT_PTR_EQ(test, backup->token, user->token);
	KUNIT_EXPECT_FALSE(test, user->admin);
	SET_LIST(&f, node, DENY(EVERYONE, ANYTHING));
	KUNIT_EXPECT_EQ(test, rights_of(test, backup, node, DITTO_RIGHTS_ALL) | DITTO_RIGHT_DELETE,
			DITTO_RIGHTS_ALL);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
	/* It outlives the other as long as somebody holds it. */
	ditto_cred_hold(backup);
	ditto_cred_put(user);
	ditto_creds_flush(f.srv);
	KUNIT_EXPECT_TRUE(test, uid_eq(backup->uid, KUIDT_INIT(USER)));
	ditto_cred_put(backup);
}

static struct kunit_case privilege_cases[] = {
	KUNIT_CASE(privilege_squashed),
	KUNIT_CASE(privilege_rights),
	KUNIT_CASE(privilege_explained),
	KUNIT_CASE(privilege_owner),
	KUNIT_CASE(privilege_set_id),
	KUNIT_CASE(privilege_backup),
	{ }
};

static struct kunit_suite privilege_suite = {
	.name = "ditto_privilege",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = privilege_cases,
};

kunit_test_suite(privilege_suite);
