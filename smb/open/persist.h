/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistent opens: durable opens (durable.h) of a share that is continuously available, which also
 * survive a restart of the server. MS-SMB2 sections 3.3.5.9.10 and 3.3.5.9.12.
 *
 * Each persistent open has a record at the helper (persist_record.h). The record is on disk before
 * the response of the CREATE that grants the open, of each LOCK and of each break acknowledgment
 * is sent, and before an UNLOCK lets others have the range. Changes that others make to the names
 * of the file are recorded soon after. It is removed
 * before the open is closed: by CLOSE itself before its response is sent, and for an open whose
 * client does not come back, or whose session or tree connect ends, without anybody waiting. While
 * no helper can remove it, the open stays without a client, with all its claims, because a restart
 * would restore it. After a restart the opens are restored from their records as soon as their
 * shares exist (persist_restore.c). From then on they are disconnected durable opens. Until then
 * the grace period of the lock table holds off all other clients.
 *
 * Locking: persist->lock (mutex) keeps the record in step with the state of the open; the locks of
 * the lease, the open and the lock table are taken inside it. server->pending_lock (mutex) guards
 * the records that were not restored yet; all other locks are taken inside it.
 * server->deleters_lock (spinlock) guards the tree of opens that request a deletion; no lock is
 * taken inside it.
 */
#ifndef _DITTO_SMB_OPEN_PERSIST_H
#define _DITTO_SMB_OPEN_PERSIST_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../lockd/range.h"
#include "../../net/helper/recorder.h"

struct ditto_name_watch;
struct ditto_node;
struct ditto_op;
struct dsmb_call;
struct dsmb_durable_ask;
struct dsmb_lease;
struct dsmb_open;
struct dsmb_server;

/* Time, in milliseconds, after which what failed is tried again. */
#define DSMB_PERSIST_RETRY_MS	1000
/* Most records: as many may wait for their removal as there may be durable opens. */
#define DSMB_RECORDS_MAX	(2 * DSMB_DURABLES_MAX)
/*
 * Longest wait of a client that connects, in milliseconds, for a helper that is about to deliver
 * the records of before the restart. After that it is connected, and its opens are refused.
 */
#define DSMB_PERSIST_TOLD_MS	5000

/**
 * struct dsmb_persist - the record of a persistent open
 * @recorder: of the record
 * @token: by which @recorder knows the open
 * @open: the open; not counted
 * @lock: mutex, see above
 * @closes: the open is closed when its record is gone
 * @removal: waits for that; has a reference to the open
 * @names: watch of the names of the open's file, or NULL; under @lock while the open is in use
 * @later: has the record written again if a name has changed, or if it could not be gathered; has a
 *	reference to the open
 * @giving: ranges that are left out of the record, because they are about to be given up, of struct
 *	dsmb_giving; under @lock
 */
struct dsmb_persist {
	struct ditto_recorder *recorder;
	u64 token;
	struct dsmb_open *open;
	struct mutex lock;	/* see above */
	bool closes;
	struct ditto_recorder_wait removal;
	struct ditto_name_watch *names;
	struct delayed_work later;
	struct list_head giving;
};

/* Most ranges of struct dsmb_giving: as many as a record holds. */
#define DSMB_GIVING_MAX	256

/**
 * struct dsmb_giving - ranges that an UNLOCK gives up
 * @list: link in dsmb_persist.giving
 * @count: number of @ranges
 * @ranges: bytes; the mode does not matter
 */
struct dsmb_giving {
	struct list_head list;
	unsigned int count;
	struct ditto_range_held ranges[] __counted_by(count);
};

/**
 * dsmb_persist_is_on - check whether any share is continuously available
 * @server: the server
 *
 * Return: true if there is such a share.
 */
bool dsmb_persist_is_on(struct dsmb_server *server);

/**
 * dsmb_persist_allowed - check whether a CREATE requests a persistent open and may get one
 * @call: the CREATE
 * @ask: requested durability
 *
 * Return: true if the tree connect is continuously available and the connection has
 *	SMB2_GLOBAL_CAP_PERSISTENT_HANDLES.
 */
bool dsmb_persist_allowed(const struct dsmb_call *call, const struct dsmb_durable_ask *ask);

/**
 * dsmb_persist_alloc - allocate the persistence of an open
 * @open: the open
 *
 * Nothing is recorded yet.
 *
 * Return: the object, or NULL without memory, or with too many records.
 */
struct dsmb_persist *dsmb_persist_alloc(struct dsmb_open *open);
/* Free the persistence of an open that is in use no more. NULL is allowed. May sleep. */
void dsmb_persist_free(struct dsmb_persist *persist);
/*
 * The recorder of an open, to be put, or an ERR_PTR. @machine is charged; may be NULL. May sleep.
 */
