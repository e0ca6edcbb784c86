// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLOSE, OPEN_CONFIRM and OPEN_DOWNGRADE (RFC 8881 sections 18.2 and 18.18, RFC 7530
 * sections 16.2, 16.18 and 16.19).
 *
 * In 4.0 a client that did not get the reply to its CLOSE repeats the request. Until the owner's
 * next request a tomb keeps the stateid that was closed.
 */
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../../lockd/open.h"
#include "../../../node/node.h"
#include "../../rpc/decode.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"

struct close_args {
	u32 seqid;
	struct dnfs4_stateid stateid;
	u32 access;
	u32 deny;
	struct dnfs4_seqid_op seqid_op;
};

struct close_res {
	struct dnfs4_stateid stateid;
};

/* Takes the place of an open that was closed. */
struct tomb {
	struct dnfs4_state state;
	struct dnfs4_owner *owner;
	struct rcu_head rcu;
};

static void tomb_release(struct dnfs4_state *state)
{
}

static u32 tomb_free_stateid(struct dnfs4_state *state)
{
	return NFS4ERR_BAD_STATEID;
}

static void tomb_free(struct dnfs4_state *state)
{
	struct tomb *tomb = container_of(state, struct tomb, state);

	dnfs4_owner_put(tomb->owner);
	kfree_rcu(tomb, rcu);
}

static const struct dnfs4_state_ops tomb_ops = {
	.kind = DNFS4_STATE_OPEN,
	.release = tomb_release,
	.free_stateid = tomb_free_stateid,
	.free = tomb_free,
};

/* Without memory there is no tomb: then only a repeated CLOSE fails. */
static struct dnfs4_state *tomb_make(struct dnfs4_owner *owner)
{
	struct tomb *tomb = kzalloc(sizeof(*tomb), GFP_KERNEL_ACCOUNT);

	if (!tomb)
		return NULL;
	dnfs4_state_init(&tomb->state, &tomb_ops, owner->client);
	tomb->state.void_why = DNFS4_CLOSED;
	refcount_inc(&owner->ref);
	tomb->owner = owner;
	return &tomb->state;
}

/*
 * Decoding: all three have seqid and stateid, in either order. The engine does not clear the
 * arguments. Each decoder sets what its operation uses, and @seqid_op, which close_finish() and
 * close_end() look at whatever becomes of the operation.
 */

static u32 close_decode(struct dnfs4_compound *cmp, void *args)
{
	struct close_args *a = args;

	a->seqid_op = (struct dnfs4_seqid_op){};
	if (dnfs_decode_u32(cmp->in, &a->seqid))
		return NFS4ERR_BADXDR;
	return dnfs4_decode_stateid(cmp->in, &a->stateid);
}

static u32 confirm_decode(struct dnfs4_compound *cmp, void *args)
{
	struct close_args *a = args;

	a->seqid_op = (struct dnfs4_seqid_op){};
	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    dnfs_decode_u32(cmp->in, &a->seqid))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 downgrade_decode(struct dnfs4_compound *cmp, void *args)
{
	struct close_args *a = args;

	if (confirm_decode(cmp, args) || dnfs_decode_u32(cmp->in, &a->access) ||
	    dnfs_decode_u32(cmp->in, &a->deny))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/* Executing */

static void close_open(const struct dnfs4_compound *cmp, struct dnfs4_open *open)
{
	struct dnfs4_state *tomb = cmp->minor ? NULL : tomb_make(open->owner);

	dnfs4_open_close(open, tomb);
	/* The owner's seqid is held, and its previous tomb was removed when that began. */
	open->owner->tomb = tomb;
}

static u32 do_close(struct dnfs4_compound *cmp, struct close_args *a, struct close_res *res,
		    struct dnfs4_open *open)
{
	if (!open->confirmed)
		return NFS4ERR_BAD_STATEID;
	dnfs4_state_bump(&open->state);
	dnfs4_state_stateid(&open->state, &res->stateid);
	close_open(cmp, open);
	return NFS4_OK;
}

typedef u32 (*dnfs4_with_open)(struct dnfs4_compound *cmp, struct close_args *a,
			       struct close_res *res, struct dnfs4_open *open);

static u32 with_open(struct dnfs4_compound *cmp, struct close_args *a, struct close_res *res,
		     dnfs4_with_open fn)
{
	struct dnfs4_owner *owner;
	struct dnfs4_state *state;
	struct dnfs4_open *open;
	u32 status;

	status = dnfs4_state_find_any(cmp, &a->stateid, DNFS4_STATE_OPEN, &state);
	if (status)
		return status;
	open = dnfs4_open_of(state);
	owner = open ? open->owner : container_of(state, struct tomb, state)->owner;
	status = dnfs4_seqid_begin(cmp, &a->seqid_op, owner, a->seqid);
	if (status || dnfs4_seqid_is_replay(cmp))
		goto put;
	status = NFS4ERR_BAD_STATEID;
	if (!open)
		goto put;
	status = dnfs4_open_check_claim(cmp, open);
	dnfs4_state_lock(state);
	if (status)
		goto unlock;
	status = dnfs4_state_check_seqid(cmp, state, &a->stateid);
	if (status)
		goto unlock;
	status = NFS4ERR_BAD_STATEID;
	if (open->node == dnfs4_node(cmp))
		status = fn(cmp, a, res, open);
unlock:
	/* 4.0 has no FREE_STATEID: an open that lost its claim ends with its CLOSE. */
	if (status == NFS4ERR_ADMIN_REVOKED && !cmp->minor && fn == do_close)
		close_open(cmp, open);
	dnfs4_state_unlock(state);
put:
	dnfs4_state_put(state);
	return status;
}

static u32 close_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	static const struct dnfs4_stateid invalid = { .seqid = U32_MAX };
	struct close_res *res = result;
	u32 status;

	status = with_open(cmp, args, res, do_close);
	if (status || !cmp->minor)
		return status;
	/* RFC 8881 sections 18.2.4 and 16.2.3.1.2: the stateid must not be used any more. */
	res->stateid = invalid;
	dnfs4_current_stateid_set(cmp, &invalid);
	return NFS4_OK;
}

