/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners: the object ditto-owner below the prefix of a store names the one server that writes and
 * deletes there, for the garbage of one may be the data of another, and the UUID of the store, for
 * a name says nothing about the bucket that answers. It is written at the first upload, and read
 * again from time to time, and whenever it is asked for. See "Owner" in Documentation/offload.md.
 */
#ifndef _DITTO_OFFLOAD_OWNER_H
#define _DITTO_OFFLOAD_OWNER_H

#include "offload/engine.h"
#include "object/owner_text.h"

struct owners;

/**
 * owners_new - create the set of all questions for owners
 * @engine: what all requests share
 * @serve: called with each request of owner_ask() whose store belongs to this server. It takes
 *	the descriptor by setting it to -1
 * @arg: for @serve
 */
struct owners *owners_new(struct engine *engine,
			  void (*serve)(void *arg, const struct offload_msg *msg,
					struct store *store, int *fd), void *arg);

/*
 * Return whether the store is known to be this server's, and was not long ago; for what may destroy
 * the data of another server, with @destroys, only some seconds ago.
 */
bool owner_is_known(const struct store *s, bool destroys);

/* Return whether it was seen not long ago that it is the right bucket, and how it is configured. */
bool owner_is_seen(const struct store *s);

/*
 * Look whether it is the right bucket, for those who read, and do not wait for the answer:
 * &store.foreign and &store.doubt tell.
 */
void owner_look(struct owners *all, struct store *store);

/**
 * owner_ask - find out whose a store is, and then serve a request, or fail it
 * @all: the set
 * @msg: the request; it is copied. OFFLOAD_OWN is answered here; for OFFLOAD_CHECK, nothing is
 *	written
 * @fd: its descriptor, or -1; belongs to the set from here on
 * @store: the store
 */
void owner_ask(struct owners *all, const struct offload_msg *msg, int fd, struct store *store);

/* End a request that waits. Returns false if there is none with this number. */
bool owner_cancel(struct owners *all, u64 id);

#endif
