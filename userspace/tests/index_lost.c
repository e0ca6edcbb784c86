// SPDX-License-Identifier: GPL-2.0-only
/* File systems in the index, and files that were lost there. */

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "index_bench.h"
#include "test.h"

static void filesystem_note(void *arg, const struct filesystem *fs)
{
	text_add(arg, (char)fs->id[0]);
	text_add(arg, fs->path[1]);
}

static void place_note(void *arg, const char *store, const struct filesystem *fs)
{
	text_add(arg, store[0]);
	filesystem_note(arg, fs);
}

static const char *index_filesystem_names(struct index *x)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_filesystems(x, filesystem_note, text);
	return text;
}

/* What is known of a file system goes only when somebody says so. */
static void filesystems_stay(void)
{
	static const struct filesystem other = { .id = "usb", .type = "xfs", .path = "/usb" };
	struct index_counts c;
	char text[64] = "";
	struct index *x;
	struct why why;
	sqlite3 *db;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_add_filesystem(x, &disk);
	index_add_filesystem(x, &other);
	index_survey(x, "AB", DAY);
	index_places(x, place_note, text);
	SAME(text, "sds");
	/* The other one could not be looked at, and of this one only a part. */
	index_begin_survey(x, true);
	file_add(x, "/A", 'A');
	index_end_filesystem(x, disk.id, false);
	index_count_all(x, &c);
	CHECK(c.files == 2);
	index_begin_survey(x, true);
	file_add(x, "/A", 'A');
	index_end_filesystem(x, disk.id, true);
	index_count_all(x, &c);
	CHECK(c.files == 1);
	CHECK(index_commit(x, &why));
	index_close(x);

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	SAME(index_filesystem_names(x), "dsuu");
	CHECK(index_forget_filesystem(x, other.id) && !index_forget_filesystem(x, other.id));
	SAME(index_filesystem_names(x), "ds");
	index_forget_filesystem(x, disk.id);
	CHECK(index_commit(x, &why));
	index_close(x);

	/*
	 * Nobody has registered what a version that cannot be taken over knew, nor knows the files
	 * whose records were lost: a rebuild does not forget them by itself.
	 */
	CHECK(!sqlite3_open(path, &db));
	CHECK(!sqlite3_exec(db, "PRAGMA user_version = 3", NULL, NULL, NULL));
	sqlite3_close(db);
	CHECK(!index_open(path, false, &why) && strstr(why.text, "dittoctl offload rebuild"));
	CHECK(!index_open(path, true, &why) && strstr(why.text, "remove it"));
	CHECK(!unlink(path));
	x = index_open(path, true, &why);
	CHECK(x);
	index_close(x);
}

/* A file whose record was lost is what it was, whatever has its names now, and after a rebuild. */
static void lost_files_stay(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST };
	struct offload_record r = { .size = 5, .cookie.store = "s" };
	struct index_file f = { disk.id, "/f", "/f", 7, 5, 3 };
	struct index_file smaller = { disk.id, "/f", "/f", 7, 4, 3 };
	struct index_file another = { disk.id, "/g", "/g", 8, 5, 3 };
	struct index_file changed = { disk.id, "/f", "/f", 7, 5, 4 };
	char text[64];
	bool same;
	struct index *x;
	struct why why;
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memcpy(r.cookie.name, name_of('A'), HASH_SIZE);
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_begin_survey(x, true);
	index_add_file(x, &f, &r);
	index_end_filesystem(x, disk.id, true);
	CHECK(index_knows_file(x, &f, &same) && same);
	CHECK(index_knows_file(x, &changed, &same) && !same);
	CHECK(!index_knows_file(x, &smaller, &same) && !index_knows_file(x, &another, &same));
	CHECK(index_commit(x, &why));
	index_close(x);
	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memcpy(r.cookie.name, name_of('B'), HASH_SIZE);
	for (i = 0; i < 3; i++) {
		/* Another file has its path. */
		another.path = "/f";
		index_begin_survey(x, true);
		f.shown = "/h";
		changed.shown = "/h";
		/* One that was changed is kept with the time that its record had. */
		index_keep_file(x, i ? &f : &changed);
		index_add_file(x, &another, &r);
		index_end_filesystem(x, disk.id, true);
		CHECK(index_knows_file(x, &f, &same) && same);
		memset(text, 0, sizeof(text));
		index_files_of(x, &o, file_note, text);
		SAME(text, "h");
	}
	index_begin_survey(x, true);
	index_end_filesystem(x, disk.id, true);
	CHECK(!index_knows_file(x, &f, &same) && !index_error(x));
	index_close(x);
}

