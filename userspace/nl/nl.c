// SPDX-License-Identifier: GPL-2.0-only
/* Communication with ditto.ko over generic netlink: sockets and calls. */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "ditto-nl-gen.h"
#include "common/mem.h"
#include "module.h"
#include "nl.h"

/*
 * Bytes of a request: an answer to the kernel may carry 130000 bytes of data; or 65000, and 1024
 * SIDs of 72 bytes each; and other attributes.
 */
#define MESSAGE_MAX	(160 * 1024)
/*
 * Bytes of the buffers of a socket. The memory of an answer counts, which may be twice as long, and
 * its acknowledgment must fit in behind it.
 */
#define BUFFER_SIZE	(512 * 1024)
/* Attempts to read a dump that is interrupted by changes. */
#define DUMP_TRIES	5

/* State of a request; @silent: the error came without a text. */
struct call {
	struct conn *conn;
	struct nlmsghdr *request;
	const struct spec_set *set;
	struct replies *replies;
	int error;
	bool silent;
	bool done;
};

static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_AGAIN:
	case NLE_DUMP_INTR:
		return -EAGAIN;
	case NLE_MSG_TRUNC:
	case NLE_MSGSIZE:
		return -EMSGSIZE;
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
		return -EAFNOSUPPORT;
	default:
		return -EIO;
	}
}

void conn_set_buffers(struct conn *c, int receive, int send)
{
	int fd = nl_socket_get_fd(c->sock);

	/* CAP_NET_ADMIN allows to exceed net.core.rmem_max and wmem_max, which are smaller. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send)))
		nl_socket_set_buffer_size(c->sock, receive, send);
}

int conn_open(struct conn *c)
{
	int on = 1;
	int rc;

	memset(c, 0, sizeof(*c));
	c->sock = nl_socket_alloc();
	if (!c->sock) {
		why_not(&c->why, "no memory for a netlink socket");
		return -ENOMEM;
	}
	rc = genl_connect(c->sock);
	if (rc < 0) {
		why_not(&c->why, "cannot open a netlink socket: %s", nl_geterror(rc));
		conn_close(c);
		return errno_of(rc);
	}
	conn_set_buffers(c, BUFFER_SIZE, BUFFER_SIZE);
	/* Each message requests its acknowledgment itself. */
	nl_socket_disable_auto_ack(c->sock);
	/* Only the texts of errors depend on these two. */
	setsockopt(nl_socket_get_fd(c->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(c->sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void conn_close(struct conn *c)
{
	nl_socket_free(c->sock);
	c->sock = NULL;
	c->family = 0;
}

/* Replies to an earlier call that failed half way are ignored. */
static bool is_ours(const struct call *call, const struct nlmsghdr *hdr)
{
	return hdr->nlmsg_seq == call->request->nlmsg_seq;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;
	struct replies *r = call->replies;

	if (!is_ours(call, nlmsg_hdr(msg)))
		return NL_SKIP;
	if (call->conn->dump_max && r->count == call->conn->dump_max)
		return NL_OK;
	r->msg = mem_grow(r->msg, r->count, sizeof(*r->msg));
	nlmsg_get(msg);
	r->msg[r->count++] = msg;
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;
	struct extack ack;

	if (!is_ours(call, nlmsg_hdr(msg)))
		return NL_SKIP;
	extack_read(nlmsg_hdr(msg), call->request, call->set, &ack);
	if (ack.msg)
		why_not(&call->conn->warning, "%s", ack.msg);
	call->done = true;
	return NL_STOP;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct call *call = arg;

	if (!is_ours(call, hdr))
		return NL_SKIP;
	/* The end of a dump carries its error. */
	if (nlmsg_datalen(hdr) >= (int)sizeof(int)) {
		memcpy(&call->error, nlmsg_data(hdr), sizeof(int));
		if (call->error < 0)
			why_not(&call->conn->why, "%s", strerror(-call->error));
	}
	call->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	/* libnl passes the payload; the flags are in the header before it. */
	const struct nlmsghdr *hdr = (const struct nlmsghdr *)err - 1;
	struct call *call = arg;
	struct extack ack;

	(void)from;
	if (!is_ours(call, hdr))
		return NL_SKIP;
	extack_read(hdr, call->request, call->set, &ack);
	call->error = err->error;
	extack_words(&ack, -err->error, &call->conn->why);
	call->silent = !ack.msg;
	call->done = true;
	return NL_STOP;
}

static int nl_receive(struct call *call)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int rc = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, call);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);
	while (!call->done) {
		rc = nl_recvmsgs(call->conn->sock, cb);
		if (rc < 0 && !call->error)
			break;
	}
	nl_cb_put(cb);
	if (call->error)
		return call->error;
	if (rc == -NLE_DUMP_INTR) {
		why_not(&call->conn->why,
			"what is listed changed while it was read, %u times: try again",
			DUMP_TRIES);
		return -EAGAIN;
	}
	if (rc < 0) {
		why_not(&call->conn->why, "no answer from the kernel: %s", nl_geterror(rc));
		return errno_of(rc);
	}
	return 0;
}

/* Tell whether a command failed with ENOENT because the object or the family does not exist. */
static int check_family(struct conn *c)
{
	int family = c->family;
	struct why why = c->why;
	int rc;

	rc = conn_find_family(c);
	if (rc)
		return rc;
	if (c->family != family) {
		why_not(&c->why, "ditto.ko was loaded anew: try again");
		return -CONN_NOT_LOADED;
	}
	c->why = why;
	return -ENOENT;
}

/* Free a request, which may have keys of sessions or handles. */
static void request_free(struct nl_msg *msg)
{
	explicit_bzero(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
}

static int nl_run(struct conn *c, struct nl_msg *msg, const struct spec_set *set,
		  struct replies *replies)
{
	struct call call = { .conn = c, .set = set, .replies = replies };
	int rc;

	c->why.text[0] = '\0';
	c->warning.text[0] = '\0';
	rc = nl_send_auto(c->sock, msg);
	if (rc < 0) {
		why_not(&c->why, "cannot send to the kernel: %s", nl_geterror(rc));
		request_free(msg);
		return errno_of(rc);
	}
	call.request = nlmsg_hdr(msg);
	rc = nl_receive(&call);
	request_free(msg);
	/* The kernel also refuses the message of an unregistered family with ENOENT. */
	if (rc == -ENOENT && call.silent && set)
		rc = check_family(c);
	return rc;
}

static struct nl_msg *new_message(int family, u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(MESSAGE_MAX);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 NLM_F_REQUEST | flags, cmd, DITTO_FAMILY_VERSION))
		mem_out();
	return msg;
}

