/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other programs forget what the kernel told them, as rpcbind does when it is
 * started anew. Nobody tells the kernel, so it is asked to tell them again, now
 * and then.
 */
#ifndef _DITTOD_REFRESH_H
#define _DITTOD_REFRESH_H

#include <stdbool.h>

struct kernel;
struct pool;
struct refresh;

/* @pool and @kernel stay as long as it does; one thread of @pool uses @kernel. NULL and errno. */
struct refresh *refresh_new(struct pool *pool, struct kernel *kernel);
/* Readable when refresh_ready() has something to do. */
int refresh_fd(const struct refresh *r);
/* @up: the kernel can be asked. */
void refresh_ready(struct refresh *r, bool up);

#endif
