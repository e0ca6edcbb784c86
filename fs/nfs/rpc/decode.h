/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of XDR items without a call of sunrpc: those that lie in the stream's present buffer, as
 * all of a call in a batch do. sunrpc decodes those that end in another page. For operations that
 * are frequent; elsewhere xdr_stream_decode_u32() and others do as well.
 */
#ifndef _DITTO_FS_NFS_RPC_DECODE_H
#define _DITTO_FS_NFS_RPC_DECODE_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/* Take bytes out of a stream. Return: as xdr_inline_decode(), which it replaces. */
static inline __be32 *dnfs_inline_decode(struct xdr_stream *xdr, size_t bytes)
{
	size_t words = XDR_QUADLEN(bytes);
	__be32 *p = xdr->p;

	/* The end of a record that is cut off is not aligned, so pointers are compared. */
	if (unlikely(!words || words > xdr->nwords || p + words > xdr->end))
		return xdr_inline_decode(xdr, bytes);
	xdr->p = p + words;
	xdr->nwords -= words;
	return p;
}

/* Bytes of the arguments in front of a stream's position, as xdr_stream_pos(). Any context. */
static inline unsigned int dnfs_decode_pos(const struct xdr_stream *xdr)
{
	return (XDR_QUADLEN(xdr->buf->len) - xdr->nwords) * XDR_UNIT;
}

/* Decode a number of 32 bits. Return: 0, -EBADMSG. */
static inline int dnfs_decode_u32(struct xdr_stream *xdr, u32 *value)
{
	const __be32 *p = dnfs_inline_decode(xdr, sizeof(*value));

	if (unlikely(!p))
		return -EBADMSG;
	*value = be32_to_cpup(p);
	return 0;
}

/* Decode a number of 64 bits. Return: 0, -EBADMSG. */
static inline int dnfs_decode_u64(struct xdr_stream *xdr, u64 *value)
{
	const __be32 *p = dnfs_inline_decode(xdr, sizeof(*value));

	if (unlikely(!p))
		return -EBADMSG;
	*value = get_unaligned_be64(p);
	return 0;
}

#endif
