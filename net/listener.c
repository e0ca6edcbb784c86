// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocols and their listeners.
 *
 * Locking, in this order: servers_lock guards the list of servers, so that a protocol that is
 * registered or unregistered reaches all of them, and is not held while anything is waited for,
 * because namespaces that begin and end take it; ditto_listeners.announce_lock, one per server,
 * serializes announcements, and is held while a listener goes; ditto_listeners.change_lock, one per
 * server, is held while a protocol starts or stops to serve a listener or applies settings;
 * ditto_listeners.list_lock, one per server, guards the list of its listeners, which changes with
 * change_lock held too; protocols_lock guards the list of protocols and the names of their bits.
 *
 * An announcement waits for programs of user space, which may hang. Therefore only removals and
 * other announcements wait for it. A listener that stops waits for requests, and these for file
 * systems, which may hang. Therefore only changes wait for change_lock. Nothing is waited for under
 * list_lock and protocols_lock.
 *
 * All other calls into a protocol are made without a lock, in parallel, by users of one of its
 * listeners, also while it stops. A listener that has stopped leaves the list, so that it gets no
 * more users, and waits for those that it has. A user may wait for a file system, and takes only
 * list_lock of the above; lockdep knows the wait for users by listener_users_map.
 *
 * A protocol stays while one of its listeners has a user, or while announce_lock or change_lock is
 * held: a protocol that is unregistered first leaves the list, and then closes its listeners under
 * both of each server. So no reference to its module is needed, and the module can be unloaded
 * while it serves.
 */
#include <linux/completion.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "event.h"
#include "listener.h"
#include "option.h"
#include "peer.h"
#include "server.h"
#include "setting.h"
#include "version.h"

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
 * @change_lock: see above
 * @list_lock: see above
 * @list: listeners in the order of their numbers
 * @count: entries of @list
 * @next_id: number of the next listener
 * @link: in the list of servers
 */
struct ditto_listeners {
	struct ditto_server *srv;
	struct mutex announce_lock;	/* see above */
	struct mutex change_lock;	/* see above */
	struct mutex list_lock;		/* see above */
	struct list_head list;
	unsigned int count;
	u32 next_id;
	struct list_head link;
};

#ifdef CONFIG_LOCKDEP
/* Held for reading by the users of listeners, and for writing by a wait for them. */
static struct lockdep_map listener_users_map =
	STATIC_LOCKDEP_MAP_INIT("ditto_listener_users", &listener_users_map);
#endif

/* "nfs tcp [::]:2049" */
#define LISTENER_TEXT	80

