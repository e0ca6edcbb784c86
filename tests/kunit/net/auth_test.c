// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of the helper about authentication, valid and invalid, and its token for
 * a server that speaks first.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "../../../net/helper/auth.h"
#include "../../../net/helper/auth_private.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/netlink.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "sids.h"

/* No socket has these ports. */
#define NOBODY		(U32_MAX - 7)
#define NOBODY_ELSE	(U32_MAX - 8)

/**
 * struct answer - an answer of the helper
 * @msg: its attributes
 * @tb: the same by type
 * @extack: the error for the helper
 * @info: all of them
 * @auth: filled from the answer
 */
struct answer {
	struct sk_buff *msg;
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct netlink_ext_ack extack;
	struct genl_info info;
	struct ditto_auth auth;
};

static struct answer *answer_new(struct kunit *test)
{
	struct answer *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->msg = nlmsg_new(2 * DITTO_AUTH_TOKEN_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a->msg);
	a->info.nlhdr = nlmsg_put(a->msg, 0, 0, 0, GENL_HDRLEN, 0);
	KUNIT_ASSERT_NOT_NULL(test, a->info.nlhdr);
	a->info.attrs = a->tb;
	a->info.extack = &a->extack;
	return a;
}

static void answer_index(struct kunit *test, struct answer *a)
{
	nlmsg_end(a->msg, (struct nlmsghdr *)a->info.nlhdr);
	KUNIT_ASSERT_EQ(test, nla_parse(a->tb, DITTO_A_UPCALL_MAX,
					nlmsg_attrdata(a->info.nlhdr, GENL_HDRLEN),
					nlmsg_attrlen(a->info.nlhdr, GENL_HDRLEN), NULL, NULL), 0);
}

static int answer_read(struct kunit *test, struct answer *a)
{
	answer_index(test, a);
	return ditto_auth_got(&a->info, &a->auth);
}

static void answer_free(struct answer *a)
{
	ditto_auth_user_put(a->auth.user);
	kvfree(a->auth.reply);
	nlmsg_free(a->msg);
}

static void put_u8(struct kunit *test, struct answer *a, int type, u8 value)
{
	KUNIT_ASSERT_EQ(test, nla_put_u8(a->msg, type, value), 0);
}

static void put_u32(struct kunit *test, struct answer *a, int type, u32 value)
{
	KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, type, value), 0);
}

static int put_u64(struct answer *a, int type, u64 value)
{
	return nla_put(a->msg, type, sizeof(value), &value);
}

static void put_bytes(struct kunit *test, struct answer *a, int type, size_t len, u8 fill)
{
	struct nlattr *attr = nla_reserve(a->msg, type, len);

	KUNIT_ASSERT_NOT_NULL(test, attr);
	memset(nla_data(attr), fill, len);
}

/* An identity: alice, 1000:100. */
static struct answer *answer_identity(struct kunit *test)
{
	struct answer *a = answer_new(test);

	put_u8(test, a, DITTO_A_UPCALL_DONE, 1);
	put_u32(test, a, DITTO_A_UPCALL_UID, 1000);
	put_u32(test, a, DITTO_A_UPCALL_GID, 100);
	KUNIT_ASSERT_EQ(test, nla_put_string(a->msg, DITTO_A_UPCALL_USER, "alice"), 0);
	return a;
}

static void goes_on(struct kunit *test)
{
	struct answer *a = answer_new(test);

	KUNIT_ASSERT_EQ(test, put_u64(a, DITTO_A_UPCALL_AUTH_ID, 77), 0);
	put_bytes(test, a, DITTO_A_UPCALL_TOKEN, DITTO_AUTH_TOKEN_MAX, 0xab);
	KUNIT_EXPECT_EQ(test, answer_read(test, a), 0);
	KUNIT_EXPECT_FALSE(test, a->auth.done);
	KUNIT_EXPECT_NULL(test, a->auth.user);
	KUNIT_EXPECT_EQ(test, a->auth.id, 77);
	KUNIT_ASSERT_EQ(test, a->auth.reply_len, DITTO_AUTH_TOKEN_MAX);
	KUNIT_EXPECT_EQ(test, ((u8 *)a->auth.reply)[DITTO_AUTH_TOKEN_MAX - 1], 0xab);
	answer_free(a);
}

