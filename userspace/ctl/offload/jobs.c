// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload run: what the schedule of ditto.conf says, for ditto-offload.timer. What was
 * done when is remembered on this server, so that each run does what is due.
 *
 * Policies may upload for hours, and a file system with a bin may hang, while other jobs become
 * due. So these two have processes of their own, and until they end the run looks for what else is
 * due. Local snapshots have one, too, which looks for what is due as long as the run lasts: they
 * wait for no store, and nothing waits for a file system that hangs. For bins and local snapshots
 * these processes have others, one for each file system.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "nl/share.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "run_path.h"
#include "index/index.h"
#include "apart.h"
#include "jobs.h"
#include "lock.h"
#include "ctl/snapshot/snapshot_local.h"
#include "ctl/snapshot/snapshot_restore.h"
#include "ctl/trash.h"
#include "ctl/out.h"

/* Milliseconds between two looks whether something is due. */
#define LOOK_TIME	60000
/* The same for local snapshots: as often as the timer runs. */
#define LOCAL_LOOK_TIME	300000
/* Milliseconds to wait for the end of local snapshots when all else is done. */
#define LOCAL_END_TIME	600000
/* Snapshots of the schedule are called so, and by their time. */
#define AUTO_NAME	"auto-"

/**
 * struct jobs - one run of the command
 * @ctl: this run of the tool
 * @schedule: what is due when
 * @all: jobs are done whether they are due or not
 * @wanted: these jobs
 * @named: they were named by hand
 * @again: the last run of the job failed, or did not end
 * @lock: keeps other runs from beginning; each @child closes its copy
 * @child: processes that do jobs, or 0
 * @ended: ends of pipes that are closed when these processes end
 * @local: process that makes local snapshots, or 0
 * @goes_on: end of a pair of sockets; it is shut down to end that process, whose end closes the
 *	other one
 * @failed: a job failed
 */
struct jobs {
	struct ctl *ctl;
	struct offload_schedule schedule;
	bool all;
	bool wanted[OFFLOAD_JOBS];
	bool named;
	bool again;
	int lock;
	pid_t child[OFFLOAD_JOBS];
	int ended[OFFLOAD_JOBS];
	pid_t local;
	int goes_on;
	bool failed;
};

bool offload_schedule_get(struct offload_schedule *s, struct why *why)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_SCHEDULE };
	union offload_ctl_answer a;

	if (!offload_call(&request, -1, &a, NULL, why))
		return false;
	*s = a.schedule;
	return a.type == OFFLOAD_CTL_SCHEDULE || why_not(why, "dittod does not tell its schedule");
}

bool offload_progress_save(const struct offload_progress *p, struct why *why)
{
	char path[RUN_PATH_SIZE];
	struct why copied;

	/* The copy ends with the machine's life, and is made again by the next run. */
	if (!run_folder_make())
		offload_progress_write(run_path(path, OFFLOAD_PROGRESS_RUN, ""), p, &copied);
	return offload_progress_write(OFFLOAD_PROGRESS_PATH, p, why);
}

static const char *const result_names[OFFLOAD_JOB_RESULTS] = {
	[OFFLOAD_JOB_GOOD] = "good", [OFFLOAD_JOB_RUNS] = "running", [OFFLOAD_JOB_BAD] = "failed",
};

static const char *job_result(const struct offload_done *done)
{
	return done->tried ? result_names[done->result] : "-";
}

void offload_jobs_print(const struct offload_schedule *s, const struct offload_progress *p)
{
	static const struct column columns[] = {
		{ "JOB", false }, { "LAST SUCCESS", false }, { "LAST RUN", false }, { NULL, false }
	};
	char age[OUT_VALUE_MAX];
	u64 now = (u64)time(NULL);
	struct table *t = NULL;
	enum offload_job job;

	for (job = 0; job < OFFLOAD_JOBS; job++) {
		const struct offload_done *done = &p->done[job];

		if (!s->period[job])
			continue;
		if (!t)
			t = table_new(columns);
		table_cell(t, "%s", offload_job_name(job));
		table_cell(t, done->success ? "%s ago" : "never",
			   duration_text((now > done->success ? now - done->success : 0) * 1000,
					 age));
		table_cell(t, "%s", job_result(done));
	}
	if (t)
		table_end(t, stdout);
}