static const char *const transport_names[] = {
	[DITTO_TRANSPORT_TCP] = "tcp",
	[DITTO_TRANSPORT_UDP] = "udp",
	[DITTO_TRANSPORT_RDMA] = "rdma",
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

/* Name of the protocol with a bit of ditto_peer.protocols, or NULL. It outlives the module. */
const char *ditto_protocol_name(unsigned int bit)
{
	/* A name does not change once it is written. */
	if (bit >= DITTO_PROTOCOLS_MAX || !protocol_names[bit][0])
		return NULL;
	return protocol_names[bit];
}

/* True if the protocol with this bit is registered now. May sleep. */
bool ditto_protocol_loaded(unsigned int bit)
{
	bool loaded = false;

	mutex_lock(&protocols_lock);
	if (ditto_protocol_name(bit))
		loaded = protocol_find_locked(protocol_names[bit]);
	mutex_unlock(&protocols_lock);
	return loaded;
}

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

const char ditto_core_version[] = DITTO_VERSION;
EXPORT_SYMBOL_NS_GPL(ditto_core_version, "DITTO");

/**
 * ditto_protocol_register - register a protocol
 * @protocol: the protocol; its @bit is set
 *
 * Return: 0, -EEXIST if its name or the name of one of its settings or options is registered,
 * -EINVAL for an empty or too long name, -ENOSPC if DITTO_PROTOCOLS_MAX other names have been used
 * since boot, -ENOMEM.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_protocol_register, "DITTO");

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
	mutex_lock(&ls->list_lock);
	list_for_each_entry(listener, &ls->list, list)
		if (protocol_first(listener, &seen) && listener->protocol->announce)
			protocol[n++] = listener->protocol;
	mutex_unlock(&ls->list_lock);
	for (unsigned int i = 0; i < n; i++)
		protocol[i]->announce(ls->srv, extack);
}

/*
 * Let all protocols that listen tell other programs about it again. @extack: gets a warning; may be
 * NULL. The programs may have been restarted and have lost it. Nothing is announced if the caller
 * is killed while it waits for another announcement. Context: for as long as the other programs
 * take. No lock is held.
 */
void ditto_protocols_announce(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;

	if (mutex_lock_killable(&ls->announce_lock))
		return;
	listeners_announce_locked(ls, extack);
	mutex_unlock(&ls->announce_lock);
}

/*
 * Become a user of the first listener with a number from @from on whose protocol has a bit in
 * @protocols. Return: the listener, for listener_leave(), or NULL.
 */
static struct ditto_listener *listener_enter(struct ditto_listeners *ls, u32 from,
					     unsigned long protocols)
{
	struct ditto_listener *listener, *found = NULL;

	mutex_lock(&ls->list_lock);
	list_for_each_entry(listener, &ls->list, list) {
		if (listener->id < from || !(protocols & BIT(listener->protocol->bit)))
			continue;
		refcount_inc(&listener->users);
		found = listener;
		break;
	}
	mutex_unlock(&ls->list_lock);
	if (found)
		lock_map_acquire_read(&listener_users_map);
	return found;
}

/* The same for the first listener of the next protocol that is not in @seen, and add that. */
static struct ditto_listener *listener_enter_unseen(struct ditto_listeners *ls,
						    unsigned long *seen)
{
	struct ditto_listener *listener = listener_enter(ls, 0, ~*seen);

	if (listener)
		__set_bit(listener->protocol->bit, seen);
	return listener;
}

static void listener_leave(struct ditto_listener *listener)
{
	lock_map_release(&listener_users_map);
	if (refcount_dec_and_test(&listener->users))
		complete(&listener->unused);
}

/* Wait for the users of a listener that is on no list. */
static void listener_wait_unused(struct ditto_listener *listener)
{
	lock_map_acquire(&listener_users_map);
	lock_map_release(&listener_users_map);
	if (!refcount_dec_and_test(&listener->users))
		wait_for_completion(&listener->unused);
}

static void listener_close_locked(struct ditto_listeners *ls, struct ditto_listener *listener)
{
	char text[LISTENER_TEXT];

	lockdep_assert_held(&ls->change_lock);
	WRITE_ONCE(ls->count, ls->count - 1);
	/* It stays on the list, because the administrator may look what it waits for. */
	listener->protocol->close(listener);
	mutex_lock(&ls->list_lock);
	list_del(&listener->list);
	mutex_unlock(&ls->list_lock);
	listener_wait_unused(listener);
	ditto_event(ls->srv, DITTO_EVENT_LISTENER_REMOVED, listener_text(listener, text));
	put_net(ls->srv->net);
	kfree(listener);
}

/* Close all listeners of a protocol, or of all protocols for NULL; the youngest first. */
static void listeners_close(struct ditto_listeners *ls, const struct ditto_protocol *protocol)
{
	struct ditto_listener *listener, *next;

	mutex_lock(&ls->announce_lock);
	mutex_lock(&ls->change_lock);
	list_for_each_entry(listener, &ls->list, list)
		listener->leaving = !protocol || listener->protocol == protocol;
	mutex_unlock(&ls->change_lock);
	listeners_announce_locked(ls, NULL);
	mutex_lock(&ls->change_lock);
	list_for_each_entry_safe_reverse(listener, next, &ls->list, list)
		if (listener->leaving)
			listener_close_locked(ls, listener);
	mutex_unlock(&ls->change_lock);
	mutex_unlock(&ls->announce_lock);
}

/*
 * Go on to the next server whose namespace is not ending, and hold that; @ls is let go. NULL begins
 * and ends the walk. A server that is made during the walk is met, or has nothing of a protocol
 * that was off the list before.
 */
static struct ditto_listeners *server_next(struct ditto_listeners *ls)
{
	struct ditto_listeners *last = ls, *next = NULL;

	mutex_lock(&servers_lock);
	ls = list_prepare_entry(ls, &servers, link);
	list_for_each_entry_continue(ls, &servers, link) {
		if (!maybe_get_net(ls->srv->net))
			continue;
		next = ls;
		break;
	}
	mutex_unlock(&servers_lock);
	if (last)
		put_net(last->srv->net);
	return next;
}

/**
 * ditto_protocol_unregister - unregister a protocol and close its listeners in all namespaces
 * @protocol: the protocol; none of its operations runs when the function returns
 *
 * The module calls this before unregister_pernet_subsys(), under whose lock no other module can be
 * loaded and no namespace made, and waits for the ends of its servers after that: so a wait for a
 * disk holds up nobody else.
 *
 * Context: may sleep, for the drain setting of each listener, and until all operations have
 * returned.
 */
void ditto_protocol_unregister(struct ditto_protocol *protocol)
{
	struct ditto_listeners *ls;

	mutex_lock(&protocols_lock);
	list_del(&protocol->list);
	mutex_unlock(&protocols_lock);

	for (ls = server_next(NULL); ls; ls = server_next(ls))
		listeners_close(ls, protocol);

	ditto_options_unregister(&protocol->options);
	if (protocol->settings.count)
		ditto_settings_unregister(&protocol->settings);
	servers_event(DITTO_EVENT_PROTOCOL_REMOVED, protocol->name);
}
EXPORT_SYMBOL_NS_GPL(ditto_protocol_unregister, "DITTO");

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

	lockdep_assert_held(&ls->change_lock);
	if (ls->count >= DITTO_LISTENERS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u listeners already", ls->count);
		return -ENOSPC;
	}
	list_for_each_entry(other, &ls->list, list) {
		if (other->transport != new->transport || !sockaddr_same(&other->addr, &new->addr))
			continue;
		NL_SET_ERR_MSG_FMT(extack, "listener %u (%s) is there already",
				   other->id, other->protocol->name);
		return other->protocol == new->protocol ? -EEXIST : -EADDRINUSE;
	}
	return 0;
}

