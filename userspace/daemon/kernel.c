// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's configuration over netlink. */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "mem.h"
#include "nl/nl.h"

/* A @dry one answers changes as if they had succeeded. */
struct kernel {
	struct conn conn;
	bool dry;
};

struct kernel *kernel_open(void)
{
	struct kernel *k = mem_new(sizeof(*k));

	if (!conn_open(&k->conn))
		return k;
	free(k);
	return NULL;
}

struct kernel *kernel_open_dry(void)
{
	struct kernel *k = kernel_open();

	if (k)
		k->dry = true;
	return k;
}

bool kernel_is_dry(const struct kernel *k)
{
	return k->dry;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	conn_close(&k->conn);
	free(k);
}

const char *kernel_why(const struct kernel *k)
{
	return k->conn.why.text;
}

const char *kernel_warning(const struct kernel *k)
{
	return k->conn.warning.text;
}

static int kernel_nonsense(struct kernel *k)
{
	why_not(&k->conn.why, "this version does not understand the kernel's answer");
	return -EBADMSG;
}

static int kernel_begin(struct kernel *k)
{
	/* kernel_server_get() resets the family, because the module may have been loaded again. */
	return k->conn.family ? 0 : conn_find_family(&k->conn);
}

static int kernel_change(struct kernel *k, struct nl_msg *msg)
{
	if (!k->dry)
		return conn_call(&k->conn, msg, NULL);
	nlmsg_free(msg);
	return 0;
}

/* Read the settings of the core and of the protocols that are loaded; others are not known. */
static int kernel_settings_get(struct kernel *k, struct kernel_server *server)
{
	struct setting s;
	struct replies r;
	unsigned int i, id;
	u32 value;
	int rc;

	rc = conn_dump(&k->conn, DITTO_CMD_SETTING_GET, &r);
	if (rc)
		return rc;
	for (i = 0; !rc && i < r.count; i++) {
		if (!setting_from_msg(r.msg[i], &s, &value)) {
			rc = kernel_nonsense(k);
			break;
		}
		id = setting_find(s.name);
		if (id == SETTINGS)
			continue;
		server->has[id] = true;
		server->value[id] = value;
	}
	replies_free(&r);
	return rc;
}

int kernel_server_get(struct kernel *k, struct kernel_server *server)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	struct nl_msg *reply;
	struct nlattr *nla;
	int rest, rc;

	memset(server, 0, sizeof(*server));
	k->conn.family = 0;
	rc = kernel_begin(k);
	if (!rc)
		rc = conn_call(&k->conn, conn_message(&k->conn, DITTO_CMD_SERVER_GET), &reply);
	if (rc)
		return rc;
	if (!reply || msg_parse(reply, &spec_server_set, tb) || !tb[DITTO_A_SERVER_STARTED]) {
		nlmsg_free(reply);
		return kernel_nonsense(k);
	}
	server->started = nla_get_u64(tb[DITTO_A_SERVER_STARTED]);
	nlmsg_for_each_attr(nla, nlmsg_hdr(reply), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_SERVER_PROTOCOLS &&
		    server->nprotocols < KERNEL_PROTOCOLS)
			snprintf(server->protocol[server->nprotocols++], LISTENER_PROTOCOL_MAX,
				 "%s", nla_get_string(nla));
	nlmsg_free(reply);
	return kernel_settings_get(k, server);
}

int kernel_server_set(struct kernel *k, const struct kernel_server *server)
{
	struct nl_msg *msg;
	unsigned int i;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_SERVER_SET);
	for (i = 0; i < SETTINGS; i++)
		if (server->has[i])
			setting_put(msg, &settings[i], server->value[i]);
	return kernel_change(k, msg);
}

int kernel_set_handle_key(struct kernel *k, const u8 key[16])
{
	struct nl_msg *msg;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_SERVER_SET);
	msg_put(msg, DITTO_A_SERVER_HANDLE_KEY, key, 16);
	return kernel_change(k, msg);
}

static void put_session(struct nl_msg *msg, const void *arg)
{
	const u64 *session = arg;

	if (session)
		msg_put_number(msg, &spec_share_set, DITTO_A_SHARE_SESSION, *session);
}

static int shares_dump(struct kernel *k, const u64 *session, struct kernel_shares *out)
{
	struct replies r;
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = kernel_begin(k);
	if (!rc)
		rc = conn_dump_some(&k->conn, DITTO_CMD_SHARE_GET, put_session, session, &r);
	if (rc)
		return rc;
	out->share = mem_new((r.count + 1) * sizeof(*out->share));
	for (i = 0; i < r.count; i++) {
		struct share *s = share_from_msg(r.msg[i]);

		if (s)
			out->share[out->n++] = s;
	}
	replies_free(&r);
	return 0;
}

