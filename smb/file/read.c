// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ: MS-SMB2 sections 2.2.19, 2.2.20, 3.3.5.12; MS-FSA section 2.1.5.2. Large reads of files
 * send the pages of the page cache; small ones are copied into the reply. A READ of a pipe returns
 * the reply of the helper.
 */
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "pipe.h"
#include "times.h"

#define DSMB_READ_REPLY		17	/* StructureSize; 16 bytes before the data */
#define DSMB_READ_HEAD		16

/*
 * From this length on the pages of the page cache are sent; below it, copying costs no more than
 * tracking pages.
 */
#define DSMB_SPLICE_FROM	(16 * 1024)

struct dsmb_read_args {
	u32 length;
	u64 offset;
	u64 persistent;
	u64 volatile_id;
	u32 minimum;
	u32 channel;
};

static u32 dsmb_read_parse(struct dsmb_call *call, struct dsmb_read_args *args)
{
	struct dsmb_cursor *in = &call->in;

	dsmb_skip(in, 1 + 1);
	args->length = dsmb_get_u32(in);
	args->offset = dsmb_get_u64(in);
	args->persistent = dsmb_get_u64(in);
	args->volatile_id = dsmb_get_u64(in);
	args->minimum = dsmb_get_u32(in);
	args->channel = dsmb_get_u32(in);
	/* RemainingBytes, ReadChannelInfoOffset and ReadChannelInfoLength. */
	dsmb_skip(in, 4 + 2 + 2);
	if (in->bad || args->length > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, args->length))
		return STATUS_INVALID_PARAMETER;
	/* The field is reserved before 3.0. There is no RDMA channel. */
	if (dsmb_conn_is_3x(call->conn) && args->channel)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* Encode the 16 bytes before the data. */
static void dsmb_read_head(struct dsmb_builder *out, u32 len, u32 left)
{
	dsmb_encode_u16(out, DSMB_READ_REPLY);
	dsmb_encode_u8(out, DSMB_OUT_HEADER + DSMB_READ_HEAD);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, len);
	dsmb_encode_u32(out, left);
	dsmb_encode_u32(out, 0);
}

static u32 dsmb_read_pipe(struct dsmb_call *call, struct dsmb_open *open, u32 length)
{
	struct dsmb_builder *out = &call->out;
	u32 status, len = 0;
	void *data;

	if (dsmb_reply_reserve(call, DSMB_READ_HEAD + length))
		return STATUS_INSUFFICIENT_RESOURCES;
	dsmb_builder_reserve(out, DSMB_READ_HEAD);
	data = dsmb_room(out, length);
	if (!data)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = dsmb_pipe_read(call, open, length, data, &len);
	if (status != DSMB_PARKED)
		dsmb_pipe_done(call);
	dsmb_back(out, 0);
	if (dsmb_is_error(status))
		return status;
	dsmb_read_head(out, len, 0);
	dsmb_room(out, len);
	return status;
}

/* Splice actor: add a piece of the file to the reply, page by page. */
static int dsmb_splice_actor(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
			     struct splice_desc *sd)
{
	struct dsmb_call *call = sd->u.data;
	struct page *page = buf->page + (buf->offset >> PAGE_SHIFT);
	u32 offset = offset_in_page(buf->offset);
	u32 left = sd->len;

	while (left) {
		u32 len = min_t(u32, left, PAGE_SIZE - offset);
		int err = dsmb_reply_add_page(call, page, offset, len);

		if (err)
			return left < sd->len ? sd->len - left : err;
		left -= len;
		offset = 0;
		page++;
	}
	return sd->len;
}

static ssize_t dsmb_read_copy(struct dsmb_call *call, struct ditto_node *node,
			      const struct dsmb_read_args *args, bool *eof)
{
	struct dsmb_builder *out = &call->out;
	struct iov_iter iter;
	struct kvec vec;
	ssize_t n;

	if (dsmb_reply_reserve(call, DSMB_READ_HEAD + args->length))
		return -ENOMEM;
	dsmb_builder_reserve(out, DSMB_READ_HEAD);
	vec.iov_base = dsmb_room(out, args->length);
	vec.iov_len = args->length;
	if (!vec.iov_base)
		return -ENOMEM;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, args->length);
	n = ditto_read(&call->op, node, args->offset, &iter, eof);
	dsmb_back(out, 0);
	return n;
}

/* An error response has no data. */
static void dsmb_read_drop(struct dsmb_call *call)
{
	while (call->npages)
		put_page(call->pages[--call->npages].bv_page);
}

static u32 dsmb_read_node(struct dsmb_call *call, struct ditto_node *node,
			  const struct dsmb_read_args *args)
{
	bool eof, spliced = false;
	ssize_t n = -EOPNOTSUPP;

	if (args->length >= DSMB_SPLICE_FROM && dsmb_reply_may_splice(call)) {
		n = ditto_read_splice(&call->op, node, args->offset, args->length,
				      dsmb_splice_actor, call, &eof);
		spliced = n != -EOPNOTSUPP;
	}
	if (!spliced)
		n = dsmb_read_copy(call, node, args, &eof);
	if (n == -EJUKEBOX)
		return dsmb_call_parked(call);
	if (n == -EAGAIN)
		return STATUS_FILE_LOCK_CONFLICT;
	if (n < 0 || n < args->minimum || (!n && args->length)) {
		dsmb_read_drop(call);
		return n < 0 ? dsmb_status(n) : STATUS_END_OF_FILE;
	}
	dsmb_read_head(&call->out, n, 0);
	if (!spliced)
		dsmb_room(&call->out, n);
	return STATUS_SUCCESS;
}

static u32 dsmb_read_file(struct dsmb_call *call, struct dsmb_open *open,
			  const struct dsmb_read_args *args)
{
	struct ditto_node *node;
	struct dsmb_times times;
	u32 status;

	if (ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(open->rights & (DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE)))
		return STATUS_ACCESS_DENIED;
	if (args->offset > S64_MAX - args->length)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;
	dsmb_times_save(&call->op, open, &times);
	status = dsmb_read_node(call, node, args);
	dsmb_times_restore(&call->op, open, &times);
	dsmb_open_end(call, open);
	return status;
}

u32 dsmb_read(struct dsmb_call *call)
{
	struct dsmb_read_args args;
	struct dsmb_open *open;
	u32 status;

	status = dsmb_read_parse(call, &args);
	if (!status)
		status = dsmb_call_open(call, args.persistent, args.volatile_id, &open);
	if (status)
		return status;
	if (open->pipe)
		return dsmb_read_pipe(call, open, args.length);
	status = dsmb_read_file(call, open, &args);
	/* The position is only a hint for a single user of the open, so it needs no lock. */
	if (!status)
		WRITE_ONCE(open->position, args.offset + args.length);
	return status;
}
