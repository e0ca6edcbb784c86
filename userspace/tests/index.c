// SPDX-License-Identifier: GPL-2.0-only
/* The index of offloaded data. */

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "object/heads.h"
#include "index/index.h"
#include "object/object_name.h"
#include "test.h"

#define DAY	86400

static char *path;

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

static const struct filesystem disk = { .id = "disk", .type = "ext4", .path = "/srv" };

/* A name that consists of one byte. */
static const u8 *name_of(char byte)
{
	static u8 names[4][HASH_SIZE];
	static unsigned int next;

	next = (next + 1) % ARRAY_SIZE(names);
	return memset(names[next], byte, HASH_SIZE);
}

static void file_add(struct index *x, const char *file, char manifest)
{
	struct offload_record r = { .size = 5, .cookie.store = "s" };

	memcpy(r.cookie.name, name_of(manifest), HASH_SIZE);
	index_add_file(x, &(struct index_file){ disk.id, file, file, 1, 5, 3 }, &r);
}

/* Add an entry of a snapshot. */
static void entry_add(struct index *x, const char *store, char manifest)
{
	struct offload_record r = { .size = 5 };

	snprintf(r.cookie.store, sizeof(r.cookie.store), "%s", store);
	memcpy(r.cookie.name, name_of(manifest), HASH_SIZE);
	index_add_entry(x, &r);
}

/* Objects that the store lists. */
static struct index_object listed[16];
static size_t n_listed;

static void object_add(u32 kind, char name, u64 size, u64 modified)
{
	struct index_object *o = &listed[n_listed++];

	*o = (struct index_object){ .kind = kind, .size = size, .modified = modified };
	memcpy(o->name, name_of(name), HASH_SIZE);
}

/* Take the list of the store, and end the survey. */
static void survey_end(struct index *x)
{
	struct index_range r = { .store = "s" };
	struct index_object of[ARRAY_SIZE(listed)];
	size_t i, n;

	memset(r.last, 0xff, HASH_SIZE);
	for (r.kind = ENVELOPE_CHUNK; r.kind <= ENVELOPE_SNAPSHOT; r.kind++) {
		for (i = 0, n = 0; i < n_listed; i++)
			if (listed[i].kind == r.kind)
				of[n++] = listed[i];
		index_set_objects(x, &r, of, n);
	}
	n_listed = 0;
	index_end_survey(x);
}

/* A manifest with two chunks. */
static void manifest_add_pair(struct index *x, char name, char first, char second)
{
	struct manifest m = { 0 };

	manifest_add(&m, name_of(first), 2);
	manifest_add(&m, name_of(second), 2);
	index_add_manifest(x, "s", name_of(name), &m);
	manifest_free(&m);
}

static void text_add(char *text, char c)
{
	text[strlen(text)] = c;
}

static void object_note(void *arg, const struct index_object *o)
{
	text_add(arg, (char)o->name[0]);
}

static void referred_note(void *arg, const struct index_object *o, bool present, u64 length)
{
	text_add(arg, (char)o->name[0]);
	text_add(arg, present ? '+' : '-');
	text_add(arg, (char)('0' + length));
}

static void file_note(void *arg, const char *file)
{
	text_add(arg, file[1]);
}

/* The names of garbage, as a string: upper case for manifests, which come before chunks. */
static const char *index_garbage_names(struct index *x, u64 before)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_garbage(x, before, object_note, text);
	return text;
}

/* The names of garbage that no list names, as a string. */
static const char *index_new_names(struct index *x)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_new_garbage(x, object_note, text);
	return text;
}

/**
 * struct condemn_note - what a list says
 * @x: the index
 * @now: its time
 * @kept: the objects stay
 * @names: names of the objects
 */
struct condemn_note {
	struct index *x;
	u64 now;
	bool kept;
	char names[64];
};