/*
 * Add a listener and start to serve it. Return: 0; -EAFNOSUPPORT for another address family;
 * -EPROTONOSUPPORT if the protocol is not loaded; -EOPNOTSUPP for a transport that the protocol
 * does not serve; -ENOSPC; -EEXIST if the protocol has this listener; -EADDRINUSE; -ENOKEY before
 * the key of file handles is set; -ENOMEM; or an error of the protocol.
 */
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
	/* Handles that clients get must outlive the server. Pairs with ditto_shares_set_key(). */
	if (!smp_load_acquire(&srv->handle_key_set)) {
		NL_SET_ERR_MSG(extack, "the key of file handles is missing, which dittod gives");
		return -ENOKEY;
	}
	listener = kzalloc(sizeof(*listener), GFP_KERNEL);
	if (!listener)
		return -ENOMEM;
	listener->srv = srv;
	listener->transport = transport;
	listener->addr = *addr;
	refcount_set(&listener->users, 1);
	init_completion(&listener->unused);

	mutex_lock(&ls->change_lock);
	/*
	 * The protocol stays valid after protocols_lock is dropped: ditto_protocol_unregister()
	 * takes the server's lock before it returns.
	 */
	mutex_lock(&protocols_lock);
	protocol = protocol_find_locked(protocol_name);
	mutex_unlock(&protocols_lock);
	if (!protocol) {
		NL_SET_ERR_MSG_FMT(extack, "protocol %.15s is not loaded", protocol_name);
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
		*port = htons(transport == DITTO_TRANSPORT_RDMA ? protocol->rdma_port :
								  protocol->default_port);
	err = listener_check_locked(ls, listener, extack);
	if (err)
		goto fail;
	listener->id = ls->next_id;
	err = protocol->listen(listener, extack);
	if (err)
		goto fail;
	ls->next_id++;
	WRITE_ONCE(ls->count, ls->count + 1);
	/* The protocol's reference ends when it has stopped, but there may be users then. */
	get_net(srv->net);
	mutex_lock(&ls->list_lock);
	list_add_tail(&listener->list, &ls->list);
	mutex_unlock(&ls->list_lock);
	*id = listener->id;
	ditto_event(srv, DITTO_EVENT_LISTENER_ADDED, listener_text(listener, text));
	mutex_unlock(&ls->change_lock);
	/* Only now, so that other programs learn of ports that belong to this server. */
	ditto_protocols_announce(srv, extack);
	return 0;

fail:
	mutex_unlock(&ls->change_lock);
	kfree(listener);
	return err;
}

/* Find a listener that the caller keeps: whoever removes it needs announce_lock. */
static struct ditto_listener *listener_find(struct ditto_listeners *ls, u32 id)
{
	struct ditto_listener *listener, *found = NULL;

	lockdep_assert_held(&ls->announce_lock);
	mutex_lock(&ls->list_lock);
	list_for_each_entry(listener, &ls->list, list)
		if (listener->id == id)
			found = listener;
	mutex_unlock(&ls->list_lock);
	return found;
}

/*
 * Close and remove a listener. Context: for the drain setting, and until calls into its protocol
 * have returned that found it. Return: 0 or -ENOENT.
 */
int ditto_listener_del(struct ditto_server *srv, u32 id, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;

	if (mutex_lock_killable(&ls->announce_lock))
		return -EINTR;
	listener = listener_find(ls, id);
	if (listener) {
		listener->leaving = true;
		listeners_announce_locked(ls, NULL);
		mutex_lock(&ls->change_lock);
		listener_close_locked(ls, listener);
		mutex_unlock(&ls->change_lock);
	}
	mutex_unlock(&ls->announce_lock);
	if (listener)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "there is no listener %u", id);
	return -ENOENT;
}

