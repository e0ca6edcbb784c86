// SPDX-License-Identifier: GPL-2.0-only
/* Shares: made from text or a message, compared, and sent to the kernel. */

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <netlink/genl/genl.h>

#include "ditto-nl-gen.h"
#include "common/mem.h"
#include "common/offload_schedule.h"
#include "nl.h"
#include "share.h"

/* Largest number of rules of a share in the kernel. */
#define RULES_MAX	256

void share_free(struct share *s)
{
	unsigned int i;

	if (!s)
		return;
	for (i = 0; i < s->nrules; i++)
		free(s->rules[i].spec);
	free(s->rules);
	share_users_free(&s->users);
	free(s->comment);
	free(s->snapshots);
	free(s->protocols);
	free(s->links);
	free(s->trash_exclude);
	free(s->veto_files);
	free(s->force_user);
	free(s->force_group);
	free(s->offload_store);
	free(s->name);
	free(s->path);
	free(s->fs_type);
	free(s);
}

static char *dup_text(const char *text)
{
	return text ? mem_string(text) : NULL;
}

struct share *share_dup(const struct share *s)
{
	struct share *to = mem_new(sizeof(*to));
	unsigned int i;

	*to = *s;
	to->users = (struct share_users){ 0 };
	to->rules = NULL;
	for (i = 0; i < s->nrules; i++) {
		to->rules = mem_grow(to->rules, i, sizeof(*to->rules));
		to->rules[i] = s->rules[i];
		to->rules[i].spec = mem_string(s->rules[i].spec);
	}
	to->comment = dup_text(s->comment);
	to->snapshots = dup_text(s->snapshots);
	to->protocols = dup_text(s->protocols);
	to->links = dup_text(s->links);
	to->trash_exclude = dup_text(s->trash_exclude);
	to->veto_files = dup_text(s->veto_files);
	to->force_user = dup_text(s->force_user);
	to->force_group = dup_text(s->force_group);
	to->offload_store = dup_text(s->offload_store);
	to->name = dup_text(s->name);
	to->path = dup_text(s->path);
	to->fs_type = dup_text(s->fs_type);
	return to;
}

int share_place(struct share *const *list, unsigned int n, const char *name)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i]->name, name))
			return (int)i;
	return -1;
}

bool share_check_name(const char *name, struct why *why)
{
	const struct spec_attr *attr = &spec_share_set.attrs[DITTO_A_SHARE_NAME];
	const char *p;

	if (!name[0])
		return why_not(why, "the name of the share is missing");
	if (strlen(name) > attr->max_len)
		return why_not(why, "the name of the share is longer than %u bytes",
			       attr->max_len);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return why_not(why, "'%s' is not allowed: it means a directory", name);
	for (p = name; *p; p++)
		if (*p == '/' || (unsigned char)*p < ' ' || *p == 0x7f)
			return why_not(why,
				       "'%s' is not allowed: a name without slashes and control characters is",
				       name);
	return true;
}

bool share_set_path(struct share *s, const char *path, struct why *why)
{
	const struct spec_attr *attr = &spec_share_set.attrs[DITTO_A_SHARE_PATH];
	size_t len = strlen(path);

	if (path[0] != '/')
		return why_not(why, "'%s' is not allowed: an absolute path is", path);
	if (len > attr->max_len)
		return why_not(why, "the path is longer than %u bytes", attr->max_len);
	while (len > 1 && path[len - 1] == '/')
		len--;
	free(s->path);
	s->path = mem_print("%.*s", (int)len, path);
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_PATH);
	return true;
}

/* Mark an option as set if it was parsed. */
static bool share_given(struct share *s, unsigned int attr, bool good)
{
	if (good)
		s->given.attrs |= SHARE_BIT(attr);
	return good;
}

const struct setting share_options[SHARE_OPTIONS] = {
#define OPTION(...) SETTING_DESCRIPTION("core", __VA_ARGS__)
#include "../../fs/share/option_defs.h"
#define OPTION(...) SETTING_DESCRIPTION("nfs", __VA_ARGS__)
#include "../../fs/nfs/option_defs.h"
#define OPTION(...) SETTING_DESCRIPTION("smb", __VA_ARGS__)
#include "../../smb/option_defs.h"
};

