// SPDX-License-Identifier: GPL-2.0-only
/* File systems and their files in the index. See index.h. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"
#include "mem.h"

/**
 * struct index_found - a file of the directory that is being looked at
 * @name: its name there
 * @inode: inode number
 * @size: bytes
 * @mtime: when its content was changed
 * @store: number of its store
 * @known: the index has all this
 * @cookie: names its content
 */
struct index_found {
	char *name;
	u64 inode;
	u64 size;
	s64 mtime;
	u64 store;
	bool known;
	struct cookie cookie;
};

void index_add_filesystem(struct index *x, const struct filesystem *fs)
{
	index_do(x, "INSERT OR REPLACE INTO filesystem VALUES(?, ?, ?)", "fss", fs->id, fs->type,
		 fs->path);
}

/* Columns: id, type, path. */
static void index_filesystem_read(sqlite3_stmt *stmt, struct filesystem *fs)
{
	memset(fs, 0, sizeof(*fs));
	if (sqlite3_column_bytes(stmt, 0) == sizeof(fs->id))
		memcpy(fs->id, sqlite3_column_blob(stmt, 0), sizeof(fs->id));
	snprintf(fs->type, sizeof(fs->type), "%s", (const char *)sqlite3_column_text(stmt, 1));
	snprintf(fs->path, sizeof(fs->path), "%s", (const char *)sqlite3_column_text(stmt, 2));
}

void index_filesystems(struct index *x, void (*use)(void *arg, const struct filesystem *fs),
		       void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id, type, path FROM filesystem", "");
	struct filesystem *all = NULL;
	size_t i, n = 0;

	/* What @use does may take hours, and no rows can be thrown away while some are read. */
	while (index_row(x, stmt)) {
		all = mem_grow(all, n, sizeof(*all));
		index_filesystem_read(stmt, &all[n++]);
	}
	for (i = 0; i < n; i++)
		use(arg, &all[i]);
	free(all);
}

bool index_knows_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	return index_value(x, index_query(x, "SELECT 1 FROM filesystem WHERE id = ?", "f", id));
}

/* Delete the files in the table of those that are gone. */
static void index_delete_gone(struct index *x)
{
	index_apply(x, "SELECT rowid, dir, name FROM gone WHERE rowid > ? ORDER BY rowid LIMIT ?",
		    "DELETE FROM file WHERE dir = ? AND name = ?");
	index_run_alone(x, "DELETE FROM gone");
}

bool index_forget_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE])
{
	bool known = index_lock(x) && index_knows_filesystem(x, id);

	index_do_alone(x, "INSERT OR IGNORE INTO gone SELECT f.dir, f.name FROM dir d\n"
			  "JOIN file f ON f.dir = d.id WHERE d.fs = ?", "f", id);
	index_delete_gone(x);
	index_do(x, "DELETE FROM dir WHERE fs = ?", "f", id);
	index_do(x, "DELETE FROM place WHERE fs = ?", "f", id);
	index_do(x, "DELETE FROM filesystem WHERE id = ?", "f", id);
	return known;
}

/* Forget the files of the directory that is being looked at. */
void index_forget_found(struct index *x)
{
	while (x->n_found)
		free(x->found[--x->n_found].name);
	free(x->found);
	free(x->dir);
	free(x->shown);
	x->found = NULL;
	x->dir = NULL;
	x->shown = NULL;
}

/* The number of a directory. */
static u64 index_directory(struct index *x, const u8 fs[FILESYSTEM_ID_SIZE], const char *path,
			   const char *shown)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT id, shown = ? FROM dir WHERE fs = ?\n"
					    "AND path = ?", "pfp", shown, fs, path);
	bool same = false;
	u64 id = 0;

	while (index_row(x, stmt)) {
		id = (u64)sqlite3_column_int64(stmt, 0);
		same = sqlite3_column_int(stmt, 1);
	}
	if (id && !same)
		index_do(x, "UPDATE dir SET shown = ? WHERE id = ?", "pi", shown, id);
	if (id)
		return id;
	index_do(x, "INSERT INTO dir(fs, path, shown) VALUES(?, ?, ?)", "fpp", fs, path, shown);
	return (u64)sqlite3_last_insert_rowid(x->db);
}

static int found_compare(const void *a, const void *b)
{
	return strcmp(((const struct index_found *)a)->name, ((const struct index_found *)b)->name);
}

