/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open-owners and lock-owners, and the seqids of NFSv4.0.
 *
 * In 4.0 each owner numbers its requests by a seqid, and the server keeps the reply to the last
 * one (RFC 7530 section 9.1.7). The owner is locked during such a request, from
 * dnfs4_seqid_begin() to dnfs4_seqid_end(). In 4.1 the slots of sessions order requests, so
 * these functions do nothing.
 *
 * Locking: owner->lock (mutex) serializes the seqid requests of an owner. client->owners_lock
 * (spinlock, innermost) guards the states of an owner, the locks of an open, and the list of
 * idle owners.
 *
 * Lifetime: reference counted; found under RCU. An owner without states stays for a while on
 * its client's list of idle owners: it is likely to be used again soon, and 4.0 requires that
 * its last reply is remembered (RFC 7530 section 9.1.10).
 */
#ifndef _DITTO_FS_NFS_V4_STATE_OWNER_H
#define _DITTO_FS_NFS_V4_STATE_OWNER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

#include "../engine/compound.h"

struct dnfs4_client;
struct ditto_conflict;
struct ditto_owner;

/* Longest opaque part (NFS4_OPAQUE_LIMIT). */
#define DNFS4_OWNER_MAX		1024
/* Most idle owners kept for a client, and for how many seconds. */
#define DNFS4_OWNERS_IDLE_MAX	1024
#define DNFS4_OWNER_IDLE_S	300

/*
 * First byte of an owner's key in the lock table. The clientid and the opaque part of the owner
 * follow.
 */
enum dnfs4_owner_kind {
	DNFS4_OWNER_OPEN	= 'o',
	DNFS4_OWNER_LOCK	= 'l',
};

#define DNFS4_KEY_ID		1
#define DNFS4_KEY_OPAQUE	(DNFS4_KEY_ID + sizeof(u64))

/**
 * struct dnfs4_name - state_owner4 on the wire
 * @clientid: clientid; ignored in 4.1 (RFC 8881 section 8.2)
 * @data: opaque part; borrowed
 * @len: bytes of @data
 */
struct dnfs4_name {
	u64 clientid;
	const void *data;
	u32 len;
};

/**
 * struct dnfs4_owner - an open-owner or lock-owner
 * @kind: enum dnfs4_owner_kind
 * @confirmed: 4.0, open-owner: OPEN_CONFIRM was done; under @lock
 * @known: @seqid is valid; under @lock
 * @ref: reference count
 * @table: the server's table of owners
 * @client: the client; no reference, because the client is freed after its states and idle
 *	owners
 * @claimant: the owner in the lock table, with a reference; NULL until first needed
 * @by_key: link in @table
 * @states: opens by file, or locks by open; under client->owners_lock
 * @waits: lock-owner: waits for byte-range locks, see lock_wait.c
 * @idle: link in the client's list of idle owners, or empty
 * @idle_since: jiffies when it became idle
 * @lock: see above
 * @seqid: seqid of the last request; under @lock
 * @reply_op: operation of the last request; NULL if its reply is not kept
 * @reply_status: status of the reply
 * @reply_len: bytes of the reply
 * @reply_room: bytes allocated at @reply
 * @fh_len: bytes of the current handle that the request set, stored behind the reply in
 *	@reply; 0 if the request did not change it
 * @reply: results of the last request behind the status
 * @tomb: tombstone of the state closed last, so that the CLOSE can be replayed; holds a
 *	reference
 * @rcu: frees it after a grace period
 * @len: bytes of @key
 * @key: key in the lock table, see enum dnfs4_owner_kind
 */
struct dnfs4_owner {
	u8 kind;
	bool confirmed;
	bool known;
	refcount_t ref;
	struct rhashtable *table;
	struct dnfs4_client *client;
	struct ditto_owner *claimant;
	struct rhash_head by_key;
	struct rb_root states;
	struct list_head waits;
	struct list_head idle;
	unsigned long idle_since;
	struct mutex lock;	/* see above */
	u32 seqid;
	const struct dnfs4_op *reply_op;
	u32 reply_status;
	u32 reply_len;
	u32 reply_room;
	u32 fh_len;
	u8 *reply;
	struct dnfs4_state *tomb;
	struct rcu_head rcu;
	u16 len;
	u8 key[] __counted_by(len);
};

struct dnfs4_owner *dnfs4_owner_get(struct dnfs4_client *client, enum dnfs4_owner_kind kind,
				    const struct dnfs4_name *name, bool make);
bool dnfs4_owner_is(const struct dnfs4_owner *owner, const struct dnfs4_name *name);
void dnfs4_owner_put(struct dnfs4_owner *owner);
struct ditto_owner *dnfs4_owner_claimant(struct dnfs4_owner *owner);
void dnfs4_owner_join(struct dnfs4_owner *owner);
void dnfs4_owner_leave(struct dnfs4_owner *owner, struct rb_node *link);
void dnfs4_owner_release(struct dnfs4_owner *owner);
u32 dnfs4_decode_name_of_owner(struct dnfs4_compound *cmp, struct dnfs4_name *name);

/**
 * struct dnfs4_seqid_op - a seqid request of a 4.0 owner; all zero in 4.1
 * @owner: the owner, with a reference and locked; NULL before dnfs4_seqid_begin()
 * @seqid: seqid of the request
 * @counts: it is a new request, whose reply must be kept
 */
struct dnfs4_seqid_op {
	struct dnfs4_owner *owner;
	u32 seqid;
	bool counts;
};

u32 dnfs4_seqid_begin(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op,
		      struct dnfs4_owner *owner, u32 seqid);

/* Return: true if dnfs4_seqid_begin() found a replay. */
static inline bool dnfs4_seqid_is_replay(const struct dnfs4_compound *cmp)
{
	return cmp->op_replay.data;
}

void dnfs4_seqid_finish(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op, u32 status,
			unsigned int pos);
void dnfs4_seqid_end(struct dnfs4_seqid_op *seqid_op);

/* Result of comparing a request's seqid with the seqid of its owner. */
enum dnfs4_seqid_kind {
	DNFS4_SEQID_NEW,
	DNFS4_SEQID_REPLAY,
	DNFS4_SEQID_BAD,
};

enum dnfs4_seqid_kind dnfs4_seqid_check(const struct dnfs4_owner *owner, const struct dnfs4_op *op,
					u32 seqid);
void dnfs4_owners_forget(struct dnfs4_client *client);
bool dnfs4_owners_are_old(const struct dnfs4_client *client);
void dnfs4_owners_age(struct dnfs4_client *client);

#endif
