// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists as text: "TYPE:WHO:RIGHTS[:FLAGS]", for example
 *
 *	allow:user:alice:full:file-inherit,dir-inherit
 *	deny:everyone@:write-data,append-data
 */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl_text.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"
#include "out.h"

/* Combinations of rights, as the programs of Windows name them. */
static const struct {
	const char *name;
	u32 rights;
} combinations[] = {
	{ "full", 0x1f01ff },
	{ "modify", 0x1301bf },
	{ "read-execute", 0x1200a9 },
	{ "read", 0x120089 },
	{ "write", 0x120116 },
	{ "none", 0 },
};

/* SIDs that are stored as another principal. */
static const struct {
	const char *sid;
	u32 who;
} well_known[] = {
	{ "S-1-1-0", DITTO_ACL_ENTRY_WHO_EVERYONE },
	{ "S-1-3-4", DITTO_ACL_ENTRY_WHO_OWNER_RIGHTS },
	{ "S-1-5-2", DITTO_ACL_ENTRY_WHO_NETWORK },
	{ "S-1-5-7", DITTO_ACL_ENTRY_WHO_ANONYMOUS },
	{ "S-1-5-11", DITTO_ACL_ENTRY_WHO_AUTHENTICATED },
};

/* SIDs of accounts of Unix, by convention. */
#define UNIX_USERS	"S-1-22-1-"
#define UNIX_GROUPS	"S-1-22-2-"

/* A user or group by number. */
static bool id_read(const char *text, u32 who, struct acl_entry *e, struct why *why)
{
	u64 id;

	if (!text_number(text, 0, UINT32_MAX - 1, &id, why))
		return false;
	e->who = who;
	e->id = (u32)id;
	return true;
}

static bool user_read(const char *name, struct acl_entry *e, struct why *why)
{
	const struct passwd *user = getpwnam(name);

	if (!user && name[strspn(name, "0123456789")])
		return why_not(why, "there is no user '%s'", name);
	if (!user)
		return id_read(name, DITTO_ACL_ENTRY_WHO_UID, e, why);
	e->who = DITTO_ACL_ENTRY_WHO_UID;
	e->id = user->pw_uid;
	return true;
}

static bool group_read(const char *name, struct acl_entry *e, struct why *why)
{
	const struct group *group = getgrnam(name);

	if (!group && name[strspn(name, "0123456789")])
		return why_not(why, "there is no group '%s'", name);
	if (!group)
		return id_read(name, DITTO_ACL_ENTRY_WHO_GID, e, why);
	e->who = DITTO_ACL_ENTRY_WHO_GID;
	e->id = group->gr_gid;
	return true;
}

/* "owner@" and the like, "user:NAME", "group:NAME", "sid:S-1-...". */
static bool who_read(const char *text, struct acl_entry *e, struct why *why)
{
	size_t len = strlen(text);
	unsigned int i;

	if (!strncmp(text, "user:", 5))
		return user_read(text + 5, e, why);
	if (!strncmp(text, "group:", 6))
		return group_read(text + 6, e, why);
	if (!strncmp(text, "sid:", 4)) {
		text += 4;
		for (i = 0; i < ARRAY_SIZE(well_known); i++) {
			if (strcmp(text, well_known[i].sid))
				continue;
			e->who = well_known[i].who;
			return true;
		}
		if (!strncmp(text, UNIX_USERS, strlen(UNIX_USERS)))
			return id_read(text + strlen(UNIX_USERS), DITTO_ACL_ENTRY_WHO_UID, e, why);
		if (!strncmp(text, UNIX_GROUPS, strlen(UNIX_GROUPS)))
			return id_read(text + strlen(UNIX_GROUPS), DITTO_ACL_ENTRY_WHO_GID, e,
				       why);
		e->who = DITTO_ACL_ENTRY_WHO_SID;
		return text_sid(text, e->sid, &e->sid_len, why);
	}
	for (i = 0; i < spec_acl_entry_who.count; i++) {
		const char *name = spec_acl_entry_who.names[i];

		if (i == DITTO_ACL_ENTRY_WHO_UID || i == DITTO_ACL_ENTRY_WHO_GID ||
		    i == DITTO_ACL_ENTRY_WHO_SID)
			continue;
		if (len == strlen(name) + 1 && text[len - 1] == '@' &&
		    !strncmp(text, name, len - 1)) {
			e->who = i;
			return true;
		}
	}
	return why_not(why,
		       "'%s' is nobody: user:NAME, group:NAME, sid:S-1-..., owner@, group@, everyone@, authenticated@, anonymous@, network@ or owner-rights@ is",
		       text);
}

