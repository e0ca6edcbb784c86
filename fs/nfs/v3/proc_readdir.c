// SPDX-License-Identifier: GPL-2.0-only
/*
 * READDIR and READDIRPLUS (RFC 1813 sections 3.3.16 and 3.3.17).
 *
 * Entries are written into the pages of the reply as they are found. Cookies come from the file
 * system and stay valid while the directory changes, so the cookie verifier is always zero and any
 * verifier is accepted.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../rpc/encode.h"
#include "procs.h"
#include "xdr.h"

/**
 * struct readdir_args - arguments of READDIR and READDIRPLUS
 * @dir: the directory
 * @cookie: cookie of the entry before the first one wanted; 0 for the first
 * @verf: cookie verifier, not used
 * @dircount: most bytes of entries without attributes and filehandles; only for READDIRPLUS
 * @count: most bytes of the results
 */
struct readdir_args {
	struct dnfs_fh dir;
	u64 cookie;
	u8 verf[NFS3_COOKIEVERFSIZE];
	u32 dircount;
	u32 count;
};

/**
 * struct readdir_res - results of READDIR and READDIRPLUS
 * @attr: attributes of the directory
 * @len: bytes of the entries, which are in the pages of the reply already
 * @eof: the last entry is among them
 */
struct readdir_res {
	struct dnfs_post_attr attr;
	u32 len;
	bool eof;
};

/**
 * struct listing - the entries of a reply
 * @call: the call
 * @share: share of the directory
 * @dir: the directory
 * @plus: READDIRPLUS
 * @xdr: stream that entries are written to
 * @buf: buffer of @xdr; its size is limited by the client and the transport
 * @dirroom: bytes left of dircount
 * @count: number of entries written
 * @full: an entry did not fit
 * @attr: attributes of the current entry
 * @handle: room for the filehandle of an entry
 * @memo: what filehandles of the entries have in common
 */
struct listing {
	struct dnfs_call *call;
	struct ditto_share *share;
	struct ditto_node *dir;
	bool plus;
	struct xdr_stream xdr;
	struct xdr_buf buf;
	u32 dirroom;
	u32 count;
	bool full;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
	struct ditto_handle_memo memo;
};

/* Bytes of a reply besides entries: attributes, verifier, "no entry follows", eof */
#define DNFS3_LISTING_REST	(NFS3_POST_ATTR_SIZE + NFS3_COOKIEVERFSIZE + 2 * XDR_UNIT)

static bool dnfs3_readdir_decode(struct dnfs_call *call, void *args)
{
	struct readdir_args *a = args;

	a->dircount = U32_MAX;
	return dnfs3_decode_fh(call->in, &a->dir) &&
	       !xdr_stream_decode_u64(call->in, &a->cookie) &&
	       xdr_stream_decode_opaque_fixed(call->in, a->verf, sizeof(a->verf)) >= 0 &&
	       !xdr_stream_decode_u32(call->in, &a->count);
}

static bool dnfs3_readdirplus_decode(struct dnfs_call *call, void *args)
{
	struct readdir_args *a = args;

	return dnfs3_decode_fh(call->in, &a->dir) &&
	       !xdr_stream_decode_u64(call->in, &a->cookie) &&
	       xdr_stream_decode_opaque_fixed(call->in, a->verf, sizeof(a->verf)) >= 0 &&
	       !xdr_stream_decode_u32(call->in, &a->dircount) &&
	       !xdr_stream_decode_u32(call->in, &a->count);
}

/* Bytes of a name. */
#define DNFS3_USUAL_NAME	16

/*
 * Encoded length of an entry without attributes and filehandle. This is what dircount limits.
 * Return: bytes.
 */
size_t dnfs3_entry_size(u32 name_len)
{
	/* Bool "entry follows", fileid, name, cookie. */
	return XDR_UNIT + sizeof(u64) + XDR_UNIT + xdr_align_size(name_len) + sizeof(u64);
}

/* Length and size of a filehandle are multiples of XDR_UNIT. */
static void dnfs3_encode_handle(__be32 *p, const u8 *handle, u32 len)
{
	p = xdr_encode_bool(p, !!handle);
	if (!handle)
		return;
	*p++ = cpu_to_be32(len);
	ditto_handle_copy(p, handle, len);
}

static __always_inline bool
dnfs3_entry_put(struct xdr_stream *xdr, struct user_namespace *userns,
		const struct ditto_dirent *entry, bool plus,
		const struct dnfs_post_attr *attr, const u8 *handle, u32 handle_len)
{
	size_t len = dnfs3_entry_size(entry->name.len);
	__be32 *p;

	if (plus)
		len += dnfs3_post_attr_size(attr) +
		       XDR_UNIT + (handle ? XDR_UNIT + handle_len : 0);
	p = dnfs_inline_reserve(xdr, len);
	if (!p)
		return false;

	*p++ = xdr_one;
	p = xdr_encode_hyper(p, entry->mounted_on);
	p = dnfs_put_opaque(p, entry->name.name, entry->name.len);
	p = xdr_encode_hyper(p, entry->cookie);
	if (plus) {
		p = dnfs3_encode_post_attr(p, userns, attr);
		dnfs3_encode_handle(p, handle, handle_len);
	}
	return true;
}

#ifdef DITTO_TESTS
/*
 * Append an entry to the listing of a directory. Return: false if it does not fit; then nothing is
 * appended.
 */
