// SPDX-License-Identifier: GPL-2.0-only
/*
 * The charges of a connection, and the limit of connections over all clients.
 *
 * The level of trust depends on whether a share admits the machine. The helper is not waited for,
 * and rules change, so the charges move when a call is found to be of another level.
 *
 * sunrpc's own limit ends the oldest connection, whoever asks for a new one. So it is out of the
 * way, and connections are counted here: above the setting max-connections a new one takes the
 * place of one that matters less (net/conns.h), or is refused.
 *
 * Locking: see conn.c; the lock of the table of connections is taken inside xpt_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>

#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../share/admit.h"
#include "../server.h"
#include "connection_private.h"

/* Until a move of the charges that failed is tried again. */
#define CONN_STAYS	HZ

static int conn_principal_of(struct ditto_server *srv, const struct sockaddr *from,
			     struct ditto_principal *who)
{
	enum ditto_admission admission;
	struct ditto_peer *peer;
	enum ditto_ports ports;
	int err;

	peer = ditto_peer_get(srv, from, dnfs_protocol_bit());
	if (!peer)
		return -ENOMEM;
	admission = ditto_admit(peer, dnfs_protocol_bit(), false, &ports);
	err = ditto_principal_init(who, srv, &peer->addr, dnfs_conn_trust(admission), INVALID_UID);
	ditto_peer_put(peer);
	return err;
}

/* Find out whom to charge for a connection. Return: 0, or an errno of ditto_principal_init(). */
int dnfs_conn_principal(const struct dnfs_conn *conn, struct ditto_principal *who)
{
	return conn_principal_of(conn->server->srv, (struct sockaddr *)&conn->xprt->xpt_remote,
				 who);
}

/*
 * Check whether a client may have another connection. For connections that cost something before
 * they are charged. Return: false if its charge would be refused.
 */
bool dnfs_conn_may_connect(struct net *net, const struct sockaddr *from, unsigned int waiting)
{
	struct ditto_principal who = {};
	struct ditto_charge charge = {};
	int err;

	err = conn_principal_of(dnfs_server_of(net)->srv, from, &who) ?:
	      ditto_charge(&charge, &who, DITTO_BUDGET_CONNECTIONS, 1 + waiting);
	ditto_uncharge(&charge);
	ditto_principal_exit(&who);
	return !err;
}

/*
 * Count a connection, which is charged to @who. If there are as many as may be, *@ended is one to
 * end in favor of it, with a reference.
 */
static int conn_count(struct dnfs_conn *conn, const struct ditto_principal *who,
		      struct svc_xprt **ended)
{
	struct dnfs_server *server = conn->server;
	u32 most = READ_ONCE(server->srv->settings.max_connections);
	struct ditto_conns_link *link;
	int err = 0;

	spin_lock(&server->conns->lock);
	if (server->conns->count >= most) {
		link = ditto_conns_take_lesser(server->conns, who);
		if (link) {
			*ended = container_of(link, struct dnfs_conn, counted)->xprt;
			svc_xprt_get(*ended);
		} else {
			err = -EMFILE;
		}
	}
	err = err ?: ditto_conns_add(server->conns, &conn->counted, who);
	spin_unlock(&server->conns->lock);
	return err;
}

static int conn_admit(struct dnfs_conn *conn, const struct ditto_principal *who)
{
	struct svc_xprt *ended = NULL;
	int err = conn_count(conn, who, &ended);

	if (err == -EMFILE)
		pr_info_ratelimited("client %pISpc is refused: there are as many connections as max-connections allows, raise that setting if these clients may have more\n",
				    &conn->xprt->xpt_remote);
	if (!ended)
		return err;
	pr_info_ratelimited("client %pISpc is disconnected in favor of client %pISpc: there are as many connections as max-connections allows, raise that setting if these clients may have more\n",
			    &ended->xpt_remote, &conn->xprt->xpt_remote);
	svc_xprt_deferred_close(ended);
	svc_xprt_put(ended);
	return err;
}

/*
 * Charge for a new connection, and count it. @memory: bytes to charge for as long as it is open.
 * Another connection may be ended in favor of it. Return: 0; -EDQUOT if its client has too many;
 * -EMFILE if there are too many of all clients; or -ENOMEM. After an error the caller frees what
 * was charged.
 */
int dnfs_conn_charge(struct dnfs_conn *conn, long memory)
{
	struct ditto_principal who = {};
	int err = dnfs_conn_principal(conn, &who);

	if (err)
		return err;
	err = ditto_charge(&conn->charge, &who, DITTO_BUDGET_CONNECTIONS, 1) ?:
	      ditto_charge(&conn->memory, &who, DITTO_BUDGET_MEMORY, memory) ?:
	      ditto_charge(&conn->unsent, &who, DITTO_BUDGET_UNSENT, 0) ?:
	      conn_admit(conn, &who);
	ditto_principal_exit(&who);
	return err;
}

/*
 * Charge all that a connection holds to another level. What is moved before an error stays there.
 * The caller has @who's account, so that none is released under the lock.
 */
static int conn_move(struct dnfs_conn *conn, const struct ditto_principal *who)
{
	struct ditto_charge *const charges[] = { &conn->memory, &conn->unsent, &conn->charge };
	struct ditto_conns *conns = conn->server->conns;
	int err = 0;

	lockdep_assert_held(&conn->xprt->xpt_lock);
	for (unsigned int i = 0; !err && i < ARRAY_SIZE(charges); i++)
		if (charges[i]->trust != who->trust)
			err = ditto_charge_move(charges[i], who);
	if (err)
		return err;
	spin_lock(&conns->lock);
	ditto_conns_move(conns, &conn->counted, who);
	spin_unlock(&conns->lock);
	return 0;
}

/* A move that has failed a moment ago would cost each call of the connection another failure. */
static bool conn_stays(struct svc_xprt *xprt, enum ditto_trust trust)
{
	struct dnfs_conn *conn;
	bool stays;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	stays = conn && conn->stays && trust > conn->charge.trust &&
		time_before(jiffies, conn->stay_until);
	spin_unlock(&xprt->xpt_lock);
	return stays;
}

/* Return: true if the connection must be closed: it is charged at a higher level than it has. */
static bool conn_follow(struct dnfs_conn *conn, const struct ditto_principal *who)
{
	lockdep_assert_held(&conn->xprt->xpt_lock);
	if (conn->charge.trust == who->trust)
		return false;
	conn->stays = conn_move(conn, who);
	conn->stay_until = jiffies + CONN_STAYS;
	return conn->stays && who->trust < conn->charge.trust;
}

/*
 * Charge a connection at the level of trust that one of its calls has. If there is no room at a
 * higher level, the connection stays below it, and a call a second later tries again; at a lower
 * level it is closed. Context: takes xpt_lock.
 */
void dnfs_conn_decided(struct svc_xprt *xprt, enum ditto_trust trust)
{
	struct ditto_principal who;
	struct dnfs_conn *conn;
	struct in6_addr addr;
	bool misfit;

	if (conn_stays(xprt, trust) ||
	    !ditto_addr_map((struct sockaddr *)&xprt->xpt_remote, &addr) ||
	    ditto_principal_init(&who, dnfs_server_of(xprt->xpt_net)->srv, &addr, trust,
				 INVALID_UID))
		return;
	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	misfit = conn && conn_follow(conn, &who);
	spin_unlock(&xprt->xpt_lock);
	ditto_principal_exit(&who);
	if (misfit)
		svc_xprt_deferred_close(xprt);
}
