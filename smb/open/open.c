// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens: the table of a session, from CREATE to CLOSE. An open is freed when the last call that
 * uses it ends.
 *
 * The low half of FileId.Volatile is the index in the table. The high half is random, so that the
 * id of a closed open is not the id of the next open with the same index.
 *
 * Locking: open->where makes closing, detaching and attaching exclude each other. Inside it, the
 * lock of session->opens makes entering the table and the end of a session or tree connect exclude
 * each other: the session or tree connect is marked as ended first, and dsmb_open_enter() checks
 * the marks under that lock. Lookups use RCU.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#include "../../fs/node/file.h"
#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../../lockd/owner.h"
#include "../../lockd/range.h"
#include "../../net/helper/record.h"
#include "../../net/live.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../file/apple_stream.h"
#include "../file/notify.h"
#include "../file/pipe.h"
#include "../server.h"
#include "../transport/call.h"
#include "closer.h"
#include "durable.h"
#include "durable_app.h"
#include "lease.h"
#include "nested.h"
#include "open.h"
#include "replay.h"

/* Step of a session's charge for its opens; a power of two. */
#define OPENS_STEP	64

static struct kmem_cache *open_cache;

int dsmb_opens_init(void)
{
	open_cache = KMEM_CACHE(dsmb_open, 0);
	return open_cache ? 0 : -ENOMEM;
}

/* This waits for opens that kfree_rcu() has still to free. */
void dsmb_opens_exit(void)
{
	kmem_cache_destroy(open_cache);
}

/* FileId.Persistent of the newest open, without the epoch. */
static atomic64_t dsmb_last_open = ATOMIC64_INIT(0);

/*
 * FileId.Persistent is not reused, not even after a restart. It never becomes all ones, which
 * related requests of a compound send.
 */
#define DSMB_EPOCH_SHIFT	40

static u64 dsmb_open_id(const struct dsmb_server *server)
{
	return (ditto_server_epoch(server->srv) << DSMB_EPOCH_SHIFT) +
	       atomic64_inc_return(&dsmb_last_open);
}

/* Keep a FileId.Persistent from being assigned again. */
void dsmb_open_id_used(const struct dsmb_server *server, u64 persistent)
{
	s64 count = persistent & (BIT_ULL(DSMB_EPOCH_SHIFT) - 1);
	s64 last = atomic64_read(&dsmb_last_open);

	/* The module may be reloaded within one epoch. */
	if (persistent >> DSMB_EPOCH_SHIFT != ditto_server_epoch(server->srv))
		return;
	while (last < count && !atomic64_try_cmpxchg(&dsmb_last_open, &last, count))
		;
}

static u32 dsmb_open_index(u64 volatile_id)
{
	return lower_32_bits(volatile_id);
}

/* The charge must cover all opens, but must not be many times as large. */
static bool dsmb_opens_charge_fits(const struct dsmb_session *session)
{
	long charged = READ_ONCE(session->opens_charge.amount);
	int nopens = atomic_read(&session->nopens);

	return nopens <= charged && nopens >= charged / 4 - OPENS_STEP;
}

/* Make the charge follow the number of opens. A smaller charge always succeeds. */
static int dsmb_opens_charge(struct dsmb_session *session)
{
	int nopens, err = 0;

	if (dsmb_opens_charge_fits(session))
		return 0;
	spin_lock(&session->opens_lock);
	/* The number may have changed since it was read; the last value under the lock counts. */
	if (!dsmb_opens_charge_fits(session)) {
		nopens = atomic_read(&session->nopens);
		err = ditto_charge_step(&session->opens_charge, nopens,
					round_up(nopens, OPENS_STEP));
	}
	spin_unlock(&session->opens_lock);
	return err;
}

/* An open that left the table of a session, but is counted there until its end, has ended. */
void dsmb_open_uncount(struct dsmb_session *session)
{
	atomic_dec(&session->nopens);
	dsmb_opens_charge(session);
}

