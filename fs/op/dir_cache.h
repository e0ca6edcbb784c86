/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory cache: entries of directories that are listed again and again without a change.
 *
 * What is kept are names and positions as the file system gave them, and handles that were made for
 * the entries: no dentries, inodes or attributes. An entry of a cached listing is looked up, and
 * its attributes are read, as if it was just read from the directory.
 *
 * A cached listing shows one state of its directory, which is identified by its change time and
 * change attribute. It begins with the second listing from the start that finds the same state, so
 * that a program that visits all directories once costs no memory. It consists of parts, each read
 * in one step, which are added as clients ask for them, in any order. The state is compared before
 * each use; a listing of another state is dropped.
 *
 * Not all file systems give the time of a change in full, and the kernel's clock for that goes
 * on with its ticks. So a listing is kept only once that clock has left the change time: the next
 * change has another one. File systems without change attribute, those that others may change
 * without this machine, overlayfs, whose positions belong to one open directory, and encrypted
 * directories, whose names depend on keys, are never kept.
 */
#ifndef _DITTO_FS_OP_DIR_CACHE_H
#define _DITTO_FS_OP_DIR_CACHE_H

#include <linux/align.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/types.h>

struct ditto_dir_cache;
struct ditto_dir_part_handle;
struct ditto_node;
struct ditto_share;

/**
 * struct ditto_raw_entry - an entry as the file system gave it
 * @ino: inode number from the file system
 * @pos: position of this entry, which is the cookie of the previous one
 * @len: length of @name
 * @is_dir: it is a directory, or the file system does not say what it is
 * @name: not terminated
 */
struct ditto_raw_entry {
	u64 ino;
	u64 pos;
	u16 len;
	bool is_dir;
	char name[];
};

/* Return: the bytes of an entry with a name of this length. */
static inline size_t ditto_raw_size(u32 len)
{
	return ALIGN(offsetof(struct ditto_raw_entry, name) + len, sizeof(u64));
}

/* Return: what is behind an entry. */
static inline const struct ditto_raw_entry *ditto_raw_next(const struct ditto_raw_entry *raw)
{
	return (const void *)raw + ditto_raw_size(raw->len);
}

/**
 * struct ditto_dir_part - entries that were read in one step; constant but for @handles
 * @link: link on the list of parts
 * @from: position at which they were read
 * @behind: position behind the last one
 * @used: bytes of @entries
 * @count: number of entries
 * @handles: one for each entry, or NULL; see ditto_dir_cache_handles()
 * @entries: struct ditto_raw_entry, one behind the other
 */
struct ditto_dir_part {
	struct llist_node link;
	u64 from;
	u64 behind;
	u32 used;
	u32 count;
	struct ditto_dir_part_handle *handles;
	char entries[] __aligned(sizeof(u64));
};

/* Most bytes of entries that are read in one step: with them a part is a page. */
#define DITTO_PART_ROOM	(PAGE_SIZE - sizeof(struct ditto_dir_part))

struct ditto_dir_cache *ditto_dir_cache_get(struct ditto_share *share, struct ditto_node *dir,
					    u64 cookie);
void ditto_dir_cache_put(struct ditto_dir_cache *cache);
bool ditto_dir_cache_is_current(const struct ditto_dir_cache *cache, const struct ditto_node *dir);
struct ditto_dir_part *ditto_dir_cache_find(struct ditto_dir_cache *cache, u64 pos,
					    const struct ditto_raw_entry **raw, u32 *index);
bool ditto_dir_cache_is_end(const struct ditto_dir_cache *cache, u64 pos);
void ditto_dir_cache_add(struct ditto_dir_cache *cache, struct ditto_node *dir, u64 from,
			 u64 behind, const struct ditto_raw_entry *entries, u32 used, bool all);
struct ditto_dir_part_handle *ditto_dir_cache_handles(struct ditto_dir_cache *cache,
						      struct ditto_dir_part *part,
						      const struct ditto_share *share);
void ditto_dir_cache_free(struct ditto_node *node);

/* Calls of the file system that read directories. */
extern atomic_t ditto_dir_reads;
/* Bytes of all listings, and how many these may have. */
extern atomic_long_t ditto_dir_cache_bytes;
extern long ditto_dir_cache_most;

long ditto_dir_cache_shrink(long bytes);

/* Set up and tear down what all kept listings share. Return: 0 or -ENOMEM. */
int ditto_dir_cache_init(void);
void ditto_dir_cache_exit(void);

#endif
