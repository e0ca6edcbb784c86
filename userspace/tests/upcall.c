// SPDX-License-Identifier: GPL-2.0-only
/* Upcalls and their replies, and the pool that processes them. */

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "auth/auth_call.h"
#include "daemon/upcall_deadline.h"
#include "rpc/pipe_call.h"
#include "daemon/upcall.h"
#include "worker/worker.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"
#include "pool.h"
#include "priority.h"
#include "test.h"

static int spawner;
static const u8 loopback[4] = { 127, 0, 0, 1 };

static unsigned int tells;

static void count_tell(struct upcall_deadline *late)
{
	CHECK(late->told);
	tells++;
}

/* Requests are answered before their deadline, once, and not if they have an answer. */
static void late_answers(void)
{
	struct upcall_deadline first = { .tell = count_tell }, second = first, third = first;
	struct upcall_deadline never = first;
	struct pollfd timer = { .fd = upcall_deadline_open(), .events = POLLIN };
	u64 now = clock_ms();

	CHECK(timer.fd >= 0 && upcall_deadline_remove(&first));
	upcall_deadline_add(&never, now, UINT64_MAX);
	upcall_deadline_add(&first, now, now + 400);
	upcall_deadline_add(&second, now, now + 600000);
	upcall_deadline_add(&third, now, now + 60000);
	CHECK(first.at == now + 300 && third.at == now + 59000);
	CHECK(poll(&timer, 1, 20000) == 1);
	upcall_deadline_ready(NULL);
	CHECK(tells == 1 && first.told && !second.told && !third.told);
	CHECK(!upcall_deadline_remove(&first) && upcall_deadline_remove(&second) &&
	      upcall_deadline_remove(&third));
	/* Nothing waits any more, so nothing is told; one whose time is over is at once. */
	upcall_deadline_ready(NULL);
	upcall_deadline_add(&second, now - 1000, now - 900);
	CHECK(poll(&timer, 1, 20000) == 1);
	upcall_deadline_ready(NULL);
	CHECK(tells == 2 && !upcall_deadline_remove(&second) && upcall_deadline_remove(&never));
}

static struct nl_msg *upcall_request(u32 type)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_UPCALL);

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, 42);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TYPE, type);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DEADLINE_MS, 500);
	return msg;
}

/* Parse and process a request, and parse its reply. */
static struct nl_msg *request_answer(struct upcall *u, struct nl_msg *msg, struct nlattr **tb)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *out;

	memset(u, 0, sizeof(*u));
	CHECK(!upcall_parse(u, msg, 1000));
	nlmsg_free(msg);
	CHECK(u->id == 42 && u->deadline == 1500);
	/* No lookup ends in the past. */
	u->deadline = UINT64_MAX;
	upcall_work(u);
	out = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	upcall_put(out, u);
	CHECK(!msg_parse(out, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_ID] && nla_get_u64(tb[DITTO_A_UPCALL_ID]) == 42);
	return out;
}

static void groups_of_root(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_GROUPS);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 0);
	msg = request_answer(u, msg, tb);
	CHECK(!tb[DITTO_A_UPCALL_ERROR] && tb[DITTO_A_UPCALL_GIDS]);
	CHECK(u->ngids >= 1 && u->gids[0] == 0);
	nlmsg_free(msg);
	free(u);
}

static unsigned int count_sids(struct nl_msg *msg)
{
	struct nlattr *nla;
	unsigned int n = 0;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest)
		n += nla_type(nla) == DITTO_A_UPCALL_SIDS;
	return n;
}

static void sids_of_root(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_USER_SIDS);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 0);
	msg = request_answer(u, msg, tb);
	CHECK(!tb[DITTO_A_UPCALL_ERROR]);
	CHECK(tb[DITTO_A_UPCALL_PRIVILEGES] && !nla_get_u32(tb[DITTO_A_UPCALL_PRIVILEGES]));
	/* Those made of the uid and of one group at least; no directory. */
	CHECK(count_sids(msg) >= 2 && count_sids(msg) == u->sids.n);
	CHECK(tb[DITTO_A_UPCALL_SIDS_COMPLETE] && !nla_get_u8(tb[DITTO_A_UPCALL_SIDS_COMPLETE]));
	nlmsg_free(msg);
	upcall_free(u);

	u = mem_new(sizeof(*u));
	msg = upcall_request(DITTO_UPCALL_KIND_USER_SIDS);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3999999999U);
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == ENOENT);
	CHECK(!tb[DITTO_A_UPCALL_SIDS]);
	nlmsg_free(msg);
	upcall_free(u);
}

