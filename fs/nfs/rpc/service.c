// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NFS service of a network namespace: its threads, its listening sockets, and their
 * registration with rpcbind.
 *
 * The first listener starts the service and the last one stops it. A listener for the IPv6
 * wildcard address also serves IPv4, with a second socket, because sunrpc's IPv6 sockets only
 * accept IPv6.
 *
 * Locking: server->lock (mutex) is held while the service starts, changes or stops, as sunrpc
 * requires. These wait for threads, which may wait for a file system that hangs, so a list of
 * connections does not take it: server->serv_sem, which nests inside, keeps the service. sunrpc's
 * sv_lock guards its lists of sockets.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/fs_struct.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sunrpc/addr.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/svcsock.h>
#include <net/ipv6.h>

#include "../../../net/listener.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/show.h"
#include "../../../net/slow_call.h"
#include "../server.h"
#include "batch.h"
#include "park.h"
#include "rpc.h"
#include "rpcbind.h"
#include "sunrpc_glue.h"
#include "worker.h"

#define DNFS_THREADS_MIN	8
#define DNFS_THREADS_PER_CPU	4
/* Interval for polling a closing socket, in milliseconds. */
#define DNFS_CLOSE_POLL_MS	5
/* Room for an address with its port. */
#define DNFS_ADDR_TEXT		(INET6_ADDRSTRLEN + 16)

/**
 * struct dnfs_listener - sockets of a listener
 * @list: link in the server's list of listeners
 * @listener: the core's listener
 * @xprt: its sockets, with references; the second may be NULL
 */
struct dnfs_listener {
	struct list_head list;
	struct ditto_listener *listener;
	struct svc_xprt *xprt[2];
};

/*
 * What a service thread does. For svc_create_pooled(). Only dnfs_service_resize() may start and end
 * such threads. Return: does not return.
 */
