/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers: requests to stores by libcurl, many in parallel in one thread. Failed attempts are
 * repeated with growing pauses, unless a repetition is useless or the store has not answered
 * anybody for some time.
 */
#ifndef _DITTO_OFFLOAD_TRANSFER_H
#define _DITTO_OFFLOAD_TRANSFER_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "cause.h"
#include "object/hash.h"
#include "object/object_name.h"
#include "store.h"

enum transfer_method {
	TRANSFER_GET,
	TRANSFER_HEAD,
	TRANSFER_PUT,
	TRANSFER_DELETE,
	TRANSFER_POST,
};

/* Order in which waiting transfers of a store begin. */
enum transfer_urgency {
	TRANSFER_WAITED_FOR,
	TRANSFER_BACKGROUND,
	TRANSFER_AHEAD,
	TRANSFER_URGENCIES
};

enum transfer_state {
	TRANSFER_IDLE,
	TRANSFER_WAITING,
	TRANSFER_RUNNING,
	TRANSFER_PAUSING,
	TRANSFER_ENDED,
};

/**
 * struct transfer - a request
 * @store: the store; set by the caller, as all members up to @done. The transfer is a user
 * @method: enum transfer_method
 * @urgency: enum transfer_urgency
 * @object: name of the object below the prefix
 * @query: NULL, or the canonical query of a request for the whole bucket: @object is not used
 * @body: content of TRANSFER_PUT and TRANSFER_POST; must stay valid until @done
 * @body_len: bytes of @body
 * @sha256: SHA-256 of @body
 * @md5: MD5 of @body, if @has_md5
 * @has_md5: compare @md5 with what the store answers to TRANSFER_PUT, or tell it with TRANSFER_POST
 * @exclusive: TRANSFER_PUT fails with EEXIST if the object is there, EOPNOTSUPP if the store cannot
 *	tell
 * @expected: the object was put there: if the store says that there is none, it is asked again for
 *	some seconds, since it may be one whose copies are not all alike yet
 * @into: buffer for TRANSFER_GET, and for the answer to TRANSFER_POST
 * @room: bytes of @into
 * @offset: place in the object from which TRANSFER_GET reads @range bytes
 * @range: bytes to read, or 0 for the whole object
 * @done: called at the end, in the thread of transfers_run()
 * @arg: for @done
 * @outcome: enum outcome, and the result as all members from here on
 * @error: positive errno unless OUTCOME_GOOD
 * @why: cause with names of store, bucket and object, unless OUTCOME_GOOD
 * @got: bytes in @into; length of the object after TRANSFER_HEAD
 * @proven: after TRANSFER_HEAD, the object has the bytes that were put there
 * @archived: after TRANSFER_HEAD, the object cannot be read before it is restored
 * @storage_class: after TRANSFER_HEAD and TRANSFER_GET, the object's; "" for the usual one
 * @most: bytes of the longest answer to any attempt when that was progress
 * @moved: clock_ms() when @most has grown
 * @requests: number of attempts
 * @sent: bytes of bodies that were sent
 */
struct transfer {
	struct store *store;
	enum transfer_method method;
	enum transfer_urgency urgency;
	char object[OBJECT_NAME_SIZE];
	const char *query;
	const u8 *body;
	size_t body_len;
	u8 sha256[HASH_SIZE];
	u8 md5[HASH_MD5];
	bool has_md5;
	bool exclusive;
	bool expected;
	u8 *into;
	size_t room;
	u64 offset;
	size_t range;
	void (*done)(struct transfer *t);
	void *arg;

	enum outcome outcome;
	int error;
	struct why why;
	u64 got;
	bool proven;
	bool archived;
	char storage_class[BUCKET_WORD_SIZE];
	u64 most;
	u64 moved;
	u64 requests;
	u64 sent;

	/* The rest is private: the state, and the present attempt. */
	TAILQ_ENTRY(transfer) list;
	enum transfer_state state;
	u64 first;
	u64 when;
	unsigned int damaged;
	unsigned int missing;
	CURL *easy;
	struct curl_slist *headers;
	struct answer answer;
	size_t body_pos;
	u64 skipped;
	char etag[2 * HASH_MD5 + 3];
	char proof[HASH_HEX];
	bool other_etag;
	bool checksum;
	bool has_etag;
	bool has_type;
};

TAILQ_HEAD(transfer_list, transfer);

struct transfers;

/* Create the set of all transfers. Returns NULL without memory. */
struct transfers *transfers_new(void);

/* Begin a transfer. @t->done is not called before this returns. */
void transfer_start(struct transfers *all, struct transfer *t);
/* End a transfer that has begun, without calling @t->done. */
void transfer_cancel(struct transfers *all, struct transfer *t);
/*
 * When a transfer that was begun has last come further: when bytes came that no attempt had got
 * before; or, while it waits for its turn, when any of its store did, or ended well. 0 for never.
 */
u64 transfer_moved(const struct transfer *t);
/* Make a transfer more urgent. */
void transfer_raise(struct transfers *all, struct transfer *t, enum transfer_urgency urgency);

/**
 * transfers_wait - wait until transfers_run() has work
 * @all: the set
 * @fds: other descriptors to wait for
 * @n: number of them
 * @timeout: most ms to wait
 */
void transfers_wait(struct transfers *all, struct curl_waitfd *fds, unsigned int n, u64 timeout);
/* Go on with all transfers, and call @done of those that ended. */
void transfers_run(struct transfers *all);

#endif
