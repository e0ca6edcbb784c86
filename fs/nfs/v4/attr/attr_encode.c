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

u32 dnfs4_attr_bytes(const struct dnfs4_attr_src *src)
{
	const struct dnfs4_bitmap *map = &src->map;
	u32 bytes = dnfs4_bitmap_bytes(map) + XDR_UNIT + src->bytes;

	/* Values whose length varies; src->bytes is that of the others. */
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
	if (map->word[2] & FATTR4_WORD2_SECURITY_LABEL)
		bytes += 3 * XDR_UNIT + xdr_align_size(src->label.len);
	return bytes;
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

int dnfs4_attr_build(struct dnfs4_attr_src *src)
{
	u32 bytes = dnfs4_attr_bytes(src);

	if (bytes <= PAGE_SIZE)
		return 0;
	src->built = kvmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	if (!src->built)
		return -ENOMEM;
	src->built_len = bytes;
	dnfs4_attr_put(src->built, src, bytes);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_attr_build);

bool dnfs4_attr_emit(struct xdr_stream *xdr, const struct dnfs4_attr_src *src)
{
	u32 bytes;
	__be32 *p;

	if (src->built)
		return src->built_len <= xdr->buf->buflen - xdr->buf->len &&
		       dnfs4_encode_bytes(xdr, src->built, src->built_len);
	bytes = dnfs4_attr_bytes(src);
	p = xdr_reserve_space(xdr, bytes);
	if (p)
		dnfs4_attr_put(p, src, bytes);
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_attr_emit);

