// SPDX-License-Identifier: GPL-2.0-only
/* Opens whose last reference is dropped by a task. See closer.h. */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../../net/task.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../server.h"
#include "closer.h"
#include "lease.h"
#include "open.h"

/**
 * struct dsmb_closer - what closes an open
 * @task: closes it
 * @open: the open, with a reference
 * @session: the session whose end waits for this one, or NULL
 * @yields: see dsmb_closer_start()
 */
struct dsmb_closer {
	struct ditto_task task;
	struct dsmb_open *open;
	struct dsmb_session *session;
	bool yields;
};

static struct dsmb_closer *closer_of(struct ditto_task *task)
{
	return container_of(task, struct dsmb_closer, task);
}

static void closer_run(struct ditto_task *task)
{
	struct dsmb_closer *closer = closer_of(task);
	struct dsmb_open *open = closer->open;
	struct dsmb_lease *lease = closer->yields ? open->lease : NULL;

	if (lease)
		dsmb_lease_hold(lease);
	dsmb_open_put(open);
	if (lease) {
		dsmb_lease_yielded(lease);
		dsmb_lease_put(lease);
	}
	if (closer->session) {
		dsmb_open_uncount(closer->session);
		dsmb_session_closed(closer->session);
	}
}

/* It runs once, and belongs to nobody else. */
static void closer_hold(struct ditto_task *task)
{
}

static void closer_put(struct ditto_task *task)
{
	kfree(closer_of(task));
}

static const struct ditto_task_ops closer_ops = {
	.run = closer_run,
	.hold = closer_hold,
	.put = closer_put,
};

/* Allocate what may have to close an open; freed by kfree(), or by its use. NULL without memory. */
struct dsmb_closer *dsmb_closer_alloc(void)
{
	return kzalloc(sizeof(struct dsmb_closer), GFP_KERNEL);
}

/* Each file system has a limit of workers, which stands for it here. */
static const void *open_fs(struct dsmb_open *open)
{
	const struct dsmb_open_limits *limits = dsmb_open_limits(open);
	const void *fs = limits ? limits->fs_limit : NULL;

	if (!fs) {
		spin_lock(&open->where);
		fs = open->tree->fs_limit ?: (const void *)open->tree;
		spin_unlock(&open->where);
	}
	return fs;
}

/*
 * Drop a reference to an open in the background. @closer: consumed; @open: closed, so that no other
 * closer is started for it; the caller's reference is consumed. Context: process; does not sleep.
 */
void dsmb_closer_start(struct dsmb_closer *closer, struct dsmb_open *open, bool yields)
{
	struct in6_addr fs = ditto_task_object(open_fs(open));

	closer->open = open;
	closer->yields = yields;
	ditto_task_init(&closer->task, &open->server->closers, &closer_ops, &fs);
	ditto_task_start(&closer->task);
}

/*
 * Drop a reference to an open in the background, as its session ends. @open: closed; the caller's
 * reference is consumed. Without memory the reference is dropped now.
 */
void dsmb_open_put_later(struct dsmb_open *open, struct dsmb_session *session)
{
	struct dsmb_closer *closer = dsmb_closer_alloc();

	if (!closer) {
		dsmb_open_put(open);
		dsmb_open_uncount(session);
		return;
	}
	refcount_inc(&session->closing);
	closer->session = session;
	dsmb_closer_start(closer, open, false);
}

/* Wait for the closers of a server, for @timeout jiffies at most. */
void dsmb_closers_wait(struct dsmb_server *server, unsigned long timeout)
{
	ditto_tasks_drain_timeout(&server->closers, timeout);
}
