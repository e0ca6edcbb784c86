// SPDX-License-Identifier: GPL-2.0-only
/* The index of offloaded data, in SQLite. See index.h. */

#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "index.h"
#include "mem.h"
#include "object_name.h"
#include "pack.h"

/* How long to wait for another user, in ms, and between two attempts. */
#define BUSY_TIME	60000
#define BUSY_PAUSE	50
/* Tables of another version are made anew by a rebuild. */
#define VERSION		4
/* Deletions that are remembered. */
#define HISTORY_MAX	"100000"
/* Rows that are read at once. */
#define WORK_ROWS	1024
/* A list of garbage that cannot be used, in the column that else is 1 for one that keeps objects. */
#define LIST_DAMAGED	2ULL
/* A transaction ends after so many changes, or ms. */
#define CHANGES_MAX	2048
#define OPEN_TIME	100
/* Statements that are kept for the next use. */
#define STATEMENTS	64
/* Bytes of pages in memory: of the tables, and of the temporary ones. */
#define CACHE		"-98304"
#define CACHE_TEMP	"-32768"
/* A snapshot is known as a whole, only by its name, or is gone. */
#define WHOLE		"1"
#define GONE		"2"
/* The number of a snapshot that is later than all. */
#define ENDLESS		"0x7fffffffffffffff"

/**
 * struct found - a file of the directory that is being looked at
 * @name: its name there
 * @inode: inode number
 * @size: bytes
 * @store: number of its store
 * @cookie: names its content
 */
struct found {
	char *name;
	u64 inode;
	u64 size;
	u64 store;
	struct cookie cookie;
};

/**
 * struct statement - a statement that is kept
 * @sql: its text
 * @stmt: the statement
 */
struct statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

/**
 * struct index - the index
 * @db: the database
 * @error: the first error, or NULL
 * @lock: descriptor of the lock of those who write, or -1
 * @locked: this one writes
 * @writes: the transaction may write tables that others have
 * @changes: number of changes when it began
 * @began: when it began, in ms
 * @statements: statements that are kept
 * @stores: names of stores, by number less one
 * @n_stores: number of them
 * @listed: stores whose objects were listed, the same
 * @placed: stores that have files of the file system that is being looked at, the same
 * @objects: objects were listed in this survey
 * @fs: file system of @dir
 * @dir: directory that is being looked at, with a slash at the end, or NULL
 * @shown: the same for people
 * @found: its files
 * @n_found: number of them
 * @snapshot: number of the snapshot that is being added
 * @line: number of the first known snapshot of its share
 * @needed: bits for the members that it needs, by number
 * @n_needed: bytes of them
 */
struct index {
	sqlite3 *db;
	char *error;
	int lock;
	bool locked;
	bool writes;
	u32 changes;
	u64 began;
	struct statement statements[STATEMENTS];
	char **stores;
	size_t n_stores;
	bool *listed;
	bool *placed;
	bool objects;
	u8 fs[FILESYSTEM_ID_SIZE];
	char *dir;
	char *shown;
	struct found *found;
	size_t n_found;
	u64 snapshot;
	u64 line;
	u8 *needed;
	size_t n_needed;
};

/*
 * Hashes are in one place each, and others have numbers for them. The order of the tables of
 * contents, chunks and objects is that of the lists of a store.
 */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS filesystem(id BLOB PRIMARY KEY, type TEXT, path TEXT)\n"
	"WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	/* Stores that have files of a file system. */
	"CREATE TABLE IF NOT EXISTS place(fs BLOB, store INTEGER, PRIMARY KEY(fs, store))\n"
	"WITHOUT ROWID;"
	/* Directories with files: paths end with a slash. That of lost files has an empty path. */
	"CREATE TABLE IF NOT EXISTS dir(id INTEGER PRIMARY KEY, fs BLOB, path BLOB, shown BLOB,\n"
	"UNIQUE(fs, path));"
	/* Manifests and packs that files refer to; @known: the chunks of a manifest are there. */
	"CREATE TABLE IF NOT EXISTS content(id INTEGER PRIMARY KEY, store INTEGER, kind INTEGER,\n"
	"name BLOB, known INTEGER, UNIQUE(store, kind, name));"
	"CREATE INDEX IF NOT EXISTS content_unknown ON content(id) WHERE kind = 2 AND NOT known;"
	"CREATE TABLE IF NOT EXISTS file(dir INTEGER, name BLOB, inode INTEGER, size INTEGER,\n"
	"content INTEGER, place INTEGER, room INTEGER, PRIMARY KEY(dir, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS file_inode ON file(inode);"
	"CREATE INDEX IF NOT EXISTS file_content ON file(content);"
	"CREATE TABLE IF NOT EXISTS chunk(store INTEGER, name BLOB, content INTEGER,\n"
	"length INTEGER, PRIMARY KEY(store, name, content)) WITHOUT ROWID;"
	/* Snapshots in the order in which they were read; a line is the snapshots of a share. */
	"CREATE TABLE IF NOT EXISTS snapshot(id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"store INTEGER, name BLOB, share TEXT, line INTEGER, state INTEGER, UNIQUE(store, name));"
	/* What all snapshots of a line need from the first to the last one. */
	"CREATE TABLE IF NOT EXISTS member(id INTEGER PRIMARY KEY, content INTEGER,\n"
	"place INTEGER, room INTEGER, line INTEGER, first INTEGER, last INTEGER);"
	"CREATE INDEX IF NOT EXISTS member_content ON member(content, place, room, line, last);"
	"CREATE TABLE IF NOT EXISTS object(store INTEGER, kind INTEGER, name BLOB, size INTEGER,\n"
	"modified INTEGER, since INTEGER, PRIMARY KEY(store, kind, name)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS object_garbage ON object(kind, since) WHERE since > 0;"
	/* What the lists of garbage say: the last word about each object, and since when. */
	"CREATE TABLE IF NOT EXISTS condemned(store INTEGER, kind INTEGER, name BLOB,\n"
	"since INTEGER, kept INTEGER, PRIMARY KEY(store, kind, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS list(store TEXT, name BLOB, time INTEGER, kept INTEGER,\n"
	"seen INTEGER, spent INTEGER, PRIMARY KEY(store, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS deletion(id INTEGER PRIMARY KEY, time INTEGER, run INTEGER,\n"
	"store TEXT, kind INTEGER, name BLOB, size INTEGER, since INTEGER);"
	"CREATE INDEX IF NOT EXISTS deletion_object ON deletion(store, kind, name);";