int dnfs_thread(void *data)
{
	struct svc_rqst *rqstp = data;
	struct dnfs_worker worker;
	struct kvec *vec;
	int err;

	/* Files are created with the modes that clients request. */
	err = unshare_fs_struct();
	if (!err)
		current->fs->umask = 0;
	vec = kvmalloc_array(DNFS_PAGES, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		err = -ENOMEM;
	else if (err)
		kvfree(vec);
	/* Writes of a loopback client must not wait for their own write-back. */
	current->flags |= PF_LOCAL_THROTTLE;
	/* The thread ends here after an error. */
	svc_thread_init_status(rqstp, err);
	dnfs_worker_start(&worker, rqstp, vec);

	while (!svc_thread_should_stop(rqstp)) {
		if (unlikely(test_bit(SP_VICTIM_REMAINS, &rqstp->rq_pool->sp_flags)))
			dnfs_worker_stand_aside(rqstp);
		svc_recv(rqstp, 0);
		if (unlikely(!list_empty(&worker.traced)))
			ditto_slow_calls_end(&worker.traced, true);
		dnfs_restore_pages(rqstp);
	}

	dnfs_batch_free(dnfs_batch_of(rqstp));
	dnfs_worker_stop(&worker);
	kvfree(vec);
	dnfs_worker_exit(rqstp);
}

static unsigned int dnfs_threads_wanted(const struct dnfs_server *server)
{
	unsigned int threads = READ_ONCE(server->settings.threads);

	return threads ?: max(DNFS_THREADS_MIN, DNFS_THREADS_PER_CPU * num_online_cpus());
}

static int dnfs_set_threads(struct dnfs_server *server, unsigned int threads)
{
	WRITE_ONCE(server->pausing_max, threads / DNFS_PAUSE_SHARE);
	WRITE_ONCE(server->workers.base, threads);
	/* sunrpc waits for threads that end. If too many are in calls, later looks end others. */
	if (threads && threads < server->serv->sv_nrthreads &&
	    dnfs_workers_see(&server->workers, server->serv).busy > threads) {
		dnfs_workers_watch(&server->workers);
		return 0;
	}
	return dnfs_service_resize(server, threads);
}

/* Return: the service before. */
static struct svc_serv *dnfs_service_replace(struct dnfs_server *server, struct svc_serv *serv)
{
	struct svc_serv *before = server->serv;

	lockdep_assert_held(&server->lock);
	down_write(&server->serv_sem);
	server->serv = serv;
	up_write(&server->serv_sem);
	return before;
}

static void dnfs_stop(struct dnfs_server *server)
{
	struct svc_serv *serv;

	lockdep_assert_held(&server->lock);
	dnfs_set_threads(server, 0);
	dnfs_workers_stop(&server->workers);
	for (unsigned int i = DNFS_PARTS; i--;)
		if (dnfs_parts[i].stop)
			dnfs_parts[i].stop(server);
	svc_xprt_destroy_all(server->serv, server->net, false);
	dnfs_park_flush();
	serv = dnfs_service_replace(server, NULL);
	svc_destroy(&serv);
}

static int dnfs_start(struct dnfs_server *server, struct netlink_ext_ack *extack)
{
	struct svc_program *programs;
	unsigned int nprograms;
	struct svc_serv *serv;
	int err;

	lockdep_assert_held(&server->lock);
	programs = dnfs_rpc_programs(&nprograms);
	serv = svc_create_pooled(programs, nprograms, NULL, DNFS_MAX_PAYLOAD, dnfs_thread);
	if (!serv)
		return -ENOMEM;
	serv->sv_name = KBUILD_MODNAME;	/* also the name of its threads */
	/* conn_charge.c counts the connections. */
	svc_serv_unlimit_connections(serv);
	dnfs_service_replace(server, serv);

	err = dnfs_set_threads(server, dnfs_threads_wanted(server));
	if (err) {
		NL_SET_ERR_MSG(extack, "the service threads cannot be started");
		dnfs_stop(server);
		return err;
	}
	for (unsigned int i = 0; i < DNFS_PARTS; i++)
		if (dnfs_parts[i].start)
			dnfs_parts[i].start(server);
	return 0;
}

/* sunrpc's class of each transport, and its number. */
static const struct {
	const char *name;
	int ident;
} dnfs_classes[] = {
	[DITTO_TRANSPORT_TCP] = { "tcp", XPRT_TRANSPORT_TCP },
	[DITTO_TRANSPORT_UDP] = { "udp", XPRT_TRANSPORT_UDP },
	[DITTO_TRANSPORT_RDMA] = { "rdma", XPRT_TRANSPORT_RDMA },
};

/*
 * Return: the first listening socket of an address family and transport that is not to be closed,
 * or NULL. rpcbind has only one port for all of them, the port of this socket.
 */
static struct svc_xprt *dnfs_first_of(struct dnfs_server *server, sa_family_t family,
				      enum ditto_transport transport)
{
	struct dnfs_listener *dl;
	unsigned int i;

	lockdep_assert_held(&server->lock);
	list_for_each_entry(dl, &server->listeners, list) {
		if (dl->listener->transport != transport || dl->listener->leaving)
			continue;
		for (i = 0; i < ARRAY_SIZE(dl->xprt); i++)
			if (dl->xprt[i] && dl->xprt[i]->xpt_local.ss_family == family)
				return dl->xprt[i];
	}
	return NULL;
}

static int dnfs_open_socket(struct dnfs_server *server, const struct ditto_listener *listener,
			    struct sockaddr *sa, struct svc_xprt **xprt)
{
	const char *class = dnfs_classes[listener->transport].name;
	int err;

	/* sunrpc does not register the socket: rpcbind.c does so when all sockets are open. */
	err = svc_xprt_create_from_sa(server->serv, class, server->net, sa, SVC_SOCK_ANONYMOUS,
				      current_cred());
	if (err < 0)
		return err;
	*xprt = svc_find_listener(server->serv, class, server->net, sa);
	if (!*xprt)
		return -EIO;
	if (listener->transport != DITTO_TRANSPORT_UDP)
		dnfs_connections_charge(*xprt);
	return 0;
}

static bool dnfs_is_any(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET6)
		return ipv6_addr_any(&((const struct sockaddr_in6 *)sa)->sin6_addr);
	return ((const struct sockaddr_in *)sa)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool dnfs_is_link_local(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 &&
	       ipv6_addr_type(&((const struct sockaddr_in6 *)sa)->sin6_addr) & IPV6_ADDR_LINKLOCAL;
}

static int dnfs_open_sockets(struct dnfs_server *server, struct dnfs_listener *dl)
{
	struct sockaddr *sa = (struct sockaddr *)&dl->listener->addr;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int err;

	/* Its connections would not be known by their address, which has no interface. */
	if (dl->listener->transport == DITTO_TRANSPORT_RDMA && dnfs_is_link_local(sa))
		return -EINVAL;

	if (sa->sa_family != AF_INET6 || !dnfs_is_any(sa))
		return dnfs_open_socket(server, dl->listener, sa, &dl->xprt[0]);

	sin.sin_port = htons(svc_addr_port(sa));
	err = dnfs_open_socket(server, dl->listener, (struct sockaddr *)&sin, &dl->xprt[0]);
	if (err)
		return err;
	err = dnfs_open_socket(server, dl->listener, sa, &dl->xprt[1]);
	/* Without IPv6 the listener serves IPv4 only. */
	return err == -EAFNOSUPPORT ? 0 : err;
}

static void dnfs_close_sockets(struct dnfs_listener *dl)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dl->xprt); i++) {
		if (!dl->xprt[i])
			continue;
		svc_xprt_close(dl->xprt[i]);
		if (dnfs_xprt_is_rdma(dl->xprt[i]))
			dnfs_rdma_queue_empty(dl->xprt[i]);
	}
}

