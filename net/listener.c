// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocols and their listeners.
 *
 * Locking, in this order: servers_lock guards the list of servers, so that a protocol that is
 * registered or unregistered reaches all of them; ditto_listeners.announce_lock, one per server,
 * serializes announcements, and is held while a listener goes; ditto_listeners.lock, one per
 * server, guards its listeners and serializes all other calls into protocols for it; protocols_lock
 * guards the list of protocols and the names of their bits.
 *
 * An announcement waits for programs of user space, which may hang. Therefore only removals and
 * other announcements wait for it.
 *
 * A listener's protocol stays while one of the server's locks is held: a protocol that is
 * unregistered first leaves the list, and then closes its listeners under both of each server. So
 * no reference to its module is needed, and the module can be unloaded while it serves.
 */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <kunit/visibility.h>

#include "event.h"
#include "listener.h"
#include "option.h"
#include "peer.h"
#include "server.h"
#include "setting.h"

static DEFINE_MUTEX(servers_lock);
static LIST_HEAD(servers);

static DEFINE_MUTEX(protocols_lock);
static LIST_HEAD(protocols);
/* A name keeps its bit until the module is unloaded, because peers remember protocols by it. */
static char protocol_names[DITTO_PROTOCOLS_MAX][DITTO_PROTOCOL_NAME];

/**
 * struct ditto_listeners - the listeners of one server
 * @srv: the server
 * @announce_lock: see above
 * @lock: see above
 * @list: listeners in the order of their numbers
 * @count: entries of @list
 * @next_id: number of the next listener
 * @link: in the list of servers
 */
struct ditto_listeners {
	struct ditto_server *srv;
	struct mutex announce_lock;	/* see above */
	struct mutex lock;		/* see above */
	struct list_head list;
	unsigned int count;
	u32 next_id;
	struct list_head link;
};

/* "nfs tcp [::]:2049" */
#define LISTENER_TEXT	80

static const char *const transport_names[] = {
	[DITTO_TRANSPORT_TCP] = "tcp",
	[DITTO_TRANSPORT_UDP] = "udp",
};

static const char *listener_text(const struct ditto_listener *listener, char *buf)
{
	snprintf(buf, LISTENER_TEXT, "%s %s %pISpc", listener->protocol->name,
		 transport_names[listener->transport], &listener->addr);
	return buf;
}

static struct ditto_protocol *protocol_find_locked(const char *name)
{
	struct ditto_protocol *protocol;

	lockdep_assert_held(&protocols_lock);
	list_for_each_entry(protocol, &protocols, list)
		if (!strcmp(protocol->name, name))
			return protocol;
	return NULL;
}

const char *ditto_protocol_name(unsigned int bit)
{
	/* A name does not change once it is written. */
	if (bit >= DITTO_PROTOCOLS_MAX || !protocol_names[bit][0])
		return NULL;
	return protocol_names[bit];
}
EXPORT_SYMBOL_NS_GPL(ditto_protocol_name, DITTO);

bool ditto_protocol_loaded(unsigned int bit)
{
	bool loaded = false;

	mutex_lock(&protocols_lock);
	if (ditto_protocol_name(bit))
		loaded = protocol_find_locked(protocol_names[bit]);
	mutex_unlock(&protocols_lock);
	return loaded;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocol_loaded);

static void servers_event(enum ditto_event_type type, const char *subject)
{
	struct ditto_listeners *ls;

	mutex_lock(&servers_lock);
	list_for_each_entry(ls, &servers, link)
		ditto_event(ls->srv, type, subject);
	mutex_unlock(&servers_lock);
}

/* Find or choose the bit of a protocol. */
static int protocol_bit_take(struct ditto_protocol *protocol)
{
	int err = -ENOSPC;

	mutex_lock(&protocols_lock);
	for (unsigned int bit = 0; bit < DITTO_PROTOCOLS_MAX; bit++) {
		char *name = protocol_names[bit];

		if (name[0] && strcmp(name, protocol->name))
			continue;
		strscpy(name, protocol->name, DITTO_PROTOCOL_NAME);
		protocol->bit = bit;
		err = 0;
		break;
	}
	mutex_unlock(&protocols_lock);
	return err;
}

