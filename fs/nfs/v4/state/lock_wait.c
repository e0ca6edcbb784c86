// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for byte-range locks: RFC 8881 sections 9.6 and 20.11.
 *
 * A client that is ready to wait is answered DENIED and stands in the queue of the lock
 * table from then on. When its turn comes it is told by CB_NOTIFY_LOCK, and asks once more.
 * Nothing is kept for it: nobody tells us that a process does not wait any more, and who
 * does not wait at all would be refused what nobody has. So is forgotten who has not asked
 * again for long.
 *
 * Whom the table does not queue is told after a while that the lock may be free.
 *
 * Locking: client->owners_lock guards the lists, @listed and @told.
 *
 * Lifetime: counted: the lists, the timer, the table's queue and the callback have one
 * reference each. A wait holds its open, and with its claimant the client.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../../../../lockd/range.h"
#include "../deleg/callback.h"
#include "../deleg/delegations.h"
#include "../engine/server.h"
#include "../session/client_private.h"
#include "lock_wait.h"

/* Who has not asked again after this time does not wait any more; clients ask every 30 s. */
#define WAIT_KEPT_MS	60000
/* For so long it is tried to tell. */
#define WAIT_TELL_MS	5000
/* Who cannot be queued may ask again so often. */
#define WAIT_AGAIN_MS	1000
/* A client that is not ready for the callback. */
#define WAIT_DELAY_MS	100
/* Waits of a client. */
#define WAITS_MAX	4096
/* Handle and owner have to fit into what every back channel takes, with what is around them. */
#define WAIT_NAME_BYTES	(DNFS4_CB_SIZE_MIN - DNFS4_CB_RPC_BYTES - DNFS4_CB_HEAD_BYTES - 32)

/**
 * struct lock_wait - a lock that is waited for
 * @table: the lock table's
 * @notify: CB_NOTIFY_LOCK
 * @ref: see above
 * @listed: it is on the lists
 * @told: the turn has come
 * @owner: lock-owner, held
 * @open: held
 * @claimant: the owner in the lock table, held
 * @point: of the file, to be compared only
 * @exclusive: for writing
 * @first: first byte
 * @last: last byte
 * @owner_link: on @owner->waits
 * @open_link: on @open->waits
 * @over: ends it
 * @fh_len: bytes of @fh
 * @fh: handle of the file
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
	struct list_head open_link;
	struct delayed_work over;
	u32 fh_len;
	u8 fh[DNFS4_FH_MAX];
};

static void wait_put(struct lock_wait *wait)
{
	if (!refcount_dec_and_test(&wait->ref))
		return;
	dnfs4_state_put(&wait->open->state);
	dnfs4_owner_put(wait->owner);
	/* It held the client. */
	ditto_owner_put(wait->claimant);
	kfree(wait);
}

/* Going */

static void wait_end(struct lock_wait *wait)
{
	struct dnfs4_client *client = wait->owner->client;
	bool listed, armed = false;

	spin_lock(&client->owners_lock);
	listed = wait->listed;
	if (listed) {
		WRITE_ONCE(wait->listed, false);
		list_del(&wait->owner_link);
		list_del(&wait->open_link);
		client->lock_waits--;
		armed = cancel_delayed_work(&wait->over);
	}
	spin_unlock(&client->owners_lock);
	if (!listed)
		return;
	/* Off the lists, then look at the queue; the other way round in wait_start(). */
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

/* It is over after a while from now. */
static void wait_arm(struct lock_wait *wait)
{
	struct workqueue_struct *wq = wait->owner->client->server->clients->wq;

	lockdep_assert_held(&wait->owner->client->owners_lock);
	refcount_inc(&wait->ref);
	/* If it was armed it keeps the reference of that. */
	if (mod_delayed_work(wq, &wait->over, msecs_to_jiffies(WAIT_KEPT_MS)))
		refcount_dec(&wait->ref);
}

/* Telling */

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
	/* The client goes. */
	wait_end(wait);
	wait_put(wait);
}

/* The turn in the table's queue */

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
	/* Pairs with that of wait_end(): one of us sees what the other did. */
	smp_mb();
	/* It was ended before there was something to take back. */
	if (!READ_ONCE(wait->listed))
		ditto_range_cancel_wait(&wait->table);
}

/* Coming */

static struct lock_wait *wait_alloc(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
				    const struct ditto_range_request *req)
{
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
	return wait;
}

/* A request that is made again is the same; one that was told about is over. With owners_lock. */
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

static bool is_waiting(struct dnfs4_owner *owner, const struct ditto_range_request *req)
{
	struct lock_wait *wait;

	spin_lock(&owner->client->owners_lock);
	wait = wait_find(owner, req);
	if (wait)
		wait_arm(wait);
	spin_unlock(&owner->client->owners_lock);
	return wait;
}

static bool wait_list(struct lock_wait *wait)
{
	struct dnfs4_client *client = wait->owner->client;

	spin_lock(&client->owners_lock);
	wait->listed = client->lock_waits < WAITS_MAX;
	if (wait->listed) {
		client->lock_waits++;
		refcount_inc(&wait->ref);
		list_add_tail(&wait->open_link, &wait->open->waits);
		list_add_tail(&wait->owner_link, &wait->owner->waits);
		wait_arm(wait);
	}
	spin_unlock(&client->owners_lock);
	return wait->listed;
}

void dnfs4_lock_wait(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
		     const struct ditto_range_request *req)
{
	struct lock_wait *wait;

	lockdep_assert_held(&lock->state.lock);
	if (!atomic_read(&cmp->client->back_conns) || is_waiting(lock->owner, req))
		return;
	wait = wait_alloc(cmp, lock, req);
	if (!wait)
		return;
	if (wait_list(wait))
		wait_start(wait, req);
	wait_put(wait);
}

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

void dnfs4_lock_waits_close(struct dnfs4_open *open)
{
	struct dnfs4_client *client = open->owner->client;
	struct lock_wait *wait;

	lockdep_assert_held(&open->state.lock);
	while (!list_empty(&open->waits)) {
		spin_lock(&client->owners_lock);
		wait = list_first_entry_or_null(&open->waits, struct lock_wait, open_link);
		if (wait)
			refcount_inc(&wait->ref);
		spin_unlock(&client->owners_lock);
		if (!wait)
			return;
		wait_end(wait);
		wait_put(wait);
	}
}
