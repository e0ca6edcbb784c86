// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOCK, LOCKT and LOCKU (RFC 8881 sections 18.10 to 18.12, RFC 7530 sections 16.10 to
 * 16.12).
 *
 * The server does not block: in 4.1 a client that is ready to wait is notified by
 * lock_wait.c when it should retry.
 *
 * Locking: the state of an open is locked before the state of one of its locks.
 */
#include <linux/err.h>
#include <linux/nfs4.h>
#include <linux/unaligned.h>

#include "../../../../lockd/grace.h"
#include "../../../../lockd/range.h"
#include "../../../../net/server.h"
#include "../../../node/file.h"
#include "../../../node/node.h"
#include "../../../open/instance.h"
#include "../../../share/share.h"
#include "../../rpc/decode.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/lock_wait.h"
#include "../state/open.h"

/**
 * struct lock_args - arguments of LOCK, LOCKT and LOCKU
 * @type: enum lock_type4
 * @reclaim: LOCK: the lock was held before the restart
 * @offset: first byte
 * @length: number of bytes; all ones means to the end of the file
 * @fresh: LOCK: new_lock_owner, so that the following four members are used
 * @open_seqid: 4.0: seqid of the open-owner
 * @open_stateid: stateid of the open
 * @owner: the lock-owner; also used by LOCKT
 * @seqid: 4.0: seqid of the lock-owner; used by LOCK and LOCKU
 * @stateid: stateid of the lock, for LOCKU, and for LOCK without @fresh
 * @seqid_op: 4.0: seqid order of the open-owner if @fresh, else of the lock-owner
 * @lock_seqid_op: 4.0: seqid order of the lock-owner if @fresh
 */
struct lock_args {
	u32 type;
	u32 reclaim;
	u64 offset;
	u64 length;
	u32 fresh;
	u32 open_seqid;
	struct dnfs4_stateid open_stateid;
	struct dnfs4_name owner;
	u32 seqid;
	struct dnfs4_stateid stateid;
	struct dnfs4_seqid_op seqid_op;
	struct dnfs4_seqid_op lock_seqid_op;
};

/**
 * struct lock_res - results of LOCK, LOCKT and LOCKU
 * @stateid: new stateid of the lock, for LOCK and LOCKU
 * @conflict: with NFS4ERR_DENIED: what is in the way
 */
struct lock_res {
	struct dnfs4_stateid stateid;
	struct ditto_conflict conflict;
};

static_assert(sizeof(struct lock_args) <= DNFS4_ARGS_MAX);
static_assert(sizeof(struct lock_res) <= DNFS4_RES_MAX);

/*
 * The engine does not clear the results: most requests meet no conflict, and who describes one sets
 * all of it. Should nobody have described it, it is of nobody, and has the first byte.
 */
static void lock_res_begin(struct lock_res *res)
{
	res->conflict.protocol[0] = '\0';
	res->conflict.client[0] = '\0';
	res->conflict.key_len = 0;
	res->conflict.first = 0;
	res->conflict.last = 0;
	res->conflict.empty = false;
	res->conflict.exclusive = false;
}

/*
 * Arguments: the engine does not clear them, and each decoder sets what its operation uses. What
 * has a fixed length is checked in one step.
 */
#define STATEID_WORDS	(1 + DNFS4_OTHER_SIZE / XDR_UNIT)
/* LOCK: type, reclaim, offset, length, new_lock_owner; with it, seqids and stateid of the open. */
#define LOCK_WORDS	(2 + 4 + 1)
#define FRESH_WORDS	(1 + STATEID_WORDS + 1)
/* LOCKT: type, offset and length. LOCKU: seqid and stateid, too. */
#define LOCKT_WORDS	(1 + 4)
#define LOCKU_WORDS	(1 + 1 + STATEID_WORDS + 4)

static bool is_exclusive(u32 type)
{
	return type == NFS4_WRITE_LT || type == NFS4_WRITEW_LT;
}

static bool is_type(u32 type)
{
	return type >= NFS4_READ_LT && type <= NFS4_WRITEW_LT;
}

/* The offset and the length, which follow each other in all three. */
static const __be32 *take_bytes(const __be32 *p, struct lock_args *a)
{
	a->offset = get_unaligned_be64(p);
	a->length = get_unaligned_be64(p + 2);
	return p + 4;
}

