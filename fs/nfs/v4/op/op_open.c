// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN (RFC 8881 section 18.16, RFC 7530 section 16.16, RFC 9754 sections 4 and 5). What it
 * supports is reported by the attribute open_arguments, see attr_table.c.
 *
 * Argument errors are reported after the check of the owner's seqid, because they
 * advance the seqid.
 */
#include <linux/err.h>
#include <linux/nfs4.h>
#include <linux/string.h>

#include "../../../node/node.h"
#include "../../../op/attr.h"
#include "../../../open/stream.h"
#include "../../../share/share.h"
#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "../attr/attr.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"

/* Bits of share_access of 4.2 (RFC 9754). */
#define DNFS4_SHARE_ACCESS_42	\
	(NFS4_SHARE_WANT_DELEG_TIMESTAMPS | NFS4_SHARE_WANT_OPEN_XOR_DELEGATION)

/**
 * struct open_args - OPEN4args
 * @status: error of the arguments that is reported after the seqid check
 * @seqid: of the open-owner (4.0)
 * @access: OPEN4_SHARE_ACCESS_*
 * @deny: OPEN4_SHARE_DENY_*
 * @owner: open-owner
 * @claim: enum opentype4
 * @reclaim_type: with CLAIM_PREVIOUS: OPEN_DELEGATE_* to reclaim
 * @delegation: with a delegated claim: its stateid
 * @name: with a named claim: name in the current directory
 * @create: OPEN4_CREATE
 * @mode: with @create: enum createmode4
 * @verf: verifier of the exclusive modes
 * @sattr: with @create: attributes of a new file
 * @seqid_op: the owner's place in the order of its seqids (4.0)
 *
 * Nothing is cleared before open_decode().
 */
struct open_args {
	u32 status;
	u32 seqid;
	u32 access;
	u32 deny;
	struct dnfs4_name owner;
	u32 claim;
	u32 reclaim_type;
	struct dnfs4_stateid delegation;
	struct ditto_name name;
	bool create;
	u32 mode;
	u8 verf[NFS4_VERIFIER_SIZE];
	struct dnfs4_sattr sattr;
	struct dnfs4_seqid_op seqid_op;
};

/*
 * Nothing behind the flags of @done.file.wcc is cleared, because it is long. Its attributes are
 * valid if the flags say so, and the members behind them are set with @done.open.
 */
struct open_res {
	struct dnfs4_stateid stateid;
	u32 flags;
	struct dnfs4_bitmap attrset;
	struct dnfs4_delegated delegated;
	struct dnfs4_opened done;
};

#define OPEN_RES_CLEAR	offsetof(struct open_res, done.file.wcc.pre_size)
static_assert(sizeof(struct open_args) <= DNFS4_ARGS_MAX);
static_assert(sizeof(struct open_res) <= DNFS4_RES_MAX);

/**
 * struct open_claim_type - properties of an open_claim4
 * @minor: lowest minor version that has it
 * @named: the file is named in a directory; otherwise it is the current filehandle
 * @reclaim: the open was held before the restart
 * @delegated: the client holds a delegation
 * @previous: the previous instance of the client held a delegation
 */
struct open_claim_type {
	u8 minor;
	bool named;
	bool reclaim;
	bool delegated;
	bool previous;
};

static const struct open_claim_type open_claim_types[] = {
	[NFS4_OPEN_CLAIM_NULL] = { .named = true },
	[NFS4_OPEN_CLAIM_PREVIOUS] = { .reclaim = true },
	[NFS4_OPEN_CLAIM_DELEGATE_CUR] = { .named = true, .delegated = true },
	[NFS4_OPEN_CLAIM_DELEGATE_PREV] = { .named = true, .previous = true },
	[NFS4_OPEN_CLAIM_FH] = { .minor = 1 },
	[NFS4_OPEN_CLAIM_DELEG_CUR_FH] = { .minor = 1, .delegated = true },
	[NFS4_OPEN_CLAIM_DELEG_PREV_FH] = { .minor = 1, .previous = true },
};

