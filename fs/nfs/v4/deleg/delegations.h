/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals of the delegation code. For its interface to the rest of NFSv4 see delegation.h.
 *
 * A delegation is a state of its client, based on a caching grant of the lock table. It ends
 * once, by the first of these events: the client returns it, the client is released, or the
 * grant is revoked. A revoked delegation keeps its stateid in 4.1 until FREE_STATEID.
 *
 * Locking, outermost first
 *   state.lock guards @grant and @recalled, and makes changes of grant and stateid one step.
 *   delegations->lock (spinlock, bottom halves disabled) guards the lists, the table by node,
 *   and the times in it.
 *
 * Lifetime: the reference count of the state. The grant holds the state until the grant is
 * freed, and a callback holds it while in progress. Only the grant holds the node; the
 * delegation just compares the pointer, so that a share can be removed under a delegation.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DELEGATIONS_H
#define _DITTO_FS_NFS_V4_DELEG_DELEGATIONS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../../../lockd/lease.h"
#include "../engine/compound.h"
#include "../state/stateid.h"
#include "callback.h"
#include "cb_dial.h"

struct ditto_attr;
struct ditto_owner;
struct ditto_stats_group;
struct dnfs4_callers;
struct dnfs4_delegated;
struct dnfs4_dir;
struct shrinker;

#define DNFS4_DELEGATION_BUCKETS	4096

/* Events in the statistics. The lock table counts how delegations end. */
enum dnfs4_delegation_event {
	DNFS4_DELEG_READ,	/* granted */
	DNFS4_DELEG_WRITE,
	DNFS4_DELEG_DIRECTORY,
	DNFS4_DELEG_REFUSED,	/* possible, and not granted */
	DNFS4_DELEG_RECALL,	/* CB_RECALL, with the time until the client accepted it */
	DNFS4_DELEG_ASK,	/* CB_GETATTR */
	DNFS4_DELEG_NOTIFY,	/* CB_NOTIFY */
	DNFS4_DELEG_ANY,	/* CB_RECALL_ANY */
	DNFS4_DELEG_ROOM,	/* CB_RECALLABLE_OBJ_AVAIL */
	DNFS4_DELEG_LOCK,	/* CB_NOTIFY_LOCK */
	DNFS4_DELEG_EVENTS,
};

/**
 * struct dnfs4_delegations - delegations and callback channels of a server
 * @server: the server
 * @lock: see above
 * @running: the service runs; under @lock
 * @channels: callback channels of all clients, by struct dnfs4_callback_channel.list
 * @by_node: hash chains by node, of struct dnfs4_delegation.by_node
 * @count: number of delegations
 * @callers: clients by connection, see caller.c; NULL until first needed
 * @stats: statistics, by enum dnfs4_delegation_event
 * @shrinker: triggers @recall_any when memory is short
 * @recall_any: work that sends CB_RECALL_ANY
 * @recall_any_at: jiffies before which @recall_any does not run again
 * @room: work that sends CB_RECALLABLE_OBJ_AVAIL
 * @room_wanted: number of channels with wants_room
 * @dials: connections for callbacks of 4.0
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
	struct work_struct room;
	atomic_t room_wanted;
	struct dnfs4_dials dials;
};

/**
 * struct dnfs4_delegation - a delegation
 * @state: the stateid
 * @grant: caching grant in the lock table, with a reference; NULL before it is granted and
 *	after it has ended
 * @node: the file; no reference, only for comparison
 * @recalled: time of the recall; 0 if it was not recalled
 * @granted: jiffies when it was granted
 * @by_node: link in the table by node
 * @recall: CB_RECALL
 * @dir: directory delegation: notifications; else NULL
 * @rcu: frees it after a grace period
 * @tries: number of times @recall was refused
 * @write: it is a write delegation, and part of a struct dnfs4_write_delegation
 * @fh_len: bytes of @fh
 * @fh: filehandle by which the client knows the file
 */
struct dnfs4_delegation {
	struct dnfs4_state state;
	struct ditto_lease *grant;
	const struct ditto_node *node;
	ktime_t recalled;
	unsigned long granted;
	struct hlist_node by_node;
	struct dnfs4_callback recall;
	struct dnfs4_dir *dir;
	struct rcu_head rcu;
	u32 tries;
	bool write;
	u8 fh_len;
	u8 fh[DNFS4_FH_FILE_MAX];
};

static_assert(DNFS4_FH_FILE_MAX <= U8_MAX);

