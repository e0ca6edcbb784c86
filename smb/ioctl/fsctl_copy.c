// SPDX-License-Identifier: GPL-2.0-only
/*
 * Server-side copies: MS-SMB2 sections 2.2.31.1, 2.2.32.1, 2.2.32.3, 3.3.5.15.5 and 3.3.5.15.6;
 * MS-FSCC sections 2.3.7 to 2.3.10. A resume key or FileId names the source open; the IOCTL is on
 * the target open. A copy that is parked continues with the chunk at which it stopped.
 */

#include <linux/slab.h>
#include <linux/uio.h>

#include "../../fs/op/space.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../file/apple_stream.h"
#include "../open/lease.h"
#include "../open/open.h"
#include "fsctl_copy.h"

/*
 * MS-SMB2 section 3.3.3: ServerSideCopyMaxNumberofChunks, ServerSideCopyMaxChunkSize and
 * ServerSideCopyMaxDataSize.
 */
#define DSMB_COPY_CHUNKS	256
#define DSMB_COPY_CHUNK		0x00100000
#define DSMB_COPY_TOTAL		0x01000000

#define DSMB_RESUME_KEY		24
#define DSMB_RESUME_REPLY	32
#define DSMB_COPY_CHUNK_SIZE	24	/* of one SRV_COPYCHUNK */

/* SMB2_DUPLICATE_EXTENTS_DATA_EX: MS-FSCC section 2.3.9.2 */
#define DSMB_DUPLICATE_EX_SIZE	0x30	/* whatever its size is */
#define DSMB_DUPLICATE_EX_FLAGS	48
#define DSMB_DUPLICATE_ATOMIC	BIT(0)

/*
 * Get the key that names an open as the source of a server-side copy. MS-SMB2 section 3.3.5.15.5.
 *
 * The key is opaque to the client: it contains the FileId and the session id. A directory has one,
 * too, by which macOS recognizes a server that copies; a copy from it is refused.
 *
 * Return: a status.
 */
u32 dsmb_fsctl_resume_key(struct dsmb_ioctl *io)
{
	dsmb_encode_u64(&io->out, io->open->persistent);
	dsmb_encode_u64(&io->out, io->open->volatile_id);
	dsmb_encode_u64(&io->out, io->call->session->id);
	dsmb_builder_reserve(&io->out, DSMB_RESUME_REPLY - DSMB_RESUME_KEY);
	return STATUS_SUCCESS;
}

/*
 * Check that the source may still be read by its tree connect, which may be of another share than
 * the target's, and take the credential from there.
 */
static u32 dsmb_copy_admit(struct dsmb_copy *copy, u32 missing)
{
	struct dsmb_call *call = copy->io->call;
	struct dsmb_tree *tree = copy->tree;
	struct ditto_share *share;
	u32 status;

	copy->op = call->op;
	/* The call was admitted to its own tree connect. */
	if (tree == call->tree)
		return STATUS_SUCCESS;
	/* The source was open in this session, but another one may have reclaimed it since. */
	if (tree->session != call->session)
		return missing;
	status = dsmb_tree_share(tree, call, &share);
	if (status)
		return status;
	ditto_share_put(share);
	/* MS-SMB2 section 3.3.5.2.11 has this check for each request on that tree connect. */
	if (READ_ONCE(tree->encrypt) && !call->encrypted)
		return STATUS_ACCESS_DENIED;
	copy->op.cred = READ_ONCE(tree->cred);
	copy->op.writable = READ_ONCE(tree->writable);
	return STATUS_SUCCESS;
}

/*
 * Find the source of a copy, and begin it. @persistent: FileId of the source, which must be an open
 * of the same session. Both opens must be of files, the source must permit to read, and the session
 * must still be admitted to the share of the source. Context: also for the helper. Return: a
 * status; with STATUS_SUCCESS, dsmb_copy_end() must follow.
 */