static void names_of_root(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_USER_NAME);
	struct upcall *u = mem_new(sizeof(*u));

	idmap_set_domain("example.org");
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 0);
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_USER] &&
	      !strcmp(nla_get_string(tb[DITTO_A_UPCALL_USER]), "root@example.org"));
	nlmsg_free(msg);

	msg = upcall_request(DITTO_UPCALL_KIND_GROUP_NAME);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_GID, 0);
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_USER] &&
	      !strcmp(nla_get_string(tb[DITTO_A_UPCALL_USER]), "root@example.org"));
	nlmsg_free(msg);
	free(u);
}

/* No directory knows root; a SID of this machine tells its account. */
static void accounts_of_sids(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_SID_OF_USER);
	struct upcall *u = mem_new(sizeof(*u));
	char text[NSS_NAME_SIZE];
	struct sid sid;
	u32 rid;

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 0);
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == ENOENT);
	nlmsg_free(msg);

	identity_machine(&sid);
	CHECK(identity_rid(IDENTITY_GROUP, 0, &rid));
	sid_append(&sid, rid);
	sid_text(&sid, text);
	msg = upcall_request(DITTO_UPCALL_KIND_ACCOUNT_OF_SID);
	msg_put_string(msg, DITTO_A_UPCALL_USER, text);
	msg = request_answer(u, msg, tb);
	CHECK(!tb[DITTO_A_UPCALL_ERROR] && !tb[DITTO_A_UPCALL_UID]);
	CHECK(tb[DITTO_A_UPCALL_GID] && !nla_get_u32(tb[DITTO_A_UPCALL_GID]));
	nlmsg_free(msg);

	msg = upcall_request(DITTO_UPCALL_KIND_ACCOUNT_OF_SID);
	msg_put_string(msg, DITTO_A_UPCALL_USER, "S-1-5-21-1-2-3-1000");
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == ENOENT);
	nlmsg_free(msg);

	msg = upcall_request(DITTO_UPCALL_KIND_ACCOUNT_OF_SID);
	msg_put_string(msg, DITTO_A_UPCALL_USER, "S-1-5-x");
	CHECK(upcall_parse(u, msg, 1000) == -EBADMSG);
	nlmsg_free(msg);
	free(u);
}

static void user_by_name(void)
{
	static const struct {
		const char *name;
		u32 kind;
		bool known;
	} rows[] = {
		{ "root@example.org", DITTO_UPCALL_KIND_USER_ID, true },
		{ "root@EXAMPLE.org", DITTO_UPCALL_KIND_GROUP_ID, true },
		{ "root@example.com", DITTO_UPCALL_KIND_USER_ID, false },
		{ "root@", DITTO_UPCALL_KIND_USER_ID, false },
		{ "@example.org", DITTO_UPCALL_KIND_USER_ID, false },
		{ "root", DITTO_UPCALL_KIND_USER_ID, false },
		{ "no-such-user@example.org", DITTO_UPCALL_KIND_GROUP_ID, false },
	};
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct upcall *u = mem_new(sizeof(*u));
	unsigned int i;

	idmap_set_domain("example.org");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int attr = rows[i].kind == DITTO_UPCALL_KIND_USER_ID ?
				    DITTO_A_UPCALL_UID : DITTO_A_UPCALL_GID;
		struct nl_msg *msg = upcall_request(rows[i].kind);

		msg_put_string(msg, DITTO_A_UPCALL_USER, rows[i].name);
		msg = request_answer(u, msg, tb);
		CHECK(rows[i].known == (tb[attr] && !nla_get_u32(tb[attr])));
		CHECK(rows[i].known == !tb[DITTO_A_UPCALL_ERROR]);
		nlmsg_free(msg);
	}
	free(u);
}