static u32 do_confirm(struct dnfs4_compound *cmp, struct close_args *a, struct close_res *res,
		      struct dnfs4_open *open)
{
	if (open->confirmed)
		return NFS4ERR_BAD_STATEID;
	open->owner->confirmed = true;
	open->confirmed = true;
	dnfs4_state_bump(&open->state);
	dnfs4_state_stateid(&open->state, &res->stateid);
	return NFS4_OK;
}

static u32 confirm_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	u32 status = dnfs4_check_data(cmp);

	return status ?: with_open(cmp, args, result, do_confirm);
}

static u32 do_downgrade(struct dnfs4_compound *cmp, struct close_args *a, struct close_res *res,
			struct dnfs4_open *open)
{
	u32 access = a->access, status;

	/* In 4.1 the bits above access are wants, which have no meaning here. */
	if (cmp->minor)
		access &= ~(u32)NFS4_SHARE_WANT_MASK;
	if (!open->confirmed)
		return NFS4ERR_BAD_STATEID;
	if (!access || (access & ~DNFS4_ACCESS_BOTH) || (a->deny & ~DNFS4_DENY_BOTH) ||
	    !dnfs4_history_allows(open->history, access, a->deny))
		return NFS4ERR_INVAL;
	if ((open->access & ~access & NFS4_SHARE_ACCESS_WRITE) &&
	    ditto_open_has_exclusive(ditto_instance_claim(open->inst)))
		return NFS4ERR_LOCKS_HELD;
	status = dnfs4_open_narrow(cmp, open, access, a->deny);
	if (status)
		return status;
	dnfs4_state_bump(&open->state);
	dnfs4_state_stateid(&open->state, &res->stateid);
	dnfs4_current_stateid_set(cmp, &res->stateid);
	return NFS4_OK;
}

static u32 downgrade_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	return with_open(cmp, args, result, do_downgrade);
}

/* Results */

static bool close_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct close_res *res = result;

	return dnfs4_encode_stateid(cmp->out, &res->stateid);
}

static void close_finish(struct dnfs4_compound *cmp, u32 status, unsigned int pos)
{
	struct close_args *a = cmp->args;

	dnfs4_seqid_finish(cmp, &a->seqid_op, status, pos);
}

static void close_end(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct close_args *a = args;

	dnfs4_seqid_end(&a->seqid_op);
}

const struct dnfs4_op dnfs4_op_close = {
	.name = "CLOSE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.decode = close_decode,
	.exec = close_exec,
	.encode = close_encode,
	.finish = close_finish,
	.release = close_end,
};

const struct dnfs4_op dnfs4_op_open_confirm = {
	.name = "OPEN_CONFIRM",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_last = 0,
	.pseudo_status = NFS4ERR_ISDIR,
	.decode = confirm_decode,
	.exec = confirm_exec,
	.encode = close_encode,
	.finish = close_finish,
	.release = close_end,
};

const struct dnfs4_op dnfs4_op_open_downgrade = {
	.name = "OPEN_DOWNGRADE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.decode = downgrade_decode,
	.exec = downgrade_exec,
	.encode = close_encode,
	.finish = close_finish,
	.release = close_end,
};
