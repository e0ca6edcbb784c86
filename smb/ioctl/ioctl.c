// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOCTL: MS-SMB2 sections 2.2.31, 2.2.32 and 3.3.5.15. The request is parsed and its FSCTL is
 * looked up; the table entry of the FSCTL says what is checked, and has the function that runs it.
 * The FSCTLs of pipes are here, too.
 */

#include "../../fs/open/instance.h"
#include "../../net/helper/auth.h"
#include "../auth/negotiate.h"
#include "../file/apple_stream.h"
#include "../file/pipe.h"
#include "../file/times.h"
#include "../open/open.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "ioctl.h"

#define DSMB_IOCTL_REPLY	49
/* Bytes of the response before its output. */
#define DSMB_IOCTL_HEAD		48
#define DSMB_IOCTL_IS_FSCTL	1
#define DSMB_IOCTL_NO_FILE	U64_MAX

/* MS-FSCC section 2.3.42: state, bytes available, number of messages, length of the first one. */
#define DSMB_PIPE_PEEK_SIZE	16
#define DSMB_PIPE_CONNECTED	3

struct dsmb_ioctl_args {
	const struct dsmb_fsctl *fsctl;	/* NULL for an unknown one */
	u32 code;
	u32 max;
	u64 persistent;
	u64 volatile_id;
	struct dsmb_cursor input;
};

struct dsmb_ioctl_res {
	u32 code;
	u32 len;		/* bytes of the output */
	u64 persistent;
	u64 volatile_id;
};

static u32 dsmb_fsctl_validate(struct dsmb_ioctl *io)
{
	return dsmb_validate_negotiate(io->call, &io->in, &io->out);
}

static u32 dsmb_fsctl_pipe_transceive(struct dsmb_ioctl *io)
{
	u32 room = io->out.size, len = 0, status;
	void *data;

	status = dsmb_pipe_write(io->call, io->open, io->in.data, io->in.size);
	if (status == DSMB_PARKED)
		return status;
	if (status) {
		dsmb_pipe_done(io->call);
		return status;
	}
	data = dsmb_room(&io->out, room);
	status = dsmb_pipe_read(io->call, io->open, room, data, &len);
	dsmb_pipe_done(io->call);
	dsmb_back(&io->out, len);
	/* A part of a message has no reply yet. */
	return status == STATUS_PIPE_EMPTY ? STATUS_SUCCESS : status;
}

