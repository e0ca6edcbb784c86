// SPDX-License-Identifier: GPL-2.0-only
/* The pipe samr: accounts of this machine. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "identity/identity.h"
#include "auth/nt_status.h"
#include "mem.h"
#include "rpc_messages.h"
#include "rpc_peer.h"
#include "test.h"

/* Relative identifiers of the first user and of the groups. */
#define ALICE	(1000 + 2 * 1001)
#define STAFF	(1001 + 2 * 2000)
#define ALICES	(1001 + 2 * 1001)

static char passwd_file[64];
static char group_file[64];

/* Handles of one connection. */
enum handle { NONE, SERVER, DOMAIN, BUILTIN, USER, NOBODYS, ALIAS, ADMINS, HANDLES };

/**
 * struct session - a client with its handles
 * @peer: connection
 * @handle: handles
 * @in: results of the last call
 * @len: bytes of @in
 */
struct session {
	struct peer peer;
	u8 handle[HANDLES][20];
	u8 in[RPC_ANSWER_MAX];
	size_t len;
};

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (CHECK(file)) {
		fputs(text, file);
		fclose(file);
	}
}

/* Write the files, with some further users. */
static void make_accounts(unsigned int more)
{
	char *text = mem_string("root:x:0:0:root:/root:/bin/sh\n"
				"alice:x:1001:1001:Alice L\xc3\xbctt,room 1,,:/home/alice:/bin/sh\n"
				"bob:x:1002:1001::/home/bob:/bin/sh\n"
				"Alice:x:1003:100:::\n"
				"nobody:x:65534:65534::/:/bin/false\n"
				"-carol\n+@guests\n+dora::::::\n+\n");
	unsigned int i;
	char *longer;

	for (i = 0; i < more; i++) {
		longer = mem_print("%suser%04u:x:%u:100::/:/bin/sh\n", text, i, 5000 + i);
		free(text);
		text = longer;
	}
	put_file(passwd_file, text);
	free(text);
	put_file(group_file,
		 "root:x:0:\nalice:x:1001:\nstaff:x:2000:bob,carol,Alice\nusers:x:100:\n"
		 "-wheel\n+games:::\n+\n");
	identity_local_files(passwd_file, group_file);
}

/* Start the parameters of a call with a handle. */
static void call_begin(struct ndr_out *o, const struct session *s, enum handle handle)
{
	ndr_out_init(o, 65000);
	ndr_put(o, share_enum, RESPONSE);
	if (handle != NONE)
		ndr_put(o, s->handle[handle], 20);
}

/* Make the call. Returns its status, or 0xdead for a fault; the parameters are freed. */
static u32 call_make(struct session *s, struct ndr_out *o, u16 opnum)
{
	u32 status = 0xdead;

	o->data[8] = (u8)o->len;
	o->data[9] = (u8)(o->len >> 8);
	o->data[22] = (u8)opnum;
	s->len = 0;
	if (CHECK(!peer_send(&s->peer, o->data, o->len)) && !peer_fault(&s->peer))
		s->len = peer_reply_join(&s->peer, s->in, sizeof(s->in));
	if (s->len >= 4)
		status = bytes_get32(s->in + s->len - 4);
	free(o->data);
	return status;
}

/* The same for a call that returns a handle. */
static u32 call_open(struct session *s, struct ndr_out *o, u16 opnum, enum handle out)
{
	u32 status = call_make(s, o, opnum);

	if (s->len >= 24)
		memcpy(s->handle[out], s->in + s->len - 24, 20);
	return status;
}

static u32 open_domain(struct session *s, const struct sid *sid, enum handle out)
{
	struct ndr_out o;

	call_begin(&o, s, SERVER);
	ndr_put32(&o, 0x2000000);
	ndr_put_sid(&o, sid);
	return call_open(s, &o, 7, out);
}

static u32 open_account(struct session *s, u16 opnum, enum handle domain, u32 rid,
			enum handle out)
{
	struct ndr_out o;

	call_begin(&o, s, domain);
	ndr_put32(&o, 0x2000000);
	ndr_put32(&o, rid);
	return call_open(s, &o, opnum, out);
}

