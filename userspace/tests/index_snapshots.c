// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots in the index. */

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "index_bench.h"
#include "object/heads.h"
#include "object/object_name.h"
#include "test.h"

/* Add an entry of a snapshot. */
static void entry_add(struct index *x, const char *store, char manifest)
{
	struct offload_record r = { .size = 5 };

	snprintf(r.cookie.store, sizeof(r.cookie.store), "%s", store);
	memcpy(r.cookie.name, name_of(manifest), HASH_SIZE);
	index_add_entry(x, &r);
}

static void snapshot_note(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	(void)store;
	text_add(arg, (char)name[0]);
}

/* What only a snapshot refers to is not garbage until the snapshot is forgotten. */
static void snapshots_refer(void)
{
	char text[64] = "";
	struct index_counts c;
	struct why why;
	struct index *x = index_open(path, true, &why);
	struct index_object o = { .store = "s", .kind = ENVELOPE_CHUNK };

	CHECK(x);
	if (!x)
		return;
	index_forget_filesystem(x, disk.id);
	index_begin_survey(x, true);
	index_forget_snapshot(x, "s", name_of('x'));
	index_begin_snapshot(x, "s", name_of('s'), "data");
	entry_add(x, "s", 'M');
	entry_add(x, "s", 'T');
	index_end_snapshot(x);
	manifest_add_pair(x, 'M', 'a', 'b');
	manifest_add_pair(x, 'T', 't', 't');
	object_add(ENVELOPE_SNAPSHOT, 's', 1, 1);
	object_add(ENVELOPE_MANIFEST, 'M', 1, 1);
	object_add(ENVELOPE_MANIFEST, 'T', 1, 1);
	object_add(ENVELOPE_CHUNK, 'a', 1, 1);
	object_add(ENVELOPE_CHUNK, 'b', 1, 1);
	object_add(ENVELOPE_CHUNK, 't', 1, 1);
	survey_end(x);
	SAME(index_new_names(x), "");
	index_count_all(x, &c);
	CHECK(!c.files && !c.bytes && c.objects == 6 && !c.garbage && !c.missing);

	/* The next survey looks at files again, but keeps snapshots. */
	index_begin_survey(x, false);
	index_end_survey(x);
	SAME(index_new_names(x), "");
	index_snapshots(x, snapshot_note, text);
	SAME(text, "s");
	memcpy(o.name, name_of('b'), HASH_SIZE);
	text[0] = '\0';
	index_files_of(x, &o, file_note, text);
	SAME(text, "n");
	CHECK(index_commit(x, &why));

	index_forget_snapshot(x, "s", name_of('s'));
	index_begin_survey(x, false);
	index_end_survey(x);
	SAME(index_new_names(x), "abtMT");
	index_close(x);
}

/* A new index knows the names of snapshots, but believes nothing about them. */
static void snapshots_outlive_rebuilds(void)
{
	struct index_counts c;
	struct why why;
	struct index *x;
	char text[64];
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_begin_survey(x, true);
	index_begin_snapshot(x, "s", name_of('r'), "data");
	entry_add(x, "s", 'M');
	index_end_snapshot(x);
	index_end_survey(x);
	CHECK(index_commit(x, &why));
	index_close(x);
	for (i = 0; i < 2; i++) {
		x = index_open(path, true, &why);
		CHECK(x);
		if (!x)
			return;
		memset(text, 0, sizeof(text));
		index_snapshots(x, snapshot_note, text);
		SAME(text, "");
		index_partial_snapshots(x, snapshot_note, text);
		SAME(text, "r");
		index_count_all(x, &c);
		CHECK(!c.files && !c.objects);
		CHECK(index_commit(x, &why));
		index_close(x);
	}
}

/* What is left of a snapshot that could not be read as a whole is found. */
static void snapshots_partly_read(void)
{
	char text[64] = "";
	struct why why;
	struct index *x = index_open(path, true, &why);

	if (!CHECK(x))
		return;
	index_begin_survey(x, true);
	index_forget_snapshot(x, "s", name_of('r'));
	index_begin_snapshot(x, "s", name_of('s'), "data");
	entry_add(x, "s", 'T');
	/* A file in another store does not make it incomplete. */
	entry_add(x, "t", 'M');
	index_end_snapshot(x);
	index_begin_snapshot(x, "s", name_of('p'), "data");
	entry_add(x, "s", 'M');
	index_snapshots(x, snapshot_note, text);
	SAME(text, "s");
	memset(text, 0, sizeof(text));
	index_partial_snapshots(x, snapshot_note, text);
	SAME(text, "p");
	/* A new index asks for both. */
	CHECK(index_commit(x, &why));
	index_close(x);
	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memset(text, 0, sizeof(text));
	index_partial_snapshots(x, snapshot_note, text);
	SAME(text, "ps");
	index_forget_snapshot(x, "s", name_of('s'));
	index_forget_snapshot(x, "s", name_of('p'));
	memset(text, 0, sizeof(text));
	index_partial_snapshots(x, snapshot_note, text);
	SAME(text, "");
	CHECK(!index_error(x));
	index_close(x);
}

static void head_note(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	text_add(arg, store[0]);
	text_add(arg, (char)name[0]);
}

