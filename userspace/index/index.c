// SPDX-License-Identifier: GPL-2.0-only
/* The database of the index, in SQLite: its tables, transactions and statements. See index.h. */

#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "index_private.h"
#include "mem.h"

/* How long to wait for another user, in ms, and between two attempts. */
#define BUSY_TIME	60000
#define BUSY_PAUSE	50
#define VERSION		6
/* It has tables for the lists of garbage. */
#define VERSION_WITH_LISTS	5
/* So has this one, and its files have no time of modification. */
#define VERSION_WITHOUT_TIMES	4
#define OTHER_VERSION		"and only it knows files whose records were lost: if there are none, mount all offloaded files, remove it, and then: dittoctl offload rebuild"
/* A transaction ends after so many changes, or ms. */
#define CHANGES_MAX	2048
#define OPEN_TIME	100
/* Bytes of the log that stay when it begins anew. */
#define LOG_SIZE	"67108864"
/* Bytes of pages in memory: of the tables, and of the temporary ones. */
#define CACHE		"-98304"
#define CACHE_TEMP	"-32768"
/* Rows that are read in one step, and most columns of them. */
#define APPLY_ROWS	256
#define APPLY_COLUMNS	8

/*
 * Hashes are in one place each, and others have numbers for them. The tables of contents, chunks
 * and objects have the order of a store's lists.
 */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS filesystem(id BLOB PRIMARY KEY, type TEXT, path TEXT)\n"
	"WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	/* Stores that have files of a file system. */
	"CREATE TABLE IF NOT EXISTS place(fs BLOB, store INTEGER, PRIMARY KEY(fs, store))\n"
	"WITHOUT ROWID;"
	/* Directories with files: paths end with a slash. Lost files have an empty path. */
	"CREATE TABLE IF NOT EXISTS dir(id INTEGER PRIMARY KEY, fs BLOB, path BLOB, shown BLOB,\n"
	"UNIQUE(fs, path));"
	/* Manifests and packs that files refer to; @known: the chunks of a manifest are there. */
	"CREATE TABLE IF NOT EXISTS content(id INTEGER PRIMARY KEY, store INTEGER, kind INTEGER,\n"
	"name BLOB, known INTEGER, UNIQUE(store, kind, name));"
	"CREATE INDEX IF NOT EXISTS content_unknown ON content(id) WHERE kind = 2 AND NOT known;"
	/* @mtime is NULL if it is not known. */
	"CREATE TABLE IF NOT EXISTS file(dir INTEGER, name BLOB, inode INTEGER, size INTEGER,\n"
	"content INTEGER, place INTEGER, room INTEGER, mtime INTEGER, PRIMARY KEY(dir, name))\n"
	"WITHOUT ROWID;"
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
	/* Lists of garbage on which nothing counts any more. */
	"CREATE TABLE IF NOT EXISTS spent(store TEXT, name BLOB, since INTEGER,\n"
	"PRIMARY KEY(store, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS deletion(id INTEGER PRIMARY KEY, time INTEGER, run INTEGER,\n"
	"store TEXT, kind INTEGER, name BLOB, size INTEGER, since INTEGER);"
	"CREATE INDEX IF NOT EXISTS deletion_object ON deletion(store, kind, name);";

static const char schema_temp[] =
	/* Files of the file system that is being looked at which are new or different, or gone. */
	"CREATE TEMP TABLE found(dir INTEGER, name BLOB, inode INTEGER, size INTEGER,\n"
	"content INTEGER, place INTEGER, room INTEGER, mtime INTEGER, PRIMARY KEY(dir, name));"
	"CREATE TEMP TABLE gone(dir INTEGER, name BLOB, PRIMARY KEY(dir, name));"
	"CREATE TEMP TABLE looked(dir INTEGER PRIMARY KEY);"
	/* Chunks of manifests that were read, before they are sorted. */
	"CREATE TEMP TABLE fresh(store INTEGER, name BLOB, content INTEGER, length INTEGER);"
	"CREATE TEMP TABLE sorted(store INTEGER, name BLOB, content INTEGER, length INTEGER);"
	"CREATE TEMP TABLE read(content INTEGER PRIMARY KEY);"
	/* What a survey has to change: to look for it keeps nobody from writing. */
	"CREATE TEMP TABLE dead(id INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE changed(store INTEGER, kind INTEGER, name BLOB, content INTEGER,\n"
	"since INTEGER);"
	/* What the lists of garbage say: the last word about each object, and since when. */
	"CREATE TEMP TABLE condemned(store INTEGER, kind INTEGER, name BLOB, since INTEGER,\n"
	"kept INTEGER, PRIMARY KEY(store, kind, name)) WITHOUT ROWID;"
	"CREATE TEMP TABLE list(store TEXT, name BLOB, time INTEGER, kept INTEGER,\n"
	"needed INTEGER, PRIMARY KEY(store, name)) WITHOUT ROWID;"
	"CREATE TEMP TABLE work(id INTEGER PRIMARY KEY, store TEXT, kind INTEGER, name BLOB,\n"
	"size INTEGER, modified INTEGER, since INTEGER);"
	"CREATE TEMP TABLE pack(id INTEGER PRIMARY KEY, used INTEGER, members INTEGER,\n"
	"size INTEGER);";

