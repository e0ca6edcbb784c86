// SPDX-License-Identifier: GPL-2.0-only
/* Sessions, opens and connections that the pipe srvsvc tells administrators. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/share_change.h"
#include "rpc/srvsvc.h"
#include "mem.h"
#include "rpc_messages.h"
#include "rpc_peer.h"
#include "test.h"

/* Numbers of opens: two that have the same 32 bits for clients. */
#define OPEN_ONE	0x0000010000000005ULL
#define OPEN_TWIN	0x0000020000000305ULL
#define OPEN_OTHER	0x0000010000000009ULL

static unsigned int nsessions;
static u64 ended;
static int end_rc;

static u32 short_id(u64 id)
{
	return (u32)(id ^ id >> 32);
}

/* Sessions 1 and up of user0, user1, user0...; the last two opens have one short number. */
static int rows_told(void *arg, enum rpc_list list, struct rows *out)
{
	unsigned int i;
	char *name;

	(void)arg;
	memset(out, 0, sizeof(*out));
	for (i = 0; list == RPC_LIST_SESSIONS && i < nsessions; i++) {
		name = mem_print("user%u", i % 2);
		rows_add(out, name, i % 2 ? "[2001:db8::1]:50000" : "192.0.2.1:50001",
			 "3.1.1")->number[SESSION_ID] = i + 1;
		out->row[i].number[SESSION_SINCE] = 1;
		free(name);
	}
	if (list == RPC_LIST_OPENS) {
		rows_add(out, "user0", "data", "/a/b")->number[OPEN_ID] = OPEN_OTHER;
		rows_add(out, "user1", "gone", "")->number[OPEN_ID] = OPEN_ONE;
		rows_add(out, "user1", "IPC$", NULL)->number[OPEN_ID] = OPEN_TWIN;
		for (i = 0; i < 3; i++) {
			out->row[i].number[OPEN_ACCESS] = 2;
			out->row[i].number[OPEN_SESSION] = i ? 2 : 1;
		}
	}
	if (list == RPC_LIST_SERVER)
		rows_add(out, "OFFICE", "files of us", NULL);
	if (list == RPC_LIST_TREES)
		rows_add(out, "user0", "data", NULL)->number[TREE_SESSION] = 1;
	return 0;
}

static int end_told(void *arg, enum rpc_list list, u64 id)
{
	(void)arg;
	ended = list == RPC_LIST_SESSIONS ? id : ~id;
	return end_rc;
}

static unsigned int changes;
static struct share_change changed;
static u32 changed_ace;
static int change_rc;

static int change_take(void *arg, const struct share_change *change)
{
	const struct share_ace *ace = change->aces.item;

	(void)arg;
	changes++;
	changed = *change;
	changed.name = strdup(change->name);
	changed.comment = strdup(change->comment ?: "");
	changed.path = strdup(change->path ?: "");
	changed_ace = change->aces.n ? ace->mask : 0;
	return change_rc;
}

static void srvsvc_open(struct peer *p, bool administrator)
{
	struct rpc_user user = { .uid = 1000, .administrator = administrator, .name = "user0" };

	peer_open_by(p, "srvsvc", &user);
	p->asks.list = rows_told;
	p->asks.end = end_told;
	p->asks.change = change_take;
	peer_bind(p, bind_srvsvc, sizeof(bind_srvsvc));
}

static void call_begin(struct ndr_out *o)
{
	ndr_out_init(o, 4000);
	ndr_put(o, share_enum, RESPONSE);
	ndr_put_pointer(o, false);
}

static void put_name(struct ndr_out *o, const char *name)
{
	ndr_put_pointer(o, name);
	if (name)
		ndr_put_string(o, name);
}

static size_t call_make(struct peer *p, struct ndr_out *o, u16 opnum, u8 *in, size_t size)
{
	o->data[8] = (u8)o->len;
	o->data[9] = (u8)(o->len >> 8);
	o->data[22] = (u8)opnum;
	CHECK(!peer_send(p, o->data, o->len));
	free(o->data);
	return peer_fault(p) ? 0 : peer_reply_join(p, in, size);
}