#define OPTION_PLACE(_kind, _name, _field, ...) offsetof(struct share, _field),

/* Offsets of the options in struct share: of a bool if the option is one, else of a u32. */
static const size_t option_place[SHARE_OPTIONS] = {
#define OPTION(...) OPTION_PLACE(__VA_ARGS__)
#include "../../fs/share/option_defs.h"
#define OPTION(...) OPTION_PLACE(__VA_ARGS__)
#include "../../fs/nfs/option_defs.h"
#define OPTION(...) OPTION_PLACE(__VA_ARGS__)
#include "../../smb/option_defs.h"
};

static_assert(DITTO_A_SHARE_MAX < 64, "a bit for each attribute");
static_assert(SHARE_OPTIONS < 64, "a bit for each option");

u32 share_option_value(const struct share *s, unsigned int id)
{
	const void *field = (const char *)s + option_place[id];

	if (share_options[id].type == DITTO_SETTING_TYPE_BOOL)
		return *(const bool *)field;
	return *(const u32 *)field;
}

static void option_write(struct share *s, unsigned int id, u32 value)
{
	void *field = (char *)s + option_place[id];

	if (share_options[id].type == DITTO_SETTING_TYPE_BOOL)
		*(bool *)field = value;
	else
		*(u32 *)field = value;
}

struct share *share_new(const char *name)
{
	struct share *s = mem_new(sizeof(*s));
	unsigned int id;

	*s = (struct share){
		.name = mem_string(name),
		.anon_uid = SHARE_ANONYMOUS,
		.anon_gid = SHARE_ANONYMOUS,
		.force_uid = SHARE_NOBODY,
		.force_gid = SHARE_NOBODY,
		.default_access = DITTO_SHARE_RIGHT_WRITE,
	};
	for (id = 0; id < SHARE_OPTIONS; id++)
		option_write(s, id, share_options[id].initial);
	return s;
}

bool share_is_home(const struct share *s)
{
	return s->given.attrs & SHARE_BIT(DITTO_A_SHARE_HOME_UID);
}

const char *share_option_name(unsigned int i)
{
	return i < SHARE_OPTIONS ? share_options[i].name : NULL;
}

bool share_set_option(struct share *s, const char *name, const char *text, struct why *why)
{
	unsigned int id = 0;
	u32 value;

	while (!spec_same_word(share_options[id].name, name))
		if (++id == SHARE_OPTIONS)
			return why_not(why, "there is no option '%s'", name);
	if (!setting_read(&share_options[id], text, &value, why))
		return false;
	option_write(s, id, value);
	s->given.options |= SHARE_OPTION_BIT(id);
	return true;
}

/* Set an optional text; an empty one removes it. */
static bool set_text(struct share *s, unsigned int type, char **to, const char *text,
		     struct why *why)
{
	const struct spec_attr *attr = &spec_share_set.attrs[type];

	if (strlen(text) > attr->max_len)
		return why_not(why, "the %s is longer than %u bytes", attr->name, attr->max_len);
	free(*to);
	*to = text[0] ? mem_string(text) : NULL;
	return share_given(s, type, true);
}

bool share_set_comment(struct share *s, const char *text, struct why *why)
{
	return set_text(s, DITTO_A_SHARE_COMMENT, &s->comment, text, why);
}

bool share_set_snapshots(struct share *s, const char *text, struct why *why)
{
	if (text[0] == '/')
		return why_not(why,
			       "the path of the snapshots begins at the share's root, without '/'");
	return set_text(s, DITTO_A_SHARE_SNAPSHOTS, &s->snapshots, text, why);
}

bool share_set_trash_exclude(struct share *s, const char *text, struct why *why)
{
	if (strchr(text, '/') || strchr(text, '\n'))
		return why_not(why,
			       "'%.60s' is not allowed: patterns of names are, such as *.tmp,~$*",
			       text);
	return set_text(s, DITTO_A_SHARE_TRASH_EXCLUDE, &s->trash_exclude, text, why);
}

bool share_set_veto_files(struct share *s, const char *text, struct why *why)
{
	if (strchr(text, '\n') || (text[0] && !text[strspn(text, "/")]))
		return why_not(why,
			       "'%.60s' is not allowed: patterns of names between slashes are, such as /*.exe/~$*/",
			       text);
	return set_text(s, DITTO_A_SHARE_VETO_FILES, &s->veto_files, text, why);
}

