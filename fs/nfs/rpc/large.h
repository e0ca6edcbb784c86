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

/**
 * dnfs_large_new - begin to receive a call
 * @call: its beginning, up to the payload
 * @at: bytes of @call, a multiple of four
 * @payload: bytes of the payload
 * @len: bytes of the call, a multiple of four
 *
 * Context: may sleep for memory.
 * Return: the call; NULL if it cannot be received so, or without memory.
 */
struct dnfs_large *dnfs_large_new(const void *call, u32 at, u32 payload, u32 len);

/**
 * dnfs_large_free - release the memory of a call
 * @large: from dnfs_large_new(); may be NULL
 *
 * Context: process or softirq; does not sleep.
 */
void dnfs_large_free(struct dnfs_large *large);

/**
 * dnfs_large_receive - receive what has arrived of a call
 * @large: from dnfs_large_new()
 * @sock: the socket, at the first byte that is missing
 *
 * The socket does not report less than what is missing of the call, up to a limit, until the call
 * is complete.
 *
 * Context: may sleep for memory and for the lock of the socket, but does not wait for bytes.
 * Return: 1 if the call is complete, 0 if more is to come, or an errno: the connection is of no
 * use then.
 */
int dnfs_large_receive(struct dnfs_large *large, struct socket *sock);

/**
 * dnfs_large_memory - find out how much memory a call holds
 * @large: from dnfs_large_new()
 *
 * Context: any.
 * Return: bytes.
 */
u32 dnfs_large_memory(const struct dnfs_large *large);

/**
 * dnfs_large_arg - show a call to decoders
 * @large: a complete call
 * @arg: filled
 *
 * Context: any.
 */
void dnfs_large_arg(struct dnfs_large *large, struct xdr_buf *arg);

/**
 * dnfs_large_iter - read the payload
 * @large: a complete call
 * @data: the payload, as it was decoded from dnfs_large_arg()
 * @count: bytes of it to read
 * @iter: filled; valid until the call is freed
 *
 * Context: any.
 * Return: false if @data is not the payload.
 */
bool dnfs_large_iter(const struct dnfs_large *large, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter);

/* Module initialization. */
void dnfs_large_init(void);

#endif