/* Ask for a list. Returns its result; @n is filled with the number of entries. */
static u32 list_ask(struct peer *p, u16 opnum, const char *first, const char *second, u32 level,
		    u32 *resume, u32 *n, u8 *in)
{
	struct ndr_out o;
	size_t len;

	call_begin(&o);
	put_name(&o, first);
	if (opnum != 8)
		put_name(&o, second);
	ndr_put32(&o, level);
	ndr_put32(&o, level);
	ndr_put_pointer(&o, false);
	ndr_put32(&o, 0xffffffff);
	ndr_put_pointer(&o, true);
	ndr_put32(&o, *resume);
	len = call_make(p, &o, opnum, in, RPC_ANSWER_MAX);
	if (len < 28)
		return 0xdead;
	*n = bytes_get32(in + 8) ? bytes_get32(in + 12) : 0;
	*resume = bytes_get32(in + len - 8);
	return bytes_get32(in + len - 4);
}

static void sessions_are_listed(void)
{
	static const u32 levels[] = { 0, 1, 2, 10, 502 };
	u8 *in = mem_new(RPC_ANSWER_MAX);
	u32 resume = 0, n, total = 0, result, calls = 0;
	struct peer p;
	size_t i;

	nsessions = 4;
	srvsvc_open(&p, true);
	for (i = 0; i < ARRAY_SIZE(levels); i++, resume = 0)
		CHECK(!list_ask(&p, 12, NULL, NULL, levels[i], &resume, &n, in) && n == 4);
	CHECK(bytes_have_text(in, RPC_ANSWER_MAX, "192.0.2.1") &&
	      bytes_have_text(in, RPC_ANSWER_MAX, "user1") &&
	      bytes_have_text(in, RPC_ANSWER_MAX, "[2001:db8::1]") &&
	      !bytes_have_text(in, RPC_ANSWER_MAX, "5000"));
	CHECK(!list_ask(&p, 12, NULL, "USER1", 10, &resume, &n, in) && n == 2);
	CHECK(!list_ask(&p, 12, "\\\\192.0.2.1", NULL, 10, &resume, &n, in) && n == 2);
	CHECK(list_ask(&p, 12, "\\\\192.0.2.1", "user1", 10, &resume, &n, in) ==
	      NERR_USER_NOT_FOUND && !n);
	CHECK(list_ask(&p, 12, "\\\\192.0.2.2", NULL, 10, &resume, &n, in) ==
	      NERR_CLIENT_NAME_NOT_FOUND && !n);
	CHECK(list_ask(&p, 12, NULL, NULL, 3, &resume, &n, in) == ERROR_INVALID_LEVEL && !n);
	/* More than one answer carries. */
	nsessions = 4000;
	do {
		result = list_ask(&p, 12, NULL, NULL, 502, &resume, &n, in);
		total += n;
	} while (result == ERROR_MORE_DATA && ++calls < 20);
	CHECK(!result && total == 4000 && calls && !resume);
	peer_end(&p);
	free(in);
}

static void opens_are_listed(void)
{
	u8 *in = mem_new(RPC_ANSWER_MAX);
	u32 resume = 0, n;
	struct peer p;

	nsessions = 2;
	srvsvc_open(&p, true);
	CHECK(!list_ask(&p, 9, NULL, NULL, 3, &resume, &n, in) && n == 3);
	CHECK(bytes_have_text(in, RPC_ANSWER_MAX, "C:\\srv\\data\\a\\b") &&
	      bytes_have_text(in, RPC_ANSWER_MAX, "\\PIPE\\"));
	CHECK(!list_ask(&p, 9, "C:\\srv\\data", NULL, 3, &resume, &n, in) && n == 1);
	CHECK(!list_ask(&p, 9, NULL, "user1", 2, &resume, &n, in) && n == 2);
	CHECK(!list_ask(&p, 8, "data", NULL, 1, &resume, &n, in) && n == 1 &&
	      bytes_have_text(in, RPC_ANSWER_MAX, "192.0.2.1"));
	memset(in, 0, RPC_ANSWER_MAX);
	CHECK(!list_ask(&p, 8, "\\\\192.0.2.1", NULL, 1, &resume, &n, in) && n == 1 &&
	      bytes_have_text(in, RPC_ANSWER_MAX, "data"));
	CHECK(list_ask(&p, 8, NULL, NULL, 1, &resume, &n, in) == ERROR_INVALID_PARAMETER);
	peer_end(&p);
	free(in);
}

