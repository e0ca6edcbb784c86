// SPDX-License-Identifier: GPL-2.0-only
/* The index of offloaded data, in SQLite. See index.h. */

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index.h"
#include "mem.h"
#include "object_name.h"
#include "pack.h"

/* How long to wait for another user, in ms. */
#define BUSY_TIME	60000
/* Tables of another version are made anew by a rebuild. */
#define VERSION		3
/* Deletions that are remembered. */
#define HISTORY_MAX	"100000"
/* Rows that are read at once. */
#define WORK_ROWS	1024
/* A list of garbage that cannot be used, in the column that else is 1 for one that keeps objects. */
#define LIST_DAMAGED	2ULL

/**
 * struct index - the index
 * @db: the database
 * @error: the first error, or NULL
 */
struct index {
	sqlite3 *db;
	char *error;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS filesystem(id BLOB PRIMARY KEY, type TEXT, path TEXT)\n"
	"WITHOUT ROWID;"
	/*
	 * Entries of snapshots have no file system, and are shown by their paths; paths of others
	 * are those below its root.
	 */
	"CREATE TABLE IF NOT EXISTS file(fs BLOB, path BLOB, shown BLOB, inode INTEGER,\n"
	"size INTEGER, store TEXT, kind INTEGER, name BLOB, place INTEGER, room INTEGER,\n"
	"PRIMARY KEY(fs, path)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS file_object ON file(store, kind, name);"
	"CREATE INDEX IF NOT EXISTS file_inode ON file(fs, inode);"
	/* Files of the file system that is being looked at. */
	"CREATE TEMP TABLE found(fs BLOB, path BLOB, shown BLOB, inode INTEGER,\n"
	"size INTEGER, store TEXT, kind INTEGER, name BLOB, place INTEGER, room INTEGER,\n"
	"PRIMARY KEY(fs, path)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS manifest(id INTEGER PRIMARY KEY, store TEXT, name BLOB,\n"
	"UNIQUE(store, name));"
	"CREATE TABLE IF NOT EXISTS chunk(manifest INTEGER, name BLOB, length INTEGER,\n"
	"PRIMARY KEY(manifest, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS chunk_name ON chunk(name);"
	"CREATE TABLE IF NOT EXISTS object(store TEXT, kind INTEGER, name BLOB, size INTEGER,\n"
	"modified INTEGER, since INTEGER, seen INTEGER, PRIMARY KEY(store, kind, name))\n"
	"WITHOUT ROWID;"
	/* What the lists of garbage say: the last word about each object, and since when. */
	"CREATE TABLE IF NOT EXISTS condemned(store TEXT, kind INTEGER, name BLOB,\n"
	"since INTEGER, kept INTEGER, PRIMARY KEY(store, kind, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS list(store TEXT, name BLOB, time INTEGER, kept INTEGER,\n"
	"seen INTEGER, spent INTEGER, PRIMARY KEY(store, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS deletion(id INTEGER PRIMARY KEY, time INTEGER, run INTEGER,\n"
	"store TEXT, kind INTEGER, name BLOB, size INTEGER, since INTEGER);"
	"CREATE INDEX IF NOT EXISTS deletion_object ON deletion(store, kind, name);"
	/* All that files refer to, once each. */
	"CREATE TEMP TABLE referred(store TEXT, kind INTEGER, name BLOB, length INTEGER,\n"
	"PRIMARY KEY(store, kind, name)) WITHOUT ROWID;";

static const char forget[] =
	"DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS manifest; DROP TABLE IF EXISTS chunk;"
	"DROP TABLE IF EXISTS object; DROP TABLE IF EXISTS root;";

/*
 * The names of snapshots stay, each as a part of a snapshot, so that the next survey asks for its
 * head and reads it again: the list of the bucket may be too old to have it. Files stay until their
 * file system was looked at, which shows the records that were lost.
 */
static const char forget_contents[] =
	"DELETE FROM file WHERE fs = x'' AND EXISTS (SELECT 1 FROM file h WHERE h.fs = x''\n"
	"AND h.path != file.path\n"
	"AND h.path = CAST(substr(file.path, 1, length('snapshots/00/') + 64) AS BLOB));"
	"UPDATE OR REPLACE file SET path = CAST(path || '/' AS BLOB)\n"
	"WHERE fs = x'' AND length(path) = length('snapshots/00/') + 64;"
	"DELETE FROM manifest; DELETE FROM chunk; DELETE FROM object;";

static bool index_good(struct index *x, int rc)
{
	if (x->error)
		return false;
	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return true;
	x->error = mem_string(sqlite3_errmsg(x->db));
	return false;
}

const char *index_error(const struct index *x)
{
	return x->error;
}

/*
 * Begin a transaction, unless there is one. It writes from its beginning, because one that has only
 * read fails if others write meanwhile.
 */
static bool index_transact(struct index *x)
{
	return !x->error && (!sqlite3_get_autocommit(x->db) ||
	       index_good(x, sqlite3_exec(x->db, "BEGIN IMMEDIATE", NULL, NULL, NULL)));
}

static void index_run(struct index *x, const char *sql)
{
	if (index_transact(x))
		index_good(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

/*
 * A statement with its values: 'i' a u64, 's' a string, 'n' a name, 'p' a path, 'f' the id of a
 * file system.
 */
static sqlite3_stmt *index_prepare(struct index *x, const char *sql, const char *types,
				   va_list args)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int i, rc;

	if (x->error || !index_good(x, sqlite3_prepare_v2(x->db, sql, -1, &stmt, NULL)))
		return NULL;
	for (i = 1, rc = SQLITE_OK; *types && rc == SQLITE_OK; types++, i++) {
		if (*types == 'i') {
			rc = sqlite3_bind_int64(stmt, i, (sqlite3_int64)va_arg(args, u64));
			continue;
		}
		text = va_arg(args, const char *);
		if (*types == 'n')
			rc = sqlite3_bind_blob(stmt, i, text, HASH_SIZE, SQLITE_TRANSIENT);
		else if (*types == 'f')
			rc = sqlite3_bind_blob(stmt, i, text, FILESYSTEM_ID_SIZE, SQLITE_TRANSIENT);
		else if (*types == 'p')
			rc = sqlite3_bind_blob(stmt, i, text, (int)strlen(text), SQLITE_TRANSIENT);
		else
			rc = sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
	}
	if (index_good(x, rc))
		return stmt;
	sqlite3_finalize(stmt);
	return NULL;
}

static sqlite3_stmt *index_query_alone(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	return stmt;
}

static sqlite3_stmt *index_query(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	if (!index_transact(x))
		return NULL;
	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	return stmt;
}

/* Go to the next row. After the last one, the statement is freed. */
static bool index_row(struct index *x, sqlite3_stmt *stmt)
{
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_DONE;

	if (rc == SQLITE_ROW)
		return true;
	index_good(x, rc);
	sqlite3_finalize(stmt);
	return false;
}

static void index_do(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	if (!index_transact(x))
		return;
	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	while (index_row(x, stmt))
		;
}

static u64 index_number(struct index *x, const char *sql)
{
	sqlite3_stmt *stmt = index_query(x, sql, "");
	u64 number = 0;

	while (index_row(x, stmt))
		number = (u64)sqlite3_column_int64(stmt, 0);
	return number;
}

/*
 * The file systems that an index of an earlier version knew may have no registration: whoever makes
 * it anew has to see to that.
 */
static void index_take_version(struct index *x, bool fresh)
{
	u64 version = index_number(x, "PRAGMA user_version");

	if (x->error || version == VERSION)
		return;
	if (version && !fresh)
		x->error = mem_print("it is of version %llu: %s", (unsigned long long)version,
				     "mount all offloaded files, then: dittoctl offload rebuild");
	index_run(x, forget);
}

/* Open the database, and begin. Returns false after an error. */
static bool index_begin(struct index *x, const char *path, bool fresh)
{
	char *version = mem_print("PRAGMA user_version = %d", VERSION);

	if (index_good(x, sqlite3_open(path, &x->db))) {
		sqlite3_busy_timeout(x->db, BUSY_TIME);
		/* The names of offloaded files are for root only. */
		chmod(path, 0600);
		index_good(x, sqlite3_exec(x->db, "PRAGMA journal_mode = WAL;"
						  "PRAGMA temp_store = MEMORY", NULL, NULL,
					   NULL));
		index_take_version(x, fresh);
		index_run(x, schema);
		if (fresh)
			index_run(x, forget_contents);
		index_run(x, version);
	}
	free(version);
	return !x->error;
}

static void index_unlink(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char *name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		name = mem_print("%s%s", path, ends[i]);
		unlink(name);
		free(name);
	}
}

struct index *index_open(const char *path, bool fresh, struct why *why)
{
	struct index *x = mem_new(sizeof(*x));
	int rc;

