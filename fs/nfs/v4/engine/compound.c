// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: executes a COMPOUND operation by operation (RFC 8881 section 16.2,
 * RFC 7530 section 16.2).
 *
 * The status and the number of results at the head of the reply are written
 * after the last operation. Space for the number and the status of one more
 * operation is always reserved, so that any operation can be refused. An
 * operation with side effects is refused for lack of space before it is
 * executed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/nfs.h>
#include <linux/string.h>
#include <linux/sunrpc/xdr.h>
#include <kunit/visibility.h>

#include "../../../../net/stats.h"
#include "../../server.h"
#include "../../trace.h"
#include "../deleg/caller.h"
#include "../session/client.h"
#include "../session/session.h"
#include "compound.h"
#include "server.h"

/* Results of an operation without an upper bound of its own. */
#define REPLY_BYTES	16

/* Per-thread buffers of a COMPOUND: too large for the stack, and not worth an allocation. */
struct arguments {
	u8 args[DNFS4_ARGS_MAX];
	u8 spare[DNFS4_SPARE_MAX];
};

struct results {
	struct dnfs4_compound cmp;
	u8 res[DNFS4_RES_MAX] __aligned(8);
};

/* Fields at the head of the reply that are filled in at the end. */
struct head {
	__be32 *status;
	__be32 *count;
};

/* The highest operation of each minor version (RFC 7530, RFC 8881, RFC 8276). */
static const u32 last_op[DNFS4_MINOR_MAX + 1] = {
	OP_RELEASE_LOCKOWNER, OP_RECLAIM_COMPLETE, OP_REMOVEXATTR,
};

/* Most bytes allowed for the whole reply. */
static u32 limit_of(const struct dnfs4_compound *cmp)
{
	u32 limit = cmp->max_reply ?: U32_MAX;

	return cmp->max_cached ? min(limit, cmp->max_cached) : limit;
}

/* Bytes left in the reply; negative if the limit is exceeded already. */
static s64 left_of(const struct dnfs4_compound *cmp)
{
	const struct xdr_stream *xdr = cmp->out;
	const struct xdr_buf *buf = xdr->buf;
	s64 left;

	/* After a payload only the rest of the first page, that of the head, can be used. */
	if (xdr->iov == buf->tail)
		left = (xdr->end - xdr->p) * sizeof(*xdr->p);
	else
		left = (s64)buf->buflen - buf->len;
	return min(left, (s64)limit_of(cmp) - buf->len);
}

u32 dnfs4_room(const struct dnfs4_compound *cmp)
{
	return max_t(s64, left_of(cmp) - DNFS4_OP_HEAD_BYTES, 0);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_room);

u32 dnfs4_too_big(const struct dnfs4_compound *cmp, u32 bytes)
{
	u64 len = (u64)cmp->out->buf->len + bytes + DNFS4_OP_HEAD_BYTES;

	if (!cmp->minor)
		return NFS4ERR_RESOURCE;
	if (cmp->max_cached && cmp->max_cached < cmp->max_reply && len <= cmp->max_reply)
		return NFS4ERR_REP_TOO_BIG_TO_CACHE;
	return NFS4ERR_REP_TOO_BIG;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_too_big);

bool dnfs4_take_pages(struct dnfs4_compound *cmp)
{
	if (cmp->paged || cmp->out->iov != cmp->out->buf->head)
		return false;
	cmp->paged = true;
	return true;
}

/* Decodes the operation number and sets @cmp->op, to NULL if it is not implemented. */
static u32 next_op(struct dnfs4_compound *cmp)
{
	cmp->op = NULL;
	if (xdr_stream_decode_u32(cmp->in, &cmp->opnum)) {
		cmp->opnum = OP_ILLEGAL;
		return NFS4ERR_BADXDR;
	}
	if (cmp->opnum < FIRST_NFS4_OP || cmp->opnum > last_op[cmp->minor]) {
		cmp->opnum = OP_ILLEGAL;
		return NFS4ERR_OP_ILLEGAL;
	}
	cmp->op = dnfs4_ops[cmp->opnum];
	/* Also for an operation that is refused: with DNFS4_OP_ALWAYS its results are encoded. */
	if (cmp->op) {
		memset(cmp->args, 0, cmp->op->argsize);
		memset(cmp->res, 0, cmp->op->ressize);
	}
	return NFS4_OK;
}