/* Reserve an index in the table, where lookups do not find anything yet; fills @volatile_id. */
static int dsmb_open_reserve(struct dsmb_session *session, u64 *volatile_id)
{
	u32 index;
	int err;

	if (atomic_inc_return(&session->nopens) > DSMB_OPENS_MAX || dsmb_opens_charge(session)) {
		atomic_dec(&session->nopens);
		return -EMFILE;
	}
	err = xa_alloc(&session->opens, &index, NULL, XA_LIMIT(1, DSMB_OPENS_MAX), GFP_KERNEL);
	if (err) {
		atomic_dec(&session->nopens);
		return err == -EBUSY ? -EMFILE : err;
	}
	/* The highest bit stays clear, so that no id is all ones. */
	*volatile_id = (u64)(get_random_u32() >> 1) << 32 | index;
	return 0;
}

static void dsmb_open_unreserve(struct dsmb_session *session, u64 volatile_id)
{
	dsmb_open_uncount(session);
	xa_release(&session->opens, dsmb_open_index(volatile_id));
}

/*
 * The owner belongs to the client of the session, or to a client that outlives the session. Such a
 * client is in use already; its use is dropped on failure.
 */
static struct ditto_owner *dsmb_open_owner(struct dsmb_open *open, struct ditto_client *client)
{
	__le64 key = cpu_to_le64(open->persistent);
	struct ditto_owner *owner;

	if (!client)
		return ERR_PTR(-ESHUTDOWN);
	owner = ditto_owner_new(client, &key, sizeof(key));
	if (IS_ERR(owner) && open->outlives)
		dsmb_lease_client_unuse(client);
	return owner;
}

/*
 * Set up an open with an owner of @client, which is in use already if the open outlives its
 * session.
 */
static int dsmb_open_init(struct dsmb_open *open, struct dsmb_server *server,
			  struct ditto_client *client, struct dsmb_tree *tree)
{
	open->owner = dsmb_open_owner(open, client);
	if (IS_ERR(open->owner))
		return PTR_ERR(open->owner);
	open->server = server;
	ditto_live_get(&server->objects);
	spin_lock_init(&open->where);
	refcount_set(&open->ref, 1);
	open->since = ktime_get_real_seconds();
	dsmb_tree_hold(tree);
	open->tree = tree;
	open->cred = tree->cred;
	return 0;
}

/*
 * Get what few opens have, for an open that needs it. @open: the open; the caller has a reference.
 * Return: the struct, which stays until the open is freed; NULL without memory.
 */
struct dsmb_open_rare *dsmb_open_rare(struct dsmb_open *open)
{
	struct dsmb_open_rare *rare = dsmb_open_has_rare(open), *other;

	if (rare)
		return rare;
	rare = kzalloc(sizeof(*rare), GFP_KERNEL);
	if (!rare)
		return NULL;
	mutex_init(&rare->lock);
	other = cmpxchg(&open->rare, NULL, rare);
	if (!other)
		return rare;
	kfree(rare);
	return other;
}

/* Set the worker limits of an open in a file system within a share. Return: 0 or -ENOMEM. */
int dsmb_open_limit(struct dsmb_open *open, const struct ditto_share *share)
{
	const struct super_block *sb = share->root.mnt->mnt_sb;
	struct dsmb_open_limits *limits;
	struct dsmb_open_rare *rare;

	/* The share that the administrator made has the limits of its tree connect. */
	if (!share->outer)
		return 0;
	rare = dsmb_open_rare(open);
	limits = rare ? kzalloc(sizeof(*limits), GFP_KERNEL) : NULL;
	if (!limits)
		return -ENOMEM;
	rare->limits = limits;
	limits->fs_limit = dsmb_fs_limit_get(&open->server->fs_limits, sb);
	limits->recorders = dsmb_fs_limit_get(&open->server->recorders, sb);
	return limits->fs_limit && limits->recorders ? 0 : -ENOMEM;
}

