/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caching grants: what a holder may keep to itself, and how it is taken back.
 *
 * A break has its own deadline, counted from the moment the holder is told. If
 * more has to be given up while an answer is awaited, the break goes on step by
 * step as the answers come. What is kept without READ is nothing.
 *
 * Each grant's callbacks run one at a time, in the order of their causes.
 */
#ifndef _DITTO_LOCKD_LEASE_H
#define _DITTO_LOCKD_LEASE_H

#include <linux/errno.h>

#include "claim.h"

struct ditto_lease;

/* What happened to an entry of a directory. */
enum ditto_entry_event {
	DITTO_ENTRY_ADDED,
	DITTO_ENTRY_REMOVED,
	DITTO_ENTRY_RENAMED,	/* within the directory */
	DITTO_ENTRY_ATTRIBUTES,
};

/**
 * struct ditto_entry_change - one change
 * @event: see there
 * @name: of the entry, not terminated
 * @len: of @name
 * @old_name: before a rename
 * @old_len: of @old_name
 */
struct ditto_entry_change {
	enum ditto_entry_event event;
	const char *name;
	u32 len;
	const char *old_name;
	u32 old_len;
};

/* Changes that wait for one holder; with more, it loses READ instead. */
#define DITTO_CHANGES_PER_LEASE	256

/**
 * struct ditto_lease_ops - the holder's side of a caching grant
 * @breaking: give up all but @keep; @ack tells whether an answer is waited for
 *	(not when a lease has nothing but reading to give up). May sleep.
 * @revoked: the grant is void: the deadline passed, or the client or the node
 *	was released. May sleep.
 * @notify: an entry of the directory changed; only for grants that asked. May sleep.
 * @free: the last reference is gone. May sleep.
 * @ask: somebody wants to know size and change of the file; to be answered by
 *	ditto_lease_answered(), and not waited for here. Comes once more if no answer
 *	came for a while. NULL if the holder cannot be asked. May sleep.
 */
struct ditto_lease_ops {
	void (*breaking)(struct ditto_lease *lease, u8 keep, bool ack);
	void (*revoked)(struct ditto_lease *lease);
	void (*notify)(struct ditto_lease *lease, const struct ditto_entry_change *change);
	void (*free)(struct ditto_lease *lease);
	void (*ask)(struct ditto_lease *lease);
};

enum ditto_lease_type {
	DITTO_LEASE_TYPE_LEASE,		/* row "lease" of the matrix */
	DITTO_LEASE_TYPE_DELEGATION,		/* row "delegation" */
	DITTO_LEASE_TYPE_DIRECTORY,		/* row "directory" */
	DITTO_LEASE_TYPE_DIRECTORY_DELEGATION, /* row "directory delegation" */
};

/**
 * struct ditto_lease_request - a grant that is asked for
 * @point: the node
 * @actor: who; @actor.lease_owner is the key: a second grant under the same key
 *	widens the first by all that is wanted, or not
 * @style: see there
 * @want: DITTO_LEASE_* bits
 * @notify: deliver changes of entries instead of breaking READ (directories)
 * @older: a lease of the kind that has HANDLE with WRITE only: it and the HANDLE of
 *	other leases exclude each other (MS-FSA section 2.1.5.18.1), and who opens to
 *	read the access control list takes it as well (section 2.1.4.12)
 * @reclaim: takes back what was held before a restart
 * @break_ms: how long an answer to a break is waited for
 * @ops: the holder's side; constant
 * @private: for @ops
 * @filp: an open file of the node to show the grant to the VFS with, so that
 *	local processes break it; NULL not to; held by the caller during the call.
 *	Not for a directory, which is watched in any case
 */
struct ditto_lease_request {
	struct ditto_lock_point *point;
	struct ditto_actor actor;
	enum ditto_lease_type style;
	u8 want;
	bool notify;
	bool older;
	bool reclaim;
	u32 break_ms;
	const struct ditto_lease_ops *ops;
	void *private;
	struct file *filp;
};

/**
 * ditto_lease_grant - grant caching, or as much of it as fits
 * @req: what
 *
 * Never breaks what another holds: the wish is cut down, first WRITE, then
 * HANDLE, then READ. No delegation is granted while a recall on this node cools
 * down, and nothing new in grace. While a break under the same key is
 * outstanding, the grant is returned as it is.
 *
 * Context: may sleep.
 * Return: the grant with a reference for the caller, its bits in
 * ditto_lease_bits(), none if it was void before it was returned (broken by a
 * local process, or the VFS does not stand for it). ERR_PTR(-EAGAIN) (nothing
 * fits), -EINVAL (another style or holder under this key), -ENOLCK (a limit),
 * -ESHUTDOWN, -ENOMEM.
 */
