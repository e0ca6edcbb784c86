// SPDX-License-Identifier: GPL-2.0-only
/*
 * The beginning and the end of connections. See conn.h.
 *
 * The end has two steps, each run by a worker. When the connection is dropped, conn_end()
 * cancels the calls in flight and takes the sessions off, together with other workers if there are
 * several. When its last reference is dropped, conn_free() frees it.
 *
 * If a limit of connections is reached, an older connection without a logged-in user is dropped
 * in favor of the new one.
 *
 * Locking: conn->lock guards the state and the calls; server->conns_lock guards the list and
 * the count of connections; conn->trust_lock guards the charge.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/net.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../../fs/share/admit.h"
#include "../../net/listener.h"
#include "../../net/peer.h"
#include "../../net/server.h"
#include "../auth/session.h"
#include "../server.h"
#include "../trace.h"
#include "call.h"
#include "conn.h"
#include "credit.h"
#include "message.h"
#include "transport.h"
#include "trust.h"
#include "prelogin.h"

/* Limit of connections dropped for one new connection. */
#define REPLACE_MAX	16
/* A client with more than this fraction of its own limit replaces its own connections. */
#define OWN_PART	8

static void conn_free(struct work_struct *work)
{
	struct dsmb_conn *conn = container_of(work, struct dsmb_conn, work);
	struct dsmb_server *server = conn->server;
	struct net *net = server->srv->net;

	/* A session that left late may have armed it again. */
	cancel_delayed_work_sync(&conn->handshake);
	dsmb_transport_free(conn->transport);
	ditto_uncharge(&conn->charge);
	ditto_principal_exit(&conn->who);
	ditto_peer_put(conn->peer);
	xa_destroy(&conn->sessions);
	xa_destroy(&conn->async);
	kfree(conn->credits);
	kfree(conn);
	if (atomic_dec_and_test(&server->live))
		wake_up_all(&server->idle);
	put_net(net);
}

/*
 * Drop a reference to a connection. A worker frees the connection after the last reference is gone.
 * Context: any but interrupts; does not sleep.
 */
void dsmb_conn_put(struct dsmb_conn *conn)
{
	if (!refcount_dec_and_test(&conn->ref))
		return;
	/* The caller may be a worker of the connection itself, or must not sleep. */
	INIT_WORK(&conn->work, conn_free);
	queue_work(conn->server->slow, &conn->work);
}

/*
 * Returns a call of a bucket that is not cancelled yet, or NULL. A CREATE that can be replayed on
 * another channel continues as long as its session exists.
 */
static struct dsmb_call *call_in_bucket(const struct hlist_head *bucket)
{
	struct dsmb_call *call;

	hlist_for_each_entry(call, bucket, by_id)
		if (!dsmb_call_is_cancelled(call) && !READ_ONCE(call->created))
			return call;
	return NULL;
}

/* Returns a call in flight that is to be cancelled, with its message held, or NULL. */
static struct dsmb_call *next_call(struct dsmb_conn *conn)
{
	struct dsmb_call *found = NULL;

	spin_lock(&conn->lock);
	for (int i = 0; !found && i < DSMB_CALL_BUCKETS; i++)
		found = call_in_bucket(&conn->calls[i]);
	if (found)
		dsmb_message_hold(found->message);
	spin_unlock(&conn->lock);
	return found;
}

static void conn_uncount(struct dsmb_conn *conn)
{
	struct dsmb_server *server = conn->server;

	spin_lock(&server->conns_lock);
	server->nconns -= conn->counted;
	conn->counted = false;
	spin_unlock(&server->conns_lock);
}

/* The second part of conn_end(), by the last worker that has ended sessions. */
static void conn_ended(struct dsmb_conn *conn)
{
	struct dsmb_server *server = conn->server;

	if (!refcount_dec_and_test(&conn->nenders))
		return;
	/* A connection that is ending does not count against the limits. */
	dsmb_prelogin_remove(conn);
	mutex_lock(&conn->trust_lock);
	ditto_uncharge(&conn->charge);
	mutex_unlock(&conn->trust_lock);
	conn_uncount(conn);

	spin_lock(&server->conns_lock);
	list_del(&conn->list);
	spin_unlock(&server->conns_lock);
	wake_up_all(&server->idle);
	dsmb_conn_put(conn);
}

static void conn_ender_work(struct work_struct *work)
{
	struct dsmb_conn_ender *ender = container_of(work, struct dsmb_conn_ender, work);

	dsmb_sessions_disconnected(ender->conn);
	conn_ended(ender->conn);
}

/*
 * End the sessions, several at a time: the end of one may wait for a file system, and the others
 * hold opens and locks in other ones. The caller takes part, so that none depends on the workers.
 */
