/* SPDX-License-Identifier: GPL-2.0-only */
/* A listing in progress, shared by the files that list directories. */
#ifndef _DITTO_FS_OP_DIR_PRIVATE_H
#define _DITTO_FS_OP_DIR_PRIVATE_H

#include <linux/dcache.h>
#include <linux/fs.h>

#include "dir_cache.h"
#include "op_private.h"

/* Dentries that are taken under one lock, which others may want. */
#define DITTO_BESIDE_TOGETHER	16

/**
 * struct ditto_listing - a listing in progress
 * @ctx: context for the file system
 * @op: the caller
 * @node: the directory
 * @dir: dentry of the directory
 * @file: the open directory
 * @pos: position of the next entries to be handed out
 * @sought: the position of @file is the same
 * @cache: cached listing of the directory's state, or NULL
 * @handles: the caller makes handles of the entries
 * @raw: the first of the entries that were read and are to be handed out
 * @end: behind the last one
 * @behind: position behind that
 * @made: handles of these entries, as earlier listings made them, beginning at @raw; or NULL
 * @page: for entries that are read of the directory
 * @used: used bytes of @page
 * @full: an entry did not fit
 * @room: bytes that the caller has left for the entries that are read; negative if the last one is
 *	longer
 * @each: bytes of an entry without its name, and as many as it may be rounded up by
 * @per_byte: its bytes for each byte of its name
 * @align: mask that rounds its bytes down
 * @dentries: look up dentries; the caller may search the directory
 * @directories: the same for directories alone
 * @subvolumes: directories may be roots of subvolumes, whose numbers the file system does not
 *	give; they are looked up
 * @nested: file systems may be mounted on directories that are part of the share
 * @hides: the directory of snapshots is left out
 * @mounts: @subvolumes or @nested
 * @vetoed: names that the share vetoes are not left out
 * @chooses: @hides or @pick
 * @backwards: dentries were found before the previous entries', not behind them
 * @misses: entries in a row whose dentries were not beside the previous entries'
 * @ahead: dentries of the current entry, of some before it, and of the next ones, held; NULL for
 *	an entry that was removed
 * @ahead_seq: sequence numbers of these when they were found
 * @ahead_at: index of the first of them that was not handed out
 * @ahead_end: index behind the last one
 * @entry: the current entry
 * @pick: decides about an entry by its name; or NULL
 * @emit: receives an entry
 * @arg: passed to @pick and @emit
 */
struct ditto_listing {
	struct dir_context ctx;
	struct ditto_op *op;
	struct ditto_node *node;
	struct dentry *dir;
	struct file *file;
	u64 pos;
	bool sought;
	struct ditto_dir_cache *cache;
	bool handles;
	const struct ditto_raw_entry *raw;
	const void *end;
	u64 behind;
	struct ditto_dir_part_handle *made;
	void *page;
	size_t used;
	bool full;
	s32 room;
	u32 each;
	u32 per_byte;
	u32 align;
	bool dentries;
	bool directories;
	bool subvolumes;
	bool nested;
	bool hides;
	bool mounts;
	bool vetoed;
	bool chooses;
	bool backwards;
	u32 misses;
	struct dentry *ahead[DITTO_BESIDE_TOGETHER];
	unsigned int ahead_seq[DITTO_BESIDE_TOGETHER];
	u32 ahead_at;
	u32 ahead_end;
	struct ditto_dirent entry;
	enum ditto_pick (*pick)(void *arg, const struct ditto_name *name, u64 cookie);
	bool (*emit)(void *arg, const struct ditto_dirent *entry);
	void *arg;
};

void ditto_listing_refill(struct ditto_listing *l, const struct ditto_raw_entry *raw);
struct dentry *ditto_listing_replace(struct ditto_listing *l, u32 at,
				     const struct ditto_raw_entry *raw);

/* Return: the dentry of an entry, borrowed until the next call; or NULL. */
static __always_inline struct dentry *
ditto_listing_dentry(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct dentry *dentry;
	u32 at;

	if (l->ahead_at == l->ahead_end)
		ditto_listing_refill(l, raw);
	at = l->ahead_at++;
	dentry = l->ahead[at];
	if (likely(dentry) && unlikely(read_seqcount_retry(&dentry->d_seq, l->ahead_seq[at])))
		return ditto_listing_replace(l, at, raw);
	return dentry;
}

#endif
