// SPDX-License-Identifier: GPL-2.0-only
/* The schedule of offloaded data: keys, what is due, which snapshots stay, what is overdue. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/offload_schedule.h"
#include "test.h"

#define HOUR	3600ULL
#define DAY	(24 * HOUR)
/* A midnight. */
#define NOW	(20000 * DAY)
#define FILE_NAME	"/tmp/ditto-test-schedule"

static void keys_set(void)
{
	static const char *const wrong[][2] = {
		{ "snapshots", "" }, { "snapshots", "yearly 1" }, { "snapshots", "hourly" },
		{ "snapshots", "hourly 0" }, { "snapshots", "hourly 24 daily" },
		{ "snapshots", "off 1" },
		{ "snapshots", "hourly 1 daily 1 weekly 1 monthly 1 daily 2" },
		{ "gc", "30m" }, { "gc", "never" }, { "scrub", "0" },
		{ "snapshot-content", "some" },
	};
	struct offload_schedule s;
	struct why why;
	size_t i;

	offload_schedule_init(&s);
	CHECK(s.period[OFFLOAD_JOB_SNAPSHOTS] == HOUR && !s.stubs_only);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!offload_schedule_set(&s, wrong[i][0], wrong[i][1], &why));
	CHECK(offload_schedule_set(&s, "snapshots", "weekly 4, daily 7", &why));
	CHECK(s.period[OFFLOAD_JOB_SNAPSHOTS] == DAY);
	CHECK(s.keep[0].period == 7 * DAY && s.keep[1].count == 7 && !s.keep[2].period);
	CHECK(offload_schedule_set(&s, "snapshots", "off", &why));
	CHECK(!s.period[OFFLOAD_JOB_SNAPSHOTS] && !s.keep[0].period);
	CHECK(offload_schedule_set(&s, "gc", "off", &why) && !s.period[OFFLOAD_JOB_GC]);
	CHECK(offload_schedule_set(&s, "scrub", "2w", &why));
	CHECK(s.period[OFFLOAD_JOB_SCRUB] == 14 * DAY);
	CHECK(offload_schedule_set(&s, "snapshot-content", "offloaded", &why) && s.stubs_only);
	CHECK(offload_schedule_set(&s, "snapshot-content", "all", &why) && !s.stubs_only);
}

static bool job_due(enum offload_job job, u64 tried, enum offload_job_result result, u64 now)
{
	const struct offload_done done = { .success = tried, .tried = tried, .result = result };
	struct offload_schedule s;

	offload_schedule_init(&s);
	return offload_job_is_due(&s, job, &done, now);
}

/* A bin that hangs holds up the others, and is shown soon. */
static void jobs_limited(void)
{
	const struct offload_done runs = { .result = OFFLOAD_JOB_RUNS };
	struct offload_schedule s;
	enum offload_job job;

	offload_schedule_init(&s);
	offload_schedule_set_trash(&s, true);
	/* Only stores make a run long. */
	for (job = 0; job < OFFLOAD_JOBS; job++)
		CHECK(offload_job_needs_store(job) ==
		      (offload_job_limit(&s, job, &runs) > 7 * 24 * HOUR));
	CHECK(!offload_job_needs_store(OFFLOAD_JOB_LOCAL));
	CHECK(s.period[OFFLOAD_JOB_TRASH] == HOUR);
	CHECK(offload_job_limit(&s, OFFLOAD_JOB_TRASH, &runs) == 24 * HOUR);
	CHECK(offload_job_limit(&s, OFFLOAD_JOB_GC, &runs) > 7 * 24 * HOUR);
	offload_schedule_set_trash(&s, false);
	CHECK(!s.period[OFFLOAD_JOB_TRASH] && s.period[OFFLOAD_JOB_GC]);
}

