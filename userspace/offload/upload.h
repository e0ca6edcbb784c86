/* SPDX-License-Identifier: GPL-2.0-only */
/* Uploads: see to it that an object is in the store. */
#ifndef _DITTO_OFFLOAD_UPLOAD_H
#define _DITTO_OFFLOAD_UPLOAD_H

#include "condemned.h"
#include "object/envelope.h"

/**
 * struct upload - an upload
 * @engine: set by the caller, as all members up to @arg
 * @store: the store, of which the caller is a user
 * @kind: kind of the content
 * @name: name of the content
 * @plain: the content; must stay valid until the end
 * @len: bytes of the content
 * @done: called at the end
 * @arg: for @done
 * @error: 0 or a positive errno; the result, as all members up to @requests
 * @why: cause of @error
 * @present: the object was in the store already
 * @uploaded: bytes that were sent
 * @requests: requests to the store
 */
struct upload {
	struct engine *engine;
	struct store *store;
	enum envelope_kind kind;
	u8 name[HASH_SIZE];
	const u8 *plain;
	size_t len;
	void (*done)(struct upload *u);
	void *arg;

	int error;
	struct why why;
	bool present;
	u64 uploaded;
	u64 requests;

	/* The rest is private. */
	struct job job;
	struct condemned_wait wait;
	bool doubted;
	struct transfer transfer;
	u8 *sealed;
	size_t sealed_len;
};

/* Begin an upload. */
void upload_start(struct upload *u);
/*
 * End an upload. Returns true if it has ended; false if it works in a thread, and will call @done
 * when that has ended.
 */
bool upload_cancel(struct upload *u);

#endif
