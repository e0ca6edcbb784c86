// SPDX-License-Identifier: GPL-2.0-only
/* Heads and trees of snapshots, also damaged ones. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "ctl/snapshot/snapshot_links.h"
#include "object/snapshot_tree.h"
#include "test.h"

/* Files with large attributes. */
#define FILES		100
#define DIGITS		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const char cookie[] = "cold\n" DIGITS "f\n1";
static const char other_cookie[] = "cold\n" DIGITS "0\n1";

static struct snapshot_head head_new(void)
{
	struct snapshot_head h = { .time = 1234567890, .tree_size = 77, .entries = 3, .bytes = 9,
				   .lost = 1, .cookie_len = strlen(cookie), .share = "data",
				   .name = "monday" };

	memcpy(h.cookie, cookie, h.cookie_len);
	return h;
}

static void heads_decoded(void)
{
	struct snapshot_head h = head_new(), got;
	u8 bytes[SNAPSHOT_HEAD_MAX];
	size_t len = snapshot_head_encode(&h, bytes), i;
	struct why why;

	CHECK(len == 56 + strlen(cookie) + 4 + 6);
	CHECK(snapshot_head_decode(&got, bytes, len, &why));
	CHECK(got.time == h.time && got.tree_size == 77 && got.entries == 3 && got.bytes == 9 &&
	      got.lost == 1 && got.cookie_len == h.cookie_len);
	SAME(got.share, "data");
	SAME(got.name, "monday");
	for (i = 0; i < len; i++)
		CHECK(!snapshot_head_decode(&got, bytes, i, &why));
	CHECK(!snapshot_head_decode(&got, bytes, len + 1, &why));
	/* The name of a share becomes that of a directory. */
	h.share[0] = '\0';
	CHECK(!snapshot_head_decode(&got, bytes, snapshot_head_encode(&h, bytes), &why));
	h = head_new();
	snapshot_head_encode(&h, bytes);
	bytes[8] = 2;
	CHECK(!snapshot_head_decode(&got, bytes, len, &why));
	bytes[8] = 1;
	bytes[len - 1] = '/';
	CHECK(!snapshot_head_decode(&got, bytes, len, &why));
	bytes[len - 1] = 0;
	CHECK(!snapshot_head_decode(&got, bytes, len, &why));
}

static void names_checked(void)
{
	CHECK(snapshot_name_is_good("2026-11-20_14:30:00"));
	CHECK(snapshot_name_is_good("a"));
	CHECK(!snapshot_name_is_good(""));
	CHECK(!snapshot_name_is_good(".."));
	CHECK(!snapshot_name_is_good("-a"));
	CHECK(!snapshot_name_is_good("a/b"));
	CHECK(!snapshot_name_is_good("a b"));
}

static void paths_ordered(void)
{
	static const char *const order[] = { "", "a", "a/b", "a/b/c", "a/c", "a.b", "ab", "b" };
	size_t i, k;
	int got;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (k = 0; k < ARRAY_SIZE(order); k++) {
			got = snapshot_path_compare(order[i], order[k]);
			CHECK((got < 0) == (i < k) && (got > 0) == (i > k));
		}
	}
	CHECK(snapshot_path_is_below("a/b", "a") && snapshot_path_is_below("a", "a"));
	CHECK(snapshot_path_is_below("a", "") && !snapshot_path_is_below("ab", "a"));
}

static struct snapshot_entry entry_of(const char *path, u32 mode)
{
	struct snapshot_entry e = { .path = path, .mode = mode, .target = "", .uid = 5, .gid = 6,
				    .inode = 7, .generation = 8, .change = 9 };

	if (S_ISLNK(mode))
		e.target = "somewhere";
	if (S_ISREG(mode)) {
		e.size = 1ULL << 40;
		e.cookie = (const u8 *)cookie;
		e.cookie_len = strlen(cookie);
	}
	e.time[SNAPSHOT_MODIFIED].sec = -3;
	e.time[SNAPSHOT_MODIFIED].nsec = 999999999;
	return e;
}

/* Encode a tree. Returns its bytes, to be freed. */
static u8 *tree_encode(const struct snapshot_entry *entries, u64 n, size_t *len)
{
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, len);
	u64 i;

	snapshot_tree_begin(out, n);
	for (i = 0; i < n; i++)
		CHECK(snapshot_entry_write(out, &entries[i]));
	fclose(out);
	return (u8 *)bytes;
}

