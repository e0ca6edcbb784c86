// SPDX-License-Identifier: GPL-2.0-only
/* Leases and oplocks: their table, granting and returning. See lease.h. */
#include <linux/err.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "../../fs/node/file.h"
#include "../../fs/node/node.h"
#include "../../fs/share/share.h"
#include "../../lockd/lease.h"
#include "../auth/session.h"
#include "../transport/call.h"
#include "late_ack.h"
#include "lease.h"
#include "open.h"
#include "persist.h"

#define BUCKETS		8192

static struct bucket {
	spinlock_t lock;	/* guards @leases, and their @opens */
	struct hlist_head leases;
} buckets[BUCKETS];

/* Set up the table of leases. */
void dsmb_leases_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		spin_lock_init(&buckets[i].lock);
}

static struct bucket *bucket_of(const u8 *key)
{
	static siphash_key_t secret __read_mostly;

	/* Clients choose the keys. */
	get_random_once(&secret, sizeof(secret));
	return &buckets[siphash(key, DSMB_LEASE_KEY_SIZE, &secret) % BUCKETS];
}

static struct dsmb_lease *bucket_find(struct bucket *bucket, const struct ditto_client *client,
				      const u8 *key)
{
	struct dsmb_lease *lease;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(lease, &bucket->leases, link) {
		if (lease->owner->client == client &&
		    !memcmp(lease->key, key, DSMB_LEASE_KEY_SIZE))
			return lease;
	}
	return NULL;
}

/* Drop a reference to a lease. */
void dsmb_lease_put(struct dsmb_lease *lease)
{
	if (!refcount_dec_and_test(&lease->ref))
		return;
	ditto_owner_put(lease->owner);
	kfree(lease);
}

/* Opens of a lease */

static struct ditto_owner *owner_for(struct dsmb_open *open, const struct dsmb_caching *asked)
{
	struct ditto_client *client;

	if (asked->level != DSMB_OPLOCK_LEASE)
		return ditto_owner_hold(open->owner);
	client = open->outlives ? open->owner->client : dsmb_lease_client(open->session, true);
	if (!client)
		return ERR_PTR(-ENOMEM);
	return ditto_owner_get(client, asked->key, sizeof(asked->key));
}

static struct dsmb_lease *lease_alloc(struct dsmb_open *open, const struct dsmb_caching *asked)
{
	struct dsmb_lease *lease = kzalloc(sizeof(*lease), GFP_KERNEL);
	struct ditto_owner *owner;

	if (!lease)
		return ERR_PTR(-ENOMEM);
	owner = owner_for(open, asked);
	if (IS_ERR(owner)) {
		kfree(lease);
		return ERR_CAST(owner);
	}
	refcount_set(&lease->ref, 1);
	INIT_HLIST_NODE(&lease->link);
	mutex_init(&lease->lock);
	INIT_LIST_HEAD(&lease->holders);
	INIT_WORK(&lease->record, dsmb_persist_lease_work);
	lease->owner = owner;
	lease->version = asked->version;
	lease->persistent = open->persistent;
	lease->volatile_id = open->volatile_id;
	if (lease->version)
		memcpy(lease->key, asked->key, sizeof(lease->key));
	else
		/* Spreads the oplocks over the buckets, whose locks they use. */
		memcpy(lease->key, &open->volatile_id, sizeof(open->volatile_id));
	lease->epoch = asked->epoch;
	return lease;
}

/* Get the client's lease with this key, or enter the one given. The lease has one more open. */
static struct dsmb_lease *lease_enter(struct dsmb_lease *fresh)
{
	struct bucket *bucket = bucket_of(fresh->key);
	struct dsmb_lease *found;

	spin_lock(&bucket->lock);
	found = bucket_find(bucket, fresh->owner->client, fresh->key);
	if (found) {
		dsmb_lease_hold(found);
	} else {
		hlist_add_head(&fresh->link, &bucket->leases);
		found = fresh;
	}
	found->opens++;
	spin_unlock(&bucket->lock);
	return found;
}

