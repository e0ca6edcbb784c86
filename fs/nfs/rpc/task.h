/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks: work for which the helper is waited for, by workers instead of service threads.
 *
 * A task belongs to an object, such as a client, and makes stable storage agree with it. It is
 * started whenever the object has changed. A call that needs the result may wait a moment, see
 * dnfs_await_record(), and is then executed again or repeated by its client.
 *
 * The number of workers is limited, in total and for each machine, and machines take turns.
 */
#ifndef _DITTO_FS_NFS_RPC_TASK_H
#define _DITTO_FS_NFS_RPC_TASK_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../../net/fairq.h"

struct dnfs_task;

/* Tasks that run at once, of all machines and of one. */
#define DNFS_TASKS_AT_ONCE	32
#define DNFS_TASKS_OF_PEER	8

/**
 * struct dnfs_tasks - the tasks of a server
 * @queue: tasks that run or wait for their turn
 * @count: number of tasks that have not ended
 * @ending: the server is going away
 * @failed: a task has failed since; the others do not run any more
 */
struct dnfs_tasks {
	struct ditto_fairq queue;
	atomic_t count;
	bool ending;
	bool failed;
};

/**
 * struct dnfs_task_ops - functions of the owner of a task
 * @run: does the work; returns 0 or an errno; may sleep. Runs once at a time
 * @hold: takes a reference to the object
 * @put: drops a reference; process context
 */
struct dnfs_task_ops {
	int (*run)(struct dnfs_task *task);
	void (*hold)(struct dnfs_task *task);
	void (*put)(struct dnfs_task *task);
};

/**
 * struct dnfs_task - a task, embedded in its object
 * @tasks: the tasks of the server
 * @ops: functions of the owner
 * @peer: the machine for which it runs, IPv4 mapped
 * @starts: starts that the running task has not covered; 0 if it is idle
 * @turn: place in the queue; has a peer only while the queue knows the task
 * @work: runs the task
 */
struct dnfs_task {
	struct dnfs_tasks *tasks;
	const struct dnfs_task_ops *ops;
	struct in6_addr peer;
	atomic_t starts;
	struct ditto_fair_turn turn;
	struct work_struct work;
};

/**
 * dnfs_task_init - initialize a task
 * @task: the task, zeroed
 * @tasks: the tasks of the server
 * @ops: functions of the owner
 * @peer: the machine for which it runs, IPv4 mapped
 */
void dnfs_task_init(struct dnfs_task *task, struct dnfs_tasks *tasks,
		    const struct dnfs_task_ops *ops, const struct in6_addr *peer);

/**
 * dnfs_task_start - run a task in the background
 * @task: the task; the caller has a reference to its object
 *
 * A task that runs already runs once more, so that it sees the present state of its object.
 *
 * Context: process; does not wait.
 */
void dnfs_task_start(struct dnfs_task *task);

/**
 * dnfs_task_wait - wait until a task is idle
 * @task: the task; the caller has a reference to its object
 * @timeout: how long, in jiffies
 *
 * Context: sleeps.
 */
void dnfs_task_wait(struct dnfs_task *task, unsigned long timeout);

/* True if the task runs or is about to. Any context. */
static inline bool dnfs_task_is_busy(const struct dnfs_task *task)
{
	return atomic_read(&task->starts);
}

/* Set up the tasks of a server. */
void dnfs_tasks_init(struct dnfs_tasks *tasks);

/**
 * dnfs_tasks_end - do not run further tasks after one that fails
 * @tasks: the tasks of a server that is going away
 *
 * The helper may be gone as well, and each task would wait for it again.
 */
void dnfs_tasks_end(struct dnfs_tasks *tasks);
/* Wait until all tasks have ended. No others are started by now. Sleeps. */
void dnfs_tasks_drain(struct dnfs_tasks *tasks);
/* Wait until all tasks have ended, and tear down. Sleeps. */
void dnfs_tasks_exit(struct dnfs_tasks *tasks);

/* Module init and exit. */
int dnfs_tasks_module_init(void);
void dnfs_tasks_module_exit(void);

#endif
