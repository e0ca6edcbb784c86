// SPDX-License-Identifier: GPL-2.0-only
/*
 * FSCTLs about the ranges of a file that have data: sparse files, zeroing, allocated ranges,
 * regions and trim. MS-FSCC section 2.3, MS-FSA section 2.1.5.10.
 */

#include "../../fs/op/space.h"
#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/call.h"
#include "ioctl.h"

/* FILE_REGION_USAGE_VALID_CACHED_DATA: MS-FSCC section 2.3.55 */
#define DSMB_REGION_VALID	1

/* Ranges of one FSCTL_FILE_LEVEL_TRIM. */
#define DSMB_TRIM_MAX		1024

/* Set or clear the sparse attribute of a file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_set_sparse(struct dsmb_ioctl *io)
{
	struct ditto_dosattr dosattr = {
		.valid = DITTO_DOSATTR_FLAGS,
		.keep = DITTO_FLAGS_KEPT & ~DITTO_FLAG_SPARSE,
	};
	struct dsmb_attrs attrs;
	/* Without input the value is TRUE. */
	bool sparse = !io->in.size || dsmb_get_u8(&io->in);
	int err;

	err = dsmb_attrs_of_node(io->call->op.share, ditto_instance_base(io->inst), &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	dosattr.flags = sparse ? DITTO_FLAG_SPARSE : 0;
	if (dosattr.flags == (attrs.dosattr.flags & DITTO_FLAG_SPARSE))
		return STATUS_SUCCESS;
	err = ditto_dosattr_set(&io->call->op, ditto_instance_base(io->inst), &dosattr);
	return dsmb_op_status(io->call, err);
}

/*
 * Write zeros over a range of a file. @count: number of bytes, none of which is behind the end of
 * the file. Return: 0 or a negative errno, for dsmb_op_status().
 */
int dsmb_zero_range(struct dsmb_ioctl *io, bool punch, u64 pos, u64 count)
{
	int err = -EOPNOTSUPP;
	u64 end = pos + count;

	if (punch)
		err = ditto_allocate(&io->call->op, io->node, DITTO_SPACE_PUNCH, pos, count);
	if (err != -EOPNOTSUPP)
		return err;
	/* Where zeros have to be written, it takes long for a large file. */
	for (err = 0; !err && pos < end;)
		err = dsmb_call_is_cancelled(io->call) ? -ECANCELED :
		      ditto_zero(&io->call->op, io->node, pos, end, &pos);
	return err;
}

/* Write zeros over a range of a file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_set_zero_data(struct dsmb_ioctl *io)
{
	u64 pos = dsmb_get_u64(&io->in), end = dsmb_get_u64(&io->in);
	struct dsmb_attrs attrs;
	int err;

	if (pos > S64_MAX || end > S64_MAX || pos > end)
		return STATUS_INVALID_PARAMETER;
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	/* The file does not grow. */
	end = min(end, attrs.size);
	if (pos >= end)
		return STATUS_SUCCESS;
	/* Only a sparse file gives its blocks back. */
	err = dsmb_zero_range(io, attrs.dosattr.flags & DITTO_FLAG_SPARSE, pos, end - pos);
	return dsmb_op_status(io->call, err);
}

/* Return: false if it does not fit. */
static bool dsmb_encode_range(struct dsmb_ioctl *io, u64 pos, u64 end)
{
	u32 before = io->out.len;

	dsmb_encode_u64(&io->out, pos);
	dsmb_encode_u64(&io->out, end - pos);
	if (!io->out.full)
		return true;
	dsmb_back(&io->out, before);
	return false;
}

static u32 dsmb_encode_data_ranges(struct dsmb_ioctl *io, u64 pos, u64 end)
{
	u64 data, hole;
	int err;

	while (pos < end) {
		err = ditto_seek(&io->call->op, io->node, pos, false, &data);
		if (err == -ENXIO || (!err && data >= end))
			break;
		if (!err)
			err = ditto_seek(&io->call->op, io->node, data, true, &hole);
		/* The file was truncated since. */
		if (err == -ENXIO)
			break;
		if (err)
			return dsmb_op_status(io->call, err);
		hole = min(hole, end);
		if (!dsmb_encode_range(io, data, hole))
			return io->out.len ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
		pos = hole;
	}
	return STATUS_SUCCESS;
}