/*
 * Take the owner of the lease on the parent directory: a lease of the same client, known by its
 * ParentLeaseKey (MS-FSA section 2.1.4.12.2).
 */
static int take_parent(struct dsmb_open *open, const struct dsmb_caching *asked)
{
	struct ditto_owner *owner = ditto_owner_get(open->lease->owner->client, asked->parent,
						    sizeof(asked->parent));

	if (IS_ERR(owner))
		return PTR_ERR(owner);
	open->entry_owner = owner;
	return 0;
}

/*
 * Attach an open to its lease or oplock before anything is cached. Undone by dsmb_lease_close().
 * Return: 0, -ENOMEM or -ESHUTDOWN.
 */
int dsmb_lease_take(struct dsmb_open *open, const struct dsmb_caching *asked)
{
	struct dsmb_lease *lease, *fresh;

	if (asked->level == DSMB_OPLOCK_NONE)
		return 0;
	fresh = lease_alloc(open, asked);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	if (dsmb_lease_is_oplock(fresh)) {
		fresh->opens = 1;
		lease = fresh;
	} else {
		lease = lease_enter(fresh);
	}
	if (lease != fresh)
		dsmb_lease_put(fresh);
	open->lease = lease;
	INIT_LIST_HEAD(&open->lease_link);
	return asked->flags & DSMB_LEASE_HAS_PARENT ? take_parent(open, asked) : 0;
}

static struct dsmb_late_acks *lease_late_acks(const struct dsmb_lease *lease)
{
	return dsmb_lease_client_late_acks(lease->owner->client);
}

static bool lease_is_late(const struct dsmb_lease *lease)
{
	return !dsmb_lease_is_oplock(lease) &&
	       dsmb_late_ack_is_awaited(lease_late_acks(lease), lease->key, lease->ino);
}

/* The client closes the last open of a lease. The acknowledgment that is recorded has come. */
static void lease_expect_late(struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	if (lease->breaking && !lease->giving && !dsmb_lease_is_oplock(lease) && lease->ino)
		dsmb_late_ack_await(lease_late_acks(lease), lease->key, lease->ino);
}

/* Return the caching grant. The client is not notified, because it caused the return. */
static void lease_return(struct dsmb_lease *lease)
{
	struct ditto_lease *grant = lease->grant;

	lockdep_assert_held(&lease->lock);
	lease->grant = NULL;
	lease->state = 0;
	lease->node = NULL;
	lease->due = false;
	lease->breaking = false;
	if (grant) {
		ditto_lease_return(grant);
		ditto_lease_put(grant);
	}
}

/*
 * Detach an open from its lease or oplock. The last open of a lease returns the caching grant.
 *
 * The lease stays in the table until its caching grant is returned, so that a CREATE with the same
 * key uses this lease and not a second one on the same grant.
 *
 * Context: takes lease->lock.
 */
void dsmb_lease_close(struct dsmb_open *open)
{
	struct dsmb_lease *lease = open->lease;
	struct bucket *bucket;
	bool last;

	if (!lease)
		return;
	bucket = bucket_of(lease->key);
	mutex_lock(&lease->lock);
	list_del_init(&open->lease_link);
	spin_lock(&bucket->lock);
	last = !--lease->opens;
	spin_unlock(&bucket->lock);
	if (last && READ_ONCE(open->closed_by_client))
		lease_expect_late(lease);
	if (last)
		lease_return(lease);
	spin_lock(&bucket->lock);
	if (!lease->opens)
		hlist_del_init(&lease->link);
	spin_unlock(&bucket->lock);
	mutex_unlock(&lease->lock);
	open->lease = NULL;
	dsmb_lease_put(lease);
}

/*
 * Look up a lease by its key. @key: LeaseKey, DSMB_LEASE_KEY_SIZE bytes. Return: the lease with a
 * reference, or NULL.
 */
struct dsmb_lease *dsmb_lease_find(struct dsmb_session *session, const u8 *key)
{
	struct ditto_client *client = dsmb_lease_client(session, false);
	struct bucket *bucket = bucket_of(key);
	struct dsmb_lease *lease;