static u32 open_decode_how(struct dnfs4_compound *cmp, struct open_args *a)
{
	const u8 *verf;
	u32 type;

	if (dnfs_decode_u32(cmp->in, &type) || type > NFS4_OPEN_CREATE)
		return NFS4ERR_BADXDR;
	a->create = type == NFS4_OPEN_CREATE;
	if (!a->create)
		return NFS4_OK;
	/* For open_end(), if nothing is decoded. */
	a->sattr.acl = NULL;
	if (dnfs_decode_u32(cmp->in, &a->mode))
		return NFS4ERR_BADXDR;
	switch (a->mode) {
	case NFS4_CREATE_UNCHECKED:
	case NFS4_CREATE_GUARDED:
		return dnfs4_decode_sattr(cmp, &a->sattr);
	case NFS4_CREATE_EXCLUSIVE4_1:
		if (!cmp->minor)
			return NFS4ERR_BADXDR;
		fallthrough;
	case NFS4_CREATE_EXCLUSIVE:
		verf = (const u8 *)dnfs_inline_decode(cmp->in, sizeof(a->verf));
		if (!verf)
			return NFS4ERR_BADXDR;
		memcpy(a->verf, verf, sizeof(a->verf));
		if (a->mode == NFS4_CREATE_EXCLUSIVE4_1)
			return dnfs4_decode_sattr(cmp, &a->sattr);
		a->sattr = (struct dnfs4_sattr){};
		return NFS4_OK;
	}
	return NFS4ERR_BADXDR;
}

static u32 open_decode_claim(struct dnfs4_compound *cmp, struct open_args *a)
{
	u32 status = NFS4_OK;

	if (dnfs_decode_u32(cmp->in, &a->claim) || a->claim >= ARRAY_SIZE(open_claim_types) ||
	    cmp->minor < open_claim_types[a->claim].minor)
		return NFS4ERR_BADXDR;
	if (open_claim_types[a->claim].reclaim)
		return dnfs_decode_u32(cmp->in, &a->reclaim_type) ? NFS4ERR_BADXDR : NFS4_OK;
	if (open_claim_types[a->claim].delegated)
		status = dnfs4_decode_stateid(cmp->in, &a->delegation);
	if (!status && open_claim_types[a->claim].named)
		status = dnfs4_decode_name(cmp, &a->name);
	return status;
}

