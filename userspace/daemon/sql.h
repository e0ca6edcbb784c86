/* SPDX-License-Identifier: GPL-2.0-only */
/* SQLite with the errors logged. */
#ifndef _DITTOD_SQL_H
#define _DITTOD_SQL_H

#include <sqlite3.h>

#include "text.h"

/**
 * sql_prepare - a statement with its parameters
 * @db: the database
 * @sql: the statement
 * @types: of the parameters: 's' a string, 'i' a u64, 'b' bytes and their size_t
 *
 * Return: NULL after an error, which is logged.
 */
struct sqlite3_stmt *sql_prepare(struct sqlite3 *db, const char *sql, const char *types, ...);
/* The same and run it; it gives no rows. False after an error, which is logged. */
bool sql_do(sqlite3 *db, const char *sql, const char *types, ...);
/* Is there a row? The statement then stands on it, else it is ended. */
bool sql_row(sqlite3 *db, sqlite3_stmt *stmt);
/* Run statements without parameters; the error is said, not logged. */
bool sql_run(sqlite3 *db, const char *sql, struct why *why);
/* End a transaction without effect. */
void sql_rollback(sqlite3 *db);

/* Numbers of the table "meta"; false if there is none, or on error. */
bool sql_get_number(sqlite3 *db, const char *name, u64 *value);
bool sql_put_number(sqlite3 *db, const char *name, u64 value);

#endif
