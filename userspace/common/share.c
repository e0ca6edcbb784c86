// SPDX-License-Identifier: GPL-2.0-only
/* Shares: made from text or a message, compared, and sent to the kernel. */

#include <stdlib.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl.h"
#include "share.h"

/* Largest number of rules of a share in the kernel. */
#define RULES_MAX	256

struct share *share_new(const char *name)
{
	struct share *s = mem_new(sizeof(*s));

	s->name = mem_string(name);
	s->squash = DITTO_SQUASH_MODE_ROOT_TO_GUEST;
	s->anon_uid = SHARE_ANONYMOUS;
	s->anon_gid = SHARE_ANONYMOUS;
	s->sec = DITTO_FLAVOR_SYS;
	s->local_locks = true;
	s->browse = true;
	s->streams = true;
	s->notify = true;
	s->secure_ports = true;
	s->acl_mode = DITTO_ACL_MODE_GROUPMASK;
	s->create_mask = SHARE_CREATE_MASK;
	s->directory_mask = SHARE_DIRECTORY_MASK;
	s->default_access = DITTO_SHARE_RIGHT_WRITE;
	return s;
}

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
	free(s->name);
	free(s->path);
	free(s->fs_type);
	free(s);
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
	s->given |= SHARE_BIT(DITTO_A_SHARE_PATH);
	return true;
}

/* Mark an option as set if it was parsed. */
static bool share_given(struct share *s, unsigned int attr, bool good)
{
	if (good)
		s->given |= SHARE_BIT(attr);
	return good;
}

bool share_set_read_only(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_READ_ONLY, text_bool(text, &s->read_only, why));
}

bool share_set_manage_gids(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_MANAGE_GIDS, text_bool(text, &s->manage_gids, why));
}

bool share_set_local_locks(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_LOCAL_LOCKS, text_bool(text, &s->local_locks, why));
}

bool share_set_encrypt(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ENCRYPT, text_bool(text, &s->encrypt, why));
}

bool share_set_guest(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_GUEST, text_bool(text, &s->guest, why));
}

bool share_set_browse(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_BROWSE, text_bool(text, &s->browse, why));
}

bool share_set_streams(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_STREAMS, text_bool(text, &s->streams, why));
}

bool share_set_short_names(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_SHORT_NAMES, text_bool(text, &s->short_names, why));
}

bool share_set_notify(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_NOTIFY, text_bool(text, &s->notify, why));
}

bool share_set_secure_ports(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_SECURE_PORTS, text_bool(text, &s->secure_ports, why));
}

bool share_set_continuous(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_CONTINUOUSLY_AVAILABLE,
			   text_bool(text, &s->continuous, why));
}

bool share_set_hide_unreadable(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_HIDE_UNREADABLE,
			   text_bool(text, &s->hide_unreadable, why));
}

bool share_set_acl_mode(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ACL_MODE,
			   text_enum(text, &spec_acl_mode, &s->acl_mode, why));
}

/* Parse an octal mode up to the kernel's maximum. */
static bool set_mode(struct share *s, unsigned int type, u32 *mode, u32 max, const char *text,
		     struct why *why)
{
	size_t len = strlen(text);

	if (!len || len > 5 || strspn(text, "01234567") != len || strtoul(text, NULL, 8) > max)
		return why_not(why, "'%s' is not allowed: an octal number up to %04o is", text,
			       max);
	*mode = (u32)strtoul(text, NULL, 8);
	return share_given(s, type, true);
}

bool share_set_create_mask(struct share *s, const char *text, struct why *why)
{
	return set_mode(s, DITTO_A_SHARE_CREATE_MASK, &s->create_mask, 0777, text, why);
}

bool share_set_directory_mask(struct share *s, const char *text, struct why *why)
{
	return set_mode(s, DITTO_A_SHARE_DIRECTORY_MASK, &s->directory_mask, 0777, text, why);
}