struct ditto_recorder *dsmb_persist_recorder(struct dsmb_server *server, u64 id,
					     const struct in6_addr *machine);

/**
 * dsmb_persist_grant - write the record of an open for the first time
 * @open: begun and durable, with all its claims; not published
 *
 * Context: may sleep; waits for the helper.
 * Return: false if the record cannot be written; its removal has begun then.
 */
bool dsmb_persist_grant(struct dsmb_open *open);

/**
 * dsmb_persist_save - record the changed claims of an open
 * @open: the open; nothing is done if it is not persistent
 *
 * A record that cannot be written now is written later, because it may have been written
 * nevertheless, and because what the open gave up must not come back after a restart.
 *
 * Context: may sleep; waits for the helper. persist->lock is taken.
 * Return: 0; -ESTALE if the file was taken away; -ENOSPC if the open has more ranges than a record
 *	holds; or an error of ditto_recorder_wait().
 */
int dsmb_persist_save(struct dsmb_open *open);

/**
 * dsmb_persist_give - record that an open has some of its ranges no more
 * @open: the open, persistent
 * @giving: the ranges; is in use until dsmb_persist_given()
 *
 * Called before the ranges are given up: a restart must not restore what others may have by then.
 *
 * Context: may sleep; waits for the helper. persist->lock is taken.
 * Return: as dsmb_persist_save(); after an error the open keeps the ranges.
 */
int dsmb_persist_give(struct dsmb_open *open, struct dsmb_giving *giving);

/**
 * dsmb_persist_given - the ranges were given up, or are kept
 * @open: the open
 * @giving: as given to dsmb_persist_give()
 *
 * Context: may sleep; waits for the helper if the record differs from what the open has.
 */
void dsmb_persist_given(struct dsmb_open *open, struct dsmb_giving *giving);

/**
 * dsmb_persist_watch - have the record of an open written again when names of its file change
 * @persist: record of the open
 * @node: the file; the open is begun
 *
 * Without memory nothing is done. See dsmb_persist_later_work().
 *
 * Context: may sleep. persist->lock is held.
 */
void dsmb_persist_watch(struct dsmb_persist *persist, struct ditto_node *node);

/**
 * dsmb_persist_unwatch - end what dsmb_persist_watch() has begun
 * @persist: record of an open that nobody uses any more, or NULL
 */
void dsmb_persist_unwatch(struct dsmb_persist *persist);

/* Work function of dsmb_persist.later: has the record written; drops its reference to the open. */
void dsmb_persist_later_work(struct work_struct *work);

/**
 * dsmb_persist_lease - record the changed caching of all persistent opens of a lease
 * @lease: the lease; its lock is not held
 *
 * Called after the change, or with lease->giving set before it.
 *
 * Context: may sleep; waits for the helper.
 * Return: 0, or the first error of dsmb_persist_save().
 */
int dsmb_persist_lease(struct dsmb_lease *lease);

/**
 * dsmb_persist_has_lease - check whether a persistent open holds a lease
 * @lease: the lease; its lock is not held
 *
 * Return: true if dsmb_persist_lease() would wait for the helper.
 */
bool dsmb_persist_has_lease(struct dsmb_lease *lease);

/**
 * dsmb_persist_lease_later - record the changed caching of a lease's opens soon
 * @lease: the lease, held by the caller; its lock is not held
 *
 * Context: may sleep, but does not wait for the helper.
 */
void dsmb_persist_lease_later(struct dsmb_lease *lease);

/**
 * dsmb_persist_lease_work - work function of dsmb_lease.record
 * @work: the work; drops its reference to the lease
 */
void dsmb_persist_lease_work(struct work_struct *work);

/**
 * dsmb_persist_delete_pending - request the deletion of an open's file
 * @op: operation, begun
 * @open: the open, which need not be persistent
 * @flags: DITTO_DELETE_*, with DITTO_DELETE_ON
 *
 * A deletion that cannot be recorded is done nevertheless; it does not survive a restart then.
 *
 * Context: may sleep; waits for the helper.
 * Return: 0, or an error of ditto_instance_set_delete().
 */
int dsmb_persist_delete_pending(struct ditto_op *op, struct dsmb_open *open, u32 flags);

/**
 * dsmb_persist_deletes - check whether a persistent open requests the deletion of an open's name
 * @open: the open, begun
 *
 * Return: true if dsmb_persist_cancel_delete() would wait for the helper.
 */
