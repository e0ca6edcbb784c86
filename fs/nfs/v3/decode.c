// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding of arguments of NFS version 3 (RFC 1813 section 3.3, RFC 4506).
 *
 * A decoder returns false for invalid XDR: truncated data, a filehandle longer
 * than allowed, an invalid bool or enum. Arguments that are valid XDR but make
 * no sense are refused by the procedure, with a status.
 */
#include <linux/limits.h>
#include <linux/string.h>

#include "../../op/attr.h"
#include "types.h"

/* Skips data that is too long to be used, in pieces that a stream can give at once. */
static bool dnfs3_skip(struct xdr_stream *xdr, u32 len)
{
	const u32 piece = 1024;

	if (len > xdr_stream_remaining(xdr))
		return false;
	for (; len > piece; len -= piece)
		if (!xdr_inline_decode(xdr, piece))
			return false;
	return xdr_inline_decode(xdr, len);
}

static bool get_bool(struct xdr_stream *xdr, bool *value)
{
	u32 n;

	if (xdr_stream_decode_u32(xdr, &n) || n > 1)
		return false;
	*value = n;
	return true;
}

static bool get_enum(struct xdr_stream *xdr, u32 *value, u32 max)
{
	return !xdr_stream_decode_u32(xdr, value) && *value <= max;
}

static bool get_fixed(struct xdr_stream *xdr, u8 *data, size_t len)
{
	return xdr_stream_decode_opaque_fixed(xdr, data, len) >= 0;
}

bool dnfs3_get_fh(struct xdr_stream *xdr, struct dnfs_fh *fh)
{
	__be32 *p;

	if (xdr_stream_decode_u32(xdr, &fh->len) || fh->len > NFS3_FHSIZE)
		return false;
	p = xdr_inline_decode(xdr, fh->len);
	if (!p)
		return false;
	memcpy(fh->data, p, fh->len);
	return true;
}

/* A name that is too long keeps its length, so that the procedure can refuse it. */
static bool get_name(struct xdr_stream *xdr, struct ditto_name *name)
{
	if (xdr_stream_decode_u32(xdr, &name->len))
		return false;
	if (name->len > NAME_MAX) {
		name->name = "";
		return dnfs3_skip(xdr, name->len);
	}
	name->name = (const char *)xdr_inline_decode(xdr, name->len);
	return name->name;
}

static bool get_dirop(struct xdr_stream *xdr, struct dnfs3_dirop *where)
{
	return dnfs3_get_fh(xdr, &where->dir) && get_name(xdr, &where->name);
}

static bool get_time(struct xdr_stream *xdr, struct dnfs3_time *time)
{
	return !xdr_stream_decode_u32(xdr, &time->sec) &&
	       !xdr_stream_decode_u32(xdr, &time->nsec);
}

/* Decodes an optional number of sattr3. */
static bool get_optional(struct xdr_stream *xdr, u32 *value, u32 *set, u32 bit)
{
	bool present;

	if (!get_bool(xdr, &present))
		return false;
	if (!present)
		return true;
	*set |= bit;
	return !xdr_stream_decode_u32(xdr, value);
}

static bool get_time_how(struct xdr_stream *xdr, struct dnfs3_time *time, u32 *set,
			 u32 to_client, u32 to_server)
{
	u32 how;

	if (!get_enum(xdr, &how, SET_TO_CLIENT_TIME))
		return false;
	switch (how) {
	case SET_TO_SERVER_TIME:
		*set |= to_server;
		return true;
	case SET_TO_CLIENT_TIME:
		*set |= to_client;
		return get_time(xdr, time);
	}
	return true;
}

static bool get_sattr(struct xdr_stream *xdr, struct dnfs3_sattr *sattr)
{
	bool has_size;

	sattr->set = 0;
	if (!get_optional(xdr, &sattr->mode, &sattr->set, DITTO_SET_MODE) ||
	    !get_optional(xdr, &sattr->uid, &sattr->set, DITTO_SET_UID) ||
	    !get_optional(xdr, &sattr->gid, &sattr->set, DITTO_SET_GID) ||
	    !get_bool(xdr, &has_size))
		return false;
	if (has_size) {
		sattr->set |= DITTO_SET_SIZE;
		if (xdr_stream_decode_u64(xdr, &sattr->size))
			return false;
	}
	return get_time_how(xdr, &sattr->atime, &sattr->set,
			    DITTO_SET_ATIME, DITTO_SET_ATIME_NOW) &&
	       get_time_how(xdr, &sattr->mtime, &sattr->set,
			    DITTO_SET_MTIME, DITTO_SET_MTIME_NOW);
}

