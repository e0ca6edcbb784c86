// SPDX-License-Identifier: GPL-2.0-only
/* The schedule of offloaded data, see offload_schedule.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "mem.h"
#include "offload_schedule.h"

#define HOUR		3600ULL
#define DAY		(24 * HOUR)
#define PERIOD_MAX	(3650 * DAY)
/* How often the timer runs. */
#define POLICIES_PERIOD	300ULL
/* A job that failed is due again in so many parts of its period. */
#define RETRIES		8
/* A run with stores that has not ended for so long is overdue, too; others are earlier. */
#define LONG_RUN	(7 * DAY)
/* A clock that is set by less, the shortest period, makes one snapshot too many at most. */
#define CLOCK_SET	HOUR
#define TIMER		"ditto-offload.timer"

/*
 * What jobs are called; whether they work with stores, so that a run may take days; whether others
 * than the section have their schedules; and how old the last success may be, if not by the period.
 */
static const struct {
	const char *name;
	bool stores;
	bool own_schedule;
	u64 limit;
} jobs[OFFLOAD_JOBS] = {
	/* A run looks for these often, but may note their end behind other jobs. */
	[OFFLOAD_JOB_POLICIES] = { "policies", true, true, DAY },
	[OFFLOAD_JOB_LOCAL] = { "local-snapshots", false, true, 3 * HOUR },
	[OFFLOAD_JOB_SNAPSHOTS] = { "snapshots", true, false, 0 },
	[OFFLOAD_JOB_GC] = { "gc", true, false, 0 },
	[OFFLOAD_JOB_SCRUB] = { "scrub", true, false, 0 },
	[OFFLOAD_JOB_TRASH] = { "trash", false, false, DAY },
};

static const struct {
	const char *word;
	u64 period;
} paces[] = {
	{ "hourly", HOUR }, { "daily", DAY }, { "weekly", 7 * DAY }, { "monthly", 30 * DAY },
};

const char *offload_job_name(enum offload_job job)
{
	return jobs[job].name;
}

bool offload_job_needs_store(enum offload_job job)
{
	return jobs[job].stores;
}

void offload_schedule_init(struct offload_schedule *s)
{
	memset(s, 0, sizeof(*s));
	s->type = OFFLOAD_CTL_SCHEDULE;
	s->version = OFFLOAD_CTL_VERSION;
	s->period[OFFLOAD_JOB_SNAPSHOTS] = HOUR;
	s->period[OFFLOAD_JOB_GC] = 3 * DAY;
	s->period[OFFLOAD_JOB_SCRUB] = 30 * DAY;
	s->period[OFFLOAD_JOB_POLICIES] = POLICIES_PERIOD;
	s->period[OFFLOAD_JOB_TRASH] = HOUR;
	s->keep[0] = (struct offload_keep){ .period = HOUR, .count = 24 };
	s->keep[1] = (struct offload_keep){ .period = DAY, .count = 7 };
}

void offload_schedule_set_trash(struct offload_schedule *s, bool used)
{
	s->period[OFFLOAD_JOB_TRASH] = used ? HOUR : 0;
}

static bool schedule_set_period(u64 *period, const char *value, struct why *why)
{
	*period = 0;
	if (!strcmp(value, "off"))
		return true;
	if (!text_duration(value, PERIOD_MAX, period, why))
		return false;
	return *period >= HOUR ||
	       why_not(why, "'%.60s' is not allowed: off, or 1h and more is", value);
}

/* A word and a number, such as "daily 7". */
static bool keep_parse_one(struct offload_keep *k, const char *word, const char *count,
			   struct why *why)
{
	u64 number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paces) && strcmp(paces[i].word, word); i++)
		;
	if (i == ARRAY_SIZE(paces) || !count)
		return why_not(why,
			       "'%.60s' is not allowed: off, or such as 'hourly 24 daily 7 weekly 4 monthly 12' is",
			       word);
	if (!text_number(count, 1, 1000, &number, why))
		return false;
	*k = (struct offload_keep){ .period = paces[i].period, .count = (u32)number };
	return true;
}

bool offload_keep_parse(struct offload_keep keep[OFFLOAD_KEEPS], const char *value,
			struct why *why)
{
	char *text = mem_string(value), *rest = NULL, *word;
	bool good = true;
	unsigned int n;

