// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOCK: MS-SMB2 sections 2.2.26, 2.2.27, 3.3.5.14; MS-FSA sections 2.1.5.8, 2.1.5.9.
 *
 * A lock that waits parks its call. The call and the lock table share the waiter, which is freed
 * with the last of the two references. The table completes the call when the range is granted or
 * refused. A cancel takes the request back first; if it is too late for that, the result of the
 * table stands.
 *
 * A LOCK with a LockSequenceNumber that was processed already is not executed again. The locks of a
 * persistent open are recorded before the response is sent.
 */
#include <linux/err.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "../../fs/node/file.h"
#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../../lockd/range.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../open/durable.h"
#include "../open/open.h"
#include "../open/persist.h"
#include "../server.h"
#include "../transport/command.h"
#include "../transport/conn.h"

#define DSMB_LOCK_REPLY		4

/* The request between StructureSize and the elements: MS-SMB2 section 2.2.26 */
struct dsmb_lock_wire {
	__le16 count;
	__le32 sequence;
	u8 file_id[DSMB_FILE_ID_SIZE];
} __packed;

/* SMB2_LOCK_ELEMENT: MS-SMB2 section 2.2.26.1 */
struct dsmb_lock_element_wire {
	__le64 offset;
	__le64 length;
	__le32 flags;
	__le32 reserved;
} __packed;

/* MS-SMB2 section 2.2.26.1 */
#define DSMB_LOCK_SHARED	BIT(0)
#define DSMB_LOCK_EXCLUSIVE	BIT(1)
#define DSMB_LOCK_UNLOCK	BIT(2)
#define DSMB_LOCK_FAIL_NOW	BIT(4)

#define DSMB_SEQUENCE_VALID	BIT(7)	/* of dsmb_open.lock_sequence */

struct dsmb_lock_args {
	u16 count;
	u8 sequence;		/* LockSequenceNumber */
	bool unlocks;		/* the first element decides between locking and unlocking */
	u32 bucket;		/* LockSequenceIndex; 0 and values above the limit mean none */
	struct dsmb_cursor elements;
};

struct dsmb_lock_element {
	u64 offset;
	u64 length;
	u32 flags;
};

/**
 * struct dsmb_lock_wait - a lock that waits
 * @wait: waiter in the lock table
 * @call: the call, which lives while it is parked; the table does not call back after a cancel
 * @ref: one reference of the call, one of the table
 * @sequence: as in struct dsmb_lock_args
 * @bucket: as in struct dsmb_lock_args
 * @work: completes the call if a record must be written first
 */
struct dsmb_lock_wait {
	struct ditto_wait wait;
	struct dsmb_call *call;
	refcount_t ref;
	u8 sequence;
	u32 bucket;
	struct work_struct work;
};

/* Parameters of all locks of a request, while it is executed. */
struct dsmb_locker {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_node *node;
	struct ditto_file *file;	/* shows the lock to the VFS, or NULL */
};

static void dsmb_lock_next(struct dsmb_cursor *c, struct dsmb_lock_element *el)
{
	const struct dsmb_lock_element_wire *wire = dsmb_get(c, sizeof(*wire));

	if (!wire) {
		*el = (struct dsmb_lock_element) {};
		return;
	}
	el->offset = le64_to_cpu(wire->offset);
	el->length = le64_to_cpu(wire->length);
	el->flags = le32_to_cpu(wire->flags);
}

static u32 dsmb_lock_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in, elements;
	const struct dsmb_lock_wire *wire = dsmb_get(in, sizeof(*wire));
	const struct dsmb_lock_element_wire *first;
	struct dsmb_lock_args *a = args;

	if (!wire || !wire->count)
		return STATUS_INVALID_PARAMETER;
	a->count = le16_to_cpu(wire->count);
	a->sequence = le32_to_cpu(wire->sequence) & 0xf;
	a->bucket = le32_to_cpu(wire->sequence) >> 4;
	a->elements = dsmb_window(in, in->pos,
				  a->count * sizeof(struct dsmb_lock_element_wire));
	elements = a->elements;
	first = dsmb_get(&elements, sizeof(*first));
	if (in->bad || !first)
		return STATUS_INVALID_PARAMETER;
	a->unlocks = le32_to_cpu(first->flags) & DSMB_LOCK_UNLOCK;
	return STATUS_SUCCESS;
}

