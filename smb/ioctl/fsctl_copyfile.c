// SPDX-License-Identifier: GPL-2.0-only
/*
 * FSCTL_SRV_COPYCHUNK without chunks, from a client that has negotiated DSMB_APPLE_COPYFILE: the
 * data of the file is copied with its streams and extended attributes. Times and access control
 * list are set by the client.
 *
 * What the target has besides stays. A large copy is made in turns, between which the worker is
 * given back.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/open/stream.h"
#include "../../fs/op/space.h"
#include "../../fs/op/xattr.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../wire/apple.h"
#include "fsctl_copy.h"

/* Bytes of a turn. */
#define DSMB_COPYFILE_TURN	0x04000000

/* Parts of a file, in the order in which they are copied. */
enum dsmb_copyfile_part {
	DSMB_COPYFILE_DATA,
	DSMB_COPYFILE_XATTRS,
	DSMB_COPYFILE_STREAMS,
};

/**
 * struct dsmb_copyfile - a turn of the copy of a file
 * @copy: the copy
 * @state: what earlier turns have copied
 * @left: bytes that are left of the turn
 * @resumed: the list of streams has come to where an earlier turn ended, if there was one
 */
struct dsmb_copyfile {
	struct dsmb_copy *copy;
	struct dsmb_copy_state *state;
	u64 left;
	bool resumed;
};

/* True if a copy without chunks is one of the whole file; both files are begun. */
bool dsmb_copies_file(const struct dsmb_copy *copy)
{
	const struct dsmb_ioctl *io = copy->io;

	return dsmb_share_apple_caps(io->call->op.share, io->call->session) &
	       DSMB_APPLE_COPYFILE && copy->node != io->node &&
	       !ditto_instance_is_stream(io->inst) && !ditto_instance_is_stream(copy->from->inst);
}

/* Copies the rest of a file's data. Return: 0, -EINPROGRESS at the end of the turn, or an errno. */
static int dsmb_copyfile_bytes(struct dsmb_copyfile *c, struct ditto_node *from,
			       struct ditto_op *op, struct ditto_node *to, u64 size)
{
	struct dsmb_copy_state *state = c->state;
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE };
	struct ditto_wcc wcc;
	u64 verifier;
	ssize_t n;

	while (state->pos < size) {
		if (!c->left)
			return -EINPROGRESS;
		n = ditto_copy(&c->copy->op, from, state->pos, op, to, state->pos,
			       min(size - state->pos, c->left), false, &verifier);
		if (n < 0)
			return n;
		/* The source was truncated during the copy. */
		if (!n)
			break;
		state->pos += n;
		c->left -= min_t(u64, n, c->left);
	}
	set.size = state->pos;
	return i_size_read(to->inode) > set.size ? ditto_setattr(op, to, &set, &wcc) : 0;
}

/* True if an earlier turn has copied this stream already. */
static bool dsmb_copyfile_has_stream(struct dsmb_copyfile *c, const struct ditto_name *name)
{
	struct dsmb_copy_state *state = c->state;

	if (!c->resumed && state->stream_len) {
		c->resumed = state->stream_len == name->len &&
			     !memcmp(state->stream, name->name, name->len);
		return !c->resumed;
	}
	c->resumed = true;
	state->stream_len = name->len;
	memcpy(state->stream, name->name, name->len);
	state->pos = 0;
	return false;
}

/* An empty stream is not made, but empties one that is there. */
static int dsmb_copyfile_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	struct dsmb_copyfile *c = arg;
	struct dsmb_ioctl *io = c->copy->io;
	struct ditto_op op = io->call->op;
	struct ditto_node *from, *to;
	struct ditto_wcc wcc;
	u64 verifier;
	int err;

	if (dsmb_copyfile_has_stream(c, name))
		return 0;
	/* Who may write the data of the file may write its streams. */
	op.stream_of = io->node;
	op.later = NULL;
	err = ditto_stream_open(&c->copy->op, c->copy->node, name, false, &from, NULL);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = ditto_stream_open(&op, io->node, name, size, &to, NULL);
	if (err)
		goto put;
	err = dsmb_copyfile_bytes(c, from, &op, to, size);
	if (!err && !op.unstable)
		err = ditto_fsync(&op, to, 0, 0, &verifier, &wcc);
	ditto_node_put(to);
put:
	ditto_node_put(from);
	/* A file system may be unable to have streams. */
	return err == -EOPNOTSUPP || (err == -ENOENT && !size) ? 0 : err;
}

static int dsmb_copyfile_streams(struct dsmb_copyfile *c)
{
	struct dsmb_copy *copy = c->copy;
	int err;

	if (!ditto_has_streams(copy->io->call->op.share))
		return 0;
	err = ditto_stream_list(&copy->op, copy->node, dsmb_copyfile_stream, c);
	if (err || c->resumed || !c->state->stream_len)
		return err;
	/* The stream was removed since: which ones are done is not known. */
	c->state->stream_len = 0;
	return ditto_stream_list(&copy->op, copy->node, dsmb_copyfile_stream, c);
}

/* What a file system does not have, or the user may not set, is left out. */
static int dsmb_copyfile_xattr(void *arg, const struct ditto_name *name)
{
	struct dsmb_copyfile *c = arg;
	struct dsmb_ioctl *io = c->copy->io;
	ssize_t n;
	void *value;

	value = kvmalloc(DITTO_XATTR_VALUE_MAX, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	n = ditto_xattr_get(&c->copy->op, c->copy->node, name, value, DITTO_XATTR_VALUE_MAX);
	if (n >= 0)
		n = ditto_xattr_set(&io->call->op, io->node, name, value, n, DITTO_XATTR_EITHER,
				    NULL);
	kvfree(value);
	return n == -ENODATA || n == -EOPNOTSUPP || n == -EACCES ? 0 : n;
}

/* Copies a file with its streams. Return: a status, DSMB_PARKED or DSMB_TURN_OVER. */
u32 dsmb_copy_file(struct dsmb_copy *copy)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_copyfile c = {
		.copy = copy,
		.state = dsmb_copy_state(io->call),
		.left = DSMB_COPYFILE_TURN,
	};
	struct dsmb_attrs attrs;
	int err;

	/* An open that may only append would do so to the streams. */
	if (!(io->open->rights & DITTO_RIGHT_WRITE_DATA))
		return STATUS_ACCESS_DENIED;
	if (!c.state)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (dsmb_call_is_cancelled(io->call))
		return STATUS_CANCELLED;
	switch (c.state->part) {
	case DSMB_COPYFILE_DATA:
		err = dsmb_attrs_get(&copy->op, copy->from->inst, copy->node, &attrs) ?:
		      dsmb_copyfile_bytes(&c, copy->node, &io->call->op, io->node, attrs.size);
		if (err)
			break;
		c.state->total = lower_32_bits(c.state->pos);
		c.state->part = DSMB_COPYFILE_XATTRS;
		fallthrough;
	case DSMB_COPYFILE_XATTRS:
		if (ditto_xattr_is_supported(copy->op.share))
			err = ditto_xattr_list(&copy->op, copy->node, dsmb_copyfile_xattr, &c);
		else
			err = 0;
		if (err)
			break;
		c.state->part = DSMB_COPYFILE_STREAMS;
		fallthrough;
	default:
		err = dsmb_copyfile_streams(&c);
	}
	if (err == -EINPROGRESS)
		return DSMB_TURN_OVER;
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, c.state->total);
	return STATUS_SUCCESS;
}
