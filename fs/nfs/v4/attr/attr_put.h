/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding of the attributes that clients ask for with each entry of a listing. The table calls
 * these functions one by one, and dnfs4_attr_put() without calls if there are no others.
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ATTR_PUT_H
#define _DITTO_FS_NFS_V4_ATTR_ATTR_PUT_H

#include <linux/kdev_t.h>
#include <linux/stat.h>

#include "../../rpc/encode.h"
#include "attr_private.h"

/* Attributes that dnfs4_attr_put() writes without calls, by words of the bitmap. */
#define DNFS4_USUAL_0	(FATTR4_WORD0_TYPE | FATTR4_WORD0_CHANGE | FATTR4_WORD0_SIZE | \
			 FATTR4_WORD0_FSID | FATTR4_WORD0_RDATTR_ERROR | \
			 FATTR4_WORD0_FILEHANDLE | FATTR4_WORD0_FILEID)
#define DNFS4_USUAL_1	(FATTR4_WORD1_MODE | FATTR4_WORD1_NUMLINKS | FATTR4_WORD1_OWNER | \
			 FATTR4_WORD1_OWNER_GROUP | FATTR4_WORD1_RAWDEV | \
			 FATTR4_WORD1_SPACE_USED | FATTR4_WORD1_TIME_ACCESS | \
			 FATTR4_WORD1_TIME_METADATA | FATTR4_WORD1_TIME_MODIFY | \
			 FATTR4_WORD1_MOUNTED_ON_FILEID)

/**
 * DOC: dnfs4_put_*
 *
 * Each of these functions writes the value of an attribute of @src, of a row of
 * dnfs4_attr_rows[], or of a type that several attributes have. @p is a position in the room that
 * was reserved for the fattr4, of as many bytes as dnfs4_attr_bytes() says. The functions do not
 * check that the value fits, and write its padding.
 *
 * Context: any.
 * Return: the position behind the value.
 */

static inline __be32 *dnfs4_put_u32(__be32 *p, u32 n)
{
	*p++ = cpu_to_be32(n);
	return p;
}

static inline __be32 *dnfs4_put_time(__be32 *p, const struct timespec64 *time)
{
	p = xdr_encode_hyper(p, time->tv_sec);
	return dnfs4_put_u32(p, time->tv_nsec);
}

static inline __be32 *dnfs4_put_text(__be32 *p, const struct dnfs4_owner_text *text)
{
	return dnfs_put_opaque(p, text->text, text->len);
}

static inline __be32 *dnfs4_put_type(__be32 *p, const struct dnfs4_attr_src *src)
{
	static const u8 types[16] = {
		[S_IFREG >> 12]		= NF4REG,
		[S_IFDIR >> 12]		= NF4DIR,
		[S_IFBLK >> 12]		= NF4BLK,
		[S_IFCHR >> 12]		= NF4CHR,
		[S_IFLNK >> 12]		= NF4LNK,
		[S_IFSOCK >> 12]	= NF4SOCK,
		[S_IFIFO >> 12]		= NF4FIFO,
	};

	if (src->fh->kind == DNFS4_FH_ATTRDIR)
		return dnfs4_put_u32(p, NF4ATTRDIR);
	if (src->fh->named)
		return dnfs4_put_u32(p, NF4NAMEDATTR);
	return dnfs4_put_u32(p, types[(src->attr.st.mode & S_IFMT) >> 12]);
}

static inline __be32 *dnfs4_put_change(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->attr.change);
}

static inline __be32 *dnfs4_put_size(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->attr.st.size);
}

/* The pseudo root, whose value is 0, has an fsid of its own. */
static inline __be32 *dnfs4_put_fsid(__be32 *p, const struct dnfs4_attr_src *src)
{
	p = xdr_encode_hyper(p, src->attr.fsid);
	return xdr_encode_hyper(p, src->attr.fsid ? 1 : 0);
}

static inline __be32 *dnfs4_put_rdattr_error(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, src->error);
}

static inline __be32 *dnfs4_put_filehandle(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs_put_opaque(p, src->handle, src->handle_len);
}

static inline __be32 *dnfs4_put_fileid(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->attr.st.ino);
}

static inline __be32 *dnfs4_put_mode(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, src->attr.st.mode & S_IALLUGO);
}

static inline __be32 *dnfs4_put_numlinks(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, src->attr.st.nlink);
}

static inline __be32 *dnfs4_put_owner(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_text(p, &src->owner);
}

static inline __be32 *dnfs4_put_owner_group(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_text(p, &src->group);
}

static inline __be32 *dnfs4_put_rawdev(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct kstat *st = &src->attr.st;
	bool device = S_ISCHR(st->mode) || S_ISBLK(st->mode);

	p = dnfs4_put_u32(p, device ? MAJOR(st->rdev) : 0);
	return dnfs4_put_u32(p, device ? MINOR(st->rdev) : 0);
}

static inline __be32 *dnfs4_put_space_used(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, (u64)src->attr.st.blocks << 9);
}

static inline __be32 *dnfs4_put_time_access(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_time(p, &src->attr.st.atime);
}

static inline __be32 *dnfs4_put_time_metadata(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_time(p, &src->attr.st.ctime);
}

static inline __be32 *dnfs4_put_time_modify(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_time(p, &src->attr.st.mtime);
}

static inline __be32 *dnfs4_put_mounted_on_fileid(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->mounted_on);
}

#endif