void offload_jobs_json(const struct offload_schedule *s, const struct offload_progress *p)
{
	enum offload_job job;

	for (job = 0; job < OFFLOAD_JOBS; job++) {
		const struct offload_done *done = &p->done[job];

		if (!s->period[job])
			continue;
		json_open(stdout, NULL, '{');
		json_string(stdout, "job", offload_job_name(job));
		json_number(stdout, "period", s->period[job]);
		json_number(stdout, "success", done->success);
		json_number(stdout, "tried", done->tried);
		json_string(stdout, "result", job_result(done));
		if (job == OFFLOAD_JOB_SCRUB)
			json_number(stdout, "bad-objects", p->bad ?: p->bad_before);
		json_close(stdout, '}');
	}
}

void snapshot_auto_name(struct snapshot_head *h)
{
	char time[32];

	snprintf(h->name, sizeof(h->name), AUTO_NAME "%s", snapshot_time_text(h->time, time));
}

static bool snapshot_is_auto(const struct snapshot_head *h)
{
	struct snapshot_head same = { .time = h->time };

	snapshot_auto_name(&same);
	return !strcmp(same.name, h->name);
}

/* Delete the old ones among the snapshots that the schedule has made of a share. */
static bool jobs_thin_share(struct jobs *j, const struct snapshots *all, const char *share)
{
	const struct snapshot **list = mem_new((all->n + 1) * sizeof(struct snapshot *));
	const struct snapshot **old = mem_new((all->n + 1) * sizeof(struct snapshot *));
	u64 *times = mem_new((all->n + 1) * sizeof(*times));
	bool *keep = mem_new((all->n + 1) * sizeof(*keep)), good;
	size_t i, n = 0, n_old = 0, n_now;
	u64 now = (u64)time(NULL);

	for (i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].head.share, share) || !snapshot_is_auto(&all->list[i].head))
			continue;
		list[n] = &all->list[i];
		times[n++] = all->list[i].head.time;
	}
	for (n_now = n; n_now && times[n_now - 1] > now; n_now--)
		;
	if (n_now < n)
		snapshot_problem(j->ctl, share,
				 "%zu snapshots are from the future: the clock is wrong, or was when they were made; they stay until then",
				 n - n_now);
	offload_keep_choose(j->schedule.keep, times, n, now, keep);
	/* The newest one with all content, too: no other may have what newer ones have lost. */
	for (i = n_now; i && list[i - 1]->head.lost; i--)
		;
	if (i)
		keep[i - 1] = true;
	for (i = 0; i < n; i++)
		if (!keep[i])
			old[n_old++] = list[i];
	good = !n_old || snapshot_delete_heads(j->ctl, old, n_old);
	free(keep);
	free(times);
	free(old);
	free(list);
	return good;
}

/* Make a snapshot of a share, and delete old ones. */
static bool jobs_snapshot_share(struct jobs *j, const struct snapshot_share *share)
{
	struct snapshots all;
	u64 failed, changing;
	bool good;

	if (getxattr(share->path, ADOPTING_XATTR, NULL, 0) > 0) {
		snapshot_problem(j->ctl, share->name,
				 "no snapshot is made before all of it is there: dittoctl offload adopt");
		return false;
	}
	if (!snapshot_make(j->ctl, share, NULL, &j->schedule, &failed, &changing))
		return false;
	/* A file that changes all the time was printed, and is no reason to fail. */
	if (failed > changing) {
		snapshot_problem(j->ctl, share->name,
				 "its snapshot is not complete, so no older one is deleted");
		return false;
	}
	snapshots_load(j->ctl, &all);
	good = !all.problems && jobs_thin_share(j, &all, share->name);
	snapshots_free(&all);
	return good;
}