static void groups_of_nobody_known(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_GROUPS);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3999999999U);
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == ENOENT);
	CHECK(!tb[DITTO_A_UPCALL_GIDS]);
	nlmsg_free(msg);
	free(u);
}

/* The result of the resolver is the reply. */
static void name_of_host(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_HOST_NAME);
	struct upcall *u = mem_new(sizeof(*u));
	struct conn c = { .family = 0x20 };

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, loopback, sizeof(loopback));
	CHECK(!upcall_parse(u, msg, 1000) && u->lookup.addr.len == 4);
	nlmsg_free(msg);
	u->names.n = 1;
	snprintf(u->names.name[0], NSS_NAME_SIZE, "localhost");
	upcall_work(u);
	msg = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	upcall_put(msg, u);
	CHECK(!msg_parse(msg, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_HOST_NAME] &&
	      !nla_strcmp(tb[DITTO_A_UPCALL_HOST_NAME], "localhost"));
	nlmsg_free(msg);
	u->lookup.error = -EAGAIN;
	upcall_work(u);
	CHECK(u->error == EAGAIN);
	free(u);
}

static void not_in_netgroup(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_NETGROUP);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, loopback, sizeof(loopback));
	msg_put_string(msg, DITTO_A_UPCALL_NETGROUP, "no-such-netgroup");
	msg_put_string(msg, DITTO_A_UPCALL_HOST_NAME, "localhost");
	msg = request_answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_MEMBER] && !nla_get_u8(tb[DITTO_A_UPCALL_MEMBER]));
	nlmsg_free(msg);
	free(u);
}

static void check_parse(struct nl_msg *msg, int want)
{
	struct upcall *u = mem_new(sizeof(*u));

	CHECK(upcall_parse(u, msg, 0) == want);
	nlmsg_free(msg);
	free(u);
}

static void requests_without_sense(void)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg;

	check_parse(conn_message(&c, DITTO_CMD_UPCALL), -EBADMSG);
	check_parse(upcall_request(DITTO_UPCALL_KIND_HOST_NAME), -EBADMSG);
	check_parse(upcall_request(DITTO_UPCALL_KIND_NETGROUP), -EBADMSG);
	check_parse(upcall_request(DITTO_UPCALL_KIND_GROUPS), -EBADMSG);
	check_parse(upcall_request(1000), -EOPNOTSUPP);
	msg = upcall_request(DITTO_UPCALL_KIND_HOST_NAME);
	msg_put(msg, DITTO_A_UPCALL_ADDRESS, "12345", 5);
	check_parse(msg, -EBADMSG);
}

/* An IPv4-mapped IPv6 address is looked up as IPv4. */
static void mapped_address(void)
{
	static const u8 mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1 };
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_HOST_NAME);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, mapped, sizeof(mapped));
	CHECK(!upcall_parse(u, msg, 0));
	CHECK(u->lookup.addr.len == 4 && u->lookup.addr.bytes[0] == 192);
	nlmsg_free(msg);
	free(u);
}

/* NTLM NEGOTIATE_MESSAGE (MS-NLMP section 2.2.1.1). */
static const u8 token[32] = {
	'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x35, 0x82, 0x88, 0xe0,
};

static void login_goes_on(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_AUTH);
	struct auth_call *call = mem_new(sizeof(*call));
	struct conn c = { .family = 0x20 };

	call->auth = auth_new("/nonexistent/users", NULL, spawner);
	CHECK(auth_call_parse(call, msg, 0) == -EBADMSG);
	msg_put(msg, DITTO_A_UPCALL_TOKEN, token, sizeof(token));
	msg_put_string(msg, DITTO_A_UPCALL_PEER, "192.0.2.1");
	CHECK(!auth_call_parse(call, msg, 1000));
	CHECK(call->id == 42 && call->deadline == 1500 && !call->step.id);
	SAME(call->step.peer, "192.0.2.1");
	nlmsg_free(msg);
	auth_call_work(call);
	msg = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	auth_call_put(msg, call);
	CHECK(!msg_parse(msg, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_ID] && nla_get_u64(tb[DITTO_A_UPCALL_ID]) == 42);
	CHECK(tb[DITTO_A_UPCALL_AUTH_ID] && nla_get_u64(tb[DITTO_A_UPCALL_AUTH_ID]));
	CHECK(tb[DITTO_A_UPCALL_TOKEN] && nla_len(tb[DITTO_A_UPCALL_TOKEN]) > 50);
	CHECK(!tb[DITTO_A_UPCALL_DONE] && !tb[DITTO_A_UPCALL_UID] && !tb[DITTO_A_UPCALL_ERROR]);
	nlmsg_free(msg);
	auth_free(call->auth);
	auth_call_free(call);
}

