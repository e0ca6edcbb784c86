// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners and their seqids, see owner.h for locking and lifetime.
 *
 * The table finds owners by client, kind and opaque name. An owner without states is put on the
 * client's list of idle owners, which has a reference on it. The oldest idle owners are
 * forgotten when they are too old or too many: when another owner of the client becomes idle, and
 * by the laundry, for a client that opens nothing any more.
 */
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../../lockd/claim.h"
#include "../../rpc/decode.h"
#include "../engine/fh.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "open.h"
#include "owner.h"

/* Buffers for replies are allocated in multiples of this size. */
#define DNFS4_REPLY_STEP	64

/* A lock-owner may be locked while an open-owner is. */
static struct lock_class_key dnfs4_open_owner_key, dnfs4_lock_owner_key;

/* The table */

/* Key of the table of owners. */
struct dnfs4_owner_name {
	u64 client;
	const void *data;
	u32 len;
	u8 kind;
};

static u32 dnfs4_name_hash(const void *data, u32 len, u32 seed)
{
	const struct dnfs4_owner_name *name = data;
	u32 first = jhash_3words(name->client, upper_32_bits(name->client), name->kind, seed);

	return jhash(name->data, name->len, first);
}

static struct dnfs4_owner_name dnfs4_name_of(const struct dnfs4_owner *owner)
{
	return (struct dnfs4_owner_name){
		.client = get_unaligned_be64(owner->key + DNFS4_KEY_ID),
		.data = owner->key + DNFS4_KEY_OPAQUE,
		.len = owner->len - DNFS4_KEY_OPAQUE,
		.kind = owner->kind,
	};
}

static u32 dnfs4_owner_hash(const void *data, u32 len, u32 seed)
{
	const struct dnfs4_owner_name name = dnfs4_name_of(data);

	return dnfs4_name_hash(&name, len, seed);
}

static int dnfs4_owner_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dnfs4_owner_name *want = arg->key;
	const struct dnfs4_owner_name is = dnfs4_name_of(obj);

	return want->client != is.client || want->kind != is.kind || want->len != is.len ||
	       memcmp(want->data, is.data, is.len);
}

static const struct rhashtable_params dnfs4_owner_params = {
	.head_offset = offsetof(struct dnfs4_owner, by_key),
	.hashfn = dnfs4_name_hash,
	.obj_hashfn = dnfs4_owner_hash,
	.obj_cmpfn = dnfs4_owner_cmp,
	.automatic_shrinking = true,
};

int dnfs4_owners_init(struct dnfs4_server *server)
{
	struct rhashtable *owners = kzalloc(sizeof(*owners), GFP_KERNEL);
	int err;

	if (!owners)
		return -ENOMEM;
	err = rhashtable_init(owners, &dnfs4_owner_params);
	if (err) {
		kfree(owners);
		return err;
	}
	server->owners = owners;
	return 0;
}

void dnfs4_owners_exit(struct dnfs4_server *server)
{
	struct rhashtable *owners = server->owners;

	if (!owners)
		return;
	server->owners = NULL;
	rhashtable_destroy(owners);
	kfree(owners);
}

/* True if this is the name of an owner, among the owners of its client and kind. Any context. */
bool dnfs4_owner_is(const struct dnfs4_owner *owner, const struct dnfs4_name *name)
{
	return owner->len == DNFS4_KEY_OPAQUE + name->len &&
	       !memcmp(owner->key + DNFS4_KEY_OPAQUE, name->data, name->len);
}

/*
 * Drop a reference on an owner. @owner: NULL is allowed. Context: process; owner->lock is not held.
 */
void dnfs4_owner_put(struct dnfs4_owner *owner)
{
	if (!owner || !refcount_dec_and_test(&owner->ref))
		return;
	rhashtable_remove_fast(owner->table, &owner->by_key, dnfs4_owner_params);
	mutex_destroy(&owner->lock);
	kfree(owner->reply);
	/* Last, because it holds the client. */
	ditto_owner_put(owner->claimant);
	kfree_rcu(owner, rcu);
}

/*
 * Get the lock table's owner of an owner. Return: the owner in the lock table with a reference, for
 * as long as it has claims there; or an ERR_PTR: -ENOMEM, -ESHUTDOWN.
 */
struct ditto_owner *dnfs4_owner_claimant(struct dnfs4_owner *owner)
{
	struct ditto_owner *claimant = READ_ONCE(owner->claimant);

	BUILD_BUG_ON(DNFS4_KEY_OPAQUE + DNFS4_OWNER_MAX > DITTO_OWNER_KEY_MAX);
	if (claimant)
		return ditto_owner_hold(claimant);
	claimant = ditto_owner_get(&owner->client->client, owner->key, owner->len);
	if (!IS_ERR(claimant) && !cmpxchg(&owner->claimant, NULL, claimant))
		ditto_owner_hold(claimant);
	return claimant;
}

