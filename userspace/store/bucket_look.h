/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks a bucket for its configuration. */
#ifndef _DITTO_OFFLOAD_BUCKET_LOOK_H
#define _DITTO_OFFLOAD_BUCKET_LOOK_H

#include "offload/engine.h"

/**
 * struct bucket_look - the questions
 * @engine: what all requests share; set by the caller, as all members up to @arg
 * @store: the store, of which the caller is a user; its &store.config is filled
 * @done: called at the end
 * @arg: for @done
 */
struct bucket_look {
	struct engine *engine;
	struct store *store;
	void (*done)(struct bucket_look *l);
	void *arg;

	/* The rest is private. */
	struct transfer transfer;
	struct bucket_config found;
	unsigned int next;
	bool busy;
	u8 *page;
};

/*
 * Ask, if that was not done today. @l->done may be called before this returns. What a store does
 * not tell is unknown, and asked for again the next day, or after a minute if it was busy.
 */
void bucket_look_start(struct bucket_look *l);

#endif