static void dnfs_put_sockets(struct dnfs_listener *dl)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dl->xprt); i++)
		if (dl->xprt[i])
			svc_xprt_put(dl->xprt[i]);
}

/* Return: true if a connection was accepted by this listener. */
static bool dnfs_accepted_by(const struct svc_xprt *xprt, const struct dnfs_listener *dl)
{
	const struct sockaddr *local = (const struct sockaddr *)&xprt->xpt_local;
	const struct sockaddr *sa = (const struct sockaddr *)&dl->listener->addr;

	if (xprt->xpt_class->xcl_ident != dnfs_classes[dl->listener->transport].ident ||
	    svc_addr_port(local) != svc_addr_port(sa))
		return false;
	if (dnfs_is_any(sa))
		return sa->sa_family == AF_INET6 || local->sa_family == sa->sa_family;
	return rpc_cmp_addr(local, sa);
}

static bool dnfs_is_from(const struct svc_xprt *xprt, const struct ditto_peer *peer)
{
	struct in6_addr addr;

	return !peer || (ditto_addr_map((const struct sockaddr *)&xprt->xpt_remote, &addr) &&
			 ipv6_addr_equal(&addr, &peer->addr));
}

/*
 * Return: a connection that is not being closed, with a reference; or NULL. It is one of @dl or,
 * without @dl, one of @peer or any. @uncharged: only those without a charge.
 */
static struct svc_xprt *dnfs_next_open(struct svc_serv *serv, const struct dnfs_listener *dl,
				       const struct ditto_peer *peer, bool uncharged)
{
	struct svc_xprt *xprt, *found = NULL;

	spin_lock_bh(&serv->sv_lock);
	list_for_each_entry(xprt, &serv->sv_tempsocks, xpt_list) {
		if (svc_xprt_is_dead(xprt) || (uncharged && dnfs_conn_look_up(xprt, NULL)))
			continue;
		if (dl ? dnfs_accepted_by(xprt, dl) : dnfs_is_from(xprt, peer)) {
			svc_xprt_get(xprt);
			found = xprt;
			break;
		}
	}
	spin_unlock_bh(&serv->sv_lock);
	return found;
}

