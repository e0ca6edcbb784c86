// SPDX-License-Identifier: GPL-2.0-only
/*
 * The remote quota protocol, versions 1 and 2, with which quota(1) of clients asks for limits and
 * usage. Sun defined version 1 as rquota.x, and Linux version 2, which adds group quotas; no RFC
 * describes them. Limits cannot be set.
 *
 * quota(1) is run by users and calls from any port. It knows no flavour but AUTH_SYS, so a share
 * that requires another one does not answer it. From a port that is not reserved, anybody may claim
 * any user: such a caller gets the numbers of the user that he claims to be, but learns only of
 * directories that everybody may look up.
 */
#include <linux/log2.h>
#include <linux/sunrpc/xdr.h>

#include "../../node/node.h"
#include "../../share/cred.h"
#include "../../op/quota.h"
#include "../../share/share.h"
#include "../rpc/target.h"
#include "../server.h"
#include "mount.h"
#include "rquota.h"

#define RQUOTA_PROGRAM	100011
/* RQ_PATHLEN */
#define RQUOTA_PATHLEN	1024

/* enum gqr_status */
enum rquota_status {
	Q_OK		= 1,
	Q_NOQUOTA	= 2,
	Q_EPERM		= 3,
};

enum rquota_proc {
	RQUOTAPROC_NULL,
	RQUOTAPROC_GETQUOTA,
	RQUOTAPROC_GETACTIVEQUOTA,
	RQUOTAPROC_COUNT,
};

/* Smallest unit of space in replies, in bytes. */
#define RQUOTA_BSIZE	1024
/* Words of struct rquota. */
#define RQUOTA_WORDS	10

static bool rquota_decode_path(struct dnfs_call *call, struct dnfs_rquota_args *a)
{
	if (xdr_stream_decode_u32(call->in, &a->len) || a->len > RQUOTA_PATHLEN)
		return false;
	a->path = (const char *)xdr_inline_decode(call->in, a->len);
	return a->path;
}

/* getquota_args */
static bool rquota1_decode(struct dnfs_call *call, void *args)
{
	struct dnfs_rquota_args *a = args;

	return rquota_decode_path(call, a) && !xdr_stream_decode_u32(call->in, &a->id);
}

/* ext_getquota_args */
static bool rquota2_decode(struct dnfs_call *call, void *args)
{
	struct dnfs_rquota_args *a = args;

	return rquota_decode_path(call, a) && !xdr_stream_decode_u32(call->in, &a->kind) &&
	       !xdr_stream_decode_u32(call->in, &a->id);
}

/*
 * Convert the id to one of the initial user namespace. A caller who asks for his own quota gets
 * the quota of the user he acts as on this share, because that one limits him.
 */
static u32 rquota_id(const struct dnfs_call *call, const struct dnfs_rquota_args *a,
		     const struct ditto_op *op)
{
	kuid_t uid;

	switch (a->kind) {
	case DITTO_QUOTA_USER:
		uid = make_kuid(call->userns, a->id);
		if (!call->ident.anonymous && uid_valid(uid) && uid_eq(uid, call->ident.uid))
			uid = op->cred->cred->fsuid;
		return from_kuid(&init_user_ns, uid);
	case DITTO_QUOTA_GROUP:
		return from_kgid(&init_user_ns, make_kgid(call->userns, a->id));
	}
	return from_kprojid(&init_user_ns, make_kprojid(call->userns, a->id));
}

static int rquota_walk_as_anybody(struct dnfs_call *call, struct ditto_op *op,
				  struct ditto_node **node, const char *rest, const char *end)
{
	bool anonymous = call->ident.anonymous;
	struct ditto_op walker;
	int err;

	call->ident.anonymous = true;
	err = dnfs_admit(call, op->share, false, &walker);
	call->ident.anonymous = anonymous;
	if (err)
		return err;
	err = dnfs_path_walk(&walker, node, rest, end);
	/* The walk may have entered another share. */
	op->share = walker.share;
	ditto_cred_put(walker.cred);
	return err;
}

/* The root of a share is no secret from those that it admits. */
static int rquota_walk(struct dnfs_call *call, struct ditto_op *op, struct ditto_node **node,
		       const char *rest, const char *end)
{
	int err;

	while (rest < end && *rest == '/')
		rest++;
	if (rest == end || dnfs_share_trusts(call, op->share))
		err = dnfs_path_walk(op, node, rest, end);
	else
		err = rquota_walk_as_anybody(call, op, node, rest, end);
	/* What may not be looked up is answered like what does not exist. */
	return err == -EACCES ? -ENOENT : err;
}

/* Consumes the reference to @share. */
static int rquota_below(struct dnfs_call *call, const struct dnfs_rquota_args *a,
			struct ditto_share *share, const char *rest,
			struct ditto_quota_report *report)
{
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = dnfs_admit(call, share, false, &op);
	/* The same answer as for a path that is not served, to hide which paths exist. */
	if (err) {
		err = err == -EACCES ? -ENOENT : err;
		goto put_share;
	}
	node = ditto_node_get_root(share);
	if (IS_ERR(node)) {
		err = PTR_ERR(node);
		goto put_cred;
	}
	err = rquota_walk(call, &op, &node, rest, a->path + a->len) ?:
	      ditto_quota_report(&op, node, a->kind, rquota_id(call, a, &op), report);
	share = op.share;
	ditto_node_put(node);
put_cred:
	ditto_cred_put(op.cred);
put_share:
	ditto_share_put(share);
	return err;
}