bool share_set_force_create_mode(struct share *s, const char *text, struct why *why)
{
	return set_mode(s, DITTO_A_SHARE_FORCE_CREATE_MODE, &s->force_create_mode, 07777, text,
			why);
}

bool share_set_force_directory_mode(struct share *s, const char *text, struct why *why)
{
	return set_mode(s, DITTO_A_SHARE_FORCE_DIRECTORY_MODE, &s->force_directory_mode, 07777,
			text, why);
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

bool share_set_squash(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_SQUASH,
			   text_enum(text, &spec_squash_mode, &s->squash, why));
}

/* The highest number means "no id" in the kernel. */
static bool read_id(const char *text, u32 *id, struct why *why)
{
	u64 value;

	if (!text_number(text, 0, UINT32_MAX - 1, &value, why))
		return false;
	*id = (u32)value;
	return true;
}

bool share_set_anon_uid(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ANON_UID, read_id(text, &s->anon_uid, why));
}

bool share_set_anon_gid(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_ANON_GID, read_id(text, &s->anon_gid, why));
}

bool share_set_sec(struct share *s, const char *text, struct why *why)
{
	return share_given(s, DITTO_A_SHARE_SEC, text_flags(text, &spec_flavor, &s->sec, why));
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

static bool read_rule(char *text, struct share_rule *r, struct why *why)
{
	char *rest = strchr(text, ',');
	char *access;

	if (rest)
		*rest++ = '\0';
	access = strchr(text, '=');
	if (access)
		*access++ = '\0';
	if (!text_rule_spec(text, why) || (access && !read_access(access, &r->access, why)))
		return false;
	if (!rest)
		return true;
	if (strncmp(rest, "squash=", 7))
		return why_not(why, "',%s' is not allowed: ,squash=MODE is", rest);
	r->has_squash = true;
	return text_enum(rest + 7, &spec_squash_mode, &r->squash, why);
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
	good = read_rule(copy, &r, why);
	if (!good) {
		free(copy);
		return false;
	}
	/* The copy keeps the rest of the text behind its NUL. */
	r.spec = copy;
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

	if (!r->has_squash)
		return mem_print("%s=%s", r->spec, access);
	return mem_print("%s=%s,squash=%s", r->spec, access,
			 spec_enum_name(&spec_squash_mode, r->squash));
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
		nla_nest_end(msg, rule);
	}
	/* An empty list is sent, too, so it must not be trimmed away. */
	nla_nest_end_keep_empty(msg, rules);
}

