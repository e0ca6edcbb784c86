// SPDX-License-Identifier: GPL-2.0-only
/* Pipes: a message of the client is a request to the helper, which returns the answer. */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <net/genetlink.h>

#include "../netlink.h"
#include "../server.h"
#include "auth.h"
#include "auth_private.h"
#include "upcall.h"

/* Bytes of the longest name of a pipe. */
#define PIPE_NAME_MAX	255

/* The helper gave the groups in one attribute, so they fit in one. */
static int open_put_groups(struct sk_buff *msg, const struct ditto_auth_user *user)
{
	struct nlattr *attr = nla_reserve(msg, DITTO_A_UPCALL_GIDS, user->ngroups * sizeof(u32));
	u32 *gids;

	if (!attr)
		return -EMSGSIZE;
	gids = nla_data(attr);
	for (unsigned int i = 0; i < user->ngroups; i++)
		gids[i] = from_kgid(&init_user_ns, user->groups[i]);
	return 0;
}

static int open_put(struct sk_buff *msg, void *arg)
{
	const struct ditto_pipe_ask *pipe = arg;

	if (nla_put_string(msg, DITTO_A_UPCALL_PIPE_NAME, pipe->name) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_SESSION, pipe->session) ||
	    open_put_groups(msg, pipe->opener))
		return -EMSGSIZE;
	return ditto_auth_user_tell(msg, pipe->opener);
}

static int open_got(struct genl_info *info, void *arg)
{
	struct ditto_pipe_ask *pipe = arg;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_PIPE)) {
		NL_SET_ERR_MSG(info->extack, "an open pipe has a number");
		return -EINVAL;
	}
	pipe->id = nla_get_u64(info->attrs[DITTO_A_UPCALL_PIPE]);
	return 0;
}

/**
 * ditto_pipe_open - open a pipe
 * @srv: the server
 * @pipe: the request, with @name, @opener and @session set
 *
 * @pipe->ask.done is called with 0, -ENOENT if there is no such pipe, -ECONNREFUSED without a
 *	helper, or another error of ditto_upcall().
 *
 * Context: process; does not wait.
 */
void ditto_pipe_open(struct ditto_server *srv, struct ditto_pipe_ask *pipe)
{
	pipe->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_PIPE_OPEN,
		.size = nla_total_size(PIPE_NAME_MAX + 1) + nla_total_size_64bit(sizeof(u64)) +
			ditto_auth_user_size(pipe->opener) +
			nla_total_size(pipe->opener->ngroups * sizeof(u32)),
		.put = open_put,
		.got = open_got,
		.arg = pipe,
	};
	if (strlen(pipe->name) > PIPE_NAME_MAX)
		pipe->ask.done(&pipe->ask, -ENOENT);
	else
		ditto_upcall_start(srv, &pipe->ask);
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_open, "DITTO");

static int call_put(struct sk_buff *msg, void *arg)
{
	const struct ditto_pipe_ask *pipe = arg;

	if (ditto_nl_put_u64(msg, DITTO_A_UPCALL_PIPE, pipe->id) ||
	    nla_put(msg, DITTO_A_UPCALL_DATA, pipe->in_len, pipe->in))
		return -EMSGSIZE;
	return 0;
}

static int call_got(struct genl_info *info, void *arg)
{
	struct ditto_pipe_ask *pipe = arg;
	const struct nlattr *attr;
	size_t len = 0;
	int rest;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest)
		if (nla_type(attr) == DITTO_A_UPCALL_DATA && nla_len(attr))
			len += sizeof(u32) + nla_len(attr);
	if (len > DITTO_PIPE_ANSWER_MAX) {
		NL_SET_ERR_MSG_FMT(info->extack, "more than %d bytes of data",
				   DITTO_PIPE_ANSWER_MAX);
		return -EINVAL;
	}
	if (!len)
		return 0;
	pipe->out = kvmalloc(len, GFP_KERNEL);
	if (!pipe->out)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != DITTO_A_UPCALL_DATA || !nla_len(attr))
			continue;
		put_unaligned((u32)nla_len(attr), (u32 *)(pipe->out + pipe->out_len));
		pipe->out_len += sizeof(u32);
		memcpy(pipe->out + pipe->out_len, nla_data(attr), nla_len(attr));
		pipe->out_len += nla_len(attr);
	}
	return 0;
}

/**
 * ditto_pipe_call - write a message to a pipe and read the answer
 * @srv: the server
 * @pipe: the request, with @id, @in and @in_len set
 *
 * @pipe->ask.done is called with 0, -ENOENT if the pipe does not exist any more, -EINVAL for a
 *	malformed message, or another error of ditto_upcall().
 *
 * Context: process; does not wait.
 */
void ditto_pipe_call(struct ditto_server *srv, struct ditto_pipe_ask *pipe)
{
	pipe->out = NULL;
	pipe->out_len = 0;
	pipe->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_PIPE_CALL,
		.size = nla_total_size(sizeof(pipe->id)) + nla_total_size(pipe->in_len),
		.put = call_put,
		.got = call_got,
		.arg = pipe,
	};
	if (pipe->in_len > DITTO_PIPE_MAX)
		pipe->ask.done(&pipe->ask, -EINVAL);
	else
		ditto_upcall_start(srv, &pipe->ask);
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_call, "DITTO");

/**
 * ditto_pipe_close - close a pipe
 * @srv: the server
 * @id: the helper's number of the pipe
 *
 * Context: process; does not wait.
 */
void ditto_pipe_close(struct ditto_server *srv, u64 id)
{
	ditto_upcall_end(srv, DITTO_UPCALL_PIPE_CLOSE, id);
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_close, "DITTO");