static u32 connect_as(struct session *s, const struct rpc_user *user)
{
	static const u8 uuid_end = 0xac;
	u8 bind[sizeof(bind_lsarpc)];
	struct ndr_out o;

	memset(s, 0, sizeof(*s));
	peer_open_by(&s->peer, "samr", user);
	memcpy(bind, bind_lsarpc, sizeof(bind));
	bind[47] = uuid_end;
	bind[48] = 1;
	peer_bind(&s->peer, bind, sizeof(bind));
	call_begin(&o, s, NONE);
	ndr_put_pointer(&o, true);
	ndr_put_string(&o, "\\\\server");
	ndr_put32(&o, 0x2000000);
	return call_open(s, &o, 57, SERVER);
}

static void session_begin(struct session *s)
{
	static const struct rpc_user alice = { .uid = 1001, .name = "alice" };
	static const struct sid builtin = { 5, 1, { 32 } };
	struct sid machine;

	identity_machine(&machine);
	CHECK(!connect_as(s, &alice));
	CHECK(!open_domain(s, &machine, DOMAIN));
	CHECK(!open_domain(s, &builtin, BUILTIN));
}

static void session_end(struct session *s)
{
	peer_end(&s->peer);
}

/* Enumerate users or aliases from a place on. */
static u32 account_enumerate(struct session *s, u16 opnum, u32 resume, u32 most)
{
	struct ndr_out o;

	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, resume);
	if (opnum == 13)
		ndr_put32(&o, 0);
	ndr_put32(&o, most);
	return call_make(s, &o, opnum);
}

static void accounts_are_listed(void)
{
	u32 resume = 0, total = 0, status, calls = 0;
	struct session *s = mem_new(sizeof(*s));

	make_accounts(0);
	session_begin(s);
	CHECK(!account_enumerate(s, 13, 0, 0xffffffff));
	/* alice, bob and Alice, but neither root nor nobody. */
	CHECK(s->len > 32 && bytes_get32(s->in + 8) == 3 && bytes_get32(s->in + 20) == ALICE);
	CHECK(bytes_have_text(s->in, s->len, "bob") && !bytes_have_text(s->in, s->len, "root") &&
	      !bytes_have_text(s->in, s->len, "nobody"));
	CHECK(!account_enumerate(s, 15, 0, 0xffffffff) && bytes_get32(s->in + 8) == 2 &&
	      bytes_get32(s->in + 20) == ALICES);
	CHECK(bytes_have_text(s->in, s->len, "staff"));
	/* One at a time. */
	CHECK(account_enumerate(s, 13, 0, 1) == STATUS_MORE_ENTRIES && bytes_get32(s->in + 8) == 1);
	CHECK(account_enumerate(s, 13, bytes_get32(s->in), 1) == STATUS_MORE_ENTRIES &&
	      bytes_have_text(s->in, s->len, "bob"));
	CHECK(!account_enumerate(s, 13, bytes_get32(s->in), 1) && bytes_get32(s->in + 8) == 1);
	CHECK(!account_enumerate(s, 13, bytes_get32(s->in), 1) && !bytes_get32(s->in + 8));
	/* More than one answer carries. */
	make_accounts(6000);
	do {
		status = account_enumerate(s, 13, resume, 0xffffffff);
		total += s->len > 12 ? bytes_get32(s->in + 8) : 0;
		resume = bytes_get32(s->in);
	} while (status == STATUS_MORE_ENTRIES && ++calls < 20);
	CHECK(!status && total == 6003 && calls);
	session_end(s);
	free(s);
}

static u32 lookup_name(struct session *s, const char *name)
{
	struct ndr_out o;

	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, 1);
	ndr_put32(&o, 1000);
	ndr_put32(&o, 0);
	ndr_put32(&o, 1);
	ndr_put_unicode_header(&o, name);
	ndr_put_unicode(&o, name);
	return call_make(s, &o, 17);
}

