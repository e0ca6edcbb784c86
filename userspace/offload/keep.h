/* SPDX-License-Identifier: GPL-2.0-only */
/* Uploads of heads of snapshots. */
#ifndef _DITTO_OFFLOAD_KEEP_H
#define _DITTO_OFFLOAD_KEEP_H

#include "engine.h"

/**
 * keep_start - begin to upload the head of a snapshot
 * @engine: what all share
 * @id: number of the request
 * @store: the store; the upload becomes a user
 * @fd: file with the head, which stays the caller's
 *
 * A message tells the end. It is small and is not cancelled.
 */
void keep_start(struct engine *engine, u64 id, struct store *store, int fd);

#endif
