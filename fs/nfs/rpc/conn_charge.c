// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom a connection is charged to, and how many there may be of all clients.
 *
 * sunrpc's own limit ends the oldest connection, whoever asks for a new one. So it is out of the
 * way, and connections are counted here: above the setting max-connections a new one takes the
 * place of one that matters less (net/conns.h), or is refused.
 *
 * Locking: see connection.c; the lock of the table of connections is taken inside xpt_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>

#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../share/admit.h"
#include "../server.h"
#include "connection_private.h"

/* A machine that a share admits sends requests of its users, so it gets their trust level. */
static enum ditto_trust conn_trust(struct ditto_peer *peer)
{
	enum ditto_ports ports;

	switch (ditto_admit(peer, &ports)) {
	case DITTO_ADMITTED:
		return DITTO_TRUST_USER;
	case DITTO_UNDECIDED:
		return DITTO_TRUST_UNPROVEN;
	case DITTO_STRANGER:
		break;
	}
	return DITTO_TRUST_STRANGER;
}

int dnfs_conn_principal(struct svc_xprt *xprt, struct ditto_principal *who)
{
	struct ditto_server *srv = dnfs_server_of(xprt->xpt_net)->srv;
	struct ditto_peer *peer;
	int err;

	peer = ditto_peer_get(srv, (struct sockaddr *)&xprt->xpt_remote, dnfs_protocol_bit());
	if (!peer)
		return -ENOMEM;
	err = ditto_principal_init(who, srv, &peer->addr, conn_trust(peer), INVALID_UID);
	ditto_peer_put(peer);
	return err;
}

/*
 * Count a connection, which is charged to @who. If there are as many as may be, *@ended is one to
 * end in favor of it, with a reference.
 */
static int conn_count(struct dnfs_conn *conn, const struct ditto_principal *who,
		      struct svc_xprt **ended)
{
	struct dnfs_server *server = dnfs_server_of(conn->xprt->xpt_net);
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

int dnfs_conn_charge(struct dnfs_conn *conn)
{
	struct ditto_principal who = {};
	int err = dnfs_conn_principal(conn->xprt, &who);

	if (err)
		return err;
	err = ditto_charge(&conn->charge, &who, DITTO_BUDGET_CONNECTIONS, 1) ?:
	      ditto_charge(&conn->memory, &who, DITTO_BUDGET_MEMORY, 0) ?:
	      ditto_charge(&conn->unsent, &who, DITTO_BUDGET_UNSENT, 0) ?:
	      conn_admit(conn, &who);
	ditto_principal_exit(&who);
	return err;
}

void dnfs_conn_uncount(struct dnfs_conn *conn)
{
	struct ditto_conns *conns = dnfs_server_of(conn->xprt->xpt_net)->conns;

	spin_lock(&conns->lock);
	ditto_conns_remove(conns, &conn->counted);
	spin_unlock(&conns->lock);
}
