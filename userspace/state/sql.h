/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for SQLite that log errors. */
#ifndef _DITTOD_SQL_H
#define _DITTOD_SQL_H

#include <sqlite3.h>

#include "text.h"

/**
 * sql_prepare - prepare a statement and bind its parameters
 * @db: the database
 * @sql: the statement
 * @types: types of the parameters: 's' for a string, 'i' for a u64, 'b' for bytes followed
 *	by their size_t
 *
 * Strings and bytes are copied.
 *
 * Return: the statement; NULL after an error, which is logged.
 */
struct sqlite3_stmt *sql_prepare(struct sqlite3 *db, const char *sql, const char *types, ...);
/*
 * Prepare and run a statement that returns no rows. Returns false after an error, which is
 * logged.
 */
bool sql_do(sqlite3 *db, const char *sql, const char *types, ...);
/*
 * Step a statement; NULL is allowed. Returns true if it stands on a row; otherwise the statement
 * is finalized.
 */
bool sql_row(sqlite3 *db, sqlite3_stmt *stmt);
/* Run statements without parameters. Returns false and fills @why on error; nothing is logged. */
bool sql_run(sqlite3 *db, const char *sql, struct why *why);
/* Roll back the transaction. */
void sql_rollback(sqlite3 *db);

/*
 * Read and write numbers of the table "meta". sql_get_number() returns false if there is no such
 * number, and on error.
 */
bool sql_get_number(sqlite3 *db, const char *name, u64 *value);
bool sql_put_number(sqlite3 *db, const char *name, u64 value);

#endif
