// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl top */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "nl/counts.h"
#include "out.h"

#define SECOND_NS	1000000000ULL

static const struct column top_columns[] = {
	{ "GROUP", false }, { "OP", false }, { "CALLS/S", true }, { "ERRORS/S", true },
	{ "AVERAGE", true }, { "99 % BELOW", true }, { "BYTES/S", true }, { NULL, false }
};

/* Print a table in place of the last one, below the rate of all. */
static void table_print(struct table *t, double rate, const char *what)
{
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	printf("%.0f %s/s\n\n", rate, what);
	table_end(t, stdout);
	fflush(stdout);
}

static void print_ops(const struct counts *before, const struct counts *now, double seconds)
{
	struct table *t = table_new(top_columns);
	char bytes[OUT_VALUE_MAX];
	double calls = 0;
	unsigned int i;

	for (i = 0; i < now->n; i++) {
		struct count d = count_since(&now->count[i], counts_find(before, &now->count[i]));

		if (!d.calls)
			continue;
		calls += d.calls / seconds;
		table_cell(t, "%s", d.group);
		table_cell(t, "%s", d.op);
		table_cell(t, "%.0f", d.calls / seconds);
		table_cell(t, "%.0f", d.errors / seconds);
		table_cell(t, "%.1f us", (double)d.nanoseconds / d.calls / 1000);
		table_slowest(t, &d);
		table_cell(t, "%s", bytes_text(d.bytes / seconds, bytes));
	}
	table_print(t, calls, "calls");
}

static void print_ops_json(const struct counts *before, const struct counts *now, double seconds)
{
	double calls = 0;
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_real(stdout, "seconds", seconds);
	json_open(stdout, "ops", '[');
	for (i = 0; i < now->n; i++) {
		struct count d = count_since(&now->count[i], counts_find(before, &now->count[i]));

		if (!d.calls)
			continue;
		calls += d.calls / seconds;
		json_open(stdout, NULL, '{');
		json_string(stdout, "group", d.group);
		json_string(stdout, "op", d.op);
		json_real(stdout, "calls_per_s", d.calls / seconds);
		json_real(stdout, "errors_per_s", d.errors / seconds);
		json_real(stdout, "average_us", (double)d.nanoseconds / d.calls / 1000);
		json_real(stdout, "slowest_us", (double)count_slowest(&d) / 1000);
		json_real(stdout, "bytes_per_s", d.bytes / seconds);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_real(stdout, "calls_per_s", calls);
	json_close(stdout, '}');
	json_end(stdout);
}

/**
 * struct top_view - whose traffic is shown
 * @word: the word of the command line; the member of each entry in JSON
 * @list: member of JSON that has the entries
 * @cmd: tells the counters
 * @times: the kernel counts requests by their time
 * @columns: titles of the table
 */
struct top_view {
	const char *word;
	const char *list;
	u8 cmd;
	bool times;
	struct column columns[7];
};

static const struct top_view views[] = {
	{ "share", "shares", DITTO_CMD_SHARE_TRAFFIC_GET, true,
	  { { "SHARE", false }, { "REQUESTS/S", true }, { "AVERAGE", true },
	    { "99 % BELOW", true }, { "READ/S", true }, { "WRITTEN/S", true }, { NULL, false } } },
	{ "client", "clients", DITTO_CMD_CLIENT_TRAFFIC_GET, false,
	  { { "CLIENT", false }, { "REQUESTS/S", true }, { "AVERAGE", true },
	    { "READ/S", true }, { "WRITTEN/S", true }, { NULL, false } } },
};

static void print_traffic(const struct top_view *view, const struct traffic_list *list,
			  double seconds)
{
	struct table *t = table_new(view->columns);
	char bytes[OUT_VALUE_MAX];
	double requests = 0;
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		const struct traffic *d = &list->traffic[i];

		requests += d->count.calls / seconds;
		table_cell(t, "%s", d->name);
		table_cell(t, "%.0f", d->count.calls / seconds);
		table_cell(t, "%.1f us", (double)d->count.nanoseconds / d->count.calls / 1000);
		if (view->times)
			table_slowest(t, &d->count);
		table_cell(t, "%s", bytes_text(d->read / seconds, bytes));
		table_cell(t, "%s", bytes_text(d->written / seconds, bytes));
	}
	table_print(t, requests, "requests");
}