static const char schema_temp[] =
	/* Files of the file system that is being looked at which are new or different, or gone. */
	"CREATE TEMP TABLE found(dir INTEGER, name BLOB, inode INTEGER, size INTEGER,\n"
	"content INTEGER, place INTEGER, room INTEGER, PRIMARY KEY(dir, name)) WITHOUT ROWID;"
	"CREATE TEMP TABLE gone(dir INTEGER, name BLOB, PRIMARY KEY(dir, name)) WITHOUT ROWID;"
	"CREATE TEMP TABLE looked(dir INTEGER PRIMARY KEY);"
	/* Chunks of manifests that were read, before they are sorted. */
	"CREATE TEMP TABLE fresh(store INTEGER, name BLOB, content INTEGER, length INTEGER);"
	"CREATE TEMP TABLE read(content INTEGER PRIMARY KEY);"
	/* What a survey has to change: to look for it keeps nobody from writing. */
	"CREATE TEMP TABLE dead(id INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE changed(store INTEGER, kind INTEGER, name BLOB, content INTEGER,\n"
	"since INTEGER);"
	"CREATE TEMP TABLE work(id INTEGER PRIMARY KEY, store TEXT, kind INTEGER, name BLOB,\n"
	"size INTEGER, modified INTEGER, since INTEGER);"
	"CREATE TEMP TABLE pack(id INTEGER PRIMARY KEY, used INTEGER, members INTEGER,\n"
	"size INTEGER);";

static const char forget[] =
	"DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS manifest; DROP TABLE IF EXISTS chunk;"
	"DROP TABLE IF EXISTS object; DROP TABLE IF EXISTS condemned;"
	"DROP TABLE IF EXISTS root;";

/*
 * The names of snapshots stay, so that the next survey asks for their heads and reads them again:
 * the list of the bucket may be too old to have them. Files stay until their file system was looked
 * at, which shows the records that were lost.
 */
static const char forget_contents[] =
	"UPDATE snapshot SET state = 0 WHERE state = " WHOLE ";"
	"DELETE FROM place; DELETE FROM member; DELETE FROM chunk; DELETE FROM object;"
	"UPDATE content SET known = 0 WHERE known;";

/* Whether files refer to the object of a row of the table r. */
#define REFERRED \
	"CASE r.kind WHEN 1 THEN EXISTS (SELECT 1 FROM chunk h WHERE h.store = r.store\n" \
	"AND h.name = r.name)\n" \
	"WHEN 4 THEN EXISTS (SELECT 1 FROM snapshot s WHERE s.store = r.store\n" \
	"AND s.name = r.name AND s.state != " GONE ")\n" \
	"ELSE EXISTS (SELECT 1 FROM content n WHERE n.store = r.store\n" \
	"AND n.kind = r.kind AND n.name = r.name) END"

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
 * Keep others from writing until index_commit(), while transactions end in between: what one has
 * found must not be changed before it was used. Readers do not wait.
 */
static bool index_lock(struct index *x)
{
	u64 end = clock_ms() + BUSY_TIME;

	while (!x->error && !x->locked) {
		x->locked = !flock(x->lock, LOCK_EX | LOCK_NB);
		if (!x->locked && clock_ms() >= end)
			x->error = mem_string("another run of dittoctl offload works with it");
		else if (!x->locked)
			usleep(BUSY_PAUSE * 1000);
	}
	return !x->error;
}

/* End a transaction, but go on to keep others from writing. */
static void index_end(struct index *x)
{
	if (!x->error && !sqlite3_get_autocommit(x->db))
		index_good(x, sqlite3_exec(x->db, "COMMIT", NULL, NULL, NULL));
}

static bool index_begin_with(struct index *x, const char *begin, bool writes)
{
	x->writes = writes;
	x->changes = (u32)sqlite3_total_changes(x->db);
	x->began = clock_ms();
	return index_good(x, sqlite3_exec(x->db, begin, NULL, NULL, NULL));
}

/*
 * Begin a transaction, unless there is one. It writes from its beginning, because one that has only
 * read fails if others write meanwhile.
 */
static bool index_transact(struct index *x)
{
	if (!index_lock(x))
		return false;
	if (!sqlite3_get_autocommit(x->db) && x->writes)
		return true;
	index_end(x);
	return !x->error && index_begin_with(x, "BEGIN IMMEDIATE", true);
}

/* The same for tables that nobody else has: the end of a transaction looks at all their pages. */
static bool index_transact_alone(struct index *x)
{
	return !x->error && (!sqlite3_get_autocommit(x->db) ||
			     index_begin_with(x, "BEGIN", false));
}

/* End the transaction if it has many changes, or is old. */
static void index_pace(struct index *x)
{
	if (sqlite3_get_autocommit(x->db))
		return;
	if ((u32)sqlite3_total_changes(x->db) - x->changes >= CHANGES_MAX ||
	    clock_ms() - x->began > OPEN_TIME)
		index_end(x);
}