bool dnfs3_encode_entry(struct xdr_stream *xdr, struct user_namespace *userns,
			const struct ditto_dirent *entry, bool plus,
			const struct dnfs_post_attr *attr, const struct ditto_handle *handle)
{
	return dnfs3_entry_put(xdr, userns, entry, plus, attr, handle->len ? handle->data : NULL,
			       handle->len);
}
#endif

static bool dnfs3_readdir_emit(void *arg, const struct ditto_dirent *entry)
{
	struct listing *list = arg;
	size_t size = dnfs3_entry_size(entry->name.len);
	const u8 *handle = NULL;
	u32 handle_len = 0;

	if (size > list->dirroom) {
		list->full = true;
		return false;
	}
	/*
	 * An entry whose attributes or filehandle cannot be had is listed without. So is a mount
	 * point: clients look it up, and make a mount of their own of it.
	 */
	if (list->plus) {
		bool told = entry->dentry && !entry->nested;

		list->attr.valid = told && !ditto_getattr_listed(list->share, entry->dentry,
								 &list->attr.attr);
		if (told)
			handle = ditto_handle_of_entry(list->share, list->dir, entry,
						       &list->handle, &list->memo, &handle_len);
	}
	if (!dnfs3_entry_put(&list->xdr, list->call->userns, entry, list->plus,
			     &list->attr, handle, handle_len)) {
		list->full = true;
		return false;
	}
	list->dirroom -= size;
	list->count++;
	return true;
}

/* Tell how many bytes there are for entries, by what ends first for names of usual length. */
static void dnfs3_listing_room(const struct listing *list, struct ditto_readdir_args *args)
{
	u32 usual = dnfs3_entry_size(DNFS3_USUAL_NAME), plus = 0;

	if (list->plus)
		plus = NFS3_POST_ATTR_SIZE + 2 * XDR_UNIT + DITTO_HANDLE_USUAL;
	args->per_byte = 1;
	args->align = XDR_UNIT;
	args->each = dnfs3_entry_size(0);
	args->room = list->dirroom ?: 1;
	if (list->buf.buflen / (usual + plus) >= list->dirroom / usual)
		return;
	args->each += plus;
	args->room = list->buf.buflen ?: 1;
}

static int dnfs3_readdir_exec(struct dnfs_call *call, void *decoded, void *result)
{
	const struct readdir_args *a = decoded;
	struct readdir_res *res = result;
	struct listing list = {
		.call = call,
		.plus = call->proc == &dnfs3_proc_readdirplus,
		.dirroom = a->dircount,
	};
	struct ditto_readdir_args args = {
		.cookie = a->cookie,
		.dentries = list.plus,
		.handles = list.plus,
	};
	struct dnfs_target dir;
	unsigned int npages;
	struct page **pages;
	int err;

	err = dnfs_target_get(call, &a->dir, &dir);
	if (err)
		return err;
	list.share = dir.op.share;
	list.dir = dir.node;

	err = -ETOOSMALL;
	if (a->count < DNFS3_LISTING_REST)
		goto out;
	pages = call->transport->pages(call, &npages);
	err = -ESERVERFAULT;
	if (!npages)
		goto out;
	list.buf.pages = pages;
	list.buf.buflen = min_t(u64, min(a->count, call->max_payload) - DNFS3_LISTING_REST,
				(u64)npages << PAGE_SHIFT) & ~(XDR_UNIT - 1);
	xdr_init_encode_pages(&list.xdr, &list.buf);
	dnfs3_listing_room(&list, &args);
	err = ditto_readdir(&dir.op, dir.node, &args, dnfs3_readdir_emit, &list, &res->eof);
	if (err)
		goto out;
	/* No entry fits: an empty listing would make the client repeat the request forever. */
	if (list.full && !list.count) {
		err = -ETOOSMALL;
		goto out;
	}
	xdr_commit_encode(&list.xdr);
	res->len = list.buf.len;
	call->bytes = list.buf.len;
	if (list.full)
		res->eof = false;
out:
	dnfs_post_attr_get(&dir, &res->attr);
	dnfs_target_put(&dir);
	return err;
}

/* The entries are in the pages; after them come "no entry follows" and eof. */
static bool dnfs3_readdir_encode(struct dnfs_call *call, const void *result)
{
	const struct readdir_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, NFS3_COOKIEVERFSIZE, &p))
		return false;
	if (!p)
		return true;
	memset(p, 0, NFS3_COOKIEVERFSIZE);
	if (res->len)
		call->transport->payload(call, 0, res->len);
	p = xdr_reserve_space(call->xdr, 2 * XDR_UNIT);
	if (!p)
		return false;
	*p++ = xdr_zero;
	xdr_encode_bool(p, res->eof);
	return true;
}

const struct dnfs_proc dnfs3_proc_readdir = {
	.name = "READDIR",
	.flags = DNFS_PROC_DIRECT | DNFS_PROC_SLOW,
	.argsize = sizeof(struct readdir_args),
	.ressize = sizeof(struct readdir_res),
	.decode = dnfs3_readdir_decode,
	.exec = dnfs3_readdir_exec,
	.encode = dnfs3_readdir_encode,
};

const struct dnfs_proc dnfs3_proc_readdirplus = {
	.name = "READDIRPLUS",
	.flags = DNFS_PROC_DIRECT | DNFS_PROC_SLOW,
	.argsize = sizeof(struct readdir_args),
	.ressize = sizeof(struct readdir_res),
	.decode = dnfs3_readdirplus_decode,
	.exec = dnfs3_readdir_exec,
	.encode = dnfs3_readdir_encode,
};
