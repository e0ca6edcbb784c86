/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caching granted to a client: a lease, which all opens with one lease key share, or the oplock of
 * a single open. Both are backed by a caching grant of the lock table.
 *
 * A lease is identified by ClientGuid and LeaseKey (MS-SMB2 section 3.3.1.11), so it may have opens
 * of several sessions. Its caching grant is held by the lock table client that stands for the
 * ClientGuid (lease_client.c). An oplock belongs to its open, and so to the client that owns the
 * claims of the open.
 *
 * The granted state and the state known to the client differ for short times. A break is not sent
 * before the response of the CREATE that tells the client of the grant, even if its time ends
 * before that; the client is notified then that it has lost everything. While the client does not
 * know of a loss, it is granted nothing new.
 *
 * While the acknowledgment of an earlier lease with the same key may still come, WRITE is not
 * granted, see late_ack.h.
 *
 * A notification may be lost with its connection. It is sent again when the client has another
 * session with the lease, and when the client reconnects while the break is outstanding. A
 * notification that needs no acknowledgment is sent again unless it has arrived (break_delivery.c).
 *
 * Locking, outermost first:
 *
 *   lease->lock (mutex) guards the state known to the client. It is held while a caching
 *	grant is requested from the lock table, but not while anything is sent.
 *   The lock of a bucket (spinlock) guards the table and the count of opens.
 *   Callbacks of the lock table run one at a time for each caching grant, and take
 *	lease->lock.
 *
 * Lifetime: lease->ref counts opens, the caching grant of the lock table, CREATEs whose response
 * was not sent yet, breaks that may not have arrived, and callers that looked it up by its key. The
 * owner keeps the memory of its client; every open on the list is in a session, or waits for its
 * client to reconnect.
 */
#ifndef _DITTO_SMB_OPEN_LEASE_H
#define _DITTO_SMB_OPEN_LEASE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "../wire/oplock.h"

struct ditto_lease;
struct ditto_lease_ops;
struct ditto_client;
struct ditto_node;
struct ditto_op;
struct ditto_owner;
struct dsmb_call;
struct dsmb_late_acks;	/* late_ack.h */
struct dsmb_notice;	/* break_delivery.h */
struct dsmb_open;
struct dsmb_server;
struct dsmb_session;

/* Time, in milliseconds, that an acknowledgment may take: MS-SMB2 section 3.3.2.1. */
#define DSMB_BREAK_MS	35000

/**
 * struct dsmb_lease - a lease or an oplock
 * @ref: see above
 * @link: link in the table; an oplock is in no table
 * @owner: lock table owner of the caching grant, held
 * @version: version of the create context that created the lease, 1 or 2; 0 for an oplock
 * @key: LeaseKey
 * @persistent: FileId.Persistent of an oplock's open
 * @volatile_id: FileId.Volatile of an oplock's open
 * @opens: number of opens that have the lease or are about to; under the lock of the bucket
 * @lock: mutex; guards the members below
 * @holders: opens that have the lease, linked by dsmb_open.lease_link
 * @node: node that the lease is on, only for comparison; NULL before the first open is there
 * @ino: inode number of the node that it is or was on; 0 for a directory, of which nothing is
 *	written under a lease
 * @grant: caching grant of the lock table, held, or NULL
 * @state: state that the client knows it has
 * @epoch: epoch of @state
 * @unnotified: number of CREATEs whose responses were not sent yet
 * @due: a break to @due_keep waits until @unnotified is 0
 * @due_keep: DITTO_LEASE_* bits that remain after the pending break
 * @due_ack: the pending break requires an acknowledgment
 * @breaking: an acknowledgment is awaited, and may keep no more than @break_to
 * @break_to: DITTO_LEASE_* bits that the client may keep
 * @via: id of the session that the last notification was sent through
 * @again: while @breaking: the notification of the break may be lost; it is sent again when
 *	@unnotified is 0
 * @giving: bits that are lost with the acknowledgment that is being recorded (persist.h); 0 if
 *	there is none
 * @yielding: number of disconnected opens that are being closed because they give way
 * @record: records the changed state of persistent opens; has a reference; see persist.c
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
	u64 ino;
	struct ditto_lease *grant;
	u8 state;
	u16 epoch;
	u32 unnotified;
	bool due;
	u8 due_keep;
	bool due_ack;
	bool breaking;
	u8 break_to;
	u64 via;
	bool again;
	u8 giving;
	u32 yielding;
	struct work_struct record;
};

static inline void dsmb_lease_hold(struct dsmb_lease *lease)
{
	refcount_inc(&lease->ref);
}

void dsmb_lease_put(struct dsmb_lease *lease);

/* True for the oplock of a single open, false for a lease. */
static inline bool dsmb_lease_is_oplock(const struct dsmb_lease *lease)
{
	return !lease->version;
}

int dsmb_lease_take(struct dsmb_open *open, const struct dsmb_caching *asked);
bool dsmb_lease_is_elsewhere(struct dsmb_lease *lease, const struct ditto_node *node);
bool dsmb_lease_is_used(struct dsmb_lease *lease);
u32 dsmb_lease_grant(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node *node,
		     const struct dsmb_caching *asked, struct dsmb_caching *answer);
void dsmb_lease_answered(struct dsmb_call *call);
void dsmb_lease_restore(const struct ditto_op *op, struct dsmb_open *open, struct ditto_node *node,
			const struct dsmb_caching *had, bool reclaim);
void dsmb_lease_report(struct dsmb_call *call, struct dsmb_open *open,
		       const struct dsmb_caching *asked, struct dsmb_caching *answer);
void dsmb_lease_close(struct dsmb_open *open);
u8 dsmb_lease_held(const struct dsmb_lease *lease);
struct ditto_owner *dsmb_lease_owner(const struct dsmb_open *open);
struct ditto_owner *dsmb_lease_actor(const struct dsmb_open *open);
struct dsmb_lease *dsmb_lease_find(struct dsmb_session *session, const u8 *key);

/* oplock_break.c: the holder's side of the caching grant, and breaks deferred by CREATEs */
extern const struct ditto_lease_ops dsmb_lease_ops;

void dsmb_lease_sent(struct dsmb_lease *lease);
void dsmb_breaks_resend(struct dsmb_session *session);
bool dsmb_notice_send(struct dsmb_lease *lease, const struct dsmb_notice *notice);
void dsmb_break_lost(struct dsmb_lease *lease, const struct dsmb_session *lost);
void dsmb_lease_yielded(struct dsmb_lease *lease);

u64 dsmb_guid_hash(const guid_t *guid);
struct ditto_client *dsmb_lease_client(struct dsmb_session *session, bool make);
struct ditto_client *dsmb_lease_client_use(struct dsmb_session *session);
void dsmb_lease_client_unuse(struct ditto_client *client);
struct ditto_client *dsmb_lease_client_of(struct dsmb_server *server, const guid_t *guid);
struct dsmb_late_acks *dsmb_lease_client_late_acks(struct ditto_client *client);
void dsmb_lease_client_leave(struct dsmb_session *session, const char *why);
void dsmb_lease_client_put(struct dsmb_session *session);

void dsmb_leases_init(void);

/* Number of lock table clients that were compared with a ClientGuid, for tests. */
extern unsigned long dsmb_lease_client_steps;

#endif
