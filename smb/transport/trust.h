/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a connection is trusted: what it may at each level, and when the level changes.
 *
 * A connection begins UNPROVEN. It is raised by a session of a user, or by one without a
 * name once that uses a share which lets guests in; a null session alone is worth nothing.
 * It falls back when the last such session leaves it, and then has the time of a login for
 * the next one.
 */
#ifndef _DITTO_SMB_TRANSPORT_TRUST_H
#define _DITTO_SMB_TRANSPORT_TRUST_H

#include <linux/types.h>

#include "conn.h"

struct dsmb_session;

/**
 * struct dsmb_allowance - what a connection may
 * @message_max: bytes of a message
 * @credits: that it may have, those of requests without an answer included
 * @inflight: bytes of requests and answers, above which nothing is received
 * @parked: bytes of calls that wait
 * @rx: bytes that are received at once
 * @idle: messages that are kept for the next ones
 * @kept: bytes that stay while it is in use: objects, @rx and @idle
 * @floor: bytes that it is charged for while it is in use, so that few requests change that
 * @step: its charge is raised in steps of so many bytes
 * @trimmed: bytes that it is charged for while it is not in use
 * @reserve: bytes of the longest message that comes in though its account is full; 0 for none.
 *	Room for one is part of @kept and of @trimmed.
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

extern const struct dsmb_allowance dsmb_allowances[DITTO_TRUST_LEVELS];

static inline const struct dsmb_allowance *dsmb_allowance(const struct dsmb_conn *conn)
{
	return &dsmb_allowances[READ_ONCE(conn->trust)];
}

/* The machine at the other end, at the level that the connection has now; of @conn's accounts. */
static inline struct ditto_principal dsmb_conn_principal(const struct dsmb_conn *conn)
{
	return (struct ditto_principal){
		.peer = conn->who.peer, .trust = READ_ONCE(conn->trust)
	};
}

/**
 * dsmb_conn_settle - bring the trust of a connection in line with its sessions
 * @conn: held
 *
 * To be called after a session became ready, was raised, or left. A connection that cannot be
 * charged at the lower level any more is dropped.
 *
 * Context: process. Return: 0, or -EDQUOT if it cannot be raised.
 */
int dsmb_conn_settle(struct dsmb_conn *conn);

/* A session without a name uses a share that lets guests in. Return: as dsmb_conn_settle(). */
int dsmb_session_admit_guest(struct dsmb_session *session, struct dsmb_conn *conn);

#endif
