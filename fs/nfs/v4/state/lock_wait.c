// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits for byte-range locks (RFC 8881 sections 9.6 and 20.11).
 *
 * A client that is ready to wait gets NFS4ERR_DENIED, and its request enters the queue of the
 * lock table. When the range becomes free, CB_NOTIFY_LOCK notifies the client, which then sends
 * LOCK again. The range is not reserved for the client in the meantime: the protocol has no
 * message that ends a wait, so a reservation could block others for a process that has given
 * up. For the same reason a wait ends when the client has not repeated the request for long.
 *
 * If the lock table does not queue the request, the client is notified after a short while
 * that the lock may be free.
 *
 * Locking: client->owners_lock guards the lists, @listed and @told.
 *
 * Lifetime: reference counted. The lists, the timer, the queue of the lock table and the
 * callback have one reference each. A wait holds its open, and through its claimant the
 * client. The last one who knows it may be a callback of the lock table, which must not close the
 * open, so a task frees it.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../../../../lockd/range.h"
#include "../../../../net/task.h"
#include "../../../node/node.h"
#include "../../server.h"
#include "../deleg/callback.h"
#include "../deleg/delegations.h"
#include "../engine/server.h"
#include "../session/client_private.h"
#include "lock_wait.h"

/* A wait ends if the client does not repeat the request for this time; clients poll every 30 s. */
#define WAIT_KEPT_MS	60000
/* Deadline of CB_NOTIFY_LOCK. */
#define WAIT_TELL_MS	5000
/* Delay of the notification for a request that could not be queued. */
#define WAIT_AGAIN_MS	1000
/* Delay before the callback is resent after NFS4ERR_DELAY. */
#define WAIT_DELAY_MS	100
/* Most waits of a client. */
#define WAITS_MAX	4096
/* Filehandle and owner must fit into the smallest usable back channel request. */
#define WAIT_NAME_BYTES	(DNFS4_CB_SIZE_MIN - DNFS4_CB_RPC_BYTES - DNFS4_CB_HEAD_BYTES - 32)

/**
 * struct lock_wait - a wait for a byte-range lock
 * @table: waiting request in the lock table
 * @notify: CB_NOTIFY_LOCK
 * @ref: reference count
 * @listed: it is on the lists of owner and open
 * @told: the notification was started
 * @owner: lock-owner; holds a reference
 * @open: the open; holds a reference
 * @claimant: the owner in the lock table; holds a reference
 * @point: lock point of the file; only for comparison
 * @exclusive: a write lock
 * @first: first byte
 * @last: last byte
 * @owner_link: link in @owner->waits
 * @open_link: link in @open->waits
 * @over: timer that ends the wait
 * @task: frees the wait
 * @fh_len: bytes of @fh
 * @fh: filehandle of the file
 */
struct lock_wait {
	struct ditto_wait table;
	struct dnfs4_callback notify;
	refcount_t ref;
	bool listed;
	bool told;
	struct dnfs4_owner *owner;
	struct dnfs4_open *open;
	struct ditto_owner *claimant;
	const struct ditto_lock_point *point;
	bool exclusive;
	u64 first;
	u64 last;
	struct list_head owner_link;
	struct hlist_node open_link;
	struct delayed_work over;
	struct ditto_task task;
	u32 fh_len;
	u8 fh[DNFS4_FH_MAX];
};

static struct lock_wait *wait_of_task(struct ditto_task *task)
{
	return container_of(task, struct lock_wait, task);
}

static void wait_free(struct ditto_task *task)
{
	struct lock_wait *wait = wait_of_task(task);

	dnfs4_state_put(&wait->open->state);
	dnfs4_owner_put(wait->owner);
	/* Last, because it holds the client. */
	ditto_owner_put(wait->claimant);
}

/* The wait has no references any more. */
static void wait_task_hold(struct ditto_task *task)
{
}

static void wait_task_put(struct ditto_task *task)
{
	kfree(wait_of_task(task));
}

static const struct ditto_task_ops wait_task_ops = {
	.run = wait_free,
	.hold = wait_task_hold,
	.put = wait_task_put,
};

static void wait_put(struct lock_wait *wait)
{
	if (refcount_dec_and_test(&wait->ref))
		ditto_task_start(&wait->task);
}

/* End of a wait */