/*
 * Set what lock_finish() and lock_end() look at, whatever becomes of the operation, and what only
 * LOCK has on the wire.
 */
static void lock_args_begin(struct lock_args *a)
{
	a->seqid_op = (struct dnfs4_seqid_op){};
	a->lock_seqid_op = (struct dnfs4_seqid_op){};
	a->reclaim = 0;
}

static u32 lock_decode(struct dnfs4_compound *cmp, void *args)
{
	const __be32 *p = dnfs_inline_decode(cmp->in, LOCK_WORDS * XDR_UNIT);
	struct lock_args *a = args;

	lock_args_begin(a);
	if (!p)
		return NFS4ERR_BADXDR;
	a->type = be32_to_cpup(p++);
	a->reclaim = be32_to_cpup(p++);
	p = take_bytes(p, a);
	a->fresh = be32_to_cpup(p);
	if (!is_type(a->type) || a->reclaim > 1 || a->fresh > 1)
		return NFS4ERR_BADXDR;
	if (!a->fresh) {
		if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
		    dnfs_decode_u32(cmp->in, &a->seqid))
			return NFS4ERR_BADXDR;
		return NFS4_OK;
	}
	p = dnfs_inline_decode(cmp->in, FRESH_WORDS * XDR_UNIT);
	if (!p)
		return NFS4ERR_BADXDR;
	a->open_seqid = be32_to_cpup(p++);
	p = dnfs4_take_stateid(p, &a->open_stateid);
	a->seqid = be32_to_cpup(p);
	return dnfs4_decode_name_of_owner(cmp, &a->owner);
}

static u32 lockt_decode(struct dnfs4_compound *cmp, void *args)
{
	const __be32 *p = dnfs_inline_decode(cmp->in, LOCKT_WORDS * XDR_UNIT);
	struct lock_args *a = args;

	lock_args_begin(a);
	if (!p)
		return NFS4ERR_BADXDR;
	a->type = be32_to_cpup(p++);
	take_bytes(p, a);
	return is_type(a->type) ? dnfs4_decode_name_of_owner(cmp, &a->owner) : NFS4ERR_BADXDR;
}

static u32 locku_decode(struct dnfs4_compound *cmp, void *args)
{
	const __be32 *p = dnfs_inline_decode(cmp->in, LOCKU_WORDS * XDR_UNIT);
	struct lock_args *a = args;

	lock_args_begin(a);
	if (!p)
		return NFS4ERR_BADXDR;
	a->type = be32_to_cpup(p++);
	a->seqid = be32_to_cpup(p++);
	p = dnfs4_take_stateid(p, &a->stateid);
	take_bytes(p, a);
	return is_type(a->type) ? NFS4_OK : NFS4ERR_BADXDR;
}

/* Fills the request to the lock table. end_request() must follow after NFS4_OK. */
static u32 make_request(struct dnfs4_compound *cmp, const struct lock_args *a,
			struct ditto_owner *owner, struct ditto_range_request *req,
			struct ditto_file **df)
{
	u32 status;

	*req = (struct ditto_range_request){
		.point = &dnfs4_node(cmp)->point,
		.owner = owner,
		.lease_owner = cmp->client->lease_owner,
		.share = cmp->current_fh.target.op.share->number,
		.exclusive = is_exclusive(a->type),
		.reclaim = a->reclaim,
	};
	status = dnfs4_lock_bytes(a->offset, a->length, req);
	if (status)
		return status;
	*df = dnfs4_lock_file(cmp, req->exclusive);
	if (IS_ERR(*df))
		return dnfs4_status(cmp, PTR_ERR(*df));
	req->filp = *df ? (*df)->file : NULL;
	return NFS4_OK;
}

static void end_request(struct ditto_file *df)
{
	if (df)
		ditto_file_put(df);
}

static u32 range_status(const struct dnfs4_compound *cmp, const struct lock_args *a, int err)
{
	switch (err) {
	case 0:
		return NFS4_OK;
	case -EAGAIN:
		return a->reclaim ? NFS4ERR_RECLAIM_CONFLICT : NFS4ERR_DENIED;
	case -EBUSY:
		return NFS4ERR_DELAY;
	case -EPERM:
		return NFS4ERR_GRACE;
	case -ESTALE:
		return NFS4ERR_NO_GRACE;
	case -ENOSPC:
	case -ENOLCK:
		return cmp->minor ? NFS4ERR_DELAY : NFS4ERR_RESOURCE;
	case -ESHUTDOWN:
		return cmp->minor ? NFS4ERR_DEADSESSION : NFS4ERR_EXPIRED;
	}
	return dnfs4_status(cmp, err);
}

