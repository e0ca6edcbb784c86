// SPDX-License-Identifier: GPL-2.0-only
/*
 * RPC headers of the calls in a batch (RFC 5531): AUTH_NONE and AUTH_SYS with an empty verifier,
 * and procedures with DNFS_PROC_DIRECT. All other calls are left to sunrpc, which also judges what
 * is not valid, so that each error has one place.
 */
#include <linux/cred.h>
#include <linux/sunrpc/auth.h>
#include <linux/sunrpc/msg_prot.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>

#include "batch.h"
#include "large.h"
#include "rpc.h"

/* Words of the header of a call up to the body of its credential, and of its verifier. */
#define CALL_WORDS	8
#define VERF_WORDS	2
/* Words of the header of an accepted reply whose verifier is empty. */
#define REPLY_WORDS	6
/* Words of the body of AUTH_SYS without the machine's name and the groups. */
#define SYS_WORDS	5

static struct user_namespace *direct_userns(const struct svc_rqst *rqstp)
{
	const struct cred *cred = rqstp->rq_xprt->xpt_cred;

	return cred ? cred->user_ns : &init_user_ns;
}

/* Decode the body of AUTH_SYS (RFC 5531 appendix A). Return: false if sunrpc is to judge it. */
static bool direct_sys(struct dnfs_batch *batch, const __be32 *p, unsigned int words)
{
	struct user_namespace *userns = direct_userns(batch->rqstp);
	struct svc_cred *cred = &batch->rqstp->rq_cred;
	u32 name, count;

	if (words < SYS_WORDS)
		return false;
	name = be32_to_cpu(p[1]);
	if (name > RPC_MAX_MACHINENAME || words - SYS_WORDS < XDR_QUADLEN(name))
		return false;
	p += 2 + XDR_QUADLEN(name);
	words -= SYS_WORDS + XDR_QUADLEN(name);
	count = be32_to_cpu(p[2]);
	if (count > UNX_NGROUPS || count != words)
		return false;
	cred->cr_uid = make_kuid(userns, be32_to_cpu(*p++));
	cred->cr_gid = make_kgid(userns, be32_to_cpu(*p++));
	p++;
	for (u32 i = 0; i < count; i++)
		batch->groups->gid[i] = make_kgid(userns, be32_to_cpu(*p++));
	batch->groups->ngroups = count;
	if (count > 1)
		groups_sort(batch->groups);
	cred->cr_group_info = batch->groups;
	return true;
}

/*
 * Decode a credential, whose flavour and length are followed by @words of body. Calls that follow
 * each other mostly have the same, which was decoded before. Return: false if sunrpc is to judge
 * it.
 */
static bool direct_cred(struct dnfs_batch *batch, const __be32 *p, unsigned int words)
{
	struct svc_cred *cred = &batch->rqstp->rq_cred;
	unsigned int len = (2 + words) * XDR_UNIT;
	u32 flavor = be32_to_cpu(p[0]);

	if (len == batch->body_len && !memcmp(batch->body, p, len))
		return true;
	batch->body_len = 0;
	dnfs_admitted_forget(&batch->admitted);
	*cred = (struct svc_cred) { .cr_flavor = flavor };
	switch (flavor) {
	case RPC_AUTH_NULL:
		if (words)
			return false;
		cred->cr_uid = INVALID_UID;
		cred->cr_gid = INVALID_GID;
		break;
	case RPC_AUTH_UNIX:
		if (!direct_sys(batch, p + 2, words))
			return false;
		break;
	default:
		return false;
	}
	memcpy(batch->body, p, len);
	batch->body_len = len;
	return true;
}

/* Decode the header of a call. Return: the arguments; NULL if sunrpc is to judge the call. */
static const __be32 *direct_header(struct dnfs_batch *batch, const __be32 *p, unsigned int words)
{
	struct svc_rqst *rqstp = batch->rqstp;
	u32 body;

	if (words < CALL_WORDS + VERF_WORDS || p[1] != rpc_call || p[2] != cpu_to_be32(RPC_VERSION))
		return NULL;
	body = be32_to_cpu(p[7]);
	if (body > RPC_MAX_AUTH_SIZE || body % XDR_UNIT)
		return NULL;
	body /= XDR_UNIT;
	if (words - CALL_WORDS - VERF_WORDS < body)
		return NULL;
	if (p[CALL_WORDS + body] != rpc_auth_null || p[CALL_WORDS + body + 1])
		return NULL;
	if (!direct_cred(batch, p + 6, body))
		return NULL;
	rqstp->rq_xid = p[0];
	rqstp->rq_prog = be32_to_cpu(p[3]);
	rqstp->rq_vers = be32_to_cpu(p[4]);
	rqstp->rq_proc = be32_to_cpu(p[5]);
	return p + CALL_WORDS + body + VERF_WORDS;
}