/* The highest number means "no id" in the kernel. */
static bool read_id(const char *text, u32 min, u32 *id, struct why *why)
{
	u64 value;

	if (!text_number(text, min, UINT32_MAX - 1, &value, why))
		return false;
	*id = (u32)value;
	return true;
}

/* Nobody becomes root by it, because its files have more to protect than themselves. */
static bool read_anon(const char *text, u32 *id, struct why *why)
{
	if (text[0] && !text[strspn(text, "0")])
		return why_not(why,
			       "the anonymous user is neither root nor in its group: squash all-to-admin makes root of all");
	return read_id(text, 1, id, why);
}

/* A number, a name to be looked up, or nothing. */
static bool set_force(struct share *s, unsigned int type, u32 *id, char **name, const char *text,
		      struct why *why)
{
	*id = SHARE_NOBODY;
	free(*name);
	*name = NULL;
	if (text[0] && !text[strspn(text, "0123456789")]) {
		if (!read_id(text, 0, id, why))
			return false;
		if (!*id)
			return why_not(why, "nobody can be made root, nor a member of its group");
	} else if (text[0]) {
		*name = mem_string(text);
	}
	return share_given(s, type, true);
}

bool share_set_force_user(struct share *s, const char *text, struct why *why)
{
	return set_force(s, DITTO_A_SHARE_FORCE_UID, &s->force_uid, &s->force_user, text, why);
}

bool share_set_force_group(struct share *s, const char *text, struct why *why)
{
	return set_force(s, DITTO_A_SHARE_FORCE_GID, &s->force_gid, &s->force_group, text, why);
}

void share_force_begin(const struct share *s, struct share_users *forced)
{
	struct share_user user[2] = { { .name = s->force_user }, { .group = true,
								   .name = s->force_group } };
	unsigned int i;

	memset(forced, 0, sizeof(*forced));
	for (i = 0; i < ARRAY_SIZE(user); i++) {
		if (!user[i].name)
			continue;
		forced->user = mem_grow(forced->user, forced->n, sizeof(*forced->user));
		user[i].name = mem_string(user[i].name);
		forced->user[forced->n++] = user[i];
	}
}

bool share_force_end(struct share *s, const struct share_users *found, struct why *why)
{
	unsigned int i;

	for (i = 0; i < found->n; i++) {
		if (found->user[i].sid_len)
			return why_not(why, "force-%s: '%s' has no account on this machine",
				       found->user[i].group ? "group" : "user",
				       found->user[i].group ? s->force_group : s->force_user);
		if (!found->user[i].id)
			return why_not(why, "force-%s: nobody can be made %s",
				       found->user[i].group ? "group" : "user",
				       found->user[i].group ? s->force_group : s->force_user);
		*(found->user[i].group ? &s->force_gid : &s->force_uid) = found->user[i].id;
	}
	return true;
}

bool share_add_link(struct share *s, const char *text, struct why *why)
{
	const struct spec_attr *attr = &spec_share_set.attrs[DITTO_A_SHARE_LINKS];
	const char *equals = strchr(text, '=');
	char *links;

	if (!equals || equals == text || !strstr(equals, ":/") || strchr(text, '\n'))
		return why_not(why,
			       "'%.60s' is not allowed: DIRECTORY=SERVER:/SHARE[/PATH] is", text);
	links = mem_print("%s%s%s", s->links ? s->links : "", s->links ? "\n" : "", text);
	if (strlen(links) > attr->max_len) {
		free(links);
		return why_not(why, "all links are longer than %u bytes", attr->max_len);
	}
	free(s->links);
	s->links = links;
	return share_given(s, DITTO_A_SHARE_LINKS, true);
}

/* The protocols that have options of shares. */
static const char *const protocols[] = { "nfs", "smb" };

static bool protocol_is_named(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names) {
		size_t word = strcspn(names, ", ");

		if (word == len && !strncmp(names, name, len))
			return true;
		names += word;
		names += strspn(names, ", ");
	}
	return false;
}

