/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the kernel which file systems are mounted below shares whose option "nested" makes them
 * part of the share.
 */
#ifndef _DITTOD_MOUNTS_H
#define _DITTOD_MOUNTS_H

#include <stdbool.h>

struct kernel;
struct mounts;
struct pool;

/*
 * Tell the kernel about all mounts, now. File systems without file handles are left out without a
 * word. Blocks until the kernel has answered.
 */
void mounts_tell(struct kernel *k);

/*
 * Watch the table of mounts; lives until the process ends. @pool and @kernel must live as long.
 * @pool must have one thread, which is the only user of @kernel. Returns NULL and sets errno on
 * error. The functions below are for the thread of the event loop.
 */
struct mounts *mounts_new(struct pool *pool, struct kernel *kernel);
/* The descriptor has EPOLLPRI when the table has changed. */
int mounts_fd(const struct mounts *m);
/* Queue the work of mounts_tell(); @up is false while ditto.ko is not loaded. */
void mounts_changed(struct mounts *m, bool up);

#endif
