// SPDX-License-Identifier: GPL-2.0-only
/* Connections without a logged-in user. See unproven.h for the idea and the locks. */
#include "../server.h"
#include "conn.h"
#include "unproven.h"

void dsmb_unproven_add(struct dsmb_conn *conn)
{
	struct ditto_conns *unproven = conn->server->unproven;

	spin_lock(&unproven->lock);
	/*
	 * A connection is removed after it was marked DEAD, so a marked one must not be added
	 * any more.
	 */
	if (!conn->unproven.client && READ_ONCE(conn->state) != DSMB_CONN_DEAD)
		ditto_conns_add(unproven, &conn->unproven, &conn->who);
	spin_unlock(&unproven->lock);
}

void dsmb_unproven_remove(struct dsmb_conn *conn)
{
	struct ditto_conns *unproven = conn->server->unproven;

	spin_lock(&unproven->lock);
	ditto_conns_remove(unproven, &conn->unproven);
	spin_unlock(&unproven->lock);
}

struct dsmb_conn *dsmb_unproven_take(struct dsmb_conn *conn, unsigned int most)
{
	struct ditto_conns *unproven = conn->server->unproven;
	struct ditto_conns_link *link;
	struct dsmb_conn *oldest = NULL;

	spin_lock(&unproven->lock);
	link = ditto_conns_take(unproven, &conn->who, most);
	if (link) {
		oldest = container_of(link, struct dsmb_conn, unproven);
		/* A connection is removed before its last reference is dropped. */
		dsmb_conn_hold(oldest);
	}
	spin_unlock(&unproven->lock);
	return oldest;
}
