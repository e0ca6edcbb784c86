// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offloaded copies: MS-FSCC sections 2.1.11 and 2.3.41 to 2.3.44, MS-FSA sections 2.1.5.10.20 and
 * 2.1.5.10.21. OFFLOAD_READ makes a token for a range of a file, OFFLOAD_WRITE writes what the
 * token stands for.
 *
 * A token names the open that it was made for, and is of use in the session of that open only,
 * until the open is closed, the file changes, or its time is over. A copy within one file changes
 * it, too: nothing distinguishes this change from a concurrent one. The client keeps the token; the
 * server stores nothing. It is authenticated, so the client cannot make one for another range or
 * renew its time, though it could reach nothing by that which it may not read.
 */

#include <crypto/sha2.h>
#include <crypto/utils.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/swab.h>
#include <linux/timekeeping.h>

#include "../../fs/op/attr.h"
#include "../../fs/op/space.h"
#include "../../fs/open/instance.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../transport/call.h"
#include "fsctl_copy.h"

#define DSMB_OFFLOAD_READ_INPUT		32
#define DSMB_OFFLOAD_READ_OUTPUT	528
#define DSMB_OFFLOAD_WRITE_INPUT	544
#define DSMB_OFFLOAD_WRITE_OUTPUT	16

/* STORAGE_OFFLOAD_TOKEN: type, reserved, and length are big endian. */
#define DSMB_TOKEN_ZERO			0xffff0001
#define DSMB_TOKEN_OWN			0x44495454
#define DSMB_TOKEN_ID			504

/* Bytes of one token, and of one write. */
#define DSMB_OFFLOAD_MAX		SZ_256M
#define DSMB_OFFLOAD_WRITE_MAX		SZ_64M
/* Seconds that a token is valid: by default, and at most. */
#define DSMB_OFFLOAD_TTL		30
#define DSMB_OFFLOAD_TTL_MAX		300

/**
 * struct dsmb_offload_version - identifies the contents of a file
 * @change: change attribute
 * @ctime: time of the last change, in nanoseconds; 0 if it is so recent that another change may
 *	have the same
 *
 * The counter of xfs, which is in @change, also moves when data is written to disk.
 */
struct dsmb_offload_version {
	u64 change;
	u64 ctime;
};

/**
 * struct dsmb_offload_token - contents of a token, in the byte order of this machine
 * @persistent: FileId of the source
 * @volatile_id: the same
 * @session: session of the source
 * @pos: first byte in the source
 * @len: number of bytes; those behind the end of the file are zero
 * @version: what the source contains
 * @expires: boot time in seconds
 */
struct dsmb_offload_token {
	u64 persistent;
	u64 volatile_id;
	u64 session;
	u64 pos;
	u64 len;
	struct dsmb_offload_version version;
	u64 expires;
};

/* The input has a fixed length, so a hash with a secret prefix is an authenticator. */
static void dsmb_token_authenticate(const struct dsmb_offload_token *token,
				    u8 tag[SHA256_DIGEST_SIZE])
{
	static u8 key[SHA256_BLOCK_SIZE] __read_mostly;
	struct sha256_ctx sha;

	get_random_once(key, sizeof(key));
	sha256_init(&sha);
	sha256_update(&sha, key, sizeof(key));
	sha256_update(&sha, (const u8 *)token, sizeof(*token));
	sha256_final(&sha, tag);
}

static bool dsmb_offload_is_aligned(u64 pos, u64 len)
{
	return !(pos % DSMB_SECTOR) && !(len % DSMB_SECTOR) && len && pos <= S64_MAX &&
	       len <= S64_MAX - pos;
}

/*
 * Check that the range may be read, which breaks what others have cached, so that the version
 * belongs to the data.
 */
static int dsmb_offload_version_get(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 len,
				    struct dsmb_offload_version *version)
{
	struct ditto_attr attr;
	u64 now;
	int err;

	err = ditto_read_check(op, node, pos, len);
	if (err)
		return err;
	now = ktime_get_real_ns();
	err = ditto_getattr(op->share, node, &attr);
	if (err)
		return err;
	version->change = attr.change;
	version->ctime = timespec64_to_ns(&attr.st.ctime);
	if (version->ctime + DITTO_TICK_NS >= now)
		version->ctime = 0;
	return 0;
}

static bool dsmb_offload_is_same(const struct dsmb_offload_version *a,
				 const struct dsmb_offload_version *b)
{
	return a->change == b->change || (a->ctime && a->ctime == b->ctime);
}

