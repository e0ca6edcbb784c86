// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operations on connections, on sessions, and on what sessions have open and which shares
 * they use, for all protocols.
 */
#include <linux/build_bug.h>
#include <linux/container_of.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../lockd/matrix.h"
#include "../listener.h"
#include "../peer_cert.h"
#include "../server.h"
#include "../show.h"
#include "family.h"

/* Message size for a session with all its connections, and for an open with the longest path. */
#define SHOW_MESSAGE	SZ_8K

static_assert(DITTO_LASTS_DURABLE == (int)DITTO_OPEN_DURABILITY_DURABLE);
static_assert(DITTO_LASTS_PERSISTENT == (int)DITTO_OPEN_DURABILITY_PERSISTENT);

/**
 * struct show_dump - state of a dump
 * @msg: message being filled
 * @cb: callback of the dump
 * @protocol: name of the current protocol
 * @bit: bit of the protocol to continue with
 * @conns: state of a dump of connections
 * @sessions: state of a dump of sessions
 * @opens: state of a dump of opens
 * @trees: state of a dump of connections to shares
 */
struct show_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	const char *protocol;
	unsigned int bit;
	union {
		struct ditto_conn_show conns;
		struct ditto_session_show sessions;
		struct ditto_open_show opens;
		struct ditto_tree_show trees;
	};
};

/* The callback's context is too small for the state, so it holds a pointer. */
static struct show_dump **show_dump_of(struct netlink_callback *cb)
{
	return (struct show_dump **)cb->ctx;
}

static int show_start(struct netlink_callback *cb)
{
	struct show_dump *dump;
	int err;

	err = ditto_nl_deferred_dump(cb);
	if (err)
		return err;
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;
	dump->cb = cb;
	*show_dump_of(cb) = dump;
	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, SHOW_MESSAGE);
	return 0;
}

static int show_done(struct netlink_callback *cb)
{
	kfree(*show_dump_of(cb));
	return 0;
}

/* Call @fn for one protocol after the other; it resets its position after each. */
static int show_all(struct show_dump *dump, struct sk_buff *skb,
		    int (*fn)(struct ditto_server *srv, const struct ditto_protocol *protocol,
			      void *arg))
{
	struct ditto_server *srv = ditto_server_of(sock_net(skb->sk));
	int err;

	dump->msg = skb;
	for (; dump->bit < DITTO_PROTOCOLS_MAX; dump->bit++) {
		dump->protocol = ditto_protocol_name(dump->bit);
		err = ditto_protocol_with(srv, dump->bit, fn, dump);
		if (err && err != -EPROTONOSUPPORT)
			return err;
	}
	return 0;
}

static int put_text(struct sk_buff *msg, int type, const char *text)
{
	return text ? nla_put_string(msg, type, text) : 0;
}

static int conn_tell(struct ditto_conn_show *show, const struct ditto_conn_info *info)
{
	struct show_dump *dump = container_of(show, struct show_dump, conns);
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);

	if (!hdr)
		return -EMSGSIZE;
	if (ditto_nl_put_u64(msg, DITTO_A_CONNECTION_ID, info->id) ||
	    nla_put_string(msg, DITTO_A_CONNECTION_PROTOCOL, dump->protocol) ||
	    nla_put_string(msg, DITTO_A_CONNECTION_ADDRESS, info->addr) ||
	    nla_put_string(msg, DITTO_A_CONNECTION_LOCAL, info->local) ||
	    put_text(msg, DITTO_A_CONNECTION_SECURITY, info->security) ||
	    put_text(msg, DITTO_A_CONNECTION_NAME, info->name)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	show->next = info->id + 1;
	return 0;
}

static int conns_of(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	struct show_dump *dump = arg;
	int err = 0;

	if (protocol->conns)
		err = protocol->conns(srv, &dump->conns);
	if (!err)
		dump->conns.next = 0;
	return err;
}

int ditto_nl_connection_get_start(struct netlink_callback *cb)
{
	int err = show_start(cb);

	if (!err)
		(*show_dump_of(cb))->conns.fn = conn_tell;
	return err;
}

int ditto_nl_connection_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return show_all(*show_dump_of(cb), skb, conns_of);
}

int ditto_nl_connection_get_done(struct netlink_callback *cb)
{
	return show_done(cb);
}

/* No lock of listeners is taken: whoever stops one may wait for this handshake. */
int ditto_nl_connection_prove_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_CONNECTION_COOKIE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_CONNECTION_NAME))
		return -EINVAL;
	name = nla_data(info->attrs[DITTO_A_CONNECTION_NAME]);
	if (!ditto_peer_cert_is_valid(name)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_CONNECTION_NAME],
				    "letters, digits, '-', '_' and '.' are allowed in a name");
		return -EINVAL;
	}
	return ditto_peer_cert_add(ditto_server_of(genl_info_net(info)),
				   nla_get_u64(info->attrs[DITTO_A_CONNECTION_COOKIE]), name,
				   jiffies);
}

