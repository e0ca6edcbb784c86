// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of NFSv4: comparison of principals, the operations left to SP4_MACH_CRED, and the numbers
 * of clients.
 */
#include <kunit/test.h>
#include <linux/nfs4.h>
#include <linux/rhashtable.h>
#include <linux/string.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/share_options.h"
#include "../../../fs/nfs/v4/engine/compound.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/nfs/v4/session/client_private.h"
#include "../../../fs/nfs/v4/session/principal.h"
#include "../../../fs/nfs/v4/session/session.h"
#include "../../../fs/nfs/v4/session/session_private.h"
#include "../../../fs/share/share.h"
#include "../../../net/peer.h"

struct who {
	u32 sec;
	u32 uid;
	char *name;
};

static const struct {
	const char *what;
	struct who maker, caller;
	bool same;
} pairs[] = {
	{ "the same user", { DITTO_SEC_SYS, 7 }, { DITTO_SEC_SYS, 7 }, true },
	{ "another user", { DITTO_SEC_SYS, 7 }, { DITTO_SEC_SYS, 8 }, false },
	{ "nobody", { DITTO_SEC_NONE, 7 }, { DITTO_SEC_NONE, 8 }, true },
	{ "user and nobody", { DITTO_SEC_SYS, 7 }, { DITTO_SEC_NONE, 7 }, false },
	{ "the same name", { DITTO_SEC_KRB5, 7, "a" }, { DITTO_SEC_KRB5, 8, "a" }, true },
	{ "better protected", { DITTO_SEC_KRB5, 7, "a" }, { DITTO_SEC_KRB5P, 7, "a" }, true },
	{ "another name", { DITTO_SEC_KRB5, 7, "a" }, { DITTO_SEC_KRB5, 7, "b" }, false },
	{ "a name and none", { DITTO_SEC_KRB5, 7, "a" }, { DITTO_SEC_KRB5, 7 }, false },
	{ "no names", { DITTO_SEC_KRB5, 7 }, { DITTO_SEC_KRB5I, 7 }, true },
	{ "name and number", { DITTO_SEC_KRB5, 7, "a" }, { DITTO_SEC_SYS, 7 }, false },
};

static void client_of(struct dnfs4_client *client, const struct who *who)
{
	memset(client, 0, sizeof(*client));
	client->principal.sec = who->sec;
	client->principal.uid = KUIDT_INIT(who->uid);
	client->principal.name = who->name;
}

static void call_of(struct dnfs_call *call, const struct who *who)
{
	memset(call, 0, sizeof(*call));
	call->sec = who->sec;
	call->ident.uid = KUIDT_INIT(who->uid);
	call->principal = who->name;
}

static void principals_compared(struct kunit *test)
{
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	struct dnfs4_client *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	u8 digest[2][DNFS4_PRINCIPAL_DIGEST];

	KUNIT_ASSERT_TRUE(test, client && other && call);
	for (int i = 0; i < ARRAY_SIZE(pairs); i++) {
		client_of(client, &pairs[i].maker);
		client_of(other, &pairs[i].caller);
		call_of(call, &pairs[i].caller);
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_principal_matches(client, call), pairs[i].same,
				    "%s", pairs[i].what);
		/* Records distinguish at least as many principals. */
		dnfs4_principal_digest(&client->principal, digest[0]);
		dnfs4_principal_digest(&other->principal, digest[1]);
		if (!pairs[i].same)
			KUNIT_EXPECT_MEMNEQ(test, digest[0], digest[1], sizeof(digest[0]));
		else if (pairs[i].maker.sec != DITTO_SEC_NONE)
			KUNIT_EXPECT_MEMEQ(test, digest[0], digest[1], sizeof(digest[0]));
	}
}

/* Records distinguish machines by their certificates, where the user is not proved. */
static void principals_of_machines(struct kunit *test)
{
	static const struct who sys = { DITTO_SEC_SYS, 7 }, krb = { DITTO_SEC_KRB5, 7, "a" };
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	struct ditto_peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	u8 clear[DNFS4_PRINCIPAL_DIGEST], machine[DNFS4_PRINCIPAL_DIGEST];

	KUNIT_ASSERT_TRUE(test, client && peer && call);
	client_of(client, &sys);
	client->principal.security = DNFS_CONN_PLAIN;
	dnfs4_principal_digest(&client->principal, clear);

	/* A client made over a clear connection, and confirmed with a certificate. */
	call_of(call, &sys);
	call->peer = peer;
	call->security = DNFS_CONN_MTLS;
	peer->cert_name = "m";
	KUNIT_ASSERT_TRUE(test, dnfs4_principal_confirm(&client->principal, call));
	KUNIT_EXPECT_STREQ(test, client->principal.cert_name, "m");
	dnfs4_principal_digest(&client->principal, machine);
	KUNIT_EXPECT_MEMNEQ(test, clear, machine, sizeof(clear));
	KUNIT_EXPECT_TRUE(test, dnfs4_principal_may_restart(client, call));
	call->security = DNFS_CONN_PLAIN;
	KUNIT_EXPECT_FALSE(test, dnfs4_principal_may_restart(client, call));
	/* A later call that proves less changes nothing. */
	KUNIT_ASSERT_TRUE(test, dnfs4_principal_confirm(&client->principal, call));
	KUNIT_EXPECT_EQ(test, client->principal.security, DNFS_CONN_MTLS);
	kfree(client->principal.cert_name);

	/* Kerberos proves enough. */
	client_of(client, &krb);
	dnfs4_principal_digest(&client->principal, clear);
	client->principal.cert_name = "m";
	dnfs4_principal_digest(&client->principal, machine);
	KUNIT_EXPECT_MEMEQ(test, clear, machine, sizeof(clear));
}

