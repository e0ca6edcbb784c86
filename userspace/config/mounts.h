/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches what is mounted: tells the kernel which file systems are mounted below shares whose
 * option "nested" makes them part of the share, and notices shares whose path leads elsewhere by
 * now.
 */
#ifndef _DITTOD_MOUNTS_H
#define _DITTOD_MOUNTS_H

#include <stdbool.h>

struct kernel;
struct mounts;
struct pool;
struct problems;

/*
 * Tell the kernel about all mounts, now. File systems without file handles are left out without a
 * word. Blocks until the kernel has answered.
 */
void mounts_tell(struct kernel *k);

/**
 * mounts_new - watch the table of mounts; lives until the process ends
 * @pool: has one thread, which is the only user of @kernel
 * @kernel: must live as long, as @pool must
 * @told: called when other shares than before are covered, with all that are
 * @arg: argument of @told
 *
 * The functions below are for the thread of the event loop, in which @told is called, too.
 *
 * Return: the watch, or NULL with errno set.
 */
struct mounts *mounts_new(struct pool *pool, struct kernel *kernel,
			  void (*told)(void *arg, const struct problems *covered), void *arg);
/* The descriptor has EPOLLPRI when the table has changed. */
int mounts_fd(const struct mounts *m);
/* A share was removed: it is not covered any more. The kernel is not asked. */
void mounts_drop_share(struct mounts *m, const char *name);
/* All shares are gone, because ditto.ko was unloaded. */
void mounts_drop_all(struct mounts *m);
/*
 * Queue the work of mounts_tell(), and the search for shares that are covered; @up is false while
 * ditto.ko is not loaded.
 */
void mounts_changed(struct mounts *m, bool up);

#endif