static void names_of_accounts(void)
{
	struct session *s = mem_new(sizeof(*s));
	struct ndr_out o;

	make_accounts(0);
	session_begin(s);
	CHECK(!lookup_name(s, "alice") && bytes_get32(s->in + 12) == ALICE &&
	      bytes_get32(s->in + 28) == SID_USE_USER);
	/* Names have no case, but the same case is preferred. */
	CHECK(!lookup_name(s, "Alice") && bytes_get32(s->in + 12) == ALICE + 4);
	CHECK(!lookup_name(s, "STAFF") && bytes_get32(s->in + 12) == STAFF);
	CHECK(!lookup_name(s, "root") && bytes_get32(s->in + 12) == 1000);
	CHECK(lookup_name(s, "mallory") == STATUS_NONE_MAPPED);
	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, 2);
	ndr_put32(&o, 1000);
	ndr_put32(&o, 0);
	ndr_put32(&o, 2);
	ndr_put32(&o, ALICE);
	ndr_put32(&o, 999);
	CHECK(call_make(s, &o, 18) == STATUS_SOME_NOT_MAPPED &&
	      bytes_have_text(s->in, s->len, "alice"));
	/* More than may be asked at once. */
	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, 1001);
	ndr_put32(&o, 1001);
	ndr_put32(&o, 0);
	ndr_put32(&o, 1001);
	CHECK(call_make(s, &o, 18) == 0xdead && peer_fault(&s->peer) == RPC_FAULT_NDR);
	session_end(s);
	free(s);
}

/* CPU time of this thread in microseconds. */
static u64 cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

/* Look up @n names that are no accounts but for the last; returns the CPU time. */
static u64 lookup_crowd(struct session *s, u32 n)
{
	struct ndr_out o;
	u64 begin;
	u32 i;

	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, n);
	ndr_put32(&o, 1000);
	ndr_put32(&o, 0);
	ndr_put32(&o, n);
	for (i = 0; i < n; i++)
		ndr_put_unicode_header(&o, i + 1 < n ? "nobody1" : "BOB");
	for (i = 0; i < n; i++)
		ndr_put_unicode(&o, i + 1 < n ? "nobody1" : "BOB");
	begin = cpu_us();
	CHECK(call_make(s, &o, 17) == (n > 1 ? STATUS_SOME_NOT_MAPPED : STATUS_SUCCESS));
	CHECK(s->len > 12 + 4 * n && bytes_get32(s->in + 8 + 4 * n) == ALICE + 2);
	return cpu_us() - begin;
}

/* A thousand names do not take a thousand times as long as one. */
static void many_names(void)
{
	struct session *s = mem_new(sizeof(*s));
	u64 one;

	make_accounts(12000);
	session_begin(s);
	one = lookup_crowd(s, 1);
	CHECK(lookup_crowd(s, 1000) < 4 * one);
	session_end(s);
	free(s);
}

static u32 account_query(struct session *s, u16 opnum, enum handle handle, u16 level)
{
	struct ndr_out o;

	call_begin(&o, s, handle);
	ndr_put16(&o, level);
	return call_make(s, &o, opnum);
}

static void accounts_are_described(void)
{
	static const u16 levels[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 20,
				      21 };
	struct session *s = mem_new(sizeof(*s));
	size_t i;

	make_accounts(0);
	session_begin(s);
	CHECK(open_account(s, 34, DOMAIN, STAFF, USER) == STATUS_NO_SUCH_USER);
	CHECK(open_account(s, 19, DOMAIN, 514, USER) == STATUS_NO_SUCH_GROUP);
	CHECK(open_account(s, 27, BUILTIN, 999, USER) == STATUS_NO_SUCH_ALIAS);
	CHECK(!open_account(s, 34, DOMAIN, ALICE, USER));
	for (i = 0; i < ARRAY_SIZE(levels); i++)
		CHECK(!account_query(s, 36, USER, levels[i]) && bytes_get32(s->in) &&
		      bytes_get16(s->in + 4) == levels[i]);
	CHECK(!account_query(s, 47, USER, 21) && bytes_have_text(s->in, s->len, "alice") &&
	      bytes_have_text(s->in, s->len, "Alice L\xc3\xbctt") &&
	      !bytes_have_text(s->in, s->len, "room"));
	CHECK(account_query(s, 36, USER, 99) == STATUS_INVALID_INFO_CLASS);
	/* A handle of another kind. */
	CHECK(account_query(s, 36, DOMAIN, 1) == 0xdead &&
	      peer_fault(&s->peer) == RPC_FAULT_CONTEXT);
	/* carol has no account. */
	CHECK(!open_account(s, 27, DOMAIN, STAFF, ALIAS) && !account_query(s, 28, ALIAS, 1));
	CHECK(bytes_have_text(s->in, s->len, "staff") && bytes_get32(s->in + 16) == 2);
	CHECK(!account_query(s, 8, DOMAIN, 2) && !account_query(s, 8, DOMAIN, 11) &&
	      !account_query(s, 46, DOMAIN, 12));
	session_end(s);
	free(s);
}

