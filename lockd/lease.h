/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caching grants: what a holder may cache, and how a grant is taken back.
 *
 * A break has its own deadline, counted from the moment the holder is notified. If more has to be
 * given up while an answer is awaited, the break continues step by step as the answers arrive. A
 * grant without READ is void.
 *
 * The callbacks of one grant run one at a time, in the order of their causes.
 */
#ifndef _DITTO_LOCKD_LEASE_H
#define _DITTO_LOCKD_LEASE_H

#include <linux/errno.h>
#include <linux/time64.h>

#include "claim.h"

struct ditto_lease;

/* Kinds of changes of a directory entry. */
enum ditto_entry_event {
	DITTO_ENTRY_ADDED,
	DITTO_ENTRY_REMOVED,
	DITTO_ENTRY_RENAMED,	/* within the directory */
	DITTO_ENTRY_ATTRIBUTES,
};

/**
 * struct ditto_entry_change - a change of a directory entry
 * @event: see enum ditto_entry_event
 * @name: name of the entry, not terminated
 * @len: length of @name in bytes
 * @old_name: name before a rename, not terminated
 * @old_len: length of @old_name in bytes
 * @replaced: the entry replaced another one of the same name, which is gone
 */
struct ditto_entry_change {
	enum ditto_entry_event event;
	const char *name;
	u32 len;
	const char *old_name;
	u32 old_len;
	bool replaced;
};

/* Undelivered changes of one holder; beyond that its READ is broken instead. */
#define DITTO_CHANGES_PER_LEASE	256

/**
 * struct ditto_lease_ops - the holder's side of a caching grant
 * @breaking: the holder must give up all bits but @keep; @ack says whether an answer is awaited,
 *	which is not the case when a lease has only READ to give up. May sleep.
 * @revoked: the grant is void: the deadline passed, or the client or the node was released. May
 *	sleep.
 * @notify: an entry of the directory changed; only for grants that requested notifications. May
 *	sleep.
 * @free: the last reference is gone. May sleep.
 * @ask: a caller needs the size and the change attribute of the file; the holder is asked, and
 *	ditto_lease_answered() is called when it replies. Must not wait for the reply. Called
 *	again if no reply came for a while. NULL if the holder cannot be asked. May sleep.
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
 * struct ditto_lease_request - a request for a caching grant
 * @point: the node
 * @actor: the caller; @actor.lease_owner is the key. A second request with the same key widens the
 *	grant by everything in @want, or leaves it as it is
 * @style: see enum ditto_lease_type
 * @want: DITTO_LEASE_* bits
 * @notify: deliver changes of entries instead of breaking READ (directories)
 * @notify_attrs: with @notify, deliver DITTO_ENTRY_ATTRIBUTES, too
 * @older: a lease of the kind that has HANDLE only together with WRITE: it and the HANDLE of other
 *	leases exclude each other (MS-FSA section 2.1.5.18.1), and an open that reads the access
 *	control list breaks it as well (MS-FSA section 2.1.4.12)
 * @reclaim: the grant was held before a restart
 * @adopts: key of an orphan on this node that the grant replaces in one step, see orphan.h; @want
 *	is what the orphan has. NULL for other grants
 * @break_ms: how long an answer to a break is awaited, in milliseconds
 * @ops: the holder's side; constant
 * @private: for @ops
 * @filp: an open file of the node, held by the caller during the call: the grant is shown to the
 *	VFS, so that local processes break it. NULL not to show it. Not used for a directory,
 *	which is watched in any case
 */
struct ditto_lease_request {
	struct ditto_lock_point *point;
	struct ditto_actor actor;
	enum ditto_lease_type style;
	u8 want;
	bool notify;
	bool notify_attrs;
	bool older;
	bool reclaim;
	const struct ditto_owner *adopts;
	u32 break_ms;
	const struct ditto_lease_ops *ops;
	void *private;
	struct file *filp;
};

