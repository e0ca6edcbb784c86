// SPDX-License-Identifier: GPL-2.0-only
/* Pipes that the helper serves: what is written goes there, and its answer comes back. */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "../fs/server.h"
#include "auth.h"
#include "auth_private.h"
#include "netlink.h"
#include "upcall.h"

/* Longest name of a pipe. */
#define PIPE_NAME_MAX	255

struct pipe_open {
	const char *name;
	const struct ditto_auth_user *user;
	u64 id;
};

static int open_put(struct sk_buff *msg, void *arg)
{
	const struct pipe_open *open = arg;

	if (nla_put_string(msg, DITTO_A_UPCALL_PIPE_NAME, open->name))
		return -EMSGSIZE;
	return ditto_auth_user_tell(msg, open->user);
}

static int open_got(struct genl_info *info, void *arg)
{
	struct pipe_open *open = arg;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_PIPE)) {
		NL_SET_ERR_MSG(info->extack, "an open pipe has a number");
		return -EINVAL;
	}
	open->id = nla_get_u64(info->attrs[DITTO_A_UPCALL_PIPE]);
	return 0;
}

int ditto_pipe_open(struct ditto_server *srv, const char *name, const struct ditto_auth_user *user,
		    u64 *id)
{
	struct pipe_open open = { .name = name, .user = user };
	const struct ditto_upcall ask = {
		.type = DITTO_UPCALL_PIPE_OPEN,
		.size = nla_total_size(PIPE_NAME_MAX + 1) + ditto_auth_user_size(user),
		.put = open_put,
		.got = open_got,
		.arg = &open,
	};
	int err;

	if (strlen(name) > PIPE_NAME_MAX)
		return -ENOENT;
	err = ditto_upcall_ask(srv, &ask);
	if (!err)
		*id = open.id;
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_open, DITTO);

struct pipe_call {
	u64 id;
	const void *in;
	size_t in_len;
	void **out;
	size_t *out_len;
};

static int call_put(struct sk_buff *msg, void *arg)
{
	const struct pipe_call *call = arg;

	if (ditto_nl_put_u64(msg, DITTO_A_UPCALL_PIPE, call->id) ||
	    nla_put(msg, DITTO_A_UPCALL_DATA, call->in_len, call->in))
		return -EMSGSIZE;
	return 0;
}

static int call_got(struct genl_info *info, void *arg)
{
	struct pipe_call *call = arg;

	return ditto_auth_bytes(info, DITTO_A_UPCALL_DATA, DITTO_PIPE_MAX, call->out,
				call->out_len);
}

int ditto_pipe_call(struct ditto_server *srv, u64 id, const void *in, size_t in_len,
		    void **out, size_t *out_len)
{
	struct pipe_call call = {
		.id = id, .in = in, .in_len = in_len, .out = out, .out_len = out_len
	};
	const struct ditto_upcall ask = {
		.type = DITTO_UPCALL_PIPE_CALL,
		.size = nla_total_size(sizeof(id)) + nla_total_size(in_len),
		.put = call_put,
		.got = call_got,
		.arg = &call,
	};

	*out = NULL;
	*out_len = 0;
	if (in_len > DITTO_PIPE_MAX)
		return -EINVAL;
	return ditto_upcall_ask(srv, &ask);
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_call, DITTO);

static int close_put(struct sk_buff *msg, void *arg)
{
	return ditto_nl_put_u64(msg, DITTO_A_UPCALL_PIPE, *(u64 *)arg);
}

void ditto_pipe_close(struct ditto_server *srv, u64 id)
{
	ditto_upcall_tell(srv, DITTO_UPCALL_PIPE_CLOSE, close_put, &id);
}
EXPORT_SYMBOL_NS_GPL(ditto_pipe_close, DITTO);
