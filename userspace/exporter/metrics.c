// SPDX-License-Identifier: GPL-2.0-only
/* Metrics. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/offload_schedule.h"
#include "common/run_path.h"
#include "common/text.h"
#include "ditto-nl-gen.h"
#include "exporter/metrics.h"
#include "nl/counts.h"
#include "nl/nl.h"
#include "nl/status.h"

#define NS_PER_S	1e9
#define MS_PER_S	1e3

static void metric_begin(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP ditto_%s %s\n# TYPE ditto_%s %s\n", name, help, name, type);
}

/* A value of a label. Prometheus drops all that it is told if one is no UTF-8. */
static void label_write(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (; *p; p += len) {
		len = text_utf8_length(p);
		if (!len) {
			/* U+FFFD */
			fputs("\xef\xbf\xbd", out);
			len = 1;
		} else if (*p == '\n') {
			fputs("\\n", out);
		} else if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p);
		} else {
			fwrite(p, 1, len, out);
		}
	}
}

static void metric_labelled(FILE *out, const char *name, const char *label, const char *value,
			    double number)
{
	fprintf(out, "ditto_%s{%s=\"", name, label);
	label_write(out, value);
	fprintf(out, "\"} %.17g\n", number);
}

/* A metric without labels. */
static void metric_write(FILE *out, const char *name, const char *help, double number)
{
	metric_begin(out, name, "gauge", help);
	fprintf(out, "ditto_%s %.17g\n", name, number);
}

static u64 number_of(struct nlattr **tb, const struct spec_set *set, unsigned int type)
{
	return tb[type] ? msg_number(&set->attrs[type], tb[type]) : 0;
}

/* What is no request. */
static bool count_is_event(const struct count *c)
{
	return !strcmp(c->group, "locks") || !strcmp(c->group, "delegations");
}

/* Begin a line of the histogram of a share, or, if that is NULL, of an operation. */
static void series_begin(FILE *out, const char *suffix, const struct count *c, const char *share)
{
	if (!share) {
		fprintf(out, "ditto_operation_seconds_%s{group=\"%s\",op=\"%s\"", suffix, c->group,
			c->op);
		return;
	}
	fprintf(out, "ditto_share_request_seconds_%s{share=\"", suffix);
	label_write(out, share);
	fputc('"', out);
}

/* An older module counts no times, and has the last bucket only, which has no limit. */
static void count_histogram(const struct count *c, const char *share, FILE *out)
{
	u64 calls = 0;
	unsigned int i;

	for (i = 0; i + 1 < c->ntimes; i++) {
		calls += c->times[i];
		series_begin(out, "bucket", c, share);
		fprintf(out, ",le=\"%.9g\"} %llu\n", (double)count_time_limit(i) / NS_PER_S, calls);
	}
	calls = c->ntimes ? calls + c->times[i] : c->calls;
	series_begin(out, "bucket", c, share);
	fprintf(out, ",le=\"+Inf\"} %llu\n", calls);
	series_begin(out, "sum", c, share);
	fprintf(out, "} %.17g\n", (double)c->nanoseconds / NS_PER_S);
	series_begin(out, "count", c, share);
	fprintf(out, "} %llu\n", calls);
}

static void counter_write(const struct counts *c, FILE *out, const char *name, const char *help,
			  size_t member, bool events)
{
	unsigned int i;

	metric_begin(out, name, "counter", help);
	for (i = 0; i < c->n; i++) {
		const struct count *of = &c->count[i];

		if (count_is_event(of) != events)
			continue;
		fprintf(out, "ditto_%s{group=\"%s\",op=\"%s\"} %llu\n", name, of->group, of->op,
			*(const u64 *)((const char *)of + member));
	}
}

