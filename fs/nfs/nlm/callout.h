/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to daemons of clients: made in the background, over a new connection
 * for each try, found by the client's rpcbind, and over by a deadline.
 */
#ifndef _DITTO_FS_NFS_NLM_CALLOUT_H
#define _DITTO_FS_NFS_NLM_CALLOUT_H

#include <linux/list.h>
#include <linux/workqueue.h>

#include "host.h"

struct dnlm_callout;
struct dnlm_server;
struct rpc_clnt;
struct rpc_procinfo;
struct rpc_program;

/* A callout's time, over all tries, and that of one try. */
#define DNLM_CALLOUT_MS		5000
#define DNLM_TRY_MS		2000
/* Between two tries. */
#define DNLM_RETRY_MS		500
/* Those with a connection at once, and those that wait for their turn too. */
#define DNLM_RUNNING_MAX	256
#define DNLM_CALLOUTS_MAX	(DNLM_HOSTS_MAX + 65536)

/**
 * struct dnlm_callout_ops - what its owner does
 * @answered: the client answered; 0 ends it, -EAGAIN tries again, others are
 *	its result. NULL ends it.
 * @done: it is over; 0, or an errno such as -ETIMEDOUT or -ESHUTDOWN. Called once,
 *	the last that happens to it. May sleep.
 */
struct dnlm_callout_ops {
	int (*answered)(struct dnlm_callout *callout);
	void (*done)(struct dnlm_callout *callout, int err);
};

/**
 * struct dnlm_callout - a call to a client, embedded in what it is about
 * @ops: see there
 * @way: to whom
 * @either: try UDP and TCP in turn
 * @program: what is called
 * @number: instead of that of @program, if not 0
 * @version: of @program
 * @proc: procedure
 * @args: for its encoder
 * @res: for its decoder
 *
 * The rest belongs to callout.c:
 * @nlm: the server
 * @list: on its list
 * @work: everything is done in this
 * @deadline: jiffies
 * @clnt: the try that is under way
 * @status: what that came to; -EINPROGRESS until it ends
 * @settled: somebody ended it: with @verdict
 * @verdict: what it was ended with
 */
struct dnlm_callout {
	const struct dnlm_callout_ops *ops;
	struct dnlm_way way;
	bool either;
	const struct rpc_program *program;
	u32 number;
	u32 version;
	const struct rpc_procinfo *proc;
	void *args;
	void *res;

	struct dnlm_server *nlm;
	struct list_head list;
	struct delayed_work work;
	unsigned long deadline;
	struct rpc_clnt *clnt;
	int status;
	bool settled;
	int verdict;
};

/**
 * dnlm_callout_start - begin
 * @nlm: the server
 * @callout: filled by the caller up to @res, the rest zero
 *
 * Return: 0; -ESHUTDOWN or -EBUSY (too many): then done is not called.
 */
int dnlm_callout_start(struct dnlm_server *nlm, struct dnlm_callout *callout);

/* End it from outside; what it is embedded in is held by the caller. Any context that may sleep. */
void dnlm_callout_settle(struct dnlm_callout *callout, int verdict);

int dnlm_callouts_module_init(void);
void dnlm_callouts_module_exit(void);
void dnlm_callouts_init(struct dnlm_server *nlm);
/* All end now; returns when the last one has. */
void dnlm_callouts_stop(struct dnlm_server *nlm);

#endif