static u32 open_decode(struct dnfs4_compound *cmp, void *args)
{
	struct open_args *a = args;
	__be32 *p = dnfs_inline_decode(cmp->in, 3 * XDR_UNIT);
	u32 status;

	/* The others are used only where they were decoded. */
	a->seqid_op = (struct dnfs4_seqid_op){};
	a->create = false;
	a->reclaim_type = 0;
	if (!p)
		return NFS4ERR_BADXDR;
	a->seqid = be32_to_cpup(p++);
	a->access = be32_to_cpup(p++);
	a->deny = be32_to_cpup(p);
	status = dnfs4_decode_name_of_owner(cmp, &a->owner);
	if (status)
		return status;
	a->status = open_decode_how(cmp, a) ?: open_decode_claim(cmp, a);
	return a->status == NFS4ERR_BADXDR ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 open_check_args(const struct dnfs4_compound *cmp, const struct open_args *a)
{
	u32 allowed = DNFS4_ACCESS_BOTH;

	if (a->status)
		return a->status;
	if (a->create && a->claim != NFS4_OPEN_CLAIM_NULL)
		return NFS4ERR_INVAL;
	if (cmp->minor)
		allowed |= NFS4_SHARE_WANT_MASK | DNFS4_SHARE_WHEN_MASK;
	if (cmp->minor >= 2)
		allowed |= DNFS4_SHARE_ACCESS_42;
	if (!(a->access & DNFS4_ACCESS_BOTH) || (a->access & ~allowed) ||
	    (a->access & NFS4_SHARE_WANT_MASK) > NFS4_SHARE_WANT_CANCEL)
		return NFS4ERR_INVAL;
	return a->deny & ~DNFS4_DENY_BOTH ? NFS4ERR_INVAL : NFS4_OK;
}

static bool open_is_exclusive(const struct open_args *a)
{
	return a->create && (a->mode == NFS4_CREATE_EXCLUSIVE ||
			     a->mode == NFS4_CREATE_EXCLUSIVE4_1);
}

/* The file is named: in a directory of a share, or among the named attributes of a file. */
static u32 open_request_named(struct dnfs4_compound *cmp, struct open_args *a,
			      struct ditto_open_request *req)
{
	struct dnfs4_bitmap allowed;
	u32 status;

	/* The pseudo root contains only shares. */
	if (cmp->current_fh.kind == DNFS4_FH_PSEUDO)
		return a->create ? NFS4ERR_ROFS : NFS4ERR_NOENT;
	status = dnfs4_fh_is_dir(cmp);
	if (status)
		return status;
	if (a->create) {
		/* RFC 8881 section 18.16.3: only the attributes of suppattr_exclcreat. */
		if (a->mode == NFS4_CREATE_EXCLUSIVE4_1) {
			dnfs4_attrs_exclcreat(cmp, &cmp->current_fh, &allowed);
			for (int i = 0; i < DNFS4_BITMAP_WORDS; i++)
				if (a->sattr.map.word[i] & ~allowed.word[i])
					return NFS4ERR_INVAL;
		}
		status = dnfs4_sattr_fit(cmp, &a->sattr, NULL, S_IFREG);
		if (status)
			return status;
		req->how = a->mode == NFS4_CREATE_UNCHECKED ? DITTO_OPEN_OR_CREATE :
							      DITTO_OPEN_CREATE;
		req->set = &a->sattr.set;
		req->verf = open_is_exclusive(a) ? a->verf : NULL;
	}
	if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR) {
		req->node = dnfs4_node(cmp);
		req->stream = a->name.name;
		req->stream_len = a->name.len;
		req->flags |= DITTO_OPENF_XATTRS;
		/*
		 * RFC 8881 section 6.2.1.3.1: a lookup requires permission to read named
		 * attributes.
		 */
		return dnfs4_status(cmp, ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp),
							  DITTO_MAY_READ_XATTRS));
	}
	req->parent = dnfs4_node(cmp);
	req->name = &a->name;
	return NFS4_OK;
}

/* Fill in what to open, and check everything that does not depend on the file. */
static u32 open_request(struct dnfs4_compound *cmp, struct open_args *a,
			struct dnfs4_open_ask *ask)
{
	const struct open_claim_type *claim = &open_claim_types[a->claim];
	struct ditto_open_request *req = &ask->file;
	u32 status;

	/* Avoids creating a file that cannot be opened. */
	if (a->create && !dnfs4_states_may_open(cmp->client))
		return cmp->minor ? NFS4ERR_DELAY : NFS4ERR_RESOURCE;
	status = claim->previous ? dnfs4_previous_check(cmp->client) :
				   dnfs4_reclaim_check(cmp->client, claim->reclaim);
	if (!status)
		status = dnfs4_client_record(cmp);
	if (status)
		return status;
	ask->access = a->access & DNFS4_ACCESS_BOTH;
	ask->deny = a->deny;
	ask->reclaim = claim->reclaim;
	ask->delegation = claim->delegated ? &a->delegation : NULL;
	req->how = DITTO_OPEN_EXISTING;
	req->flags = DITTO_OPENF_FILE | DITTO_OPENF_MODE_ONLY | DITTO_OPENF_STABLE;
	/* The client had it open before. */
	if (claim->reclaim || claim->delegated || claim->previous)
		req->flags |= DITTO_OPENF_OWNER;
	if (claim->named) {
		status = open_request_named(cmp, a, req);
		if (status)
			return status;
	} else {
		if (cmp->current_fh.kind != DNFS4_FH_NODE)
			return NFS4ERR_ISDIR;
		req->node = dnfs4_node(cmp);
	}
	if (cmp->current_fh.named) {
		req->stream_node = dnfs4_node(cmp);
		req->node = dnfs4_fs_op(cmp)->stream_of;
		req->flags |= DITTO_OPENF_XATTRS;
	}
	/* Execute permission implies read permission (RFC 7530 section 6.2.1.3.1). */
	if (!(req->flags & DITTO_OPENF_XATTRS))
		req->flags |= DITTO_OPENF_EXECUTE_READS;
	return NFS4_OK;
}