/* Status of a request to the lock table. After -EBUSY the caller may wait for the break. */
static u32 lock_status(struct dnfs4_compound *cmp, const struct lock_args *a, int err)
{
	if (err == -EBUSY)
		dnfs_await(cmp->call, dnfs4_node(cmp));
	return range_status(cmp, a, err);
}

/* LOCK */

/* Locks the range. The lock's state is locked. */
static u32 take_range(struct dnfs4_compound *cmp, const struct lock_args *a,
		      struct lock_res *res, struct dnfs4_lock *lock)
{
	struct ditto_range_request req __uninitialized;
	struct ditto_file *df;
	u32 status;

	status = make_request(cmp, a, lock->claimant, &req, &df);
	if (status)
		return status;
	lock_res_begin(res);
	req.open = ditto_instance_claim(lock->open->inst);
	status = lock_status(cmp, a, ditto_range_lock(&req, NULL, &res->conflict));
	if (!status)
		dnfs4_lock_waits_done(lock->owner, &req);
	else if (status == NFS4ERR_DENIED && cmp->minor &&
		 (a->type == NFS4_READW_LT || a->type == NFS4_WRITEW_LT))
		dnfs4_lock_wait(cmp, lock, &req);
	end_request(df);
	return status;
}

static void tell_stateid(struct dnfs4_compound *cmp, struct lock_res *res,
			 struct dnfs4_lock *lock)
{
	dnfs4_state_stateid(&lock->state, &res->stateid);
	dnfs4_current_stateid_set(cmp, &res->stateid);
}

static u32 check_lock(struct dnfs4_compound *cmp, const struct lock_args *a,
		      struct dnfs4_open *open)
{
	/* A shared lock needs an open for reading, an exclusive lock an open for writing. */
	u32 need = is_exclusive(a->type) ? NFS4_SHARE_ACCESS_WRITE : NFS4_SHARE_ACCESS_READ;

	/* The locks of another file do not belong to this open. */
	if (dnfs4_node(cmp) != open->node)
		return NFS4ERR_BAD_STATEID;
	if (!(READ_ONCE(open->access) & need))
		return NFS4ERR_OPENMODE;
	/* Whether it is a time for new locks, the lock table says. */
	return a->reclaim ? dnfs4_reclaim_check(cmp->client, true) :
			    dnfs4_complete_check(cmp->client);
}

/*
 * Finds the lock that @a->stateid names and locks its state, for lock_state_end(). *@out is NULL
 * after an error, and for a retransmission, which dnfs4_seqid_begin() has answered.
 */
static u32 lock_state_begin(struct dnfs4_compound *cmp, struct lock_args *a,
			    struct dnfs4_lock **out)
{
	struct dnfs4_state *state;
	struct dnfs4_lock *lock;
	u32 status;

	*out = NULL;
	status = dnfs4_state_find_any(cmp, &a->stateid, DNFS4_STATE_LOCK, &state);
	if (status)
		return status;
	lock = dnfs4_lock_of(state);
	status = dnfs4_seqid_begin(cmp, &a->seqid_op, lock->owner, a->seqid);
	if (status || dnfs4_seqid_is_replay(cmp))
		goto put;
	status = dnfs4_open_check_claim(cmp, lock->open);
	if (status)
		goto put;
	dnfs4_state_lock(state);
	status = dnfs4_state_check_seqid(cmp, state, &a->stateid);
	if (status)
		goto unlock;
	*out = lock;
	return NFS4_OK;

unlock:
	dnfs4_state_unlock(state);
put:
	dnfs4_state_put(state);
	return status;
}

/* Unlocks the state. After a change of the lock its stateid is a new one. */
static u32 lock_state_end(struct dnfs4_compound *cmp, struct dnfs4_lock *lock, u32 status,
			  struct lock_res *res)
{
	if (!status) {
		dnfs4_state_bump(&lock->state);
		tell_stateid(cmp, res, lock);
	}
	dnfs4_state_unlock(&lock->state);
	dnfs4_state_put(&lock->state);
	return status;
}