static void wait_end(struct lock_wait *wait)
{
	struct dnfs4_client *client = wait->owner->client;
	bool listed, armed = false;

	spin_lock(&client->owners_lock);
	listed = wait->listed;
	if (listed) {
		WRITE_ONCE(wait->listed, false);
		list_del(&wait->owner_link);
		hlist_del(&wait->open_link);
		client->lock_waits--;
		armed = cancel_delayed_work(&wait->over);
	}
	spin_unlock(&client->owners_lock);
	if (!listed)
		return;
	/* Clear @listed before looking at the queue; pairs with the barrier in wait_start(). */
	smp_mb();
	ditto_range_cancel_wait(&wait->table);
	if (armed)
		wait_put(wait);
	wait_put(wait);
}

static void wait_over(struct work_struct *work)
{
	struct lock_wait *wait = container_of(to_delayed_work(work), struct lock_wait, over);

	wait_end(wait);
	wait_put(wait);
}

/* Start or restart the timer that ends the wait. */
static void wait_arm(struct lock_wait *wait)
{
	struct workqueue_struct *wq = wait->owner->client->server->clients->wq;

	lockdep_assert_held(&wait->owner->client->owners_lock);
	refcount_inc(&wait->ref);
	/* A pending timer has a reference already. */
	if (mod_delayed_work(wq, &wait->over, msecs_to_jiffies(WAIT_KEPT_MS)))
		refcount_dec(&wait->ref);
}

/* Notification */

static struct lock_wait *wait_of(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct lock_wait, notify);
}

static bool notify_wanted(const struct dnfs4_callback *cb)
{
	return READ_ONCE(wait_of(cb)->listed);
}

/* CB_NOTIFY_LOCK4args */
static bool notify_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	const struct lock_wait *wait = wait_of(cb);
	const struct dnfs4_owner *owner = wait->owner;

	return xdr_stream_encode_opaque(xdr, wait->fh, wait->fh_len) >= 0 &&
	       xdr_stream_encode_u64(xdr, owner->client->id) >= 0 &&
	       xdr_stream_encode_opaque(xdr, owner->key + DNFS4_KEY_OPAQUE,
					owner->len - DNFS4_KEY_OPAQUE) >= 0;
}

static u32 notify_done(struct dnfs4_callback *cb, int err)
{
	bool ok = !err && (cb->status == NFS4_OK || cb->status == NFS4ERR_RETRY_UNCACHED_REP);

	if (!err && cb->status == NFS4ERR_DELAY)
		return WAIT_DELAY_MS;
	if (err != -ECANCELED)
		dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_LOCK, !ok, 0);
	wait_end(wait_of(cb));
	return 0;
}

static void notify_release(struct dnfs4_callback *cb)
{
	wait_put(wait_of(cb));
}

static const struct dnfs4_callback_ops notify_ops = {
	.op = OP_CB_NOTIFY_LOCK,
	.wanted = notify_wanted,
	.encode = notify_encode,
	.done = notify_done,
	.release = notify_release,
};

static void wait_tell(struct lock_wait *wait, u32 ms)
{
	struct dnfs4_client *client = wait->owner->client;

	spin_lock(&client->owners_lock);
	wait->told = true;
	spin_unlock(&client->owners_lock);
	refcount_inc(&wait->ref);
	if (dnfs4_callback_send(&wait->notify, ms, ms + WAIT_TELL_MS))
		return;
	/* The client is being released. */
	wait_end(wait);
	wait_put(wait);
}

/* The queue of the lock table */

static struct lock_wait *wait_of_table(struct ditto_wait *table)
{
	return container_of(table, struct lock_wait, table);
}

static void turn_came(struct ditto_wait *table, int err)
{
	struct lock_wait *wait = wait_of_table(table);

	if (err == -ESHUTDOWN)
		wait_end(wait);
	else
		wait_tell(wait, err ? WAIT_AGAIN_MS : 0);
}

static void turn_release(struct ditto_wait *table)
{
	wait_put(wait_of_table(table));
}

static void wait_start(struct lock_wait *wait, const struct ditto_range_request *req)
{
	int err;

	refcount_inc(&wait->ref);
	err = ditto_range_lock(req, &wait->table, NULL);
	if (err != -EINPROGRESS) {
		wait_put(wait);
		wait_tell(wait, WAIT_AGAIN_MS);
		return;
	}
	/* Queue before reading @listed; pairs with the barrier in wait_end(). */
	smp_mb();
	/* wait_end() may have run before the request was queued. */
	if (!READ_ONCE(wait->listed))
		ditto_range_cancel_wait(&wait->table);
}

/* Start of a wait */