/* Names of snapshots are noted before they are sent. */
static void heads_noted(void)
{
	char head[OBJECT_NAME_SIZE], notes[256], text[64] = "";
	struct why why;
	struct stat st;
	FILE *out;

	snprintf(notes, sizeof(notes), "%s-heads", path);
	heads_drop(notes, "s", notes);
	CHECK(heads_each(notes, head_note, text, &why));
	object_name(ENVELOPE_SNAPSHOT, name_of('a'), head);
	CHECK(heads_note(notes, "s", head, &why));
	/* A line without an end was not durable. */
	out = fopen(notes, "a");
	if (!CHECK(out))
		return;
	fprintf(out, "\nt %.60s", head);
	fclose(out);
	object_name(ENVELOPE_SNAPSHOT, name_of('b'), head);
	CHECK(heads_note(notes, "s", head, &why));
	CHECK(heads_each(notes, head_note, text, &why));
	SAME(text, "sasb");
	/* Others stay, which may have come since they were read. */
	heads_drop(notes, "t", head);
	heads_drop(notes, "s", head);
	memset(text, 0, sizeof(text));
	CHECK(heads_each(notes, head_note, text, &why));
	SAME(text, "sa");
	/* With the last one, what is no note goes, too. */
	object_name(ENVELOPE_SNAPSHOT, name_of('a'), head);
	heads_drop(notes, "s", head);
	CHECK(!stat(notes, &st) && !st.st_size);
	heads_drop(notes, "s", head);
	CHECK(!heads_note("/proc/none/heads", "s", head, &why) && strstr(why.text, "/proc/none"));
	CHECK(!heads_each("/proc/self/mem/heads", head_note, text, &why));
}

static const char *referred_names(struct index *x)
{
	static char text[64];

	index_begin_survey(x, false);
	index_end_survey(x);
	memset(text, 0, sizeof(text));
	index_referred(x, referred_note, text);
	return text;
}

static void snapshot_add(struct index *x, char name, const char *share, const char *contents)
{
	index_begin_snapshot(x, "s", name_of(name), share);
	for (; *contents; contents++)
		entry_add(x, "s", *contents);
	index_end_snapshot(x);
}

static void head_name_note(void *arg, const char *object)
{
	/* Behind "snapshots/", a digit is half of the byte. */
	text_add(arg, object[11]);
}

static const char *snapshots_with(struct index *x, char content)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST };
	static char text[64];

	memcpy(o.name, name_of(content), HASH_SIZE);
	memset(text, 0, sizeof(text));
	index_files_of(x, &o, head_name_note, text);
	return text;
}

static u64 member_rows(void)
{
	sqlite3 *db;
	u64 rows = 0;

	if (CHECK(!sqlite3_open(path, &db)))
		rows = database_number(db, "SELECT count(*) FROM member");
	sqlite3_close(db);
	return rows;
}

/* Snapshots of a share that need the same share a row, whichever of them goes. */
static void snapshots_share_rows(void)
{
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_forget_filesystem(x, disk.id);
	index_forget_snapshot(x, "s", name_of('s'));
	index_forget_snapshot(x, "s", name_of('p'));
	/* Names begin with 0x61, 0x62 and so on. */
	snapshot_add(x, 'a', "data", "ABB");
	snapshot_add(x, 'e', "home", "A");
	snapshot_add(x, 'b', "data", "AC");
	snapshot_add(x, 'c', "data", "BC");
	SAME(snapshots_with(x, 'A'), "125");
	SAME(snapshots_with(x, 'B'), "13");
	SAME(snapshots_with(x, 'C'), "23");
	SAME(referred_names(x), "A-0B-0C-0a-0e-0b-0c-0");
	CHECK(index_commit(x, &why));
	/* Of the first share, three contents, of which two come and go; and that of the other. */
	CHECK(member_rows() == 5);
	index_forget_snapshot(x, "s", name_of('b'));
	SAME(snapshots_with(x, 'C'), "3");
	SAME(referred_names(x), "A-0B-0C-0a-0e-0c-0");
	index_forget_snapshot(x, "s", name_of('c'));
	SAME(referred_names(x), "A-0B-0a-0e-0");
	/* Another share does not keep what this one had. */
	index_forget_snapshot(x, "s", name_of('a'));
	SAME(referred_names(x), "A-0e-0");
	snapshot_add(x, 'd', "data", "B");
	SAME(snapshots_with(x, 'B'), "4");
	index_forget_snapshot(x, "s", name_of('e'));
	SAME(referred_names(x), "B-0d-0");
	index_forget_snapshot(x, "s", name_of('d'));
	/* One that was not added as a whole needs what it has, and can be added anew. */
	index_begin_snapshot(x, "s", name_of('f'), "data");
	entry_add(x, "s", 'A');
	SAME(referred_names(x), "A-0f-0");
	index_forget_snapshot(x, "s", name_of('f'));
	snapshot_add(x, 'f', "data", "B");
	SAME(referred_names(x), "B-0f-0");
	index_forget_snapshot(x, "s", name_of('f'));
	SAME(referred_names(x), "");
	CHECK(index_commit(x, &why) && !index_error(x));
	index_close(x);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(snapshots_refer),
		TEST(snapshots_outlive_rebuilds),
		TEST(heads_noted),
		TEST(snapshots_partly_read),
		TEST(snapshots_share_rows),
		{ NULL, NULL }
	};

	return index_bench_main(tests);
}