static void login_succeeds(struct kunit *test)
{
	static const u32 gids[] = { 30, 10, (u32)-1, 20 };
	struct answer *a = answer_identity(test);
	struct ditto_auth_user *user;
	u8 sid[DITTO_SID_MAX];

	a->auth.id = 77;
	KUNIT_ASSERT_EQ(test, nla_put(a->msg, DITTO_A_UPCALL_GIDS, sizeof(gids), gids), 0);
	KUNIT_ASSERT_EQ(test, nla_put_string(a->msg, DITTO_A_UPCALL_DOMAIN, "REALM"), 0);
	KUNIT_ASSERT_EQ(test, put_u64(a, DITTO_A_UPCALL_EXPIRES, 5), 0);
	put_bytes(test, a, DITTO_A_UPCALL_SID, 28, 1);
	put_bytes(test, a, DITTO_A_UPCALL_KEY, 16, 2);
	for (u32 rid = 3; rid; rid--) {
		sid_of_domain(sid, rid);
		KUNIT_ASSERT_EQ(test, nla_put(a->msg, DITTO_A_UPCALL_SIDS, SID_OF_DOMAIN, sid), 0);
	}
	KUNIT_ASSERT_EQ(test, answer_read(test, a), 0);
	user = a->auth.user;
	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_ASSERT_NOT_NULL(test, user->token);
	KUNIT_EXPECT_EQ(test, user->token->count, 3);
	KUNIT_EXPECT_TRUE(test, ditto_token_has(user->token, sid));
	KUNIT_EXPECT_FALSE(test, user->token->complete);
	KUNIT_EXPECT_TRUE(test, a->auth.done);
	KUNIT_EXPECT_EQ(test, a->auth.id, 0);
	KUNIT_EXPECT_EQ(test, a->auth.expires, 5);
	KUNIT_EXPECT_EQ(test, a->auth.key_len, 16);
	KUNIT_EXPECT_EQ(test, a->auth.key[15], 2);
	KUNIT_EXPECT_NULL(test, a->auth.reply);
	KUNIT_EXPECT_STREQ(test, user->name, "alice");
	KUNIT_EXPECT_STREQ(test, user->domain, "REALM");
	KUNIT_EXPECT_EQ(test, __kuid_val(user->uid), 1000);
	KUNIT_EXPECT_EQ(test, user->sid_len, 28);
	/* Sorted, without the invalid one. */
	KUNIT_ASSERT_EQ(test, user->ngroups, 3);
	KUNIT_EXPECT_EQ(test, __kgid_val(user->groups[0]), 10);
	KUNIT_EXPECT_EQ(test, __kgid_val(user->groups[2]), 30);
	answer_free(a);
}

static void guests_have_no_key(struct kunit *test)
{
	struct answer *a = answer_new(test);

	put_u8(test, a, DITTO_A_UPCALL_DONE, 1);
	put_u8(test, a, DITTO_A_UPCALL_GUEST, 1);
	put_bytes(test, a, DITTO_A_UPCALL_KEY, 16, 2);
	KUNIT_ASSERT_EQ(test, answer_read(test, a), 0);
	KUNIT_EXPECT_TRUE(test, a->auth.user->guest);
	KUNIT_EXPECT_EQ(test, a->auth.user->login, DITTO_LOGIN_AS_GUEST);
	KUNIT_EXPECT_FALSE(test, uid_valid(a->auth.user->uid));
	KUNIT_EXPECT_EQ(test, a->auth.key_len, 0);
	KUNIT_EXPECT_EQ(test, a->auth.expires, TIME64_MAX);
	answer_free(a);
}

