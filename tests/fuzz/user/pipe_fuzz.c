// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pipes: fragments of remote calls for srvsvc, lsarpc and wkssvc.
 *
 * The first byte chooses the pipe and the user, the rest are messages, each behind its length
 * in two bytes. The name service is asked for real, from the files of this machine.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/identity/identity.h"
#include "daemon/rpc.h"
#include "mem.h"

/* Messages of one input: more only repeat what a conversation of this length shows. */
#define MESSAGES_MAX	16

static const char *const names[] = { "srvsvc", "lsarpc", "wkssvc", "nothing" };

static int accounts_find(void *arg, bool by_name, struct sid *sid, struct sid_name *name)
{
	const struct identity_who who = { .until = UINT64_MAX };
	struct identity_query q = { .by = by_name ? IDENTITY_BY_NAME : IDENTITY_BY_SID,
				    .kinds = IDENTITY_USER | IDENTITY_GROUP,
				    .who = { .sid = *sid, .name = *name } };
	int rc = identity_find(&who, &q);

	(void)arg;
	*sid = q.who.sid;
	*name = q.who.name;
	return rc;
}

static int shares_none(void *arg, struct kernel_shares *out)
{
	static const char *const paths[] = { "data", "other" };

	(void)arg;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < 2; i++) {
		struct share *s = share_new(paths[i]);

		s->path = mem_print("/srv/%s", paths[i]);
		s->browse = true;
		out->share = mem_grow(out->share, out->n, sizeof(*out->share));
		out->share[out->n++] = s;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct rpc_user user = { .uid = 65534, .name = "nobody", .domain = "HERE" };
	struct rpc_asks asks = { .accounts = { .find = accounts_find }, .shares = shares_none };
	struct rpc_conn *conn;
	int number;

	if (len < 1)
		return 0;
	user.anonymous = data[0] & 4;
	number = rpc_pipe_number(names[data[0] & 3]);
	if (number < 0)
		return 0;
	identity_machine(&asks.accounts.machine);
	conn = rpc_conn_new((unsigned int)number, &user);
	data++;
	len--;
	for (int i = 0; i < MESSAGES_MAX && len >= 2; i++) {
		size_t size = data[0] | data[1] << 8, out_len = 0;
		u8 *out = NULL;

		data += 2;
		len -= 2;
		if (size > len)
			size = len;
		if (rpc_conn_take(conn, &asks, data, size, &out, &out_len))
			break;
		free(out);
		data += size;
		len -= size;
	}
	rpc_conn_free(conn);
	return 0;
}
