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

void dnfs4_caller_guess(struct dnfs4_compound *cmp);
void dnfs4_caller_note(struct dnfs4_compound *cmp);
struct dnfs4_callers *dnfs4_callers_alloc(void);
void dnfs4_callers_free(struct dnfs4_callers *callers);
u64 dnfs4_caller_id(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		    const struct sockaddr *addr);
void dnfs4_caller_set(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		      const struct sockaddr *addr, u64 id);

#endif
