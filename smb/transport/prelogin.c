// SPDX-License-Identifier: GPL-2.0-only
/* Connections without a logged-in user. See prelogin.h for the idea and the locks. */
#include "../server.h"
#include "conn.h"
#include "prelogin.h"

/*
 * Add a connection on which no user is logged in. @conn: held; charged at the trust level it began
 * with. Without memory the connection is not added, and does not make room for others. Context: any
 * but interrupts; does not sleep.
 */
void dsmb_prelogin_add(struct dsmb_conn *conn)
{
	struct ditto_conns *prelogin = conn->server->prelogin;

	spin_lock(&prelogin->lock);
	/*
	 * A connection is removed after it was marked DEAD, so a marked one must not be added
	 * any more.
	 */
	if (!conn->prelogin.client && READ_ONCE(conn->state) != DSMB_CONN_DEAD)
		ditto_conns_add(prelogin, &conn->prelogin, &conn->who);
	spin_unlock(&prelogin->lock);
}

/*
 * Remove a connection: a user logged in, or it ends. @conn: held; need not have been added.
 * Context: any but interrupts; does not sleep.
 */
void dsmb_prelogin_remove(struct dsmb_conn *conn)
{
	struct ditto_conns *prelogin = conn->server->prelogin;

	spin_lock(&prelogin->lock);
	ditto_conns_remove(prelogin, &conn->prelogin);
	spin_unlock(&prelogin->lock);
}

/*
 * Choose a connection to end in favor of a new one. Context: any but interrupts; does not sleep.
 * Return: the oldest connection of the own client, or of the client that has the most; held and
 * removed. NULL if there is none.
 */
struct dsmb_conn *dsmb_prelogin_take(struct dsmb_conn *conn, unsigned int most)
{
	struct ditto_conns *prelogin = conn->server->prelogin;
	struct ditto_conns_link *link;
	struct dsmb_conn *oldest = NULL;

	spin_lock(&prelogin->lock);
	link = ditto_conns_take(prelogin, &conn->who, most);
	if (link) {
		oldest = container_of(link, struct dsmb_conn, prelogin);
		/* A connection is removed before its last reference is dropped. */
		dsmb_conn_hold(oldest);
	}
	spin_unlock(&prelogin->lock);
	return oldest;
}