static unsigned int dnfs_close_connections(struct svc_serv *serv, const struct dnfs_listener *dl,
					   const struct ditto_peer *peer, bool uncharged)
{
	struct svc_xprt *xprt;
	unsigned int count = 0;

	while ((xprt = dnfs_next_open(serv, dl, peer, uncharged))) {
		svc_xprt_close(xprt);
		svc_xprt_put(xprt);
		count++;
	}
	return count;
}

/* Return: true if sockets of a listener are still open or used by a thread. */
static bool dnfs_is_open(struct svc_serv *serv, const struct dnfs_listener *dl)
{
	struct svc_xprt *xprt;
	bool open = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dl->xprt); i++)
		if (dl->xprt[i] && !test_bit(XPT_DEAD, &dl->xprt[i]->xpt_flags))
			return true;

	spin_lock_bh(&serv->sv_lock);
	list_for_each_entry(xprt, &serv->sv_tempsocks, xpt_list)
		open |= dnfs_accepted_by(xprt, dl);
	spin_unlock_bh(&serv->sv_lock);
	return open;
}

static void dnfs_drain(struct dnfs_server *server, const struct dnfs_listener *dl)
{
	unsigned long end = jiffies + msecs_to_jiffies(READ_ONCE(server->srv->settings.drain_ms));

	while (dnfs_is_open(server->serv, dl) && time_before(jiffies, end)) {
		/* One may have been accepted while the listener was closing. */
		dnfs_close_connections(server->serv, dl, NULL, false);
		msleep(DNFS_CLOSE_POLL_MS);
	}
}

/*
 * Register what is served with rpcbind. @extack: gets a warning if rpcbind keeps an entry for
 * another server; may be NULL. Context: process; may sleep for as long as rpcbind takes. The core
 * calls it for one task at a time, and closes no listener during the call.
 */
void dnfs_announce(struct ditto_server *srv, struct netlink_ext_ack *extack)
{
	static const struct {
		sa_family_t family;
		enum ditto_transport transport;
	} kinds[DNFS_RPCBIND_KINDS] = {
		[DNFS_RPCBIND_TCP4] = { AF_INET, DITTO_TRANSPORT_TCP },
		[DNFS_RPCBIND_UDP4] = { AF_INET, DITTO_TRANSPORT_UDP },
		[DNFS_RPCBIND_TCP6] = { AF_INET6, DITTO_TRANSPORT_TCP },
		[DNFS_RPCBIND_UDP6] = { AF_INET6, DITTO_TRANSPORT_UDP },
	};
	struct dnfs_server *server = dnfs_server_of(srv->net);
	struct dnfs_rpcbind_want want[DNFS_RPCBIND_KINDS];
	unsigned int i, program;

	mutex_lock(&server->lock);
	for (i = 0; i < DNFS_RPCBIND_KINDS; i++) {
		struct svc_xprt *xprt = dnfs_first_of(server, kinds[i].family, kinds[i].transport);
		int proto = kinds[i].transport == DITTO_TRANSPORT_UDP ? IPPROTO_UDP : IPPROTO_TCP;

		want[i].port = xprt ? svc_xprt_local_port(xprt) : 0;
		for (program = 0; program < DNFS_PROGRAMS; program++)
			want[i].served[program] = dnfs_rpc_is_served(server, program, proto);
	}
	mutex_unlock(&server->lock);
	/* rpcbind may hang, so the lock is not held. The core closes no socket during the call. */
	dnfs_rpcbind_update(server, want, extack);
}

static void dnfs_listen_tell(const struct ditto_listener *listener, int err,
			     struct netlink_ext_ack *extack)
{
	bool rdma = listener->transport == DITTO_TRANSPORT_RDMA;

