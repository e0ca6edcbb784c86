// SPDX-License-Identifier: GPL-2.0-only
/* The pipe lsarpc: names and SIDs of accounts. */

#include <errno.h>
#include <string.h>

#include "identity/identity.h"
#include "rpc/pipe_rows.h"
#include "rpc_messages.h"
#include "rpc_peer.h"
#include "test.h"

/* S-1-22-1-0 is root; S-1-5-21-1-2-3-500 is unknown. */
static void sids_have_names(void)
{
	u8 request[sizeof(lookup_sids2)];
	struct peer p;
	u8 data[4096];
	size_t len;

	memcpy(request, lookup_sids2, sizeof(request));
	peer_open_policy(&p, request + HANDLE_AT);
	CHECK(!peer_send(&p, request, sizeof(request)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && bytes_have_text(data, len, "root") &&
	      bytes_have_text(data, len, "Unix User") &&
	      bytes_have_text(data, len, "S-1-5-21-1-2-3-500"));
	CHECK(len > 8 && bytes_get32(data + len - 8) == 1 && bytes_get32(data + len - 4) == 0x107);
	/* A handle that was never created. */
	request[HANDLE_AT + 12] ^= 1;
	CHECK(!peer_send(&p, request, sizeof(request)) && peer_fault(&p) == RPC_FAULT_CONTEXT);
	/* More SIDs than the request contains, and more than the limit. */
	request[HANDLE_AT + 12] ^= 1;
	request[HANDLE_AT + 20] = 3;
	CHECK(!peer_send(&p, request, sizeof(request)) && peer_fault(&p) == RPC_FAULT_NDR);
	request[HANDLE_AT + 23] = 0x7f;
	CHECK(!peer_send(&p, request, sizeof(request)) &&
	      bytes_get32(p.out + p.len - 4) == 0xc000000d);
	peer_end(&p);
}

static void names_have_sids(void)
{
	u8 request[sizeof(lookup_names)];
	struct peer p;
	u8 data[4096];
	size_t len;

	memcpy(request, lookup_names, sizeof(request));
	peer_open_policy(&p, request + HANDLE_AT);
	CHECK(!peer_send(&p, request, sizeof(request)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && bytes_have_text(data, len, "Unix User"));
	CHECK(len > 8 && bytes_get32(data + len - 8) == 1 && bytes_get32(data + len - 4) == 0x107);
	peer_end(&p);
}

static void nothing_is_told_to(const struct rpc_user *nobody)
{
	struct peer p;
	u8 request[sizeof(lookup_sids2)];
	u8 names[sizeof(lookup_names)];
	u8 data[4096];
	size_t len;

	peer_open_by(&p, "lsarpc", nobody);
	peer_bind(&p, bind_lsarpc, sizeof(bind_lsarpc));
	CHECK(!peer_send(&p, open_policy2, sizeof(open_policy2)));
	memcpy(request, lookup_sids2, sizeof(request));
	memcpy(request + HANDLE_AT, p.out + RESPONSE, 20);
	memcpy(names, lookup_names, sizeof(names));
	memcpy(names + HANDLE_AT, p.out + RESPONSE, 20);
	CHECK(!peer_send(&p, request, sizeof(request)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && !bytes_have_text(data, len, "root") &&
	      bytes_get32(data + len - 4) == 0xc0000022);
	CHECK(!peer_send(&p, names, sizeof(names)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && !bytes_have_text(data, len, "Unix User") &&
	      bytes_get32(data + len - 4) == 0xc0000022);
	peer_end(&p);

	peer_open_by(&p, "srvsvc", nobody);
	peer_open_share = true;
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && bytes_have_text(data, len, "open") && !bytes_have_text(data, len, "data"));
	CHECK(!bytes_get32(data + len - 4));
	CHECK(!peer_send(&p, share_get_info, sizeof(share_get_info)));
	CHECK(bytes_get32(p.out + p.len - 4) == 2310);
	peer_open_share = false;
	peer_end(&p);
}

/* Anonymous clients and guests see neither accounts nor shares of other users. */
static void nobody_is_told_nothing(void)
{
	static const struct rpc_user nobody = { .uid = 65534, .anonymous = true };
	static const struct rpc_user guest = { .uid = 1000, .guest = true, .name = "alice" };

	nothing_is_told_to(&nobody);
	nothing_is_told_to(&guest);
}

/* Handles are valid on their own connection only, and limited in number. */
static void policy_handles(void)
{
	u8 request[sizeof(lookup_sids2)];
	struct peer p, other;
	u8 handle[20];
	int i;

	memcpy(request, lookup_sids2, sizeof(request));
	peer_open_policy(&p, request + HANDLE_AT);
	peer_open_policy(&other, handle);
	CHECK(!peer_send(&other, request, sizeof(request)) &&
	      peer_fault(&other) == RPC_FAULT_CONTEXT);
	for (i = 0; i < 100; i++)
		CHECK(!peer_send(&p, open_policy2, sizeof(open_policy2)));
	CHECK(bytes_get32(p.out + p.len - 4) == 0xc000009a);
	peer_end(&p);
	peer_end(&other);
}

/*
 * A second presentation context of a connection, with the second interface of the pipe (MS-DSSP).
 */
static void interface_beside(void)
{
	static const u8 dssetup[16] = {
		0x6a, 0x28, 0x19, 0x39, 0x0c, 0xb1, 0xd0, 0x11, 0x9b, 0xa8, 0x00, 0xc0, 0x4f, 0xd9,
		0x2e, 0xf5,
	};
	u8 alter[sizeof(bind_lsarpc)], ask[RESPONSE + 2] = { 0 };
	struct peer p;

	peer_open(&p, "lsarpc", 1000);
	peer_bind(&p, bind_lsarpc, sizeof(bind_lsarpc));
	memcpy(alter, bind_lsarpc, sizeof(alter));
	alter[2] = PTYPE_ALTER_CONTEXT;
	alter[28] = 1;
	memcpy(alter + 32, dssetup, sizeof(dssetup));
	CHECK(!peer_send(&p, alter, sizeof(alter)) && peer_reply_is(&p, PTYPE_ALTER_CONTEXT_RESP));
	CHECK(p.len >= 28 && bytes_get16(p.out + p.len - 24) == 0);

	/* Operation 0 of each context belongs to its own interface. */
	memcpy(ask, open_policy2, HEADER);
	ask[8] = sizeof(ask);
	ask[20] = 1;
	ask[RESPONSE] = 1;
	CHECK(!peer_send(&p, ask, sizeof(ask)) && peer_reply_is(&p, PTYPE_RESPONSE));
	/* A pointer, the level, the role of a standalone server; success. */
	CHECK(p.len > RESPONSE + 12 && bytes_get16(p.out + RESPONSE + 4) == 1 &&
	      bytes_get16(p.out + RESPONSE + 8) == 2 && !bytes_get32(p.out + p.len - 4));
	CHECK(bytes_have_text(p.out, p.len, "WORKGROUP"));
	pipe_rows_set_server("OFFICE", NULL);
	CHECK(!peer_send(&p, ask, sizeof(ask)) && peer_reply_is(&p, PTYPE_RESPONSE));
	CHECK(bytes_have_text(p.out, p.len, "OFFICE"));
	pipe_rows_set_server(NULL, NULL);
	ask[RESPONSE] = 9;
	CHECK(!peer_send(&p, ask, sizeof(ask)) && p.len == RESPONSE + 8 &&
	      bytes_get32(p.out + RESPONSE + 4) == 87);
	ask[20] = 0;
	CHECK(!peer_send(&p, ask, sizeof(ask)) && peer_fault(&p) == RPC_FAULT_NDR);
	/* A context number stays bound to its first interface. */
	alter[28] = 0;
	CHECK(!peer_send(&p, alter, sizeof(alter)) && bytes_get16(p.out + p.len - 24) == 0);
	ask[RESPONSE] = 1;
	CHECK(!peer_send(&p, ask, sizeof(ask)) && peer_fault(&p) == RPC_FAULT_NDR);
	CHECK(!peer_send(&p, open_policy2, sizeof(open_policy2)) &&
	      peer_reply_is(&p, PTYPE_RESPONSE));
	peer_end(&p);
}

static void sids_in_words(void)
{
	struct sid_accounts accounts = { .find = peer_find };
	struct sid sid = { 0x123456789abcULL, 15, { 4294967295U } };
	struct sid_name name;
	char text[NSS_NAME_SIZE];
	struct sid a, b;
	int i;

	for (i = 1; i < 15; i++)
		sid.sub[i] = 4294967295U;
	sid_text(&sid, text);
	CHECK(!strncmp(text, "S-1-0x123456789abc-4294967295-", 30) && strlen(text) == 183);
	CHECK(sid_parse(text, &b) && sid_same(&sid, &b));
	identity_machine(&a);
	identity_machine(&accounts.machine);
	CHECK(sid_same(&a, &accounts.machine) && a.nsubs == 4 && a.sub[0] == 21);
	CHECK(!sid_to_name(&accounts, &a, &name) && name.use == SID_USE_DOMAIN);
	/* A SID without relative identifiers has no text that can be read again. */
	sid.nsubs = 0;
	CHECK(sid_to_name(&accounts, &sid, &name) == -ENOENT);
	CHECK(!sid_from_name(&accounts, "builtin\\administrators", &a, &name));
	sid_text(&a, text);
	SAME(text, "S-1-5-32-544");
	CHECK(!sid_from_name(&accounts, "root@Unix User", &a, &name));
	sid_text(&a, text);
	SAME(text, "S-1-22-1-0");
	CHECK(!sid_from_name(&accounts, "Unix Group\\root", &a, &name) &&
	      name.use == SID_USE_GROUP);
	CHECK(sid_from_name(&accounts, "ELSEWHERE\\root", &a, &name) == -ENOENT);
	CHECK(sid_from_name(&accounts, "", &a, &name) == -ENOENT);
	CHECK(!sid_from_name(&accounts, "builtin\\", &a, &name) && name.use == SID_USE_DOMAIN);
	CHECK(sid_from_name(&accounts, "Everyone\\", &a, &name) == -ENOENT);
	CHECK(sid_from_name(&accounts, "root\\", &a, &name) == -ENOENT);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(sids_have_names), TEST(names_have_sids), TEST(nobody_is_told_nothing),
		TEST(policy_handles), TEST(interface_beside), TEST(sids_in_words), { 0 }
	};

	return test_main(tests);
}
