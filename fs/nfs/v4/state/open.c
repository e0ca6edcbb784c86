// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens: open, upgrade, downgrade and close; see open.h.
 *
 * An open-owner has at most one open per file. Further OPENs of the same file upgrade it. Opens
 * come from a SLAB_TYPESAFE_BY_RCU cache: a lookup in the table by owner and node must take a
 * reference first and then check that it found the right open.
 *
 * Locking: see open.h. A new open is inserted into the table with its state.lock held, so that
 * a concurrent OPEN of the same owner and file waits until it is open or has failed.
 */
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "../../../../lockd/open.h"
#include "../../../node/node.h"
#include "../../../open/instance.h"
#include "../../../share/cred.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "lock_wait.h"
#include "open.h"
#include "open_private.h"

static struct kmem_cache *dnfs4_open_slab;

static const struct rhashtable_params dnfs4_open_params = {
	.head_offset = offsetof(struct dnfs4_open, by_owner_node),
	.key_offset = offsetof(struct dnfs4_open, owner),
	.key_len = sizeof(struct dnfs4_pair),
	.hashfn = dnfs4_pair_hash,
	.obj_cmpfn = dnfs4_pair_cmp,
	.automatic_shrinking = true,
};

/* Set-up and tear-down, per module and per server */

int dnfs4_opens_setup(void)
{
	int err;

	dnfs4_open_slab = KMEM_CACHE(dnfs4_open, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU);
	if (!dnfs4_open_slab)
		return -ENOMEM;
	err = dnfs4_locks_setup();
	if (err)
		kmem_cache_destroy(dnfs4_open_slab);
	return err;
}

void dnfs4_opens_cleanup(void)
{
	/* Wait for locks that are being freed by call_rcu(). */
	rcu_barrier();
	dnfs4_locks_cleanup();
	kmem_cache_destroy(dnfs4_open_slab);
}

int dnfs4_opens_init(struct dnfs4_server *server)
{
	struct dnfs4_opens *opens = kzalloc(sizeof(*opens), GFP_KERNEL);
	int err;

	static_assert(offsetof(struct dnfs4_open, node) ==
		      offsetof(struct dnfs4_open, owner) + offsetof(struct dnfs4_pair, object));

	if (!opens)
		return -ENOMEM;
	err = rhashtable_init(&opens->opens, &dnfs4_open_params);
	if (err)
		goto free;
	err = dnfs4_locks_init(opens);
	if (err)
		goto destroy_opens;
	err = dnfs4_owners_init(opens);
	if (err)
		goto destroy_locks;
	server->opens = opens;
	return 0;

destroy_locks:
	rhashtable_destroy(&opens->locks);
destroy_opens:
	rhashtable_destroy(&opens->opens);
free:
	kfree(opens);
	return err;
}

void dnfs4_opens_exit(struct dnfs4_server *server)
{
	struct dnfs4_opens *opens = server->opens;

	if (!opens)
		return;
	server->opens = NULL;
	rhashtable_destroy(&opens->owners);
	rhashtable_destroy(&opens->locks);
	rhashtable_destroy(&opens->opens);
	kfree(opens);
}

/* History */

bool dnfs4_history_allows(u32 history, u32 access, u32 deny)
{
	u32 is_access = 0, is_deny = 0;

	for (u32 a = 1; a <= DNFS4_ACCESS_BOTH; a++) {
		for (u32 d = 0; d <= DNFS4_DENY_BOTH; d++) {
			if (!(history & dnfs4_history_bit(a, d)) || (a & ~access) || (d & ~deny))
				continue;
			is_access |= a;
			is_deny |= d;
		}
	}
	return is_access == access && is_deny == deny;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_history_allows);

u32 dnfs4_history_after(u32 history, u32 access, u32 deny)
{
	u32 after = 0;

	for (u32 a = 1; a <= access; a++)
		for (u32 d = 0; d <= deny; d++)
			if (!(a & ~access) && !(d & ~deny))
				after |= history & dnfs4_history_bit(a, d);
	return after;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_history_after);

/* Release of opens */

static void dnfs4_open_free(struct dnfs4_state *state)
{
	struct dnfs4_open *open = container_of(state, struct dnfs4_open, state);
	struct ditto_op op = { .srv = open->owner->client->server->srv };

	if (open->inst)
		ditto_instance_close(&op, open->inst);
	dnfs4_owner_put(open->owner);
	/* Last, because it holds the client. */
	ditto_owner_put(open->claimant);
	mutex_destroy(&open->state.lock);
	kmem_cache_free(dnfs4_open_slab, open);
}