	if (index_begin(x, path, fresh))
		return x;
	rc = sqlite3_errcode(x->db) & 0xff;
	why_not(why, "%s: %s", path, x->error);
	index_close(x);
	/* The buckets have the snapshots that a damaged file knew, too. */
	if (!fresh || (rc != SQLITE_CORRUPT && rc != SQLITE_NOTADB))
		return NULL;
	index_unlink(path);
	x = mem_new(sizeof(*x));
	if (index_begin(x, path, fresh))
		return x;
	why_not(why, "%s: %s", path, x->error);
	index_close(x);
	return NULL;
}

bool index_commit(struct index *x, struct why *why)
{
	if (!x->error && !sqlite3_get_autocommit(x->db))
		index_good(x, sqlite3_exec(x->db, "COMMIT", NULL, NULL, NULL));
	return !x->error || why_not(why, "the index: %s", x->error);
}

void index_close(struct index *x)
{
	if (!x)
		return;
	sqlite3_close(x->db);
	free(x->error);
	free(x);
}

void index_add_filesystem(struct index *x, const struct filesystem *fs)
{
	index_do(x, "INSERT OR REPLACE INTO filesystem VALUES(?, ?, ?)", "fss", fs->id, fs->type,
		 fs->path);
}

/* Columns: id, type, path. */
static void index_filesystem_read(sqlite3_stmt *stmt, struct filesystem *fs)
{
	memset(fs, 0, sizeof(*fs));
	if (sqlite3_column_bytes(stmt, 0) == sizeof(fs->id))
		memcpy(fs->id, sqlite3_column_blob(stmt, 0), sizeof(fs->id));
	snprintf(fs->type, sizeof(fs->type), "%s", (const char *)sqlite3_column_text(stmt, 1));
	snprintf(fs->path, sizeof(fs->path), "%s", (const char *)sqlite3_column_text(stmt, 2));
}

void index_filesystems(struct index *x, void (*use)(void *arg, const struct filesystem *fs),
		       void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id, type, path FROM filesystem", "");
	struct filesystem fs;

	while (index_row(x, stmt)) {
		index_filesystem_read(stmt, &fs);
		use(arg, &fs);
	}
}

/* Whether a query has a result. The statement is freed. */
static bool index_has(struct index *x, sqlite3_stmt *stmt)
{
	bool found = false;

	while (index_row(x, stmt))
		found = true;
	return found;
}

bool index_knows_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	return index_has(x, index_query(x, "SELECT 1 FROM filesystem WHERE id = ?", "f", id));
}