u32 dsmb_copy_begin(struct dsmb_copy *copy, u64 persistent, u64 volatile_id, u32 missing)
{
	struct dsmb_ioctl *io = copy->io;
	u32 status;
	int err;

	copy->from = dsmb_open_find(io->call->session, persistent, volatile_id);
	if (!copy->from)
		return missing;
	copy->tree = dsmb_open_tree(copy->from);
	err = -EBADF;
	if (!copy->from->inst || ditto_instance_is_dir(copy->from->inst) ||
	    ditto_instance_is_dir(io->inst))
		goto put;
	err = -EACCES;
	/* Execute access implies reading the file. */
	if (!(copy->from->rights & (DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE)))
		goto put;
	status = dsmb_copy_admit(copy, missing);
	if (status)
		goto put_status;
	copy->actor = *io->call->op.actor;
	copy->actor.owner = copy->from->owner;
	copy->actor.lease_owner = dsmb_lease_owner(copy->from);
	copy->op.actor = &copy->actor;
	copy->op.no_recall = copy->from->no_recall;
	err = ditto_instance_begin(copy->from->inst, &copy->op, &copy->node);
	if (!err)
		return STATUS_SUCCESS;
put:
	status = err == -EBADF ? STATUS_INVALID_DEVICE_REQUEST : dsmb_status(err);
put_status:
	dsmb_tree_put(copy->tree);
	dsmb_open_put(copy->from);
	return status;
}

/* End a copy that dsmb_copy_begin() has begun. May sleep. */
void dsmb_copy_end(struct dsmb_copy *copy)
{
	ditto_instance_end(copy->from->inst, &copy->op);
	dsmb_tree_put(copy->tree);
	dsmb_open_put(copy->from);
}

/* Respond with the limits of a copy. */
static u32 dsmb_copy_limits(struct dsmb_ioctl *io)
{
	dsmb_encode_u32(&io->out, DSMB_COPY_CHUNKS);
	dsmb_encode_u32(&io->out, DSMB_COPY_CHUNK);
	dsmb_encode_u32(&io->out, DSMB_COPY_TOTAL);
	io->call->keep_body = true;
	return STATUS_INVALID_PARAMETER;
}

static struct dsmb_copy_chunk dsmb_get_chunk(struct dsmb_cursor *in)
{
	struct dsmb_copy_chunk chunk;

	chunk.from = dsmb_get_u64(in);
	chunk.to = dsmb_get_u64(in);
	chunk.len = dsmb_get_u32(in);
	dsmb_skip(in, 4);
	return chunk;
}

/* Check that all chunks are within the limits. */
static bool dsmb_copy_is_modest(struct dsmb_cursor in, u32 count)
{
	struct dsmb_copy_chunk chunk;
	u64 total = 0;
	u32 i;

	if (count > DSMB_COPY_CHUNKS)
		return false;
	for (i = 0; i < count; i++) {
		chunk = dsmb_get_chunk(&in);
		if (!chunk.len || chunk.len > DSMB_COPY_CHUNK)
			return false;
		total += chunk.len;
	}
	return total <= DSMB_COPY_TOTAL;
}

/*
 * An overlapping copy within one file reads a chunk completely before it writes it. An append is
 * written by ditto_write(), which checks for the end of the file.
 */
static u32 dsmb_copy_buffered(struct dsmb_copy *copy, const struct dsmb_copy_chunk *chunk)
{
	struct dsmb_ioctl *io = copy->io;
	struct ditto_wcc wcc;
	struct iov_iter iter;
	struct kvec vec;
	u64 verifier;
	ssize_t n;
	bool eof;

	vec.iov_len = chunk->len;
	vec.iov_base = kvmalloc(chunk->len, GFP_KERNEL);
	if (!vec.iov_base)
		return STATUS_INSUFFICIENT_RESOURCES;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	n = ditto_read(&copy->op, copy->node, chunk->from, &iter, &eof);
	if (n == chunk->len) {
		iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
		n = ditto_write(&io->call->op, io->node, chunk->to, &iter, DITTO_UNSTABLE,
				&verifier, &wcc);
	}
	kvfree(vec.iov_base);
	if (n < 0)
		return dsmb_op_status(io->call, n);
	return n == chunk->len ? STATUS_SUCCESS : STATUS_UNEXPECTED_IO_ERROR;
}

/*
 * Tell whether a chunk is copied over a part of itself. Context: any. Return: true if both ranges
 * are in one file and have bytes in common.
 */