/*
 * Allocate an open that is restored after a restart. @tree: stands for the tree connect of before
 * the restart; a reference is taken. The open is in no session's table; it looks like one that was
 * detached. Return: the open, or ERR_PTR(-ENOMEM) or -ESHUTDOWN.
 */
struct dsmb_open *dsmb_open_restored(struct dsmb_server *server, const guid_t *guid,
				     struct dsmb_tree *tree, u64 persistent)
{
	struct dsmb_open *open = kmem_cache_zalloc(open_cache, GFP_KERNEL);
	int err;

	if (!open)
		return ERR_PTR(-ENOMEM);
	open->persistent = persistent;
	open->outlives = true;
	/* The open must look like one that was in a table and was detached. */
	WRITE_ONCE(open->published, true);
	err = dsmb_open_init(open, server, dsmb_lease_client_of(server, guid), tree);
	if (err) {
		kmem_cache_free(open_cache, open);
		return ERR_PTR(err);
	}
	return open;
}

/*
 * Allocate an open for the session of a call. The open has its ids and its owner, but is not in the
 * table of the session yet. dsmb_open_discard() frees it. Return: the open, or ERR_PTR(-ENOMEM),
 * -EMFILE (too many opens), or -ESHUTDOWN.
 */
struct dsmb_open *dsmb_open_alloc(struct dsmb_call *call, bool outlives)
{
	struct dsmb_session *session = call->session;
	struct dsmb_open *open;
	int err;

	open = kmem_cache_zalloc(open_cache, GFP_KERNEL);
	if (!open)
		return ERR_PTR(-ENOMEM);
	err = dsmb_open_reserve(session, &open->volatile_id);
	if (err)
		goto free;
	open->persistent = dsmb_open_id(session->server);
	open->outlives = outlives;
	open->session = session;
	err = dsmb_open_init(open, session->server, outlives ? dsmb_lease_client_use(session) :
			     &session->client, call->tree);
	if (err)
		goto unreserve;
	open->cred = call->op.cred;
	return open;

unreserve:
	dsmb_open_unreserve(session, open->volatile_id);
free:
	kmem_cache_free(open_cache, open);
	return ERR_PTR(err);
}

/* Enter the table unless the session or tree connect has ended. */
static int dsmb_open_enter(struct dsmb_open *open, struct dsmb_session *session,
			   const struct dsmb_tree *tree, u64 volatile_id)
{
	int err;

	xa_lock(&session->opens);
	if (READ_ONCE(session->state) == DSMB_SESSION_CLOSED || READ_ONCE(tree->dead))
		err = -ESHUTDOWN;
	else
		err = xa_err(__xa_store(&session->opens, dsmb_open_index(volatile_id), open,
					GFP_ATOMIC));
	if (err)
		goto unlock;
	rcu_assign_pointer(session->recent, open);
unlock:
	xa_unlock(&session->opens);
	return err;
}

/*
 * Enter an open into the table of its session. From here on the client can find the open; the table
 * has a reference of its own. Return: 0, -ENOMEM, or -ESHUTDOWN if the session or the tree connect
 * has ended.
 */
int dsmb_open_publish(struct dsmb_open *open)
{
	int err;

	dsmb_open_hold(open);
	spin_lock(&open->where);
	err = dsmb_open_enter(open, open->session, open->tree, open->volatile_id);
	WRITE_ONCE(open->published, !err);
	spin_unlock(&open->where);
	if (err)
		refcount_dec(&open->ref);
	return err;
}

/*
 * A client that repeats a request after a reconnect may use the FileId.Volatile of before it, as
 * Linux does. FileId.Persistent is not reused, so it cannot be about another open.
 */
static struct dsmb_open *dsmb_open_reconnected(struct dsmb_session *session, u64 persistent)
{
	struct dsmb_open *open = xa_load(&session->server->durables, persistent);

	if (!open || open->persistent != persistent || !READ_ONCE(open->reconnected))
		return NULL;
	/* Pairs with dsmb_open_attach(): tree and credential are of the session. */
	return smp_load_acquire(&open->session) == session ? open : NULL;
}