/*
 * Call a function for the listeners in the order of their numbers. @fn: called without a lock; the
 * listener and its protocol stay while it runs; a value other than 0 ends the walk. A listener that
 * is stopping is among them until it has stopped. Context: waits for nothing. Return: 0 or the
 * value with which @fn ended the walk.
 */
int ditto_listener_for_each(struct ditto_server *srv, u32 from,
			    int (*fn)(struct ditto_listener *listener, void *arg), void *arg)
{
	struct ditto_listener *listener;
	int ret = 0;

	while (!ret && (listener = listener_enter(srv->listeners, from, ~0UL))) {
		ret = fn(listener, arg);
		from = listener->id + 1;
		listener_leave(listener);
	}
	return ret;
}

/*
 * Close all connections of a peer in all protocols. Only protocols that have a listener on @srv are
 * asked. Context: for as long as the protocols take. Return: the number of connections closed.
 */
unsigned int ditto_protocols_disconnect(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct ditto_listener *listener;
	unsigned int closed = 0;
	unsigned long seen = 0;

	while ((listener = listener_enter_unseen(srv->listeners, &seen))) {
		if (listener->protocol->disconnect)
			closed += listener->protocol->disconnect(srv, peer);
		listener_leave(listener);
	}
	return closed;
}

/*
 * Tell whether clients can reach the server. Context: any. Return: false before the first listener
 * was added and after the last one was removed.
 */
bool ditto_server_listens(const struct ditto_server *srv)
{
	const struct ditto_listeners *ls = srv->listeners;

	return ls && READ_ONCE(ls->count);
}

/*
 * Count the connections of a peer in all protocols. @peer: the peer, or NULL to count the
 * connections of all peers. Context: waits for nothing. Return: the number of connections.
 */
unsigned int ditto_protocols_connections(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct ditto_listener *listener;
	unsigned int count = 0;
	unsigned long seen = 0;

	while ((listener = listener_enter_unseen(srv->listeners, &seen))) {
		if (listener->protocol->connections)
			count += listener->protocol->connections(srv, peer);
		listener_leave(listener);
	}
	return count;
}

/*
 * Let all protocols apply changed settings. @extack: filled on error; may be NULL. All protocols
 * are called, even if some cannot apply the settings. Context: waits for listeners that start or
 * stop. Return: 0 or the first error of a protocol, which is also the one in @extack.
 */
int ditto_protocols_settings_changed(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	struct ditto_listeners *ls = srv->listeners;
	struct ditto_listener *listener;
	unsigned long seen = 0;
	int err, first = 0;

	mutex_lock(&ls->change_lock);
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
	mutex_unlock(&ls->change_lock);
	return first;
}

/*
 * Call a function for a protocol that has a listener on the server. @fn: called without a lock; the
 * protocol stays while it runs. Calls run in parallel with each other, and with the start and stop
 * of listeners. Context: for as long as @fn takes. Return: the value that @fn returned, or
 * -EPROTONOSUPPORT if the protocol has no listener.
 */
int ditto_protocol_with(struct ditto_server *srv, unsigned int bit,
			int (*fn)(struct ditto_server *srv, const struct ditto_protocol *protocol,
				  void *arg), void *arg)
{
	struct ditto_listener *listener = listener_enter(srv->listeners, 0, BIT(bit));
	int ret;

	if (!listener)
		return -EPROTONOSUPPORT;
	ret = fn(srv, listener->protocol, arg);
	listener_leave(listener);
	return ret;
}

int ditto_listeners_init(struct ditto_server *srv)
{
	struct ditto_listeners *ls = kzalloc(sizeof(*ls), GFP_KERNEL);

	if (!ls)
		return -ENOMEM;
	ls->srv = srv;
	mutex_init(&ls->announce_lock);
	mutex_init(&ls->change_lock);
	mutex_init(&ls->list_lock);
	INIT_LIST_HEAD(&ls->list);
	ls->next_id = 1;
	srv->listeners = ls;
	mutex_lock(&servers_lock);
	list_add_tail(&ls->link, &servers);
	mutex_unlock(&servers_lock);
	ditto_peers_start(srv, ditto_protocols_connections);
	return 0;
}

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
	mutex_destroy(&ls->list_lock);
	mutex_destroy(&ls->change_lock);
	mutex_destroy(&ls->announce_lock);
	kfree(ls);
}
