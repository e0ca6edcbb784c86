/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls whose payload is received apart: it stays in the memory into which the network has received
 * it, and is copied once, into the page cache.
 *
 * A batch finds such a call before its payload has arrived: procedures that may have a payload
 * tell where it begins (struct dnfs_proc). What is in front of it and behind it is copied, and so
 * are the first bytes of the payload, because digests cover them. In place of the others a decoder
 * finds zeros.
 */
#ifndef _DITTO_FS_NFS_RPC_LARGE_H
#define _DITTO_FS_NFS_RPC_LARGE_H

#include <linux/types.h>

#include "call.h"

struct ditto_rx_data;
struct iov_iter;
struct socket;
struct xdr_buf;

/* Most bytes of a call beside its payload. */
#define DNFS_LARGE_AROUND	4096

/**
 * struct dnfs_large - a call whose payload is received apart
 * @taken: the payload with its padding
 * @at: bytes of the call in front of the payload
 * @payload: bytes of the payload with its padding
 * @tail: bytes behind that
 * @have: bytes of the call that were received
 * @flat: what is in front of the payload, its first DNFS_DIGEST_MAX bytes, and what is behind it
 */
struct dnfs_large {
	struct ditto_rx_data *taken;
	u32 at;
	u32 payload;
	u32 tail;
	u32 have;
	u8 flat[];
};

struct dnfs_large *dnfs_large_new(const void *call, u32 at, u32 payload, u32 len);
void dnfs_large_free(struct dnfs_large *large);
int dnfs_large_receive(struct dnfs_large *large, struct socket *sock);
u32 dnfs_large_memory(const struct dnfs_large *large);
void dnfs_large_arg(struct dnfs_large *large, struct xdr_buf *arg);
bool dnfs_large_iter(const struct dnfs_large *large, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter);
void dnfs_large_init(void);

#endif