	memset(keep, 0, OFFLOAD_KEEPS * sizeof(*keep));
	word = strtok_r(text, " ,\t", &rest);
	if (!word)
		good = why_not(why, "'off', or such as 'hourly 24 daily 7' is needed");
	else if (!strcmp(word, "off") && !*rest)
		word = NULL;
	for (n = 0; good && word; n++) {
		if (n == OFFLOAD_KEEPS)
			good = why_not(why, "'%.60s' is one word too many", word);
		else
			good = keep_parse_one(&keep[n], word, strtok_r(NULL, " ,\t", &rest), why);
		word = strtok_r(NULL, " ,\t", &rest);
	}
	free(text);
	return good;
}

u64 offload_keep_period(const struct offload_keep keep[OFFLOAD_KEEPS])
{
	u64 period = keep[0].period;
	unsigned int k;

	for (k = 1; k < OFFLOAD_KEEPS && keep[k].period; k++)
		if (keep[k].period < period)
			period = keep[k].period;
	return period;
}

bool offload_schedule_set(struct offload_schedule *s, const char *key, const char *value,
			  struct why *why)
{
	if (!strcmp(key, "snapshots")) {
		if (!offload_keep_parse(s->keep, value, why))
			return false;
		s->period[OFFLOAD_JOB_SNAPSHOTS] = offload_keep_period(s->keep);
		return true;
	}
	if (!strcmp(key, "gc"))
		return schedule_set_period(&s->period[OFFLOAD_JOB_GC], value, why);
	if (!strcmp(key, "scrub"))
		return schedule_set_period(&s->period[OFFLOAD_JOB_SCRUB], value, why);
	s->stubs_only = !strcmp(value, "offloaded");
	return s->stubs_only || !strcmp(value, "all") ||
	       why_not(why, "'%.60s' is not allowed: all, offloaded are", value);
}

/* A part of the objects is looked at each day. */
static u64 job_pace(const struct offload_schedule *s, enum offload_job job)
{
	u64 period = s->period[job];

	return job == OFFLOAD_JOB_SCRUB && period > DAY ? DAY : period;
}

bool offload_job_is_due(const struct offload_schedule *s, enum offload_job job,
			const struct offload_done *done, u64 now)
{
	u64 pace = job_pace(s, job);

	if (!pace || jobs[job].own_schedule)
		return pace;
	if (done->result != OFFLOAD_JOB_GOOD)
		pace = pace / RETRIES ?: 1;
	return now / pace != done->tried / pace;
}

/* Words for a time that is too long. */
static char *job_overdue(enum offload_job job, const struct offload_done *done, u64 hours)
{
	const char *name = offload_job_name(job);

	if (done->tried)
		return mem_print("no success of %s for %llu hours: systemctl status %s",
				 name, (unsigned long long)hours, TIMER);
	return mem_print("no run of %s yet: systemctl enable --now %s", name, TIMER);
}

u64 offload_job_limit(const struct offload_schedule *s, enum offload_job job,
		      const struct offload_done *done)
{
	u64 limit = jobs[job].limit ?: 2 * job_pace(s, job) + HOUR;

	return done->result == OFFLOAD_JOB_RUNS && jobs[job].stores ? limit + LONG_RUN : limit;
}

char *offload_job_problem(const struct offload_schedule *s, enum offload_job job,
			  const struct offload_progress *p, u64 since, u64 now)
{
	const struct offload_done *done = &p->done[job];
	u64 last = done->success > since ? done->success : since;

	if (!s->period[job])
		return NULL;
	if (job == OFFLOAD_JOB_SCRUB && (p->bad || p->bad_before))
		return mem_print("%llu objects are missing or damaged; to see which: %s",
				 (unsigned long long)(p->bad ?: p->bad_before),
				 "dittoctl offload scrub");
	if (done->result == OFFLOAD_JOB_BAD)
		return mem_print("the last run of %s failed; to see why: dittoctl offload run %s",
				 offload_job_name(job), offload_job_name(job));
	if (now <= last || now - last <= offload_job_limit(s, job, done))
		return NULL;
	return job_overdue(job, done, (now - last) / HOUR);
}