	if (err == -EADDRINUSE)
		NL_SET_ERR_MSG(extack,
			       "the address and port are in use, perhaps by knfsd, the kernel's NFS server");
	else if (rdma && err == -EPROTONOSUPPORT)
		NL_SET_ERR_MSG(extack,
			       "NFS over RDMA needs the kernel's module rpcrdma, which cannot be loaded");
	else if (rdma && err == -EINVAL)
		NL_SET_ERR_MSG(extack, "a link-local address cannot be served over RDMA");
	else if (rdma && err == -ENODEV)
		NL_SET_ERR_MSG(extack, "no RDMA device has this address (see 'rdma link')");
	else if (rdma && err == -EADDRNOTAVAIL)
		NL_SET_ERR_MSG(extack,
			       "the port is in use on all addresses, or the address is not one of this machine");
	else if (err == -EADDRNOTAVAIL)
		NL_SET_ERR_MSG(extack, "the address is not one of this machine");
	else
		NL_SET_ERR_MSG(extack, "the socket cannot be opened");
}

/* Start a listener, and the service with the first one. Return: 0 or an errno. */
int dnfs_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	struct dnfs_server *server = dnfs_server_of(listener->srv->net);
	struct dnfs_listener *dl;
	int err = 0;

	dl = kzalloc(sizeof(*dl), GFP_KERNEL);
	if (!dl)
		return -ENOMEM;
	dl->listener = listener;

	mutex_lock(&server->lock);
	if (!server->serv)
		err = dnfs_start(server, extack);
	if (err)
		goto free;

	err = dnfs_open_sockets(server, dl);
	if (err)
		goto close;
	list_add_tail(&dl->list, &server->listeners);
	listener->private = dl;
	/* sunrpc may have accepted some before connection.c could. */
	dnfs_close_connections(server->serv, dl, NULL, true);
	mutex_unlock(&server->lock);
	return 0;

close:
	dnfs_listen_tell(listener, err, extack);
	/* Otherwise the core would seem to miss the protocol. */
	if (err == -EPROTONOSUPPORT)
		err = -EOPNOTSUPP;
	dnfs_close_sockets(dl);
	dnfs_put_sockets(dl);
	if (list_empty(&server->listeners))
		dnfs_stop(server);
free:
	mutex_unlock(&server->lock);
	kfree(dl);
	return err;
}

/*
 * Stop a listener, and the service with the last one. Waits for requests in flight, at most for the
 * time of the drain setting.
 */
void dnfs_close(struct ditto_listener *listener)
{
	struct dnfs_server *server = dnfs_server_of(listener->srv->net);
	struct dnfs_listener *dl = listener->private;

	mutex_lock(&server->lock);
	list_del(&dl->list);
	listener->private = NULL;
	dnfs_close_sockets(dl);
	if (list_empty(&server->listeners)) {
		/* A thread that sends over RDMA may wait for the client. */
		if (listener->transport == DITTO_TRANSPORT_RDMA)
			dnfs_close_connections(server->serv, dl, NULL, false);
		dnfs_put_sockets(dl);
		dnfs_stop(server);
	} else {
		dnfs_drain(server, dl);
		dnfs_put_sockets(dl);
	}
	mutex_unlock(&server->lock);
	kfree(dl);
}

/* Close the connections of a machine. Return: number of connections closed. */
unsigned int dnfs_disconnect(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct dnfs_server *server = dnfs_server_of(srv->net);
	unsigned int count = 0;

	mutex_lock(&server->lock);
	if (server->serv)
		count = dnfs_close_connections(server->serv, NULL, peer, false);
	mutex_unlock(&server->lock);
	return count;
}

/*
 * Count the connections of a machine. @peer: the machine; NULL for all machines. Return: number of
 * connections.
 */
