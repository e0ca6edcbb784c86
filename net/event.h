/* SPDX-License-Identifier: GPL-2.0-only */
/* Events for the multicast group "events". */
#ifndef _DITTO_NET_EVENT_H
#define _DITTO_NET_EVENT_H

struct ditto_listener;
struct ditto_peer;
struct ditto_server;
struct ditto_share;

/* The values match the netlink enum "event-kind". */
enum ditto_event_type {
	DITTO_EVENT_SHARE_ADDED,
	DITTO_EVENT_SHARE_CHANGED,
	DITTO_EVENT_SHARE_REMOVED,
	DITTO_EVENT_LISTENER_ADDED,
	DITTO_EVENT_LISTENER_REMOVED,
	DITTO_EVENT_CLIENT_NEW,
	DITTO_EVENT_CLIENT_DISCONNECTED,
	DITTO_EVENT_SETTINGS_CHANGED,
	DITTO_EVENT_PROTOCOL_ADDED,
	DITTO_EVENT_PROTOCOL_REMOVED,
	DITTO_EVENT_HELPER_CONNECTED,
	DITTO_EVENT_HELPER_GONE,
	DITTO_EVENT_LOCK_CONFLICT,
	DITTO_EVENT_LOCK_BREAK,
	DITTO_EVENT_LOCK_REVOKED,
	DITTO_EVENT_LOCK_CLIENT_RELEASED,
	DITTO_EVENT_GRACE_STARTED,
	DITTO_EVENT_GRACE_ENDED,
	DITTO_EVENT_SESSION_OPENED,
	DITTO_EVENT_SESSION_CLOSED,
	DITTO_EVENT_AUTH_REFUSED,
	DITTO_EVENT_OFFLOAD_RELEASED,
	DITTO_EVENT_OFFLOAD_RESIDENT,
	DITTO_EVENT_OFFLOAD_FAILED,
	DITTO_EVENT_OFFLOAD_FULL,
	DITTO_EVENT_WORM_REFUSED,
	DITTO_EVENT_SCAN_REFUSED,
	DITTO_EVENT_SCAN_FAILED,
};

/* The group of these events, which is the first of the family. */
#define DITTO_EVENT_GROUP	0

bool ditto_event_is_heard(struct ditto_server *srv);
void ditto_event(struct ditto_server *srv, enum ditto_event_type type, const char *subject);
void ditto_event_atomic(struct ditto_server *srv, enum ditto_event_type type,
			const char *subject);

#endif
