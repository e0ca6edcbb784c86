// SPDX-License-Identifier: GPL-2.0-only
/*
 * READDIR (RFC 8881 section 18.23, RFC 7530 section 16.24).
 *
 * Entries are written into the pages of the reply as they are found, each with its
 * attributes in one piece. Cookies come from the file system and stay valid while the
 * directory changes, so the verifier is always zero, and any other is refused.
 *
 * An entry whose attributes cannot be read does not fail the listing: it is returned with
 * its fileid only, and with the error if the client requested rdattr_error. An entry that
 * is only not available yet ends the listing before it, so that the client retries. A link has no
 * attributes either (RFC 8881 section 11.4.2), unless the client requested its locations; one that
 * requested neither locations nor rdattr_error gets the error when it goes on from there.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../node/node.h"
#include "../../../share/link.h"
#include "../engine/cookie.h"
#include "../engine/ops.h"
#include "readdir.h"

static_assert(sizeof(struct dnfs4_listing) <= DNFS4_RES_MAX);

#define VERIFIER_BYTES	8
/* Bytes of a result besides entries: the verifier, "no entry follows", eof. */
#define LISTING_REST	(VERIFIER_BYTES + 2 * XDR_UNIT)
/* Most bytes of an own buffer, used after a result that has taken the reply's pages. */
#define OWN_BYTES_MAX	(32 * 1024)

struct readdir_args {
	u64 cookie;
	u64 verifier;
	u32 dircount;
	u32 maxcount;
	struct dnfs4_bitmap ask;
};

static u32 readdir_decode(struct dnfs4_compound *cmp, void *args)
{
	struct readdir_args *a = args;
	bool more;

	if (xdr_stream_decode_u64(cmp->in, &a->cookie) < 0 ||
	    xdr_stream_decode_u64(cmp->in, &a->verifier) < 0 ||
	    xdr_stream_decode_u32(cmp->in, &a->dircount) < 0 ||
	    xdr_stream_decode_u32(cmp->in, &a->maxcount) < 0)
		return NFS4ERR_BADXDR;
	return dnfs4_decode_bitmap(cmp->in, &a->ask, &more);
}

/* Error of an entry without dentry: it has been removed, or the directory is not searchable. */
static int no_dentry(struct dnfs4_listing *list)
{
	if (list->search > 0)
		list->search = ditto_permission(dnfs4_fs_op(list->cmp), dnfs4_node(list->cmp),
						DITTO_MAY_EXEC);
	return list->search ?: -ENOENT;
}

/* A file system within the share may have other attributes than the directory. */
static noinline_for_stack bool add_nested(struct dnfs4_listing *list,
					  const struct ditto_dirent *entry, u64 cookie)
{
	struct dnfs4_compound *cmp = list->cmp;
	struct dnfs4_fh fh = { .kind = DNFS4_FH_NODE, .target.op = *dnfs4_fs_op(cmp) };
	struct dnfs4_attr_plan plan;
	bool more;
	int err;

	fh.target.op.share = entry->nested;
	fh.target.node = ditto_node_get_root(entry->nested);
	if (IS_ERR(fh.target.node))
		return dnfs4_listing_add(list, &entry->name, cookie, entry->ino,
					 dnfs4_status(cmp, PTR_ERR(fh.target.node)));
	err = dnfs4_attr_plan(cmp, &fh, list->ask, &plan) ? -EIO :
	      dnfs4_attr_read(cmp, &fh, NULL, &plan, &list->src);
	more = dnfs4_listing_add(list, &entry->name, cookie, entry->ino, dnfs4_status(cmp, err));
	ditto_node_put(fh.target.node);
	return more;
}