static noinline_for_stack u32 open_truncate(struct dnfs4_compound *cmp,
					    const struct dnfs4_opened *done)
{
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE };
	struct dnfs4_io io;
	struct ditto_wcc wcc;
	int err;

	dnfs4_io_of_open(&cmp->current_fh, done->open, &io);
	err = ditto_setattr(&io.op, done->node, &set, &wcc);
	return err == -EAGAIN ? NFS4ERR_SHARE_DENIED : dnfs4_status(cmp, err);
}

/*
 * A client that creates a file and opens it only for writing will be done with it soon. It would
 * have to return a delegation before the file is renamed or removed, and saves nothing with it.
 */
static bool open_has_no_use(const struct open_args *a, const struct open_res *res)
{
	return res->done.file.created &&
	       !(a->access & (NFS4_SHARE_ACCESS_READ | NFS4_SHARE_WANT_MASK));
}

/*
 * RFC 9754 section 4: the delegation replaces the open, and the client saves the CLOSE. An open
 * that existed before stays, and so does one with a share reservation that denies access, because
 * a delegation denies nothing.
 */
static bool open_is_replaced(const struct open_args *a, const struct open_res *res)
{
	return a->access & NFS4_SHARE_WANT_OPEN_XOR_DELEGATION && !a->deny && res->done.fresh &&
	       (a->claim == NFS4_OPEN_CLAIM_NULL || a->claim == NFS4_OPEN_CLAIM_FH) &&
	       dnfs4_delegated_is_held(&res->delegated);
}

/*
 * The change attribute of a directory that was not changed, or of a named attribute directory, for
 * which nobody has read it before.
 */
static void open_change_info(struct dnfs4_compound *cmp, struct ditto_opened *file)
{
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct ditto_node *dir = dnfs4_node(cmp);
	struct ditto_wcc *wcc = &file->wcc;
	int err;

	if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR)
		err = ditto_stream_dir_attr(op, dir, &wcc->post);
	else
		err = ditto_read_change(op->share, dir, &wcc->post.change);
	wcc->post_valid = !err;
	wcc->pre_valid = !err && !file->created;
	if (wcc->pre_valid)
		wcc->pre_change = wcc->post.change;
}

/*
 * The file is open: what else the client gets. A new file stays whatever fails now; attributes
 * that were not set are not in attrset.
 */