static void login_has_one_kind(struct kunit *test)
{
	for (u32 kinds = 0; kinds <= DITTO_LOGIN_ALL; kinds++) {
		struct answer *a = answer_new(test);

		put_u8(test, a, DITTO_A_UPCALL_DONE, 1);
		put_u8(test, a, DITTO_A_UPCALL_ANONYMOUS, kinds == DITTO_LOGIN_AS_GUEST);
		KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, DITTO_A_UPCALL_UID, 1), 0);
		KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, DITTO_A_UPCALL_GID, 1), 0);
		KUNIT_ASSERT_EQ(test, nla_put_string(a->msg, DITTO_A_UPCALL_USER, "u"), 0);
		KUNIT_ASSERT_EQ(test, nla_put_u32(a->msg, DITTO_A_UPCALL_LOGIN, kinds), 0);
		KUNIT_EXPECT_EQ(test, answer_read(test, a),
				hweight32(kinds) == 1 ? 0 : -EINVAL);
		if (a->auth.user)
			KUNIT_EXPECT_EQ(test, a->auth.user->login, kinds);
		answer_free(a);
	}
}

static void login_refused(struct kunit *test)
{
	struct answer *a = answer_new(test);

	a->auth.id = 77;
	put_bytes(test, a, DITTO_A_UPCALL_TOKEN, 10, 3);
	answer_index(test, a);
	ditto_auth_failed(&a->info, &a->auth);
	KUNIT_EXPECT_EQ(test, a->auth.reply_len, 10);
	KUNIT_EXPECT_EQ(test, a->auth.id, 0);
	answer_free(a);
}

/* An invalid answer leaves nothing behind. */
static void expect_nonsense(struct kunit *test, struct answer *a)
{
	put_bytes(test, a, DITTO_A_UPCALL_TOKEN, 10, 3);
	KUNIT_EXPECT_EQ(test, answer_read(test, a), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, a->extack._msg);
	KUNIT_EXPECT_NULL(test, a->auth.user);
	KUNIT_EXPECT_NULL(test, a->auth.reply);
	KUNIT_EXPECT_FALSE(test, a->auth.done);
	answer_free(a);
}

static void nonsense_refused(struct kunit *test)
{
	struct answer *a;

	/* Neither done nor to be continued. */
	expect_nonsense(test, answer_new(test));

	a = answer_new(test);
	KUNIT_ASSERT_EQ(test, put_u64(a, DITTO_A_UPCALL_AUTH_ID, 0), 0);
	expect_nonsense(test, a);

	/* Done, but without an identity. */
	a = answer_new(test);
	put_u8(test, a, DITTO_A_UPCALL_DONE, 1);
	put_u32(test, a, DITTO_A_UPCALL_UID, 1000);
	expect_nonsense(test, a);

	/* There is no account with this number. */
	a = answer_new(test);
	put_u8(test, a, DITTO_A_UPCALL_DONE, 1);
	put_u32(test, a, DITTO_A_UPCALL_UID, -1);
	put_u32(test, a, DITTO_A_UPCALL_GID, 100);
	KUNIT_ASSERT_EQ(test, nla_put_string(a->msg, DITTO_A_UPCALL_USER, "alice"), 0);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_bytes(test, a, DITTO_A_UPCALL_KEY, DITTO_AUTH_KEY_MAX + 1, 0);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_bytes(test, a, DITTO_A_UPCALL_SID, DITTO_SID_MAX + 1, 0);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_bytes(test, a, DITTO_A_UPCALL_SIDS, SID_OF_DOMAIN, 2);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_u32(test, a, DITTO_A_UPCALL_PRIVILEGES, 1);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_bytes(test, a, DITTO_A_UPCALL_GIDS, 7, 0);
	expect_nonsense(test, a);

	a = answer_identity(test);
	put_bytes(test, a, DITTO_A_UPCALL_GIDS, (DITTO_GROUPS_MAX + 1) * sizeof(u32), 0);
	expect_nonsense(test, a);
}

static void too_long(struct kunit *test)
{
	struct answer *a = answer_identity(test);

	put_bytes(test, a, DITTO_A_UPCALL_TOKEN, DITTO_AUTH_TOKEN_MAX + 1, 0);
	KUNIT_EXPECT_EQ(test, answer_read(test, a), -EINVAL);
	KUNIT_EXPECT_NULL(test, a->auth.user);
	KUNIT_EXPECT_NULL(test, a->auth.reply);
	answer_free(a);
}