/* The table of files as version 4 had it. */
static const char files_without_times[] =
	"ALTER TABLE file RENAME TO later; DROP INDEX file_inode; DROP INDEX file_content;"
	"CREATE TABLE file(dir INTEGER, name BLOB, inode INTEGER, size INTEGER,\n"
	"content INTEGER, place INTEGER, room INTEGER, PRIMARY KEY(dir, name)) WITHOUT ROWID;"
	"CREATE INDEX file_inode ON file(inode); CREATE INDEX file_content ON file(content);"
	"INSERT INTO file SELECT dir, name, inode, size, content, place, room FROM later;"
	"DROP TABLE later; CREATE TABLE condemned(store INTEGER); CREATE TABLE list(store TEXT);"
	"PRAGMA user_version = 4";

/* Look at the disk, on which one file is lost, or is gone, and another one has what it had. */
static void lost_survey(struct index *x, const struct index_file *lost)
{
	char unknown[64] = "", *p;
	bool same;

	index_begin_survey(x, true);
	file_add(x, "/B", 'B');
	if (lost) {
		CHECK(index_knows_file(x, lost, &same) && same);
		index_keep_file(x, lost);
	}
	index_end_filesystem(x, disk.id, true);
	index_unknown_manifests(x, object_note, unknown);
	for (p = unknown; *p; p++)
		manifest_add_pair(x, *p, (char)(*p - 'A' + 'a'), (char)(*p - 'A' + 'b'));
	object_add(ENVELOPE_MANIFEST, 'A', 1, DAY);
	object_add(ENVELOPE_MANIFEST, 'B', 1, DAY);
	object_add(ENVELOPE_CHUNK, 'a', 1, DAY);
	survey_end(x);
}

/* An index of the last version is used as it is: nothing else refers to what lost files had. */
static void lost_files_outlive_versions(void)
{
	struct offload_record r = { .size = 5, .cookie.store = "s" };
	struct index_file lost = { disk.id, "/f", "/f", 7, 5, 3 };
	struct index_file found = { disk.id, "/B", "/B", 1, 5, 4 };
	struct index *x;
	struct why why;
	bool same;
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memcpy(r.cookie.name, name_of('A'), HASH_SIZE);
	index_forget_lists(x);
	index_end_lists(x);
	index_begin_survey(x, false);
	index_add_file(x, &lost, &r);
	file_add(x, "/B", 'B');
	index_end_filesystem(x, disk.id, true);
	lost_survey(x, &lost);
	CHECK(index_commit(x, &why));
	index_close(x);
	database_change(files_without_times);

	/* Whoever only reads leaves nothing locked, and nothing to do. */
	for (i = 0; i < 2; i++) {
		x = index_open(path, false, &why);
		if (!CHECK(x))
			return;
		CHECK(index_knows_file(x, &found, &same) && same);
		index_close(x);
	}
	database_change(files_without_times);
	/* A rebuild, a look of gc, and another rebuild. */
	for (i = 0; i < 3; i++) {
		x = index_open(path, i != 1, &why);
		if (!CHECK(x))
			return;
		lost_survey(x, &lost);
		SAME(index_new_names(x), "");
		SAME(index_garbage_names(x, 100 * DAY), "");
		/* The time of what has its record is known now. */
		CHECK(index_knows_file(x, &found, &same) && !same);
		CHECK(index_commit(x, &why));
		index_close(x);
	}
	x = index_open(path, false, &why);
	if (!CHECK(x))
		return;
	lost_survey(x, NULL);
	SAME(index_new_names(x), "aA");
	CHECK(index_commit(x, &why) && !index_error(x));
	index_close(x);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(filesystems_stay),
		TEST(lost_files_stay),
		TEST(lost_files_outlive_versions),
		{ NULL, NULL }
	};

	return index_bench_main(tests);
}
