// SPDX-License-Identifier: GPL-2.0-only
/* Objects in the index that nothing refers to, and their lists. */

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "index_bench.h"
#include "test.h"

static void garbage_ages(void)
{
	struct condemn_note kept = { .now = 10 * DAY, .kept = true };
	struct index_object old = { .store = "s", .kind = ENVELOPE_MANIFEST };
	struct index_counts c;
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memcpy(old.name, name_of('B'), HASH_SIZE);
	index_survey(x, "AB", 2 * DAY);
	SAME(index_garbage_names(x, 100 * DAY), "");
	CHECK(index_commit(x, &why));
	index_survey(x, "A", 3 * DAY);
	SAME(index_garbage_names(x, 3 * DAY), "B");
	SAME(index_garbage_names(x, 3 * DAY - 1), "");
	/* An object that was written after that time has to be condemned again. */
	SAME(index_garbage_names(x, 100 * DAY), "B");
	CHECK(index_commit(x, &why));
	index_close(x);

	/* The age is kept by later surveys, and ends with a new file. */
	x = index_open(path, false, &why);
	kept.x = x;
	index_survey(x, "A", 4 * DAY);
	SAME(index_garbage_names(x, 3 * DAY), "B");
	index_forget_lists(x);
	old.since = 3 * DAY;
	index_add_condemned(x, &old, false);
	index_end_lists(x);
	index_survey(x, "A", 9 * DAY);
	SAME(index_garbage_names(x, 3 * DAY), "B");
	SAME(index_garbage_names(x, 9 * DAY - 1), "B");
	SAME(index_garbage_names(x, 9 * DAY), "Bc");
	index_survey(x, "AB", 10 * DAY);
	CHECK(index_condemned_number(x) == 2);
	index_condemned(x, "s", true, object_condemn, &kept);
	SAME(kept.names, "cB");
	/* An older list does not change that. */
	old.since = 9 * DAY;
	index_condemn(x, &old, false);
	SAME(index_garbage_names(x, 100 * DAY), "");
	index_survey(x, "", 11 * DAY);
	SAME(index_garbage_names(x, 10 * DAY), "");
	SAME(index_garbage_names(x, 11 * DAY), "ABabc");
	index_count_all(x, &c);
	CHECK(c.files == 0 && c.objects == 5 && c.stored == 5 && c.garbage == 5 && !c.missing);
	CHECK(index_commit(x, &why));
	old.since = 50 * DAY;
	index_condemn(x, &old, true);
	SAME(index_garbage_names(x, 100 * DAY), "Aabc");
	index_close(x);

	/* What was not committed is forgotten. */
	x = index_open(path, false, &why);
	SAME(index_garbage_names(x, 100 * DAY), "ABabc");
	CHECK(!index_error(x));
	index_close(x);
}

/* Delete an object while another user writes between two transactions. */
static void object_delete(void *arg, const struct index_object *o)
{
	struct index *x = arg, *other;
	struct why why;

	CHECK(index_commit(x, &why));
	other = index_open(path, false, &why);
	if (!CHECK(other))
		return;
	index_add_filesystem(other, &disk);
	CHECK(index_commit(other, &why));
	index_close(other);
	index_add_deletion(x, o, 20 * DAY, 19 * DAY);
	if (!CHECK(index_commit(x, &why)))
		printf("# %s\n", why.text);
}

static void index_is_shared(void)
{
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_survey(x, "", 11 * DAY);
	index_garbage(x, 11 * DAY, object_delete, x);
	SAME(index_garbage_names(x, 11 * DAY), "");
	index_close(x);
}

static void history_note(void *arg, const struct index_deletion *d)
{
	CHECK(d->time == 20 * DAY && d->run == 19 * DAY && d->object.since == 11 * DAY);
	object_note(arg, &d->object);
}

static void list_note(void *arg, const struct index_object *o)
{
	CHECK(o->kind == ENVELOPE_GARBAGE);
	object_note(arg, o);
}