void offload_keep_choose(const struct offload_keep keep[OFFLOAD_KEEPS], const u64 *times, size_t n,
			 u64 now, bool *stays)
{
	u64 slot, last;
	unsigned int k;
	u32 left;
	size_t i;

	for (i = 0; i < n; i++)
		stays[i] = !keep[0].period;
	for (; n && times[n - 1] > now; n--)
		stays[n - 1] = true;
	if (n)
		stays[n - 1] = true;
	for (k = 0; k < OFFLOAD_KEEPS && keep[k].period; k++) {
		last = UINT64_MAX;
		left = keep[k].count;
		for (i = n; i && left; i--) {
			slot = times[i - 1] / keep[k].period;
			if (slot == last)
				continue;
			stays[i - 1] = true;
			last = slot;
			left--;
		}
	}
}

/* Whether the clock was set between two moments of one life of the machine. */
static bool moments_differ(const struct offload_moment *a, const struct offload_moment *b)
{
	s64 set = (s64)(b->time - a->time) - (s64)(b->uptime - a->uptime);

	return !strcmp(a->boot, b->boot) && (set > (s64)CLOCK_SET || set < -(s64)CLOCK_SET);
}

bool offload_local_choose(const struct offload_keep keep[OFFLOAD_KEEPS],
			  const struct offload_moment *made, size_t n,
			  const struct offload_moment *now, bool *stays, struct why *why)
{
	u64 *times;
	size_t i;

	why->text[0] = '\0';
	for (i = 0; i < n; i++)
		stays[i] = true;
	if (n && made[n - 1].time > now->time)
		return why_not(why,
			       "its newest snapshot is from the future: the clock is wrong, or was when it was made; no older one is deleted until then, or until it is removed (btrfs subvolume delete)");
	for (i = n > 2 ? n - 2 : 0; i < n; i++) {
		if (!moments_differ(&made[i], now))
			continue;
		why_not(why,
			"the clock was set by more than an hour; no older snapshot is deleted before there are two new ones");
		return true;
	}
	times = mem_new((n + 1) * sizeof(*times));
	for (i = 0; i < n; i++)
		times[i] = made[i].time;
	offload_keep_choose(keep, times, n, now->time, stays);
	free(times);
	return true;
}

u64 offload_schedule_part(const struct offload_schedule *s, const struct offload_progress *p,
			  u64 now)
{
	u64 period = s->period[OFFLOAD_JOB_SCRUB];
	u64 time = p->scrub_time && now > p->scrub_time ? now - p->scrub_time : DAY;

	return !period || time >= period ? UINT64_MAX : UINT64_MAX / period * time;
}

static void progress_read_line(struct offload_progress *p, const char *line)
{
	struct offload_done done;
	u64 at, bad, before, time = 0;
	char name[16];
	int job;

	if (sscanf(line, "position %llx %llu %llu %llu", &at, &bad, &before, &time) >= 3) {
		p->scrub_at = at;
		p->scrub_time = time;
		p->bad = bad;
		p->bad_before = before;
		return;
	}
	if (sscanf(line, "%15s %llu %llu %u", name, &done.success, &done.tried,
		   &done.result) != 4 || done.result >= OFFLOAD_JOB_RESULTS)
		return;
	for (job = 0; job < OFFLOAD_JOBS; job++)
		if (!strcmp(name, jobs[job].name))
			p->done[job] = done;
}

int offload_progress_read(const char *path, struct offload_progress *p)
{
	FILE *in = fopen(path, "re");
	char line[128];

	memset(p, 0, sizeof(*p));
	if (!in)
		return -errno;
	while (fgets(line, sizeof(line), in))
		progress_read_line(p, line);
	fclose(in);
	return 0;
}

bool offload_progress_write(const char *path, const struct offload_progress *p, struct why *why)
{
	FILE *out = folder_replace(path, 0644);
	int job;

	/* The exporter, which is another user, reads the copy below /run. */
	if (out)
		fchmod(fileno(out), 0644);
	for (job = 0; out && job < OFFLOAD_JOBS; job++)
		fprintf(out, "%s %llu %llu %u\n", jobs[job].name,
			p->done[job].success, p->done[job].tried, p->done[job].result);
	if (out)
		fprintf(out, "position %llx %llu %llu %llu\n", p->scrub_at, p->bad,
			p->bad_before, p->scrub_time);
	return folder_replaced(out, path) || why_not(why, "%s: %s", path, strerror(errno));
}
