/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Establishes the contexts of RPCSEC_GSS (RFC 2203) for the kernel's sunrpc, so that principals get
 * accounts by the same rules over NFS as over SMB.
 *
 * sunrpc asks over the socket that gssproxy(8) serves, once somebody has ordered it to. Only one
 * program can serve it: what runs already is left alone.
 *
 * To be used by the thread of the event loop.
 */
#ifndef _DITTOD_RPCSEC_H
#define _DITTOD_RPCSEC_H

#include <stdbool.h>

struct auth;
struct rpcsec;

/* Returns NULL and sets errno on error; lives until the process ends. */
struct rpcsec *rpcsec_new(struct auth *auth);
/* Serve sunrpc, or leave that to gssproxy. */
void rpcsec_set(struct rpcsec *r, bool serve);
/*
 * Serve if it is wanted and possible, and if there is a keytab: sunrpc keeps a network namespace
 * for ever once it was set up there. To be called now and then, since other programs and the
 * modules of the kernel come and go.
 */
void rpcsec_check(struct rpcsec *r);

/* The descriptor is readable when rpcsec_ready() has work. */
int rpcsec_fd(const struct rpcsec *r);
void rpcsec_ready(struct rpcsec *r);

#endif