/* SamrGetAliasMembership for one SID. */
static u32 aliases_of(struct session *s, enum handle domain, const struct sid *sid)
{
	struct ndr_out o;

	call_begin(&o, s, domain);
	ndr_put32(&o, 1);
	ndr_put_pointer(&o, true);
	ndr_put32(&o, 1);
	ndr_put_pointer(&o, true);
	ndr_put_sid(&o, sid);
	return call_make(s, &o, 16);
}

/* The aliases of BUILTIN have the group as a member that the configuration names. */
static void members_of_groups(void)
{
	static const struct identity_source *const source[] = {
		&identity_well_known, &identity_builtin, &identity_unix,
	};
	struct identity_aliases aliases = { .alias = { { 544, "root" } }, .n = 1 };
	struct session *s = mem_new(sizeof(*s));
	struct sid user = { 22, 2, { 1, 0 } };
	struct ndr_out o;

	make_accounts(0);
	identity_set_sources(source, ARRAY_SIZE(source));
	identity_builtin_set(&aliases);
	session_begin(s);
	CHECK(!open_account(s, 27, DOMAIN, STAFF, ALIAS) &&
	      !open_account(s, 27, BUILTIN, 544, ADMINS));
	call_begin(&o, s, ALIAS);
	CHECK(!call_make(s, &o, 33) && bytes_get32(s->in) == 2);
	call_begin(&o, s, ADMINS);
	/* S-1-22-2-0 */
	CHECK(!call_make(s, &o, 33) && bytes_get32(s->in) == 1 &&
	      bytes_get32(s->in + s->len - 8) == 0 && bytes_get32(s->in + s->len - 12) == 2);
	/* root is in the group root, and so in Administrators. */
	CHECK(!aliases_of(s, BUILTIN, &user) && bytes_get32(s->in) == 1 &&
	      bytes_get32(s->in + 12) == 544);
	/* S-1-22-3-0 is neither a user nor a group. */
	user.sub[0] = 3;
	CHECK(!aliases_of(s, BUILTIN, &user) && !bytes_get32(s->in));
	user.sub[0] = 1;
	user.sub[1] = 1002;
	/* bob's own group, and staff. */
	CHECK(!aliases_of(s, DOMAIN, &user) && bytes_get32(s->in) == 2);
	session_end(s);
	aliases.n = 0;
	identity_builtin_set(&aliases);
	free(s);
}

/* Ask for the aliases of bob and others, of which there are @want; returns the CPU time. */
static u64 aliases_of_crowd(struct session *s, u32 n, u32 want)
{
	struct sid user = { 22, 2, { 1, 0 } };
	struct ndr_out o;
	u64 begin;
	u32 i;

	call_begin(&o, s, DOMAIN);
	ndr_put32(&o, n);
	ndr_put_pointer(&o, true);
	ndr_put32(&o, n);
	for (i = 0; i < n; i++)
		ndr_put_pointer(&o, true);
	for (i = 0; i < n; i++) {
		user.sub[1] = i ? 5000 + i : 1002;
		ndr_put_sid(&o, &user);
	}
	begin = cpu_us();
	CHECK(!call_make(s, &o, 16) && bytes_get32(s->in) == want);
	return cpu_us() - begin;
}

