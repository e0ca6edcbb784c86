// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of results of NFS version 3 (RFC 1813 sections 2.5, 2.6 and 3.3).
 *
 * Each encoder computes the length of its results, reserves it once and fills it.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <kunit/visibility.h>

#include "../../op/attr.h"
#include "types.h"

/* ftype3 by the file type bits of a mode. */
static const u8 types[16] = {
	[S_IFREG >> 12]		= NF3REG,
	[S_IFDIR >> 12]		= NF3DIR,
	[S_IFBLK >> 12]		= NF3BLK,
	[S_IFCHR >> 12]		= NF3CHR,
	[S_IFLNK >> 12]		= NF3LNK,
	[S_IFSOCK >> 12]	= NF3SOCK,
	[S_IFIFO >> 12]		= NF3FIFO,
};

static __be32 *encode_u32(__be32 *p, u32 n)
{
	*p++ = cpu_to_be32(n);
	return p;
}

static __be32 *encode_time(__be32 *p, const struct timespec64 *time)
{
	p = encode_u32(p, (u32)time->tv_sec);
	return encode_u32(p, time->tv_nsec);
}

static __be32 *encode_opaque(__be32 *p, const void *data, u32 len)
{
	return xdr_encode_opaque(p, data, len);
}

static __be32 *encode_fattr(__be32 *p, struct user_namespace *userns,
			    const struct ditto_attr *attr)
{
	const struct kstat *st = &attr->st;
	bool device = S_ISCHR(st->mode) || S_ISBLK(st->mode);

	p = encode_u32(p, types[(st->mode & S_IFMT) >> 12]);
	p = encode_u32(p, st->mode & NFS3_MODE_BITS);
	p = encode_u32(p, st->nlink);
	p = encode_u32(p, from_kuid_munged(userns, st->uid));
	p = encode_u32(p, from_kgid_munged(userns, st->gid));
	p = xdr_encode_hyper(p, st->size);
	p = xdr_encode_hyper(p, (u64)st->blocks << 9);
	p = encode_u32(p, device ? MAJOR(st->rdev) : 0);
	p = encode_u32(p, device ? MINOR(st->rdev) : 0);
	p = xdr_encode_hyper(p, attr->fsid);
	p = xdr_encode_hyper(p, st->ino);
	p = encode_time(p, &st->atime);
	p = encode_time(p, &st->mtime);
	return encode_time(p, &st->ctime);
}

size_t dnfs3_post_attr_size(const struct dnfs_post_attr *attr)
{
	return attr->valid ? NFS3_POST_ATTR_SIZE : XDR_UNIT;
}

__be32 *dnfs3_encode_post_attr(__be32 *p, struct user_namespace *userns,
			       const struct dnfs_post_attr *attr)
{
	p = xdr_encode_bool(p, attr->valid);
	return attr->valid ? encode_fattr(p, userns, &attr->attr) : p;
}

static size_t wcc_size(const struct ditto_wcc *wcc)
{
	return XDR_UNIT + (wcc->pre_valid ? NFS3_WCC_ATTR_SIZE : 0) +
	       XDR_UNIT + (wcc->post_valid ? NFS3_FATTR_SIZE : 0);
}

static __be32 *encode_wcc(__be32 *p, struct user_namespace *userns, const struct ditto_wcc *wcc)
{
	p = xdr_encode_bool(p, wcc->pre_valid);
	if (wcc->pre_valid) {
		p = xdr_encode_hyper(p, wcc->pre_size);
		p = encode_time(p, &wcc->pre_mtime);
		p = encode_time(p, &wcc->pre_ctime);
	}
	p = xdr_encode_bool(p, wcc->post_valid);
	return wcc->post_valid ? encode_fattr(p, userns, &wcc->post) : p;
}

/* Writes the status and reserves @len bytes after it. */
static __be32 *dnfs3_res_begin(struct dnfs_call *call, size_t len)
{
	__be32 *p = xdr_reserve_space(call->xdr, XDR_UNIT + len);

	return p ? encode_u32(p, call->status) : NULL;
}

/*
 * Begins a reply that starts with attributes and, if the call succeeded,
 * continues with @len bytes, as most replies do. *@p is NULL if nothing follows.
 * Return: false if the reply does not fit.
 */
static bool begin_attr(struct dnfs_call *call, const struct dnfs_post_attr *attr,
		       size_t len, __be32 **p)
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