/* A path that is not served is answered like a file system without quotas. */
static int rquota_get(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs_rquota_args *a = args;
	struct ditto_quota_report *report = result;
	struct ditto_share *share;
	const char *rest;
	int err = -ENOENT;

	if (!a->len || memchr(a->path, '\0', a->len) || a->kind >= DITTO_QUOTA_KINDS)
		return -ENOENT;
	share = dnfs_path_share(call, a->path, a->len, &rest);
	if (IS_ERR(share))
		return PTR_ERR(share);
	if (share)
		err = rquota_below(call, a, share, rest, report);
	return err;
}

static int rquota_get_active(struct dnfs_call *call, void *args, void *result)
{
	const struct ditto_quota_report *report = result;
	int err = rquota_get(call, args, result);

	return !err && !report->enforced ? -ENOENT : err;
}

static u32 rquota_status(int err)
{
	switch (err) {
	case 0:
		return Q_OK;
	case -EACCES:
	case -EPERM:
		return Q_EPERM;
	}
	return Q_NOQUOTA;
}

/* Number of blocks, rounded up: a limit is never shown as 0, which means none. */
static u64 rquota_blocks(u64 bytes, u32 bsize)
{
	return (bytes >> ilog2(bsize)) + !!(bytes & (bsize - 1));
}

/* Return: the unit in which all of a report's numbers of blocks fit into 31 bits. */
u32 dnfs_rquota_bsize(const struct ditto_quota_report *report)
{
	u64 most = max3(report->space, report->space_soft, report->space_hard);
	u32 bsize = RQUOTA_BSIZE;

	/* Old clients take the numbers of blocks for signed, and the size always is. */
	while (bsize < BIT(30) && rquota_blocks(most, bsize) > S32_MAX)
		bsize <<= 1;
	return bsize;
}

static __be32 *rquota_put(__be32 *p, u64 value)
{
	*p++ = cpu_to_be32(min_t(u64, value, U32_MAX));
	return p;
}

static bool rquota_encode(struct dnfs_call *call, const void *result)
{
	const struct ditto_quota_report *r = result;
	u32 bsize = dnfs_rquota_bsize(r);
	__be32 *p;

	if (xdr_stream_encode_u32(call->xdr, call->status) < 0)
		return false;
	if (call->status != Q_OK)
		return true;
	p = xdr_reserve_space(call->xdr, RQUOTA_WORDS * XDR_UNIT);
	if (!p)
		return false;
	p = rquota_put(p, bsize);
	p = rquota_put(p, r->enforced);
	p = rquota_put(p, rquota_blocks(r->space_hard, bsize));
	p = rquota_put(p, rquota_blocks(r->space_soft, bsize));
	p = rquota_put(p, rquota_blocks(r->space, bsize));
	p = rquota_put(p, r->files_hard);
	p = rquota_put(p, r->files_soft);
	p = rquota_put(p, r->files);
	p = rquota_put(p, r->space_left);
	rquota_put(p, r->files_left);
	return true;
}

#define RQUOTA_PROC(VERSION, NAME, EXEC) {				\
	.name = NAME,							\
	.argsize = sizeof(struct dnfs_rquota_args),			\
	.ressize = sizeof(struct ditto_quota_report),			\
	.max_reply = (1 + RQUOTA_WORDS) * XDR_UNIT,			\
	.decode = rquota ## VERSION ## _decode,				\
	.exec = EXEC,							\
	.encode = rquota_encode,					\
}

static const struct dnfs_proc rquota1_getquota = RQUOTA_PROC(1, "GETQUOTA", rquota_get);
static const struct dnfs_proc rquota1_getactive =
	RQUOTA_PROC(1, "GETACTIVEQUOTA", rquota_get_active);
static const struct dnfs_proc rquota2_getquota = RQUOTA_PROC(2, "GETQUOTA", rquota_get);
static const struct dnfs_proc rquota2_getactive =
	RQUOTA_PROC(2, "GETACTIVEQUOTA", rquota_get_active);

const struct dnfs_proc *const dnfs_rquota1_procs[RQUOTAPROC_COUNT] = {
	[RQUOTAPROC_NULL] = &dnfs_proc_null,
	[RQUOTAPROC_GETQUOTA] = &rquota1_getquota,
	[RQUOTAPROC_GETACTIVEQUOTA] = &rquota1_getactive,
};

const struct dnfs_proc *const dnfs_rquota2_procs[RQUOTAPROC_COUNT] = {
	[RQUOTAPROC_NULL] = &dnfs_proc_null,
	[RQUOTAPROC_GETQUOTA] = &rquota2_getquota,
	[RQUOTAPROC_GETACTIVEQUOTA] = &rquota2_getactive,
};

const struct dnfs_program dnfs_rquota1_program = {
	.index = DNFS_PROGRAM_RQUOTA1,
	.prog = RQUOTA_PROGRAM,
	.vers = 1,
	.name = "rquotad",
	.group = "rquota1",
	.any_udp = true,
	.any_port = true,
	.no_retry = true,
	.status = rquota_status,
	.procs = dnfs_rquota1_procs,
	.nprocs = ARRAY_SIZE(dnfs_rquota1_procs),
};

const struct dnfs_program dnfs_rquota2_program = {
	.index = DNFS_PROGRAM_RQUOTA2,
	.prog = RQUOTA_PROGRAM,
	.vers = 2,
	.name = "rquotad",
	.group = "rquota2",
	.any_udp = true,
	.any_port = true,
	.no_retry = true,
	.status = rquota_status,
	.procs = dnfs_rquota2_procs,
	.nprocs = ARRAY_SIZE(dnfs_rquota2_procs),
};
