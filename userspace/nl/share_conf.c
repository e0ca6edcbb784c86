// SPDX-License-Identifier: GPL-2.0-only
/* Shares in the words of ditto.conf(5), see share_conf.h. */

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "ditto-nl-gen.h"
#include "share.h"
#include "share_conf.h"

static void conf_add(struct share_conf *c, char *value)
{
	c->value = mem_grow(c->value, c->n, sizeof(*c->value));
	c->value[c->n++] = value;
}

static void conf_text(struct share_conf *c, const char *text)
{
	if (text && text[0])
		conf_add(c, mem_string(text));
}

static void path_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->path);
}

static void id_get(const struct share *s, struct share_conf *c)
{
	static const u8 none[sizeof(s->id)];
	char text[TEXT_UUID_MAX];

	if (memcmp(s->id, none, sizeof(none)))
		conf_text(c, text_from_uuid(s->id, text));
}

static void comment_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->comment);
}

static void protocols_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->protocols && s->protocols[0] ? s->protocols : "nfs,smb");
}

static void anon_uid_get(const struct share *s, struct share_conf *c)
{
	conf_add(c, mem_print("%u", s->anon_uid));
}

static void anon_gid_get(const struct share *s, struct share_conf *c)
{
	conf_add(c, mem_print("%u", s->anon_gid));
}

static void rules_get(const struct share *s, struct share_conf *c)
{
	unsigned int i;

	for (i = 0; i < s->nrules; i++)
		conf_add(c, share_rule_text(&s->rules[i]));
}

static void named_get(const struct share *s, bool group, struct share_conf *c)
{
	unsigned int i;

	for (i = 0; i < s->users.n; i++)
		if (s->users.user[i].group == group)
			conf_add(c, share_user_text(&s->users.user[i]));
}

static void users_get(const struct share *s, struct share_conf *c)
{
	named_get(s, false, c);
}

static void groups_get(const struct share *s, struct share_conf *c)
{
	named_get(s, true, c);
}

static void default_access_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, spec_enum_name(&spec_share_right, s->default_access));
}

static void snapshots_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->snapshots);
}

static void trash_exclude_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->trash_exclude);
}

static void veto_files_get(const struct share *s, struct share_conf *c)
{
	conf_text(c, s->veto_files);
}

static void conf_force(struct share_conf *c, u32 id, const char *name)
{
	if (name)
		conf_text(c, name);
	else if (id != SHARE_NOBODY)
		conf_add(c, mem_print("%u", id));
}

static void force_user_get(const struct share *s, struct share_conf *c)
{
	conf_force(c, s->force_uid, s->force_user);
}

static void force_group_get(const struct share *s, struct share_conf *c)
{
	conf_force(c, s->force_gid, s->force_group);
}

static void links_get(const struct share *s, struct share_conf *c)
{
	const char *line = s->links ? s->links : "";
	int len;

	for (; *line; line += len + !!line[len]) {
		len = (int)strcspn(line, "\n");
		conf_add(c, mem_print("%.*s", len, line));
	}
}

/* Keys that are no numbers; share_diff() does not compare the path. */
static const struct {
	const char *key;
	u64 bit;
	void (*get)(const struct share *s, struct share_conf *c);
} words[] = {
	{ "path", 0, path_get },
	{ "id", SHARE_BIT(DITTO_A_SHARE_ID), id_get },
	{ "comment", SHARE_BIT(DITTO_A_SHARE_COMMENT), comment_get },
	{ "protocols", SHARE_BIT(DITTO_A_SHARE_PROTOCOLS), protocols_get },
	{ "allow", SHARE_BIT(DITTO_A_SHARE_RULES), rules_get },
	{ "user", SHARE_BIT(DITTO_A_SHARE_USERS), users_get },
	{ "group", SHARE_BIT(DITTO_A_SHARE_USERS), groups_get },
	{ "default-access", SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS), default_access_get },
	{ "anon-uid", SHARE_BIT(DITTO_A_SHARE_ANON_UID), anon_uid_get },
	{ "anon-gid", SHARE_BIT(DITTO_A_SHARE_ANON_GID), anon_gid_get },
	{ "snapshots", SHARE_BIT(DITTO_A_SHARE_SNAPSHOTS), snapshots_get },
	{ "link", SHARE_BIT(DITTO_A_SHARE_LINKS), links_get },
	{ "trash-exclude", SHARE_BIT(DITTO_A_SHARE_TRASH_EXCLUDE), trash_exclude_get },
	{ "veto-files", SHARE_BIT(DITTO_A_SHARE_VETO_FILES), veto_files_get },
	{ "force-user", SHARE_BIT(DITTO_A_SHARE_FORCE_UID), force_user_get },
	{ "force-group", SHARE_BIT(DITTO_A_SHARE_FORCE_GID), force_group_get },
};

/* Is a key one of the attributes and options in @bits? */
static bool conf_is_in(unsigned int i, struct share_bits bits)
{
	return i < ARRAY_SIZE(words) ? bits.attrs & words[i].bit :
	       bits.options & SHARE_OPTION_BIT(i - (unsigned int)ARRAY_SIZE(words));
}

unsigned int share_conf_count(void)
{
	return (unsigned int)ARRAY_SIZE(words) + SHARE_OPTIONS;
}

const char *share_conf_owner(unsigned int i)
{
	return i < ARRAY_SIZE(words) ? "core" :
	       share_options[i - (unsigned int)ARRAY_SIZE(words)].owner;
}

bool share_conf_is_given(const struct share *s, unsigned int i)
{
	return i < ARRAY_SIZE(words) || conf_is_in(i, s->given);
}

bool share_conf_same(const struct share *a, const struct share *b, unsigned int i)
{
	/* A share without one gets its own from the kernel. */
	if (i < ARRAY_SIZE(words) && words[i].bit == SHARE_BIT(DITTO_A_SHARE_ID))
		return !(a->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)) ||
		       !memcmp(a->id, b->id, sizeof(a->id));
	return !conf_is_in(i, share_diff(a, b));
}

bool share_conf_get(const struct share *s, unsigned int i, struct share_conf *c)
{
	unsigned int option = i - (unsigned int)ARRAY_SIZE(words);
	char text[SETTING_TEXT_MAX];
	struct share *fresh;

	memset(c, 0, sizeof(*c));
	if (i < ARRAY_SIZE(words)) {
		c->key = words[i].key;
		words[i].get(s, c);
	} else if (option < SHARE_OPTIONS) {
		c->key = share_options[option].name;
		conf_add(c, mem_string(setting_text(&share_options[option],
						    share_option_value(s, option), text)));
	} else {
		return false;
	}
	fresh = share_new("");
	c->usual = (i >= ARRAY_SIZE(words) || words[i].bit) && share_conf_same(s, fresh, i);
	share_free(fresh);
	return true;
}

void share_conf_free(struct share_conf *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		free(c->value[i]);
	free(c->value);
	memset(c, 0, sizeof(*c));
}