/* Lists go when nothing counts on them any more, and what was deleted is remembered. */
static void lists_spent(void)
{
	struct index_list first = { .store = "s", .time = 11 * DAY };
	struct index_list second = { .store = "s", .time = 12 * DAY, .kept = true };
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST, .since = 11 * DAY };
	char text[64] = "", history[64] = "";
	u8 one[HASH_SIZE], two[HASH_SIZE];
	struct index *x;
	struct why why;

	/* The name of one changes with the next. */
	memcpy(one, name_of('1'), HASH_SIZE);
	memcpy(two, name_of('2'), HASH_SIZE);
	first.name = one;
	second.name = two;
	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_forget_lists(x);
	index_add_list(x, &first);
	index_add_list(x, &second);
	index_end_lists(x);
	index_survey(x, "", 11 * DAY);
	index_spend_lists(x, 13 * DAY);
	index_spent_lists(x, 100 * DAY, list_note, text);
	SAME(text, "");
	index_garbage(x, 11 * DAY, object_note, text);
	SAME(text, "ABabc");
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
	memcpy(o.name, name_of('B'), HASH_SIZE);
	index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
	index_deletions(x, history_note, history);
	SAME(history, "AB");
	/* The chunks are referred to again, or there are none. */
	index_begin_survey(x, true);
	index_end_survey(x);
	index_spend_lists(x, 20 * DAY);
	memset(text, 0, sizeof(text));
	index_spent_lists(x, 20 * DAY - 1, list_note, text);
	SAME(text, "");
	index_spent_lists(x, 20 * DAY, list_note, text);
	SAME(text, "1");
	/* The opposite of a list stays until that one is seen no more. */
	index_forget_lists(x);
	index_add_list(x, &second);
	index_end_lists(x);
	index_spend_lists(x, 21 * DAY);
	memset(text, 0, sizeof(text));
	index_spent_lists(x, 21 * DAY, list_note, text);
	SAME(text, "2");
	CHECK(!index_error(x));
	index_close(x);
}

static void deletion_note(void *arg, const struct index_deletion *d)
{
	object_note(arg, &d->object);
	text_add(arg, d->time == 19 * DAY ? 'r' : d->time == 20 * DAY ? 't' : '?');
}

static const char *deletion_names(struct index *x)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_deletions(x, deletion_note, text);
	return text;
}

/* What a run was about to delete when it ended is remembered, and found out by the next one. */
static void deletions_begun(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST, .since = 11 * DAY };
	struct index_list list = { .store = "s", .name = o.name, .time = 11 * DAY };
	char text[64] = "", *name;
	struct index *x;
	struct why why;

	index_close(index_open(path, true, &why));
	database_change("DELETE FROM deletion");
	x = index_open(path, false, &why);
	if (!CHECK(x))
		return;
	index_forget_lists(x);
	index_add_list(x, &list);
	for (name = "AB"; *name; name++) {
		memcpy(o.name, name_of(*name), HASH_SIZE);
		index_add_condemned(x, &o, false);
	}
	index_end_lists(x);
	index_survey(x, "", 12 * DAY);
	for (name = "AB"; *name; name++) {
		memcpy(o.name, name_of(*name), HASH_SIZE);
		index_begin_deletion(x, &o, 19 * DAY);
	}
	SAME(deletion_names(x), "A?B?");
	/* They are condemned until they are known to be gone. */
	index_condemned(x, "s", false, object_note, text);
	SAME(text, "abcAB");
	CHECK(index_commit(x, &why));
	index_close(x);

	x = index_open(path, false, &why);
	if (!CHECK(x))
		return;
	SAME(deletion_names(x), "A?B?");
	/* The store has them all, and then none. */
	index_survey(x, "", 12 * DAY);
	index_settle_deletions(x);
	SAME(deletion_names(x), "");
	index_begin_deletion(x, &o, 19 * DAY);
	/* A store that was not listed does not say what became of it. */
	index_begin_survey(x, true);
	index_end_survey(x);
	index_settle_deletions(x);
	SAME(deletion_names(x), "B?");
	index_begin_survey(x, true);
	survey_end(x);
	index_settle_deletions(x);
	SAME(deletion_names(x), "Br");
	/* A run that comes to its end says itself what became of them. */
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_begin_deletion(x, &o, 19 * DAY);
	index_stop_deletion(x, &o);
	SAME(deletion_names(x), "Br");
	index_begin_deletion(x, &o, 19 * DAY);
	index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
	SAME(deletion_names(x), "BrAt");
	/* Another run may have found it out since. */
	memcpy(o.name, name_of('B'), HASH_SIZE);
	index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
	SAME(deletion_names(x), "BtAt");
	CHECK(!index_error(x));
	index_close(x);
}