static void index_run(struct index *x, const char *sql)
{
	if (index_transact(x))
		index_good(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

/* For tables that nobody else has. A transaction that writes others should have ended before. */
static void index_run_alone(struct index *x, const char *sql)
{
	if (!x->error)
		index_good(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

/* A statement that is kept, or a new one. @sql must stay. */
static sqlite3_stmt *index_statement(struct index *x, const char *sql)
{
	struct statement *s = x->statements, *end = s + STATEMENTS;
	sqlite3_stmt *stmt = NULL;

	while (s < end && s->sql && s->sql != sql)
		s++;
	/* One whose rows are still read is not used twice. */
	if (s < end && s->sql && !sqlite3_stmt_busy(s->stmt))
		return s->stmt;
	if (!index_good(x, sqlite3_prepare_v2(x->db, sql, -1, &stmt, NULL)))
		return NULL;
	if (s < end && !s->sql)
		*s = (struct statement){ sql, stmt };
	return stmt;
}

static void index_release(struct index *x, sqlite3_stmt *stmt)
{
	size_t i;

	for (i = 0; i < STATEMENTS && x->statements[i].stmt != stmt; i++)
		;
	if (i < STATEMENTS)
		sqlite3_reset(stmt);
	else
		sqlite3_finalize(stmt);
}

/*
 * A statement with its values: 'i' a u64, 's' a string, 'n' a name, 'p' a path, 'f' the id of a
 * file system.
 */
static sqlite3_stmt *index_prepare(struct index *x, const char *sql, const char *types,
				   va_list args)
{
	sqlite3_stmt *stmt = x->error ? NULL : index_statement(x, sql);
	const char *text;
	int i, rc;

	if (!stmt)
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
	index_release(x, stmt);
	return NULL;
}

static sqlite3_stmt *index_query(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	return stmt;
}

/* Go to the next row. After the last one, the statement is released. */
static bool index_row(struct index *x, sqlite3_stmt *stmt)
{
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_DONE;

	if (rc == SQLITE_ROW && !x->error)
		return true;
	index_good(x, rc);
	if (stmt)
		index_release(x, stmt);
	return false;
}

/* Execute a statement with its values, for tables that nobody else has. */
static void index_do_alone(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	if (!index_transact_alone(x))
		return;
	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	while (index_row(x, stmt))
		;
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

/* The number that a query has as its result, or 0. */
static u64 index_value(struct index *x, sqlite3_stmt *stmt)
{
	u64 number = 0;

	while (index_row(x, stmt))
		number = (u64)sqlite3_column_int64(stmt, 0);
	return number;
}

static u64 index_number(struct index *x, const char *sql)
{
	return index_value(x, index_query(x, sql, ""));
}

/* The number of a store that is known, or 0. */
static u64 index_find_store(struct index *x, const char *name)
{
	size_t i;

	for (i = 0; i < x->n_stores && strcmp(x->stores[i], name); i++)
		;
	return i < x->n_stores ? i + 1 : 0;
}

/* Read the names of stores: others may have added some. */
static void index_load_stores(struct index *x)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT name FROM store WHERE id > ? ORDER BY id", "i",
					 (u64)x->n_stores);

	while (index_row(x, stmt)) {
		x->stores = mem_grow(x->stores, x->n_stores, sizeof(*x->stores));
		x->listed = mem_grow(x->listed, x->n_stores, sizeof(*x->listed));
		x->placed = mem_grow(x->placed, x->n_stores, sizeof(*x->placed));
		x->listed[x->n_stores] = false;
		x->placed[x->n_stores] = false;
		x->stores[x->n_stores++] =
			mem_string((const char *)sqlite3_column_text(stmt, 0));
	}
}

/* The number of a store. */
static u64 index_store(struct index *x, const char *name)
{
	u64 store = index_find_store(x, name);

	if (store)
		return store;
	index_do(x, "INSERT OR IGNORE INTO store(name) VALUES(?)", "s", name);
	index_load_stores(x);
	return index_find_store(x, name);
}

/*
 * The file systems that an index of an earlier version knew may have no registration: whoever makes
 * it anew has to see to that.
 */
static void index_take_version(struct index *x, bool fresh, u64 version)
{
	if (version && version != VERSION && !fresh)
		x->error = mem_print("it is of version %llu: %s", (unsigned long long)version,
				     "mount all offloaded files, then: dittoctl offload rebuild");
	if (version != VERSION)
		index_run(x, forget);
}

/* Open the database, and begin. Returns false after an error. */
static bool index_begin(struct index *x, const char *path, bool fresh)
{
	char *version = mem_print("PRAGMA user_version = %d", VERSION);
	char *lock = mem_print("%s-lock", path);
	u64 present;

	x->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (x->lock < 0)
		x->error = mem_print("%s: %m", lock);
	if (!x->error && index_good(x, sqlite3_open(path, &x->db))) {
		sqlite3_busy_timeout(x->db, BUSY_TIME);
		/* The names of offloaded files are for root only. */
		chmod(path, 0600);
		/* Temporary tables may be as large as the others. */
		index_run_alone(x, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				   "PRAGMA cache_size = " CACHE ";"
				   "PRAGMA temp_store = FILE; PRAGMA temp.cache_size = "
				   CACHE_TEMP "; PRAGMA temp.journal_mode = MEMORY");
		present = index_number(x, "PRAGMA user_version");
		if (present != VERSION || fresh) {
			index_take_version(x, fresh, present);
			index_run(x, schema);
			if (fresh)
				index_run(x, forget_contents);
			index_run(x, version);
		}
		index_run_alone(x, schema_temp);
		index_load_stores(x);
	}
	free(lock);
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
	index_end(x);
	/* The ends of transactions do not wait for the disk, so that others wait less for them. */
	if (x->locked && !x->error)
		sqlite3_wal_checkpoint_v2(x->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (x->locked)
		flock(x->lock, LOCK_UN);
	x->locked = false;
	return !x->error || why_not(why, "the index: %s", x->error);
}

/* Forget the files of the directory that is being looked at. */
static void index_forget_found(struct index *x)
{
	while (x->n_found)
		free(x->found[--x->n_found].name);
	free(x->found);
	free(x->dir);
	free(x->shown);
	x->found = NULL;
	x->dir = NULL;
	x->shown = NULL;
}

void index_close(struct index *x)
{
	size_t i;

	if (!x)
		return;
	index_forget_found(x);
	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(x->statements[i].stmt);
	sqlite3_close(x->db);
	if (x->lock >= 0)
		close(x->lock);
	while (x->n_stores)
		free(x->stores[--x->n_stores]);
	free(x->stores);
	free(x->listed);
	free(x->placed);
	free(x->needed);
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
	struct filesystem *all = NULL;
	size_t i, n = 0;

	/* What @use does may take hours, and no rows can be thrown away while some are read. */
	while (index_row(x, stmt)) {
		all = mem_grow(all, n, sizeof(*all));
		index_filesystem_read(stmt, &all[n++]);
	}
	for (i = 0; i < n; i++)
		use(arg, &all[i]);
	free(all);
}

bool index_knows_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	return index_value(x, index_query(x, "SELECT 1 FROM filesystem WHERE id = ?", "f", id));
}

/* Delete rows whose numbers are in the table of what is dead. */
static void index_delete_dead(struct index *x, const char *sql)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id FROM dead", "");

	while (index_row(x, stmt)) {
		index_do(x, sql, "i", (u64)sqlite3_column_int64(stmt, 0));
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM dead");
}

/* Delete the files in the table of those that are gone. */
static void index_delete_gone(struct index *x)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT dir, name FROM gone", "");
	sqlite3_stmt *drop;

	while (index_row(x, stmt)) {
		drop = index_transact(x) ?
		       index_query(x, "DELETE FROM file WHERE dir = ? AND name = ?", "i",
				   (u64)sqlite3_column_int64(stmt, 0)) : NULL;
		if (drop)
			sqlite3_bind_value(drop, 2, sqlite3_column_value(stmt, 1));
		while (index_row(x, drop))
			;
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM gone");
}

bool index_forget_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	bool known = index_lock(x) && index_knows_filesystem(x, id);

	index_do_alone(x, "INSERT OR IGNORE INTO gone SELECT f.dir, f.name FROM dir d\n"
			  "JOIN file f ON f.dir = d.id WHERE d.fs = ?", "f", id);
	index_delete_gone(x);
	index_do(x, "DELETE FROM dir WHERE fs = ?", "f", id);
	index_do(x, "DELETE FROM place WHERE fs = ?", "f", id);
	index_do(x, "DELETE FROM filesystem WHERE id = ?", "f", id);
	return known;
}

void index_begin_survey(struct index *x, bool objects)
{
	index_lock(x);
	index_load_stores(x);
	index_forget_found(x);
	index_run_alone(x, "DELETE FROM found; DELETE FROM gone; DELETE FROM looked;"
			   "DELETE FROM fresh; DELETE FROM read");
	x->objects = objects;
	if (x->n_stores) {
		memset(x->listed, 0, x->n_stores * sizeof(*x->listed));
		memset(x->placed, 0, x->n_stores * sizeof(*x->placed));
	}
}

/* The number of the content that a cookie names. */
static u64 index_content(struct index *x, u64 store, u32 kind, const u8 name[HASH_SIZE])
{
	u64 id = index_value(x, index_query(x, "SELECT id FROM content WHERE store = ? AND\n"
					       "kind = ? AND name = ?", "iin", store, (u64)kind,
					    name));

	if (id)
		return id;
	index_do(x, "INSERT INTO content(store, kind, name, known) VALUES(?, ?, ?, 0)", "iin",
		 store, (u64)kind, name);
	return (u64)sqlite3_last_insert_rowid(x->db);
}

static u32 cookie_kind(const struct cookie *c)
{
	return c->packed ? ENVELOPE_PACK : ENVELOPE_MANIFEST;
}

void index_begin_snapshot(struct index *x, const char *store, const u8 name[HASH_SIZE],
			  const char *share)
{
	index_do(x, "INSERT INTO snapshot(store, name, share, line, state) VALUES(?, ?, ?,\n"
		    "(SELECT max(line) FROM snapshot WHERE share = ?3 AND line), 0)", "ins",
		 index_store(x, store), name, share);
	x->snapshot = (u64)sqlite3_last_insert_rowid(x->db);
	index_do(x, "UPDATE snapshot SET line = id WHERE id = ? AND line IS NULL", "i",
		 x->snapshot);
	x->line = index_value(x, index_query(x, "SELECT line FROM snapshot WHERE id = ?", "i",
					     x->snapshot));
	/* All that is added now belongs to this one, and needs no bit. */
	free(x->needed);
	x->n_needed = index_number(x, "SELECT max(id) FROM member") / 8 + 1;
	x->needed = mem_new(x->n_needed);
}

void index_add_entry(struct index *x, const struct offload_record *r)
{
	const struct cookie *c = &r->cookie;
	u64 content = index_content(x, index_store(x, c->store), cookie_kind(c), c->name), id;

	id = index_value(x, index_query(x, "SELECT id FROM member WHERE content = ? AND place = ?\n"
					   "AND room = ? AND line = ? AND last = " ENDLESS,
					"iiii", content, (u64)c->offset, (u64)c->room, x->line));
	if (!id)
		index_do(x, "INSERT INTO member(content, place, room, line, first, last)\n"
			    "VALUES(?, ?, ?, ?, ?, " ENDLESS ")", "iiiii", content,
			 (u64)c->offset, (u64)c->room, x->line, x->snapshot);
	else if (id / 8 < x->n_needed)
		x->needed[id / 8] |= (u8)(1 << id % 8);
	index_pace(x);
}

/* What earlier snapshots need and this one does not ends before it. */
void index_end_snapshot(struct index *x)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id FROM member WHERE line = ? AND first < ?\n"
					    "AND last = " ENDLESS, "ii", x->line, x->snapshot);
	u64 id;

	while (index_row(x, stmt)) {
		index_pace(x);
		id = (u64)sqlite3_column_int64(stmt, 0);
		if (id / 8 < x->n_needed && x->needed[id / 8] >> id % 8 & 1)
			continue;
		index_do(x, "UPDATE member SET last = ? WHERE id = ?", "ii", x->snapshot - 1, id);
	}
	index_do(x, "UPDATE snapshot SET state = " WHOLE " WHERE id = ?", "i", x->snapshot);
	free(x->needed);
	x->needed = NULL;
	x->n_needed = 0;
}