/* The complete identity; no key for anonymous clients. */
static void login_succeeds(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct auth_call *call = mem_new(sizeof(*call));
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg;
	struct sid sid;
	u32 i;

	call->id = 7;
	call->step.done = true;
	call->step.expires = AUTH_NEVER;
	call->step.account.uid = 3000;
	call->step.account.gid = 3001;
	call->step.account.ngids = 2;
	sid_of_user(&sid, 3000);
	sid_list_add(&call->step.account.sids, &sid);
	call->step.key_len = 16;
	call->step.login = DITTO_LOGIN_KIND_KERBEROS;
	memcpy(call->step.user, "alice", sizeof("alice"));
	msg = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	auth_call_put(msg, call);
	CHECK(!msg_parse(msg, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_DONE] && nla_get_u8(tb[DITTO_A_UPCALL_DONE]) == 1);
	CHECK(tb[DITTO_A_UPCALL_UID] && nla_get_u32(tb[DITTO_A_UPCALL_UID]) == 3000);
	CHECK(tb[DITTO_A_UPCALL_GID] && nla_get_u32(tb[DITTO_A_UPCALL_GID]) == 3001);
	CHECK(tb[DITTO_A_UPCALL_GIDS] && nla_len(tb[DITTO_A_UPCALL_GIDS]) == 8);
	CHECK(tb[DITTO_A_UPCALL_SID] && nla_len(tb[DITTO_A_UPCALL_SID]) == 16);
	CHECK(tb[DITTO_A_UPCALL_KEY] && nla_len(tb[DITTO_A_UPCALL_KEY]) == 16);
	CHECK(tb[DITTO_A_UPCALL_USER] && !nla_strcmp(tb[DITTO_A_UPCALL_USER], "alice"));
	CHECK(!tb[DITTO_A_UPCALL_EXPIRES] && !tb[DITTO_A_UPCALL_ANONYMOUS] &&
	      !tb[DITTO_A_UPCALL_AUTH_ID] && !tb[DITTO_A_UPCALL_TOKEN]);
	CHECK(count_sids(msg) == 1);
	CHECK(tb[DITTO_A_UPCALL_SIDS_COMPLETE] && !nla_get_u8(tb[DITTO_A_UPCALL_SIDS_COMPLETE]));
	nlmsg_free(msg);

	call->step.account.privileges = USER_TOKEN_SECURITY;
	call->step.account.complete = true;
	for (i = 1; i < SID_LIST_MAX; i++) {
		sid_of_group(&sid, i);
		CHECK(sid_list_add(&call->step.account.sids, &sid));
	}
	/* The largest token of the client's authentication fits, too. */
	call->step.reply = mem_new(65000);
	call->step.reply_len = 65000;
	msg = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	auth_call_put(msg, call);
	CHECK(!msg_parse(msg, &spec_upcall_set, tb));
	CHECK(count_sids(msg) == SID_LIST_MAX);
	CHECK(tb[DITTO_A_UPCALL_SID] && nla_len(tb[DITTO_A_UPCALL_SID]) == 16);
	CHECK(tb[DITTO_A_UPCALL_SIDS_COMPLETE] && nla_get_u8(tb[DITTO_A_UPCALL_SIDS_COMPLETE]));
	CHECK(tb[DITTO_A_UPCALL_PRIVILEGES] &&
	      nla_get_u32(tb[DITTO_A_UPCALL_PRIVILEGES]) == USER_TOKEN_SECURITY);
	CHECK(tb[DITTO_A_UPCALL_USER] && tb[DITTO_A_UPCALL_TOKEN]);
	CHECK(tb[DITTO_A_UPCALL_LOGIN] &&
	      nla_get_u32(tb[DITTO_A_UPCALL_LOGIN]) == DITTO_LOGIN_KIND_KERBEROS);
	nlmsg_free(msg);
	auth_call_free(call);
}

