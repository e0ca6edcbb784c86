// SPDX-License-Identifier: GPL-2.0-only
/* Shares: made from text or a message, compared, and sent to the kernel. */

#include <stddef.h>
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

	*s = (struct share){
#define OPTION(_kind, _attr, _name, _field, _initial, ...) ._field = (_initial),
#include "../../fs/share/option_defs.h"
		.name = mem_string(name),
		.anon_uid = SHARE_ANONYMOUS,
		.anon_gid = SHARE_ANONYMOUS,
		.default_access = DITTO_SHARE_RIGHT_WRITE,
	};
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

enum option_kind {
	OPTION_BOOL,
	OPTION_ENUM,
	OPTION_FLAGS,
	OPTION_MODE,
};

/* Names of an option's values. */
#define OPTION_BOOL_NAMES(_values)	NULL
#define OPTION_ENUM_NAMES(_values)	(&spec_##_values)
#define OPTION_FLAGS_NAMES(_values)	(&spec_##_values)
#define OPTION_MODE_NAMES(_values)	NULL

/**
 * struct share_option - an option that is a number
 * @name: name
 * @attr: DITTO_A_SHARE_*
 * @kind: how people write it
 * @offset: of a bool for OPTION_BOOL, else of a u32, in struct share
 * @max: largest mode
 * @names: names of the values, or NULL
 */
struct share_option {
	const char *name;
	unsigned int attr;
	enum option_kind kind;
	size_t offset;
	u32 max;
	const struct spec_enum *names;
};

static const struct share_option share_options[SHARE_OPTIONS] = {
#define OPTION(_kind, _attr, _name, _field, _initial, _max, _values) \
	{ .name = (_name), .attr = DITTO_A_SHARE_##_attr, .kind = OPTION_##_kind, \
	  .offset = offsetof(struct share, _field), .max = (_max), \
	  .names = OPTION_##_kind##_NAMES(_values) },
#include "../../fs/share/option_defs.h"
};

static u32 option_value(const struct share *s, const struct share_option *o)
{
	const void *field = (const char *)s + o->offset;

	return o->kind == OPTION_BOOL ? *(const bool *)field : *(const u32 *)field;
}

/* Parse an octal mode up to the kernel's maximum. */
static bool mode_read(const char *text, u32 max, u32 *mode, struct why *why)
{
	size_t len = strlen(text);

	if (!len || len > 5 || strspn(text, "01234567") != len || strtoul(text, NULL, 8) > max)
		return why_not(why, "'%s' is not allowed: an octal number up to %04o is", text,
			       max);
	*mode = (u32)strtoul(text, NULL, 8);
	return true;
}

const char *share_option_name(unsigned int i)
{
	return i < SHARE_OPTIONS ? share_options[i].name : NULL;
}

bool share_set_option(struct share *s, const char *name, const char *text, struct why *why)
{
	const struct share_option *o = share_options;
	bool good = false;
	void *field;

	while (!spec_same_word(o->name, name))
		if (++o == share_options + SHARE_OPTIONS)
			return why_not(why, "there is no option '%s'", name);
	field = (char *)s + o->offset;
	switch (o->kind) {
	case OPTION_BOOL:
		good = text_bool(text, field, why);
		break;
	case OPTION_ENUM:
		good = text_enum(text, o->names, field, why);
		break;
	case OPTION_FLAGS:
		good = text_flags(text, o->names, field, why);
		break;
	case OPTION_MODE:
		good = mode_read(text, o->max, field, why);
		break;
	}
	return share_given(s, o->attr, good);
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
		{ DITTO_A_SHARE_ANON_UID, s->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, s->anon_gid },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, s->default_access },
	};
	const u16 *takes = spec_ops[cmd].request;
	size_t i;

	msg_put_string(msg, DITTO_A_SHARE_NAME, s->name);
	if (s->path && spec_list_has(takes, DITTO_A_SHARE_PATH))
		msg_put_string(msg, DITTO_A_SHARE_PATH, s->path);
	if ((s->given & SHARE_BIT(DITTO_A_SHARE_ID)) && spec_list_has(takes, DITTO_A_SHARE_ID))
		msg_put(msg, DITTO_A_SHARE_ID, s->id, sizeof(s->id));
	for (i = 0; i < SHARE_OPTIONS; i++)
		if ((s->given & SHARE_BIT(share_options[i].attr)) &&
		    spec_list_has(takes, share_options[i].attr))
			msg_put_number(msg, &spec_share_set, share_options[i].attr,
				       option_value(s, &share_options[i]));
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

static void option_take(struct nlattr **tb, struct share *s, const struct share_option *o)
{
	void *field = (char *)s + o->offset;

	if (!tb[o->attr])
		return;
	if (o->kind == OPTION_BOOL)
		*(bool *)field = nla_get_u8(tb[o->attr]);
	else
		*(u32 *)field = nla_get_u32(tb[o->attr]);
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
	for (i = 0; i < SHARE_OPTIONS; i++)
		option_take(tb, s, &share_options[i]);
	take_u32(tb, DITTO_A_SHARE_ANON_UID, &s->anon_uid);
	take_u32(tb, DITTO_A_SHARE_ANON_GID, &s->anon_gid);
	take_u32(tb, DITTO_A_SHARE_DEFAULT_ACCESS, &s->default_access);
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
		{ DITTO_A_SHARE_ANON_UID, a->anon_uid != b->anon_uid },
		{ DITTO_A_SHARE_ANON_GID, a->anon_gid != b->anon_gid },
		{ DITTO_A_SHARE_RULES, !same_rules(a, b) },
		{ DITTO_A_SHARE_COMMENT, !same_text(a->comment, b->comment) },
		{ DITTO_A_SHARE_SNAPSHOTS, !same_text(a->snapshots, b->snapshots) },
		{ DITTO_A_SHARE_USERS, !share_users_same(&a->users, &b->users) },
		{ DITTO_A_SHARE_DEFAULT_ACCESS, a->default_access != b->default_access },
	};
	u32 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].differs)
			bits |= SHARE_BIT(options[i].attr);
	for (i = 0; i < SHARE_OPTIONS; i++)
		if (option_value(a, &share_options[i]) != option_value(b, &share_options[i]))
			bits |= SHARE_BIT(share_options[i].attr);
	return bits;
}