static bool dsmb_lock_has_sequence(const struct dsmb_call *call, u32 bucket)
{
	return call->conn->dialect != DSMB_DIALECT_202 && bucket >= 1 &&
	       bucket <= DSMB_LOCK_SEQUENCES;
}

/*
 * A request that is sent again, on another channel or after a reconnect, is executed once. An open
 * may become durable while a request waits.
 */
static bool dsmb_lock_is_once(const struct dsmb_call *call, const struct dsmb_open *open)
{
	return READ_ONCE(open->durable) || call->conn->server_caps & DSMB_CAP_MULTI_CHANNEL;
}

/*
 * Check whether the request was executed already. If not, its entry is invalid until it is. Return:
 * 1 if it was, 0, or -ENOMEM.
 */
static int dsmb_lock_was_done(struct dsmb_call *call, struct dsmb_open *open,
			      const struct dsmb_lock_args *args)
{
	struct dsmb_open_rare *rare;
	int done = 0;
	u8 *place;

	if (!dsmb_lock_has_sequence(call, args->bucket))
		return 0;
	rare = dsmb_open_rare(open);
	if (!rare)
		return -ENOMEM;
	mutex_lock(&rare->lock);
	if (!rare->lock_sequence)
		rare->lock_sequence = kzalloc(DSMB_LOCK_SEQUENCES, GFP_KERNEL);
	if (!rare->lock_sequence) {
		done = -ENOMEM;
	} else if (dsmb_lock_is_once(call, open)) {
		place = &rare->lock_sequence[args->bucket - 1];
		done = *place == (args->sequence | DSMB_SEQUENCE_VALID);
		if (!done)
			*place = 0;
	}
	mutex_unlock(&rare->lock);
	return done;
}

static void dsmb_lock_mark(struct dsmb_call *call, struct dsmb_open *open, u32 bucket, u8 mark)
{
	struct dsmb_open_rare *rare = dsmb_open_has_rare(open);

	if (!dsmb_lock_has_sequence(call, bucket) || !dsmb_lock_is_once(call, open))
		return;
	mutex_lock(&rare->lock);
	rare->lock_sequence[bucket - 1] = mark;
	mutex_unlock(&rare->lock);
}

