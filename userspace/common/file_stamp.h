/* SPDX-License-Identifier: GPL-2.0-only */
/* Which content of a file was read. */
#ifndef _DITTO_COMMON_FILE_STAMP_H
#define _DITTO_COMMON_FILE_STAMP_H

#include <sys/stat.h>

#include "types.h"

/**
 * struct file_stamp - a file as it was; all zero if there was none
 * @inode: inode
 * @size: bytes
 * @changed: time of the last change, in nanoseconds
 */
struct file_stamp {
	u64 inode;
	u64 size;
	u64 changed;
};

static inline struct file_stamp file_stamp_of(const struct stat *st)
{
	return (struct file_stamp){ st->st_ino, (u64)st->st_size,
				    (u64)st->st_mtim.tv_sec * 1000000000 +
				    (u64)st->st_mtim.tv_nsec };
}

static inline bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->changed == b->changed;
}

#endif
