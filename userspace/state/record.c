// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records in the state database. Numbers in the table "meta":
 *
 *   run		epoch of the present or last instance
 *   run-instance	its instance number
 *   run-found-clean	the instance before it ended cleanly
 *   run-clean		the instance ended cleanly itself
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "mem.h"
#include "record.h"
#include "sql.h"

/* Milliseconds. Transactions of the other connection are short; the kernel waits for 5 s. */
#define BUSY_MS	2000

struct records {
	sqlite3 *db;
	u64 run;
};

struct records *records_open(const char *dir, struct why *why)
{
	struct records *r = mem_new(sizeof(*r));
	char *file = mem_print("%s/state.db", dir);
	struct why reason;

	if (sqlite3_open_v2(file, &r->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		why_not(&reason, "%s", sqlite3_errmsg(r->db));
	} else if (sqlite3_busy_timeout(r->db, BUSY_MS) == SQLITE_OK &&
		   sql_run(r->db, "PRAGMA synchronous = FULL", &reason)) {
		/* A server that continues may send requests before records_begin(). */
		sql_get_number(r->db, "run", &r->run);
		goto out;
	}
	why_not(why, "%s: %s", file, reason.text);
	records_close(r);
	r = NULL;
out:
	free(file);
	return r;
}

void records_close(struct records *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r);
}

bool records_batch_begin(struct records *r)
{
	struct why why;

	if (sql_run(r->db, "BEGIN IMMEDIATE", &why))
		return true;
	log_error("state: %s", why.text);
	return false;
}

bool records_batch_end(struct records *r)
{
	struct why why;

	if (sql_run(r->db, "COMMIT", &why))
		return true;
	log_error("state: %s", why.text);
	sql_rollback(r->db);
	return false;
}

void records_batch_cancel(struct records *r)
{
	sql_rollback(r->db);
}

u64 records_begin(struct records *r, u64 instance, u64 known, bool *clean)
{
	u64 last = 0, found_clean = 0;

	if (!records_batch_begin(r))
		return 0;
	r->run = 0;
	sql_get_number(r->db, "run", &r->run);
	/* Count an instance that is not the last one. */
	if (!sql_get_number(r->db, "run-instance", &last) || last != instance) {
		if (known)
			log_warning("state: the server began with another database, whose records are missing here");
		/* No two instances may have the same epoch. */
		if (!known)
			r->run++;
		else if (known > r->run)
			r->run = known;
		sql_get_number(r->db, "run-clean", &found_clean);
		if (!sql_put_number(r->db, "run", r->run) ||
		    !sql_put_number(r->db, "run-instance", instance) ||
		    !sql_put_number(r->db, "run-found-clean", found_clean))
			goto err;
	}
	if (!sql_put_number(r->db, "run-clean", 0))
		goto err;
	found_clean = 0;
	sql_get_number(r->db, "run-found-clean", &found_clean);
	*clean = found_clean;
	return records_batch_end(r) ? r->run : 0;

err:
	records_batch_cancel(r);
	return 0;
}

bool records_end(struct records *r)
{
	return !r->run || sql_put_number(r->db, "run-clean", 1);
}

bool record_put(struct records *r, const struct record *record)
{
	return sql_do(r->db, "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", "ibbi",
		      (u64)record->type, record->key, (size_t)record->key_len, record->data,
		      (size_t)record->data_len, r->run);
}

bool record_remove(struct records *r, const struct record *record)
{
	return sql_do(r->db, "DELETE FROM record WHERE kind = ? AND key = ?", "ib",
		      (u64)record->type, record->key, (size_t)record->key_len);
}

bool record_forget(struct records *r, u32 type)
{
	return sql_do(r->db, "DELETE FROM record WHERE kind = ? AND run < ?", "ii", (u64)type,
		      r->run);
}

/* Copy the bytes of a column. Returns false if they do not fit. */
static bool column_bytes(sqlite3_stmt *stmt, int column, u8 *bytes, size_t room, u16 *len)
{
	const void *blob = sqlite3_column_blob(stmt, column);
	int n = sqlite3_column_bytes(stmt, column);

	if (n < 0 || (size_t)n > room)
		return false;
	if (n)
		memcpy(bytes, blob, (size_t)n);
	*len = (u16)n;
	return true;
}

int record_previous(struct records *r, bool (*fn)(const struct record *record, void *arg),
		    void *arg)
{
	struct record *record = mem_new(sizeof(*record));
	sqlite3_stmt *stmt;
	int rc = 0;

	stmt = sql_prepare(r->db, "SELECT kind, key, data FROM record WHERE run < ?", "i", r->run);
	while (sql_row(r->db, stmt)) {
		record->type = (u32)sqlite3_column_int64(stmt, 0);
		if (!column_bytes(stmt, 1, record->key, sizeof(record->key), &record->key_len) ||
		    !column_bytes(stmt, 2, record->data, sizeof(record->data),
				  &record->data_len)) {
			log_error("state: a record is damaged");
			continue;
		}
		if (fn(record, arg))
			continue;
		sqlite3_finalize(stmt);
		rc = -ECANCELED;
		break;
	}
	/* Only here the end of the list differs from an error. */
	if (!rc && sqlite3_errcode(r->db) != SQLITE_OK)
		rc = -EIO;
	free(record);
	return rc;
}
