// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service threads, and what keeps them. See worker.h.
 *
 * Locking: workers_lock (spinlock) guards the list of threads. What a thread does is read without
 * it: a look that comes too early or too late is corrected by the next one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/workqueue.h>

#include "../../share/share.h"
#include "../server.h"
#include "sunrpc_glue.h"
#include "worker.h"

/* Interval of looks. A thread that is in a call for as long is kept by it. */
#define WORKERS_LOOK		(HZ / 10)
/*
 * A file system whose calls take as long as this looks stuck. Slow disks may need as long for a few
 * calls, but not for twice as many as there are threads.
 */
#define WORKERS_STUCK		(2 * HZ)
/* Threads that were started for others end after this many looks in a row that want fewer. */
#define WORKERS_QUIET		30
/* Interval at which threads are woken while some are to end; time for which one stands aside. */
#define WORKERS_WAKEUP		(HZ / 10)
#define WORKERS_ASIDE		(HZ / 50)

/*
 * Completed by each thread at its end. For sunrpc a thread is gone while it still executes code of
 * this module. The caller that stops threads therefore waits here once per thread, so that the
 * module cannot be unloaded too early.
 */
static DECLARE_COMPLETION(workers_ended);

static DEFINE_SPINLOCK(workers_lock);	/* guards the list */
static LIST_HEAD(workers_list);

/**
 * struct workers_kept - threads that file systems keep
 * @volume: the file systems
 * @count: number of threads of each
 * @volumes: entries in use
 */
struct workers_kept {
	const struct ditto_volume *volume[DNFS_WORKERS_FULL];
	unsigned int count[DNFS_WORKERS_FULL];
	unsigned int volumes;
};

static void workers_keep(struct workers_kept *kept, const struct ditto_volume *volume)
{
	unsigned int i;

	for (i = 0; i < kept->volumes; i++)
		if (kept->volume[i] == volume)
			break;
	if (!volume || i == DNFS_WORKERS_FULL)
		return;
	if (i == kept->volumes) {
		kept->volume[i] = volume;
		kept->volumes++;
	}
	kept->count[i]++;
}

/*
 * Several file systems that are stuck may share all threads without one of them keeping too many:
 * then those that keep the most are full.
 */
static void workers_set_full(struct dnfs_workers *workers, const struct workers_kept *kept)
{
	unsigned int base = READ_ONCE(workers->base), sum = 0, n = 0;
	unsigned int most = DNFS_WORKERS_KEPT * base;

	for (unsigned int i = 0; i < kept->volumes; i++)
		sum += kept->count[i];
	if (kept->volumes && sum >= DNFS_WORKERS_LENT * base)
		most = min(most, DIV_ROUND_UP(sum, kept->volumes));
	for (unsigned int i = 0; i < kept->volumes; i++)
		if (kept->count[i] >= most)
			WRITE_ONCE(workers->full[n++], kept->volume[i]);
	WRITE_ONCE(workers->nfull, n);
}

/* Look at the threads, and find full volumes. Return: what they do. */
struct dnfs_workers_seen dnfs_workers_see(struct dnfs_workers *workers,
					  const struct svc_serv *serv)
{
	struct dnfs_workers_seen seen = {};
	struct workers_kept kept = {};
	struct dnfs_worker *worker;

	spin_lock(&workers_lock);
	list_for_each_entry(worker, &workers_list, list) {
		unsigned long begun = READ_ONCE(worker->begun);
		bool busy = READ_ONCE(worker->busy);

		if (worker->serv != serv)
			continue;
		seen.active |= busy || time_before(jiffies, begun + HZ);
		seen.busy += busy && time_before(begun, jiffies);
		if (!busy || time_before(jiffies, begun + WORKERS_LOOK))
			continue;
		seen.kept++;
		if (!time_before(jiffies, begun + WORKERS_STUCK))
			workers_keep(&kept, READ_ONCE(worker->volume));
	}
	spin_unlock(&workers_lock);
	workers_set_full(workers, &kept);
	return seen;
}

/* Find how many threads there should be. Return: the number. */
unsigned int dnfs_workers_wanted(unsigned int base, unsigned int kept, bool full)
{
	unsigned int lent = full ? DNFS_WORKERS_LENT_FULL : DNFS_WORKERS_LENT;

	/* Half of the threads are enough for others. Who sets very few threads wants no more. */
	if (base < DNFS_WORKERS_MIN || kept <= base / 2)
		return base;
	return base + min(kept, lent * base);
}

/**
 * struct workers_wakeup - work that wakes threads until those that are to end have ended
 * @work: the work
 * @serv: their service
 */
struct workers_wakeup {
	struct delayed_work work;
	struct svc_serv *serv;
};

static void workers_wakeup(struct work_struct *work)
{
	struct workers_wakeup *wakeup =
		container_of(to_delayed_work(work), struct workers_wakeup, work);

	for (unsigned int i = 0; i < svc_serv_nrpools(wakeup->serv); i++)
		svc_pool_wake_idle_thread(&wakeup->serv->sv_pools[i]);
	queue_delayed_work(system_unbound_wq, &wakeup->work, WORKERS_WAKEUP);
}

/*
 * Start or end service threads.
 *
 * An idle thread leaves the list of idle threads only while it is the first in it. A thread that is
 * to end just when it became idle may have others before it, which became idle after it. Then it
 * sleeps, and svc_set_num_threads() waits until all of them have something to do at the same time.
 * So some are woken now and then, and those stand aside.
 *
 * Context: the caller has dnfs_server.lock. Return: 0 or an errno.
 */