bool dsmb_copy_overlaps(const struct dsmb_copy *copy, const struct dsmb_copy_chunk *chunk)
{
	return copy->node == copy->io->node && chunk->from < chunk->to + chunk->len &&
	       chunk->to < chunk->from + chunk->len;
}

static u32 dsmb_copy_one(struct dsmb_copy *copy, const struct dsmb_copy_chunk *chunk, u64 size)
{
	struct dsmb_ioctl *io = copy->io;
	u32 done = 0;
	u64 verifier;
	ssize_t n;

	if (chunk->from > S64_MAX || chunk->to > S64_MAX - chunk->len)
		return STATUS_INVALID_PARAMETER;
	if (io->open->stream == DSMB_STREAM_AFP_INFO &&
	    (copy->from->stream != DSMB_STREAM_AFP_INFO || chunk->from || chunk->to ||
	     chunk->len != DSMB_AFP_INFO_SIZE))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (chunk->from > size || chunk->len > size - chunk->from)
		return STATUS_INVALID_VIEW_SIZE;
	if (dsmb_copy_overlaps(copy, chunk) || !(io->open->rights & DITTO_RIGHT_WRITE_DATA))
		return dsmb_copy_buffered(copy, chunk);
	while (done < chunk->len) {
		n = ditto_copy(&copy->op, copy->node, chunk->from + done, &io->call->op, io->node,
			       chunk->to + done, chunk->len - done, false, &verifier);
		if (n < 0)
			return dsmb_op_status(io->call, n);
		/* The source was truncated during the copy. */
		if (!n)
			return STATUS_INVALID_VIEW_SIZE;
		done += n;
	}
	return STATUS_SUCCESS;
}

/* Free the progress of a copy. */
void dsmb_fsctl_copy_release(struct dsmb_call *call)
{
	kfree(call->private);
	call->private = NULL;
}

/*
 * Get the progress of a call. Return: the progress, which is not zero if the call was parked
 * before; NULL without memory.
 */
struct dsmb_copy_state *dsmb_copy_state(struct dsmb_call *call)
{
	struct dsmb_copy_state *state = call->private;

	if (!state) {
		state = kzalloc(sizeof(*state), GFP_KERNEL);
		call->private = state;
	}
	return state;
}

static u32 dsmb_copy_chunks(struct dsmb_copy *copy, u32 count)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_copy_state *state = dsmb_copy_state(io->call);
	struct dsmb_copy_chunk chunk;
	struct dsmb_attrs attrs;
	u32 status = STATUS_SUCCESS, i;
	int err;

	if (!state)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = dsmb_attrs_get(&copy->op, copy->from->inst, copy->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	for (i = 0; i < count; i++) {
		chunk = dsmb_get_chunk(&io->in);
		if (i < state->chunks)
			continue;
		status = dsmb_copy_one(copy, &chunk, attrs.size);
		if (status)
			break;
		state->chunks++;
		state->total += chunk.len;
	}
	if (status == DSMB_PARKED)
		return status;
	/* The progress is reported with an error, too. */
	dsmb_encode_u32(&io->out, state->chunks);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, state->total);
	io->call->keep_body = true;
	return status;
}

/*
 * Copy chunks from one open to another. MS-SMB2 section 3.3.5.15.6. Return: a status or
 * DSMB_PARKED.
 */
