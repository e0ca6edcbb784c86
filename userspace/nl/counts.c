// SPDX-License-Identifier: GPL-2.0-only
/* Counters of operations, shares and clients. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "ditto-nl-gen.h"
#include "nl/counts.h"
#include "nl/nl.h"

/* Limit of the first counter by time; each other one has twice the limit of the one before. */
#define FIRST_LIMIT_NS	8192

static u64 counts_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? nla_get_u64(tb[type]) : 0;
}

void count_take_times(struct count *c, const void *data, size_t len)
{
	size_t n = len / sizeof(c->times[0]), i;
	u64 more;

	c->ntimes = n < COUNT_TIMES ? (unsigned int)n : COUNT_TIMES;
	memcpy(c->times, data, c->ntimes * sizeof(c->times[0]));
	for (i = c->ntimes; i < n; i++) {
		memcpy(&more, (const u8 *)data + i * sizeof(more), sizeof(more));
		c->times[COUNT_TIMES - 1] += more;
	}
}

static bool count_from(struct count *c, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_STAT_MAX + 1], *times;

	memset(c, 0, sizeof(*c));
	if (msg_parse(msg, &spec_stat_set, tb) || !tb[DITTO_A_STAT_GROUP] || !tb[DITTO_A_STAT_OP])
		return false;
	snprintf(c->group, sizeof(c->group), "%s", nla_get_string(tb[DITTO_A_STAT_GROUP]));
	snprintf(c->op, sizeof(c->op), "%s", nla_get_string(tb[DITTO_A_STAT_OP]));
	c->calls = counts_number(tb, DITTO_A_STAT_CALLS);
	c->errors = counts_number(tb, DITTO_A_STAT_ERRORS);
	c->nanoseconds = counts_number(tb, DITTO_A_STAT_NANOSECONDS);
	c->bytes = counts_number(tb, DITTO_A_STAT_BYTES);
	times = tb[DITTO_A_STAT_TIMES];
	if (times)
		count_take_times(c, nla_data(times), (size_t)nla_len(times));
	return true;
}

static bool traffic_from(struct traffic *t, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_TRAFFIC_MAX + 1];

	memset(t, 0, sizeof(*t));
	if (msg_parse(msg, &spec_traffic_set, tb))
		return false;
	if (tb[DITTO_A_TRAFFIC_SHARE])
		snprintf(t->name, sizeof(t->name), "%s", nla_get_string(tb[DITTO_A_TRAFFIC_SHARE]));
	else if (tb[DITTO_A_TRAFFIC_CLIENT])
		text_from_address(nla_data(tb[DITTO_A_TRAFFIC_CLIENT]),
				  (size_t)nla_len(tb[DITTO_A_TRAFFIC_CLIENT]), t->name);
	else
		return false;
	t->count.calls = counts_number(tb, DITTO_A_TRAFFIC_REQUESTS);
	t->count.nanoseconds = counts_number(tb, DITTO_A_TRAFFIC_NANOSECONDS);
	t->read = counts_number(tb, DITTO_A_TRAFFIC_READ);
	t->written = counts_number(tb, DITTO_A_TRAFFIC_WRITTEN);
	if (tb[DITTO_A_TRAFFIC_TIMES])
		count_take_times(&t->count, nla_data(tb[DITTO_A_TRAFFIC_TIMES]),
				 (size_t)nla_len(tb[DITTO_A_TRAFFIC_TIMES]));
	return true;
}

int traffics_read(struct conn *conn, u8 cmd, struct traffics *out)
{
	struct replies r;
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = conn_dump(conn, cmd, &r);
	if (rc)
		return rc;
	out->traffic = mem_new((r.count + 1) * sizeof(*out->traffic));
	for (i = 0; i < r.count; i++)
		if (traffic_from(&out->traffic[out->n], r.msg[i]))
			out->n++;
	replies_free(&r);
	return 0;
}

void traffics_free(struct traffics *t)
{
	free(t->traffic);
	memset(t, 0, sizeof(*t));
}

struct count count_since(const struct count *now, const struct count *before)
{
	struct count d = *now;
	unsigned int i;

	if (!before || before->calls > now->calls)
		return d;
	d.calls -= before->calls;
	d.errors -= before->errors;
	d.nanoseconds -= before->nanoseconds;
	d.bytes -= before->bytes;
	for (i = 0; i < d.ntimes; i++)
		d.times[i] -= before->times[i];
	return d;
}

int counts_read(struct conn *conn, struct counts *out)
{
	struct replies r;
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = conn_dump(conn, DITTO_CMD_STAT_GET, &r);
	if (rc)
		return rc;
	out->count = mem_new((r.count + 1) * sizeof(*out->count));
	for (i = 0; i < r.count; i++)
		if (count_from(&out->count[out->n], r.msg[i]))
			out->n++;
	replies_free(&r);
	return 0;
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

u64 count_time_limit(unsigned int i)
{
	return (u64)FIRST_LIMIT_NS << i;
}

u64 count_slowest(const struct count *c)
{
	u64 all = 0, below = 0;
	unsigned int i;

	for (i = 0; i < c->ntimes; i++)
		all += c->times[i];
	for (i = 0; i + 1 < c->ntimes; i++) {
		below += c->times[i];
		if (below && below >= all - all / 100)
			return count_time_limit(i);
	}
	return 0;
}