static u32 file_close(struct peer *p, u32 id)
{
	struct ndr_out o;
	u8 in[64];

	ended = 0;
	call_begin(&o);
	ndr_put32(&o, id);
	return call_make(p, &o, 11, in, sizeof(in)) == 4 ? bytes_get32(in) : 0xdead;
}

static u32 session_end(struct peer *p, const char *client, const char *user)
{
	struct ndr_out o;
	u8 in[64];

	ended = 0;
	call_begin(&o);
	put_name(&o, client);
	put_name(&o, user);
	return call_make(p, &o, 13, in, sizeof(in)) == 4 ? bytes_get32(in) : 0xdead;
}

static void sessions_are_ended(void)
{
	struct peer p;

	nsessions = 2;
	srvsvc_open(&p, true);
	CHECK(!file_close(&p, short_id(OPEN_OTHER)) && ended == ~OPEN_OTHER);
	CHECK(file_close(&p, 77) == NERR_FILE_ID_NOT_FOUND && !ended);
	/* One of two with the same number: none. */
	CHECK(short_id(OPEN_ONE) == short_id(OPEN_TWIN));
	CHECK(file_close(&p, short_id(OPEN_ONE)) == ERROR_GEN_FAILURE && !ended);
	CHECK(!session_end(&p, NULL, "user1") && ended == 2);
	CHECK(!session_end(&p, "\\\\192.0.2.1", NULL) && ended == 1);
	CHECK(session_end(&p, NULL, "user2") == NERR_USER_NOT_FOUND && !ended);
	CHECK(session_end(&p, NULL, NULL) == ERROR_INVALID_PARAMETER && !ended);
	end_rc = -ENOENT;
	CHECK(file_close(&p, short_id(OPEN_OTHER)) == NERR_FILE_ID_NOT_FOUND);
	CHECK(!session_end(&p, NULL, "user1"));
	end_rc = -EIO;
	CHECK(session_end(&p, NULL, "user1") == ERROR_GEN_FAILURE);
	end_rc = 0;
	peer_end(&p);
}

static void changed_free(void)
{
	free((char *)changed.name);
	free((char *)changed.comment);
	free((char *)changed.path);
	memset(&changed, 0, sizeof(changed));
}

/* Parts of a call that changes a share; @type and @max_uses of those that have them. */
struct wanted {
	u32 level;
	u32 list_level;
	const char *name;
	u32 type;
	u32 max_uses;
	bool null;
	u32 descriptor_len;
	bool no_dacl;
};

static void descriptor_put(struct ndr_out *o, const struct wanted *w)
{
	static const struct sid everyone = { .authority = 1, .nsubs = 1 };
	struct share_ace ace = { ACE_ALLOWED, SHARE_MASK_READ, (struct sid *)&everyone };
	const struct ndr_array aces = { .n = 1, .item = &ace };
	struct mem_chain *chain = NULL;
	struct ndr_array bytes;

	share_descriptor_put(&aces, &bytes, &chain);
	/* SE_DACL_PRESENT (MS-DTYP section 2.4.6). */
	if (w->no_dacl)
		((u8 *)bytes.item)[2] &= (u8)~4;
	ndr_put32(o, w->descriptor_len ?: bytes.n);
	ndr_put(o, bytes.item, bytes.n);
	mem_chain_free(&chain);
}