/* Deletions that are noted before and afterwards are counted once. */
static void deletions_counted(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST, .since = 11 * DAY };
	const char *batch, *name;
	struct index *x;
	struct why why;
	sqlite3 *db;
	int i;

	index_close(index_open(path, true, &why));
	database_change("DELETE FROM deletion");
	x = index_open(path, false, &why);
	if (!CHECK(x))
		return;
	for (batch = "AB"; *batch; batch = *batch == 'A' ? "CD" : "") {
		for (i = 0; i < 2; i++) {
			for (name = batch; *name; name++) {
				memcpy(o.name, name_of(*name), HASH_SIZE);
				if (i)
					index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
				else
					index_begin_deletion(x, &o, 19 * DAY);
			}
		}
	}
	SAME(deletion_names(x), "AtBtCtDt");
	CHECK(index_commit(x, &why));
	index_close(x);
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(database_number(db, "SELECT max(id) FROM deletion") == 4);
	sqlite3_close(db);
}

/* The parts of a list come in any order, and tell of their names only. */
static void lists_in_parts(void)
{
	struct index_range r = { .store = "s", .kind = ENVELOPE_CHUNK };
	struct index_object o[3] = { { .kind = ENVELOPE_CHUNK }, { .kind = ENVELOPE_CHUNK },
				     { .kind = ENVELOPE_CHUNK } };
	char text[64] = "";
	struct index *x;
	struct why why;
	int i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_forget_lists(x);
	index_end_lists(x);
	index_begin_survey(x, true);
	for (i = 0; i < 3; i++)
		memcpy(o[i].name, name_of("cab"[i]), HASH_SIZE);
	memset(r.last, 0xff, HASH_SIZE);
	index_set_objects(x, &r, o, 3);
	index_end_survey(x);
	SAME(index_new_names(x), "abc");
	/* A range without its only object, and the first and last names that it may have. */
	index_begin_survey(x, true);
	memset(r.first, 'b', HASH_SIZE);
	memset(r.last, 'b', HASH_SIZE);
	index_set_objects(x, &r, o, 0);
	index_end_survey(x);
	SAME(index_new_names(x), "ac");
	/* A list that was not read says nothing about a store; one of no store forgets it. */
	index_begin_survey(x, false);
	index_end_survey(x);
	SAME(index_new_names(x), "ac");
	index_begin_survey(x, true);
	index_end_survey(x);
	SAME(index_new_names(x), text);
	index_close(x);
}

/* Lists that are being read keep nobody from writing, and are for whoever reads them. */
static void lists_of_one_reader(void)
{
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST, .since = 9 * DAY };
	struct index_list list = { .store = "s", .name = o.name, .time = 9 * DAY };
	struct index *x, *other;
	struct why why;
	u32 i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_survey(x, "", 8 * DAY);
	CHECK(index_commit(x, &why));
	index_forget_lists(x);
	index_add_list(x, &list);
	for (i = 0; i < 5000; i++) {
		memcpy(o.name, &i, sizeof(i));
		index_add_condemned(x, &o, false);
	}
	other = index_open(path, false, &why);
	if (CHECK(other)) {
		CHECK(!index_condemned_number(other));
		index_add_filesystem(other, &disk);
		CHECK(index_commit(other, &why));
	}
	index_close(other);
	CHECK(index_condemned_number(x) == 5000);
	index_close(x);
	x = index_open(path, false, &why);
	CHECK(x && !index_condemned_number(x));
	index_close(x);
}

/* What @use and others change does not change what is deleted. */
static void garbage_is_changed(void *arg, const struct index_object *o)
{
	char *names = arg;
	struct index *other;
	struct why why;

	object_note(names, o);
	other = names[1] ? NULL : index_open(path, false, &why);
	if (!other)
		return;
	index_survey(other, "B", 12 * DAY);
	CHECK(index_commit(other, &why));
	index_close(other);
}

/* Garbage is what one look has found, also if others look in between. */
static void garbage_of_one_look(void)
{
	char names[64] = "";
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_survey(x, "", 11 * DAY);
	CHECK(index_commit(x, &why));
	index_garbage(x, 11 * DAY, garbage_is_changed, names);
	SAME(names, "ABabc");
	SAME(index_garbage_names(x, 11 * DAY), "Aa");
	CHECK(index_commit(x, &why) && !index_error(x));
	index_close(x);
}

