// SPDX-License-Identifier: GPL-2.0-only
/* Upcalls of the kernel for authentication. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_call.h"
#include "clock.h"
#include "config/homes.h"
#include "ditto-nl-gen.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/nl.h"
#include "daemon/upcall.h"

/* Longest token in both directions, as in the specification of the netlink family. */
#define TOKEN_MAX	65000

int auth_call_parse(struct auth_call *c, struct nl_msg *msg, u64 now)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	const struct nlattr *token;

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID])
		return -EBADMSG;
	c->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	c->deadline = UINT64_MAX;
	if (tb[DITTO_A_UPCALL_DEADLINE_MS])
		c->deadline = now + nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	if (tb[DITTO_A_UPCALL_AUTH_ID])
		c->step.id = nla_get_u64(tb[DITTO_A_UPCALL_AUTH_ID]);
	if (tb[DITTO_A_UPCALL_PEER]) {
		snprintf(c->peer, sizeof(c->peer), "%s", nla_get_string(tb[DITTO_A_UPCALL_PEER]));
		c->step.peer = c->peer;
	}
	token = tb[DITTO_A_UPCALL_TOKEN];
	if (!token || nla_len(token) > TOKEN_MAX)
		return -EBADMSG;
	/* An empty one asks the server to speak first. */
	c->step.token_len = (size_t)nla_len(token);
	c->token = mem_new(c->step.token_len + 1);
	memcpy(c->token, nla_data(token), c->step.token_len);
	c->step.token = c->token;
	return 0;
}

void auth_call_work(struct auth_call *c)
{
	struct home_user user;

	c->error = (u32)-auth_step(c->auth, &c->step);
	if (!c->error && c->step.done && !c->step.anonymous) {
		user = (struct home_user){ c->step.name, c->step.vouched, c->step.account.uid,
					   c->step.account.gid };
		homes_login(&user, c->deadline);
	}
	if (c->step.reply_len > TOKEN_MAX) {
		log_error("a token for %s is too long", c->peer);
		c->step.reply_len = 0;
		c->step.done = false;
		c->error = EMSGSIZE;
	}
}

static void put_user(struct nl_msg *msg, const struct auth_call *c)
{
	const struct auth_step *s = &c->step;
	u8 sid[SID_SIZE_MAX];

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DONE, 1);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, s->account.uid);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_GID, s->account.gid);
	msg_put(msg, DITTO_A_UPCALL_GIDS, s->account.gids,
		s->account.ngids * sizeof(s->account.gids[0]));
	msg_put_string(msg, DITTO_A_UPCALL_USER, s->user);
	msg_put_string(msg, DITTO_A_UPCALL_DOMAIN, s->domain);
	msg_put(msg, DITTO_A_UPCALL_SID, sid, sid_put(&s->account.sids.sid[0], sid));
	upcall_put_sids(msg, &s->account.sids, s->account.complete);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_PRIVILEGES, s->account.privileges);
	if (s->key_len)
		msg_put(msg, DITTO_A_UPCALL_KEY, s->key, s->key_len);
	if (s->expires != AUTH_NEVER)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_EXPIRES, s->expires);
	if (s->login)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_LOGIN, s->login);
	if (s->anonymous)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ANONYMOUS, 1);
}

void auth_call_put(struct nl_msg *msg, const struct auth_call *c)
{
	const struct auth_step *s = &c->step;

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, c->id);
	if (c->error)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, c->error);
	if (s->reply_len)
		msg_put(msg, DITTO_A_UPCALL_TOKEN, s->reply, s->reply_len);
	if (c->error && s->user[0])
		msg_put_string(msg, DITTO_A_UPCALL_USER, s->user);
	if (c->error)
		return;
	if (s->done)
		put_user(msg, c);
	else
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_AUTH_ID, s->id);
}

void auth_call_free(struct auth_call *c)
{
	explicit_bzero(c->step.key, sizeof(c->step.key));
	user_token_clear(&c->step.account);
	free(c->step.reply);
	free(c->token);
	free(c);
}

static void send_answer(const struct auth_call *c)
{
	struct nl_msg *msg = upcall_answer(c->channel);

	if (!msg)
		return;
	auth_call_put(msg, c);
	upcall_send(c->channel, msg);
}

/* Answer before the deadline. The token is still being processed, so its step is not looked at. */
static void auth_call_late(struct upcall_deadline *late)
{
	const struct auth_call *c = (struct auth_call *)((char *)late -
							 offsetof(struct auth_call, late));
	struct nl_msg *msg = upcall_answer(c->channel);

	upcall_deadline_log("a login");
	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, c->id);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, EAGAIN);
	upcall_send(c->channel, msg);
}

static void run_job(struct job *job)
{
	struct auth_call *c = (struct auth_call *)job;

	/* The request may have waited too long for a thread. */
	if (clock_ms() < c->deadline)
		auth_call_work(c);
	else
		c->error = ETIMEDOUT;
}

/*
 * The kernel ignores a late reply. A success is then dropped, and an authentication that expects
 * another token is aborted, since none will come.
 */
static void job_done(struct job *job)
{
	struct auth_call *c = (struct auth_call *)job;

	if (upcall_deadline_remove(&c->late) && clock_ms() < c->deadline)
		send_answer(c);
	else if (!c->error && !c->step.done)
		auth_abort(c->auth, c->step.id);
	auth_call_free(c);
}

void auth_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg)
{
	struct auth_call *c = mem_new(sizeof(*c));
	u64 now = clock_ms();
	int rc;

	c->job.run = run_job;
	c->job.done = job_done;
	c->auth = services->auth;
	c->channel = channel;
	rc = auth_call_parse(c, msg, now);
	if (!rc)
		rc = pool_submit(services->logins, &c->job);
	if (!rc) {
		c->late.tell = auth_call_late;
		upcall_deadline_add(&c->late, now, c->deadline);
		return;
	}
	log_warning(rc == -EAGAIN ? "too many logins wait" : "a login was not understood");
	c->error = (u32)-rc;
	if (c->id)
		send_answer(c);
	auth_call_free(c);
}

void auth_call_abort(const struct upcall_services *services, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_AUTH_ID])
		auth_abort(services->auth, nla_get_u64(tb[DITTO_A_UPCALL_AUTH_ID]));
}
