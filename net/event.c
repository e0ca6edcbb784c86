// SPDX-License-Identifier: GPL-2.0-only
/* Events: one multicast message each, to the listeners in the server's network namespace. */
#include <linux/build_bug.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

#include "event.h"
#include "netlink.h"
#include "server.h"

/* The core has names of its own, with the same numbers. */
static_assert(DITTO_EVENT_SHARE_ADDED == (int)DITTO_EVENT_KIND_SHARE_ADDED);
static_assert(DITTO_EVENT_LISTENER_ADDED == (int)DITTO_EVENT_KIND_LISTENER_ADDED);
static_assert(DITTO_EVENT_CLIENT_NEW == (int)DITTO_EVENT_KIND_CLIENT_NEW);
static_assert(DITTO_EVENT_SETTINGS_CHANGED == (int)DITTO_EVENT_KIND_SETTINGS_CHANGED);
static_assert(DITTO_EVENT_PROTOCOL_ADDED == (int)DITTO_EVENT_KIND_PROTOCOL_ADDED);
static_assert(DITTO_EVENT_HELPER_GONE == (int)DITTO_EVENT_KIND_HELPER_GONE);
static_assert(DITTO_EVENT_GRACE_ENDED == (int)DITTO_EVENT_KIND_GRACE_ENDED);
static_assert(DITTO_EVENT_AUTH_REFUSED == (int)DITTO_EVENT_KIND_AUTH_REFUSED);
static_assert(DITTO_EVENT_OFFLOAD_FULL == (int)DITTO_EVENT_KIND_OFFLOAD_FULL);
static_assert(DITTO_EVENT_WORM_REFUSED == (int)DITTO_EVENT_KIND_WORM_REFUSED);
static_assert(DITTO_EVENT_SCAN_FAILED == (int)DITTO_EVENT_KIND_SCAN_FAILED);

static void event_multicast(struct net *net, enum ditto_event_type type, const char *subject,
			    gfp_t gfp)
{
	const struct genl_family *family = ditto_nl_family_get();
	struct sk_buff *msg;
	void *hdr;

	if (!family || !genl_has_listeners(family, net, DITTO_EVENT_GROUP))
		return;

	/* An event is lost without memory, just as when the buffer of a listener is full. */
	msg = genlmsg_new(nla_total_size(sizeof(u32)) + nla_total_size(sizeof(u64)) +
			  (subject ? nla_total_size(strlen(subject) + 1) : 0), gfp);
	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, family, 0, DITTO_CMD_EVENT);
	if (!hdr || nla_put_u32(msg, DITTO_A_EVENT_TYPE, type) ||
	    (subject && nla_put_string(msg, DITTO_A_EVENT_SUBJECT, subject)) ||
	    ditto_nl_put_u64(msg, DITTO_A_EVENT_TIME, ktime_get_real_ns())) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(family, net, msg, 0, DITTO_EVENT_GROUP, gfp);
}

static void event_send(struct ditto_server *srv, enum ditto_event_type type,
		       const char *subject, gfp_t gfp)
{
	struct net *net = ditto_server_hold_net(srv);

	if (!net)
		return;
	event_multicast(net, type, subject, gfp);
	put_net(net);
}

/* True if an event would have a listener. Any context but a hard interrupt. */
bool ditto_event_is_heard(struct ditto_server *srv)
{
	const struct genl_family *family = ditto_nl_family_get();
	struct net *net = family ? ditto_server_hold_net(srv) : NULL;
	bool heard;

	if (!net)
		return false;
	heard = genl_has_listeners(family, net, DITTO_EVENT_GROUP);
	put_net(net);
	return heard;
}

/**
 * ditto_event - send an event to the listeners of the multicast group
 * @srv: the server; the event is sent in its network namespace
 * @type: what happened
 * @subject: name of the share, listener or client; NULL if @type says everything
 *
 * Returns immediately if the group has no listener. An event is lost if there is no memory.
 */
void ditto_event(struct ditto_server *srv, enum ditto_event_type type, const char *subject)
{
	event_send(srv, type, subject, GFP_KERNEL);
}
EXPORT_SYMBOL_NS_GPL(ditto_event, "DITTO");

/* Send an event from a context that cannot sleep. Context: any but a hard interrupt. */
void ditto_event_atomic(struct ditto_server *srv, enum ditto_event_type type,
			const char *subject)
{
	event_send(srv, type, subject, GFP_ATOMIC);
}
