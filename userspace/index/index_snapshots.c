// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots in the index, and what they need. See index.h. */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"
#include "mem.h"

/* The number of a snapshot that is later than all. */
#define ENDLESS		"0x7fffffffffffffff"

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
	u64 content = index_content(x, index_store(x, c->store), index_cookie_kind(c), c->name), id;

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
	sqlite3_stmt *stmt;
	u64 id;

	index_end(x);
	stmt = index_query(x, "SELECT id FROM member WHERE line = ? AND first < ?\n"
			      "AND last = " ENDLESS, "ii", x->line, x->snapshot);
	while (index_row(x, stmt)) {
		id = (u64)sqlite3_column_int64(stmt, 0);
		if (id / 8 >= x->n_needed || !(x->needed[id / 8] >> id % 8 & 1))
			index_do_alone(x, "INSERT INTO changed(content, since) VALUES(?, ?)", "ii",
				       id, x->snapshot - 1);
	}
	index_end(x);
	index_apply(x, "SELECT rowid, since, content FROM changed WHERE rowid > ? ORDER BY rowid\n"
		       "LIMIT ?", "UPDATE member SET last = ? WHERE id = ?");
	index_run_alone(x, "DELETE FROM changed");
	index_do(x, "UPDATE snapshot SET state = " SNAPSHOT_WHOLE " WHERE id = ?", "i",
		 x->snapshot);
	free(x->needed);
	x->needed = NULL;
	x->n_needed = 0;
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
					      "WHERE state = " SNAPSHOT_WHOLE " ORDER BY name", ""),
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
	index_do(x, "UPDATE snapshot SET state = " SNAPSHOT_GONE ", name = NULL, share = NULL\n"
		    "WHERE store = ? AND name = ?", "in", index_store(x, store), name);
}

/* Forget what only snapshots need that are gone. */
void index_end_members(struct index *x)
{
	if (!index_number(x, "SELECT 1 FROM snapshot WHERE state = " SNAPSHOT_GONE))
		return;
	index_do_alone(x, "INSERT INTO dead SELECT m.id FROM member m WHERE NOT EXISTS (SELECT 1\n"
			  "FROM snapshot s WHERE s.line = m.line AND s.state != " SNAPSHOT_GONE "\n"
			  "AND s.id BETWEEN m.first AND m.last)", "");
	index_delete_dead(x, "DELETE FROM member WHERE id = ?");
	index_run(x, "DELETE FROM snapshot WHERE state = " SNAPSHOT_GONE);
	index_end(x);
}
