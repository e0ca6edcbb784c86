// SPDX-License-Identifier: GPL-2.0-only
/* Persistent state of dittod, in one SQLite file. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "mem.h"
#include "sql.h"
#include "state.h"

/* Version of the tables below; a file with a higher version was written by a newer dittod. */
#define SCHEMA	3
/* Version of the defaults, see Documentation/security.md. */
#define DEFAULTS	1

struct state {
	sqlite3 *db;
	u64 epoch;
};

/* Statements that create each version from the previous one. */
static const struct {
	int version;
	const char *sql;
} schema[] = {
	{ 1, "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID" },
	{
		1,
		"CREATE TABLE share (name TEXT PRIMARY KEY, path TEXT NOT NULL, id BLOB NOT NULL, ours INTEGER NOT NULL) WITHOUT ROWID"
	},
	{ 1, "CREATE TABLE listener (id INTEGER PRIMARY KEY, text TEXT NOT NULL)" },
	{
		1,
		"CREATE TABLE setting (name TEXT PRIMARY KEY, before INTEGER NOT NULL) WITHOUT ROWID"
	},
	{
		2,
		"CREATE TABLE record (kind INTEGER NOT NULL, key BLOB NOT NULL, data BLOB NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
	},
	{ 3, "ALTER TABLE share ADD COLUMN fs BLOB" },
	{ 3, "PRAGMA user_version = 3" },
};