/* The number of a directory. */
static u64 index_directory(struct index *x, const u8 fs[FILESYSTEM_ID_SIZE], const char *path,
			   const char *shown)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id, shown = ? FROM dir WHERE fs = ?\n"
					    "AND path = ?", "pfp", shown, fs, path);
	bool same = false;
	u64 id = 0;

	while (index_row(x, stmt)) {
		id = (u64)sqlite3_column_int64(stmt, 0);
		same = sqlite3_column_int(stmt, 1);
	}
	if (id && !same)
		index_do(x, "UPDATE dir SET shown = ? WHERE id = ?", "pi", shown, id);
	if (id)
		return id;
	index_do(x, "INSERT INTO dir(fs, path, shown) VALUES(?, ?, ?)", "fpp", fs, path, shown);
	return (u64)sqlite3_last_insert_rowid(x->db);
}

static int found_compare(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

/* Columns: name, inode, size, place, room, store, kind, name of the content. */
static bool found_is_known(const struct found *f, sqlite3_stmt *row)
{
	const struct cookie *c = &f->cookie;

	return f->inode == (u64)sqlite3_column_int64(row, 1) &&
	       f->size == (u64)sqlite3_column_int64(row, 2) &&
	       c->offset == (u64)sqlite3_column_int64(row, 3) &&
	       c->room == (u64)sqlite3_column_int64(row, 4) &&
	       f->store == (u64)sqlite3_column_int64(row, 5) &&
	       cookie_kind(c) == (u32)sqlite3_column_int64(row, 6) &&
	       sqlite3_column_bytes(row, 7) == HASH_SIZE &&
	       !memcmp(c->name, sqlite3_column_blob(row, 7), HASH_SIZE);
}

static void index_note_found(struct index *x, u64 dir, const struct found *f)
{
	const struct cookie *c = &f->cookie;

	index_do_alone(x, "INSERT OR REPLACE INTO found VALUES(?, ?, ?, ?, ?, ?, ?)", "ipiiiii",
		       dir, f->name, f->inode, f->size,
		       index_content(x, f->store, cookie_kind(c), c->name), (u64)c->offset,
		       (u64)c->room);
}

/* How a name compares with that of a row. */
static int name_compare(const char *name, sqlite3_stmt *row)
{
	size_t len = strlen(name), other = (size_t)sqlite3_column_bytes(row, 0);
	int rc = memcmp(name, sqlite3_column_blob(row, 0), len < other ? len : other);

	return rc ?: (len > other) - (len < other);
}

/*
 * All files of the directory were added: note those that differ from what was known. The table of
 * files stays as it is until the file system was looked at, because files may have been moved.
 */
static void index_end_directory(struct index *x)
{
	struct found *f = x->found, *end = f + x->n_found;
	sqlite3_stmt *stmt;
	bool again;
	u64 dir;

	if (!x->dir)
		return;
	qsort(x->found, x->n_found, sizeof(*x->found), found_compare);
	dir = index_directory(x, x->fs, x->dir, x->shown);
	again = index_value(x, index_query(x, "SELECT 1 FROM looked WHERE dir = ?", "i", dir));
	index_do_alone(x, "INSERT OR IGNORE INTO looked VALUES(?)", "i", dir);
	stmt = index_query(x, "SELECT f.name, f.inode, f.size, f.place, f.room, n.store, n.kind,\n"
			      "n.name FROM file f LEFT JOIN content n ON n.id = f.content\n"
			      "WHERE f.dir = ? ORDER BY f.name", "i", dir);
	while (index_row(x, stmt)) {
		while (f < end && name_compare(f->name, stmt) < 0)
			index_note_found(x, dir, f++);
		if (f == end || name_compare(f->name, stmt)) {
			index_do_alone(x, "INSERT OR IGNORE INTO gone VALUES(?, CAST(? AS BLOB))",
				       "is", dir, (const char *)sqlite3_column_text(stmt, 0));
			continue;
		}
		if (!found_is_known(f, stmt))
			index_note_found(x, dir, f);
		f++;
	}
	while (f < end)
		index_note_found(x, dir, f++);
	/* Nothing is gone that was found when the directory was looked at before. */
	if (again)
		index_do_alone(x, "DELETE FROM gone WHERE dir = ?", "i", dir);
	index_forget_found(x);
	index_pace(x);
}

void index_add_file(struct index *x, const struct index_file *file, const struct offload_record *r)
{
	const char *name = strrchr(file->path, '/'), *shown = strrchr(file->shown, '/');
	struct found *f;

	name = name ? name + 1 : file->path;
	shown = shown ? shown + 1 : file->shown;
	if (!x->dir || memcmp(x->fs, file->fs, sizeof(x->fs)) ||
	    strlen(x->dir) != (size_t)(name - file->path) ||
	    strncmp(x->dir, file->path, strlen(x->dir))) {
		index_end_directory(x);
		memcpy(x->fs, file->fs, sizeof(x->fs));
		x->dir = mem_print("%.*s", (int)(name - file->path), file->path);
		x->shown = mem_print("%.*s", (int)(shown - file->shown), file->shown);
	}
	x->found = mem_grow(x->found, x->n_found, sizeof(*x->found));
	f = &x->found[x->n_found++];
	f->name = mem_string(name);
	f->inode = file->inode;
	f->size = file->size;
	f->store = index_store(x, r->cookie.store);
	f->cookie = r->cookie;
	/* There is none after an error. */
	if (f->store)
		x->placed[f->store - 1] = true;
}

bool index_knows_file(struct index *x, const struct index_file *file)
{
	return index_value(x, index_query(x, "SELECT 1 FROM file f JOIN dir d ON d.id = f.dir\n"
					     "WHERE f.inode = ? AND f.size = ? AND d.fs = ?", "iif",
					  file->inode, file->size, file->fs));
}

/*
 * They go to a directory of their own: the old path may be that of another file by now, and several
 * subvolumes may have the inode.
 */
void index_keep_file(struct index *x, const struct index_file *file)
{
	u64 dir = index_directory(x, file->fs, "", "");
	sqlite3_stmt *stmt;

	index_do_alone(x, "INSERT OR REPLACE INTO found SELECT ?,\n"
			  "CAST(? || x'00' || f.content || ' ' || f.place AS BLOB), f.inode,\n"
			  "f.size, f.content, f.place, f.room FROM file f JOIN dir d\n"
			  "ON d.id = f.dir WHERE f.inode = ? AND f.size = ? AND d.fs = ?", "ipiif",
		       dir, file->shown, file->inode, file->size, file->fs);
	stmt = index_query(x, "SELECT DISTINCT n.store FROM file f JOIN dir d ON d.id = f.dir\n"
			      "JOIN content n ON n.id = f.content\n"
			      "WHERE f.inode = ? AND f.size = ? AND d.fs = ?", "iif", file->inode,
			   file->size, file->fs);
	while (index_row(x, stmt))
		x->placed[sqlite3_column_int64(stmt, 0) - 1] = true;
}

/* Note the files of the table of those that were found, and where they are. */
static void index_take_found(struct index *x)
{
	static const char sql[] = "INSERT OR REPLACE INTO file VALUES(?, ?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *stmt = index_query(x, "SELECT * FROM found", ""), *put;
	int i;

	while (index_row(x, stmt)) {
		put = index_transact(x) ? index_query(x, sql, "") : NULL;
		for (i = 0; put && i < 7; i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(stmt, i));
		while (index_row(x, put))
			;
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM found");
}

void index_end_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE], bool whole)
{
	size_t i;

	index_end_directory(x);
	index_end(x);
	if (whole)
		/* Lost files have no directory that was looked at. */
		index_do_alone(x, "INSERT OR IGNORE INTO gone SELECT f.dir, f.name FROM dir d\n"
				  "JOIN file f ON f.dir = d.id WHERE d.fs = ? AND NOT EXISTS\n"
				  "(SELECT 1 FROM looked l WHERE l.dir = d.id) AND NOT EXISTS\n"
				  "(SELECT 1 FROM found n WHERE n.dir = f.dir AND n.name = f.name)",
			       "f", id);
	for (i = 0; i < x->n_stores; i++) {
		if (x->placed[i])
			index_do(x, "INSERT OR IGNORE INTO place VALUES(?, ?)", "fi", id,
				 (u64)i + 1);
		else if (whole)
			index_do(x, "DELETE FROM place WHERE fs = ? AND store = ?", "fi", id,
				 (u64)i + 1);
	}
	if (x->n_stores)
		memset(x->placed, 0, x->n_stores * sizeof(*x->placed));
	/* First what is new: a file that was moved must not be missing in between. */
	index_take_found(x);
	if (whole)
		index_delete_gone(x);
	index_run_alone(x, "DELETE FROM gone; DELETE FROM looked");
	index_end(x);
	index_do_alone(x, "INSERT INTO dead SELECT id FROM dir WHERE fs = ? AND NOT EXISTS\n"
			  "(SELECT 1 FROM file f WHERE f.dir = dir.id)", "f", id);
	index_delete_dead(x, "DELETE FROM dir WHERE id = ?");
}