static u32 dsmb_fsctl_pipe_peek(struct dsmb_ioctl *io)
{
	u32 left = dsmb_pipe_left(io->open);

	dsmb_encode_u32(&io->out, DSMB_PIPE_CONNECTED);
	dsmb_encode_u32(&io->out, left);
	dsmb_encode_u32(&io->out, left ? 1 : 0);
	dsmb_encode_u32(&io->out, left);
	return left ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* A pipe that exists can be opened immediately: MS-FSCC section 2.3.49 */
static u32 dsmb_fsctl_pipe_wait(struct dsmb_ioctl *io)
{
	struct dsmb_cursor name;
	u32 len;

	dsmb_skip(&io->in, 8);
	len = dsmb_get_u32(&io->in);
	dsmb_skip(&io->in, 2);
	name = dsmb_window(&io->in, io->in.pos, len);
	if (name.bad)
		return STATUS_INVALID_PARAMETER;
	return dsmb_pipe_wait(io->call, name);
}

#define DSMB_RIGHTS_SPARSE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_WRITE_ATTRS)

/*
 * Other FSCTLs are STATUS_INVALID_DEVICE_REQUEST, as from a file system that does not support them.
 */
static const struct dsmb_fsctl dsmb_fsctls[] = {
	{ DSMB_FSCTL_VALIDATE_NEGOTIATE, DSMB_FSCTL_NO_FILE, 0, 24, 0, DSMB_FSCTL_ROOM,
	  dsmb_fsctl_validate },
	{ DSMB_FSCTL_INTERFACES, DSMB_FSCTL_NO_FILE, 0, 0, 0, DSMB_FSCTL_LIST_ROOM,
	  dsmb_fsctl_interfaces },
	{ DSMB_FSCTL_DFS_REFERRALS, DSMB_FSCTL_NO_FILE, 0, 4, 0, DSMB_FSCTL_LIST_ROOM,
	  dsmb_fsctl_dfs_referrals },
	{ DSMB_FSCTL_DFS_REFERRALS_EX, DSMB_FSCTL_NO_FILE, 0, 10, 0, DSMB_FSCTL_LIST_ROOM,
	  dsmb_fsctl_dfs_referrals_ex },
	{ DSMB_FSCTL_PIPE_WAIT, DSMB_FSCTL_NO_FILE, 0, 14, 0, 0, dsmb_fsctl_pipe_wait,
	  dsmb_pipe_done },
	{ DSMB_FSCTL_PIPE_TRANSCEIVE, DSMB_FSCTL_PIPE, DITTO_RIGHT_READ_DATA, 0, 0,
	  DITTO_PIPE_MAX, dsmb_fsctl_pipe_transceive, dsmb_pipe_done },
	{ DSMB_FSCTL_PIPE_PEEK, DSMB_FSCTL_PIPE | DSMB_FSCTL_TELLS_SMALL, DITTO_RIGHT_READ_DATA,
	  0, DSMB_PIPE_PEEK_SIZE, DSMB_FSCTL_ROOM, dsmb_fsctl_pipe_peek },
	{ DSMB_FSCTL_RESUME_KEY, 0, 0, 0, 32, DSMB_FSCTL_ROOM, dsmb_fsctl_resume_key },
	{ DSMB_FSCTL_RESILIENCY, 0, 0, 8, 0, 0, dsmb_fsctl_resiliency },
	{ DSMB_FSCTL_SNAPSHOTS, 0, 0, 0, 16, DSMB_SNAPSHOTS_ROOM, dsmb_fsctl_snapshots },
	{ DSMB_FSCTL_COPYCHUNK, DSMB_FSCTL_COPIES, 0, 32, 12, DSMB_FSCTL_ROOM,
	  dsmb_fsctl_copychunk, dsmb_fsctl_copy_release },
	{ DSMB_FSCTL_COPYCHUNK_WRITE, DSMB_FSCTL_COPIES, 0, 32, 12, DSMB_FSCTL_ROOM,
	  dsmb_fsctl_copychunk, dsmb_fsctl_copy_release },
	{ DSMB_FSCTL_DUPLICATE_EXTENTS, DSMB_FSCTL_COPIES, DITTO_RIGHT_WRITE_DATA, 40, 0, 0,
	  dsmb_fsctl_duplicate_extents },
	{ DSMB_FSCTL_DUPLICATE_EXTENTS_EX, DSMB_FSCTL_COPIES, DITTO_RIGHT_WRITE_DATA, 56, 0, 0,
	  dsmb_fsctl_duplicate_extents_ex },
	{ DSMB_FSCTL_OFFLOAD_READ, DSMB_FSCTL_TELLS_SMALL, DITTO_RIGHT_READ_DATA, 32, 528,
	  DSMB_FSCTL_TOKEN_ROOM, dsmb_fsctl_offload_read },
	{ DSMB_FSCTL_OFFLOAD_WRITE, DSMB_FSCTL_COPIES | DSMB_FSCTL_TELLS_SMALL,
	  DITTO_RIGHT_WRITE_DATA, 544, 16, DSMB_FSCTL_ROOM, dsmb_fsctl_offload_write,
	  dsmb_fsctl_copy_release },
	{ DSMB_FSCTL_SET_SPARSE, DSMB_FSCTL_DATA, DSMB_RIGHTS_SPARSE, 0, 0, 0,
	  dsmb_fsctl_set_sparse },
	{ DSMB_FSCTL_SET_ZERO_DATA, DSMB_FSCTL_DATA | DSMB_FSCTL_CLEARS, DITTO_RIGHT_WRITE_DATA,
	  16, 0, 0, dsmb_fsctl_set_zero_data },
	{ DSMB_FSCTL_ALLOCATED_RANGES, DSMB_FSCTL_DATA, DITTO_RIGHT_READ_DATA, 16, 0,
	  DSMB_FSCTL_LIST_ROOM, dsmb_fsctl_allocated_ranges },
	{ DSMB_FSCTL_FILE_REGIONS, DSMB_FSCTL_DATA | DSMB_FSCTL_TELLS_SMALL,
	  DITTO_RIGHT_READ_DATA, 0, 16, DSMB_FSCTL_ROOM, dsmb_fsctl_file_regions },
	{ DSMB_FSCTL_TRIM, DSMB_FSCTL_DATA | DSMB_FSCTL_CLEARS, DITTO_RIGHT_WRITE_DATA, 8, 0,
	  DSMB_FSCTL_ROOM, dsmb_fsctl_trim },
	{ DSMB_FSCTL_GET_REPARSE, 0, 0, 0, 0, DSMB_FSCTL_LIST_ROOM, dsmb_fsctl_get_reparse },
	{ DSMB_FSCTL_SET_REPARSE, 0, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_WRITE_ATTRS, 0, 0, 0,
	  dsmb_fsctl_set_reparse },
	{ DSMB_FSCTL_DELETE_REPARSE, 0, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_WRITE_ATTRS, 0, 0, 0,
	  dsmb_fsctl_delete_reparse },
	{ DSMB_FSCTL_OBJECT_ID, 0, 0, 0, 64, DSMB_FSCTL_ROOM, dsmb_fsctl_object_id },
	{ DSMB_FSCTL_GET_OBJECT_ID, 0, 0, 0, 64, DSMB_FSCTL_ROOM, dsmb_fsctl_get_object_id },
	{ DSMB_FSCTL_GET_COMPRESSION, 0, 0, 0, 2, DSMB_FSCTL_ROOM, dsmb_fsctl_get_compression },
	{ DSMB_FSCTL_SET_COMPRESSION, 0, DITTO_RIGHT_WRITE_DATA, 2, 0, 0,
	  dsmb_fsctl_set_compression },
	{ DSMB_FSCTL_GET_INTEGRITY, 0, 0, 0, 0, DSMB_FSCTL_ROOM, dsmb_fsctl_get_integrity },
	{ DSMB_FSCTL_SET_INTEGRITY, 0, DITTO_RIGHT_WRITE_DATA, 0, 0, 0, dsmb_fsctl_set_integrity },
	{ DSMB_FSCTL_VOLUME_DATA, DSMB_FSCTL_TELLS_SMALL, 0, 0, 96, DSMB_FSCTL_ROOM,
	  dsmb_fsctl_volume_data },
	{ DSMB_FSCTL_READ_USN, DSMB_FSCTL_TELLS_SMALL, 0, 0, 64, DSMB_FSCTL_NAME_ROOM,
	  dsmb_fsctl_read_usn },
};

static const struct dsmb_fsctl *dsmb_fsctl_find(u32 code)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_fsctls); i++)
		if (dsmb_fsctls[i].code == code)
			return &dsmb_fsctls[i];
	return NULL;
}

