// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN (RFC 8881 section 18.16, RFC 7530 section 16.16).
 *
 * Argument errors are reported after the check of the owner's seqid, because they
 * advance the seqid.
 */
#include <linux/err.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../share/share.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"
#include "../state/open_file.h"

/* Bits of share_access above the wants (4.1): when the client wants a delegation. */
#define DNFS4_WHEN_MASK	\
	(NFS4_SHARE_SIGNAL_DELEG_WHEN_RESRC_AVAIL | NFS4_SHARE_PUSH_DELEG_WHEN_UNCONTENDED)

struct open_args {
	u32 status;
	u32 seqid;
	u32 access;
	u32 deny;
	struct dnfs4_name owner;
	u32 claim;
	u32 reclaim_type;
	struct dnfs4_stateid delegation;
	struct dnfs4_open_file file;
	struct dnfs4_seqid_op seqid_op;
};

struct open_res {
	struct dnfs4_stateid stateid;
	struct ditto_wcc wcc;
	u32 flags;
	struct dnfs4_bitmap attrset;
	struct dnfs4_delegated delegated;
};

/**
 * struct open_claim_type - properties of an open_claim4
 * @minor: lowest minor version that has it
 * @named: the file is named in a directory; otherwise it is the current filehandle
 * @reclaim: the open was held before the restart
 * @delegated: the client holds a delegation
 * @never: not supported
 */
struct open_claim_type {
	u8 minor;
	bool named;
	bool reclaim;
	bool delegated;
	bool never;
};

static const struct open_claim_type open_claim_types[] = {
	[NFS4_OPEN_CLAIM_NULL] = { .named = true },
	[NFS4_OPEN_CLAIM_PREVIOUS] = { .reclaim = true },
	[NFS4_OPEN_CLAIM_DELEGATE_CUR] = { .named = true, .delegated = true },
	/* Delegations do not outlive their client, see DELEGPURGE. */
	[NFS4_OPEN_CLAIM_DELEGATE_PREV] = { .named = true, .never = true },
	[NFS4_OPEN_CLAIM_FH] = { .minor = 1 },
	[NFS4_OPEN_CLAIM_DELEG_CUR_FH] = { .minor = 1, .delegated = true },
	[NFS4_OPEN_CLAIM_DELEG_PREV_FH] = { .minor = 1, .never = true },
};

static u32 decode_how(struct dnfs4_compound *cmp, struct open_args *a)
{
	u32 type;

	if (xdr_stream_decode_u32(cmp->in, &type) || type > NFS4_OPEN_CREATE)
		return NFS4ERR_BADXDR;
	a->file.create = type == NFS4_OPEN_CREATE;
	return a->file.create ? dnfs4_decode_createhow(cmp, &a->file) : NFS4_OK;
}

static u32 decode_claim(struct dnfs4_compound *cmp, struct open_args *a)
{
	u32 status = NFS4_OK;

	if (xdr_stream_decode_u32(cmp->in, &a->claim) || a->claim >= ARRAY_SIZE(open_claim_types) ||
	    cmp->minor < open_claim_types[a->claim].minor)
		return NFS4ERR_BADXDR;
	if (open_claim_types[a->claim].reclaim)
		return xdr_stream_decode_u32(cmp->in, &a->reclaim_type) ? NFS4ERR_BADXDR : NFS4_OK;
	if (open_claim_types[a->claim].delegated)
		status = dnfs4_decode_stateid(cmp->in, &a->delegation);
	if (!status && open_claim_types[a->claim].named)
		status = dnfs4_decode_name(cmp, &a->file.name);
	return status;
}