void index_places(struct index *x,
		  void (*use)(void *arg, const char *store, const struct filesystem *fs),
		  void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT f.id, f.type, f.path, s.name\n"
					    "FROM filesystem f JOIN place p ON p.fs = f.id\n"
					    "JOIN store s ON s.id = p.store", "");
	struct filesystem fs;

	while (index_row(x, stmt)) {
		index_filesystem_read(stmt, &fs);
		use(arg, (const char *)sqlite3_column_text(stmt, 3), &fs);
	}
}

static int object_compare(const void *a, const void *b)
{
	return memcmp(((const struct index_object *)a)->name,
		      ((const struct index_object *)b)->name, HASH_SIZE);
}

static void index_put_object(struct index *x, u64 store, const struct index_object *o)
{
	index_do(x, "INSERT INTO object VALUES(?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET\n"
		    "size = excluded.size, modified = excluded.modified", "iinii", store,
		 (u64)o->kind, o->name, o->size, o->modified);
}

void index_set_objects(struct index *x, const struct index_range *r, struct index_object *objects,
		       size_t n)
{
	u64 store = index_store(x, r->store), kind = r->kind;
	struct index_object *o = objects, *end = objects + n;
	sqlite3_stmt *stmt;
	const u8 *name;

	if (!store)
		return;
	if (n)
		qsort(objects, n, sizeof(*objects), object_compare);
	x->listed[store - 1] = true;
	stmt = index_query(x, "SELECT name, size, modified FROM object WHERE store = ? AND\n"
			      "kind = ? AND name >= ? AND name <= ? ORDER BY name", "iinn", store,
			   kind, r->first, r->last);
	while (index_row(x, stmt)) {
		name = sqlite3_column_blob(stmt, 0);
		while (o < end && memcmp(o->name, name, HASH_SIZE) < 0)
			index_put_object(x, store, o++);
		if (o == end || memcmp(o->name, name, HASH_SIZE)) {
			index_do(x, "DELETE FROM object WHERE store = ? AND kind = ? AND name = ?",
				 "iin", store, kind, name);
			continue;
		}
		if (o->size != (u64)sqlite3_column_int64(stmt, 1) ||
		    o->modified != (u64)sqlite3_column_int64(stmt, 2))
			index_put_object(x, store, o);
		o++;
	}
	while (o < end)
		index_put_object(x, store, o++);
	index_pace(x);
}

