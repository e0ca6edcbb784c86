// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pipes: fragments of remote calls for srvsvc, lsarpc, wkssvc and samr.
 *
 * The first byte chooses the pipe and the user, who may be an administrator. The rest are messages,
 * each behind its length in two bytes. Handles cannot be guessed: "HND" and a number at the
 * beginning of the parameters stand for one that an earlier call returned. The name service is
 * asked for real, from the files of this machine.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "rpc/pipe_rows.h"
#include "rpc/share_change.h"
#include "mem.h"

/* Messages of one input: more only repeat what a conversation of this length shows. */
#define MESSAGES_MAX	16

/* Header of a response; a handle and a status behind it are all that opening calls return. */
#define RESPONSE	24
#define OPENED		(RESPONSE + RPC_HANDLE_SIZE + 4)

static const char *const names[] = { "srvsvc", "lsarpc", "wkssvc", "samr" };

/* Handles that the server returned. */
struct handles {
	u8 handle[MESSAGES_MAX][RPC_HANDLE_SIZE];
	unsigned int n;
};

static void handle_put(const struct handles *h, u8 *message, size_t len)
{
	u8 *at = message + RESPONSE;

	if (h->n && len >= RESPONSE + RPC_HANDLE_SIZE && !memcmp(at, "HND", 3))
		memcpy(at, h->handle[at[3] % h->n], RPC_HANDLE_SIZE);
}

static void handle_take(struct handles *h, const u8 *reply, size_t len)
{
	if (len >= OPENED && h->n < MESSAGES_MAX)
		memcpy(h->handle[h->n++], reply + len - RPC_HANDLE_SIZE - 4, RPC_HANDLE_SIZE);
}

/* Lists of administrators come from the kernel. */
static int rows_get(void *arg, enum rpc_list list, struct rows *out)
{
	struct rpc_user user = *(struct rpc_user *)arg;

	user.administrator = false;
	return pipe_rows_get(&user, list, 0, out);
}

/* A change as dittod gets it, from a worker that may be another program. */
static int change_make(void *arg, const struct share_change *change)
{
	struct mem_chain *chain = NULL;
	struct share_change got;
	struct ndr_out out;

	(void)arg;
	ndr_out_init(&out, RPC_CALL_MAX);
	if (share_change_put(change, &out) &&
	    (!share_change_get(&got, out.data, out.len, &chain) ||
	     !share_aces_same(&change->aces, &got.aces) || strcmp(got.name, change->name)))
		abort();
	mem_chain_free(&chain);
	free(out.data);
	return 0;
}

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
	static const struct sid machine = { 5, 4, { 21, 1, 2, 3 } };
	struct rpc_user user = { .uid = 65534, .name = "nobody", .domain = "HERE" };
	struct rpc_asks asks = { .accounts = { .find = accounts_find, .arg = &user },
				 .shares = shares_none, .list = rows_get, .change = change_make };
	struct handles handles = { .n = 0 };
	struct rpc_conn *conn;
	int number;

	if (len < 1)
		return 0;
	user.anonymous = data[0] & 4;
	user.administrator = data[0] & 8;
	number = rpc_pipe_number(names[data[0] & 3]);
	if (number < 0)
		return 0;
	identity_machine_set(&machine);
	asks.accounts.machine = machine;
	conn = rpc_conn_new((unsigned int)number, &user);
	data++;
	len--;
	for (int i = 0; i < MESSAGES_MAX && len >= 2; i++) {
		size_t size = data[0] | data[1] << 8, out_len = 0;
		u8 *out = NULL, *copy;
		int rc;

		data += 2;
		len -= 2;
		if (size > len)
			size = len;
		copy = mem_new(size + 1);
		memcpy(copy, data, size);
		handle_put(&handles, copy, size);
		rc = rpc_conn_take(conn, &asks, copy, size, &out, &out_len);
		free(copy);
		if (rc)
			break;
		handle_take(&handles, out, out_len);
		free(out);
		data += size;
		len -= size;
	}
	rpc_conn_free(conn);
	return 0;
}