static void jobs_due(void)
{
	struct offload_done never = { .tried = 0 };
	struct offload_schedule s;

	/* Once in each hour, however late the timer was in the last one. */
	CHECK(!job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_GOOD, NOW + HOUR - 1));
	CHECK(job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_GOOD, NOW + HOUR));
	CHECK(job_due(OFFLOAD_JOB_SNAPSHOTS, NOW + HOUR - 1, OFFLOAD_JOB_GOOD, NOW + HOUR));
	/* What failed, or did not end, is tried again earlier, but not at once. */
	CHECK(!job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_BAD, NOW + 60));
	CHECK(job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_BAD, NOW + HOUR / 8));
	CHECK(job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_RUNS, NOW + HOUR / 8));
	/* A clock that was set back does not stop it. */
	CHECK(job_due(OFFLOAD_JOB_SNAPSHOTS, NOW, OFFLOAD_JOB_GOOD, NOW - 10 * DAY));
	/* A part of the objects each day, though all take a month. */
	CHECK(!job_due(OFFLOAD_JOB_SCRUB, NOW, OFFLOAD_JOB_GOOD, NOW + DAY - 1));
	CHECK(job_due(OFFLOAD_JOB_SCRUB, NOW, OFFLOAD_JOB_GOOD, NOW + DAY));
	CHECK(job_due(OFFLOAD_JOB_POLICIES, NOW, OFFLOAD_JOB_GOOD, NOW));
	/* Each share has a schedule of its own for local snapshots, and none has one by default. */
	CHECK(!job_due(OFFLOAD_JOB_LOCAL, 0, OFFLOAD_JOB_GOOD, NOW));
	offload_schedule_init(&s);
	CHECK(offload_job_is_due(&s, OFFLOAD_JOB_GC, &never, NOW));
	s.period[OFFLOAD_JOB_LOCAL] = 30 * DAY;
	CHECK(offload_job_is_due(&s, OFFLOAD_JOB_LOCAL, &never, NOW));
	s.period[OFFLOAD_JOB_GC] = 0;
	CHECK(!offload_job_is_due(&s, OFFLOAD_JOB_GC, &never, NOW));
}

static void snapshots_kept(void)
{
	enum { N = 24 * 40 };
	const u64 later = NOW + 1000 * DAY;
	static u64 times[N];
	static bool keep[N];
	struct offload_schedule s;
	size_t i, kept = 0;
	struct why why;

	offload_schedule_init(&s);
	for (i = 0; i < N; i++)
		times[i] = NOW + i * HOUR + 120;
	offload_keep_choose(s.keep, times, N, later, keep);
	for (i = 0; i < N; i++)
		kept += keep[i];
	/* The last 24 hours, and the last one of each of the 6 days before. */
	CHECK(kept == 24 + 6);
	for (i = N - 24; i < N; i++)
		CHECK(keep[i]);
	CHECK(keep[N - 25] && !keep[N - 26] && keep[N - 1 - 6 * 24] && !keep[N - 1 - 7 * 24]);

	/* Those of a server that was off stay: it is their number that counts. */
	for (i = 0; i < 7; i++)
		times[i] = NOW + i * 100 * DAY;
	offload_keep_choose(s.keep, times, 7, later, keep);
	for (i = 0; i < 7; i++)
		CHECK(keep[i]);
	/* Of one hour, the newest. */
	times[0] = NOW;
	times[1] = NOW + 60;
	offload_keep_choose(s.keep, times, 2, later, keep);
	CHECK(!keep[0] && keep[1]);
	/* One that a wrong clock has made takes the place of none, and is not the newest. */
	times[2] = later + 1;
	offload_keep_choose(s.keep, times, 3, later, keep);
	CHECK(!keep[0] && keep[1] && keep[2]);
	offload_keep_choose(s.keep, times + 2, 1, later, keep);
	CHECK(keep[0]);
	/* A schedule without snapshots deletes none. */
	CHECK(offload_schedule_set(&s, "snapshots", "off", &why));
	offload_keep_choose(s.keep, times, 2, later, keep);
	CHECK(keep[0] && keep[1]);
}

/* Whether the newest of @n snapshots, one each hour, are all that stay. */
static bool local_stay(const struct offload_moment *made, size_t n,
		       const struct offload_moment *now, size_t newest, bool lasts,
		       const char *word)
{
	const struct offload_keep keep[OFFLOAD_KEEPS] = { { .period = HOUR, .count = 3 } };
	bool stays[16], good;
	struct why why;
	size_t i;

	good = offload_local_choose(keep, made, n, now, stays, &why) != lasts;
	for (i = 0; i < n; i++)
		good = good && stays[i] == (i + newest >= n);
	return good && (*word ? !!strstr(why.text, word) : !why.text[0]);
}