void index_add_manifest(struct index *x, const char *store, const u8 name[HASH_SIZE],
			const struct manifest *m)
{
	u64 number = index_store(x, store);
	u64 content = index_content(x, number, ENVELOPE_MANIFEST, name);
	u32 i;

	for (i = 0; i < m->n && !x->error; i++)
		index_do_alone(x, "INSERT INTO fresh VALUES(?, ?, ?, ?)", "inii", number,
			       m->chunks[i].name, content, (u64)m->chunks[i].length);
	index_do_alone(x, "INSERT OR IGNORE INTO read VALUES(?)", "i", content);
	index_pace(x);
}

/* Names of chunks are random: to put them into the table in their order costs much less. */
static void index_take_manifests(struct index *x)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT store, name, content, length FROM fresh\n"
					    "ORDER BY store, name, content", "");
	sqlite3_stmt *put;
	int i;

	while (index_row(x, stmt)) {
		put = index_transact(x) ?
		      index_query(x, "INSERT OR IGNORE INTO chunk VALUES(?, ?, ?, ?)", "") : NULL;
		for (i = 0; put && i < 4; i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(stmt, i));
		while (index_row(x, put))
			;
		index_pace(x);
	}
	stmt = index_query(x, "SELECT content FROM read", "");
	while (index_row(x, stmt)) {
		index_do(x, "UPDATE content SET known = 1 WHERE id = ?", "i",
			 (u64)sqlite3_column_int64(stmt, 0));
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM fresh; DELETE FROM read");
}

