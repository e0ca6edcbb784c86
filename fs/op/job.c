// SPDX-License-Identifier: GPL-2.0-only
/* Jobs: copies that go on after the request was answered, see job.h. */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../../net/peer.h"
#include "../../net/server.h"
#include "../node/node.h"
#include "../offload/offload.h"
#include "../share/cred.h"
#include "../share/rules.h"
#include "../share/share.h"
#include "job.h"
#include "space.h"

/* Jobs whose pieces are copied at the same time, over all servers. */
#define JOBS_AT_ONCE	8
/* A piece: nothing interrupts its copy. */
#define JOB_PIECE	SZ_16M
/* A piece that others delay is tried again, and given up when a revocation should have come. */
#define JOB_RETRY_MS	100
#define JOB_GIVE_UP_MS	300000

/**
 * struct ditto_jobs - jobs of a server
 * @lock: see job.h
 * @list: jobs in order of their numbers
 * @last: last number given
 */
struct ditto_jobs {
	spinlock_t lock;	/* see job.h */
	struct list_head list;
	u64 last;
};

static struct workqueue_struct *job_wq;

static struct ditto_jobs *job_jobs(const struct ditto_job *job)
{
	return job->op_to.srv->jobs;
}

static void job_hold_op(struct ditto_op *op)
{
	percpu_ref_get(&op->share->ref);
	ditto_cred_hold(op->cred);
	op->park = NULL;
	op->awaited = NULL;
	op->absent = NULL;
	op->unresolved = NULL;
	op->conflict = NULL;
	op->later = NULL;
	op->pins = NULL;
	op->stream_of = NULL;
	op->unopened = NULL;
	op->why = NULL;
}

static u64 job_options_generation(const struct ditto_share *share)
{
	u64 generation;

	rcu_read_lock();
	generation = rcu_dereference(share->opts)->generation;
	rcu_read_unlock();
	return generation;
}

static void job_hold(struct ditto_job *job)
{
	job->op.actor = job->op.actor ? &job->actor : NULL;
	job->op.from = job->peer ? &job->peer->addr : NULL;
	job_hold_op(&job->op);
	ditto_node_hold(job->from);
	job->options = job_options_generation(job->op.share);
	job->op_to.actor = job->op_to.actor ? &job->actor_to : NULL;
	job->op_to.from = job->peer ? &job->peer->addr : NULL;
	job_hold_op(&job->op_to);
	ditto_node_hold(job->to);
	job->options_to = job_options_generation(job->op_to.share);
	if (job->peer)
		refcount_inc(&job->peer->ref);
}

static void job_release(struct ditto_job *job)
{
	ditto_node_put(job->from);
	ditto_cred_put(job->op.cred);
	ditto_share_put(job->op.share);
	ditto_node_put(job->to);
	ditto_cred_put(job->op_to.cred);
	ditto_share_put(job->op_to.share);
	if (job->peer)
		ditto_peer_put(job->peer);
	ditto_uncharge(&job->charge);
}

static void job_end(struct ditto_job *job, int err)
{
	struct ditto_jobs *jobs = job_jobs(job);

	spin_lock(&jobs->lock);
	list_del_init(&job->list);
	job->over = true;
	spin_unlock(&jobs->lock);
	/* A cancellation may have queued it once more while it runs. */
	cancel_delayed_work(&job->work);
	job_release(job);
	job->err = err;
	complete_all(&job->ended);
	job->ops->ended(job);
}

static bool job_options_changed(const struct ditto_job *job)
{
	return job->options != job_options_generation(job->op.share) ||
	       job->options_to != job_options_generation(job->op_to.share);
}

/* The administrator may have made the share read-only after the job was started. */
static bool job_may_write(const struct ditto_job *job)
{
	bool read_only;

	rcu_read_lock();
	read_only = rcu_dereference(job->op_to.share->opts)->read_only;
	rcu_read_unlock();
	return !read_only;
}

/* Names in rules may mean other machines by now, even if the rules are the same. */
static int job_rules_check(const struct ditto_job *job)
{
	struct ditto_verdict verdict;
	int err;

	if (!job->peer)
		return 0;
	err = ditto_rules_admit(job->op.share, job->peer, DITTO_RULES_ASK, NULL, &verdict);
	if (err)
		return err;
	err = ditto_rules_admit(job->op_to.share, job->peer, DITTO_RULES_ASK, NULL, &verdict);
	if (err)
		return err;
	return verdict.level == DITTO_ACCESS_WRITE ? 0 : -EROFS;
}

