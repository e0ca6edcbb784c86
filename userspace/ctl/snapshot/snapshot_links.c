// SPDX-License-Identifier: GPL-2.0-only
/* Files of a snapshot that may have several names. */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mem.h"
#include "snapshot_links.h"

/* Nothing of it has to survive. SQLite keeps two megabytes of it in memory. */
#define LINKS_SCHEMA \
	"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;\n" \
	"CREATE TABLE link (inode INTEGER, generation INTEGER, size INTEGER, cookie BLOB,\n" \
	"change INTEGER, path TEXT, made INTEGER, number INTEGER,\n" \
	"PRIMARY KEY (inode, generation, size, cookie)) WITHOUT ROWID"

#define LINKS_FIND \
	"SELECT path, made FROM link\n" \
	"WHERE inode = ? AND generation = ? AND size = ? AND cookie = ?"

#define LINKS_JOIN \
	"SELECT size, cookie, change FROM link\n" \
	"WHERE inode = ? AND generation = ? ORDER BY number LIMIT 1"

/**
 * struct snapshot_links - the files
 * @db: the database
 * @add: statement that adds one
 * @find: statement that finds one with the same content
 * @join: statement that finds the first of the inode
 * @n: number of files
 * @failed: one could not be added or looked for, and without a journal that may have damaged the
 *	database
 */
struct snapshot_links {
	sqlite3 *db;
	sqlite3_stmt *add;
	sqlite3_stmt *find;
	sqlite3_stmt *join;
	u64 n;
	bool failed;
};

static sqlite3_stmt *links_prepare(struct snapshot_links *l, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL);
	return stmt;
}

struct snapshot_links *snapshot_links_new(void)
{
	struct snapshot_links *l = mem_new(sizeof(*l));

	/* Without a name it is a temporary file. Statements that fail are NULL, and fail again. */
	if (!sqlite3_open("", &l->db))
		sqlite3_exec(l->db, LINKS_SCHEMA, NULL, NULL, NULL);
	l->add = links_prepare(l, "INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	l->find = links_prepare(l, LINKS_FIND);
	l->join = links_prepare(l, LINKS_JOIN);
	return l;
}

void snapshot_links_free(struct snapshot_links *l)
{
	if (!l)
		return;
	sqlite3_finalize(l->add);
	sqlite3_finalize(l->find);
	sqlite3_finalize(l->join);
	sqlite3_close(l->db);
	free(l);
}

/* Bind what the first parameters of a statement are compared with. */
static void links_bind(sqlite3_stmt *stmt, const struct snapshot_entry *e)
{
	sqlite3_reset(stmt);
	sqlite3_bind_int64(stmt, 1, (s64)e->inode);
	sqlite3_bind_int64(stmt, 2, e->generation);
	if (sqlite3_bind_parameter_count(stmt) < 4)
		return;
	sqlite3_bind_int64(stmt, 3, (s64)e->size);
	sqlite3_bind_blob(stmt, 4, e->cookie_len ? (const char *)e->cookie : "",
			  (int)e->cookie_len, SQLITE_TRANSIENT);
}

bool snapshot_links_add(struct snapshot_links *l, const struct snapshot_entry *e, u64 made)
{
	if (l->failed)
		return false;
	links_bind(l->add, e);
	sqlite3_bind_int64(l->add, 5, (s64)e->change);
	sqlite3_bind_text(l->add, 6, e->path, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(l->add, 7, (s64)made);
	sqlite3_bind_int64(l->add, 8, (s64)l->n++);
	l->failed = sqlite3_step(l->add) != SQLITE_DONE;
	return !l->failed;
}

bool snapshot_links_failed(const struct snapshot_links *l)
{
	return l->failed;
}

/* Returns false if there is no row. To look for one may need the room of others in memory. */
static bool links_step(struct snapshot_links *l, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	l->failed = rc != SQLITE_ROW && rc != SQLITE_DONE;
	return rc == SQLITE_ROW;
}

bool snapshot_links_find(struct snapshot_links *l, const struct snapshot_entry *e,
			 const char **path, u64 *made)
{
	if (l->failed)
		return false;
	links_bind(l->find, e);
	if (!links_step(l, l->find))
		return false;
	*path = (const char *)sqlite3_column_text(l->find, 0);
	*made = (u64)sqlite3_column_int64(l->find, 1);
	return true;
}

bool snapshot_links_join(struct snapshot_links *l, struct snapshot_entry *e)
{
	size_t len;
	u8 *cookie;

	if (l->failed)
		return false;
	links_bind(l->join, e);
	if (!links_step(l, l->join))
		return false;
	e->size = (u64)sqlite3_column_int64(l->join, 0);
	e->change = (u64)sqlite3_column_int64(l->join, 2);
	len = (size_t)sqlite3_column_bytes(l->join, 1);
	cookie = mem_new(len + 1);
	if (len)
		memcpy(cookie, sqlite3_column_blob(l->join, 1), len);
	free((void *)e->cookie);
	e->cookie = cookie;
	e->cookie_len = (u32)len;
	return true;
}