/* Names of rights and of combinations, separated by commas. @text is modified. */
static bool rights_read(char *text, u32 *rights, struct why *why)
{
	char *rest = text, *word;

	*rights = 0;
	while ((word = strsep(&rest, ","))) {
		s64 right = spec_enum_value(&spec_acl_right, word);
		size_t i;

		for (i = 0; right < 0 && i < ARRAY_SIZE(combinations); i++)
			if (!strcmp(word, combinations[i].name))
				right = combinations[i].rights;
		if (right < 0) {
			char all[400];

			return why_not(why,
				       "there is no right '%s': full, modify, read-execute, read, write, none, %s are",
				       word, spec_enum_all(&spec_acl_right, all, sizeof(all)));
		}
		*rights |= (u32)right;
	}
	return true;
}

/* Cut the last field off @text. Returns the field, or NULL if there is only one. */
static char *last_field(char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

/* @text is modified. */
static bool entry_read(char *text, struct acl_entry *e, struct why *why)
{
	char *who = strchr(text, ':');
	char *rights, *flags = NULL;
	unsigned int fields = 0;
	const char *p;

	if (who)
		*who++ = '\0';
	for (p = who; p && *p; p++)
		fields += *p == ':';
	if (who && strncmp(who, "user:", 5) && strncmp(who, "group:", 6) &&
	    strncmp(who, "sid:", 4))
		fields++;
	/* Now 2 without flags, and 3 with. */
	if (!who || fields < 2 || fields > 3)
		return why_not(why,
			       "it is not written as TYPE:WHO:RIGHTS or TYPE:WHO:RIGHTS:FLAGS");
	if (fields == 3)
		flags = last_field(who);
	rights = last_field(who);
	return text_enum(text, &spec_acl_entry_type, &e->type, why) && who_read(who, e, why) &&
	       rights_read(rights, &e->rights, why) &&
	       (!flags || text_flags(flags, &spec_acl_entry_flag, &e->flags, why));
}

static void acl_append(struct acl *acl, const struct acl_entry *e)
{
	acl->entry = mem_grow(acl->entry, acl->n, sizeof(*acl->entry));
	acl->entry[acl->n++] = *e;
}

bool acl_add(struct acl *acl, const char *text, struct why *why)
{
	struct acl_entry e = { 0 };
	struct why what;
	char *copy;
	u32 flags;
	bool good;

	if (!strncmp(text, "flags:", 6)) {
		good = text_flags(text + 6, &spec_acl_flag, &flags, &what);
		if (good)
			acl->flags |= flags;
	} else {
		copy = mem_string(text);
		good = entry_read(copy, &e, &what);
		if (good)
			acl_append(acl, &e);
		free(copy);
	}
	return good || why_not(why, "'%s': %s", text, what.text);
}

void acl_free(struct acl *acl)
{
	free(acl->entry);
	acl->entry = NULL;
	acl->n = 0;
}

char *acl_user_text(u32 uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? mem_string(user->pw_name) : mem_print("%u", uid);
}

char *acl_group_text(u32 gid)
{
	const struct group *group = getgrgid(gid);

	return group ? mem_string(group->gr_name) : mem_print("%u", gid);
}

char *acl_who_text(const struct acl_entry *e)
{
	char sid[TEXT_SID_MAX];
	char *name, *text;

	switch (e->who) {
	case DITTO_ACL_ENTRY_WHO_UID:
		name = acl_user_text(e->id);
		text = mem_print("user:%s", name);
		free(name);
		return text;
	case DITTO_ACL_ENTRY_WHO_GID:
		name = acl_group_text(e->id);
		text = mem_print("group:%s", name);
		free(name);
		return text;
	case DITTO_ACL_ENTRY_WHO_SID:
		return mem_print("sid:%s", text_from_sid(e->sid, e->sid_len, sid));
	default:
		return mem_print("%s@", spec_enum_name(&spec_acl_entry_who, e->who));
	}
}

char *acl_flags_text(const struct spec_enum *names, u64 flags)
{
	char *text = mem_string("");
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		char *longer;

		if (!names->names[i] || !(flags & (1ULL << i)))
			continue;
		longer = mem_print("%s%s%s", text, text[0] ? "," : "", names->names[i]);
		free(text);
		text = longer;
	}
	return text;
}

char *acl_rights_text(u32 rights)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(combinations); i++)
		if (rights == combinations[i].rights)
			return mem_string(combinations[i].name);
	return acl_flags_text(&spec_acl_right, rights);
}

