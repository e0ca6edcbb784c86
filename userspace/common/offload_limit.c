// SPDX-License-Identifier: GPL-2.0-only
/* Limits of uploads by time of day. */

#include <stdio.h>
#include <string.h>

#include "offload_limit.h"

/* Longest text of all limits. */
#define LIMITS_TEXT	512

/* "RATE [HH:MM-HH:MM]" */
static bool limit_parse(struct offload_limit *l, char *text, struct why *why)
{
	char *rate, *hours, *more, *next;

	rate = strtok_r(text, " \t", &next);
	hours = strtok_r(NULL, " \t", &next);
	more = strtok_r(NULL, " \t", &next);
	if (!rate || more)
		return why_not(why, "a limit is a number of bytes per second and a time of day");
	if (!text_size(rate, &l->rate, why))
		return false;
	if (l->rate < OFFLOAD_LIMIT_MIN)
		return why_not(why, "'%.60s' is not allowed: at least 128K is", rate);
	return !hours || text_hours(hours, &l->from, &l->to, why);
}

bool offload_limits_parse(struct offload_limits *l, const char *text, struct why *why)
{
	char copy[LIMITS_TEXT], *rest = copy, *part;

	memset(l, 0, sizeof(*l));
	if (strlen(text) >= sizeof(copy))
		return why_not(why, "at most %zu characters are allowed", sizeof(copy) - 1);
	memcpy(copy, text, strlen(text) + 1);
	while ((part = strsep(&rest, ","))) {
		if (l->n == OFFLOAD_LIMITS_MAX)
			return why_not(why, "there are more than %d limits", OFFLOAD_LIMITS_MAX);
		if (!limit_parse(&l->limit[l->n++], part, why))
			return false;
	}
	return true;
}

u64 offload_limits_rate(const struct offload_limits *l, u32 minute)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (text_hours_contain(l->limit[i].from, l->limit[i].to, minute))
			return l->limit[i].rate;
	return 0;
}
