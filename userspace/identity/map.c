// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source: a file of the administrator. Its lines are
 *
 *	SID uid|gid NUMBER NAME
 *
 * with an optional "DOMAIN\" before the name, which extends to the end of the line.
 *
 * Locking: the mutex protects the table. A file that is read replaces the whole table.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/log.h"
#include "identity.h"
#include "mem.h"

/* Larger files are rejected. */
#define FILE_MAX	(16 * 1024 * 1024)
/* Most lines that identify somebody. */
#define MAP_MAX		65536
/* Limit of reported mistakes. */
#define MISTAKES_MAX	50

/**
 * struct map_line - one identity
 * @line: number of its line
 * @sid: the SID
 * @kind: kind of the account
 * @id: uid or gid
 * @name: the name; owned by this
 * @domain: its domain; owned by this; NULL if there is none
 */
struct map_line {
	unsigned int line;
	struct sid sid;
	unsigned int kind;
	u32 id;
	char *name;
	char *domain;
};

/**
 * struct map - all identities
 * @n: number of lines
 * @line: the lines
 * @sorted: their order by SID, by kind and number, and by name; by enum identity_by
 */
struct map {
	size_t n;
	struct map_line *line;
	struct map_line **sorted[IDENTITY_BY_NAME + 1];
};

/**
 * struct map_parser - state of the parser
 * @file: name of the file
 * @line: number of the present line
 * @report: called with each mistake
 * @arg: argument of @report
 * @mistakes: number of mistakes
 * @map: the result
 */
struct map_parser {
	const char *file;
	unsigned int line;
	void (*report)(void *arg, const char *mistake);
	void *arg;
	unsigned int mistakes;
	struct map map;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map map;

static int compare_u64(u64 a, u64 b)
{
	return (a > b) - (a < b);
}

static int compare_sid(const void *x, const void *y)
{
	const struct sid *a = &(*(struct map_line *const *)x)->sid;
	const struct sid *b = &(*(struct map_line *const *)y)->sid;
	int diff = compare_u64(a->authority, b->authority) ?: compare_u64(a->nsubs, b->nsubs);

	for (unsigned int i = 0; !diff && i < a->nsubs; i++)
		diff = compare_u64(a->sub[i], b->sub[i]);
	return diff;
}

static int compare_id(const void *x, const void *y)
{
	const struct map_line *a = *(struct map_line *const *)x;
	const struct map_line *b = *(struct map_line *const *)y;

	return compare_u64(a->kind, b->kind) ?: compare_u64(a->id, b->id);
}

/* Kinds share their names, as in a domain. */
static int compare_name(const void *x, const void *y)
{
	const struct map_line *a = *(struct map_line *const *)x;
	const struct map_line *b = *(struct map_line *const *)y;

	return strcasecmp(a->name, b->name) ?: strcasecmp(a->domain ?: "", b->domain ?: "");
}

typedef int (*map_compare)(const void *x, const void *y);

static const map_compare compare[] = {
	[IDENTITY_BY_SID] = compare_sid,
	[IDENTITY_BY_ID] = compare_id,
	[IDENTITY_BY_NAME] = compare_name,
};

static void map_mistake(struct map_parser *p, unsigned int line, const char *text)
{
	char *full = mem_print("%s:%u: %s", p->file, line, text);

	if (p->mistakes++ < MISTAKES_MAX)
		p->report(p->arg, full);
	free(full);
}

/* Cut the next word off a line. */
static char *map_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\r");
	size_t len = strcspn(word, " \t\r");

	*rest = word + len;
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static bool map_parse_line(char *text, struct map_line *line, struct why *why)
{
	const char *sid = map_word(&text);
	const char *kind = map_word(&text);
	const char *number = map_word(&text);
	char *name = text + strspn(text, " \t\r");
	char *end = name + strlen(name);
	struct sid_name known;
	char *backslash;
	u64 id;

	while (end > name && strchr(" \t\r", end[-1]))
		*--end = '\0';
	if (!sid_parse(sid, &line->sid))
		return why_not(why, "'%.80s' is no SID, such as S-1-5-21-1-2-3-1104", sid);
	if (line->sid.authority == SID_AUTHORITY_UNIX)
		return why_not(why, "'%.80s' is the SID of a number already", sid);
	if (sid_well_known_by_sid(&line->sid, &known))
		return why_not(why, "'%.80s' is %s\\%s, which the file cannot map", sid,
			       known.domain, known.name);
	if (!strcmp(kind, "uid"))
		line->kind = IDENTITY_USER;
	else if (!strcmp(kind, "gid"))
		line->kind = IDENTITY_GROUP;
	else
		return why_not(why, "'%.60s' is not allowed: uid and gid are", kind);
	/* (uid_t)-1 is no user. */
	if (!text_number(number, 0, UINT32_MAX - 1, &id, why))
		return false;
	line->id = (u32)id;
	if (!*name)
		return why_not(why, "the name is missing");
	backslash = strchr(name, '\\');
	if (backslash && (backslash == name || !backslash[1] || strchr(backslash + 1, '\\')))
		return why_not(why, "'%.200s' is no name, such as alice or EXAMPLE\\alice", name);
	if (strchr(name, '@'))
		return why_not(why, "'%.200s': the domain is written before the name, with a '\\'",
			       name);
	if (strlen(name) >= NSS_NAME_SIZE)
		return why_not(why, "names have at most %u characters", NSS_NAME_SIZE - 1);
	line->name = mem_string(backslash ? backslash + 1 : name);
	if (backslash) {
		*backslash = '\0';
		line->domain = mem_string(name);
	}
	return true;
}

static void map_free(struct map *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->line[i].name);
		free(m->line[i].domain);
	}
	for (i = 0; i < ARRAY_SIZE(m->sorted); i++)
		free(m->sorted[i]);
	free(m->line);
	memset(m, 0, sizeof(*m));
}