/* Checks the operation's position in the COMPOUND (RFC 8881 sections 2.10.6.1 and 18.46.3). */
static u32 check_place(const struct dnfs4_compound *cmp)
{
	u32 flags = cmp->op ? cmp->op->flags : 0;

	if (!cmp->minor)
		return NFS4_OK;
	if (cmp->index)
		return cmp->opnum == OP_SEQUENCE ? NFS4ERR_SEQUENCE_POS : NFS4_OK;
	if (!(flags & DNFS4_OP_FIRST))
		return NFS4ERR_OP_NOT_IN_SESSION;
	return flags & DNFS4_OP_SOLE && cmp->nops > 1 ? NFS4ERR_NOT_ONLY_OP : NFS4_OK;
}

static u32 check_version(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;

	if (!op || cmp->minor < op->minor_first || cmp->minor > op->minor_last)
		return NFS4ERR_NOTSUPP;
	if (cmp->client && test_bit(DNFS4_CLIENT_MACH_CRED, &cmp->client->flags) &&
	    !dnfs4_mach_cred_allows(cmp, cmp->opnum))
		return NFS4ERR_WRONG_CRED;
	return NFS4_OK;
}

/* Checks that the operation has the filehandles it needs. */
static u32 check_handles(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;
	const struct dnfs4_fh *fh = &cmp->current_fh;

	if (op->flags & (DNFS4_OP_FH | DNFS4_OP_FH_ANY)) {
		if (fh->kind == DNFS4_FH_NONE)
			return NFS4ERR_NOFILEHANDLE;
		if (dnfs4_fh_is_weak(fh) && !(op->flags & DNFS4_OP_ANY_SEC))
			return NFS4ERR_WRONGSEC;
	}
	if (op->flags & DNFS4_OP_FH && fh->kind == DNFS4_FH_PSEUDO && op->pseudo_status)
		return op->pseudo_status;
	if (op->flags & DNFS4_OP_NO_ATTRDIR && fh->kind == DNFS4_FH_ATTRDIR)
		return cmp->minor ? NFS4ERR_WRONG_TYPE : NFS4ERR_INVAL;
	if (op->flags & DNFS4_OP_SAVED) {
		if (cmp->saved_fh.kind == DNFS4_FH_NONE)
			return NFS4ERR_NOFILEHANDLE;
		if (dnfs4_fh_is_weak(&cmp->saved_fh) && !(op->flags & DNFS4_OP_ANY_SEC))
			return NFS4ERR_WRONGSEC;
	}
	return NFS4_OK;
}

static u32 check_room(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;
	u32 need = REPLY_BYTES;

	if (!op->reply && !(op->flags & DNFS4_OP_CHANGES))
		return NFS4_OK;
	if (op->reply)
		need = op->reply(cmp, cmp->args);
	need += DNFS4_OP_HEAD_BYTES;
	return need > dnfs4_room(cmp) ? dnfs4_too_big(cmp, need) : NFS4_OK;
}

static u32 compound_prepare(struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;
	u32 status = NFS4_OK;

	cmp->spare = 0;
	if (op->decode)
		status = op->decode(cmp, cmp->args);
	return status ?: check_handles(cmp) ?: check_room(cmp);
}

/*
 * 4.0: only the reply cache prevents that the operation is executed twice.
 * Earlier operations of the same COMPOUND may be executed twice.
 */
static int begin_once(struct dnfs4_compound *cmp)
{
	if (cmp->minor || cmp->once || !(cmp->op->flags & DNFS4_OP_CACHED))
		return 0;
	cmp->once = true;
	switch (cmp->call->transport->once(cmp->call)) {
	case DNFS_ONCE_DO:
		break;
	case DNFS_ONCE_REPLAYED:
		return -EALREADY;
	case DNFS_ONCE_BUSY:
		return -EINPROGRESS;
	}
	return 0;
}

