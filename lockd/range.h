/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte ranges: claim, give up, test, wait.
 *
 * Requests wait in the order of their arrival: a waiting request is not overtaken by a later one
 * that it conflicts with, unless the later one does not wait at all. A request is refused if its
 * waiting would close a cycle of owners that wait for each other, on whatever nodes.
 */
#ifndef _DITTO_LOCKD_RANGE_H
#define _DITTO_LOCKD_RANGE_H

#include <linux/overflow.h>
#include <linux/time64.h>

#include "claim.h"

struct file;
struct ditto_open;
struct ditto_range;
struct ditto_mirror_wait;

/* Disciplines: POSIX ranges of an owner merge and split, EXACT ranges stack and are mandatory. */
enum ditto_discipline {
	DITTO_POSIX,
	DITTO_EXACT,
};

/* Pieces that struct ditto_range_before has room for. */
#define DITTO_RANGE_PAST	8

/**
 * struct ditto_range_before - what an owner had among the bytes of a request before it was granted
 * @count: number of pieces
 * @more: there were more than fit
 * @piece: the owner's POSIX ranges, cut to the bytes of the request, in their order
 * @piece.first: first byte
 * @piece.last: last byte, inclusive
 * @piece.exclusive: for writing
 */
struct ditto_range_before {
	unsigned int count;
	bool more;
	struct {
		u64 first;
		u64 last;
		bool exclusive;
	} piece[DITTO_RANGE_PAST];
};

/**
 * struct ditto_range_request - a request for a byte range
 * @point: the node
 * @owner: the owner
 * @lease_owner: key of the caching grants that do not conflict with it; NULL for none
 * @open: the open that the range ends with, of any owner, on the same node; NULL for none. The
 *	caller keeps its memory during the call
 * @share: see struct ditto_actor
 * @discipline: POSIX or EXACT
 * @exclusive: for writing
 * @same_mode: EXACT only: ditto_range_unlock() gives up a range of this mode and no other
 * @empty: EXACT only: the range has no byte and lies before @first
 * @first: first byte
 * @last: last byte, inclusive
 * @reclaim: the range was held before a restart
 * @brief: see struct ditto_actor
 * @tests: see struct ditto_intent; set by ditto_range_test()
 * @queued: see struct ditto_actor; set in the queue
 * @waits: the caller asks again to wait for the range, so that its refusal is no news
 * @filp: an open file of the node, held by the caller during the call: the range is shown to the
 *	VFS. NULL not to show it
 * @past: POSIX only: filled when the range is granted, for ditto_range_undo(); kept by the caller
 *	until then. NULL if it is not needed
 */
struct ditto_range_request {
	struct ditto_lock_point *point;
	struct ditto_owner *owner;
	struct ditto_owner *lease_owner;
	struct ditto_open *open;
	u32 share;
	enum ditto_discipline discipline;
	bool exclusive;
	bool same_mode;
	bool empty;
	u64 first;
	u64 last;
	bool reclaim;
	bool brief;
	bool tests;
	bool queued;
	bool waits;
	struct file *filp;
	struct ditto_range_before *past;
};

/*
 * Set a POSIX range by offset and length. @length: number of bytes; 0 means to the end of the file,
 * however large. Return: 0, or -EOVERFLOW if the range passes 2^64 - 1.
 */
static inline int ditto_range_set_posix(struct ditto_range_request *req, u64 offset, u64 length)
{
	req->discipline = DITTO_POSIX;
	req->empty = false;
	req->first = offset;
	if (!length)
		req->last = U64_MAX;
	else if (check_add_overflow(offset, length - 1, &req->last))
		return -EOVERFLOW;
	return 0;
}

/*
 * Set an EXACT range by offset and length. @length: number of bytes; 0 means no byte (MS-FSA
 * section 2.1.5.8). Return: 0, or -EOVERFLOW if the range passes 2^64 - 1.
 */
static inline int ditto_range_set_exact(struct ditto_range_request *req, u64 offset, u64 length)
{
	req->discipline = DITTO_EXACT;
	req->empty = !length;
	req->first = offset;
	req->last = offset;
	if (length && check_add_overflow(offset, length - 1, &req->last))
		return -EOVERFLOW;
	return 0;
}

/**
 * struct ditto_wait - a range request that waits for its turn
 * @tell: wait for a notification only: nothing is claimed, and no later request waits for this one
 * @granted: called once from the table's workqueue: 0 if the range is held now; -EDEADLK,
 *	-ESHUTDOWN (client, share or open ended), -ENOLCK and other errors if it will not be. Not
 *	called after a cancel
 * @release: the table no longer uses the memory; called once, after @granted or a cancel. May
 *	sleep.
 * @request: the request; a copy
 * @since: time of the request, wall clock in seconds, for people
 * @id: number for people, from the same sequence as the numbers of claims
 * @ctx: lock context of the node; NULL when it is out of the queue
 * @link: entry in the node's queue
 * @client_link: entry in the client's list, under client->lock
 * @owner_link: entry in the owner's list, under client->lock
 * @prealloc: memory for the grant
 * @work: runs @granted
 * @mirror: state for waiting on a local process, see mirror.h
 * @ref: references of the queue or the callback, and of each try of the mirror
 * @result: for @granted; -EINPROGRESS before
 * @state: enum ditto_wait_state
 * @barge: the order of the queue does not hold it up
 * @noted: number of its entry of the history, or 0. Under ctx->lock
 * @search: last deadlock search that visited it through its owner; under client->lock
 * @blocked: last deadlock search that followed its blockers; under ctx->lock
 *
 * The caller sets the first three members in zeroed memory; the rest belongs to the table.
 */
struct ditto_wait {
	bool tell;
	void (*granted)(struct ditto_wait *wait, int error);
	void (*release)(struct ditto_wait *wait);
	struct ditto_range_request request;
	time64_t since;
	u64 id;
	struct ditto_lock_ctx *ctx;
	struct list_head link;
	struct list_head client_link;
	struct list_head owner_link;
	struct ditto_range *prealloc[2];
	struct work_struct work;
	struct ditto_mirror_wait *mirror;
	refcount_t ref;
	int result;
	u8 state;
	bool barge;
	unsigned long noted;
	u64 search;
	u64 blocked;
};

int ditto_range_lock(const struct ditto_range_request *req, struct ditto_wait *wait,
		     struct ditto_conflict *conflict);
int ditto_range_unlock(const struct ditto_range_request *req);
int ditto_range_undo(const struct ditto_range_request *req, const struct ditto_range_before *past);
int ditto_range_test(const struct ditto_range_request *req, struct ditto_conflict *conflict);
int ditto_range_cancel(const struct ditto_range_request *req);
int ditto_range_cancel_wait(struct ditto_wait *wait);

bool ditto_wait_was_granted(const struct ditto_wait *wait);

bool ditto_range_is_held(const struct ditto_range_request *req);
bool ditto_range_owner_has(struct ditto_lock_point *point, const struct ditto_owner *owner);

/**
 * struct ditto_range_held - an EXACT range that is held
 * @first: first byte
 * @length: number of bytes; 0 is an empty range
 * @exclusive: for writing
 */
struct ditto_range_held {
	u64 first;
	u64 length;
	bool exclusive;
};

unsigned int ditto_range_owner_list(struct ditto_lock_point *point,
				    const struct ditto_owner *owner,
				    struct ditto_range_held *list, unsigned int max);
bool ditto_range_owner_has_posix(struct ditto_lock_point *point, const struct ditto_owner *owner);
void ditto_range_release_owner(struct ditto_lock_point *point, struct ditto_owner *owner);

#endif
