/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops all privileges that dittod does not need. */
#ifndef _DITTOD_PRIVILEGES_H
#define _DITTOD_PRIVILEGES_H

/*
 * Drop all capabilities for good, except CAP_NET_ADMIN (to configure the server),
 * CAP_DAC_READ_SEARCH (the kernel looks up paths of shares with our credentials) and
 * CAP_NET_BIND_SERVICE (listeners are opened with our credentials). Must be called before threads
 * are started. The process leaves no core, which would have secrets. Returns 0 or a negative errno,
 * -EPERM without CAP_NET_ADMIN.
 */
int privileges_drop(void);

#endif
