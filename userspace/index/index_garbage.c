// SPDX-License-Identifier: GPL-2.0-only
/* Garbage in the index: the lists that condemn it, and deletions. See index.h. */

#include <sqlite3.h>

#include "index_private.h"

/* Deletions that are remembered. */
#define HISTORY_MAX	"100000"
/* A list of garbage that is damaged, in the column that is 1 for one that keeps objects. */
#define LIST_DAMAGED	2
/* Its time is from the store, whose clock may be so many seconds behind times in the lists. */
#define CLOCK_DIFFERENCE	"86400"

/* What the lists say is in temporary tables: nobody waits while they are read from the stores. */
void index_forget_lists(struct index *x)
{
	index_end(x);
	x->lists = false;
	index_run_alone(x, "DELETE FROM condemned; DELETE FROM list");
}

void index_add_list(struct index *x, const struct index_list *l)
{
	index_do_alone(x, "INSERT OR REPLACE INTO list VALUES(?, ?, ?, ?, 0)", "snii", l->store,
		       l->name, l->time, l->damaged ? (u64)LIST_DAMAGED : (u64)l->kept);
	index_pace(x);
}

void index_end_lists(struct index *x)
{
	index_do_alone(x, "DELETE FROM condemned WHERE EXISTS (SELECT 1 FROM list l JOIN store s\n"
			  "ON s.name = l.store WHERE l.kept = ? AND s.id = condemned.store\n"
			  "AND l.time + " CLOCK_DIFFERENCE " >= condemned.since)", "i",
		       (u64)LIST_DAMAGED);
	index_end(x);
	x->lists = true;
}

void index_add_condemned(struct index *x, const struct index_object *o, bool kept)
{
	index_do_alone(x, "INSERT INTO condemned VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET\n"
			  "since = excluded.since, kept = excluded.kept WHERE\n"
			  "(excluded.since, excluded.kept) > (since, kept)", "iinii",
		       index_store(x, o->store), (u64)o->kind, o->name, o->since, (u64)kept);
	index_pace(x);
}

void index_condemn(struct index *x, const struct index_object *o, bool kept)
{
	index_add_condemned(x, o, kept);
	index_do(x, "UPDATE object SET since = iif(modified <= ?, ?, 1) WHERE store = ? AND\n"
		    "kind = ? AND name = ? AND since", "iiiin", o->since, kept ? 1 : o->since,
		 index_store(x, o->store), (u64)o->kind, o->name);
	index_pace(x);
}

u64 index_condemned_number(struct index *x)
{
	return index_number(x, "SELECT count(*) FROM condemned");
}

void index_spend_lists(struct index *x, u64 now)
{
	index_end(x);
	/* A list is needed while an object counts on it, or an older one says the opposite. */
	index_run_alone(x, "UPDATE list SET needed = NOT kept AND (store, time) IN\n"
			   "(SELECT s.name, c.since FROM condemned c\n"
			   "CROSS JOIN object o ON o.store = c.store AND o.kind = c.kind\n"
			   "AND o.name = c.name AND o.modified <= c.since\n"
			   "JOIN store s ON s.id = c.store WHERE NOT c.kept);"
			   "UPDATE list SET needed = 1 WHERE kept AND EXISTS\n"
			   "(SELECT 1 FROM list l WHERE l.store = list.store AND NOT l.kept\n"
			   "AND l.time <= list.time +\n"
			   "iif(list.kept = 1, 0, " CLOCK_DIFFERENCE "))");
	index_run(x, "DELETE FROM spent WHERE (store, name) NOT IN\n"
		     "(SELECT store, name FROM list WHERE NOT needed)");
	index_do(x, "INSERT OR IGNORE INTO spent SELECT store, name, ? FROM list\n"
		    "WHERE NOT needed", "i", now);
}

void index_spent_lists(struct index *x, u64 before,
		       void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_do_alone(x, "INSERT INTO work SELECT NULL, store, ?, name, 0, 0, since\n"
			  "FROM spent WHERE since <= ?", "ii", (u64)ENVELOPE_GARBAGE, before);
	index_objects(x, use, arg);
}

void index_garbage(struct index *x, u64 before,
		   void (*use)(void *arg, const struct index_object *o), void *arg)
{
	index_do_alone(x, "INSERT INTO work SELECT NULL, s.name, o.kind, o.name, o.size,\n"
			  "o.modified, o.since FROM object o JOIN store s ON s.id = o.store\n"
			  "WHERE o.kind IN (1, 2, 3) AND o.since > 1 AND o.since > 0\n"
			  "AND o.since <= ? ORDER BY o.kind = 1, o.kind, o.store, o.name", "i",
		       before);
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
			  "iif(?2, " INDEX_REFERRED ", NOT EXISTS (SELECT 1 FROM deletion d\n"
			  "WHERE d.store = t.name AND d.kind = r.kind AND d.name = r.name AND\n"
			  "d.since = r.since AND d.time))", "si", store, (u64)referred);
	index_objects(x, use, arg);
}

void index_begin_deletion(struct index *x, const struct index_object *o, u64 run)
{
	index_do(x, "INSERT INTO deletion(time, run, store, kind, name, size, since)\n"
		    "VALUES(0, ?, ?, ?, ?, ?, ?)", "isinii", run, o->store, (u64)o->kind, o->name,
		 o->size, o->since);
}

void index_stop_deletion(struct index *x, const struct index_object *o)
{
	index_do(x, "DELETE FROM deletion WHERE store = ? AND kind = ? AND name = ? AND NOT time",
		 "sin", o->store, (u64)o->kind, o->name);
}

void index_settle_deletions(struct index *x)
{
	size_t i;

	for (i = 0; i < x->n_stores; i++) {
		if (!x->listed[i])
			continue;
		index_do(x, "DELETE FROM deletion WHERE NOT time AND store = ? AND EXISTS\n"
			    "(SELECT 1 FROM object o WHERE o.store = ? AND o.kind = deletion.kind\n"
			    "AND o.name = deletion.name)", "si", x->stores[i], (u64)i + 1);
		index_do(x, "UPDATE deletion SET time = run WHERE NOT time AND store = ?", "s",
			 x->stores[i]);
	}
}

void index_add_deletion(struct index *x, const struct index_object *o, u64 time, u64 run)
{
	/* The row of its beginning keeps its number: what is remembered is counted by it. */
	index_do(x, "UPDATE deletion SET time = ? WHERE run = ? AND store = ? AND kind = ?\n"
		    "AND name = ?", "iisin", time, run, o->store, (u64)o->kind, o->name);
	if (!sqlite3_changes(x->db))
		index_do(x, "INSERT INTO deletion(time, run, store, kind, name, size, since)\n"
			    "VALUES(?, ?, ?, ?, ?, ?, ?)", "iisinii", time, run, o->store,
			 (u64)o->kind, o->name, o->size, o->since);
	index_stop_deletion(x, o);
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