bool index_forget_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	bool known;

	index_do(x, "DELETE FROM filesystem WHERE id = ?", "f", id);
	known = sqlite3_changes(x->db);
	index_do(x, "DELETE FROM file WHERE fs = ?", "f", id);
	return known;
}

void index_begin_survey(struct index *x, bool objects)
{
	index_run(x, "DELETE FROM found; DELETE FROM referred");
	if (objects)
		index_run(x, "UPDATE object SET seen = 0");
}

void index_add_entry(struct index *x, const char *path, const struct offload_record *r)
{
	const struct cookie *c = &r->cookie;

	index_do(x, "INSERT OR REPLACE INTO file VALUES(x'', ?, x'', 0, ?, ?, ?, ?, ?, ?)",
		 "pisinii", path, r->size, c->store,
		 (u64)(c->packed ? ENVELOPE_PACK : ENVELOPE_MANIFEST), c->name, (u64)c->offset,
		 (u64)c->room);
}

void index_add_file(struct index *x, const struct index_file *file, const struct offload_record *r)
{
	const struct cookie *c = &r->cookie;

	index_do(x, "INSERT OR REPLACE INTO found VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		 "fppiisinii", file->fs, file->path, file->shown, file->inode, file->size,
		 c->store, (u64)(c->packed ? ENVELOPE_PACK : ENVELOPE_MANIFEST), c->name,
		 (u64)c->offset, (u64)c->room);
}