/*
 * Checks whether the next operation may follow one that entered a share which
 * does not accept the flavour (RFC 8881 section 2.6.3.1.1): it may if it sets
 * another filehandle, asks for the accepted flavours, or is not implemented.
 * It is also true if there is no next operation.
 */
static bool next_copes(const struct dnfs4_compound *cmp)
{
	struct xdr_stream ahead = *cmp->in;
	const struct dnfs4_op *op;
	u32 opnum;

	if (cmp->index + 1 == cmp->nops || xdr_stream_decode_u32(&ahead, &opnum) ||
	    opnum < FIRST_NFS4_OP || opnum > last_op[cmp->minor])
		return true;
	op = dnfs4_ops[opnum];
	return !op || op->flags & DNFS4_OP_ANY_SEC;
}

static u32 compound_execute(struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;
	u32 status;

	dnfs4_fh_actor(cmp, &cmp->current_fh);
	if (op->flags & DNFS4_OP_SAVED)
		dnfs4_fh_actor(cmp, &cmp->saved_fh);
	status = op->exec(cmp, cmp->args, cmp->res);
	if (!status && op->flags & DNFS4_OP_WRONGSEC && dnfs4_fh_is_weak(&cmp->current_fh) &&
	    !next_copes(cmp))
		return NFS4ERR_WRONGSEC;
	return status;
}

/* Replaces the status of the last result and drops what was encoded after it. */
static void compound_refuse(struct dnfs4_compound *cmp, unsigned int pos, u32 status)
{
	__be32 word = cpu_to_be32(status);

	xdr_truncate_encode(cmp->out, pos);
	write_bytes_to_xdr_buf(cmp->out->buf, pos - sizeof(word), &word, sizeof(word));
	cmp->status = status;
}

static bool encode_result(struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;

	if (cmp->op_replay.data)
		return dnfs4_encode_bytes(cmp->out, cmp->op_replay.data, cmp->op_replay.len);
	if (!op || !op->encode || (cmp->status && !(op->flags & DNFS4_OP_ALWAYS)))
		return true;
	return op->encode(cmp, cmp->status, cmp->res);
}

/* @ready: decoding of the arguments was attempted, so @finish must run. */
static void encode_op(struct dnfs4_compound *cmp, bool ready)
{
	__be32 *p = xdr_reserve_space(cmp->out, DNFS4_OP_HEAD_BYTES);
	unsigned int pos = cmp->out->buf->len;
	bool last = cmp->index + 1 == cmp->nops;

	/* Every earlier operation left room for it. */
	if (WARN_ON_ONCE(!p))
		return;
	if (cmp->op_replay.data)
		cmp->status = cmp->op_replay.status;
	p[0] = cpu_to_be32(cmp->opnum);
	p[1] = cpu_to_be32(cmp->status);
	if (!encode_result(cmp) || left_of(cmp) < (last ? 0 : DNFS4_OP_HEAD_BYTES))
		compound_refuse(cmp, pos, dnfs4_too_big(cmp, 0));
	if (ready && cmp->op->finish)
		cmp->op->finish(cmp, cmp->status, pos);
	cmp->op_replay.data = NULL;
}

static void count_op(const struct dnfs4_compound *cmp, u64 nanoseconds, u32 bytes)
{
	if (!cmp->op)
		return;
	ditto_stats_count(cmp->server->stats, cmp->opnum, cmp->status, nanoseconds, bytes);
	trace_dnfs4_op(cmp->call, cmp->op->name, cmp->minor, cmp->status, nanoseconds);
}