/*
 * Make a token for a range of a file. MS-FSCC section 2.3.41, MS-FSA section 2.1.5.10.20. Return: a
 * status or DSMB_PARKED.
 */
u32 dsmb_fsctl_offload_read(struct dsmb_ioctl *io)
{
	struct dsmb_offload_token token = {
		.persistent = io->open->persistent,
		.volatile_id = io->open->volatile_id,
		.session = io->call->session->id,
	};
	u32 size = dsmb_get_u32(&io->in), ttl;
	u8 tag[SHA256_DIGEST_SIZE];
	struct dsmb_attrs attrs;
	int err;

	dsmb_skip(&io->in, 4);
	ttl = dsmb_get_u32(&io->in) / MSEC_PER_SEC;
	dsmb_skip(&io->in, 4);
	token.pos = dsmb_get_u64(&io->in);
	token.len = dsmb_get_u64(&io->in);
	if (ditto_instance_is_dir(io->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (size != DSMB_OFFLOAD_READ_INPUT || !dsmb_offload_is_aligned(token.pos, token.len))
		return STATUS_INVALID_PARAMETER;
	/* The whole range that is asked for is checked, even if the token is for less. */
	err = dsmb_offload_version_get(&io->call->op, io->node, token.pos, token.len,
				       &token.version);
	if (!err)
		err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	if (token.pos >= attrs.size)
		return STATUS_END_OF_FILE;
	token.len = min3(token.len, round_up(attrs.size - token.pos, DSMB_SECTOR),
			 (u64)DSMB_OFFLOAD_MAX);
	token.expires = ktime_get_boottime_seconds() +
			min_t(u32, ttl ?: DSMB_OFFLOAD_TTL, DSMB_OFFLOAD_TTL_MAX);
	dsmb_token_authenticate(&token, tag);
	dsmb_encode_u32(&io->out, DSMB_OFFLOAD_READ_OUTPUT);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u64(&io->out, token.len);
	dsmb_encode_u32(&io->out, swab32(DSMB_TOKEN_OWN));
	dsmb_encode_u16(&io->out, 0);
	dsmb_encode_u16(&io->out, swab16(DSMB_TOKEN_ID));
	dsmb_encode_bytes(&io->out, &token, sizeof(token));
	dsmb_encode_bytes(&io->out, tag, sizeof(tag));
	dsmb_builder_reserve(&io->out, DSMB_OFFLOAD_READ_OUTPUT - io->out.len);
	return STATUS_SUCCESS;
}

/* Copy what is in the source, and write zeros for what is behind its end. */
static u32 dsmb_offload_copy(struct dsmb_copy *copy, struct dsmb_copy_state *state,
			     const struct dsmb_copy_chunk *chunk)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_attrs attrs;
	u64 verifier, data;
	ssize_t n;
	int err;

	err = dsmb_attrs_get(&copy->op, copy->from->inst, copy->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	data = attrs.size > chunk->from ? min(chunk->len, attrs.size - chunk->from) : 0;
	while (state->total < data) {
		if (dsmb_call_is_cancelled(io->call))
			return dsmb_op_status(io->call, -ECANCELED);
		n = ditto_copy(&copy->op, copy->node, chunk->from + state->total, &io->call->op,
			       io->node, chunk->to + state->total,
			       min_t(u64, data - state->total, SZ_16M), false, &verifier);
		if (n < 0)
			return dsmb_op_status(io->call, n);
		/* The source was truncated during the copy. */
		if (!n)
			return STATUS_INVALID_TOKEN;
		state->total += n;
	}
	if (data == chunk->len)
		return STATUS_SUCCESS;
	return dsmb_op_status(io->call, dsmb_zero_range(io, false, chunk->to + data,
							chunk->len - data));
}

/*
 * Check before and after that the file is still the one that the token was made for. Locks of the
 * source made since the copy do not matter.
 */
static u32 dsmb_offload_write_own(struct dsmb_copy *copy, const struct dsmb_offload_token *token,
				  const struct dsmb_copy_chunk *chunk)
{
	struct dsmb_ioctl *io = copy->io;
	struct dsmb_copy_state *state = dsmb_copy_state(io->call);
	bool within = copy->node == io->node;
	struct dsmb_offload_version version;
	u32 status;
	int err;

	if (!state)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (dsmb_copy_overlaps(copy, chunk))
		return STATUS_OFFLOAD_WRITE_FILE_NOT_SUPPORTED;
	err = dsmb_offload_version_get(&copy->op, copy->node, chunk->from, chunk->len, &version);
	if (err)
		return dsmb_op_status(io->call, err);
	/* A copy within one file changes it by itself, also the part of it before it was parked. */
	if (!(within && state->total) && !dsmb_offload_is_same(&version, &token->version))
		return STATUS_INVALID_TOKEN;
	status = dsmb_offload_copy(copy, state, chunk);
	if (status || within)
		return status;
	err = dsmb_offload_version_get(&copy->op, copy->node, chunk->from, 0, &version);
	if (err)
		return dsmb_op_status(io->call, err);
	return dsmb_offload_is_same(&version, &token->version) ? STATUS_SUCCESS :
								 STATUS_INVALID_TOKEN;
}

/* Decode a token of this server. Return: false if it is none, or not valid any more. */
static bool dsmb_token_decode(struct dsmb_ioctl *io, struct dsmb_offload_token *token)
{
	u8 tag[SHA256_DIGEST_SIZE], right[SHA256_DIGEST_SIZE];

	dsmb_get_bytes(&io->in, token, sizeof(*token));
	dsmb_get_bytes(&io->in, tag, sizeof(tag));
	dsmb_token_authenticate(token, right);
	return !io->in.bad && !crypto_memneq(tag, right, sizeof(tag)) &&
	       token->session == io->call->session->id &&
	       token->expires >= ktime_get_boottime_seconds();
}

/* @skip: offset in the range of the token. @asked is set to what is written. */
static u32 dsmb_offload_write_token(struct dsmb_ioctl *io, u64 skip, u64 pos, u64 size, u64 *asked)
{
	struct dsmb_copy copy = { .io = io };
	struct dsmb_offload_token token;
	struct dsmb_copy_chunk chunk;
	u32 status;

	if (!dsmb_token_decode(io, &token))
		return STATUS_INVALID_TOKEN;
	if (skip >= token.len)
		return STATUS_INVALID_PARAMETER;
	*asked = min3(*asked, token.len - skip, (u64)DSMB_OFFLOAD_WRITE_MAX);
	chunk.from = token.pos + skip;
	chunk.to = pos;
	/* The file does not grow, but its last sector may be written as a whole. */
	chunk.len = min(*asked, size - pos);
	status = dsmb_copy_begin(&copy, token.persistent, token.volatile_id, STATUS_INVALID_TOKEN);
	if (status)
		return status;
	status = dsmb_offload_write_own(&copy, &token, &chunk);
	dsmb_copy_end(&copy);
	return status;
}

/*
 * Write what a token stands for. MS-FSCC section 2.3.43, MS-FSA section 2.1.5.10.21. Return: a
 * status or DSMB_PARKED.
 */
u32 dsmb_fsctl_offload_write(struct dsmb_ioctl *io)
{
	u32 size = dsmb_get_u32(&io->in), type, status;
	struct dsmb_attrs attrs;
	u64 pos, len, skip;
	int err;

	dsmb_skip(&io->in, 4);
	pos = dsmb_get_u64(&io->in);
	len = dsmb_get_u64(&io->in);
	skip = dsmb_get_u64(&io->in);
	type = swab32(dsmb_get_u32(&io->in));
	dsmb_skip(&io->in, 4);
	if (ditto_instance_is_dir(io->inst))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (size != DSMB_OFFLOAD_WRITE_INPUT || !dsmb_offload_is_aligned(pos, len) ||
	    skip % DSMB_SECTOR)
		return STATUS_INVALID_PARAMETER;
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	if (pos >= attrs.size)
		return STATUS_END_OF_FILE;
	len = min(len, round_up(attrs.size - pos, DSMB_SECTOR));
	if (type == DSMB_TOKEN_ZERO) {
		len = min_t(u64, len, DSMB_OFFLOAD_MAX);
		status = dsmb_op_status(io->call,
					dsmb_zero_range(io, attrs.dosattr.flags & DITTO_FLAG_SPARSE,
							pos, min(len, attrs.size - pos)));
	} else if (type == DSMB_TOKEN_OWN) {
		status = dsmb_offload_write_token(io, skip, pos, attrs.size, &len);
	} else {
		status = STATUS_INVALID_TOKEN;
	}
	if (status)
		return status;
	dsmb_encode_u32(&io->out, DSMB_OFFLOAD_WRITE_OUTPUT);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u64(&io->out, len);
	return STATUS_SUCCESS;
}
