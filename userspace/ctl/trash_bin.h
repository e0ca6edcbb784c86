/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bin of a share: .ditto/trash in its root, where the server puts files that clients remove
 * (fs/op/trash.h). Clients may change all else of the share at any time, and a record may come from
 * elsewhere with its file: no symbolic link is followed, and nothing outside of the share is used.
 */
#ifndef _DITTO_CTL_TRASH_BIN_H
#define _DITTO_CTL_TRASH_BIN_H

#include <limits.h>

#include "common/text.h"
#include "common/types.h"

/* Most files that stay in the bin, and the least space that one counts for. */
#define TRASH_FILES_MAX	200000
#define TRASH_SPACE_MIN	4096
/* Names that are in memory together: a bin may have millions. */
#define TRASH_BATCH	16384

/**
 * struct trash_entry - a file in the bin
 * @id: its name there
 * @path: where it was, from the root of the share; NULL if its record cannot be read
 * @uid: who removed it
 * @owner: of the directory that it was in
 * @time: when, in seconds since 1970
 * @size: bytes of data
 * @space: bytes that it takes
 */
struct trash_entry {
	char *id;
	char *path;
	u32 uid;
	u32 owner;
	u64 time;
	u64 size;
	u64 space;
};

/**
 * struct trash_bin - an open bin
 * @root: root of the share
 * @dir: the bin, or -1 if there is none
 * @subvolume: of @root
 */
struct trash_bin {
	int root;
	int dir;
	u64 subvolume;
};

/* The first names of a bin behind another one; never more than twice TRASH_BATCH. */
struct trash_names {
	char **name;
	size_t n;
};

/* What stays in a bin. */
struct trash_rest {
	u64 files;
	u64 space;
};

/* Called with a file; returns false if no more are wanted. */
typedef bool (*trash_fn)(void *arg, const struct trash_entry *e);

/* Open the bin of the share with this root. Returns false and fills @why on errors. */
bool trash_bin_open(struct trash_bin *b, const char *root, struct why *why);
void trash_bin_close(struct trash_bin *b);
/*
 * Call a function for each file in the bin, first for those that were removed first. Returns 0, or
 * an errno if some could not be read.
 */
int trash_bin_each(const struct trash_bin *b, trash_fn fn, void *arg);
/* Read about a file, whose id may be from the command line. Returns false with errno. */
bool trash_entry_read(const struct trash_bin *b, const char *id, struct trash_entry *e);
void trash_entry_free(struct trash_entry *e);

/* Add a name in any order, keep the first TRASH_BATCH of them in order, and forget all. */
void trash_names_add(struct trash_names *t, const char *name, const char *behind);
void trash_names_end(struct trash_names *t);
void trash_names_free(struct trash_names *t);

/* Take a record to pieces, but for @id and sizes. Returns false if it is not understood. */
bool trash_record_parse(const char *record, size_t len, struct trash_entry *e);

/* The name with the id behind, cut where that is too long. Returns false with errno. */
bool trash_name_other(const char *name, const char *id, char other[NAME_MAX + 1]);

/* Whether a file was removed more than @keep seconds ago; 0 for no limit. */
bool trash_is_old(const struct trash_entry *e, u64 keep, u64 now);
void trash_rest_add(struct trash_rest *rest, const struct trash_entry *e);
void trash_rest_drop(struct trash_rest *rest, const struct trash_entry *e);
/* Whether more than @space bytes, or 0 for any, or than TRASH_FILES_MAX files are left. */
bool trash_rest_exceeds(const struct trash_rest *rest, u64 space);

/* Remove a file, with its streams. Returns false and fills @why on errors. */
bool trash_remove(struct trash_bin *b, const struct trash_entry *e, struct why *why);
/*
 * Bring a file back to where it was. Missing directories are made for its owner alone, and it does
 * not get into the directory of another owner than it was in. The directories above that one, and
 * the permissions of all, are as they are now: others may enter that could not before. If there is
 * a file by now, it gets its id behind its name. @where: its path, to be freed. Returns false and
 * fills @why on errors.
 */
bool trash_restore(struct trash_bin *b, const struct trash_entry *e, char **where,
		   struct why *why);

#endif