static u32 dsmb_ioctl_decode(struct dsmb_call *call, void *args)
{
	u32 offset, count, max_in, out_count, flags, io_max = dsmb_io_max(call->conn);
	struct dsmb_cursor *in = &call->in;
	struct dsmb_ioctl_args *a = args;

	dsmb_skip(in, 2);
	a->code = dsmb_get_u32(in);
	a->persistent = dsmb_get_u64(in);
	a->volatile_id = dsmb_get_u64(in);
	offset = dsmb_get_u32(in);
	count = dsmb_get_u32(in);
	max_in = dsmb_get_u32(in);
	dsmb_skip(in, 4);
	out_count = dsmb_get_u32(in);
	a->max = dsmb_get_u32(in);
	flags = dsmb_get_u32(in);
	dsmb_skip(in, 4);
	a->input = count ? dsmb_window(in, offset, count) : dsmb_cursor(NULL, 0);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;
	if (flags != DSMB_IOCTL_IS_FSCTL)
		return STATUS_NOT_SUPPORTED;
	if (count > io_max || out_count > io_max || max_in > io_max || a->max > io_max ||
	    !dsmb_charge_covers(call, max(count + out_count, max_in + a->max)))
		return STATUS_INVALID_PARAMETER;
	a->fsctl = dsmb_fsctl_find(a->code);
	return STATUS_SUCCESS;
}

/* Find the open of the request, and check that the FSCTL is for such an open. */
static u32 dsmb_ioctl_open(struct dsmb_ioctl *io, const struct dsmb_ioctl_args *args)
{
	const struct dsmb_fsctl *fsctl = args->fsctl;
	u32 status;

	if (fsctl && fsctl->flags & DSMB_FSCTL_NO_FILE)
		return args->persistent == DSMB_IOCTL_NO_FILE &&
		       args->volatile_id == DSMB_IOCTL_NO_FILE ?
		       STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
	status = dsmb_call_open(io->call, args->persistent, args->volatile_id);
	if (status)
		return status;
	io->open = io->call->open;
	io->inst = io->open->inst;
	if (!fsctl || !io->inst != !!(fsctl->flags & DSMB_FSCTL_PIPE))
		return STATUS_INVALID_DEVICE_REQUEST;
	return STATUS_SUCCESS;
}

/* Write what was copied to the disk, also if the copy ended with an error. */
static u32 dsmb_ioctl_sync(struct dsmb_ioctl *io, u32 status)
{
	struct ditto_wcc wcc;
	u64 verifier;
	int err = ditto_fsync(&io->call->op, io->node, 0, 0, &verifier, &wcc);

	return err ? dsmb_status(err) : status;
}