/* Copy a piece. Return: 1 at the end; 0 to go on after @wait milliseconds; or a negative errno. */
static int job_step(struct ditto_job *job, u32 *wait)
{
	u64 done = atomic64_read(&job->done), verifier;
	u64 count = min_t(u64, job->count - done, JOB_PIECE);
	bool full;
	ssize_t n;

	if (!job_may_write(job))
		return -EROFS;
	n = job_rules_check(job);
	if (!n && job_options_changed(job))
		return -EJUKEBOX;
	if (!n)
		n = ditto_copy(&job->op, job->from, job->from_pos + done, &job->op_to, job->to,
			       job->to_pos + done, count, false, &verifier);
	full = n == -ENOSPC;
	if (full && ditto_room_want(job->to, count, &job->tries))
		n = -EJUKEBOX;
	if (n == -EJUKEBOX || n == -ENOMEM) {
		*wait = JOB_RETRY_MS;
		if (time_before_eq(jiffies, job->give_up))
			return 0;
		return full ? -ENOSPC : -ETIMEDOUT;
	}
	if (n <= 0)
		return n ?: 1;
	/* If data is lost later, the verifier of the client's COMMIT differs from the first one. */
	if (!done)
		job->verifier = verifier;
	job->give_up = jiffies + msecs_to_jiffies(JOB_GIVE_UP_MS);
	job->tries = 0;
	atomic64_set(&job->done, done + n);
	job->ops->copied(job);
	return done + n >= job->count;
}

static void job_workfn(struct work_struct *work)
{
	struct ditto_job *job = container_of(to_delayed_work(work), struct ditto_job, work);
	struct ditto_jobs *jobs = job_jobs(job);
	u32 wait = 0;
	int err;

	err = READ_ONCE(job->cancelled) ?: job->ops->check(job) ?: job_step(job, &wait);
	if (err) {
		job_end(job, min(err, 0));
		return;
	}
	spin_lock(&jobs->lock);
	/* A cancellation may have queued it already, and must not wait. */
	queue_delayed_work(job_wq, &job->work, msecs_to_jiffies(wait));
	spin_unlock(&jobs->lock);
}

/**
 * ditto_job_init - prepare a job
 * @job: filled by the owner, else zeroed
 *
 * From now on it can be cancelled.
 */
void ditto_job_init(struct ditto_job *job)
{
	INIT_LIST_HEAD(&job->list);
	INIT_DELAYED_WORK(&job->work, job_workfn);
	init_completion(&job->ended);
	job->verifier = atomic64_read(&job->op_to.srv->write_verifier);
}
EXPORT_SYMBOL_NS_GPL(ditto_job_init, "DITTO");

/**
 * ditto_job_start - start a job
 * @job: prepared; shares, files, credentials and the peer are held by the caller, and
 *	the job takes references of its own
 * @who: principal that is charged
 *
 * The operation contexts lose what belongs to the request.
 *
 * Return: 0, after which @job->ops->ended is called once; -EDQUOT if the principal has too many
 * jobs; or -ESTALE if a share is being removed.
 */
int ditto_job_start(struct ditto_job *job, const struct ditto_principal *who)
{
	struct ditto_jobs *jobs = job_jobs(job);
	int err;

	err = ditto_charge(&job->charge, who, DITTO_BUDGET_JOBS, 1);
	if (err)
		return err;
	job->started = ktime_get_real_seconds();
	job->give_up = jiffies + msecs_to_jiffies(JOB_GIVE_UP_MS);
	job->tries = 0;
	job_hold(job);

	spin_lock(&jobs->lock);
	/* Pairs with ditto_jobs_cancel_share(), which runs after the reference was killed. */
	if (percpu_ref_is_dying(&job->op.share->ref) ||
	    percpu_ref_is_dying(&job->op_to.share->ref)) {
		spin_unlock(&jobs->lock);
		job_release(job);
		return -ESTALE;
	}
	job->number = ++jobs->last;
	list_add_tail(&job->list, &jobs->list);
	queue_delayed_work(job_wq, &job->work, 0);
	spin_unlock(&jobs->lock);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_job_start, "DITTO");

static void job_cancel_locked(struct ditto_job *job, int err)
{
	lockdep_assert_held(&job_jobs(job)->lock);
	if (job->over)
		return;
	if (!job->cancelled)
		WRITE_ONCE(job->cancelled, err);
	/* Before it was started, the start finds it cancelled. */
	if (list_empty(&job->list))
		return;
	mod_delayed_work(job_wq, &job->work, 0);
}