/* A manifest of which some chunks were forgotten is read again if its file comes back. */
static void forgotten_in_parts(void)
{
	struct manifest m = { 0 };
	u8 chunk[HASH_SIZE] = { 0 };
	char unknown[64] = "";
	sqlite3 *db;
	struct index *x;
	struct why why;
	u64 left;
	u32 i;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	/* More than a transaction has. */
	for (i = 0; i < 5000; i++) {
		chunk[0] = (u8)(i >> 8);
		chunk[1] = (u8)i;
		manifest_add(&m, chunk, 1);
	}
	index_begin_survey(x, false);
	file_add(x, "/A", 'A');
	index_end_filesystem(x, disk.id, true);
	index_add_manifest(x, "s", name_of('A'), &m);
	index_end_survey(x);
	CHECK(index_commit(x, &why));
	database_change("CREATE TRIGGER last BEFORE DELETE ON chunk WHEN\n"
			"(SELECT count(*) FROM chunk) = 1 BEGIN SELECT RAISE(ABORT, 'stop'); END");
	index_begin_survey(x, false);
	index_end_filesystem(x, disk.id, true);
	index_end_survey(x);
	CHECK(index_error(x));
	index_close(x);
	database_change("DROP TRIGGER last");
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	left = database_number(db, "SELECT count(*) FROM chunk");
	sqlite3_close(db);
	CHECK(left && left < m.n);

	x = index_open(path, false, &why);
	if (!CHECK(x))
		return;
	index_begin_survey(x, false);
	file_add(x, "/A", 'A');
	index_end_filesystem(x, disk.id, true);
	index_unknown_manifests(x, object_note, unknown);
	SAME(unknown, "A");
	index_add_manifest(x, "s", name_of('A'), &m);
	index_end_survey(x);
	CHECK(index_commit(x, &why));
	index_close(x);
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(database_number(db, "SELECT count(*) FROM chunk") == m.n);
	sqlite3_close(db);
	manifest_free(&m);
}

/* Others may read while somebody looks at file systems, but not write. */
static void readers_do_not_wait(void)
{
	struct index *x, *other;
	char history[64] = "";
	struct index_object o = { .store = "s", .kind = ENVELOPE_CHUNK, .since = 11 * DAY };
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	memcpy(o.name, name_of('a'), HASH_SIZE);
	index_add_deletion(x, &o, 20 * DAY, 19 * DAY);
	CHECK(index_commit(x, &why));
	index_begin_survey(x, true);
	file_add(x, "/A", 'A');
	other = index_open(path, false, &why);
	if (CHECK(other)) {
		index_deletions(other, history_note, history);
		CHECK(history[strlen(history) - 1] == 'a' && !index_error(other));
	}
	index_close(other);
	index_close(x);
}

/* What a list says that was written a day after a damaged one counts, and nothing from before. */
static void damaged_lists_doubt(void)
{
	struct index_list damaged = { .store = "s", .time = 12 * DAY, .damaged = true };
	struct index_object o = { .store = "s", .kind = ENVELOPE_MANIFEST };
	struct index_object other = { .store = "t", .kind = ENVELOPE_MANIFEST, .since = 11 * DAY };
	struct index *x;
	struct why why;

	x = index_open(path, true, &why);
	if (!CHECK(x))
		return;
	index_forget_lists(x);
	memcpy(other.name, name_of('A'), HASH_SIZE);
	index_condemn(x, &other, false);
	o.since = 12 * DAY;
	memcpy(o.name, name_of('A'), HASH_SIZE);
	index_condemn(x, &o, false);
	memcpy(o.name, name_of('B'), HASH_SIZE);
	index_condemn(x, &o, true);
	damaged.name = o.name;
	index_add_list(x, &damaged);
	CHECK(index_condemned_number(x) == 3);
	index_end_lists(x);
	CHECK(index_condemned_number(x) == 1);
	/* The clock of the store may be a day behind. */
	o.since = 13 * DAY;
	index_condemn(x, &o, false);
	index_end_lists(x);
	CHECK(index_condemned_number(x) == 1);
	o.since++;
	index_condemn(x, &o, false);
	index_end_lists(x);
	CHECK(index_condemned_number(x) == 2);
	CHECK(!index_error(x));
	index_close(x);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(garbage_ages),
		TEST(lists_spent),
		TEST(lists_in_parts),
		TEST(lists_of_one_reader),
		TEST(garbage_of_one_look),
		TEST(damaged_lists_doubt),
		TEST(forgotten_in_parts),
		TEST(readers_do_not_wait),
		TEST(index_is_shared),
		TEST(deletions_begun),
		TEST(deletions_counted),
		{ NULL, NULL }
	};

	return index_bench_main(tests);
}
