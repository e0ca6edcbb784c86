// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of a fattr4 from what was read of a file (RFC 8881 section 3.3.8).
 *
 * The length is computed first. The fattr4 is then written in one piece, so that a stream
 * without enough room is left unchanged.
 */
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "attr_private.h"

/* Total length of the values whose length varies. */
static u32 varying_bytes(const struct dnfs4_attr_src *src)
{
	const struct dnfs4_bitmap *map = &src->map;
	u32 bytes = 0;

	if (map->word[1] & FATTR4_WORD1_OWNER)
		bytes += XDR_UNIT + xdr_align_size(src->owner.len);
	if (map->word[1] & FATTR4_WORD1_OWNER_GROUP)
		bytes += XDR_UNIT + xdr_align_size(src->group.len);
	if (map->word[0] & FATTR4_WORD0_FILEHANDLE)
		bytes += XDR_UNIT + xdr_align_size(src->handle_len);
	if (map->word[0] & FATTR4_WORD0_SUPPORTED_ATTRS)
		bytes += dnfs4_bitmap_bytes(&src->supported);
	if (map->word[2] & FATTR4_WORD2_SUPPATTR_EXCLCREAT)
		bytes += dnfs4_bitmap_bytes(&src->exclcreat);
	if (map->word[0] & FATTR4_WORD0_ACL)
		bytes += src->acl.len;
	if (map->word[1] & FATTR4_WORD1_DACL)
		bytes += src->dacl.len;
	return bytes;
}

u32 dnfs4_attr_bytes(const struct dnfs4_attr_src *src)
{
	return dnfs4_bitmap_bytes(&src->map) + XDR_UNIT + src->bytes + varying_bytes(src);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_attr_bytes);

__be32 *dnfs4_attr_put(__be32 *p, const struct dnfs4_attr_src *src, u32 bytes)
{
	p = dnfs4_fill_bitmap(p, &src->map);
	*p++ = cpu_to_be32(bytes - dnfs4_bitmap_bytes(&src->map) - XDR_UNIT);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		unsigned long bits = src->map.word[i];
		unsigned int bit;

		for_each_set_bit(bit, &bits, 32)
			p = dnfs4_attr_rows[32 * i + bit].put(p, src);
	}
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_attr_put);

/* A stream reserves at most a page at once: a longer fattr4 is built in a buffer. */
static bool emit_long(struct xdr_stream *xdr, const struct dnfs4_attr_src *src, u32 bytes)
{
	__be32 *p;
	bool fits;

	if (bytes > xdr->buf->buflen - xdr->buf->len)
		return false;
	p = kvmalloc(bytes, GFP_KERNEL);
	if (!p)
		return false;
	dnfs4_attr_put(p, src, bytes);
	fits = dnfs4_encode_bytes(xdr, p, bytes);
	kvfree(p);
	return fits;
}

bool dnfs4_attr_emit(struct xdr_stream *xdr, const struct dnfs4_attr_src *src)
{
	u32 bytes = dnfs4_attr_bytes(src);
	__be32 *p;

	if (bytes > PAGE_SIZE)
		return emit_long(xdr, src, bytes);
	p = xdr_reserve_space(xdr, bytes);
	if (p)
		dnfs4_attr_put(p, src, bytes);
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_attr_emit);

u32 dnfs4_encode_fattr(struct dnfs4_compound *cmp, struct xdr_stream *xdr,
		       const struct dnfs4_fh *fh, struct dentry *dentry,
		       const struct dnfs4_bitmap *ask)
{
	struct dnfs4_attr_plan plan;
	struct dnfs4_attr_src *src;
	u32 status;
	int err;

	status = dnfs4_attr_plan(cmp, fh, ask, &plan);
	if (status)
		return status;
	/* On the path of every GETATTR: only members that are read before filled are cleared. */
	src = kmalloc(sizeof(*src), GFP_KERNEL);
	if (!src)
		return NFS4ERR_DELAY;
	src->owner.len = 0;
	src->group.len = 0;
	src->acl = (struct dnfs4_acl_value) { };
	src->dacl = (struct dnfs4_acl_value) { };
	err = dnfs4_attr_read(cmp, fh, dentry, &plan, src);
	if (err)
		status = dnfs4_status(cmp, err);
	else if (!dnfs4_attr_emit(xdr, src))
		status = cmp->minor ? NFS4ERR_REP_TOO_BIG : NFS4ERR_RESOURCE;
	dnfs4_attr_src_free(src);
	kfree(src);
	return status;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_encode_fattr);
