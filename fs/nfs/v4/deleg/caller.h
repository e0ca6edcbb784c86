/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client of a request in NFSv4.0, where only some operations name it.
 *
 * The last client named on a connection is taken to be the client of later requests on that
 * connection. This distinguishes a client's own operations from operations of other clients, so
 * that they do not recall the client's own delegations.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CALLER_H
#define _DITTO_FS_NFS_V4_DELEG_CALLER_H

#include <linux/types.h>

struct dnfs4_callers;
struct dnfs4_compound;
struct sockaddr;
struct svc_xprt;

/* Connections that are remembered for the same memory, or for memory with the same hash. */
#define DNFS4_CALLERS_PER_CONN	8

/**
 * dnfs4_caller_guess - set the client of a COMPOUND from its connection
 * @cmp: at the start of a 4.0 COMPOUND; @cmp->client is set with a reference, if known
 */
void dnfs4_caller_guess(struct dnfs4_compound *cmp);

/**
 * dnfs4_caller_note - remember the client of a connection
 * @cmp: at the end of a 4.0 COMPOUND; has a client
 */
void dnfs4_caller_note(struct dnfs4_compound *cmp);

/* Allocate an empty table. Context: may sleep. Return: the table, or NULL without memory. */
struct dnfs4_callers *dnfs4_callers_alloc(void);

/* Free the table of a server; NULL is allowed. */
void dnfs4_callers_free(struct dnfs4_callers *callers);

/**
 * dnfs4_caller_id - find the client of a connection
 * @callers: the table
 * @conn: the connection
 * @addr: address and port at its other end
 *
 * The memory of a connection is used again for others, so the address must match as a whole.
 *
 * Context: process; does not sleep.
 * Return: the clientid4; 0 if it is not known.
 */
u64 dnfs4_caller_id(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		    const struct sockaddr *addr);

/**
 * dnfs4_caller_set - set the client of a connection
 * @callers: the table
 * @conn: the connection
 * @addr: address and port at its other end
 * @id: clientid4
 *
 * Context: process; does not sleep.
 */
void dnfs4_caller_set(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		      const struct sockaddr *addr, u64 id);

#endif
