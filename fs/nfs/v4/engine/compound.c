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
#include <linux/poison.h>
#include <linux/string.h>
#include <linux/sunrpc/xdr.h>

#include "../../../../net/slow_call.h"
#include "../../../../net/stats.h"
#include "../../../node/utf8.h"
#include "../../../share/link.h"
#include "../../../share/slow_file.h"
#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "../../server.h"
#include "../../trace.h"
#include "../deleg/caller.h"
#include "../session/client.h"
#include "../session/session.h"
#include "compound.h"
#include "server.h"

/* Results of an operation without an upper bound of its own. */
#define REPLY_BYTES	16

/* XDR words at the head of the reply, around the bytes of the tag; of the arguments behind it. */
#define COMPOUND_HEAD_WORDS	3
#define COMPOUND_ARG_WORDS	2

/* Per-thread buffers of a COMPOUND: too large for the stack, and not worth an allocation. */
struct arguments {
	u8 args[DNFS4_ARGS_MAX];
	u8 scratch[DNFS4_SCRATCH_MAX];
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

/*
 * Bytes left behind a payload. Only the rest of the first page, which has the head, can be used.
 * The buffer no longer ends at the session's limit, as it has grown by the payload.
 */
static noinline s64 left_behind_payload(const struct dnfs4_compound *cmp)
{
	const struct xdr_stream *xdr = cmp->out;
	s64 left = (xdr->end - xdr->p) * sizeof(*xdr->p);
	u32 limit = min_not_zero(cmp->max_reply, cmp->max_cached);

	return limit ? min(left, (s64)limit - xdr->buf->len) : left;
}

/*
 * Bytes left in the reply; negative if the limit is exceeded already. The buffer ends at the
 * session's limit, too.
 */
static __always_inline s64 left_of(const struct dnfs4_compound *cmp)
{
	const struct xdr_buf *buf = cmp->out->buf;

	if (unlikely(cmp->out->iov == buf->tail))
		return left_behind_payload(cmp);
	return (s64)buf->buflen - buf->len;
}

/*
 * Bytes left for results of the current operation. Accounts for the session's limits, the
 * transport, and the number and status of one more operation. Return: bytes; 0 if there is no room.
 */
u32 dnfs4_room(const struct dnfs4_compound *cmp)
{
	return max_t(s64, left_of(cmp) - DNFS4_OP_HEAD_BYTES, 0);
}

/*
 * The status for a result that does not fit. Return: NFS4ERR_RESOURCE in 4.0;
 * NFS4ERR_REP_TOO_BIG_TO_CACHE if only the session's limit for cached replies is exceeded;
 * NFS4ERR_REP_TOO_BIG otherwise.
 */
u32 dnfs4_too_big(const struct dnfs4_compound *cmp, u32 bytes)
{
	u64 len = (u64)cmp->out->buf->len + bytes + DNFS4_OP_HEAD_BYTES;

	if (!cmp->minor)
		return NFS4ERR_RESOURCE;
	if (cmp->max_cached && cmp->max_cached < cmp->max_reply && len <= cmp->max_reply)
		return NFS4ERR_REP_TOO_BIG_TO_CACHE;
	return NFS4ERR_REP_TOO_BIG;
}

/*
 * Limit the reply to what the session allows. @reply: bytes of the whole RPC reply; @need: bytes of
 * the results of the current operation, with the head of the next one. Context: any. Return:
 * NFS4_OK, or the status if so many do not fit; the stream is not limited then.
 */
u32 dnfs4_limit(struct dnfs4_compound *cmp, u32 reply, u32 cached, u32 need)
{
	u32 limit = min_not_zero(reply, cached);

	cmp->max_reply = reply;
	cmp->max_cached = cached;
	if ((u64)cmp->out->buf->len + need + DNFS4_OP_HEAD_BYTES > limit || need > dnfs4_room(cmp))
		return dnfs4_too_big(cmp, need);
	if (limit < cmp->out->buf->buflen)
		xdr_restrict_buflen(cmp->out, limit);
	return NFS4_OK;
}

/*
 * Claim the pages of the reply for a payload. Return: true if the caller may put its payload into
 * the pages; false if it must copy.
 */
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
	if (dnfs_decode_u32(cmp->in, &cmp->opnum)) {
		cmp->opnum = OP_ILLEGAL;
		return NFS4ERR_BADXDR;
	}
	if (cmp->opnum < FIRST_NFS4_OP || cmp->opnum > last_op[cmp->minor]) {
		cmp->opnum = OP_ILLEGAL;
		return NFS4ERR_OP_ILLEGAL;
	}
	cmp->op = dnfs4_ops[cmp->opnum];
	/* A kernel that looks for faults lets no operation rely on what others have left there. */
	if (IS_ENABLED(CONFIG_KASAN)) {
		memset(cmp->args, POISON_FREE, DNFS4_ARGS_MAX);
		memset(cmp->res, POISON_FREE, DNFS4_RES_MAX);
	}
	/* Also for an operation that is refused: with DNFS4_OP_ALWAYS its results are encoded. */
	if (cmp->op && cmp->op->argsize | cmp->op->ressize) {
		memset(cmp->args, 0, cmp->op->argsize);
		memset(cmp->res, 0, cmp->op->ressize);
	}
	return NFS4_OK;
}