/* Decode a tree whose bytes come in pieces. Returns the number of its entries, or 0. */
static u64 tree_scan(const u8 *bytes, size_t len, size_t piece)
{
	struct snapshot_entry e;
	struct snapshot_scan c;
	struct why why;
	size_t pos = snapshot_scan_begin(&c, bytes, len, &why), end = pos, n;

	while (pos && end < len) {
		end = len - end < piece ? len : end + piece;
		for (; pos < end && !snapshot_scan_waits(bytes + pos, end - pos); pos += n) {
			n = snapshot_scan_next(&c, &e, bytes + pos, end - pos, &why);
			if (!n)
				return 0;
		}
	}
	return pos && snapshot_scan_end(&c, len - pos, &why) ? c.n : 0;
}

/* Whether a copy of the bytes is a tree. */
static bool tree_is_good(const u8 *bytes, size_t len)
{
	u8 *copy = mem_new(len + 1);
	bool good;

	memcpy(copy, bytes, len);
	good = tree_scan(copy, len, len);
	free(copy);
	return good;
}

static bool entries_are_good(const struct snapshot_entry *entries, u64 n)
{
	size_t len;
	u8 *bytes = tree_encode(entries, n, &len);
	bool good = tree_is_good(bytes, len);

	free(bytes);
	return good;
}

static void trees_decoded(void)
{
	struct snapshot_entry entries[] = {
		entry_of("", S_IFDIR | 0755), entry_of("d", S_IFDIR | 0700),
		entry_of("d/f", S_IFREG | 0644), entry_of("d/l", S_IFLNK | 0777),
	};
	struct snapshot_reader reader;
	const struct snapshot_entry *e;
	struct snapshot_xattr x;
	struct snapshot_tree t;
	u8 *xattrs = NULL, *more = NULL, *bytes, big[60000] = "";
	struct snapshot_entry copy, again;
	size_t len, i;
	struct why why;
	char path[32];
	u64 place;
	u32 at = 0;

	CHECK(snapshot_xattr_add(&entries[2], &xattrs, "user.a", "value", 5));
	CHECK(snapshot_xattr_add(&entries[2], &xattrs, "user.b", NULL, 0));
	bytes = tree_encode(entries, ARRAY_SIZE(entries), &len);
	for (i = 0; i < len; i++)
		CHECK(!tree_is_good(bytes, i));
	CHECK(tree_scan(bytes, len, 1) == 4 && tree_scan(bytes, len, 50) == 4 &&
	      tree_scan(bytes, len, len) == 4 && !tree_scan(bytes, len - 1, 50));
	free(bytes);

	/* The same by a file, with so many entries that parts of them are read. */
	CHECK(snapshot_tree_new(&t, &why));
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		snapshot_tree_add(&t, &entries[i]);
	copy = entry_of(path, S_IFREG | 0644);
	copy.xattrs = NULL;
	CHECK(snapshot_xattr_add(&copy, &more, "user.big", big, sizeof(big)));
	for (i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "e%05zu", i);
		snapshot_tree_add(&t, &copy);
	}
	CHECK(snapshot_tree_end(&t, &why));
	snapshot_reader_begin(&reader, &t);
	e = snapshot_reader_next(&reader);
	SAME(e->path, "");
	snapshot_reader_next(&reader);
	e = snapshot_reader_next(&reader);
	place = reader.place;
	SAME(e->path, "d/f");
	CHECK(e->size == 1ULL << 40 && e->uid == 5 && e->gid == 6 && e->inode == 7 &&
	      e->generation == 8 && e->change == 9 && e->cookie_len == strlen(cookie) &&
	      !memcmp(e->cookie, cookie, strlen(cookie)) &&
	      e->time[SNAPSHOT_MODIFIED].sec == -3 &&
	      e->time[SNAPSHOT_MODIFIED].nsec == 999999999);
	snapshot_entry_copy(&copy, e);
	SAME(snapshot_reader_next(&reader)->target, "somewhere");
	for (i = 0; i < FILES; i++) {
		e = snapshot_reader_next(&reader);
		snprintf(path, sizeof(path), "e%05zu", i);
		SAME(e->path, path);
		CHECK(e->n_xattrs == 1 && e->xattrs_len > sizeof(big));
	}
	CHECK(!snapshot_reader_next(&reader));
	CHECK(snapshot_reader_end(&reader, &why));
	/* One of them again, by its place. */
	CHECK(snapshot_tree_read(&t, place, &again));
	SAME(again.path, "d/f");
	CHECK(again.n_xattrs == 2 && again.cookie_len == strlen(cookie));
	snapshot_entry_free(&again);
	CHECK(!snapshot_tree_read(&t, t.size, &again));
	snapshot_tree_free(&t);
	CHECK(snapshot_xattr_next(&copy, &at, &x) && x.len == 5 && !memcmp(x.value, "value", 5));
	SAME(x.name, "user.a");
	CHECK(snapshot_xattr_next(&copy, &at, &x) && !x.len);
	CHECK(!snapshot_xattr_next(&copy, &at, &x));
	snapshot_entry_free(&copy);
	free(xattrs);
	free(more);
}

