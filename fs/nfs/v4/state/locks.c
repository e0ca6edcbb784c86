// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock states: the byte-range locks of a lock-owner on an open, see open.h.
 *
 * The ranges themselves are in the lock table, under the lock-owner. A lock state is in the
 * client's table of states, in the tree of its owner, and on the list of its open. Locking: see
 * open.h.
 */
#include <linux/err.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../../lockd/range.h"
#include "../../../node/file.h"
#include "../../../node/node.h"
#include "../../../open/instance.h"
#include "../../../share/share.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "open.h"
#include "open_private.h"

/*
 * Linux has room for little more than its own owners in a reply to LOCK, and makes EIO of a longer
 * one. Owners of other protocols tell a client of NFSv4 nothing, thus their start is enough.
 */
#define DNFS4_FOREIGN_OWNER_MAX	16

static struct kmem_cache *dnfs4_lock_slab;

int dnfs4_locks_setup(void)
{
	dnfs4_lock_slab = KMEM_CACHE(dnfs4_lock, SLAB_ACCOUNT);
	return dnfs4_lock_slab ? 0 : -ENOMEM;
}

void dnfs4_locks_cleanup(void)
{
	/* Wait for locks that are being freed by call_rcu(). They hold their opens. */
	rcu_barrier();
	kmem_cache_destroy(dnfs4_lock_slab);
}

/* The lock that an open has had for longest, mostly its only one. Under RCU. */
static struct dnfs4_lock *dnfs4_lock_first(struct dnfs4_open *open)
{
	return hlist_entry_safe(rcu_dereference(hlist_first_rcu(&open->locks)), struct dnfs4_lock,
				open_link);
}

/* Add a lock to its open, behind the first one. client->owners_lock is held. */
static void dnfs4_lock_link(struct dnfs4_lock *lock)
{
	struct hlist_head *locks = &lock->open->locks;

	if (hlist_empty(locks))
		hlist_add_head_rcu(&lock->open_link, locks);
	else
		hlist_add_behind_rcu(&lock->open_link, locks->first);
}

/*
 * Find or create a lock-owner who is about to lock bytes. Most opens have one lock-owner, who is
 * found without a search in the table of all owners. Return: the owner with a reference, or an
 * ERR_PTR of dnfs4_owner_get().
 */
struct dnfs4_owner *dnfs4_locker_get(struct dnfs4_open *open, const struct dnfs4_name *name)
{
	struct dnfs4_owner *owner = NULL;
	struct dnfs4_lock *first;

	rcu_read_lock();
	first = dnfs4_lock_first(open);
	if (first && dnfs4_owner_is(first->owner, name) &&
	    refcount_inc_not_zero(&first->owner->ref))
		owner = first->owner;
	rcu_read_unlock();
	return owner ?: dnfs4_owner_get(open->owner->client, DNFS4_OWNER_LOCK, name, true);
}

static int dnfs4_lock_compare(const void *open, const struct rb_node *rb)
{
	const void *other = rb_entry(rb, struct dnfs4_lock, by_open)->open;

	return open < other ? -1 : open > other;
}

static int dnfs4_lock_order(struct rb_node *rb, const struct rb_node *other)
{
	return dnfs4_lock_compare(rb_entry(rb, struct dnfs4_lock, by_open)->open, other);
}

/*
 * Find the lock state of an owner on an open. @owner: lock-owner. Context: any. Return: the lock
 * with a reference, or NULL.
 */
struct dnfs4_lock *dnfs4_lock_find(struct dnfs4_owner *owner, struct dnfs4_open *open)
{
	struct dnfs4_client *client = owner->client;
	struct dnfs4_lock *lock;

	rcu_read_lock();
	lock = dnfs4_lock_first(open);
	if (lock && (lock->owner != owner || !refcount_inc_not_zero(&lock->state.ref)))
		lock = NULL;
	rcu_read_unlock();
	if (lock)
		return lock;
	spin_lock(&client->owners_lock);
	lock = rb_entry_safe(rb_find(open, &owner->states, dnfs4_lock_compare), struct dnfs4_lock,
			     by_open);
	/* While it is in the tree, its maker or the client's table has a reference. */
	if (lock)
		dnfs4_state_hold(&lock->state);
	spin_unlock(&client->owners_lock);
	return lock;
}

/* Add a lock to its owner. Return: false if the owner has one of the same open. */
static bool dnfs4_lock_join(struct dnfs4_lock *lock)
{
	struct dnfs4_client *client = lock->owner->client;
	bool added;

	spin_lock(&client->owners_lock);
	added = !rb_find_add(&lock->by_open, &lock->owner->states, dnfs4_lock_order);
	if (added)
		dnfs4_owner_join(lock->owner);
	spin_unlock(&client->owners_lock);
	return added;
}

static void dnfs4_lock_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(dnfs4_lock_slab, container_of(rcu, struct dnfs4_lock, rcu));
}

