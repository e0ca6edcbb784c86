// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: well-known SIDs, and BUILTIN aliases that stand for groups of this machine.
 *
 * An alias is a further SID of its group. The number of the group keeps the SID that other sources
 * give it.
 */

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cache.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct identity_aliases builtin;

static bool copy_word(char out[NSS_NAME_SIZE], const char *from, const char *end)
{
	from += strspn(from, " \t");
	while (end > from && strchr(" \t", end[-1]))
		end--;
	if (end <= from || end - from >= NSS_NAME_SIZE)
		return false;
	/* Whole structures are compared. */
	memset(out, 0, NSS_NAME_SIZE);
	memcpy(out, from, (size_t)(end - from));
	return true;
}

bool identity_alias_add(struct identity_aliases *aliases, const char *text, struct why *why)
{
	char alias[NSS_NAME_SIZE], group[NSS_NAME_SIZE];
	const char *equal = strchr(text, '=');
	struct sid_name name = { .domain = "BUILTIN" };
	struct sid sid;
	unsigned int i;

	if (!equal || !copy_word(alias, text, equal) ||
	    !copy_word(group, equal + 1, equal + 1 + strlen(equal + 1)))
		return why_not(why, "'%.200s' is not allowed: ALIAS = GROUP is", text);
	memcpy(name.name, alias, sizeof(alias));
	if (!sid_well_known_by_name(&name, &sid) || sid.nsubs != 2)
		return why_not(why,
			       "'%s' is not allowed: Administrators, Users and Guests are", alias);
	for (i = 0; i < aliases->n; i++)
		if (aliases->alias[i].rid == sid.sub[1])
			return why_not(why, "'%s' is there twice", alias);
	/* Each alias is there once, and there are fewer aliases than places. */
	aliases->alias[aliases->n].rid = sid.sub[1];
	memcpy(aliases->alias[aliases->n++].group, group, sizeof(group));
	return true;
}

void identity_builtin_set(const struct identity_aliases *aliases)
{
	bool same;

	pthread_mutex_lock(&lock);
	same = !memcmp(&builtin, aliases, sizeof(builtin));
	builtin = *aliases;
	pthread_mutex_unlock(&lock);
	if (!same)
		identity_cache_clear();
}

unsigned int identity_aliases_get(struct sid sid[IDENTITY_ALIASES_MAX])
{
	unsigned int n, i;

	pthread_mutex_lock(&lock);
	n = builtin.n;
	for (i = 0; i < n; i++)
		sid[i] = (struct sid){ .authority = SID_AUTHORITY_NT, .nsubs = 2,
				       .sub = { SID_NT_BUILTIN, builtin.alias[i].rid } };
	pthread_mutex_unlock(&lock);
	return n;
}

/* Get the group that an alias stands for. */
static bool alias_group(const struct sid *sid, char group[NSS_NAME_SIZE])
{
	bool found = false;
	unsigned int i;

	if (sid->authority != SID_AUTHORITY_NT || sid->nsubs != 2 || sid->sub[0] != SID_NT_BUILTIN)
		return false;
	pthread_mutex_lock(&lock);
	for (i = 0; i < builtin.n; i++)
		if (builtin.alias[i].rid == sid->sub[1]) {
			memcpy(group, builtin.alias[i].group, NSS_NAME_SIZE);
			found = true;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

/* Find the SID in question; false if it is not well known. */
static bool well_known_sid(const struct identity_query *q, struct sid *sid)
{
	struct sid_name name = q->who.name;

	if (q->by == IDENTITY_BY_NAME)
		return sid_well_known_by_name(&name, sid);
	*sid = q->who.sid;
	return q->by == IDENTITY_BY_SID && sid_well_known_by_sid(sid, &name);
}

static bool well_known_may_know(const struct identity_query *q)
{
	char group[NSS_NAME_SIZE];
	struct sid sid;

	return well_known_sid(q, &sid) && !alias_group(&sid, group);
}

static int well_known_by_sid(struct identity *out)
{
	out->realm[0] = '\0';
	return sid_well_known_by_sid(&out->sid, &out->name) ? 0 : -ENOENT;
}

static int well_known_by_name(unsigned int kinds, struct identity *out)
{
	(void)kinds;
	out->realm[0] = '\0';
	return sid_well_known_by_name(&out->name, &out->sid) ? 0 : -ENOENT;
}

const struct identity_source identity_well_known = {
	.title = "well-known",
	.may_know = well_known_may_know,
	.by_sid = well_known_by_sid,
	.by_name = well_known_by_name,
};

static bool builtin_may_know(const struct identity_query *q)
{
	char group[NSS_NAME_SIZE];
	struct sid sid;

	return well_known_sid(q, &sid) && alias_group(&sid, group);
}

/* An alias whose group does not exist is still an alias. */
static int builtin_by_sid(struct identity *out)
{
	char group[NSS_NAME_SIZE];
	int rc;

	out->realm[0] = '\0';
	if (!sid_well_known_by_sid(&out->sid, &out->name))
		return -ENOENT;
	if (!alias_group(&out->sid, group))
		return 0;
	rc = nss_group_id(group, &out->id);
	out->kinds = rc ? 0 : IDENTITY_GROUP;
	return rc == -ENOENT ? 0 : rc;
}

static int builtin_by_name(unsigned int kinds, struct identity *out)
{
	(void)kinds;
	return sid_well_known_by_name(&out->name, &out->sid) ? builtin_by_sid(out) : -ENOENT;
}

const struct identity_source identity_builtin = {
	.title = "BUILTIN",
	.blocks = true,
	/* Each login asks for each alias. */
	.keep_ms = 60000,
	.keep_not_ms = 60000,
	.may_know = builtin_may_know,
	.by_sid = builtin_by_sid,
	.by_name = builtin_by_name,
};