/* Sort the lines in one order, and report those that are equal in it. */
static void map_sort(struct map_parser *p, enum identity_by by, const char *what)
{
	struct map_line **sorted = mem_new((p->map.n + 1) * sizeof(*sorted));
	struct why why;
	size_t i;

	p->map.sorted[by] = sorted;
	for (i = 0; i < p->map.n; i++)
		sorted[i] = &p->map.line[i];
	qsort(sorted, p->map.n, sizeof(*sorted), compare[by]);
	for (i = 1; i < p->map.n; i++) {
		unsigned int a = sorted[i - 1]->line, b = sorted[i]->line;

		if (compare[by](&sorted[i - 1], &sorted[i]))
			continue;
		why_not(&why, "the %s is that of line %u", what, a < b ? a : b);
		map_mistake(p, a < b ? b : a, why.text);
	}
}

unsigned int identity_map_parse(const char *name, char *text,
				void (*report)(void *arg, const char *mistake), void *arg)
{
	struct map_parser p = { .file = name, .report = report, .arg = arg };
	struct map old;
	struct why why;
	char *next;

	for (; text; text = next) {
		struct map_line line = { .line = ++p.line };

		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		text += strspn(text, " \t\r");
		if (!*text || *text == '#')
			continue;
		if (!map_parse_line(text, &line, &why)) {
			map_mistake(&p, p.line, why.text);
			continue;
		}
		if (p.map.n == MAP_MAX) {
			free(line.name);
			free(line.domain);
			map_mistake(&p, p.line, "too many lines: at most 65536 are allowed");
			break;
		}
		p.map.line = mem_grow(p.map.line, p.map.n, sizeof(*p.map.line));
		p.map.line[p.map.n++] = line;
	}
	map_sort(&p, IDENTITY_BY_SID, "SID");
	map_sort(&p, IDENTITY_BY_ID, "number");
	map_sort(&p, IDENTITY_BY_NAME, "name");
	if (p.mistakes) {
		map_free(&p.map);
		return p.mistakes;
	}
	pthread_mutex_lock(&lock);
	old = map;
	map = p.map;
	pthread_mutex_unlock(&lock);
	map_free(&old);
	return 0;
}

static void map_log(void *arg, const char *mistake)
{
	(void)arg;
	log_error("%s", mistake);
}

bool identity_map_has_lines(void)
{
	bool has;

	pthread_mutex_lock(&lock);
	has = map.n;
	pthread_mutex_unlock(&lock);
	return has;
}

unsigned int identity_map_read(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int mistakes = 1;
	size_t len;
	char *text;

	/* Without a file nobody is in it. */
	if (!file && errno == ENOENT) {
		char nothing[1] = "";

		return identity_map_parse(path, nothing, map_log, NULL);
	}
	if (!file) {
		log_error("%s: %s", path, strerror(errno));
		return 1;
	}
	text = mem_new(FILE_MAX + 2);
	len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file) || len > FILE_MAX)
		log_error("%s: %s", path, strerror(ferror(file) ? errno : EFBIG));
	else if (memchr(text, '\0', len))
		log_error("%s: a NUL byte: this is not a text file", path);
	else
		mistakes = identity_map_parse(path, text, map_log, NULL);
	fclose(file);
	free(text);
	return mistakes;
}

static int map_find(enum identity_by by, struct map_line *key, unsigned int kinds,
		    struct identity *out)
{
	struct map_line **found;
	int rc = -ENOENT;

	pthread_mutex_lock(&lock);
	found = map.n ? bsearch(&key, map.sorted[by], map.n, sizeof(key), compare[by]) : NULL;
	if (found && (*found)->kind & kinds) {
		out->sid = (*found)->sid;
		out->kinds = (*found)->kind;
		out->id = (*found)->id;
		out->name.use = out->kinds == IDENTITY_USER ? SID_USE_USER : SID_USE_GROUP;
		snprintf(out->name.name, sizeof(out->name.name), "%s", (*found)->name);
		snprintf(out->name.domain, sizeof(out->name.domain), "%s", (*found)->domain ?: "");
		out->realm[0] = '\0';
		rc = 0;
	}
	pthread_mutex_unlock(&lock);
	if (!rc && !out->name.domain[0])
		sid_machine_name(out->name.domain);
	return rc;
}

static int map_by_sid(struct identity *out)
{
	struct map_line key = { .sid = out->sid };

	return map_find(IDENTITY_BY_SID, &key, IDENTITY_USER | IDENTITY_GROUP, out);
}

static int map_by_id(unsigned int kind, struct identity *out)
{
	struct map_line key = { .kind = kind, .id = out->id };

	return map_find(IDENTITY_BY_ID, &key, kind, out);
}

/* A name without a domain belongs to a line without one. */
static int map_by_name(unsigned int kinds, struct identity *out)
{
	char name[NSS_NAME_SIZE], domain[NSS_NAME_SIZE], own[NSS_NAME_SIZE];
	struct map_line key = { .name = name };

	memcpy(name, out->name.name, sizeof(name));
	memcpy(domain, out->name.domain, sizeof(domain));
	sid_machine_name(own);
	if (domain[0] && strcasecmp(domain, own))
		key.domain = domain;
	return map_find(IDENTITY_BY_NAME, &key, kinds, out);
}

const struct identity_source identity_map = {
	.title = "map",
	.by_sid = map_by_sid,
	.by_id = map_by_id,
	.by_name = map_by_name,
};