/* Make the options of a protocol known, also to the shares that exist. */
static int protocol_options_register(struct ditto_protocol *protocol)
{
	struct ditto_listeners *ls;
	int err;

	protocol->options.name = protocol->name;
	protocol->options.bit = protocol->bit;
	err = ditto_options_register(&protocol->options);
	if (err)
		return err;
	mutex_lock(&servers_lock);
	list_for_each_entry(ls, &servers, link) {
		if (!ls->srv->options_added)
			continue;
		err = ls->srv->options_added(ls->srv);
		if (err)
			break;
	}
	mutex_unlock(&servers_lock);
	if (err)
		ditto_options_unregister(&protocol->options);
	return err;
}

int ditto_protocol_register(struct ditto_protocol *protocol)
{
	int err;

	if (!protocol->name[0] || strlen(protocol->name) >= DITTO_PROTOCOL_NAME)
		return -EINVAL;
	/* Whoever sees the protocol can change its settings, so they come first. */
	if (protocol->settings.count) {
		protocol->settings.name = protocol->name;
		err = ditto_settings_register(&protocol->settings);
		if (err)
			return err;
	}
	err = protocol_bit_take(protocol);
	if (err)
		goto unregister_settings;
	/* Nothing is served before all shares have the values; a name is registered once. */
	err = protocol_options_register(protocol);
	if (err)
		goto unregister_settings;
	mutex_lock(&protocols_lock);
	list_add_tail(&protocol->list, &protocols);
	mutex_unlock(&protocols_lock);
	servers_event(DITTO_EVENT_PROTOCOL_ADDED, protocol->name);
	return 0;

unregister_settings:
	if (protocol->settings.count)
		ditto_settings_unregister(&protocol->settings);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_protocol_register, DITTO);

/* True for the first listener of each protocol; @seen has the bits of protocols seen before. */
static bool protocol_first(const struct ditto_listener *listener, unsigned long *seen)
{
	return !__test_and_set_bit(listener->protocol->bit, seen);
}

/* Protocols stay: they close their listeners under announce_lock before they go. */
static void listeners_announce_locked(struct ditto_listeners *ls, struct netlink_ext_ack *extack)
{
	const struct ditto_protocol *protocol[DITTO_PROTOCOLS_MAX];
	struct ditto_listener *listener;
	unsigned long seen = 0;
	unsigned int n = 0;

	lockdep_assert_held(&ls->announce_lock);
	mutex_lock(&ls->lock);
	list_for_each_entry(listener, &ls->list, list)
		if (protocol_first(listener, &seen) && listener->protocol->announce)
			protocol[n++] = listener->protocol;
	mutex_unlock(&ls->lock);
	for (unsigned int i = 0; i < n; i++)
		protocol[i]->announce(ls->srv, extack);
}

void ditto_protocols_announce(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;

	if (mutex_lock_killable(&ls->announce_lock))
		return;
	listeners_announce_locked(ls, extack);
	mutex_unlock(&ls->announce_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocols_announce);

static void listener_close_locked(struct ditto_listeners *ls, struct ditto_listener *listener)
{
	char text[LISTENER_TEXT];

	lockdep_assert_held(&ls->lock);
	list_del(&listener->list);
	WRITE_ONCE(ls->count, ls->count - 1);
	listener->protocol->close(listener);
	ditto_event(ls->srv, DITTO_EVENT_LISTENER_REMOVED, listener_text(listener, text));
	kfree(listener);
}

/* Close all listeners of a protocol, or of all protocols for NULL; the youngest first. */
static void listeners_close(struct ditto_listeners *ls, const struct ditto_protocol *protocol)
{
	struct ditto_listener *listener, *next;

	mutex_lock(&ls->announce_lock);
	mutex_lock(&ls->lock);
	list_for_each_entry(listener, &ls->list, list)
		listener->leaving = !protocol || listener->protocol == protocol;
	mutex_unlock(&ls->lock);
	listeners_announce_locked(ls, NULL);
	mutex_lock(&ls->lock);
	list_for_each_entry_safe_reverse(listener, next, &ls->list, list)
		if (listener->leaving)
			listener_close_locked(ls, listener);
	mutex_unlock(&ls->lock);
	mutex_unlock(&ls->announce_lock);
}

void ditto_protocol_unregister(struct ditto_protocol *protocol)
{
	struct ditto_listeners *ls;

	mutex_lock(&protocols_lock);
	list_del(&protocol->list);
	mutex_unlock(&protocols_lock);

	mutex_lock(&servers_lock);
	list_for_each_entry(ls, &servers, link)
		listeners_close(ls, protocol);
	mutex_unlock(&servers_lock);

	ditto_options_unregister(&protocol->options);
	if (protocol->settings.count)
		ditto_settings_unregister(&protocol->settings);
	servers_event(DITTO_EVENT_PROTOCOL_REMOVED, protocol->name);
}
EXPORT_SYMBOL_NS_GPL(ditto_protocol_unregister, DITTO);

static __be16 *sockaddr_port(struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)addr)->sin6_port;
	return &((struct sockaddr_in *)addr)->sin_port;
}

