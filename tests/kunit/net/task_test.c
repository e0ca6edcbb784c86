// SPDX-License-Identifier: GPL-2.0-only
/* Tasks: how often they run, and how many at once. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <net/ipv6.h>

#include "../../../net/task.h"

/* Tasks that run at once, of all peers and of one. */
#define AT_ONCE	32
#define OF_PEER	8
/* More tasks than one peer may run at once. */
#define MANY	(OF_PEER + 4)

/**
 * struct task_case - a task and what happened
 * @task: the task
 * @running: completed by each run
 * @go_on: each run waits for it
 * @runs: number of runs
 * @refs: references to the object
 */
struct task_case {
	struct ditto_task task;
	struct completion running;
	struct completion go_on;
	int runs;
	atomic_t refs;
};

static struct task_case *task_case_of(struct ditto_task *task)
{
	return container_of(task, struct task_case, task);
}

static void task_case_run(struct ditto_task *task)
{
	struct task_case *c = task_case_of(task);

	c->runs++;
	complete(&c->running);
	wait_for_completion(&c->go_on);
}

static void task_case_hold(struct ditto_task *task)
{
	atomic_inc(&task_case_of(task)->refs);
}

static void task_case_put(struct ditto_task *task)
{
	atomic_dec(&task_case_of(task)->refs);
}

static const struct ditto_task_ops task_case_ops = {
	.run = task_case_run,
	.hold = task_case_hold,
	.put = task_case_put,
};

static void task_case_init_for(struct task_case *c, struct ditto_tasks *tasks,
			       const struct in6_addr *peer)
{
	init_completion(&c->running);
	init_completion(&c->go_on);
	ditto_task_init(&c->task, tasks, &task_case_ops, peer);
}

static void task_case_init(struct task_case *c, struct ditto_tasks *tasks, u32 machine)
{
	struct in6_addr peer = {};

	ipv6_addr_set_v4mapped(htonl(machine), &peer);
	task_case_init_for(c, tasks, &peer);
}

static struct ditto_tasks *tasks_make(struct kunit *test)
{
	struct ditto_tasks *tasks = kunit_kzalloc(test, sizeof(*tasks), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tasks);
	ditto_tasks_init(tasks, AT_ONCE, OF_PEER);
	return tasks;
}

static struct task_case *cases_make(struct kunit *test, unsigned int count)
{
	struct task_case *cases = kunit_kcalloc(test, count, sizeof(*cases), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cases);
	return cases;
}

/* A start during a run leads to one more run, however many starts there were. */
static void starts_are_covered(struct kunit *test)
{
	struct ditto_tasks *tasks = tasks_make(test);
	struct task_case *c = cases_make(test, 1);

	task_case_init(c, tasks, 1);
	KUNIT_EXPECT_FALSE(test, ditto_task_is_busy(&c->task));
	ditto_task_start(&c->task);
	wait_for_completion(&c->running);
	KUNIT_EXPECT_TRUE(test, ditto_task_is_busy(&c->task));
	KUNIT_EXPECT_EQ(test, atomic_read(&c->refs), 1);
	ditto_task_start(&c->task);
	ditto_task_start(&c->task);
	ditto_task_wait(&c->task, 1);
	KUNIT_EXPECT_TRUE(test, ditto_task_is_busy(&c->task));
	complete_all(&c->go_on);
	ditto_tasks_drain(tasks);
	ditto_task_wait(&c->task, MAX_SCHEDULE_TIMEOUT);
	KUNIT_EXPECT_EQ(test, c->runs, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->refs), 0);
	ditto_tasks_exit(tasks);
}

/* The tasks of one machine do not delay those of another. */
static void machines_take_turns(struct kunit *test)
{
	struct ditto_tasks *tasks = tasks_make(test);
	struct task_case *many = cases_make(test, MANY), *other = cases_make(test, 1);
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		task_case_init(&many[i], tasks, 1);
		ditto_task_start(&many[i].task);
	}
	for (i = 0; i < OF_PEER; i++)
		wait_for_completion(&many[i].running);
	task_case_init(other, tasks, 2);
	ditto_task_start(&other->task);
	wait_for_completion(&other->running);
	for (i = OF_PEER; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, READ_ONCE(many[i].runs), 0);
	complete_all(&other->go_on);
	for (i = 0; i < MANY; i++)
		complete_all(&many[i].go_on);
	ditto_tasks_exit(tasks);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, many[i].runs, 1);
}

/* The tasks that wait for one object, such as a file system, do not delay those of another. */
static void objects_take_turns(struct kunit *test)
{
	struct in6_addr stuck = ditto_task_object(test), quick = ditto_task_object(&test->log);
	struct ditto_tasks *tasks = tasks_make(test);
	struct task_case *many = cases_make(test, MANY), *other = cases_make(test, 1);
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		task_case_init_for(&many[i], tasks, &stuck);
		ditto_task_start(&many[i].task);
	}
	for (i = 0; i < OF_PEER; i++)
		wait_for_completion(&many[i].running);
	task_case_init_for(other, tasks, &quick);
	ditto_task_start(&other->task);
	wait_for_completion(&other->running);
	complete(&other->go_on);
	for (i = 0; i < MANY; i++)
		complete(&many[i].go_on);
	ditto_tasks_exit(tasks);
	KUNIT_EXPECT_EQ(test, other->runs, 1);
}

static struct kunit_case task_cases[] = {
	KUNIT_CASE(starts_are_covered),
	KUNIT_CASE(machines_take_turns),
	KUNIT_CASE(objects_take_turns),
	{}
};

static struct kunit_suite task_suite = {
	.name = "ditto_task",
	.test_cases = task_cases,
};

kunit_test_suite(task_suite);
