/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service threads, and what keeps them.
 *
 * A file system that is stuck keeps every thread that enters it. A thread may have entered before
 * anyone can know, so calls are not counted on their way in. Instead the threads are looked at now
 * and then. For those that have been in a call for long, others are started, so that there are
 * always threads for other file systems. A file system that keeps more threads than the service has
 * by itself is full: further calls for it are refused, and their clients come again.
 */
#ifndef _DITTO_FS_NFS_RPC_WORKER_H
#define _DITTO_FS_NFS_RPC_WORKER_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sunrpc/svc.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../share/handle.h"
#include "../../share/share.h"

struct ditto_node;
struct ditto_volume;
struct dnfs_batch;
struct dnfs_call;
struct dnfs_server;
struct kvec;

/* No threads are started for those that are kept if the service has fewer. */
#define DNFS_WORKERS_MIN	4
/* Most file systems that can be full at a time. */
#define DNFS_WORKERS_FULL	16
/* A file system is full when it keeps this many times the threads of the service for long. */
#define DNFS_WORKERS_KEPT	2
/*
 * Most threads that are started for kept ones, in multiples of the service's own threads:
 * until a file system is full, which may take all of them, and from then on.
 */
#define DNFS_WORKERS_LENT	3
#define DNFS_WORKERS_LENT_FULL	8

/**
 * struct dnfs_worker - a service thread
 * @list: link in the list of all service threads
 * @serv: its service
 * @batch: its batch, see batch.h; or NULL
 * @vec: DNFS_PAGES entries for the payload of a WRITE, or for pages of a READ that are kept aside
 * @aside: number of pages that are kept aside
 * @begun: jiffies at the beginning of its last call
 * @busy: it executes that call
 * @volume: file system that the call is about, compared only; or NULL
 * @trust: enum ditto_trust of the connection of its last call, for itself
 * @seen: last handle that it has verified, and its file, for itself
 * @traced: calls whose replies are not sent yet, if slow calls are traced
 *
 * @begun, @busy and @volume are written by the thread and read by others, without a lock.
 */
struct dnfs_worker {
	struct list_head list;
	const struct svc_serv *serv;
	struct dnfs_batch *batch;
	struct kvec *vec;
	unsigned int aside;
	unsigned long begun;
	bool busy;
	const struct ditto_volume *volume;
	u8 trust;
	struct ditto_handle_seen seen;
	struct list_head traced;
};

/**
 * struct dnfs_workers - the service threads of a namespace
 * @watched: @look is armed
 * @nfull: number of @full; read without a lock
 * @full: file systems that are full, compared only; read without a lock
 * @base: number of threads that the service has by itself; changed with WRITE_ONCE()
 * @quiet: number of looks that have found too many threads
 * @look: looks at the threads
 */
struct dnfs_workers {
	bool watched;
	unsigned int nfull;
	const struct ditto_volume *full[DNFS_WORKERS_FULL];
	unsigned int base;
	unsigned int quiet;
	struct delayed_work look;
};

void dnfs_workers_init(struct dnfs_workers *workers);
void dnfs_workers_stop(struct dnfs_workers *workers);
void dnfs_workers_watch(struct dnfs_workers *workers);

/**
 * struct dnfs_workers_seen - what the threads do
 * @kept: number of threads that have been in a call for long
 * @busy: number of threads that are in a call since an earlier jiffy
 * @active: a thread is in a call or was recently
 */
struct dnfs_workers_seen {
	unsigned int kept;
	unsigned int busy;
	bool active;
};

struct dnfs_workers_seen dnfs_workers_see(struct dnfs_workers *workers,
					  const struct svc_serv *serv);
unsigned int dnfs_workers_wanted(unsigned int base, unsigned int kept, bool full);
int dnfs_service_resize(struct dnfs_server *server, unsigned int threads);
void dnfs_worker_start(struct dnfs_worker *worker, struct svc_rqst *rqstp, struct kvec *vec);
void dnfs_worker_stop(struct dnfs_worker *worker);
void __noreturn dnfs_worker_exit(struct svc_rqst *rqstp);
void dnfs_worker_stand_aside(struct svc_rqst *rqstp);

/* Note that a thread executes a call from now on. @worker: the thread, or NULL. Context: any. */
static inline void dnfs_worker_begin(struct dnfs_workers *workers, struct dnfs_worker *worker)
{
	if (unlikely(!worker))
		return;
	WRITE_ONCE(worker->volume, NULL);
	WRITE_ONCE(worker->begun, jiffies);
	WRITE_ONCE(worker->busy, true);
	if (unlikely(!READ_ONCE(workers->watched)))
		dnfs_workers_watch(workers);
}

/* Note that a thread has executed its call. @worker: the thread, or NULL. Context: any. */
static inline void dnfs_worker_end(struct dnfs_worker *worker)
{
	if (likely(worker))
		WRITE_ONCE(worker->busy, false);
}

/* Note what file system a call is about from now on. @worker: the thread, or NULL. Context: any. */
static inline void dnfs_worker_inside(struct dnfs_worker *worker, const struct ditto_share *share)
{
	if (likely(worker))
		WRITE_ONCE(worker->volume, share->volume);
}

int dnfs_worker_enter(struct dnfs_call *call, const struct ditto_share *share);

#endif