/**
 * ditto_job_cancel - end a job early
 * @job: prepared; it may be over
 * @err: negative errno to end with
 *
 * The piece that is being copied is finished. The first cancellation counts.
 */
void ditto_job_cancel(struct ditto_job *job, int err)
{
	struct ditto_jobs *jobs = job_jobs(job);

	spin_lock(&jobs->lock);
	job_cancel_locked(job, err);
	spin_unlock(&jobs->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_job_cancel, "DITTO");

/**
 * ditto_job_wait - wait a while until a job is over
 * @job: prepared
 * @ms: how long, in milliseconds
 *
 * Return: true if it is over.
 */
bool ditto_job_wait(struct ditto_job *job, u32 ms)
{
	return wait_for_completion_timeout(&job->ended, msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_NS_GPL(ditto_job_wait, "DITTO");

/* Cancel the jobs that use a share. @share: being removed: its reference count is killed. */
void ditto_jobs_cancel_share(struct ditto_share *share)
{
	struct ditto_jobs *jobs = share->srv->jobs;
	struct ditto_job *job;

	spin_lock(&jobs->lock);
	list_for_each_entry(job, &jobs->list, list)
		if (job->op.share == share || job->op_to.share == share)
			job_cancel_locked(job, -ESTALE);
	spin_unlock(&jobs->lock);
}

/* Cancel a job for the administrator. Return: 0 or -ENOENT. */
int ditto_job_cancel_number(struct ditto_server *srv, u64 number)
{
	struct ditto_jobs *jobs = srv->jobs;
	struct ditto_job *job;
	int err = -ENOENT;

	spin_lock(&jobs->lock);
	list_for_each_entry(job, &jobs->list, list) {
		if (job->number != number)
			continue;
		job_cancel_locked(job, -ECANCELED);
		err = 0;
		break;
	}
	spin_unlock(&jobs->lock);
	return err;
}

/* Find the job with the next higher number. Return: false after the last job. */
bool ditto_job_next(struct ditto_server *srv, u64 number, struct ditto_job_info *info)
{
	struct ditto_jobs *jobs = srv->jobs;
	struct ditto_job *job;
	bool found = false;

	spin_lock(&jobs->lock);
	list_for_each_entry(job, &jobs->list, list) {
		if (job->number <= number)
			continue;
		found = true;
		info->number = job->number;
		info->protocol = job->protocol;
		strscpy(info->client, job->client, sizeof(info->client));
		info->uid = job->op_to.cred->person;
		info->started = job->started;
		info->done = atomic64_read(&job->done);
		info->count = job->count;
		info->share = job->op.share;
		info->share_to = job->op_to.share;
		info->node = job->from;
		info->node_to = job->to;
		/* The job, which is not over, holds them. */
		percpu_ref_get(&info->share->ref);
		ditto_node_hold(info->node);
		percpu_ref_get(&info->share_to->ref);
		ditto_node_hold(info->node_to);
		break;
	}
	spin_unlock(&jobs->lock);
	return found;
}

/* Drop what ditto_job_next() holds. May sleep. */
void ditto_job_info_put(struct ditto_job_info *info)
{
	ditto_node_put(info->node);
	ditto_share_put(info->share);
	ditto_node_put(info->node_to);
	ditto_share_put(info->share_to);
}

/**
 * ditto_jobs_flush - wait until no worker runs code of the owner of a job that is over
 *
 * For a protocol's module, after its last job has ended.
 */
void ditto_jobs_flush(void)
{
	flush_workqueue(job_wq);
}
EXPORT_SYMBOL_NS_GPL(ditto_jobs_flush, "DITTO");

int ditto_jobs_setup(void)
{
	job_wq = alloc_workqueue("ditto_job", WQ_UNBOUND, JOBS_AT_ONCE);
	return job_wq ? 0 : -ENOMEM;
}

void ditto_jobs_cleanup(void)
{
	destroy_workqueue(job_wq);
}

int ditto_jobs_init(struct ditto_server *srv)
{
	srv->jobs = kzalloc(sizeof(*srv->jobs), GFP_KERNEL);
	if (!srv->jobs)
		return -ENOMEM;
	spin_lock_init(&srv->jobs->lock);
	INIT_LIST_HEAD(&srv->jobs->list);
	return 0;
}

void ditto_jobs_exit(struct ditto_server *srv)
{
	WARN_ON_ONCE(!list_empty(&srv->jobs->list));
	kfree(srv->jobs);
}