/* The names become words of a line that rpc.gssd reads. */
static void services_called_back(struct kunit *test)
{
	static const char *const good[] = {
		"nfs@client.example.org", "host@c", "root@fe80-1.example_2",
	};
	static const char *const bad[] = {
		"", "@", "nfs", "nfs@", "@client", "nfs@a b", "nfs@a\nuid=0", "nfs@a@b", "nfs@a/b",
		"nfs=x@a", "nfs@\xc3\xa4",
		"nfs@0123456789012345678901234567890123456789012345678901234567890123456789012345678",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_TRUE_MSG(test, dnfs4_service_is_valid(good[i]), "%s", good[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, dnfs4_service_is_valid(bad[i]), "%s", bad[i]);
}

/* The right to end the state of a client by a restart, by the proofs of both. */
static void principals_restart(struct kunit *test)
{
	static const struct who sys = { DITTO_SEC_SYS, 7 }, other = { DITTO_SEC_SYS, 8 };
	static const struct who krb = { DITTO_SEC_KRB5, 7, "a" };
	static const struct {
		const char *what;
		const struct who *maker, *caller;
		u32 had, has;
		char *cert_name, *proves;
		bool may;
	} restarts[] = {
		{ "in clear", &sys, &sys, DNFS_CONN_PLAIN, DNFS_CONN_PLAIN, .may = true },
		{ "another user", &sys, &other, DNFS_CONN_PLAIN, DNFS_CONN_MTLS, .may = false },
		{ "now with TLS", &sys, &sys, DNFS_CONN_PLAIN, DNFS_CONN_TLS, .may = true },
		{ "TLS", &sys, &sys, DNFS_CONN_TLS, DNFS_CONN_TLS, .may = true },
		{ "now a certificate", &sys, &sys, DNFS_CONN_TLS, DNFS_CONN_MTLS, NULL, "a", true },
		{ "TLS is gone", &sys, &sys, DNFS_CONN_TLS, DNFS_CONN_PLAIN, .may = false },
		{ "TLS is gone, krb5", &krb, &krb, DNFS_CONN_TLS, DNFS_CONN_PLAIN, .may = true },
		{ "no certificate", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_TLS, "a", NULL, false },
		{ "no TLS", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_PLAIN, "a", NULL, false },
		{ "the same name", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_MTLS, "a", "a", true },
		{ "another name", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_MTLS, "a", "b", false },
		{ "no name", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_MTLS, "a", NULL, false },
		{ "never a name", &sys, &sys, DNFS_CONN_MTLS, DNFS_CONN_MTLS, .may = true },
	};
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	struct ditto_peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, client && peer && call);
	for (int i = 0; i < ARRAY_SIZE(restarts); i++) {
		client_of(client, restarts[i].maker);
		client->principal.security = restarts[i].had;
		client->principal.cert_name = restarts[i].cert_name;
		call_of(call, restarts[i].caller);
		call->security = restarts[i].has;
		call->peer = peer;
		peer->cert_name = restarts[i].proves;
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_principal_may_restart(client, call),
				    restarts[i].may, "%s", restarts[i].what);
		/* A call that is no restart still works. */
		KUNIT_EXPECT_EQ(test, dnfs4_principal_matches(client, call),
				restarts[i].caller != &other);
	}
}