/* The locks of a persistent open are recorded before the response is sent. */
static u32 dsmb_lock_record(struct dsmb_open *open)
{
	return dsmb_persist_save(open) ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

/* Finish a LOCK. If it fails, the caller releases the locks. */
static u32 dsmb_lock_done(struct dsmb_call *call, struct dsmb_open *open, u32 bucket, u8 sequence)
{
	u32 status;

	dsmb_lock_mark(call, open, bucket, sequence | DSMB_SEQUENCE_VALID);
	status = dsmb_lock_record(open);
	if (status)
		dsmb_lock_mark(call, open, bucket, 0);
	return status;
}

static u32 dsmb_lock_status(int err)
{
	switch (err) {
	case -EAGAIN:
	case -EBUSY:
		return STATUS_LOCK_NOT_GRANTED;
	case -EDEADLK:
		return STATUS_POSSIBLE_DEADLOCK;
	case -ENOENT:
		return STATUS_RANGE_NOT_LOCKED;
	case -EPERM:
		/*
		 * Grace period: clients may still reclaim their locks. Clients retry after this
		 * status.
		 */
		return STATUS_FILE_NOT_AVAILABLE;
	case -ESHUTDOWN:
		/* The open, its session or its share has ended. */
		return STATUS_RANGE_NOT_LOCKED;
	case -ENOLCK:
		return STATUS_INSUFFICIENT_RESOURCES;
	default:
		return dsmb_status(err);
	}
}

/* Build the lock table's request for an element. */
static int dsmb_lock_request(const struct dsmb_locker *locker, const struct dsmb_lock_element *el,
			     struct ditto_range_request *req)
{
	*req = (struct ditto_range_request) {
		.point = &locker->node->point,
		.owner = locker->open->owner,
		.lease_owner = locker->call->actor.lease_owner,
		.open = ditto_instance_claim(locker->open->inst),
		.share = locker->call->op.share->number,
		.exclusive = el->flags & DSMB_LOCK_EXCLUSIVE,
		.filp = locker->file ? locker->file->file : NULL,
	};
	return ditto_range_set_exact(req, el->offset, el->length);
}

/* MS-SMB2 section 3.3.5.14.1: elements before the one that fails stay unlocked. */
static u32 dsmb_lock_unlock(const struct dsmb_locker *locker, struct dsmb_cursor elements)
{
	struct ditto_range_request req;
	struct dsmb_lock_element el;
	int err;

	while (dsmb_left(&elements)) {
		dsmb_lock_next(&elements, &el);
		if (el.flags & (DSMB_LOCK_SHARED | DSMB_LOCK_EXCLUSIVE | DSMB_LOCK_FAIL_NOW))
			return STATUS_INVALID_PARAMETER;
		if (dsmb_lock_request(locker, &el, &req))
			return STATUS_INVALID_LOCK_RANGE;
		err = ditto_range_unlock(&req);
		if (err)
			return dsmb_lock_status(err);
	}
	return STATUS_SUCCESS;
}

/* The ranges of an UNLOCK; of more than an open can have, the last ones are not looked at. */
static struct dsmb_giving *dsmb_lock_giving(const struct dsmb_lock_args *args)
{
	struct dsmb_cursor elements = args->elements;
	unsigned int count = min(args->count, DSMB_GIVING_MAX);
	struct dsmb_lock_element el;
	struct dsmb_giving *giving;

	giving = kzalloc(struct_size(giving, ranges, count), GFP_KERNEL);
	if (!giving)
		return NULL;
	giving->count = count;
	for (unsigned int i = 0; i < count; i++) {
		dsmb_lock_next(&elements, &el);
		giving->ranges[i].first = el.offset;
		giving->ranges[i].length = el.length;
	}
	return giving;
}

static u32 dsmb_lock_unlock_open(struct dsmb_call *call, const struct dsmb_lock_args *args)
{
	struct dsmb_locker locker = { .call = call, .open = call->open };
	u32 status = dsmb_open_begin(call, call->open, &locker.node);

	if (status)
		return status;
	status = dsmb_lock_unlock(&locker, args->elements);
	dsmb_open_end(call, call->open);
	return status;
}

/*
 * What a persistent open gives up is recorded before others can have it. If that is not possible it
 * keeps its locks.
 */
static u32 dsmb_lock_unlock_recorded(struct dsmb_call *call, const struct dsmb_lock_args *args)
{
	struct dsmb_giving *giving = dsmb_lock_giving(args);
	struct dsmb_open *open = call->open;
	u32 status = STATUS_INSUFFICIENT_RESOURCES;

	if (!giving)
		return status;
	dsmb_lock_mark(call, open, args->bucket, args->sequence | DSMB_SEQUENCE_VALID);
	if (!dsmb_persist_give(open, giving))
		status = dsmb_lock_unlock_open(call, args);
	if (status)
		dsmb_lock_mark(call, open, args->bucket, 0);
	dsmb_persist_given(open, giving);
	kfree(giving);
	return status;
}

static void dsmb_lock_put(struct dsmb_lock_wait *lw)
{
	if (refcount_dec_and_test(&lw->ref))
		kfree(lw);
}

/* Release a lock that this request got, and not another one of the open for the same bytes. */
static void dsmb_lock_give(const struct ditto_range_request *granted)
{
	struct ditto_range_request req = *granted;

	req.same_mode = true;
	ditto_range_unlock(&req);
}

/* Release a lock that was granted but could not be recorded. */
static void dsmb_lock_take_back(struct dsmb_open *open, const struct ditto_range_request *req)
{
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_actor actor;
	struct ditto_node *node;
	struct ditto_op op;

	dsmb_open_op(open, tree, &op, &actor);
	if (!ditto_instance_begin(open->inst, &op, &node)) {
		dsmb_lock_give(req);
		ditto_instance_end(open->inst, &op);
	}
	dsmb_tree_put(tree);
}

static void dsmb_lock_answer(struct work_struct *work)
{
	struct dsmb_lock_wait *lw = container_of(work, struct dsmb_lock_wait, work);
	struct dsmb_call *call = lw->call;
	u32 status = dsmb_lock_done(call, call->open, lw->bucket, lw->sequence);

	if (status)
		dsmb_lock_take_back(call->open, &lw->wait.request);
	dsmb_call_complete(call, status);
	dsmb_lock_put(lw);
}

static void dsmb_lock_granted(struct ditto_wait *wait, int error)
{
	struct dsmb_lock_wait *lw = container_of(wait, struct dsmb_lock_wait, wait);
	struct dsmb_call *call = lw->call;

	if (error) {
		dsmb_call_complete(call, dsmb_lock_status(error));
	} else if (dsmb_durable_is_persistent(call->open)) {
		/* Workers of the lock table must not wait for the helper. */
		refcount_inc(&lw->ref);
		queue_work(call->conn->server->records, &lw->work);
	} else {
		dsmb_call_complete(call, dsmb_lock_done(call, call->open, lw->bucket,
							lw->sequence));
	}
}

static void dsmb_lock_released(struct ditto_wait *wait)
{
	dsmb_lock_put(container_of(wait, struct dsmb_lock_wait, wait));
}

static void dsmb_lock_cancel(struct dsmb_call *call)
{
	struct dsmb_lock_wait *lw = call->private;

	if (!ditto_range_cancel_wait(&lw->wait))
		dsmb_call_complete(call, STATUS_CANCELLED);
}

static void dsmb_lock_release(struct dsmb_call *call, void *args)
{
	if (call->private)
		dsmb_lock_put(call->private);
	call->private = NULL;
}

/* Execute a lock that may wait; it is alone in its request. */
static u32 dsmb_lock_wait(const struct dsmb_locker *locker, const struct dsmb_lock_args *args,
			  const struct ditto_range_request *req)
{
	struct dsmb_call *call = locker->call;
	struct dsmb_lock_wait *lw;
	int err;

	err = ditto_range_lock(req, NULL, NULL);
	if (err != -EAGAIN && err != -EBUSY)
		return dsmb_lock_status(err);
	if (unlikely(call->slow))
		dsmb_call_slow_range(call, req);

	lw = kzalloc(sizeof(*lw), GFP_KERNEL);
	if (!lw)
		return STATUS_INSUFFICIENT_RESOURCES;
	lw->wait.granted = dsmb_lock_granted;
	lw->wait.release = dsmb_lock_released;
	lw->call = call;
	INIT_WORK(&lw->work, dsmb_lock_answer);
	lw->bucket = args->bucket;
	lw->sequence = args->sequence;
	refcount_set(&lw->ref, 2);
	/* The lock may be granted before this returns. */
	call->private = lw;
	call->cancel = dsmb_lock_cancel;
	err = ditto_range_lock(req, &lw->wait, NULL);
	if (err == -EINPROGRESS)
		return DSMB_PARKED;
	call->cancel = NULL;
	dsmb_lock_put(lw);
	return dsmb_lock_status(err);
}

/* Release the first @count locks of the request. */
static void dsmb_lock_undo(const struct dsmb_locker *locker, struct dsmb_cursor elements,
			   unsigned int count)
{
	struct ditto_range_request req;
	struct dsmb_lock_element el;

	while (count--) {
		dsmb_lock_next(&elements, &el);
		if (!dsmb_lock_request(locker, &el, &req))
			dsmb_lock_give(&req);
	}
}

/*
 * The range is free, but a break of caching was begun, or a silent client is being withdrawn. That
 * comes before the question whether the range is locked (MS-FSA section 2.1.5.8), so the request
 * runs again. A client that could not be withdrawn has its locks as any other client.
 */
static u32 dsmb_lock_retry(const struct dsmb_locker *locker, const struct ditto_range_request *req)
{
	struct dsmb_call *call = locker->call;

	if (!call->op.park)
		return STATUS_LOCK_NOT_GRANTED;
	call->op.park->brief = true;
	if (!ditto_park_on(req->point, call->op.park))
		return STATUS_LOCK_NOT_GRANTED;
	/* What has ended before that woke nobody. */
	if (ditto_range_test(req, NULL) != -EBUSY)
		ditto_park_wake_point(req->point);
	return dsmb_call_parked(call);
}

/* SHARED or EXCLUSIVE; a lock that may wait must be alone. */
static bool dsmb_lock_flags_ok(u32 flags, unsigned int count)
{
	u32 mode = flags & ~DSMB_LOCK_FAIL_NOW;

	if (mode != DSMB_LOCK_SHARED && mode != DSMB_LOCK_EXCLUSIVE)
		return false;
	return count == 1 || flags & DSMB_LOCK_FAIL_NOW;
}

/* MS-SMB2 section 3.3.5.14.2 */
static u32 dsmb_lock_lock(const struct dsmb_locker *locker, const struct dsmb_lock_args *args)
{
	struct dsmb_cursor elements = args->elements;
	struct ditto_range_request req;
	struct dsmb_lock_element el;
	unsigned int i;
	u32 status;
	int err;

	for (i = 0; i < args->count; i++) {
		dsmb_lock_next(&elements, &el);
		if (!dsmb_lock_flags_ok(el.flags, args->count))
			return STATUS_INVALID_PARAMETER;
	}
	elements = args->elements;
	for (i = 0; i < args->count; i++) {
		dsmb_lock_next(&elements, &el);
		err = 0;
		if (dsmb_lock_request(locker, &el, &req)) {
			status = STATUS_INVALID_LOCK_RANGE;
		} else if (el.flags & DSMB_LOCK_FAIL_NOW) {
			req.brief = true;
			err = ditto_range_lock(&req, NULL, NULL);
			status = dsmb_lock_status(err);
		} else {
			req.waits = true;
			status = dsmb_lock_wait(locker, args, &req);
		}
		if (status) {
			dsmb_lock_undo(locker, args->elements, i);
			return err == -EBUSY ? dsmb_lock_retry(locker, &req) : status;
		}
	}
	return STATUS_SUCCESS;
}

static u32 dsmb_lock_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_lock_args *a = args;
	struct dsmb_open *open = call->open;
	struct dsmb_locker locker = { .call = call, .open = open };
	u32 status;
	int done;

	done = dsmb_lock_was_done(call, open, a);
	if (done < 0)
		return STATUS_INSUFFICIENT_RESOURCES;
	/* Its locks belong to the request that was resent: they stay if this fails. */
	if (done)
		return a->unlocks ? STATUS_SUCCESS : dsmb_lock_record(open);
	if (!open->inst || ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_PARAMETER;
	if (!(open->rights & (DITTO_RIGHT_READ_DATA | DITTO_RIGHT_WRITE_DATA)))
		return STATUS_ACCESS_DENIED;
	if (a->unlocks && dsmb_durable_is_persistent(open))
		return dsmb_lock_unlock_recorded(call, a);
	if (a->unlocks) {
		status = dsmb_lock_unlock_open(call, a);
		if (!status)
			dsmb_lock_mark(call, open, a->bucket, a->sequence | DSMB_SEQUENCE_VALID);
		return status;
	}
	/* MS-SMB2 section 3.3.5.2.9 allows LOCK in an expired session, to release locks. */
	if (READ_ONCE(call->session->state) == DSMB_SESSION_EXPIRED)
		return STATUS_NETWORK_SESSION_EXPIRED;
	status = dsmb_call_need_share(call);
	if (status)
		return status;
	status = dsmb_open_begin(call, open, &locker.node);
	if (status)
		return status;
	/* The table releases a range with the file that it was shown with. */
	locker.file = dsmb_open_lock_file(call->op.share, open, locker.node);
	status = dsmb_lock_lock(&locker, a);
	if (locker.file)
		ditto_file_put(locker.file);
	locker.file = NULL;
	dsmb_open_end(call, open);
	if (status)
		return status;
	status = dsmb_lock_done(call, open, a->bucket, a->sequence);
	/* Locks that cannot be recorded are released. */
	if (status && !dsmb_open_begin(call, open, &locker.node)) {
		dsmb_lock_undo(&locker, a->elements, a->count);
		dsmb_open_end(call, open);
	}
	return status;
}

static void dsmb_lock_encode(struct dsmb_call *call, u32 status, const void *res)
{
	dsmb_encode_u16(&call->out, DSMB_LOCK_REPLY);
	dsmb_encode_u16(&call->out, 0);
}

const struct dsmb_command dsmb_command_lock = {
	.name = "lock",
	.structure_size = 48,
	.flags = DSMB_ON_DISK | DSMB_NEEDS_OPEN | DSMB_RECORDS | DSMB_ENDLESS | DSMB_FREES |
		 DSMB_WHOLE,
	.file_id = DSMB_BODY(8),
	.args_size = sizeof(struct dsmb_lock_args),
	.decode = dsmb_lock_decode,
	.exec = dsmb_lock_exec,
	.encode = dsmb_lock_encode,
	.release = dsmb_lock_release,
};
