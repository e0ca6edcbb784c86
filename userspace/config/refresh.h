/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Some programs lose what the kernel registered with them, as rpcbind does on a restart, and the
 * kernel is not notified. dittod therefore asks the kernel to register again periodically.
 *
 * To be used by the thread of the event loop.
 */
#ifndef _DITTOD_REFRESH_H
#define _DITTOD_REFRESH_H

#include <stdbool.h>

struct kernel;
struct pool;
struct refresh;

/*
 * Create the timer; lives until the process ends. @pool and @kernel must live as long. @pool must
 * have one thread, which is the only user of @kernel. Returns NULL and sets errno on error.
 */
struct refresh *refresh_new(struct pool *pool, struct kernel *kernel);
/* The descriptor is readable when refresh_ready() has work. */
int refresh_fd(const struct refresh *r);
/* Queue the request to the kernel; @up is false while ditto.ko is not loaded. */
void refresh_ready(struct refresh *r, bool up);

#endif