int kernel_shares_get(struct kernel *k, struct kernel_shares *out)
{
	return shares_dump(k, NULL, out);
}

int kernel_shares_of_session(struct kernel *k, u64 session, struct kernel_shares *out)
{
	return shares_dump(k, &session, out);
}

void kernel_shares_free(struct kernel_shares *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		share_free(s->share[i]);
	free(s->share);
	memset(s, 0, sizeof(*s));
}

struct share *kernel_share_get(struct kernel *k, const char *name)
{
	struct nl_msg *reply = NULL;
	struct share *s = NULL;
	struct nl_msg *msg;

	if (kernel_begin(k))
		return NULL;
	msg = conn_message(&k->conn, DITTO_CMD_SHARE_GET);
	msg_put_string(msg, DITTO_A_SHARE_NAME, name);
	if (!conn_call(&k->conn, msg, &reply) && reply)
		s = share_from_msg(reply);
	nlmsg_free(reply);
	return s;
}

static int share_write(struct kernel *k, u8 cmd, const struct share *s)
{
	struct nl_msg *msg;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, cmd);
	share_put(msg, cmd, s);
	return kernel_change(k, msg);
}

int kernel_share_add(struct kernel *k, const struct share *s)
{
	return share_write(k, DITTO_CMD_SHARE_NEW, s);
}

int kernel_share_set(struct kernel *k, const struct share *s)
{
	return share_write(k, DITTO_CMD_SHARE_SET, s);
}

int kernel_share_del(struct kernel *k, const char *name)
{
	struct nl_msg *msg;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_SHARE_DEL);
	msg_put_string(msg, DITTO_A_SHARE_NAME, name);
	return kernel_change(k, msg);
}

int kernel_nested_add(struct kernel *k, const char *share, const char *path)
{
	struct nl_msg *msg;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_NESTED_ADD);
	msg_put_string(msg, DITTO_A_SHARE_NAME, share);
	msg_put_string(msg, DITTO_A_SHARE_PATH, path);
	return kernel_change(k, msg);
}

int kernel_nested_check(struct kernel *k)
{
	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	return kernel_change(k, conn_message(&k->conn, DITTO_CMD_NESTED_CHECK));
}

int kernel_listeners_get(struct kernel *k, struct kernel_listeners *out)
{
	struct replies r;
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = kernel_begin(k);
	if (!rc)
		rc = conn_dump(&k->conn, DITTO_CMD_LISTENER_GET, &r);
	if (rc)
		return rc;
	out->listener = mem_new((r.count + 1) * sizeof(*out->listener));
	for (i = 0; i < r.count; i++)
		if (listener_from_msg(&out->listener[out->n], r.msg[i]))
			out->n++;
	replies_free(&r);
	return 0;
}

void kernel_listeners_free(struct kernel_listeners *l)
{
	free(l->listener);
	memset(l, 0, sizeof(*l));
}

int kernel_listener_add(struct kernel *k, const struct listener *l, u32 *id)
{
	struct nl_msg *reply = NULL;
	struct nlattr *nla;
	struct nl_msg *msg;
	int rc;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	if (k->dry) {
		*id = 0;
		return 0;
	}
	msg = conn_message(&k->conn, DITTO_CMD_LISTENER_NEW);
	listener_put(msg, l);
	rc = conn_call(&k->conn, msg, &reply);
	if (rc)
		return rc;
	nla = reply ? nlmsg_find_attr(nlmsg_hdr(reply), GENL_HDRLEN, DITTO_A_LISTENER_ID) : NULL;
	if (nla && nla_len(nla) == sizeof(*id))
		*id = nla_get_u32(nla);
	else
		rc = kernel_nonsense(k);
	nlmsg_free(reply);
	return rc;
}

int kernel_listener_del(struct kernel *k, u32 id)
{
	struct nl_msg *msg;

	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_LISTENER_DEL);
	msg_put(msg, DITTO_A_LISTENER_ID, &id, sizeof(id));
	return kernel_change(k, msg);
}

int kernel_connection_prove(struct kernel *k, u64 cookie, const char *name)
{
	struct nl_msg *msg;

	/* The module may have been loaded again. */
	k->conn.family = 0;
	if (kernel_begin(k))
		return -CONN_NOT_LOADED;
	msg = conn_message(&k->conn, DITTO_CMD_CONNECTION_PROVE);
	msg_put(msg, DITTO_A_CONNECTION_COOKIE, &cookie, sizeof(cookie));
	msg_put_string(msg, DITTO_A_CONNECTION_NAME, name);
	return conn_call(&k->conn, msg, NULL);
}