	if (!client)
		return NULL;
	spin_lock(&bucket->lock);
	lease = bucket_find(bucket, client, key);
	if (lease)
		dsmb_lease_hold(lease);
	spin_unlock(&bucket->lock);
	return lease;
}

/*
 * Get the owner of an open's caching grant. Return: the owner, borrowed from the open, whose own
 * owner it is if the open has no lease.
 */
struct ditto_owner *dsmb_lease_owner(const struct dsmb_open *open)
{
	return open->lease ? open->lease->owner : open->owner;
}

/*
 * Get the owner whose caching grants an operation through an open does not break. A write through
 * an open whose oplock only allows reading breaks that oplock, too (MS-FSA section 2.1.4.12).
 * Return: the owner, borrowed from the open, or NULL if there is none.
 */
struct ditto_owner *dsmb_lease_actor(const struct dsmb_open *open)
{
	const struct dsmb_lease *lease = open->lease;

	if (lease && dsmb_lease_is_oplock(lease) &&
	    !(READ_ONCE(lease->state) & DITTO_LEASE_WRITE))
		return NULL;
	return dsmb_lease_owner(open);
}

/*
 * Check whether the lease key is in use on any file. Return: true if an open of the lease has a
 * file open.
 */
bool dsmb_lease_is_used(struct dsmb_lease *lease)
{
	return READ_ONCE(lease->node);
}

/*
 * Check whether the lease key is in use on another file. Return: true if it is in use, and not on
 * @node.
 */
bool dsmb_lease_is_elsewhere(struct dsmb_lease *lease, const struct ditto_node *node)
{
	const struct ditto_node *used = READ_ONCE(lease->node);

	return used && used != node;
}

/* Granting */

/*
 * Get the file by which the caching grant is shown to local processes; NULL if it is not shown. If
 * it must be shown and cannot, nothing is granted.
 */
static int lease_file(const struct ditto_op *op, struct ditto_node *node,
		      struct ditto_file **file)
{
	struct ditto_share *share = op->share;

	*file = NULL;
	if (!ditto_share_local_locks(share) || S_ISDIR(node->inode->i_mode))
		return 0;
	*file = ditto_file_get(share, node, DITTO_FILE_READ);
	return PTR_ERR_OR_ZERO(*file);
}

/* Keep a caching grant from the lock table, which is the one known already or a new one. */
static void lease_keep(struct dsmb_lease *lease, struct ditto_lease *grant)
{
	if (grant == lease->grant) {
		dsmb_lease_put(lease);
		ditto_lease_put(grant);
		return;
	}
	/* A different grant is only possible if the old one is void. */
	if (lease->grant)
		ditto_lease_put(lease->grant);
	lease->grant = grant;
}

static void lease_ask(const struct ditto_op *op, const struct dsmb_open *open,
		      struct ditto_node *node, u8 want, bool reclaim)
{
	struct dsmb_lease *lease = open->lease;
	struct ditto_lease_request req = {
		.point = &node->point,
		.actor = *op->actor,
		.style = S_ISDIR(node->inode->i_mode)
				 ? DITTO_LEASE_TYPE_DIRECTORY
				 : DITTO_LEASE_TYPE_LEASE,
		.want = want,
		.older = dsmb_lease_is_oplock(lease),
		.reclaim = reclaim,
		.break_ms = DSMB_BREAK_MS,
		.ops = &dsmb_lease_ops,
		.private = lease,
	};
	struct ditto_lease *grant;
	struct ditto_file *file;

	req.actor.share = op->share->number;
	if (lease_file(op, node, &file))
		return;
	if (file)
		req.filp = file->file;
	/* Reference of the grant; lease_keep() drops it if the grant is not new. */
	dsmb_lease_hold(lease);
	grant = ditto_lease_grant(&req);
	if (IS_ERR(grant))
		dsmb_lease_put(lease);
	else
		lease_keep(lease, grant);
	if (file)
		ditto_file_put(file);
}

/*
 * Get the caching that the lock table has granted. @lease: the lease; its lock is held. Return:
 * DITTO_LEASE_* bits.
 */
