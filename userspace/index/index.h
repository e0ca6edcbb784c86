/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of offloaded data: which files and snapshots refer to which objects, and which objects
 * are condemned. The truth are the records of the files and the bucket; the index can be rebuilt
 * from them at any time, and loses nothing but the history of deletions.
 */
#ifndef _DITTO_OFFLOAD_INDEX_H
#define _DITTO_OFFLOAD_INDEX_H

#include "object/envelope.h"
#include "object/filesystem.h"
#include "object/manifest.h"
#include "object/record.h"

#define INDEX_FOLDER	"/var/lib/ditto"
#define INDEX_PATH	INDEX_FOLDER "/offload.db"

struct index;

/**
 * struct index_object - an object of a bucket
 * @store: name of the store
 * @kind: enum envelope_kind
 * @name: name of the content
 * @size: bytes of the object
 * @modified: when it was written, seconds since 1970 by the store's clock
 * @since: time of the list of garbage that names it, seconds since 1970; 1 if it is garbage that
 *	none names, 0 if files refer to it
 */
struct index_object {
	const char *store;
	u32 kind;
	u8 name[HASH_SIZE];
	u64 size;
	u64 modified;
	u64 since;
};

/* index.c */

/**
 * index_open - open the index, or create it
 * @path: its path
 * @fresh: forget what it knows, but for lost files, also if it is damaged
 * @why: filled on errors
 *
 * The first change, or index_begin_survey(), keeps others from changing it until index_commit(), by
 * a lock of the file @path-lock. They wait for a minute, and then fail. A survey ends many
 * transactions, so what it has found so far stays if it is interrupted; the next one begins with
 * that.
 *
 * Return: the index or NULL.
 */
struct index *index_open(const char *path, bool fresh, struct why *why);
/* Make all changes so far durable, and begin others. Returns false and fills @why on errors. */
bool index_commit(struct index *x, struct why *why);
/*
 * Free. Changes since index_commit() are forgotten unless their transaction has ended, as it does
 * after many changes. NULL is allowed.
 */
void index_close(struct index *x);
/* The first error since index_open() in words, or NULL. Functions do nothing after an error. */
const char *index_error(const struct index *x);

/* index_files.c */

/**
 * struct index_file - a file
 * @fs: id of its file system
 * @path: its path below the root of the file system, which begins with a slash
 * @shown: its path for people
 * @inode: inode number, which files of several subvolumes may have
 * @size: bytes
 * @mtime: when its content was changed, ns since 1970
 */
struct index_file {
	const u8 *fs;
	const char *path;
	const char *shown;
	u64 inode;
	u64 size;
	s64 mtime;
};

/* Add a file system with files, or with a registration. */
void index_add_filesystem(struct index *x, const struct filesystem *fs);
/* Call @use for all file systems. */
void index_filesystems(struct index *x, void (*use)(void *arg, const struct filesystem *fs),
		       void *arg);
bool index_knows_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE]);
/* Forget a file system and its files. Returns false if it was not known. */
bool index_forget_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE]);
/*
 * Add a file of the file system that is being looked at. The files of a directory come one after
 * the other.
 */
void index_add_file(struct index *x, const struct index_file *file, const struct offload_record *r);
/*
 * Whether an earlier survey has found a file with this inode number and size. @unchanged: and its
 * content was not changed since, as far as is known.
 */
bool index_knows_file(struct index *x, const struct index_file *file, bool *unchanged);
/* Add all that an earlier survey has found with this inode number and size. */
void index_keep_file(struct index *x, const struct index_file *file);
/* All of a file system was looked at: files that were not added are gone, but only if @whole. */
void index_end_filesystem(struct index *x, const u8 id[FILESYSTEM_ID_SIZE], bool whole);
/* Call @use for all file systems with files, once for each store. */
void index_places(struct index *x,
		  void (*use)(void *arg, const char *store, const struct filesystem *fs),
		  void *arg);

/* index_snapshots.c */

/* Begin to add a snapshot of a share, which must not be known. It is partial until the end. */
void index_begin_snapshot(struct index *x, const char *store, const u8 name[HASH_SIZE],
			  const char *share);
/* Add the content of an entry of the snapshot, or its tree. */
void index_add_entry(struct index *x, const struct offload_record *r);
/* All of the snapshot was added. */
void index_end_snapshot(struct index *x);
/* Call @use for all snapshots that are known as a whole. */
void index_snapshots(struct index *x,
		     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
		     void *arg);
/* Call @use for all others, of which not all could be read. */
void index_partial_snapshots(struct index *x,
			     void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
			     void *arg);
/* Forget a snapshot and what only it needs. */
void index_forget_snapshot(struct index *x, const char *store, const u8 name[HASH_SIZE]);

/* index_survey.c */

/**
 * struct index_range - a part of a list of a store
 * @store: name of the store
 * @kind: enum envelope_kind
 * @first: the first name that may be in it
 * @last: the last one
 */
struct index_range {
	const char *store;
	u32 kind;
	u8 first[HASH_SIZE];
	u8 last[HASH_SIZE];
};

/* Begin to look at all file systems and, if @objects, the lists of all stores. */
void index_begin_survey(struct index *x, bool objects);
/* The list has these objects in a range, which are sorted here, and no others. */
void index_set_objects(struct index *x, const struct index_range *r, struct index_object *objects,
		       size_t n);
/* Add the content of a manifest. */
void index_add_manifest(struct index *x, const char *store, const u8 name[HASH_SIZE],
			const struct manifest *m);
/* Work out which objects are garbage. */
void index_end_survey(struct index *x);

/* index_objects.c */

/**
 * struct index_store - the objects of a store
 * @name: its name
 * @objects: number of them
 * @due: how many were condemned before a time
 * @files: manifests and packs, which stand for files
 */
