// SPDX-License-Identifier: GPL-2.0-only
/* Security identifiers and their mapping to names. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sid.h"

/* SECURITY_NT_AUTHORITY, and by convention the authority of Unix accounts. */
#define AUTHORITY_NT	5
#define AUTHORITY_UNIX	22
#define UNIX_USERS	1
#define UNIX_GROUPS	2
/* S-1-5-21-x-y-z is a domain or a machine. */
#define NT_DOMAIN	21

#define USERS_DOMAIN	"Unix User"
#define GROUPS_DOMAIN	"Unix Group"

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
	set_sid(sid, AUTHORITY_UNIX, 2, UNIX_USERS, uid);
}

void sid_of_group(struct sid *sid, gid_t gid)
{
	set_sid(sid, AUTHORITY_UNIX, 2, UNIX_GROUPS, gid);
}

void sid_of_anonymous(struct sid *sid)
{
	set_sid(sid, AUTHORITY_NT, 1, 7, 0);
}

/* FNV-1a; only its distribution matters. */
static u32 sid_spread(const char *text, u32 start)
{
	u32 hash = 2166136261U ^ start;

	for (; *text; text++)
		hash = (hash ^ (u8)*text) * 16777619U;
	return hash;
}

void sid_of_machine(struct sid *sid)
{
	static struct sid machine;
	char identity[128] = "";
	FILE *file;
	u32 i;

	if (machine.nsubs) {
		*sid = machine;
		return;
	}
	file = fopen("/etc/machine-id", "re");
	if (!file || !fgets(identity, sizeof(identity), file) || identity[0] == '\n')
		gethostname(identity, sizeof(identity) - 1);
	if (file)
		fclose(file);
	set_sid(sid, AUTHORITY_NT, 4, NT_DOMAIN, 0);
	for (i = 1; i < 4; i++)
		sid->sub[i] = sid_spread(identity, i);
	machine = *sid;
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
	return 8 + 4 * sid->nsubs;
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

int sid_find(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE])
{
	(void)arg;
	switch (what) {
	case SID_FIND_USER_NAME:
		return nss_user_name(*id, name);
	case SID_FIND_GROUP_NAME:
		return nss_group_name(*id, name);
	case SID_FIND_USER_ID:
		return nss_user_id(name, id);
	case SID_FIND_GROUP_ID:
		return nss_group_id(name, id);
	default:
		return -EINVAL;
	}
}

int sid_to_name(const struct sid_accounts *accounts, const struct sid *sid,
		struct sid_name *name)
{
	struct sid machine;
	size_t i;
	u32 id;
	int rc;

	for (i = 0; i < ARRAY_SIZE(well_known); i++)
		if (sid_same(sid, &well_known[i].sid)) {
			set_name(name, well_known[i].use, well_known[i].domain,
				 well_known[i].name);
			return 0;
		}
	sid_of_machine(&machine);
	if (sid_same(sid, &machine)) {
		sid_machine_name(name->domain);
		name->use = SID_USE_DOMAIN;
		memcpy(name->name, name->domain, sizeof(name->name));
		return 0;
	}
	if (sid->authority != AUTHORITY_UNIX || sid->nsubs != 2)
		return -ENOENT;
	id = sid->sub[1];
	switch (sid->sub[0]) {
	case UNIX_USERS:
		rc = accounts->find(accounts->arg, SID_FIND_USER_NAME, &id, name->name);
		set_name(name, SID_USE_USER, USERS_DOMAIN, name->name);
		return rc;
	case UNIX_GROUPS:
		rc = accounts->find(accounts->arg, SID_FIND_GROUP_NAME, &id, name->name);
		set_name(name, SID_USE_GROUP, GROUPS_DOMAIN, name->name);
		return rc;
	default:
		return -ENOENT;
	}
}

/* Split "DOMAIN\name" or "name@DOMAIN"; @out->domain is empty if there is none. */
static int sid_split(const char *text, struct sid_name *out)
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

static bool may_be(const char *domain, const char *ours)
{
	return !domain[0] || !strcasecmp(domain, ours);
}

/* Look up a user or group of this machine; a user precedes a group of the same name. */
static int find_account(const struct sid_accounts *accounts, struct sid_name *asked,
			const char *machine, struct sid *sid, struct sid_name *name)
{
	bool any = may_be(asked->domain, machine);
	int rc = -ENOENT;
	u32 id;

	if (any || !strcasecmp(asked->domain, USERS_DOMAIN))
		rc = accounts->find(accounts->arg, SID_FIND_USER_ID, &id, asked->name);
	if (!rc) {
		sid_of_user(sid, id);
		set_name(name, SID_USE_USER, USERS_DOMAIN, asked->name);
		return 0;
	}
	if (any || !strcasecmp(asked->domain, GROUPS_DOMAIN))
		rc = accounts->find(accounts->arg, SID_FIND_GROUP_ID, &id, asked->name);
	if (!rc) {
		sid_of_group(sid, id);
		set_name(name, SID_USE_GROUP, GROUPS_DOMAIN, asked->name);
	}
	return rc;
}

int sid_from_name(const struct sid_accounts *accounts, const char *text, struct sid *sid,
		  struct sid_name *name)
{
	char machine[NSS_NAME_SIZE];
	struct sid_name asked;
	bool is_domain;
	size_t i;

	if (sid_split(text, &asked))
		return -ENOENT;
	/* "DOMAIN\" is the domain itself. */
	is_domain = !asked.name[0];
	if (is_domain) {
		memcpy(asked.name, asked.domain, sizeof(asked.name));
		asked.domain[0] = '\0';
	}
	for (i = 0; i < ARRAY_SIZE(well_known); i++)
		if (!strcasecmp(asked.name, well_known[i].name) &&
		    may_be(asked.domain, well_known[i].domain) &&
		    (!is_domain || well_known[i].use == SID_USE_DOMAIN)) {
			*sid = well_known[i].sid;
			set_name(name, well_known[i].use, well_known[i].domain,
				 well_known[i].name);
			return 0;
		}
	sid_machine_name(machine);
	if (!asked.domain[0] && !strcasecmp(asked.name, machine)) {
		sid_of_machine(sid);
		set_name(name, SID_USE_DOMAIN, machine, machine);
		return 0;
	}
	return is_domain ? -ENOENT : find_account(accounts, &asked, machine, sid, name);
}