static struct dnfs4_owner *dnfs4_owner_make(struct dnfs4_client *client,
					    const struct dnfs4_owner_name *name)
{
	struct rhashtable *table = client->server->owners;
	u16 len = DNFS4_KEY_OPAQUE + name->len;
	struct dnfs4_owner *fresh, *old;

	fresh = kzalloc(struct_size(fresh, key, len), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->len = len;
	fresh->key[0] = name->kind;
	put_unaligned_be64(name->client, fresh->key + DNFS4_KEY_ID);
	memcpy(fresh->key + DNFS4_KEY_OPAQUE, name->data, name->len);
	fresh->kind = name->kind;
	fresh->table = table;
	fresh->client = client;
	refcount_set(&fresh->ref, 1);
	fresh->states = RB_ROOT;
	INIT_LIST_HEAD(&fresh->waits);
	INIT_LIST_HEAD(&fresh->idle);
	mutex_init(&fresh->lock);
	lockdep_set_class(&fresh->lock, name->kind == DNFS4_OWNER_OPEN ? &dnfs4_open_owner_key :
									&dnfs4_lock_owner_key);
	for (;;) {
		rcu_read_lock();
		old = rhashtable_lookup_get_insert_key(table, name, &fresh->by_key,
						       dnfs4_owner_params);
		if (!old) {
			rcu_read_unlock();
			return fresh;
		}
		if (IS_ERR(old) || refcount_inc_not_zero(&old->ref))
			break;
		/* It is being removed from the table. */
		rcu_read_unlock();
		cond_resched();
	}
	rcu_read_unlock();
	mutex_destroy(&fresh->lock);
	kfree(fresh);
	return old;
}

/*
 * Find or create an owner. @kind: open-owner or lock-owner. Context: may sleep if @make is set.
 * Return: the owner with a reference; NULL if there is none and @make is not set; or an ERR_PTR
 * such as -ENOMEM.
 */
struct dnfs4_owner *dnfs4_owner_get(struct dnfs4_client *client, enum dnfs4_owner_kind kind,
				    const struct dnfs4_name *name, bool make)
{
	const struct dnfs4_owner_name key = {
		.client = client->id, .data = name->data, .len = name->len, .kind = kind,
	};
	struct dnfs4_owner *owner;

	rcu_read_lock();
	owner = rhashtable_lookup(client->server->owners, &key, dnfs4_owner_params);
	if (owner && !refcount_inc_not_zero(&owner->ref))
		owner = NULL;
	rcu_read_unlock();
	return owner || !make ? owner : dnfs4_owner_make(client, &key);
}

/* Idle owners */

/* Remove an owner from the idle list; its reference passes to the caller. owners_lock is held. */
static void dnfs4_owner_take_idle(struct dnfs4_owner *owner)
{
	list_del_init(&owner->idle);
	owner->client->nowners_idle--;
}

static bool dnfs4_owner_is_old(const struct dnfs4_owner *owner)
{
	return time_after_eq(jiffies, READ_ONCE(owner->idle_since) + DNFS4_OWNER_IDLE_S * HZ);
}

/*
 * Remove the oldest idle owner, whose reference passes to the caller. Return: NULL if there is
 * none, or, without @all, if it is not too old and there are not too many. owners_lock is held.
 */
static struct dnfs4_owner *dnfs4_owner_oldest(struct dnfs4_client *client, bool all)
{
	struct dnfs4_owner *owner;

	owner = list_first_entry_or_null(&client->owners_idle, struct dnfs4_owner, idle);
	if (!owner)
		return NULL;
	if (!all && client->nowners_idle <= DNFS4_OWNERS_IDLE_MAX &&
	    !dnfs4_owner_is_old(owner))
		return NULL;
	dnfs4_owner_take_idle(owner);
	return owner;
}

/* 4.0: drop the tombstone of the last closed state. */
static void dnfs4_owner_bury(struct dnfs4_owner *owner)
{
	struct dnfs4_state *tomb = xchg(&owner->tomb, NULL);

	if (!tomb)
		return;
	dnfs4_state_del(tomb);
	dnfs4_state_put(tomb);
}

static void dnfs4_owner_drop(struct dnfs4_owner *owner)
{
	if (!owner)
		return;
	dnfs4_owner_bury(owner);
	dnfs4_owner_put(owner);
}

/*
 * Note that an owner has got a state. @owner: held; not idle any more. Context: client->owners_lock
 * is held.
 */
void dnfs4_owner_join(struct dnfs4_owner *owner)
{
	lockdep_assert_held(&owner->client->owners_lock);
	if (list_empty(&owner->idle))
		return;
	dnfs4_owner_take_idle(owner);
	/* The caller has another reference. */
	refcount_dec(&owner->ref);
}

/*
 * Update the idle list after the end of a state or, without @link, of a seqid request: an owner
 * without states is put on it, and the oldest owner may leave it.
 */
static void dnfs4_owner_settle(struct dnfs4_owner *owner, struct rb_node *link)
{
	struct dnfs4_client *client = owner->client;
	struct dnfs4_owner *oldest;

	spin_lock(&client->owners_lock);
	if (link && !RB_EMPTY_NODE(link)) {
		rb_erase(link, &owner->states);
		RB_CLEAR_NODE(link);
	}
	if (RB_EMPTY_ROOT(&owner->states) && list_empty(&owner->idle) &&
	    !READ_ONCE(client->states.closed)) {
		refcount_inc(&owner->ref);
		WRITE_ONCE(owner->idle_since, jiffies);
		list_add_tail(&owner->idle, &client->owners_idle);
		client->nowners_idle++;
	}
	oldest = dnfs4_owner_oldest(client, false);
	spin_unlock(&client->owners_lock);
	dnfs4_owner_drop(oldest);
	/* The client is being released: a tombstone, which holds its owner, would never go. */
	if (READ_ONCE(client->states.closed))
		dnfs4_owner_bury(owner);
}

/*
 * Remove a state from an owner. @owner: held; becomes idle with its last state. May forget the
 * client's oldest idle owner. Context: takes client->owners_lock.
 */
void dnfs4_owner_leave(struct dnfs4_owner *owner, struct rb_node *link)
{
	dnfs4_owner_settle(owner, link);
}

/*
 * Forget an idle owner. @owner: held by the caller; nothing happens if it is not idle. For
 * RELEASE_LOCKOWNER of 4.0. Context: takes client->owners_lock.
 */
void dnfs4_owner_release(struct dnfs4_owner *owner)
{
	bool was_idle;

	spin_lock(&owner->client->owners_lock);
	was_idle = !list_empty(&owner->idle);
	if (was_idle)
		dnfs4_owner_take_idle(owner);
	spin_unlock(&owner->client->owners_lock);
	if (was_idle)
		dnfs4_owner_drop(owner);
}

static void dnfs4_owners_drop(struct dnfs4_client *client, bool all)
{
	struct dnfs4_owner *owner;

	do {
		spin_lock(&client->owners_lock);
		owner = dnfs4_owner_oldest(client, all);
		spin_unlock(&client->owners_lock);
		dnfs4_owner_drop(owner);
		cond_resched();
	} while (owner);
}

/* Forget all idle owners of a client. */
void dnfs4_owners_forget(struct dnfs4_client *client)
{
	dnfs4_owners_drop(client, true);
}

/*
 * Check whether a client has an owner that is idle for too long. An owner that is taken off the
 * list stays an owner under RCU. Context: any. Return: true if dnfs4_owners_age() is likely to find
 * one.
 */
bool dnfs4_owners_are_old(const struct dnfs4_client *client)
{
	const struct list_head *first;
	bool old;

	rcu_read_lock();
	first = READ_ONCE(client->owners_idle.next);
	old = first != &client->owners_idle &&
	      dnfs4_owner_is_old(list_entry(first, struct dnfs4_owner, idle));
	rcu_read_unlock();
	return old;
}

/* Forget the owners of a client that are idle for DNFS4_OWNER_IDLE_S. */
void dnfs4_owners_age(struct dnfs4_client *client)
{
	dnfs4_owners_drop(client, false);
}

/* XDR */

/* Decode a state_owner4. Return: NFS4_OK or NFS4ERR_BADXDR. */
u32 dnfs4_decode_name_of_owner(struct dnfs4_compound *cmp, struct dnfs4_name *name)
{
	if (dnfs_decode_u64(cmp->in, &name->clientid))
		return NFS4ERR_BADXDR;
	return dnfs4_decode_opaque(cmp, DNFS4_OWNER_MAX, &name->data, &name->len);
}

/* Seqids */

/*
 * Compare a seqid with the last one of an owner. @owner: the owner, locked; @op: operation of the
 * request; a replay must be of the same operation. Declared for KUnit tests. Return: enum
 * dnfs4_seqid_kind.
 */
enum dnfs4_seqid_kind dnfs4_seqid_check(const struct dnfs4_owner *owner, const struct dnfs4_op *op,
					u32 seqid)
{
	if (!owner->known || seqid == owner->seqid + 1)
		return DNFS4_SEQID_NEW;
	if (seqid == owner->seqid && owner->reply_op == op)
		return DNFS4_SEQID_REPLAY;
	return DNFS4_SEQID_BAD;
}

/*
 * Replay the kept reply and restore the current handle that the request set, because the
 * operations behind it in the COMPOUND are executed again on the same file. If the handle
 * cannot be decoded, that status is the result, and the client continues with the next seqid.
 */
static u32 dnfs4_owner_replay(const struct dnfs4_owner *owner, struct dnfs4_compound *cmp)
{
	u32 status;

	lockdep_assert_held(&owner->lock);
	if (owner->fh_len) {
		status = dnfs4_fh_decode(cmp, owner->reply + owner->reply_len, owner->fh_len);
		if (status)
			return status;
	}
	cmp->op_replay = (struct dnfs4_replay){
		.data = owner->reply ?: (u8 *)"", .len = owner->reply_len,
		.status = owner->reply_status,
	};
	return owner->reply_status;
}

/*
 * Lock an owner and check the seqid of a request. @seqid_op: all zero; the caller ends it with
 * dnfs4_seqid_end() whatever is returned. RFC 7530 section 9.1.7. For a replay, @cmp->op_replay is
 * set to the kept reply and its status is returned, which may be NFS4_OK: use
 * dnfs4_seqid_is_replay(). Context: takes owner->lock until dnfs4_seqid_end(). Return: NFS4_OK;
 * NFS4ERR_BAD_SEQID; or the status of a replay.
 */
u32 dnfs4_seqid_begin(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op,
		      struct dnfs4_owner *owner, u32 seqid)
{
	if (cmp->minor)
		return NFS4_OK;
	refcount_inc(&owner->ref);
	mutex_lock(&owner->lock);
	seqid_op->owner = owner;
	seqid_op->seqid = seqid;
	switch (dnfs4_seqid_check(owner, cmp->op, seqid)) {
	case DNFS4_SEQID_NEW:
		break;
	case DNFS4_SEQID_REPLAY:
		return dnfs4_owner_replay(owner, cmp);
	case DNFS4_SEQID_BAD:
		return NFS4ERR_BAD_SEQID;
	}
	seqid_op->counts = true;
	dnfs4_owner_bury(owner);
	return NFS4_OK;
}

/* Keep the result if there is memory. Without it a replay gets NFS4ERR_BAD_SEQID. */
static void dnfs4_owner_keep(struct dnfs4_owner *owner, const struct dnfs4_compound *cmp,
			     u32 status, unsigned int pos)
{
	bool sets_fh = !status && cmp->op->flags & DNFS4_OP_SETS_FH;
	const struct xdr_buf *buf = cmp->out->buf;
	u32 len = buf->len - pos, need = len;
	u8 *room;

	owner->reply_op = NULL;
	owner->fh_len = 0;
	/* The handle follows the reply. */
	if (sets_fh)
		need += DNFS4_FH_MAX;
	if (need > owner->reply_room) {
		need = round_up(need, DNFS4_REPLY_STEP);
		room = krealloc(owner->reply, need, GFP_KERNEL_ACCOUNT);
		if (!room)
			return;
		owner->reply = room;
		owner->reply_room = need;
	}
	if (len && read_bytes_from_xdr_buf(buf, pos, owner->reply, len))
		return;
	if (sets_fh && dnfs4_fh_encode(&cmp->current_fh, owner->reply + len, &owner->fh_len)) {
		owner->fh_len = 0;
		return;
	}
	owner->reply_len = len;
	owner->reply_status = status;
	owner->reply_op = cmp->op;
}

/*
 * Keep the reply of a seqid request. For struct dnfs4_op.finish. Advances the owner's seqid unless
 * @status is one of those that RFC 7530 section 9.1.7 exempts.
 */
void dnfs4_seqid_finish(struct dnfs4_compound *cmp, struct dnfs4_seqid_op *seqid_op, u32 status,
			unsigned int pos)
{
	struct dnfs4_owner *owner = seqid_op->owner;

	/* RFC 7530 section 9.1.7 */
	if (!owner || !seqid_op->counts || !seqid_mutating_err(status))
		return;
	owner->seqid = seqid_op->seqid;
	owner->known = true;
	dnfs4_owner_keep(owner, cmp, status, pos);
}

/* Unlock and put the owner of a seqid request. For struct dnfs4_op.release. */
void dnfs4_seqid_end(struct dnfs4_seqid_op *seqid_op)
{
	struct dnfs4_owner *owner = seqid_op->owner;

	if (!owner)
		return;
	seqid_op->owner = NULL;
	mutex_unlock(&owner->lock);
	/* An owner without states is kept on the idle list, too. */
	dnfs4_owner_settle(owner, NULL);
	dnfs4_owner_put(owner);
}
