// SPDX-License-Identifier: GPL-2.0-only
/* Rules that give names to the certificates of clients, see cert_map.h. */

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cert_map.h"
#include "mem.h"

/* Name in a rule that refuses, as in the rules for clients and users. */
#define REFUSED	"none"

static const char *const parts[CERT_PARTS] = {
	[CERT_DNS] = "dns:", [CERT_FINGERPRINT] = "fingerprint:", [CERT_SUBJECT] = "subject:",
};

/* The kernel accepts the same names, see ditto_proved_is_valid(). */
static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= CERT_NAME_SIZE)
		return false;
	for (; *name; name++)
		if (!isascii(*name) || !(isalnum((unsigned char)*name) || strchr("-_.", *name)))
			return false;
	return true;
}

/* Copy the text between two ends without the spaces around it. */
static char *text_trimmed(const char *from, const char *end)
{
	from += strspn(from, " \t");
	while (end > from && strchr(" \t", end[-1]))
		end--;
	return mem_print("%.*s", end > from ? (int)(end - from) : 0, from);
}

/* Write a fingerprint without colons and in small digits. */
static bool print_read(char *pattern, struct why *why)
{
	const char *from;
	char *to = pattern;

	for (from = pattern; *from; from++)
		if (*from != ':')
			*to++ = (char)tolower((unsigned char)*from);
	*to = '\0';
	if (strlen(pattern) != CERT_PRINT_SIZE - 1 ||
	    strspn(pattern, "0123456789abcdef") != CERT_PRINT_SIZE - 1)
		return why_not(why,
			       "'%.200s' is no fingerprint: %d hexadecimal digits of SHA-256 are",
			       pattern, CERT_PRINT_SIZE - 1);
	return true;
}

static void rule_free(struct cert_rule *rule)
{
	free(rule->pattern);
	free(rule->name);
}

static bool rule_read(struct cert_rule *rule, const char *text, struct why *why)
{
	const char *end = strrchr(text, '=');
	unsigned int i;
	size_t len;

	text += strspn(text, " \t");
	for (i = 0; i < CERT_PARTS; i++)
		if (!strncasecmp(text, parts[i], strlen(parts[i])))
			break;
	if (i == CERT_PARTS || !end)
		return why_not(why,
			       "'%.200s' is not allowed: dns:PATTERN = NAME, fingerprint:DIGITS = NAME or subject:PATTERN = NAME is",
			       text);
	rule->part = (enum cert_part)i;
	len = strlen(parts[i]);
	rule->pattern = end > text + len ? text_trimmed(text + len, end) : mem_string("");
	rule->name = text_trimmed(end + 1, end + 1 + strlen(end + 1));
	if (!rule->pattern[0] || strchr(rule->pattern, '\n'))
		return why_not(why, "'%.200s' has no pattern", text);
	if (!name_is_valid(rule->name))
		return why_not(why,
			       "'%.200s' is no name of a client: letters, digits, '-', '_' and '.' are",
			       rule->name);
	if (!strcmp(rule->name, REFUSED)) {
		free(rule->name);
		rule->name = NULL;
	}
	return rule->part != CERT_FINGERPRINT || print_read(rule->pattern, why);
}

bool cert_map_add(struct cert_map *map, const char *text, struct why *why)
{
	struct cert_rule rule = { .pattern = NULL };

	if (map->n == CERT_RULES_MAX)
		return why_not(why, "there are more than %d rules", CERT_RULES_MAX);
	if (!rule_read(&rule, text, why)) {
		rule_free(&rule);
		return false;
	}
	map->rules = mem_grow(map->rules, map->n, sizeof(*map->rules));
	map->rules[map->n++] = rule;
	return true;
}

void cert_map_free(struct cert_map *map)
{
	while (map->n)
		rule_free(&map->rules[--map->n]);
	free(map->rules);
	map->rules = NULL;
}

char *cert_map_text(const struct cert_map *map)
{
	char *text = mem_string("");
	unsigned int i;

	for (i = 0; i < map->n; i++) {
		const struct cert_rule *rule = &map->rules[i];
		char *longer = mem_print("%s%s%s=%s\n", text, parts[rule->part], rule->pattern,
					 rule->name ? rule->name : REFUSED);

		free(text);
		text = longer;
	}
	return text;
}

bool cert_map_read(struct cert_map *map, const char *text, size_t len, struct why *why)
{
	bool good = true;

	while (len && good) {
		const char *end = memchr(text, '\n', len);
		char *line;

		if (!end)
			return why_not(why, "the rules for certificates are cut");
		line = mem_print("%.*s", (int)(end - text), text);
		good = cert_map_add(map, line, why);
		free(line);
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return good;
}

/*
 * A wildcard stands for machines that a rule before may refuse by name, and gives none. It can be
 * refused itself.
 */
static bool rule_may_use(const struct cert_rule *rule, const char *name)
{
	return !rule->name || !strchr(name, '*');
}

static bool rule_matches(const struct cert_rule *rule, const struct cert_id *id)
{
	unsigned int i;

	switch (rule->part) {
	case CERT_DNS:
		for (i = 0; i < id->n; i++)
			if (rule_may_use(rule, id->names[i]) &&
			    !fnmatch(rule->pattern, id->names[i], FNM_NOESCAPE | FNM_CASEFOLD))
				return true;
		return false;
	case CERT_FINGERPRINT:
		return !strcmp(rule->pattern, id->print);
	default:
		return !fnmatch(rule->pattern, id->subject, FNM_NOESCAPE);
	}
}

bool cert_map_find(const struct cert_map *map, const struct cert_id *id,
		   char name[CERT_NAME_SIZE])
{
	unsigned int i;

	name[0] = '\0';
	for (i = 0; i < map->n; i++) {
		if (!rule_matches(&map->rules[i], id))
			continue;
		if (map->rules[i].name)
			snprintf(name, CERT_NAME_SIZE, "%s", map->rules[i].name);
		return map->rules[i].name;
	}
	for (i = 0; i < id->n && !map->n; i++) {
		if (name_is_valid(id->names[i])) {
			snprintf(name, CERT_NAME_SIZE, "%s", id->names[i]);
			break;
		}
	}
	return !map->n;
}