/* Call @use for the snapshots of a query. @use may forget some, so their names are copied. */
static void index_use_snapshots(struct index *x, sqlite3_stmt *stmt,
				void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
				void *arg)
{
	struct index_object *all = NULL;
	size_t i, n = 0;

	while (index_row(x, stmt)) {
		all = mem_grow(all, n, sizeof(*all));
		all[n].store = x->stores[sqlite3_column_int64(stmt, 0) - 1];
		memcpy(all[n++].name, sqlite3_column_blob(stmt, 1), HASH_SIZE);
	}
	for (i = 0; i < n; i++)
		use(arg, all[i].store, all[i].name);
	free(all);
}

void index_snapshots(struct index *x,
		     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]), void *arg)
{
	index_use_snapshots(x, index_query(x, "SELECT store, name FROM snapshot\n"
					      "WHERE state = " WHOLE " ORDER BY name", ""),
			    use, arg);
}

void index_partial_snapshots(struct index *x,
			     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
			     void *arg)
{
	index_use_snapshots(x, index_query(x, "SELECT store, name FROM snapshot\n"
					      "WHERE state = 0 ORDER BY name", ""), use, arg);
}

/* Its number stays until what only it needs was forgotten. */
void index_forget_snapshot(struct index *x, const char *store, const u8 name[HASH_SIZE])
{
	index_do(x, "UPDATE snapshot SET state = " GONE ", name = NULL, share = NULL\n"
		    "WHERE store = ? AND name = ?", "in", index_store(x, store), name);
}

/* Forget what only snapshots need that are gone. */
static void index_end_members(struct index *x)
{
	if (!index_number(x, "SELECT 1 FROM snapshot WHERE state = " GONE))
		return;
	index_do_alone(x, "INSERT INTO dead SELECT m.id FROM member m WHERE NOT EXISTS (SELECT 1\n"
			  "FROM snapshot s WHERE s.line = m.line AND s.state != " GONE "\n"
			  "AND s.id BETWEEN m.first AND m.last)", "");
	index_delete_dead(x, "DELETE FROM member WHERE id = ?");
	index_run(x, "DELETE FROM snapshot WHERE state = " GONE);
	index_end(x);
}