/* LOCK of a lock-owner that has locks with this open already. */
static u32 lock_by_stateid(struct dnfs4_compound *cmp, struct lock_args *a, struct lock_res *res)
{
	struct dnfs4_lock *lock;
	u32 status;

	status = lock_state_begin(cmp, a, &lock);
	if (!lock)
		return status;
	status = check_lock(cmp, a, lock->open) ?: take_range(cmp, a, res, lock);
	return lock_state_end(cmp, lock, status, res);
}

/*
 * Finds or creates the lock state of an owner and an open, and locks it. The open's state is
 * locked. @made: it was created.
 */
static struct dnfs4_lock *get_lock(struct dnfs4_owner *owner, struct dnfs4_open *open, bool *made)
{
	struct dnfs4_lock *lock;

	for (;;) {
		lock = dnfs4_lock_find(owner, open);
		*made = !lock;
		if (!lock)
			return dnfs4_lock_make(owner, open);
		dnfs4_state_lock(&lock->state);
		if (lock->state.void_why != DNFS4_CLOSED)
			return lock;
		dnfs4_state_unlock(&lock->state);
		dnfs4_state_put(&lock->state);
	}
}

/* LOCK of a lock-owner that is new to the open. The open-owner's seqid order is held. */
static u32 lock_fresh(struct dnfs4_compound *cmp, struct lock_args *a, struct lock_res *res,
		      struct dnfs4_open *open)
{
	struct dnfs4_owner *owner;
	struct dnfs4_lock *lock;
	bool made;
	u32 status;

	if (!open->confirmed)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_open_check_claim(cmp, open);
	if (status)
		return status;
	owner = dnfs4_locker_get(open, &a->owner);
	if (IS_ERR(owner))
		return range_status(cmp, a, PTR_ERR(owner));
	status = dnfs4_seqid_begin(cmp, &a->lock_seqid_op, owner, a->seqid);
	/* It is no retransmission: the open-owner's seqid would have shown that. */
	if (dnfs4_seqid_is_replay(cmp)) {
		cmp->op_replay.data = NULL;
		status = NFS4ERR_BAD_SEQID;
	}
	if (status)
		goto put_owner;
	dnfs4_state_lock(&open->state);
	status = dnfs4_state_check_seqid(cmp, &open->state, &a->open_stateid);
	if (status)
		goto unlock;
	status = check_lock(cmp, a, open);
	if (status)
		goto unlock;
	lock = get_lock(owner, open, &made);
	if (IS_ERR(lock)) {
		status = range_status(cmp, a, PTR_ERR(lock));
		goto unlock;
	}
	status = take_range(cmp, a, res, lock);
	if (status) {
		if (made)
			dnfs4_lock_abandon(lock);
	} else {
		if (!made)
			dnfs4_state_bump(&lock->state);
		tell_stateid(cmp, res, lock);
	}
	dnfs4_state_unlock(&lock->state);
	dnfs4_state_put(&lock->state);
unlock:
	dnfs4_state_unlock(&open->state);
put_owner:
	dnfs4_owner_put(owner);
	return status;
}

static u32 lock_by_open(struct dnfs4_compound *cmp, struct lock_args *a, struct lock_res *res)
{
	struct dnfs4_state *state;
	struct dnfs4_open *open;
	u32 status;

	if (!cmp->minor) {
		status = dnfs4_client_of_op(cmp, a->owner.clientid);
		if (status)
			return status;
	}
	status = dnfs4_state_find_any(cmp, &a->open_stateid, DNFS4_STATE_OPEN, &state);
	if (status)
		return status;
	open = dnfs4_open_of(state);
	/* A lock must belong to an open of the same client. */
	status = NFS4ERR_BAD_STATEID;
	if (!open || (!cmp->minor && cmp->client->id != a->owner.clientid))
		goto put;
	status = dnfs4_seqid_begin(cmp, &a->seqid_op, open->owner, a->open_seqid);
	if (status || dnfs4_seqid_is_replay(cmp))
		goto put;
	status = lock_fresh(cmp, a, res, open);
put:
	dnfs4_state_put(state);
	return status;
}

