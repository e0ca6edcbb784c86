/* SPDX-License-Identifier: GPL-2.0-only */
/* Deletion of condemned objects, many at once. */
#ifndef _DITTO_OFFLOAD_COLLECT_H
#define _DITTO_OFFLOAD_COLLECT_H

#include "engine.h"

/* What follows a name in the answer if an upload relies on the object; else it is a cause. */
#define COLLECT_RELIED	"relied"

/**
 * collect_start - begin an OFFLOAD_COLLECT
 * @engine: what all share
 * @msg: the request
 * @store: the store
 * @fd: file with names of objects, one in each line, which stays the caller's; or -1
 *
 * A message tells the end. It is not cancelled: what the store was asked to delete may be gone.
 */
void collect_start(struct engine *engine, const struct offload_msg *msg, struct store *store,
		   int fd);

#endif