void share_put(struct nl_msg *msg, u8 cmd, const struct share *s)
{
	const struct {
		unsigned int attr;
		u32 value;
	} numbers[] = {
		{ DITTO_A_SHARE_READ_ONLY, s->read_only },
		{ DITTO_A_SHARE_MANAGE_GIDS, s->manage_gids },
		{ DITTO_A_SHARE_LOCAL_LOCKS, s->local_locks },
		{ DITTO_A_SHARE_SQUASH, s->squash },
		{ DITTO_A_SHARE_ANON_UID, s->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, s->anon_gid },
		{ DITTO_A_SHARE_SEC, s->sec },
		{ DITTO_A_SHARE_ENCRYPT, s->encrypt },
		{ DITTO_A_SHARE_GUEST, s->guest },
		{ DITTO_A_SHARE_BROWSE, s->browse },
		{ DITTO_A_SHARE_STREAMS, s->streams },
		{ DITTO_A_SHARE_SHORT_NAMES, s->short_names },
		{ DITTO_A_SHARE_NOTIFY, s->notify },
		{ DITTO_A_SHARE_CONTINUOUSLY_AVAILABLE, s->continuous },
		{ DITTO_A_SHARE_SECURE_PORTS, s->secure_ports },
		{ DITTO_A_SHARE_HIDE_UNREADABLE, s->hide_unreadable },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, s->default_access },
		{ DITTO_A_SHARE_ACL_MODE, s->acl_mode },
		{ DITTO_A_SHARE_CREATE_MASK, s->create_mask },
		{ DITTO_A_SHARE_DIRECTORY_MASK, s->directory_mask },
		{ DITTO_A_SHARE_FORCE_CREATE_MODE, s->force_create_mode },
		{ DITTO_A_SHARE_FORCE_DIRECTORY_MODE, s->force_directory_mode },
	};
	const u16 *takes = spec_ops[cmd].request;
	size_t i;

	msg_put_string(msg, DITTO_A_SHARE_NAME, s->name);
	if (s->path && spec_list_has(takes, DITTO_A_SHARE_PATH))
		msg_put_string(msg, DITTO_A_SHARE_PATH, s->path);
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_ID)) && spec_list_has(takes, DITTO_A_SHARE_ID))
		msg_put(msg, DITTO_A_SHARE_ID, s->id, sizeof(s->id));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if ((s->given & SHARE_BIT(numbers[i].attr)) &&
		    spec_list_has(takes, numbers[i].attr))
			msg_put_number(msg, &spec_share_set, numbers[i].attr, numbers[i].value);
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_RULES)) &&
	    spec_list_has(takes, DITTO_A_SHARE_RULES))
		put_rules(msg, s);
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_COMMENT)) &&
	    spec_list_has(takes, DITTO_A_SHARE_COMMENT))
		msg_put_string(msg, DITTO_A_SHARE_COMMENT, s->comment ? s->comment : "");
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_SNAPSHOTS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_SNAPSHOTS))
		msg_put_string(msg, DITTO_A_SHARE_SNAPSHOTS, s->snapshots ? s->snapshots : "");
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_USERS)) &&
	    spec_list_has(takes, DITTO_A_SHARE_USERS))
		share_users_fill(msg, &s->users);
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

static void take_u8(struct nlattr **tb, unsigned int type, bool *to)
{
	if (tb[type])
		*to = nla_get_u8(tb[type]);
}

static void take_u32(struct nlattr **tb, unsigned int type, u32 *to)
{
	if (tb[type])
		*to = nla_get_u32(tb[type]);
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
		if (tb[i])
			s->given |= SHARE_BIT(i);
	take_string(tb, DITTO_A_SHARE_PATH, &s->path);
	take_string(tb, DITTO_A_SHARE_FS_TYPE, &s->fs_type);
	take_string(tb, DITTO_A_SHARE_COMMENT, &s->comment);
	take_string(tb, DITTO_A_SHARE_SNAPSHOTS, &s->snapshots);
	if (tb[DITTO_A_SHARE_ID])
		memcpy(s->id, nla_data(tb[DITTO_A_SHARE_ID]), sizeof(s->id));
	take_u8(tb, DITTO_A_SHARE_READ_ONLY, &s->read_only);
	take_u8(tb, DITTO_A_SHARE_MANAGE_GIDS, &s->manage_gids);
	take_u8(tb, DITTO_A_SHARE_LOCAL_LOCKS, &s->local_locks);
	take_u8(tb, DITTO_A_SHARE_ENCRYPT, &s->encrypt);
	take_u8(tb, DITTO_A_SHARE_GUEST, &s->guest);
	take_u8(tb, DITTO_A_SHARE_BROWSE, &s->browse);
	take_u8(tb, DITTO_A_SHARE_STREAMS, &s->streams);
	take_u8(tb, DITTO_A_SHARE_SHORT_NAMES, &s->short_names);
	take_u8(tb, DITTO_A_SHARE_NOTIFY, &s->notify);
	take_u8(tb, DITTO_A_SHARE_CONTINUOUSLY_AVAILABLE, &s->continuous);
	take_u8(tb, DITTO_A_SHARE_SECURE_PORTS, &s->secure_ports);
	take_u8(tb, DITTO_A_SHARE_HIDE_UNREADABLE, &s->hide_unreadable);
	take_u32(tb, DITTO_A_SHARE_SQUASH, &s->squash);
	take_u32(tb, DITTO_A_SHARE_ANON_UID, &s->anon_uid);
	take_u32(tb, DITTO_A_SHARE_ANON_GID, &s->anon_gid);
	take_u32(tb, DITTO_A_SHARE_SEC, &s->sec);
	take_u32(tb, DITTO_A_SHARE_DEFAULT_ACCESS, &s->default_access);
	take_u32(tb, DITTO_A_SHARE_ACL_MODE, &s->acl_mode);
	take_u32(tb, DITTO_A_SHARE_CREATE_MASK, &s->create_mask);
	take_u32(tb, DITTO_A_SHARE_DIRECTORY_MASK, &s->directory_mask);
	take_u32(tb, DITTO_A_SHARE_FORCE_CREATE_MODE, &s->force_create_mode);
	take_u32(tb, DITTO_A_SHARE_FORCE_DIRECTORY_MODE, &s->force_directory_mode);
	if ((tb[DITTO_A_SHARE_RULES] && !rules_from(s, tb[DITTO_A_SHARE_RULES])) ||
	    (tb[DITTO_A_SHARE_USERS] && !share_users_parse(&s->users, tb[DITTO_A_SHARE_USERS]))) {
		share_free(s);
		return NULL;
	}
	return s;
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
		    x->has_squash != y->has_squash || (x->has_squash && x->squash != y->squash))
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