static void object_condemn(void *arg, const struct index_object *o)
{
	struct condemn_note *note = arg;
	struct index_object condemned = *o;

	condemned.since = note->now;
	index_condemn(note->x, &condemned, note->kept);
	object_note(note->names, o);
}

/*
 * Look at files and objects at a time: manifest A has chunks a and b, B has b and c. @files: which
 * manifests have a file.
 */
static void index_survey(struct index *x, const char *files, u64 now)
{
	struct condemn_note note = { .x = x };
	char unknown[64] = "", *p;
	char file[3] = "/";

	index_begin_survey(x, true);
	for (; *files; files++) {
		file[1] = *files;
		file_add(x, file, *files);
	}
	index_end_filesystem(x, disk.id, true);
	index_unknown_manifests(x, object_note, unknown);
	for (p = unknown; *p; p++)
		manifest_add_pair(x, *p, (char)(*p - 'A' + 'a'), (char)(*p - 'A' + 'b'));
	object_add(ENVELOPE_MANIFEST, 'A', 1, DAY);
	object_add(ENVELOPE_MANIFEST, 'B', 1, DAY);
	object_add(ENVELOPE_CHUNK, 'a', 1, DAY);
	object_add(ENVELOPE_CHUNK, 'b', 1, DAY);
	object_add(ENVELOPE_CHUNK, 'c', 1, 5 * DAY);
	survey_end(x);
	note.now = now;
	index_new_garbage(x, object_condemn, &note);
}

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
	FILE *out;

	snprintf(notes, sizeof(notes), "%s-heads", path);
	CHECK(!heads_size(notes));
	heads_forget(notes, 0);
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
	/* Notes that were added since they were read stay with the others. */
	heads_forget(notes, heads_size(notes) - 1);
	memset(text, 0, sizeof(text));
	CHECK(heads_each(notes, head_note, text, &why));
	SAME(text, "sasb");
	heads_forget(notes, heads_size(notes));
	memset(text, 0, sizeof(text));
	CHECK(heads_each(notes, head_note, text, &why));
	SAME(text, "");
	CHECK(!heads_note("/proc/none/heads", "s", head, &why) && strstr(why.text, "/proc/none"));
	CHECK(!heads_each("/proc/self/mem/heads", head_note, text, &why));
}

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

/* Change the database past the index. */
static void database_change(const char *sql)
{
	sqlite3 *db;

	if (CHECK(sqlite3_open(path, &db) == SQLITE_OK))
		CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
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

/* The number that a query has as its result. */
static u64 database_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	u64 number = 0;

	if (CHECK(!sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) &&
	    CHECK(sqlite3_step(stmt) == SQLITE_ROW))
		number = (u64)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
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
		TEST(garbage_ages), TEST(lists_spent), TEST(index_is_shared),
		TEST(references_found), TEST(packs_counted),
		TEST(damage_ends_with_rebuild), TEST(snapshots_refer),
		TEST(snapshots_outlive_rebuilds), TEST(filesystems_stay), TEST(lost_files_stay),
		TEST(lost_files_outlive_versions),
		TEST(commits_durable),
		TEST(paths_of_two_filesystems), TEST(heads_noted), TEST(snapshots_partly_read),
		TEST(damaged_lists_doubt), TEST(unchanged_files),
		TEST(directories_compared), TEST(snapshots_share_rows), TEST(lists_in_parts),
		TEST(readers_do_not_wait), TEST(forgotten_in_parts), TEST(lists_of_one_reader),
		TEST(garbage_of_one_look),
		{ NULL, NULL }
	};
	char folder[] = "/tmp/ditto-index.XXXXXX";
	char *lock;
	int status;

	if (!hash_init() || !mkdtemp(folder))
		return 1;
	path = mem_print("%s/db", folder);
	status = test_main(tests);
	unlink(path);
	lock = mem_print("%s-lock", path);
	unlink(lock);
	free(lock);
	rmdir(folder);
	free(path);
	return status;
}