static bool sockaddr_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return a6->sin6_port == b6->sin6_port &&
		       ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr);
	return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

/* Check the number of listeners, and that no other one has the same address. */
static int listener_check_locked(struct ditto_listeners *ls, const struct ditto_listener *new,
				 struct netlink_ext_ack *extack)
{
	struct ditto_listener *other;

	lockdep_assert_held(&ls->lock);
	if (ls->count >= DITTO_LISTENERS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u listeners already", ls->count);
		return -ENOSPC;
	}
	list_for_each_entry(other, &ls->list, list) {
		if (other->transport != new->transport || !sockaddr_same(&other->addr, &new->addr))
			continue;
		NL_SET_ERR_MSG_FMT(extack, "listener %u (%s) is there already",
				   other->id, other->protocol->name);
		return -EADDRINUSE;
	}
	return 0;
}

int ditto_listener_add(struct ditto_server *srv, const char *protocol_name,
		       enum ditto_transport transport, const struct sockaddr_storage *addr,
		       u32 *id, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	struct ditto_protocol *protocol;
	char text[LISTENER_TEXT];
	__be16 *port;
	int err;

	if (addr->ss_family != AF_INET && addr->ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	listener = kzalloc(sizeof(*listener), GFP_KERNEL);
	if (!listener)
		return -ENOMEM;
	listener->srv = srv;
	listener->transport = transport;
	listener->addr = *addr;

	mutex_lock(&ls->lock);
	/*
	 * The protocol stays valid after protocols_lock is dropped: ditto_protocol_unregister()
	 * takes the server's lock before it returns.
	 */
	mutex_lock(&protocols_lock);
	protocol = protocol_find_locked(protocol_name);
	mutex_unlock(&protocols_lock);
	if (!protocol) {
		NL_SET_ERR_MSG_FMT(extack, "protocol %.15s is not loaded; modprobe ditto_%.15s",
				   protocol_name, protocol_name);
		err = -EPROTONOSUPPORT;
		goto fail;
	}
	if (!(protocol->transports & BIT(transport))) {
		NL_SET_ERR_MSG_FMT(extack, "protocol %.15s is not served over %s",
				   protocol_name, transport_names[transport]);
		err = -EOPNOTSUPP;
		goto fail;
	}
	listener->protocol = protocol;
	port = sockaddr_port(&listener->addr);
	if (!*port)
		*port = htons(protocol->default_port);
	err = listener_check_locked(ls, listener, extack);
	if (err)
		goto fail;
	listener->id = ls->next_id;
	err = protocol->listen(listener, extack);
	if (err)
		goto fail;
	ls->next_id++;
	WRITE_ONCE(ls->count, ls->count + 1);
	list_add_tail(&listener->list, &ls->list);
	*id = listener->id;
	ditto_event(srv, DITTO_EVENT_LISTENER_ADDED, listener_text(listener, text));
	mutex_unlock(&ls->lock);
	/* Only now, so that other programs learn of ports that belong to this server. */
	ditto_protocols_announce(srv, extack);
	return 0;

fail:
	mutex_unlock(&ls->lock);
	kfree(listener);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_listener_add);

static struct ditto_listener *listener_find_locked(struct ditto_listeners *ls, u32 id)
{
	struct ditto_listener *listener;

	lockdep_assert_held(&ls->lock);
	list_for_each_entry(listener, &ls->list, list)
		if (listener->id == id)
			return listener;
	return NULL;
}

int ditto_listener_del(struct ditto_server *srv, u32 id, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	bool found;

	if (mutex_lock_killable(&ls->announce_lock))
		return -EINTR;
	mutex_lock(&ls->lock);
	listener = listener_find_locked(ls, id);
	found = listener;
	if (found)
		listener->leaving = true;
	mutex_unlock(&ls->lock);
	if (found) {
		/* It stays: whoever removes it needs announce_lock. */
		listeners_announce_locked(ls, NULL);
		mutex_lock(&ls->lock);
		listener_close_locked(ls, listener);
		mutex_unlock(&ls->lock);
	}
	mutex_unlock(&ls->announce_lock);
	if (found)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "there is no listener %u", id);
	return -ENOENT;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_listener_del);

