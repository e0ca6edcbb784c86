// SPDX-License-Identifier: GPL-2.0-only
/* Objects in the index, and what refers to them. See index.h. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"
#include "mem.h"
#include "object/object_name.h"
#include "object/pack.h"

/* Rows that are read in one step. */
#define WORK_ROWS	1024

/* Columns: store, kind, name, size, modified, since. */
void index_object_read(sqlite3_stmt *stmt, struct index_object *o)
{
	memset(o, 0, sizeof(*o));
	o->store = (const char *)sqlite3_column_text(stmt, 0);
	o->kind = (u32)sqlite3_column_int64(stmt, 1);
	if (sqlite3_column_bytes(stmt, 2) == HASH_SIZE)
		memcpy(o->name, sqlite3_column_blob(stmt, 2), HASH_SIZE);
	o->size = (u64)sqlite3_column_int64(stmt, 3);
	o->modified = (u64)sqlite3_column_int64(stmt, 4);
	o->since = (u64)sqlite3_column_int64(stmt, 5);
}

/**
 * struct work - a row of the table of that name
 * @store: name of the store
 * @object: the object
 */
struct work {
	char store[OFFLOAD_STORE_MAX + 1];
	struct index_object object;
};

/* Read the next rows. Returns the number of them. */
static u32 index_work(struct index *x, struct work *rows, u64 *last)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT store, kind, name, size, modified, since, id\n"
					    "FROM work WHERE id > ? ORDER BY id LIMIT ?", "ii",
					 *last, (u64)WORK_ROWS);
	u32 n = 0;

	while (index_row(x, stmt)) {
		index_object_read(stmt, &rows[n].object);
		snprintf(rows[n].store, sizeof(rows[n].store), "%s", rows[n].object.store);
		rows[n].object.store = rows[n].store;
		*last = (u64)sqlite3_column_int64(stmt, 6);
		n++;
	}
	return n;
}

/*
 * The rows come from a copy, because @use may change the tables. No statement is open during @use,
 * because it may commit, too.
 */
void index_objects(struct index *x, void (*use)(void *arg, const struct index_object *o),
		   void *arg)
{
	struct work *rows = mem_new(WORK_ROWS * sizeof(*rows));
	u64 last = 0;
	u32 i, n;

	if (!x->writes)
		index_end(x);
	while ((n = index_work(x, rows, &last)))
		for (i = 0; i < n; i++)
			use(arg, &rows[i].object);
	free(rows);
	index_run_alone(x, "DELETE FROM work");
}

void index_unknown_manifests(struct index *x,
			     void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_do_alone(x, "INSERT INTO work SELECT NULL, s.name, n.kind, n.name, 0, 0, 0\n"
			  "FROM content n JOIN store s ON s.id = n.store WHERE n.kind = 2\n"
			  "AND NOT n.known AND (EXISTS (SELECT 1 FROM file f\n"
			  "WHERE f.content = n.id) OR EXISTS (SELECT 1 FROM member m\n"
			  "WHERE m.content = n.id))", "");
	index_objects(x, use, arg);
}

void index_stores_with_objects(struct index *x, u64 before,
			       void (*use)(void *arg, const struct index_store *s), void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT s.name, count(*), sum(o.since > 1 AND\n"
					    "o.since <= ?), sum(o.kind != 1) FROM object o\n"
					    "JOIN store s ON s.id = o.store\n"
					    "WHERE o.kind < 4 GROUP BY o.store", "i", before);

	while (index_row(x, stmt))
		use(arg, &(struct index_store){
			.name = (const char *)sqlite3_column_text(stmt, 0),
			.objects = (u64)sqlite3_column_int64(stmt, 1),
			.due = (u64)sqlite3_column_int64(stmt, 2),
			.files = (u64)sqlite3_column_int64(stmt, 3),
		});
}

/* The first bytes of the names that begin with a number. */
static void index_name_part(u64 number, u8 name[HASH_SIZE], u8 rest)
{
	int i;

	memset(name, rest, HASH_SIZE);
	for (i = 0; i < 8; i++)
		name[i] = (u8)(number >> (56 - 8 * i));
}