u32 share_diff(const struct share *a, const struct share *b)
{
	const struct {
		unsigned int attr;
		bool differs;
	} options[] = {
		{ DITTO_A_SHARE_READ_ONLY, a->read_only != b->read_only },
		{ DITTO_A_SHARE_MANAGE_GIDS, a->manage_gids != b->manage_gids },
		{ DITTO_A_SHARE_LOCAL_LOCKS, a->local_locks != b->local_locks },
		{ DITTO_A_SHARE_SQUASH, a->squash != b->squash },
		{ DITTO_A_SHARE_ANON_UID, a->anon_uid != b->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, a->anon_gid != b->anon_gid },
		{ DITTO_A_SHARE_SEC, a->sec != b->sec },
		{ DITTO_A_SHARE_RULES, !same_rules(a, b) },
		{ DITTO_A_SHARE_ENCRYPT, a->encrypt != b->encrypt },
		{ DITTO_A_SHARE_GUEST, a->guest != b->guest },
		{ DITTO_A_SHARE_BROWSE, a->browse != b->browse },
		{ DITTO_A_SHARE_STREAMS, a->streams != b->streams },
		{ DITTO_A_SHARE_SHORT_NAMES, a->short_names != b->short_names },
		{ DITTO_A_SHARE_NOTIFY, a->notify != b->notify },
		{ DITTO_A_SHARE_CONTINUOUSLY_AVAILABLE, a->continuous != b->continuous },
		{ DITTO_A_SHARE_SECURE_PORTS, a->secure_ports != b->secure_ports },
		{ DITTO_A_SHARE_HIDE_UNREADABLE, a->hide_unreadable != b->hide_unreadable },
		{ DITTO_A_SHARE_COMMENT, !same_text(a->comment, b->comment) },
		{ DITTO_A_SHARE_SNAPSHOTS, !same_text(a->snapshots, b->snapshots) },
		{ DITTO_A_SHARE_USERS, !share_users_same(&a->users, &b->users) },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, a->default_access != b->default_access },
		{ DITTO_A_SHARE_ACL_MODE, a->acl_mode != b->acl_mode },
		{ DITTO_A_SHARE_CREATE_MASK, a->create_mask != b->create_mask },
		{ DITTO_A_SHARE_DIRECTORY_MASK, a->directory_mask != b->directory_mask },
		{ DITTO_A_SHARE_FORCE_CREATE_MODE,
		  a->force_create_mode != b->force_create_mode },
		{ DITTO_A_SHARE_FORCE_DIRECTORY_MODE,
		  a->force_directory_mode != b->force_directory_mode },
	};
	u32 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].differs)
			bits |= SHARE_BIT(options[i].attr);
	return bits;
}
