// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks. See task.h.
 *
 * Lifetime: a task holds its object from the start that found it idle until it is idle again. The
 * count of tasks is decremented last; then only the address of the server is used. Unloading the
 * module waits for the workqueue.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "task.h"

static struct workqueue_struct *task_wq;
static struct workqueue_struct *disk_wq;

static void task_run(struct ditto_fair_turn *turn)
{
	struct ditto_task *task = container_of(turn, struct ditto_task, turn);

	queue_work(task->tasks->wq, &task->work);
}

static void task_enter(struct ditto_task *task)
{
	/* Without memory for the queue it runs out of turn. */
	if (ditto_fairq_enter(&task->tasks->queue, &task->turn, &task->peer, 0))
		task_run(&task->turn);
}

static void task_work(struct work_struct *work)
{
	struct ditto_task *task = container_of(work, struct ditto_task, work);
	/* Changes of the object that came before these starts are seen by @run. */
	int starts = atomic_read_acquire(&task->starts);
	struct ditto_tasks *tasks = task->tasks;

	task->ops->run(task);
	if (task->turn.peer)
		ditto_fairq_leave(&tasks->queue, &task->turn);
	if (!atomic_sub_and_test(starts, &task->starts)) {
		task_enter(task);
		return;
	}
	wake_up_var(&task->starts);
	task->ops->put(task);
	if (atomic_dec_and_test(&tasks->count))
		wake_up_var(&tasks->count);
}

/* Set up a task. @task is zeroed; for @peer see struct ditto_task. */
void ditto_task_init(struct ditto_task *task, struct ditto_tasks *tasks,
		     const struct ditto_task_ops *ops, const struct in6_addr *peer)
{
	task->tasks = tasks;
	task->ops = ops;
	task->peer = *peer;
	task->turn.run = task_run;
	INIT_WORK(&task->work, task_work);
}
EXPORT_SYMBOL_NS_GPL(ditto_task_init, "DITTO");

/**
 * ditto_task_start - run a task in the background
 * @task: the task; the caller has a reference to its object
 *
 * A task that runs already runs once more, so that it sees the present state of its object.
 *
 * Context: process; does not wait.
 */
void ditto_task_start(struct ditto_task *task)
{
	if (atomic_fetch_inc(&task->starts))
		return;
	task->ops->hold(task);
	atomic_inc(&task->tasks->count);
	task_enter(task);
}
EXPORT_SYMBOL_NS_GPL(ditto_task_start, "DITTO");

/**
 * ditto_task_wait - wait until a task is idle
 * @task: the task; the caller has a reference to its object
 * @timeout: how long, in jiffies
 *
 * Context: sleeps.
 */
void ditto_task_wait(struct ditto_task *task, unsigned long timeout)
{
	wait_var_event_timeout(&task->starts, !ditto_task_is_busy(task), timeout);
}
EXPORT_SYMBOL_NS_GPL(ditto_task_wait, "DITTO");

static void tasks_init(struct ditto_tasks *tasks, struct workqueue_struct *wq,
		       unsigned int at_once, unsigned int of_peer)
{
	/*
	 * Each object has one task, so the number of objects limits the waiting ones: none is
	 * evicted.
	 */
	const struct ditto_fairq_limits limits = {
		.width = at_once, .peer_width = of_peer,
		.waiting = UINT_MAX, .peer_waiting = UINT_MAX,
	};

	tasks->wq = wq;
	ditto_fairq_init(&tasks->queue, &limits);
	atomic_set(&tasks->count, 0);
}

/* Set up tasks of which @at_once run at the same time, and @of_peer of one peer. */
void ditto_tasks_init(struct ditto_tasks *tasks, unsigned int at_once, unsigned int of_peer)
{
	tasks_init(tasks, task_wq, at_once, of_peer);
}

/* The same as ditto_tasks_init() for tasks that may wait for a disk. */
void ditto_disk_tasks_init(struct ditto_tasks *tasks, unsigned int at_once, unsigned int of_peer)
{
	tasks_init(tasks, disk_wq, at_once, of_peer);
}
EXPORT_SYMBOL_NS_GPL(ditto_disk_tasks_init, "DITTO");

/* Wait until all tasks have ended. No others are started by now. Sleeps. */
void ditto_tasks_drain(struct ditto_tasks *tasks)
{
	wait_var_event(&tasks->count, !atomic_read(&tasks->count));
}
EXPORT_SYMBOL_NS_GPL(ditto_tasks_drain, "DITTO");

/* Wait until all tasks have ended, for @timeout jiffies at most. Sleeps. */
void ditto_tasks_drain_timeout(struct ditto_tasks *tasks, unsigned long timeout)
{
	wait_var_event_timeout(&tasks->count, !atomic_read(&tasks->count), timeout);
}
EXPORT_SYMBOL_NS_GPL(ditto_tasks_drain_timeout, "DITTO");

/* Wait until all tasks have ended, and tear down. Sleeps. */
void ditto_tasks_exit(struct ditto_tasks *tasks)
{
	ditto_tasks_drain(tasks);
	ditto_fairq_exit(&tasks->queue);
}
EXPORT_SYMBOL_NS_GPL(ditto_tasks_exit, "DITTO");

int ditto_tasks_setup(void)
{
	task_wq = alloc_workqueue("ditto_task", WQ_UNBOUND, 0);
	if (!task_wq)
		return -ENOMEM;
	/* Tasks of all namespaces may be stuck at the same time; the limits are per namespace. */
	disk_wq = alloc_workqueue("ditto_disk_task", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (disk_wq)
		return 0;
	destroy_workqueue(task_wq);
	return -ENOMEM;
}

void ditto_tasks_cleanup(void)
{
	destroy_workqueue(disk_wq);
	destroy_workqueue(task_wq);
}