void index_referred_between(struct index *x, u64 first, u64 last,
			    void (*use)(void *arg, const struct index_object *o, bool present,
					u64 length),
			    void *arg)
{
	u8 from[HASH_SIZE], to[HASH_SIZE];
	struct index_object o;
	sqlite3_stmt *stmt;

	index_name_part(first, from, 0);
	index_name_part(last, to, 0xff);
	stmt = index_query(x, "SELECT s.name, r.kind, r.name, o.size, o.modified, 0, r.length,\n"
			      "o.name NOTNULL FROM (\n"
			      "SELECT s.id AS store, 1 AS kind, h.name, max(h.length) AS length\n"
			      "FROM store s JOIN chunk h ON h.store = s.id\n"
			      "WHERE h.name BETWEEN ?1 AND ?2 GROUP BY h.store, h.name UNION ALL\n"
			      "SELECT s.id, n.kind, n.name, 0 FROM store s\n"
			      "CROSS JOIN (SELECT 2 AS kind UNION ALL SELECT 3) k\n"
			      "CROSS JOIN content n ON n.store = s.id AND n.kind = k.kind\n"
			      "WHERE n.name BETWEEN ?1 AND ?2 UNION ALL\n"
			      "SELECT store, 4, name, 0 FROM snapshot\n"
			      "WHERE state != " SNAPSHOT_GONE " AND name BETWEEN ?1 AND ?2) r\n"
			      "CROSS JOIN store s ON s.id = r.store\n"
			      "LEFT JOIN object o ON o.store = r.store\n"
			      "AND o.kind = r.kind AND o.name = r.name", "nn", from, to);
	while (index_row(x, stmt)) {
		index_object_read(stmt, &o);
		use(arg, &o, sqlite3_column_int(stmt, 7), (u64)sqlite3_column_int64(stmt, 6));
	}
}

void index_referred(struct index *x,
		    void (*use)(void *arg, const struct index_object *o, bool present, u64 length),
		    void *arg)
{
	index_referred_between(x, 0, UINT64_MAX, use, arg);
}

bool index_is_referred(struct index *x, const struct index_object *o)
{
	return index_value(x, index_query(x, "SELECT " INDEX_REFERRED " FROM (SELECT\n"
					     "(SELECT id FROM store WHERE name = ?) AS store,\n"
					     "? AS kind, ? AS name) r", "sin", o->store,
					  (u64)o->kind, o->name));
}

/* Call @use for the snapshots of a query, with the names of their objects. */
static void index_snapshots_of(struct index *x, sqlite3_stmt *stmt,
			       void (*use)(void *arg, const char *path), void *arg)
{
	char head[OBJECT_NAME_SIZE];

	while (index_row(x, stmt)) {
		object_name(ENVELOPE_SNAPSHOT, sqlite3_column_blob(stmt, 0), head);
		use(arg, head);
	}
}

/* The contents that are an object, or have it as a chunk. */
#define CONTENTS_OF \
	"(SELECT n.id FROM content n JOIN store s ON s.id = n.store WHERE s.name = ?1\n" \
	"AND n.kind = ?2 AND n.name = ?3 UNION SELECT h.content FROM chunk h JOIN store s\n" \
	"ON s.id = h.store WHERE s.name = ?1 AND ?2 = 1 AND h.name = ?3)"