u8 dsmb_lease_held(const struct dsmb_lease *lease)
{
	return lease->grant ? ditto_lease_bits(lease->grant) : 0;
}

/*
 * No oplock level has HANDLE without WRITE. Bits that the client does not learn of are given back.
 */
static void oplock_ask(const struct ditto_op *op, const struct dsmb_open *open,
		       struct ditto_node *node, u8 level, bool reclaim)
{
	struct dsmb_lease *lease = open->lease;
	u8 want = dsmb_oplock_bits(level), got;

	lease_ask(op, open, node, want, reclaim);
	got = dsmb_lease_held(lease);
	want = dsmb_oplock_bits(dsmb_oplock_level(got));
	if (got == want)
		return;
	ditto_lease_return(lease->grant);
	lease_ask(op, open, node, want, reclaim);
}

/*
 * A directory has no data to write. Clients keep a handle of each directory that they pass as long
 * as its lease allows, so HANDLE caching is refused once half of the session's opens are in use. A
 * file is not written under a lease whose breaks a late acknowledgment may seem to answer.
 */
static u8 lease_wish(const struct dsmb_call *call, const struct dsmb_lease *lease,
		     const struct ditto_node *node, const struct dsmb_caching *asked)
{
	if (!S_ISDIR(node->inode->i_mode))
		return asked->state & DITTO_LEASE_WRITE && lease_is_late(lease) ?
		       asked->state & ~DITTO_LEASE_WRITE : asked->state;
	if (atomic_read(&call->session->nopens) > DSMB_OPENS_MAX / 2)
		return asked->state & DITTO_LEASE_READ;
	return asked->state & ~DITTO_LEASE_WRITE;
}

/*
 * Request the caching grant if there is anything to request. Called with lease->lock held. A lease
 * is extended if the request contains all that it has and more (MS-FSA section 2.1.5.18.1), and is
 * never reduced.
 */
static void lease_try(struct dsmb_call *call, const struct dsmb_open *open,
		      struct ditto_node *node, const struct dsmb_caching *asked)
{
	struct dsmb_lease *lease = open->lease;
	u8 held = dsmb_lease_held(lease), want = lease_wish(call, lease, node, asked);

	if (lease->breaking || lease->due || lease->state & ~held)
		return;
	if (dsmb_lease_is_oplock(lease))
		oplock_ask(&call->op, open, node, asked->level, false);
	else if (want != held && !(held & ~want))
		lease_ask(&call->op, open, node, want, false);
}

static void lease_answer(struct dsmb_lease *lease, const struct dsmb_caching *asked,
			 struct dsmb_caching *answer)
{
	u8 held = dsmb_lease_held(lease);

	*answer = *asked;
	if (dsmb_lease_is_oplock(lease)) {
		answer->level = dsmb_oplock_level(held);
		return;
	}
	/* The first open of a lease decides on the version for all of them. */
	answer->version = lease->version;
	if (lease->version == 1)
		answer->flags = 0;
	answer->state = held;
	/*
	 * The response describes the state before the outstanding break. A client that learned the
	 * epoch of the break from this response would ignore the break as an old one.
	 */
	answer->epoch = lease->epoch - lease->breaking;
	if (lease->breaking || lease->due || (lease->grant && ditto_lease_breaking(lease->grant)))
		answer->flags |= DSMB_LEASE_BREAKING;
}

/* Bits that were lost must be broken to the client first, so nothing is updated then. */
static void lease_update(struct dsmb_lease *lease, bool fresh)
{
	u8 held = dsmb_lease_held(lease);

	if (lease->state & ~held)
		return;
	/* MS-SMB2 section 3.3.5.9.11: a grant increments the epoch, a refusal does not. */
	if ((fresh && held) || held != lease->state)
		lease->epoch++;
	lease->state = held;
}

/*
 * Send the breaks that waited for the response of a CREATE. The function does nothing if
 * dsmb_lease_grant() left no break to this call.
 */
void dsmb_lease_answered(struct dsmb_call *call)
{
	struct dsmb_lease *lease = call->private;

	if (!lease)
		return;
	call->private = NULL;
	dsmb_lease_sent(lease);
	dsmb_lease_put(lease);
}