static noinline_for_stack bool add_link(struct dnfs4_listing *list,
					const struct ditto_dirent *entry, u64 cookie)
{
	bool located = dnfs4_bitmap_has(list->ask, FATTR4_FS_LOCATIONS);
	struct dnfs4_compound *cmp = list->cmp;
	bool more;
	int err;

	if (!located && !dnfs4_bitmap_has(list->ask, FATTR4_RDATTR_ERROR)) {
		list->status = NFS4ERR_MOVED;
		list->full = true;
		return false;
	}
	err = dnfs4_absent_read(cmp, &cmp->current_fh, entry, list->ask, &list->src);
	list->src.error = located ? NFS4_OK : NFS4ERR_MOVED;
	more = dnfs4_listing_add(list, &entry->name, cookie, entry->ino, dnfs4_status(cmp, err));
	list->src.link = NULL;
	return more;
}

static bool readdir_emit(void *arg, const struct ditto_dirent *entry)
{
	struct dnfs4_listing *list = arg;
	struct dnfs4_compound *cmp = list->cmp;
	u64 cookie = dnfs4_cookie(entry->cookie);
	int err;

	/* Listings do not have "." and "..". */
	if (name_is_dot_dotdot(entry->name.name, entry->name.len))
		return true;
	if (entry->nested)
		return add_nested(list, entry, cookie);
	if (ditto_share_has_links(cmp->current_fh.target.op.share) && entry->dentry &&
	    dnfs4_link_find(&cmp->current_fh, d_inode(entry->dentry), &list->src))
		return add_link(list, entry, cookie);
	if (entry->dentry) {
		err = dnfs4_attr_read(cmp, &cmp->current_fh, entry, &list->plan, &list->src);
	} else {
		err = list->search < 0 || list->plan.need & ~DNFS4_NEED_INO ? no_dentry(list) : 0;
		dnfs4_attr_begin(cmp, &cmp->current_fh, &list->plan, &list->src);
		list->src.attr.st.ino = entry->ino;
		list->src.mounted_on = entry->mounted_on;
	}
	return dnfs4_listing_add(list, &entry->name, cookie, entry->ino, dnfs4_status(cmp, err));
}

/* Sets up the buffer for entries and its size. Return: NFS4_OK or a status. */
static u32 readdir_begin(struct dnfs4_listing *list, u32 maxcount)
{
	struct dnfs4_compound *cmp = list->cmp;
	struct dnfs_call *call = cmp->call;
	u32 room = dnfs4_room(cmp);
	unsigned int npages;
	struct page **pages;

	if (maxcount < LISTING_REST)
		return NFS4ERR_TOOSMALL;
	if (room < DNFS4_OP_HEAD_BYTES + LISTING_REST)
		return dnfs4_too_big(cmp, LISTING_REST);
	room = min3(room - DNFS4_OP_HEAD_BYTES, maxcount, call->max_payload) - LISTING_REST;

	if (!dnfs4_take_pages(cmp)) {
		room = min_t(u32, room, OWN_BYTES_MAX) & ~(XDR_UNIT - 1);
		list->own = kvmalloc(max_t(u32, room, XDR_UNIT), GFP_KERNEL);
		if (!list->own)
			return NFS4ERR_DELAY;
		list->buf.head[0].iov_base = list->own;
		list->buf.buflen = room;
		xdr_init_encode(&list->xdr, &list->buf, NULL, NULL);
		return NFS4_OK;
	}
	pages = call->transport->pages(call, &npages);
	if (!npages)
		return dnfs4_too_big(cmp, LISTING_REST);
	list->buf.pages = pages;
	list->buf.buflen = min_t(u64, room, (u64)npages << PAGE_SHIFT) & ~(XDR_UNIT - 1);
	xdr_init_encode_pages(&list->xdr, &list->buf);
	return NFS4_OK;
}

/* Bytes of an entry without its name, if what varies in length is short. */
static u32 readdir_each(const struct dnfs4_listing *list)
{
	const struct dnfs4_attr_plan *plan = &list->plan;
	/* "entry follows", cookie, name, length of attributes */
	u32 size = XDR_UNIT + sizeof(u64) + XDR_UNIT + XDR_UNIT;

	size += dnfs4_bitmap_bytes(&plan->map) + plan->bytes;
	if (plan->need & DNFS4_NEED_HANDLE)
		size += XDR_UNIT + DNFS4_FH_USUAL;
	if (plan->need & DNFS4_NEED_OWNER)
		size += 2 * XDR_UNIT;
	if (plan->need & DNFS4_NEED_GROUP)
		size += 2 * XDR_UNIT;
	return min(size, U16_MAX);
}

