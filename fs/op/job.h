/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs: copies between files of the server that go on after the request was answered.
 *
 * A job copies one piece after the other, each of which is checked against locks, share
 * reservations and caching grants like a read and a write of its own. Between two pieces a job
 * gives its worker to the next one, so that long jobs do not hold up short ones.
 *
 * Before each piece the client rules of both shares are matched again. When the options of a share
 * change otherwise, for example who may use it, the job ends early with -EJUKEBOX: the request for
 * the rest is checked like any other.
 *
 * Locking: jobs->lock (spinlock) guards the list of jobs, and that no work is queued for a job
 * that is over.
 *
 * Lifetime: the owner embeds the job. A job that was started holds shares, files and credentials
 * until it is over, and the owner must keep its memory until ditto_job_ops.ended was called. The
 * removal of a share cancels the jobs that use it.
 */
#ifndef _DITTO_FS_OP_JOB_H
#define _DITTO_FS_OP_JOB_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../lockd/claim.h"
#include "../../net/budget.h"
#include "op.h"

struct ditto_job;
struct ditto_peer;

/* Longest name of a client that is shown. */
#define DITTO_JOB_CLIENT_MAX	128

/**
 * struct ditto_job_ops - callbacks to the owner of a job
 * @check: called before each piece; returns 0, or a negative errno to end the job. May sleep
 * @copied: called after each piece. May sleep
 * @ended: the job is over and holds nothing any more; the last use of its memory. May sleep
 */
struct ditto_job_ops {
	int (*check)(struct ditto_job *job);
	void (*copied)(struct ditto_job *job);
	void (*ended)(struct ditto_job *job);
};

/**
 * struct ditto_job - a copy in the background
 * @ops: callbacks to the owner
 * @protocol: short name of the protocol, for people; constant
 * @client: name of the client, for people; valid until @ops->ended
 * @peer: the client's machine, for the client rules; NULL if they do not apply
 * @op: the caller, for reading; its actor is @actor or NULL
 * @actor: what reads
 * @from: source
 * @from_pos: first byte in the source
 * @op_to: the caller, for writing; its actor is @actor_to or NULL
 * @actor_to: what writes
 * @to: destination
 * @to_pos: first byte in @to
 * @count: number of bytes
 * @verifier: write verifier of the first piece
 * @done: number of bytes copied
 * @err: result: 0, also if the source ended early; or a negative errno. Valid after @over
 * @number: for people; unique on the server
 * @started: wall clock in seconds
 * @over: under jobs->lock
 * @cancelled: negative errno to end with; 0 if the job was not cancelled
 * @options: generation of the options of the source's share at the start
 * @options_to: the same of the destination's share
 * @give_up: jiffies after which a piece that others delay is given up
 * @tries: see ditto_room_want()
 * @work: copies the next piece
 * @ended: completed when the job is over
 * @list: in the server's list of jobs
 * @charge: charge for the job
 *
 * The owner fills in the members up to @count.
 */
struct ditto_job {
	const struct ditto_job_ops *ops;
	const char *protocol;
	const char *client;
	struct ditto_peer *peer;
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_node *from;
	u64 from_pos;
	struct ditto_op op_to;
	struct ditto_actor actor_to;
	struct ditto_node *to;
	u64 to_pos;
	u64 count;
	u64 verifier;
	atomic64_t done;
	int err;
	u64 number;
	u64 started;
	bool over;
	int cancelled;
	u64 options;
	u64 options_to;
	unsigned long give_up;
	u8 tries;
	struct delayed_work work;
	struct completion ended;
	struct list_head list;
	struct ditto_charge charge;
};

void ditto_job_init(struct ditto_job *job);
int ditto_job_start(struct ditto_job *job, const struct ditto_principal *who);
void ditto_job_cancel(struct ditto_job *job, int err);
bool ditto_job_wait(struct ditto_job *job, u32 ms);

/* True if a job is over. Any context. */
static inline bool ditto_job_is_over(struct ditto_job *job)
{
	return completion_done(&job->ended);
}

void ditto_jobs_cancel_share(struct ditto_share *share);
int ditto_job_cancel_number(struct ditto_server *srv, u64 number);

/**
 * struct ditto_job_info - a job, for display
 * @number: its number
 * @protocol: protocol of the client
 * @client: name of the client
 * @uid: user for whom it writes
 * @started: wall clock in seconds
 * @done: bytes copied
 * @count: bytes to copy
 * @share: share of the source, held
 * @node: source, held
 * @share_to: share of the destination, held
 * @node_to: destination, held
 */
struct ditto_job_info {
	u64 number;
	const char *protocol;
	char client[DITTO_JOB_CLIENT_MAX];
	kuid_t uid;
	u64 started;
	u64 done;
	u64 count;
	struct ditto_share *share;
	struct ditto_node *node;
	struct ditto_share *share_to;
	struct ditto_node *node_to;
};

bool ditto_job_next(struct ditto_server *srv, u64 number, struct ditto_job_info *info);
void ditto_job_info_put(struct ditto_job_info *info);
void ditto_jobs_flush(void);

/* The workers, with the module, and the jobs of a server. */
int ditto_jobs_setup(void);
void ditto_jobs_cleanup(void);
int ditto_jobs_init(struct ditto_server *srv);
void ditto_jobs_exit(struct ditto_server *srv);

#endif
