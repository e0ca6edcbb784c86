// SPDX-License-Identifier: GPL-2.0-only
/* The index of offloaded data. */

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "index_bench.h"
#include "test.h"

/* Writes of the log to the disk, and whether they fail. */
static unsigned int log_syncs;
static bool syncs_fail;

static int sync_note(int fd)
{
	char name[64], target[256] = "";

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (readlink(name, target, sizeof(target) - 1) < 0)
		return -1;
	if (!strstr(target, "-wal"))
		return 0;
	log_syncs++;
	errno = EIO;
	return syncs_fail ? -1 : 0;
}

/* In place of the C library's. */
int fdatasync(int fd)
{
	return sync_note(fd);
}

int fsync(int fd)
{
	return sync_note(fd);
}

static void references_found(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_CHUNK };
	struct index_counts c;
	char text[64] = "";
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_survey(x, "AB", DAY);
	memcpy(o.name, name_of('b'), HASH_SIZE);
	index_files_of(x, &o, file_note, text);
	SAME(text, "AB");
	index_add_deletion(x, &o, DAY, DAY);
	memset(text, 0, sizeof(text));
	index_referred(x, referred_note, text);
	SAME(text, "a+2b-2c+2A+0B+0");
	index_count_all(x, &c);
	CHECK(c.missing == 1 && c.files == 2 && c.bytes == 10);
	memset(text, 0, sizeof(text));
	o.kind = ENVELOPE_MANIFEST;
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_files_of(x, &o, file_note, text);
	SAME(text, "A");
	index_close(x);
}

/* A file that is a member of a pack. */
static void member_add(struct index *x, const char *file, char pack, u32 offset, u32 room)
{
	struct offload_record r = { .size = 5, .cookie = { .store = "s", .packed = true,
							   .offset = offset, .room = room } };

	memcpy(r.cookie.name, name_of(pack), HASH_SIZE);
	if (file)
		index_add_file(x, &(struct index_file){ disk.id, file, file, 1, 5, 3 }, &r);
	else
		index_add_entry(x, &r);
}

static void sparse_note(void *arg, const char *store, const u8 name[HASH_SIZE], const char *file)
{
	CHECK(!memcmp(name, name_of(file[1] == 'd' ? 'Q' : 'P'), HASH_SIZE));
	text_add(arg, store[0]);
	text_add(arg, file[1]);
}

static const char *sparse_files(struct index *x, unsigned int percent)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_sparse_files(x, percent, sparse_note, text);
	return text;
}

static void packs_counted(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_PACK };
	struct index_counts c;
	char text[64] = "";
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_begin_survey(x, true);
	/*
	 * Two files share a member, so 300 bytes of 1000 are in use, 516 with a list; of the
	 * second pack, 1068 of 2000; of the third, all. The fourth is needed by a snapshot.
	 */
	member_add(x, "/a", 'P', 0, 100);
	member_add(x, "/b", 'P', 0, 100);
	member_add(x, "/c", 'P', 500, 200);
	member_add(x, "/d", 'Q', 0, 900);
	object_add(ENVELOPE_PACK, 'P', 1000, DAY);
	object_add(ENVELOPE_PACK, 'Q', 2000, DAY);
	member_add(x, "/e", 'S', 0, 200);
	object_add(ENVELOPE_PACK, 'S', 368, DAY);
	member_add(x, "/f", 'T', 0, 100);
	index_begin_snapshot(x, "s", name_of('x'), "data");
	member_add(x, NULL, 'T', 0, 100);
	index_end_snapshot(x);
	object_add(ENVELOPE_PACK, 'T', 4000, DAY);
	object_add(ENVELOPE_PACK, 'R', 1000, DAY);
	object_add(ENVELOPE_SNAPSHOT, 'x', 1, DAY);
	/* The names of kinds are apart. */
	object_add(ENVELOPE_MANIFEST, 'P', 1, DAY);
	index_end_filesystem(x, disk.id, true);
	index_unknown_manifests(x, object_note, text);
	SAME(text, "");
	survey_end(x);
	SAME(index_new_names(x), "PR");
	SAME(sparse_files(x, 51), "");
	SAME(sparse_files(x, 52), "sasbsc");
	SAME(sparse_files(x, 54), "sasbscsd");
	SAME(sparse_files(x, 100), "sasbscsd");
	index_count_all(x, &c);
	CHECK(c.packed == 7368 && c.packed_used == 1500 && !c.missing);
	memcpy(o.name, name_of('P'), HASH_SIZE);
	index_files_of(x, &o, file_note, text);
	SAME(text, "abc");
	memset(text, 0, sizeof(text));
	index_add_deletion(x, &o, DAY, DAY);
	index_referred(x, referred_note, text);
	SAME(text, "P-0Q+0S+0T+0x+0");
	CHECK(index_is_referred(x, &o));
	o.kind = ENVELOPE_MANIFEST;
	CHECK(!index_is_referred(x, &o));
	CHECK(!index_error(x));
	index_close(x);
}

static void damage_ends_with_rebuild(void)
{
	static const char junk[] = "this is no database, and it is longer than a header";
	FILE *out = fopen(path, "w");
	struct index *x;
	struct why why;

	if (!CHECK(out))
		return;
	CHECK(fwrite(junk, sizeof(junk), 100, out) == 100 && !fclose(out));
	CHECK(!index_open(path, false, &why) && strstr(why.text, path));
	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_survey(x, "A", DAY);
	CHECK(index_commit(x, &why));
	index_close(x);
}

