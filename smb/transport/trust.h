/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trust level of a connection: the limits of each level, and when the level changes.
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

/**
 * struct dsmb_allowance - the limits of a connection at one trust level
 * @message_max: bytes of a message
 * @credits: credits it may have, including those of requests that are not answered yet
 * @inflight: bytes of requests and responses; nothing is received above it
 * @parked: bytes held by parked calls
 * @rx: size of the receive buffer in bytes
 * @idle: messages kept for reuse
 * @kept: bytes kept while it is in use: objects, @rx, @idle and the reserve
 * @floor: bytes it is charged for at least while it is in use, so that few requests change the
 *	charge
 * @step: bytes by which its charge grows
 * @trimmed: bytes kept while it is idle: objects and the reserve
 * @reserve: bytes of a message that is received although the budget is used up; 0 for none
 */
struct dsmb_allowance {
	u32 message_max;
	u32 credits;
	long inflight;
	long parked;
	u32 rx;
	unsigned int idle;
	long kept;
	long floor;
	long step;
	long trimmed;
	u32 reserve;
};

/* The limits by trust level. */
extern const struct dsmb_allowance dsmb_allowances[DITTO_TRUST_LEVELS];

/* The limits of a connection at its current trust level. */
static inline const struct dsmb_allowance *dsmb_allowance(const struct dsmb_conn *conn)
{
	return &dsmb_allowances[READ_ONCE(conn->trust)];
}

/*
 * The principal of the client machine at the connection's current trust level. The accounts are
 * those of @conn and are not held.
 */
static inline struct ditto_principal dsmb_conn_principal(const struct dsmb_conn *conn)
{
	return (struct ditto_principal){
		.peer = conn->who.peer, .trust = READ_ONCE(conn->trust)
	};
}

/**
 * dsmb_conn_settle - recompute the trust level of a connection from its sessions
 * @conn: held
 *
 * To be called after a session became ready, was raised, or left. The connection is dropped if
 * it falls and cannot be charged at the lower level.
 *
 * Context: process; may sleep; takes conn->trust_lock. session->lock may be held.
 * Return: 0, or -EDQUOT if the charges cannot be moved.
 */
int dsmb_conn_settle(struct dsmb_conn *conn);

/**
 * dsmb_session_admit_guest - raise an anonymous or guest session that connects to a guest share
 * @session: the session
 * @conn: connection of the TREE_CONNECT
 *
 * Context: process; may sleep; takes session->lock.
 * Return: 0, or -EDQUOT with the session's trust unchanged.
 */
int dsmb_session_admit_guest(struct dsmb_session *session, struct dsmb_conn *conn);

#endif