/* The structure of a level, and a pointer to the number of a parameter. */
static void wanted_put(struct ndr_out *o, const struct wanted *w)
{
	bool whole = w->level < 1000;

	ndr_put32(o, w->level);
	ndr_put32(o, w->list_level ?: w->level);
	ndr_put_pointer(o, !w->null);
	if (whole) {
		ndr_put_pointer(o, w->name);
		ndr_put32(o, w->type);
	}
	if (whole || w->level == 1004)
		ndr_put_pointer(o, true);
	if (whole && w->level > 1) {
		ndr_put32(o, 0);
		ndr_put32(o, w->max_uses);
		ndr_put32(o, 0);
		ndr_put_pointer(o, true);
		ndr_put_pointer(o, false);
	}
	if (w->level == 1005)
		ndr_put32(o, SHARE_FLAG_ENCRYPT);
	if (w->level == 1006)
		ndr_put32(o, w->max_uses);
	if (w->level == 503)
		ndr_put_pointer(o, false);
	if (w->level == 502 || w->level == 503 || w->level == 1501) {
		ndr_put32(o, w->descriptor_len ?: 80);
		ndr_put_pointer(o, true);
	}
	if (whole && w->name)
		ndr_put_string(o, w->name);
	if (whole || w->level == 1004)
		ndr_put_string(o, "a remark");
	if (whole && w->level > 1)
		ndr_put_string(o, "C:\\srv\\new");
	if (w->level == 502 || w->level == 503 || w->level == 1501)
		descriptor_put(o, w);
	ndr_put_pointer(o, true);
	ndr_put32(o, 77);
}

/* The result of a call; a fault in the upper half. The number of the parameter is in @parameter. */
static u32 share_call(struct peer *p, u16 opnum, const struct wanted *w, u32 *parameter)
{
	struct ndr_out o;
	size_t len;
	u8 in[64];

	changes = 0;
	changed_free();
	call_begin(&o);
	if (opnum != 14)
		ndr_put_string(&o, "old");
	if (opnum == 18)
		ndr_put32(&o, 0);
	else
		wanted_put(&o, w);
	len = call_make(p, &o, opnum, in, sizeof(in));
	*parameter = len == 12 ? bytes_get32(in + 4) : 0;
	return len >= 4 ? bytes_get32(in + len - 4) : 0xdead;
}

static void shares_are_changed(void)
{
	static const u32 levels[] = { 1, 2, 502, 503, 1004, 1005, 1006, 1501 };
	struct wanted w = { .name = "new", .max_uses = 0xffffffff };
	u32 parameter;
	struct peer p;
	size_t i;

	srvsvc_open(&p, true);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		bool descriptor = levels[i] == 502 || levels[i] == 503 || levels[i] == 1501;
		u32 given = (levels[i] < 1005 ? SHARE_CHANGE_COMMENT : 0) |
			    (levels[i] == 1005 ? SHARE_CHANGE_FLAGS : 0) |
			    (descriptor ? SHARE_CHANGE_ACES : 0);

		w.level = levels[i];
		CHECK(!share_call(&p, 17, &w, &parameter) && changes == 1 && !parameter);
		SAME(changed.name, "old");
		SAME(changed.comment, given & SHARE_CHANGE_COMMENT ? "a remark" : "");
		CHECK(changed.kind == SHARE_CHANGE_SET && changed.given == given);
		CHECK(changed_ace == (descriptor ? SHARE_MASK_READ : 0));
		if (levels[i] == 2 || levels[i] == 502 || levels[i] == 503) {
			CHECK(!share_call(&p, 14, &w, &parameter) && changes == 1);
			SAME(changed.name, "new");
			SAME(changed.path, "C:\\srv\\new");
			CHECK(changed.kind == SHARE_CHANGE_ADD && changed.given == given);
		} else {
			CHECK(share_call(&p, 14, &w, &parameter) == ERROR_INVALID_LEVEL);
			CHECK(!changes);
		}
	}
	CHECK(!share_call(&p, 18, NULL, &parameter) && changed.kind == SHARE_CHANGE_DELETE);
	SAME(changed.name, "old");
	/* A descriptor without a DACL says nothing about access. */
	w = (struct wanted){ .level = 1501, .no_dacl = true };
	CHECK(!share_call(&p, 17, &w, &parameter) && changes == 1 && !changed.given);
	w = (struct wanted){ .level = 502, .name = "new", .no_dacl = true };
	CHECK(!share_call(&p, 14, &w, &parameter) && changed.given == SHARE_CHANGE_COMMENT);
	changed_free();
	peer_end(&p);
}