int dnfs_service_resize(struct dnfs_server *server, unsigned int threads)
{
	unsigned int before = server->serv->sv_nrthreads;
	struct workers_wakeup wakeup = { .serv = server->serv };
	int err;

	lockdep_assert_held(&server->lock);
	INIT_DELAYED_WORK_ONSTACK(&wakeup.work, workers_wakeup);
	queue_delayed_work(system_unbound_wq, &wakeup.work, WORKERS_WAKEUP);
	err = svc_set_num_threads(server->serv, 0, threads);
	cancel_delayed_work_sync(&wakeup.work);
	destroy_delayed_work_on_stack(&wakeup.work);
	while (before > server->serv->sv_nrthreads) {
		wait_for_completion(&workers_ended);
		before--;
	}
	return err;
}

/*
 * Let another thread of the pool, which is to end, be woken. Sleeps. Another thread is to end, and
 * may be behind this one in the list of idle threads, see dnfs_service_resize(). While this one is
 * not in that list, the next one is woken and leaves it.
 */
void dnfs_worker_stand_aside(struct svc_rqst *rqstp)
{
	svc_pool_wake_idle_thread(rqstp->rq_pool);
	schedule_timeout_idle(WORKERS_ASIDE);
}

/*
 * Start threads for those that are kept, or end them when they were not needed for a while. sunrpc
 * waits for a thread that ends, so there must be as many that are in no call. Return: true if there
 * are more than the service has by itself.
 */
static bool workers_resize(struct dnfs_server *server, const struct dnfs_workers_seen *seen)
{
	struct dnfs_workers *workers = &server->workers;
	unsigned int wanted = dnfs_workers_wanted(workers->base, seen->kept, workers->nfull);
	unsigned int have = server->serv->sv_nrthreads;

	lockdep_assert_held(&server->lock);
	workers->quiet = wanted < have ? workers->quiet + 1 : 0;
	if (wanted > have || (workers->quiet >= WORKERS_QUIET && seen->busy <= wanted)) {
		dnfs_service_resize(server, wanted);
		workers->quiet = 0;
	}
	return server->serv->sv_nrthreads > workers->base;
}

static void workers_look(struct work_struct *work)
{
	struct dnfs_workers *workers = container_of(to_delayed_work(work), struct dnfs_workers,
						    look);
	struct dnfs_server *server = container_of(workers, struct dnfs_server, workers);
	bool active = true, watched = READ_ONCE(workers->watched);
	struct dnfs_workers_seen seen;

	/* Whoever changes the service waits for its threads, or for this work: look again later. */
	if (mutex_trylock(&server->lock)) {
		seen = dnfs_workers_see(workers, server->serv);
		active = seen.active;
		if (server->serv)
			active |= workers_resize(server, &seen);
		mutex_unlock(&server->lock);
	}
	/* A call that has begun before this may have found the flag set: look once more. */
	if (active != watched)
		WRITE_ONCE(workers->watched, active);
	if (active || watched)
		queue_delayed_work(system_unbound_wq, &workers->look, WORKERS_LOOK);
}

/* Set up the threads of a namespace, of which there are none yet. */
void dnfs_workers_init(struct dnfs_workers *workers)
{
	INIT_DELAYED_WORK(&workers->look, workers_look);
}

/* End looking at threads. */
void dnfs_workers_stop(struct dnfs_workers *workers)
{
	cancel_delayed_work_sync(&workers->look);
	WRITE_ONCE(workers->watched, false);
	WRITE_ONCE(workers->nfull, 0);
	workers->quiet = 0;
}

/* Look at the threads from now on, until they are idle. Context: any. */
void dnfs_workers_watch(struct dnfs_workers *workers)
{
	if (!xchg(&workers->watched, true))
		queue_delayed_work(system_unbound_wq, &workers->look, WORKERS_LOOK);
}

/* Add a service thread. */
void dnfs_worker_start(struct dnfs_worker *worker, struct svc_rqst *rqstp, struct kvec *vec)
{
	*worker = (struct dnfs_worker) {
		.serv = rqstp->rq_server, .begun = jiffies, .vec = vec,
	};
	INIT_LIST_HEAD(&worker->traced);
	spin_lock(&workers_lock);
	list_add(&worker->list, &workers_list);
	spin_unlock(&workers_lock);
	dnfs_worker_set(rqstp, worker);
}

/* Remove a service thread. */
void dnfs_worker_stop(struct dnfs_worker *worker)
{
	spin_lock(&workers_lock);
	list_del(&worker->list);
	spin_unlock(&workers_lock);
}

/* End a service thread. Does not return. */
void dnfs_worker_exit(struct svc_rqst *rqstp)
{
	svc_exit_thread(rqstp);
	kthread_complete_and_exit(&workers_ended, 0);
}

/* Return: true if a file system keeps so many threads that no more may enter it. */
static bool workers_are_kept(const struct dnfs_workers *workers, const struct ditto_volume *volume)
{
	unsigned int n = min(READ_ONCE(workers->nfull), DNFS_WORKERS_FULL);

	for (unsigned int i = 0; i < n; i++)
		if (READ_ONCE(workers->full[i]) == volume)
			return true;
	return false;
}

/*
 * Let a call use a file system, if that is not full. Every call with a handle comes here. Context:
 * any. Return: 0, or -EJUKEBOX if it is full.
 */
int dnfs_worker_enter(struct dnfs_call *call, const struct ditto_share *share)
{
	struct dnfs_workers *workers;

	if (unlikely(!call->worker))
		return 0;
	workers = &call->server->workers;
	if (unlikely(READ_ONCE(workers->nfull)) && workers_are_kept(workers, share->volume)) {
		pr_warn_ratelimited("share %s: its file system keeps too many calls waiting, more are refused\n",
				    share->name);
		return -EJUKEBOX;
	}
	WRITE_ONCE(call->worker->volume, share->volume);
	return 0;
}