/* Bring the schema up to date, and begin a new epoch. */
static bool prepare_db(struct state *st, struct why *why)
{
	sqlite3_stmt *stmt;
	int version;
	size_t i;

	/* Handles and ids must be on disk before clients depend on them. */
	if (!sql_run(st->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", why) ||
	    !sql_run(st->db, "BEGIN IMMEDIATE", why))
		return false;
	stmt = sql_prepare(st->db, "PRAGMA user_version", "");
	if (!sql_row(st->db, stmt)) {
		why_not(why, "%s", sqlite3_errmsg(st->db));
		goto err_rollback;
	}
	version = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	if (version > SCHEMA) {
		why_not(why, "it was made by a newer dittod");
		goto err_rollback;
	}
	for (i = 0; i < ARRAY_SIZE(schema); i++)
		if (schema[i].version > version && !sql_run(st->db, schema[i].sql, why))
			goto err_rollback;
	sql_get_number(st->db, "epoch", &st->epoch);
	st->epoch++;
	if (!sql_put_number(st->db, "epoch", st->epoch)) {
		why_not(why, "%s", sqlite3_errmsg(st->db));
		goto err_rollback;
	}
	return sql_run(st->db, "COMMIT", why);

err_rollback:
	sql_rollback(st->db);
	return false;
}

struct state *state_open(const char *dir, struct why *why)
{
	struct state *st = mem_new(sizeof(*st));
	char *file = mem_print("%s/state.db", dir);
	struct why inner;
	bool good;
	mode_t mask;

	/* The file contains a secret key. */
	mask = umask(077);
	if (mkdir(dir, 0700) && errno != EEXIST) {
		good = why_not(&inner, "%s: %s", dir, strerror(errno));
	} else if (sqlite3_open(file, &st->db) != SQLITE_OK) {
		good = why_not(&inner, "%s: %s", file, sqlite3_errmsg(st->db));
	} else {
		struct why reason;

		sqlite3_busy_timeout(st->db, 5000);
		good = prepare_db(st, &reason);
		if (!good)
			why_not(&inner, "%s: %s", file, reason.text);
	}
	umask(mask);
	free(file);
	if (good)
		return st;
	*why = inner;
	state_close(st);
	return NULL;
}

/* Fill an empty database from a file, which may be missing. */
static bool copy_db(struct sqlite3 *to, const char *file, struct why *why)
{
	struct sqlite3_backup *copy = NULL;
	struct sqlite3 *from = NULL;
	bool good;

	if (access(file, F_OK) && errno == ENOENT)
		return true;
	good = sqlite3_open_v2(file, &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;
	if (good)
		copy = sqlite3_backup_init(to, "main", from, "main");
	good = copy && sqlite3_backup_step(copy, -1) == SQLITE_DONE;
	if (!good)
		why_not(why, "%s", sqlite3_errmsg(copy ? to : from));
	sqlite3_backup_finish(copy);
	sqlite3_close(from);
	return good;
}

struct state *state_open_copy(const char *dir, struct why *why)
{
	struct state *st = mem_new(sizeof(*st));
	char *file = mem_print("%s/state.db", dir);
	struct why inner;
	bool good;

	if (sqlite3_open(":memory:", &st->db) != SQLITE_OK)
		good = why_not(&inner, "%s", sqlite3_errmsg(st->db));
	else
		good = copy_db(st->db, file, &inner) && prepare_db(st, &inner);
	if (!good) {
		why_not(why, "%s: %s", file, inner.text);
		state_close(st);
		st = NULL;
	}
	free(file);
	return st;
}

void state_close(struct state *st)
{
	if (!st)
		return;
	sqlite3_close(st->db);
	free(st);
}

u64 state_epoch(const struct state *st)
{
	return st->epoch;
}

bool state_defaults_changed(struct state *st)
{
	u64 known = 0;

	if (sql_get_number(st->db, "defaults", &known) && known >= DEFAULTS)
		return false;
	return sql_put_number(st->db, "defaults", DEFAULTS) && st->epoch > 1;
}

bool state_instance(struct state *st, u64 started)
{
	u64 known;
	struct why why;

	if (sql_get_number(st->db, "started", &known) && known == started)
		return true;
	if (!sql_run(st->db,
		     "BEGIN IMMEDIATE; UPDATE share SET ours = 0; DELETE FROM listener; DELETE FROM setting; DELETE FROM meta WHERE name = 'key-given';",
		     &why) ||
	    !sql_put_number(st->db, "started", started) || !sql_run(st->db, "COMMIT", &why)) {
		sql_rollback(st->db);
		log_error("state: the state of the previous instance cannot be deleted");
		return false;
	}
	return true;
}

bool state_handle_key(struct state *st, u8 key[STATE_KEY_LEN])
{
	sqlite3_stmt *stmt;
	bool good;

	stmt = sql_prepare(st->db, "SELECT value FROM meta WHERE name = 'handle-key'", "");
	if (sql_row(st->db, stmt)) {
		good = sqlite3_column_bytes(stmt, 0) == STATE_KEY_LEN;
		if (good)
			memcpy(key, sqlite3_column_blob(stmt, 0), STATE_KEY_LEN);
		else
			log_error("state: the key of file handles is damaged");
		sqlite3_finalize(stmt);
		return good;
	}
	if (getrandom(key, STATE_KEY_LEN, 0) != STATE_KEY_LEN) {
		log_error("state: no random bytes: %s", strerror(errno));
		return false;
	}
	/* INSERT fails for an existing key, so a failed read cannot replace the key. */
	return sql_do(st->db, "INSERT INTO meta VALUES ('handle-key', ?)", "b", key,
		      (size_t)STATE_KEY_LEN);
}

bool state_key_given(struct state *st)
{
	u64 given;

	return sql_get_number(st->db, "key-given", &given);
}

bool state_set_key_given(struct state *st)
{
	return sql_put_number(st->db, "key-given", 1);
}

void state_machine_sid(struct state *st, const char *derived, char *sid, size_t size)
{
	sqlite3_stmt *stmt;

	snprintf(sid, size, "%s", derived);
	stmt = sql_prepare(st->db, "SELECT value FROM meta WHERE name = 'machine-sid'", "");
	if (sql_row(st->db, stmt)) {
		if (sqlite3_column_text(stmt, 0))
			snprintf(sid, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
		sqlite3_finalize(stmt);
		return;
	}
	sql_do(st->db, "INSERT OR IGNORE INTO meta VALUES ('machine-sid', ?)", "s", derived);
}

bool state_share_id(struct state *st, const char *name, const char *path, u8 id[16])
{
	sqlite3_stmt *stmt;
	bool good;

	stmt = sql_prepare(st->db, "SELECT id FROM share WHERE name = ? AND path = ?", "ss", name,
			   path);
	if (!sql_row(st->db, stmt))
		return false;
	good = sqlite3_column_bytes(stmt, 0) == 16;
	if (good)
		memcpy(id, sqlite3_column_blob(stmt, 0), 16);
	sqlite3_finalize(stmt);
	return good;
}

bool state_share_put(struct state *st, const char *name, const char *path,
		     const u8 id[16])
{
	/* If nothing changes there is no write, and therefore no sync. */
	return sql_do(st->db,
		      "INSERT INTO share (name, path, id, ours) VALUES (?, ?, ?, 1) ON CONFLICT (name) DO UPDATE SET path = excluded.path, id = excluded.id, ours = 1 WHERE path <> excluded.path OR id <> excluded.id OR NOT ours",
		      "ssb", name, path, id, (size_t)16);
}

size_t state_share_fs(struct state *st, const char *name, const char *path,
		      u8 fs[STATE_FS_MAX])
{
	sqlite3_stmt *stmt;
	size_t len;

	stmt = sql_prepare(st->db, "SELECT fs FROM share WHERE name = ? AND path = ?", "ss", name,
			   path);
	if (!sql_row(st->db, stmt))
		return 0;
	len = (size_t)sqlite3_column_bytes(stmt, 0);
	if (len > STATE_FS_MAX)
		len = 0;
	if (len)
		memcpy(fs, sqlite3_column_blob(stmt, 0), len);
	sqlite3_finalize(stmt);
	return len;
}

bool state_share_fs_put(struct state *st, const char *name, const u8 *fs, size_t len)
{
	return sql_do(st->db,
		      "UPDATE share SET fs = ? WHERE name = ? AND fs IS NOT ?", "bsb", fs, len,
		      name, fs, len);
}

bool state_share_fs_forget(struct state *st, const char *name)
{
	return sql_do(st->db, "UPDATE share SET fs = NULL WHERE name = ?", "s", name);
}

void state_shares_with_fs(struct state *st, state_name_fn fn, void *arg)
{
	sqlite3_stmt *stmt;

	stmt = sql_prepare(st->db, "SELECT name FROM share WHERE fs IS NOT NULL ORDER BY name", "");
	while (sql_row(st->db, stmt))
		fn((const char *)sqlite3_column_text(stmt, 0), arg);
}

bool state_share_drop(struct state *st, const char *name)
{
	return sql_do(st->db, "UPDATE share SET ours = 0 WHERE name = ?", "s", name);
}

void state_shares(struct state *st, state_name_fn fn, void *arg)
{
	sqlite3_stmt *stmt;

	stmt = sql_prepare(st->db, "SELECT name FROM share WHERE ours ORDER BY name", "");
	while (sql_row(st->db, stmt))
		fn((const char *)sqlite3_column_text(stmt, 0), arg);
}

bool state_listener_put(struct state *st, u32 id, const char *text)
{
	return sql_do(st->db, "INSERT OR REPLACE INTO listener VALUES (?, ?)", "is", (u64)id, text);
}

bool state_listener_drop(struct state *st, u32 id)
{
	return sql_do(st->db, "DELETE FROM listener WHERE id = ?", "i", (u64)id);
}

void state_listeners(struct state *st, state_listener_fn fn, void *arg)
{
	sqlite3_stmt *stmt;

	stmt = sql_prepare(st->db, "SELECT id, text FROM listener ORDER BY id", "");
	while (sql_row(st->db, stmt))
		fn((u32)sqlite3_column_int64(stmt, 0),
		   (const char *)sqlite3_column_text(stmt, 1), arg);
}

bool state_setting(struct state *st, const char *name, u64 *before)
{
	sqlite3_stmt *stmt;

	stmt = sql_prepare(st->db, "SELECT before FROM setting WHERE name = ?", "s", name);
	if (!sql_row(st->db, stmt))
		return false;
	*before = (u64)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return true;
}

bool state_setting_put(struct state *st, const char *name, u64 before)
{
	return sql_do(st->db, "INSERT OR REPLACE INTO setting VALUES (?, ?)", "si", name,
		      before);
}

bool state_setting_drop(struct state *st, const char *name)
{
	return sql_do(st->db, "DELETE FROM setting WHERE name = ?", "s", name);
}
