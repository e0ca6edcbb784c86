// SPDX-License-Identifier: GPL-2.0-only
/* Upcalls of the kernel for named pipes. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "ditto-nl-gen.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/nl.h"
#include "pipe_admin.h"
#include "pipe_call.h"
#include "daemon/upcall.h"

/* Longest message, as in the specification of the netlink family. */
#define MESSAGE_MAX	65000
/* Header of a fragment (C706 section 12.6.3.1). */
#define FRAGMENT_HEADER	16

static void read_text(char *out, size_t size, const struct nlattr *nla)
{
	snprintf(out, size, "%s", nla ? nla_get_string(nla) : "");
}

/* Numbers are in the order of the machine's bytes. */
static void parse_groups(struct pipe_request *r, struct nlattr **tb)
{
	const struct nlattr *gids = tb[DITTO_A_UPCALL_GIDS];
	size_t n = gids && nla_len(gids) > 0 ? (size_t)nla_len(gids) / sizeof(u32) : 0;

	r->gids = mem_new((n + 1) * sizeof(u32));
	if (n)
		memcpy(r->gids, nla_data(gids), n * sizeof(u32));
	if (tb[DITTO_A_UPCALL_GID])
		r->gids[n++] = nla_get_u32(tb[DITTO_A_UPCALL_GID]);
	r->ngids = (unsigned int)n;
}

static int parse_open(struct pipe_request *r, struct nlattr **tb)
{
	if (!tb[DITTO_A_UPCALL_PIPE_NAME])
		return -EBADMSG;
	r->open = true;
	read_text(r->name, sizeof(r->name), tb[DITTO_A_UPCALL_PIPE_NAME]);
	read_text(r->user.name, sizeof(r->user.name), tb[DITTO_A_UPCALL_USER]);
	read_text(r->user.domain, sizeof(r->user.domain), tb[DITTO_A_UPCALL_DOMAIN]);
	/* A client without a number must at least not be taken for root. */
	r->user.uid = tb[DITTO_A_UPCALL_UID] ? nla_get_u32(tb[DITTO_A_UPCALL_UID]) : UINT32_MAX;
	r->user.anonymous = tb[DITTO_A_UPCALL_ANONYMOUS] &&
			    nla_get_u8(tb[DITTO_A_UPCALL_ANONYMOUS]);
	r->user.session = tb[DITTO_A_UPCALL_SESSION] ? nla_get_u64(tb[DITTO_A_UPCALL_SESSION]) : 0;
	r->user.guest = tb[DITTO_A_UPCALL_GUEST] && nla_get_u8(tb[DITTO_A_UPCALL_GUEST]);
	parse_groups(r, tb);
	return 0;
}

static int parse_message(struct pipe_request *r, struct nlattr **tb)
{
	const struct nlattr *data = tb[DITTO_A_UPCALL_DATA];

	if (!tb[DITTO_A_UPCALL_PIPE] || !data || nla_len(data) < 0 ||
	    nla_len(data) > MESSAGE_MAX)
		return -EBADMSG;
	r->pipe = nla_get_u64(tb[DITTO_A_UPCALL_PIPE]);
	r->len = (size_t)nla_len(data);
	r->data = mem_new(r->len + 1);
	memcpy(r->data, nla_data(data), r->len);
	return 0;
}

int pipe_call_parse(struct pipe_request *r, struct nl_msg *msg, u64 now)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID] ||
	    !tb[DITTO_A_UPCALL_TYPE])
		return -EBADMSG;
	r->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	r->deadline = UINT64_MAX;
	if (tb[DITTO_A_UPCALL_DEADLINE_MS])
		r->deadline = now + nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	switch (nla_get_u32(tb[DITTO_A_UPCALL_TYPE])) {
	case DITTO_UPCALL_KIND_PIPE_OPEN:
		return parse_open(r, tb);
	case DITTO_UPCALL_KIND_PIPE_CALL:
		return parse_message(r, tb);
	default:
		return -EBADMSG;
	}
}

void pipe_call_work(struct pipe_request *r)
{
	u64 now = clock_ms();
	/* Leave time to send the partial result before the deadline. */
	u64 until = r->deadline > now ? now + (r->deadline - now) / 4 * 3 : now;
	int rc;

	if (r->open) {
		/* Only this pipe has something for administrators, whose group may not be found. */
		r->user.administrator = !strcasecmp(r->name, srvsvc_interface.pipe) &&
					pipe_is_admin(&r->user, r->gids, r->ngids, until);
		rc = pipe_open(r->pipes, r->name, &r->user, &r->pipe);
	} else {
		rc = pipe_call(r->pipes, r->pipe, r->data, r->len, until, &r->reply,
			       &r->reply_len);
	}
	r->error = (u32)-rc;
}

/*
 * Each fragment of the reply is a message for the client. The length is at offset 8 of a fragment
 * (C706 section 12.6.3.1). The worker may have made any bytes.
 */
static void pipe_call_put_data(struct nl_msg *msg, const u8 *data, size_t len)
{
	size_t part;

	for (; len; data += part, len -= part) {
		part = len < FRAGMENT_HEADER ? 0 : (size_t)(data[8] | data[9] << 8);
		if (part < FRAGMENT_HEADER || part > len)
			part = len < MESSAGE_MAX ? len : MESSAGE_MAX;
		msg_put(msg, DITTO_A_UPCALL_DATA, data, part);
	}
}

void pipe_call_put(struct nl_msg *msg, const struct pipe_request *r)
{
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, r->id);
	if (r->error)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, r->error);
	else if (r->open)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_PIPE, r->pipe);
	else if (r->reply_len)
		pipe_call_put_data(msg, r->reply, r->reply_len);
}

void pipe_call_free(struct pipe_request *r)
{
	free(r->reply);
	free(r->data);
	free(r->gids);
	free(r);
}

static void send_answer(const struct pipe_request *r)
{
	struct nl_msg *msg = upcall_answer(r->channel);

	if (!msg)
		return;
	pipe_call_put(msg, r);
	upcall_send(r->channel, msg);
}

static void run_job(struct job *job)
{
	struct pipe_request *r = (struct pipe_request *)job;

	if (clock_ms() < r->deadline)
		pipe_call_work(r);
	else
		r->error = ETIMEDOUT;
}

static void job_done(struct job *job)
{
	struct pipe_request *r = (struct pipe_request *)job;

	if (clock_ms() < r->deadline)
		send_answer(r);
	else if (r->open && !r->error)
		pipe_close(r->pipes, r->pipe);
	pipe_call_free(r);
}

void pipe_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg)
{
	struct pipe_request *r = mem_new(sizeof(*r));
	int rc;

	r->job.run = run_job;
	r->job.done = job_done;
	r->pipes = services->pipes;
	r->channel = channel;
	rc = pipe_call_parse(r, msg, clock_ms());
	if (!rc)
		rc = pool_submit(services->calls, &r->job);
	if (!rc)
		return;
	log_warning(rc == -EAGAIN ? "too many messages to pipes wait" :
		    "a message to a pipe was not understood");
	r->error = (u32)-rc;
	if (r->id)
		send_answer(r);
	pipe_call_free(r);
}

void pipe_call_close(const struct upcall_services *services, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_PIPE])
		pipe_close(services->pipes, nla_get_u64(tb[DITTO_A_UPCALL_PIPE]));
}