/**
 * struct dnfs4_write_delegation - a write delegation, with what its holder is asked for
 * @d: what all delegations have
 * @ask: CB_GETATTR
 * @asking: ASK_* bits of recall.c
 * @atime: with @times: access time when it was granted
 * @mtime: with @times: modification time when it was granted, or that the client set since
 * @served: with @times: modification time after the last COPY or the like by the client; @mtime if
 *	there was none since
 * @change: change attribute when it was granted
 * @answer_change: change attribute in the answer
 * @answer_size: size in the answer
 * @answer_times: times in the answer
 * @times: the client keeps the times of the file (RFC 9754 section 5)
 * @owns: with @times: the owner of the file opened it
 * @answered: the client has answered @ask
 * @knows: the answer was NFS4_OK, so @answer_change and @answer_size are valid
 */
struct dnfs4_write_delegation {
	struct dnfs4_delegation d;
	struct dnfs4_callback ask;
	unsigned long asking;
	struct timespec64 atime;
	struct timespec64 mtime;
	struct timespec64 served;
	u64 change;
	u64 answer_change;
	u64 answer_size;
	struct ditto_lease_times answer_times;
	bool times;
	bool owns;
	bool answered;
	bool knows;
};

/* It is freed through @d. */
static_assert(!offsetof(struct dnfs4_write_delegation, d));

/* The delegation of a state, whose kind must be in DNFS4_STATE_DELEGATIONS. */
static inline struct dnfs4_delegation *dnfs4_delegation_of(const struct dnfs4_state *state)
{
	return container_of(state, struct dnfs4_delegation, state);
}

/* A write delegation, see struct dnfs4_delegation.write. */
static inline struct dnfs4_write_delegation *
dnfs4_write_delegation_of(const struct dnfs4_delegation *d)
{
	return container_of(d, struct dnfs4_write_delegation, d);
}

/* delegation.c */

/* delegation.c */
void dnfs4_delegation_count(struct dnfs4_server *server, enum dnfs4_delegation_event event,
			    bool error, u64 nanoseconds);
void dnfs4_call_ref_fill(const struct dnfs4_compound *cmp, struct dnfs4_call_ref *ref);
struct dnfs4_delegation *dnfs4_delegation_alloc(struct dnfs4_compound *cmp,
						enum dnfs4_state_kind kind, bool write);
int dnfs4_delegation_grant(struct dnfs4_compound *cmp, struct dnfs4_delegation *d, u8 want,
			   bool reclaim, const struct ditto_owner *adopts,
			   const struct ditto_lease_ops *ops);
int dnfs4_delegation_adopt(struct dnfs4_compound *cmp, const struct ditto_owner *key, u8 bits,
			   struct dnfs4_delegated *out);
struct ditto_lease *dnfs4_delegation_grant_get(struct dnfs4_delegation *d);
void dnfs4_delegation_drop(struct dnfs4_delegation *d);
void dnfs4_delegation_end(struct dnfs4_delegation *d);
u32 dnfs4_recall_ms(const struct dnfs4_client *client);

/* deleg_times.c */

/* deleg_times.c */
void dnfs4_times_vet(struct ditto_lease_times *times, const struct dnfs4_write_delegation *wd,
		     const struct timespec64 *now, bool owns);
void dnfs4_delegation_vet_times(const struct dnfs4_write_delegation *wd,
				struct ditto_lease_times *times, bool owns);
void dnfs4_delegation_keep_times(struct dnfs4_compound *cmp, struct dnfs4_write_delegation *wd,
				 const struct ditto_attr *attr);

/* recall.c */

/* CB_RECALL */
extern const struct dnfs4_callback_ops dnfs4_recall_ops;
/* CB_GETATTR */
extern const struct dnfs4_callback_ops dnfs4_ask_ops;

/* recall.c */
void dnfs4_delegation_breaking(struct ditto_lease *grant, u8 keep, bool ack);
void dnfs4_delegation_revoked(struct ditto_lease *grant);
void dnfs4_delegation_free(struct ditto_lease *grant);

/* Holder's operations for grants of file delegations. */
extern const struct ditto_lease_ops dnfs4_delegation_cache_ops;

/* recall_any.c */

/* craa_type_mask of all delegations */
extern const struct dnfs4_bitmap dnfs4_recallable_types;

/* Set up and tear down the shrinker, and the work of this file and of room.c. */
int dnfs4_recall_any_init(struct dnfs4_delegations *all);
void dnfs4_recall_any_exit(struct dnfs4_delegations *all);

/* room.c */

/* room.c */
void dnfs4_room_freed(struct dnfs4_server *server);
void dnfs4_room_work(struct work_struct *work);

/* dir_delegation.c */

/* dir_delegation.c */
void dnfs4_dir_free(struct dnfs4_dir *dir);

#endif