static int not_changed(const struct rpc_user *user, const u8 *bytes, size_t len, u64 until)
{
	(void)user;
	(void)bytes;
	(void)len;
	(void)until;
	return -EIO;
}

static int no_shares(const struct rpc_user *user, struct kernel_shares *out)
{
	(void)user;
	memset(out, 0, sizeof(*out));
	return 0;
}

/* Process a request about a pipe. Fills @tb from the reply, which is returned. */
static struct nl_msg *ask_pipe(struct pipes *pipes, struct nl_msg *msg, struct nlattr **tb)
{
	struct pipe_request *r = mem_new(sizeof(*r));
	struct conn c = { .family = 0x20 };

	r->pipes = pipes;
	CHECK(!pipe_call_parse(r, msg, 1000));
	nlmsg_free(msg);
	pipe_call_work(r);
	msg = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	pipe_call_put(msg, r);
	CHECK(!msg_parse(msg, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_ID] && nla_get_u64(tb[DITTO_A_UPCALL_ID]) == 42);
	pipe_call_free(r);
	return msg;
}

static void pipe_is_open(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = upcall_request(DITTO_UPCALL_KIND_PIPE_OPEN);
	struct pipes *pipes = pipes_new(spawner, no_shares, not_changed);
	u64 id = 0;

	msg_put_string(msg, DITTO_A_UPCALL_PIPE_NAME, "srvsvc");
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3000);
	msg = ask_pipe(pipes, msg, tb);
	if (CHECK(tb[DITTO_A_UPCALL_PIPE] && !tb[DITTO_A_UPCALL_ERROR]))
		id = nla_get_u64(tb[DITTO_A_UPCALL_PIPE]);
	nlmsg_free(msg);

	/* An incomplete message has no reply; an invalid one causes an error. */
	msg = upcall_request(DITTO_UPCALL_KIND_PIPE_CALL);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_PIPE, id);
	msg_put(msg, DITTO_A_UPCALL_DATA, "\5\0", 2);
	msg = ask_pipe(pipes, msg, tb);
	CHECK(!tb[DITTO_A_UPCALL_ERROR] && !tb[DITTO_A_UPCALL_DATA]);
	nlmsg_free(msg);
	msg = upcall_request(DITTO_UPCALL_KIND_PIPE_CALL);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_PIPE, id);
	msg_put(msg, DITTO_A_UPCALL_DATA, token, sizeof(token));
	msg = ask_pipe(pipes, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == EINVAL);
	nlmsg_free(msg);
	pipes_free(pipes);
}

/* A question about a user on behalf of a client. */
static bool question_begins(struct upcall *u, u32 type, const u8 *addr, int len)
{
	struct nl_msg *msg = upcall_request(type);

	if (len)
		msg_put(msg, DITTO_A_UPCALL_ADDRESS, addr, (size_t)len);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 1000);
	memset(u, 0, sizeof(*u));
	CHECK(!upcall_parse(u, msg, 1000));
	nlmsg_free(msg);
	return upcall_question_begin(u);
}

