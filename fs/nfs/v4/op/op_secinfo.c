// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECINFO and SECINFO_NO_NAME (RFC 8881 sections 18.29, 18.45): the flavours that a
 * share accepts, in the same order as in MOUNT's reply. A client takes the first one that
 * works for it, and may need long to find that out.
 */
#include <linux/fs.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/msg_prot.h>

#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../../../share/share.h"
#include "../engine/ops.h"

/* Constants of RPCSEC_GSS and of Kerberos (RFC 2203, RFC 1964). */
#define GSS_QOP_DEFAULT	0

static const u8 krb5_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };

/* Flavours of the pseudo root if it has no share for the client. */
#define ROOT_FLAVORS	(DITTO_SEC_NONE | DITTO_SEC_SYS | DNFS_SEC_PROVEN)

enum { SERVICE_NONE = 1, SERVICE_INTEGRITY, SERVICE_PRIVACY };

enum { STYLE_CURRENT, STYLE_PARENT };

struct secinfo_args {
	struct ditto_name name;
	u32 style;
};

struct secinfo_res {
	unsigned int count;
	u32 flavor[DNFS_FLAVORS];
};

static u32 secinfo_decode(struct dnfs4_compound *cmp, void *args)
{
	struct secinfo_args *a = args;

	return dnfs4_decode_name(cmp, &a->name);
}

static void take_share(struct secinfo_res *res, struct ditto_share *share)
{
	res->count = dnfs_share_flavors(share, res->flavor);
}

/* The root may be read with any flavour, but a client goes on with the one it begins with. */
static int take_root(struct dnfs4_compound *cmp, struct secinfo_res *res)
{
	u32 sec, first;
	int err;

	err = dnfs4_pseudo_flavors(cmp, &sec, &first);
	res->count = dnfs_flavors(sec ?: ROOT_FLAVORS, first, res->flavor);
	return err;
}

/*
 * In 4.1 the current filehandle is consumed: the operations that follow, with another
 * flavour, have to set one again (RFC 8881 section 2.6.3.1.1.8).
 */
static void secinfo_consume(struct dnfs4_compound *cmp)
{
	if (!cmp->minor)
		return;
	dnfs4_fh_put(&cmp->current_fh);
	cmp->stateid_set = false;
}

/* Looks up the name, as the anonymous user if the share does not accept the flavour. */
static int secinfo_find(struct dnfs4_compound *cmp, const struct ditto_name *name)
{
	struct dnfs4_fh *fh = &cmp->current_fh;
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = dnfs_admit(cmp->call, fh->target.op.share, true, &op);
	if (err)
		return err;
	if (fh->kind == DNFS4_FH_ATTRDIR)
		err = ditto_stream_open(&op, fh->target.node, name, false, &node, NULL);
	else
		err = ditto_lookup(&op, fh->target.node, name, &node);
	ditto_cred_put(op.cred);
	if (err)
		return err;
	ditto_node_put(node);
	return 0;
}

static u32 secinfo_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct secinfo_args *a = args;
	struct dnfs4_fh *fh = &cmp->current_fh;
	struct dnfs4_pseudo_entry entry;
	u32 status;
	int err;

	if (fh->kind != DNFS4_FH_PSEUDO) {
		if (dnfs4_fh_is_dir(cmp))
			return NFS4ERR_NOTDIR;
		err = secinfo_find(cmp, &a->name);
		if (err)
			return dnfs4_status(cmp, err);
		take_share(result, fh->target.op.share);
		goto consume;
	}
	status = dnfs4_pseudo_find(cmp, &a->name, &entry);
	if (status)
		return status;
	if (entry.share) {
		take_share(result, entry.share);
		ditto_share_put(entry.share);
	} else {
		err = take_root(cmp, result);
		if (err)
			return dnfs4_status(cmp, err);
	}
consume:
	secinfo_consume(cmp);
	return NFS4_OK;
}

static bool encode_flavor(struct xdr_stream *xdr, u32 flavor)
{
	u32 service;

	switch (flavor) {
	case RPC_AUTH_GSS_KRB5:
		service = SERVICE_NONE;
		break;
	case RPC_AUTH_GSS_KRB5I:
		service = SERVICE_INTEGRITY;
		break;
	case RPC_AUTH_GSS_KRB5P:
		service = SERVICE_PRIVACY;
		break;
	default:
		return xdr_stream_encode_u32(xdr, flavor) >= 0;
	}
	return xdr_stream_encode_u32(xdr, RPC_AUTH_GSS) >= 0 &&
	       xdr_stream_encode_opaque(xdr, krb5_oid, sizeof(krb5_oid)) >= 0 &&
	       xdr_stream_encode_u32(xdr, GSS_QOP_DEFAULT) >= 0 &&
	       xdr_stream_encode_u32(xdr, service) >= 0;
}

static bool secinfo_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct secinfo_res *res = result;
	unsigned int i;

	if (xdr_stream_encode_u32(cmp->out, res->count) < 0)
		return false;
	for (i = 0; i < res->count; i++)
		if (!encode_flavor(cmp->out, res->flavor[i]))
			return false;
	return true;
}

const struct dnfs4_op dnfs4_op_secinfo = {
	.name = "SECINFO",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_ANY_SEC,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct secinfo_args),
	.ressize = sizeof(struct secinfo_res),
	.decode = secinfo_decode,
	.exec = secinfo_exec,
	.encode = secinfo_encode,
};

static u32 no_name_decode(struct dnfs4_compound *cmp, void *args)
{
	struct secinfo_args *a = args;

	if (xdr_stream_decode_u32(cmp->in, &a->style))
		return NFS4ERR_BADXDR;
	return a->style > STYLE_PARENT ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 no_name_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct secinfo_args *a = args;
	struct dnfs4_fh *fh = &cmp->current_fh;
	bool parent = a->style == STYLE_PARENT;
	struct secinfo_res *res = result;
	int err = 0;

	if (parent && fh->kind == DNFS4_FH_PSEUDO && !fh->path_id)
		return NFS4ERR_NOENT;
	if (parent && dnfs4_fh_is_dir(cmp))
		return NFS4ERR_NOTDIR;
	if (fh->kind == DNFS4_FH_PSEUDO || (parent && dnfs4_fh_is_share_root(fh)))
		err = take_root(cmp, res);
	else
		take_share(res, fh->target.op.share);
	if (err)
		return dnfs4_status(cmp, err);
	secinfo_consume(cmp);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_secinfo_no_name = {
	.name = "SECINFO_NO_NAME",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_ANY_SEC,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct secinfo_args),
	.ressize = sizeof(struct secinfo_res),
	.decode = no_name_decode,
	.exec = no_name_exec,
	.encode = secinfo_encode,
};