char *acl_entry_text(const struct acl_entry *e)
{
	char *who = acl_who_text(e), *rights = acl_rights_text(e->rights);
	char *flags = acl_flags_text(&spec_acl_entry_flag, e->flags);
	char *text;

	text = mem_print("%s:%s:%s%s%s", spec_enum_name(&spec_acl_entry_type, e->type), who, rights,
			 flags[0] ? ":" : "", flags);
	free(who);
	free(rights);
	free(flags);
	return text;
}

bool acl_entry_from(struct acl_entry *e, struct nlattr *nla)
{
	struct nlattr *tb[DITTO_A_ACE_MAX + 1];

	memset(e, 0, sizeof(*e));
	if (nla_parse_nested(tb, DITTO_A_ACE_MAX, nla, spec_ace_set.policy) < 0 ||
	    !tb[DITTO_A_ACE_TYPE] || !tb[DITTO_A_ACE_WHO] || !tb[DITTO_A_ACE_RIGHTS])
		return false;
	e->type = nla_get_u32(tb[DITTO_A_ACE_TYPE]);
	e->who = nla_get_u32(tb[DITTO_A_ACE_WHO]);
	e->rights = nla_get_u32(tb[DITTO_A_ACE_RIGHTS]);
	if (tb[DITTO_A_ACE_FLAGS])
		e->flags = nla_get_u32(tb[DITTO_A_ACE_FLAGS]);
	if (tb[DITTO_A_ACE_ID])
		e->id = nla_get_u32(tb[DITTO_A_ACE_ID]);
	if (tb[DITTO_A_ACE_SID]) {
		e->sid_len = (u32)nla_len(tb[DITTO_A_ACE_SID]);
		if (e->sid_len > sizeof(e->sid))
			return false;
		memcpy(e->sid, nla_data(tb[DITTO_A_ACE_SID]), e->sid_len);
	}
	return true;
}

bool acl_add_attr(struct acl *acl, struct nlattr *nla)
{
	struct acl_entry e;

	if (!acl_entry_from(&e, nla))
		return false;
	acl_append(acl, &e);
	return true;
}

static void entry_put(struct nl_msg *msg, const struct acl_entry *e)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_ACL_ACE);

	if (!nest)
		mem_out();
	msg_put_number(msg, &spec_ace_set, DITTO_A_ACE_TYPE, e->type);
	msg_put_number(msg, &spec_ace_set, DITTO_A_ACE_WHO, e->who);
	if (e->who == DITTO_ACL_ENTRY_WHO_UID || e->who == DITTO_ACL_ENTRY_WHO_GID)
		msg_put_number(msg, &spec_ace_set, DITTO_A_ACE_ID, e->id);
	if (e->sid_len)
		msg_put(msg, DITTO_A_ACE_SID, e->sid, e->sid_len);
	msg_put_number(msg, &spec_ace_set, DITTO_A_ACE_FLAGS, e->flags);
	msg_put_number(msg, &spec_ace_set, DITTO_A_ACE_RIGHTS, e->rights);
	nla_nest_end(msg, nest);
}

void acl_put(struct nl_msg *msg, const struct acl *acl)
{
	unsigned int i;

	msg_put_number(msg, &spec_acl_set, DITTO_A_ACL_FLAGS, acl->flags);
	for (i = 0; i < acl->n; i++)
		entry_put(msg, &acl->entry[i]);
}

void acl_flags_json(const char *key, const struct spec_enum *names, u64 flags)
{
	unsigned int i;

	json_open(stdout, key, '[');
	for (i = 0; i < names->count; i++)
		if (names->names[i] && flags & (1ULL << i))
			json_string(stdout, NULL, names->names[i]);
	json_close(stdout, ']');
}

void acl_entry_json(const char *key, const struct acl_entry *e)
{
	char sid[TEXT_SID_MAX];
	char *name;

	json_open(stdout, key, '{');
	json_string(stdout, "type", spec_enum_name(&spec_acl_entry_type, e->type));
	json_string(stdout, "who", spec_enum_name(&spec_acl_entry_who, e->who));
	if (e->who == DITTO_ACL_ENTRY_WHO_UID || e->who == DITTO_ACL_ENTRY_WHO_GID) {
		name = e->who == DITTO_ACL_ENTRY_WHO_UID ? acl_user_text(e->id) :
							   acl_group_text(e->id);
		json_number(stdout, "id", e->id);
		json_string(stdout, "name", name);
		free(name);
	}
	if (e->sid_len)
		json_string(stdout, "sid", text_from_sid(e->sid, e->sid_len, sid));
	acl_flags_json("flags", &spec_acl_entry_flag, e->flags);
	acl_flags_json("rights", &spec_acl_right, e->rights);
	json_close(stdout, '}');
}