static bool protocol_is_known(const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (len == strlen(protocols[i]) && !strncmp(word, protocols[i], len))
			return true;
	return false;
}

bool share_set_protocols(struct share *s, const char *text, struct why *why)
{
	char *list = mem_string("");
	const char *p = text + strspn(text, ", ");
	size_t i, count = 0;

	while (*p) {
		size_t word = strcspn(p, ", ");

		if (!protocol_is_known(p, word)) {
			free(list);
			return why_not(why, "'%.*s' is not allowed: nfs, smb are", (int)word, p);
		}
		p += word;
		p += strspn(p, ", ");
	}
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		char *more;

		if (!protocol_is_named(text, protocols[i]))
			continue;
		more = mem_print("%s%s%s", list, count ? "," : "", protocols[i]);
		free(list);
		list = more;
		count++;
	}
	if (!count) {
		free(list);
		return why_not(why, "a protocol is needed: nfs, smb");
	}
	free(s->protocols);
	s->protocols = list;
	if (count == ARRAY_SIZE(protocols)) {
		free(list);
		s->protocols = NULL;
	}
	return share_given(s, DITTO_A_SHARE_PROTOCOLS, true);
}

bool share_has_protocol(const struct share *s, const char *name)
{
	return !s->protocols || !s->protocols[0] || protocol_is_named(s->protocols, name);
}

bool share_lacks_rule(const struct share *s)
{
	return !s->nrules && share_has_protocol(s, "nfs") &&
	       s->sec & (DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS);
}

bool share_set_default_access(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_DEFAULT_ACCESS,
			   text_enum(text, &spec_share_right, &s->default_access, why));
}

bool share_add_user(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_USERS, share_users_add(&s->users, false, text, why));
}

bool share_add_group(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_USERS, share_users_add(&s->users, true, text, why));
}

bool share_add_user_unresolved(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_USERS,
			   share_users_add_unresolved(&s->users, false, text, why));
}

bool share_add_group_unresolved(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_USERS,
			   share_users_add_unresolved(&s->users, true, text, why));
}

bool share_set_mountpoint(struct share *s, const char *text, struct why *why)
{
	return text_bool(text, &s->mountpoint, why);
}

bool share_set_snapshot_schedule(struct share *s, const char *text, struct why *why)
{
	u32 sum = 0;
	int k;

	if (!offload_keep_parse(s->snapshot_keep, text, why))
		return false;
	for (k = 0; k < OFFLOAD_KEEPS; k++)
		sum += s->snapshot_keep[k].count;
	/* Each has an attribute of the directory, whose names have 64 KiB. */
	return sum <= 1000 || why_not(why, "%u snapshots are too many, 1000 are allowed", sum);
}

bool share_set_offload_store(struct share *s, const char *text, struct why *why)
{
	if (!text[0])
		return why_not(why, "the name of a store is needed");
	free(s->offload_store);
	s->offload_store = mem_string(text);
	return true;
}

bool share_set_anon_uid(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ANON_UID, read_anon(text, &s->anon_uid, why));
}

bool share_set_anon_gid(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ANON_GID, read_anon(text, &s->anon_gid, why));
}

bool share_set_id(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ID, text_uuid(text, s->id, why));
}

static bool read_access(const char *text, u32 *access, struct why *why)
{
	static const struct {
		const char *word;
		u32 access;
	} words[] = {
		{ "rw", DITTO_ACCESS_RIGHT_WRITE },
		{ "ro", DITTO_ACCESS_RIGHT_READ },
		{ "none", DITTO_ACCESS_RIGHT_NONE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(text, words[i].word)) {
			*access = words[i].access;
			return true;
		}
	}
	return why_not(why, "'%s' is not allowed: one of rw, ro, none is", text);
}

static bool read_rule_option(char *text, struct share_rule *r, struct why *why)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	if (value && spec_same_word(text, "squash")) {
		r->has_squash = true;
		return text_enum(value, &spec_squash_mode, &r->squash, why);
	}
	if (value && spec_same_word(text, "anon-uid"))
		return read_anon(value, &r->anon_uid, why);
	if (value && spec_same_word(text, "anon-gid"))
		return read_anon(value, &r->anon_gid, why);
	return why_not(why,
		       "',%s%s%s' is not allowed: ,squash=MODE, ,anon-uid=UID or ,anon-gid=GID is",
		       text, value ? "=" : "", value ?: "");
}

