/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the index: index.c, and those whose names begin with index_. */
#ifndef _DITTO_OFFLOAD_INDEX_PRIVATE_H
#define _DITTO_OFFLOAD_INDEX_PRIVATE_H

#include <sqlite3.h>

#include "index.h"

/* Statements that are kept for the next use. */
#define INDEX_STATEMENTS	64
/* A snapshot is known as a whole, only by its name, or is gone. */
#define SNAPSHOT_WHOLE		"1"
#define SNAPSHOT_GONE		"2"

/* Whether files refer to the object of a row of the table r. */
#define INDEX_REFERRED \
	"CASE r.kind WHEN 1 THEN EXISTS (SELECT 1 FROM chunk h WHERE h.store = r.store\n" \
	"AND h.name = r.name)\n" \
	"WHEN 4 THEN EXISTS (SELECT 1 FROM snapshot s WHERE s.store = r.store\n" \
	"AND s.name = r.name AND s.state != " SNAPSHOT_GONE ")\n" \
	"ELSE EXISTS (SELECT 1 FROM content n WHERE n.store = r.store\n" \
	"AND n.kind = r.kind AND n.name = r.name) END"

/* The numbers of what is dead, for index_apply(). */
#define INDEX_DEAD	"SELECT id, id FROM dead WHERE id > ? ORDER BY id LIMIT ?"

struct index_found;

/**
 * struct index_statement - a statement that is kept
 * @sql: its text
 * @stmt: the statement
 */
struct index_statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

/**
 * struct index - the index
 * @db: the database
 * @error: the first error, or NULL
 * @lock: descriptor of the lock of those who write, or -1
 * @locked: this one writes
 * @writes: the transaction may write tables that others have
 * @lists: the lists of garbage were read
 * @changes: number of changes when it began
 * @began: when it began, in ms
 * @statements: statements that are kept
 * @stores: names of stores, by number less one
 * @n_stores: number of them
 * @listed: stores whose objects were listed, the same
 * @placed: stores that have files of the file system that is being looked at, the same
 * @objects: objects were listed in this survey
 * @fs: file system of @dir
 * @dir: directory that is being looked at, with a slash at the end, or NULL
 * @shown: the same for people
 * @found: its files
 * @n_found: number of them
 * @snapshot: number of the snapshot that is being added
 * @line: number of the first known snapshot of its share
 * @needed: bits for the members that it needs, by number
 * @n_needed: bytes of them
 */
struct index {
	sqlite3 *db;
	char *error;
	int lock;
	bool locked;
	bool writes;
	bool lists;
	u32 changes;
	u64 began;
	struct index_statement statements[INDEX_STATEMENTS];
	char **stores;
	size_t n_stores;
	bool *listed;
	bool *placed;
	bool objects;
	u8 fs[FILESYSTEM_ID_SIZE];
	char *dir;
	char *shown;
	struct index_found *found;
	size_t n_found;
	u64 snapshot;
	u64 line;
	u8 *needed;
	size_t n_needed;
};

/* index.c */
void index_end(struct index *x);
bool index_transact(struct index *x);
void index_pace(struct index *x);
void index_run(struct index *x, const char *sql);
void index_run_alone(struct index *x, const char *sql);
sqlite3_stmt *index_query(struct index *x, const char *sql, const char *types, ...);
bool index_row(struct index *x, sqlite3_stmt *stmt);
void index_do_alone(struct index *x, const char *sql, const char *types, ...);
void index_do(struct index *x, const char *sql, const char *types, ...);
u64 index_value(struct index *x, sqlite3_stmt *stmt);
u64 index_number(struct index *x, const char *sql);
void index_apply(struct index *x, const char *rows, const char *sql);
void index_delete_dead(struct index *x, const char *sql);
void index_load_stores(struct index *x);
u64 index_store(struct index *x, const char *name);

/* index_files.c */
void index_forget_found(struct index *x);

/* index_snapshots.c */
void index_end_members(struct index *x);

/* index_survey.c */
u64 index_content(struct index *x, u64 store, u32 kind, const u8 name[HASH_SIZE]);
u32 index_cookie_kind(const struct cookie *c);

/* index_objects.c */
void index_object_read(sqlite3_stmt *stmt, struct index_object *o);
void index_objects(struct index *x, void (*use)(void *arg, const struct index_object *o),
		   void *arg);

#endif
