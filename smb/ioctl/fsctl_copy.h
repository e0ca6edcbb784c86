/* SPDX-License-Identifier: GPL-2.0-only */
/* What server-side copies have in common: fsctl_copy.c, fsctl_copyfile.c and fsctl_offload.c. */
#ifndef _DITTO_SMB_IOCTL_FSCTL_COPY_H
#define _DITTO_SMB_IOCTL_FSCTL_COPY_H

#include <linux/limits.h>

#include "../../fs/op/op.h"
#include "ioctl.h"

/**
 * struct dsmb_copy - a copy between two opens
 * @io: the IOCTL, on the open of the target
 * @from: open of the source, with a reference
 * @tree: tree connect of @from, held; @op uses its credential
 * @op: operation that reads the source
 * @actor: actor of @op
 * @node: node of @from, begun
 */
struct dsmb_copy {
	struct dsmb_ioctl *io;
	struct dsmb_open *from;
	struct dsmb_tree *tree;
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_node *node;
};

/* A part of a copy. */
struct dsmb_copy_chunk {
	u64 from;
	u64 to;
	u64 len;
};

/**
 * struct dsmb_copy_state - progress of a copy that was parked or has more turns; kept with its call
 * @chunks: number of chunks that were copied
 * @total: bytes that were copied
 * @part: of a whole file: enum dsmb_copyfile_part, the one that is being copied
 * @stream_len: bytes of @stream; 0 before the first one
 * @stream: name of the stream that is being copied; those before it in the list are done
 * @pos: bytes of the data, or of this stream, that were copied
 */
struct dsmb_copy_state {
	u32 chunks;
	u32 total;
	u8 part;
	u8 stream_len;
	char stream[NAME_MAX];
	u64 pos;
};

/* fsctl_copy.c */
u32 dsmb_copy_begin(struct dsmb_copy *copy, u64 persistent, u64 volatile_id, u32 missing);
void dsmb_copy_end(struct dsmb_copy *copy);
bool dsmb_copy_overlaps(const struct dsmb_copy *copy, const struct dsmb_copy_chunk *chunk);
struct dsmb_copy_state *dsmb_copy_state(struct dsmb_call *call);

/* fsctl_copyfile.c */
bool dsmb_copies_file(const struct dsmb_copy *copy);
u32 dsmb_copy_file(struct dsmb_copy *copy);

#endif