static bool read_rule(char *text, struct share_rule *r, struct why *why)
{
	char *rest = text, *access, *option;

	strsep(&rest, ",");
	access = strchr(text, '=');
	if (access)
		*access++ = '\0';
	if (!text_rule_spec(text, why) || (access && !read_access(access, &r->access, why)))
		return false;
	while ((option = strsep(&rest, ",")))
		if (!read_rule_option(option, r, why))
			return false;
	return true;
}

/* Bytes of a rule in a message, as the kernel counts them. */
static size_t rule_size(const struct share_rule *r)
{
	int number = nla_total_size(sizeof(u32));
	int numbers = 3 + r->has_squash + !!r->anon_uid + !!r->anon_gid;

	return (size_t)nla_total_size(nla_total_size((int)strlen(r->spec) + 1) + numbers * number);
}

/* A share must not be served without some of its rules. */
static bool rules_have_room(const struct share *s, const struct share_rule *more, struct why *why)
{
	size_t size = rule_size(more);
	unsigned int i;

	for (i = 0; i < s->nrules; i++)
		size += rule_size(&s->rules[i]);
	return size <= NEST_BYTES_MAX ||
	       why_not(why, "the rules are longer than %d bytes: put the clients into a netgroup",
		       NEST_BYTES_MAX);
}

bool share_add_rule(struct share *s, const char *text, struct why *why)
{
	struct share_rule r = { .access = DITTO_ACCESS_RIGHT_WRITE };
	char *copy;
	bool good;

	if (s->nrules == RULES_MAX)
		return why_not(why, "there are more than %d rules: put the clients into a netgroup",
			       RULES_MAX);
	copy = mem_string(text);
	/* The copy keeps the rest of the text behind its NUL. */
	r.spec = copy;
	good = read_rule(copy, &r, why) && rules_have_room(s, &r, why);
	if (!good) {
		free(copy);
		return false;
	}
	s->rules = mem_grow(s->rules, s->nrules, sizeof(*s->rules));
	s->rules[s->nrules++] = r;
	return share_given(s, DITTO_A_SHARE_RULES, true);
}

char *share_rule_text(const struct share_rule *r)
{
	static const char *const words[] = {
		[DITTO_ACCESS_RIGHT_NONE] = "none",
		[DITTO_ACCESS_RIGHT_READ] = "ro",
		[DITTO_ACCESS_RIGHT_WRITE] = "rw",
	};
	const char *access = r->access < ARRAY_SIZE(words) ? words[r->access] : "?";
	char uid[32] = "", gid[32] = "";

	if (r->anon_uid)
		snprintf(uid, sizeof(uid), ",anon-uid=%u", r->anon_uid);
	if (r->anon_gid)
		snprintf(gid, sizeof(gid), ",anon-gid=%u", r->anon_gid);
	return mem_print("%s=%s%s%s%s%s", r->spec, access, r->has_squash ? ",squash=" : "",
			 r->has_squash ? spec_enum_name(&spec_squash_mode, r->squash) : "",
			 uid, gid);
}

static void put_rules(struct nl_msg *msg, const struct share *s)
{
	struct nlattr *rules = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_RULES);
	unsigned int i;

	if (!rules)
		mem_out();
	for (i = 0; i < s->nrules; i++) {
		const struct share_rule *r = &s->rules[i];
		struct nlattr *rule = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_RULES_RULE);

		if (!rule)
			mem_out();
		msg_put_string(msg, DITTO_A_RULE_SPEC, r->spec);
		msg_put_number(msg, &spec_rule_set, DITTO_A_RULE_ACCESS, r->access);
		if (r->has_squash)
			msg_put_number(msg, &spec_rule_set, DITTO_A_RULE_SQUASH, r->squash);
		if (r->anon_uid)
			msg_put_number(msg, &spec_rule_set, DITTO_A_RULE_ANON_UID, r->anon_uid);
		if (r->anon_gid)
			msg_put_number(msg, &spec_rule_set, DITTO_A_RULE_ANON_GID, r->anon_gid);
		nla_nest_end(msg, rule);
	}
	msg_end_list(msg, rules);
}

