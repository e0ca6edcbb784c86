// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server of a namespace and its listeners: sockets that accept connections, the workqueues,
 * and the start and end of the server.
 *
 * A listener replaces the data_ready callback of its socket. The callback queues the listener's
 * work, which accepts connections until there are no more.
 *
 * Locking: server->lock is held wherever listeners are added or removed. The work of a listener
 * has ended when dsmb_close_listener() frees the listener. The socket's sk_callback_lock guards
 * sk_user_data and the callback.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/in.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "../net/conns.h"
#include "../net/listener.h"
#include "../net/peer.h"
#include "../net/server.h"
#include "../net/stats.h"
#include "file/attrs.h"
#include "open/closer.h"
#include "open/durable.h"
#include "open/persist.h"
#include "server.h"
#include "transport/buf.h"
#include "transport/command.h"
#include "transport/conn.h"

#define BACKLOG		128
/* Delay before accepting again after a failed allocation. */
#define ACCEPT_RETRY_MS	10
/* Requests that run at the same time: those that are quick, and those that may take long. */
#define WORKERS_PER_CPU	16
#define WORKERS_MIN	64
#define WORKERS_SLOW	256
/* Authentications have workers of their own, so that they do not wait behind slow requests. */
#define WORKERS_LOGIN	64
/*
 * Calls that wait for a record have workers of their own too: if the helper is stuck, nothing
 * else is.
 */
#define WORKERS_RECORDS	64
#define WORKERS_RECORDS_OF_MACHINE	16
/* Sessions that end beside others of their connection. */
#define WORKERS_ENDS	64
/* Workers for what is no message on the same workqueues. */
#define WORKERS_MORE	32

unsigned int dsmb_net_id __read_mostly;

/*
 * Find the SMB server of a network namespace. Context: any. The pointer is valid as long as the
 * namespace is. Return: the server; never NULL.
 */
struct dsmb_server *dsmb_server_of(const struct net *net)
{
	struct dsmb_server **place = net_generic(net, dsmb_net_id);

	return *place;
}

/**
 * struct dsmb_listener - a socket that accepts connections
 * @server: the server
 * @sock: the listening socket
 * @net: held, so that a namespace stays while it serves
 * @work: accepts connections
 * @list: on server->listeners, under server->lock
 * @old_data_ready: the socket's own callback
 */
struct dsmb_listener {
	struct dsmb_server *server;
	struct socket *sock;
	struct net *net;
	struct delayed_work work;
	struct list_head list;
	void (*old_data_ready)(struct sock *sk);
};

static const char *command_names[DSMB_COMMANDS];
static const char *const compression_names[DSMB_COMPRESSION_COUNTS] = {
	[DSMB_COUNT_EXPAND_FROM] = "expand from",
	[DSMB_COUNT_EXPAND_TO] = "expand to",
	[DSMB_COUNT_COMPRESS_FROM] = "compress from",
	[DSMB_COUNT_COMPRESS_TO] = "compress to",
};

static void accept_work(struct work_struct *work)
{
	struct dsmb_listener *dl = container_of(to_delayed_work(work), struct dsmb_listener, work);
	struct socket *sock;
	int err;

	while (!(err = kernel_accept(dl->sock, &sock, O_NONBLOCK)))
		if (dsmb_conn_new(dl->server, sock, dl))
			sock_release(sock);
	/* The callback does not run again for a connection that is still queued. */
	if (err == -ENOMEM)
		queue_delayed_work(dl->server->slow, &dl->work, msecs_to_jiffies(ACCEPT_RETRY_MS));
}

