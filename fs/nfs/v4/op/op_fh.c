// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the current and the saved filehandle: GETFH, PUTFH, PUTPUBFH,
 * PUTROOTFH, RESTOREFH, SAVEFH (RFC 8881 sections 18.8, 18.19 to 18.21, 18.27, 18.28).
 */
#include <linux/nfs4.h>

#include "../../rpc/encode.h"
#include "../../rpc/worker.h"
#include "../engine/fh.h"
#include "../engine/ops.h"

/* These set a filehandle whose share may accept other flavours. */
#define LEADS	(DNFS4_OP_WRONGSEC | DNFS4_OP_ANY_SEC | DNFS4_OP_BRIEF)

struct getfh_res {
	u32 len;
	u8 data[DNFS4_FH_MAX];
};

static u32 getfh_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct getfh_res *res = result;

	return dnfs4_status(cmp, dnfs4_fh_encode(&cmp->current_fh, res->data, &res->len));
}

static bool getfh_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct getfh_res *res = result;
	__be32 *p = dnfs_inline_reserve(cmp->out, XDR_UNIT + res->len);

	if (p)
		dnfs_put_opaque(p, res->data, res->len);
	return p;
}

const struct dnfs4_op dnfs4_op_getfh = {
	.name = "GETFH",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_BRIEF,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = getfh_exec,
	.encode = getfh_encode,
};

struct putfh_args {
	const void *data;
	u32 len;
};

static u32 putfh_decode(struct dnfs4_compound *cmp, void *args)
{
	struct putfh_args *a = args;

	return dnfs4_decode_opaque(cmp, NFS4_FHSIZE, &a->data, &a->len);
}

static u32 putfh_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct putfh_args *a = args;

	return dnfs4_fh_decode(cmp, a->data, a->len);
}

const struct dnfs4_op dnfs4_op_putfh = {
	.name = "PUTFH",
	.flags = LEADS,
	.minor_last = DNFS4_MINOR_MAX,
	.decode = putfh_decode,
	.exec = putfh_exec,
};

static u32 putrootfh_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	dnfs4_fh_enter_pseudo(cmp, 0);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_putrootfh = {
	.name = "PUTROOTFH",
	.flags = LEADS,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = putrootfh_exec,
};

/* The public filehandle is the root filehandle (section 18.20.4). */
const struct dnfs4_op dnfs4_op_putpubfh = {
	.name = "PUTPUBFH",
	.flags = LEADS,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = putrootfh_exec,
};

static u32 restorefh_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	if (cmp->saved_fh.kind == DNFS4_FH_NONE)
		return cmp->minor ? NFS4ERR_NOFILEHANDLE : NFS4ERR_RESTOREFH;
	dnfs4_fh_copy(&cmp->current_fh, &cmp->saved_fh);
	if (cmp->current_fh.kind >= DNFS4_FH_NODE)
		dnfs_worker_inside(cmp->call->worker, cmp->current_fh.target.op.share);
	cmp->current_stateid = cmp->saved_stateid;
	cmp->stateid_set = cmp->saved_stateid_set;
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_restorefh = {
	.name = "RESTOREFH",
	.flags = LEADS,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = restorefh_exec,
};

static u32 savefh_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	dnfs4_fh_copy(&cmp->saved_fh, &cmp->current_fh);
	cmp->saved_stateid = cmp->current_stateid;
	cmp->saved_stateid_set = cmp->stateid_set;
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_savefh = {
	.name = "SAVEFH",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_ANY_SEC | DNFS4_OP_BRIEF,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = savefh_exec,
};