static void dnfs4_open_unhash(struct dnfs4_open *open)
{
	rhashtable_remove_fast(&open->owner->opens->opens, &open->by_owner_node,
			       dnfs4_open_params);
}

void dnfs4_open_close(struct dnfs4_open *open, struct dnfs4_state *tomb)
{
	struct dnfs4_state *state = &open->state;

	lockdep_assert_held(&state->lock);
	if (state->void_why == DNFS4_CLOSED)
		return;
	dnfs4_open_close_locks(open);
	dnfs4_lock_waits_close(open);
	/* dnfs4_open_lock() may have removed an open that lost its claim already. */
	dnfs4_open_unhash(open);
	ditto_open_revoke(ditto_instance_claim(open->inst));
	dnfs4_owner_leave(open->owner, &open->owner_link);
	/* Remove it before changing void_why, because the removal counts void states by it. */
	if (tomb)
		dnfs4_state_replace(state, tomb);
	else
		dnfs4_state_del(state);
	WRITE_ONCE(state->void_why, DNFS4_CLOSED);
}

static void dnfs4_open_release(struct dnfs4_state *state)
{
	mutex_lock(&state->lock);
	dnfs4_open_close(container_of(state, struct dnfs4_open, state), NULL);
	mutex_unlock(&state->lock);
}

static u32 dnfs4_open_free_stateid(struct dnfs4_state *state)
{
	struct dnfs4_open *open = container_of(state, struct dnfs4_open, state);

	if (state->void_why == DNFS4_VALID)
		return NFS4ERR_LOCKS_HELD;
	dnfs4_open_close(open, NULL);
	return NFS4_OK;
}

const struct dnfs4_state_ops dnfs4_open_ops = {
	.kind = DNFS4_STATE_OPEN,
	.release = dnfs4_open_release,
	.free_stateid = dnfs4_open_free_stateid,
	.free = dnfs4_open_free,
};

bool dnfs4_open_is_lost(struct dnfs4_open *open)
{
	if (ditto_open_held(ditto_instance_claim(open->inst)))
		return false;
	dnfs4_state_revoke(&open->state, DNFS4_ADMIN_REVOKED);
	return true;
}

void dnfs4_opens_cancel(struct dnfs4_owner *owner)
{
	struct dnfs4_client *client = owner->client;
	struct dnfs4_open *open;

	lockdep_assert_held(&owner->lock);
	for (;;) {
		spin_lock(&client->owners_lock);
		open = list_first_entry_or_null(&owner->states, struct dnfs4_open, owner_link);
		/* While it is on the list, the client's table has a reference. */
		if (open)
			dnfs4_state_hold(&open->state);
		spin_unlock(&client->owners_lock);
		if (!open)
			return;
		dnfs4_open_release(&open->state);
		dnfs4_state_put(&open->state);
	}
}

/* Opening */

static u32 dnfs4_rights_of(u32 access)
{
	return (access & NFS4_SHARE_ACCESS_READ ? DITTO_RIGHT_READ_DATA : 0) |
	       (access & NFS4_SHARE_ACCESS_WRITE ?
			DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA : 0);
}

static u8 dnfs4_deny_of(u32 deny)
{
	return (deny & NFS4_SHARE_DENY_READ ? DITTO_OPEN_READ : 0) |
	       (deny & NFS4_SHARE_DENY_WRITE ? DITTO_OPEN_WRITE : 0);
}

static u32 dnfs4_open_status(const struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
			     int err)
{
	switch (err) {
	case 0:
		return NFS4_OK;
	case -ETXTBSY:
		return ask->reclaim ? NFS4ERR_RECLAIM_CONFLICT : NFS4ERR_SHARE_DENIED;
	case -EJUKEBOX:
		return NFS4ERR_DELAY;
	case -EKEYREVOKED:
		/* Delete pending: treated as if the file were deleted. */
		return NFS4ERR_STALE;
	case -ENOSPC:
	case -ENOLCK:
		return cmp->minor ? NFS4ERR_DELAY : NFS4ERR_RESOURCE;
	case -ESHUTDOWN:
		return cmp->minor ? NFS4ERR_DEADSESSION : NFS4ERR_EXPIRED;
	}
	return dnfs4_status(cmp, err);
}

