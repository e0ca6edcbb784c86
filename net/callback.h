/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks of the lock table.
 *
 * Grants, breaks, recalls, timers and the grace of all shares and clients run on one workqueue of
 * the table. A callback changes memory and queues work. It does not call the VFS where that may
 * wait for a disk, and does not wait for the helper: a file system that is stuck would stop what
 * has nothing to do with it. Such work is a task (task.h), which waits in turns by file system.
 *
 * Kernels with KUnit check that. Others have none of this.
 */
#ifndef _DITTO_NET_CALLBACK_H
#define _DITTO_NET_CALLBACK_H

#include <linux/bug.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/types.h>

struct task_struct;

/**
 * struct ditto_callback - a callback that runs, in memory of its caller
 * @link: entry in the list of those that run
 * @task: runs it
 */
struct ditto_callback {
#ifdef DITTO_TESTS
	struct list_head link;
	const struct task_struct *task;
#endif
};

#ifdef DITTO_TESTS

/* The current task calls a protocol from the workqueue of the lock table. */
void ditto_callback_enter(struct ditto_callback *cb);
void ditto_callback_leave(struct ditto_callback *cb);
bool ditto_callback_is_current(void);

#else

static inline void ditto_callback_enter(struct ditto_callback *cb) {}
static inline void ditto_callback_leave(struct ditto_callback *cb) {}
static inline bool ditto_callback_is_current(void) { return false; }

#endif

/* The caller may wait for a disk or for the helper, and so is in no callback. */
static inline void ditto_assert_no_callback(void)
{
	WARN_ON_ONCE(ditto_callback_is_current());
}

#endif
