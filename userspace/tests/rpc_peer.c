// SPDX-License-Identifier: GPL-2.0-only
/* Clients of the daemon's RPC server, see rpc_peer.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "rpc/pipe_rows.h"
#include "auth/ntlm/utf16.h"
#include "mem.h"
#include "rpc_messages.h"
#include "rpc_peer.h"
#include "test.h"

unsigned int peer_more_shares;
bool peer_open_share;

static void add_share(struct kernel_shares *list, const char *name, const char *comment,
		      bool browse)
{
	struct share *s = share_new(name);

	s->path = mem_print("/srv/%s", name);
	s->comment = comment ? mem_string(comment) : NULL;
	s->browse = browse;
	list->share = mem_grow(list->share, list->n, sizeof(*list->share));
	list->share[list->n++] = s;
}

int peer_find(void *arg, bool by_name, struct sid *sid, struct sid_name *name)
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

int peer_rows(void *arg, enum rpc_list list, struct rows *out)
{
	struct rpc_user user = { .uid = 1000 };

	(void)arg;
	return pipe_rows_get(&user, list, UINT64_MAX, out);
}

static int shares_served(void *arg, struct kernel_shares *out)
{
	char name[32];
	unsigned int i;

	(void)arg;
	memset(out, 0, sizeof(*out));
	add_share(out, "data", "f\xc3\xbcr alle", true);
	add_share(out, "secret", NULL, false);
	if (peer_open_share) {
		add_share(out, "open", NULL, true);
		out->share[out->n - 1]->guest = true;
	}
	for (i = 0; i < peer_more_shares; i++) {
		snprintf(name, sizeof(name), "share%05u", i);
		add_share(out, name, "one of many", true);
	}
	return 0;
}

void peer_open_by(struct peer *p, const char *name, const struct rpc_user *user)
{
	int number = rpc_pipe_number(name);

	memset(p, 0, sizeof(*p));
	p->asks.accounts.find = peer_find;
	identity_machine(&p->asks.accounts.machine);
	p->asks.shares = shares_served;
	p->asks.list = peer_rows;
	if (CHECK(number >= 0))
		p->conn = rpc_conn_new((unsigned int)number, user);
}

void peer_open(struct peer *p, const char *name, uid_t uid)
{
	struct rpc_user user = { .uid = uid, .administrator = !uid, .name = "alice",
				 .domain = "HERE" };

	peer_open_by(p, name, &user);
}

int peer_send(struct peer *p, const void *data, size_t len)
{
	free(p->out);
	return rpc_conn_take(p->conn, &p->asks, data, len, &p->out, &p->len);
}

void peer_end(struct peer *p)
{
	free(p->out);
	rpc_conn_free(p->conn);
}

u16 bytes_get16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

u32 bytes_get32(const u8 *p)
{
	return bytes_get16(p) | (u32)bytes_get16(p + 2) << 16;
}

bool peer_reply_is(const struct peer *p, u8 type)
{
	return p->len >= HEADER && p->out[2] == type && p->out[3] & 3 &&
	       bytes_get16(p->out + 8) == p->len;
}

void peer_bind(struct peer *p, const u8 *data, size_t len)
{
	CHECK(!peer_send(p, data, len));
	CHECK(peer_reply_is(p, PTYPE_BIND_ACK));
	/* The result of the only context: accepted. */
	CHECK(p->len >= 28 && bytes_get16(p->out + p->len - 24) == 0);
}

u32 peer_fault(const struct peer *p)
{
	return peer_reply_is(p, PTYPE_FAULT) && p->len == 32 ? bytes_get32(p->out + RESPONSE) : 0;
}

size_t peer_reply_join(const struct peer *p, u8 *out, size_t size)
{
	size_t at = 0, used = 0, len;

	while (at < p->len) {
		const u8 *f = p->out + at;

		len = bytes_get16(f + 8);
		if (len > p->len - at || len < RESPONSE || f[2] != PTYPE_RESPONSE ||
		    !!(f[3] & 1) != !at || !!(f[3] & 2) != (at + len == p->len) ||
		    used + len - RESPONSE > size || len > 4280)
			return 0;
		memcpy(out + used, f + RESPONSE, len - RESPONSE);
		used += len - RESPONSE;
		at += len;
	}
	return used;
}

bool bytes_have_text(const u8 *data, size_t len, const char *text)
{
	u8 units[128];
	size_t n = utf16_from_utf8(text, units);

	return memmem(data, len, units, 2 * n);
}

void peer_open_policy(struct peer *p, u8 *handle)
{
	peer_open(p, "lsarpc", 1000);
	peer_bind(p, bind_lsarpc, sizeof(bind_lsarpc));
	CHECK(!peer_send(p, open_policy2, sizeof(open_policy2)));
	if (CHECK(peer_reply_is(p, PTYPE_RESPONSE) && p->len == RESPONSE + 24 &&
		  !bytes_get32(p->out + 44)))
		memcpy(handle, p->out + RESPONSE, 20);
}