/* Columns: name, inode, size, mtime, place, room, store, kind, name of the content. */
static bool found_is_known(const struct index_found *f, sqlite3_stmt *row)
{
	const struct cookie *c = &f->cookie;

	return f->inode == (u64)sqlite3_column_int64(row, 1) &&
	       f->size == (u64)sqlite3_column_int64(row, 2) &&
	       f->mtime == sqlite3_column_int64(row, 3) &&
	       c->offset == (u64)sqlite3_column_int64(row, 4) &&
	       c->room == (u64)sqlite3_column_int64(row, 5) &&
	       f->store == (u64)sqlite3_column_int64(row, 6) &&
	       index_cookie_kind(c) == (u32)sqlite3_column_int64(row, 7) &&
	       sqlite3_column_bytes(row, 8) == HASH_SIZE &&
	       !memcmp(c->name, sqlite3_column_blob(row, 8), HASH_SIZE);
}

static void index_note_found(struct index *x, u64 dir, const struct index_found *f)
{
	const struct cookie *c = &f->cookie;

	index_do_alone(x, "INSERT OR REPLACE INTO found VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		       "ipiiiiii", dir, f->name, f->inode, f->size,
		       index_content(x, f->store, index_cookie_kind(c), c->name), (u64)c->offset,
		       (u64)c->room, (u64)f->mtime);
}

/* How a name compares with the name of a row. */
static int name_compare(const char *name, sqlite3_stmt *row)
{
	size_t len = strlen(name), other = (size_t)sqlite3_column_bytes(row, 0);
	int rc = memcmp(name, sqlite3_column_blob(row, 0), len < other ? len : other);

	return rc ?: (len > other) - (len < other);
}

/*
 * All files of the directory were added: note those that differ from what was known. The table of
 * files stays as it is until the file system was looked at, because files may have been moved.
 */
static void index_end_directory(struct index *x)
{
	struct index_found *f = x->found, *end = f + x->n_found;
	sqlite3_stmt *stmt;
	bool again;
	u64 dir;

	if (!x->dir)
		return;
	qsort(x->found, x->n_found, sizeof(*x->found), found_compare);
	dir = index_directory(x, x->fs, x->dir, x->shown);
	again = index_value(x, index_query(x, "SELECT 1 FROM looked WHERE dir = ?", "i", dir));
	index_do_alone(x, "INSERT OR IGNORE INTO looked VALUES(?)", "i", dir);
	stmt = index_query(x, "SELECT f.name, f.inode, f.size, f.mtime, f.place, f.room, n.store,\n"
			      "n.kind, n.name FROM file f LEFT JOIN content n ON n.id = f.content\n"
			      "WHERE f.dir = ? ORDER BY f.name", "i", dir);
	while (index_row(x, stmt)) {
		while (f < end && name_compare(f->name, stmt) < 0)
			f++;
		if (f == end || name_compare(f->name, stmt)) {
			index_do_alone(x, "INSERT OR IGNORE INTO gone VALUES(?, CAST(? AS BLOB))",
				       "is", dir, (const char *)sqlite3_column_text(stmt, 0));
			continue;
		}
		f->known = found_is_known(f, stmt);
		f++;
	}
	for (f = x->found; f < end; f++) {
		if (!f->known)
			index_note_found(x, dir, f);
		index_pace(x);
	}
	/* Nothing is gone that was found when the directory was looked at before. */
	if (again)
		index_do_alone(x, "DELETE FROM gone WHERE dir = ?", "i", dir);
	index_forget_found(x);
	index_pace(x);
}

void index_add_file(struct index *x, const struct index_file *file, const struct offload_record *r)
{
	const char *name = strrchr(file->path, '/'), *shown = strrchr(file->shown, '/');
	struct index_found *f;

	name = name ? name + 1 : file->path;
	shown = shown ? shown + 1 : file->shown;
	if (!x->dir || memcmp(x->fs, file->fs, sizeof(x->fs)) ||
	    strlen(x->dir) != (size_t)(name - file->path) ||
	    strncmp(x->dir, file->path, strlen(x->dir))) {
		index_end_directory(x);
		memcpy(x->fs, file->fs, sizeof(x->fs));
		x->dir = mem_print("%.*s", (int)(name - file->path), file->path);
		x->shown = mem_print("%.*s", (int)(shown - file->shown), file->shown);
	}
	x->found = mem_grow(x->found, x->n_found, sizeof(*x->found));
	f = &x->found[x->n_found++];
	f->name = mem_string(name);
	f->known = false;
	f->inode = file->inode;
	f->size = file->size;
	f->mtime = file->mtime;
	f->store = index_store(x, r->cookie.store);
	f->cookie = r->cookie;
	/* There is none after an error. */
	if (f->store)
		x->placed[f->store - 1] = true;
}