static void dnfs4_lock_free(struct dnfs4_state *state)
{
	struct dnfs4_lock *lock = container_of(state, struct dnfs4_lock, state);

	dnfs4_state_put(&lock->open->state);
	dnfs4_owner_put(lock->owner);
	/* Last, because it holds the client. */
	ditto_owner_put(lock->claimant);
	call_rcu(&lock->rcu, dnfs4_lock_free_rcu);
}

static bool dnfs4_lock_has_bytes(struct dnfs4_lock *lock)
{
	struct ditto_op op = { .srv = lock->owner->client->server->srv };
	struct ditto_node *node;
	bool has;

	if (ditto_instance_begin(lock->open->inst, &op, &node))
		return false;
	has = ditto_range_owner_has_posix(&node->point, lock->claimant);
	ditto_instance_end(lock->open->inst, &op);
	return has;
}

/*
 * Release all ranges of a lock state and remove it. @lock: its state.lock is held; may be closed
 * already.
 */
void dnfs4_lock_close(struct dnfs4_lock *lock)
{
	struct ditto_op op = { .srv = lock->owner->client->server->srv };
	struct ditto_node *node;

	lockdep_assert_held(&lock->state.lock);
	if (lock->state.void_why == DNFS4_CLOSED)
		return;
	/* Release all ranges. If the claim of the open is lost, they are gone already. */
	if (!ditto_instance_begin(lock->open->inst, &op, &node)) {
		ditto_range_release_owner(&node->point, lock->claimant);
		ditto_instance_end(lock->open->inst, &op);
	}
	dnfs4_lock_abandon(lock);
}

/* Remove a lock state that has no ranges. @lock: its state.lock is held. */
void dnfs4_lock_abandon(struct dnfs4_lock *lock)
{
	struct dnfs4_client *client = lock->owner->client;

	lockdep_assert_held(&lock->state.lock);
	spin_lock(&client->owners_lock);
	hlist_del_init(&lock->open_link);
	spin_unlock(&client->owners_lock);
	dnfs4_owner_leave(lock->owner, &lock->by_open);
	/* Remove it before changing void_why, because the removal counts void states by it. */
	dnfs4_state_del(&lock->state);
	WRITE_ONCE(lock->state.void_why, DNFS4_CLOSED);
}

static void dnfs4_lock_release(struct dnfs4_state *state)
{
	struct dnfs4_lock *lock = container_of(state, struct dnfs4_lock, state);

	dnfs4_state_lock(state);
	dnfs4_lock_close(lock);
	dnfs4_state_unlock(state);
}

static u32 dnfs4_lock_free_stateid(struct dnfs4_state *state)
{
	struct dnfs4_lock *lock = container_of(state, struct dnfs4_lock, state);

	if (state->void_why == DNFS4_VALID && dnfs4_lock_has_bytes(lock))
		return NFS4ERR_LOCKS_HELD;
	dnfs4_lock_close(lock);
	return NFS4_OK;
}

const struct dnfs4_state_ops dnfs4_lock_ops = {
	.kind = DNFS4_STATE_LOCK,
	.release = dnfs4_lock_release,
	.free_stateid = dnfs4_lock_free_stateid,
	.free = dnfs4_lock_free,
};

/*
 * Create a lock state with a stateid. @owner: lock-owner; @open: the open; its state.lock is held.
 * Return: the lock with a reference and its state.lock held; ERR_PTR of -ENOMEM, -ENOSPC,
 * -ESHUTDOWN.
 */
struct dnfs4_lock *dnfs4_lock_make(struct dnfs4_owner *owner, struct dnfs4_open *open)
{
	struct ditto_owner *claimant = dnfs4_owner_claimant(owner);
	struct dnfs4_client *client = owner->client;
	struct dnfs4_lock *lock;
	int err;

	lockdep_assert_held(&open->state.lock);
	if (IS_ERR(claimant))
		return ERR_CAST(claimant);
	lock = kmem_cache_zalloc(dnfs4_lock_slab, GFP_KERNEL);
	if (!lock) {
		ditto_owner_put(claimant);
		return ERR_PTR(-ENOMEM);
	}
	dnfs4_state_init(&lock->state, &dnfs4_lock_ops, client);
	refcount_inc(&owner->ref);
	dnfs4_state_hold(&open->state);
	lock->owner = owner;
	lock->open = open;
	lock->claimant = claimant;
	INIT_HLIST_NODE(&lock->open_link);
	RB_CLEAR_NODE(&lock->by_open);
	dnfs4_state_lock(&lock->state);
	err = -EEXIST;
	if (!dnfs4_lock_join(lock))
		goto put;
	err = dnfs4_state_add(&lock->state);
	if (err)
		goto leave;
	spin_lock(&client->owners_lock);
	dnfs4_lock_link(lock);
	spin_unlock(&client->owners_lock);
	return lock;

leave:
	dnfs4_owner_leave(owner, &lock->by_open);
put:
	dnfs4_state_unlock(&lock->state);
	dnfs4_state_put(&lock->state);
	return ERR_PTR(err);
}

