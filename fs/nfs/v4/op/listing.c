// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entries of a READDIR reply (RFC 8881 section 18.23.3), whatever is listed. Each is written in
 * one piece with its attributes, or ends the listing.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../rpc/encode.h"
#include "../engine/ops.h"
#include "readdir.h"

/* Encoded length of an entry's cookie and name, which dircount limits. */
static u32 entry_head_bytes(const struct ditto_name *name)
{
	return sizeof(u64) + XDR_UNIT + xdr_align_size(name->len);
}

static bool listing_end(struct dnfs4_listing *list)
{
	list->full = true;
	return false;
}

static bool listing_count(struct dnfs4_listing *list, u32 head)
{
	list->dirroom -= min(head, list->dirroom);
	list->count++;
	return true;
}

static void entry_encode(__be32 *p, const struct dnfs4_listing *list, const struct ditto_name *name,
			 u64 cookie, u32 bytes)
{
	*p++ = xdr_one;
	p = xdr_encode_hyper(p, cookie);
	p = dnfs_put_opaque(p, name->name, name->len);
	dnfs4_attr_put(p, &list->src, bytes);
}

/* A stream reserves at most a page at a time: a longer entry is built in a buffer. */
static bool listing_add_long(struct dnfs4_listing *list, const struct ditto_name *name, u64 cookie,
			     u32 bytes)
{
	u32 head = entry_head_bytes(name), size = XDR_UNIT + head + bytes;
	__be32 *p;

	if (size > list->buf.buflen - list->buf.len)
		return listing_end(list);
	p = kvmalloc(size, GFP_KERNEL);
	if (!p) {
		list->status = NFS4ERR_DELAY;
		return listing_end(list);
	}
	entry_encode(p, list, name, cookie, bytes);
	dnfs4_encode_bytes(&list->xdr, p, size);
	kvfree(p);
	return listing_count(list, head);
}

/* Append an entry to a listing. Return: false if the listing ends before the entry. */
bool dnfs4_listing_add(struct dnfs4_listing *list, const struct ditto_name *name, u64 cookie,
		       u64 ino, u32 status)
{
	u32 head = entry_head_bytes(name), bytes;
	__be32 *p;

	if (status == NFS4ERR_DELAY) {
		list->status = status;
		return listing_end(list);
	}
	if (head > list->dirroom && list->count)
		return listing_end(list);
	if (status)
		dnfs4_attr_fail(&list->plan, &list->src, ino, status);

	bytes = dnfs4_attr_bytes(&list->src);
	if (XDR_UNIT + head + bytes > PAGE_SIZE)
		return listing_add_long(list, name, cookie, bytes);
	p = dnfs_inline_reserve(&list->xdr, XDR_UNIT + head + bytes);
	if (!p)
		return listing_end(list);
	entry_encode(p, list, name, cookie, bytes);
	return listing_count(list, head);
}