bool index_knows_file(struct index *x, const struct index_file *file, bool *unchanged)
{
	/* If the time is not known, it may be the same. */
	sqlite3_stmt *stmt = index_query(x, "SELECT max(1 + ifnull(f.mtime = ?, 1)) FROM file f\n"
					    "JOIN dir d ON d.id = f.dir WHERE f.inode = ?\n"
					    "AND f.size = ? AND d.fs = ?", "iiif",
					 (u64)file->mtime, file->inode, file->size, file->fs);
	u64 known = index_value(x, stmt);

	*unchanged = known > 1;
	return known;
}

/*
 * They go to a directory of their own: the old path may be another file's by now, and several
 * subvolumes may have the inode.
 */
void index_keep_file(struct index *x, const struct index_file *file)
{
	u64 dir = index_directory(x, file->fs, "", "");
	sqlite3_stmt *stmt;

	index_do_alone(x, "INSERT OR REPLACE INTO found SELECT ?,\n"
			  "CAST(? || x'00' || f.content || ' ' || f.place AS BLOB), f.inode,\n"
			  "f.size, f.content, f.place, f.room, f.mtime FROM file f JOIN dir d\n"
			  "ON d.id = f.dir WHERE f.inode = ? AND f.size = ? AND d.fs = ?", "ipiif",
		       dir, file->shown, file->inode, file->size, file->fs);
	stmt = index_query(x, "SELECT DISTINCT n.store FROM file f JOIN dir d ON d.id = f.dir\n"
			      "JOIN content n ON n.id = f.content\n"
			      "WHERE f.inode = ? AND f.size = ? AND d.fs = ?", "iif", file->inode,
			   file->size, file->fs);
	while (index_row(x, stmt))
		x->placed[sqlite3_column_int64(stmt, 0) - 1] = true;
}

/* Note the files of the table of those that were found, and where they are. */
static void index_take_found(struct index *x)
{
	index_apply(x, "SELECT rowid, * FROM found WHERE rowid > ? ORDER BY rowid LIMIT ?",
		    "INSERT OR REPLACE INTO file VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
	index_run_alone(x, "DELETE FROM found");
}

void index_end_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE], bool whole)
{
	size_t i;

	index_end_directory(x);
	index_end(x);
	if (whole)
		/* Lost files have no directory that was looked at. */
		index_do_alone(x, "INSERT OR IGNORE INTO gone SELECT f.dir, f.name FROM dir d\n"
				  "JOIN file f ON f.dir = d.id WHERE d.fs = ? AND NOT EXISTS\n"
				  "(SELECT 1 FROM looked l WHERE l.dir = d.id) AND NOT EXISTS\n"
				  "(SELECT 1 FROM found n WHERE n.dir = f.dir AND n.name = f.name)",
			       "f", id);
	for (i = 0; i < x->n_stores; i++) {
		if (x->placed[i])
			index_do(x, "INSERT OR IGNORE INTO place VALUES(?, ?)", "fi", id,
				 (u64)i + 1);
		else if (whole)
			index_do(x, "DELETE FROM place WHERE fs = ? AND store = ?", "fi", id,
				 (u64)i + 1);
	}
	if (x->n_stores)
		memset(x->placed, 0, x->n_stores * sizeof(*x->placed));
	/* First what is new: a file that was moved must not be missing in between. */
	index_take_found(x);
	if (whole)
		index_delete_gone(x);
	index_run_alone(x, "DELETE FROM gone; DELETE FROM looked");
	index_end(x);
	index_do_alone(x, "INSERT INTO dead SELECT id FROM dir WHERE fs = ? AND NOT EXISTS\n"
			  "(SELECT 1 FROM file f WHERE f.dir = dir.id)", "f", id);
	index_delete_dead(x, "DELETE FROM dir WHERE id = ?");
}

void index_places(struct index *x,
		  void (*use)(void *arg, const char *store, const struct filesystem *fs),
		  void *arg)
{
	sqlite3_stmt *stmt = index_query(x, "SELECT f.id, f.type, f.path, s.name\n"
					    "FROM filesystem f JOIN place p ON p.fs = f.id\n"
					    "JOIN store s ON s.id = p.store", "");
	struct filesystem fs;

	while (index_row(x, stmt)) {
		index_filesystem_read(stmt, &fs);
		use(arg, (const char *)sqlite3_column_text(stmt, 3), &fs);
	}
}