/*
 * Checks what may come first in a COMPOUND (RFC 8881 section 2.10.6.1). SEQUENCE itself checks that
 * it comes first (section 18.46.3).
 */
static u32 check_place(const struct dnfs4_compound *cmp)
{
	u32 flags = cmp->op ? cmp->op->flags : 0;

	if (cmp->index || !cmp->minor)
		return NFS4_OK;
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

/* Checks a current filehandle that does not suit every operation. */
static u32 check_current(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_op *op = cmp->op;
	const struct dnfs4_fh *fh = &cmp->current_fh;

	if (op->flags & (DNFS4_OP_FH | DNFS4_OP_FH_ANY)) {
		if (fh->kind == DNFS4_FH_NONE)
			return NFS4ERR_NOFILEHANDLE;
		if (dnfs4_fh_is_weak(fh) && !(op->flags & DNFS4_OP_ANY_SEC) &&
		    !dnfs4_mach_cred_frees(cmp, cmp->opnum))
			return dnfs4_mach_cred_frees(cmp, OP_CLOSE) && cmp->opnum == OP_GETATTR ?
			       NFS4ERR_ACCESS : NFS4ERR_WRONGSEC;
	}
	if (op->flags & DNFS4_OP_FH && fh->kind == DNFS4_FH_PSEUDO && op->pseudo_status)
		return op->pseudo_status;
	if (op->flags & DNFS4_OP_NO_ATTRDIR && fh->kind == DNFS4_FH_ATTRDIR)
		return cmp->minor ? NFS4ERR_WRONG_TYPE : NFS4ERR_INVAL;
	return NFS4_OK;
}

static u32 check_saved(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_fh *fh = &cmp->saved_fh;
	const struct dnfs4_op *op = cmp->op;

	if (fh->kind == DNFS4_FH_NONE)
		return NFS4ERR_NOFILEHANDLE;
	if (dnfs4_fh_is_weak(fh) && !(op->flags & DNFS4_OP_ANY_SEC))
		return NFS4ERR_WRONGSEC;
	return NFS4_OK;
}

/*
 * Checks that the operation has the filehandles it needs, and identifies the client for them. A
 * file of a share that accepts the caller suits every operation.
 */
static u32 use_handles(struct dnfs4_compound *cmp)
{
	const u32 flags = cmp->op->flags;
	struct dnfs4_fh *fh = &cmp->current_fh;
	u32 status = NFS4_OK;

	if (likely(fh->kind == DNFS4_FH_NODE && fh->target.op.cred)) {
		if (flags & (DNFS4_OP_FH | DNFS4_OP_FH_ANY)) {
			if (!(flags & DNFS4_OP_ABSENT) &&
			    ditto_share_is_link(fh->target.op.share, fh->target.node->inode))
				return NFS4ERR_MOVED;
			dnfs4_fh_actor(cmp, fh);
		}
	} else if (flags & (DNFS4_OP_FH | DNFS4_OP_FH_ANY | DNFS4_OP_NO_ATTRDIR)) {
		status = check_current(cmp);
		dnfs4_fh_actor(cmp, fh);
	}
	if (likely(!(flags & DNFS4_OP_SAVED)) || status)
		return status;
	dnfs4_fh_actor(cmp, &cmp->saved_fh);
	return check_saved(cmp);
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
	return need > cmp->left - DNFS4_OP_HEAD_BYTES ? dnfs4_too_big(cmp, need) : NFS4_OK;
}

/* The number of the next operation; OP_ILLEGAL if there is none or it is not valid. */
static u32 next_opnum(const struct dnfs4_compound *cmp)
{
	struct xdr_stream ahead = *cmp->in;
	u32 opnum;

	if (cmp->index + 1 == cmp->nops || dnfs_decode_u32(&ahead, &opnum) ||
	    opnum < FIRST_NFS4_OP || opnum > last_op[cmp->minor])
		return OP_ILLEGAL;
	return opnum;
}

/*
 * Is the next operation one that needs no access to the share? That is an operation that the
 * machine credential does for all users, see dnfs4_mach_cred_frees(). Clients put GETATTR before
 * it, and leave GETATTR out if it fails with NFS4ERR_ACCESS. Context: any. Return: true if the file
 * may become the current filehandle of a caller who may not use the share.
 */
bool dnfs4_next_frees(const struct dnfs4_compound *cmp)
{
	u32 opnum = next_opnum(cmp);

	return dnfs4_mach_cred_frees(cmp, opnum == OP_GETATTR ? OP_CLOSE : opnum);
}

/*
 * Checks whether the next operation may follow one that entered a share which
 * does not accept the flavour (RFC 8881 section 2.6.3.1.1): it may if it sets
 * another filehandle, asks for the accepted flavours, or is not implemented.
 * It is also true if there is no next operation.
 */
static bool next_copes(const struct dnfs4_compound *cmp)
{
	u32 opnum = next_opnum(cmp);
	const struct dnfs4_op *op = opnum == OP_ILLEGAL ? NULL : dnfs4_ops[opnum];

	return !op || op->flags & DNFS4_OP_ANY_SEC ||
	       (cmp->opnum == OP_PUTFH && dnfs4_next_frees(cmp));
}

/*
 * Cuts the results off at @pos, which does not lie in a payload. xdr_truncate_encode() warns where
 * it empties a tail, such as the padding of a payload, and goes on into the pages.
 */
static void compound_cut(struct dnfs4_compound *cmp, unsigned int pos)
{
	struct xdr_buf *buf = cmp->out->buf;
	struct kvec *tail = buf->tail;

	if (tail->iov_len && pos <= buf->len - tail->iov_len) {
		buf->len -= tail->iov_len;
		tail->iov_len = 0;
	}
	xdr_truncate_encode(cmp->out, pos);
}

/* True if there is room left for the head of another result, which the last one need not leave. */
static bool result_fits(const struct dnfs4_compound *cmp)
{
	return likely(cmp->left >= DNFS4_OP_HEAD_BYTES) ||
	       (cmp->left >= 0 && cmp->index + 1 == cmp->nops);
}

/* Replaces a result that does not fit with a status, which is returned. */
static u32 result_refuse(struct dnfs4_compound *cmp, unsigned int pos)
{
	u32 status = dnfs4_too_big(cmp, 0);
	__be32 word = cpu_to_be32(status);

	compound_cut(cmp, pos);
	write_bytes_to_xdr_buf(cmp->out->buf, pos - sizeof(word), &word, sizeof(word));
	return status;
}

/* @ready: decoding of the arguments was attempted, so @finish must run. */
static void compound_encode(struct dnfs4_compound *cmp, bool ready)
{
	__be32 *p = dnfs_inline_reserve(cmp->out, DNFS4_OP_HEAD_BYTES);
	const struct dnfs4_op *op = cmp->op;
	unsigned int pos = cmp->out->buf->len;
	u32 status = cmp->status;
	bool fits = true;

	/* Every earlier operation left room for it. */
	if (WARN_ON_ONCE(!p))
		return;
	p[0] = cpu_to_be32(cmp->opnum);
	p[1] = cpu_to_be32(status);
	if (unlikely(cmp->op_replay.data)) {
		status = cmp->op_replay.status;
		p[1] = cpu_to_be32(status);
		fits = dnfs4_encode_bytes(cmp->out, cmp->op_replay.data, cmp->op_replay.len);
		cmp->op_replay.data = NULL;
	} else if (op && op->encode && (!status || op->flags & DNFS4_OP_ALWAYS)) {
		fits = op->encode(cmp, status, cmp->res);
	}
	cmp->left = left_of(cmp);
	if (unlikely(!fits || !result_fits(cmp)))
		status = result_refuse(cmp, pos);
	cmp->status = status;
	if (ready && op->finish)
		op->finish(cmp, status, pos);
}

/* The share of the current filehandle, or NULL. */
static const struct ditto_share *compound_share(const struct dnfs4_compound *cmp)
{
	return cmp->current_fh.kind >= DNFS4_FH_NODE ? cmp->current_fh.target.op.share : NULL;
}

/*
 * Runs one operation and encodes its result. An operation that failed because of holders that
 * gave way soon is executed again. Return: 0; -EALREADY if the reply was cached and is complete;
 * -EINPROGRESS if no reply is to be sent.
 */
static int compound_op(struct dnfs4_compound *cmp)
{
	const unsigned int words = cmp->in->nwords;
	const bool paged = cmp->paged;
	const struct dnfs4_op *op;
	bool ready;
	u32 status;
	int err;

again:
	err = 0;
	ready = false;
	cmp->status = NFS4_OK;
	status = next_op(cmp) ?: check_place(cmp) ?: check_version(cmp);
	op = cmp->op;
	if (!status && unlikely(cmp->call->undecided))
		status = NFS4ERR_DELAY;
	if (status)
		goto executed;
	/* Decoding of the arguments is attempted, so there may be something to release. */
	ready = true;
	cmp->scratch_used = 0;
	if (op->decode)
		status = op->decode(cmp, cmp->args);
	if (!status)
		status = use_handles(cmp) ?: check_room(cmp);
	if (status)
		goto executed;

	/*
	 * 4.0: only the reply cache prevents that the operation is executed twice. Earlier
	 * operations of the same COMPOUND may be executed twice.
	 */
	if (op->flags & DNFS4_OP_CACHED && !cmp->minor && !cmp->once) {
		cmp->once = true;
		switch (cmp->call->transport->once(cmp->call)) {
		case DNFS_ONCE_DO:
			break;
		case DNFS_ONCE_REPLAYED:
			err = -EALREADY;
			goto release;
		case DNFS_ONCE_BUSY:
			err = -EINPROGRESS;
			goto release;
		}
	}
	if (!(op->flags & (DNFS4_OP_BRIEF | DNFS4_OP_QUICK)))
		dnfs_may_wait(cmp->call);
	status = op->exec(cmp, cmp->args, cmp->res);
	if (!status && op->flags & DNFS4_OP_WRONGSEC && dnfs4_fh_is_weak(&cmp->current_fh) &&
	    !next_copes(cmp))
		status = NFS4ERR_WRONGSEC;

executed:
	cmp->status = status;
	if (ditto_slow_is_traced() && status == NFS4ERR_DELAY)
		dnfs_await_trace(cmp->call, compound_share(cmp));
	if (unlikely(status == NFS4ERR_DELAY) && dnfs_pause_begin(cmp->call)) {
		/* A holder may need what the operation holds, such as an owner's seqid order. */
		if (ready && op->release)
			op->release(cmp, cmp->args, cmp->res);
		dnfs4_rewind(cmp->in, words);
		cmp->paged = paged;
		dnfs_pause(cmp->call);
		goto again;
	}
	/* One that succeeds has noted nothing, or has ended what it noted. */
	if (unlikely(status) && dnfs_awaits(cmp->call))
		dnfs_await_end(cmp->call);
	if (!cmp->replay.data)
		compound_encode(cmp, ready);
release:
	if (ready && op->release)
		op->release(cmp, cmp->args, cmp->res);
	if (!cmp->status && op->flags & DNFS4_OP_CHANGES)
		cmp->changed = true;
	return err;
}

/* An operation of a call that is traced is done. */
static noinline void compound_trace(const struct dnfs4_compound *cmp)
{
	struct ditto_slow_call *slow = cmp->call->slow;

	if (ditto_slow_call_step(slow, cmp->server->stats->name, cmp->op->name) &&
	    compound_share(cmp))
		ditto_slow_call_file(slow, compound_share(cmp), cmp->current_fh.target.node, false);
}

/*
 * Counts an operation that took until now. @since: the last reading of the clock; the clock is not
 * read after a brief operation that another one follows. @bytes: payload transferred.
 */
static void compound_count(struct dnfs4_compound *cmp, ktime_t *since, u32 bytes)
{
	bool more = !cmp->status && cmp->index + 1 < cmp->nops;
	ktime_t before = *since;
	u64 nanoseconds = 0;

	if (!more || !(cmp->op->flags & DNFS4_OP_BRIEF)) {
		*since = ktime_get();
		nanoseconds = ktime_to_ns(ktime_sub(*since, before));
	}
	if (ditto_slow_is_traced() && cmp->call->slow && cmp->op)
		compound_trace(cmp);
	if (cmp->op) {
		ditto_stats_count(cmp->server->stats, cmp->opnum, cmp->status, nanoseconds, bytes);
		trace_dnfs4_op(cmp->call, cmp->op->name, cmp->minor, cmp->status, nanoseconds);
	}
	cmp->call->ended = nanoseconds ? *since : 0;
}

/* Decodes the arguments up to the operations and writes the head. Return: 0, -EBADMSG, -ENOBUFS. */
static int compound_begin(struct dnfs4_compound *cmp, struct head *head)
{
	const char *tag;
	__be32 *p;
	u32 len;

	cmp->start = cmp->out->buf->len;
	if (dnfs_decode_u32(cmp->in, &len) || len > DNFS4_TAG_MAX)
		return -EBADMSG;
	/* The tag is mostly empty. */
	tag = len ? (const char *)dnfs_inline_decode(cmp->in, len) : "";
	if (!tag)
		return -EBADMSG;
	if (len && !ditto_is_utf8(tag, len))
		cmp->status = NFS4ERR_INVAL;

	head->status = dnfs_inline_reserve(cmp->out, COMPOUND_HEAD_WORDS * XDR_UNIT + len);
	if (!head->status)
		return -ENOBUFS;
	head->count = dnfs_put_opaque(head->status + 1, tag, len);
	p = dnfs_inline_decode(cmp->in, COMPOUND_ARG_WORDS * XDR_UNIT);
	if (!p)
		return -EBADMSG;
	cmp->minor = be32_to_cpup(p++);
	cmp->nops = be32_to_cpup(p);
	if (cmp->minor > DNFS4_MINOR_MAX)
		cmp->status = NFS4ERR_MINOR_VERS_MISMATCH;
	else if (!cmp->minor && cmp->nops > DNFS4_OPS_MAX)
		cmp->status = NFS4ERR_RESOURCE;
	if (!cmp->minor && !cmp->call->undecided)
		dnfs4_caller_guess(cmp);
	cmp->left = left_of(cmp);
	return 0;
}

/* Replaces what was encoded so far with a cached reply, which no share counts again. */
static int compound_replay(struct dnfs4_compound *cmp)
{
	dnfs4_fh_put(&cmp->current_fh);
	xdr_truncate_encode(cmp->out, cmp->start);
	cmp->status = cmp->replay.status;
	return dnfs4_encode_bytes(cmp->out, cmp->replay.data, cmp->replay.len) ? 0 : -ENOBUFS;
}

static void compound_end(struct dnfs4_compound *cmp)
{
	struct dnfs4_fh *fh = &cmp->current_fh;

	if (cmp->slot)
		dnfs4_sequence_done(cmp);
	if (!cmp->minor && cmp->client)
		dnfs4_caller_note(cmp);
	if (fh->kind >= DNFS4_FH_NODE && !dnfs4_fh_is_weak(fh)) {
		/* Handed over, as taking another one would cost each COMPOUND. */
		dnfs_call_set_share(cmp->call, fh->target.op.share);
		fh->target.op.share = NULL;
	}
	dnfs4_fh_put(fh);
	dnfs4_fh_put(&cmp->saved_fh);
	dnfs4_client_put(cmp->client);
	if (cmp->session)
		dnfs4_session_put(cmp->session);
}

/*
 * Execute a COMPOUND procedure (RFC 8881 section 16.2). Implements struct dnfs_proc.exec with
 * DNFS_PROC_WHOLE. Return: 0 if the reply is complete; -EBADMSG if the arguments are not valid XDR;
 * -EINPROGRESS if no reply is to be sent; -ENOBUFS if the reply has no room.
 */
int dnfs4_compound(struct dnfs_call *call, void *args, void *result)
{
	struct results *results = result;
	struct dnfs4_compound *cmp = &results->cmp;
	ktime_t since = call->started;
	struct head head;
	u32 bytes;
	int err;

	BUILD_BUG_ON(offsetof(struct arguments, scratch) != DNFS4_ARGS_MAX);
	if (IS_ENABLED(CONFIG_KASAN))
		memset(cmp, POISON_FREE, sizeof(*cmp));
	/* Filehandles and stateids are large, and valid only if a kind or a flag says so. */
	memset(cmp, 0, offsetof(struct dnfs4_compound, current_fh));
	dnfs4_fh_clear(&cmp->current_fh);
	dnfs4_fh_clear(&cmp->saved_fh);
	memset_startat(cmp, 0, stateid_set);
	cmp->call = call;
	cmp->server = call->server->v4;
	cmp->in = call->in;
	cmp->out = call->xdr;
	cmp->args = args;
	cmp->res = results->res;
	err = compound_begin(cmp, &head);
	if (err) {
		xdr_truncate_encode(cmp->out, cmp->start);
		return err;
	}
	for (cmp->index = 0; cmp->index < cmp->nops && !cmp->status; cmp->index++) {
		bytes = call->bytes;
		err = compound_op(cmp);
		if (err) {
			/* A complete reply from the reply cache, which no share counts again. */
			if (err == -EALREADY) {
				dnfs4_fh_put(&cmp->current_fh);
				err = 0;
			}
			goto end;
		}
		compound_count(cmp, &since, call->bytes - bytes);
		if (cmp->replay.data) {
			err = compound_replay(cmp);
			goto end;
		}
	}
	*head.status = cpu_to_be32(cmp->status);
	*head.count = cpu_to_be32(cmp->index);
	xdr_commit_encode(cmp->out);
end:
	call->again = cmp->status == NFS4ERR_DELAY && !cmp->changed;
	call->status = cmp->status;
	compound_end(cmp);
	return err;
}

static const struct dnfs_proc dnfs4_proc_compound = {
	.name = "COMPOUND",
	.flags = DNFS_PROC_WHOLE | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct arguments),
	.ressize = sizeof(struct results),
	.exec = dnfs4_compound,
	.payload = dnfs4_payload,
};

static const struct dnfs_proc *const dnfs4_procs[] = { &dnfs_proc_null, &dnfs4_proc_compound };

const struct dnfs_program dnfs4_program = {
	.index = DNFS_PROGRAM_NFS4,
	.prog = NFS_PROGRAM,
	.vers = 4,
	.name = "nfs",
	.group = "nfs4-rpc",
	.no_udp = true,
	.tells_change = true,
	.procs = dnfs4_procs,
	.nprocs = ARRAY_SIZE(dnfs4_procs),
};
