/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RPC calls to daemons on clients. They are made in the background, with a new
 * connection for each try and the port from the client's rpcbind, and end at a
 * deadline.
 */
#ifndef _DITTO_FS_NFS_NLM_CALLOUT_H
#define _DITTO_FS_NFS_NLM_CALLOUT_H

#include <linux/list.h>
#include <linux/workqueue.h>

#include "../../../net/budget.h"
#include "../../../net/fairq.h"
#include "../rpc/dial.h"
#include "host.h"

struct dnlm_callout;
struct dnlm_server;
struct rpc_clnt;
struct rpc_procinfo;
struct rpc_program;

/* Time of a callout over all tries, unless it has its own, and of one try, in milliseconds. */
#define DNLM_CALLOUT_MS		5000
#define DNLM_TRY_MS		2000
/* Pause between two tries, unless @missed says another, in milliseconds. */
#define DNLM_RETRY_MS		500
/*
 * Most callouts with a connection, most of those to one IPv4 address or IPv6 /64, and most callouts
 * including those that wait for one. All are as many as DITTO_BUDGET_CALLOUTS lets all clients
 * have, so that no machine or network can have all of them. Each kind is counted apart: what a
 * client waits for waits neither for answers that it does not take, nor for notices, which are
 * tried for long at machines that may be gone.
 */
#define DNLM_RUNNING_MAX	256
#define DNLM_RUNNING_OF_PEER	32
#define DNLM_ANSWERING_MAX	64
#define DNLM_ANSWERING_PEER	16
#define DNLM_NOTIFYING_MAX	256
#define DNLM_CALLOUTS_MAX	(DNLM_HOSTS_MAX + 65536)

enum dnlm_callout_kind {
	DNLM_CALL,	/* the client waits for it */
	DNLM_ANSWER,	/* it answers a message of the client */
	DNLM_NOTICE,	/* it tells the client of a restart */
	DNLM_CALLOUT_KINDS
};

/**
 * struct dnlm_callout_ops - callbacks of a callout
 * @answered: the client answered; returns 0 to end the callout, -EAGAIN to try again, or another
 *	errno as its result. NULL ends the callout with 0. May sleep.
 * @missed: a try was in vain; returns the pause until the next one, in milliseconds. NULL is
 *	DNLM_RETRY_MS. May sleep.
 * @done: the callout ended with 0, or an errno such as -ETIMEDOUT or -ESHUTDOWN. Called once,
 *	and last: it may free the callout. May sleep.
 */
struct dnlm_callout_ops {
	int (*answered)(struct dnlm_callout *callout);
	unsigned int (*missed)(struct dnlm_callout *callout);
	void (*done)(struct dnlm_callout *callout, int err);
};

/**
 * struct dnlm_callout - a call to a client, embedded in the object it is for
 * @ops: callbacks
 * @route: address and transport of the client
 * @either: alternate between UDP and TCP from try to try
 * @kind: decides with which others it takes turns
 * @limit_ms: time over all tries, in milliseconds; 0 for DNLM_CALLOUT_MS
 * @program: RPC program
 * @number: program number to use instead of the one in @program; 0 for none
 * @version: version of the program
 * @proc: procedure
 * @args: passed to its encoder
 * @res: passed to its decoder
 * @sent: how often the call was sent in tries that have ended: in @answered and @done, in all
 *
 * The rest belongs to callout.c:
 * @nlm: the server
 * @charge: for the callout, to the machine that is called
 * @list: entry in the server's list; under callouts_lock
 * @work: runs all steps of the callout
 * @turn: turn to have a connection
 * @since: jiffies when it began to wait for @turn
 * @waits: it waits for @turn; written under callouts_lock while it does
 * @deadline: in jiffies
 * @clnt: RPC client of the current try; NULL between tries
 * @dial: its transport
 * @status: result of that try; -EINPROGRESS until it ends
 * @settled: it was ended with @verdict, or could not start; written under callouts_lock
 * @verdict: result given to dnlm_callout_settle()
 */
struct dnlm_callout {
	const struct dnlm_callout_ops *ops;
	struct dnlm_route route;
	bool either;
	enum dnlm_callout_kind kind;
	unsigned int limit_ms;
	const struct rpc_program *program;
	u32 number;
	u32 version;
	const struct rpc_procinfo *proc;
	void *args;
	void *res;
	unsigned int sent;

	struct dnlm_server *nlm;
	struct ditto_charge charge;
	struct list_head list;
	struct delayed_work work;
	struct ditto_fair_turn turn;
	unsigned long since;
	bool waits;
	unsigned long deadline;
	struct rpc_clnt *clnt;
	struct dnfs_dial dial;
	int status;
	bool settled;
	int verdict;
};

int dnlm_callout_start(struct dnlm_server *nlm, struct dnlm_callout *callout);
void dnlm_callout_settle(struct dnlm_callout *callout, int verdict);

/* Module init and exit, and the callouts of one server. */
int dnlm_callouts_module_init(void);
void dnlm_callouts_module_exit(void);
void dnlm_callouts_init(struct dnlm_server *nlm);
void dnlm_callouts_stop(struct dnlm_server *nlm);

#endif