/* List the allocated ranges of a file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_allocated_ranges(struct dsmb_ioctl *io)
{
	u64 pos = dsmb_get_u64(&io->in), len = dsmb_get_u64(&io->in), end;
	struct dsmb_attrs attrs;
	int err;

	if (pos > S64_MAX || len > S64_MAX - pos)
		return STATUS_INVALID_PARAMETER;
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	end = min(pos + len, attrs.size);
	if (pos >= end)
		return STATUS_SUCCESS;
	/*
	 * A file that is not sparse has no holes that clients can see (MS-FSA section 2.1.5.10.22).
	 */
	if (!(attrs.dosattr.flags & DITTO_FLAG_SPARSE))
		return dsmb_encode_range(io, pos, end) ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
	return dsmb_encode_data_ranges(io, pos, end);
}

/*
 * List the valid regions of a file. All data of a file is valid, so it has one region, or none.
 * Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_file_regions(struct dsmb_ioctl *io)
{
	u64 pos = 0, len = S64_MAX, end;
	struct dsmb_attrs attrs;
	bool any;
	int err;

	if (io->in.size) {
		pos = dsmb_get_u64(&io->in);
		len = dsmb_get_u64(&io->in);
		dsmb_skip(&io->in, 8);
		if (io->in.bad || pos > S64_MAX || len > S64_MAX)
			return STATUS_INVALID_PARAMETER;
	}
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	end = min(pos + len, attrs.size);
	any = pos < end;
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, any);
	dsmb_encode_u32(&io->out, any);
	dsmb_encode_u32(&io->out, 0);
	if (any) {
		dsmb_encode_u64(&io->out, pos);
		dsmb_encode_u64(&io->out, end - pos);
		dsmb_encode_u32(&io->out, DSMB_REGION_VALID);
		dsmb_encode_u32(&io->out, 0);
	}
	return STATUS_SUCCESS;
}

/*
 * Discard ranges of a file that its client does not need any more. MS-FSCC section 2.3.73. The
 * client does not need these ranges any more: MS-FSCC section 2.3.73 Return: a status or
 * DSMB_PARKED.
 */
u32 dsmb_fsctl_trim(struct dsmb_ioctl *io)
{
	u32 key = dsmb_get_u32(&io->in), count = dsmb_get_u32(&io->in), i;
	struct dsmb_cursor ranges = io->in;
	struct dsmb_attrs attrs;
	u64 pos, len;
	int err;

	if (key || !count || count > DSMB_TRIM_MAX ||
	    dsmb_left(&io->in) < count * 16)
		return STATUS_INVALID_PARAMETER;
	/* None is trimmed if another one is refused. */
	for (i = 0; i < count; i++) {
		pos = dsmb_get_u64(&ranges);
		len = dsmb_get_u64(&ranges);
		if (pos > S64_MAX || len > S64_MAX - pos)
			return STATUS_INVALID_PARAMETER;
	}
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	/* MS-FSA section 2.1.5.10.6 */
	if (attrs.flags & DSMB_ATTR_COMPRESSED)
		return STATUS_INVALID_PARAMETER;
	for (i = 0; i < count; i++) {
		pos = dsmb_get_u64(&io->in);
		len = dsmb_get_u64(&io->in);
		if (pos >= attrs.size)
			continue;
		err = ditto_allocate(&io->call->op, io->node, DITTO_SPACE_PUNCH, pos,
				     min(len, attrs.size - pos));
		/* Trim is only a hint. */
		if (err && err != -EOPNOTSUPP)
			return dsmb_op_status(io->call, err);
	}
	if (io->max >= 4)
		dsmb_encode_u32(&io->out, count);
	return STATUS_SUCCESS;
}