void metrics_counts(const struct counts *c, FILE *out)
{
	unsigned int i;

	counter_write(c, out, "events_total", "Events of locks, leases and delegations.",
		      offsetof(struct count, calls), true);
	counter_write(c, out, "operation_errors_total",
		      "Requests that were answered with an error.",
		      offsetof(struct count, errors), false);
	counter_write(c, out, "operation_bytes_total", "Payload of requests and answers.",
		      offsetof(struct count, bytes), false);
	/* Operations that were never called would be most of the lines. */
	metric_begin(out, "operation_seconds", "histogram",
		     "Time of requests in the server; brief operations of a compound count as 0.");
	for (i = 0; i < c->n; i++)
		if (!count_is_event(&c->count[i]) && c->count[i].calls)
			count_histogram(&c->count[i], NULL, out);
}

void metrics_shares(const struct traffic_list *shares, FILE *out)
{
	unsigned int i;

	metric_begin(out, "share_read_bytes_total", "counter",
		     "Bytes that READs of a share have returned.");
	for (i = 0; i < shares->n; i++)
		metric_labelled(out, "share_read_bytes_total", "share", shares->traffic[i].name,
				(double)shares->traffic[i].read);
	metric_begin(out, "share_written_bytes_total", "counter",
		     "Bytes that WRITEs to a share have written.");
	for (i = 0; i < shares->n; i++)
		metric_labelled(out, "share_written_bytes_total", "share", shares->traffic[i].name,
				(double)shares->traffic[i].written);
	metric_begin(out, "share_request_seconds", "histogram",
		     "Time of requests for a share; of NFSv4 by compound, of SMB without waits.");
	/* There may be many shares, and a histogram has many lines. */
	for (i = 0; i < shares->n; i++)
		if (shares->traffic[i].count.calls)
			count_histogram(&shares->traffic[i].count, shares->traffic[i].name, out);
}

/* A number that the kernel tells, in units of 1/@scale; one that it does not tell is not 0. */
static void metric_number(FILE *out, const char *name, const char *help, struct nlattr **tb,
			  const struct spec_set *set, unsigned int type, double scale)
{
	if (tb[type])
		metric_write(out, name, help, (double)number_of(tb, set, type) / scale);
}

void metrics_server(struct nlattr **tb, FILE *out)
{
	static const struct {
		unsigned int type;
		const char *kind;
	} claims[] = {
		{ DITTO_A_SERVER_RANGES, "range" },
		{ DITTO_A_SERVER_OPENS, "open" },
		{ DITTO_A_SERVER_LEASES, "lease" },
	};
	const struct spec_set *set = &spec_server_set;
	size_t i;

	metric_begin(out, "info", "gauge", "Version of the modules.");
	if (tb[DITTO_A_SERVER_VERSION])
		metric_labelled(out, "info", "version", nla_get_string(tb[DITTO_A_SERVER_VERSION]),
				1);
	metric_number(out, "start_time_seconds", "When the server started, since 1970.", tb, set,
		      DITTO_A_SERVER_STARTED, NS_PER_S);
	metric_number(out, "helper", "Whether the kernel has its helper.", tb, set,
		      DITTO_A_SERVER_HELPER, 1);
	metric_number(out, "nodes", "Files and directories in memory.", tb, set,
		      DITTO_A_SERVER_NODES, 1);
	metric_number(out, "open_files", "Open files of the file systems.", tb, set,
		      DITTO_A_SERVER_OPEN_FILES, 1);
	metric_begin(out, "claims", "gauge",
		     "Locks, opens and leases of clients, delegations too.");
	for (i = 0; i < ARRAY_SIZE(claims); i++)
		if (tb[claims[i].type])
			metric_labelled(out, "claims", "kind", claims[i].kind,
					(double)number_of(tb, set, claims[i].type));
	metric_number(out, "waiting_claims", "Claims that wait for others.", tb, set,
		      DITTO_A_SERVER_WAITS, 1);
}

