// SPDX-License-Identifier: GPL-2.0-only
/* AppleDouble files: what they become, what is refused, and which are removed. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/apple_double.h"
#include "ctl/apple_remove.h"
#include "mem.h"
#include "test.h"
#include "text.h"

#define FORK_TEXT	"This resource fork intentionally left blank   "

/* A file that is being made. */
struct blob {
	u8 data[1024];
	size_t len;
};

static void put_number(struct blob *b, u32 value, unsigned int bytes)
{
	while (bytes--)
		b->data[b->len++] = (u8)(value >> 8 * bytes);
}

static void put_bytes(struct blob *b, const void *data, size_t len)
{
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_zeros(struct blob *b, size_t to)
{
	memset(b->data + b->len, 0, to - b->len);
	b->len = to;
}

static void put_head(struct blob *b, unsigned int count)
{
	b->len = 0;
	put_number(b, 0x00051607, 4);
	put_number(b, 0x00020000, 4);
	put_bytes(b, "Mac OS X        ", 16);
	put_number(b, count, 2);
}

static void put_entry(struct blob *b, u32 kind, u32 at, u32 size)
{
	put_number(b, kind, 4);
	put_number(b, at, 4);
	put_number(b, size, 4);
}

/*
 * FinderInfo, with attributes unless @names is NULL; each has its own name as data, and the second
 * one none. A resource fork of @fork bytes follows.
 */
static void blob_make(struct blob *b, const char *finder, const char *const *names, u32 fork)
{
	u32 count = 0, at = 400, end = names ? 500 : 82;

	put_head(b, 2);
	put_entry(b, 9, 50, end - 50);
	put_entry(b, 2, end, fork);
	put_bytes(b, finder, 32);
	if (names) {
		while (names[count])
			count++;
		put_number(b, 0, 2);
		put_bytes(b, "ATTR", 4);
		put_zeros(b, 84 + 34);
		put_number(b, count, 2);
		for (u32 i = 0; i < count; i++) {
			u32 len = (u32)strlen(names[i]);

			put_number(b, at, 4);
			put_number(b, i == 1 ? 0 : len, 4);
			put_number(b, 0, 2);
			put_number(b, len + 1, 1);
			put_bytes(b, names[i], len + 1);
			put_zeros(b, (b->len + 3) & ~(size_t)3);
			memcpy(b->data + at, names[i], len);
			at += len;
		}
		b->len = end;
	}
	memset(b->data + b->len, 'r', fork);
	b->len += fork;
}

static const char finder[32] = "PDF CARO";
static const char zeros[32];

/* Parse a copy, whose end is the end of its memory. */
static bool blob_parse(const struct blob *b, size_t len, struct apple_double *d, struct why *why)
{
	u8 *data = mem_new(len ? len : 1);
	bool ok;

	memcpy(data, b->data, len);
	ok = apple_double_parse(data, len, d, why);
	/* Only names and sizes are looked at behind this. */
	free(data);
	return ok;
}

static bool blob_refuses(const struct blob *b, const char *what)
{
	struct apple_double *d = mem_new(sizeof(*d));
	struct why why = { "" };
	bool ok = !blob_parse(b, b->len, d, &why) && strstr(why.text, what);

	free(d);
	return ok;
}

static void streams_of_file(void)
{
	static const char *const names[] = { "com.apple.quarantine", "empty", "\xc3\xa4", NULL };
	struct apple_double *d = mem_new(sizeof(*d));
	struct blob b;
	struct why why;

	blob_make(&b, finder, names, 100);
	CHECK(apple_double_parse(b.data, b.len, d, &why) && d->count == 5);
	SAME(d->streams[0].name, "AFP_AfpInfo");
	CHECK(d->streams[0].len == 60 && !memcmp(d->info + 16, finder, 32) &&
	      !memcmp(d->info, "AFP\0\0\0\1\0\0\0\0\0\x80\0\0\0", 16));
	for (unsigned int i = 0; names[i]; i++) {
		SAME(d->streams[1 + i].name, names[i]);
		CHECK(d->streams[1 + i].len == (i == 1 ? 0 : strlen(names[i])));
		CHECK(!memcmp(d->streams[1 + i].data, names[i], d->streams[1 + i].len));
	}
	SAME(d->streams[4].name, "AFP_Resource");
	CHECK(d->streams[4].len == 100 && d->streams[4].data[99] == 'r');
	free(d);
}

static void nothing_to_keep(void)
{
	struct apple_double *d = mem_new(sizeof(*d));
	struct blob b;
	struct why why;

	blob_make(&b, zeros, NULL, 0);
	CHECK(apple_double_parse(b.data, b.len, d, &why) && !d->count);
	blob_make(&b, zeros, NULL, 286);
	CHECK(apple_double_parse(b.data, b.len, d, &why) && d->count == 1);
	memcpy(b.data + 82 + 16, FORK_TEXT, sizeof(FORK_TEXT) - 1);
	CHECK(apple_double_parse(b.data, b.len, d, &why) && !d->count);
	put_head(&b, 0);
	CHECK(apple_double_parse(b.data, b.len, d, &why) && !d->count);
	free(d);
}

static void files_refused(void)
{
	static const char *const twice[] = { "a", "A", NULL };
	static const char *const bad[] = { "a/b", "a:b", "..", "afp_resource", "x\ny", "" };
	const char *one[2];
	struct blob b;

	one[1] = NULL;
	b.len = 0;
	CHECK(blob_refuses(&b, "no AppleDouble"));
	blob_make(&b, finder, NULL, 0);
	b.data[3] = 0;
	CHECK(blob_refuses(&b, "no AppleDouble"));
	blob_make(&b, finder, twice, 0);
	CHECK(blob_refuses(&b, "twice"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		one[0] = bad[i];
		blob_make(&b, finder, one, 0);
		CHECK(blob_refuses(&b, "no stream can have"));
	}
	/* A comment, without and with text. */
	put_head(&b, 1);
	put_entry(&b, 4, 38, 0);
	CHECK(!blob_refuses(&b, ""));
	put_head(&b, 1);
	put_entry(&b, 4, 38, 1);
	put_number(&b, 'c', 1);
	CHECK(blob_refuses(&b, "kind 4"));
	blob_make(&b, finder, NULL, 0);
	put_head(&b, 1);
	put_entry(&b, 9, 50, 31);
	put_zeros(&b, 100);
	CHECK(blob_refuses(&b, "cut off"));
	put_head(&b, 1);
	put_entry(&b, 2, 0xffffffff, 2);
	CHECK(blob_refuses(&b, "cut off"));
	put_head(&b, 1);
	put_entry(&b, 2, 2, 0xffffffff);
	CHECK(blob_refuses(&b, "cut off"));
	put_head(&b, 0xffff);
	put_zeros(&b, 1000);
	CHECK(blob_refuses(&b, "cut off"));
	put_head(&b, 1);
	put_entry(&b, 9, 38, 40);
	put_zeros(&b, 78);
	CHECK(blob_refuses(&b, "unknown"));
}

/* What is cut off is refused, and whatever is in a file nothing outside of it is read. */
static void damaged_files(void)
{
	static const char *const names[] = { "com.apple.quarantine", "empty", "other", NULL };
	struct apple_double *d = mem_new(sizeof(*d));
	struct blob b;
	struct why why;
	size_t len;

	blob_make(&b, finder, names, 100);
	for (len = 0; len < b.len; len++)
		CHECK(!blob_parse(&b, len, d, &why));
	for (len = 0; len < b.len; len++) {
		u8 was = b.data[len];

		for (unsigned int i = 0; i < 256; i += 5) {
			b.data[len] = (u8)i;
			if (!blob_parse(&b, b.len, d, &why))
				continue;
			for (unsigned int s = 0; s < d->count; s++)
				CHECK(d->streams[s].len <= b.len);
		}
		b.data[len] = was;
	}
	free(d);
}

/* A file with its AppleDouble file in a directory of their own. */
struct pair {
	char path[32];
	int dir;
	int file;
	int fd;
};

static void name_make(const struct pair *p, const char *name)
{
	int fd = openat(p->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	close(fd);
}

static void pair_make(struct pair *p)
{
	snprintf(p->path, sizeof(p->path), "/tmp/ditto-apple.XXXXXX");
	CHECK(mkdtemp(p->path));
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	name_make(p, "f");
	name_make(p, "._f");
	name_make(p, "new");
	p->file = openat(p->dir, "f", O_PATH | O_CLOEXEC);
	p->fd = openat(p->dir, "._f", O_RDONLY | O_CLOEXEC);
}

static bool pair_has(const struct pair *p, const char *name)
{
	return !faccessat(p->dir, name, F_OK, 0);
}

/* What is in the directory goes by name, so nothing else may be there. */
static void pair_end(struct pair *p)
{
	static const char *const names[] = { "f", "._f", "new" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(p->dir, names[i], 0);
	close(p->file);
	close(p->fd);
	close(p->dir);
	CHECK(!rmdir(p->path));
}

static void removed_as_converted(void)
{
	struct pair p;
	struct why why;

	pair_make(&p);
	CHECK(apple_double_hold(p.fd, &why) &&
	      apple_double_remove(p.dir, "._f", p.fd, p.file, &why));
	CHECK(!pair_has(&p, "._f") && pair_has(&p, "f"));
	pair_end(&p);
}

static void kept_when_replaced(void)
{
	static const char *const names[] = { "f", "._f" };
	struct pair p;
	struct why why;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pair_make(&p);
		CHECK(apple_double_hold(p.fd, &why));
		CHECK(!renameat(p.dir, "new", p.dir, names[i]));
		CHECK(!apple_double_remove(p.dir, "._f", p.fd, p.file, &why));
		SAME(why.text, "it is being changed");
		CHECK(pair_has(&p, "._f") && pair_has(&p, "f"));
		pair_end(&p);
	}
}

static void kept_from_writers(void)
{
	struct pair p;
	struct why why;
	int fd;

	pair_make(&p);
	fd = openat(p.dir, "._f", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && !apple_double_hold(p.fd, &why));
	SAME(why.text, "it is open for writing");
	close(fd);
	CHECK(apple_double_hold(p.fd, &why));
	CHECK(openat(p.dir, "._f", O_WRONLY | O_NONBLOCK | O_CLOEXEC) < 0 && errno == EWOULDBLOCK);
	CHECK(!apple_double_remove(p.dir, "._f", p.fd, p.file, &why) && pair_has(&p, "._f"));
	pair_end(&p);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(streams_of_file), TEST(nothing_to_keep), TEST(files_refused),
		TEST(damaged_files), TEST(removed_as_converted), TEST(kept_when_replaced),
		TEST(kept_from_writers), { 0 }
	};

	return test_main(tests);
}