bool index_knows_file(struct index *x, const struct index_file *file)
{
	return index_has(x, index_query(x, "SELECT 1 FROM file WHERE fs = ? AND inode = ?\n"
					   "AND size = ?", "fii", file->fs, file->inode,
					file->size));
}

/* The old path may be that of another file by now, and several subvolumes may have the inode. */
void index_keep_file(struct index *x, const struct index_file *file)
{
	index_do(x, "INSERT OR IGNORE INTO found SELECT fs,\n"
		    "CAST(iif(substr(path, 1, 1) = x'2f', 'lost ' || inode || ' ' || path, path)\n"
		    "AS BLOB), ?, inode, size, store, kind, name, place, room\n"
		    "FROM file WHERE fs = ? AND inode = ? AND size = ?", "pfii", file->shown,
		 file->fs, file->inode, file->size);
}

void index_end_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE], bool whole)
{
	if (whole)
		index_do(x, "DELETE FROM file WHERE fs = ?", "f", id);
	index_run(x, "INSERT OR REPLACE INTO file SELECT * FROM found; DELETE FROM found");
}

void index_places(struct index *x,
		  void (*use)(void *arg, const char *store, const struct filesystem *fs),
		  void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id, type, path, store FROM filesystem\n"
					    "JOIN (SELECT DISTINCT fs, store FROM file\n"
					    "WHERE fs != x'') ON fs = id", "");
	struct filesystem fs;

	while (index_row(x, stmt)) {
		index_filesystem_read(stmt, &fs);
		use(arg, (const char *)sqlite3_column_text(stmt, 3), &fs);
	}
}

void index_add_object(struct index *x, const struct index_object *o)
{
	index_do(x, "INSERT INTO object VALUES(?, ?, ?, ?, ?, 0, 1) ON CONFLICT DO UPDATE SET\n"
		    "size = excluded.size, modified = excluded.modified, seen = 1", "sinii",
		 o->store, (u64)o->kind, o->name, o->size, o->modified);
}

void index_add_manifest(struct index *x, const char *store, const u8 name[HASH_SIZE],
			const struct manifest *m)
{
	u64 id;
	u32 i;

	index_do(x, "INSERT OR REPLACE INTO manifest(store, name) VALUES(?, ?)", "sn", store, name);
	id = (u64)sqlite3_last_insert_rowid(x->db);
	for (i = 0; i < m->n && !x->error; i++)
		index_do(x, "INSERT OR IGNORE INTO chunk VALUES(?, ?, ?)", "ini", id,
			 m->chunks[i].name, (u64)m->chunks[i].length);
}

/* Call @use for the names of snapshots in the table of heads. */
static void index_use_heads(struct index *x,
			    void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
			    void *arg)
{
	sqlite3_stmt *stmt;
	u8 name[HASH_SIZE];
	char *text;
	u32 kind;

	stmt = index_query(x, "SELECT store, path FROM heads", "");
	while (index_row(x, stmt)) {
		text = mem_print("%.*s", sqlite3_column_bytes(stmt, 1),
				 (const char *)sqlite3_column_blob(stmt, 1));
		if (object_name_parse(text, &kind, name))
			use(arg, (const char *)sqlite3_column_text(stmt, 0), name);
		free(text);
	}
}