/* Decodes variable-length data and leaves it where it arrived. */
static bool get_data(struct xdr_stream *xdr, struct xdr_buf *data)
{
	u32 len;

	if (xdr_stream_decode_u32(xdr, &len))
		return false;
	if (len > xdr_stream_remaining(xdr))
		return false;
	return xdr_stream_subsegment(xdr, data, len);
}

bool dnfs3_decode_fh(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_fh_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh);
}

bool dnfs3_decode_setattr(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_setattr_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       get_sattr(xdr, &a->sattr) &&
	       get_bool(xdr, &a->guarded) &&
	       (!a->guarded || get_time(xdr, &a->ctime));
}

bool dnfs3_decode_dirop(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_dirop_args *a = args;

	return get_dirop(xdr, &a->where);
}

bool dnfs3_decode_access(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_access_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       !xdr_stream_decode_u32(xdr, &a->access);
}

bool dnfs3_decode_read(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_read_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       !xdr_stream_decode_u64(xdr, &a->offset) &&
	       !xdr_stream_decode_u32(xdr, &a->count);
}

bool dnfs3_decode_write(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_write_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       !xdr_stream_decode_u64(xdr, &a->offset) &&
	       !xdr_stream_decode_u32(xdr, &a->count) &&
	       get_enum(xdr, &a->stable, FILE_SYNC) &&
	       get_data(xdr, &a->data);
}

bool dnfs3_decode_create(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_create_args *a = args;

	if (!get_dirop(xdr, &a->where) || !get_enum(xdr, &a->how, EXCLUSIVE))
		return false;
	if (a->how == EXCLUSIVE)
		return get_fixed(xdr, a->verf, sizeof(a->verf));
	return get_sattr(xdr, &a->sattr);
}

bool dnfs3_decode_mkdir(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_mkdir_args *a = args;

	return get_dirop(xdr, &a->where) && get_sattr(xdr, &a->sattr);
}

bool dnfs3_decode_symlink(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_symlink_args *a = args;

	return get_dirop(xdr, &a->where) &&
	       get_sattr(xdr, &a->sattr) &&
	       get_data(xdr, &a->target);
}

bool dnfs3_decode_mknod(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_mknod_args *a = args;

	if (!get_dirop(xdr, &a->where) ||
	    !get_enum(xdr, &a->type, NF3FIFO) || a->type < NF3REG)
		return false;

	switch (a->type) {
	case NF3CHR:
	case NF3BLK:
		return get_sattr(xdr, &a->sattr) &&
		       !xdr_stream_decode_u32(xdr, &a->major) &&
		       !xdr_stream_decode_u32(xdr, &a->minor);
	case NF3SOCK:
	case NF3FIFO:
		return get_sattr(xdr, &a->sattr);
	}
	/* Nothing follows for types that MKNOD does not create. */
	return true;
}

bool dnfs3_decode_rename(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_rename_args *a = args;

	return get_dirop(xdr, &a->from) && get_dirop(xdr, &a->to);
}

bool dnfs3_decode_link(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_link_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) && get_dirop(xdr, &a->link);
}

static bool get_readdir(struct xdr_stream *xdr, struct dnfs3_readdir_args *a)
{
	return dnfs3_get_fh(xdr, &a->dir) &&
	       !xdr_stream_decode_u64(xdr, &a->cookie) &&
	       get_fixed(xdr, a->verf, sizeof(a->verf));
}

bool dnfs3_decode_readdir(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_readdir_args *a = args;

	return get_readdir(xdr, a) && !xdr_stream_decode_u32(xdr, &a->count);
}

bool dnfs3_decode_readdirplus(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_readdir_args *a = args;

	return get_readdir(xdr, a) &&
	       !xdr_stream_decode_u32(xdr, &a->dircount) &&
	       !xdr_stream_decode_u32(xdr, &a->count);
}

bool dnfs3_decode_commit(struct xdr_stream *xdr, void *args)
{
	struct dnfs3_commit_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       !xdr_stream_decode_u64(xdr, &a->offset) &&
	       !xdr_stream_decode_u32(xdr, &a->count);
}