/* The operation context, with the open's owner as actor, to open and change the instance. */
static struct ditto_op dnfs4_open_op(struct dnfs4_compound *cmp, const struct dnfs4_open *open,
				     struct ditto_actor *actor)
{
	struct ditto_op op = *dnfs4_fs_op(cmp);

	*actor = (struct ditto_actor){
		.client = &open->owner->client->client,
		.owner = open->claimant,
		.lease_owner = open->owner->client->lease_owner,
	};
	op.actor = actor;
	op.granted = 0;
	return op;
}

static int dnfs4_instance_once(struct ditto_op *op, const struct dnfs4_open_ask *ask, u32 rights,
			       struct ditto_instance **inst)
{
	const struct ditto_open_request req = {
		.stream = ask->base ? ask->name->name : NULL,
		.stream_len = ask->base ? ask->name->len : 0,
		.how = DITTO_OPEN_EXISTING,
		.flags = DITTO_OPENF_FILE | DITTO_OPENF_MODE_ONLY |
			 (ask->trusted ? DITTO_OPENF_OWNER : 0) |
			 (ask->base ? DITTO_OPENF_XATTRS : 0),
		.rights = rights,
		.deny = dnfs4_deny_of(ask->deny),
		.reclaim = ask->reclaim,
	};

	return ditto_instance_open_node(op, ask->base ?: ask->node, &req, inst);
}

/* Execute permission implies read permission (RFC 7530 section 6.2.1.3.1). */
static int dnfs4_instance_open(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
			       struct dnfs4_open *open)
{
	u32 rights = dnfs4_rights_of(ask->access);
	struct ditto_actor actor;
	struct ditto_op op = dnfs4_open_op(cmp, open, &actor);
	int err;

	err = dnfs4_instance_once(&op, ask, rights, &open->inst);
	if (err == -EACCES && (rights & DITTO_RIGHT_READ_DATA)) {
		rights ^= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE;
		err = dnfs4_instance_once(&op, ask, rights, &open->inst);
	}
	return err;
}

static struct dnfs4_open *dnfs4_open_alloc(const struct dnfs4_open_ask *ask)
{
	struct ditto_owner *claimant = dnfs4_owner_claimant(ask->owner);
	struct dnfs4_open *open;

	if (IS_ERR(claimant))
		return ERR_CAST(claimant);
	open = kmem_cache_alloc(dnfs4_open_slab, GFP_KERNEL);
	if (!open) {
		ditto_owner_put(claimant);
		return ERR_PTR(-ENOMEM);
	}
	/*
	 * A lookup that found the previous object in this memory may still use by_owner_node,
	 * which only the table may change, and then the reference count, which is set last. If it
	 * gets a reference and the keys are equal, it treats this open as the one it looks for,
	 * and waits for the lock until the open succeeds or fails.
	 */
	refcount_inc(&ask->owner->ref);
	open->owner = ask->owner;
	open->node = ask->node;
	open->claimant = claimant;
	open->inst = NULL;
	open->access = 0;
	open->deny = 0;
	open->history = 0;
	open->uid = GLOBAL_ROOT_UID;
	open->confirmed = false;
	INIT_LIST_HEAD(&open->locks);
	INIT_LIST_HEAD(&open->waits);
	INIT_LIST_HEAD(&open->owner_link);
	dnfs4_state_init_locked(&open->state, &dnfs4_open_ops, ask->owner->client);
	return open;
}

/*
 * Return: the open with that key, with a reference; ERR_PTR(-EAGAIN) if it is being freed; NULL
 * if there is none, in which case @made, if not NULL, is now in the table.
 */
static struct dnfs4_open *dnfs4_open_find_or_add(const struct dnfs4_pair *key,
						 struct dnfs4_open *made)
{
	struct rhashtable *opens = &key->owner->opens->opens;
	struct dnfs4_open *open;
	bool held = false;

	rcu_read_lock();
	open = made ? rhashtable_lookup_get_insert_fast(opens, &made->by_owner_node,
							dnfs4_open_params) :
		      rhashtable_lookup_fast(opens, key, dnfs4_open_params);
	if (!IS_ERR_OR_NULL(open))
		held = dnfs4_state_tryget(&open->state);
	rcu_read_unlock();
	if (IS_ERR_OR_NULL(open))
		return open;
	/* The memory may have been reused for another open. */
	if (held && open->owner == key->owner && open->node == key->object)
		return open;
	if (held)
		dnfs4_state_put(&open->state);
	return ERR_PTR(-EAGAIN);
}

