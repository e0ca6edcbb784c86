/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding of XDR items without a call of sunrpc. For what is encoded often, such as entries of
 * listings and results of frequent operations; elsewhere xdr_reserve_space(), xdr_encode_opaque()
 * and xdr_stream_encode_u32() do as well.
 */
#ifndef _DITTO_FS_NFS_RPC_ENCODE_H
#define _DITTO_FS_NFS_RPC_ENCODE_H

#include <linux/compiler.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>

#include "../../op/bytes.h"

/*
 * Reserve room in a stream. sunrpc reserves what does not fit into the rest of the page or of the
 * head. Context: any. Return: as xdr_reserve_space(), which it replaces.
 */
static inline __be32 *dnfs_inline_reserve(struct xdr_stream *xdr, size_t bytes)
{
	size_t words = XDR_QUADLEN(bytes);
	__be32 *p = xdr->p;

	if (unlikely(xdr->scratch.iov_len || p + words > xdr->end))
		return xdr_reserve_space(xdr, bytes);
	xdr->p = p + words;
	if (xdr->iov)
		xdr->iov->iov_len += words * XDR_UNIT;
	else
		xdr->buf->page_len += words * XDR_UNIT;
	xdr->buf->len += words * XDR_UNIT;
	return p;
}

/* Encode a number of 32 bits. Context: any. Return: false if there is no room. */
static inline bool dnfs_encode_u32(struct xdr_stream *xdr, u32 value)
{
	__be32 *p = dnfs_inline_reserve(xdr, sizeof(value));

	if (unlikely(!p))
		return false;
	*p = cpu_to_be32(value);
	return true;
}

/*
 * Write variable-length opaque data or a string. @p: room for its length and its bytes with
 * padding. Context: any. Return: the position after it, as xdr_encode_opaque().
 */
static inline __be32 *dnfs_put_opaque(__be32 *p, const void *data, u32 len)
{
	u32 words = XDR_QUADLEN(len);

	*p++ = cpu_to_be32(len);
	/* The last word has the padding. */
	if (likely(words))
		p[words - 1] = 0;
	ditto_bytes_copy(p, data, len);
	return p + words;
}

#endif