static u32 dsmb_ioctl_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_ioctl_args *a = args;
	const struct dsmb_fsctl *fsctl = a->fsctl;
	struct dsmb_ioctl io = {
		.call = call,
		.code = a->code,
		.in = a->input,
		.max = a->max,
	};
	struct dsmb_builder *out = &call->out;
	struct dsmb_ioctl_res *r = res;
	struct dsmb_times times;
	u32 status, room;

	status = dsmb_ioctl_open(&io, a);
	if (status)
		return status;
	if (fsctl->rights && !(fsctl->rights & io.open->rights))
		return STATUS_ACCESS_DENIED;
	/* AFP_AfpInfo is written by WRITE, which checks it, and copied from another one. */
	if (fsctl->flags & (DSMB_FSCTL_COPIES | DSMB_FSCTL_CLEARS) &&
	    io.open->stream == DSMB_STREAM_AFP_INFO && fsctl->exec != dsmb_fsctl_copychunk)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (io.in.size < fsctl->in ||
	    (fsctl->flags & DSMB_FSCTL_DATA && ditto_instance_is_dir(io.inst)))
		return STATUS_INVALID_PARAMETER;
	if (io.max < fsctl->out)
		return fsctl->flags & DSMB_FSCTL_TELLS_SMALL ? STATUS_BUFFER_TOO_SMALL :
							       STATUS_INVALID_PARAMETER;
	room = min(io.max, fsctl->room);
	if (DSMB_IOCTL_HEAD + room > DSMB_REPLY_SMALL &&
	    dsmb_reply_reserve(call, DSMB_IOCTL_HEAD + room))
		return STATUS_INSUFFICIENT_RESOURCES;
	io.out = dsmb_builder(out->data + DSMB_IOCTL_HEAD, min(room, out->size - DSMB_IOCTL_HEAD));
	if (io.inst) {
		status = dsmb_open_begin(call, io.open, &io.node);
		if (status)
			return status;
		dsmb_times_save(&call->op, io.open, &times);
		/* Bytes that it copies or clears are written through the open, too. */
		if (dsmb_open_writes_through(io.open))
			call->op.unstable = false;
	}
	status = fsctl->exec(&io);
	if (fsctl->flags & DSMB_FSCTL_COPIES && !call->op.unstable && status != DSMB_PARKED &&
	    status != DSMB_TURN_OVER)
		status = dsmb_ioctl_sync(&io, status);
	if (io.inst) {
		if (!status && fsctl->flags & (DSMB_FSCTL_COPIES | DSMB_FSCTL_CLEARS))
			dsmb_times_note_change(&call->op, io.open);
		dsmb_times_restore(&call->op, io.open, &times);
		dsmb_open_end(call, io.open);
	}
	if (!dsmb_is_error(status) && io.out.full)
		status = STATUS_BUFFER_TOO_SMALL;
	r->code = a->code;
	r->len = io.out.len;
	/* The response tells a related request which file it was for. */
	r->persistent = io.open ? io.open->persistent : a->persistent;
	r->volatile_id = io.open ? io.open->volatile_id : a->volatile_id;
	return status;
}

/* The output is there already, behind the bytes that are written here. */
static void dsmb_ioctl_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_ioctl_res *r = res;
	struct dsmb_builder *out = &call->out;

	dsmb_encode_u16(out, DSMB_IOCTL_REPLY);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u32(out, r->code);
	dsmb_encode_u64(out, r->persistent);
	dsmb_encode_u64(out, r->volatile_id);
	dsmb_encode_u32(out, DSMB_OUT_HEADER + DSMB_IOCTL_HEAD);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u32(out, DSMB_OUT_HEADER + DSMB_IOCTL_HEAD);
	dsmb_encode_u32(out, r->len);
	dsmb_encode_u64(out, 0);
	dsmb_room(out, r->len);
}

static void dsmb_ioctl_release(struct dsmb_call *call, void *args)
{
	const struct dsmb_ioctl_args *a = args;

	if (call->private)
		a->fsctl->release(call);
}

const struct dsmb_command dsmb_command_ioctl = {
	.name = "ioctl",
	.structure_size = 57,
	.flags = DSMB_ON_TREE | DSMB_SLOW | DSMB_CHANGES | DSMB_LARGE_ANSWER,
	.file_id = DSMB_BODY(8),
	.args_size = sizeof(struct dsmb_ioctl_args),
	.res_size = sizeof(struct dsmb_ioctl_res),
	.decode = dsmb_ioctl_decode,
	.exec = dsmb_ioctl_exec,
	.encode = dsmb_ioctl_encode,
	.release = dsmb_ioctl_release,
};
