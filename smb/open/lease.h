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

/**
 * dsmb_lease_put - drop a reference to a lease
 * @lease: the lease
 */
void dsmb_lease_put(struct dsmb_lease *lease);

/* True for the oplock of a single open, false for a lease. */
static inline bool dsmb_lease_is_oplock(const struct dsmb_lease *lease)
{
	return !lease->version;
}

/**
 * dsmb_lease_take - attach an open to its lease or oplock before anything is cached
 * @open: not in use yet; this function sets its lease and entry_owner
 * @asked: requested caching
 *
 * Undone by dsmb_lease_close().
 *
 * Return: 0, -ENOMEM or -ESHUTDOWN.
 */
int dsmb_lease_take(struct dsmb_open *open, const struct dsmb_caching *asked);

/**
 * dsmb_lease_is_elsewhere - check whether the lease key is in use on another file
 * @lease: the lease
 * @node: node to compare with
 *
 * Return: true if it is in use, and not on @node.
 */
bool dsmb_lease_is_elsewhere(struct dsmb_lease *lease, const struct ditto_node *node);

/**
 * dsmb_lease_is_used - check whether the lease key is in use on any file
 * @lease: the lease
 *
 * Return: true if an open of the lease has a file open.
 */
bool dsmb_lease_is_used(struct dsmb_lease *lease);

/**
 * dsmb_lease_grant - grant as much of the requested caching as possible
 * @call: the CREATE, with the actor of the open; pending breaks are sent after its response
 * @open: the open, begun
 * @node: node of the open
 * @asked: requested caching
 * @answer: filled with the granted caching
 *
 * MS-SMB2 sections 3.3.5.9.8 and 3.3.5.9.11.
 *
 * Context: may sleep; takes lease->lock.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if the lease key is in use on another file.
 */
u32 dsmb_lease_grant(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node *node,
		     const struct dsmb_caching *asked, struct dsmb_caching *answer);

/**
 * dsmb_lease_answered - send the breaks that waited for the response of a CREATE
 * @call: the CREATE; its response was written, or never will be
 *
 * The function does nothing if dsmb_lease_grant() left no break to this call.
 */
void dsmb_lease_answered(struct dsmb_call *call);

/**
 * dsmb_lease_restore - restore the caching of an open after a restart
 * @op: operation of the open
 * @open: the open, begun
 * @node: node of the open
 * @had: caching that the open had before the restart
 * @reclaim: reclaim during the grace period
 *
 * Grants as much of @had as possible.
 *
 * Context: may sleep; takes lease->lock.
 */
void dsmb_lease_restore(const struct ditto_op *op, struct dsmb_open *open, struct ditto_node *node,
			const struct dsmb_caching *had, bool reclaim);

/**
 * dsmb_lease_report - report the current caching of an open whose CREATE is answered once more
 * @call: the CREATE
 * @open: the open
 * @asked: requested caching
 * @answer: filled with the current caching
 *
 * Pending breaks are sent after the response, and so is the notification of an outstanding one: the
 * client has lost a connection, and may not have received it.
 *
 * Context: may sleep; takes lease->lock.
 */
void dsmb_lease_report(struct dsmb_call *call, struct dsmb_open *open,
		       const struct dsmb_caching *asked, struct dsmb_caching *answer);

/**
 * dsmb_lease_close - detach an open from its lease or oplock
 * @open: the open
 *
 * The last open of a lease returns the caching grant.
 *
 * Context: may sleep; takes lease->lock.
 */
void dsmb_lease_close(struct dsmb_open *open);

/**
 * dsmb_lease_held - get the caching that the lock table has granted
 * @lease: the lease; its lock is held
 *
 * Return: DITTO_LEASE_* bits.
 */
u8 dsmb_lease_held(const struct dsmb_lease *lease);

/**
 * dsmb_lease_owner - get the owner of an open's caching grant
 * @open: the open
 *
 * Return: the owner, borrowed from the open, whose own owner it is if the open has no lease.
 */
struct ditto_owner *dsmb_lease_owner(const struct dsmb_open *open);

/**
 * dsmb_lease_actor - get the owner whose caching grants an operation through an open does not break
 * @open: the open
 *
 * A write through an open whose oplock only allows reading breaks that oplock, too (MS-FSA section
 * 2.1.4.12).
 *
 * Return: the owner, borrowed from the open, or NULL if there is none.
 */
struct ditto_owner *dsmb_lease_actor(const struct dsmb_open *open);

/**
 * dsmb_lease_find - look up a lease by its key
 * @session: session whose ClientGuid counts
 * @key: LeaseKey, DSMB_LEASE_KEY_SIZE bytes
 *
 * Return: the lease with a reference, or NULL.
 */