/* Whether a share has a complete snapshot of the schedule of this period. */
static bool jobs_have_snapshot(const struct jobs *j, const struct snapshots *all, const char *share)
{
	u64 period = j->schedule.period[OFFLOAD_JOB_SNAPSHOTS];
	const struct snapshot_head *h;
	size_t i;

	for (i = 0; i < all->n; i++) {
		h = &all->list[i].head;
		if (!strcmp(h->share, share) && snapshot_is_auto(h) && !h->lost &&
		    h->time / period == (u64)time(NULL) / period)
			return true;
	}
	return false;
}

/* If it is not the first time in this period, those that failed are done again, and no others. */
static bool jobs_snapshots(struct jobs *j)
{
	struct snapshots before = { .n = 0 };
	struct snapshot_share here;
	struct replies replies = { 0 };
	struct share *share;
	unsigned int i, served = 0;
	bool good = true;

	if (ctl_list(j->ctl, DITTO_CMD_SHARE_GET, &replies))
		return false;
	if (j->again && !j->all)
		snapshots_load(j->ctl, &before);
	for (i = 0; i < replies.count; i++) {
		share = share_from_msg(replies.msg[i]);
		if (share && share->name && share->offload) {
			good = (jobs_have_snapshot(j, &before, share->name) ||
				(snapshot_share_read(j->ctl, share, &here) &&
				 jobs_snapshot_share(j, &here))) && good;
			served++;
		}
		share_free(share);
	}
	replies_free(&replies);
	snapshots_free(&before);
	if (served >= j->schedule.shares)
		return good;
	snapshot_problem(j->ctl, "snapshots",
			 "of %u shares that offload, %u are not served; to see why: dittoctl status",
			 j->schedule.shares, j->schedule.shares - served);
	return false;
}

/* Make and delete the local snapshots of a share. */
static bool jobs_local_share(struct ctl *ctl, void *arg, unsigned int i)
{
	const struct offload_ctl_share *schedules = arg;
	struct snapshot_share share;

	return snapshot_share_get(ctl, schedules[i].share, &share) &&
	       snapshot_local_run(ctl, &share, schedules[i].keep);
}

/* Make and delete the local snapshots of these shares. */
static enum offload_job_result jobs_local_shares(struct jobs *j,
						 struct offload_ctl_share *schedules,
						 unsigned int n)
{
	struct apart_share *each = mem_new((n + 1) * sizeof(*each));
	struct replies replies = { 0 };
	enum offload_job_result result;
	struct share *share;
	unsigned int i, k;

	for (k = 0; k < n; k++)
		each[k].name = schedules[k].share;
	/* Those that are not served get a message of their own. */
	ctl_list(j->ctl, DITTO_CMD_SHARE_GET, &replies);
	for (i = 0; i < replies.count; i++) {
		share = share_from_msg(replies.msg[i]);
		for (k = 0; share && share->name && k < n; k++)
			if (!strcmp(each[k].name, share->name))
				each[k].device = share->device;
		share_free(share);
	}
	replies_free(&replies);
	result = apart_each(j->ctl, OFFLOAD_JOB_LOCAL, each, n, jobs_local_share, schedules);
	free(each);
	return result;
}

/* Make and delete the local snapshots of all shares. */
static enum offload_job_result jobs_local(struct jobs *j)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_SHARES };
	union offload_ctl_answer a = { .type = OFFLOAD_CTL_DONE };
	enum offload_job_result result = OFFLOAD_JOB_BAD;
	struct offload_ctl_share *schedules = NULL;
	unsigned int n = 0;
	struct why why;
	bool heard;
	int fd;

	fd = offload_connect(&request, -1, &why);
	heard = fd >= 0;
	while (heard && (heard = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_SHARE) {
		schedules = mem_grow(schedules, n, sizeof(*schedules));
		schedules[n++] = a.share;
	}
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && !heard)
		why_not(&why, "dittod has ended");
	if (heard)
		result = jobs_local_shares(j, schedules, n);
	else
		snapshot_problem(j->ctl, offload_job_name(OFFLOAD_JOB_LOCAL), "%s", why.text);
	free(schedules);
	return result;
}

static bool jobs_gc(struct jobs *j)
{
	return offload_gc(j->ctl, (char *[]){ NULL }) == CTL_OK;
}

