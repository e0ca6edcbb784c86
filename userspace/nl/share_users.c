// SPDX-License-Identifier: GPL-2.0-only
/* Share users: made from text or a message, looked up, compared, and sent to the kernel. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "common/mem.h"
#include "nl.h"
#include "share_users.h"

/* Largest number of users and groups of a share in the kernel. */
#define SHARE_USERS_MAX	1024
/* Bytes of the SID of a user or group of a domain, S-1-5-21-a-b-c-d ([MS-DTYP] section 2.4.2.2). */
#define SID_LEN_OF_NAME	28

/* Bounds of the buffer for a record; a group with very many members needs a large one. */
#define BUFFER_MIN	4096
#define BUFFER_MAX	(4 * 1024 * 1024)

/* The highest number means "no id" in the kernel. */
static bool share_user_number(const char *name, u32 *id)
{
	struct why ignored;
	u64 number;

	if (!text_number(name, 0, UINT32_MAX - 1, &number, &ignored))
		return false;
	*id = (u32)number;
	return true;
}

/*
 * A name is absent only if the answer has no error. Every error, also ENOENT, means that a part of
 * the name service could not be asked.
 */
int share_user_find(struct share_user *one, struct why *why)
{
	const char *name = one->name;
	bool group = one->group;
	const char *kind = group ? "group" : "user";
	struct passwd pw, *user = NULL;
	struct group gr, *found = NULL;
	size_t size = BUFFER_MIN;
	char *buf;
	int err;

	do {
		buf = mem_new(size);
		if (group)
			err = getgrnam_r(name, &gr, buf, size, &found);
		else
			err = getpwnam_r(name, &pw, buf, size, &user);
		free(buf);
		size *= 2;
	} while (err == ERANGE && size <= BUFFER_MAX);
	if (found || user) {
		one->id = found ? gr.gr_gid : pw.pw_uid;
		return 0;
	}
	if (err) {
		why_not(why, "the name service cannot be asked for %s '%s': %s", kind, name,
			strerror(err));
		return -EAGAIN;
	}
	why_not(why, "there is no %s '%s' on this machine", kind, name);
	return -ENOENT;
}

/* A SID; those that stand for numbers of this machine are the numbers. */
static bool share_user_sid(struct share_user *one, struct why *why)
{
	static const char *const unix_accounts[] = { "S-1-22-1-", "S-1-22-2-" };
	size_t len = strlen(unix_accounts[0]);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unix_accounts); i++) {
		if (strncmp(one->name, unix_accounts[i], len) ||
		    !share_user_number(one->name + len, &one->id))
			continue;
		one->group = i;
		return true;
	}
	return text_sid(one->name, one->sid, &one->sid_len, why);
}

bool share_user_same(const struct share_user *a, const struct share_user *b)
{
	if (a->name && b->name)
		return a->group == b->group && !strcmp(a->name, b->name);
	if (a->name || b->name || a->sid_len != b->sid_len)
		return false;
	if (a->sid_len)
		return !memcmp(a->sid, b->sid, a->sid_len);
	return a->group == b->group && a->id == b->id;
}

static const struct share_user *share_users_find(const struct share_users *u,
						 const struct share_user *one)
{
	unsigned int i;

	for (i = 0; i < u->n; i++)
		if (share_user_same(&u->user[i], one))
			return &u->user[i];
	return NULL;
}

static bool share_users_have_name(const struct share_users *u, bool group, const char *name)
{
	unsigned int i;

	for (i = 0; i < u->n; i++)
		if (u->user[i].group == group && u->user[i].name &&
		    !strcmp(u->user[i].name, name))
			return true;
	return false;
}

/* Bytes of an entry in a message. A name may become a number, or the SID that a directory gives. */
static size_t share_user_size(const struct share_user *one)
{
	int sid_len = one->name ? SID_LEN_OF_NAME : (int)one->sid_len;
	int who = sid_len ? nla_total_size(sid_len) + nla_total_size(sizeof(u8)) :
			    nla_total_size(sizeof(u32));

	return (size_t)nla_total_size(who + nla_total_size(sizeof(u32)));
}

static bool share_users_have_room(const struct share_users *u, const struct share_user *more,
				  struct why *why)
{
	size_t size = share_user_size(more);
	unsigned int i;

	for (i = 0; i < u->n; i++)
		size += share_user_size(&u->user[i]);
	return (u->n < SHARE_USERS_MAX && size <= NEST_BYTES_MAX) ||
	       why_not(why, "there are more than %d users, or %d bytes: put them into groups",
		       SHARE_USERS_MAX, NEST_BYTES_MAX);
}

static void share_users_append(struct share_users *u, const struct share_user *one)
{
	u->user = mem_grow(u->user, u->n, sizeof(*u->user));
	u->user[u->n++] = *one;
}

bool share_users_add_unresolved(struct share_users *u, bool group, const char *text,
				struct why *why)
{
	/* A name may contain '=', so the last one counts. */
	const char *access = strrchr(text, '=');
	struct share_user one = { .group = group };
	bool known, twice;
	char *name;

	if (!access || access == text)
		return why_not(why, "'%s' is not allowed: NAME=ACCESS is", text);
	if (!text_enum(access + 1, &spec_share_right, &one.access, why))
		return false;
	name = mem_print("%.*s", (int)(access - text), text);
	one.name = name;
	known = share_user_number(name, &one.id);
	if (!known && !strncmp(name, "S-1-", 4)) {
		known = share_user_sid(&one, why);
		if (!known)
			goto err_name;
	}
	if (known)
		one.name = NULL;
	twice = known ? (bool)share_users_find(u, &one) : share_users_have_name(u, group, name);
	if (twice) {
		why_not(why, "%s '%s' is there twice", group ? "group" : "user", name);
		goto err_name;
	}
	if (!share_users_have_room(u, &one, why))
		goto err_name;
	if (known)
		free(name);
	share_users_append(u, &one);
	return true;

err_name:
	free(name);
	return false;
}