/* Decodes and executes. Return: as run_op(). @ready: decoding of the arguments was attempted. */
static int try_op(struct dnfs4_compound *cmp, bool *ready)
{
	int err;

	*ready = false;
	cmp->status = next_op(cmp);
	if (!cmp->status)
		cmp->status = check_place(cmp) ?: check_version(cmp);
	if (!cmp->status && unlikely(cmp->call->undecided))
		cmp->status = NFS4ERR_DELAY;
	if (cmp->status)
		return 0;
	*ready = true;
	cmp->status = compound_prepare(cmp);
	if (cmp->status)
		return 0;
	err = begin_once(cmp);
	if (!err)
		cmp->status = compound_execute(cmp);
	return err;
}

/**
 * struct beginning - where an operation started, so that it can be executed again
 * @in: argument stream before the operation number
 * @paged: saved from struct dnfs4_compound
 */
struct beginning {
	struct xdr_stream in;
	bool paged;
};

/*
 * If the operation failed because of holders in the way, waits for them and rewinds. Return: true
 * if the operation is to be executed again.
 */
static bool begin_again(struct dnfs4_compound *cmp, const struct beginning *from)
{
	if (likely(cmp->status != NFS4ERR_DELAY) || !dnfs_pause_begin(cmp->call))
		return false;
	/* A holder may need what the operation holds, such as the seqid order of an owner. */
	if (cmp->op->release)
		cmp->op->release(cmp, cmp->args, cmp->res);
	*cmp->in = from->in;
	cmp->paged = from->paged;
	dnfs_pause(cmp->call);
	return true;
}

/*
 * Runs one operation and leaves its status in @cmp->status. Return: 0;
 * -EALREADY if the reply was cached and is complete; -EINPROGRESS if no reply
 * is to be sent.
 */
static int run_op(struct dnfs4_compound *cmp)
{
	const struct beginning from = { .in = *cmp->in, .paged = cmp->paged };
	bool ready;
	int err;

	do {
		err = try_op(cmp, &ready);
	} while (!err && begin_again(cmp, &from));
	if (unlikely(cmp->call->awaited))
		dnfs_await_end(cmp->call);
	if (!err && !cmp->replay.data)
		encode_op(cmp, ready);
	if (ready && cmp->op->release)
		cmp->op->release(cmp, cmp->args, cmp->res);
	if (!cmp->status && cmp->op->flags & DNFS4_OP_CHANGES)
		cmp->changed = true;
	return err;
}

/* After SEQUENCE: the session's limits are known. */
static void limit_reply(struct dnfs4_compound *cmp)
{
	u32 limit = limit_of(cmp);

	if (limit < cmp->out->buf->buflen)
		xdr_restrict_buflen(cmp->out, limit);
}

/* Nanoseconds since the last reading of the clock; 0 if a reading is not needed yet. */
static u64 compound_lap(const struct dnfs4_compound *cmp, ktime_t *last)
{
	bool more = !cmp->status && cmp->index + 1 < cmp->nops;
	ktime_t before = *last;

	if (more && cmp->op->flags & DNFS4_OP_BRIEF)
		return 0;
	*last = ktime_get();
	return ktime_to_ns(ktime_sub(*last, before));
}

static int run_all(struct dnfs4_compound *cmp)
{
	ktime_t last = cmp->call->started;
	u64 nanoseconds;
	u32 bytes;
	int err;

	for (cmp->index = 0; cmp->index < cmp->nops && !cmp->status; cmp->index++) {
		bytes = cmp->call->bytes;
		err = run_op(cmp);
		if (err)
			return err;
		nanoseconds = compound_lap(cmp, &last);
		count_op(cmp, nanoseconds, cmp->call->bytes - bytes);
		cmp->call->ended = nanoseconds ? last : 0;
		if (cmp->replay.data)
			return -EALREADY;
		if (cmp->opnum == OP_SEQUENCE)
			limit_reply(cmp);
	}
	return 0;
}

