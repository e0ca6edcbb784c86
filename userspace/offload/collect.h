/* SPDX-License-Identifier: GPL-2.0-only */
/* Deletion of condemned objects, many in one request. */
#ifndef _DITTO_OFFLOAD_COLLECT_H
#define _DITTO_OFFLOAD_COLLECT_H

#include "engine.h"

/* What follows a name in the answer if an upload relies on the object; else it is a cause. */
#define COLLECT_RELIED	"relied"
/* What the cause begins with if the store refuses to delete this object; else it was not asked. */
#define COLLECT_REFUSED	"refused: "

/* Text of OFFLOAD_COLLECT that begins a run. */
#define COLLECT_BEGIN	"begin"

/* Create the set of all requests. */
struct collects *collects_new(struct engine *engine);
/**
 * collect_start - begin an OFFLOAD_COLLECT
 * @all: the set
 * @msg: the request
 * @store: the store
 * @fd: file with names of objects, one in each line, which stays the caller's; or -1
 *
 * A message tells the end.
 */
void collect_start(struct collects *all, const struct offload_msg *msg, struct store *store,
		   int fd);
/*
 * Answer a request immediately. What the store was asked to delete may be gone, and uploads go on
 * to wait for the end of that. Returns false if there is no such request.
 */
bool collect_cancel(struct collects *all, u64 id);

#endif