static void conn_end_sessions(struct dsmb_conn *conn)
{
	int i, n = clamp(atomic_read(&conn->nsessions) - 1, 0, DSMB_ENDERS);

	refcount_set(&conn->nenders, 1 + n);
	for (i = 0; i < n; i++) {
		conn->enders[i].conn = conn;
		INIT_WORK(&conn->enders[i].work, conn_ender_work);
		queue_work(conn->server->ends, &conn->enders[i].work);
	}
	dsmb_sessions_disconnected(conn);
	/* Those that have not begun have nothing to do any more. */
	for (i = 0; i < n; i++)
		if (cancel_work(&conn->enders[i].work))
			conn_ended(conn);
	conn_ended(conn);
}

static void conn_end(struct work_struct *work)
{
	struct dsmb_conn *conn = container_of(work, struct dsmb_conn, work);
	struct dsmb_call *call;

	cancel_delayed_work_sync(&conn->handshake);
	dsmb_transport_stop(conn->transport);
	while ((call = next_call(conn))) {
		dsmb_call_cancel(call, STATUS_CANCELLED);
		dsmb_message_put(call->message);
	}
	conn_end_sessions(conn);
}

/*
 * End a connection. @why: reason for the log, a constant; NULL to log nothing. The socket is shut
 * down here; a worker cancels the calls and takes the sessions off. Later calls do nothing.
 */
void dsmb_conn_drop(struct dsmb_conn *conn, const char *why)
{
	bool first;

	spin_lock(&conn->lock);
	first = conn->state != DSMB_CONN_DEAD;
	WRITE_ONCE(conn->state, DSMB_CONN_DEAD);
	spin_unlock(&conn->lock);
	if (!first)
		return;
	trace_dsmb_conn_drop(conn, why);
	if (why)
		pr_info_ratelimited("client %s is disconnected: %s\n", conn->name, why);
	dsmb_transport_shutdown(conn->transport);
	INIT_WORK(&conn->work, conn_end);
	queue_work(conn->server->slow, &conn->work);
}

static atomic64_t conn_numbers = ATOMIC64_INIT(0);

static void handshake_over(struct work_struct *work)
{
	struct dsmb_conn *conn = container_of(work, struct dsmb_conn, handshake.work);

	if (READ_ONCE(conn->trust) <= DITTO_TRUST_UNPROVEN)
		dsmb_conn_drop(conn, "nobody logged in for too long");
}

/*
 * Drops an old connection for a new one. Returns true if the new one took over its charge,
 * because both are of the same client.
 */
static bool conn_replace(struct dsmb_conn *conn, struct dsmb_conn *old)
{
	bool replaced = false;

	mutex_lock(&old->trust_lock);
	if (old->trust == conn->trust && old->charge.peer) {
		replaced = !conn->charge.peer && old->charge.peer == conn->who.peer;
		if (replaced)
			swap(conn->charge, old->charge);
		else
			ditto_uncharge(&old->charge);
		/*
		 * The state is DEAD before trust_lock is dropped, so its charge is not moved
		 * any more.
		 */
		dsmb_conn_drop(old, "there are too many on which nobody logged in");
		conn_uncount(old);
	}
	mutex_unlock(&old->trust_lock);
	dsmb_conn_put(old);
	return replaced;
}

/*
 * Charges a new connection. If there is no room, the oldest connections without a logged-in
 * user are dropped, either of the client itself or of the client that has the most: a client that
 * means to log in does so soon, and a client that blocks others does not. The totals are counted
 * per CPU, so more than one connection may have to be dropped.
 */
static bool conn_charge(struct dsmb_conn *conn, unsigned int most)
{
	struct dsmb_conn *old;

	for (unsigned int i = 0; i < REPLACE_MAX; i++) {
		if (!ditto_charge(&conn->charge, &conn->who, DITTO_BUDGET_CONNECTIONS, 1))
			return true;
		old = dsmb_prelogin_take(conn, most);
		if (!old)
			return false;
		if (conn_replace(conn, old))
			return true;
	}
	return false;
}

/* Returns false if max_connections is reached. */
static bool conn_count(struct dsmb_conn *conn)
{
	struct dsmb_server *server = conn->server;

	spin_lock(&server->conns_lock);
	conn->counted = server->nconns < READ_ONCE(server->srv->settings.max_connections);
	if (conn->counted) {
		list_add_tail(&conn->list, &server->conns);
		server->nconns++;
		atomic_inc(&server->live);
		/* Its end may wait for a disk, and the namespace stays until then. */
		get_net(server->srv->net);
	}
	spin_unlock(&server->conns_lock);
	return conn->counted;
}