u32 dsmb_fsctl_copychunk(struct dsmb_ioctl *io)
{
	struct dsmb_copy copy = { .io = io };
	u64 persistent = dsmb_get_u64(&io->in), volatile_id = dsmb_get_u64(&io->in);
	u64 session = dsmb_get_u64(&io->in);
	u32 count = dsmb_get_u32(&io->in), status;

	dsmb_skip(&io->in, 4);
	/* Check against the limit first, so that a huge count gets the limits as response. */
	if (count <= DSMB_COPY_CHUNKS && dsmb_left(&io->in) < count * DSMB_COPY_CHUNK_SIZE)
		return STATUS_INVALID_PARAMETER;
	if (!dsmb_copy_is_modest(io->in, count))
		return dsmb_copy_limits(io);
	if (!(io->open->rights & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	if (io->code == DSMB_FSCTL_COPYCHUNK && !(io->open->rights & DITTO_RIGHT_READ_DATA))
		return STATUS_ACCESS_DENIED;
	if (session != io->call->session->id)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = dsmb_copy_begin(&copy, persistent, volatile_id, STATUS_OBJECT_NAME_NOT_FOUND);
	if (status)
		return status;
	if (!count && dsmb_copies_file(&copy))
		status = dsmb_copy_file(&copy);
	else
		status = dsmb_copy_chunks(&copy, count);
	dsmb_copy_end(&copy);
	return status;
}

/* MS-FSCC sections 2.3.8 and 2.3.10 */
static u32 dsmb_duplicate_failed(struct dsmb_ioctl *io, int err)
{
	if (err == -EOPNOTSUPP)
		return STATUS_INVALID_DEVICE_REQUEST;
	return err == -EXDEV ? STATUS_INVALID_PARAMETER : dsmb_op_status(io->call, err);
}

static u32 dsmb_duplicate(struct dsmb_copy *copy, u64 from, u64 to, u64 count)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_attrs source, target;
	u64 verifier, allocated;
	ssize_t n;
	int err;

	err = dsmb_attrs_get(&copy->op, copy->from->inst, copy->node, &source) ?:
	      dsmb_attrs_get(&io->call->op, io->inst, io->node, &target);
	if (err)
		return dsmb_op_status(io->call, err);
	/* Ranges are whole clusters, so that the last one ends behind the end of the file. */
	allocated = round_up(source.size, (u64)ditto_block_size(copy->node));
	/* MS-FSA section 2.1.5.10.4; and the ranges must not overlap within one file. */
	if (from > allocated || count > allocated - from ||
	    (source.dosattr.flags & ~target.dosattr.flags) & DITTO_FLAG_SPARSE ||
	    dsmb_copy_overlaps(copy, &(struct dsmb_copy_chunk) { from, to, count }))
		return STATUS_NOT_SUPPORTED;
	count = from < source.size ? min(count, source.size - from) : 0;
	/* The target does not grow, so extents behind its end are not shared. */
	count = to < target.size ? min(count, target.size - to) : 0;
	while (count) {
		n = ditto_copy(&copy->op, copy->node, from, &io->call->op, io->node, to, count,
			       true, &verifier);
		if (n < 0)
			return dsmb_duplicate_failed(io, n);
		if (!n)
			return STATUS_NOT_SUPPORTED;
		from += n;
		to += n;
		count -= min_t(u64, n, count);
	}
	return STATUS_SUCCESS;
}

/*
 * Share extents of one open with another. MS-FSCC section 2.3.8. Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_duplicate_extents(struct dsmb_ioctl *io)
{
	struct dsmb_copy copy = { .io = io };
	u64 persistent = dsmb_get_u64(&io->in), volatile_id = dsmb_get_u64(&io->in);
	u64 from = dsmb_get_u64(&io->in), to = dsmb_get_u64(&io->in);
	u64 count = dsmb_get_u64(&io->in);
	u32 status;

	if (from > S64_MAX || count > S64_MAX || to > S64_MAX - count)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_copy_begin(&copy, persistent, volatile_id, STATUS_INVALID_HANDLE);
	if (status)
		return status;
	if (count)
		status = dsmb_duplicate(&copy, from, to, count);
	dsmb_copy_end(&copy);
	return status;
}

/*
 * Share extents of one open with another, with flags. MS-FSCC section 2.3.9, MS-FSA section
 * 2.1.5.10.5.
 *
 * The extended form has the same parameters between a size and flags. One flag asks for all or
 * nothing, which file systems do not promise: they may run out of space in the middle. Other flags
 * are ignored (MS-FSCC section 2.3.9.2).
 *
 * Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_duplicate_extents_ex(struct dsmb_ioctl *io)
{
	struct dsmb_cursor tail = dsmb_window(&io->in, DSMB_DUPLICATE_EX_FLAGS, 4);
	bool atomic = dsmb_get_u32(&tail) & DSMB_DUPLICATE_ATOMIC;

	if (dsmb_get_u64(&io->in) != DSMB_DUPLICATE_EX_SIZE)
		return STATUS_INVALID_PARAMETER;
	return atomic ? STATUS_NOT_SUPPORTED : dsmb_fsctl_duplicate_extents(io);
}
