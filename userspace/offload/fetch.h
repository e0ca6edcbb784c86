/* SPDX-License-Identifier: GPL-2.0-only */
/* Fetches: get ranges of files back. */
#ifndef _DITTO_OFFLOAD_FETCH_H
#define _DITTO_OFFLOAD_FETCH_H

#include "objects.h"

struct fetches;

/* Create the set of all fetches. */
struct fetches *fetches_new(struct engine *engine, struct objects *objects);

/**
 * fetch_start - begin a fetch
 * @all: the set
 * @msg: the request
 * @store: the store of its cookie
 * @cookie: the cookie
 *
 * Messages bring the data and tell the end.
 */
void fetch_start(struct fetches *all, const struct offload_msg *msg, struct store *store,
		 const struct cookie *cookie);
/* Tell of which fetches more has come. Returns the ms until the next call. */
u64 fetches_tick(struct fetches *all);
/* End a fetch. Returns false if there is none with this number. */
bool fetch_cancel(struct fetches *all, u64 id);

#endif
