// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE: MS-SMB2 sections 2.2.21, 2.2.22, 3.3.5.13; MS-FSA section 2.1.5.3. A WRITE to a pipe sends
 * a message to the helper.
 */
#include <linux/uio.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "pipe.h"
#include "times.h"

#define DSMB_WRITE_REPLY		17	/* StructureSize */
#define DSMB_WRITE_OFFSET_MAX		0x100	/* MS-SMB2 section 3.3.5.13 */
#define DSMB_WRITEFLAG_WRITE_THROUGH	BIT(0)

struct dsmb_write_args {
	u64 offset;
	u64 persistent;
	u64 volatile_id;
	u32 flags;
	const void *data;
	u32 length;
};

static u32 dsmb_write_parse(struct dsmb_call *call, struct dsmb_write_args *args)
{
	struct dsmb_cursor *in = &call->in;
	u16 data_offset = dsmb_get_u16(in);
	struct dsmb_cursor data;
	u32 channel;

	args->length = dsmb_get_u32(in);
	args->offset = dsmb_get_u64(in);
	args->persistent = dsmb_get_u64(in);
	args->volatile_id = dsmb_get_u64(in);
	channel = dsmb_get_u32(in);
	/* RemainingBytes, WriteChannelInfoOffset and WriteChannelInfoLength. */
	dsmb_skip(in, 4 + 2 + 2);
	args->flags = dsmb_get_u32(in);
	if (in->bad || args->length > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, args->length) || data_offset > DSMB_WRITE_OFFSET_MAX)
		return STATUS_INVALID_PARAMETER;
	if (dsmb_conn_is_3x(call->conn) && channel)
		return STATUS_INVALID_PARAMETER;
	args->data = NULL;
	if (!args->length)
		return STATUS_SUCCESS;
	if (data_offset < in->pos)
		return STATUS_INVALID_PARAMETER;
	data = dsmb_window(in, data_offset, args->length);
	args->data = dsmb_get(&data, args->length);
	return args->data ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/*
 * An open that may only append can write at the end of the file or behind it. ditto_write()
 * enforces this when there is data. The special offset that means the end of the file is for local
 * callers on a Windows server, and is not valid on the wire.
 */
static u32 dsmb_write_place(struct dsmb_open *open, struct ditto_node *node,
			    const struct dsmb_write_args *args)
{
	if (args->offset > S64_MAX - args->length)
		return STATUS_INVALID_PARAMETER;
	if (!(open->rights & DITTO_RIGHT_WRITE_DATA) &&
	    args->offset < i_size_read(node->inode))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static bool dsmb_write_is_stable(const struct dsmb_call *call, const struct dsmb_open *open,
				 const struct dsmb_write_args *args)
{
	return open->write_through ||
	       (call->conn->dialect >= DSMB_DIALECT_210 &&
		args->flags & DSMB_WRITEFLAG_WRITE_THROUGH);
}

static u32 dsmb_write_node(struct dsmb_call *call, struct dsmb_open *open,
			   struct ditto_node *node, const struct dsmb_write_args *args, u32 *done)
{
	bool stable = dsmb_write_is_stable(call, open, args);
	struct kvec vec = {
		.iov_base = (void *)args->data,
		.iov_len = args->length,
	};
	struct iov_iter iter;
	u64 verifier;
	ssize_t n;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, args->length);
	n = ditto_write(&call->op, node, args->offset, &iter,
			stable ? DITTO_FILE_SYNC : DITTO_UNSTABLE, &verifier, NULL);
	if (n == -EJUKEBOX)
		return dsmb_call_parked(call);
	if (n == -EAGAIN)
		return STATUS_FILE_LOCK_CONFLICT;
	if (n < 0)
		return dsmb_status(n);
	*done = n;
	return STATUS_SUCCESS;
}

static u32 dsmb_write_file(struct dsmb_call *call, struct dsmb_open *open,
			   const struct dsmb_write_args *args, u32 *done)
{
	struct ditto_node *node;
	struct dsmb_times times;
	u32 status;

	if (ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(open->rights & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;
	status = dsmb_write_place(open, node, args);
	if (!status && args->length) {
		dsmb_times_save(&call->op, open, &times);
		status = dsmb_write_node(call, open, node, args, done);
		dsmb_times_restore(&call->op, open, &times);
	}
	dsmb_open_end(call, open);
	if (!status)
		WRITE_ONCE(open->position, args->offset + *done);
	return status;
}

u32 dsmb_write(struct dsmb_call *call)
{
	struct dsmb_builder *out = &call->out;
	struct dsmb_write_args args;
	struct dsmb_open *open;
	u32 status, done = 0;

	status = dsmb_write_parse(call, &args);
	if (!status)
		status = dsmb_call_open(call, args.persistent, args.volatile_id, &open);
	if (status)
		return status;
	if (open->pipe) {
		status = dsmb_pipe_write(call, open, args.data, args.length);
		if (status != DSMB_PARKED)
			dsmb_pipe_done(call);
		done = args.length;
	} else {
		status = dsmb_write_file(call, open, &args, &done);
	}
	if (status)
		return status;
	dsmb_encode_u16(out, DSMB_WRITE_REPLY);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u32(out, done);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u16(out, 0);
	return STATUS_SUCCESS;
}