struct ditto_lease *ditto_lease_grant(const struct ditto_lease_request *req);

/*
 * What is held now; with a break outstanding, what is still held. Any context. Under RCU the
 * memory of a grant stays that of one, so who has no reference may look and then see whether
 * it is the same grant still.
 */
u8 ditto_lease_bits(const struct ditto_lease *lease);
/* True while an answer to a break is awaited. Any context. */
bool ditto_lease_breaking(const struct ditto_lease *lease);
void *ditto_lease_private(const struct ditto_lease *lease);

/**
 * ditto_lease_ack - the holder answers a break
 * @lease: held
 * @keep: what it keeps; no more than it was asked to
 *
 * Return: 0; -EINVAL (keeps too much; the break stands); -ENOENT (no break is
 * outstanding, or the grant was revoked).
 */
int ditto_lease_ack(struct ditto_lease *lease, u8 keep);

/* The holder gives everything back; also from a callback. Idempotent; its reference stays. */
void ditto_lease_return(struct ditto_lease *lease);

/*
 * The holder cannot go on with these bits, and does not know it yet: it is asked to give them
 * up as if somebody needed them. Any context that may sleep; also from a callback.
 */
void ditto_lease_break(struct ditto_lease *lease, u8 gives_up);

/* How long the answer of a holder that is asked is waited for, unless that is set. */
#define DITTO_LEASE_QUERY_MS		50
/* It may be set to no more: holders are asked by callbacks that are given up a second later. */
#define DITTO_LEASE_QUERY_MS_MAX	4000
/* So many may wait longer than that: answers come to the threads that the others need. */
#define DITTO_LEASE_QUERIES_LONG		2
/* A holder that has not answered by then is asked again after this time. */
#define DITTO_LEASE_QUERY_AGAIN_MS	1000

/**
 * struct ditto_lease_answer - what a holder of WRITE knows of its file
 * @size: of the file, as the holder sees it
 * @change: of the file, as the holder counts it
 * @modified: the holder has changes that the server has not
 */
struct ditto_lease_answer {
	u64 size;
	u64 change;
	bool modified;
};

/**
 * ditto_lease_answered - the holder answers what it was asked
 * @lease: held
 * @size: see struct ditto_lease_answer
 * @change: see there
 * @modified: see there
 *
 * One that comes when nobody waits any more lets the next question be put; one
 * for a grant that is gone is dropped.
 *
 * Context: may sleep; also from a callback of the grant.
 */
void ditto_lease_answered(struct ditto_lease *lease, u64 size, u64 change, bool modified);

int ditto_lease_query_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			   struct ditto_lease_answer *answer);

/**
 * ditto_lease_query - ask another client that keeps writes to itself
 * @point: of the node, held
 * @actor: who wants to know, and is not asked; NULL is anonymous
 * @answer: filled with 0
 *
 * One load for a node without claims, one more if nobody holds WRITE.
 *
 * Context: may sleep, at most as long as the table's ask_ms; no lock held, and not from a
 * callback of the table.
 * Return: 0; -ENOENT (nobody is to be asked: what the server has counts);
 * -EBUSY (no answer in time).
 */
static inline int ditto_lease_query(struct ditto_lock_point *point, const struct ditto_actor *actor,
				    struct ditto_lease_answer *answer)
{
	if (likely(!ditto_lock_point_held(point, DITTO_SUM_LEASE_WRITE)))
		return -ENOENT;
	return ditto_lease_query_slow(point, actor, answer);
}

void ditto_lease_hold(struct ditto_lease *lease);
/* May sleep. A grant stays in force until it is returned, whoever holds references. */
void ditto_lease_put(struct ditto_lease *lease);

/**
 * ditto_lease_lose - changes of entries happened that nobody can name
 * @point: of the directory, held
 *
 * Who asked to be told is asked to give up READ instead.
 *
 * Context: may sleep; does not wait for the holders.
 */
void ditto_lease_lose(struct ditto_lock_point *point);

void ditto_lease_deliver_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			      const struct ditto_entry_change *change);

/**
 * ditto_lease_deliver - deliver a change of entries to those who asked for it
 * @point: of the directory, held
 * @actor: who made it and is not told; NULL is anonymous
 * @change: what
 *
 * Whoever cannot be told for want of memory is asked to give up READ instead.
 *
 * Context: may sleep; does not wait for the holders.
 */
static inline void ditto_lease_deliver(struct ditto_lock_point *point,
				       const struct ditto_actor *actor,
				       const struct ditto_entry_change *change)
{
	if (unlikely(ditto_lock_point_held(point, DITTO_SUM_NOTIFY)))
		ditto_lease_deliver_slow(point, actor, change);
}

#endif