struct dsmb_lease *dsmb_lease_find(struct dsmb_session *session, const u8 *key);

/* oplock_break.c: the holder's side of the caching grant, and breaks deferred by CREATEs */
extern const struct ditto_lease_ops dsmb_lease_ops;

/**
 * dsmb_lease_sent - note that the response of a CREATE with this lease was sent
 * @lease: the lease
 *
 * Sends the break that waited for it.
 *
 * Context: may sleep; lease->lock not held.
 */
void dsmb_lease_sent(struct dsmb_lease *lease);

/**
 * dsmb_breaks_resend - send outstanding breaks of a session once more
 * @session: session that lost a channel and has others
 *
 * Breaks that were sent on the lost channel may not have arrived.
 */
void dsmb_breaks_resend(struct dsmb_session *session);

/**
 * dsmb_notice_send - send a break notification
 * @lease: the lease
 * @notice: the notification
 *
 * It is sent on the first connection of an open of the lease that accepts it (MS-SMB2 sections
 * 3.3.4.6 and 3.3.4.7).
 *
 * Context: may sleep; lease->lock not held.
 * Return: false if no connection accepts it.
 */
bool dsmb_notice_send(struct dsmb_lease *lease, const struct dsmb_notice *notice);

/**
 * dsmb_break_lost - deal with a break that the client may not have heard of
 * @lease: lease that an open lost its client of
 * @lost: session that ended, or NULL
 *
 * If another open of the lease has a connection, the notification is sent again if it was sent
 * through @lost. Otherwise the disconnected opens of the lease are closed as by
 * dsmb_durables_yield(), and the break is answered in place of the client. The function does
 * nothing if no break is outstanding.
 *
 * Context: may sleep; lease->lock not held.
 */
void dsmb_break_lost(struct dsmb_lease *lease, const struct dsmb_session *lost);

/**
 * dsmb_lease_yielded - note that an open which gave way is closed, or that its client has come back
 * @lease: counts it in @yielding
 *
 * The last one answers the break, unless the client can be notified again.
 *
 * Context: may sleep; lease->lock not held.
 */
void dsmb_lease_yielded(struct dsmb_lease *lease);

/**
 * dsmb_guid_hash - hash a ClientGuid, which clients choose, with a secret key
 * @guid: the ClientGuid
 *
 * Context: any.
 * Return: the hash.
 */
u64 dsmb_guid_hash(const guid_t *guid);

/**
 * dsmb_lease_client - get the lock table client that holds the leases of a session
 * @session: the session, which keeps the client alive
 * @make: create the client if there is none
 *
 * Context: may sleep; takes session->lock.
 * Return: the client, or NULL if there is none.
 */
struct ditto_client *dsmb_lease_client(struct dsmb_session *session, bool make);

/**
 * dsmb_lease_client_use - get the lock table client for an open that may outlive the session
 * @session: the session
 *
 * The client stays until dsmb_lease_client_unuse().
 *
 * Context: may sleep; takes session->lock.
 * Return: the client, or NULL.
 */
struct ditto_client *dsmb_lease_client_use(struct dsmb_session *session);

/**
 * dsmb_lease_client_unuse - release a client that an open used
 * @client: from dsmb_lease_client_use() or dsmb_lease_client_of()
 *
 * Context: any process context; the release itself runs in a worker.
 */
void dsmb_lease_client_unuse(struct ditto_client *client);

/**
 * dsmb_lease_client_of - get the lock table client of a ClientGuid
 * @server: the server
 * @guid: ClientGuid, with or without a session
 *
 * Released with dsmb_lease_client_unuse().
 *
 * Return: the client, or NULL without memory.
 */
struct ditto_client *dsmb_lease_client_of(struct dsmb_server *server, const guid_t *guid);

/**
 * dsmb_lease_client_late_acks - get the late acknowledgments of a client
 * @client: lock table client of a ClientGuid
 */
struct dsmb_late_acks *dsmb_lease_client_late_acks(struct ditto_client *client);

/**
 * dsmb_lease_client_leave - drop a closed session from its lock table client
 * @session: the session
 * @why: reason, for the log
 *
 * The last user releases the client with all its leases.
 */
void dsmb_lease_client_leave(struct dsmb_session *session, const char *why);

/**
 * dsmb_lease_client_put - drop the memory reference of a session that is freed
 * @session: the session
 */
void dsmb_lease_client_put(struct dsmb_session *session);

/* Set up the table of leases. */
void dsmb_leases_init(void);

/* Number of lock table clients that were compared with a ClientGuid, for tests. */
extern unsigned long dsmb_lease_client_steps;

#endif
