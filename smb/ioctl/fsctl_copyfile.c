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

/**
 * struct dsmb_copyfile - a turn of the copy of a file
 * @copy: the copy
 * @state: what earlier turns have copied; the parts are the data and then each stream
 * @part: number of the part: 0 for the data, then one for each stream
 * @left: bytes that are left of the turn
 */
struct dsmb_copyfile {
	struct dsmb_copy *copy;
	struct dsmb_copy_state *state;
	u32 part;
	u64 left;
};

bool dsmb_copies_file(const struct dsmb_copy *copy)
{
	const struct dsmb_ioctl *io = copy->io;

	return dsmb_share_apple_caps(io->call->op.share, io->call->session) &
	       DSMB_APPLE_COPYFILE && copy->node != io->node &&
	       !ditto_instance_is_stream(io->inst) && !ditto_instance_is_stream(copy->from->inst);
}

/* Copies the rest of a part. Return: 0, -EINPROGRESS at the end of the turn, or an errno. */
static int dsmb_copyfile_part(struct dsmb_copyfile *c, struct ditto_node *from,
			      struct ditto_node *to, u64 size)
{
	struct dsmb_copy_state *state = c->state;
	struct ditto_op *op = &c->copy->io->call->op;
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE };
	struct ditto_wcc wcc;
	u64 verifier;
	ssize_t n;
	int err;

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
	err = i_size_read(to->inode) > set.size ? ditto_setattr(op, to, &set, &wcc) : 0;
	if (err)
		return err;
	if (!c->part)
		state->total = lower_32_bits(state->pos);
	state->parts = c->part + 1;
	state->pos = 0;
	return 0;
}

static int dsmb_copyfile_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	struct dsmb_copyfile *c = arg;
	struct dsmb_ioctl *io = c->copy->io;
	struct ditto_node *from, *to;
	int err;

	if (++c->part < c->state->parts || !size)
		return 0;
	err = ditto_stream_open(&c->copy->op, c->copy->node, name, false, &from, NULL);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = ditto_stream_open(&io->call->op, io->node, name, true, &to, NULL);
	if (!err) {
		err = dsmb_copyfile_part(c, from, to, size);
		ditto_node_put(to);
	}
	ditto_node_put(from);
	return err;
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

u32 dsmb_copy_file(struct dsmb_copy *copy)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_copyfile c = {
		.copy = copy,
		.state = dsmb_copy_state(io->call),
		.left = DSMB_COPYFILE_TURN,
	};
	struct dsmb_attrs attrs;
	int err = 0;

	if (!c.state)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (dsmb_call_is_cancelled(io->call))
		return STATUS_CANCELLED;
	if (!c.state->parts) {
		err = dsmb_attrs_get(&copy->op, copy->from->inst, copy->node, &attrs) ?:
		      dsmb_copyfile_part(&c, copy->node, io->node, attrs.size);
		if (!err && ditto_xattr_is_supported(copy->op.share))
			err = ditto_xattr_list(&copy->op, copy->node, dsmb_copyfile_xattr, &c);
	}
	err = err ?: ditto_stream_list(&copy->op, copy->node, dsmb_copyfile_stream, &c);
	if (err == -EINPROGRESS)
		return DSMB_TURN_OVER;
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, c.state->total);
	return STATUS_SUCCESS;
}
