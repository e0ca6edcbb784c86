// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ_PLUS (RFC 7862 section 15.10): READ that leaves holes out.
 *
 * A reply has at most a hole, data and another hole, so that the data can be sent from the page
 * cache, as by READ. It may end before the range that was requested; the client continues from
 * there.
 *
 * Linux clients of 4.2 may read all files by READ_PLUS (CONFIG_NFS_V4_2_READ_PLUS, which Debian
 * sets), so that a file without holes must not cost more than by READ.
 */
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/nfs4.h>

#include "../../../op/space.h"
#include "../engine/ops.h"
#include "../state/open.h"
#include "read.h"

/* Encoded lengths: eof and the number of segments, a hole, the head of data. */
#define READ_PLUS_HEAD_BYTES	(2 * XDR_UNIT)
#define READ_PLUS_HOLE_BYTES	(5 * XDR_UNIT)
#define READ_PLUS_DATA_BYTES	(4 * XDR_UNIT)

/* All but the data itself, and its padding. */
#define READ_PLUS_BYTES \
	(READ_PLUS_HEAD_BYTES + 2 * READ_PLUS_HOLE_BYTES + READ_PLUS_DATA_BYTES + XDR_UNIT)

/**
 * struct read_plus_res - results of READ_PLUS
 * @offset: offset of the first segment
 * @map: length of the holes; eof
 * @payload: data between them
 */
struct read_plus_res {
	u64 offset;
	struct ditto_data_map map;
	struct dnfs4_payload payload;
};

static u32 read_plus_segments(struct dnfs4_compound *cmp, const struct dnfs4_read_args *a,
			      struct dnfs4_io *io, struct read_plus_res *res)
{
	struct dnfs4_payload *payload = &res->payload;
	struct ditto_data_map *map = &res->map;
	u32 room = dnfs4_room(cmp);
	u32 data_max, status;
	u64 count;

	if (room < READ_PLUS_BYTES + XDR_UNIT)
		return dnfs4_too_big(cmp, READ_PLUS_BYTES + XDR_UNIT);
	data_max = min(round_down(room - READ_PLUS_BYTES, XDR_UNIT), cmp->call->max_payload);
	/* No file reaches the last offsets: such a read is one beyond the end of the file. */
	res->offset = min_t(u64, a->offset, S64_MAX);
	count = min_t(u64, a->count, S64_MAX - res->offset);
	if (count && !ditto_may_have_holes(&io->op, dnfs4_node(cmp))) {
		map->data = min(count, data_max);
	} else {
		/* The next data may be far away. */
		dnfs_may_wait(cmp->call);
		status = dnfs4_status(cmp, ditto_map_data(&io->op, dnfs4_node(cmp), res->offset,
							  count, data_max, map));
		if (status || !map->data)
			return status;
	}
	status = dnfs4_status(cmp, dnfs4_payload_read(cmp, io, res->offset + map->hole, map->data,
						      READ_PLUS_BYTES, payload));
	if (status)
		return status;
	ditto_data_map_settle(dnfs4_node(cmp), res->offset, payload->count, payload->eof, map);
	return NFS4_OK;
}

static u32 read_plus_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct dnfs4_read_args *a = args;
	struct dnfs4_io io;
	u32 status;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	status = dnfs4_io_begin(cmp, &a->stateid, false, &io);
	if (status)
		return status;
	status = read_plus_segments(cmp, a, &io, result);
	dnfs4_io_end(&io);
	return status;
}

static bool read_plus_encode_hole(struct xdr_stream *xdr, u64 pos, u64 len)
{
	__be32 *p;

	if (!len)
		return true;
	p = xdr_reserve_space(xdr, READ_PLUS_HOLE_BYTES);
	if (!p)
		return false;
	*p++ = cpu_to_be32(NFS4_CONTENT_HOLE);
	p = xdr_encode_hyper(p, pos);
	xdr_encode_hyper(p, len);
	return true;
}

static bool read_plus_encode_data(struct dnfs4_compound *cmp, u64 pos,
				  const struct dnfs4_payload *payload)
{
	__be32 *p;

	if (!payload->count)
		return true;
	p = xdr_reserve_space(cmp->out, READ_PLUS_DATA_BYTES);
	if (!p)
		return false;
	*p++ = cpu_to_be32(NFS4_CONTENT_DATA);
	p = xdr_encode_hyper(p, pos);
	*p = cpu_to_be32(payload->count);
	return dnfs4_payload_encode(cmp, payload);
}

static bool read_plus_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct read_plus_res *res = result;
	const struct dnfs4_payload *payload = &res->payload;
	const struct ditto_data_map *map = &res->map;
	u64 data = res->offset + map->hole;
	__be32 *p = xdr_reserve_space(cmp->out, READ_PLUS_HEAD_BYTES);

	if (!p)
		return false;
	*p++ = cpu_to_be32(map->eof);
	*p = cpu_to_be32(!!map->hole + !!payload->count + !!map->tail);
	return read_plus_encode_hole(cmp->out, res->offset, map->hole) &&
	       read_plus_encode_data(cmp, data, payload) &&
	       read_plus_encode_hole(cmp->out, data + payload->count, map->tail);
}

static void read_plus_release(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct read_plus_res *res = result;

	kvfree(res->payload.copy);
}

const struct dnfs4_op dnfs4_op_read_plus = {
	.name = "READ_PLUS",
	.flags = DNFS4_OP_FH | DNFS4_OP_QUICK,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct dnfs4_read_args),
	.ressize = sizeof(struct read_plus_res),
	.decode = dnfs4_read_decode,
	.exec = read_plus_exec,
	.encode = read_plus_encode,
	.release = read_plus_release,
};
