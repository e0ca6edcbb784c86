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

bool dsmb_persist_is_on(struct dsmb_server *server);
bool dsmb_persist_allowed(const struct dsmb_call *call, const struct dsmb_durable_ask *ask);

struct dsmb_persist *dsmb_persist_alloc(struct dsmb_open *open);
void dsmb_persist_free(struct dsmb_persist *persist);
struct ditto_recorder *dsmb_persist_recorder(struct dsmb_server *server, u64 id,
					     const struct in6_addr *machine);

bool dsmb_persist_grant(struct dsmb_open *open);
int dsmb_persist_save(struct dsmb_open *open);
int dsmb_persist_give(struct dsmb_open *open, struct dsmb_giving *giving);
void dsmb_persist_given(struct dsmb_open *open, struct dsmb_giving *giving);
void dsmb_persist_watch(struct dsmb_persist *persist, struct ditto_node *node);
void dsmb_persist_unwatch(struct dsmb_persist *persist);
void dsmb_persist_later_work(struct work_struct *work);
int dsmb_persist_lease(struct dsmb_lease *lease);
bool dsmb_persist_has_lease(struct dsmb_lease *lease);
void dsmb_persist_lease_later(struct dsmb_lease *lease);
void dsmb_persist_lease_work(struct work_struct *work);

int dsmb_persist_delete_pending(struct ditto_op *op, struct dsmb_open *open, u32 flags);
bool dsmb_persist_deletes(struct dsmb_open *open);
int dsmb_persist_cancel_delete(struct ditto_op *op, struct dsmb_open *open);
void dsmb_persist_delete_enter(struct dsmb_open *open);
int dsmb_persist_delete_restore(struct dsmb_open *open);
void dsmb_persist_delete_forget(struct dsmb_open *open);
int dsmb_persist_cancel_delete_at_close(struct ditto_op *op,
					struct dsmb_open *open);

void dsmb_persist_end(struct dsmb_persist *persist);
int dsmb_persist_remove(struct dsmb_persist *persist);
void dsmb_persist_expire(struct dsmb_open *open);
void dsmb_persist_withdraw(struct dsmb_server *server);

void dsmb_persist_leave(struct dsmb_persist *persist);
void dsmb_persist_suspend(struct dsmb_open *open);

/* persist_restore.c */

/* Set up the restore of persistent opens, and tear it down; records not restored yet stay. */
void dsmb_persist_init(struct dsmb_server *server);
void dsmb_persist_exit(struct dsmb_server *server);
void dsmb_persist_settle(struct dsmb_server *server);
bool dsmb_persist_is_pending(struct dsmb_server *server, u64 id);

#endif