/* A tree with an entry that nobody would read is no tree. */
static void trees_end(void)
{
	struct snapshot_entry e = entry_of("", S_IFDIR | 0755);
	struct snapshot_reader reader;
	struct snapshot_tree t;
	struct why why;

	CHECK(snapshot_tree_new(&t, &why));
	snapshot_tree_add(&t, &e);
	e.xattrs = mem_new(SNAPSHOT_ENTRY_MAX);
	e.xattrs_len = SNAPSHOT_ENTRY_MAX;
	e.path = "d/long";
	snapshot_tree_add(&t, &e);
	CHECK(!snapshot_tree_end(&t, &why) && !t.file);
	SAME(why.text, "d/long: its entry of the tree is too long");
	free((void *)e.xattrs);
	/* No tree has no entry. */
	snapshot_reader_begin(&reader, &t);
	CHECK(!snapshot_reader_next(&reader) && snapshot_reader_end(&reader, &why));
	setenv("SQLITE_TMPDIR", "/nowhere", 1);
	CHECK(!snapshot_tree_new(&t, &why) && !t.file);
	unsetenv("SQLITE_TMPDIR");
}

/* Limit the bytes of all files, as a disk that is full would. */
static void disk_limit(rlim_t bytes)
{
	const struct rlimit limit = { bytes, RLIM_INFINITY };

	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
}

static void tree_add_large(struct snapshot_tree *t, const char *path)
{
	struct snapshot_entry e = entry_of(path, S_IFDIR | 0755);
	u8 value[60000] = "", *xattrs = NULL;

	CHECK(snapshot_xattr_add(&e, &xattrs, "user.a", value, sizeof(value)));
	snapshot_tree_add(t, &e);
	free(xattrs);
}

/* A tree that lacks what a full disk did not take is no tree, though there is room later. */
static void trees_not_cut(void)
{
	struct snapshot_tree t;
	struct why why;
	u8 bytes[5000];

	CHECK(snapshot_tree_new(&t, &why));
	tree_add_large(&t, "");
	disk_limit(100000);
	tree_add_large(&t, "a");
	disk_limit(RLIM_INFINITY);
	tree_add_large(&t, "b");
	CHECK(!snapshot_tree_end(&t, &why) && !t.file);
	CHECK(strstr(why.text, "/var/tmp: File too large"));

	/* The same of one that is received. */
	CHECK(snapshot_tree_new(&t, &why));
	snapshot_tree_receive(&t);
	memset(bytes, 1, sizeof(bytes));
	snapshot_tree_add_bytes(&t, bytes, sizeof(bytes));
	disk_limit(6000);
	snapshot_tree_add_bytes(&t, bytes, sizeof(bytes));
	disk_limit(RLIM_INFINITY);
	CHECK(!snapshot_tree_end(&t, &why));

	/* Bytes that are not in the file, though no write has failed. */
	CHECK(snapshot_tree_new(&t, &why));
	tree_add_large(&t, "");
	CHECK(!fflush(t.file) && !ftruncate(fileno(t.file), 100));
	CHECK(!snapshot_tree_end(&t, &why));
}