static bool conn_publish(struct dsmb_conn *conn)
{
	unsigned int most = ditto_budget_peer_limit(conn->server->srv, conn->trust,
						    DITTO_BUDGET_CONNECTIONS) / OWN_PART;
	struct dsmb_conn *old;

	if (!conn_charge(conn, most))
		return false;
	while (!conn_count(conn)) {
		old = dsmb_prelogin_take(conn, most);
		if (!old) {
			pr_info_ratelimited("client %s is refused: there are as many connections as max-connections allows\n",
					    conn->name);
			return false;
		}
		conn_replace(conn, old);
	}
	dsmb_prelogin_add(conn);
	return true;
}

/* Address and port; IPv4 is written as IPv4 even if it came to an IPv6 socket. */
static void conn_set_name(struct dsmb_conn *conn, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET6 && ipv6_addr_v4mapped(&in6->sin6_addr))
		snprintf(conn->name, sizeof(conn->name), "%pI4:%u",
			 &in6->sin6_addr.s6_addr32[3], ntohs(in6->sin6_port));
	else
		snprintf(conn->name, sizeof(conn->name), "%pISpc", addr);
}

/* Before a login, the trust level depends on the address only. */
static enum ditto_trust conn_trust(struct ditto_peer *peer)
{
	enum ditto_admission admission;
	enum ditto_ports ports;

	admission = ditto_admit(peer, dsmb_protocol.bit, true, &ports);
	return admission == DITTO_STRANGER ? DITTO_TRUST_STRANGER : DITTO_TRUST_UNPROVEN;
}

static int conn_fill(struct dsmb_conn *conn, struct socket *sock)
{
	struct sockaddr_storage addr;
	int err;

	err = kernel_getpeername(sock, (struct sockaddr *)&addr);
	if (err < 0)
		return err;
	conn_set_name(conn, &addr);
	err = kernel_getsockname(sock, (struct sockaddr *)&conn->local);
	if (err < 0)
		return err;
	conn->peer = ditto_peer_get(conn->server->srv, (struct sockaddr *)&addr,
				    dsmb_protocol.bit);
	if (!conn->peer)
		return -ENOMEM;
	conn->trust = conn_trust(conn->peer);
	err = ditto_principal_init(&conn->who, conn->server->srv, &conn->peer->addr, conn->trust,
				   INVALID_UID);
	if (err)
		return err;
	conn->credits = kmalloc(sizeof(*conn->credits), GFP_KERNEL);
	conn->transport = dsmb_transport_new(conn, sock);
	if (!conn->credits || !conn->transport)
		return -ENOMEM;
	dsmb_credits_init(conn->credits);
	return 0;
}

/*
 * Make a connection of an accepted socket. @sock: consumed on success. If a limit is reached, an
 * older connection without a logged-in user is dropped to make room; see prelogin.h. Return: 0;
 * -EMFILE if a limit is reached; -ENOMEM; or an error of the socket.
 */
int dsmb_conn_new(struct dsmb_server *server, struct socket *sock, const void *listener)
{
	struct dsmb_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	int err;

	if (!conn)
		return -ENOMEM;
	conn->server = server;
	conn->number = atomic64_inc_return(&conn_numbers);
	conn->listener = listener;
	refcount_set(&conn->ref, 1);
	spin_lock_init(&conn->lock);
	mutex_init(&conn->trust_lock);
	xa_init_flags(&conn->async, XA_FLAGS_ALLOC1);
	/* SESSION_SETUP chooses the ids; channels are freed under RCU. */
	xa_init(&conn->sessions);
	INIT_DELAYED_WORK(&conn->handshake, handshake_over);
	err = conn_fill(conn, sock);
	if (err)
		goto free;
	/* Once it is on the list, any thread may drop it. */
	dsmb_conn_hold(conn);
	if (!conn_publish(conn)) {
		err = -EMFILE;
		goto free;
	}
	trace_dsmb_conn_new(conn);
	queue_delayed_work(server->slow, &conn->handshake, DSMB_HANDSHAKE_S * HZ);
	dsmb_transport_start(conn->transport);
	/*
	 * A thread that dropped it may have stopped the transport before it was started.
	 */
	if (READ_ONCE(conn->state) == DSMB_CONN_DEAD) {
		cancel_delayed_work_sync(&conn->handshake);
		dsmb_transport_stop(conn->transport);
	}
	dsmb_conn_put(conn);
	return 0;

free:
	dsmb_transport_discard(conn->transport);
	kfree(conn->credits);
	ditto_uncharge(&conn->charge);
	ditto_principal_exit(&conn->who);
	if (conn->peer)
		ditto_peer_put(conn->peer);
	kfree(conn);
	return err;
}
