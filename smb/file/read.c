// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ: MS-SMB2 sections 2.2.19, 2.2.20, 3.3.5.12; MS-FSA section 2.1.5.2. Large reads of files
 * send the pages of the page cache, or encrypt them into the reply; small ones are copied into the
 * reply. A READ of a pipe returns the reply of the helper.
 */
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "apple_stream.h"
#include "info.h"
#include "pipe.h"
#include "times.h"

#define DSMB_READ_REPLY		17	/* StructureSize; 16 bytes before the data */
#define DSMB_READ_HEAD		16
#define DSMB_READFLAG_COMPRESSED	BIT(1)

/*
 * From this length on the pages of the page cache are sent or encrypted; below it, copying costs no
 * more than tracking pages.
 */
#define DSMB_SPLICE_FROM	(16 * 1024)

struct dsmb_read_args {
	u32 length;
	u32 minimum;
	u64 offset;
	bool compress;
};

struct dsmb_read_res {
	u32 len;
	bool spliced;	/* the data is in pages, not in the body */
};

DSMB_ASSERT_ROOM(struct dsmb_read_args, struct dsmb_read_res);

static u32 dsmb_read_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_read_args *a = args;
	u32 channel;
	u8 flags;

	dsmb_skip(in, 1);
	flags = dsmb_get_u8(in);
	a->length = dsmb_get_u32(in);
	a->offset = dsmb_get_u64(in);
	dsmb_skip(in, DSMB_FILE_ID_SIZE);
	a->minimum = dsmb_get_u32(in);
	channel = dsmb_get_u32(in);
	/* RemainingBytes, ReadChannelInfoOffset and ReadChannelInfoLength. */
	dsmb_skip(in, 4 + 2 + 2);
	if (in->bad || a->length > dsmb_io_max(call->conn) || !dsmb_charge_covers(call, a->length))
		return STATUS_INVALID_PARAMETER;
	/* The field is reserved before 3.0. There is no RDMA channel. */
	if (dsmb_dialect_is_3x(call->conn->dialect) && channel)
		return STATUS_INVALID_PARAMETER;
	a->compress = unlikely(flags & DSMB_READFLAG_COMPRESSED) && dsmb_reply_compress(call);
	return STATUS_SUCCESS;
}

static u32 dsmb_read_pipe(struct dsmb_call *call, u32 length, struct dsmb_read_res *res)
{
	struct dsmb_builder *out = &call->out;
	u32 status;
	void *data;

	if (dsmb_reply_reserve(call, DSMB_READ_HEAD + length))
		return STATUS_INSUFFICIENT_RESOURCES;
	dsmb_builder_reserve(out, DSMB_READ_HEAD);
	data = dsmb_room(out, length);
	if (!data)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = dsmb_pipe_read(call, call->open, length, data, &res->len);
	if (status != DSMB_PARKED)
		dsmb_pipe_done(call);
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

/* May the data stay in the page cache until it is sent or encrypted? If it is, makes room. */
static bool dsmb_read_splices(struct dsmb_call *call, const struct dsmb_read_args *args)
{
	if (args->length < DSMB_SPLICE_FROM || args->compress)
		return false;
	if (dsmb_reply_may_splice(call))
		return true;
	return dsmb_reply_may_seal_pages(call) &&
	       !dsmb_reply_reserve_pages(call, DSMB_READ_HEAD, args->length);
}

static ssize_t dsmb_read_copy(struct dsmb_call *call, struct ditto_node *node,
			      const struct dsmb_read_args *args, bool *eof)
{
	struct dsmb_builder *out = &call->out;
	struct iov_iter iter;
	struct kvec vec;

	if (dsmb_reply_reserve(call, DSMB_READ_HEAD + args->length))
		return -ENOMEM;
	dsmb_builder_reserve(out, DSMB_READ_HEAD);
	vec.iov_base = dsmb_room(out, args->length);
	vec.iov_len = args->length;
	if (!vec.iov_base)
		return -ENOMEM;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, args->length);
	return ditto_read(&call->op, node, args->offset, &iter, eof);
}

/*
 * macOS reads AFP_AfpInfo as a whole: an offset within it or at its end is ignored, and behind it
 * there is nothing.
 */
static ssize_t dsmb_read_afp_info(struct dsmb_call *call, struct ditto_node *node,
				  const struct dsmb_read_args *args)
{
	u32 len = args->offset > DSMB_AFP_INFO_SIZE ? 0 : min(args->length, DSMB_AFP_INFO_SIZE);
	struct dsmb_builder *out = &call->out;
	u8 info[DSMB_AFP_INFO_SIZE];
	int err;

	err = dsmb_afp_info_read(&call->op, node, info);
	if (err)
		return err;
	if (dsmb_reply_reserve(call, DSMB_READ_HEAD + len))
		return -ENOMEM;
	dsmb_builder_reserve(out, DSMB_READ_HEAD);
	dsmb_encode_bytes(out, info, len);
	return len;
}

static u32 dsmb_read_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_read_args *a = args;
	struct dsmb_open *open = call->open;
	struct dsmb_read_res *r = res;
	struct ditto_node *node;
	struct dsmb_times times;
	u32 status;
	ssize_t n;
	bool eof;

	if (dsmb_open_pipe(open))
		return dsmb_read_pipe(call, a->length, r);
	if (ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(open->rights & (DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE)))
		return STATUS_ACCESS_DENIED;
	if (a->offset > S64_MAX - a->length)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;

	dsmb_times_save(&call->op, open, &times);
	n = -EOPNOTSUPP;
	if (unlikely(open->stream == DSMB_STREAM_AFP_INFO)) {
		n = dsmb_read_afp_info(call, node, a);
		goto done;
	}
	if (dsmb_read_splices(call, a))
		n = ditto_read_splice(&call->op, node, a->offset, a->length, dsmb_splice_actor,
				      call, &eof);
	r->spliced = n != -EOPNOTSUPP;
	if (!r->spliced)
		n = dsmb_read_copy(call, node, a, &eof);
done:
	if (n < 0)
		status = dsmb_op_status(call, n);
	else if (n < a->minimum || (!n && a->length))
		status = STATUS_END_OF_FILE;
	dsmb_times_restore(&call->op, open, &times);
	dsmb_open_end(call, open);
	if (status) {
		/* An error response has no data. */
		while (call->npages)
			put_page(call->pages[--call->npages].bv_page);
		return status;
	}

	r->len = n;
	/* The position is only a hint for a single user of the open, so it needs no lock. */
	WRITE_ONCE(open->position, a->offset + a->length);
	return STATUS_SUCCESS;
}

/* The data is there already, behind the 16 bytes that are written here. */
static void dsmb_read_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_read_res *r = res;
	struct dsmb_builder *out = &call->out;

	call->read = r->len;
	dsmb_back(out, 0);
	dsmb_encode_u16(out, DSMB_READ_REPLY);
	dsmb_encode_u8(out, DSMB_OUT_HEADER + DSMB_READ_HEAD);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, r->len);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u32(out, 0);
	if (!r->spliced)
		dsmb_room(out, r->len);
}

const struct dsmb_command dsmb_command_read = {
	.name = "read",
	.structure_size = 49,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_LARGE_ANSWER,
	.file_id = DSMB_BODY(16),
	.args_size = sizeof(struct dsmb_read_args),
	.res_size = sizeof(struct dsmb_read_res),
	.decode = dsmb_read_decode,
	.exec = dsmb_read_exec,
	.encode = dsmb_read_encode,
	.release = dsmb_pipe_release,
};
