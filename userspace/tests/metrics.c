// SPDX-License-Identifier: GPL-2.0-only
/* Metrics: histograms, labels, and times that most requests did not reach. */

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/offload_schedule.h"
#include "ditto-nl-gen.h"
#include "exporter/metrics.h"
#include "nl/counts.h"
#include "nl/status.h"
#include "test.h"

static char *text;
static size_t text_len;

static FILE *text_begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &text_len);
}

/* Whether the text has the line. */
static bool text_has(const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

#define READ "group=\"smb\",op=\"READ\""

static void histogram_adds_up(void)
{
	struct count list[] = {
		{ .group = "smb", .op = "READ", .calls = 7, .errors = 1, .nanoseconds = 3000000000,
		  .bytes = 9, .times = { 4, 2, 1 }, .ntimes = 3 },
		{ .group = "smb", .op = "WRITE", .ntimes = 3 },
		{ .group = "locks", .op = "breaks", .calls = 5 },
	};
	const struct counts counts = { .count = list, .n = ARRAY_SIZE(list) };
	FILE *out = text_begin();

	metrics_counts(&counts, out);
	fclose(out);
	CHECK(text_has("ditto_operation_seconds_bucket{" READ ",le=\"8.192e-06\"} 4"));
	CHECK(text_has("ditto_operation_seconds_bucket{" READ ",le=\"1.6384e-05\"} 6"));
	CHECK(text_has("ditto_operation_seconds_bucket{" READ ",le=\"+Inf\"} 7"));
	CHECK(text_has("ditto_operation_seconds_sum{group=\"smb\",op=\"READ\"} 3"));
	CHECK(text_has("ditto_operation_seconds_count{group=\"smb\",op=\"READ\"} 7"));
	CHECK(text_has("ditto_operation_errors_total{group=\"smb\",op=\"READ\"} 1"));
	CHECK(text_has("ditto_operation_bytes_total{group=\"smb\",op=\"WRITE\"} 0"));
	CHECK(text_has("ditto_events_total{group=\"locks\",op=\"breaks\"} 5"));
	CHECK(!strstr(text, "seconds_count{group=\"smb\",op=\"WRITE\"}"));
	CHECK(!strstr(text, "errors_total{group=\"locks\""));
}

static void shares_are_told(void)
{
	struct traffic list[] = {
		{ .name = "a\"b", .read = 9, .written = 1ULL << 40,
		  .count = { .calls = 3, .nanoseconds = 500000000, .times = { 2, 1 },
			     .ntimes = 2 } },
		{ .name = "idle", .count = { .ntimes = 2 } },
	};
	const struct traffic_list shares = { .traffic = list, .n = ARRAY_SIZE(list) };
	FILE *out = text_begin();

	metrics_shares(&shares, out);
	fclose(out);
	CHECK(text_has("ditto_share_read_bytes_total{share=\"a\\\"b\"} 9"));
	CHECK(text_has("ditto_share_written_bytes_total{share=\"a\\\"b\"} 1099511627776"));
	CHECK(text_has("ditto_share_request_seconds_bucket{share=\"a\\\"b\",le=\"8.192e-06\"} 2"));
	CHECK(text_has("ditto_share_request_seconds_bucket{share=\"a\\\"b\",le=\"+Inf\"} 3"));
	CHECK(text_has("ditto_share_request_seconds_sum{share=\"a\\\"b\"} 0.5"));
	CHECK(text_has("ditto_share_request_seconds_count{share=\"a\\\"b\"} 3"));
	CHECK(text_has("ditto_share_read_bytes_total{share=\"idle\"} 0"));
	/* A share without requests has no histogram. */
	CHECK(!strstr(text, "seconds_count{share=\"idle\"}"));
}

/* What was counted before is subtracted; counters that were reset count from zero. */
static void count_differences(void)
{
	const struct count before = { .calls = 5, .errors = 1, .nanoseconds = 70, .bytes = 8,
				      .times = { 3, 2 }, .ntimes = 2 };
	const struct count now = { .calls = 9, .errors = 1, .nanoseconds = 100, .bytes = 20,
				   .times = { 4, 5 }, .ntimes = 2 };
	const struct count reset = { .calls = 9, .errors = 1, .nanoseconds = 100, .bytes = 20,
				     .times = { 2, 7 }, .ntimes = 2 };
	struct count d = count_since(&now, &before);

	CHECK(d.calls == 4 && !d.errors && d.nanoseconds == 30 && d.bytes == 12);
	CHECK(d.times[0] == 1 && d.times[1] == 3);
	d = count_since(&before, &now);
	CHECK(d.calls == 5 && d.times[1] == 2);
	d = count_since(&now, NULL);
	CHECK(d.calls == 9 && d.nanoseconds == 100);

	/* More calls than before, and yet it was reset. */
	d = count_since(&(const struct count){ .calls = 6, .nanoseconds = 60 }, &before);
	CHECK(d.calls == 6 && d.nanoseconds == 60);
	d = count_since(&reset, &before);
	CHECK(d.calls == 9 && d.times[0] == 2 && d.times[1] == 7);
}

/* Shares and clients are told apart by number: one that comes again counts from zero. */
static void traffic_differences(void)
{
	struct traffic before[] = {
		{ .number = 1, .name = "idle", .count = { .calls = 5, .nanoseconds = 9 } },
		{ .number = 2, .name = "again", .read = 1, .count = { .calls = 1 } },
		{ .number = 3, .name = "busy", .read = 10, .written = 7,
		  .count = { .calls = 4, .nanoseconds = 40 } },
		{ .number = 4, .name = "reset", .read = 10, .count = { .calls = 1 } },
	};
	struct traffic now[] = {
		before[0],
		{ .number = 3, .name = "busy", .read = 15, .written = 7,
		  .count = { .calls = 10, .nanoseconds = 100 } },
		{ .number = 4, .name = "reset", .read = 8, .count = { .calls = 2 } },
		{ .number = 5, .name = "again", .read = 6, .count = { .calls = 2 } },
	};
	const struct traffic_list was = { .traffic = before, .n = ARRAY_SIZE(before) };
	const struct traffic_list is = { .traffic = now, .n = ARRAY_SIZE(now) };
	struct traffic_list d = traffic_list_since(&is, &was);

	CHECK(d.n == 3);
	CHECK(!strcmp(d.traffic[0].name, "busy") && d.traffic[0].count.calls == 6);
	CHECK(d.traffic[0].count.nanoseconds == 60 && d.traffic[0].read == 5);
	CHECK(!d.traffic[0].written);
	CHECK(!strcmp(d.traffic[1].name, "again") && d.traffic[1].count.calls == 2);
	CHECK(d.traffic[1].read == 6);
	CHECK(!strcmp(d.traffic[2].name, "reset") && d.traffic[2].count.calls == 2);
	CHECK(d.traffic[2].read == 8);
	traffic_list_free(&d);
}

/* Requests are requests, whether their time is counted or not. */
static void modules_of_other_versions(void)
{
	struct count list[] = {
		{ .group = "smb", .op = "READ", .calls = 5, .errors = 2 },
		{ .group = "delegations", .op = "recalls", .calls = 3 },
	};
	const struct counts counts = { .count = list, .n = ARRAY_SIZE(list) };
	u64 times[COUNT_TIMES + 2];
	struct count c = { .group = "" };
	FILE *out = text_begin();
	unsigned int i;

	metrics_counts(&counts, out);
	fclose(out);
	CHECK(text_has("ditto_operation_errors_total{" READ "} 2"));
	CHECK(text_has("ditto_operation_seconds_bucket{" READ ",le=\"+Inf\"} 5"));
	CHECK(text_has("ditto_operation_seconds_count{" READ "} 5"));
	CHECK(text_has("ditto_events_total{group=\"delegations\",op=\"recalls\"} 3"));
	CHECK(!strstr(text, "ditto_events_total{group=\"smb\"") &&
	      !strstr(text, "bucket{group=\"delegations\""));

	for (i = 0; i < ARRAY_SIZE(times); i++)
		times[i] = i + 1;
	count_take_times(&c, times, sizeof(times));
	CHECK(c.ntimes == COUNT_TIMES && c.times[0] == 1 && c.times[1] == 2);
	CHECK(c.times[COUNT_TIMES - 1] == COUNT_TIMES + (COUNT_TIMES + 1) + (COUNT_TIMES + 2));
	count_take_times(&c, times, 2 * sizeof(times[0]));
	CHECK(c.ntimes == 2);
}

static void labels_are_quoted(void)
{
	struct status_problem stores[] = { { "a\"b\\c\nd", "" }, { "e", "it is away" },
					   { "\xc3\xa4\xe4", "" } };
	struct status_space spaces[] = { { "data", 1ULL << 60, 7 } };
	const struct status s = {
		.shares = 3, .store = stores, .nstores = 3, .space = spaces, .nspaces = 1,
	};
	FILE *out = text_begin();

	metrics_daemon(&s, out);
	fclose(out);
	CHECK(text_has("ditto_store_answers{store=\"a\\\"b\\\\c\\nd\"} 1"));
	CHECK(text_has("ditto_store_answers{store=\"e\"} 0"));
	CHECK(text_has("ditto_store_answers{store=\"\xc3\xa4\xef\xbf\xbd\"} 1"));
	CHECK(text_has("ditto_share_size_bytes{share=\"data\"} 1.152921504606847e+18"));
	CHECK(text_has("ditto_share_free_bytes{share=\"data\"} 7"));
	CHECK(text_has("ditto_configured_shares 3"));
}

static void ages_of_jobs(void)
{
	struct offload_progress p = { .bad_before = 3 };
	struct offload_schedule s;
	FILE *out = text_begin();

	offload_schedule_init(&s);
	s.period[OFFLOAD_JOB_SNAPSHOTS] = 0;
	s.since = 6500;
	p.done[OFFLOAD_JOB_GC] = (struct offload_done){ .success = 5000, .tried = 6000,
							.result = OFFLOAD_JOB_BAD };
	p.done[OFFLOAD_JOB_POLICIES].result = OFFLOAD_JOB_RUNS;
	metrics_jobs(&s, &p, 0, 7000, out);
	fclose(out);
	/* dittoctl status complains at the same ages. */
	CHECK(text_has("ditto_job_age_limit_seconds{job=\"gc\"} 522000"));
	CHECK(text_has("ditto_job_age_limit_seconds{job=\"scrub\"} 176400"));
	CHECK(text_has("ditto_job_age_limit_seconds{job=\"policies\"} 691200"));
	/* A start of dittod makes no job younger. */
	CHECK(text_has("ditto_job_age_seconds{job=\"gc\"} 2000"));
	CHECK(text_has("ditto_job_failed{job=\"gc\"} 1"));
	CHECK(text_has("ditto_job_age_seconds{job=\"scrub\"} 500"));
	CHECK(text_has("ditto_job_failed{job=\"scrub\"} 0"));
	CHECK(text_has("ditto_bad_objects 3"));
	CHECK(!strstr(text, "snapshots"));

	/* Since the machine's start no job has run. */
	memset(&p, 0, sizeof(p));
	out = text_begin();
	metrics_jobs(&s, &p, -ENOENT, 7000, out);
	fclose(out);
	CHECK(text_has("ditto_job_age_seconds{job=\"gc\"} 500"));
	CHECK(!strstr(text, "job_failed") && !strstr(text, "bad_objects"));
	out = text_begin();
	metrics_jobs(&s, &p, -EACCES, 7000, out);
	fclose(out);
	CHECK(!strstr(text, "age_limit_seconds{") && !strstr(text, "age_seconds{") &&
	      !strstr(text, "job_failed") && !strstr(text, "bad_objects"));
}

/* What the modules do not tell is left out, and is no 0. */
static void numbers_that_are_not_told(void)
{
	struct nlattr *server[DITTO_A_SERVER_MAX + 1] = { 0 };
	struct nlattr *grace[DITTO_A_GRACE_MAX + 1] = { 0 };
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *attr;
	FILE *out;

	nla_put_u8(msg, DITTO_A_SERVER_HELPER, 0);
	attr = nlmsg_data(nlmsg_hdr(msg));
	server[DITTO_A_SERVER_HELPER] = attr;
	out = text_begin();
	metrics_server(server, out);
	metrics_grace(grace, out);
	fclose(out);
	CHECK(text_has("ditto_helper 0"));
	CHECK(!strstr(text, "\nditto_nodes") && !strstr(text, "\nditto_claims") &&
	      !strstr(text, "\nditto_grace"));
	nlmsg_free(msg);
}

static void slowest_of_a_hundred(void)
{
	struct count c = { .ntimes = 4 };

	CHECK(count_slowest(&c) == 0);
	c.times[0] = 98;
	c.times[2] = 2;
	CHECK(count_slowest(&c) == count_time_limit(2));
	c.times[0] = 198;
	CHECK(count_slowest(&c) == count_time_limit(0));
	/* The last counter has no limit. */
	c.times[3] = 50;
	CHECK(count_slowest(&c) == 0);
	CHECK(count_time_limit(1) == 16384);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(histogram_adds_up), TEST(modules_of_other_versions), TEST(labels_are_quoted),
		TEST(ages_of_jobs), TEST(numbers_that_are_not_told), TEST(shares_are_told),
		TEST(slowest_of_a_hundred), TEST(count_differences), TEST(traffic_differences),
		{ 0 }
	};
	int status = test_main(tests);

	free(text);
	return status;
}
