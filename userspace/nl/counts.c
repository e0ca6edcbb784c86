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
	t->number = counts_number(tb, DITTO_A_TRAFFIC_NUMBER);
	t->count.calls = counts_number(tb, DITTO_A_TRAFFIC_REQUESTS);
	t->count.nanoseconds = counts_number(tb, DITTO_A_TRAFFIC_NANOSECONDS);
	t->read = counts_number(tb, DITTO_A_TRAFFIC_READ);
	t->written = counts_number(tb, DITTO_A_TRAFFIC_WRITTEN);
	if (tb[DITTO_A_TRAFFIC_TIMES])
		count_take_times(&t->count, nla_data(tb[DITTO_A_TRAFFIC_TIMES]),
				 (size_t)nla_len(tb[DITTO_A_TRAFFIC_TIMES]));
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct traffic *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

int traffic_list_read(struct conn *conn, u8 cmd, struct traffic_list *out)
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
	qsort(out->traffic, out->n, sizeof(*out->traffic), by_number);
	return 0;
}

void traffic_list_free(struct traffic_list *list)
{
	free(list->traffic);
	memset(list, 0, sizeof(*list));
}

/* Counters only grow, so one that went back was reset. */
static bool count_was_reset(const struct count *now, const struct count *before)
{
	bool reset = before->calls > now->calls || before->errors > now->errors ||
		     before->nanoseconds > now->nanoseconds || before->bytes > now->bytes;
	unsigned int i;

	for (i = 0; i < COUNT_TIMES; i++)
		reset |= before->times[i] > now->times[i];
	return reset;
}

struct count count_since(const struct count *now, const struct count *before)
{
	struct count d = *now;
	unsigned int i;

	if (!before || count_was_reset(now, before))
		return d;
	d.calls -= before->calls;
	d.errors -= before->errors;
	d.nanoseconds -= before->nanoseconds;
	d.bytes -= before->bytes;
	for (i = 0; i < d.ntimes; i++)
		d.times[i] -= before->times[i];
	return d;
}

static struct traffic traffic_since(const struct traffic *now, const struct traffic *before)
{
	struct traffic d = *now;

	if (!before || before->read > now->read || before->written > now->written ||
	    count_was_reset(&now->count, &before->count))
		return d;
	d.count = count_since(&now->count, &before->count);
	d.read -= before->read;
	d.written -= before->written;
	return d;
}

static int by_requests(const void *a, const void *b)
{
	const struct traffic *one = a, *other = b;

	if (one->count.calls != other->count.calls)
		return one->count.calls < other->count.calls ? 1 : -1;
	return strcmp(one->name, other->name);
}

struct traffic_list traffic_list_since(const struct traffic_list *now,
				       const struct traffic_list *before)
{
	struct traffic_list d = { .traffic = mem_new((now->n + 1) * sizeof(*d.traffic)) };
	unsigned int i;

	for (i = 0; i < now->n; i++) {
		const struct traffic *t = &now->traffic[i];

		d.traffic[d.n] = traffic_since(t, bsearch(t, before->traffic, before->n,
							  sizeof(*t), by_number));
		d.n += !!d.traffic[d.n].count.calls;
	}
	qsort(d.traffic, d.n, sizeof(*d.traffic), by_requests);
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