/* A client has some questions under way, all of its /64 together; others have their own. */
static void askers_are_told_apart(void)
{
	static const u8 first[4] = { 192, 0, 2, 1 }, second[4] = { 192, 0, 2, 2 };
	static struct upcall all[3 * UPCALL_NAMES_PER_ASKER + UPCALL_SIDS_PER_ASKER], more;
	u8 v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	const u32 names = DITTO_UPCALL_KIND_GROUPS, sids = DITTO_UPCALL_KIND_SID_OF_USER;
	unsigned int n = 0, i;

	for (i = 0; i < UPCALL_NAMES_PER_ASKER; i++)
		CHECK(question_begins(&all[n++], names, first, 4));
	CHECK(!question_begins(&more, names, first, 4));
	for (i = 0; i < UPCALL_NAMES_PER_ASKER; i++)
		CHECK(question_begins(&all[n++], names, second, 4));
	for (i = 0; i < UPCALL_SIDS_PER_ASKER; i++)
		CHECK(question_begins(&all[n++], sids, first, 4));
	CHECK(!question_begins(&more, sids, first, 4));
	for (i = 0; i < UPCALL_NAMES_PER_ASKER; i++, v6[15]++)
		CHECK(question_begins(&all[n++], names, v6, 16));
	CHECK(!question_begins(&more, names, v6, 16));
	/* Another network, and a place that is given back. */
	v6[7] = 1;
	CHECK(question_begins(&more, names, v6, 16));
	upcall_question_end(&more);
	upcall_question_end(&all[0]);
	CHECK(question_begins(&all[0], names, first, 4));
	CHECK(!question_begins(&more, names, first, 4));
	CHECK(question_begins(&more, names, NULL, 0));
	upcall_question_end(&more);
	while (n)
		upcall_question_end(&all[--n]);
}

struct counted {
	struct job job;
	int runs;
	int dones;
};

static void count_run(struct job *job)
{
	((struct counted *)job)->runs++;
}

static void count_done(struct job *job)
{
	((struct counted *)job)->dones++;
}

static void pool_runs_all(void)
{
	struct counted jobs[100];
	struct pool *p = pool_new(4, 100);
	struct pollfd pfd = { .fd = pool_fd(p), .events = POLLIN };
	struct job one_more = { 0 };
	int left = 100;
	int i;

	memset(jobs, 0, sizeof(jobs));
	for (i = 0; i < 100; i++) {
		jobs[i].job.run = count_run;
		jobs[i].job.done = count_done;
		CHECK(!pool_submit(p, &jobs[i].job));
	}
	/* The pool stays full until results are taken, whether the jobs have run or not. */
	CHECK(pool_submit(p, &one_more) == -EAGAIN);
	while (left && poll(&pfd, 1, 5000) == 1) {
		pool_reap(p);
		for (left = 0, i = 0; i < 100; i++)
			left += !jobs[i].dones;
	}
	for (i = 0; i < 100; i++)
		CHECK(jobs[i].runs == 1 && jobs[i].dones == 1);
	pool_free(p);
}

struct weighed {
	struct job job;
	int priority;
	bool done;
};

static void weighed_run(struct job *job)
{
	((struct weighed *)job)->priority = getpriority(PRIO_PROCESS, 0);
}

static void weighed_done(struct job *job)
{
	((struct weighed *)job)->done = true;
}

/* Run a job in a pool, and return the priority that it had. */
static int pool_priority(struct pool *p)
{
	struct pollfd pfd = { .fd = pool_fd(p), .events = POLLIN };
	struct weighed job = { { weighed_run, weighed_done, NULL }, 0, false };

	CHECK(!pool_submit(p, &job.job));
	while (!job.done && poll(&pfd, 1, 5000) == 1)
		pool_reap(p);
	CHECK(job.done);
	pool_free(p);
	return job.priority;
}

/* A pool for what clients ask for without end yields the CPU, and no other. */
static void pool_yields(void)
{
	int own = getpriority(PRIO_PROCESS, 0);
	int low = own < PRIORITY_NICE ? PRIORITY_NICE : own;

	CHECK(pool_priority(pool_new_low(1, 1)) == low);
	CHECK(pool_priority(pool_new(1, 1)) == own);
	CHECK(getpriority(PRIO_PROCESS, 0) == own);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(groups_of_root), TEST(sids_of_root), TEST(names_of_root), TEST(user_by_name),
		TEST(accounts_of_sids), TEST(groups_of_nobody_known), TEST(name_of_host),
		TEST(not_in_netgroup), TEST(requests_without_sense), TEST(mapped_address),
		TEST(login_goes_on), TEST(login_succeeds), TEST(pipe_is_open), TEST(pool_runs_all),
		TEST(pool_yields), TEST(askers_are_told_apart), TEST(late_answers),
		{ 0 }
	};

	worker_main(argc, argv);
	spawner = worker_spawner_start();
	return test_main(tests);
}
