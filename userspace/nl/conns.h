/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections to the kernel for threads, each of which makes one request at a time. */
#ifndef _DITTO_CONNS_H
#define _DITTO_CONNS_H

#include "nl.h"

struct conns;

/* No thread has a connection yet. Never NULL. */
struct conns *conns_new(unsigned int threads);
/* No thread makes a request any more. NULL does nothing. */
void conns_free(struct conns *k);

/**
 * conns_call - make a request and wait until it is done; thread-safe
 * @k: the connections; as many threads may call this at the same time as conns_new() got
 * @put: creates the message, for any of the connections
 * @arg: argument of @put
 * @why: filled on error
 *
 * Return: 0 or a negative errno.
 */
int conns_call(struct conns *k, struct nl_msg *(*put)(const struct conn *c, const void *arg),
	       const void *arg, struct why *why);

#endif
