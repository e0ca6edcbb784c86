/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections without a logged-in user, by client (net/conns.h). When a limit of connections is
 * reached, one of them ends to make room for a new one.
 *
 * Locking: the lock of the table is taken inside conn->trust_lock.
 */
#ifndef _DITTO_SMB_TRANSPORT_PRELOGIN_H
#define _DITTO_SMB_TRANSPORT_PRELOGIN_H

struct dsmb_conn;

/**
 * dsmb_prelogin_add - add a connection on which no user is logged in
 * @conn: held; charged at the trust level it began with
 *
 * Without memory the connection is not added, and does not make room for others.
 *
 * Context: any but interrupts; does not sleep.
 */
void dsmb_prelogin_add(struct dsmb_conn *conn);

/**
 * dsmb_prelogin_remove - remove a connection: a user logged in, or it ends
 * @conn: held; need not have been added
 *
 * Context: any but interrupts; does not sleep.
 */
void dsmb_prelogin_remove(struct dsmb_conn *conn);

/**
 * dsmb_prelogin_take - choose a connection to end in favor of a new one
 * @conn: the new connection, not added yet
 * @most: see ditto_conns_take()
 *
 * Context: any but interrupts; does not sleep.
 * Return: the oldest connection of the own client, or of the client that has the most; held and
 * removed. NULL if there is none.
 */
struct dsmb_conn *dsmb_prelogin_take(struct dsmb_conn *conn, unsigned int most);

#endif