static int list_any(struct dnfs4_listing *list)
{
	struct dnfs4_compound *cmp = list->cmp;
	bool has_links = cmp->current_fh.kind == DNFS4_FH_NODE &&
			 ditto_share_has_links(cmp->current_fh.target.op.share);
	struct ditto_readdir_args args = {
		.cookie = list->cookie & ~DNFS4_COOKIE_MOVED,
		.room = list->buf.buflen ?: 1,
		.each = readdir_each(list),
		.per_byte = 1,
		.align = XDR_UNIT,
		.dentries = list->plan.need & ~DNFS4_NEED_INO,
		.directories = has_links,
		.handles = list->plan.need & DNFS4_NEED_HANDLE,
	};

	switch (cmp->current_fh.kind) {
	case DNFS4_FH_PSEUDO:
		return dnfs4_list_pseudo(list);
	case DNFS4_FH_ATTRDIR:
		return dnfs4_list_attrdir(list);
	default:
		return ditto_readdir(dnfs4_fs_op(cmp), dnfs4_node(cmp), &args, readdir_emit, list,
				     &list->eof);
	}
}

static u32 readdir_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	const struct readdir_args *a = args;
	struct dnfs4_listing *list = res;
	u32 room, status;
	int err;

	if (a->cookie && a->cookie <= DNFS4_COOKIE_LAST_RESERVED)
		return NFS4ERR_BAD_COOKIE;
	if (a->cookie && a->verifier)
		return NFS4ERR_NOT_SAME;
	list->cmp = cmp;
	list->ask = &a->ask;
	list->cookie = a->cookie;
	list->dirroom = a->dircount ?: U32_MAX;
	list->search = 1;
	status = dnfs4_attr_plan(cmp, &cmp->current_fh, &a->ask, &list->plan);
	if (status)
		return status;
	status = readdir_begin(list, a->maxcount);
	if (status)
		return status;

	err = list_any(list);
	if (err)
		return dnfs4_status(cmp, err);
	/* If no entry fits, an empty listing would make the client repeat the request forever. */
	if (list->full && !list->count) {
		if (list->status)
			return list->status;
		room = list->buf.buflen + LISTING_REST;
		return room + XDR_UNIT > a->maxcount ? NFS4ERR_TOOSMALL : dnfs4_too_big(cmp, room);
	}
	/* Later operations of the COMPOUND must not wait for what the next entry needs. */
	if (unlikely(list->status))
		dnfs_await_end(cmp->call);
	xdr_commit_encode(&list->xdr);
	cmp->call->bytes += list->buf.len;
	return NFS4_OK;
}

static bool readdir_encode(struct dnfs4_compound *cmp, u32 status, const void *res)
{
	const struct dnfs4_listing *list = res;
	__be32 *p = xdr_reserve_space(cmp->out, VERIFIER_BYTES);

	if (!p)
		return false;
	memset(p, 0, VERIFIER_BYTES);
	if (list->own) {
		if (!dnfs4_encode_bytes(cmp->out, list->own, list->buf.len))
			return false;
	} else if (list->buf.len) {
		cmp->call->transport->payload(cmp->call, 0, list->buf.len);
	}
	p = xdr_reserve_space(cmp->out, 2 * XDR_UNIT);
	if (!p)
		return false;
	*p++ = xdr_zero;
	xdr_encode_bool(p, list->eof && !list->full);
	return true;
}

static void readdir_release(struct dnfs4_compound *cmp, void *args, void *res)
{
	struct dnfs4_listing *list = res;

	dnfs4_attr_src_free(&list->src);
	kvfree(list->own);
}

const struct dnfs4_op dnfs4_op_readdir = {
	.name = "READDIR",
	.flags = DNFS4_OP_FH_ANY,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct readdir_args),
	.ressize = sizeof(struct dnfs4_listing),
	.decode = readdir_decode,
	.exec = readdir_exec,
	.encode = readdir_encode,
	.release = readdir_release,
};
