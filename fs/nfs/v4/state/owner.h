/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open-owners and lock-owners, and the turns that those of 4.0 take.
 *
 * In 4.0 the requests of an owner are numbered, and the reply to the last one is kept
 * (RFC 7530 section 9.1.7). A turn is one such request: from dnfs4_seqid_begin() to
 * dnfs4_seqid_end() the owner is locked. Sessions number requests by themselves, so in
 * 4.1 turns do nothing.
 *
 * Locking: owner->lock (mutex) is the turn. client->owners_lock (spinlock, innermost)
 * guards which states an owner has, which locks an open has, and the list of idle owners.
 *
 * Lifetime: counted; found under RCU. An owner without states is kept a while on its
 * client's list: it asks again soon, and 4.0 wants its last reply remembered
 * (section 9.1.10).
 */
#ifndef _DITTO_FS_NFS_V4_STATE_OWNER_H
#define _DITTO_FS_NFS_V4_STATE_OWNER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

#include "../engine/compound.h"

struct dnfs4_client;
struct dnfs4_opens;
struct ditto_conflict;
struct ditto_owner;

/* Longest opaque part (NFS4_OPAQUE_LIMIT). */
#define DNFS4_OWNER_MAX		1024
/* Idle owners of a client that are remembered, and for how long. */
#define DNFS4_OWNERS_IDLE_MAX	1024
#define DNFS4_OWNER_IDLE_S	300

/* The first byte of an owner's key in the lock table; then the client's id, then what it said. */
enum dnfs4_owner_kind {
	DNFS4_OWNER_OPEN	= 'o',
	DNFS4_OWNER_LOCK	= 'l',
};

#define DNFS4_KEY_ID		1
#define DNFS4_KEY_OPAQUE	(DNFS4_KEY_ID + sizeof(u64))

/**
 * struct dnfs4_name - state_owner4 on the wire
 * @clientid: in 4.1 without meaning (RFC 8881 section 8.2)
 * @data: opaque
 * @len: of @data
 */
struct dnfs4_name {
	u64 clientid;
	const void *data;
	u32 len;
};

/**
 * struct dnfs4_owner - an open-owner or lock-owner
 * @kind: which
 * @confirmed: 4.0, open-owner: OPEN_CONFIRM was done; under @lock
 * @known: @seqid is one; under @lock
 * @ref: see above
 * @opens: the table it is in
 * @client: not counted: it goes after its states and its idle owners
 * @claimant: the same to the lock table, once it was asked for; held
 * @by_key: in the table of owners
 * @states: of opens or locks, by their owner_link; under client->owners_lock
 * @waits: of a lock-owner: locks that it waits for; lock_wait.c's
 * @idle: on the client's list, or empty
 * @idle_since: jiffies
 * @lock: see above
 * @seqid: of the last request; under @lock
 * @reply_op: that request's operation; NULL if its reply is not known
 * @reply_status: the reply's status
 * @reply_len: bytes of @reply
 * @reply_room: bytes there is memory for
 * @fh_len: bytes of the current handle that the request left, behind the reply in @reply; 0 if
 *	it left the one that it found
 * @reply: what followed the status
 * @tomb: stands for the state that was closed last, to be asked for again; counted
 * @rcu: freed under RCU
 * @len: bytes of @key
 * @key: by which the lock table knows it, see enum dnfs4_owner_kind
 */
struct dnfs4_owner {
	u8 kind;
	bool confirmed;
	bool known;
	refcount_t ref;
	struct dnfs4_opens *opens;
	struct dnfs4_client *client;
	struct ditto_owner *claimant;
	struct rhash_head by_key;
	struct list_head states;
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

/**
 * dnfs4_owner_get - the owner of a name
 * @client: whose
 * @kind: open-owner or lock-owner
 * @name: from the wire
 * @make: make it if it is new
 *
 * Return: an owner to be put; NULL if there is none and it was not to be made; or an
 * ERR_PTR: -ENOMEM, -ESHUTDOWN.
 */
struct dnfs4_owner *dnfs4_owner_get(struct dnfs4_client *client, enum dnfs4_owner_kind kind,
				    const struct dnfs4_name *name, bool make);
void dnfs4_owner_put(struct dnfs4_owner *owner);

/*
 * The same owner in the lock table, to be put by ditto_owner_put(): for as long as it has
 * something there. ERR_PTR: -ENOMEM, -ESHUTDOWN.
 */
struct ditto_owner *dnfs4_owner_claimant(struct dnfs4_owner *owner);

/* A state of the owner begins, or ends, by its owner_link. */
void dnfs4_owner_join(struct dnfs4_owner *owner, struct list_head *link);
void dnfs4_owner_leave(struct dnfs4_owner *owner, struct list_head *link);

/* Out of the list of idle ones, if it is there: 4.0's RELEASE_LOCKOWNER. */
void dnfs4_owner_release(struct dnfs4_owner *owner);

/* state_owner4. */
u32 dnfs4_decode_name_of_owner(struct dnfs4_compound *cmp, struct dnfs4_name *name);

/**
 * dnfs4_owner_of_conflict - who is in the way, as clients are told
 * @conflict: from the lock table
 * @name: filled: of an owner of ours as it named itself, of any other the key with client 0
 */
void dnfs4_owner_of_conflict(const struct ditto_conflict *conflict, struct dnfs4_name *name);

/**
 * struct dnfs4_seqid_op - a request of an owner of 4.0; zeros in 4.1
 * @owner: held and locked; NULL before the beginning
 * @seqid: of the request
 * @counts: it is a new request, so its reply is to be kept
 */
struct dnfs4_seqid_op {
	struct dnfs4_owner *owner;
	u32 seqid;
	bool counts;
};

/**
 * dnfs4_seqid_begin - check the number of a request
 * @cmp: at an operation with a seqid
 * @seqid_op: zeros; to be ended by dnfs4_seqid_end() whatever is returned
 * @owner: whose
 * @seqid: from the wire
 *
 * A request that was answered before is answered by @cmp->op_replay: then the result is
 * that status, which may be NFS4_OK: see dnfs4_seqid_is_replay().
 *
 * Return: NFS4_OK; NFS4ERR_BAD_SEQID; or the status of a replay.
 */
u32 dnfs4_seqid_begin(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op,
		      struct dnfs4_owner *owner, u32 seqid);

/* Did dnfs4_seqid_begin() find a replay? */
static inline bool dnfs4_seqid_is_replay(const struct dnfs4_compound *cmp)
{
	return cmp->op_replay.data;
}

/* The result is encoded from @pos on: keep it. For struct dnfs4_op.finish. */
void dnfs4_seqid_finish(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op, u32 status,
			unsigned int pos);
/* For struct dnfs4_op.release; also where no turn began. */
void dnfs4_seqid_end(struct dnfs4_seqid_op *seqid_op);

/* How a seqid compares. */
enum dnfs4_seqid_kind {
	DNFS4_SEQID_NEW,
	DNFS4_SEQID_REPLAY,
	DNFS4_SEQID_BAD,
};

/* For tests. */
enum dnfs4_seqid_kind dnfs4_seqid_check(const struct dnfs4_owner *owner, const struct dnfs4_op *op,
					u32 seqid);

/* With the table of opens. */
int dnfs4_owners_init(struct dnfs4_opens *opens);

/* The client is gone: so are its idle owners. */
void dnfs4_owners_forget(struct dnfs4_client *client);

#endif
