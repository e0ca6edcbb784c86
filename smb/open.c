// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens: in the session's table from CREATE to CLOSE, then gone with the last
 * call that uses them.
 *
 * The low half of FileId.Volatile is the place in the table, the high half is
 * random, so that an id that was closed is not the id of the next open.
 *
 * Locking: the lock of session->opens makes entering the table and the end of
 * session or tree exclude each other: those mark themselves first, and whoever
 * enters looks at the marks. Looking up is under RCU.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../fs/instance.h"
#include "../lockd/owner.h"
#include "call.h"
#include "lease.h"
#include "notify.h"
#include "open.h"
#include "pipe.h"
#include "server.h"
#include "session.h"
#include "tree.h"

/* FileId.Persistent of the last open; all ones, which related calls say, are never reached. */
static atomic64_t dsmb_last_open = ATOMIC64_INIT(0);

static u32 dsmb_open_index(u64 volatile_id)
{
	return lower_32_bits(volatile_id);
}

/* Takes a place in the table, where nobody finds it yet. */
static int dsmb_open_reserve(struct dsmb_session *session, struct dsmb_open *open)
{
	u32 index;
	int err;

	if (atomic_inc_return(&session->nopens) > DSMB_OPENS_MAX) {
		atomic_dec(&session->nopens);
		return -EMFILE;
	}
	err = xa_alloc(&session->opens, &index, NULL, XA_LIMIT(1, DSMB_OPENS_MAX), GFP_KERNEL);
	if (err) {
		atomic_dec(&session->nopens);
		return err == -EBUSY ? -EMFILE : err;
	}
	/* The highest bit stays clear: no id is all ones. */
	open->volatile_id = (u64)(get_random_u32() >> 1) << 32 | index;
	open->persistent = atomic64_inc_return(&dsmb_last_open);
	open->session = session;
	return 0;
}

static void dsmb_open_unreserve(struct dsmb_open *open)
{
	xa_release(&open->session->opens, dsmb_open_index(open->volatile_id));
	atomic_dec(&open->session->nopens);
}

struct dsmb_open *dsmb_open_alloc(struct dsmb_call *call)
{
	struct dsmb_session *session = call->session;
	struct dsmb_open *open;
	__le64 key;
	int err;

	open = kzalloc(sizeof(*open), GFP_KERNEL);
	if (!open)
		return ERR_PTR(-ENOMEM);
	err = dsmb_open_reserve(session, open);
	if (err)
		goto free;
	key = cpu_to_le64(open->volatile_id);
	open->owner = ditto_owner_get(&session->client, &key, sizeof(key));
	if (IS_ERR(open->owner)) {
		err = PTR_ERR(open->owner);
		goto unreserve;
	}
	open->cache_owner = ditto_owner_hold(open->owner);
	refcount_set(&open->ref, 1);
	mutex_init(&open->lock);
	open->since = ktime_get_real_seconds();
	dsmb_tree_hold(call->tree);
	open->tree = call->tree;
	return open;

unreserve:
	dsmb_open_unreserve(open);
free:
	kfree(open);
	return ERR_PTR(err);
}

int dsmb_open_publish(struct dsmb_open *open)
{
	struct dsmb_session *session = open->session;
	int err;

	dsmb_open_hold(open);
	xa_lock(&session->opens);
	if (READ_ONCE(session->state) == DSMB_SESSION_CLOSED || READ_ONCE(open->tree->dead))
		err = -ESHUTDOWN;
	else
		err = xa_err(__xa_store(&session->opens, dsmb_open_index(open->volatile_id), open,
					GFP_ATOMIC));
	xa_unlock(&session->opens);
	if (err)
		refcount_dec(&open->ref);
	return err;
}

struct dsmb_open *dsmb_open_find(struct dsmb_session *session, u64 persistent, u64 volatile_id)
{
	struct dsmb_open *open;

	rcu_read_lock();
	open = xa_load(&session->opens, dsmb_open_index(volatile_id));
	if (open && (open->volatile_id != volatile_id || open->persistent != persistent ||
		     !refcount_inc_not_zero(&open->ref)))
		open = NULL;
	rcu_read_unlock();
	return open;
}

/* Who closes an instance; that knows its share, if it is still there. */
static void dsmb_open_op(struct dsmb_open *open, struct ditto_op *op, struct ditto_actor *actor)
{
	*actor = (struct ditto_actor) {
		.client = &open->session->client,
		.owner = open->owner,
		.cache_owner = open->cache_owner,
		.exact = true,
	};
	*op = (struct ditto_op) {
		.srv = open->session->server->srv,
		.cred = open->tree->cred,
		.actor = actor,
		.writable = open->tree->writable,
	};
}

static void dsmb_open_close_instance(struct dsmb_open *open)
{
	struct ditto_actor actor;
	struct ditto_op op;

	dsmb_open_op(open, &op, &actor);
	ditto_instance_close(&op, open->inst);
}

static void dsmb_open_free(struct dsmb_open *open)
{
	if (open->inst)
		dsmb_open_close_instance(open);
	dsmb_lease_close(open);
	dsmb_pipe_free(open->pipe);
	dsmb_dir_free(open->dir);
	dsmb_notify_close(open->notify);
	ditto_owner_put(open->cache_owner);
	ditto_owner_put(open->owner);
	atomic_dec(&open->session->nopens);
	dsmb_tree_put(open->tree);
	kfree_rcu(open, rcu);
}

void dsmb_open_put(struct dsmb_open *open)
{
	if (!refcount_dec_and_test(&open->ref))
		return;
	/* One that was never published still has its place; else that may be another's by now. */
	if (!open->closing)
		xa_release(&open->session->opens, dsmb_open_index(open->volatile_id));
	dsmb_open_free(open);
}

u32 dsmb_open_begin(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node **node)
{
	if (open->pipe)
		return DSMB_INVALID_DEVICE_REQUEST;
	if (ditto_instance_begin(open->inst, &call->op, node))
		return DSMB_FILE_CLOSED;
	return DSMB_SUCCESS;
}

void dsmb_open_end(struct dsmb_call *call, struct dsmb_open *open)
{
	ditto_instance_end(open->inst, &call->op);
	/* As it was before: of the tree. */
	call->op.share = call->share;
}

bool dsmb_open_close(struct dsmb_open *open)
{
	struct xarray *opens = &open->session->opens;
	u32 index = dsmb_open_index(open->volatile_id);
	bool first;

	xa_lock(opens);
	first = !open->closing && xa_load(opens, index) == open;
	if (first) {
		__xa_erase(opens, index);
		WRITE_ONCE(open->closing, true);
	}
	xa_unlock(opens);
	if (!first)
		return false;
	/* MS-SMB2 section 3.3.5.10: what waits for a range of the open does not get it. */
	dsmb_calls_cancel(open, DSMB_RANGE_NOT_LOCKED);
	dsmb_open_put(open);
	return true;
}

void dsmb_opens_close(struct dsmb_session *session, struct dsmb_tree *tree)
{
	struct dsmb_open *open;
	unsigned long index;

	/* Who looked at the marks before they were set has entered the table after this. */
	xa_lock(&session->opens);
	xa_unlock(&session->opens);
	rcu_read_lock();
	xa_for_each(&session->opens, index, open) {
		if ((tree && open->tree != tree) || !refcount_inc_not_zero(&open->ref))
			continue;
		rcu_read_unlock();
		dsmb_open_close(open);
		dsmb_open_put(open);
		rcu_read_lock();
	}
	rcu_read_unlock();
}