/*
 * Paths of files are absolute; a snapshot and its entries begin with the name of its object. The
 * table of heads is a copy, because @use may change that of files.
 */
void index_snapshots(struct index *x,
		     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]), void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.heads; CREATE TEMP TABLE heads AS SELECT store,\n"
		     "path FROM file WHERE fs = x'' AND length(path) = length('snapshots/00/') + 64");
	index_use_heads(x, use, arg);
}

void index_partial_snapshots(struct index *x,
			     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
			     void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.heads; CREATE TEMP TABLE heads AS SELECT store,\n"
		     "substr(path, 1, length('snapshots/00/') + 64) AS path FROM file f\n"
		     "WHERE f.fs = x'' GROUP BY 2, 1;\n"
		     /* The files of a snapshot may be in other stores than the snapshot. */
		     "DELETE FROM heads WHERE path IN (SELECT path FROM file WHERE fs = x'')");
	index_use_heads(x, use, arg);
}

void index_forget_snapshot(struct index *x, const u8 name[HASH_SIZE])
{
	char text[OBJECT_NAME_SIZE], *last;

	object_name(ENVELOPE_SNAPSHOT, name, text);
	last = mem_print("%s0", text);
	index_do(x, "DELETE FROM file WHERE fs = x'' AND path >= ? AND path < ?", "pp", text, last);
	free(last);
}

static void index_refer_snapshot(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	index_do(arg, "INSERT OR IGNORE INTO referred VALUES(?, ?, ?, 0)", "sin", store,
		 (u64)ENVELOPE_SNAPSHOT, name);
}

static void index_refer_snapshots(struct index *x)
{
	index_snapshots(x, index_refer_snapshot, x);
}

void index_refer(struct index *x)
{
	index_run(x, "DELETE FROM referred");
	index_refer_snapshots(x);
	index_run(x, "INSERT OR IGNORE INTO referred SELECT store, kind, name, 0 FROM file;"
		     "INSERT OR IGNORE INTO referred SELECT f.store, 1, c.name, c.length FROM\n"
		     "(SELECT DISTINCT store, name FROM file WHERE kind = 2) f\n"
		     "JOIN manifest m ON m.store = f.store AND m.name = f.name\n"
		     "JOIN chunk c ON c.manifest = m.id;");
}

void index_end_survey(struct index *x)
{
	index_refer(x);
	index_run(x, "DELETE FROM object WHERE NOT seen;"
		     /* Manifests without files are read again if they come back. */
		     "DELETE FROM manifest WHERE NOT EXISTS (SELECT 1 FROM file f\n"
		     "WHERE f.store = manifest.store AND f.kind = 2 AND f.name = manifest.name);"
		     "DELETE FROM chunk WHERE manifest NOT IN (SELECT id FROM manifest);"
		     /* One that was written again has a new life. */
		     "UPDATE object SET since = iif(EXISTS (SELECT 1 FROM referred r WHERE\n"
		     "r.store = object.store AND r.kind = object.kind AND r.name = object.name), 0,\n"
		     "coalesce((SELECT c.since FROM condemned c WHERE c.store = object.store AND\n"
		     "c.kind = object.kind AND c.name = object.name AND NOT c.kept AND\n"
		     "object.modified <= c.since), 1))");
}

/* Columns: store, kind, name, size, modified, since. */
static void index_object_read(sqlite3_stmt *stmt, struct index_object *o)
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
	/* Nobody else has this table, so it needs no transaction. */
	sqlite3_stmt *stmt = index_query_alone(x, "SELECT *, rowid FROM work WHERE rowid > ?\n"
						  "ORDER BY rowid LIMIT ?", "ii", *last,
					       (u64)WORK_ROWS);
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
 * The rows are those of a copy, because @use may change the tables. No statement is open meanwhile,
 * because it may commit, too.
 */