static void local_chosen(void)
{
	struct offload_moment made[8], now = { NOW + 8 * HOUR, 9 * HOUR, "b" };
	size_t i;

	for (i = 0; i < 8; i++)
		made[i] = (struct offload_moment){ NOW + i * HOUR, (i + 1) * HOUR, "b" };
	CHECK(local_stay(made, 8, &now, 3, false, ""));
	CHECK(local_stay(made, 1, &now, 1, false, ""));
	CHECK(local_stay(made, 0, &now, 0, false, ""));
	/* One from the future, until somebody removes it. */
	made[7].time = now.time + 1;
	CHECK(local_stay(made, 8, &now, 8, true, "from the future"));
	made[7].time = NOW + 7 * HOUR;
	/* The clock was set since the newest one, or between the last two. */
	now.time += HOUR;
	CHECK(local_stay(made, 8, &now, 3, false, ""));
	now.time++;
	CHECK(local_stay(made, 8, &now, 8, false, "clock was set"));
	made[7].time += HOUR + 1;
	CHECK(local_stay(made, 8, &now, 8, false, "clock was set"));
	/* Two new ones agree. */
	made[6].time += HOUR + 1;
	CHECK(local_stay(made, 8, &now, 3, false, ""));
	/* It was set back, by less than to the newest one. */
	made[6].time -= HOUR + 1;
	made[7].time -= HOUR + 1;
	now.time = made[7].time;
	now.uptime = 10 * HOUR + 1;
	CHECK(local_stay(made, 8, &now, 8, false, "clock was set"));
	/* Nothing is known of the time between two lives of the machine. */
	now = (struct offload_moment){ NOW + 9000 * HOUR, 60, "c" };
	CHECK(local_stay(made, 8, &now, 3, false, ""));
}

static bool has_problem(enum offload_job job, const struct offload_progress *p, u64 now,
			const char *word)
{
	struct offload_schedule s;
	char *text;
	bool found;

	offload_schedule_init(&s);
	text = offload_job_problem(&s, job, p, NOW, now);
	found = text && strstr(text, word);
	free(text);
	return found;
}

static void problems_told(void)
{
	const enum offload_job job = OFFLOAD_JOB_SNAPSHOTS;
	struct offload_progress p = { .bad = 0 };
	struct offload_schedule s;

	/* One that has never run is overdue when two periods and an hour are over. */
	CHECK(!has_problem(job, &p, NOW + 3 * HOUR, ""));
	CHECK(has_problem(job, &p, NOW + 3 * HOUR + 1, "enable --now ditto-offload.timer"));
	CHECK(!has_problem(OFFLOAD_JOB_GC, &p, NOW + 6 * DAY, ""));
	p.done[job] = (struct offload_done){ .success = NOW + HOUR, .tried = NOW + HOUR };
	CHECK(!has_problem(job, &p, NOW + 4 * HOUR, ""));
	CHECK(has_problem(job, &p, NOW + 4 * HOUR + 1, "for 3 hours"));
	p.done[job].result = OFFLOAD_JOB_RUNS;
	CHECK(!has_problem(job, &p, NOW + 5 * HOUR, ""));
	CHECK(has_problem(job, &p, NOW + 8 * DAY, "no success of snapshots"));
	/* Local snapshots take no days, so a file system that hangs is soon noticed. */
	p.done[OFFLOAD_JOB_LOCAL].result = OFFLOAD_JOB_RUNS;
	CHECK(!has_problem(OFFLOAD_JOB_LOCAL, &p, NOW + 8 * DAY, ""));
	offload_schedule_init(&s);
	s.period[OFFLOAD_JOB_LOCAL] = HOUR;
	CHECK(offload_job_limit(&s, OFFLOAD_JOB_LOCAL, &p.done[OFFLOAD_JOB_LOCAL]) == 3 * HOUR);
	p.done[job].result = OFFLOAD_JOB_BAD;
	CHECK(has_problem(job, &p, NOW + HOUR, "offload run snapshots"));
	CHECK(!has_problem(OFFLOAD_JOB_SCRUB, &p, NOW, ""));
	p.bad_before = 3;
	CHECK(has_problem(OFFLOAD_JOB_SCRUB, &p, NOW, "3 objects are"));
	/* A clock that was set back. */
	CHECK(!has_problem(OFFLOAD_JOB_GC, &p, 5, ""));
}

