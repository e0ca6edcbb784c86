// SPDX-License-Identifier: GPL-2.0-only
/* Helpers for SQLite that log errors. */

#include <stdarg.h>

#include "daemon/log.h"
#include "sql.h"

static sqlite3_stmt *sql_statement_prepare(sqlite3 *db, const char *sql,
					   const char *types, va_list args)
{
	sqlite3_stmt *stmt;
	int i;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		log_error("state: %s", sqlite3_errmsg(db));
		return NULL;
	}
	for (i = 0; types[i]; i++) {
		if (types[i] == 's') {
			sqlite3_bind_text(stmt, i + 1, va_arg(args, const char *), -1,
					  SQLITE_TRANSIENT);
		} else if (types[i] == 'b') {
			const void *bytes = va_arg(args, const void *);
			size_t len = va_arg(args, size_t);

			/* A NULL pointer would bind the SQL value NULL instead of an empty blob. */
			sqlite3_bind_blob(stmt, i + 1, len ? bytes : "", (int)len,
					  SQLITE_TRANSIENT);
		} else {
			sqlite3_bind_int64(stmt, i + 1, (sqlite3_int64)va_arg(args, u64));
		}
	}
	return stmt;
}

sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = sql_statement_prepare(db, sql, types, args);
	va_end(args);
	return stmt;
}

bool sql_do(sqlite3 *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;
	bool good;

	va_start(args, types);
	stmt = sql_statement_prepare(db, sql, types, args);
	va_end(args);
	if (!stmt)
		return false;
	good = sqlite3_step(stmt) == SQLITE_DONE;
	if (!good)
		log_error("state: %s", sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	return good;
}

bool sql_row(sqlite3 *db, sqlite3_stmt *stmt)
{
	int rc;

	if (!stmt)
		return false;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		log_error("state: %s", sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	return false;
}

bool sql_run(sqlite3 *db, const char *sql, struct why *why)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return why_not(why, "%s", sqlite3_errmsg(db));
}

void sql_rollback(sqlite3 *db)
{
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

bool sql_get_number(sqlite3 *db, const char *name, u64 *value)
{
	sqlite3_stmt *stmt = sql_prepare(db, "SELECT value FROM meta WHERE name = ?", "s", name);

	if (!sql_row(db, stmt))
		return false;
	*value = (u64)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return true;
}

bool sql_put_number(sqlite3 *db, const char *name, u64 value)
{
	return sql_do(db, "INSERT OR REPLACE INTO meta VALUES (?, ?)", "si", name, value);
}
