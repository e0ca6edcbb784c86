/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of hosts, by the host worker: what name servers say is read there. What the worker
 * says is checked; while there is none, names are unknown for now.
 *
 * To be used by one thread, that of the event loop.
 */
#ifndef _DITTOD_HOSTS_H
#define _DITTOD_HOSTS_H

#include "resolver.h"

struct hosts;

/* @spawner: starts the worker. NULL and errno on error. */
struct hosts *hosts_new(int spawner);
/* Those that still wait are told -EAGAIN. */
void hosts_free(struct hosts *h);

/* Look an address up, as resolver_submit() does. */
void hosts_submit(struct hosts *h, struct host_lookup *l);

/* Readable when hosts_ready() has something to do. */
int hosts_fd(const struct hosts *h);
void hosts_ready(struct hosts *h);

#endif