struct ditto_lease *ditto_lease_grant(const struct ditto_lease_request *req);
u8 ditto_lease_bits(const struct ditto_lease *lease);
bool ditto_lease_breaking(const struct ditto_lease *lease);
bool ditto_lease_gone(const struct ditto_lease *lease);
void *ditto_lease_private(const struct ditto_lease *lease);

int ditto_lease_ack(struct ditto_lease *lease, u8 keep);

void ditto_lease_return(struct ditto_lease *lease);

void ditto_lease_break(struct ditto_lease *lease, u8 gives_up);

void ditto_lease_recall(struct ditto_lock_point *point, long timeout);

/* Default time to wait for the reply of a holder that is asked, in milliseconds. */
#define DITTO_LEASE_QUERY_MS		50
/* Largest value of that setting: callbacks that ask holders are given up a second later. */
#define DITTO_LEASE_QUERY_MS_MAX	4000
/* Callers that may wait longer than the default: replies arrive on threads that others need. */
#define DITTO_LEASE_QUERIES_LONG		2
/* A holder that has not replied is asked again after this additional time. */
#define DITTO_LEASE_QUERY_AGAIN_MS	1000

/**
 * struct ditto_lease_times - times of a file that a holder of WRITE keeps itself
 * @atime: access time
 * @mtime: modification time
 * @has_atime: @atime is valid
 * @has_mtime: @mtime is valid
 */
struct ditto_lease_times {
	struct timespec64 atime;
	struct timespec64 mtime;
	bool has_atime;
	bool has_mtime;
};

/**
 * struct ditto_lease_answer - what a holder of WRITE knows of its file
 * @size: size of the file, as the holder sees it
 * @change: change attribute of the file, as the holder counts it
 * @modified: the holder has changes that the server does not have
 * @times: the times that the holder keeps
 */
struct ditto_lease_answer {
	u64 size;
	u64 change;
	bool modified;
	struct ditto_lease_times times;
};

void ditto_lease_answered(struct ditto_lease *lease, const struct ditto_lease_answer *answer);
int ditto_lease_query_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			   struct ditto_lease_answer *answer);

/*
 * Ask another client that holds WRITE for the attributes of the file. @point: of the node, held by
 * the caller; @actor: the caller, whose own client is not asked; NULL is anonymous. One load for a
 * node without claims, one more if WRITE is not held. Context: at most as long as the table's
 * ask_ms; no lock held, and not from a callback of the table. Return: 0; -ENOENT (no holder to be
 * asked: the server's attributes are valid); -EBUSY (no reply in time).
 */
static inline int ditto_lease_query(struct ditto_lock_point *point, const struct ditto_actor *actor,
				    struct ditto_lease_answer *answer)
{
	if (likely(!ditto_lock_point_held(point, DITTO_SUM_LEASE_WRITE)))
		return -ENOENT;
	return ditto_lease_query_slow(point, actor, answer);
}

bool ditto_delegation_writes(struct ditto_lock_point *point);

/*
 * Look whether there are caching grants. One load for a node without claims, one more with some. It
 * is a hint that may already be stale. Context: any. Return: true if there is a grant with any
 * bits.
 */
static inline bool ditto_leases_held(struct ditto_lock_point *point)
{
	return ditto_lock_point_held(point, DITTO_LEASE_ALL * DITTO_SUM_LEASE_READ);
}

void ditto_lease_hold(struct ditto_lease *lease);
void ditto_lease_put(struct ditto_lease *lease);

void ditto_lease_lose(struct ditto_lock_point *point);
void ditto_lease_deliver_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			      const struct ditto_entry_change *change);

/*
 * Deliver a change of an entry to the grants that requested it. @point: of the directory, held by
 * the caller; @actor: the caller that made the change and is not notified; NULL is anonymous. If
 * there is no memory for the copy, READ of that grant is broken instead. Context: does not wait for
 * the holders.
 */
static inline void ditto_lease_deliver(struct ditto_lock_point *point,
				       const struct ditto_actor *actor,
				       const struct ditto_entry_change *change)
{
	if (unlikely(ditto_lock_point_held(point, DITTO_SUM_NOTIFY)))
		ditto_lease_deliver_slow(point, actor, change);
}

#endif
