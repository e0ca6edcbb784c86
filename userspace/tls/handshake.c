// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's requests for TLS handshakes, see handshake.h. */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "handshake.h"
#include "mem.h"

/* From the kernel's linux/handshake.h, which the headers of Debian 12 do not have. */
#define FAMILY		"handshake"
#define GROUP		"tlshd"
#define CLASS_TLSHD	1
#define MSG_SERVERHELLO	2
#define AUTH_PSK	2
#define AUTH_X509	3

enum {
	A_X509_CERT = 1,
	A_X509_PRIVKEY,
	A_X509_MAX = A_X509_PRIVKEY,
};

enum {
	A_ACCEPT_SOCKFD = 1,
	A_ACCEPT_HANDLER_CLASS,
	A_ACCEPT_MESSAGE_TYPE,
	A_ACCEPT_TIMEOUT,
	A_ACCEPT_AUTH_MODE,
	A_ACCEPT_PEER_IDENTITY,
	A_ACCEPT_CERTIFICATE,
	A_ACCEPT_PEERNAME,
	A_ACCEPT_MAX = A_ACCEPT_PEERNAME,
};

enum {
	A_DONE_STATUS = 1,
	A_DONE_SOCKFD,
	A_DONE_REMOTE_AUTH,
};

enum {
	CMD_READY = 1,
	CMD_ACCEPT,
	CMD_DONE,
};

/**
 * struct handshake - the family
 * @events: socket that listens
 * @calls: socket for commands
 * @family: number of the family
 * @group: number of its multicast group
 * @peer_key: key whose number stands for "a verified certificate"; the kernel only looks whether
 *	there is one. 0 if it cannot be made
 */
struct handshake {
	struct nl_sock *events;
	struct nl_sock *calls;
	int family;
	int group;
	u32 peer_key;
};

/**
 * struct handshake_reply - reply to a command
 * @req: filled from the reply; NULL for commands without one
 * @error: error of the kernel, a negative errno
 * @ended: the kernel has acknowledged the command
 */
struct handshake_reply {
	struct handshake_request *req;
	int error;
	bool ended;
};

static const struct nla_policy accept_policy[A_ACCEPT_MAX + 1] = {
	[A_ACCEPT_SOCKFD] = { .type = NLA_S32 },
	[A_ACCEPT_MESSAGE_TYPE] = { .type = NLA_U32 },
	[A_ACCEPT_TIMEOUT] = { .type = NLA_U32 },
	[A_ACCEPT_AUTH_MODE] = { .type = NLA_U32 },
	[A_ACCEPT_PEERNAME] = { .type = NLA_STRING },
};

static struct nl_sock *handshake_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		return NULL;
	if (genl_connect(sock) < 0) {
		nl_socket_free(sock);
		return NULL;
	}
	nl_socket_disable_seq_check(sock);
	return sock;
}

void handshake_close(struct handshake *h)
{
	if (!h)
		return;
	nl_socket_free(h->events);
	nl_socket_free(h->calls);
	free(h);
}

struct handshake *handshake_open(struct why *why)
{
	struct handshake *h = mem_new(sizeof(*h));
	static const char one = 1;
	long key;

	h->events = handshake_socket();
	h->calls = handshake_socket();
	if (!h->events || !h->calls) {
		why_not(why, "cannot open a netlink socket");
		goto fail;
	}
	h->family = genl_ctrl_resolve(h->calls, FAMILY);
	h->group = genl_ctrl_resolve_grp(h->calls, FAMILY, GROUP);
	if (h->family < 0 || h->group < 0) {
		why_not(why, "the kernel does not ask for TLS handshakes (CONFIG_NET_HANDSHAKE)");
		goto fail;
	}
	if (nl_socket_set_nonblocking(h->events) < 0) {
		why_not(why, "cannot open a netlink socket");
		goto fail;
	}
	key = syscall(SYS_add_key, "user", "ditto:tls-peer", &one, sizeof(one),
		      KEY_SPEC_PROCESS_KEYRING);
	if (key > 0)
		h->peer_key = (u32)key;
	return h;
fail:
	handshake_close(h);
	return NULL;
}

int handshake_group(const struct handshake *h)
{
	return h->group;
}

u32 handshake_rival(const char *path, int group)
{
	FILE *file = fopen(path, "re");
	unsigned int protocol, groups;
	char line[256];
	u32 port, found = 0;

	if (!file)
		return 0;
	/* Address, protocol, port, groups, and more. The first line is a header. */
	while (!found && group <= 32 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %u %u %x", &protocol, &port, &groups) == 3 &&
		    protocol == NETLINK_GENERIC && groups & 1U << (group - 1))
			found = port;
	fclose(file);
	return found;
}

