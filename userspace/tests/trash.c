// SPDX-License-Identifier: GPL-2.0-only
/* The bin of a share: records, which may be forged, its files in order, and what does not stay. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/trash_bin.h"
#include "test.h"

#define KIB	1024

static bool record_parse(const char *record, struct trash_entry *e)
{
	memset(e, 0, sizeof(*e));
	return trash_record_parse(record, strlen(record), e);
}

static void records_read(void)
{
	static const char *const wrong[] = {
		"", "1", "1 0", "1 0 0", "1 0 0 0", "1 0 0 0 ", "2 0 0 0 f", "1 x 0 0 f",
		"1 0 x 0 f", "1 0 0 x f", "1 0 0 0 /f", "1 0 0 0 f/", "1 0 0 0 ..", "1 0 0 0 .",
		"1 0 0 0 a/../f", "1 0 0 0 a/./f", "1 0 0 0 a//f", "1 -1 0 0 f", "1 +1 0 0 f",
		"1  0 0 0 f", "1 4294967296 0 0 f", "1 0 9223372036854775808 0 f",
		"1 0 0 4294967296 f", "1 0 18446744073709551617 0 f", "0 0 0 0 f",
	};
	struct trash_entry e;
	char *longest;
	size_t i;

	CHECK(record_parse("1 0 0 0  blank", &e) && !strcmp(e.path, " blank"));
	free(e.path);
	CHECK(record_parse("1 1000 1700000000 7 a b/...c\n", &e));
	CHECK(e.uid == 1000 && e.time == 1700000000 && e.owner == 7);
	SAME(e.path, "a b/...c\n");
	free(e.path);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!record_parse(wrong[i], &e) && !e.path);
	CHECK(!trash_record_parse("1 0 0 0 f\0g", 11, &e));
	longest = malloc(5000);
	memset(longest, 'x', 5000);
	memcpy(longest, "1 0 0 0 ", 8);
	CHECK(trash_record_parse(longest, 4096, &e));
	free(e.path);
	CHECK(!trash_record_parse(longest, 4097, &e));
	free(longest);
}

/* A name of any length gets the id behind it, and stays whole characters. */
static void names_have_room(void)
{
	static const char id[] = "18a3f2c15b0e7d40";
	char name[NAME_MAX + 1], other[NAME_MAX + 1], long_id[NAME_MAX + 1] = "";

	CHECK(trash_name_other("f", id, other));
	SAME(other, "f.18a3f2c15b0e7d40");
	memset(name, 'x', NAME_MAX);
	name[NAME_MAX] = 0;
	CHECK(trash_name_other(name, id, other) && strlen(other) == NAME_MAX);
	SAME(other + NAME_MAX - 18, "x.18a3f2c15b0e7d40");
	/* A character of three bytes, the last of which has no room. */
	memcpy(name + 236, "\xe2\x82\xac", 3);
	CHECK(trash_name_other(name, id, other) && strlen(other) == NAME_MAX - 2);
	SAME(other + NAME_MAX - 20, "x.18a3f2c15b0e7d40");
	memset(long_id, 'i', NAME_MAX);
	CHECK(!trash_name_other("f", long_id, other));
}

static void old_files_go(void)
{
	const struct trash_entry e = { .time = 20 };

	CHECK(!trash_is_old(&e, 0, 1000000));
	CHECK(!trash_is_old(&e, 80, 100) && trash_is_old(&e, 79, 100));
	/* It was removed in the future, by a clock that was wrong. */
	CHECK(!trash_is_old(&e, 1, 20) && !trash_is_old(&e, 1, 10));
}