static void accept_ready(struct sock *sk)
{
	struct dsmb_listener *dl;

	read_lock_bh(&sk->sk_callback_lock);
	dl = sk->sk_user_data;
	/* A new connection inherits this callback and keeps it until it is accepted. */
	if (dl && sk->sk_state == TCP_LISTEN)
		queue_delayed_work(dl->server->slow, &dl->work, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

static int bind_socket(struct dsmb_listener *dl, const struct sockaddr_storage *addr)
{
	bool is_v6 = addr->ss_family == AF_INET6;
	int err;

	err = sock_create_kern(dl->net, addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &dl->sock);
	if (err)
		return err;
	sock_set_reuseaddr(dl->sock->sk);
	if (is_v6)
		dl->sock->sk->sk_ipv6only = !ipv6_addr_any(&((const struct sockaddr_in6 *)
							     addr)->sin6_addr);
	return kernel_bind(dl->sock, (struct sockaddr_unsized *)addr,
			   is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

static int open_socket(struct dsmb_listener *dl, const struct sockaddr_storage *addr)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	const struct sockaddr_in6 *sin6 = (const void *)addr;
	struct sockaddr_storage v4 = {};
	int err;

	err = bind_socket(dl, addr);
	if (err == -EAFNOSUPPORT && addr->ss_family == AF_INET6 &&
	    ipv6_addr_any(&sin6->sin6_addr)) {
		/* A machine without IPv6 is served over IPv4 only. */
		any.sin_port = sin6->sin6_port;
		memcpy(&v4, &any, sizeof(any));
		err = bind_socket(dl, &v4);
	}
	return err ?: kernel_listen(dl->sock, BACKLOG);
}

static void start_accepting(struct dsmb_listener *dl)
{
	struct sock *sk = dl->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	dl->old_data_ready = sk->sk_data_ready;
	sk->sk_user_data = dl;
	sk->sk_data_ready = accept_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	queue_delayed_work(dl->server->slow, &dl->work, 0);
}

static void stop_accepting(struct dsmb_listener *dl)
{
	struct sock *sk = dl->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = dl->old_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_delayed_work_sync(&dl->work);
}

static void listener_free(struct dsmb_listener *dl)
{
	if (dl->sock)
		sock_release(dl->sock);
	put_net(dl->net);
	kfree(dl);
}

/*
 * Start to accept connections on an address. See struct ditto_protocol. A listener on the IPv6
 * wildcard address takes IPv4 too. Return: 0, -ENOMEM, or an error of the socket layer such as
 * -EADDRINUSE.
 */
int dsmb_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	struct dsmb_server *server = dsmb_server_of(listener->srv->net);
	struct dsmb_listener *dl;
	int err;

	dl = kzalloc(sizeof(*dl), GFP_KERNEL);
	if (!dl)
		return -ENOMEM;
	dl->server = server;
	dl->net = get_net(listener->srv->net);
	INIT_DELAYED_WORK(&dl->work, accept_work);
	err = open_socket(dl, &listener->addr);
	if (err) {
		if (err == -EADDRINUSE)
			NL_SET_ERR_MSG(extack,
				       "the address and port are in use; does smbd or ksmbd run?");
		else if (err == -EADDRNOTAVAIL)
			NL_SET_ERR_MSG(extack, "the address is not one of this machine");
		else
			NL_SET_ERR_MSG(extack, "the socket cannot be opened");
		listener_free(dl);
		return err;
	}
	mutex_lock(&server->lock);
	list_add_tail(&dl->list, &server->listeners);
	dsmb_interfaces_forget(server);
	mutex_unlock(&server->lock);
	listener->private = dl;
	start_accepting(dl);
	return 0;
}

/*
 * Does any listener accept connections to this address? Context: process; @server->lock is held.
 * Return: true if a listener is bound to the address or to the wildcard.
 */
bool dsmb_listens_on(struct dsmb_server *server, const struct in6_addr *addr)
{
	const struct dsmb_listener *dl;

	lockdep_assert_held(&server->lock);
	list_for_each_entry(dl, &server->listeners, list) {
		const struct sock *sk = dl->sock->sk;
		const struct in6_addr *own = inet6_rcv_saddr(sk);
		struct in6_addr mapped;

		if (own) {
			/* The IPv6 wildcard takes IPv4 too. */
			if (ipv6_addr_any(own))
				return true;
		} else {
			if (!sk->sk_rcv_saddr && ipv6_addr_v4mapped(addr))
				return true;
			ipv6_addr_set_v4mapped(sk->sk_rcv_saddr, &mapped);
			own = &mapped;
		}
		if (ipv6_addr_equal(own, addr))
			return true;
	}
	return false;
}

static bool is_wanted(const struct dsmb_conn *conn, const void *listener,
		      const struct ditto_peer *peer)
{
	return (!listener || conn->listener == listener) && (!peer || conn->peer == peer);
}

/* Returns a live connection of a listener or a peer, held, or NULL. */
static struct dsmb_conn *next_conn(struct dsmb_server *server, const void *listener,
				   const struct ditto_peer *peer)
{
	struct dsmb_conn *conn, *found = NULL;

	spin_lock(&server->conns_lock);
	list_for_each_entry(conn, &server->conns, list) {
		if (READ_ONCE(conn->state) == DSMB_CONN_DEAD || !is_wanted(conn, listener, peer))
			continue;
		dsmb_conn_hold(conn);
		found = conn;
		break;
	}
	spin_unlock(&server->conns_lock);
	return found;
}

static unsigned int drop_conns(struct dsmb_server *server, const void *listener,
			       const struct ditto_peer *peer)
{
	struct dsmb_conn *conn;
	unsigned int count = 0;

	while ((conn = next_conn(server, listener, peer))) {
		dsmb_conn_drop(conn, NULL);
		dsmb_conn_put(conn);
		count++;
	}
	return count;
}

static unsigned int count_conns(struct dsmb_server *server, const void *listener,
				const struct ditto_peer *peer)
{
	struct dsmb_conn *conn;
	unsigned int count = 0;

	spin_lock(&server->conns_lock);
	list_for_each_entry(conn, &server->conns, list)
		count += is_wanted(conn, listener, peer);
	spin_unlock(&server->conns_lock);
	return count;
}

/*
 * Stop accepting on an address and drop its connections. Waits for the connections to end, at most
 * the drain setting. The last listener closes the durable opens that wait for their clients.
 */
void dsmb_close_listener(struct ditto_listener *listener)
{
	struct dsmb_listener *dl = listener->private;
	struct dsmb_server *server = dl->server;
	unsigned int drain_ms = READ_ONCE(server->srv->settings.drain_ms);
	bool last;
	long left;

	mutex_lock(&server->lock);
	list_del(&dl->list);
	dsmb_interfaces_forget(server);
	last = list_empty(&server->listeners);
	mutex_unlock(&server->lock);
	listener->private = NULL;
	stop_accepting(dl);
	drop_conns(server, dl, NULL);
	left = wait_event_timeout(server->idle, !count_conns(server, dl, NULL),
				  msecs_to_jiffies(drain_ms));
	if (last)
		dsmb_durables_close(server, false);
	dsmb_closers_wait(server, left);
	listener_free(dl);
}

/*
 * Drop all connections of a peer. @peer: the peer; NULL for all connections. Context: process. Does
 * not wait until the connections have ended. Return: the number of connections that were dropped.
 */
unsigned int dsmb_disconnect(struct ditto_server *srv, const struct ditto_peer *peer)
{
	return drop_conns(dsmb_server_of(srv->net), NULL, peer);
}

/*
 * Count the connections of a peer. @peer: the peer; NULL for all connections. Return: the number of
 * connections.
 */
unsigned int dsmb_connections(struct ditto_server *srv, const struct ditto_peer *peer)
{
	return count_conns(dsmb_server_of(srv->net), NULL, peer);
}

static int start_workers(struct dsmb_server *server)
{
	unsigned int workers = max(WORKERS_MIN, WORKERS_PER_CPU * num_online_cpus());
	/*
	 * Among several CPUs a worker goes where one is idle, even if the network interrupts only
	 * one of them. On a single CPU the workers that can run would share it by time, and what
	 * came first would end late. Workers of a bound workqueue run in the order of arrival
	 * there, and the next one begins when one sleeps.
	 */
	unsigned int flags = num_online_cpus() > 1 ? WQ_UNBOUND : 0;

	dsmb_fs_limits_init(&server->fs_limits, workers);
	dsmb_fs_limits_init(&server->recorders, WORKERS_RECORDS);
	server->workqueue = alloc_workqueue("ditto-smb", flags, workers);
	server->slow = alloc_workqueue("ditto-smb-slow", WQ_UNBOUND, WORKERS_SLOW + WORKERS_MORE);
	server->login = alloc_workqueue("ditto-smb-login", WQ_UNBOUND, WORKERS_LOGIN);
	server->ends = alloc_workqueue("ditto-smb-ends", WQ_UNBOUND, WORKERS_ENDS);
	server->records = alloc_workqueue("ditto-smb-records", WQ_UNBOUND,
					  WORKERS_RECORDS + WORKERS_MORE);
	dsmb_run_queue_init(&server->slow_queue, server->slow, WORKERS_SLOW);
	dsmb_run_queue_init(&server->login_queue, server->login, WORKERS_LOGIN);
	dsmb_run_queue_init(&server->record_queue, server->records, WORKERS_RECORDS);
	return server->workqueue && server->slow && server->login && server->ends &&
	       server->records ? 0 : -ENOMEM;
}

static void server_free(struct dsmb_server *server)
{
	if (server->workqueue)
		destroy_workqueue(server->workqueue);
	if (server->login)
		destroy_workqueue(server->login);
	if (server->ends)
		destroy_workqueue(server->ends);
	if (server->slow)
		destroy_workqueue(server->slow);
	if (server->records)
		destroy_workqueue(server->records);
	dsmb_buf_pool_free(server->buffers);
	kvfree(server->prelogin);
	kvfree(rcu_access_pointer(server->interfaces));
	ditto_stats_unregister(server->compression);
	ditto_stats_unregister(server->stats);
}

/* Set up the server of a new network namespace. Return: 0, or -ENOMEM with everything undone. */
int dsmb_server_init(struct dsmb_server *server, struct net *net)
{
	unsigned int i;
	int err;

	for (i = 0; i < DSMB_COMMANDS; i++)
		command_names[i] = dsmb_commands[i]->name;
	server->srv = ditto_server_of(net);
	guid_gen(&server->guid);
	server->started = dsmb_filetime_now();
	mutex_init(&server->lock);
	INIT_LIST_HEAD(&server->listeners);
	dsmb_interfaces_init(server);
	spin_lock_init(&server->conns_lock);
	INIT_LIST_HEAD(&server->conns);
	atomic_set(&server->live, 0);
	atomic_set(&server->unsealing, 0);
	init_waitqueue_head(&server->idle);
	xa_init_flags(&server->sessions, XA_FLAGS_ALLOC1);
	xa_init(&server->durables);
	ditto_disk_tasks_init(&server->closers, DSMB_CLOSERS_AT_ONCE, DSMB_CLOSERS_OF_FS);
	ditto_recorders_init(&server->open_records, server->srv, WORKERS_RECORDS,
			     WORKERS_RECORDS_OF_MACHINE);

	err = start_workers(server);
	if (!err)
		server->buffers = dsmb_buf_pool_alloc();
	if (server->buffers)
		server->prelogin = ditto_conns_alloc();
	if (server->prelogin)
		server->stats = ditto_stats_register(server->srv, "smb", command_names,
						     DSMB_COMMANDS);
	if (server->stats)
		server->compression = ditto_stats_register(server->srv, "smb-compression",
							   compression_names,
							   DSMB_COMPRESSION_COUNTS);
	if (server->compression) {
		dsmb_persist_init(server);
		return 0;
	}
	server_free(server);
	return -ENOMEM;
}

/*
 * End everything that a server serves, and tear it down. Drops all connections, closes all durable
 * opens, and waits until no object is live. The records of persistent opens stay. A share that is
 * being removed while requests of other protocols run is waited for, if this server had opens
 * there.
 *
 * The queues are destroyed when nothing is left that could queue work.
 *
 * Context: for as long as a file system is stuck.
 */
void dsmb_server_exit(struct dsmb_server *server)
{
	drop_conns(server, NULL, NULL);
	wait_event(server->idle, !atomic_read(&server->live));
	dsmb_persist_exit(server);
	dsmb_durables_close(server, true);
	ditto_live_wait(&server->objects);
	ditto_tasks_exit(&server->closers);
	ditto_recorders_exit(&server->open_records);
	server_free(server);
	/* The callback that counted the last object may still run. */
	rcu_barrier();
	xa_destroy(&server->sessions);
	xa_destroy(&server->durables);
}
