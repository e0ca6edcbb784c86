/* SPDX-License-Identifier: GPL-2.0-only */
/* Pushes of small files, whose content is put together in packs: one request uploads many. */
#ifndef _DITTO_OFFLOAD_PACKER_H
#define _DITTO_OFFLOAD_PACKER_H

#include "engine.h"

/* Most members of a pack that is written. */
#define PACKER_MEMBERS		96
/* Time after which a pack is uploaded if no other file comes, in ms. */
#define PACKER_PAUSE		250
/* Most bytes of memory that all pushes of small files use. */
#define PACKER_MEMORY_MAX	(96U << 20)

struct packer;

/* Create the set of all pushes of small files. */
struct packer *packer_new(struct engine *engine);

/**
 * packer_push - begin a push, if the file is small
 * @all: the set
 * @id: number of the request
 * @store: the store; the push becomes a user
 * @fd: the file, which becomes the push's
 *
 * One message tells the end.
 *
 * Return: false if the file is empty, too long for a pack, or the store has no packs.
 */
bool packer_push(struct packer *all, u64 id, struct store *store, int fd);
/* End a push. Returns false if there is none with this number. */
bool packer_cancel(struct packer *all, u64 id);

/* Return whether there are no pushes. */
bool packer_idle(const struct packer *all);
/* Upload packs to which nothing was added for a while. Returns the ms until the next call. */
u64 packer_tick(struct packer *all);

#endif
