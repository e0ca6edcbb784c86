/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of bytes: claimed, given up, asked about, waited for.
 *
 * Those who wait do so in the order of their coming: a waiting request is not
 * overtaken by a later one that it conflicts with, unless the later one does
 * not wait at all. A request whose waiting would close a circle of owners that
 * wait for each other, on whatever nodes, is refused.
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

enum ditto_discipline {
	DITTO_POSIX,
	DITTO_EXACT,
};

/**
 * struct ditto_range_request - a range that is asked for
 * @point: the node
 * @owner: who
 * @lease_owner: whose caching grants do not stand in its way; NULL for none
 * @open: the open that it goes with, of whatever owner, on the same node; NULL for none.
 *	Its memory is kept by the caller during the call
 * @share: as of an actor
 * @discipline: POSIX or EXACT
 * @exclusive: for writing
 * @empty: EXACT only: no byte, the place before @first
 * @first: first byte
 * @last: last byte, inclusive
 * @reclaim: takes back what was held before a restart
 * @filp: an open file of the node to show the range to the VFS with, or NULL
 *	not to; held by the caller during the call
 */
struct ditto_range_request {
	struct ditto_lock_point *point;
	struct ditto_owner *owner;
	struct ditto_owner *lease_owner;
	struct ditto_open *open;
	u32 share;
	enum ditto_discipline discipline;
	bool exclusive;
	bool empty;
	u64 first;
	u64 last;
	bool reclaim;
	struct file *filp;
};

/**
 * ditto_range_set_posix - bytes of a request by offset and length
 * @req: its range is set
 * @offset: first byte
 * @length: how many; 0 is all to the end of all files
 *
 * Return: 0, or -EOVERFLOW if the range passes 2^64 - 1.
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

/* The same for EXACT discipline, where a length of 0 is no byte (MS-FSA section 2.1.5.8). */
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
 * @tell: to be told of it only: nothing is claimed then, and nobody else is held up
 * @granted: called once from the table's workqueue: 0 if the range is held now,
 *	-EDEADLK, -ESHUTDOWN (client or share went), -ENOLCK and others if it will
 *	not be; not called after a cancel
 * @release: the table is done with the memory; called once, after @granted or a
 *	cancel. May sleep.
 * @request: what is waited for; a copy
 * @since: wall clock, for people
 * @id: number for people, as of claims
 * @ctx: of the node; NULL when it is out of the queue
 * @link: in the node's queue
 * @client_link: on the client's list, under client->lock
 * @owner_link: on the owner's list, under client->lock
 * @spares: memory for the grant
 * @work: runs @granted
 * @mirror: what waits for a local process, see mirror.h
 * @ref: the queue or the callback, and each try of the mirror
 * @result: for @granted
 * @state: see enum ditto_wait_state
 * @barge: the order of the queue does not hold it up
 * @search: the search for deadlocks that found it with its owner last; under client->lock
 * @blocked: the one that asked whom it waits for; under ctx->lock
 *
 * The caller sets the first three in zeroed memory; the rest belongs to the table.
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
	struct ditto_range *spares[2];
	struct work_struct work;
	struct ditto_mirror_wait *mirror;
	refcount_t ref;
	int result;
	u8 state;
	bool barge;
	u64 search;
	u64 blocked;
};

/**
 * ditto_range_lock - claim a range
 * @req: what
 * @wait: queue behind the conflict instead of failing; NULL not to. The table
 *	owns it after -EINPROGRESS only. With @wait->tell it is queued in any case.
 * @conflict: filled with -EAGAIN and -EINPROGRESS; may be NULL
 *
 * POSIX discipline: replaces, splits and merges the owner's own ranges; turning
 * shared into exclusive is atomic and refused while others read. EXACT: stacks.
 *
 * Context: may sleep.
 * Return: 0; -EAGAIN (conflict); -EINPROGRESS (queued); -EALREADY (the same
 * request is queued: a retransmission); -EBUSY (a break is outstanding: come
 * again); -EDEADLK; -ENOLCK (a limit); -EINVAL (range); -ESHUTDOWN (client
 * or open released); -EPERM (grace: new claims wait); -ESTALE (there is nothing to
 * reclaim: no grace, or the client was not known before); -ENOMEM; and what
 * the file system says if the range is shown to the VFS.
 */
int ditto_range_lock(const struct ditto_range_request *req, struct ditto_wait *wait,
		     struct ditto_conflict *conflict);

/**
 * ditto_range_unlock - give up a range
 * @req: POSIX: any part of the owner's ranges, held or not; EXACT: one range exactly
 *
 * Return: 0; -ENOENT (EXACT: not held); -EINVAL; -ENOMEM, -ENOLCK (a split
 * needs memory or passes a limit; nothing was changed).
 */
int ditto_range_unlock(const struct ditto_range_request *req);

/**
 * ditto_range_test - would ditto_range_lock() succeed
 * @req: what
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Return: 0; -EAGAIN (conflict); -EBUSY (it cannot be checked before a holder
 * who keeps ranges to itself gave that up: it was told; come again); -EINVAL.
 */
int ditto_range_test(const struct ditto_range_request *req, struct ditto_conflict *conflict);

/* Take back a queued request that matches in owner, mode and bytes. -ENOENT if none is queued. */
int ditto_range_cancel(const struct ditto_range_request *req);

/*
 * Take back a queued request by what the table was given for it. For who may come after the
 * node is gone. -ENOENT if it is not queued any more: the callback was or will be called.
 */
int ditto_range_cancel_wait(struct ditto_wait *wait);

/* Has an owner any EXACT range on a node? Does not sleep. */
bool ditto_range_owner_has(struct ditto_lock_point *point, const struct ditto_owner *owner);

/**
 * struct ditto_range_held - an EXACT range that is held
 * @first: first byte
 * @length: how many; 0 is no byte
 * @exclusive: for writing
 */
struct ditto_range_held {
	u64 first;
	u64 length;
	bool exclusive;
};

/* The first @max EXACT ranges of an owner on a node; how many, or more than @max. Never sleeps. */
unsigned int ditto_range_owner_list(struct ditto_lock_point *point,
				    const struct ditto_owner *owner,
				    struct ditto_range_held *list, unsigned int max);
/* Has it any POSIX range, or with @exclusive an exclusive one? Does not sleep. */
bool ditto_range_owner_has_posix(struct ditto_lock_point *point, const struct ditto_owner *owner,
				 bool exclusive);

/* All ranges and waits of an owner on a node. May sleep. */
void ditto_range_release_owner(struct ditto_lock_point *point, struct ditto_owner *owner);

#endif
