// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl stats */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "nl/counts.h"
#include "out.h"

static const struct column stats_columns[] = {
	{ "GROUP", false }, { "OP", false }, { "CALLS", true }, { "ERRORS", true },
	{ "AVERAGE", true }, { "99 % BELOW", true }, { "BYTES", true }, { NULL, false }
};

void table_slowest(struct table *t, const struct count *c)
{
	u64 limit = count_slowest(c);

	if (limit)
		table_cell(t, "%.0f us", (double)limit / 1000);
	else
		table_cell(t, "-");
}

static void print_table(const struct counts *c, const char *group, bool all)
{
	struct table *t = table_new(stats_columns);
	char bytes[OUT_VALUE_MAX];
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		const struct count *s = &c->count[i];

		if ((group && strcmp(group, s->group)) || (!all && !s->calls))
			continue;
		table_cell(t, "%s", s->group);
		table_cell(t, "%s", s->op);
		table_cell(t, "%llu", s->calls);
		table_cell(t, "%llu", s->errors);
		if (s->calls)
			table_cell(t, "%.1f us", (double)s->nanoseconds / s->calls / 1000);
		else
			table_cell(t, "-");
		table_slowest(t, s);
		table_cell(t, "%s", bytes_text((double)s->bytes, bytes));
	}
	table_end(t, stdout);
}

static void print_json(const struct counts *c, const char *group, bool all)
{
	unsigned int i, k;

	json_open(stdout, NULL, '[');
	for (i = 0; i < c->n; i++) {
		const struct count *s = &c->count[i];

		if ((group && strcmp(group, s->group)) || (!all && !s->calls))
			continue;
		json_open(stdout, NULL, '{');
		json_string(stdout, "group", s->group);
		json_string(stdout, "op", s->op);
		json_number(stdout, "calls", s->calls);
		json_number(stdout, "errors", s->errors);
		json_number(stdout, "nanoseconds", s->nanoseconds);
		json_number(stdout, "bytes", s->bytes);
		json_open(stdout, "times", '[');
		for (k = 0; k < s->ntimes; k++)
			json_number(stdout, NULL, s->times[k]);
		json_close(stdout, ']');
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_end(stdout);
}

int ctl_counts(struct ctl *ctl, struct counts *out)
{
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	return counts_read(&ctl->conn, out) ? ctl_refused(ctl, NULL) : CTL_OK;
}

static bool has_group(const struct counts *c, const char *group)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->count[i].group, group))
			return true;
	return false;
}

static int stats_show(struct ctl *ctl, char **words)
{
	const char *group = NULL;
	struct counts c;
	bool all = false;
	int status;

	for (; *words; words++) {
		if (!strcmp(*words, "--all")) {
			all = true;
			continue;
		}
		if (group || (*words)[0] == '-')
			return ctl_usage(ctl, "'%s' is not understood here", *words);
		group = *words;
	}
	status = ctl_counts(ctl, &c);
	if (status)
		return status;
	if (group && !has_group(&c, group)) {
		why_not(&ctl->conn.why, "there is no such group");
		status = ctl_refused(ctl, group);
	} else if (ctl->json) {
		print_json(&c, group, all);
	} else {
		print_table(&c, group, all);
	}
	counts_free(&c);
	return status;
}

const struct verb stats_verbs[] = {
	{ "", stats_show, "[GROUP] [--all]" },
	{ NULL, NULL, NULL }
};
