// SPDX-License-Identifier: GPL-2.0-only
/* Rules that map the names of realms and domains to accounts of this machine. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "user_map.h"

/* Value of a rule that denies, as in the rules for clients and users of shares. */
#define DENY	"none"

/* Copy the text between two ends without the spaces around it. Returns false if it is too long. */
static bool rule_copy(char out[NSS_NAME_SIZE], const char *from, const char *end)
{
	from += strspn(from, " \t");
	while (end > from && strchr(" \t", end[-1]))
		end--;
	if (end < from)
		end = from;
	if (end - from >= NSS_NAME_SIZE)
		return false;
	memcpy(out, from, (size_t)(end - from));
	out[end - from] = '\0';
	return true;
}

static unsigned int count_stars(const char *text)
{
	unsigned int n = 0;

	for (; (text = strchr(text, '*')); text++)
		n++;
	return n;
}

static bool rule_parse(struct user_rule *rule, const char *text, struct why *why)
{
	const char *end = strrchr(text, '=');
	const char *separator;

	memset(rule, 0, sizeof(*rule));
	if (!end)
		return why_not(why, "'%.200s' is not allowed: PATTERN = ACCOUNT is", text);
	separator = memchr(text, '\\', (size_t)(end - text));
	rule->kind = separator ? USER_OF_DOMAIN : USER_OF_REALM;
	if (!separator)
		separator = memrchr(text, '@', (size_t)(end - text));
	if (!separator)
		return why_not(why, "'%.200s' is not allowed: user@REALM or DOMAIN\\user is",
			       text);
	if (!(rule->kind == USER_OF_DOMAIN ?
	      rule_copy(rule->domain, text, separator) &&
	      rule_copy(rule->user, separator + 1, end) :
	      rule_copy(rule->user, text, separator) &&
	      rule_copy(rule->domain, separator + 1, end)) ||
	    !rule_copy(rule->account, end + 1, end + 1 + strlen(end + 1)))
		return why_not(why, "names have at most %u characters", NSS_NAME_SIZE - 1);
	if (!rule->user[0] || !rule->domain[0] || strpbrk(rule->user, " \t\\@") ||
	    strpbrk(rule->domain, " \t\\@="))
		return why_not(why, "'%.200s' is not allowed: user@REALM or DOMAIN\\user is",
			       text);
	/* A realm that matches a pattern could be one that nobody here knows. */
	if (strchr(rule->domain, '*'))
		return why_not(why, "'%s': a realm or domain is written without '*'",
			       rule->domain);
	if (!rule->account[0] || strpbrk(rule->account, " \t:"))
		return why_not(why, "'%s' is no account: a name, * or " DENY " is allowed",
			       rule->account);
	if (count_stars(rule->user) > 1 || count_stars(rule->account) > count_stars(rule->user))
		return why_not(why,
			       "only one '*' is allowed, and in the account only with one in the pattern");
	rule->deny = !strcmp(rule->account, DENY);
	return true;
}

bool user_map_add(struct user_map *map, const char *text, struct why *why)
{
	struct user_rule rule;
	unsigned int i;

	if (!rule_parse(&rule, text, why))
		return false;
	for (i = 0; i < map->n; i++)
		if (map->rules[i].kind == rule.kind && !strcmp(map->rules[i].user, rule.user) &&
		    !strcmp(map->rules[i].domain, rule.domain))
			return why_not(why, "'%s' and '%s' are there twice", rule.user,
				       rule.domain);
	map->rules = mem_grow(map->rules, map->n, sizeof(*map->rules));
	map->rules[map->n++] = rule;
	return true;
}

void user_map_copy(struct user_map *to, const struct user_map *from)
{
	*to = *from;
	to->rules = mem_new((from->n + 1) * sizeof(*to->rules));
	if (from->n)
		memcpy(to->rules, from->rules, from->n * sizeof(*to->rules));
}

void user_map_free(struct user_map *map)
{
	free(map->rules);
	map->rules = NULL;
	map->n = 0;
}

/*
 * Find the part of @user that the '*' of a rule stands for. Returns its length, or -1 if the rule
 * does not match. A directory may give tickets for a name in whatever case the client writes it,
 * so a rule that denies has no case.
 */
static int rule_match(const struct user_rule *rule, const char *user, const char **part)
{
	bool nocase = rule->kind == USER_OF_DOMAIN || rule->deny;
	int (*compare)(const char *a, const char *b, size_t n) = nocase ? strncasecmp : strncmp;
	size_t before = strcspn(rule->user, "*");
	const char *rest = rule->user + before;
	size_t len = strlen(user);
	size_t after;

	*part = user;
	if (!*rest)
		return len == before && !compare(user, rule->user, len) ? 0 : -1;
	after = strlen(++rest);
	if (len < before + after || compare(user, rule->user, before) ||
	    compare(user + len - after, rest, after))
		return -1;
	*part = user + before;
	len -= before + after;
	/* "alice/admin" and "host/server" are not ordinary users, nor is "alice@elsewhere". */
	if (!rule->deny && strcspn(*part, "/@\\") < len)
		return -1;
	return (int)len;
}

const struct user_rule *user_map_find(const struct user_map *map, enum user_kind kind,
				      const char *user, const char *domain)
{
	const char *part;
	unsigned int i;

	for (i = 0; i < map->n; i++) {
		const struct user_rule *rule = &map->rules[i];
		bool nocase = kind == USER_OF_DOMAIN || rule->deny;

		if (rule->kind == kind && rule_match(rule, user, &part) >= 0 &&
		    !(nocase ? strcasecmp : strcmp)(rule->domain, domain))
			return rule;
	}
	return NULL;
}

bool user_rule_account(const struct user_rule *rule, const char *user,
		       char account[NSS_NAME_SIZE])
{
	const char *star = strchr(rule->account, '*');
	const char *part;
	int len, size;
	char *c;

	len = rule_match(rule, user, &part);
	if (len < 0)
		return false;
	if (!star)
		size = snprintf(account, NSS_NAME_SIZE, "%s", rule->account);
	else
		size = snprintf(account, NSS_NAME_SIZE, "%.*s%.*s%s",
				(int)(star - rule->account), rule->account, len, part, star + 1);
	if (!size || size >= NSS_NAME_SIZE)
		return false;
	/* Names of a domain have no case, names of accounts are in lower case. */
	if (star && rule->kind == USER_OF_DOMAIN)
		for (c = account + (star - rule->account); len; c++, len--)
			*c = (char)tolower((unsigned char)*c);
	return true;
}

const char *user_rule_text(const struct user_rule *rule, char buf[USER_MAP_TEXT_MAX])
{
	bool windows = rule->kind == USER_OF_DOMAIN;

	snprintf(buf, USER_MAP_TEXT_MAX, "%s%c%s = %s", windows ? rule->domain : rule->user,
		 windows ? '\\' : '@', windows ? rule->user : rule->domain, rule->account);
	return buf;
}