/*
 * Look up a FileId in a session. Context: any; takes the RCU read lock. Return: the open with a
 * reference, or NULL.
 */
struct dsmb_open *dsmb_open_find(struct dsmb_session *session, u64 persistent, u64 volatile_id)
{
	struct dsmb_open *open;

	rcu_read_lock();
	/* Most requests are about the file that was opened last. */
	open = rcu_dereference(session->recent);
	if (!open || READ_ONCE(open->volatile_id) != volatile_id)
		open = xa_load(&session->opens, dsmb_open_index(volatile_id));
	if (!open || READ_ONCE(open->volatile_id) != volatile_id || open->persistent != persistent)
		open = dsmb_open_reconnected(session, persistent);
	if (open && !refcount_inc_not_zero(&open->ref))
		open = NULL;
	rcu_read_unlock();
	return open;
}

/*
 * Prepare an operation that an open does on its own behalf. @tree: tree of the open, held by the
 * caller, because the open may move to another tree connect during the operation.
 *
 * The share is not set: ditto_instance_begin() fills it in if the share still exists.
 */
void dsmb_open_op(struct dsmb_open *open, const struct dsmb_tree *tree, struct ditto_op *op,
		  struct ditto_actor *actor)
{
	*actor = (struct ditto_actor) {
		.client = open->owner->client,
		.owner = open->owner,
		.lease_owner = dsmb_lease_owner(open),
		.entry_owner = open->entry_owner,
		.exact = true,
	};
	*op = (struct ditto_op) {
		.srv = open->server->srv,
		.cred = READ_ONCE(tree->cred),
		.actor = actor,
		.writable = READ_ONCE(tree->writable) && !open->snapshot,
	};
}

static void dsmb_open_close_instance(struct dsmb_open *open)
{
	struct ditto_actor actor;
	struct ditto_op op;

	dsmb_open_op(open, open->tree, &op, &actor);
	if (unlikely(open->stream == DSMB_STREAM_AFP_RESOURCE))
		dsmb_afp_resource_keep(&op, open->inst);
	ditto_instance_close(&op, open->inst);
	if (open->rare && open->rare->moved_from)
		ditto_instance_close(&op, open->rare->moved_from);
}

static void dsmb_open_limits_free(struct dsmb_open_limits *limits)
{
	if (!limits)
		return;
	dsmb_fs_limit_put(limits->recorders);
	dsmb_fs_limit_put(limits->fs_limit);
	kfree(limits);
}

static void dsmb_open_rare_free(struct dsmb_open_rare *rare)
{
	if (likely(!rare))
		return;
	dsmb_app_free(rare->app);
	dsmb_pipe_free(rare->pipe);
	kfree(rare->dir);
	dsmb_notify_close(rare->notify);
	dsmb_open_limits_free(rare->limits);
	kfree(rare->lock_sequence);
	kfree(rare);
}

static void dsmb_open_free(struct dsmb_open *open)
{
	struct ditto_client *client = open->owner->client;
	struct dsmb_server *server = open->server;

	if (open->inst)
		dsmb_open_close_instance(open);
	dsmb_lease_close(open);
	dsmb_durable_free(open);
	dsmb_created_free(open->created);
	dsmb_open_rare_free(open->rare);
	if (open->entry_owner)
		ditto_owner_put(open->entry_owner);
	if (open->outlives)
		dsmb_lease_client_unuse(client);
	ditto_owner_put(open->owner);
	dsmb_tree_put(open->tree);
	kfree_rcu(open, rcu);
	ditto_live_put(&server->objects);
}

/* Drop a reference to an open. The last reference closes the instance and frees the open. */
void dsmb_open_put(struct dsmb_open *open)
{
	if (refcount_dec_and_test(&open->ref))
		dsmb_open_free(open);
}

/*
 * Drop the reference of a CREATE that fails. An open that was not published gives back its place in
 * the session, which the caller holds: others, which found it through its lease, may keep the open
 * for longer than the session lives.
 */