/* Close all locks of an open. @open: its state.lock is held. */
void dnfs4_open_close_locks(struct dnfs4_open *open)
{
	struct dnfs4_client *client = open->owner->client;
	struct dnfs4_lock *lock;

	for (;;) {
		spin_lock(&client->owners_lock);
		lock = hlist_entry_safe(open->locks.first, struct dnfs4_lock, open_link);
		/* While it is on the list, the client's table has a reference. */
		if (lock)
			dnfs4_state_hold(&lock->state);
		spin_unlock(&client->owners_lock);
		if (!lock)
			break;
		dnfs4_state_lock(&lock->state);
		dnfs4_lock_close(lock);
		dnfs4_state_unlock(&lock->state);
		dnfs4_state_put(&lock->state);
	}
}

/* Helpers of LOCK, LOCKT and LOCKU */

/*
 * Convert offset and length of a lock request. @length: number of bytes; all ones: up to the end of
 * the file. RFC 8881 section 18.10.3. Return: NFS4_OK or NFS4ERR_INVAL.
 */
u32 dnfs4_lock_bytes(u64 offset, u64 length, struct ditto_range_request *req)
{
	if (!length)
		return NFS4ERR_INVAL;
	/* All ones: up to the end of the file, whatever its size. */
	if (length == U64_MAX)
		length = 0;
	return ditto_range_set_posix(req, offset, length) ? NFS4ERR_INVAL : NFS4_OK;
}

/*
 * Get the open file that shows ranges to local processes. @exclusive: the lock is exclusive, so the
 * file should be open for writing.
 *
 * A file that cannot be opened for writing, such as a running program, can still be locked.
 *
 * Return: the file with a reference; NULL if the share does not show its locks to local processes;
 * or an ERR_PTR.
 */
struct ditto_file *dnfs4_lock_file(struct dnfs4_compound *cmp, bool exclusive)
{
	struct ditto_share *share = cmp->current_fh.target.op.share;
	struct ditto_file *df;

	if (!ditto_share_local_locks(share))
		return NULL;
	df = ditto_file_get(share, dnfs4_node(cmp),
			    exclusive ? DITTO_FILE_WRITE : DITTO_FILE_READ);
	if (IS_ERR(df) && exclusive)
		df = ditto_file_get(share, dnfs4_node(cmp), DITTO_FILE_READ);
	return df;
}

/*
 * Describe a conflicting holder for a LOCK4denied: an NFSv4 owner by its own name, any other owner
 * by its key in the lock table, with clientid 0. @conflict must outlive @name.
 */
static void dnfs4_conflict_owner(const struct ditto_conflict *conflict, struct dnfs4_name *name)
{
	static const char protocol[] = "nfs4";
	bool ours = !strncmp(conflict->protocol, protocol, sizeof(protocol) - 1) &&
		    conflict->key_len >= DNFS4_KEY_OPAQUE;
	u32 skip = ours ? DNFS4_KEY_OPAQUE : 0;

	name->clientid = ours ? get_unaligned_be64(conflict->key + DNFS4_KEY_ID) : 0;
	name->data = conflict->key + skip;
	name->len = min_t(u32, conflict->key_len - skip,
			  ours ? DNFS4_OWNER_MAX : DNFS4_FOREIGN_OWNER_MAX);
}

/* Encode a LOCK4denied. RFC 8881 section 18.10.2. Return: false if it does not fit. */
bool dnfs4_encode_denied(struct dnfs4_compound *cmp, const struct ditto_conflict *conflict)
{
	struct xdr_stream *xdr = cmp->out;
	u64 length = conflict->last - conflict->first + 1;
	struct dnfs4_name name;
	__be32 *p;

	/* An empty range, which only other protocols have, is reported as one byte. */
	if (conflict->empty)
		length = 1;
	if (conflict->last == U64_MAX)
		length = U64_MAX;
	dnfs4_conflict_owner(conflict, &name);
	/*
	 * Whoever knows the clientid of another client may try to use its state. The client only
	 * learns which of its conflicts are with the same one.
	 */
	if (name.clientid && !(cmp->client && cmp->client->id == name.clientid))
		name.clientid = dnfs4_client_alias(cmp->server, name.clientid);
	p = xdr_reserve_space(xdr, 7 * XDR_UNIT);
	if (!p)
		return false;
	p = xdr_encode_hyper(p, conflict->first);
	p = xdr_encode_hyper(p, length);
	*p++ = cpu_to_be32(conflict->exclusive ? NFS4_WRITE_LT : NFS4_READ_LT);
	xdr_encode_hyper(p, name.clientid);
	return xdr_stream_encode_opaque(xdr, name.data, name.len) >= 0;
}
