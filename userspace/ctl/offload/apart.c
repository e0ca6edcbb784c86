// SPDX-License-Identifier: GPL-2.0-only
/* Jobs with a process for each file system, see apart.h. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "clock.h"
#include "ctl/ctl.h"
#include "ctl/snapshot/snapshot.h"
#include "lock.h"
#include "mem.h"

/* Milliseconds to wait for the end of all processes. */
#define END_TIME	300000
/* The lock in a process. */
#define LOCK_FD		3

#define GOES_ON	"process %d has not ended; if it never does, its file system hangs: dmesg"

/**
 * struct apart - a run of apart_each()
 * @ctl: this run of the tool
 * @job: the job
 * @share: the shares
 * @n: number of them
 * @fn: does the job on one
 * @arg: argument of @fn
 * @child: by the first share of each file system, its process, or 0
 * @result: the worst result
 */
struct apart {
	struct ctl *ctl;
	enum offload_job job;
	const struct apart_share *share;
	unsigned int n;
	bool (*fn)(struct ctl *ctl, void *arg, unsigned int i);
	void *arg;
	pid_t *child;
	enum offload_job_result result;
};

static void apart_note(struct apart *a, enum offload_job_result result)
{
	if (result > a->result)
		a->result = result;
}

/* Do the job on all shares of a file system. */
static bool apart_do(struct apart *a, struct ctl *ctl, unsigned int first)
{
	bool good = true;
	unsigned int i;

	for (i = first; i < a->n; i++)
		if (a->share[i].device == a->share[first].device)
			good = a->fn(ctl, a->arg, i) && good;
	return good;
}

static void apart_begin(struct apart *a, unsigned int first)
{
	struct ctl own = { .object = a->ctl->object, .verb = a->ctl->verb };
	struct why why;
	int lock = offload_lock_device(a->job, a->share[first].device, &why);

	if (lock < 0) {
		snapshot_problem(a->ctl, a->share[first].name, "%s", why.text);
		apart_note(a, OFFLOAD_JOB_RUNS);
		return;
	}
	if (a->ctl->json) {
		if (!apart_do(a, a->ctl, first))
			apart_note(a, OFFLOAD_JOB_BAD);
		close(lock);
		return;
	}
	a->child[first] = fork();
	if (!a->child[first]) {
		/* Who waits for the end of the others does not wait for this one. */
		dup2(lock, LOCK_FD);
		close_range(LOCK_FD + 1, ~0U, 0);
		exit(apart_do(a, &own, first) ? CTL_OK : CTL_REFUSED);
	}
	close(lock);
	if (a->child[first] > 0)
		return;
	snapshot_problem(a->ctl, a->share[first].name, "%s", strerror(errno));
	a->child[first] = 0;
	apart_note(a, OFFLOAD_JOB_BAD);
}

static void apart_end(struct apart *a, unsigned int first, u64 until)
{
	struct pollfd p = { .fd = pidfd_open(a->child[first], 0), .events = POLLIN };
	u64 now = clock_ms();
	int status;

	if (poll(&p, 1, now < until ? (int)(until - now) : 0) > 0) {
		waitpid(a->child[first], &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			apart_note(a, OFFLOAD_JOB_BAD);
	} else {
		snapshot_problem(a->ctl, a->share[first].name, GOES_ON, (int)a->child[first]);
		apart_note(a, OFFLOAD_JOB_RUNS);
	}
	close(p.fd);
}

enum offload_job_result apart_each(struct ctl *ctl, enum offload_job job,
				   const struct apart_share *share, unsigned int n,
				   bool (*fn)(struct ctl *ctl, void *arg, unsigned int i),
				   void *arg)
{
	struct apart a = { .ctl = ctl, .job = job, .share = share, .n = n, .fn = fn, .arg = arg,
			   .child = mem_new((n + 1) * sizeof(*a.child)) };
	u64 until = clock_ms() + END_TIME;
	unsigned int i, first;

	fflush(stdout);
	for (i = 0; i < n; i++) {
		for (first = 0; share[first].device != share[i].device; first++)
			;
		if (first == i)
			apart_begin(&a, i);
	}
	for (i = 0; i < n; i++)
		if (a.child[i])
			apart_end(&a, i, until);
	free(a.child);
	return a.result;
}
