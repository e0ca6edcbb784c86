// SPDX-License-Identifier: GPL-2.0-only
/*
 * The permanent netlink connections to ditto.ko. All functions run in the thread of the event
 * loop.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "auth/auth.h"
#include "auth/auth_call.h"
#include "channel.h"
#include "ditto-nl-gen.h"
#include "daemon/log.h"
#include "mem.h"
#include "daemon/upcall.h"

/* Bytes; must hold the requests of a thousand clients that arrive at the same time. */
#define RECEIVE_BUFFER	(1024 * 1024)
/* Bytes; must hold the longest answer. */
#define SEND_BUFFER	(512 * 1024)

/**
 * struct channel - the connections
 * @query: for synchronous queries about families
 * @helper: registered as the helper; receives upcalls
 * @events: receives events of the family, and of the controller about families
 * @helper_cb: libnl's handlers for messages on @helper
 * @events_cb: libnl's handlers for messages on @events
 * @services: services that process upcalls
 * @logins: auth_changes() at the last registration
 * @other_version: the server speaks another version of the protocol, and this was logged
 * @register_seq: sequence number of the last registration
 * @refused: it was refused
 * @ops: callbacks to the owner
 * @arg: argument of @ops
 */
struct channel {
	struct conn query;
	struct conn helper;
	struct conn events;
	struct nl_cb *helper_cb;
	struct nl_cb *events_cb;
	const struct upcall_services *services;
	unsigned int logins;
	bool other_version;
	u32 register_seq;
	bool refused;
	const struct channel_ops *ops;
	void *arg;
};

static void send_registration(struct channel *ch)
{
	struct nl_msg *msg = conn_message(&ch->helper, DITTO_CMD_HELPER_REGISTER);
	size_t len = 0;
	u8 *hello;
	int rc;

	ch->logins = auth_changes(ch->services->auth);
	hello = auth_hello(ch->services->auth, &len);
	if (hello)
		msg_put(msg, DITTO_A_STATE_AUTH_HELLO, hello, len);
	free(hello);
	msg_put_number(msg, &spec_state_set, DITTO_A_STATE_KINDS, UPCALL_KINDS);
	nl_complete_msg(ch->helper.sock, msg);
	ch->register_seq = nlmsg_hdr(msg)->nlmsg_seq;
	ch->refused = false;
	rc = conn_post(&ch->helper, msg);
	if (rc)
		log_error("cannot register as the helper: %s", strerror(-rc));
}

static void go_down(struct channel *ch)
{
	if (!ch->helper.family)
		return;
	/* The multicast group disappeared with the family. */
	ch->helper.family = 0;
	ch->events.family = 0;
	log_notice("ditto.ko is gone");
	ch->ops->down(ch->arg);
}

void channel_check(struct channel *ch)
{
	int rc = conn_find_family(&ch->query);

	if (rc == -CONN_OTHER_VERSION && !ch->other_version)
		log_error("%s", ch->query.why.text);
	ch->other_version = rc == -CONN_OTHER_VERSION;
	if (rc) {
		go_down(ch);
		return;
	}
	if (ch->query.family == ch->helper.family)
		return;
	rc = nl_socket_add_membership(ch->events.sock, ch->query.events);
	if (rc < 0)
		log_error("cannot receive events: %s", nl_geterror(rc));
	ch->helper.family = ch->query.family;
	ch->events.family = ch->query.family;
	send_registration(ch);
	ch->ops->up(ch->arg);
}

void channel_hello(struct channel *ch)
{
	if (ch->helper.family && ch->logins != auth_changes(ch->services->auth))
		send_registration(ch);
}

static void on_state(struct channel *ch, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_STATE_MAX + 1];

	if (msg_parse(msg, &spec_state_set, tb) || !tb[DITTO_A_STATE_INSTANCE] ||
	    !tb[DITTO_A_STATE_EPOCH]) {
		log_error("this version of ditto.ko does not take records");
		return;
	}
	ch->ops->registered(ch->arg, nla_get_u64(tb[DITTO_A_STATE_INSTANCE]),
			    nla_get_u64(tb[DITTO_A_STATE_EPOCH]));
}

static int on_request(struct nl_msg *msg, void *arg)
{
	struct channel *ch = arg;

	if (nlmsg_hdr(msg)->nlmsg_type != ch->helper.family)
		return NL_OK;
	switch (genlmsg_hdr(nlmsg_hdr(msg))->cmd) {
	case DITTO_CMD_UPCALL:
		upcall_take(&ch->helper, ch->services, msg);
		break;
	case DITTO_CMD_HELPER_REGISTER:
		on_state(ch, msg);
		break;
	}
	return NL_OK;
}

static int on_registered(struct nl_msg *msg, void *arg)
{
	struct channel *ch = arg;

	if (nlmsg_hdr(msg)->nlmsg_seq == ch->register_seq)
		log_info("registered as the helper");
	return NL_OK;
}

static int on_refused(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	const struct nlmsghdr *hdr = (const struct nlmsghdr *)err - 1;
	struct channel *ch = arg;
	struct nlmsghdr *request = &err->msg;
	struct extack ack;
	struct why why;

	(void)from;
	/* Replies that arrive late are refused; that is not worth a message. */
	if (hdr->nlmsg_seq != ch->register_seq)
		return NL_SKIP;
	ch->refused = true;
	extack_read(hdr, request, NULL, &ack);
	extack_words(&ack, -err->error, &why);
	log_error("cannot register as the helper: %s", why.text);
	return NL_SKIP;
}