int share_users_resolve(const struct share_users *u, struct share_users *out,
			share_user_find_fn find, struct why *why)
{
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < u->n; i++) {
		struct share_user one = u->user[i];
		const char *name = one.name;

		if (name) {
			rc = find(&one, why);
			if (rc)
				goto err;
			one.name = NULL;
		}
		if (share_users_find(out, &one)) {
			why_not(why, "%s '%s' is there twice", one.group ? "group" : "user",
				name ? name : "with this number");
			rc = -EINVAL;
			goto err;
		}
		if (!share_users_have_room(out, &one, why)) {
			rc = -EINVAL;
			goto err;
		}
		share_users_append(out, &one);
	}
	return 0;

err:
	share_users_free(out);
	return rc;
}

bool share_users_add(struct share_users *u, bool group, const char *text, struct why *why)
{
	struct share_users resolved;

	if (!share_users_add_unresolved(u, group, text, why))
		return false;
	if (share_users_resolve(u, &resolved, share_user_find, why)) {
		free(u->user[--u->n].name);
		return false;
	}
	share_users_free(u);
	*u = resolved;
	return true;
}

void share_users_free(struct share_users *u)
{
	unsigned int i;

	for (i = 0; i < u->n; i++)
		free(u->user[i].name);
	free(u->user);
	u->user = NULL;
	u->n = 0;
}

bool share_users_same(const struct share_users *a, const struct share_users *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++) {
		const struct share_user *one = &a->user[i];
		const struct share_user *other = share_users_find(b, one);

		if (!other || other->access != one->access || other->group != one->group)
			return false;
	}
	return a->n == b->n;
}

char *share_user_text(const struct share_user *u)
{
	const char *access = spec_enum_name(&spec_share_right, u->access);
	const char *name = NULL;
	char sid[TEXT_SID_MAX];

	if (u->sid_len) {
		name = text_from_sid(u->sid, u->sid_len, sid);
	} else if (u->group) {
		const struct group *gr = getgrgid(u->id);

		name = gr ? gr->gr_name : NULL;
	} else {
		const struct passwd *user = getpwuid(u->id);

		name = user ? user->pw_name : NULL;
	}
	if (name)
		return mem_print("%s=%s", name, access);
	return mem_print("%u=%s", u->id, access);
}

void share_users_fill(struct nl_msg *msg, const struct share_users *u)
{
	struct nlattr *all = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_USERS);
	unsigned int i;

	if (!all)
		mem_out();
	for (i = 0; i < u->n; i++) {
		const struct share_user *one = &u->user[i];
		struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SHARE_USERS_USER);

		if (!nest)
			mem_out();
		if (one->sid_len) {
			msg_put(msg, DITTO_A_SHARE_USER_SID, one->sid, one->sid_len);
			msg_put_number(msg, &spec_share_user_set, DITTO_A_SHARE_USER_IS_GROUP,
				       one->group);
		} else {
			msg_put_number(msg, &spec_share_user_set, one->group ?
				       DITTO_A_SHARE_USER_GID : DITTO_A_SHARE_USER_UID, one->id);
		}
		msg_put_number(msg, &spec_share_user_set, DITTO_A_SHARE_USER_ACCESS, one->access);
		nla_nest_end(msg, nest);
	}
	msg_end_list(msg, all);
}

/* Read an entry of a share; false if it is malformed. */
static bool share_user_parse(struct share_user *one, struct nlattr **tb)
{
	struct nlattr *sid = tb[DITTO_A_SHARE_USER_SID];

	if (!tb[DITTO_A_SHARE_USER_ACCESS])
		return false;
	one->access = nla_get_u32(tb[DITTO_A_SHARE_USER_ACCESS]);
	if (sid) {
		if ((size_t)nla_len(sid) > sizeof(one->sid))
			return false;
		one->sid_len = (u32)nla_len(sid);
		memcpy(one->sid, nla_data(sid), one->sid_len);
		one->group = tb[DITTO_A_SHARE_USER_IS_GROUP] &&
			     nla_get_u8(tb[DITTO_A_SHARE_USER_IS_GROUP]);
		return true;
	}
	if (!tb[DITTO_A_SHARE_USER_UID] == !tb[DITTO_A_SHARE_USER_GID])
		return false;
	one->group = tb[DITTO_A_SHARE_USER_GID];
	one->id = nla_get_u32(tb[one->group ? DITTO_A_SHARE_USER_GID : DITTO_A_SHARE_USER_UID]);
	return true;
}

bool share_users_parse(struct share_users *u, struct nlattr *nla)
{
	struct nlattr *nest;
	int rest;

	nla_for_each_nested(nest, nla, rest) {
		struct nlattr *tb[DITTO_A_SHARE_USER_MAX + 1];
		struct share_user one = { .group = false };

		if (nla_type(nest) != DITTO_A_SHARE_USERS_USER)
			continue;
		if (nla_parse_nested(tb, DITTO_A_SHARE_USER_MAX, nest,
				     spec_share_user_set.policy) < 0 ||
		    !share_user_parse(&one, tb))
			return false;
		share_users_append(u, &one);
	}
	return true;
}
