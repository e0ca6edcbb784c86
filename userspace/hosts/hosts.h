/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of hosts, looked up by the host worker, which parses the replies of name servers. The
 * answers of the worker are validated here. While there is no worker, look-ups fail with -EAGAIN.
 *
 * To be used by the thread of the event loop only.
 */
#ifndef _DITTOD_HOSTS_H
#define _DITTOD_HOSTS_H

#include "resolver.h"

struct hosts;

/*
 * Create the client of the host worker; @spawner is the socket of the spawner. Returns NULL and
 * sets errno on error.
 */
struct hosts *hosts_new(int spawner);
/* Free @h. Pending look-ups end with -EAGAIN. */
void hosts_free(struct hosts *h);

/*
 * Look up an address, as resolver_submit() does. @l stays the caller's and must live until its
 * @done is called, which may happen before this returns.
 */
void hosts_submit(struct hosts *h, struct host_lookup *l);

/* The descriptor is readable when hosts_ready() has work. */
int hosts_fd(const struct hosts *h);
void hosts_ready(struct hosts *h);

#endif