static struct lock_wait *wait_alloc(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
				    const struct ditto_range_request *req)
{
	struct in6_addr fs = ditto_task_object(dnfs4_node(cmp)->inode->i_sb);
	struct lock_wait *wait = kzalloc(sizeof(*wait), GFP_KERNEL_ACCOUNT);

	if (!wait)
		return NULL;
	if (dnfs4_fh_encode(&cmp->current_fh, wait->fh, &wait->fh_len) ||
	    wait->fh_len + lock->owner->len > WAIT_NAME_BYTES) {
		kfree(wait);
		return NULL;
	}
	wait->table.tell = true;
	wait->table.granted = turn_came;
	wait->table.release = turn_release;
	dnfs4_callback_init_one(&wait->notify, &notify_ops, cmp->client);
	dnfs4_call_ref_fill(cmp, &wait->notify.after);
	refcount_set(&wait->ref, 1);
	wait->owner = lock->owner;
	refcount_inc(&wait->owner->ref);
	wait->open = lock->open;
	dnfs4_state_hold(&wait->open->state);
	wait->claimant = lock->claimant;
	ditto_owner_hold(wait->claimant);
	wait->point = req->point;
	wait->exclusive = req->exclusive;
	wait->first = req->first;
	wait->last = req->last;
	INIT_DELAYED_WORK(&wait->over, wait_over);
	ditto_task_init(&wait->task, &cmp->server->nfs->disk_tasks, &wait_task_ops, &fs);
	return wait;
}

/* Find the wait of a repeated request. Waits whose notification was started do not match. */
static struct lock_wait *wait_find(struct dnfs4_owner *owner,
				   const struct ditto_range_request *req)
{
	struct lock_wait *wait;

	lockdep_assert_held(&owner->client->owners_lock);
	list_for_each_entry(wait, &owner->waits, owner_link)
		if (!wait->told && wait->point == req->point && wait->first == req->first &&
		    wait->last == req->last && wait->exclusive == req->exclusive)
			return wait;
	return NULL;
}

/*
 * Queue a denied lock request whose client is ready to wait. @lock: lock state that the range would
 * belong to; its state.lock is held. Best effort: a client that is not notified polls. Does nothing
 * without a back channel.
 */
void dnfs4_lock_wait(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
		     const struct ditto_range_request *req)
{
	struct dnfs4_client *client = lock->owner->client;
	struct lock_wait *wait;

	lockdep_assert_held(&lock->state.lock);
	if (!atomic_read(&client->back_conns))
		return;
	spin_lock(&client->owners_lock);
	wait = wait_find(lock->owner, req);
	if (wait)
		wait_arm(wait);
	spin_unlock(&client->owners_lock);
	if (wait)
		return;
	wait = wait_alloc(cmp, lock, req);
	if (!wait)
		return;
	spin_lock(&client->owners_lock);
	wait->listed = client->lock_waits < WAITS_MAX;
	if (wait->listed) {
		client->lock_waits++;
		refcount_inc(&wait->ref);
		hlist_add_head(&wait->open_link, &wait->open->waits);
		list_add_tail(&wait->owner_link, &wait->owner->waits);
		wait_arm(wait);
	}
	spin_unlock(&client->owners_lock);
	if (wait->listed)
		wait_start(wait, req);
	wait_put(wait);
}

/* End the wait for a range that was granted. @owner: the lock-owner. */
void dnfs4_lock_waits_done(struct dnfs4_owner *owner, const struct ditto_range_request *req)
{
	struct lock_wait *wait;

	if (likely(list_empty(&owner->waits)))
		return;
	spin_lock(&owner->client->owners_lock);
	wait = wait_find(owner, req);
	if (wait)
		refcount_inc(&wait->ref);
	spin_unlock(&owner->client->owners_lock);
	if (!wait)
		return;
	wait_end(wait);
	wait_put(wait);
}

/* End all waits that belong to an open. @open: being closed; its state.lock is held. */
void dnfs4_lock_waits_close(struct dnfs4_open *open)
{
	struct dnfs4_client *client = open->owner->client;
	struct lock_wait *wait;

	lockdep_assert_held(&open->state.lock);
	while (!hlist_empty(&open->waits)) {
		spin_lock(&client->owners_lock);
		wait = hlist_entry_safe(open->waits.first, struct lock_wait, open_link);
		if (wait)
			refcount_inc(&wait->ref);
		spin_unlock(&client->owners_lock);
		if (!wait)
			return;
		wait_end(wait);
		wait_put(wait);
	}
}