static void parts_scrubbed(void)
{
	struct offload_progress p = { .scrub_time = NOW };
	struct offload_schedule s;
	u64 day;

	offload_schedule_init(&s);
	day = offload_schedule_part(&s, &p, NOW + DAY);
	/* 30 of them are all. */
	CHECK(UINT64_MAX / day == 30 && UINT64_MAX - 30 * day < day);
	/* Bad objects make the job fail: it is tried again earlier, and keeps its pace. */
	CHECK(day / offload_schedule_part(&s, &p, NOW + DAY / 8) == 8);
	p.done[OFFLOAD_JOB_SCRUB] = (struct offload_done){ 1, NOW, OFFLOAD_JOB_BAD };
	CHECK(day / offload_schedule_part(&s, &p, NOW + DAY / 8) == 8);
	CHECK(offload_schedule_part(&s, &p, NOW + 10 * DAY) / day == 10);
	CHECK(offload_schedule_part(&s, &p, NOW + 31 * DAY) == UINT64_MAX);
	CHECK(offload_schedule_part(&s, &p, 0) == day);
	p.scrub_time = 0;
	CHECK(offload_schedule_part(&s, &p, NOW) == day);
}

static void progress_remembered(void)
{
	struct offload_progress p = { .scrub_at = 1ULL << 63, .bad = 2, .bad_before = 3,
				      .scrub_time = NOW }, got;
	struct stat st;
	struct why why;
	FILE *f;

	p.done[OFFLOAD_JOB_GC] = (struct offload_done){ NOW, NOW + 1, OFFLOAD_JOB_BAD };
	p.done[OFFLOAD_JOB_LOCAL] = (struct offload_done){ NOW + 2, NOW + 3, OFFLOAD_JOB_GOOD };
	/* Whatever the umask, the exporter may read it. */
	umask(077);
	CHECK(offload_progress_write(FILE_NAME, &p, &why));
	CHECK(!stat(FILE_NAME, &st) && (st.st_mode & 0777) == 0644);
	CHECK(!offload_progress_read(FILE_NAME, &got));
	CHECK(got.scrub_at == p.scrub_at && got.bad == 2 && got.bad_before == 3);
	CHECK(got.scrub_time == NOW && got.done[OFFLOAD_JOB_GC].success == NOW);
	CHECK(got.done[OFFLOAD_JOB_GC].tried == NOW + 1);
	CHECK(got.done[OFFLOAD_JOB_LOCAL].tried == NOW + 3);
	CHECK(got.done[OFFLOAD_JOB_GC].result == OFFLOAD_JOB_BAD);
	/* What is damaged is as if it had never run. */
	f = fopen(FILE_NAME, "we");
	fputs("gc 5\ngc 1 2 9\nposition x\nother 1 2 0\nscrub 7 8 1\n", f);
	fclose(f);
	offload_progress_read(FILE_NAME, &got);
	CHECK(!got.done[OFFLOAD_JOB_GC].tried && !got.scrub_at);
	CHECK(got.done[OFFLOAD_JOB_SCRUB].success == 7);
	/* What an earlier version has written. */
	f = fopen(FILE_NAME, "we");
	fputs("position 8 2 3\n", f);
	fclose(f);
	offload_progress_read(FILE_NAME, &got);
	CHECK(got.scrub_at == 8 && got.bad_before == 3 && !got.scrub_time);
	unlink(FILE_NAME);
	CHECK(offload_progress_read(FILE_NAME, &got) == -ENOENT);
	CHECK(!got.done[OFFLOAD_JOB_SCRUB].success);
	CHECK(!offload_progress_write("/nowhere/x", &p, &why));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(keys_set), TEST(jobs_limited), TEST(jobs_due), TEST(snapshots_kept),
		TEST(local_chosen), TEST(problems_told), TEST(parts_scrubbed),
		TEST(progress_remembered), { 0 }
	};

	return test_main(tests);
}