/* Decodes the arguments up to the operations and writes the head. Return: 0, -EBADMSG, -ENOBUFS. */
static int compound_begin(struct dnfs4_compound *cmp, struct head *head)
{
	const char *tag;
	u32 len;

	cmp->start = cmp->out->buf->len;
	if (xdr_stream_decode_u32(cmp->in, &len) || len > DNFS4_TAG_MAX)
		return -EBADMSG;
	tag = (const char *)xdr_inline_decode(cmp->in, len);
	if (!tag)
		return -EBADMSG;
	if (!dnfs4_is_utf8(tag, len))
		cmp->status = NFS4ERR_INVAL;

	head->status = xdr_reserve_space(cmp->out, sizeof(__be32));
	if (!head->status || xdr_stream_encode_opaque(cmp->out, tag, len) < 0)
		return -ENOBUFS;
	head->count = xdr_reserve_space(cmp->out, sizeof(__be32));
	if (!head->count)
		return -ENOBUFS;
	if (xdr_stream_decode_u32(cmp->in, &cmp->minor) ||
	    xdr_stream_decode_u32(cmp->in, &cmp->nops))
		return -EBADMSG;
	if (cmp->minor > DNFS4_MINOR_MAX)
		cmp->status = NFS4ERR_MINOR_VERS_MISMATCH;
	else if (!cmp->minor && cmp->nops > DNFS4_OPS_MAX)
		cmp->status = NFS4ERR_RESOURCE;
	if (!cmp->minor && !cmp->call->undecided)
		dnfs4_caller_guess(cmp);
	return 0;
}

/* Replaces what was encoded so far with a cached reply. */
static int compound_replay(struct dnfs4_compound *cmp)
{
	xdr_truncate_encode(cmp->out, cmp->start);
	cmp->status = cmp->replay.status;
	return dnfs4_encode_bytes(cmp->out, cmp->replay.data, cmp->replay.len) ? 0 : -ENOBUFS;
}

static void compound_end(struct dnfs4_compound *cmp)
{
	if (cmp->slot)
		dnfs4_sequence_done(cmp);
	if (!cmp->minor && cmp->client)
		dnfs4_caller_note(cmp);
	dnfs4_fh_put(&cmp->current_fh);
	dnfs4_fh_put(&cmp->saved_fh);
	dnfs4_client_put(cmp->client);
	if (cmp->session)
		dnfs4_session_put(cmp->session);
}

static void compound_init(struct dnfs4_compound *cmp, struct dnfs_call *call)
{
	struct results *results = container_of(cmp, struct results, cmp);

	memset(cmp, 0, sizeof(*cmp));
	cmp->call = call;
	cmp->server = call->server->v4;
	cmp->in = call->in;
	cmp->out = call->xdr;
	cmp->args = call->args;
	cmp->res = results->res;
}

int dnfs4_compound(struct dnfs_call *call)
{
	struct results *results = call->res;
	struct dnfs4_compound *cmp = &results->cmp;
	struct head head;
	int err;

	BUILD_BUG_ON(offsetof(struct arguments, spare) != DNFS4_ARGS_MAX);
	compound_init(cmp, call);
	err = compound_begin(cmp, &head);
	if (err) {
		xdr_truncate_encode(cmp->out, cmp->start);
		return err;
	}
	err = run_all(cmp);
	if (!err) {
		*head.status = cpu_to_be32(cmp->status);
		*head.count = cpu_to_be32(cmp->index);
		xdr_commit_encode(cmp->out);
	} else if (cmp->replay.data) {
		err = compound_replay(cmp);
	} else if (err == -EALREADY) {
		err = 0;
	}
	call->again = cmp->status == NFS4ERR_DELAY && !cmp->changed;
	call->status = cmp->status;
	compound_end(cmp);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_compound);

static const struct dnfs_proc procs[] = {
	{ .name = "NULL", .max_reply = XDR_UNIT },
	{
		.name = "COMPOUND",
		.exec = dnfs4_compound,
		.argsize = sizeof(struct arguments),
		.ressize = sizeof(struct results),
		.flags = DNFS_PROC_WHOLE,
	},
};

const struct dnfs_program dnfs4_program = {
	.index = DNFS_PROGRAM_NFS4,
	.prog = NFS_PROGRAM,
	.vers = 4,
	.name = "nfs",
	.group = "nfs4-rpc",
	.no_udp = true,
	.procs = procs,
	.nprocs = ARRAY_SIZE(procs),
};
