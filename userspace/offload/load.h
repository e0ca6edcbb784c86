/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads: get an object from its store, open it, and compare it with its name. */
#ifndef _DITTO_OFFLOAD_LOAD_H
#define _DITTO_OFFLOAD_LOAD_H

#include "object/cookie.h"
#include "engine.h"
#include "object/envelope.h"

/**
 * struct load - a load
 * @engine: set by the caller, as all members up to @arg
 * @store: the store, of which the caller is a user
 * @kind: kind of the content
 * @urgency: enum transfer_urgency
 * @name: name of the content
 * @max: most bytes of content
 * @pack: NULL, or the content is a member of that pack: names it and the place. It must stay valid
 * @use: checks and uses the verified content, in a thread; fills @why and returns false if it is
 *	invalid. NULL to keep the content. A whole pack is not opened before: @plain is NULL,
 *	@stored is what came, and @use sets @len
 * @done: called at the end
 * @arg: for @use and @done
 * @error: 0 or a positive errno; the result, as all members up to @stored
 * @why: cause of @error
 * @damaged: @error is because the object is not what it has to be
 * @file: a sealed file with the content unless there is @use, which becomes the caller's; or -1
 * @len: bytes of content
 * @envelope: the envelope, for @use
 * @stored: the decrypted envelope, for @use
 */
struct load {
	struct engine *engine;
	struct store *store;
	enum envelope_kind kind;
	enum transfer_urgency urgency;
	u8 name[HASH_SIZE];
	size_t max;
	const struct cookie *pack;
	bool (*use)(struct load *l, const u8 *plain, struct why *why);
	void (*done)(struct load *l);
	void *arg;

	int error;
	struct why why;
	bool damaged;
	int file;
	size_t len;
	struct envelope envelope;
	u8 *stored;

	/* The rest is private. */
	struct transfer transfer;
	struct job job;
	unsigned int tries;
};

/* Begin a load. @l->done is not called before this returns. */
void load_start(struct load *l);
/* Make a load more urgent. */
void load_raise(struct load *l, enum transfer_urgency urgency);

#endif
