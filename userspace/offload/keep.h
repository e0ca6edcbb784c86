/* SPDX-License-Identifier: GPL-2.0-only */
/* Uploads of heads of snapshots, registrations of file systems, and lists of garbage. */
#ifndef _DITTO_OFFLOAD_KEEP_H
#define _DITTO_OFFLOAD_KEEP_H

#include "engine.h"

/* Text of OFFLOAD_KEEP that only asks for the name, and uploads nothing. */
#define KEEP_NAME	"name"

/**
 * keep_start - begin to upload the head of a snapshot, a registration, or a list of garbage
 * @engine: what all share
 * @msg: the request
 * @store: the store; the upload becomes a user
 * @fd: file with the content, which stays the caller's
 *
 * A message tells the end. It is small and is not cancelled.
 */
void keep_start(struct engine *engine, const struct offload_msg *msg, struct store *store, int fd);

#endif
