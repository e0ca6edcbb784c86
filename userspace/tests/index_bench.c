// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index_bench.h"
#include "mem.h"
#include "object/hash.h"
#include "test.h"

char *path;

const struct filesystem disk = { .id = "disk", .type = "ext4", .path = "/srv" };

const u8 *name_of(char byte)
{
	static u8 names[4][HASH_SIZE];
	static unsigned int next;

	next = (next + 1) % ARRAY_SIZE(names);
	return memset(names[next], byte, HASH_SIZE);
}

void file_add(struct index *x, const char *file, char manifest)
{
	struct offload_record r = { .size = 5, .cookie.store = "s" };

	memcpy(r.cookie.name, name_of(manifest), HASH_SIZE);
	index_add_file(x, &(struct index_file){ disk.id, file, file, 1, 5, 3 }, &r);
}

/* Objects that the store lists. */
static struct index_object listed[16];
static size_t n_listed;

void object_add(u32 kind, char name, u64 size, u64 modified)
{
	struct index_object *o = &listed[n_listed++];

	*o = (struct index_object){ .kind = kind, .size = size, .modified = modified };
	memcpy(o->name, name_of(name), HASH_SIZE);
}

void survey_end(struct index *x)
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

void manifest_add_pair(struct index *x, char name, char first, char second)
{
	struct manifest m = { 0 };

	manifest_add(&m, name_of(first), 2);
	manifest_add(&m, name_of(second), 2);
	index_add_manifest(x, "s", name_of(name), &m);
	manifest_free(&m);
}

void text_add(char *text, char c)
{
	text[strlen(text)] = c;
}

void object_note(void *arg, const struct index_object *o)
{
	text_add(arg, (char)o->name[0]);
}

void referred_note(void *arg, const struct index_object *o, bool present, u64 length)
{
	text_add(arg, (char)o->name[0]);
	text_add(arg, present ? '+' : '-');
	text_add(arg, (char)('0' + length));
}

void file_note(void *arg, const char *file)
{
	text_add(arg, file[1]);
}

const char *index_garbage_names(struct index *x, u64 before)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_garbage(x, before, object_note, text);
	return text;
}

const char *index_new_names(struct index *x)
{
	static char text[64];

	memset(text, 0, sizeof(text));
	index_new_garbage(x, object_note, text);
	return text;
}

void object_condemn(void *arg, const struct index_object *o)
{
	struct condemn_note *note = arg;
	struct index_object condemned = *o;

	condemned.since = note->now;
	index_condemn(note->x, &condemned, note->kept);
	object_note(note->names, o);
}

void index_survey(struct index *x, const char *files, u64 now)
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

void database_change(const char *sql)
{
	sqlite3 *db;

	if (CHECK(sqlite3_open(path, &db) == SQLITE_OK))
		CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

u64 database_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	u64 number = 0;

	if (CHECK(!sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) &&
	    CHECK(sqlite3_step(stmt) == SQLITE_ROW))
		number = (u64)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

int index_bench_main(const struct test *tests)
{
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