bool dsmb_persist_deletes(struct dsmb_open *open);

/**
 * dsmb_persist_cancel_delete - cancel the pending deletion of an open's name
 * @op: operation, begun
 * @open: open that cancels it, which need not be persistent
 *
 * The deletion is cancelled only if no record requests it any more. A record that cannot be written
 * leaves the deletion pending.
 *
 * Context: may sleep; waits for the helper.
 * Return: 0, or as dsmb_persist_save().
 */
int dsmb_persist_cancel_delete(struct ditto_op *op, struct dsmb_open *open);

/**
 * dsmb_persist_delete_enter - enter a restored open that requests the deletion of its file
 * @open: the open, which has its file
 *
 * Context: any.
 */
void dsmb_persist_delete_enter(struct dsmb_open *open);

/**
 * dsmb_persist_delete_restore - make a deletion pending that was pending before a restart
 * @open: the restored open; nothing is done if it does not request one any more
 *
 * Return: 0; -EJUKEBOX if it is to be tried again later; or another errno.
 */
int dsmb_persist_delete_restore(struct dsmb_open *open);

/**
 * dsmb_persist_delete_forget - let cancellations not find an open any more
 * @open: the open, durable
 *
 * Context: any.
 */
void dsmb_persist_delete_forget(struct dsmb_open *open);

/**
 * dsmb_persist_cancel_delete_at_close - cancel the deletion at the close of an open
 * @op: operation, begun
 * @open: the open, which need not be persistent
 *
 * If the record cannot be written, the deletion at close is set again.
 *
 * Context: may sleep; waits for the helper.
 * Return: 0, or as dsmb_persist_save().
 */
int dsmb_persist_cancel_delete_at_close(struct ditto_op *op,
					struct dsmb_open *open);

/**
 * dsmb_persist_end - begin the removal of a closed open's record, if it is still there
 * @persist: record of the open, or NULL
 *
 * Context: may sleep; does not wait for the helper.
 */
void dsmb_persist_end(struct dsmb_persist *persist);

/**
 * dsmb_persist_remove - remove the record of an open that is closed next
 * @persist: record of the open
 *
 * Context: may sleep; waits for the helper.
 * Return: 0, also if the record was removed before or must stay; or an error of
 *	ditto_recorder_wait(), and it is removed later.
 */
int dsmb_persist_remove(struct dsmb_persist *persist);

/**
 * dsmb_persist_expire - begin to close an open that its client has lost, its record first
 * @open: the open, with dsmb_open_expire() or dsmb_open_give_up(), or not published; the caller has
 *	a reference
 *
 * Another client may get what the open holds as soon as it is closed. If the record were still
 * there, a restart would restore the open. So the open stays until a helper has removed the record.
 *
 * Context: may sleep; does not wait for the helper.
 */
void dsmb_persist_expire(struct dsmb_open *open);

/**
 * dsmb_persist_withdraw - remove the records of the opens whose files were taken away
 * @server: the server
 *
 * The opens stay until their clients close them. What no helper can remove is tried again later.
 *
 * Context: may sleep; waits for the helper.
 */
void dsmb_persist_withdraw(struct dsmb_server *server);

/**
 * dsmb_persist_leave - leave a record as it is although its open is closed
 * @persist: record of the open, or NULL
 */
void dsmb_persist_leave(struct dsmb_persist *persist);

/**
 * dsmb_persist_suspend - keep the record and the file of an open because the server ends
 * @open: a persistent open that is closed next
 *
 * Cancels the deletion at close, which the record requests again after the restart. A deletion that
 * is already pending is not put off; the record is removed with the open then.
 *
 * Context: may sleep; waits for the helper.
 */
void dsmb_persist_suspend(struct dsmb_open *open);

/* persist_restore.c */

/* Set up the restore of persistent opens, and tear it down; records not restored yet stay. */
void dsmb_persist_init(struct dsmb_server *server);
void dsmb_persist_exit(struct dsmb_server *server);

/**
 * dsmb_persist_settle - restore the opens of before a restart before a client connects to a share
 * @server: the server
 *
 * Context: may sleep; waits at most DSMB_PERSIST_TOLD_MS for the helper. Takes
 *	server->pending_lock.
 */
void dsmb_persist_settle(struct dsmb_server *server);

/**
 * dsmb_persist_is_pending - check for an open of before the restart that is or may be not restored
 * @server: the server
 * @id: FileId.Persistent
 *
 * Context: may sleep; takes server->pending_lock.
 * Return: true if there is one, or while it is not known which ones there are.
 */
bool dsmb_persist_is_pending(struct dsmb_server *server, u64 id);

#endif