static u32 open_decode(struct dnfs4_compound *cmp, void *args)
{
	struct open_args *a = args;
	__be32 *p = xdr_inline_decode(cmp->in, 3 * XDR_UNIT);
	u32 status;

	if (!p)
		return NFS4ERR_BADXDR;
	a->seqid = be32_to_cpup(p++);
	a->access = be32_to_cpup(p++);
	a->deny = be32_to_cpup(p);
	status = dnfs4_decode_name_of_owner(cmp, &a->owner);
	if (status)
		return status;
	a->status = decode_how(cmp, a) ?: decode_claim(cmp, a);
	return a->status == NFS4ERR_BADXDR ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 check_access(const struct dnfs4_compound *cmp, const struct open_args *a)
{
	u32 allowed = DNFS4_ACCESS_BOTH;

	if (cmp->minor)
		allowed |= NFS4_SHARE_WANT_MASK | DNFS4_WHEN_MASK;
	if (!(a->access & DNFS4_ACCESS_BOTH) || (a->access & ~allowed) ||
	    (a->access & NFS4_SHARE_WANT_MASK) > NFS4_SHARE_WANT_CANCEL)
		return NFS4ERR_INVAL;
	return a->deny & ~DNFS4_DENY_BOTH ? NFS4ERR_INVAL : NFS4_OK;
}

static u32 check_args(const struct dnfs4_compound *cmp, const struct open_args *a)
{
	if (a->status)
		return a->status;
	if (open_claim_types[a->claim].never)
		return NFS4ERR_NOTSUPP;
	if (a->file.create && a->claim != NFS4_OPEN_CLAIM_NULL)
		return NFS4ERR_INVAL;
	return check_access(cmp, a);
}

/*
 * An owner that is not confirmed may start again with any seqid, and the opens it had
 * are void (RFC 7530 section 16.18.5).
 */
static u32 open_seqid_begin(struct dnfs4_compound *cmp, struct open_args *a,
			    struct dnfs4_owner *owner)
{
	u32 status = dnfs4_seqid_begin(cmp, &a->seqid_op, owner, a->seqid);

	if (cmp->minor || owner->confirmed || dnfs4_seqid_is_replay(cmp))
		return status;
	a->seqid_op.counts = true;
	dnfs4_opens_cancel(owner);
	return NFS4_OK;
}

static u32 file_of_claim(struct dnfs4_compound *cmp, struct open_args *a, struct open_res *res,
			 struct dnfs4_open_ask *ask)
{
	u32 status;

	a->file.attrset = &res->attrset;
	a->file.wcc = &res->wcc;
	if (open_claim_types[a->claim].named) {
		status = dnfs4_open_file_get(cmp, &a->file);
		if (status)
			return status;
		ask->trusted = a->file.made;
		if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR) {
			ask->base = dnfs4_node(cmp);
			ask->name = &a->file.name;
		}
	} else {
		if (cmp->current_fh.kind != DNFS4_FH_NODE)
			return NFS4ERR_ISDIR;
		status = dnfs4_check_regular(cmp, dnfs4_node(cmp));
		if (status)
			return status;
		a->file.node = dnfs4_node(cmp);
		ditto_node_hold(a->file.node);
	}
	ask->node = a->file.node;
	return NFS4_OK;
}

static bool open_truncates(const struct dnfs4_open_file *file)
{
	return file->create && !file->made && file->mode == NFS4_CREATE_UNCHECKED &&
	       (file->sattr.set.valid & DITTO_SET_SIZE) && !file->sattr.set.size;
}

/* An existing file is truncated only after it was opened. */
static noinline_for_stack u32 empty_file(struct dnfs4_compound *cmp, struct open_args *a,
					 struct open_res *res, const struct dnfs4_opened *done)
{
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE };
	struct dnfs4_io io;
	struct ditto_wcc wcc;
	int err;

	dnfs4_io_of_open(cmp, done->open, &io);
	err = ditto_setattr(&io.op, a->file.node, &set, &wcc);
	if (err == -EAGAIN)
		return NFS4ERR_SHARE_DENIED;
	if (err)
		return dnfs4_status(cmp, err);
	dnfs4_bitmap_set(&res->attrset, FATTR4_SIZE);
	return NFS4_OK;
}

/* 4.0: opens by CLAIM_PREVIOUS or with a delegation need no OPEN_CONFIRM. */
static void open_confirm(const struct dnfs4_compound *cmp, const struct open_args *a,
			 struct open_res *res, struct dnfs4_open *open)
{
	res->flags = NFS4_OPEN_RESULT_LOCKTYPE_POSIX | NFS4_OPEN_RESULT_PRESERVE_UNLINKED;
	if (cmp->minor) {
		open->confirmed = true;
		return;
	}
	/* RFC 7530 does not have this flag. */
	res->flags &= ~NFS4_OPEN_RESULT_PRESERVE_UNLINKED;
	if (open_claim_types[a->claim].reclaim || open_claim_types[a->claim].delegated)
		open->owner->confirmed = true;
	open->confirmed = open->owner->confirmed;
	if (!open->confirmed)
		res->flags |= NFS4_OPEN_RESULT_CONFIRM;
}

/*
 * A client that creates a file and opens it only for writing will be done with it soon. It would
 * have to return a delegation before the file is renamed or removed, and saves nothing with it.
 */
static bool has_no_use(const struct open_args *a)
{
	return a->file.made && !(a->access & (NFS4_SHARE_ACCESS_READ | NFS4_SHARE_WANT_MASK));
}