static bool jobs_scrub(struct jobs *j)
{
	struct offload_progress p;

	offload_progress_read(OFFLOAD_PROGRESS_PATH, &p);
	return offload_scrub_part(j->ctl,
				  offload_schedule_part(&j->schedule, &p, (u64)time(NULL)));
}

typedef bool (*job_run)(struct jobs *j);

/* The others have a process. */
static const job_run job_runs[OFFLOAD_JOBS] = {
	[OFFLOAD_JOB_SNAPSHOTS] = jobs_snapshots,
	[OFFLOAD_JOB_GC] = jobs_gc,
	[OFFLOAD_JOB_SCRUB] = jobs_scrub,
};

/* Remember how a job went. */
static void job_note(struct jobs *j, enum offload_job job, enum offload_job_result result)
{
	struct offload_progress p;
	struct offload_done *done = &p.done[job];
	struct why why;
	bool good;
	int lock;

	mkdir(INDEX_FOLDER, 0755);
	lock = offload_lock_progress(&why);
	offload_progress_read(OFFLOAD_PROGRESS_PATH, &p);
	if (result == OFFLOAD_JOB_RUNS)
		done->tried = (u64)time(NULL);
	if (result == OFFLOAD_JOB_GOOD)
		done->success = done->tried;
	done->result = result;
	good = lock >= 0 && offload_progress_save(&p, &why);
	if (lock >= 0)
		close(lock);
	if (good)
		return;
	snapshot_problem(j->ctl, offload_job_name(job), "%s", why.text);
	j->failed = true;
}

static void job_print(struct jobs *j, enum offload_job job, bool good)
{
	if (!j->ctl->json)
		return;
	json_open(stdout, NULL, '{');
	json_string(stdout, "job", offload_job_name(job));
	json_bool(stdout, "good", good);
	json_close(stdout, '}');
}

static void job_end(struct jobs *j, enum offload_job job, enum offload_job_result result)
{
	job_note(j, job, result);
	job_print(j, job, result == OFFLOAD_JOB_GOOD);
	j->failed = j->failed || result != OFFLOAD_JOB_GOOD;
}

/* Begin with a job in a process of its own, whose output is for people. */
static void jobs_begin_child(struct jobs *j, enum offload_job job)
{
	struct ctl ctl = { .object = j->ctl->object, .verb = j->ctl->verb };
	int ends[2];

	if (j->child[job])
		return;
	job_note(j, job, OFFLOAD_JOB_RUNS);
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC)) {
		job_end(j, job, OFFLOAD_JOB_BAD);
		return;
	}
	j->child[job] = fork();
	if (!j->child[job]) {
		close(ends[0]);
		close(j->lock);
		if (j->local)
			close(j->goes_on);
		if (j->ctl->json)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		if (job == OFFLOAD_JOB_TRASH)
			exit((int)trash_expire(&ctl));
		exit(offload_policies_scheduled(&ctl, !j->all) ? OFFLOAD_JOB_GOOD :
								  OFFLOAD_JOB_BAD);
	}
	close(ends[1]);
	j->ended[job] = ends[0];
	if (j->child[job] > 0)
		return;
	j->child[job] = 0;
	close(ends[0]);
	job_end(j, job, OFFLOAD_JOB_BAD);
}

static bool jobs_have_child(const struct jobs *j)
{
	enum offload_job job;

	for (job = 0; job < OFFLOAD_JOBS; job++)
		if (j->child[job])
			return true;
	return false;
}

/* Wait for the end of a process, and for no longer than until the next look. */
static void jobs_wait_child(struct jobs *j)
{
	struct pollfd p[OFFLOAD_JOBS];
	enum offload_job job;
	int status;

	for (job = 0; job < OFFLOAD_JOBS; job++)
		p[job] = (struct pollfd){ .fd = j->child[job] ? j->ended[job] : -1 };
	if (poll(p, OFFLOAD_JOBS, LOOK_TIME) <= 0)
		return;
	for (job = 0; job < OFFLOAD_JOBS; job++) {
		if (!p[job].revents)
			continue;
		close(j->ended[job]);
		waitpid(j->child[job], &status, 0);
		j->child[job] = 0;
		job_end(j, job, WIFEXITED(status) && WEXITSTATUS(status) < OFFLOAD_JOB_RESULTS ?
			WEXITSTATUS(status) : OFFLOAD_JOB_BAD);
	}
}

