// SPDX-License-Identifier: GPL-2.0-only
/* Security identifiers and their names. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sid.h"

/* MS-DTYP section 2.4.2.4. */
static const struct {
	struct sid sid;
	enum sid_use use;
	const char *domain;
	const char *name;
} well_known[] = {
	{ { 0, 1, { 0 } }, SID_USE_WELL_KNOWN, "", "NULL SID" },
	{ { 1, 1, { 0 } }, SID_USE_WELL_KNOWN, "", "Everyone" },
	{ { 2, 1, { 0 } }, SID_USE_WELL_KNOWN, "", "LOCAL" },
	{ { 3, 1, { 0 } }, SID_USE_WELL_KNOWN, "", "CREATOR OWNER" },
	{ { 3, 1, { 1 } }, SID_USE_WELL_KNOWN, "", "CREATOR GROUP" },
	{ { 3, 1, { 4 } }, SID_USE_WELL_KNOWN, "", "OWNER RIGHTS" },
	{ { 5, 1, { 2 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "NETWORK" },
	{ { 5, 1, { 4 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "INTERACTIVE" },
	{ { 5, 1, { 7 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "ANONYMOUS LOGON" },
	{ { 5, 1, { 10 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "SELF" },
	{ { 5, 1, { 11 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "Authenticated Users" },
	{ { 5, 1, { 18 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "SYSTEM" },
	{ { 5, 1, { 19 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "LOCAL SERVICE" },
	{ { 5, 1, { 20 } }, SID_USE_WELL_KNOWN, "NT AUTHORITY", "NETWORK SERVICE" },
	{ { 5, 1, { 32 } }, SID_USE_DOMAIN, "BUILTIN", "BUILTIN" },
	{ { SID_AUTHORITY_UNIX, 1, { SID_UNIX_USERS } }, SID_USE_DOMAIN, SID_USERS_DOMAIN,
	  SID_USERS_DOMAIN },
	{ { SID_AUTHORITY_UNIX, 1, { SID_UNIX_GROUPS } }, SID_USE_DOMAIN, SID_GROUPS_DOMAIN,
	  SID_GROUPS_DOMAIN },
	{ { 5, 2, { 32, 544 } }, SID_USE_ALIAS, "BUILTIN", "Administrators" },
	{ { 5, 2, { 32, 545 } }, SID_USE_ALIAS, "BUILTIN", "Users" },
	{ { 5, 2, { 32, 546 } }, SID_USE_ALIAS, "BUILTIN", "Guests" },
};

static void set_sid(struct sid *sid, u64 authority, unsigned int nsubs, u32 first, u32 second)
{
	memset(sid, 0, sizeof(*sid));
	sid->authority = authority;
	sid->nsubs = nsubs;
	sid->sub[0] = first;
	sid->sub[1] = second;
}

void sid_of_user(struct sid *sid, uid_t uid)
{
	set_sid(sid, SID_AUTHORITY_UNIX, 2, SID_UNIX_USERS, uid);
}

void sid_of_group(struct sid *sid, gid_t gid)
{
	set_sid(sid, SID_AUTHORITY_UNIX, 2, SID_UNIX_GROUPS, gid);
}

void sid_of_anonymous(struct sid *sid)
{
	set_sid(sid, SID_AUTHORITY_NT, 1, 7, 0);
}

size_t sid_size(const struct sid *sid)
{
	return 8 + 4 * sid->nsubs;
}

size_t sid_put(const struct sid *sid, u8 out[SID_SIZE_MAX])
{
	unsigned int i;

	out[0] = 1;
	out[1] = (u8)sid->nsubs;
	for (i = 0; i < 6; i++)
		out[2 + i] = (u8)(sid->authority >> (40 - 8 * i));
	for (i = 0; i < 4 * sid->nsubs; i++)
		out[8 + i] = (u8)(sid->sub[i / 4] >> (8 * (i % 4)));
	return sid_size(sid);
}

size_t sid_get(struct sid *sid, const u8 *in, size_t len)
{
	unsigned int i;

	memset(sid, 0, sizeof(*sid));
	if (len < 8 || in[0] != 1 || in[1] > SID_SUBS_MAX || len < 8 + 4 * (size_t)in[1])
		return 0;
	sid->nsubs = in[1];
	for (i = 0; i < 6; i++)
		sid->authority = sid->authority << 8 | in[2 + i];
	for (i = 0; i < 4 * sid->nsubs; i++)
		sid->sub[i / 4] |= (u32)in[8 + i] << (8 * (i % 4));
	return sid_size(sid);
}

bool sid_same(const struct sid *a, const struct sid *b)
{
	return a->authority == b->authority && a->nsubs == b->nsubs &&
	       !memcmp(a->sub, b->sub, a->nsubs * sizeof(a->sub[0]));
}

void sid_domain(const struct sid *sid, struct sid *domain)
{
	*domain = *sid;
	if (domain->nsubs)
		domain->sub[--domain->nsubs] = 0;
}

void sid_append(struct sid *sid, u32 rid)
{
	if (sid->nsubs < SID_SUBS_MAX)
		sid->sub[sid->nsubs++] = rid;
}

/*
 * Authorities that fit in 32 bits are decimal, larger ones hexadecimal (MS-DTYP section 2.4.2.1).
 */
void sid_text(const struct sid *sid, char out[NSS_NAME_SIZE])
{
	unsigned int i;
	int len;

	len = snprintf(out, NSS_NAME_SIZE, sid->authority >> 32 ? "S-1-0x%012llx" : "S-1-%llu",
		       sid->authority);
	for (i = 0; i < sid->nsubs && len < NSS_NAME_SIZE; i++)
		len += snprintf(out + len, NSS_NAME_SIZE - (size_t)len, "-%u", sid->sub[i]);
}

void sid_machine_name(char name[NSS_NAME_SIZE])
{
	char *p;

	memset(name, 0, NSS_NAME_SIZE);
	if (gethostname(name, NSS_NAME_SIZE - 1) || !name[0])
		memcpy(name, "DITTO", sizeof("DITTO"));
	name[strcspn(name, ".")] = '\0';
	for (p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

static void set_name(struct sid_name *name, enum sid_use use, const char *domain,
		     const char *text)
{
	name->use = use;
	snprintf(name->domain, sizeof(name->domain), "%s", domain);
	if (text != name->name)
		snprintf(name->name, sizeof(name->name), "%s", text);
}

static bool may_be(const char *domain, const char *ours)
{
	return !domain[0] || !strcasecmp(domain, ours);
}

bool sid_well_known_by_sid(const struct sid *sid, struct sid_name *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(well_known); i++)
		if (sid_same(sid, &well_known[i].sid)) {
			set_name(name, well_known[i].use, well_known[i].domain,
				 well_known[i].name);
			return true;
		}
	return false;
}

bool sid_well_known_by_name(struct sid_name *name, struct sid *sid)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(well_known); i++)
		if (!strcasecmp(name->name, well_known[i].name) &&
		    may_be(name->domain, well_known[i].domain)) {
			*sid = well_known[i].sid;
			set_name(name, well_known[i].use, well_known[i].domain,
				 well_known[i].name);
			return true;
		}
	return false;
}

/* Read a decimal number up to @max. */
static bool sid_number(const char **text, u64 max, u64 *value)
{
	const char *start = *text;

	for (*value = 0; **text >= '0' && **text <= '9'; (*text)++) {
		*value = *value * 10 + (u64)(**text - '0');
		if (*value > max)
			return false;
	}
	return *text > start;
}

bool sid_parse(const char *text, struct sid *sid)
{
	char *end;
	u64 sub;

	memset(sid, 0, sizeof(*sid));
	if (strncasecmp(text, "S-1-", 4))
		return false;
	text += 4;
	if (!strncasecmp(text, "0x", 2)) {
		if (strspn(text + 2, "0123456789abcdefABCDEF") != 12)
			return false;
		sid->authority = strtoull(text, &end, 16);
		text = end;
	} else {
		u64 authority;

		if (!sid_number(&text, UINT32_MAX, &authority))
			return false;
		sid->authority = authority;
	}
	while (*text) {
		if (*text++ != '-' || sid->nsubs == SID_SUBS_MAX ||
		    !sid_number(&text, UINT32_MAX, &sub))
			return false;
		sid->sub[sid->nsubs++] = (u32)sub;
	}
	return sid->nsubs;
}

/* The group of all local users, for clients that expect one. */
static void set_none(struct sid_name *name)
{
	char machine[NSS_NAME_SIZE];

	sid_machine_name(machine);
	set_name(name, SID_USE_GROUP, machine, "None");
}

static void sid_of_none(const struct sid_accounts *accounts, struct sid *sid)
{
	*sid = accounts->machine;
	sid_append(sid, SID_RID_NONE);
}

int sid_to_name(const struct sid_accounts *accounts, const struct sid *sid,
		struct sid_name *name)
{
	struct sid asked = *sid, none;

	if (!sid->nsubs)
		return -ENOENT;
	if (sid_well_known_by_sid(sid, name))
		return 0;
	if (sid_same(sid, &accounts->machine)) {
		sid_machine_name(name->domain);
		name->use = SID_USE_DOMAIN;
		memcpy(name->name, name->domain, sizeof(name->name));
		return 0;
	}
	sid_of_none(accounts, &none);
	if (sid_same(sid, &none)) {
		set_none(name);
		return 0;
	}
	return accounts->find(accounts->arg, false, &asked, name);
}

int sid_split(const char *text, struct sid_name *out)
{
	const char *backslash = strchr(text, '\\');
	const char *at = backslash ? NULL : strrchr(text, '@');
	const char *domain = backslash ? text : at ? at + 1 : "";
	size_t domain_len = backslash ? (size_t)(backslash - text) : strlen(domain);
	const char *name = backslash ? backslash + 1 : text;
	size_t name_len = at ? (size_t)(at - text) : strlen(name);

	if (domain_len >= sizeof(out->domain) || name_len >= sizeof(out->name))
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	memcpy(out->domain, domain, domain_len);
	memcpy(out->name, name, name_len);
	return 0;
}

int sid_from_name(const struct sid_accounts *accounts, const char *text, struct sid *sid,
		  struct sid_name *name)
{
	char machine[NSS_NAME_SIZE];
	struct sid_name known;
	bool is_domain;

	if (sid_split(text, name))
		return -ENOENT;
	/* "DOMAIN\\" is the domain itself. */
	is_domain = !name->name[0];
	if (is_domain) {
		memcpy(name->name, name->domain, sizeof(name->name));
		name->domain[0] = '\0';
	}
	known = *name;
	if (sid_well_known_by_name(&known, sid) && (!is_domain || known.use == SID_USE_DOMAIN)) {
		*name = known;
		return 0;
	}
	sid_machine_name(machine);
	if (!name->domain[0] && !strcasecmp(name->name, machine)) {
		*sid = accounts->machine;
		set_name(name, SID_USE_DOMAIN, machine, machine);
		return 0;
	}
	if (!strcasecmp(name->domain, machine) && !strcasecmp(name->name, "None")) {
		sid_of_none(accounts, sid);
		set_none(name);
		return 0;
	}
	return is_domain ? -ENOENT : accounts->find(accounts->arg, true, sid, name);
}
