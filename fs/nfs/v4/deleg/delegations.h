/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that make up delegations share; for the rest see delegation.h.
 *
 * A delegation is a state of its client and stands on a caching grant of the lock
 * table. It ends once, by whatever comes first: it is returned, its client goes, or the
 * grant is void (then its stateid stays until the client has understood).
 *
 * Locking, outermost first
 *   state.lock guards @grant and @recalled, and makes grant and stateid one step.
 *   delegations->lock (spinlock) guards the lists and the table by node.
 *
 * Lifetime: the state's count. The grant holds the state until it is freed, and a
 * callback holds it while it is under way. The node is held by the grant alone: it is
 * only compared, so that a share can be removed under a delegation.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DELEGATIONS_H
#define _DITTO_FS_NFS_V4_DELEG_DELEGATIONS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../engine/compound.h"
#include "../state/stateid.h"
#include "callback.h"

struct ditto_lease;
struct ditto_lease_ops;
struct ditto_stats_group;
struct dnfs4_callers;
struct dnfs4_dir;
struct shrinker;

#define DNFS4_DELEGATION_BUCKETS	4096

/* What is counted here; the lock table counts what becomes of all delegations. */
enum dnfs4_delegation_event {
	DNFS4_DELEG_READ,	/* granted */
	DNFS4_DELEG_WRITE,
	DNFS4_DELEG_DIRECTORY,
	DNFS4_DELEG_REFUSED,	/* wanted, and not granted */
	DNFS4_DELEG_RECALL,	/* CB_RECALL; the time is that until the client took it */
	DNFS4_DELEG_ASK,	/* CB_GETATTR */
	DNFS4_DELEG_NOTIFY,	/* CB_NOTIFY */
	DNFS4_DELEG_ANY,	/* CB_RECALL_ANY */
	DNFS4_DELEG_LOCK,	/* CB_NOTIFY_LOCK */
	DNFS4_DELEG_EVENTS,
};

/**
 * struct dnfs4_delegations - of a server
 * @server: ours
 * @lock: see above
 * @running: the service runs
 * @channels: struct dnfs4_callback_channel
 * @by_node: struct dnfs4_delegation
 * @count: of delegations
 * @callers: caller.c; NULL before the first
 * @stats: by enum dnfs4_delegation_event
 * @shrinker: asks clients for what they do not use
 * @recall_any: does it
 * @recall_any_at: jiffies before which they are not asked again
 */
struct dnfs4_delegations {
	struct dnfs4_server *server;
	spinlock_t lock;	/* see above */
	bool running;
	struct list_head channels;
	struct hlist_head by_node[DNFS4_DELEGATION_BUCKETS];
	atomic_t count;
	struct dnfs4_callers *callers;
	struct ditto_stats_group *stats;
	struct shrinker *shrinker;
	struct work_struct recall_any;
	unsigned long recall_any_at;
};

/**
 * struct dnfs4_delegation - a delegation
 * @state: its stateid
 * @grant: what it stands on, held; NULL before and after
 * @node: to be compared only
 * @write: it is for writing
 * @recalled: when the client was asked to return it; 0 if it was not
 * @change: change attribute when it was granted
 * @granted: jiffies, when
 * @by_node: in the table
 * @recall: CB_RECALL
 * @tries: of it
 * @ask: CB_GETATTR
 * @asking: bits of recall.c
 * @answered: the client has answered; @answer_change and @answer_size count if @knows
 * @knows: it has said something
 * @answer_change: what the client said
 * @answer_size: the same
 * @dir: of a directory: what it is told; else NULL
 * @fh_len: bytes of @fh
 * @fh: handle by which the client knows the file
 */
struct dnfs4_delegation {
	struct dnfs4_state state;
	struct ditto_lease *grant;
	const struct ditto_node *node;
	bool write;
	ktime_t recalled;
	u64 change;
	unsigned long granted;
	struct hlist_node by_node;
	struct dnfs4_callback recall;
	u32 tries;
	struct dnfs4_callback ask;
	unsigned long asking;
	bool answered;
	bool knows;
	u64 answer_change;
	u64 answer_size;
	struct dnfs4_dir *dir;
	u32 fh_len;
	u8 fh[DNFS4_FH_MAX];
};

static inline struct dnfs4_delegation *dnfs4_delegation_of(const struct dnfs4_state *state)
{
	return container_of(state, struct dnfs4_delegation, state);
}

/* delegation.c */

void dnfs4_delegation_count(struct dnfs4_server *server, enum dnfs4_delegation_event event,
			    bool error, u64 nanoseconds);

/* This request: a callback must not overtake its reply (RFC 8881 section 2.10.6.3). */
void dnfs4_call_ref_fill(const struct dnfs4_compound *cmp, struct dnfs4_call_ref *ref);

/**
 * dnfs4_delegation_alloc - a delegation of the current file, not granted yet
 * @cmp: with the file as current handle
 * @kind: DNFS4_STATE_DELEGATION or DNFS4_STATE_DIRECTORY
 *
 * Return: with one reference, the caller's, and in the table by node, so that there is only
 * one for a client and node. ERR_PTR: -EEXIST (there is one), -ENOMEM.
 */
struct dnfs4_delegation *dnfs4_delegation_alloc(struct dnfs4_compound *cmp,
						enum dnfs4_state_kind kind);

/**
 * dnfs4_delegation_grant - ask the lock table
 * @cmp: see above
 * @d: its state.lock held
 * @want: DITTO_LEASE_* bits, all of which are needed
 * @reclaim: takes back what was held before a restart
 * @ops: of the grant
 *
 * With success it has a stateid. Return: 0; -EAGAIN (something of others is in the way, or
 * it was recalled at once), -ENOLCK (a limit) and others of ditto_lease_grant() and
 * dnfs4_state_add().
 */
int dnfs4_delegation_grant(struct dnfs4_compound *cmp, struct dnfs4_delegation *d, u8 want,
			   bool reclaim, const struct ditto_lease_ops *ops);

/* What it is in the lock table, with a reference; NULL once it was given up. May sleep. */
struct ditto_lease *dnfs4_delegation_grant_get(struct dnfs4_delegation *d);

/* Nothing came of it: out of the table by node. The reference stays. */
void dnfs4_delegation_drop(struct dnfs4_delegation *d);

/* It was returned, or its client goes; its state is off the client's table. May sleep. */
void dnfs4_delegation_end(struct dnfs4_delegation *d);

/* How long the client has to return it. */
u32 dnfs4_recall_ms(const struct dnfs4_client *client);

/* recall.c */
extern const struct dnfs4_callback_ops dnfs4_recall_ops;
extern const struct dnfs4_callback_ops dnfs4_ask_ops;
/* Ends of grants, for files and directories. */
void dnfs4_delegation_breaking(struct ditto_lease *grant, u8 keep, bool ack);
void dnfs4_delegation_revoked(struct ditto_lease *grant);
void dnfs4_delegation_free(struct ditto_lease *grant);
extern const struct ditto_lease_ops dnfs4_delegation_cache_ops;

/* recall_any.c */
int dnfs4_recall_any_init(struct dnfs4_delegations *all);
void dnfs4_recall_any_exit(struct dnfs4_delegations *all);

/* dir_delegation.c: what a directory's delegation has besides. */
void dnfs4_dir_free(struct dnfs4_dir *dir);

#endif