static void changes_are_refused(void)
{
	static const struct { int rc; u32 error; } errors[] = {
		{ -EACCES, ERROR_ACCESS_DENIED }, { -ENOENT, NERR_NET_NAME_NOT_FOUND },
		{ -EEXIST, NERR_DUPLICATE_SHARE }, { -ENOTDIR, NERR_UNKNOWN_DEV_DIR },
		{ -EOPNOTSUPP, ERROR_NOT_SUPPORTED }, { -EINVAL, ERROR_INVALID_PARAMETER },
		{ -EIO, ERROR_GEN_FAILURE },
	};
	static const u32 lens[] = { 81, 100000, 0x7fffffff, 0xffffffff };
	struct wanted w = { .level = 502, .name = "new", .max_uses = 0xffffffff };
	u32 parameter;
	struct peer p;
	size_t i;

	srvsvc_open(&p, true);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		change_rc = errors[i].rc;
		CHECK(share_call(&p, 14, &w, &parameter) == errors[i].error && changes == 1);
	}
	change_rc = 0;
	w.max_uses = 5;
	CHECK(share_call(&p, 14, &w, &parameter) == ERROR_NOT_SUPPORTED && parameter == 6);
	w.max_uses = 0xffffffff;
	w.type = 3;
	CHECK(share_call(&p, 14, &w, &parameter) == ERROR_INVALID_PARAMETER && parameter == 3);
	w.type = 0;
	w.name = "a/b";
	CHECK(share_call(&p, 14, &w, &parameter) == ERROR_INVALID_NAME && parameter == 1);
	w.name = NULL;
	CHECK(share_call(&p, 14, &w, &parameter) == ERROR_INVALID_NAME && parameter == 1);
	w.name = "new";
	CHECK(!changes);
	/* Calls that are not what they say: another level, no structure, too long a descriptor. */
	w.list_level = 2;
	CHECK(share_call(&p, 17, &w, &parameter) == 0xdead && peer_fault(&p) == RPC_FAULT_NDR);
	w.list_level = 0;
	w.null = true;
	CHECK(share_call(&p, 17, &w, &parameter) == 0xdead && peer_fault(&p) == RPC_FAULT_NDR);
	w.null = false;
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		w.descriptor_len = lens[i];
		CHECK(share_call(&p, 17, &w, &parameter) == 0xdead &&
		      peer_fault(&p) == RPC_FAULT_NDR);
	}
	w.descriptor_len = 10;
	CHECK(share_call(&p, 17, &w, &parameter) == ERROR_INVALID_SECURITY_DESCR && !changes);
	w.level = 3;
	CHECK(share_call(&p, 17, &w, &parameter) == ERROR_INVALID_LEVEL && !changes);
	peer_end(&p);
	w = (struct wanted){ .level = 2, .name = "new", .max_uses = 0xffffffff };
	srvsvc_open(&p, false);
	CHECK(share_call(&p, 14, &w, &parameter) == ERROR_ACCESS_DENIED && !changes);
	CHECK(share_call(&p, 17, &w, &parameter) == ERROR_ACCESS_DENIED && !changes);
	CHECK(share_call(&p, 18, &w, &parameter) == ERROR_ACCESS_DENIED && !changes);
	changed_free();
	peer_end(&p);
}

