// SPDX-License-Identifier: GPL-2.0-only
/*
 * READDIR and READDIRPLUS of NFS version 3 (RFC 1813 sections 3.3.16, 3.3.17).
 *
 * Entries are written into the pages of the reply as they are found. Cookies are
 * those of the file system and stay valid while the directory changes, so the
 * cookie verifier is always zero and any verifier is accepted.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "../../op/attr.h"
#include "types.h"

/**
 * struct listing - the entries of a reply
 * @call: the call
 * @share: share of the directory
 * @plus: READDIRPLUS
 * @xdr: stream that entries are written to
 * @buf: buffer of @xdr; its size is limited by the client and the transport
 * @dirroom: bytes left of dircount
 * @count: number of entries written
 * @full: an entry did not fit
 * @attr: attributes of the current entry
 * @handle: filehandle of the current entry
 */
struct listing {
	struct dnfs_call *call;
	struct ditto_share *share;
	bool plus;
	struct xdr_stream xdr;
	struct xdr_buf buf;
	u32 dirroom;
	u32 count;
	bool full;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
};

/* Bytes of a reply besides entries: attributes, verifier, "no entry follows", eof */
#define DNFS3_LISTING_REST	(NFS3_POST_ATTR_SIZE + NFS3_COOKIEVERFSIZE + 2 * XDR_UNIT)

/* Reads attributes and filehandle; an entry for which that fails is listed without. */
static void readdir_entry_describe(struct listing *list, struct dentry *dentry)
{
	list->attr.valid = false;
	list->handle.len = 0;
	if (!dentry)
		return;
	list->attr.valid = !ditto_getattr_dentry(list->share, dentry, &list->attr.attr);
	if (ditto_handle_encode(list->share, dentry, &list->handle))
		list->handle.len = 0;
}

static bool readdir_emit(void *arg, const struct ditto_dirent *entry)
{
	struct listing *list = arg;
	size_t size = dnfs3_entry_size(entry->name.len);

	if (size > list->dirroom) {
		list->full = true;
		return false;
	}
	if (list->plus)
		readdir_entry_describe(list, entry->dentry);
	if (!dnfs3_encode_entry(&list->xdr, list->call->userns, entry, list->plus,
				&list->attr, &list->handle)) {
		list->full = true;
		return false;
	}
	list->dirroom -= size;
	list->count++;
	return true;
}

static int readdir_begin(struct listing *list, u32 count)
{
	struct dnfs_call *call = list->call;
	unsigned int npages;
	struct page **pages;

	if (count < DNFS3_LISTING_REST)
		return -ETOOSMALL;
	pages = call->transport->pages(call, &npages);
	if (!npages)
		return -ESERVERFAULT;

	list->buf.pages = pages;
	list->buf.buflen = min_t(u64, min(count, call->max_payload) - DNFS3_LISTING_REST,
				 (u64)npages << PAGE_SHIFT) & ~(XDR_UNIT - 1);
	xdr_init_encode_pages(&list->xdr, &list->buf, pages, NULL);
	return 0;
}

static int list_dir(struct dnfs_call *call, bool plus, u32 dircount)
{
	const struct dnfs3_readdir_args *args = call->args;
	struct dnfs3_readdir_res *res = call->res;
	struct listing list = { .call = call, .plus = plus, .dirroom = dircount };
	struct dnfs_target dir;
	int err;

	err = dnfs_target_get(call, &args->dir, &dir);
	if (err)
		return err;
	list.share = dir.op.share;

	err = readdir_begin(&list, args->count);
	if (!err)
		err = ditto_readdir(&dir.op, dir.node, args->cookie, plus, readdir_emit, &list,
				    &res->eof);
	/* No entry fits: an empty listing would make the client repeat the request forever. */
	if (!err && list.full && !list.count)
		err = -ETOOSMALL;
	if (!err) {
		xdr_commit_encode(&list.xdr);
		res->len = list.buf.len;
		call->bytes = list.buf.len;
		if (list.full)
			res->eof = false;
	}
	dnfs_post_attr_get(&dir, &res->attr);
	dnfs_target_put(&dir);
	return err;
}

int dnfs3_readdir(struct dnfs_call *call)
{
	return list_dir(call, false, U32_MAX);
}

int dnfs3_readdirplus(struct dnfs_call *call)
{
	const struct dnfs3_readdir_args *args = call->args;

	return list_dir(call, true, args->dircount);
}