static u32 open_grant(struct dnfs4_compound *cmp, struct open_args *a, struct open_res *res)
{
	const struct open_claim_type *claim = &open_claim_types[a->claim];
	bool named_attr = cmp->current_fh.kind == DNFS4_FH_ATTRDIR;
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct dnfs4_opened *done = &res->done;
	struct dnfs4_open *open = done->open;
	u32 status;

	/* Attributes that the core does not set. */
	if (done->file.created && !named_attr) {
		dnfs4_sattr_dosattr(op, done->node, &a->sattr);
		dnfs4_sattr_made(op, done->node, &a->sattr, &res->attrset);
		if (dnfs4_sattr_label(cmp, done->node, &a->sattr))
			dnfs4_bitmap_clear(&res->attrset, FATTR4_SEC_LABEL);
	}
	/* The verifier is stored in the times of the file, until the client sets them. */
	if (open_is_exclusive(a)) {
		dnfs4_bitmap_set(&res->attrset, FATTR4_TIME_ACCESS_SET);
		dnfs4_bitmap_set(&res->attrset, FATTR4_TIME_MODIFY_SET);
	}
	/* An existing file is truncated only after it was opened. */
	if (a->create && a->mode == NFS4_CREATE_UNCHECKED && !done->file.created &&
	    a->sattr.set.valid & DITTO_SET_SIZE && !a->sattr.set.size) {
		status = open_truncate(cmp, done);
		if (status)
			goto undo;
		dnfs4_bitmap_set(&res->attrset, FATTR4_SIZE);
	}
	if (claim->named && (!done->file.created || named_attr))
		open_change_info(cmp, &done->file);
	ditto_node_hold(done->node);
	dnfs4_fh_set(cmp, done->node, cmp->current_fh.named || named_attr);
	if (claim->previous) {
		status = dnfs4_previous_claim(cmp, &res->delegated);
		if (status)
			goto undo;
	}

	res->flags = NFS4_OPEN_RESULT_LOCKTYPE_POSIX;
	if (cmp->minor) {
		res->flags |= NFS4_OPEN_RESULT_PRESERVE_UNLINKED;
		open->confirmed = true;
	} else {
		/* Opens by CLAIM_PREVIOUS or with a delegation need no OPEN_CONFIRM. */
		if (claim->reclaim || claim->delegated || claim->previous)
			open->owner->confirmed = true;
		open->confirmed = open->owner->confirmed;
		if (!open->confirmed)
			res->flags |= NFS4_OPEN_RESULT_CONFIRM;
	}
	if (!claim->previous && !open_has_no_use(a, res))
		dnfs4_delegate(cmp, open, a->access & ~DNFS4_ACCESS_BOTH, a->claim,
			       a->reclaim_type, &res->delegated);
	if (cmp->minor && dnfs4_callback_is_up(cmp->client))
		res->flags |= NFS4_OPEN_RESULT_MAY_NOTIFY_LOCK;
	if (open_is_replaced(a, res)) {
		/* The stateid stays all zeros. */
		res->flags |= NFS4_OPEN_RESULT_NO_OPEN_STATEID;
		dnfs4_open_undo(cmp, done);
		dnfs4_current_stateid_set(cmp, &res->delegated.stateid);
	} else {
		dnfs4_open_keep(cmp, done, &res->stateid);
		dnfs4_current_stateid_set(cmp, &res->stateid);
	}
	ditto_node_put(done->node);
	return NFS4_OK;

undo:
	dnfs4_open_undo(cmp, done);
	ditto_node_put(done->node);
	return status;
}

static u32 open_execute(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct dnfs4_open_ask ask = {};
	struct dnfs4_owner *owner;
	struct open_res *res = result;
	struct open_args *a = args;
	u32 status;

	if (!cmp->minor) {
		status = dnfs4_client_of_op(cmp, a->owner.clientid);
		if (status)
			return status;
	}
	owner = dnfs4_owner_get(cmp->client, DNFS4_OWNER_OPEN, &a->owner, true);
	if (IS_ERR(owner))
		return dnfs4_status(cmp, PTR_ERR(owner));
	status = dnfs4_seqid_begin(cmp, &a->seqid_op, owner, a->seqid);
	if (dnfs4_seqid_is_replay(cmp))
		goto out;
	/*
	 * An owner that is not confirmed may start again with any seqid, and the opens it had are
	 * void (RFC 7530 section 16.18.5).
	 */
	if (!cmp->minor && !owner->confirmed) {
		status = NFS4_OK;
		a->seqid_op.counts = true;
		dnfs4_opens_cancel(owner);
	}
	if (status)
		goto out;
	ask.owner = owner;
	status = open_check_args(cmp, a) ?: open_request(cmp, a, &ask);
	if (status)
		goto out;
	status = dnfs4_open(cmp, &ask, &res->done);
	if (status)
		goto out;
	status = open_grant(cmp, a, res);
out:
	dnfs4_owner_put(owner);
	return status;
}

static bool open_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct open_res *res = result;

	return dnfs4_encode_stateid(cmp->out, &res->stateid) &&
	       dnfs4_encode_change_info(cmp->out, &res->done.file.wcc) &&
	       dnfs_encode_u32(cmp->out, res->flags) &&
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

	if (a->create)
		dnfs4_sattr_free(&a->sattr);
	dnfs4_seqid_end(&a->seqid_op);
}

static u32 open_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return 16 + DNFS4_CHANGE_INFO_BYTES + 4 + DNFS4_BITMAP_BYTES + DNFS4_DELEGATED_BYTES;
}

const struct dnfs4_op dnfs4_op_open = {
	.name = "OPEN",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_SETS_FH | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.ressize = OPEN_RES_CLEAR,
	.decode = open_decode,
	.exec = open_execute,
	.encode = open_encode,
	.finish = open_finish,
	.release = open_end,
	.reply = open_reply,
};