void dsmb_open_discard(struct dsmb_open *open)
{
	struct dsmb_session *session = NULL;

	spin_lock(&open->where);
	if (!open->published) {
		session = open->session;
		WRITE_ONCE(open->session, NULL);
		/* Nobody takes it for one that waits for its client. */
		WRITE_ONCE(open->closing, true);
	}
	spin_unlock(&open->where);
	if (session)
		dsmb_open_unreserve(session, open->volatile_id);
	dsmb_open_put(open);
}

/*
 * Begin an operation on the file of an open. @call: the call; its @op is used until
 * dsmb_open_end(), which must follow if this succeeds. Return: STATUS_SUCCESS;
 * STATUS_INVALID_DEVICE_REQUEST for a pipe; STATUS_FILE_CLOSED if the file was taken away from
 * under the open.
 */
u32 dsmb_open_begin(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node **node)
{
	if (dsmb_open_pipe(open))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (ditto_instance_begin(open->inst, &call->op, node))
		return STATUS_FILE_CLOSED;
	call->op.no_recall = open->no_recall;
	/* It outlives a loss of power, and its client is not notified of one. */
	if (dsmb_durable_is_persistent(open))
		call->op.unstable = false;
	if (open->snapshot)
		call->op.writable = false;
	dsmb_nested_restrict(call);
	return STATUS_SUCCESS;
}

/* End an operation begun by dsmb_open_begin(). */
void dsmb_open_end(struct dsmb_call *call, struct dsmb_open *open)
{
	ditto_instance_end(open->inst, &call->op);
	/* Back to the share of the tree connect, as before dsmb_open_begin(). */
	call->op.share = call->share;
	call->op.no_recall = false;
}

/*
 * Let an open go on with the file that has replaced its own. @open: not moved before; the lock of
 * its dsmb_open_rare() is held. The old instance is closed with the open, so an open moves at most
 * once.
 */
void dsmb_open_move(struct dsmb_open *open, struct ditto_instance *inst)
{
	struct dsmb_open_rare *rare = open->rare;

	lockdep_assert_held(&rare->lock);
	WARN_ON_ONCE(rare->moved_from);
	rare->moved_from = open->inst;
	/* Other requests read it at any time. */
	smp_store_release(&open->inst, inst);
}

/* Leave the table of the session, which does not count the open any more. */
static void dsmb_open_leave(struct dsmb_open *open)
{
	struct dsmb_session *session = open->session;

	lockdep_assert_held(&open->where);
	WRITE_ONCE(open->session, NULL);
	/* An open that outlives its session keeps the session only while it is in the table. */
	dsmb_opens_charge(session);
	xa_lock(&session->opens);
	__xa_erase(&session->opens, dsmb_open_index(open->volatile_id));
	if (rcu_access_pointer(session->recent) == open)
		RCU_INIT_POINTER(session->recent, NULL);
	xa_unlock(&session->opens);
}

/*
 * Split the open's charge from the session's charge, which ends with the session and may be far
 * larger than what remains.
 */
static void dsmb_open_charge_apart(struct dsmb_open *open, struct dsmb_session *session)
{
	struct ditto_charge *charge = &session->opens_charge;

	lockdep_assert_held(&open->where);
	spin_lock(&session->opens_lock);
	/* A race for the last place of a step may have left the charge slightly too small. */
	ditto_charge_split(charge, &open->durable->charge, min(charge->amount, 1L));
	atomic_dec(&session->nopens);
	spin_unlock(&session->opens_lock);
}

/* Wake dsmb_open_await_loss(): the open is detached or closed. */
static void dsmb_open_wake(struct dsmb_open *open)
{
	/* Pairs with the waiter: clear open->session before looking for waiters. */
	smp_mb();
	wake_up_var(&open->session);
}

static void dsmb_open_app_forget(const struct dsmb_open *open)
{
	const struct dsmb_open_rare *rare = dsmb_open_has_rare(open);

	if (rare)
		dsmb_app_forget(rare->app);
}