static void put_option(struct nl_msg *msg, const struct setting *option, u32 value)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_OPTION);

	if (!nest)
		mem_out();
	msg_put_string(msg, DITTO_A_SHARE_OPTION_NAME, option->name);
	msg_put_string(msg, DITTO_A_SHARE_OPTION_OWNER, option->owner);
	msg_put_number(msg, &spec_share_option_set, DITTO_A_SHARE_OPTION_VALUE, value);
	nla_nest_end(msg, nest);
}

void share_put_name(struct nl_msg *msg, const void *name)
{
	msg_put_string(msg, DITTO_A_SHARE_NAME, name);
}

void share_put(struct nl_msg *msg, u8 cmd, const struct share *s)
{
	const struct {
		unsigned int attr;
		u32 value;
	} numbers[] = {
		{ DITTO_A_SHARE_ANON_UID, s->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, s->anon_gid },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, s->default_access },
		{ DITTO_A_SHARE_FORCE_UID, s->force_uid },
		{ DITTO_A_SHARE_FORCE_GID, s->force_gid },
		{ DITTO_A_SHARE_HOME_UID, s->home_uid },
		{ DITTO_A_SHARE_HOME_GID, s->home_gid },
		{ DITTO_A_SHARE_HOME_DIR, s->home_dir },
	};
	const u16 *takes = spec_ops[cmd].request;
	size_t i;

	msg_put_string(msg, DITTO_A_SHARE_NAME, s->name);
	if (s->path && spec_list_has(takes, DITTO_A_SHARE_PATH))
		msg_put_string(msg, DITTO_A_SHARE_PATH, s->path);
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)) &&
	    spec_list_has(takes, DITTO_A_SHARE_ID))
		msg_put(msg, DITTO_A_SHARE_ID, s->id, sizeof(s->id));
	for (i = 0; i < SHARE_OPTIONS; i++)
		if (s->given.options & SHARE_OPTION_BIT(i))
			put_option(msg, &share_options[i],
				   share_option_value(s, (unsigned int)i));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if ((s->given.attrs & SHARE_BIT(numbers[i].attr)) &&
		    spec_list_has(takes, numbers[i].attr))
			msg_put_number(msg, &spec_share_set, numbers[i].attr, numbers[i].value);
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_RULES)) &&
	    spec_list_has(takes, DITTO_A_SHARE_RULES))
		put_rules(msg, s);
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_COMMENT)) &&
	    spec_list_has(takes, DITTO_A_SHARE_COMMENT))
		msg_put_string(msg, DITTO_A_SHARE_COMMENT, s->comment ? s->comment : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_SNAPSHOTS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_SNAPSHOTS))
		msg_put_string(msg, DITTO_A_SHARE_SNAPSHOTS, s->snapshots ? s->snapshots : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_PROTOCOLS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_PROTOCOLS))
		msg_put_string(msg, DITTO_A_SHARE_PROTOCOLS, s->protocols ? s->protocols : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_LINKS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_LINKS))
		msg_put_string(msg, DITTO_A_SHARE_LINKS, s->links ? s->links : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_TRASH_EXCLUDE)) &&
	    spec_list_has(takes, DITTO_A_SHARE_TRASH_EXCLUDE))
		msg_put_string(msg, DITTO_A_SHARE_TRASH_EXCLUDE,
			       s->trash_exclude ? s->trash_exclude : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_VETO_FILES)) &&
	    spec_list_has(takes, DITTO_A_SHARE_VETO_FILES))
		msg_put_string(msg, DITTO_A_SHARE_VETO_FILES, s->veto_files ? s->veto_files : "");
	if ((s->given.attrs & SHARE_BIT(DITTO_A_SHARE_USERS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_USERS))
		share_users_fill(msg, &s->users);
}

static void take_u32(struct nlattr **tb, unsigned int type, u32 *to)
{
	if (tb[type])
		*to = nla_get_u32(tb[type]);
}