static void mach_cred(struct kunit *test)
{
	static const struct who machine = { DITTO_SEC_KRB5I, 0, "host" };
	static const struct who unprotected = { DITTO_SEC_KRB5, 0, "host" };
	static const struct who user = { DITTO_SEC_KRB5P, 7, "user" };
	static const struct who sys = { DITTO_SEC_SYS, 0 };
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, client && call);
	client_of(client, &machine);
	client->enforce[OP_DESTROY_SESSION / 32] = BIT(OP_DESTROY_SESSION % 32);

	call_of(call, &sys);
	KUNIT_EXPECT_TRUE(test, dnfs4_mach_cred_check(client, call, OP_DESTROY_SESSION));
	set_bit(DNFS4_CLIENT_MACH_CRED, &client->flags);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_check(client, call, OP_DESTROY_SESSION));
	KUNIT_EXPECT_TRUE(test, dnfs4_mach_cred_check(client, call, OP_GETATTR));
	KUNIT_EXPECT_TRUE(test, dnfs4_mach_cred_check(client, call, OP_ILLEGAL));
	call_of(call, &user);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_check(client, call, OP_DESTROY_SESSION));
	call_of(call, &unprotected);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_check(client, call, OP_DESTROY_SESSION));
	call_of(call, &machine);
	KUNIT_EXPECT_TRUE(test, dnfs4_mach_cred_check(client, call, OP_DESTROY_SESSION));
}

static void mach_cred_frees(struct kunit *test)
{
	static const struct who machine = { DITTO_SEC_KRB5I, 0, "host" };
	static const struct who unprotected = { DITTO_SEC_KRB5, 0, "host" };
	static const struct who user = { DITTO_SEC_KRB5P, 7, "user" };
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	struct dnfs4_compound *cmp = kunit_kzalloc(test, sizeof(*cmp), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, client && call && cmp);
	cmp->call = call;
	call_of(call, &machine);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_CLOSE));
	client_of(client, &machine);
	client->allow[OP_CLOSE / 32] = BIT(OP_CLOSE % 32);
	cmp->client = client;
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_CLOSE));
	set_bit(DNFS4_CLIENT_MACH_CRED, &client->flags);
	KUNIT_EXPECT_TRUE(test, dnfs4_mach_cred_frees(cmp, OP_CLOSE));
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_LOCKU));
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_ILLEGAL));
	call_of(call, &unprotected);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_CLOSE));
	call_of(call, &user);
	KUNIT_EXPECT_FALSE(test, dnfs4_mach_cred_frees(cmp, OP_CLOSE));
}

/* Numbers that are used up are given out again, but for those of clients that are still there. */
static void client_numbers(struct kunit *test)
{
	struct dnfs4_clients *clients = kunit_kzalloc(test, sizeof(*clients), GFP_KERNEL);
	struct dnfs4_client *client = kunit_kcalloc(test, 5, sizeof(*client), GFP_KERNEL);
	struct dnfs4_server *server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);
	struct dnfs4_client *gone = &client[4], *found;

	KUNIT_ASSERT_TRUE(test, clients && client && server);
	server->clients = clients;
	clients->epoch = 7;
	KUNIT_ASSERT_EQ(test, rhashtable_init(&clients->by_id, &dnfs4_client_params), 0);

	/* Number 5 is not given out yet. */
	clients->last_id = 4;
	KUNIT_ASSERT_EQ(test, dnfs4_client_number(clients, gone), 0);
	KUNIT_ASSERT_EQ(test, rhashtable_remove_fast(&clients->by_id, &gone->hash,
						     dnfs4_client_params), 0);
	clients->last_id = 0;
	KUNIT_EXPECT_EQ(test, dnfs4_client_find(server, gone->id, 0, &found),
			NFS4ERR_STALE_CLIENTID);

	/* Clients 1 to 3 have the numbers U32_MAX, 2 and 3, because client 0 has 1. */
	KUNIT_ASSERT_EQ(test, dnfs4_client_number(clients, &client[0]), 0);
	clients->last_id = U32_MAX - 1;
	for (int i = 1; i < 4; i++)
		KUNIT_ASSERT_EQ(test, dnfs4_client_number(clients, &client[i]), 0);
	KUNIT_EXPECT_EQ(test, lower_32_bits(clients->last_id), 3);
	for (int i = 0; i < 4; i++) {
		found = rhashtable_lookup_fast(&clients->by_id, &client[i].id,
					       dnfs4_client_params);
		KUNIT_EXPECT_PTR_EQ(test, found, &client[i]);
	}
	KUNIT_EXPECT_EQ(test, dnfs4_client_find(server, gone->id, 0, &found), NFS4ERR_EXPIRED);
	rhashtable_destroy(&clients->by_id);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(principals_compared),
	KUNIT_CASE(services_called_back),
	KUNIT_CASE(principals_of_machines),
	KUNIT_CASE(principals_restart),
	KUNIT_CASE(mach_cred),
	KUNIT_CASE(mach_cred_frees),
	KUNIT_CASE(client_numbers),
	{}
};

static struct kunit_suite client_suite = {
	.name = "nfs4_client",
	.test_cases = client_cases,
};

kunit_test_suite(client_suite);
