// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of the list of shares for the pipe worker. A share is a struct entry, followed by its
 * name, path and comment, each without a NUL.
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
 * @len: length of each text in bytes
 */
struct entry {
	u32 browse;
	u32 guest;
	u32 hide;
	u32 len[TEXTS];
};

static bool list_put_share(FILE *list, const struct share *s, bool paths)
{
	const char *texts[TEXTS] = {
		[NAME] = s->name,
		[PATH] = paths && s->path ? s->path : "",
		[COMMENT] = s->comment ? s->comment : "",
	};
	struct entry e = {
		.browse = s->browse, .guest = s->guest, .hide = s->hide_unreadable,
	};
	bool good;
	int i;

	for (i = 0; i < TEXTS; i++)
		e.len[i] = (u32)strlen(texts[i]);
	good = list_file_put(list, &e, sizeof(e));
	for (i = 0; good && i < TEXTS; i++)
		good = list_file_put(list, texts[i], e.len[i]);
	return good;
}

int share_list_write(const struct kernel_shares *shares, bool guests, bool paths)
{
	int fd;
	FILE *list = list_file_begin("ditto-shares", &fd);
	bool good = true;
	unsigned int i;

	if (!list)
		return -errno;
	for (i = 0; good && i < shares->n; i++)
		if (shares->share[i]->guest || !guests)
			good = list_put_share(list, shares->share[i], paths);
	return list_file_end(list, fd, good);
}

static char *list_text(const u8 *bytes, size_t len)
{
	char *text = mem_new(len + 1);

	memcpy(text, bytes, len);
	return text;
}

/* Decode the share at @pos. Returns the position of the next one, 0 for malformed data. */
static size_t list_get_share(struct kernel_shares *out, const u8 *bytes, size_t len, size_t pos)
{
	struct entry e;
	struct share *s;
	char *name;
	int i;

	if (len - pos < sizeof(e))
		return 0;
	memcpy(&e, bytes + pos, sizeof(e));
	pos += sizeof(e);
	for (i = 0; i < TEXTS; i++) {
		if (e.len[i] > len - pos)
			return 0;
		pos += e.len[i];
	}
	bytes += pos - e.len[NAME] - e.len[PATH] - e.len[COMMENT];
	name = list_text(bytes, e.len[NAME]);
	s = share_new(name);
	free(name);
	s->path = list_text(bytes + e.len[NAME], e.len[PATH]);
	s->comment = list_text(bytes + e.len[NAME] + e.len[PATH], e.len[COMMENT]);
	s->browse = e.browse;
	s->guest = e.guest;
	s->hide_unreadable = e.hide;
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