static int asked;

static void ask_done(struct ditto_upcall_req *ask, int err)
{
	asked = err;
}

/* Without a helper all logins end at once. */
static void token_is_bounded(struct kunit *test)
{
	struct ditto_auth *auth = kunit_kzalloc(test, sizeof(*auth), GFP_KERNEL);
	struct ditto_pipe_ask *pipe = kunit_kzalloc(test, sizeof(*pipe), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, auth);
	KUNIT_ASSERT_NOT_NULL(test, pipe);
	auth->token = auth;
	auth->token_len = DITTO_AUTH_TOKEN_MAX + 1;
	auth->ask.done = ask_done;
	ditto_auth_step(test->priv, auth);
	KUNIT_EXPECT_EQ(test, asked, -EINVAL);
	auth->token_len = 1;
	ditto_auth_step(test->priv, auth);
	KUNIT_EXPECT_EQ(test, asked, -ECONNREFUSED);
	pipe->in = auth;
	pipe->in_len = DITTO_PIPE_MAX + 1;
	pipe->ask.done = ask_done;
	ditto_pipe_call(test->priv, pipe);
	KUNIT_EXPECT_EQ(test, asked, -EINVAL);
	pipe->in_len = 1;
	ditto_pipe_call(test->priv, pipe);
	KUNIT_EXPECT_EQ(test, asked, -ECONNREFUSED);
	/* To nobody. */
	ditto_auth_abort(test->priv, 1);
	ditto_pipe_close(test->priv, 1);
}

static void hello_sent(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	size_t len;
	void *token;

	KUNIT_EXPECT_EQ(test, ditto_auth_hello(srv, &token, &len), -ECONNREFUSED);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(srv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_auth_hello(srv, &token, &len), 0);
	KUNIT_EXPECT_NULL(test, token);

	KUNIT_ASSERT_EQ(test, ditto_upcall_hello_set(srv, NOBODY, "hello", 5), 0);
	KUNIT_ASSERT_EQ(test, ditto_auth_hello(srv, &token, &len), 0);
	KUNIT_EXPECT_EQ(test, len, 5);
	KUNIT_EXPECT_MEMEQ(test, token, "hello", 5);
	kvfree(token);

	/* Without the helper there is no token, and the next helper may have another one. */
	ditto_upcall_portid_gone(srv, NOBODY);
	KUNIT_EXPECT_EQ(test, ditto_auth_hello(srv, &token, &len), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, ditto_upcall_hello_set(srv, NOBODY, "late", 4), -ECONNREFUSED);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(srv, NOBODY_ELSE), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcall_hello_set(srv, NOBODY_ELSE, "next", 4), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_hello_set(srv, NOBODY, "late", 4), -ECONNREFUSED);
	KUNIT_ASSERT_EQ(test, ditto_auth_hello(srv, &token, &len), 0);
	KUNIT_ASSERT_EQ(test, len, 4);
	KUNIT_EXPECT_MEMEQ(test, token, "next", 4);
	kvfree(token);
	KUNIT_ASSERT_EQ(test, ditto_upcall_hello_set(srv, NOBODY_ELSE, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_auth_hello(srv, &token, &len), 0);
	KUNIT_EXPECT_NULL(test, token);
}

static int auth_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void auth_test_exit(struct kunit *test)
{
	ditto_upcalls_exit(test->priv);
}

static struct kunit_case auth_cases[] = {
	KUNIT_CASE(goes_on),
	KUNIT_CASE(login_succeeds),
	KUNIT_CASE(guests_have_no_key),
	KUNIT_CASE(login_has_one_kind),
	KUNIT_CASE(login_refused),
	KUNIT_CASE(nonsense_refused),
	KUNIT_CASE(too_long),
	KUNIT_CASE(token_is_bounded),
	KUNIT_CASE(hello_sent),
	{}
};

static struct kunit_suite auth_suite = {
	.name = "ditto_auth",
	.init = auth_test_init,
	.exit = auth_test_exit,
	.test_cases = auth_cases,
};

kunit_test_suite(auth_suite);
