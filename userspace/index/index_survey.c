// SPDX-License-Identifier: GPL-2.0-only
/* Surveys: what the index takes from the buckets, and what follows from it. See index.h. */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"

void index_begin_survey(struct index *x, bool objects)
{
	index_lock(x);
	index_load_stores(x);
	index_forget_found(x);
	index_run_alone(x, "DELETE FROM found; DELETE FROM gone; DELETE FROM looked;"
			   "DELETE FROM fresh; DELETE FROM sorted; DELETE FROM read");
	x->objects = objects;
	if (x->n_stores) {
		memset(x->listed, 0, x->n_stores * sizeof(*x->listed));
		memset(x->placed, 0, x->n_stores * sizeof(*x->placed));
	}
}

/* The number of the content that a cookie names. */
u64 index_content(struct index *x, u64 store, u32 kind, const u8 name[HASH_SIZE])
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

u32 index_cookie_kind(const struct cookie *c)
{
	return c->packed ? ENVELOPE_PACK : ENVELOPE_MANIFEST;
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
	index_run_alone(x, "INSERT INTO sorted SELECT * FROM fresh ORDER BY store, name, content;"
			   "DELETE FROM fresh");
	index_apply(x, "SELECT rowid, * FROM sorted WHERE rowid > ? ORDER BY rowid LIMIT ?",
		    "INSERT OR IGNORE INTO chunk VALUES(?, ?, ?, ?)");
	index_apply(x, "SELECT content, content FROM read WHERE content > ? ORDER BY content\n"
		       "LIMIT ?", "UPDATE content SET known = 1 WHERE id = ?");
	index_run_alone(x, "DELETE FROM sorted; DELETE FROM read");
}

/* Forget contents that nothing refers to. Manifests are read again if they come back. */
static void index_end_contents(struct index *x)
{
	index_do_alone(x, "INSERT INTO dead SELECT id FROM content n\n"
			  "WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.content = n.id)\n"
			  "AND NOT EXISTS (SELECT 1 FROM member m WHERE m.content = n.id)", "");
	/* If this is interrupted, one that comes back is not known by a part of its chunks. */
	index_apply(x, INDEX_DEAD,
		    "UPDATE content SET known = 0 WHERE id = ? AND kind = 2 AND known");
	/* A content that is gone leaves no chunks behind, whenever this is interrupted. */
	if (index_number(x, "SELECT 1 FROM dead d JOIN content n ON n.id = d.id\n"
			    "WHERE n.kind = 2 LIMIT 1"))
		index_do_alone(x, "INSERT INTO changed SELECT store, 1, name, content, 0\n"
				  "FROM chunk WHERE content IN (SELECT id FROM dead)", "");
	index_apply(x, "SELECT rowid, store, name, content FROM changed WHERE rowid > ?\n"
		       "ORDER BY rowid LIMIT ?",
		    "DELETE FROM chunk WHERE store = ? AND name = ? AND content = ?");
	index_run_alone(x, "DELETE FROM changed");
	index_delete_dead(x, "DELETE FROM content WHERE id = ?");
	index_end(x);
}

/* Work out since when objects are garbage. One that was written again has a new life. */
static void index_end_objects(struct index *x)
{
	size_t i;

	for (i = 0; x->objects && i < x->n_stores; i++)
		if (!x->listed[i])
			index_do_alone(x, "INSERT INTO changed SELECT store, kind, name, 0, 0\n"
					  "FROM object WHERE store = ?", "i", (u64)i + 1);
	index_end(x);
	index_apply(x, "SELECT rowid, store, kind, name FROM changed WHERE rowid > ?\n"
		       "ORDER BY rowid LIMIT ?",
		    "DELETE FROM object WHERE store = ? AND kind = ? AND name = ?");
	index_run_alone(x, "DELETE FROM changed");
	/* Without the lists, it is as it was. */
	index_do_alone(x, "INSERT INTO changed SELECT store, kind, name, 0, now FROM\n"
			  "(SELECT r.store, r.kind, r.name, r.since, iif(" INDEX_REFERRED ", 0,\n"
			  "coalesce((SELECT c.since FROM condemned c WHERE ?1 AND c.store = r.store\n"
			  "AND c.kind = r.kind AND c.name = r.name AND NOT c.kept\n"
			  "AND r.modified <= c.since), iif(?1 OR r.since < r.modified, 1, r.since)))\n"
			  "AS now FROM object r) WHERE since != now", "i", (u64)x->lists);
	index_apply(x, "SELECT rowid, since, store, kind, name FROM changed WHERE rowid > ?\n"
		       "ORDER BY rowid LIMIT ?",
		    "UPDATE object SET since = ? WHERE store = ? AND kind = ? AND name = ?");
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
