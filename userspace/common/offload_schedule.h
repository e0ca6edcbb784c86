/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The schedule of offloaded data: what is due when, which snapshots stay, and when each was last
 * done. All arithmetic gets the time from its caller.
 *
 * Time is divided into periods from 1970 on, and a job is due once in each of them: so it keeps
 * its pace, whenever the timer runs, and however long it takes.
 */
#ifndef _DITTO_OFFLOAD_SCHEDULE_H
#define _DITTO_OFFLOAD_SCHEDULE_H

#include "offload_ctl.h"
#include "text.h"

/**
 * struct offload_done - how a job went
 * @success: when it last succeeded, seconds since 1970; 0 for never
 * @tried: when it last began; 0 for never
 * @result: enum offload_job_result
 */
struct offload_done {
	u64 success;
	u64 tried;
	u32 result;
};

/**
 * enum offload_job_result - how the last run of a job ended
 * @OFFLOAD_JOB_GOOD: well, or there was none
 * @OFFLOAD_JOB_RUNS: it has not ended, unless the machine or the process did
 * @OFFLOAD_JOB_BAD: it failed
 */
enum offload_job_result {
	OFFLOAD_JOB_GOOD,
	OFFLOAD_JOB_RUNS,
	OFFLOAD_JOB_BAD,
	OFFLOAD_JOB_RESULTS,
};

/**
 * struct offload_progress - what this server remembers about the schedule, durably
 * @done: by enum offload_job
 * @scrub_at: scrub goes on with the objects whose names begin with this number or a higher one
 * @scrub_time: when it last came to the end of a part, seconds since 1970; 0 for never
 * @bad: objects that the present pass of scrub found bad
 * @bad_before: objects that the pass before found bad
 */
struct offload_progress {
	struct offload_done done[OFFLOAD_JOBS];
	u64 scrub_at;
	u64 scrub_time;
	u64 bad;
	u64 bad_before;
};

/* Set the defaults. */
void offload_schedule_init(struct offload_schedule *s);
/* Set a key of the section. Returns false and fills @why if the value is not allowed. */
bool offload_schedule_set(struct offload_schedule *s, const char *key, const char *value,
			  struct why *why);

/* Whether there are bins to empty. */
void offload_schedule_set_trash(struct offload_schedule *s, bool used);

/* Name of a job, as in the section. */
const char *offload_job_name(enum offload_job job);
/* Whether a job works with stores: without one it has nothing to do, and a run may take days. */
bool offload_job_needs_store(enum offload_job job);
/* Whether a job is to be done now. One that failed is tried again earlier. */
bool offload_job_is_due(const struct offload_schedule *s, enum offload_job job,
			const struct offload_done *done, u64 now);
/* How old the last success of a job may be, in seconds: a run that has not ended may be long. */
u64 offload_job_limit(const struct offload_schedule *s, enum offload_job job,
		      const struct offload_done *done);
/*
 * What the administrator has to know about a job and do, or NULL. @since: no job is expected to
 * have run before. To be freed.
 */
char *offload_job_problem(const struct offload_schedule *s, enum offload_job job,
			  const struct offload_progress *p, u64 since, u64 now);

/*
 * Parse which snapshots stay, such as "hourly 24 daily 7", or "off". Returns false and fills @why
 * if the value is not allowed.
 */
bool offload_keep_parse(struct offload_keep keep[OFFLOAD_KEEPS], const char *value,
			struct why *why);
/* The shortest period, in which one is made; 0 for none. */
u64 offload_keep_period(const struct offload_keep keep[OFFLOAD_KEEPS]);
/*
 * Choose the snapshots that stay: all of them if none are made. @times: in seconds since 1970, the
 * oldest first. Snapshots after @now, from a wrong clock, stay and count for no other.
 */
void offload_keep_choose(const struct offload_keep keep[OFFLOAD_KEEPS], const u64 *times, size_t n,
			 u64 now, bool *stays);

/* Bytes of the id of a life of the machine, as /proc/sys/kernel/random/boot_id has it. */
#define OFFLOAD_BOOT_SIZE	37

/**
 * struct offload_moment - when a local snapshot was made
 * @time: seconds since 1970
 * @uptime: seconds since the machine started
 * @boot: the id of that life of the machine
 */
struct offload_moment {
	u64 time;
	u64 uptime;
	char boot[OFFLOAD_BOOT_SIZE];
};

/*
 * Choose the local snapshots that stay, as offload_keep_choose() does; and all of them while the
 * clock cannot be relied on, with the reason in @why, which is empty otherwise. Returns false if
 * that lasts until somebody does something.
 */
bool offload_local_choose(const struct offload_keep keep[OFFLOAD_KEEPS],
			  const struct offload_moment *made, size_t n,
			  const struct offload_moment *now, bool *stays, struct why *why);

/*
 * How much of all names, of 2^64, scrub has to look at now, so that it has seen all in the time of
 * the schedule: what is due since the end of the last part, whether that has found bad objects or
 * not. UINT64_MAX for all.
 */
u64 offload_schedule_part(const struct offload_schedule *s, const struct offload_progress *p,
			  u64 now);

/* Name of the copy of what is remembered that anybody may read, for run_path(). */
#define OFFLOAD_PROGRESS_RUN	"jobs"
/*
 * Read what is remembered; nothing if the file is not there or damaged: then all is due. Returns
 * 0 or the negative errno by which the file could not be opened.
 */
int offload_progress_read(const char *path, struct offload_progress *p);
/* Remember it, durably. Returns false and fills @why on errors. */
bool offload_progress_write(const char *path, const struct offload_progress *p, struct why *why);

#endif