struct index_store {
	const char *name;
	u64 objects;
	u64 due;
	u64 files;
};

/**
 * struct index_counts - how much the index knows
 * @files: offloaded files
 * @bytes: bytes of their content
 * @objects: objects in the buckets
 * @stored: bytes of them
 * @garbage: objects without a file
 * @garbage_bytes: bytes of them
 * @packed: bytes of packs with files
 * @packed_used: bytes of them that belong to files
 * @missing: objects that files refer to, and that are not in the buckets
 */
struct index_counts {
	u64 files;
	u64 bytes;
	u64 objects;
	u64 stored;
	u64 garbage;
	u64 garbage_bytes;
	u64 packed;
	u64 packed_used;
	u64 missing;
};

/* Call @use for the manifests of files whose content is not known. */
void index_unknown_manifests(struct index *x,
			     void (*use)(void *arg, const struct index_object *o), void *arg);
/* Call @use for all stores with objects; @before: the time for @due. */
void index_stores_with_objects(struct index *x, u64 before,
			       void (*use)(void *arg, const struct index_store *s), void *arg);
/*
 * Call @use for all objects that files refer to and whose names begin with a number of 64 bits from
 * @first to @last. @length: bytes of a chunk's content.
 */
void index_referred_between(struct index *x, u64 first, u64 last,
			    void (*use)(void *arg, const struct index_object *o, bool present,
					u64 length),
			    void *arg);
/* The same for all of them. */
void index_referred(struct index *x,
		    void (*use)(void *arg, const struct index_object *o, bool present, u64 length),
		    void *arg);
/* Return whether something referred to an object at the end of the survey. */
bool index_is_referred(struct index *x, const struct index_object *o);
/* Call @use for the files that refer to an object, and the names of snapshots that do. */
void index_files_of(struct index *x, const struct index_object *o,
		    void (*use)(void *arg, const char *path), void *arg);
/*
 * Call @use for the files of packs that could be less than @percent of their size without what
 * belongs to no file, by store. Packs that snapshots need are left out. @name: name of the pack.
 */
void index_sparse_files(struct index *x, unsigned int percent,
			void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE],
				    const char *path), void *arg);
/* Count files, objects and garbage. */
void index_count(struct index *x, struct index_counts *c);
/* Count all, which takes a while. */
void index_count_all(struct index *x, struct index_counts *c);

/* index_garbage.c */

/**
 * struct index_list - a list of garbage
 * @store: its store
 * @name: name of its content
 * @time: when it was written
 * @kept: its objects stay
 * @damaged: it cannot be used, so any object that was condemned before may have to stay
 */
struct index_list {
	const char *store;
	const u8 *name;
	u64 time;
	bool kept;
	bool damaged;
};

/**
 * struct index_deletion - a deletion
 * @object: the object
 * @time: when it was deleted, seconds since 1970; 0 if the run has not said what became of it
 * @run: when the run of gc began
 */
struct index_deletion {
	struct index_object object;
	u64 time;
	u64 run;
};

/*
 * Keep others from writing until index_commit(), while transactions end in between: what one has
 * found must not be changed before it was used. Readers do not wait. Returns false on an error.
 */
bool index_lock(struct index *x);
/* The lists of garbage are going to be added anew. What they say is only for this user. */
void index_forget_lists(struct index *x);
void index_add_list(struct index *x, const struct index_list *l);
/* A list says that an object is condemned since @o->since, or @kept. Later words count. */
void index_add_condemned(struct index *x, const struct index_object *o, bool kept);
/*
 * All lists were added: forget what was condemned before one that is damaged, or in the day after
 * it, as its time is from another clock. Surveys use what they say from now on.
 */
void index_end_lists(struct index *x);
/* A list that was written now says so: the object is garbage since then, or newly found. */
void index_condemn(struct index *x, const struct index_object *o, bool kept);
/* Number of objects that lists name. */
u64 index_condemned_number(struct index *x);
/* Work out which lists nothing counts on any more, at the time @now. */
void index_spend_lists(struct index *x, u64 now);
/* Call @use for the lists on which nothing has counted since the time @before. */
void index_spent_lists(struct index *x, u64 before,
		       void (*use)(void *arg, const struct index_object *o), void *arg);
/*
 * Call @use for the garbage that was condemned at the time @before: manifests, packs, and then
 * chunks. All is what the index has now, whatever @use or others do with it.
 */
void index_garbage(struct index *x, u64 before,
		   void (*use)(void *arg, const struct index_object *o), void *arg);
/* Call @use for garbage that no list names. */
void index_new_garbage(struct index *x, void (*use)(void *arg, const struct index_object *o),
		       void *arg);
/*
 * Call @use for the condemned objects of a store, or of all if it is "": those that something
 * refers to since the last survey, or all that were not deleted.
 */
void index_condemned(struct index *x, const char *store, bool referred,
		     void (*use)(void *arg, const struct index_object *o), void *arg);
/* An object is going to be deleted by a run of gc, whose number is the time when it began. */
void index_begin_deletion(struct index *x, const struct index_object *o, u64 run);
/* It stays. */
void index_stop_deletion(struct index *x, const struct index_object *o);
/*
 * A survey has listed the objects of stores: what a run was going to delete there that did not come
 * to its end is deleted, since the beginning of that run, or is there still.
 */
void index_settle_deletions(struct index *x);
/* An object was deleted at a time. */
void index_add_deletion(struct index *x, const struct index_object *o, u64 time, u64 run);
/* Call @use for the last deletions, the oldest one first. */
void index_deletions(struct index *x, void (*use)(void *arg, const struct index_deletion *d),
		     void *arg);

#endif
