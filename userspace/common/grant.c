// SPDX-License-Identifier: GPL-2.0-only
/* Grants of a share. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "grant.h"
#include "mem.h"
#include "nl.h"

/* Grants of one share that the kernel takes. */
#define GRANTS_MAX	1024

/* The highest number means "no id" to the kernel. */
static bool find_id(bool group, const char *name, u32 *id, struct why *why)
{
	const struct passwd *user;
	const struct group *gr;
	struct why ignored;
	u64 number;

	if (text_number(name, 0, UINT32_MAX - 1, &number, &ignored)) {
		*id = (u32)number;
		return true;
	}
	errno = 0;
	if (group) {
		gr = getgrnam(name);
		if (gr)
			*id = gr->gr_gid;
		if (gr)
			return true;
	} else {
		user = getpwnam(name);
		if (user)
			*id = user->pw_uid;
		if (user)
			return true;
	}
	return why_not(why, "there is no %s '%s' on this machine", group ? "group" : "user", name);
}

static const struct grant *find(const struct grants *g, bool group, u32 id)
{
	unsigned int i;

	for (i = 0; i < g->n; i++)
		if (g->grant[i].group == group && g->grant[i].id == id)
			return &g->grant[i];
	return NULL;
}

static void add(struct grants *g, const struct grant *one)
{
	g->grant = mem_grow(g->grant, g->n, sizeof(*g->grant));
	g->grant[g->n++] = *one;
}

bool grants_add(struct grants *g, bool group, const char *text, struct why *why)
{
	/* A name may hold what stands before the last '='. */
	const char *access = strrchr(text, '=');
	struct grant one = { .group = group };
	char *name;
	bool good;

	if (!access || access == text)
		return why_not(why, "'%s' is not allowed: NAME=ACCESS is", text);
	if (!text_enum(access + 1, &spec_grant_right, &one.access, why))
		return false;
	name = mem_print("%.*s", (int)(access - text), text);
	good = find_id(group, name, &one.id, why);
	if (good && find(g, group, one.id))
		good = why_not(why, "%s '%s' is there twice", group ? "group" : "user", name);
	free(name);
	if (good && g->n == GRANTS_MAX)
		good = why_not(why, "there are more than %d grants: put the users into groups",
			       GRANTS_MAX);
	if (good)
		add(g, &one);
	return good;
}

void grants_free(struct grants *g)
{
	free(g->grant);
	g->grant = NULL;
	g->n = 0;
}

bool grants_same(const struct grants *a, const struct grants *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++) {
		const struct grant *other = find(b, a->grant[i].group, a->grant[i].id);

		if (!other || other->access != a->grant[i].access)
			return false;
	}
	return a->n == b->n;
}

char *grant_text(const struct grant *g)
{
	const char *access = spec_enum_name(&spec_grant_right, g->access);
	const char *name = NULL;

	if (g->group) {
		const struct group *gr = getgrgid(g->id);

		name = gr ? gr->gr_name : NULL;
	} else {
		const struct passwd *user = getpwuid(g->id);

		name = user ? user->pw_name : NULL;
	}
	if (name)
		return mem_print("%s=%s", name, access);
	return mem_print("%u=%s", g->id, access);
}

void grants_put(struct nl_msg *msg, const struct grants *g)
{
	struct nlattr *all = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_GRANTS);
	unsigned int i;

	if (!all)
		mem_out();
	for (i = 0; i < g->n; i++) {
		const struct grant *one = &g->grant[i];
		struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_GRANTS_GRANT);

		if (!nest)
			mem_out();
		msg_put_number(msg, &spec_grant_set,
			       one->group ? DITTO_A_GRANT_GID : DITTO_A_GRANT_UID, one->id);
		msg_put_number(msg, &spec_grant_set, DITTO_A_GRANT_ACCESS, one->access);
		nla_nest_end(msg, nest);
	}
	/* An empty list is told too, so it must not be trimmed away. */
	nla_nest_end_keep_empty(msg, all);
}

bool grants_from(struct grants *g, struct nlattr *nla)
{
	struct nlattr *nest;
	int rest;

	nla_for_each_nested(nest, nla, rest) {
		struct nlattr *tb[DITTO_A_GRANT_MAX + 1];
		struct grant one = { .group = false };

		if (nla_type(nest) != DITTO_A_GRANTS_GRANT)
			continue;
		if (nla_parse_nested(tb, DITTO_A_GRANT_MAX, nest, spec_grant_set.policy) < 0 ||
		    !tb[DITTO_A_GRANT_UID] == !tb[DITTO_A_GRANT_GID] || !tb[DITTO_A_GRANT_ACCESS])
			return false;
		one.group = tb[DITTO_A_GRANT_GID];
		one.id = nla_get_u32(tb[one.group ? DITTO_A_GRANT_GID : DITTO_A_GRANT_UID]);
		one.access = nla_get_u32(tb[DITTO_A_GRANT_ACCESS]);
		add(g, &one);
	}
	return true;
}
