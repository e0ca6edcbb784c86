// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of the list of shares for the pipe worker. A share is a struct entry, followed by its
 * name, path and comment, each without a NUL.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
 * @guest: anonymous users may use it
 * @hide: its directory listings omit files that the user may not read
 * @len: length of each text in bytes
 */
struct entry {
	u32 browse;
	u32 guest;
	u32 hide;
	u32 len[TEXTS];
};

static int list_put(int fd, const void *bytes, size_t len)
{
	const u8 *p = bytes;
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n <= 0)
			return n ? -errno : -EIO;
	}
	return 0;
}

static int list_put_share(int fd, const struct share *s, bool paths)
{
	const char *texts[TEXTS] = {
		[NAME] = s->name,
		[PATH] = paths && s->path ? s->path : "",
		[COMMENT] = s->comment ? s->comment : "",
	};
	struct entry e = {
		.browse = s->browse, .guest = s->guest, .hide = s->hide_unreadable,
	};
	int rc, i;

	for (i = 0; i < TEXTS; i++)
		e.len[i] = (u32)strlen(texts[i]);
	rc = list_put(fd, &e, sizeof(e));
	for (i = 0; !rc && i < TEXTS; i++)
		rc = list_put(fd, texts[i], e.len[i]);
	return rc;
}

int share_list_write(const struct kernel_shares *shares, bool anonymous, bool paths)
{
	int fd = memfd_create("ditto-shares", MFD_CLOEXEC);
	unsigned int i;
	int rc = 0;

	if (fd < 0)
		return -errno;
	for (i = 0; !rc && i < shares->n; i++)
		if (shares->share[i]->guest || !anonymous)
			rc = list_put_share(fd, shares->share[i], paths);
	if (!rc)
		return fd;
	close(fd);
	return rc;
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
	off_t end = lseek(fd, 0, SEEK_END);
	size_t pos = 0, len = 0;
	u8 *bytes;

	memset(out, 0, sizeof(*out));
	if (end < 0)
		return -errno;
	bytes = mem_new((size_t)end + 1);
	while (len < (size_t)end) {
		ssize_t n = pread(fd, bytes + len, (size_t)end - len, (off_t)len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	while (pos < len) {
		pos = list_get_share(out, bytes, len, pos);
		if (!pos)
			break;
	}
	free(bytes);
	if (pos == (size_t)end)
		return 0;
	kernel_shares_free(out);
	return -EBADMSG;
}
