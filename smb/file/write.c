// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE: MS-SMB2 sections 2.2.21, 2.2.22, 3.3.5.13; MS-FSA section 2.1.5.3. A WRITE to a pipe sends
 * a message to the helper.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../net/helper/auth.h"
#include "../../net/rx_data.h"
#include "../open/open.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "apple_stream.h"
#include "info.h"
#include "pipe.h"
#include "times.h"

#define DSMB_WRITE_REPLY		17	/* StructureSize */
#define DSMB_WRITE_OFFSET_MAX		0x100	/* MS-SMB2 section 3.3.5.13 */
#define DSMB_WRITEFLAG_WRITE_THROUGH	BIT(0)

/* @copy: what @data points to if it is not the message, or NULL */
struct dsmb_write_args {
	u64 offset;
	const void *data;
	void *copy;
	u32 length;
	u32 flags;
};

struct dsmb_write_res {
	u32 done;
};

DSMB_ASSERT_ROOM(struct dsmb_write_args, struct dsmb_write_res);

static u32 dsmb_write_data_at(struct dsmb_cursor *in, u32 len)
{
	u32 offset, length;

	dsmb_skip(in, 2);
	offset = dsmb_get_u16(in);
	length = dsmb_get_u32(in);
	dsmb_seek(in, DSMB_BODY(DSMB_WRITE_FIXED));
	if (in->bad || offset < in->pos || offset > len || length != len - offset)
		return 0;
	return offset;
}

static u32 dsmb_write_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in, data;
	struct dsmb_write_args *a = args;
	u16 data_offset;
	u32 channel;

	data_offset = dsmb_get_u16(in);
	a->length = dsmb_get_u32(in);
	a->offset = dsmb_get_u64(in);
	dsmb_skip(in, DSMB_FILE_ID_SIZE);
	channel = dsmb_get_u32(in);
	/* RemainingBytes, WriteChannelInfoOffset and WriteChannelInfoLength. */
	dsmb_skip(in, 4 + 2 + 2);
	a->flags = dsmb_get_u32(in);
	if (in->bad || a->length > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, a->length) || data_offset > DSMB_WRITE_OFFSET_MAX)
		return STATUS_INVALID_PARAMETER;
	if (dsmb_dialect_is_3x(call->conn->dialect) && channel)
		return STATUS_INVALID_PARAMETER;
	if (!a->length)
		return STATUS_SUCCESS;
	if (data_offset < in->pos)
		return STATUS_INVALID_PARAMETER;
	/* dsmb_write_data_at() has seen that they are complete. */
	if (call->message->taken)
		return STATUS_SUCCESS;
	data = dsmb_window(in, data_offset, a->length);
	a->data = dsmb_get(&data, a->length);
	return a->data ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static bool dsmb_write_is_stable(const struct dsmb_call *call, const struct dsmb_write_args *args)
{
	return dsmb_open_writes_through(call->open) || !call->op.unstable ||
	       (call->conn->dialect >= DSMB_DIALECT_210 &&
		args->flags & DSMB_WRITEFLAG_WRITE_THROUGH);
}

/* Copy data that were taken, for the helper, which is given them in one piece. */
static bool dsmb_write_flatten(const struct dsmb_call *call, struct dsmb_write_args *args)
{
	struct dsmb_message *message = call->message;
	struct iov_iter iter;

	args->copy = kvmalloc(args->length, GFP_KERNEL);
	args->data = args->copy;
	ditto_rx_data_iter(message->taken, &iter);
	if (!args->copy || !copy_from_iter_full(args->copy, args->length, &iter))
		return false;
	dsmb_message_drop_rx_data(message);
	return true;
}

static u32 dsmb_write_pipe(struct dsmb_call *call, struct dsmb_write_args *args,
			   struct dsmb_write_res *res)
{
	u32 status;

	/* Before they are copied, which is once for a call that waits for the pipe. */
	if (args->length > DITTO_PIPE_MAX)
		return STATUS_INVALID_PARAMETER;
	if (call->message->taken && !dsmb_write_flatten(call, args))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = dsmb_pipe_write(call, call->open, args->data, args->length);
	if (status != DSMB_PARKED)
		dsmb_pipe_done(call);
	res->done = args->length;
	return status;
}

/* @vec is used while @iter is. */
static void dsmb_write_iter(const struct dsmb_call *call, const struct dsmb_write_args *args,
			    struct kvec *vec, struct iov_iter *iter)
{
	*vec = (struct kvec) { .iov_base = (void *)args->data, .iov_len = args->length };
	if (call->message->taken)
		ditto_rx_data_iter(call->message->taken, iter);
	else
		iov_iter_kvec(iter, ITER_SOURCE, vec, 1, args->length);
}

static u32 dsmb_write_exec(struct dsmb_call *call, void *args, void *res)
{
	struct dsmb_open *open = call->open;
	struct dsmb_write_args *a = args;
	struct dsmb_write_res *r = res;
	struct ditto_node *node;
	struct dsmb_times times;
	struct iov_iter iter;
	struct kvec vec;
	enum ditto_stable stable;
	u64 verifier;
	u32 status;
	ssize_t n;

	if (dsmb_open_pipe(open))
		return dsmb_write_pipe(call, a, r);
	if (ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(open->rights & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;

	/*
	 * The special offset that means the end of the file is for local callers on a Windows
	 * server, and is not valid on the wire.
	 */
	status = STATUS_INVALID_PARAMETER;
	if (a->offset > S64_MAX - a->length)
		goto end;
	/*
	 * An open that may only append can write at the end of the file or behind it.
	 * ditto_write() enforces this when there is data.
	 */
	status = STATUS_ACCESS_DENIED;
	if (!(open->rights & DITTO_RIGHT_WRITE_DATA) && a->offset < i_size_read(node->inode))
		goto end;
	status = STATUS_SUCCESS;
	if (!a->length)
		goto end;

	dsmb_times_save(&call->op, open, &times);
	dsmb_write_iter(call, a, &vec, &iter);
	stable = dsmb_write_is_stable(call, a) ? DITTO_FILE_SYNC : DITTO_UNSTABLE;
	if (unlikely(open->stream == DSMB_STREAM_AFP_INFO))
		n = dsmb_afp_info_write(&call->op, node, a->offset, &iter, stable);
	else
		n = ditto_write(&call->op, node, a->offset, &iter, stable, &verifier, NULL);
	if (n < 0)
		status = dsmb_op_status(call, n);
	else
		r->done = n;
	if (r->done)
		dsmb_times_note_change(&call->op, open);
	dsmb_times_restore(&call->op, open, &times);
end:
	dsmb_open_end(call, open);
	if (!status)
		WRITE_ONCE(open->position, a->offset + r->done);
	return status;
}

static void dsmb_write_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_write_res *r = res;
	struct dsmb_builder *out = &call->out;

	call->written = r->done;
	dsmb_encode_u16(out, DSMB_WRITE_REPLY);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u32(out, r->done);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u16(out, 0);
}

static void dsmb_write_release(struct dsmb_call *call, void *args)
{
	struct dsmb_write_args *a = args;

	dsmb_pipe_done(call);
	kvfree(a->copy);
}

const struct dsmb_command dsmb_command_write = {
	.name = "write",
	.structure_size = 49,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_CHANGES,
	.file_id = DSMB_BODY(16),
	.args_size = sizeof(struct dsmb_write_args),
	.res_size = sizeof(struct dsmb_write_res),
	.data_at = dsmb_write_data_at,
	.decode = dsmb_write_decode,
	.exec = dsmb_write_exec,
	.encode = dsmb_write_encode,
	.release = dsmb_write_release,
};
