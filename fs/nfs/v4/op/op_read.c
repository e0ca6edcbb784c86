// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ (RFC 8881 section 18.22).
 *
 * The data of the last operation of a COMPOUND goes into pages of the reply, or stays in the
 * page cache. Results after a payload must fit into the rest of the first page, so a READ
 * that is not the last operation has its data copied. The exception is a READ followed by
 * one GETATTR, as clients often send it: its results are small enough unless it requests
 * an access control list.
 */
#include <linux/bvec.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/nfs4.h>
#include <linux/uio.h>

#include "../../../../net/stats.h"
#include "../../rpc/encode.h"
#include "../attr/attr.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"
#include "read.h"

/* Bytes that must be left after a payload, more than a GETATTR needs. */
#define DNFS4_READ_BEHIND	2048

/* struct dnfs4_op.decode of both. @args: struct dnfs4_read_args. */
u32 dnfs4_read_decode(struct dnfs4_compound *cmp, void *args)
{
	struct dnfs4_read_args *a = args;

	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u32(cmp->in, &a->count))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/*
 * Checks that a payload may be sent in pages, given the operations that follow and @bytes of the
 * first page for this one.
 */
static bool fits_behind(const struct dnfs4_compound *cmp, u32 bytes)
{
	u32 room = (cmp->out->end - cmp->out->p) * sizeof(*cmp->out->p);
	struct xdr_stream ahead = *cmp->in;
	struct dnfs4_bitmap ask;
	bool more;
	u32 opnum;

	if (bytes > room)
		return false;
	if (cmp->index + 1 == cmp->nops)
		return true;
	if (cmp->index + 2 != cmp->nops || xdr_stream_decode_u32(&ahead, &opnum) ||
	    opnum != OP_GETATTR || dnfs4_decode_bitmap(&ahead, &ask, &more))
		return false;
	if (dnfs4_bitmap_has(&ask, FATTR4_ACL) || dnfs4_bitmap_has(&ask, FATTR4_DACL))
		return false;
	return room - bytes >= DNFS4_READ_BEHIND;
}

/*
 * Read data for the reply, into its pages if possible. @count: most bytes to read; the reply has
 * room for them; @bytes: bytes that the operation encodes in the first page of the reply, before
 * and after the data; @payload: zeros; filled. @payload->copy must be freed, also after an error.
 * Return: 0 or an errno of ditto_read().
 */
int dnfs4_payload_read(struct dnfs4_compound *cmp, struct dnfs4_io *io, loff_t pos, u32 count,
		       u32 bytes, struct dnfs4_payload *payload)
{
	struct ditto_node *node = dnfs4_node(cmp);
	struct iov_iter iter;
	struct kvec vec;
	ssize_t n;

	payload->paged = fits_behind(cmp, bytes) && dnfs4_take_pages(cmp);
	if (payload->paged) {
		n = dnfs_read(cmp->call, &io->op, node, pos, count, &payload->base, &payload->eof);
	} else {
		payload->copy = kvmalloc(count, GFP_KERNEL_ACCOUNT);
		if (!payload->copy)
			return -ENOMEM;
		vec = (struct kvec){ payload->copy, count };
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, count);
		n = ditto_read(&io->op, node, pos, &iter, &payload->eof);
	}
	if (n < 0)
		return n;
	payload->count = n;
	cmp->call->bytes += n;
	cmp->call->read += n;
	return 0;
}

static u32 read_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct dnfs4_read_args *a = args;
	loff_t pos = min_t(u64, a->offset, S64_MAX);
	struct dnfs4_payload *payload = result;
	u32 count, room, status;
	struct dnfs4_io io;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	status = dnfs4_io_begin(cmp, &a->stateid, false, &io);
	if (status)
		return status;
	/* Room after eof and count, and before the next operation, in whole words. */
	room = dnfs4_room(cmp);
	if (cmp->index + 1 < cmp->nops)
		room -= min(room, DNFS4_OP_HEAD_BYTES);
	room = room > 2 * XDR_UNIT ? round_down(room - 2 * XDR_UNIT, XDR_UNIT) : 0;
	count = min3(a->count, cmp->call->max_payload, room);
	if (!count && a->count) {
		status = dnfs4_too_big(cmp, a->count);
		goto end;
	}
	/* No file reaches the last offsets: such a read is one beyond the end of the file. */
	count = min_t(u64, count, S64_MAX - pos);
	status = dnfs4_status(cmp, dnfs4_payload_read(cmp, &io, pos, count, 0, payload));
end:
	dnfs4_io_end(&io);
	return status;
}

static bool encode_copy(struct xdr_stream *xdr, const struct dnfs4_payload *payload)
{
	u32 whole = round_down(payload->count, XDR_UNIT);
	__be32 *p;

	if (!dnfs4_encode_bytes(xdr, payload->copy, whole))
		return false;
	if (whole == payload->count)
		return true;
	p = xdr_reserve_space(xdr, XDR_UNIT);
	if (!p)
		return false;
	*p = 0;
	memcpy(p, payload->copy + whole, payload->count - whole);
	return true;
}

/* Append the data to the results, padded to whole words. Return: false if it does not fit. */
bool dnfs4_payload_encode(struct dnfs4_compound *cmp, const struct dnfs4_payload *payload)
{
	if (!payload->count)
		return true;
	if (!payload->paged)
		return encode_copy(cmp->out, payload);
	cmp->call->transport->payload(cmp->call, payload->base, payload->count);
	return true;
}

static bool read_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct dnfs4_payload *payload = result;
	__be32 *p = dnfs_inline_reserve(cmp->out, 2 * XDR_UNIT);

	if (!p)
		return false;
	*p++ = cpu_to_be32(payload->eof);
	*p = cpu_to_be32(payload->count);
	dnfs_place_payload(cmp->call, payload->count);
	return dnfs4_payload_encode(cmp, payload);
}

static void read_end(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct dnfs4_payload *payload = result;

	kvfree(payload->copy);
}

const struct dnfs4_op dnfs4_op_read = {
	.name = "READ",
	.flags = DNFS4_OP_FH | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct dnfs4_read_args),
	.ressize = sizeof(struct dnfs4_payload),
	.decode = dnfs4_read_decode,
	.exec = read_exec,
	.encode = read_encode,
	.release = read_end,
};