/* A share is removed in two steps, by a handle that serves once. */
static void shares_are_removed_in_two_steps(void)
{
	u8 in[64], handle[RPC_HANDLE_SIZE];
	unsigned int i;
	struct ndr_out o;
	struct peer p;

	srvsvc_open(&p, true);
	changes = 0;
	changed_free();
	for (i = 0; i < 2; i++) {
		call_begin(&o);
		ndr_put_string(&o, i ? "Data" : "none");
		ndr_put32(&o, 0);
		CHECK(call_make(&p, &o, 37, in, sizeof(in)) == RPC_HANDLE_SIZE + 4);
		CHECK(bytes_get32(in + RPC_HANDLE_SIZE) == (i ? 0 : NERR_NET_NAME_NOT_FOUND));
	}
	CHECK(!changes);
	memcpy(handle, in, sizeof(handle));
	for (i = 0; i < 2; i++) {
		ndr_out_init(&o, 4000);
		ndr_put(&o, share_enum, RESPONSE);
		ndr_put(&o, handle, sizeof(handle));
		CHECK(call_make(&p, &o, 38, in, sizeof(in)) == (i ? 0 : RPC_HANDLE_SIZE + 4));
		CHECK(i ? peer_fault(&p) == RPC_FAULT_CONTEXT : !bytes_get32(in + 20));
		CHECK(changes == 1 && changed.kind == SHARE_CHANGE_DELETE);
	}
	SAME(changed.name, "Data");
	changed_free();
	/* One that is never used ends with the pipe; no more are made than a client may hold. */
	for (i = 0; i <= RPC_HANDLES_MAX; i++) {
		call_begin(&o);
		ndr_put_string(&o, "data");
		ndr_put32(&o, 0);
		CHECK(call_make(&p, &o, 37, in, sizeof(in)) == RPC_HANDLE_SIZE + 4);
		CHECK(bytes_get32(in + RPC_HANDLE_SIZE) ==
		      (i < RPC_HANDLES_MAX ? 0 : ERROR_NOT_ENOUGH_MEMORY));
	}
	peer_end(&p);
	srvsvc_open(&p, false);
	call_begin(&o);
	ndr_put_string(&o, "data");
	ndr_put32(&o, 0);
	CHECK(call_make(&p, &o, 37, in, sizeof(in)) == RPC_HANDLE_SIZE + 4);
	CHECK(bytes_get32(in + RPC_HANDLE_SIZE) == ERROR_ACCESS_DENIED);
	peer_end(&p);
}

/* A call that ends too early changes nothing. */
static void cut_changes_are_refused(void)
{
	struct wanted w = { .level = 502, .name = "new", .max_uses = 0xffffffff };
	struct ndr_out o, cut;
	struct peer p;
	size_t len, i;
	u8 in[64];

	call_begin(&o);
	wanted_put(&o, &w);
	len = o.len;
	for (i = RESPONSE + 16; i < len; i++) {
		srvsvc_open(&p, true);
		changes = 0;
		ndr_out_init(&cut, 4000);
		ndr_put(&cut, o.data, i);
		CHECK(!call_make(&p, &cut, 14, in, sizeof(in)) && !changes);
		peer_end(&p);
	}
	free(o.data);
}

static void others_are_refused(void)
{
	u8 *in = mem_new(RPC_ANSWER_MAX);
	u32 resume = 0, n;
	struct peer p;

	nsessions = 2;
	srvsvc_open(&p, false);
	/* dittod leaves out the sessions of others. */
	CHECK(!list_ask(&p, 12, NULL, NULL, 10, &resume, &n, in));
	CHECK(list_ask(&p, 12, NULL, NULL, 502, &resume, &n, in) == ERROR_ACCESS_DENIED);
	CHECK(list_ask(&p, 9, NULL, NULL, 3, &resume, &n, in) == ERROR_ACCESS_DENIED);
	CHECK(list_ask(&p, 8, "data", NULL, 1, &resume, &n, in) == ERROR_ACCESS_DENIED);
	CHECK(file_close(&p, short_id(OPEN_OTHER)) == ERROR_ACCESS_DENIED && !ended);
	CHECK(session_end(&p, NULL, "user0") == ERROR_ACCESS_DENIED && !ended);
	peer_end(&p);
	free(in);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(sessions_are_listed), TEST(opens_are_listed), TEST(sessions_are_ended),
		TEST(others_are_refused), TEST(shares_are_changed), TEST(changes_are_refused),
		TEST(shares_are_removed_in_two_steps), TEST(cut_changes_are_refused), { 0 }
	};

	return test_main(tests);
}