static void index_objects(struct index *x, void (*use)(void *arg, const struct index_object *o),
			  void *arg)
{
	struct work *rows = mem_new(WORK_ROWS * sizeof(*rows));
	u64 last = 0;
	u32 i, n;

	while ((n = index_work(x, rows, &last)))
		for (i = 0; i < n; i++)
			use(arg, &rows[i].object);
	free(rows);
}

void index_forget_lists(struct index *x)
{
	index_run(x, "DELETE FROM condemned; UPDATE list SET seen = 0");
}

void index_add_list(struct index *x, const struct index_list *l)
{
	index_do(x, "INSERT INTO list VALUES(?, ?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET\n"
		    "time = excluded.time, kept = excluded.kept, seen = 1", "snii", l->store,
		 l->name, l->time, l->damaged ? LIST_DAMAGED : (u64)l->kept);
}

void index_doubt_lists(struct index *x)
{
	index_do(x, "DELETE FROM condemned WHERE EXISTS (SELECT 1 FROM list l WHERE l.seen AND\n"
		    "l.kept = ? AND l.store = condemned.store AND l.time >= condemned.since)", "i",
		 LIST_DAMAGED);
}

void index_condemn(struct index *x, const struct index_object *o, bool kept)
{
	index_do(x, "INSERT INTO condemned VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET\n"
		    "since = excluded.since, kept = excluded.kept WHERE\n"
		    "(excluded.since, excluded.kept) > (since, kept)", "sinii", o->store,
		 (u64)o->kind, o->name, o->since, (u64)kept);
	index_do(x, "UPDATE object SET since = iif(modified <= ?, ?, 1) WHERE store = ? AND\n"
		    "kind = ? AND name = ? AND since", "iisin", o->since, kept ? 1 : o->since,
		 o->store, (u64)o->kind, o->name);
}

u64 index_condemned_number(struct index *x)
{
	return index_number(x, "SELECT count(*) FROM condemned");
}

void index_spend_lists(struct index *x, u64 now)
{
	index_run(x, "DELETE FROM list WHERE NOT seen");
	index_do(x, "UPDATE list SET spent = iif(spent, spent, ?)", "i", now);
	/* A list is needed while an object counts on it, or an older one says the opposite. */
	index_run(x, "UPDATE list SET spent = 0 WHERE NOT kept AND EXISTS (SELECT 1 FROM object o\n"
		     "JOIN condemned c ON c.store = o.store AND c.kind = o.kind AND\n"
		     "c.name = o.name WHERE o.store = list.store AND NOT c.kept AND\n"
		     "c.since = list.time AND o.modified <= c.since);"
		     "UPDATE list SET spent = 0 WHERE kept AND EXISTS (SELECT 1 FROM list l WHERE\n"
		     "l.store = list.store AND NOT l.kept AND l.time <= list.time)");
}

void index_spent_lists(struct index *x, u64 before,
		       void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.work");
	index_do(x, "CREATE TEMP TABLE work AS SELECT store, ? AS kind, name, 0, time, spent\n"
		    "FROM list WHERE spent AND spent <= ?", "ii", (u64)ENVELOPE_GARBAGE, before);
	index_objects(x, use, arg);
}

void index_unknown_manifests(struct index *x,
			     void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.work");
	index_do(x, "CREATE TEMP TABLE work AS SELECT DISTINCT store, kind, name, 0, 0, 0\n"
		    "FROM file f WHERE kind = 2 AND NOT EXISTS (SELECT 1 FROM manifest m WHERE\n"
		    "m.store = f.store AND m.name = f.name)", "");
	index_objects(x, use, arg);
}

void index_stores(struct index *x, void (*use)(void *arg, const char *store), void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT DISTINCT store FROM file", "");

	while (index_row(x, stmt))
		use(arg, (const char *)sqlite3_column_text(stmt, 0));
}