void index_files_of(struct index *x, const struct index_object *o,
		    void (*use)(void *arg, const char *path), void *arg)
{
	sqlite3_stmt *stmt;
	char *path;

	stmt = index_query(x, "SELECT d.shown || f.name FROM file f JOIN dir d ON d.id = f.dir\n"
			      "WHERE f.content IN " CONTENTS_OF, "sin", o->store, (u64)o->kind,
			   o->name);
	while (index_row(x, stmt)) {
		/* The path of a lost file ends before its blob does. */
		path = mem_print("%.*s", sqlite3_column_bytes(stmt, 0),
				 (const char *)sqlite3_column_blob(stmt, 0));
		use(arg, path);
		free(path);
	}
	index_snapshots_of(x, index_query(x, "SELECT name FROM snapshot\n"
					     "WHERE state != " SNAPSHOT_GONE "\n"
					     "AND name = ? AND ? = 4", "ni", o->name, (u64)o->kind),
			   use, arg);
	index_snapshots_of(x, index_query(x, "SELECT DISTINCT p.name FROM member m\n"
					     "JOIN snapshot p ON p.line = m.line\n"
					     "AND p.id BETWEEN m.first AND m.last\n"
					     "WHERE p.state != " SNAPSHOT_GONE " AND m.content IN "
					     CONTENTS_OF, "sin", o->store, (u64)o->kind, o->name),
			   use, arg);
}

/* Make the table of the packs with files: their bytes, and how many of them belong to files. */
static void index_find_packs(struct index *x)
{
	/* Equal files share a place. */
	index_run_alone(x, "DELETE FROM pack; INSERT INTO pack SELECT n.id, sum(u.room),\n"
			   "count(*), o.size FROM\n"
			   "(SELECT content, place, room FROM file WHERE room UNION\n"
			   "SELECT content, place, room FROM member WHERE room) u\n"
			   "JOIN content n ON n.id = u.content AND n.kind = 3\n"
			   "JOIN object o ON o.store = n.store AND o.kind = 3 AND o.name = n.name\n"
			   "GROUP BY n.id");
}

void index_sparse_files(struct index *x, unsigned int percent,
			void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE],
				    const char *path), void *arg)
{
	sqlite3_stmt *stmt;
	char *path;

	index_find_packs(x);
	/* A pack of these files alone would have a list too. One that a snapshot needs stays. */
	stmt = index_query(x, "SELECT s.name, d.shown || f.name, n.name FROM pack p\n"
			      "JOIN content n ON n.id = p.id JOIN store s ON s.id = n.store\n"
			      "JOIN file f ON f.content = p.id JOIN dir d ON d.id = f.dir\n"
			      "AND d.shown >= x'2f' AND d.shown < x'30'\n"
			      "WHERE (p.used + p.members * ? + ?) * 100 < p.size * ?\n"
			      "AND NOT EXISTS (SELECT 1 FROM member m WHERE m.content = p.id)\n"
			      "ORDER BY s.name, 2", "iii", (u64)PACK_RECORD,
			   (u64)PACK_LIST_ROOM(0), (u64)percent);
	while (index_row(x, stmt)) {
		path = mem_print("%.*s", sqlite3_column_bytes(stmt, 1),
				 (const char *)sqlite3_column_blob(stmt, 1));
		if (sqlite3_column_bytes(stmt, 2) == HASH_SIZE)
			use(arg, (const char *)sqlite3_column_text(stmt, 0),
			    sqlite3_column_blob(stmt, 2), path);
		free(path);
	}
}

static void count_missing(void *arg, const struct index_object *o, bool present, u64 length)
{
	struct index_counts *c = arg;

	(void)o;
	(void)length;
	c->missing += !present;
}

void index_count(struct index *x, struct index_counts *c)
{
	c->files = index_number(x, "SELECT count(*) FROM file");
	c->objects = index_number(x, "SELECT count(*) FROM object");
	c->garbage = index_number(x, "SELECT count(*) FROM object WHERE since > 0");
	c->garbage_bytes = index_number(x, "SELECT sum(size) FROM object WHERE since > 0");
}

void index_count_all(struct index *x, struct index_counts *c)
{
	index_count(x, c);
	c->bytes = index_number(x, "SELECT sum(size) FROM file");
	c->stored = index_number(x, "SELECT sum(size) FROM object");
	index_find_packs(x);
	c->packed = index_number(x, "SELECT sum(size) FROM pack");
	c->packed_used = index_number(x, "SELECT sum(used) FROM pack");
	c->missing = 0;
	index_referred(x, count_missing, c);
}