int ditto_listener_for_each(struct ditto_server *srv, u32 from,
			    int (*fn)(struct ditto_listener *listener, void *arg), void *arg)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	int ret = 0;

	/* The holder of the mutex may be draining a listener for half a minute. */
	if (mutex_lock_killable(&ls->lock))
		return -EINTR;
	list_for_each_entry(listener, &ls->list, list) {
		if (listener->id < from)
			continue;
		ret = fn(listener, arg);
		if (ret)
			break;
	}
	mutex_unlock(&ls->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_listener_for_each, DITTO);

unsigned int ditto_protocols_disconnect(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	unsigned int closed = 0;
	unsigned long seen = 0;

	mutex_lock(&ls->lock);
	list_for_each_entry(listener, &ls->list, list)
		if (protocol_first(listener, &seen) && listener->protocol->disconnect)
			closed += listener->protocol->disconnect(srv, peer);
	mutex_unlock(&ls->lock);
	return closed;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocols_disconnect);

bool ditto_server_listens(const struct ditto_server *srv)
{
	const struct ditto_listeners *ls = srv->listeners;

	return ls && READ_ONCE(ls->count);
}

unsigned int ditto_protocols_connections(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	unsigned int count = 0;
	unsigned long seen = 0;

	/* A caller that was killed does not use the result. */
	if (mutex_lock_killable(&ls->lock))
		return 0;
	list_for_each_entry(listener, &ls->list, list)
		if (protocol_first(listener, &seen) && listener->protocol->connections)
			count += listener->protocol->connections(srv, peer);
	mutex_unlock(&ls->lock);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocols_connections);

int ditto_protocols_settings_changed(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	unsigned long seen = 0;
	int err, first = 0;

	mutex_lock(&ls->lock);
	list_for_each_entry(listener, &ls->list, list) {
		if (!protocol_first(listener, &seen) || !listener->protocol->settings_changed)
			continue;
		err = listener->protocol->settings_changed(srv);
		if (!err || first)
			continue;
		first = err;
		NL_SET_ERR_MSG_FMT(extack, "protocol %.15s cannot take the settings: error %d",
				   listener->protocol->name, -err);
	}
	mutex_unlock(&ls->lock);
	return first;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocols_settings_changed);

int ditto_protocol_with(struct ditto_server *srv, unsigned int bit,
			int (*fn)(struct ditto_server *srv, const struct ditto_protocol *protocol,
				  void *arg), void *arg)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	int ret = -EPROTONOSUPPORT;

	mutex_lock(&ls->lock);
	list_for_each_entry(listener, &ls->list, list) {
		if (listener->protocol->bit != bit)
			continue;
		ret = fn(srv, listener->protocol, arg);
		break;
	}
	mutex_unlock(&ls->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_protocol_with);

int ditto_listeners_init(struct ditto_server *srv)
{
	struct ditto_listeners *ls = kzalloc(sizeof(*ls), GFP_KERNEL);

	if (!ls)
		return -ENOMEM;
	ls->srv = srv;
	mutex_init(&ls->announce_lock);
	mutex_init(&ls->lock);
	INIT_LIST_HEAD(&ls->list);
	ls->next_id = 1;
	srv->listeners = ls;
	mutex_lock(&servers_lock);
	list_add_tail(&ls->link, &servers);
	mutex_unlock(&servers_lock);
	ditto_peers_start(srv, ditto_protocols_connections);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_listeners_init);

void ditto_listeners_exit(struct ditto_server *srv)
{
	struct ditto_listeners *ls = srv->listeners;

	if (!ls)
		return;
	mutex_lock(&servers_lock);
	list_del(&ls->link);
	mutex_unlock(&servers_lock);
	listeners_close(ls, NULL);
	ditto_peers_stop(srv);
	srv->listeners = NULL;
	mutex_destroy(&ls->lock);
	mutex_destroy(&ls->announce_lock);
	kfree(ls);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_listeners_exit);
