// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl stats */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"

static u64 stats_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? nla_get_u64(tb[type]) : 0;
}

static bool count_from(struct count *c, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_STAT_MAX + 1];

	memset(c, 0, sizeof(*c));
	if (msg_parse(msg, &spec_stat_set, tb) || !tb[DITTO_A_STAT_GROUP] || !tb[DITTO_A_STAT_OP])
		return false;
	snprintf(c->group, sizeof(c->group), "%s", nla_get_string(tb[DITTO_A_STAT_GROUP]));
	snprintf(c->op, sizeof(c->op), "%s", nla_get_string(tb[DITTO_A_STAT_OP]));
	c->calls = stats_number(tb, DITTO_A_STAT_CALLS);
	c->errors = stats_number(tb, DITTO_A_STAT_ERRORS);
	c->nanoseconds = stats_number(tb, DITTO_A_STAT_NANOSECONDS);
	c->bytes = stats_number(tb, DITTO_A_STAT_BYTES);
	return true;
}

int counts_read(struct ctl *ctl, struct counts *out)
{
	struct replies r;
	unsigned int i;
	int status;

	memset(out, 0, sizeof(*out));
	status = ctl_list(ctl, DITTO_CMD_STAT_GET, &r);
	if (status)
		return status;
	out->count = mem_new((r.count + 1) * sizeof(*out->count));
	for (i = 0; i < r.count; i++)
		if (count_from(&out->count[out->n], r.msg[i]))
			out->n++;
	replies_free(&r);
	return CTL_OK;
}

void counts_free(struct counts *c)
{
	free(c->count);
	memset(c, 0, sizeof(*c));
}

const struct count *counts_find(const struct counts *c, const struct count *like)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->count[i].group, like->group) && !strcmp(c->count[i].op, like->op))
			return &c->count[i];
	return NULL;
}

static const struct column stats_columns[] = {
	{ "GROUP", false }, { "OP", false }, { "CALLS", true }, { "ERRORS", true },
	{ "AVERAGE", true }, { "BYTES", true }, { NULL, false }
};

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
		table_cell(t, "%s", bytes_text((double)s->bytes, bytes));
	}
	table_end(t, stdout);
}

static void print_json(const struct counts *c, const char *group, bool all)
{
	unsigned int i;

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
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_end(stdout);
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
	status = counts_read(ctl, &c);
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