/* Return: the owner's open of the file, with a reference; or a new one, locked and hashed. */
static struct dnfs4_open *dnfs4_open_find(const struct dnfs4_open_ask *ask, bool *fresh)
{
	const struct dnfs4_pair key = { ask->owner, ask->node };
	struct dnfs4_open *open, *made = NULL;

	*fresh = false;
	for (;;) {
		open = dnfs4_open_find_or_add(&key, made);
		if (!open && made) {
			*fresh = true;
			return made;
		}
		if (open && open != ERR_PTR(-EAGAIN))
			break;
		if (!open) {
			made = dnfs4_open_alloc(ask);
			if (IS_ERR(made))
				return made;
		}
		cond_resched();
	}
	if (made) {
		/* It will not be opened; a reader may have found its memory. */
		WRITE_ONCE(made->state.void_why, DNFS4_CLOSED);
		mutex_unlock(&made->state.lock);
		dnfs4_state_put(&made->state);
	}
	return open;
}

/* Drop a new open, which is locked, after a failure. */
static void dnfs4_open_abandon(struct dnfs4_open *open)
{
	WRITE_ONCE(open->state.void_why, DNFS4_CLOSED);
	dnfs4_open_unhash(open);
	mutex_unlock(&open->state.lock);
	dnfs4_state_put(&open->state);
}

static u32 dnfs4_open_fresh(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
			    struct dnfs4_open *open)
{
	int err;

	err = dnfs4_instance_open(cmp, ask, open);
	if (!err)
		err = dnfs4_state_add(&open->state);
	if (err) {
		dnfs4_open_abandon(open);
		return dnfs4_open_status(cmp, ask, err);
	}
	open->access = ask->access;
	open->deny = ask->deny;
	open->history = dnfs4_history_bit(ask->access, ask->deny);
	open->uid = dnfs4_fs_op(cmp)->cred->cred->fsuid;
	dnfs4_owner_join(open->owner, &open->owner_link);
	return NFS4_OK;
}

/* Access check for a further OPEN of the same file. */
static int dnfs4_open_check(struct ditto_op *op, const struct dnfs4_open_ask *ask)
{
	u32 owner = ask->trusted ? DITTO_MAY_OWNER : 0;
	u32 may = (ask->access & NFS4_SHARE_ACCESS_READ ? DITTO_MAY_READ_XATTRS : 0) |
		  (ask->access & NFS4_SHARE_ACCESS_WRITE ? DITTO_MAY_WRITE_XATTRS : 0);
	int err = 0;

	if (ask->base)
		return ditto_permission(op, ask->base, may | owner);
	if (ask->access & NFS4_SHARE_ACCESS_WRITE)
		err = ditto_permission(op, ask->node, DITTO_MAY_WRITE | owner);
	if (err || !(ask->access & NFS4_SHARE_ACCESS_READ))
		return err;
	err = ditto_permission(op, ask->node, DITTO_MAY_READ | owner);
	return err == -EACCES ? ditto_permission(op, ask->node, DITTO_MAY_EXEC) : err;
}

/* Change rights and share reservation of the instance. @op is not begun. */
static int dnfs4_instance_set(struct ditto_op *op, struct dnfs4_open *open, u32 access, u32 deny)
{
	u32 rights = dnfs4_rights_of(access);
	u32 has = ditto_instance_rights(open->inst);
	struct ditto_op begun = *op;
	struct ditto_node *node;
	int err;

	/* Read access was granted by execute permission; keep it so. */
	if ((rights & DITTO_RIGHT_READ_DATA) && (has & DITTO_RIGHT_EXECUTE))
		rights ^= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE;
	err = ditto_instance_begin(open->inst, &begun, &node);
	if (err)
		return err;
	err = ditto_instance_change(&begun, open->inst, rights, dnfs4_deny_of(deny));
	if (err == -EACCES && (rights & DITTO_RIGHT_READ_DATA) && !(has & DITTO_RIGHT_READ_DATA)) {
		rights ^= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE;
		err = ditto_instance_change(&begun, open->inst, rights, dnfs4_deny_of(deny));
	}
	ditto_instance_end(open->inst, &begun);
	return err;
}

