/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client of a request in NFSv4.0, where only some operations name it.
 *
 * The last client named on a connection is taken to be the client of later requests on that
 * connection. This distinguishes a client's own operations from those of others, so that they
 * do not recall the client's own delegations.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CALLER_H
#define _DITTO_FS_NFS_V4_DELEG_CALLER_H

struct dnfs4_callers;
struct dnfs4_compound;

/**
 * dnfs4_caller_guess - set the client of a COMPOUND from its connection
 * @cmp: at the start of a 4.0 COMPOUND; @cmp->client is set with a reference, if known
 */
void dnfs4_caller_guess(struct dnfs4_compound *cmp);

/**
 * dnfs4_caller_note - remember the client of a connection
 * @cmp: at the end of a 4.0 COMPOUND; has a client
 *
 * Context: may sleep.
 */
void dnfs4_caller_note(struct dnfs4_compound *cmp);

/* Free the table of a server; NULL is allowed. */
void dnfs4_callers_free(struct dnfs4_callers *callers);

#endif