/*
 * The names of snapshots stay, so that the next survey asks for their heads and reads them again:
 * the list of the bucket may be too old to have them. Files stay until their file system was looked
 * at, which shows the records that were lost.
 */
static const char forget_contents[] =
	"UPDATE snapshot SET state = 0 WHERE state = " SNAPSHOT_WHOLE ";"
	"DELETE FROM place; DELETE FROM member; DELETE FROM chunk; DELETE FROM object;"
	"UPDATE content SET known = 0 WHERE known;";

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

bool index_lock(struct index *x)
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
void index_end(struct index *x)
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
 * read fails if others have written since.
 */
bool index_transact(struct index *x)
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
void index_pace(struct index *x)
{
	if (sqlite3_get_autocommit(x->db))
		return;
	if ((u32)sqlite3_total_changes(x->db) - x->changes >= CHANGES_MAX ||
	    clock_ms() - x->began > OPEN_TIME)
		index_end(x);
}

void index_run(struct index *x, const char *sql)
{
	if (index_transact(x))
		index_good(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

/* For tables that nobody else has. A transaction that writes others should have ended before. */
void index_run_alone(struct index *x, const char *sql)
{
	if (!x->error)
		index_good(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

/* A statement that is kept, or a new one. @sql must stay. */
static sqlite3_stmt *index_statement(struct index *x, const char *sql)
{
	struct index_statement *s = x->statements, *end = s + INDEX_STATEMENTS;
	sqlite3_stmt *stmt = NULL;

	while (s < end && s->sql && s->sql != sql)
		s++;
	/* One whose rows are still read is not used twice. */
	if (s < end && s->sql && !sqlite3_stmt_busy(s->stmt))
		return s->stmt;
	if (!index_good(x, sqlite3_prepare_v2(x->db, sql, -1, &stmt, NULL)))
		return NULL;
	if (s < end && !s->sql)
		*s = (struct index_statement){ sql, stmt };
	return stmt;
}

static void index_release(struct index *x, sqlite3_stmt *stmt)
{
	size_t i;

	for (i = 0; i < INDEX_STATEMENTS && x->statements[i].stmt != stmt; i++)
		;
	if (i < INDEX_STATEMENTS)
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

sqlite3_stmt *index_query(struct index *x, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = index_prepare(x, sql, types, args);
	va_end(args);
	return stmt;
}

/* Go to the next row. After the last one, the statement is released. */
bool index_row(struct index *x, sqlite3_stmt *stmt)
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
void index_do_alone(struct index *x, const char *sql, const char *types, ...)
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

void index_do(struct index *x, const char *sql, const char *types, ...)
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
u64 index_value(struct index *x, sqlite3_stmt *stmt)
{
	u64 number = 0;

	while (index_row(x, stmt))
		number = (u64)sqlite3_column_int64(stmt, 0);
	return number;
}

u64 index_number(struct index *x, const char *sql)
{
	return index_value(x, index_query(x, sql, ""));
}

/**
 * struct apply_row - a row of index_apply()
 * @value: its columns but the first, and then NULL
 */
struct apply_row {
	struct sqlite3_value *value[APPLY_COLUMNS];
};

/* Read rows of index_apply(). Returns the number of them. */
static u32 index_take(struct index *x, const char *rows, u64 *last, struct apply_row *taken)
{
	sqlite3_stmt *stmt = index_query(x, rows, "ii", *last, (u64)APPLY_ROWS);
	u32 n = 0;
	int i;

	for (; index_row(x, stmt); n++) {
		*last = (u64)sqlite3_column_int64(stmt, 0);
		for (i = 1; i < sqlite3_column_count(stmt); i++) {
			taken[n].value[i - 1] = sqlite3_value_dup(sqlite3_column_value(stmt, i));
			if (!taken[n].value[i - 1])
				mem_out();
		}
	}
	return n;
}

/*
 * Execute a statement for rows of a temporary table. @rows: selects its rowid and the parameters of
 * @sql where the rowid is greater than a parameter, in this order, with a parameter as LIMIT. No
 * row is being read when a transaction ends, or the log of changes could never begin anew.
 */
void index_apply(struct index *x, const char *rows, const char *sql)
{
	struct apply_row taken[APPLY_ROWS] = { { { NULL } } };
	sqlite3_stmt *stmt;
	u64 last = 0;
	u32 i, n;
	int j;

	while ((n = index_take(x, rows, &last, taken))) {
		for (i = 0; i < n; i++) {
			stmt = index_transact(x) ? index_query(x, sql, "") : NULL;
			for (j = 0; j < APPLY_COLUMNS && taken[i].value[j]; j++) {
				if (stmt)
					sqlite3_bind_value(stmt, j + 1, taken[i].value[j]);
				sqlite3_value_free(taken[i].value[j]);
				taken[i].value[j] = NULL;
			}
			while (index_row(x, stmt))
				;
			index_pace(x);
		}
	}
	index_end(x);
}

/* Delete rows whose numbers are in the table of what is dead. */
void index_delete_dead(struct index *x, const char *sql)
{
	index_apply(x, INDEX_DEAD, sql);
	index_run_alone(x, "DELETE FROM dead");
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
void index_load_stores(struct index *x)
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
u64 index_store(struct index *x, const char *name)
{
	u64 store = index_find_store(x, name);

	if (store)
		return store;
	index_do(x, "INSERT OR IGNORE INTO store(name) VALUES(?)", "s", name);
	index_load_stores(x);
	return index_find_store(x, name);
}

/*
 * The ends of transactions do not wait for the disk, so that others wait less for them. All are in
 * the log, and a checkpoint writes it out only if nobody reads what was there before.
 */
static void index_sync(struct index *x)
{
	sqlite3_file *log = NULL;

	if (x->error ||
	    !index_good(x, sqlite3_file_control(x->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log)))
		return;
	if (log && log->pMethods && log->pMethods->xSync(log, SQLITE_SYNC_NORMAL))
		x->error = mem_string("its changes cannot be written to the disk");
}

bool index_commit(struct index *x, struct why *why)
{
	index_end(x);
	if (x->locked)
		index_sync(x);
	if (x->locked)
		flock(x->lock, LOCK_UN);
	x->locked = false;
	return !x->error || why_not(why, "the index: %s", x->error);
}

/*
 * Bring an index of another version up to date. What it knows of files whose records were lost is
 * all that refers to their objects, so none of it is dropped. The file systems that it knew may
 * have no registration: whoever makes it anew has to see to that.
 */
static void index_take_version(struct index *x, u64 version)
{
	if (version == VERSION_WITHOUT_TIMES)
		index_run(x, "ALTER TABLE file ADD COLUMN mtime INTEGER");
	if (version == VERSION_WITHOUT_TIMES || version == VERSION_WITH_LISTS)
		index_run(x, "DROP TABLE condemned; DROP TABLE list");
	else if (version && version != VERSION && !x->error)
		x->error = mem_print("it is of version %llu, %s", (unsigned long long)version,
				     OTHER_VERSION);
}

/* Open the database, and begin. Returns false after an error. */
static bool index_begin(struct index *x, const char *path, bool fresh)
{
	char *version = mem_print("PRAGMA user_version = %d", VERSION);
	char *lock = mem_print("%s-lock", path);
	struct why why;
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
				   "PRAGMA journal_size_limit = " LOG_SIZE ";"
				   "PRAGMA cache_size = " CACHE ";"
				   "PRAGMA temp_store = FILE; PRAGMA temp.cache_size = "
				   CACHE_TEMP "; PRAGMA temp.journal_mode = MEMORY");
		present = index_number(x, "PRAGMA user_version");
		if (present != VERSION || fresh) {
			/* Others may have done that before it was locked. */
			index_transact(x);
			present = index_number(x, "PRAGMA user_version");
			index_take_version(x, present);
			index_run(x, schema);
			if (fresh)
				index_run(x, forget_contents);
			index_run(x, version);
			if (present && !fresh)
				index_commit(x, &why);
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

void index_close(struct index *x)
{
	size_t i;

	if (!x)
		return;
	index_forget_found(x);
	for (i = 0; i < INDEX_STATEMENTS; i++)
		sqlite3_finalize(x->statements[i].stmt);
	sqlite3_close(x->db);
	if (x->lock >= 0)
		close(x->lock);
	for (i = 0; i < x->n_stores; i++)
		free(x->stores[i]);
	free(x->stores);
	free(x->listed);
	free(x->placed);
	free(x->needed);
	free(x->error);
	free(x);
}