/* Begins a reply that starts with wcc_data; otherwise as begin_attr(). */
static bool begin_wcc(struct dnfs_call *call, const struct ditto_wcc *wcc,
		      size_t len, __be32 **p)
{
	bool ok = call->status == NFS3_OK;

	*p = dnfs3_res_begin(call, wcc_size(wcc) + (ok ? len : 0));
	if (!*p)
		return false;
	*p = encode_wcc(*p, call->userns, wcc);
	if (!ok)
		*p = NULL;
	return true;
}

/* Section 3.3.1: only here the attributes are not optional. */
bool dnfs3_encode_getattr(struct dnfs_call *call)
{
	const struct dnfs3_attr_res *res = call->res;
	bool ok = call->status == NFS3_OK;
	__be32 *p = dnfs3_res_begin(call, ok ? NFS3_FATTR_SIZE : 0);

	if (p && ok)
		encode_fattr(p, call->userns, &res->attr.attr);
	return p;
}

bool dnfs3_encode_wcc(struct dnfs_call *call)
{
	const struct dnfs3_wcc_res *res = call->res;
	__be32 *p;

	return begin_wcc(call, &res->wcc, 0, &p);
}

bool dnfs3_encode_lookup(struct dnfs_call *call)
{
	const struct dnfs3_lookup_res *res = call->res;
	size_t len = dnfs3_post_attr_size(&res->dir_attr);
	bool ok = call->status == NFS3_OK;
	__be32 *p;

	if (ok)
		len += XDR_UNIT + res->handle.len + dnfs3_post_attr_size(&res->attr);
	p = dnfs3_res_begin(call, len);
	if (!p)
		return false;
	if (ok) {
		p = encode_opaque(p, res->handle.data, res->handle.len);
		p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	}
	dnfs3_encode_post_attr(p, call->userns, &res->dir_attr);
	return true;
}

bool dnfs3_encode_access(struct dnfs_call *call)
{
	const struct dnfs3_access_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, XDR_UNIT, &p))
		return false;
	if (p)
		encode_u32(p, res->access);
	return true;
}

bool dnfs3_encode_readlink(struct dnfs_call *call)
{
	const struct dnfs3_readlink_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, XDR_UNIT, &p))
		return false;
	if (p) {
		encode_u32(p, res->len);
		call->transport->payload(call, 0, res->len);
	}
	return true;
}

bool dnfs3_encode_read(struct dnfs_call *call)
{
	const struct dnfs3_read_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, 3 * XDR_UNIT, &p))
		return false;
	if (!p)
		return true;
	p = encode_u32(p, res->count);
	p = xdr_encode_bool(p, res->eof);
	encode_u32(p, res->count);
	if (res->count)
		call->transport->payload(call, res->base, res->count);
	return true;
}

bool dnfs3_encode_write(struct dnfs_call *call)
{
	const struct dnfs3_write_res *res = call->res;
	__be32 *p;

	if (!begin_wcc(call, &res->wcc, 2 * XDR_UNIT + NFS3_WRITEVERFSIZE, &p))
		return false;
	if (p) {
		p = encode_u32(p, res->count);
		p = encode_u32(p, res->committed);
		memcpy(p, &res->verf, NFS3_WRITEVERFSIZE);
	}
	return true;
}

bool dnfs3_encode_create(struct dnfs_call *call)
{
	const struct dnfs3_create_res *res = call->res;
	bool ok = call->status == NFS3_OK;
	bool has_handle = res->handle.len;
	size_t len = wcc_size(&res->wcc);
	__be32 *p;

	if (ok)
		len += XDR_UNIT + (has_handle ? XDR_UNIT + res->handle.len : 0) +
		       dnfs3_post_attr_size(&res->attr);
	p = dnfs3_res_begin(call, len);
	if (!p)
		return false;
	if (ok) {
		p = xdr_encode_bool(p, has_handle);
		if (has_handle)
			p = encode_opaque(p, res->handle.data, res->handle.len);
		p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	}
	encode_wcc(p, call->userns, &res->wcc);
	return true;
}

bool dnfs3_encode_rename(struct dnfs_call *call)
{
	const struct dnfs3_rename_res *res = call->res;
	__be32 *p = dnfs3_res_begin(call, wcc_size(&res->from) + wcc_size(&res->to));

	if (!p)
		return false;
	p = encode_wcc(p, call->userns, &res->from);
	encode_wcc(p, call->userns, &res->to);
	return true;
}

bool dnfs3_encode_link(struct dnfs_call *call)
{
	const struct dnfs3_link_res *res = call->res;
	__be32 *p = dnfs3_res_begin(call, dnfs3_post_attr_size(&res->attr) + wcc_size(&res->wcc));

	if (!p)
		return false;
	p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	encode_wcc(p, call->userns, &res->wcc);
	return true;
}

