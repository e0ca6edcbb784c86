/* SPDX-License-Identifier: GPL-2.0-only */
/* Space of a file: holes, preallocation, copies and shared blocks. */
#ifndef _DITTO_FS_OP_SPACE_H
#define _DITTO_FS_OP_SPACE_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;

/* Kinds of space allocation. */
enum ditto_space_how {
	DITTO_SPACE_RESERVE,	/* preallocate; the file may grow */
	/* Preallocate for an instance; keep the size. The last close frees what is not used. */
	DITTO_SPACE_RESERVE_KEEP,
	DITTO_SPACE_PUNCH,	/* punch a hole; keep the size */
	DITTO_SPACE_ZERO,	/* for ditto_zero() alone */
};

int ditto_allocate(struct ditto_op *op, struct ditto_node *node, enum ditto_space_how how,
		   u64 pos, u64 count);

void ditto_refresh_size(struct ditto_share *share, struct ditto_node *node);

void ditto_space_trim(struct ditto_share *share, struct ditto_node *node);
int ditto_zero(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 end, u64 *next);
u32 ditto_block_size(const struct ditto_node *node);
int ditto_seek(struct ditto_op *op, struct ditto_node *node, u64 pos, bool hole, u64 *found);

bool ditto_may_have_holes(const struct ditto_op *op, struct ditto_node *node);

/**
 * struct ditto_data_map - data and holes at the beginning of a range
 * @hole: bytes of the hole that the range begins with
 * @data: bytes of data behind it, in which short holes count as data
 * @tail: bytes of the hole behind the data
 * @eof: the three end at the end of the file
 */
struct ditto_data_map {
	u64 hole;
	u64 data;
	u64 tail;
	bool eof;
};

int ditto_map_data(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count,
		   u64 data_max, struct ditto_data_map *map);
void ditto_data_map_settle(const struct ditto_node *node, u64 pos, u64 count, bool eof,
			   struct ditto_data_map *map);

ssize_t ditto_copy(struct ditto_op *op, struct ditto_node *from, u64 from_pos,
		   struct ditto_op *op_to, struct ditto_node *to, u64 to_pos, u64 count,
		   bool clone, u64 *verifier);

#endif
