/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistent opens: durable ones (durable.h) of a share that is continuously
 * available, which outlive the server, too. MS-SMB2 sections 3.3.5.9.10, 3.3.5.9.12.
 *
 * Each has a record at the helper (persist_record.h). It is on disk before the
 * answer to the CREATE that grants it, to each LOCK and each acknowledgment of a
 * break leaves, and gone before the answer to CLOSE does, or else as soon as a helper
 * removes it. After a restart the opens are made again from their records as soon as
 * their shares are there (persist_restore.c): from then on they are durable opens that
 * wait for their clients. Until then the grace of the lock table holds off everybody
 * else.
 *
 * Locking: persist->lock (mutex) makes what is recorded follow what is; the locks
 * of the lease and of the open, and the lock table's, are taken inside.
 * server->pending_lock (mutex) guards records that were not restored yet; all others
 * are taken inside.
 */
#ifndef _DITTO_SMB_OPEN_PERSIST_H
#define _DITTO_SMB_OPEN_PERSIST_H

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ditto_node;
struct ditto_op;
struct dsmb_call;
struct dsmb_durable_ask;
struct dsmb_lease;
struct dsmb_open;
struct dsmb_server;

/* What could not be restored or removed is tried again after so many milliseconds. */
#define DSMB_PERSIST_RETRY_MS	1000
/* Wait, in milliseconds, for a helper that is about to tell what was there before. */
#define DSMB_PERSIST_TOLD_MS	5000

/**
 * struct dsmb_persist - that there is a record of an open
 * @ref: of the open's durability, and of the work
 * @server: whose
 * @id: of the open
 * @lock: see above
 * @ended: the record is removed, or is to stay as it is
 * @kept: it is to stay: the server ends, or the open was not restored; set before the open
 *	is closed
 * @work: removes the record
 * @remains: on the server's list, with a reference: it could not
 */
struct dsmb_persist {
	refcount_t ref;
	struct dsmb_server *server;
	u64 id;
	struct mutex lock;	/* see above */
	bool ended;
	bool kept;
	struct work_struct work;
	struct llist_node remains;
};

/* Is there a share that is continuously available? May sleep. */
bool dsmb_persist_is_on(struct dsmb_server *server);
/* Does the CREATE ask for a persistent open, and may there be one by this tree? */
bool dsmb_persist_may(const struct dsmb_call *call, const struct dsmb_durable_ask *ask);

/* For the durability of an open that is or is to be persistent. NULL without memory. */
struct dsmb_persist *dsmb_persist_alloc(const struct dsmb_open *open);

/**
 * dsmb_persist_grant - write the record of an open for the first time
 * @open: begun, durable, with all that it holds; not published
 *
 * Context: sleeps for the helper. Return: false if it cannot be recorded: that was all.
 */
bool dsmb_persist_grant(struct dsmb_open *open);

/*
 * What an open holds changed; nothing to do for one that is not persistent. Sleeps for the
 * helper. Return: 0, -ENOSPC (more ranges than a record holds), what ditto_record_put() says.
 */
int dsmb_persist_save(struct dsmb_open *open);
/* What a lease's opens cache changed, or is about to. May sleep, as above. */
void dsmb_persist_lease(struct dsmb_lease *lease);
/* It changed already: record it soon. The caller holds the lease. Does not wait for the helper. */
void dsmb_persist_lease_later(struct dsmb_lease *lease);
void dsmb_persist_lease_work(struct work_struct *work);

/*
 * The file of an open is to go, or is not: what SET_INFO asks for, also of opens that are not
 * persistent. @op is begun, @node the open's, @flags are DITTO_DELETE_*. It is taken back only
 * if no record says it any more; one that cannot be written counts for nothing before that.
 * Sleeps for the helper. Return: what ditto_instance_set_delete() says, or as above.
 */
int dsmb_persist_delete_pending(struct ditto_op *op, struct dsmb_open *open, u32 flags);
int dsmb_persist_cancel_delete(struct ditto_op *op, struct dsmb_open *open,
			       const struct ditto_node *node);
int dsmb_persist_cancel_delete_at_close(struct ditto_op *op,
					struct dsmb_open *open);

/* The open is closed: so ends its record, soon. NULL is allowed for both. Any process context. */
void dsmb_persist_end(struct dsmb_persist *persist);
/* Wait for that. */
void dsmb_persist_flush(struct dsmb_persist *persist);
void dsmb_persist_put(struct dsmb_persist *persist);

/* The open is given up, but the record stays, as it is. NULL is allowed. May sleep. */
void dsmb_persist_leave(struct dsmb_persist *persist);
/* The server ends: the record stays though the open is closed, and so does the file. */
void dsmb_persist_suspend(struct dsmb_open *open);

/* Records that could not be removed are tried again. Sleeps for the helper. */
void dsmb_persist_sweep(struct dsmb_server *server);
/* The server ends, no open is left: for the last time. */
void dsmb_persist_sweep_last(struct dsmb_server *server);

/* persist_restore.c */

void dsmb_persist_init(struct dsmb_server *server);
void dsmb_persist_exit(struct dsmb_server *server);
/*
 * Whoever connects to a share finds what was open there before a restart. Waits at most
 * DSMB_PERSIST_TOLD_MS for the helper.
 */
void dsmb_persist_settle(struct dsmb_server *server);
/* Is this an open of before the restart that could not be made again yet? */
bool dsmb_persist_is_pending(struct dsmb_server *server, u64 id);

#endif