/* A file that cannot be read is told to the caller, who goes on. */
static void trees_unreadable(void)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct snapshot_entry again;
	struct snapshot_tree t;
	struct why why;
	u64 place;
	int fd;

	CHECK(snapshot_tree_new(&t, &why));
	tree_add_large(&t, "");
	tree_add_large(&t, "a");
	CHECK(snapshot_tree_end(&t, &why));
	CHECK(!ftruncate(fileno(t.file), (off_t)t.size - 1));
	snapshot_reader_begin(&reader, &t);
	e = snapshot_reader_next(&reader);
	SAME(e->path, "");
	place = reader.place;
	CHECK(!snapshot_reader_next(&reader) && !snapshot_reader_next(&reader));
	CHECK(!snapshot_reader_end(&reader, &why));
	SAME(why.text, "the file of a snapshot cannot be read: it ends early");
	CHECK(snapshot_tree_read(&t, place, &again));
	snapshot_entry_free(&again);
	CHECK(!snapshot_tree_read(&t, t.size / 2 + 12, &again));

	/* An error of the disk is not taken for damage. */
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && dup2(fd, fileno(t.file)) >= 0 && !close(fd));
	snapshot_reader_begin(&reader, &t);
	CHECK(!snapshot_reader_next(&reader) && !snapshot_reader_end(&reader, &why));
	SAME(why.text, "the file of a snapshot cannot be read: Is a directory");
	snapshot_tree_free(&t);
}

/* What a hostile tree could lead a reader to. */
static void trees_refused(void)
{
	static const char *const paths[] = { "..", "a/../b", "/a", "a//b", "a/", ".", "a/." };
	struct snapshot_entry e[3] = { entry_of("", S_IFDIR), entry_of("a", S_IFDIR),
				       entry_of("b", S_IFREG) };
	size_t i;

	CHECK(entries_are_good(e, 3));
	CHECK(!entries_are_good(e + 1, 1));
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		e[2].path = paths[i];
		CHECK(!entries_are_good(e, 3));
	}
	/* Not in order, twice, below nothing, and below a link. */
	e[2].path = "a";
	CHECK(!entries_are_good(e, 3));
	e[2].path = "A";
	CHECK(!entries_are_good(e, 3));
	e[2].path = "c/d";
	CHECK(!entries_are_good(e, 3));
	e[1] = entry_of("a", S_IFLNK);
	e[2].path = "a/b";
	CHECK(!entries_are_good(e, 3));
	/* Content that does not fit. */
	e[2].path = "b";
	CHECK(entries_are_good(e, 3));
	e[2].flags = SNAPSHOT_LOST;
	CHECK(!entries_are_good(e, 3));
	e[2].cookie_len = 0;
	CHECK(entries_are_good(e, 3));
	e[2].flags = 2;
	CHECK(!entries_are_good(e, 3));
	e[2].flags = 0;
	CHECK(!entries_are_good(e, 3));
	e[2].size = 0;
	CHECK(entries_are_good(e, 3));
	e[2].time[0].nsec = 1000000000;
	CHECK(!entries_are_good(e, 3));
}

/* A file gets its record from the kernel alone, and no cookie that nobody can read. */
static void records_refused(void)
{
	struct snapshot_entry e[2] = { entry_of("", S_IFDIR), entry_of("f", S_IFREG) };
	struct snapshot_head h = head_new();
	u8 *xattrs = NULL, bytes[SNAPSHOT_HEAD_MAX];
	struct why why;

	CHECK(snapshot_xattr_add(&e[1], &xattrs, "trusted.ditto.keep", "pin", 3));
	CHECK(entries_are_good(e, 2));
	CHECK(snapshot_xattr_add(&e[1], &xattrs, "trusted.ditto.offload", "record", 6));
	CHECK(!entries_are_good(e, 2));
	free(xattrs);
	e[1] = entry_of("f", S_IFREG);
	CHECK(entries_are_good(e, 2));
	e[1].cookie_len--;
	CHECK(!entries_are_good(e, 2));
	e[1].cookie = (const u8 *)"cold\n0123\n1";
	e[1].cookie_len = 11;
	CHECK(!entries_are_good(e, 2));
	h.cookie_len--;
	CHECK(!snapshot_head_decode(&h, bytes, snapshot_head_encode(&h, bytes), &why));
}

/* Each byte of a tree, changed: no access outside of it, whatever it says. */
static void damage_survived(void)
{
	struct snapshot_entry e[3] = { entry_of("", S_IFDIR), entry_of("a", S_IFREG),
				       entry_of("b", S_IFLNK) };
	u8 *xattrs = NULL, *bytes;
	size_t len, i;

	snapshot_xattr_add(&e[1], &xattrs, "user.a", "v", 1);
	bytes = tree_encode(e, ARRAY_SIZE(e), &len);
	for (i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= (u8)(1 << i % 8);
		tree_is_good(bytes, len);
		bytes[i / 8] ^= (u8)(1 << i % 8);
	}
	CHECK(tree_is_good(bytes, len));
	free(bytes);
	free(xattrs);
}