size_t dnfs3_entry_size(u32 name_len)
{
	/* Bool "entry follows", fileid, name, cookie. */
	return XDR_UNIT + sizeof(u64) + XDR_UNIT + xdr_align_size(name_len) + sizeof(u64);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs3_entry_size);

bool dnfs3_encode_entry(struct xdr_stream *xdr, struct user_namespace *userns,
			const struct ditto_dirent *entry, bool plus,
			const struct dnfs_post_attr *attr, const struct ditto_handle *handle)
{
	size_t len = dnfs3_entry_size(entry->name.len);
	__be32 *p;

	if (plus)
		len += dnfs3_post_attr_size(attr) +
		       XDR_UNIT + (handle->len ? XDR_UNIT + handle->len : 0);
	p = xdr_reserve_space(xdr, len);
	if (!p)
		return false;

	*p++ = xdr_one;
	p = xdr_encode_hyper(p, entry->ino);
	p = encode_opaque(p, entry->name.name, entry->name.len);
	p = xdr_encode_hyper(p, entry->cookie);
	if (plus) {
		p = dnfs3_encode_post_attr(p, userns, attr);
		p = xdr_encode_bool(p, handle->len);
		if (handle->len)
			encode_opaque(p, handle->data, handle->len);
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs3_encode_entry);

/* The entries are in the pages; after them come "no entry follows" and eof. */
bool dnfs3_encode_readdir(struct dnfs_call *call)
{
	static const u8 verf[NFS3_COOKIEVERFSIZE];
	const struct dnfs3_readdir_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, sizeof(verf), &p))
		return false;
	if (!p)
		return true;
	memcpy(p, verf, sizeof(verf));
	if (res->len)
		call->transport->payload(call, 0, res->len);
	p = xdr_reserve_space(call->xdr, 2 * XDR_UNIT);
	if (!p)
		return false;
	*p++ = xdr_zero;
	xdr_encode_bool(p, res->eof);
	return true;
}

bool dnfs3_encode_fsstat(struct dnfs_call *call)
{
	const struct dnfs3_fsstat_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, 6 * sizeof(u64) + XDR_UNIT, &p))
		return false;
	if (p) {
		p = xdr_encode_hyper(p, res->tbytes);
		p = xdr_encode_hyper(p, res->fbytes);
		p = xdr_encode_hyper(p, res->abytes);
		p = xdr_encode_hyper(p, res->tfiles);
		p = xdr_encode_hyper(p, res->ffiles);
		p = xdr_encode_hyper(p, res->afiles);
		encode_u32(p, 0);	/* invarsec: may change at any time */
	}
	return true;
}

bool dnfs3_encode_fsinfo(struct dnfs_call *call)
{
	const struct dnfs3_fsinfo_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, 10 * XDR_UNIT + sizeof(u64), &p))
		return false;
	if (p) {
		p = encode_u32(p, res->max);	/* rtmax, rtpref, rtmult */
		p = encode_u32(p, res->max);
		p = encode_u32(p, PAGE_SIZE);
		p = encode_u32(p, res->max);	/* wtmax, wtpref, wtmult */
		p = encode_u32(p, res->max);
		p = encode_u32(p, PAGE_SIZE);
		p = encode_u32(p, res->max);	/* dtpref */
		p = xdr_encode_hyper(p, res->maxfilesize);
		p = encode_u32(p, 0);		/* time_delta */
		p = encode_u32(p, res->time_delta_nsec);
		encode_u32(p, FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME);
	}
	return true;
}

bool dnfs3_encode_pathconf(struct dnfs_call *call)
{
	const struct dnfs3_pathconf_res *res = call->res;
	__be32 *p;

	if (!begin_attr(call, &res->attr, 6 * XDR_UNIT, &p))
		return false;
	if (p) {
		p = encode_u32(p, res->linkmax);
		p = encode_u32(p, res->name_max);
		p = xdr_encode_bool(p, true);	/* no_trunc */
		p = xdr_encode_bool(p, true);	/* chown_restricted */
		p = xdr_encode_bool(p, res->case_insensitive);
		xdr_encode_bool(p, true);	/* case_preserving */
	}
	return true;
}

bool dnfs3_encode_commit(struct dnfs_call *call)
{
	const struct dnfs3_commit_res *res = call->res;
	__be32 *p;

	if (!begin_wcc(call, &res->wcc, NFS3_WRITEVERFSIZE, &p))
		return false;
	if (p)
		memcpy(p, &res->verf, NFS3_WRITEVERFSIZE);
	return true;
}
