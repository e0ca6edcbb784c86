/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who calls, in version 4.0, where only some operations say it: who said it last over
 * the same connection. It is used to tell a client's own operations from those of
 * others, so that they do not take its delegations from it.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CALLER_H
#define _DITTO_FS_NFS_V4_DELEG_CALLER_H

struct dnfs4_callers;
struct dnfs4_compound;

/* At the start of a COMPOUND of 4.0: sets @cmp->client, if it is known. */
void dnfs4_caller_guess(struct dnfs4_compound *cmp);
/* At its end: @cmp->client is who it was. May sleep. */
void dnfs4_caller_note(struct dnfs4_compound *cmp);
/* With the server. */
void dnfs4_callers_free(struct dnfs4_callers *callers);

#endif