void index_stores_with_objects(struct index *x, u64 before,
			       void (*use)(void *arg, const struct index_store *s), void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT store, count(*), sum(since > 1 AND\n"
					    "since <= ?), sum(kind != 1) FROM object\n"
					    "WHERE kind < 4 GROUP BY store", "i", before);

	while (index_row(x, stmt))
		use(arg, &(struct index_store){
			.name = (const char *)sqlite3_column_text(stmt, 0),
			.objects = (u64)sqlite3_column_int64(stmt, 1),
			.due = (u64)sqlite3_column_int64(stmt, 2),
			.files = (u64)sqlite3_column_int64(stmt, 3),
		});
}

void index_garbage(struct index *x, u32 kind, u64 before,
		   void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.work");
	index_do(x, "CREATE TEMP TABLE work AS SELECT store, kind, name, size, modified, since\n"
		    "FROM object WHERE kind = ? AND since > 1 AND since <= ?", "ii", (u64)kind,
		 before);
	index_objects(x, use, arg);
}

void index_new_garbage(struct index *x, void (*use)(void *arg, const struct index_object *o),
		       void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.work; CREATE TEMP TABLE work AS SELECT store,\n"
		     "kind, name, size, modified, since FROM object WHERE since = 1 AND kind < 4");
	index_objects(x, use, arg);
}

void index_condemned(struct index *x, const char *store, bool referred,
		     void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_run(x, "DROP TABLE IF EXISTS temp.work");
	/* Of those that are gone, the lists stay for a while. */
	index_do(x, "CREATE TEMP TABLE work AS SELECT c.store, c.kind, c.name,\n"
		    "coalesce(o.size, 0), coalesce(o.modified, 0), c.since FROM condemned c\n"
		    "LEFT JOIN object o ON o.store = c.store AND o.kind = c.kind AND\n"
		    "o.name = c.name WHERE NOT c.kept AND (? = '' OR c.store = ?) AND\n"
		    "iif(?, EXISTS (SELECT 1 FROM referred r WHERE r.store = c.store AND\n"
		    "r.kind = c.kind AND r.name = c.name), NOT EXISTS (SELECT 1 FROM deletion d\n"
		    "WHERE d.store = c.store AND d.kind = c.kind AND d.name = c.name AND\n"
		    "d.since = c.since))", "ssi", store, store, (u64)referred);
	index_objects(x, use, arg);
}

void index_add_deletion(struct index *x, const struct index_object *o, u64 time, u64 run)
{
	index_do(x, "INSERT INTO deletion(time, run, store, kind, name, size, since)\n"
		    "VALUES(?, ?, ?, ?, ?, ?, ?)", "iisinii", time, run, o->store, (u64)o->kind,
		 o->name, o->size, o->since);
	index_run(x, "DELETE FROM deletion WHERE id <= (SELECT max(id) FROM deletion) - "
		     HISTORY_MAX);
	index_do(x, "DELETE FROM object WHERE store = ? AND kind = ? AND name = ?", "sin",
		 o->store, (u64)o->kind, o->name);
}

void index_deletions(struct index *x, void (*use)(void *arg, const struct index_deletion *d),
		     void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT store, kind, name, size, 0, since, time, run\n"
					    "FROM deletion ORDER BY id", "");
	struct index_deletion d;

	while (index_row(x, stmt)) {
		index_object_read(stmt, &d.object);
		d.time = (u64)sqlite3_column_int64(stmt, 6);
		d.run = (u64)sqlite3_column_int64(stmt, 7);
		use(arg, &d);
	}
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
	stmt = index_query(x, "SELECT r.store, r.kind, r.name, o.size, o.modified,\n"
			      "0, r.length, o.name NOTNULL FROM referred r\n"
			      "LEFT JOIN object o ON o.store = r.store\n"
			      "AND o.kind = r.kind AND o.name = r.name\n"
			      "WHERE r.name >= ? AND r.name <= ?", "nn", from, to);
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
	return index_has(x, index_query(x, "SELECT 1 FROM referred WHERE store = ? AND kind = ?\n"
					   "AND name = ?", "sin", o->store, (u64)o->kind,
					o->name));
}