unsigned int dnfs_connections(struct ditto_server *srv, const struct ditto_peer *peer)
{
	struct dnfs_server *server = dnfs_server_of(srv->net);
	struct svc_xprt *xprt;
	unsigned int count = 0;

	down_read(&server->serv_sem);
	if (server->serv) {
		spin_lock_bh(&server->serv->sv_lock);
		list_for_each_entry(xprt, &server->serv->sv_tempsocks, xpt_list)
			count += !svc_xprt_is_dead(xprt) && dnfs_is_from(xprt, peer);
		spin_unlock_bh(&server->serv->sv_lock);
	}
	up_read(&server->serv_sem);
	return count;
}

/* Get the connections with the lowest numbers from @from on, with references; none at the end. */
static unsigned int dnfs_conns_next(struct svc_serv *serv, u64 from,
				    struct ditto_show_batch *batch)
{
	struct svc_xprt *xprt;

	batch->count = 0;
	spin_lock_bh(&serv->sv_lock);
	list_for_each_entry(xprt, &serv->sv_tempsocks, xpt_list) {
		u64 id = dnfs_conn_look_up(xprt, NULL);

		if (id && id >= from)
			ditto_show_batch_add(batch, id, xprt);
	}
	for (unsigned int i = 0; i < batch->count; i++)
		svc_xprt_get(batch->conn[i]);
	spin_unlock_bh(&serv->sv_lock);
	return batch->count;
}

static const char *dnfs_conn_security_text(const struct svc_xprt *xprt)
{
	if (!test_bit(XPT_TLS_SESSION, &xprt->xpt_flags))
		return "none";
	return test_bit(XPT_PEER_AUTH, &xprt->xpt_flags) ? "mtls" : "tls";
}

static int dnfs_conn_show(struct svc_xprt *xprt, struct ditto_conn_show *show)
{
	char addr[DNFS_ADDR_TEXT], local[DNFS_ADDR_TEXT];
	struct ditto_peer *peer = NULL;
	struct ditto_conn_info info = {
		.addr = addr,
		.local = local,
		.security = dnfs_conn_security_text(xprt),
	};
	int err = 0;

	info.id = dnfs_conn_look_up(xprt, &peer);
	info.name = peer ? peer->cert_name : NULL;
	snprintf(addr, sizeof(addr), "%pISpc", &xprt->xpt_remote);
	snprintf(local, sizeof(local), "%pISpc", &xprt->xpt_local);
	if (info.id)
		err = show->fn(show, &info);
	if (peer)
		ditto_peer_put(peer);
	return err;
}

/*
 * List the connections. Context: takes dnfs_server.lock. Return: 0, or the error of @show->fn that
 * ended the dump.
 */
int dnfs_conns(struct ditto_server *srv, struct ditto_conn_show *show)
{
	struct ditto_show_batch *batch = kmalloc(sizeof(*batch), GFP_KERNEL);
	struct dnfs_server *server = dnfs_server_of(srv->net);
	int err = 0;

	if (!batch)
		return -ENOMEM;
	down_read(&server->serv_sem);
	while (!err && server->serv && dnfs_conns_next(server->serv, show->next, batch)) {
		for (unsigned int i = 0; i < batch->count; i++) {
			if (!err)
				err = dnfs_conn_show(batch->conn[i], show);
			svc_xprt_put(batch->conn[i]);
		}
	}
	up_read(&server->serv_sem);
	kfree(batch);
	return err;
}

/* Apply changed settings to the running service. Return: 0 or an errno. */
int dnfs_settings_changed(struct ditto_server *srv)
{
	struct dnfs_server *server = dnfs_server_of(srv->net);
	int err = 0;

	mutex_lock(&server->lock);
	if (!server->serv)
		goto unlock;
	err = dnfs_set_threads(server, dnfs_threads_wanted(server));
	for (unsigned int i = 0; i < DNFS_PARTS; i++)
		if (dnfs_parts[i].changed)
			dnfs_parts[i].changed(server);
unlock:
	mutex_unlock(&server->lock);
	return err;
}
