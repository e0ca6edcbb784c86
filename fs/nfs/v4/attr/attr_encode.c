// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of a fattr4 from what was read of a file (RFC 8881 section 3.3.8).
 *
 * The length is computed first. The fattr4 is then written in one piece, so that a stream
 * without enough room is left unchanged.
 */
#include <linux/slab.h>

#include "attr_put.h"

/* Encoded length of a fattr4. Return: bytes. */
u32 dnfs4_attr_bytes(const struct dnfs4_attr_src *src)
{
	const struct dnfs4_bitmap *map = &src->map;
	u32 bytes = dnfs4_bitmap_bytes(map) + XDR_UNIT + src->bytes;

	/* Values whose length varies; src->bytes is the length of the others. */
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
	if (map->word[0] & FATTR4_WORD0_FS_LOCATIONS)
		bytes += dnfs4_fs_locations_bytes(src);
	if (map->word[0] & FATTR4_WORD0_ACL)
		bytes += src->acl.len;
	if (map->word[1] & FATTR4_WORD1_DACL)
		bytes += src->dacl.len;
	if (map->word[2] & FATTR4_WORD2_SECURITY_LABEL)
		bytes += 3 * XDR_UNIT + xdr_align_size(src->label.len);
	return bytes;
}

/* Write values of DNFS4_USUAL_* in the order of their numbers. No others are asked for. */
static __be32 *attr_put_usual(__be32 *p, const struct dnfs4_attr_src *src)
{
	/* Stores through p may alias src, so the compiler would read src->map again after each. */
	u32 words[] = { src->map.word[0], src->map.word[1] };

	if (words[0] & FATTR4_WORD0_TYPE)
		p = dnfs4_put_type(p, src);
	if (words[0] & FATTR4_WORD0_CHANGE)
		p = dnfs4_put_change(p, src);
	if (words[0] & FATTR4_WORD0_SIZE)
		p = dnfs4_put_size(p, src);
	if (words[0] & FATTR4_WORD0_FSID)
		p = dnfs4_put_fsid(p, src);
	if (words[0] & FATTR4_WORD0_RDATTR_ERROR)
		p = dnfs4_put_rdattr_error(p, src);
	if (words[0] & FATTR4_WORD0_FILEHANDLE)
		p = dnfs4_put_filehandle(p, src);
	if (words[0] & FATTR4_WORD0_FILEID)
		p = dnfs4_put_fileid(p, src);
	if (words[1] & FATTR4_WORD1_MODE)
		p = dnfs4_put_mode(p, src);
	if (words[1] & FATTR4_WORD1_NUMLINKS)
		p = dnfs4_put_numlinks(p, src);
	if (words[1] & FATTR4_WORD1_OWNER)
		p = dnfs4_put_owner(p, src);
	if (words[1] & FATTR4_WORD1_OWNER_GROUP)
		p = dnfs4_put_owner_group(p, src);
	if (words[1] & FATTR4_WORD1_RAWDEV)
		p = dnfs4_put_rawdev(p, src);
	if (words[1] & FATTR4_WORD1_SPACE_USED)
		p = dnfs4_put_space_used(p, src);
	if (words[1] & FATTR4_WORD1_TIME_ACCESS)
		p = dnfs4_put_time_access(p, src);
	if (words[1] & FATTR4_WORD1_TIME_METADATA)
		p = dnfs4_put_time_metadata(p, src);
	if (words[1] & FATTR4_WORD1_TIME_MODIFY)
		p = dnfs4_put_time_modify(p, src);
	if (words[1] & FATTR4_WORD1_MOUNTED_ON_FILEID)
		p = dnfs4_put_mounted_on_fileid(p, src);
	return p;
}

/*
 * Write a fattr4. @p: room for @bytes; @bytes: result of dnfs4_attr_bytes(). Return: the position
 * after it.
 */
__be32 *dnfs4_attr_put(__be32 *p, const struct dnfs4_attr_src *src, u32 bytes)
{
	const struct dnfs4_bitmap *map = &src->map;

	p = dnfs4_fill_bitmap(p, map);
	*p++ = cpu_to_be32(bytes - dnfs4_bitmap_bytes(map) - XDR_UNIT);
	if (!(map->word[0] & ~DNFS4_USUAL_0 || map->word[1] & ~DNFS4_USUAL_1 || map->word[2]))
		return attr_put_usual(p, src);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		unsigned long bits = map->word[i];
		unsigned int bit;

		for_each_set_bit(bit, &bits, 32)
			p = dnfs4_attr_rows[32 * i + bit].put(p, src);
	}
	return p;
}

/*
 * Build a fattr4 that is longer than a page. A stream reserves at most a page at a time, so that a
 * longer fattr4 is built in a buffer. Only lists make it so long. It is built before the result is
 * encoded, because then a lack of memory can still be distinguished from a lack of room. Return: 0
 * or -ENOMEM.
 */
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

/* Append a fattr4 to a stream. Context: any. Return: false if it does not fit. */
bool dnfs4_attr_emit(struct xdr_stream *xdr, const struct dnfs4_attr_src *src)
{
	u32 bytes;
	__be32 *p;

	if (src->built)
		return src->built_len <= xdr->buf->buflen - xdr->buf->len &&
		       dnfs4_encode_bytes(xdr, src->built, src->built_len);
	bytes = dnfs4_attr_bytes(src);
	p = dnfs_inline_reserve(xdr, bytes);
	if (p)
		dnfs4_attr_put(p, src, bytes);
	return p;
}