void metrics_grace(struct nlattr **tb, FILE *out)
{
	static const struct {
		unsigned int type;
		const char *state;
	} clients[] = {
		{ DITTO_A_GRACE_KNOWN, "known" },
		{ DITTO_A_GRACE_RECLAIMED, "reclaimed" },
	};
	const struct spec_set *set = &spec_grace_set;
	size_t i;

	if (tb[DITTO_A_GRACE_STATE])
		metric_write(out, "grace", "Whether claims from before the restart are reclaimed.",
			     number_of(tb, set, DITTO_A_GRACE_STATE) != DITTO_GRACE_STATE_NORMAL);
	metric_number(out, "grace_seconds", "Longest time that the grace still lasts.", tb, set,
		      DITTO_A_GRACE_LEFT_MS, MS_PER_S);
	metric_begin(out, "grace_clients", "gauge", "Clients from before the restart.");
	for (i = 0; i < ARRAY_SIZE(clients); i++)
		if (tb[clients[i].type])
			metric_labelled(out, "grace_clients", "state", clients[i].state,
					(double)number_of(tb, set, clients[i].type));
}

void metrics_daemon(const struct status *s, FILE *out)
{
	unsigned int i;

	metric_write(out, "stopped", "Whether the administrator has stopped the server.",
		     s->stopped);
	metric_write(out, "configured_shares", "Shares of the configuration.", s->shares);
	metric_write(out, "problems", "Problems that dittoctl status tells.", s->nproblems);
	metric_begin(out, "store_answers", "gauge", "Whether an object store answers.");
	for (i = 0; i < s->nstores; i++)
		metric_labelled(out, "store_answers", "store", s->store[i].what,
				!s->store[i].why[0]);
	metric_begin(out, "share_size_bytes", "gauge", "Size of the file system of a share.");
	for (i = 0; i < s->nspaces; i++)
		metric_labelled(out, "share_size_bytes", "share", s->space[i].share,
				(double)s->space[i].size);
	metric_begin(out, "share_free_bytes", "gauge", "Room that users may still take.");
	for (i = 0; i < s->nspaces; i++)
		metric_labelled(out, "share_free_bytes", "share", s->space[i].share,
				(double)s->space[i].free);
}

static void budget_number(FILE *out, const char *name, struct nlattr **tb, unsigned int type)
{
	const struct spec_set *set = &spec_level_budget_set;

	fprintf(out, "ditto_%s{level=\"%s\",kind=\"%s\"} %llu\n", name,
		spec_enum_name(&spec_budget_level, number_of(tb, set, DITTO_A_LEVEL_BUDGET_LEVEL)),
		nla_get_string(tb[DITTO_A_LEVEL_BUDGET_KIND]), number_of(tb, set, type));
}

void metrics_budgets(const struct replies *budgets, FILE *out)
{
	static const struct {
		const char *name;
		const char *help;
		unsigned int type;
	} numbers[] = {
		{ "budget_used",
		  "About what clients make the server hold, by level of trust and kind.",
		  DITTO_A_LEVEL_BUDGET_USED },
		{ "budget_limit", "How much all clients of a level may make the server hold.",
		  DITTO_A_LEVEL_BUDGET_LIMIT },
	};
	struct nlattr *tb[DITTO_A_LEVEL_BUDGET_MAX + 1];
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(numbers); k++) {
		metric_begin(out, numbers[k].name, "gauge", numbers[k].help);
		for (i = 0; i < budgets->count; i++)
			if (!msg_parse(budgets->msg[i], &spec_level_budget_set, tb) &&
			    tb[DITTO_A_LEVEL_BUDGET_LEVEL] && tb[DITTO_A_LEVEL_BUDGET_KIND] &&
			    tb[numbers[k].type])
				budget_number(out, numbers[k].name, tb, numbers[k].type);
	}
}