static u32 lock_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct lock_args *a = args;
	u32 status = dnfs4_check_data(cmp);

	if (status)
		return status;
	return a->fresh ? lock_by_open(cmp, a, result) : lock_by_stateid(cmp, a, result);
}

static bool lock_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct lock_res *res = result;

	if (!status)
		return dnfs4_encode_stateid(cmp->out, &res->stateid);
	return status != NFS4ERR_DENIED || dnfs4_encode_denied(cmp, &res->conflict);
}

static void lock_finish(struct dnfs4_compound *cmp, u32 status, unsigned int pos)
{
	struct lock_args *a = cmp->args;

	dnfs4_seqid_finish(cmp, &a->seqid_op, status, pos);
	if (a->lock_seqid_op.owner) {
		dnfs4_seqid_finish(cmp, &a->lock_seqid_op, status, pos);
		/* A retransmission is detected by the open-owner's seqid, not by this one. */
		if (a->lock_seqid_op.counts)
			a->lock_seqid_op.owner->reply_op = NULL;
	}
}

static void lock_end(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct lock_args *a = args;

	dnfs4_seqid_end(&a->lock_seqid_op);
	dnfs4_seqid_end(&a->seqid_op);
}

const struct dnfs4_op dnfs4_op_lock = {
	.name = "LOCK",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_ALWAYS | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.decode = lock_decode,
	.exec = lock_exec,
	.encode = lock_encode,
	.finish = lock_finish,
	.release = lock_end,
};

/* LOCKT */

static u32 lockt_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct lock_args *a = args;
	struct ditto_range_request req;
	struct lock_res *res = result;
	struct ditto_owner *claimant;
	struct dnfs4_owner *owner;
	struct ditto_file *df;
	u32 status;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	if (!cmp->minor) {
		status = dnfs4_client_of_op(cmp, a->owner.clientid);
		if (status)
			return status;
	}
	if (ditto_grace_holds(cmp->call->srv->locks, DITTO_CLAIM_RANGE))
		return NFS4ERR_GRACE;
	owner = dnfs4_owner_get(cmp->client, DNFS4_OWNER_LOCK, &a->owner, true);
	if (IS_ERR(owner))
		return range_status(cmp, a, PTR_ERR(owner));
	claimant = dnfs4_owner_claimant(owner);
	dnfs4_owner_put(owner);
	if (IS_ERR(claimant))
		return range_status(cmp, a, PTR_ERR(claimant));
	status = make_request(cmp, a, claimant, &req, &df);
	if (status)
		goto put;
	lock_res_begin(res);
	status = lock_status(cmp, a, ditto_range_test(&req, &res->conflict));
	end_request(df);
put:
	ditto_owner_put(claimant);
	return status;
}

static bool lockt_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct lock_res *res = result;

	return status != NFS4ERR_DENIED || dnfs4_encode_denied(cmp, &res->conflict);
}

const struct dnfs4_op dnfs4_op_lockt = {
	.name = "LOCKT",
	.flags = DNFS4_OP_FH | DNFS4_OP_ALWAYS | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.decode = lockt_decode,
	.exec = lockt_exec,
	.encode = lockt_encode,
};

/* LOCKU */

/* Unlocks the range. The lock's state is locked. */
static u32 locku_range(struct dnfs4_compound *cmp, const struct lock_args *a,
		       const struct dnfs4_lock *lock)
{
	struct ditto_range_request req = {
		.point = &dnfs4_node(cmp)->point,
		.owner = lock->claimant,
	};
	u32 status;

	if (dnfs4_node(cmp) != lock->open->node)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_lock_bytes(a->offset, a->length, &req);
	return status ?: range_status(cmp, a, ditto_range_unlock(&req));
}

static u32 locku_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct lock_args *a = args;
	struct dnfs4_lock *lock;
	u32 status;

	status = dnfs4_check_data(cmp) ?: lock_state_begin(cmp, a, &lock);
	if (status || !lock)
		return status;
	return lock_state_end(cmp, lock, locku_range(cmp, a, lock), result);
}

static bool locku_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct lock_res *res = result;

	return dnfs4_encode_stateid(cmp->out, &res->stateid);
}

const struct dnfs4_op dnfs4_op_locku = {
	.name = "LOCKU",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.decode = locku_decode,
	.exec = locku_exec,
	.encode = locku_encode,
	.finish = lock_finish,
	.release = lock_end,
};
