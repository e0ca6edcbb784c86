// SPDX-License-Identifier: GPL-2.0-only
/* Home shares: what the rule makes of a user; see homes.h. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ditto-nl-gen.h"
#include "homes.h"
#include "mem.h"

bool homes_check(const struct share *rule, struct why *why)
{
	const char *at = rule->path;
	bool user = false;

	while ((at = strchr(at, '%'))) {
		if (!at[1] || !strchr("UD%", at[1]))
			return why_not(why,
				       "[homes]: path: '%.2s' is not allowed: %%U for the user, %%D for the domain, and %%%% for %% are",
				       at);
		user |= at[1] == 'U';
		at += 2;
	}
	if (!user)
		return why_not(why,
			       "[homes]: path: %%U is missing, which stands for the name of the user, as in /srv/home/%%U");
	if (rule->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID) || rule->mountpoint ||
	    rule->snapshot_keep[0].period || rule->offload_store || rule->offload)
		return why_not(why,
			       "[homes]: id, mountpoint, snapshot-schedule, offload and offload-store are for one share");
	if (rule->given.attrs & (SHARE_BIT(DITTO_A_SHARE_USERS) |
				 SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS) |
				 SHARE_BIT(DITTO_A_SHARE_FORCE_UID) |
				 SHARE_BIT(DITTO_A_SHARE_FORCE_GID)))
		return why_not(why,
			       "[homes]: user, group, default-access, force-user and force-group: only its user has a home share, as himself; others use a share of the directory above");
	if (rule->given.attrs & SHARE_BIT(DITTO_A_SHARE_PROTOCOLS))
		return why_not(why,
			       "[homes]: protocols: home shares are for SMB; for NFS, add a share of the directory above");
	return true;
}

/* What comes before the first '%', without the slash there and what is behind that. */
size_t homes_fixed_len(const char *path)
{
	size_t len = strcspn(path, "%");

	while (len && path[len] != '/')
		len--;
	return len;
}

bool homes_name_is(const char *a, const char *b)
{
	return !strcasecmp(a, b);
}

/* Is it a name that clients, or smb.conf, have another meaning for? */
static bool home_name_is_reserved(const char *name)
{
	static const char *const reserved[] = { "homes", "global", "printers", "IPC$" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (homes_name_is(name, reserved[i]))
			return true;
	return false;
}

/* A name may become one of a directory: it leads nowhere else, and is not a machine's. */
static bool home_name_is_good(const char *name)
{
	const unsigned char *at = (const unsigned char *)name;

	if (!name[0] || strlen(name) > NAME_MAX || !strcmp(name, ".") || !strcmp(name, "..") ||
	    name[strlen(name) - 1] == '$')
		return false;
	for (; *at; at++)
		if (*at < ' ' || *at == 0x7f || *at == '/' || *at == '\\')
			return false;
	return true;
}

/* Put the user and the domain into the path of a rule. The caller frees it. */
static char *home_path(const char *rule, const char *user, const char *domain)
{
	char *path = mem_string(""), *longer;
	const char *word;
	int len;

	for (; *rule; rule += len) {
		len = (int)strcspn(rule, "%");
		longer = mem_print("%s%.*s", path, len, rule);
		free(path);
		path = longer;
		if (!rule[len])
			break;
		word = rule[len + 1] == 'U' ? user : rule[len + 1] == 'D' ? domain : "%";
		longer = mem_print("%s%s", path, word);
		free(path);
		path = longer;
		len += 2;
	}
	return path;
}

/* Give a copy of the rule its name, its path and its only user. */
static struct share *home_share(const struct share *rule, const char *name, const char *path,
				u32 uid, struct why *why)
{
	struct share *s = share_dup(rule);
	char *access = NULL;

	free(s->name);
	s->name = mem_string(name);
	s->home_uid = uid;
	s->default_access = DITTO_SHARE_RIGHT_NONE;
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS) |
			  SHARE_BIT(DITTO_A_SHARE_HOME_UID);
	access = mem_print("%u=write", uid);
	if (!share_check_name(name, why) || !share_set_path(s, path, why) ||
	    !share_set_protocols(s, "smb", why) || !share_add_user(s, access, why)) {
		share_free(s);
		s = NULL;
	}
	free(access);
	return s;
}

struct share *homes_make(const struct share *rule, const struct home_user *user, struct why *why)
{
	const char *domain = user->domain, *bare = strchr(user->name, '\\');
	char *before = NULL, *path;
	struct share *s = NULL;

	if (bare) {
		before = mem_print("%.*s", (int)(bare - user->name), user->name);
		domain = before;
		bare++;
	} else {
		bare = user->name;
		if (strchr(bare, '@')) {
			before = mem_print("%.*s", (int)strcspn(bare, "@"), bare);
			domain = strchr(bare, '@') + 1;
			bare = before;
		}
	}
	if (strstr(rule->path, "%D") && !domain[0]) {
		why_not(why, "nobody but the client says the domain of the user, for %%D");
	} else if (!home_name_is_good(bare) ||
		   (strstr(rule->path, "%D") && !home_name_is_good(domain))) {
		why_not(why, "the name cannot be one of a directory");
	} else if (home_name_is_reserved(bare)) {
		why_not(why, "the name is one that shares of single users cannot have");
	} else {
		path = home_path(rule->path, bare, domain);
		s = home_share(rule, bare, path, user->uid, why);
		free(path);
	}
	free(before);
	return s;
}

/* Could the path be one that the rule makes for a user? A domain is any name. */
static bool home_path_fits(const char *rule, const char *path, const char *user)
{
	size_t len;

	for (; *rule; rule++) {
		if (*rule != '%') {
			if (*rule != *path++)
				return false;
			continue;
		}
		rule++;
		if (*rule == 'U') {
			len = strlen(user);
			if (strncmp(path, user, len))
				return false;
			path += len;
		} else if (*rule == '%') {
			if (*path++ != '%')
				return false;
		} else {
			for (len = 1; path[len - 1] && path[len - 1] != '/'; len++)
				if (home_path_fits(rule + 1, path + len, user))
					return true;
			return false;
		}
	}
	return !*path;
}

struct share *homes_make_again(const struct share *rule, const struct share *have)
{
	struct why why;

	if (!rule || !have->path || !home_path_fits(rule->path, have->path, have->name))
		return NULL;
	return home_share(rule, have->name, have->path, have->home_uid, &why);
}