static u32 open_take(struct dnfs4_compound *cmp, struct open_args *a, struct open_res *res,
		     struct dnfs4_open_ask *ask)
{
	bool named = cmp->current_fh.named || cmp->current_fh.kind == DNFS4_FH_ATTRDIR;
	struct dnfs4_opened done;
	u32 status;

	if (open_claim_types[a->claim].delegated) {
		status = dnfs4_delegation_covers(cmp, &a->delegation, ask->node, ask->access);
		if (status)
			return status;
		ask->trusted = true;
	}
	status = dnfs4_open_take(cmp, ask, &done);
	if (status)
		return status;
	status = open_truncates(&a->file) ? empty_file(cmp, a, res, &done) : NFS4_OK;
	if (status) {
		dnfs4_open_undo(cmp, &done);
		return status;
	}
	ditto_node_hold(a->file.node);
	dnfs4_fh_set(cmp, a->file.node, named);
	open_confirm(cmp, a, res, done.open);
	if (!has_no_use(a))
		dnfs4_delegate(cmp, done.open, a->access & NFS4_SHARE_WANT_MASK, a->claim,
			       a->reclaim_type, &res->delegated);
	if (cmp->minor && dnfs4_callback_is_up(cmp->client))
		res->flags |= NFS4_OPEN_RESULT_MAY_NOTIFY_LOCK;
	dnfs4_open_keep(cmp, &done, &res->stateid);
	dnfs4_current_stateid_set(cmp, &res->stateid);
	return NFS4_OK;
}

static u32 open_as(struct dnfs4_compound *cmp, struct open_args *a, struct open_res *res,
		   struct dnfs4_owner *owner)
{
	struct dnfs4_open_ask ask = {
		.owner = owner,
		.access = a->access & DNFS4_ACCESS_BOTH,
		.deny = a->deny,
		.reclaim = open_claim_types[a->claim].reclaim,
		.trusted = open_claim_types[a->claim].reclaim,
	};
	u32 status;

	/* Avoids creating a file that cannot be opened. */
	if (a->file.create && !dnfs4_states_may_open(cmp->client))
		return cmp->minor ? NFS4ERR_DELAY : NFS4ERR_RESOURCE;
	status = dnfs4_reclaim_check(cmp->client, ask.reclaim) ?:
		 dnfs4_client_record(cmp->client) ?:
		 file_of_claim(cmp, a, res, &ask);
	if (status)
		return status;
	status = open_take(cmp, a, res, &ask);
	ditto_node_put(a->file.node);
	return status;
}

static u32 open_execute(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct open_args *a = args;
	struct dnfs4_owner *owner;
	u32 status = NFS4_OK;

	if (!cmp->minor)
		status = dnfs4_client_of_op(cmp, a->owner.clientid);
	if (status)
		return status;
	owner = dnfs4_owner_get(cmp->client, DNFS4_OWNER_OPEN, &a->owner, true);
	if (IS_ERR(owner))
		return dnfs4_status(cmp, PTR_ERR(owner));
	status = open_seqid_begin(cmp, a, owner);
	if (!status && !dnfs4_seqid_is_replay(cmp))
		status = check_args(cmp, a) ?: open_as(cmp, a, result, owner);
	dnfs4_owner_put(owner);
	return status;
}

static bool open_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct open_res *res = result;

	return dnfs4_encode_stateid(cmp->out, &res->stateid) &&
	       dnfs4_encode_change_info(cmp->out, &res->wcc) &&
	       xdr_stream_encode_u32(cmp->out, res->flags) >= 0 &&
	       dnfs4_encode_bitmap(cmp->out, &res->attrset) &&
	       dnfs4_encode_delegated(cmp->out, &res->delegated);
}

static void open_finish(struct dnfs4_compound *cmp, u32 status, unsigned int pos)
{
	struct open_args *a = cmp->args;

	dnfs4_seqid_finish(cmp, &a->seqid_op, status, pos);
}

static void open_end(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct open_args *a = args;

	dnfs4_sattr_free(&a->file.sattr);
	dnfs4_seqid_end(&a->seqid_op);
}

static u32 open_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return 16 + DNFS4_CHANGE_INFO_BYTES + 4 + DNFS4_BITMAP_BYTES + DNFS4_DELEGATED_BYTES;
}

const struct dnfs4_op dnfs4_op_open = {
	.name = "OPEN",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_SETS_FH,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct open_args),
	.ressize = sizeof(struct open_res),
	.decode = open_decode,
	.exec = open_execute,
	.encode = open_encode,
	.finish = open_finish,
	.release = open_end,
	.reply = open_reply,
};
