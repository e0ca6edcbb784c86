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

/* Largest number of grants of a share in the kernel. */
#define GRANTS_MAX	1024

/* Bounds of the buffer for a record; a group with very many members needs a large one. */
#define BUFFER_MIN	4096
#define BUFFER_MAX	(4 * 1024 * 1024)

/* The name service answered that there is no such name. */
#define NAME_ABSENT	1

/* The highest number means "no id" in the kernel. */
static bool is_number(const char *name, u32 *id)
{
	struct why ignored;
	u64 number;

	if (!text_number(name, 0, UINT32_MAX - 1, &number, &ignored))
		return false;
	*id = (u32)number;
	return true;
}

static int look_up(bool group, const char *name, u32 *id, char *buf, size_t size)
{
	struct passwd pw, *user = NULL;
	struct group gr, *found = NULL;
	int rc;

	if (group)
		rc = getgrnam_r(name, &gr, buf, size, &found);
	else
		rc = getpwnam_r(name, &pw, buf, size, &user);
	if (found)
		*id = gr.gr_gid;
	if (user)
		*id = pw.pw_uid;
	if (found || user)
		return 0;
	return rc ? -rc : NAME_ABSENT;
}

/*
 * A name is absent only if the answer has no error. Every error, also ENOENT, means that a part of
 * the name service could not be asked.
 */
static int find_id(bool group, const char *name, u32 *id, struct why *why)
{
	const char *kind = group ? "group" : "user";
	size_t size = BUFFER_MIN;
	char *buf;
	int rc;

	if (is_number(name, id))
		return 0;
	do {
		buf = mem_new(size);
		rc = look_up(group, name, id, buf, size);
		free(buf);
		size *= 2;
	} while (rc == -ERANGE && size <= BUFFER_MAX);
	if (!rc)
		return 0;
	if (rc == NAME_ABSENT) {
		why_not(why, "there is no %s '%s' on this machine", kind, name);
		return -ENOENT;
	}
	why_not(why, "the name service cannot be asked for %s '%s': %s", kind, name, strerror(-rc));
	return -EAGAIN;
}

static const struct grant *grant_find(const struct grants *g, bool group, u32 id)
{
	unsigned int i;

	for (i = 0; i < g->n; i++)
		if (g->grant[i].group == group && !g->grant[i].name && g->grant[i].id == id)
			return &g->grant[i];
	return NULL;
}

static bool has_name(const struct grants *g, bool group, const char *name)
{
	unsigned int i;

	for (i = 0; i < g->n; i++)
		if (g->grant[i].group == group && g->grant[i].name &&
		    !strcmp(g->grant[i].name, name))
			return true;
	return false;
}

static void grant_add(struct grants *g, const struct grant *one)
{
	g->grant = mem_grow(g->grant, g->n, sizeof(*g->grant));
	g->grant[g->n++] = *one;
}

bool grants_add_unresolved(struct grants *g, bool group, const char *text, struct why *why)
{
	/* A name may contain '=', so the last one counts. */
	const char *access = strrchr(text, '=');
	struct grant one = { .group = group };
	bool known, twice;

	if (!access || access == text)
		return why_not(why, "'%s' is not allowed: NAME=ACCESS is", text);
	if (!text_enum(access + 1, &spec_share_right, &one.access, why))
		return false;
	one.name = mem_print("%.*s", (int)(access - text), text);
	known = is_number(one.name, &one.id);
	twice = known ? (bool)grant_find(g, group, one.id) : has_name(g, group, one.name);
	if (twice) {
		why_not(why, "%s '%s' is there twice", group ? "group" : "user", one.name);
		free(one.name);
		return false;
	}
	if (known || g->n == GRANTS_MAX)
		free(one.name);
	if (known)
		one.name = NULL;
	if (g->n == GRANTS_MAX)
		return why_not(why, "there are more than %d grants: put the users into groups",
			       GRANTS_MAX);
	grant_add(g, &one);
	return true;
}

int grants_resolve(const struct grants *g, struct grants *out, struct why *why)
{
	unsigned int i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < g->n && !rc; i++) {
		struct grant one = g->grant[i];

		if (one.name)
			rc = find_id(one.group, one.name, &one.id, why);
		if (!rc && grant_find(out, one.group, one.id)) {
			why_not(why, "%s '%s' is there twice", one.group ? "group" : "user",
				one.name ? one.name : "with this number");
			rc = -EINVAL;
		}
		one.name = NULL;
		if (!rc)
			grant_add(out, &one);
	}
	if (rc)
		grants_free(out);
	return rc;
}

bool grants_add(struct grants *g, bool group, const char *text, struct why *why)
{
	struct grants resolved;

	if (!grants_add_unresolved(g, group, text, why))
		return false;
	if (grants_resolve(g, &resolved, why)) {
		free(g->grant[--g->n].name);
		return false;
	}
	grants_free(g);
	*g = resolved;
	return true;
}

void grants_free(struct grants *g)
{
	unsigned int i;

	for (i = 0; i < g->n; i++)
		free(g->grant[i].name);
	free(g->grant);
	g->grant = NULL;
	g->n = 0;
}

bool grants_same(const struct grants *a, const struct grants *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++) {
		const struct grant *other = grant_find(b, a->grant[i].group, a->grant[i].id);

		if (!other || other->access != a->grant[i].access)
			return false;
	}
	return a->n == b->n;
}

char *grant_text(const struct grant *g)
{
	const char *access = spec_enum_name(&spec_share_right, g->access);
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
	struct nlattr *all = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_USERS);
	unsigned int i;

	if (!all)
		mem_out();
	for (i = 0; i < g->n; i++) {
		const struct grant *one = &g->grant[i];
		struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_USERS_USER);

		if (!nest)
			mem_out();
		msg_put_number(msg, &spec_share_user_set,
			       one->group ? DITTO_A_SHARE_USER_GID
					  : DITTO_A_SHARE_USER_UID,
			       one->id);
		msg_put_number(msg, &spec_share_user_set,
			       DITTO_A_SHARE_USER_ACCESS, one->access);
		nla_nest_end(msg, nest);
	}
	/* An empty list is sent, too, so it must not be trimmed away. */
	nla_nest_end_keep_empty(msg, all);
}

bool grants_from(struct grants *g, struct nlattr *nla)
{
	struct nlattr *nest;
	int rest;

	nla_for_each_nested(nest, nla, rest) {
		struct nlattr *tb[DITTO_A_SHARE_USER_MAX + 1];
		struct grant one = { .group = false };

		if (nla_type(nest) != DITTO_A_SHARE_USERS_USER)
			continue;
		if (nla_parse_nested(tb, DITTO_A_SHARE_USER_MAX, nest,
				     spec_share_user_set.policy) < 0 ||
		    !tb[DITTO_A_SHARE_USER_UID] ==
			    !tb[DITTO_A_SHARE_USER_GID] ||
		    !tb[DITTO_A_SHARE_USER_ACCESS])
			return false;
		one.group = tb[DITTO_A_SHARE_USER_GID];
		one.id = nla_get_u32(tb[one.group ? DITTO_A_SHARE_USER_GID
						  : DITTO_A_SHARE_USER_UID]);
		one.access = nla_get_u32(tb[DITTO_A_SHARE_USER_ACCESS]);
		grant_add(g, &one);
	}
	return true;
}