static void json_rates(double requests, double read, double written, double seconds)
{
	json_real(stdout, "requests_per_s", requests / seconds);
	json_real(stdout, "read_bytes_per_s", read / seconds);
	json_real(stdout, "written_bytes_per_s", written / seconds);
}

static void print_traffic_json(const struct top_view *view, const struct traffic_list *list,
			       double seconds)
{
	double requests = 0, read = 0, written = 0;
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_real(stdout, "seconds", seconds);
	json_open(stdout, view->list, '[');
	for (i = 0; i < list->n; i++) {
		const struct traffic *d = &list->traffic[i];

		requests += d->count.calls;
		read += d->read;
		written += d->written;
		json_open(stdout, NULL, '{');
		json_string(stdout, view->word, d->name);
		json_rates(d->count.calls, d->read, d->written, seconds);
		json_real(stdout, "average_us",
			  (double)d->count.nanoseconds / d->count.calls / 1000);
		if (view->times)
			json_real(stdout, "slowest_us", (double)count_slowest(&d->count) / 1000);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_rates(requests, read, written, seconds);
	json_close(stdout, '}');
	json_end(stdout);
}

/* The counters of a view at a time. */
struct sample {
	struct counts ops;
	struct traffic_list traffic;
};

static int sample_take(struct ctl *ctl, const struct top_view *view, struct sample *s)
{
	memset(s, 0, sizeof(*s));
	if (!view)
		return ctl_counts(ctl, &s->ops);
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	if (traffic_list_read(&ctl->conn, view->cmd, &s->traffic))
		return ctl_refused(ctl, NULL);
	return CTL_OK;
}

static void sample_free(struct sample *s)
{
	counts_free(&s->ops);
	traffic_list_free(&s->traffic);
}

static void sample_print(const struct top_view *view, bool json, const struct sample *before,
			 const struct sample *now, double seconds)
{
	struct traffic_list since;

	if (!view) {
		(json ? print_ops_json : print_ops)(&before->ops, &now->ops, seconds);
		return;
	}
	since = traffic_list_since(&now->traffic, &before->traffic);
	(json ? print_traffic_json : print_traffic)(view, &since, seconds);
	traffic_list_free(&since);
}

/* Find the view of "--by"; *@view is NULL for that by operation. Returns CTL_OK or CTL_USAGE. */
static int view_of(const struct ctl *ctl, const char *word, const struct top_view **view)
{
	unsigned int i;

	if (word && !strcmp(word, "operation"))
		return CTL_OK;
	for (i = 0; word && i < ARRAY_SIZE(views); i++)
		if (!strcmp(word, views[i].word))
			*view = &views[i];
	return *view ? CTL_OK : ctl_usage(ctl, "--by: share, client or operation");
}

static int top_run(struct ctl *ctl, char **words)
{
	u64 interval = 0, rounds = 0, done = 0, then;
	const struct top_view *view = NULL;
	struct sample before, now;
	bool by = false;
	struct why why;
	int status;

	for (; *words; words++) {
		if (!by && !strcmp(*words, "--by")) {
			by = true;
			if (view_of(ctl, *++words, &view))
				return CTL_USAGE;
		} else if (!rounds && !strcmp(*words, "count")) {
			if (!*++words)
				return ctl_usage(ctl, "a number is missing behind 'count'");
			if (!text_number(*words, 1, 1000000, &rounds, &why))
				return ctl_usage(ctl, "count: %s", why.text);
		} else if (interval || !strcmp(*words, "--by") || !strcmp(*words, "count")) {
			return ctl_no_more(ctl, words);
		} else if (!text_number(*words, 1, 3600, &interval, &why)) {
			return ctl_usage(ctl, "%s", why.text);
		}
	}

	status = sample_take(ctl, view, &before);
	then = clock_ns();
	while (!status && (!rounds || done++ < rounds)) {
		double seconds;

		sleep(interval ? (unsigned int)interval : 1);
		status = sample_take(ctl, view, &now);
		if (status)
			break;
		seconds = (double)(clock_ns() - then) / SECOND_NS;
		then = clock_ns();
		sample_print(view, ctl->json, &before, &now, seconds);
		sample_free(&before);
		before = now;
		if (ferror(stdout))
			break;
	}
	sample_free(&before);
	return status;
}

const struct verb top_verbs[] = {
	{ "", top_run, "[--by share|client|operation] [SECONDS] [count N]" },
	{ NULL, NULL, NULL }
};