void index_files_of(struct index *x, const struct index_object *o,
		    void (*use)(void *arg, const char *path), void *arg)
{
	char *path, head[OBJECT_NAME_SIZE];
	sqlite3_stmt *stmt;

	object_name(o->kind, o->name, head);
	if (o->kind == ENVELOPE_SNAPSHOT)
		stmt = index_query(x, "SELECT path FROM file WHERE fs = x'' AND store = ?\n"
				      "AND path = ?", "sp", o->store, head);
	else if (o->kind != ENVELOPE_CHUNK)
		stmt = index_query(x, "SELECT iif(fs = x'', path, shown) FROM file\n"
				      "WHERE store = ? AND kind = ?\n"
				      "AND name = ?", "sin", o->store, (u64)o->kind, o->name);
	else
		stmt = index_query(x, "SELECT DISTINCT iif(f.fs = x'', f.path, f.shown)\n"
				      "FROM chunk c\n"
				      "JOIN manifest m ON m.id = c.manifest\n"
				      "JOIN file f ON f.store = m.store AND f.kind = 2\n"
				      "AND f.name = m.name\n"
				      "WHERE m.store = ? AND c.name = ?", "sn", o->store, o->name);
	while (index_row(x, stmt)) {
		path = mem_print("%.*s", sqlite3_column_bytes(stmt, 0),
				 (const char *)sqlite3_column_blob(stmt, 0));
		use(arg, path);
		free(path);
	}
}

/* Make the table of the packs with files: their bytes, and how many of them belong to files. */
static void index_find_packs(struct index *x)
{
	/* Equal files share a place. */
	index_run(x, "DROP TABLE IF EXISTS temp.pack; CREATE TEMP TABLE pack AS\n"
		     "SELECT u.store, u.name, u.used, u.members, o.size FROM\n"
		     "(SELECT store, name, sum(room) AS used, count(*) AS members FROM\n"
		     "(SELECT DISTINCT store, name, place, room FROM file WHERE kind = 3)\n"
		     "GROUP BY store, name) u\n"
		     "JOIN object o ON o.store = u.store AND o.kind = 3 AND o.name = u.name");
}

void index_sparse_files(struct index *x, unsigned int percent,
			void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE],
				    const char *path), void *arg)
{
	sqlite3_stmt *stmt;
	char *path;

	index_find_packs(x);
	/* A pack of these files alone would have a list too. One that a snapshot needs stays. */
	stmt = index_query(x, "SELECT f.store, f.shown, f.name FROM pack p\n"
			      "JOIN file f ON f.kind = 3\n"
			      "AND f.store = p.store AND f.name = p.name\n"
			      "AND f.fs != x'' AND f.shown >= x'2f' AND f.shown < x'30'\n"
			      "WHERE (p.used + p.members * ? + ?) * 100 < p.size * ?\n"
			      "AND NOT EXISTS (SELECT 1 FROM file s WHERE s.kind = 3\n"
			      "AND s.store = p.store AND s.name = p.name\n"
			      "AND s.fs = x'')\n"
			      "ORDER BY f.store, f.shown", "iii", (u64)PACK_RECORD,
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

void index_count(struct index *x, struct index_counts *c)
{
	c->files = index_number(x, "SELECT count(*) FROM file WHERE fs != x''");
	c->bytes = index_number(x, "SELECT sum(size) FROM file WHERE fs != x''");
	c->objects = index_number(x, "SELECT count(*) FROM object");
	c->stored = index_number(x, "SELECT sum(size) FROM object");
	c->garbage = index_number(x, "SELECT count(*) FROM object WHERE since");
	c->garbage_bytes = index_number(x, "SELECT sum(size) FROM object WHERE since");
	index_find_packs(x);
	c->packed = index_number(x, "SELECT sum(size) FROM pack");
	c->packed_used = index_number(x, "SELECT sum(used) FROM pack");
	c->missing = index_number(x, "SELECT count(*) FROM referred r WHERE NOT EXISTS (SELECT 1\n"
				     "FROM object o WHERE o.store = r.store AND o.kind = r.kind\n"
				     "AND o.name = r.name)");
}
