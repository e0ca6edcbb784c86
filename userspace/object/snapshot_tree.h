/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trees of snapshots in files of this machine, which have no names, so that a tree takes no memory
 * for its entries. They are in $SQLITE_TMPDIR or /var/tmp, as the temporary tables of the index.
 */
#ifndef _DITTO_OFFLOAD_SNAPSHOT_TREE_H
#define _DITTO_OFFLOAD_SNAPSHOT_TREE_H

#include "snapshot.h"

/**
 * struct snapshot_tree - a tree in a file
 * @file: the encoded tree, or NULL
 * @n: number of entries
 * @size: bytes of the tree
 * @error: errno of the first write that failed, or 0
 * @too_long: path of the first entry that was too long, or NULL
 */
struct snapshot_tree {
	FILE *file;
	u64 n;
	u64 size;
	int error;
	char *too_long;
};

/* Make an empty file. Returns false and fills @why on errors. */
bool snapshot_tree_new(struct snapshot_tree *t, struct why *why);
/* Add an entry behind the others. */
void snapshot_tree_add(struct snapshot_tree *t, const struct snapshot_entry *e);
/* The tree comes as bytes, with its beginning; the caller counts its entries in @t. */
void snapshot_tree_receive(struct snapshot_tree *t);
/* Add such bytes behind the others. */
void snapshot_tree_add_bytes(struct snapshot_tree *t, const u8 *bytes, size_t len);
/* All entries were added. Returns false and fills @why if one was too long or the disk is full. */
bool snapshot_tree_end(struct snapshot_tree *t, struct why *why);
/* Free, also what is zeroed. */
void snapshot_tree_free(struct snapshot_tree *t);

/**
 * struct snapshot_reader - reads a tree from its first entry on
 * @tree: the tree
 * @scan: the entries so far
 * @bytes: a part of the file
 * @pos: where the next entry begins there
 * @len: bytes there
 * @at: place in the file behind them
 * @place: place in the file of the last entry
 * @e: the last entry
 * @failed: the file cannot be read
 * @why: why
 */
struct snapshot_reader {
	const struct snapshot_tree *tree;
	struct snapshot_scan scan;
	u8 *bytes;
	size_t pos;
	size_t len;
	u64 at;
	u64 place;
	struct snapshot_entry e;
	bool failed;
	struct why why;
};

void snapshot_reader_begin(struct snapshot_reader *r, const struct snapshot_tree *t);
/*
 * The next entry, valid until the call after this, or NULL behind the last one, or if the file
 * cannot be read: snapshot_reader_end() tells which.
 */
struct snapshot_entry *snapshot_reader_next(struct snapshot_reader *r);
/* Free. Returns false and fills @why if the file could not be read. */
bool snapshot_reader_end(struct snapshot_reader *r, struct why *why);
/*
 * Read the entry at a place that a reader had, to be freed by snapshot_entry_free(). Returns false
 * if the file cannot be read.
 */
bool snapshot_tree_read(const struct snapshot_tree *t, u64 place, struct snapshot_entry *e);

#endif