/* Make and delete local snapshots, and note how that went. */
static void jobs_do_local(struct jobs *j)
{
	job_note(j, OFFLOAD_JOB_LOCAL, OFFLOAD_JOB_RUNS);
	job_end(j, OFFLOAD_JOB_LOCAL, jobs_local(j));
}

/* Look for local snapshots that are due until the other end is shut down. */
static void jobs_local_loop(struct jobs *j, int ended)
{
	struct pollfd p = { .fd = ended, .events = POLLIN };
	struct why why;

	do {
		/* A share may have got its schedule since, and so may the first one. */
		offload_schedule_get(&j->schedule, &why);
		if (j->schedule.period[OFFLOAD_JOB_LOCAL])
			jobs_do_local(j);
		fflush(stdout);
	} while (!poll(&p, 1, LOCAL_LOOK_TIME));
}

/* Begin with local snapshots, in a process of their own. Its output is for people. */
static void jobs_begin_local(struct jobs *j)
{
	struct ctl ctl = { .object = j->ctl->object, .verb = j->ctl->verb };
	struct jobs own = { .ctl = &ctl, .schedule = j->schedule };
	int ends[2];

	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		job_end(j, OFFLOAD_JOB_LOCAL, OFFLOAD_JOB_BAD);
		return;
	}
	j->local = fork();
	if (!j->local) {
		close(ends[1]);
		if (j->ctl->json)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		jobs_local_loop(&own, ends[0]);
		exit(own.failed ? CTL_REFUSED : CTL_OK);
	}
	close(ends[0]);
	j->goes_on = ends[1];
	if (j->local > 0)
		return;
	j->local = 0;
	close(ends[1]);
	job_end(j, OFFLOAD_JOB_LOCAL, OFFLOAD_JOB_BAD);
}

/* Wait for the end of what that process does now; it has noted how that went. */
static void jobs_end_local(struct jobs *j)
{
	struct pollfd p = { .fd = j->goes_on, .events = POLLIN };
	bool good = false;
	int status;

	if (!j->local)
		return;
	shutdown(j->goes_on, SHUT_WR);
	if (poll(&p, 1, LOCAL_END_TIME) > 0) {
		waitpid(j->local, &status, 0);
		good = WIFEXITED(status) && !WEXITSTATUS(status);
	} else {
		snapshot_problem(j->ctl, offload_job_name(OFFLOAD_JOB_LOCAL),
				 "process %d does not end, so a file system may hang: dmesg",
				 (int)j->local);
	}
	close(j->goes_on);
	j->failed = j->failed || !good;
	if (j->schedule.period[OFFLOAD_JOB_LOCAL])
		job_print(j, OFFLOAD_JOB_LOCAL, good);
}

static void jobs_do(struct jobs *j, enum offload_job job)
{
	if (job != OFFLOAD_JOB_LOCAL && !job_runs[job]) {
		jobs_begin_child(j, job);
		return;
	}
	if (!j->ctl->json)
		printf("%s:\n", offload_job_name(job));
	if (job == OFFLOAD_JOB_LOCAL) {
		jobs_do_local(j);
		return;
	}
	job_note(j, job, OFFLOAD_JOB_RUNS);
	job_end(j, job, job_runs[job](j) ? OFFLOAD_JOB_GOOD : OFFLOAD_JOB_BAD);
}

