// SPDX-License-Identifier: GPL-2.0-only
/* XDR that several procedures of NFS version 3 share, see xdr.h. */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/uidgid.h>

#include "../rpc/owner.h"
#include "xdr.h"

/* ftype3 by the file type bits of a mode. */
static const u8 dnfs3_types[16] = {
	[S_IFREG >> 12]		= NF3REG,
	[S_IFDIR >> 12]		= NF3DIR,
	[S_IFBLK >> 12]		= NF3BLK,
	[S_IFCHR >> 12]		= NF3CHR,
	[S_IFLNK >> 12]		= NF3LNK,
	[S_IFSOCK >> 12]	= NF3SOCK,
	[S_IFIFO >> 12]		= NF3FIFO,
};

/* Skips data that is too long to be used, in pieces that a stream can give in one step. */
static bool dnfs3_skip(struct xdr_stream *xdr, u32 len)
{
	const u32 piece = 1024;

	if (len > xdr_stream_remaining(xdr))
		return false;
	for (; len > piece; len -= piece)
		if (!dnfs_inline_decode(xdr, piece))
			return false;
	return dnfs_inline_decode(xdr, len);
}

/* Decode an nfs_fh3. Return: false if it is not valid XDR. */
bool dnfs3_decode_fh(struct xdr_stream *xdr, struct dnfs_fh *fh)
{
	__be32 *p;

	if (dnfs_decode_u32(xdr, &fh->len) || fh->len > NFS3_FHSIZE)
		return false;
	p = dnfs_inline_decode(xdr, fh->len);
	if (!p)
		return false;
	memcpy(fh->data, p, fh->len);
	return true;
}

/* Decode a diropargs3. Return: false if it is not valid XDR. */
bool dnfs3_decode_dirop(struct xdr_stream *xdr, struct dnfs3_dirop *where)
{
	struct ditto_name *name = &where->name;

	if (!dnfs3_decode_fh(xdr, &where->dir) || dnfs_decode_u32(xdr, &name->len))
		return false;
	if (name->len > NAME_MAX) {
		name->name = "";
		return dnfs3_skip(xdr, name->len);
	}
	name->name = (const char *)dnfs_inline_decode(xdr, name->len);
	return name->name;
}

/* Decode an nfstime3. Return: false if it is not valid XDR. */
bool dnfs3_decode_time(struct xdr_stream *xdr, struct dnfs3_time *time)
{
	return !dnfs_decode_u32(xdr, &time->sec) &&
	       !dnfs_decode_u32(xdr, &time->nsec);
}

/* Decodes an optional number of sattr3. */
static bool dnfs3_decode_optional(struct xdr_stream *xdr, u32 *value, u32 *set, u32 bit)
{
	bool present;

	if (!dnfs3_decode_bool(xdr, &present))
		return false;
	if (!present)
		return true;
	*set |= bit;
	return !dnfs_decode_u32(xdr, value);
}

static bool dnfs3_decode_set_time(struct xdr_stream *xdr, struct dnfs3_time *time, u32 *set,
				  u32 to_client, u32 to_server)
{
	u32 how;

	if (!dnfs3_decode_enum(xdr, &how, SET_TO_CLIENT_TIME))
		return false;
	switch (how) {
	case SET_TO_SERVER_TIME:
		*set |= to_server;
		return true;
	case SET_TO_CLIENT_TIME:
		*set |= to_client;
		return dnfs3_decode_time(xdr, time);
	}
	return true;
}

/* Decode a sattr3. Return: false if it is not valid XDR. */
bool dnfs3_decode_sattr(struct xdr_stream *xdr, struct dnfs3_sattr *sattr)
{
	bool has_size;

	sattr->set = 0;
	if (!dnfs3_decode_optional(xdr, &sattr->mode, &sattr->set, DITTO_SET_MODE) ||
	    !dnfs3_decode_optional(xdr, &sattr->uid, &sattr->set, DITTO_SET_UID) ||
	    !dnfs3_decode_optional(xdr, &sattr->gid, &sattr->set, DITTO_SET_GID) ||
	    !dnfs3_decode_bool(xdr, &has_size))
		return false;
	if (has_size) {
		sattr->set |= DITTO_SET_SIZE;
		if (dnfs_decode_u64(xdr, &sattr->size))
			return false;
	}
	return dnfs3_decode_set_time(xdr, &sattr->atime, &sattr->set,
				     DITTO_SET_ATIME, DITTO_SET_ATIME_NOW) &&
	       dnfs3_decode_set_time(xdr, &sattr->mtime, &sattr->set,
				     DITTO_SET_MTIME, DITTO_SET_MTIME_NOW);
}

/*
 * Decode variable-length data and leave it where it arrived. Return: false if it is not valid XDR.
 */
bool dnfs3_decode_data(struct xdr_stream *xdr, struct xdr_buf *data)
{
	u32 len;

	if (dnfs_decode_u32(xdr, &len))
		return false;
	if (len > xdr_stream_remaining(xdr))
		return false;
	return xdr_stream_subsegment(xdr, data, len);
}

/* Decode a filehandle as the only argument. Return: false if it is not valid XDR. */
bool dnfs3_decode_fh_args(struct dnfs_call *call, void *args)
{
	struct dnfs3_fh_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh);
}

/* Decode a directory and a name as the only arguments. Return: false if they are not valid XDR. */
bool dnfs3_decode_dirop_args(struct dnfs_call *call, void *args)
{
	struct dnfs3_dirop_args *a = args;

	return dnfs3_decode_dirop(call->in, &a->where);
}