static bool dsmb_open_shut(struct dsmb_open *open, bool only_detached)
{
	bool first;

	spin_lock(&open->where);
	first = open->published && !open->closing && !(only_detached && open->session);
	if (first) {
		WRITE_ONCE(open->closing, true);
		if (open->session) {
			atomic_dec(&open->session->nopens);
			dsmb_open_leave(open);
		}
	}
	spin_unlock(&open->where);
	if (!first)
		return false;
	if (READ_ONCE(open->durable))
		dsmb_open_wake(open);
	dsmb_created_forget(open->created);
	dsmb_open_app_forget(open);
	dsmb_durable_forget(open);
	/* MS-SMB2 section 3.3.5.10: lock requests that wait on the open are not granted. */
	dsmb_calls_cancel(open, NULL, STATUS_RANGE_NOT_LOCKED);
	dsmb_open_put(open);
	return true;
}

/*
 * Take an open from its client, which cannot get it back. @open: the open; the caller has a
 * reference. The open leaves the table of its session, and what waits on it is cancelled, as when
 * it is closed. It keeps its claims, and must be closed by dsmb_open_close_detached() later.
 * Context: no lock of the open or its lease held. Return: true for the caller that did it, false if
 * the open was given up or closed already, or never published.
 */
bool dsmb_open_give_up(struct dsmb_open *open)
{
	bool first;

	spin_lock(&open->where);
	first = open->published && !open->closing && !open->expired;
	if (first) {
		WRITE_ONCE(open->expired, true);
		if (open->session) {
			dsmb_open_charge_apart(open, open->session);
			dsmb_open_leave(open);
		}
	}
	spin_unlock(&open->where);
	if (!first)
		return false;
	dsmb_open_wake(open);
	dsmb_created_forget(open->created);
	dsmb_open_app_forget(open);
	dsmb_calls_cancel(open, NULL, STATUS_RANGE_NOT_LOCKED);
	return true;
}

/*
 * Close an open. @open: the open; the caller has a reference. Removes the open from its table and
 * cancels the calls that wait on it (MS-SMB2 section 3.3.5.10). Context: no lock of the open or its
 * lease held. Return: true for the caller that closed it, false if it was closed already or never
 * published.
 */
bool dsmb_open_close(struct dsmb_open *open)
{
	return dsmb_open_shut(open, false);
}

/*
 * Let no client attach a detached open any more. @open: the open; the caller has a reference.
 * Context: any but interrupts. Return: false if the open was attached again, or is detached anew
 * and has time left.
 */
bool dsmb_open_expire(struct dsmb_open *open, const unsigned long *deadline)
{
	spin_lock(&open->where);
	/* The client may have reconnected and lost its connection again. */
	if (dsmb_open_is_detached(open) && time_after_eq(jiffies, READ_ONCE(*deadline)))
		WRITE_ONCE(open->expired, true);
	spin_unlock(&open->where);
	return open->expired;
}

/* Close an open unless it was attached again. @open: the open; the caller has a reference. */
void dsmb_open_close_detached(struct dsmb_open *open)
{
	dsmb_open_shut(open, true);
}

/*
 * Get the file by which a range lock is shown to local processes. @open: open that locks the range.
 * A file that cannot be opened is locked all the same, but only in the lock table. Return: the
 * file, to be released with ditto_file_put(), or NULL if locks are not shown to local processes.
 */
struct ditto_file *dsmb_open_lock_file(struct ditto_share *share, const struct dsmb_open *open,
				       struct ditto_node *node)
{
	struct ditto_file *file;

	if (!S_ISREG(node->inode->i_mode) || !ditto_share_local_locks(share))
		return NULL;
	file = ditto_file_get(share, node, open->rights & DITTO_RIGHT_WRITE_DATA ?
			      DITTO_FILE_WRITE : DITTO_FILE_READ);
	if (IS_ERR(file))
		file = ditto_file_get(share, node, DITTO_FILE_READ);
	return IS_ERR(file) ? NULL : file;
}