/* Whether the schedule has a job; one that was named and is off was asked for in vain. */
static bool job_is_on(struct jobs *j, enum offload_job job)
{
	if (j->schedule.period[job])
		return true;
	if (!j->named || !j->all)
		return false;
	if (job == OFFLOAD_JOB_TRASH)
		snapshot_problem(j->ctl, offload_job_name(job),
				 "no share has a bin: dittoctl share set SHARE trash on");
	else if (job == OFFLOAD_JOB_LOCAL)
		snapshot_problem(j->ctl, offload_job_name(job),
				 "no share has the key snapshot-schedule; set it in ditto.conf, such as 'snapshot-schedule = hourly 24 daily 7', then: systemctl reload dittod");
	else
		snapshot_problem(j->ctl, offload_job_name(job),
				 "it is off in the section [schedule] of ditto.conf; remove '%s = off' there, then: systemctl reload dittod",
				 offload_job_name(job));
	j->failed = true;
	return false;
}

static void jobs_do_due(struct jobs *j)
{
	struct offload_progress p;
	enum offload_job job;
	unsigned int i;

	/* First the last one, which has a process: others take hours. */
	for (i = 0; i < OFFLOAD_JOBS; i++) {
		job = (OFFLOAD_JOB_TRASH + i) % OFFLOAD_JOBS;
		offload_progress_read(OFFLOAD_PROGRESS_PATH, &p);
		if (j->wanted[job] && job_is_on(j, job) &&
		    (j->all || offload_job_is_due(&j->schedule, job, &p.done[job],
						  (u64)time(NULL)))) {
			j->again = p.done[job].result != OFFLOAD_JOB_GOOD;
			jobs_do(j, job);
		}
	}
}

/* Keep others from working with the stores, if this run does. Returns false and fills @why. */
static bool jobs_lock(struct jobs *j, struct why *why)
{
	enum offload_job job;

	for (job = 0; job < OFFLOAD_JOBS && !j->wanted[job]; job++)
		;
	if (job < OFFLOAD_JOBS)
		j->lock = offload_lock_alone(OFFLOAD_ALONE_SCHEDULE, why);
	return job == OFFLOAD_JOBS || j->lock >= 0;
}

static int jobs_run(struct jobs *j)
{
	bool locked, local = j->wanted[OFFLOAD_JOB_LOCAL];

	if (j->ctl->json)
		json_open(stdout, NULL, '[');
	/* Not under the lock: a file system that hangs holds up no other run. */
	j->wanted[OFFLOAD_JOB_LOCAL] = false;
	if (local && !j->all)
		jobs_begin_local(j);
	locked = jobs_lock(j, &j->ctl->conn.why);
	if (locked)
		jobs_do_due(j);
	while (jobs_have_child(j)) {
		jobs_wait_child(j);
		if (jobs_have_child(j) && !j->all)
			jobs_do_due(j);
	}
	if (j->lock >= 0)
		close(j->lock);
	if (local && j->all && job_is_on(j, OFFLOAD_JOB_LOCAL))
		jobs_do(j, OFFLOAD_JOB_LOCAL);
	jobs_end_local(j);
	if (j->ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	if (!locked)
		return ctl_refused(j->ctl, NULL);
	return j->failed ? CTL_REFUSED : CTL_OK;
}

static bool jobs_want(struct jobs *j, const char *word)
{
	int job;

	for (job = 0; job < OFFLOAD_JOBS; job++) {
		if (strcmp(word, offload_job_name(job)))
			continue;
		j->wanted[job] = true;
		return true;
	}
	return false;
}

int offload_run(struct ctl *ctl, char **words)
{
	struct jobs j = { .ctl = ctl, .all = true, .lock = -1 };
	enum offload_job job;

	for (; *words; words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--scheduled"))
			j.all = false;
		else if (jobs_want(&j, *words))
			j.named = true;
		else
			return ctl_unknown(ctl, "job", *words, NULL);
	}
	if (!j.named)
		memset(j.wanted, true, sizeof(j.wanted));
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	if (!offload_schedule_get(&j.schedule, &ctl->conn.why))
		return ctl_refused(ctl, NULL);
	for (job = 0; job < OFFLOAD_JOBS; job++)
		j.wanted[job] = j.wanted[job] &&
				(j.schedule.stores || !offload_job_needs_store(job));
	/* Shares that were added by hand have bins, too. */
	offload_schedule_set_trash(&j.schedule, trash_is_used(ctl));
	return jobs_run(&j);
}