/* Forget contents that nothing refers to. Manifests are read again if they come back. */
static void index_end_contents(struct index *x)
{
	sqlite3_stmt *stmt;

	index_do_alone(x, "INSERT INTO dead SELECT id FROM content n\n"
			  "WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.content = n.id)\n"
			  "AND NOT EXISTS (SELECT 1 FROM member m WHERE m.content = n.id)", "");
	/* A content that is gone leaves no chunks behind, whenever this is interrupted. */
	if (index_number(x, "SELECT 1 FROM dead d JOIN content n ON n.id = d.id\n"
			    "WHERE n.kind = 2 LIMIT 1"))
		index_do_alone(x, "INSERT INTO changed SELECT store, 1, name, content, 0\n"
				  "FROM chunk WHERE content IN (SELECT id FROM dead)", "");
	stmt = index_query(x, "SELECT store, name, content FROM changed", "");
	while (index_row(x, stmt)) {
		index_do(x, "DELETE FROM chunk WHERE store = ? AND name = ? AND content = ?", "ini",
			 (u64)sqlite3_column_int64(stmt, 0), sqlite3_column_blob(stmt, 1),
			 (u64)sqlite3_column_int64(stmt, 2));
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM changed");
	index_delete_dead(x, "DELETE FROM content WHERE id = ?");
	index_end(x);
}

/* Work out since when objects are garbage. One that was written again has a new life. */
static void index_end_objects(struct index *x)
{
	sqlite3_stmt *stmt;
	size_t i;

	for (i = 0; x->objects && i < x->n_stores; i++)
		if (!x->listed[i])
			index_do(x, "DELETE FROM object WHERE store = ?", "i", (u64)i + 1);
	index_end(x);
	index_do_alone(x, "INSERT INTO changed SELECT store, kind, name, 0, now FROM\n"
			  "(SELECT r.store, r.kind, r.name, r.since, iif(" REFERRED ", 0,\n"
			  "coalesce((SELECT c.since FROM condemned c WHERE c.store = r.store\n"
			  "AND c.kind = r.kind AND c.name = r.name AND NOT c.kept\n"
			  "AND r.modified <= c.since), 1)) AS now FROM object r)\n"
			  "WHERE since != now", "");
	stmt = index_query(x, "SELECT store, kind, name, since FROM changed", "");
	while (index_row(x, stmt)) {
		index_do(x, "UPDATE object SET since = ? WHERE store = ? AND kind = ? AND name = ?",
			 "iiin", (u64)sqlite3_column_int64(stmt, 3),
			 (u64)sqlite3_column_int64(stmt, 0), (u64)sqlite3_column_int64(stmt, 1),
			 sqlite3_column_blob(stmt, 2));
		index_pace(x);
	}
	index_end(x);
	index_run_alone(x, "DELETE FROM changed");
}

void index_end_survey(struct index *x)
{
	/* What takes long only reads, and keeps nobody from writing. */
	index_end(x);
	index_take_manifests(x);
	index_end(x);
	index_end_members(x);
	index_end_contents(x);
	index_end_objects(x);
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
 * The rows are those of a copy, because @use may change the tables. No statement is open meanwhile,
 * because it may commit, too.
 */
static void index_objects(struct index *x, void (*use)(void *arg, const struct index_object *o),
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

void index_forget_lists(struct index *x)
{
	index_run(x, "DELETE FROM condemned; UPDATE list SET seen = 0");
}

void index_add_list(struct index *x, const struct index_list *l)
{
	index_do(x, "INSERT INTO list VALUES(?, ?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET\n"
		    "time = excluded.time, kept = excluded.kept, seen = 1", "snii", l->store,
		 l->name, l->time, l->damaged ? LIST_DAMAGED : (u64)l->kept);
	index_pace(x);
}

void index_doubt_lists(struct index *x)
{
	index_do(x, "DELETE FROM condemned WHERE EXISTS (SELECT 1 FROM list l WHERE l.seen AND\n"
		    "l.kept = ? AND l.store = condemned.store AND l.time >= condemned.since)", "i",
		 LIST_DAMAGED);
}

void index_condemn(struct index *x, const struct index_object *o, bool kept)
{
	u64 store = index_store(x, o->store);

	index_do(x, "INSERT INTO condemned VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET\n"
		    "since = excluded.since, kept = excluded.kept WHERE\n"
		    "(excluded.since, excluded.kept) > (since, kept)", "iinii", store,
		 (u64)o->kind, o->name, o->since, (u64)kept);
	index_do(x, "UPDATE object SET since = iif(modified <= ?, ?, 1) WHERE store = ? AND\n"
		    "kind = ? AND name = ? AND since", "iiiin", o->since, kept ? 1 : o->since,
		 store, (u64)o->kind, o->name);
	index_pace(x);
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
	index_run(x, "UPDATE list SET spent = 0 WHERE NOT kept AND (store, time) IN\n"
		     "(SELECT s.name, c.since FROM condemned c\n"
		     "CROSS JOIN object o ON o.store = c.store AND o.kind = c.kind\n"
		     "AND o.name = c.name AND o.modified <= c.since\n"
		     "JOIN store s ON s.id = c.store WHERE NOT c.kept);"
		     "UPDATE list SET spent = 0 WHERE kept AND EXISTS (SELECT 1 FROM list l WHERE\n"
		     "l.store = list.store AND NOT l.kept AND l.time <= list.time)");
}

void index_spent_lists(struct index *x, u64 before,
		       void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_do_alone(x, "INSERT INTO work SELECT NULL, store, ?, name, 0, time, spent\n"
			  "FROM list WHERE spent AND spent <= ?", "ii", (u64)ENVELOPE_GARBAGE,
		       before);
	index_objects(x, use, arg);
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

void index_garbage(struct index *x, u32 kind, u64 before,
		   void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_do_alone(x, "INSERT INTO work SELECT NULL, s.name, o.kind, o.name, o.size,\n"
			  "o.modified, o.since FROM object o JOIN store s ON s.id = o.store\n"
			  "WHERE o.kind = ? AND o.since > 1 AND o.since > 0 AND o.since <= ?\n"
			  "ORDER BY o.store, o.name", "ii", (u64)kind, before);
	index_objects(x, use, arg);
}

void index_new_garbage(struct index *x, void (*use)(void *arg, const struct index_object *o),
		       void *arg)
{
	index_run_alone(x, "INSERT INTO work SELECT NULL, s.name, o.kind, o.name, o.size,\n"
			   "o.modified, o.since FROM object o JOIN store s ON s.id = o.store\n"
			   "WHERE o.since = 1 AND o.since > 0 AND o.kind < 4\n"
			   "ORDER BY o.store, o.kind, o.name");
	index_objects(x, use, arg);
}

void index_condemned(struct index *x, const char *store, bool referred,
		     void (*use)(void *arg, const struct index_object *o), void *arg)
{
	/* Of those that are gone, the lists stay for a while. */
	index_do_alone(x, "INSERT INTO work SELECT NULL, t.name, r.kind, r.name,\n"
			  "coalesce(o.size, 0), coalesce(o.modified, 0), r.since FROM condemned r\n"
			  "JOIN store t ON t.id = r.store\n"
			  "LEFT JOIN object o ON o.store = r.store AND o.kind = r.kind AND\n"
			  "o.name = r.name WHERE NOT r.kept AND (?1 = '' OR t.name = ?1) AND\n"
			  "iif(?2, " REFERRED ", NOT EXISTS (SELECT 1 FROM deletion d\n"
			  "WHERE d.store = t.name AND d.kind = r.kind AND d.name = r.name AND\n"
			  "d.since = r.since))", "si", store, (u64)referred);
	index_objects(x, use, arg);
}

void index_add_deletion(struct index *x, const struct index_object *o, u64 time, u64 run)
{
	index_do(x, "INSERT INTO deletion(time, run, store, kind, name, size, since)\n"
		    "VALUES(?, ?, ?, ?, ?, ?, ?)", "iisinii", time, run, o->store, (u64)o->kind,
		 o->name, o->size, o->since);
	index_do(x, "DELETE FROM deletion WHERE id <= (SELECT max(id) FROM deletion) - "
		    HISTORY_MAX, "");
	index_do(x, "DELETE FROM object WHERE store = ? AND kind = ? AND name = ?", "iin",
		 index_store(x, o->store), (u64)o->kind, o->name);
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
			      "WHERE state != " GONE " AND name BETWEEN ?1 AND ?2) r\n"
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
	return index_value(x, index_query(x, "SELECT " REFERRED " FROM (SELECT\n"
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
		/* That of a lost file ends before its blob does. */
		path = mem_print("%.*s", sqlite3_column_bytes(stmt, 0),
				 (const char *)sqlite3_column_blob(stmt, 0));
		use(arg, path);
		free(path);
	}
	index_snapshots_of(x, index_query(x, "SELECT name FROM snapshot WHERE state != " GONE "\n"
					     "AND name = ? AND ? = 4", "ni", o->name, (u64)o->kind),
			   use, arg);
	index_snapshots_of(x, index_query(x, "SELECT DISTINCT p.name FROM member m\n"
					     "JOIN snapshot p ON p.line = m.line\n"
					     "AND p.id BETWEEN m.first AND m.last\n"
					     "WHERE p.state != " GONE " AND m.content IN "
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