static bool rule_from(struct share_rule *r, struct nlattr *nla)
{
	struct nlattr *tb[DITTO_A_RULE_MAX + 1];

	memset(r, 0, sizeof(*r));
	if (nla_parse_nested(tb, DITTO_A_RULE_MAX, nla, spec_rule_set.policy) < 0 ||
	    !tb[DITTO_A_RULE_SPEC])
		return false;
	r->spec = mem_string(nla_get_string(tb[DITTO_A_RULE_SPEC]));
	r->access = DITTO_ACCESS_RIGHT_WRITE;
	if (tb[DITTO_A_RULE_ACCESS])
		r->access = nla_get_u32(tb[DITTO_A_RULE_ACCESS]);
	if (tb[DITTO_A_RULE_SQUASH]) {
		r->has_squash = true;
		r->squash = nla_get_u32(tb[DITTO_A_RULE_SQUASH]);
	}
	take_u32(tb, DITTO_A_RULE_ANON_UID, &r->anon_uid);
	take_u32(tb, DITTO_A_RULE_ANON_GID, &r->anon_gid);
	return true;
}

static bool rules_from(struct share *s, struct nlattr *rules)
{
	struct nlattr *nla;
	int rest;

	nla_for_each_nested(nla, rules, rest) {
		struct share_rule r;

		if (nla_type(nla) != DITTO_A_RULES_RULE)
			continue;
		if (!rule_from(&r, nla))
			return false;
		s->rules = mem_grow(s->rules, s->nrules, sizeof(*s->rules));
		s->rules[s->nrules++] = r;
	}
	return true;
}

unsigned int share_option_parse(struct nlattr *nest, const char **name, u32 *value)
{
	struct nlattr *tb[DITTO_A_SHARE_OPTION_MAX + 1];
	unsigned int id;

	*name = NULL;
	if (nla_parse_nested(tb, DITTO_A_SHARE_OPTION_MAX, nest,
			     spec_share_option_set.policy) < 0 ||
	    !tb[DITTO_A_SHARE_OPTION_NAME] || !tb[DITTO_A_SHARE_OPTION_VALUE])
		return SHARE_OPTIONS;
	*name = nla_get_string(tb[DITTO_A_SHARE_OPTION_NAME]);
	*value = nla_get_u32(tb[DITTO_A_SHARE_OPTION_VALUE]);
	for (id = 0; id < SHARE_OPTIONS; id++)
		if (!strcmp(share_options[id].name, *name))
			break;
	return id;
}

/* Options that are newer than this program are left out. */
static void take_options(struct share *s, struct nl_msg *msg)
{
	struct genlmsghdr *hdr = nlmsg_data(nlmsg_hdr(msg));
	const char *name;
	struct nlattr *nla;
	unsigned int id;
	u32 value;
	int rest;

	nla_for_each_attr(nla, genlmsg_attrdata(hdr, 0), genlmsg_attrlen(hdr, 0), rest) {
		if (nla_type(nla) != DITTO_A_SHARE_OPTION)
			continue;
		id = share_option_parse(nla, &name, &value);
		if (id == SHARE_OPTIONS)
			continue;
		option_write(s, id, value);
		s->given.options |= SHARE_OPTION_BIT(id);
	}
}

static void take_string(struct nlattr **tb, unsigned int type, char **to)
{
	if (tb[type])
		*to = mem_string(nla_get_string(tb[type]));
}