/*
 * Read the claims that an open has on its file. Return: false if the file was taken away from under
 * the open.
 */
bool dsmb_open_get_state(struct dsmb_open *open, struct dsmb_open_state *state)
{
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_actor actor;
	struct ditto_node *node;
	struct ditto_op op;
	bool there;

	dsmb_open_op(open, tree, &op, &actor);
	there = !ditto_instance_begin(open->inst, &op, &node);
	if (there) {
		state->ranges = ditto_range_owner_has(&node->point, open->owner);
		state->delete_pending = ditto_instance_delete_pending(open->inst);
		state->reserved = ditto_instance_has_reserved(open->inst);
		state->unlinked = !ditto_node_links(ditto_instance_base(open->inst));
		state->nameless = !ditto_instance_name(open->inst) ||
				  d_unhashed(ditto_instance_dentry(open->inst)) ||
				  !ditto_instance_has_name(open->inst);
		ditto_instance_end(open->inst, &op);
	}
	dsmb_tree_put(tree);
	return there;
}

/*
 * Remove an open from the table of its session and keep it open. The open belongs to no session
 * afterwards. It is charged by itself, with a part of the session's charge. The table's reference
 * passes to the caller. Return: false if the open is closed or is not in this session any more.
 */
bool dsmb_open_detach(struct dsmb_open *open, struct dsmb_session *session)
{
	bool there;

	spin_lock(&open->where);
	there = !open->closing && open->session == session;
	if (there) {
		dsmb_open_charge_apart(open, session);
		dsmb_open_leave(open);
	}
	spin_unlock(&open->where);
	if (there)
		dsmb_open_wake(open);
	return there;
}

/*
 * Wait until the loss of an open's connection has been processed. A client may reconnect and ask
 * for the open on a new connection before the earlier end of the old connection was processed.
 * Returns immediately if the session of the open has a connection. Context: at most DSMB_LOSS_MS;
 * no lock held.
 */
void dsmb_open_await_loss(struct dsmb_open *open)
{
	struct dsmb_session *session;
	struct dsmb_tree *tree;

	/* The loss cannot find an open in a table while it is still being created. */
	if (!READ_ONCE(open->published) || !dsmb_open_place(open, &session, &tree))
		return;
	if (dsmb_session_is_lost(session)) {
		/*
		 * The loss itself is processed by the same workers, so the number of waiters is
		 * limited.
		 */
		if (atomic_inc_return(&open->server->awaiting) <= DSMB_AWAITING_MAX)
			wait_var_event_timeout(&open->session,
					       READ_ONCE(open->session) != session,
					       msecs_to_jiffies(DSMB_LOSS_MS));
		atomic_dec(&open->server->awaiting);
	}
	dsmb_tree_put(tree);
	dsmb_session_put(session);
}

/*
 * Attach a detached open to the session and tree connect of a call. @open: the open; the caller has
 * a reference. The open gets a new FileId.Volatile. Return: 0; -ENOENT if the open was not
 * detached, has expired or is closed; -ESHUTDOWN, -EMFILE or -ENOMEM.
 */
int dsmb_open_attach(struct dsmb_open *open, struct dsmb_call *call)
{
	struct dsmb_session *session = call->session;
	u64 volatile_id, before;
	struct dsmb_tree *old;
	int err;

	err = dsmb_open_reserve(session, &volatile_id);
	if (err)
		return err;
	spin_lock(&open->where);
	old = open->tree;
	before = open->volatile_id;
	err = -ENOENT;
	if (dsmb_open_is_detached(open) && !open->expired) {
		/*
		 * A lookup by the new id must find that id in the open, and the new tree connect.
		 */
		WRITE_ONCE(open->volatile_id, volatile_id);
		WRITE_ONCE(open->tree, call->tree);
		err = dsmb_open_enter(open, session, call->tree, volatile_id);
		if (err) {
			WRITE_ONCE(open->tree, old);
			WRITE_ONCE(open->volatile_id, before);
		} else {
			dsmb_tree_hold(call->tree);
			WRITE_ONCE(open->cred, call->op.cred);
			WRITE_ONCE(open->reconnected, true);
			/* Pairs with dsmb_open_reconnected(). */
			smp_store_release(&open->session, session);
			ditto_uncharge(&open->durable->charge);
		}
	}
	spin_unlock(&open->where);
	if (err) {
		dsmb_open_unreserve(session, volatile_id);
		return err;
	}
	/* Nobody paid for the claims of an open from before a restart so far. */
	ditto_client_charge(open->owner->client, &session->who);
	dsmb_tree_put(old);
	return 0;
}