/* Groups are read once, however many members are asked for. */
static void many_members(void)
{
	struct session *s = mem_new(sizeof(*s));
	unsigned int i;
	FILE *file;
	u64 one;

	make_accounts(1500);
	file = fopen(group_file, "a");
	if (CHECK(file)) {
		for (i = 0; i < 1500; i++)
			fprintf(file, "team%u:x:%u:%s\n", i, 9000 + i,
				i ? "bo,bobb,user,eve,carol,dave,frank" : "eve,bob");
		fclose(file);
	}
	session_begin(s);
	/* alice, staff and team0; the others are in users. */
	one = aliases_of_crowd(s, 1, 3);
	CHECK(aliases_of_crowd(s, 1000, 4) < 8 * one);
	session_end(s);
	free(s);
}

/* Neither anonymous clients nor guests are told accounts; no one changes any. */
static void users_are_refused(void)
{
	static const struct rpc_user nobody = { .uid = 65534, .anonymous = true };
	static const struct rpc_user guest = { .uid = 65534, .guest = true };
	struct session *s = mem_new(sizeof(*s));
	struct ndr_out o;

	make_accounts(0);
	CHECK(connect_as(s, &nobody) == STATUS_ACCESS_DENIED);
	CHECK(account_enumerate(s, 13, 0, 1000) == 0xdead);
	session_end(s);
	CHECK(connect_as(s, &guest) == STATUS_ACCESS_DENIED);
	session_end(s);
	session_begin(s);
	call_begin(&o, s, DOMAIN);
	CHECK(call_make(s, &o, 50) == STATUS_ACCESS_DENIED && s->len == 32);
	call_begin(&o, s, DOMAIN);
	CHECK(call_make(s, &o, 12) == STATUS_ACCESS_DENIED && s->len == 28);
	CHECK(!open_account(s, 34, DOMAIN, ALICE, USER));
	call_begin(&o, s, USER);
	CHECK(call_make(s, &o, 35) == STATUS_ACCESS_DENIED && s->len == 24);
	/* The handle stays the client's. */
	CHECK(!memcmp(s->in, s->handle[USER], 20) && !account_query(s, 36, USER, 1));
	call_begin(&o, s, USER);
	CHECK(call_make(s, &o, 58) == STATUS_ACCESS_DENIED && s->len == 4);
	session_end(s);
	free(s);
}

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Every operation with arbitrary parameters behind a good handle; sanitizers report nothing. */
static void spoiled_calls(void)
{
	static const u32 edges[] = { 0, 1, 2, 16, 255, 1000, 1001, 0xffff, 0x7fffffff, 0xffffffff };
	struct session *s = mem_new(sizeof(*s));
	u32 state = 1, i, j, n;
	struct ndr_out o;

	make_accounts(0);
	session_begin(s);
	CHECK(!open_account(s, 34, DOMAIN, ALICE, USER) &&
	      !open_account(s, 27, DOMAIN, STAFF, ALIAS));
	for (i = 0; i < 20000; i++) {
		u16 opnum = (u16)(next_random(&state) % 70);

		/* Closing and opening would use up the handles. */
		if (opnum == 1 || opnum == 0 || opnum == 57 || opnum == 62 || opnum == 64)
			continue;
		call_begin(&o, s, SERVER + next_random(&state) % (ADMINS - SERVER));
		n = next_random(&state) % 24;
		for (j = 0; j < n; j++)
			ndr_put32(&o, next_random(&state) % 4 ?
					  edges[next_random(&state) % ARRAY_SIZE(edges)] :
					  next_random(&state));
		call_make(s, &o, opnum);
	}
	session_end(s);
	free(s);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(accounts_are_listed), TEST(names_of_accounts), TEST(many_names),
		TEST(accounts_are_described), TEST(members_of_groups), TEST(many_members),
		TEST(users_are_refused), TEST(spoiled_calls), { 0 }
	};
	int passwd, group, rc = 1;

	snprintf(passwd_file, sizeof(passwd_file), "/tmp/ditto-passwd-XXXXXX");
	snprintf(group_file, sizeof(group_file), "/tmp/ditto-group-XXXXXX");
	passwd = mkstemp(passwd_file);
	group = mkstemp(group_file);
	if (passwd >= 0 && group >= 0)
		rc = test_main(tests);
	close(passwd);
	close(group);
	unlink(passwd_file);
	unlink(group_file);
	return rc;
}