void metrics_jobs(const struct offload_schedule *s, const struct offload_progress *p, int error,
		  u64 now, FILE *out)
{
	bool known = !error || error == -ENOENT;
	enum offload_job job;
	u64 last;

	metric_begin(out, "job_age_limit_seconds", "gauge",
		     "Age of the last success of a job from which on it is overdue.");
	for (job = 0; job < OFFLOAD_JOBS; job++)
		if (s->period[job] && known)
			metric_labelled(out, "job_age_limit_seconds", "job", offload_job_name(job),
					(double)offload_job_limit(s, job, &p->done[job]));
	/* A success from before a start of dittod counts: else each start would hide a dead job. */
	metric_begin(out, "job_age_seconds", "gauge",
		     "Time since a job succeeded; of one that never did, since dittod started.");
	for (job = 0; job < OFFLOAD_JOBS; job++) {
		last = p->done[job].success ?: s->since;
		if (s->period[job] && known)
			metric_labelled(out, "job_age_seconds", "job", offload_job_name(job),
					now > last ? (double)(now - last) : 0);
	}
	if (error)
		return;
	metric_begin(out, "job_failed", "gauge", "Whether the last run of a job failed.");
	for (job = 0; job < OFFLOAD_JOBS; job++)
		if (s->period[job])
			metric_labelled(out, "job_failed", "job", offload_job_name(job),
					p->done[job].result == OFFLOAD_JOB_BAD);
	metric_write(out, "bad_objects", "Objects that scrub found missing or damaged.",
		     (double)(p->bad ? p->bad : p->bad_before));
}

/* Ask for the attributes of one answer, which @reply keeps. */
static bool metrics_ask(struct conn *conn, u8 cmd, const struct spec_set *set, struct nlattr **tb,
			struct nl_msg **reply)
{
	*reply = NULL;
	return !conn_call(conn, conn_message(conn, cmd), reply) && *reply &&
	       !msg_parse(*reply, set, tb);
}

static bool metrics_kernel(struct conn *conn, FILE *out)
{
	struct nlattr *server[DITTO_A_SERVER_MAX + 1], *grace[DITTO_A_GRACE_MAX + 1];
	struct nl_msg *about_server = NULL, *about_grace = NULL;
	struct replies budgets = { 0 };
	struct traffic_list shares = { 0 };
	struct counts counts = { 0 };
	bool good;

	good = !conn_find_family(conn) &&
	       metrics_ask(conn, DITTO_CMD_SERVER_GET, &spec_server_set, server, &about_server) &&
	       metrics_ask(conn, DITTO_CMD_GRACE_GET, &spec_grace_set, grace, &about_grace) &&
	       !counts_read(conn, &counts);
	if (good) {
		metrics_server(server, out);
		metrics_grace(grace, out);
		metrics_counts(&counts, out);
		/* Modules of before an upgrade of this program do not tell them. */
		if (!conn_dump_some(conn, DITTO_CMD_BUDGET_GET, NULL, NULL, &budgets))
			metrics_budgets(&budgets, out);
		replies_free(&budgets);
		if (!traffic_list_read(conn, DITTO_CMD_SHARE_TRAFFIC_GET, &shares))
			metrics_shares(&shares, out);
		traffic_list_free(&shares);
	}
	counts_free(&counts);
	nlmsg_free(about_server);
	nlmsg_free(about_grace);
	return good;
}

void metrics_write(struct conn *conn, FILE *out)
{
	struct offload_progress progress;
	char path[RUN_PATH_SIZE];
	struct status s;
	bool daemon;
	int error;

	metric_write(out, "up", "Whether the modules answer.", metrics_kernel(conn, out));
	daemon = status_read(&s);
	metric_write(out, "daemon_up", "Whether dittod runs.", daemon);
	if (daemon) {
		metrics_daemon(&s, out);
		error = offload_progress_read(run_path(path, OFFLOAD_PROGRESS_RUN, ""), &progress);
		metrics_jobs(&s.schedule, &progress, error, (u64)time(NULL), out);
		status_free(&s);
	}
}