struct nl_msg *conn_message(const struct conn *c, u8 cmd)
{
	return new_message(c->family, cmd, NLM_F_ACK);
}

struct nl_msg *conn_notice(const struct conn *c, u8 cmd)
{
	return new_message(c->family, cmd, 0);
}

int conn_call(struct conn *c, struct nl_msg *msg, struct nl_msg **reply)
{
	u8 cmd = genlmsg_hdr(nlmsg_hdr(msg))->cmd;
	struct replies got = { 0 };
	int rc;

	rc = nl_run(c, msg, spec_ops[cmd].set, &got);
	if (reply) {
		*reply = NULL;
		if (!rc && got.count) {
			*reply = got.msg[0];
			nlmsg_get(*reply);
		}
	}
	replies_free(&got);
	return rc;
}

/* Parameters of a dump. */
struct listing {
	int family;
	u8 cmd;
	const struct spec_set *set;
	void (*put)(struct nl_msg *msg, const void *arg);
	const void *arg;
};

static int nl_dump_all(struct conn *c, const struct listing *what, struct replies *out)
{
	struct nl_msg *msg;
	int tries;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		msg = new_message(what->family, what->cmd, NLM_F_DUMP);
		if (what->put)
			what->put(msg, what->arg);
		rc = nl_run(c, msg, what->set, out);
		if (rc != -EAGAIN)
			break;
		replies_free(out);
	}
	if (rc)
		replies_free(out);
	return rc;
}

int conn_dump(struct conn *c, u8 cmd, struct replies *out)
{
	return conn_dump_some(c, cmd, NULL, NULL, out);
}

int conn_dump_some(struct conn *c, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		   const void *arg, struct replies *out)
{
	const struct listing what = {
		.family = c->family, .cmd = cmd, .set = spec_ops[cmd].set, .put = put, .arg = arg
	};

	return nl_dump_all(c, &what, out);
}

int conn_post(struct conn *c, struct nl_msg *msg)
{
	int rc = nl_send_auto(c->sock, msg);

	request_free(msg);
	return rc < 0 ? errno_of(rc) : 0;
}

void replies_free(struct replies *r)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		nlmsg_free(r->msg[i]);
	free(r->msg);
	memset(r, 0, sizeof(*r));
}

static int events_group(struct nlattr *groups)
{
	struct nlattr *group;
	int rest;

	nla_for_each_nested(group, groups, rest) {
		struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];

		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, NULL) < 0 ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !tb[CTRL_ATTR_MCAST_GRP_ID])
			continue;
		if (!nla_strcmp(tb[CTRL_ATTR_MCAST_GRP_NAME], DITTO_MCGRP_EVENTS))
			return (int)nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

int conn_find_family(struct conn *c)
{
	static const struct listing all = { .family = GENL_ID_CTRL, .cmd = CTRL_CMD_GETFAMILY };
	u32 version = DITTO_FAMILY_VERSION;
	char hint[MODULE_HINT_MAX];
	struct replies families;
	unsigned int i;
	int rc;

	c->family = 0;
	rc = nl_dump_all(c, &all, &families);
	if (rc)
		return rc;
	for (i = 0; i < families.count && !c->family; i++) {
		struct nlattr *tb[CTRL_ATTR_MAX + 1];

		if (genlmsg_parse(nlmsg_hdr(families.msg[i]), 0, tb, CTRL_ATTR_MAX, NULL) < 0 ||
		    !tb[CTRL_ATTR_FAMILY_NAME] || !tb[CTRL_ATTR_FAMILY_ID] ||
		    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], DITTO_FAMILY_NAME))
			continue;
		c->family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
		if (tb[CTRL_ATTR_VERSION])
			version = nla_get_u32(tb[CTRL_ATTR_VERSION]);
		if (tb[CTRL_ATTR_MCAST_GROUPS])
			c->events = events_group(tb[CTRL_ATTR_MCAST_GROUPS]);
	}
	replies_free(&families);
	if (c->family && !module_speaks(version, &c->why)) {
		c->family = 0;
		return -CONN_OTHER_VERSION;
	}
	if (c->family)
		return 0;
	why_not(&c->why, "ditto.ko is not loaded: %s", module_hint("ditto", hint));
	return -CONN_NOT_LOADED;
}