/* Empty files take inodes and memory, so their number is limited, and each counts. */
static void rest_is_limited(void)
{
	const struct trash_entry large = { .space = 5 * KIB }, small = { .space = 0 };
	struct trash_rest rest = { .files = 0 };
	size_t i;

	trash_rest_add(&rest, &large);
	trash_rest_add(&rest, &small);
	CHECK(!trash_rest_exceeds(&rest, 0) && !trash_rest_exceeds(&rest, 9 * KIB));
	CHECK(trash_rest_exceeds(&rest, 9 * KIB - 1));
	trash_rest_drop(&rest, &large);
	CHECK(!trash_rest_exceeds(&rest, 4 * KIB) && trash_rest_exceeds(&rest, 4 * KIB - 1));
	/* More than was added: a file that came later. */
	trash_rest_drop(&rest, &large);
	trash_rest_drop(&rest, &large);
	CHECK(!rest.files && !rest.space && !trash_rest_exceeds(&rest, 1));
	for (i = 0; i < TRASH_FILES_MAX; i++)
		trash_rest_add(&rest, &small);
	CHECK(!trash_rest_exceeds(&rest, 0));
	trash_rest_add(&rest, &small);
	CHECK(trash_rest_exceeds(&rest, 0));
}

/* A bin of any size is read in parts of one size. */
static void names_in_order(void)
{
	const unsigned int count = 3 * TRASH_BATCH;
	struct trash_names names = { .n = 0 };
	char name[16], behind[16] = "";
	unsigned int part, i;
	bool bounded = true;

	for (part = 0; part < 4; part++) {
		for (i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "%08x", i * 7919 % count);
			trash_names_add(&names, name, behind);
			bounded = bounded && names.n <= 2 * TRASH_BATCH;
		}
		trash_names_end(&names);
		if (part == 3)
			break;
		CHECK(names.n == TRASH_BATCH);
		snprintf(name, sizeof(name), "%08x", part * TRASH_BATCH);
		SAME(names.n ? names.name[0] : NULL, name);
		snprintf(behind, sizeof(behind), "%08x", (part + 1) * TRASH_BATCH - 1);
		SAME(names.n ? names.name[names.n - 1] : NULL, behind);
		trash_names_free(&names);
	}
	CHECK(bounded && !names.n);
	trash_names_free(&names);
}

/* What a walk over a bin has found, and how many files it wants. */
struct found {
	char names[64];
	unsigned int wanted;
};

static bool file_found(void *arg, const struct trash_entry *e)
{
	struct found *f = arg;

	CHECK(!e->path && e->size == strlen(e->id));
	strcat(strcat(f->names, e->id), " ");
	return --f->wanted;
}

static void files_read(void)
{
	static const char *const files[] = { "c", "a", "bb" };
	char folder[] = "/tmp/ditto-trash.XXXXXX";
	struct trash_bin bin = { .root = -1, .dir = -1 };
	struct found f = { .wanted = 10 };
	struct trash_entry e;
	size_t i;
	int fd;

	CHECK(!trash_bin_each(&bin, file_found, &f) && !trash_entry_read(&bin, "a", &e));
	CHECK(mkdtemp(folder));
	bin.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		fd = openat(bin.dir, files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK(write(fd, files[i], strlen(files[i])) == (ssize_t)strlen(files[i]));
		close(fd);
	}
	CHECK(!mkdirat(bin.dir, "b", 0700));
	CHECK(!trash_bin_each(&bin, file_found, &f));
	SAME(f.names, "a bb c ");
	f = (struct found){ .wanted = 2 };
	CHECK(!trash_bin_each(&bin, file_found, &f));
	SAME(f.names, "a bb ");
	CHECK(trash_entry_read(&bin, "bb", &e));
	SAME(e.id, "bb");
	trash_entry_free(&e);
	/* Words of the command line lead nowhere else. */
	CHECK(!trash_entry_read(&bin, "b", &e) && !trash_entry_read(&bin, "", &e) &&
	      !trash_entry_read(&bin, "..", &e) && !trash_entry_read(&bin, "b/../a", &e) &&
	      !trash_entry_read(&bin, "/etc/passwd", &e));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(bin.dir, files[i], 0);
	unlinkat(bin.dir, "b", AT_REMOVEDIR);
	close(bin.dir);
	CHECK(!rmdir(folder));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(records_read), TEST(names_have_room), TEST(old_files_go),
		TEST(rest_is_limited), TEST(names_in_order), TEST(files_read), { 0 }
	};

	return test_main(tests);
}