static bool link_is(struct snapshot_links *l, const struct snapshot_entry *e, const char *want,
		    u64 inode)
{
	const char *path = NULL;
	u64 made = 0;

	if (!snapshot_links_find(l, e, &path, &made))
		return !want;
	return want && !strcmp(path, want) && made == inode;
}

/* Only names of the same inode with the same content become links. */
static void links_found(void)
{
	struct snapshot_entry a = entry_of("a", S_IFREG), b = entry_of("b", S_IFREG);
	struct snapshot_links *l = snapshot_links_new();

	CHECK(link_is(l, &a, NULL, 0));
	CHECK(snapshot_links_add(l, &a, 100));
	CHECK(link_is(l, &b, "a", 100));
	/* The first name stays. */
	CHECK(snapshot_links_add(l, &b, 200) && link_is(l, &b, "a", 100));
	b.generation++;
	CHECK(link_is(l, &b, NULL, 0));
	b = a;
	b.inode++;
	CHECK(link_is(l, &b, NULL, 0));
	b = a;
	b.size++;
	CHECK(link_is(l, &b, NULL, 0));
	b = a;
	b.cookie = (const u8 *)other_cookie;
	CHECK(link_is(l, &b, NULL, 0));
	b.cookie_len = 0;
	b.size = 0;
	CHECK(link_is(l, &b, NULL, 0));
	CHECK(snapshot_links_add(l, &b, 300) && link_is(l, &b, "a", 300));
	CHECK(!snapshot_links_failed(l));
	snapshot_links_free(l);
	snapshot_links_free(NULL);
}

/* After something had no room, nothing is believed of what is there. */
static void links_without_room(void)
{
	struct snapshot_links *l = snapshot_links_new();
	struct snapshot_entry e = entry_of("a", S_IFREG), copy;
	char *path = mem_new(SNAPSHOT_PATH_MAX + 1);
	bool added = true;
	u64 i;

	CHECK(snapshot_links_add(l, &e, 100));
	memset(path, 'p', SNAPSHOT_PATH_MAX);
	e.path = path;
	disk_limit(0);
	/* SQLite keeps the first ones in memory. */
	for (i = 1; added && i < 10000; i++) {
		e.inode = i;
		e.generation = 1;
		added = snapshot_links_add(l, &e, i);
	}
	CHECK(!added);
	disk_limit(RLIM_INFINITY);
	CHECK(!snapshot_links_add(l, &e, i));
	e = entry_of("a", S_IFREG);
	CHECK(link_is(l, &e, NULL, 0) && snapshot_links_failed(l));
	snapshot_entry_copy(&copy, &e);
	CHECK(!snapshot_links_join(l, &copy));
	snapshot_entry_free(&copy);
	snapshot_links_free(l);
	free(path);
}

/* Names of a file have the content that was found first. */
static void links_joined(void)
{
	struct snapshot_entry a = entry_of("a", S_IFREG), b = entry_of("b", S_IFREG), e;
	struct snapshot_links *l = snapshot_links_new();

	a.size = 20;
	a.change = 4;
	CHECK(snapshot_links_add(l, &a, 0));
	b.size = 10;
	CHECK(snapshot_links_add(l, &b, 0));
	b.generation++;
	snapshot_entry_copy(&e, &b);
	CHECK(!snapshot_links_join(l, &e) && e.size == 10);
	e.generation--;
	e.cookie_len = 0;
	CHECK(snapshot_links_join(l, &e) && e.size == 20 && e.change == 4 &&
	      e.cookie_len == strlen(cookie) && !memcmp(e.cookie, cookie, e.cookie_len));
	snapshot_entry_free(&e);
	snapshot_links_free(l);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(heads_decoded), TEST(names_checked), TEST(paths_ordered), TEST(trees_decoded),
		TEST(trees_end), TEST(trees_not_cut), TEST(trees_unreadable), TEST(trees_refused),
		TEST(damage_survived), TEST(records_refused),
		TEST(links_found), TEST(links_without_room), TEST(links_joined), { NULL, NULL }
	};

	/* The limit of files is an error, as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	return test_main(tests);
}
