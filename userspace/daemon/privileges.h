/* SPDX-License-Identifier: GPL-2.0-only */
/* Giving up every privilege that is not needed. */
#ifndef _DITTOD_PRIVILEGES_H
#define _DITTOD_PRIVILEGES_H

/*
 * Keep CAP_NET_ADMIN (to configure the server), CAP_DAC_READ_SEARCH (paths of
 * shares are looked up as us), CAP_NET_BIND_SERVICE (listeners are opened as
 * us); drop all others for good. To be called before threads are started.
 * 0 or a negative errno, -EPERM without CAP_NET_ADMIN.
 */
int privileges_drop(void);

#endif
