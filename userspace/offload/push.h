/* SPDX-License-Identifier: GPL-2.0-only */
/* Pushes: upload the content of files. */
#ifndef _DITTO_OFFLOAD_PUSH_H
#define _DITTO_OFFLOAD_PUSH_H

#include "engine.h"

/* Most bytes of memory that all pushes use. */
#define PUSH_MEMORY_MAX		(160U << 20)

struct pushes;

/* Create the set of all pushes. */
struct pushes *pushes_new(struct engine *engine);

/**
 * push_start - begin a push
 * @all: the set
 * @id: number of the request
 * @store: the store; the push becomes a user
 * @fd: the file, which becomes the push's
 *
 * Messages tell its progress and end.
 */
void push_start(struct pushes *all, u64 id, struct store *store, int fd);
/* End a push. Returns false if there is none with this number. */
bool push_cancel(struct pushes *all, u64 id);

/* Return whether there are no pushes. */
bool pushes_idle(const struct pushes *all);
/* Tell dittod the progress of pushes. Returns the ms until the next call. */
u64 pushes_tick(struct pushes *all);

#endif
