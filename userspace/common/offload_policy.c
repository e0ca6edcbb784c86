// SPDX-License-Identifier: GPL-2.0-only
/* Policies of offloaded data. */

#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "offload_policy.h"

#define AGE_MAX		(36500ULL * 86400)

enum policy_kind {
	POLICY_PATH, POLICY_STORE, POLICY_PATTERNS, POLICY_AGE, POLICY_SIZE, POLICY_PERCENT,
	POLICY_SCHEDULE,
};

static const struct policy_key {
	const char *name;
	enum policy_kind kind;
	size_t at;
} policy_keys[] = {
	{ "path", POLICY_PATH, offsetof(struct offload_policy, path) },
	{ "store", POLICY_STORE, offsetof(struct offload_policy, store) },
	{ "include", POLICY_PATTERNS, offsetof(struct offload_policy, include) },
	{ "exclude", POLICY_PATTERNS, offsetof(struct offload_policy, exclude) },
	{ "accessed", POLICY_AGE, offsetof(struct offload_policy, accessed) },
	{ "changed", POLICY_AGE, offsetof(struct offload_policy, changed) },
	{ "min-size", POLICY_SIZE, offsetof(struct offload_policy, min_size) },
	{ "max-size", POLICY_SIZE, offsetof(struct offload_policy, max_size) },
	{ "start", POLICY_PERCENT, offsetof(struct offload_policy, start) },
	{ "stop", POLICY_PERCENT, offsetof(struct offload_policy, stop) },
	{ "schedule", POLICY_SCHEDULE, 0 },
};

void offload_policy_init(struct offload_policy *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->type = OFFLOAD_CTL_POLICY;
	p->version = OFFLOAD_CTL_VERSION;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->min_size = 1;
	p->max_size = INT64_MAX;
}

static bool policy_set_text(char *to, size_t size, const char *value, struct why *why)
{
	const char *c;

	for (c = value; *c && !iscntrl((unsigned char)*c); c++)
		;
	if (!value[0] || *c || strlen(value) >= size)
		return why_not(why, "1 to %zu characters are needed", size - 1);
	memcpy(to, value, strlen(value) + 1);
	return true;
}

/* Paths are compared as text, so there is one way to write each. */
static bool policy_set_path(struct offload_policy *p, const char *value, struct why *why)
{
	size_t len = strlen(value);

	if (value[0] != '/' || strstr(value, "//") || strstr(value, "/./") ||
	    strstr(value, "/../") || (len > 1 && value[len - 1] == '/'))
		return why_not(why,
			       "'%.60s' is not allowed: an absolute path without '//', '.' and '..' is",
			       value);
	return policy_set_text(p->path, sizeof(p->path), value, why);
}

static bool policy_set_percent(u32 *to, const char *value, struct why *why)
{
	u64 number;

	if (!text_number(value, 1, 100, &number, why))
		return false;
	*to = (u32)number;
	return true;
}

bool offload_policy_set(struct offload_policy *p, const char *key, const char *value,
			struct why *why)
{
	const struct policy_key *k = policy_keys;
	void *to;

	while (strcmp(k->name, key))
		k++;
	to = (char *)p + k->at;
	switch (k->kind) {
	case POLICY_PATH:
		return policy_set_path(p, value, why);
	case POLICY_STORE:
		return policy_set_text(to, sizeof(p->store), value, why);
	case POLICY_PATTERNS:
		return policy_set_text(to, OFFLOAD_POLICY_PATTERNS, value, why);
	case POLICY_AGE:
		return text_duration(value, AGE_MAX, to, why);
	case POLICY_SIZE:
		return text_size(value, to, why);
	case POLICY_PERCENT:
		return policy_set_percent(to, value, why);
	default:
		return text_hours(value, &p->from, &p->to, why);
	}
}

bool offload_policy_complete(const struct offload_policy *p, struct why *why)
{
	if (!p->path[0])
		return why_not(why, "[policy %s]: 'path' is missing", p->name);
	if (!p->start != !p->stop || p->stop > p->start)
		return why_not(why,
			       "[policy %s]: both 'start' and 'stop' are needed, and 'stop' must not be higher",
			       p->name);
	if (!p->start && !p->accessed && !p->changed)
		return why_not(why,
			       "[policy %s]: 'accessed', 'changed', or 'start' and 'stop' are needed",
			       p->name);
	return true;
}

static bool policy_patterns_match(const char *patterns, const char *path, const char *name)
{
	char text[OFFLOAD_POLICY_PATTERNS];
	char *word, *next;

	snprintf(text, sizeof(text), "%s", patterns);
	for (word = strtok_r(text, " \t", &next); word; word = strtok_r(NULL, " \t", &next))
		if (!fnmatch(word, strchr(word, '/') ? path : name, 0))
			return true;
	return false;
}

/* Times in the future come from clocks that differ. */
static bool policy_is_old(time_t time, u64 age, u64 now)
{
	return !age || (time >= 0 && (u64)time + age <= now);
}

bool offload_policy_matches(const struct offload_policy *p, const char *path,
			    const struct stat *st, u64 now)
{
	const char *name = strrchr(path, '/') + 1, *below = path + strlen(p->path);

	if (!S_ISREG(st->st_mode) || (u64)st->st_size < p->min_size ||
	    (u64)st->st_size > p->max_size)
		return false;
	if (!policy_is_old(st->st_mtime, p->changed, now))
		return false;
	/* A file system that does not keep times of access keeps older ones. */
	if (!policy_is_old(st->st_atime > st->st_mtime ? st->st_atime : st->st_mtime,
			   p->accessed, now))
		return false;
	below += *below == '/';
	return (!p->include[0] || policy_patterns_match(p->include, below, name)) &&
	       !policy_patterns_match(p->exclude, below, name);
}

bool offload_policy_is_open(const struct offload_policy *p, u32 minute)
{
	return text_hours_contain(p->from, p->to, minute);
}
