/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trust level of a connection, and when it changes; allowance.h has the limits of each level.
 *
 * A connection begins as UNPROVEN, or as STRANGER if no share admits its address. A session of
 * a user raises it. An anonymous or guest session raises it when it connects to a share that
 * lets guests in; a null session alone does not. The connection falls back when the last such
 * session leaves it. It then has the time of a login to get another one.
 */
#ifndef _DITTO_SMB_TRANSPORT_TRUST_H
#define _DITTO_SMB_TRANSPORT_TRUST_H

#include <linux/types.h>

#include "conn.h"

struct dsmb_session;

/*
 * The principal of the client machine at the connection's current trust level. The accounts belong
 * to @conn and are not held.
 */
static inline struct ditto_principal dsmb_conn_principal(const struct dsmb_conn *conn)
{
	return (struct ditto_principal){
		.peer = conn->who.peer, .trust = READ_ONCE(conn->trust)
	};
}

int dsmb_conn_settle(struct dsmb_conn *conn);
int dsmb_session_admit_guest(struct dsmb_session *session, struct dsmb_conn *conn);

#endif
