// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl top */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ctl.h"
#include "nl/counts.h"
#include "out.h"

#define SECOND_NS	1000000000ULL

/* Return the difference of two counters. A counter that is new or was reset counts from zero. */
static struct count top_since(const struct counts *before, const struct count *now)
{
	const struct count *was = counts_find(before, now);
	struct count d = *now;
	unsigned int i;

	if (!was || was->calls > now->calls)
		return d;
	d.calls -= was->calls;
	d.errors -= was->errors;
	d.nanoseconds -= was->nanoseconds;
	d.bytes -= was->bytes;
	for (i = 0; i < d.ntimes; i++)
		d.times[i] -= was->times[i];
	return d;
}

static const struct column top_columns[] = {
	{ "GROUP", false }, { "OP", false }, { "CALLS/S", true }, { "ERRORS/S", true },
	{ "AVERAGE", true }, { "99 % BELOW", true }, { "BYTES/S", true }, { NULL, false }
};

static void print_table(const struct counts *before, const struct counts *now, double seconds)
{
	struct table *t = table_new(top_columns);
	char bytes[OUT_VALUE_MAX];
	double calls = 0;
	unsigned int i;

	for (i = 0; i < now->n; i++) {
		struct count d = top_since(before, &now->count[i]);

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
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	printf("%.0f calls/s\n\n", calls);
	table_end(t, stdout);
	fflush(stdout);
}

static void print_json(const struct counts *before, const struct counts *now, double seconds)
{
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_real(stdout, "seconds", seconds);
	json_open(stdout, "ops", '[');
	for (i = 0; i < now->n; i++) {
		struct count d = top_since(before, &now->count[i]);

		if (!d.calls)
			continue;
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
	json_close(stdout, '}');
	json_end(stdout);
}

static int top_run(struct ctl *ctl, char **words)
{
	u64 interval = 1, rounds = 0, done = 0;
	struct counts before, now;
	u64 then;
	struct why why;
	int status;

	if (*words && strcmp(*words, "count") &&
	    !text_number(*words++, 1, 3600, &interval, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (*words && !strcmp(*words, "count")) {
		if (!words[1])
			return ctl_usage(ctl, "a number is missing behind 'count'");
		if (!text_number(words[1], 1, 1000000, &rounds, &why))
			return ctl_usage(ctl, "count: %s", why.text);
		words += 2;
	}
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;

	status = ctl_counts(ctl, &before);
	then = clock_ns();
	while (!status && (!rounds || done++ < rounds)) {
		double seconds;

		sleep((unsigned int)interval);
		status = ctl_counts(ctl, &now);
		if (status)
			break;
		seconds = (double)(clock_ns() - then) / SECOND_NS;
		then = clock_ns();
		(ctl->json ? print_json : print_table)(&before, &now, seconds);
		counts_free(&before);
		before = now;
		if (ferror(stdout))
			break;
	}
	counts_free(&before);
	return status;
}

const struct verb top_verbs[] = {
	{ "", top_run, "[SECONDS] [count N]" },
	{ NULL, NULL, NULL }
};
