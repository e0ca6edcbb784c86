/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client caches by our leave: a lease, which all opens of one key share, or
 * the oplock of one open. Both stand on a caching grant of the lock table.
 *
 * A lease is known by ClientGuid and key (MS-SMB2 section 3.3.1.11), so it may have
 * opens of several sessions. Its grant is held by a client of the lock table that
 * stands for the ClientGuid: lease_client.c. An oplock is its open's, and so of the
 * client that the open's claims are of.
 *
 * What is granted and what the client knows of it differ for a moment: a break is
 * not told before the answer to the CREATE has left by which the client learns of
 * the grant; and while it does not know of a loss, it is granted nothing new.
 *
 * Locking, outermost first
 *   lease->lock (mutex) guards what the client was told. It is held while the lock
 *	table is asked for a grant, not while anything is sent.
 *   The lock of a bucket (spinlock) guards the table and the count of opens.
 *   Callbacks of the lock table run one at a time for each grant, and take
 *   lease->lock.
 *
 * Lifetime: lease->ref counts opens, the grant of the lock table, CREATEs that are
 * not answered yet, and who found it by its key. The owner keeps the memory of its
 * client; an open on the list is of a session, or waits for one.
 */
#ifndef _DITTO_SMB_OPEN_LEASE_H
#define _DITTO_SMB_OPEN_LEASE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "oplock.h"

struct ditto_lease;
struct ditto_lease_ops;
struct ditto_client;
struct ditto_node;
struct ditto_op;
struct ditto_owner;
struct dsmb_call;
struct dsmb_open;
struct dsmb_server;
struct dsmb_session;

/* How long an acknowledgment is waited for: MS-SMB2 section 3.3.2.1. */
#define DSMB_BREAK_MS	35000

/**
 * struct dsmb_lease - a lease or an oplock
 * @ref: see above
 * @link: in the table; an oplock is in none
 * @owner: the key of the grant, held
 * @version: of the context that made it, 1 or 2; 0 for an oplock
 * @key: LeaseKey
 * @persistent: FileId of an oplock's open
 * @volatile_id: the same
 * @opens: which have it or are about to; under the lock of the bucket
 * @lock: guards what follows
 * @holders: opens that have it, by dsmb_open.lease_link
 * @node: which it is on, to be compared only; NULL before the first open is there
 * @grant: the grant, held, or NULL
 * @state: what the client was told that it has
 * @epoch: of @state
 * @untold: CREATEs whose answers have not left
 * @due: a break waits for them: all but @due_keep, @due_ack
 * @due_keep: see there
 * @due_ack: see there
 * @breaking: an acknowledgment is awaited, and may leave @break_to
 * @break_to: see there
 * @giving: bits that go with the acknowledgment that is being recorded (persist.h); 0 if none is
 * @record: records what changed; with a reference: persist.c
 */
struct dsmb_lease {
	refcount_t ref;
	struct hlist_node link;
	struct ditto_owner *owner;
	u8 version;
	u8 key[DSMB_LEASE_KEY_SIZE];
	u64 persistent;
	u64 volatile_id;
	u32 opens;
	struct mutex lock;	/* see above */
	struct list_head holders;
	const struct ditto_node *node;
	struct ditto_lease *grant;
	u8 state;
	u16 epoch;
	u32 untold;
	bool due;
	u8 due_keep;
	bool due_ack;
	bool breaking;
	u8 break_to;
	u8 giving;
	struct work_struct record;
};

static inline void dsmb_lease_hold(struct dsmb_lease *lease)
{
	refcount_inc(&lease->ref);
}

/* May sleep. */
void dsmb_lease_put(struct dsmb_lease *lease);

static inline bool dsmb_lease_is_oplock(const struct dsmb_lease *lease)
{
	return !lease->version;
}

/**
 * dsmb_lease_take - what an open is to cache by, before there is anything to cache
 * @open: not in use yet; its lease and its lease_owner are set
 * @asked: what the CREATE asks for
 *
 * Given back by dsmb_lease_close(). Return: 0, -ENOMEM, -ESHUTDOWN.
 */
int dsmb_lease_take(struct dsmb_open *open, const struct dsmb_caching *asked);

/* Is the key in use on another file than this? */
bool dsmb_lease_is_elsewhere(struct dsmb_lease *lease, const struct ditto_node *node);
/* Is it in use on any? */
bool dsmb_lease_is_used(struct dsmb_lease *lease);

/**
 * dsmb_lease_grant - grant as much as fits
 * @call: of CREATE, with the open's actor; it is noticed when the answer has left
 * @open: opened, begun
 * @node: its node
 * @asked: what the CREATE asks for
 * @answer: filled
 *
 * Return: DSMB_SUCCESS; INVALID_PARAMETER if the key is in use on another file.
 */
u32 dsmb_lease_grant(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node *node,
		     const struct dsmb_caching *asked, struct dsmb_caching *answer);

/* An open is made again after a restart: it caches as it did, as far as that fits. */
void dsmb_lease_restore(const struct ditto_op *op, struct dsmb_open *open, struct ditto_node *node,
			const struct dsmb_caching *had, bool reclaim);

/*
 * The CREATE of an open is answered once more: what it has, as it is now. What is broken is
 * told after the answer has left.
 */
void dsmb_lease_again(struct dsmb_call *call, struct dsmb_open *open,
		      const struct dsmb_caching *asked, struct dsmb_caching *answer);

/* The open goes; with the last one what was granted is given back. */
void dsmb_lease_close(struct dsmb_open *open);

/*
 * Whose grants are its own for what is done through an open; borrowed. A write by whom
 * an oplock lets read breaks that oplock, too (MS-FSA section 2.1.4.12).
 */
struct ditto_owner *dsmb_lease_actor(const struct dsmb_open *open);

/* The lease with a key that the client of a session has, held, or NULL. */
struct dsmb_lease *dsmb_lease_find(struct dsmb_session *session, const u8 *key);

/* oplock_break.c: the holder's side of the grant, and what was kept back for CREATEs */
extern const struct ditto_lease_ops dsmb_lease_ops;
void dsmb_lease_told(struct dsmb_lease *lease);
/*
 * A channel of the session went, and others are there: what was told by it may not have come
 * through, and is told once more.
 */
void dsmb_breaks_again(struct dsmb_session *session);
/* An open of the lease lost its client: a break that nobody is left to answer is answered. */
void dsmb_break_unheard(struct dsmb_lease *lease);

/* What holds the leases of a session; NULL if there is none and none is made. Kept by @session. */
struct ditto_client *dsmb_lease_client(struct dsmb_session *session, bool make);
/*
 * The same for an open that may outlive the session; NULL if there is none. It stays until
 * dsmb_lease_client_unuse(), which any process context may call.
 */
struct ditto_client *dsmb_lease_client_use(struct dsmb_session *session);
void dsmb_lease_client_unuse(struct ditto_client *client);
/* The same for a ClientGuid, with or without a session; NULL without memory. */
struct ditto_client *dsmb_lease_client_of(struct dsmb_server *server, const guid_t *guid);
/* The session is closed; with the last user leases go. May sleep. */
void dsmb_lease_client_leave(struct dsmb_session *session, const char *why);
/* The session is gone. */
void dsmb_lease_client_put(struct dsmb_session *session);

void dsmb_leases_init(void);

#endif