/*
 * Convert a time, whose seconds are unsigned (RFC 1813 section 2.6). Return: 0, or -EINVAL if the
 * nanoseconds are out of range.
 */
int dnfs3_time_of(const struct dnfs3_time *time, struct timespec64 *ts)
{
	if (time->nsec >= NSEC_PER_SEC)
		return -EINVAL;
	ts->tv_sec = time->sec;
	ts->tv_nsec = time->nsec;
	return 0;
}

/* Convert a sattr3. Return: 0, or -EINVAL for an invalid owner or time. */
int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set)
{
	*set = (struct ditto_setattr) { .valid = sattr->set };

	if (sattr->set & DITTO_SET_MODE)
		set->mode = sattr->mode & NFS3_MODE_BITS;
	if (sattr->set & DITTO_SET_UID) {
		set->uid = make_kuid(call->userns, sattr->uid);
		if (!uid_valid(set->uid))
			return -EINVAL;
	}
	if (sattr->set & DITTO_SET_GID) {
		set->gid = make_kgid(call->userns, sattr->gid);
		if (!gid_valid(set->gid))
			return -EINVAL;
	}
	if (sattr->set & DITTO_SET_SIZE)
		set->size = sattr->size;
	if (sattr->set & DITTO_SET_ATIME && dnfs3_time_of(&sattr->atime, &set->atime))
		return -EINVAL;
	if (sattr->set & DITTO_SET_MTIME && dnfs3_time_of(&sattr->mtime, &set->mtime))
		return -EINVAL;
	return 0;
}

static __be32 *dnfs3_encode_time(__be32 *p, const struct timespec64 *time)
{
	p = dnfs3_encode_u32(p, (u32)time->tv_sec);
	return dnfs3_encode_u32(p, time->tv_nsec);
}

/* Write a fattr3. Return: the position after it. */
__be32 *dnfs3_encode_fattr(__be32 *p, struct user_namespace *userns,
			   const struct ditto_attr *attr)
{
	const struct kstat *st = &attr->st;
	bool device = S_ISCHR(st->mode) || S_ISBLK(st->mode);

	p = dnfs3_encode_u32(p, dnfs3_types[(st->mode & S_IFMT) >> 12]);
	p = dnfs3_encode_u32(p, st->mode & NFS3_MODE_BITS);
	p = dnfs3_encode_u32(p, st->nlink);
	p = dnfs3_encode_u32(p, dnfs_uid_out(userns, st->uid));
	p = dnfs3_encode_u32(p, dnfs_gid_out(userns, st->gid));
	p = xdr_encode_hyper(p, st->size);
	p = xdr_encode_hyper(p, (u64)st->blocks << 9);
	p = dnfs3_encode_u32(p, device ? MAJOR(st->rdev) : 0);
	p = dnfs3_encode_u32(p, device ? MINOR(st->rdev) : 0);
	p = xdr_encode_hyper(p, attr->fsid);
	p = xdr_encode_hyper(p, st->ino);
	p = dnfs3_encode_time(p, &st->atime);
	p = dnfs3_encode_time(p, &st->mtime);
	return dnfs3_encode_time(p, &st->ctime);
}

/* Write a wcc_data. Return: the position after it. */
__be32 *dnfs3_encode_wcc(__be32 *p, struct user_namespace *userns, const struct ditto_wcc *wcc)
{
	bool before = ditto_wcc_is_atomic(wcc);

	p = xdr_encode_bool(p, before);
	if (before) {
		p = xdr_encode_hyper(p, wcc->pre_size);
		p = dnfs3_encode_time(p, &wcc->pre_mtime);
		p = dnfs3_encode_time(p, &wcc->pre_ctime);
	}
	p = xdr_encode_bool(p, wcc->post_valid);
	return wcc->post_valid ? dnfs3_encode_fattr(p, userns, &wcc->post) : p;
}

/*
 * Begin results that start with a post_op_attr. @len: bytes that follow them if the call succeeded;
 * @p: set to the position of these bytes; NULL if the call failed, so that nothing follows. Return:
 * false if the results do not fit.
 */
bool dnfs3_res_begin_attr(struct dnfs_call *call, const struct dnfs_post_attr *attr, size_t len,
			  __be32 **p)
{
	bool ok = call->status == NFS3_OK;

	*p = dnfs3_res_begin(call, dnfs3_post_attr_size(attr) + (ok ? len : 0));
	if (!*p)
		return false;
	*p = dnfs3_encode_post_attr(*p, call->userns, attr);
	if (!ok)
		*p = NULL;
	return true;
}

/*
 * Begin results that start with a wcc_data. @len: bytes that follow them if the call succeeded; @p:
 * set to the position of these bytes; NULL if the call failed, so that nothing follows. Return:
 * false if the results do not fit.
 */
bool dnfs3_res_begin_wcc(struct dnfs_call *call, const struct ditto_wcc *wcc, size_t len,
			 __be32 **p)
{
	bool ok = call->status == NFS3_OK;

	*p = dnfs3_res_begin(call, dnfs3_wcc_size(wcc) + (ok ? len : 0));
	if (!*p)
		return false;
	*p = dnfs3_encode_wcc(*p, call->userns, wcc);
	if (!ok)
		*p = NULL;
	return true;
}

/* Encode results of SETATTR, REMOVE and RMDIR. Return: false if they do not fit. */
bool dnfs3_encode_wcc_res(struct dnfs_call *call, const void *res)
{
	const struct dnfs3_wcc_res *r = res;
	__be32 *p;

	return dnfs3_res_begin_wcc(call, &r->wcc, 0, &p);
}