static int session_tell(struct ditto_session_show *show, const struct ditto_session_info *info)
{
	struct show_dump *dump = container_of(show, struct show_dump, sessions);
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);

	if (!hdr)
		return -EMSGSIZE;
	if (ditto_nl_put_u64(msg, DITTO_A_SESSION_ID, info->id) ||
	    nla_put_string(msg, DITTO_A_SESSION_PROTOCOL, dump->protocol) ||
	    put_text(msg, DITTO_A_SESSION_USER, info->user) ||
	    put_text(msg, DITTO_A_SESSION_DOMAIN, info->domain) ||
	    nla_put_u8(msg, DITTO_A_SESSION_GUEST, info->guest) ||
	    put_text(msg, DITTO_A_SESSION_DIALECT, info->dialect) ||
	    put_text(msg, DITTO_A_SESSION_SIGNING, info->signing) ||
	    put_text(msg, DITTO_A_SESSION_ENCRYPTION, info->encryption) ||
	    ditto_nl_put_u64(msg, DITTO_A_SESSION_SINCE, info->since) ||
	    nla_put_u32(msg, DITTO_A_SESSION_SHARES, info->shares) ||
	    nla_put_u32(msg, DITTO_A_SESSION_OPENS, info->opens) ||
	    put_text(msg, DITTO_A_SESSION_SOFTWARE, info->software) ||
	    (info->login && nla_put_u32(msg, DITTO_A_SESSION_LOGIN, info->login)))
		goto full;
	for (unsigned int i = 0; i < info->nplaces; i++)
		if (nla_put_string(msg, DITTO_A_SESSION_ADDRESS, info->places[i]))
			goto full;
	for (unsigned int i = 0; i < min_t(u32, info->shares, DITTO_SESSION_SHARES); i++)
		if (nla_put_string(msg, DITTO_A_SESSION_SHARE, info->share[i]))
			goto full;
	genlmsg_end(msg, hdr);
	show->next = info->id + 1;
	return 0;

full:
	genlmsg_cancel(msg, hdr);
	return -EMSGSIZE;
}

static int sessions_of(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	struct show_dump *dump = arg;
	int err = 0;

	if (protocol->sessions)
		err = protocol->sessions(srv, &dump->sessions);
	if (!err)
		dump->sessions.next = 0;
	return err;
}

int ditto_nl_session_get_start(struct netlink_callback *cb)
{
	int err = show_start(cb);

	if (!err)
		(*show_dump_of(cb))->sessions.fn = session_tell;
	return err;
}

int ditto_nl_session_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return show_all(*show_dump_of(cb), skb, sessions_of);
}

int ditto_nl_session_get_done(struct netlink_callback *cb)
{
	return show_done(cb);
}

static int open_tell(struct ditto_open_show *show, const struct ditto_open_info *info)
{
	struct show_dump *dump = container_of(show, struct show_dump, opens);
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);

	if (!hdr)
		return -EMSGSIZE;
	if (ditto_nl_put_u64(msg, DITTO_A_OPEN_ID, info->id) ||
	    nla_put_string(msg, DITTO_A_OPEN_PROTOCOL, dump->protocol) ||
	    ditto_nl_put_u64(msg, DITTO_A_OPEN_SESSION, info->session) ||
	    put_text(msg, DITTO_A_OPEN_USER, info->user) ||
	    put_text(msg, DITTO_A_OPEN_SHARE, info->share) ||
	    put_text(msg, DITTO_A_OPEN_PATH, info->path) ||
	    nla_put_u32(msg, DITTO_A_OPEN_ACCESS, info->access) ||
	    nla_put_u32(msg, DITTO_A_OPEN_DENY, info->deny) ||
	    nla_put_u8(msg, DITTO_A_OPEN_DELETE_PENDING, info->delete_pending) ||
	    (info->since && ditto_nl_put_u64(msg, DITTO_A_OPEN_SINCE, info->since)) ||
	    (info->waits_s && nla_put_u32(msg, DITTO_A_OPEN_WAITS_S, info->waits_s)) ||
	    nla_put_u32(msg, DITTO_A_OPEN_DURABILITY, info->lasting)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	show->next_session = info->session;
	show->next = info->place + 1;
	return 0;
}

static int opens_of(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	struct show_dump *dump = arg;
	int err = 0;

	if (protocol->opens)
		err = protocol->opens(srv, &dump->opens);
	if (!err) {
		dump->opens.next_session = 0;
		dump->opens.next = 0;
	}
	return err;
}

int ditto_nl_open_get_start(struct netlink_callback *cb)
{
	const struct nlattr *session = genl_info_dump(cb)->attrs[DITTO_A_OPEN_SESSION];
	int err = show_start(cb);

	if (err)
		return err;
	(*show_dump_of(cb))->opens.fn = open_tell;
	if (session)
		(*show_dump_of(cb))->opens.session = nla_get_u64(session);
	return 0;
}

int ditto_nl_open_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return show_all(*show_dump_of(cb), skb, opens_of);
}

int ditto_nl_open_get_done(struct netlink_callback *cb)
{
	return show_done(cb);
}