static u32 dnfs4_open_again(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
			    struct dnfs4_open *open)
{
	u32 access = open->access | ask->access;
	u32 deny = open->deny | ask->deny;
	struct ditto_actor actor;
	struct ditto_op op = dnfs4_open_op(cmp, open, &actor);
	int err;

	/* RFC 8881 section 9.7: a share reservation also applies to its own owner. */
	if ((ask->access & open->deny) || (ask->deny & open->access))
		return NFS4ERR_SHARE_DENIED;
	err = dnfs4_open_check(&op, ask);
	if (!err && (access != open->access || deny != open->deny))
		err = dnfs4_instance_set(&op, open, access, deny);
	if (err)
		return dnfs4_open_status(cmp, ask, err);
	open->access = access;
	open->deny = deny;
	open->history |= dnfs4_history_bit(ask->access, ask->deny);
	if (!uid_eq(open->uid, op.cred->cred->fsuid))
		open->uid = INVALID_UID;
	return NFS4_OK;
}

/*
 * Lock an open that was found in the table. Return: false if it is being closed, or lost its
 * claim because the share was removed (and perhaps added again); then it is not in the table
 * any more.
 */
static bool dnfs4_open_lock(struct dnfs4_open *open)
{
	mutex_lock(&open->state.lock);
	if (open->state.void_why == DNFS4_VALID &&
	    ditto_open_held(ditto_instance_claim(open->inst)))
		return true;
	mutex_unlock(&open->state.lock);
	if (open->inst)
		dnfs4_open_is_lost(open);
	dnfs4_open_unhash(open);
	return false;
}

static u32 dnfs4_open_old(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
			  struct dnfs4_opened *done)
{
	struct dnfs4_open *open = done->open;
	u32 status;

	done->access = open->access;
	done->deny = open->deny;
	done->history = open->history;
	done->uid = open->uid;
	status = dnfs4_open_again(cmp, ask, open);
	if (status) {
		mutex_unlock(&open->state.lock);
		dnfs4_state_put(&open->state);
	}
	return status;
}

u32 dnfs4_open_take(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
		    struct dnfs4_opened *done)
{
	for (;;) {
		done->open = dnfs4_open_find(ask, &done->fresh);
		if (IS_ERR(done->open))
			return dnfs4_open_status(cmp, ask, PTR_ERR(done->open));
		if (done->fresh)
			return dnfs4_open_fresh(cmp, ask, done->open);
		if (dnfs4_open_lock(done->open))
			return dnfs4_open_old(cmp, ask, done);
		dnfs4_state_put(&done->open->state);
		cond_resched();
	}
}

void dnfs4_open_keep(struct dnfs4_compound *cmp, struct dnfs4_opened *done,
		     struct dnfs4_stateid *sid)
{
	struct dnfs4_open *open = done->open;

	/* Advance the seqid only on success: clients wait for a missing seqid. */
	if (!done->fresh)
		dnfs4_state_bump(&open->state);
	dnfs4_state_stateid(&open->state, sid);
	mutex_unlock(&open->state.lock);
	dnfs4_state_put(&open->state);
}

void dnfs4_open_undo(struct dnfs4_compound *cmp, struct dnfs4_opened *done)
{
	struct dnfs4_open *open = done->open;

	if (done->fresh) {
		dnfs4_open_close(open, NULL);
	} else {
		if (!dnfs4_open_narrow(cmp, open, done->access, done->deny))
			open->history = done->history;
		open->uid = done->uid;
	}
	mutex_unlock(&open->state.lock);
	dnfs4_state_put(&open->state);
}

u32 dnfs4_open_narrow(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 access, u32 deny)
{
	struct ditto_actor actor;
	struct ditto_op op = dnfs4_open_op(cmp, open, &actor);
	int err = 0;

	lockdep_assert_held(&open->state.lock);
	if (access != open->access || deny != open->deny)
		err = dnfs4_instance_set(&op, open, access, deny);
	if (err == -ESTALE)
		return NFS4ERR_ADMIN_REVOKED;
	if (err)
		return dnfs4_status(cmp, err);
	open->access = access;
	open->deny = deny;
	open->history = dnfs4_history_after(open->history, access, deny);
	return NFS4_OK;
}