int handshake_listen(struct handshake *h, bool on)
{
	int rc;

	rc = on ? nl_socket_add_membership(h->events, h->group) :
		  nl_socket_drop_membership(h->events, h->group);
	if (rc < 0)
		return rc == -NLE_PERM ? -EPERM : -EIO;
	return 0;
}

int handshake_fd(const struct handshake *h)
{
	return nl_socket_get_fd(h->events);
}

/* Their content does not matter: there may be a request, and some may have been lost. */
void handshake_drain(struct handshake *h)
{
	char packet[4096];
	ssize_t len;

	do {
		len = recv(nl_socket_get_fd(h->events), packet, sizeof(packet), MSG_DONTWAIT);
	} while (len >= 0 || errno == EINTR || errno == ENOBUFS);
}

static int handshake_take(struct nl_msg *msg, void *arg)
{
	struct handshake_reply *reply = arg;
	struct handshake_request *req = reply->req;
	struct nlattr *tb[A_ACCEPT_MAX + 1];

	if (!req || genlmsg_parse(nlmsg_hdr(msg), 0, tb, A_ACCEPT_MAX, accept_policy) < 0 ||
	    !tb[A_ACCEPT_SOCKFD])
		return NL_SKIP;
	req->fd = nla_get_s32(tb[A_ACCEPT_SOCKFD]);
	if (tb[A_ACCEPT_MESSAGE_TYPE])
		req->server = nla_get_u32(tb[A_ACCEPT_MESSAGE_TYPE]) == MSG_SERVERHELLO;
	if (tb[A_ACCEPT_TIMEOUT])
		req->timeout = nla_get_u32(tb[A_ACCEPT_TIMEOUT]);
	if (tb[A_ACCEPT_AUTH_MODE]) {
		req->certify = nla_get_u32(tb[A_ACCEPT_AUTH_MODE]) == AUTH_X509;
		req->keys = nla_get_u32(tb[A_ACCEPT_AUTH_MODE]) == AUTH_PSK;
	}
	if (tb[A_ACCEPT_CERTIFICATE])
		req->keys = true;
	if (tb[A_ACCEPT_PEERNAME])
		snprintf(req->peer, sizeof(req->peer), "%s",
			 nla_get_string(tb[A_ACCEPT_PEERNAME]));
	return NL_OK;
}

static int handshake_acked(struct nl_msg *msg, void *arg)
{
	struct handshake_reply *reply = arg;

	(void)msg;
	reply->ended = true;
	return NL_STOP;
}

static int handshake_failed(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct handshake_reply *reply = arg;

	(void)from;
	reply->error = error->error;
	reply->ended = true;
	return NL_STOP;
}

/* Send a command and wait for its acknowledgment, which is there when the send returns. */
static int handshake_call(struct handshake *h, struct nl_msg *msg, struct handshake_request *req)
{
	struct handshake_reply reply = { .req = req };
	struct nl_cb *own = nl_socket_get_cb(h->calls);
	struct nl_cb *cb = nl_cb_clone(own);
	int rc;

	nl_cb_put(own);
	if (!cb)
		mem_out();
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, handshake_take, &reply);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, handshake_acked, &reply);
	nl_cb_err(cb, NL_CB_CUSTOM, handshake_failed, &reply);
	rc = nl_send_auto(h->calls, msg);
	nlmsg_free(msg);
	while (rc >= 0 && !reply.ended)
		rc = nl_recvmsgs(h->calls, cb);
	nl_cb_put(cb);
	if (reply.ended)
		return reply.error;
	return rc < 0 ? -EIO : 0;
}

static struct nl_msg *handshake_message(const struct handshake *h, u8 cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, h->family, 0, NLM_F_ACK, cmd, 1))
		mem_out();
	return msg;
}

static void handshake_put(struct nl_msg *msg, int attr, u32 value)
{
	if (nla_put_u32(msg, attr, value) < 0)
		mem_out();
}

int handshake_accept(struct handshake *h, struct handshake_request *req)
{
	struct nl_msg *msg = handshake_message(h, CMD_ACCEPT);
	int rc;

	memset(req, 0, sizeof(*req));
	req->fd = -1;
	handshake_put(msg, A_ACCEPT_HANDLER_CLASS, CLASS_TLSHD);
	rc = handshake_call(h, msg, req);
	if (!rc && req->fd < 0)
		rc = -EBADMSG;
	if (rc && req->fd >= 0)
		close(req->fd);
	return rc;
}

int handshake_done(struct handshake *h, int fd, int error, bool proved)
{
	struct nl_msg *msg = handshake_message(h, CMD_DONE);

	handshake_put(msg, A_DONE_STATUS, (u32)-error);
	handshake_put(msg, A_DONE_SOCKFD, (u32)fd);
	if (!error && proved && h->peer_key)
		handshake_put(msg, A_DONE_REMOTE_AUTH, h->peer_key);
	return handshake_call(h, msg, NULL);
}
