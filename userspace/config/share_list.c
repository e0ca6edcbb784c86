// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of the list of shares for the pipe worker. A share is a struct entry, followed by its
 * name, path and comment, each without a NUL, and its users and groups.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list_file.h"
#include "mem.h"
#include "share_list.h"

enum text {
	NAME,
	PATH,
	COMMENT,
	TEXTS
};

/**
 * struct entry - header of a share
 * @browse: the share appears in lists
 * @guest: users who proved no name may use it
 * @hide: its directory listings omit files that the user may not read
 * @encrypt: clients must encrypt
 * @links: it has links; which ones is not said
 * @default_access: enum ditto_share_right of users that are not named
 * @users: number of users and groups
 * @len: length of each text in bytes
 */
struct entry {
	u32 browse;
	u32 guest;
	u32 hide;
	u32 encrypt;
	u32 links;
	u32 default_access;
	u32 users;
	u32 len[TEXTS];
};

/* A user or a group of a share; see struct share_user. */
struct user {
	u32 group;
	u32 id;
	u32 access;
	u32 sid_len;
	u8 sid[SID_BYTES_MAX];
};

static bool list_put_user(FILE *list, const struct share_user *from)
{
	struct user user = { from->group, from->id, from->access, from->sid_len, { 0 } };

	memcpy(user.sid, from->sid, from->sid_len);
	return list_file_put(list, &user, sizeof(user));
}

static bool list_put_share(FILE *list, const struct share *s, bool admin)
{
	const char *texts[TEXTS] = {
		[NAME] = s->name,
		[PATH] = admin && s->path ? s->path : "",
		[COMMENT] = s->comment ? s->comment : "",
	};
	struct entry e = {
		.browse = s->browse, .guest = s->guest, .hide = s->hide_unreadable,
		.encrypt = s->encrypt, .links = !!s->links,
		.default_access = s->default_access, .users = admin ? s->users.n : 0,
	};
	unsigned int i;
	bool good;

	for (i = 0; i < TEXTS; i++)
		e.len[i] = (u32)strlen(texts[i]);
	good = list_file_put(list, &e, sizeof(e));
	for (i = 0; good && i < TEXTS; i++)
		good = list_file_put(list, texts[i], e.len[i]);
	for (i = 0; good && i < e.users; i++)
		good = list_put_user(list, &s->users.user[i]);
	return good;
}

int share_list_write(const struct kernel_shares *shares, bool guests, bool admin)
{
	int fd;
	FILE *list = list_file_begin("ditto-shares", &fd);
	bool good = true;
	unsigned int i;

	if (!list)
		return -errno;
	for (i = 0; good && i < shares->n; i++)
		if (shares->share[i]->guest || !guests)
			good = list_put_share(list, shares->share[i], admin);
	return list_file_end(list, fd, good);
}

static char *list_text(const u8 *bytes, size_t len)
{
	char *text = mem_new(len + 1);

	memcpy(text, bytes, len);
	return text;
}

static void list_get_user(struct share_users *users, const u8 *bytes)
{
	struct share_user *to = &users->user[users->n++];
	struct user user;

	memcpy(&user, bytes, sizeof(user));
	to->group = user.group;
	to->id = user.id;
	to->access = user.access;
	to->sid_len = user.sid_len < sizeof(to->sid) ? user.sid_len : sizeof(to->sid);
	memcpy(to->sid, user.sid, sizeof(to->sid));
}

/* Decode the share at @pos. Returns the position of the next one, 0 for malformed data. */
static size_t list_get_share(struct kernel_shares *out, const u8 *bytes, size_t len, size_t pos)
{
	struct entry e;
	struct share *s;
	char *name;
	u32 i;

	if (len - pos < sizeof(e))
		return 0;
	memcpy(&e, bytes + pos, sizeof(e));
	pos += sizeof(e);
	for (i = 0; i < TEXTS; i++) {
		if (e.len[i] > len - pos)
			return 0;
		pos += e.len[i];
	}
	if (e.users > (len - pos) / sizeof(struct user))
		return 0;
	bytes += pos - e.len[NAME] - e.len[PATH] - e.len[COMMENT];
	name = list_text(bytes, e.len[NAME]);
	s = share_new(name);
	free(name);
	s->path = list_text(bytes + e.len[NAME], e.len[PATH]);
	s->comment = list_text(bytes + e.len[NAME] + e.len[PATH], e.len[COMMENT]);
	s->browse = e.browse;
	s->guest = e.guest;
	s->hide_unreadable = e.hide;
	s->encrypt = e.encrypt;
	if (e.links)
		s->links = mem_string("");
	s->default_access = e.default_access;
	bytes += e.len[NAME] + e.len[PATH] + e.len[COMMENT];
	s->users.user = mem_new((e.users + 1) * sizeof(*s->users.user));
	for (i = 0; i < e.users; i++)
		list_get_user(&s->users, bytes + i * sizeof(struct user));
	pos += e.users * sizeof(struct user);
	out->share = mem_grow(out->share, out->n, sizeof(*out->share));
	out->share[out->n++] = s;
	return pos;
}

int share_list_read(int fd, struct kernel_shares *out)
{
	ssize_t len;
	size_t pos = 0;
	u8 *bytes;

	memset(out, 0, sizeof(*out));
	len = list_file_read(fd, SSIZE_MAX, &bytes);
	if (len < 0)
		return (int)len;
	while (pos < (size_t)len) {
		pos = list_get_share(out, bytes, (size_t)len, pos);
		if (!pos)
			break;
	}
	free(bytes);
	if (pos == (size_t)len)
		return 0;
	kernel_shares_free(out);
	return -EBADMSG;
}