struct share *share_from_msg(struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_SHARE_MAX + 1];
	struct share *s;
	unsigned int i;

	if (msg_parse(msg, &spec_share_set, tb) || !tb[DITTO_A_SHARE_NAME])
		return NULL;
	s = share_new(nla_get_string(tb[DITTO_A_SHARE_NAME]));
	for (i = 1; i <= DITTO_A_SHARE_MAX; i++)
		if (tb[i] && i != DITTO_A_SHARE_OPTION)
			s->given.attrs |= SHARE_BIT(i);
	take_string(tb, DITTO_A_SHARE_PATH, &s->path);
	take_string(tb, DITTO_A_SHARE_FS_TYPE, &s->fs_type);
	take_string(tb, DITTO_A_SHARE_COMMENT, &s->comment);
	take_string(tb, DITTO_A_SHARE_SNAPSHOTS, &s->snapshots);
	take_string(tb, DITTO_A_SHARE_PROTOCOLS, &s->protocols);
	take_string(tb, DITTO_A_SHARE_LINKS, &s->links);
	take_string(tb, DITTO_A_SHARE_TRASH_EXCLUDE, &s->trash_exclude);
	take_string(tb, DITTO_A_SHARE_VETO_FILES, &s->veto_files);
	if (tb[DITTO_A_SHARE_ID])
		memcpy(s->id, nla_data(tb[DITTO_A_SHARE_ID]), sizeof(s->id));
	if (tb[DITTO_A_SHARE_DEVICE] && tb[DITTO_A_SHARE_INODE]) {
		s->device = nla_get_u32(tb[DITTO_A_SHARE_DEVICE]);
		s->inode = nla_get_u64(tb[DITTO_A_SHARE_INODE]);
	}
	s->no_handles = tb[DITTO_A_SHARE_HANDLES] && !nla_get_u8(tb[DITTO_A_SHARE_HANDLES]);
	take_options(s, msg);
	take_u32(tb, DITTO_A_SHARE_ANON_UID, &s->anon_uid);
	take_u32(tb, DITTO_A_SHARE_ANON_GID, &s->anon_gid);
	take_u32(tb, DITTO_A_SHARE_DEFAULT_ACCESS, &s->default_access);
	take_u32(tb, DITTO_A_SHARE_FORCE_UID, &s->force_uid);
	take_u32(tb, DITTO_A_SHARE_FORCE_GID, &s->force_gid);
	take_u32(tb, DITTO_A_SHARE_HOME_UID, &s->home_uid);
	if ((tb[DITTO_A_SHARE_RULES] && !rules_from(s, tb[DITTO_A_SHARE_RULES])) ||
	    (tb[DITTO_A_SHARE_USERS] && !share_users_parse(&s->users, tb[DITTO_A_SHARE_USERS]))) {
		share_free(s);
		return NULL;
	}
	return s;
}

bool share_has_root(const struct share *s, int fd)
{
	struct stat st;

	return !s->inode || (!fstat(fd, &st) && st.st_ino == s->inode && st.st_dev == s->device);
}

static bool same_rules(const struct share *a, const struct share *b)
{
	unsigned int i;

	if (a->nrules != b->nrules)
		return false;
	for (i = 0; i < a->nrules; i++) {
		const struct share_rule *x = &a->rules[i];
		const struct share_rule *y = &b->rules[i];

		if (strcmp(x->spec, y->spec) || x->access != y->access ||
		    x->has_squash != y->has_squash || (x->has_squash && x->squash != y->squash) ||
		    x->anon_uid != y->anon_uid || x->anon_gid != y->anon_gid)
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

struct share_bits share_diff(const struct share *a, const struct share *b)
{
	const struct {
		unsigned int attr;
		bool differs;
	} options[] = {
		{ DITTO_A_SHARE_ANON_UID, a->anon_uid != b->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, a->anon_gid != b->anon_gid },
		{ DITTO_A_SHARE_RULES, !same_rules(a, b) },
		{ DITTO_A_SHARE_COMMENT, !same_text(a->comment, b->comment) },
		{ DITTO_A_SHARE_SNAPSHOTS, !same_text(a->snapshots, b->snapshots) },
		{ DITTO_A_SHARE_PROTOCOLS, !same_text(a->protocols, b->protocols) },
		{ DITTO_A_SHARE_LINKS, !same_text(a->links, b->links) },
		{ DITTO_A_SHARE_TRASH_EXCLUDE, !same_text(a->trash_exclude, b->trash_exclude) },
		{ DITTO_A_SHARE_VETO_FILES, !same_text(a->veto_files, b->veto_files) },
		{ DITTO_A_SHARE_FORCE_UID, a->force_uid != b->force_uid },
		{ DITTO_A_SHARE_FORCE_GID, a->force_gid != b->force_gid },
		{ DITTO_A_SHARE_USERS, !share_users_same(&a->users, &b->users) },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, a->default_access != b->default_access },
	};
	struct share_bits bits = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].differs)
			bits.attrs |= SHARE_BIT(options[i].attr);
	for (i = 0; i < SHARE_OPTIONS; i++)
		if (share_option_value(a, i) != share_option_value(b, i))
			bits.options |= SHARE_OPTION_BIT(i);
	return bits;
}

bool share_bits_any(const struct share_bits *bits)
{
	return bits->attrs || bits->options;
}
