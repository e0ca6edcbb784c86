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

void dsmb_prelogin_add(struct dsmb_conn *conn);
void dsmb_prelogin_remove(struct dsmb_conn *conn);
struct dsmb_conn *dsmb_prelogin_take(struct dsmb_conn *conn, unsigned int most);

#endif