/*
 * Get the tree connect of an open. Return: the current tree connect, or the last one if the open is
 * detached; with a reference.
 */
struct dsmb_tree *dsmb_open_tree(struct dsmb_open *open)
{
	struct dsmb_tree *tree;

	spin_lock(&open->where);
	tree = open->tree;
	dsmb_tree_hold(tree);
	spin_unlock(&open->where);
	return tree;
}

/*
 * Get the session and tree connect that an open is in. @session: set to the session, with a
 * reference; @tree: set to the tree connect, with a reference. Return: false if the open is in no
 * session's table.
 */
bool dsmb_open_place(struct dsmb_open *open, struct dsmb_session **session,
		     struct dsmb_tree **tree)
{
	bool somewhere;

	spin_lock(&open->where);
	somewhere = open->session;
	if (somewhere) {
		*session = open->session;
		dsmb_session_hold(*session);
		*tree = open->tree;
		dsmb_tree_hold(*tree);
	}
	spin_unlock(&open->where);
	return somewhere;
}

/* True if the close of the open may remove its file, or free space of it. */
static bool dsmb_open_changes(struct dsmb_open *open)
{
	struct dsmb_open_state state;

	return open->inst && (ditto_instance_deletes_at_close(open->inst) ||
			      (dsmb_open_get_state(open, &state) &&
			       (state.delete_pending || state.reserved || state.unlinked)));
}

/*
 * Close opens of a session or tree connect: with @changing all, else those whose close changes no
 * file. Those that are left at the end of a session have closers, as the threads that end sessions
 * are shared by all.
 */
static void dsmb_opens_close_some(struct dsmb_session *session, struct dsmb_tree *tree, bool keep,
				  bool changing)
{
	bool later = changing && !tree;
	struct dsmb_open *open;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&session->opens, index, open) {
		if ((tree && READ_ONCE(open->tree) != tree) || !refcount_inc_not_zero(&open->ref))
			continue;
		rcu_read_unlock();
		if (!changing && dsmb_open_changes(open))
			goto put;
		/* Charged until it has ended, lest clients leave ever more to closers. */
		if (later)
			atomic_inc(&session->nopens);
		if (!keep || !dsmb_durable_disconnect(open, session)) {
			dsmb_durable_close_later(open);
			if (keep && open->lease)
				dsmb_break_lost(open->lease, session);
		}
put:
		if (later && READ_ONCE(open->closing)) {
			dsmb_open_put_later(open, session);
		} else {
			if (later)
				dsmb_open_uncount(session);
			dsmb_open_put(open);
		}
		rcu_read_lock();
	}
	rcu_read_unlock();
}

/*
 * Close all opens of a session or tree connect. @tree: only the opens of this tree connect, or NULL
 * for all. The session or tree connect must be marked as ended before, so that no open enters the
 * table afterwards.
 */
void dsmb_opens_close(struct dsmb_session *session, struct dsmb_tree *tree, bool keep)
{
	/* A thread that saw the session or tree connect alive has entered the table after this. */
	xa_lock(&session->opens);
	xa_unlock(&session->opens);
	/* Changes are last: one that hangs must not keep files in other file systems open. */
	dsmb_opens_close_some(session, tree, keep, false);
	dsmb_opens_close_some(session, tree, keep, true);
}
