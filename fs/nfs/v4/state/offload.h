/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies in the background (RFC 7862 sections 4.3 and 4.8).
 *
 * A copy that goes on after the reply is a state of its client, which the copy offload stateid
 * names, and a job of the core. At its end CB_OFFLOAD tells the result. The state stays until the
 * client has replied to that, cancels or frees it, or is released.
 *
 * Lifetime: the reference count of the state. The client's table, the job and the callback have
 * one reference each. The copy holds its client, and the stateids that it was started with until
 * the job is over.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_OFFLOAD_H
#define _DITTO_FS_NFS_V4_STATE_OFFLOAD_H

#include <linux/types.h>

#include "../../../op/job.h"
#include "../deleg/callback.h"
#include "open.h"
#include "stateid.h"

/**
 * struct dnfs4_offload - a copy in the background
 * @state: the stateid
 * @job: the copy
 * @src: permission to read
 * @dst: permission to write
 * @node: destination; no reference, only for comparison
 * @told: CB_OFFLOAD
 * @forgotten: the client needs no callback: it has cancelled or freed the copy, or is gone
 * @fh_len: bytes of @fh
 * @fh: filehandle of the destination
 * @rcu: frees it after a grace period
 */
struct dnfs4_offload {
	struct dnfs4_state state;
	struct ditto_job job;
	struct dnfs4_io src;
	struct dnfs4_io dst;
	const struct ditto_node *node;
	struct dnfs4_callback told;
	bool forgotten;
	u32 fh_len;
	u8 fh[DNFS4_FH_MAX];
	struct rcu_head rcu;
};

/* The copy of a state of kind DNFS4_STATE_OFFLOAD. */
static inline struct dnfs4_offload *dnfs4_offload_of(struct dnfs4_state *state)
{
	return container_of(state, struct dnfs4_offload, state);
}

/**
 * struct dnfs4_offload_range - what to copy
 * @src_pos: first byte in the source
 * @dst_pos: first byte in the destination
 * @count: number of bytes
 */
struct dnfs4_offload_range {
	u64 src_pos;
	u64 dst_pos;
	u64 count;
};

int dnfs4_offload_start(struct dnfs4_compound *cmp, struct dnfs4_io *src, struct dnfs4_io *dst,
			const struct dnfs4_offload_range *range, struct dnfs4_stateid *sid);
u32 dnfs4_offload_status(struct dnfs4_offload *offload, u64 *count);

#endif