/* A commit is on the disk, whoever reads what was there before; if it is not, it has failed. */
static void commits_durable(void)
{
	sqlite3 *reader = NULL;
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	CHECK(sqlite3_open(path, &reader) == SQLITE_OK);
	CHECK(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM file", NULL, NULL, NULL) ==
	      SQLITE_OK);
	index_begin_survey(x, true);
	file_add(x, "/f", 'A');
	index_end_filesystem(x, disk.id, true);
	log_syncs = 0;
	CHECK(index_commit(x, &why) && log_syncs);
	index_begin_survey(x, true);
	syncs_fail = true;
	CHECK(!index_commit(x, &why));
	syncs_fail = false;
	sqlite3_close(reader);
	index_close(x);
}

/* What is at one path in two file systems, one of which is mounted over the other. */
static void paths_of_two_filesystems(void)
{
	static const struct filesystem other = { .id = "usb", .type = "xfs", .path = "/usb" };
	struct offload_record r = { .size = 5, .cookie.store = "s" };
	struct index_file f = { disk.id, "/f", "/srv/f", 7, 5, 3 };
	struct index_counts c;
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_add_filesystem(x, &disk);
	index_add_filesystem(x, &other);
	index_begin_survey(x, true);
	memcpy(r.cookie.name, name_of('A'), HASH_SIZE);
	index_add_file(x, &f, &r);
	index_end_filesystem(x, disk.id, true);
	memcpy(r.cookie.name, name_of('B'), HASH_SIZE);
	f.fs = other.id;
	index_add_file(x, &f, &r);
	index_end_filesystem(x, other.id, true);
	index_count_all(x, &c);
	CHECK(c.files == 2);
	CHECK(index_forget_filesystem(x, other.id) && index_forget_filesystem(x, disk.id));
	index_count(x, &c);
	CHECK(!c.files && index_commit(x, &why));
	index_close(x);
}

/* A number that changes with each change of the database by others. */
static u64 database_version(sqlite3 *db)
{
	return database_number(db, "PRAGMA data_version");
}

/* A survey that finds nothing new changes nothing, and one change costs nothing else. */
static void unchanged_files(void)
{
	struct index_counts c;
	struct index *x;
	struct why why;
	u64 version;
	sqlite3 *db;
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	CHECK(!sqlite3_open(path, &db));
	index_survey(x, "AB", DAY);
	CHECK(index_commit(x, &why));
	version = database_version(db);
	for (i = 0; i < 2; i++) {
		index_survey(x, "AB", 2 * DAY);
		CHECK(index_commit(x, &why));
		CHECK(database_version(db) == version);
	}
	index_survey(x, "BA", 2 * DAY);
	index_begin_survey(x, false);
	index_end_survey(x);
	CHECK(index_commit(x, &why));
	CHECK(database_version(db) == version);
	index_survey(x, "B", 2 * DAY);
	CHECK(index_commit(x, &why));
	CHECK(database_version(db) != version);
	index_count_all(x, &c);
	CHECK(c.files == 1 && c.objects == 5);
	sqlite3_close(db);
	index_close(x);
}

/* Files of more than one directory: moved, replaced, mounted elsewhere, and looked at twice. */
static void directories_compared(void)
{
	struct offload_record r = { .size = 5, .cookie.store = "s" };
	struct index_file moved = { disk.id, "/new/f", "/srv/new/f", 7, 5, 3 };
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST };
	struct index_counts c;
	char text[64] = "";
	struct index *x;
	struct why why;
	bool same;
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_forget_filesystem(x, disk.id);
	memcpy(r.cookie.name, name_of('A'), HASH_SIZE);
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_begin_survey(x, false);
	index_add_file(x, &(struct index_file){ disk.id, "/old/f", "/1/f", 7, 5, 3 }, &r);
	index_add_file(x, &(struct index_file){ disk.id, "/old/g", "/1/g", 8, 5, 3 }, &r);
	index_add_file(x, &(struct index_file){ disk.id, "/h", "/2/h", 9, 5, 3 }, &r);
	index_end_filesystem(x, disk.id, true);
	index_end_survey(x);
	CHECK(index_commit(x, &why));
	/* The old directory comes first, has another file there, and the record is lost. */
	for (i = 0; i < 2; i++) {
		index_begin_survey(x, false);
		index_add_file(x, &(struct index_file){ disk.id, "/old/f", "/3/f", 10, 5, 3 }, &r);
		index_add_file(x, &(struct index_file){ disk.id, "/h", "/4/h", 9, 5, 3 }, &r);
		CHECK(index_knows_file(x, &moved, &same));
		index_keep_file(x, &moved);
		/* What was added before is not gone. */
		index_add_file(x, &(struct index_file){ disk.id, "/old/e", "/3/e", 11, 5, 3 }, &r);
		index_end_filesystem(x, disk.id, true);
		index_end_survey(x);
		CHECK(index_commit(x, &why));
	}
	index_count_all(x, &c);
	index_files_of(x, &o, file_note, text);
	/* One file is in doubt, because its directory was looked at twice. */
	CHECK(c.files == 5);
	SAME(text, "3334s");
	index_close(x);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(references_found),
		TEST(packs_counted),
		TEST(damage_ends_with_rebuild),
		TEST(commits_durable),
		TEST(unchanged_files),
		TEST(directories_compared),
		TEST(paths_of_two_filesystems),
		{ NULL, NULL }
	};

	return index_bench_main(tests);
}
