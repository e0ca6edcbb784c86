/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks: work that waits for the helper or for a file system, on a worker instead of a thread that
 * serves requests or a callback of the lock table.
 *
 * A task belongs to an object, such as a client or an open. It is started whenever the object has
 * changed.
 *
 * The number of workers is limited, in total and for each peer, and peers take turns. A peer is
 * what a task waits for, or for whom: a machine, or a file system. So a file system that is stuck
 * holds up no task of another one. What waits for disks has workers of its own, so that disks that
 * are stuck hold up no task that waits for the helper.
 */
#ifndef _DITTO_NET_TASK_H
#define _DITTO_NET_TASK_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "fairq.h"

struct ditto_task;

/**
 * struct ditto_tasks - tasks of one kind of a server
 * @wq: runs them
 * @queue: tasks that run or wait for their turn
 * @count: number of tasks that have not ended
 */
struct ditto_tasks {
	struct workqueue_struct *wq;
	struct ditto_fairq queue;
	atomic_t count;
};

/**
 * struct ditto_task_ops - functions of the owner of a task
 * @run: does the work; may sleep. Runs once at a time
 * @hold: takes a reference to the object
 * @put: drops a reference; process context
 */
struct ditto_task_ops {
	void (*run)(struct ditto_task *task);
	void (*hold)(struct ditto_task *task);
	void (*put)(struct ditto_task *task);
};

/**
 * struct ditto_task - a task, embedded in its object
 * @tasks: the tasks of the server
 * @ops: functions of the owner
 * @peer: for what it runs: the address of a machine, IPv4 mapped, or ditto_task_object()
 * @starts: starts that the running task has not covered; 0 if it is idle
 * @turn: place in the queue; has a peer only while the queue knows the task
 * @work: runs the task
 */
struct ditto_task {
	struct ditto_tasks *tasks;
	const struct ditto_task_ops *ops;
	struct in6_addr peer;
	atomic_t starts;
	struct ditto_fair_turn turn;
	struct work_struct work;
};

/* The peer of tasks that wait for an object, such as a super block. Only its address is used. */
static inline struct in6_addr ditto_task_object(const void *object)
{
	struct in6_addr peer = {};

	/* Queues tell IPv6 peers apart by the upper half. */
	*(u64 *)&peer = (unsigned long)object;
	return peer;
}

void ditto_task_init(struct ditto_task *task, struct ditto_tasks *tasks,
		     const struct ditto_task_ops *ops, const struct in6_addr *peer);
void ditto_task_start(struct ditto_task *task);
void ditto_task_wait(struct ditto_task *task, unsigned long timeout);

/* True if the task runs or is about to. Any context. */
static inline bool ditto_task_is_busy(const struct ditto_task *task)
{
	return atomic_read(&task->starts);
}

void ditto_tasks_init(struct ditto_tasks *tasks, unsigned int at_once, unsigned int of_peer);
void ditto_disk_tasks_init(struct ditto_tasks *tasks, unsigned int at_once, unsigned int of_peer);
void ditto_tasks_drain(struct ditto_tasks *tasks);
void ditto_tasks_drain_timeout(struct ditto_tasks *tasks, unsigned long timeout);
void ditto_tasks_exit(struct ditto_tasks *tasks);

/* Set up and tear down what all tasks share, with ditto.ko. */
int ditto_tasks_setup(void);
void ditto_tasks_cleanup(void);

#endif
