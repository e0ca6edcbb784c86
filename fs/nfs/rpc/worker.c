// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service threads, and what keeps them. See worker.h.
 *
 * Locking: workers_lock (spinlock) guards the list of threads. What a thread does is read without
 * it: a look that comes too early or too late is corrected by the next one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/printk.h>

#include "../../share/handle.h"
#include "../../node/node.h"
#include "../server.h"
#include "worker.h"

/* Interval of looks. A thread that is in a call for as long is kept by it. */
#define WORKERS_LOOK		(HZ / 10)
/*
 * A file system whose calls take as long as this looks stuck. Slow disks may need as long for a few
 * calls, but not for twice as many as there are threads.
 */
#define WORKERS_STUCK		(2 * HZ)
/* Looks after which threads that were started for others end, if no more are kept meanwhile. */
#define WORKERS_QUIET		30

/* rq_lease_breaker can hold a pointer to a thread. */
static_assert(sizeof_field(struct svc_rqst, rq_lease_breaker) == sizeof(struct dnfs_worker *));

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
EXPORT_SYMBOL_IF_KUNIT(dnfs_workers_see);

unsigned int dnfs_workers_wanted(unsigned int base, unsigned int kept, bool full)
{
	unsigned int lent = full ? DNFS_WORKERS_LENT_FULL : DNFS_WORKERS_LENT;

	/* Half of the threads are enough for others. Who sets very few threads wants no more. */
	if (base < DNFS_WORKERS_MIN || kept <= base / 2)
		return base;
	return base + min(kept, lent * base);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_workers_wanted);

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
	/* A call that begins meanwhile may have found the flag set: look once more behind that. */
	if (active != watched)
		WRITE_ONCE(workers->watched, active);
	if (active || watched)
		queue_delayed_work(system_unbound_wq, &workers->look, WORKERS_LOOK);
}

void dnfs_workers_init(struct dnfs_workers *workers)
{
	INIT_DELAYED_WORK(&workers->look, workers_look);
}

void dnfs_workers_stop(struct dnfs_workers *workers)
{
	cancel_delayed_work_sync(&workers->look);
	WRITE_ONCE(workers->watched, false);
	WRITE_ONCE(workers->nfull, 0);
	workers->quiet = 0;
}

void dnfs_workers_watch(struct dnfs_workers *workers)
{
	if (!xchg(&workers->watched, true))
		queue_delayed_work(system_unbound_wq, &workers->look, WORKERS_LOOK);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_workers_watch);

void dnfs_worker_start(struct dnfs_worker *worker, struct svc_rqst *rqstp)
{
	*worker = (struct dnfs_worker) { .serv = rqstp->rq_server, .begun = jiffies };
	spin_lock(&workers_lock);
	list_add(&worker->list, &workers_list);
	spin_unlock(&workers_lock);
	rqstp->rq_lease_breaker = (void **)worker;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_worker_start);

void dnfs_worker_stop(struct dnfs_worker *worker)
{
	spin_lock(&workers_lock);
	list_del(&worker->list);
	spin_unlock(&workers_lock);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_worker_stop);

/* Return: true if a file system keeps so many threads that no more may enter it. */
static bool workers_are_kept(const struct dnfs_workers *workers, const struct ditto_volume *volume)
{
	unsigned int n = min(READ_ONCE(workers->nfull), DNFS_WORKERS_FULL);

	for (unsigned int i = 0; i < n; i++)
		if (READ_ONCE(workers->full[i]) == volume)
			return true;
	return false;
}

static noinline int workers_refuse(const struct dnfs_workers *workers,
				   const struct ditto_share *share)
{
	if (workers_are_kept(workers, share->volume)) {
		pr_warn_ratelimited("share %s: its file system keeps too many calls waiting, more are refused\n",
				    share->name);
		return -EJUKEBOX;
	}
	return 0;
}

/* Every call with a handle comes here. */
static __always_inline int worker_enter(struct dnfs_call *call, const struct ditto_share *share)
{
	struct dnfs_workers *workers;
	int err;

	if (unlikely(!call->worker))
		return 0;
	workers = &call->server->workers;
	if (unlikely(READ_ONCE(workers->nfull))) {
		err = workers_refuse(workers, share);
		if (err)
			return err;
	}
	WRITE_ONCE(call->worker->volume, share->volume);
	return 0;
}

int dnfs_worker_enter(struct dnfs_call *call, const struct ditto_share *share)
{
	return worker_enter(call, share);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_worker_enter);

/* Look up the file of a handle that is not the one seen last. @seen: where to note it, or NULL. */
static noinline int handle_look_up(struct dnfs_call *call, const u8 *data, size_t len,
				   struct ditto_handle_seen *seen, struct ditto_share **share,
				   struct ditto_node **node)
{
	struct ditto_share *found;
	struct ditto_fid fid;
	int err;

	found = ditto_handle_share(call->srv, data, len, &fid, seen);
	if (IS_ERR(found))
		return PTR_ERR(found);
	err = worker_enter(call, found);
	if (unlikely(err))
		goto put_share;
	*node = ditto_handle_node(found, &fid);
	err = PTR_ERR_OR_ZERO(*node);
	if (err)
		goto put_share;
	if (seen)
		ditto_handle_remember(seen, *node);
	*share = found;
	return 0;

put_share:
	ditto_share_put(found);
	return err;
}

int dnfs_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
		       struct ditto_share **share, struct ditto_node **node)
{
	struct ditto_handle_seen *seen = call->worker ? &call->worker->seen : NULL;
	int err;

	if (!seen || !ditto_handle_again(call->srv, data, len, seen, share, node))
		return handle_look_up(call, data, len, seen, share, node);
	err = worker_enter(call, *share);
	if (likely(!err))
		return 0;
	ditto_node_put(*node);
	ditto_share_put(*share);
	return err;
}

int dnfs_stream_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
			      struct ditto_share **share, struct ditto_node **base,
			      struct ditto_node **stream)
{
	struct ditto_fid base_fid, stream_fid;
	struct ditto_share *found;
	int err;

	found = ditto_stream_handle_share(call->srv, data, len, &base_fid, &stream_fid);
	if (IS_ERR(found))
		return PTR_ERR(found);
	err = worker_enter(call, found) ?:
	      ditto_stream_handle_nodes(found, &base_fid, &stream_fid, base, stream);
	if (err)
		ditto_share_put(found);
	else
		*share = found;
	return err;
}