static void on_family(struct channel *ch, struct nl_msg *msg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	u8 cmd = genlmsg_hdr(nlmsg_hdr(msg))->cmd;

	if ((cmd != CTRL_CMD_NEWFAMILY && cmd != CTRL_CMD_DELFAMILY) ||
	    genlmsg_parse(nlmsg_hdr(msg), 0, tb, CTRL_ATTR_MAX, NULL) < 0 ||
	    !tb[CTRL_ATTR_FAMILY_NAME] ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], DITTO_FAMILY_NAME))
		return;
	/* If the family is present again, it is a new instance. */
	if (cmd == CTRL_CMD_DELFAMILY)
		go_down(ch);
	channel_check(ch);
}

static void on_ditto_event(struct channel *ch, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_EVENT_MAX + 1];

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd != DITTO_CMD_EVENT ||
	    msg_parse(msg, &spec_event_set, tb) || !tb[DITTO_A_EVENT_TYPE])
		return;
	switch (nla_get_u32(tb[DITTO_A_EVENT_TYPE])) {
	case DITTO_EVENT_KIND_PROTOCOL_ADDED:
		ch->ops->protocol(ch->arg);
		break;
	case DITTO_EVENT_KIND_PROTOCOL_REMOVED:
		ch->ops->protocol_gone(ch->arg);
		break;
	case DITTO_EVENT_KIND_SHARE_ADDED:
	case DITTO_EVENT_KIND_SHARE_CHANGED:
		ch->ops->shares(ch->arg);
		ch->ops->changed(ch->arg);
		break;
	case DITTO_EVENT_KIND_LISTENER_ADDED:
	case DITTO_EVENT_KIND_LISTENER_REMOVED:
	case DITTO_EVENT_KIND_SETTINGS_CHANGED:
		ch->ops->changed(ch->arg);
		break;
	case DITTO_EVENT_KIND_SHARE_REMOVED:
		if (tb[DITTO_A_EVENT_SUBJECT])
			ch->ops->share_removed(ch->arg, nla_get_string(tb[DITTO_A_EVENT_SUBJECT]));
		ch->ops->changed(ch->arg);
		break;
	case DITTO_EVENT_KIND_HELPER_GONE:
		/* Another helper had registered after us, and has ended. */
		send_registration(ch);
		break;
	}
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct channel *ch = arg;

	if (nlmsg_hdr(msg)->nlmsg_type == GENL_ID_CTRL)
		on_family(ch, msg);
	else if (nlmsg_hdr(msg)->nlmsg_type == ch->events.family)
		on_ditto_event(ch, msg);
	return NL_OK;
}

static int accept_any(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static struct nl_cb *make_cb(int (*valid)(struct nl_msg *msg, void *arg), struct channel *ch)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		mem_out();
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, valid, ch);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_registered, ch);
	nl_cb_err(cb, NL_CB_CUSTOM, on_refused, ch);
	/* Received messages are not replies to the last sent message. */
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, accept_any, NULL);
	return cb;
}

static bool open_standing(struct conn *c, struct why *why)
{
	if (conn_open(c)) {
		*why = c->why;
		return false;
	}
	nl_socket_set_nonblocking(c->sock);
	conn_set_buffers(c, RECEIVE_BUFFER, SEND_BUFFER);
	return true;
}

struct channel *channel_open(const struct upcall_services *services,
			     const struct channel_ops *ops, void *arg, struct why *why)
{
	struct channel *ch = mem_new(sizeof(*ch));
	int rc;

	ch->services = services;
	ch->ops = ops;
	ch->arg = arg;
	if (conn_open(&ch->query)) {
		*why = ch->query.why;
		free(ch);
		return NULL;
	}
	if (!open_standing(&ch->helper, why) || !open_standing(&ch->events, why)) {
		channel_close(ch);
		return NULL;
	}
	ch->helper_cb = make_cb(on_request, ch);
	ch->events_cb = make_cb(on_event, ch);
	/* The group "notify" of the controller has the controller's family id as its number. */
	rc = nl_socket_add_membership(ch->events.sock, GENL_ID_CTRL);
	if (rc < 0)
		log_warning("cannot be notified when ditto.ko is loaded: %s", nl_geterror(rc));
	return ch;
}

void channel_close(struct channel *ch)
{
	conn_close(&ch->query);
	conn_close(&ch->helper);
	conn_close(&ch->events);
	if (ch->helper_cb)
		nl_cb_put(ch->helper_cb);
	if (ch->events_cb)
		nl_cb_put(ch->events_cb);
	free(ch);
}

bool channel_is_up(const struct channel *ch)
{
	return ch->helper.family;
}

int channel_helper_fd(const struct channel *ch)
{
	return nl_socket_get_fd(ch->helper.sock);
}

int channel_events_fd(const struct channel *ch)
{
	return nl_socket_get_fd(ch->events.sock);
}

/* Receive one batch of messages. Returns false if messages were lost. */
static bool channel_receive(struct conn *c, struct nl_cb *cb)
{
	int rc = nl_recvmsgs(c->sock, cb);

	if (rc < 0 && rc != -NLE_AGAIN && rc != -NLE_NOMEM && rc != -NLE_INTR)
		log_warning("netlink: %s", nl_geterror(rc));
	/* libnl reports ENOBUFS as this */
	return rc != -NLE_NOMEM;
}

void channel_helper_ready(struct channel *ch)
{
	/* The kernel ends a lost request at its deadline. */
	if (!channel_receive(&ch->helper, ch->helper_cb))
		log_warning("requests of the kernel were lost");
}

void channel_events_ready(struct channel *ch)
{
	if (channel_receive(&ch->events, ch->events_cb))
		return;
	log_warning("events were lost: looking at everything anew");
	channel_check(ch);
	if (!channel_is_up(ch))
		return;
	/* Another helper, because of which this one was refused, may have ended. */
	if (ch->refused)
		send_registration(ch);
	ch->ops->up(ch->arg);
}