static int tree_tell(struct ditto_tree_show *show, const struct ditto_tree_info *info)
{
	struct show_dump *dump = container_of(show, struct show_dump, trees);
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, DITTO_A_TREE_ID, info->id) ||
	    nla_put_string(msg, DITTO_A_TREE_PROTOCOL, dump->protocol) ||
	    ditto_nl_put_u64(msg, DITTO_A_TREE_SESSION, info->session) ||
	    put_text(msg, DITTO_A_TREE_USER, info->user) ||
	    put_text(msg, DITTO_A_TREE_SHARE, info->share) ||
	    nla_put_u8(msg, DITTO_A_TREE_WRITABLE, info->writable) ||
	    nla_put_u8(msg, DITTO_A_TREE_ENCRYPT, info->encrypt)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	show->next_session = info->session;
	show->next = info->id + 1UL;
	return 0;
}

static int trees_of(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	struct show_dump *dump = arg;
	int err = 0;

	if (protocol->trees)
		err = protocol->trees(srv, &dump->trees);
	if (!err) {
		dump->trees.next_session = 0;
		dump->trees.next = 0;
	}
	return err;
}

int ditto_nl_tree_get_start(struct netlink_callback *cb)
{
	const struct nlattr *session = genl_info_dump(cb)->attrs[DITTO_A_TREE_SESSION];
	int err = show_start(cb);

	if (err)
		return err;
	(*show_dump_of(cb))->trees.fn = tree_tell;
	if (session)
		(*show_dump_of(cb))->trees.session = nla_get_u64(session);
	return 0;
}

int ditto_nl_tree_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return show_all(*show_dump_of(cb), skb, trees_of);
}

int ditto_nl_tree_get_done(struct netlink_callback *cb)
{
	return show_done(cb);
}

/**
 * struct close_request - a request to close a session, an open or a connection to a share
 * @protocol: name of the protocol; NULL for any
 * @id: number of the object
 * @session: session of a connection to a share
 * @close: closes the object in a protocol; -ENOENT if the protocol has no such object
 */
struct close_request {
	const char *protocol;
	u64 id;
	u64 session;
	int (*close)(struct ditto_server *srv, const struct ditto_protocol *protocol,
		     const struct close_request *req);
};

static int close_session(struct ditto_server *srv, const struct ditto_protocol *protocol,
			 const struct close_request *req)
{
	return protocol->session_close ? protocol->session_close(srv, req->id) : -ENOENT;
}

static int close_open(struct ditto_server *srv, const struct ditto_protocol *protocol,
		      const struct close_request *req)
{
	return protocol->open_close ? protocol->open_close(srv, req->id) : -ENOENT;
}

static int close_tree(struct ditto_server *srv, const struct ditto_protocol *protocol,
		      const struct close_request *req)
{
	return protocol->tree_close ? protocol->tree_close(srv, req->session, req->id) : -ENOENT;
}

static int close_by(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	const struct close_request *req = arg;

	if (req->protocol && strcmp(req->protocol, protocol->name))
		return -ENOENT;
	return req->close(srv, protocol, req);
}

/* Close the object in the first protocol that has it. */
static int close_request(struct genl_info *info, struct close_request *req,
			 const struct nlattr *protocol)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	int err = -ENOENT;

	if (protocol)
		req->protocol = nla_data(protocol);
	for (unsigned int bit = 0; bit < DITTO_PROTOCOLS_MAX && err == -ENOENT; bit++) {
		err = ditto_protocol_with(srv, bit, close_by, req);
		if (err == -EPROTONOSUPPORT)
			err = -ENOENT;
	}
	return err;
}

int ditto_nl_session_close_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct close_request req = { .close = close_session };
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SESSION_ID)) {
		NL_SET_ERR_MSG(info->extack, "which session? give its number");
		return -EINVAL;
	}
	req.id = nla_get_u64(info->attrs[DITTO_A_SESSION_ID]);
	err = close_request(info, &req, info->attrs[DITTO_A_SESSION_PROTOCOL]);
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[DITTO_A_SESSION_ID],
					"there is no session %llu", req.id);
	return err;
}

int ditto_nl_open_close_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct close_request req = { .close = close_open };
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_OPEN_ID)) {
		NL_SET_ERR_MSG(info->extack, "which open file? give its number");
		return -EINVAL;
	}
	req.id = nla_get_u64(info->attrs[DITTO_A_OPEN_ID]);
	err = close_request(info, &req, info->attrs[DITTO_A_OPEN_PROTOCOL]);
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[DITTO_A_OPEN_ID],
					"there is no open file %llu", req.id);
	return err;
}

int ditto_nl_tree_close_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct close_request req = { .close = close_tree };
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_TREE_SESSION) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_TREE_ID)) {
		NL_SET_ERR_MSG(info->extack, "which tree? give the session's number and its own");
		return -EINVAL;
	}
	req.session = nla_get_u64(info->attrs[DITTO_A_TREE_SESSION]);
	req.id = nla_get_u32(info->attrs[DITTO_A_TREE_ID]);
	err = close_request(info, &req, info->attrs[DITTO_A_TREE_PROTOCOL]);
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[DITTO_A_TREE_ID],
					"session %llu has no tree %llu", req.session, req.id);
	return err;
}