/* Breaks wait until the response was sent. Without caching there is nothing to break. */
static void lease_notify_due(struct dsmb_call *call, struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	dsmb_lease_hold(lease);
	call->private = lease;
	call->tells = lease->state;
}

/* Only version 2 of leases is granted on directories: MS-SMB2 section 3.3.5.9.11. */
static bool can_be_cached(const struct dsmb_lease *lease, const struct ditto_node *node)
{
	return S_ISREG(node->inode->i_mode) ||
	       (S_ISDIR(node->inode->i_mode) && lease->version == 2);
}

static void lease_place(struct dsmb_lease *lease, const struct ditto_node *node)
{
	lockdep_assert_held(&lease->lock);
	lease->ino = S_ISREG(node->inode->i_mode) ? node->inode->i_ino : 0;
	WRITE_ONCE(lease->node, node);
}

/*
 * Grant as much of the requested caching as possible. MS-SMB2 sections 3.3.5.9.8 and 3.3.5.9.11.
 * Context: takes lease->lock. Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if the lease key is
 * in use on another file.
 */
u32 dsmb_lease_grant(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node *node,
		     const struct dsmb_caching *asked, struct dsmb_caching *answer)
{
	struct dsmb_lease *lease = open->lease;
	bool fresh;

	memset(answer, 0, sizeof(*answer));
	if (!lease || !can_be_cached(lease, node))
		return STATUS_SUCCESS;
	mutex_lock(&lease->lock);
	if (dsmb_lease_is_elsewhere(lease, node)) {
		mutex_unlock(&lease->lock);
		return STATUS_INVALID_PARAMETER;
	}
	fresh = !lease->node;
	lease_place(lease, node);
	list_add_tail(&open->lease_link, &lease->holders);
	lease->unnotified++;
	lease_try(call, open, node, asked);
	lease_update(lease, fresh);
	lease_answer(lease, asked, answer);
	lease_notify_due(call, lease);
	mutex_unlock(&lease->lock);
	return STATUS_SUCCESS;
}

/*
 * Restore the caching of an open after a restart. Grants as much of @had as possible. Context:
 * takes lease->lock.
 */
void dsmb_lease_restore(const struct ditto_op *op, struct dsmb_open *open, struct ditto_node *node,
			const struct dsmb_caching *had, bool reclaim)
{
	struct dsmb_lease *lease = open->lease;

	if (!lease)
		return;
	mutex_lock(&lease->lock);
	if (!dsmb_lease_is_elsewhere(lease, node)) {
		lease_place(lease, node);
		list_add_tail(&open->lease_link, &lease->holders);
		if (dsmb_lease_is_oplock(lease))
			oplock_ask(op, open, node, had->level, reclaim);
		else if (had->state & ~dsmb_lease_held(lease))
			lease_ask(op, open, node, had->state | dsmb_lease_held(lease), reclaim);
		lease->state = dsmb_lease_held(lease);
		/* The newest epoch that any of its opens knew. */
		if ((s16)(had->epoch - lease->epoch) > 0)
			lease->epoch = had->epoch;
	}
	mutex_unlock(&lease->lock);
}

/*
 * Report the current caching of an open whose CREATE is answered once more. Pending breaks are sent
 * after the response, and so is the notification of an outstanding one: the client has lost a
 * connection, and may not have received it. Context: takes lease->lock.
 */
void dsmb_lease_report(struct dsmb_call *call, struct dsmb_open *open,
		       const struct dsmb_caching *asked, struct dsmb_caching *answer)
{
	struct dsmb_lease *lease = open->lease;

	memset(answer, 0, sizeof(*answer));
	if (!lease)
		return;
	mutex_lock(&lease->lock);
	lease->unnotified++;
	/* The open may have got a new FileId.Volatile. */
	if (dsmb_lease_is_oplock(lease))
		lease->volatile_id = open->volatile_id;
	lease_answer(lease, asked, answer);
	lease->again = lease->breaking;
	lease_notify_due(call, lease);
	mutex_unlock(&lease->lock);
}