/*
 * Set up the stream of a call, as xdr_init_decode() makes it. All of a short call is in the head,
 * so the stream can begin at the arguments.
 */
static void direct_arguments(struct dnfs_batch *batch, const __be32 *p, const __be32 *args,
			     unsigned int len)
{
	struct xdr_stream *xdr = &batch->rqstp->rq_arg_stream;
	struct xdr_buf *arg = &batch->arg;

	if (unlikely(batch->large)) {
		dnfs_large_arg(batch->large, arg);
		xdr_init_decode(xdr, arg, (__be32 *)args, NULL);
	} else {
		memset(arg, 0, sizeof(*arg));
		arg->head[0] = (struct kvec) { .iov_base = (void *)p, .iov_len = len };
		arg->len = len;
		arg->buflen = len;
		xdr->buf = arg;
		xdr->iov = arg->head;
		xdr->p = (__be32 *)args;
		xdr->end = (void *)p + len;
		xdr->page_ptr = NULL;
		xdr->page_kaddr = NULL;
		xdr->nwords = XDR_QUADLEN(len) - (args - p);
		xdr->rqst = NULL;
	}
	xdr_set_scratch_folio(xdr, batch->rqstp->rq_scratch_folio);
}

/* Set up the streams of a call and of its reply, whose record mark is filled in at the end. */
static void direct_streams(struct dnfs_batch *batch, const __be32 *p, const __be32 *args,
			   unsigned int len)
{
	struct svc_rqst *rqstp = batch->rqstp;
	struct xdr_stream *xdr = &rqstp->rq_res_stream;
	struct xdr_buf *res = &batch->res;
	__be32 *head = (__be32 *)(batch->out + batch->used) + 1;

	direct_arguments(batch, p, args, len);
	head[0] = rqstp->rq_xid;
	head[1] = rpc_reply;
	head[2] = rpc_msg_accepted;
	head[3] = rpc_auth_null;
	head[4] = 0;
	head[5] = rpc_success;
	rqstp->rq_accept_statp = head + 5;
	memset(res, 0, sizeof(*res));
	res->head[0].iov_base = head;
	res->head[0].iov_len = REPLY_WORDS * XDR_UNIT;
	res->pages = rqstp->rq_next_page;
	res->len = res->head[0].iov_len;
	res->buflen = PAGE_SIZE * (rqstp->rq_page_end - res->pages);
	xdr_reset_scratch_buffer(xdr);
	xdr->buf = res;
	xdr->iov = res->head;
	xdr->p = head + REPLY_WORDS;
	xdr->end = head + PAGE_SIZE / XDR_UNIT;
	xdr->page_ptr = res->pages - 1;
	xdr->rqst = NULL;
}

/*
 * Decode the header of a call, and begin the reply. @len: bytes of that, a multiple of four.
 * Return: false if sunrpc is to receive and execute the call.
 */
bool dnfs_direct_begin(struct dnfs_batch *batch, const __be32 *p, unsigned int len)
{
	struct svc_rqst *rqstp = batch->rqstp;
	const __be32 *args = direct_header(batch, p, len / XDR_UNIT);
	const struct dnfs_program *program;

	if (!args)
		return false;
	/* Mostly the program of the previous call. */
	program = batch->program;
	if (!program || program->prog != rqstp->rq_prog || program->vers != rqstp->rq_vers)
		program = dnfs_rpc_find(rqstp->rq_prog, rqstp->rq_vers);
	if (!program || rqstp->rq_proc >= program->nprocs)
		return false;
	batch->program = program;
	batch->proc = program->procs[rqstp->rq_proc];
	if (!batch->proc || !(batch->proc->flags & DNFS_PROC_DIRECT))
		return false;
	rqstp->rq_stime = ktime_get();
	rqstp->rq_auth_stat = rpc_auth_ok;
	direct_streams(batch, p, args, len);
	return true;
}

/* Adapt the header of the reply in @batch->res to how the call ended. */
void dnfs_direct_end(struct dnfs_batch *batch)
{
	struct svc_rqst *rqstp = batch->rqstp;
	struct xdr_stream *xdr = &rqstp->rq_res_stream;

	if (rqstp->rq_auth_stat != rpc_auth_ok) {
		/* A rejected reply in place of the accepted one. */
		xdr_truncate_encode(xdr, XDR_UNIT * 2);
		xdr_stream_encode_u32(xdr, RPC_MSG_DENIED);
		xdr_stream_encode_u32(xdr, RPC_AUTH_ERROR);
		xdr_stream_encode_be32(xdr, rqstp->rq_auth_stat);
	} else if (*rqstp->rq_accept_statp != rpc_success) {
		xdr_truncate_encode(xdr, REPLY_WORDS * XDR_UNIT);
	}
}
