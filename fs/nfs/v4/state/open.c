// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens: open, upgrade, downgrade and close; see open.h.
 *
 * An open-owner has at most one open per file. Further OPENs of the same file upgrade it.
 *
 * Locking: see open.h. A new open is added to its owner with its state.lock held, so that a
 * concurrent OPEN of the same owner and file waits until it is open or has failed.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../../../../lockd/open.h"
#include "../../../node/node.h"
#include "../../../open/instance.h"
#include "../../../share/cred.h"
#include "../deleg/delegation.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "lock_wait.h"
#include "open.h"
#include "open_private.h"

static struct kmem_cache *dnfs4_open_slab;

/* Set-up and tear-down of the module */

int dnfs4_opens_setup(void)
{
	/* Lookups by number may find a free open, and look at its state. */
	struct kmem_cache_args args = {
		.use_freeptr_offset = true,
		.freeptr_offset = offsetof(struct dnfs4_open, owner),
	};

	dnfs4_open_slab = kmem_cache_create("dnfs4_open", sizeof(struct dnfs4_open), &args,
					    SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU);
	return dnfs4_open_slab ? 0 : -ENOMEM;
}

void dnfs4_opens_cleanup(void)
{
	kmem_cache_destroy(dnfs4_open_slab);
}

/* History */

/*
 * Check the arguments of OPEN_DOWNGRADE. RFC 8881 section 18.18.3. Context: any. Return: true if
 * the pair is the union of the pairs of some of the OPENs.
 */
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

/*
 * Compute an open's history after a downgrade. Context: any. Return: the bits whose pairs fit into
 * @access and @deny.
 */
u32 dnfs4_history_after(u32 history, u32 access, u32 deny)
{
	u32 after = 0;

	for (u32 a = 1; a <= access; a++)
		for (u32 d = 0; d <= deny; d++)
			if (!(a & ~access) && !(d & ~deny))
				after |= history & dnfs4_history_bit(a, d);
	return after;
}

/* Release of opens */

static void dnfs4_open_free(struct dnfs4_state *state)
{
	struct dnfs4_open *open = container_of(state, struct dnfs4_open, state);
	struct ditto_op op = { .srv = open->owner->client->server->srv };

	if (open->inst)
		ditto_instance_close(&op, open->inst);
	/* Last, because it holds the client. */
	dnfs4_owner_put(open->owner);
	kmem_cache_free(dnfs4_open_slab, open);
}

/*
 * Close an open and its locks. @open: its state.lock is held; may be closed already; @tomb: state
 * that takes over the stateid, so that 4.0 can replay a CLOSE; or NULL. Releases the claim. The
 * instance is closed with the last reference of the open.
 */
void dnfs4_open_close(struct dnfs4_open *open, struct dnfs4_state *tomb)
{
	struct dnfs4_state *state = &open->state;

	lockdep_assert_held(&state->lock);
	if (state->void_why == DNFS4_CLOSED)
		return;
	dnfs4_open_close_locks(open);
	dnfs4_lock_waits_close(open);
	ditto_open_revoke(ditto_instance_claim(open->inst));
	/* An open that lost its claim may have been removed by dnfs4_open_lock(). */
	dnfs4_owner_leave(open->owner, &open->by_node);
	/* Remove it before changing void_why, because the removal counts void states by it. */
	if (tomb)
		dnfs4_state_replace(state, tomb);
	else
		dnfs4_state_del(state);
	WRITE_ONCE(state->void_why, DNFS4_CLOSED);
}

static void dnfs4_open_release(struct dnfs4_state *state)
{
	dnfs4_state_lock(state);
	dnfs4_open_close(container_of(state, struct dnfs4_open, state), NULL);
	dnfs4_state_unlock(state);
}

static u32 dnfs4_open_free_stateid(struct dnfs4_state *state)
{
	struct dnfs4_open *open = container_of(state, struct dnfs4_open, state);

	if (state->void_why == DNFS4_VALID && ditto_open_held(ditto_instance_claim(open->inst)))
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

/*
 * Check whether an open still has its claim. @open: held; its state.lock is not held. The
 * administrator, or the removal of the share, takes claims away. The state is revoked then. Return:
 * NFS4_OK; NFS4ERR_ADMIN_REVOKED; NFS4ERR_BAD_STATEID if it has been closed.
 */
u32 dnfs4_open_check_claim(const struct dnfs4_compound *cmp, struct dnfs4_open *open)
{
	if (ditto_open_held(ditto_instance_claim(open->inst)))
		return NFS4_OK;
	/* A close gives up the claim first. This takes the lock, and so waits until it is done. */
	dnfs4_state_revoke(&open->state, DNFS4_ADMIN_REVOKED);
	/* A state that is still valid is being released with its client. */
	return dnfs4_state_check_void(cmp, &open->state) ?: NFS4ERR_BAD_STATEID;
}

/* Return: true if it is to be closed later. */
static bool dnfs4_open_sweep(struct dnfs4_open *open, unsigned long lease)
{
	struct dnfs4_client *client = open->owner->client;
	bool later = false;

	dnfs4_state_lock(&open->state);
	if (open->state.void_why == DNFS4_CLOSED ||
	    ditto_open_held(ditto_instance_claim(open->inst)))
		goto unlock;
	dnfs4_state_revoke_locked(&open->state, DNFS4_ADMIN_REVOKED);
	if (client->minor)
		goto unlock;
	if (!open->lost) {
		open->lost = true;
		client->lost_at = jiffies;
	}
	later = jiffies - client->lost_at < lease;
	if (!later)
		dnfs4_open_close(open, NULL);
unlock:
	dnfs4_state_unlock(&open->state);
	return later;
}

/*
 * Revoke the opens of a client that lost their claims. @lease: 4.0: those that were found by
 * earlier calls are closed with their locks when none was found for so many jiffies. A client of
 * 4.1 learns of it by its next SEQUENCE, and frees them. 4.0 has no FREE_STATEID, and CLOSE does
 * not reach an open whose share is gone; but the client shall have time to learn that its open was
 * revoked. There is one call at a time for a client. Return: true if there are opens that a later
 * call is to close.
 */
bool dnfs4_opens_sweep(struct dnfs4_client *client, unsigned long lease)
{
	struct dnfs4_state *state;
	struct dnfs4_open *open;
	bool later = false;
	u32 id = 0;

	while (dnfs4_table_after(&client->states, &id)) {
		state = dnfs4_state_get(client, id);
		if (!state)
			continue;
		open = dnfs4_open_of(state);
		if (open)
			later |= dnfs4_open_sweep(open, lease);
		dnfs4_state_put(state);
		cond_resched();
	}
	return later;
}

/* 4.0: close the opens of an unconfirmed open-owner. @owner: its lock is held. */
void dnfs4_opens_cancel(struct dnfs4_owner *owner)
{
	struct dnfs4_client *client = owner->client;
	struct dnfs4_open *open;

	lockdep_assert_held(&owner->lock);
	for (;;) {
		spin_lock(&client->owners_lock);
		open = rb_entry_safe(rb_first(&owner->states), struct dnfs4_open, by_node);
		/* While it is in the tree, the client's table has a reference. */
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
	       (access & NFS4_SHARE_ACCESS_WRITE ? DITTO_RIGHT_WRITE_DATA : 0);
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
	case -ENOSPC:
	case -ENOLCK:
		return cmp->minor ? NFS4ERR_DELAY : NFS4ERR_RESOURCE;
	case -ESHUTDOWN:
		return cmp->minor ? NFS4ERR_DEADSESSION : NFS4ERR_EXPIRED;
	}
	return dnfs4_status(cmp, err);
}

/* The operation context with an open-owner as actor. */
static struct ditto_op dnfs4_open_op(struct dnfs4_compound *cmp, const struct dnfs4_owner *owner,
				     struct ditto_owner *claimant, struct ditto_actor *actor)
{
	struct ditto_op op = *dnfs4_fs_op(cmp);

	*actor = (struct ditto_actor){
		.client = &owner->client->client,
		.owner = claimant,
		.lease_owner = owner->client->lease_owner,
	};
	op.actor = actor;
	op.granted = 0;
	return op;
}

static struct dnfs4_open *dnfs4_open_alloc(struct dnfs4_owner *owner, struct ditto_node *node)
{
	struct dnfs4_open *open = kmem_cache_alloc(dnfs4_open_slab, GFP_KERNEL);

	if (!open)
		return ERR_PTR(-ENOMEM);
	refcount_inc(&owner->ref);
	open->owner = owner;
	open->node = node;
	open->inst = NULL;
	open->access = 0;
	open->deny = 0;
	open->history = 0;
	open->uid = GLOBAL_ROOT_UID;
	open->confirmed = false;
	open->lost = false;
	INIT_HLIST_HEAD(&open->locks);
	INIT_HLIST_HEAD(&open->waits);
	RB_CLEAR_NODE(&open->by_node);
	dnfs4_state_init_locked(&open->state, &dnfs4_open_ops, owner->client);
	return open;
}

static int dnfs4_open_compare(const void *node, const struct rb_node *rb)
{
	const void *other = rb_entry(rb, struct dnfs4_open, by_node)->node;

	return node < other ? -1 : node > other;
}

static int dnfs4_open_order(struct rb_node *rb, const struct rb_node *other)
{
	return dnfs4_open_compare(rb_entry(rb, struct dnfs4_open, by_node)->node, other);
}

/*
 * Return: the owner's open of the file, with a reference; NULL if there is none, in which case
 * @made, if not NULL, is now the owner's.
 */
static struct dnfs4_open *dnfs4_open_find_or_add(struct dnfs4_owner *owner,
						 const struct ditto_node *node,
						 struct dnfs4_open *made)
{
	struct dnfs4_client *client = owner->client;
	struct dnfs4_open *open;
	struct rb_node *rb;

	spin_lock(&client->owners_lock);
	rb = made ? rb_find_add(&made->by_node, &owner->states, dnfs4_open_order) :
		    rb_find(node, &owner->states, dnfs4_open_compare);
	open = rb_entry_safe(rb, struct dnfs4_open, by_node);
	/* While it is in the tree, its opener or the client's table has a reference. */
	if (open)
		dnfs4_state_hold(&open->state);
	else if (made)
		dnfs4_owner_join(owner);
	spin_unlock(&client->owners_lock);
	return open;
}

/* DITTO_OPENF_OWNER for a further OPEN of a file by its creator, or after it was open before. */
static u32 dnfs4_open_trusts(const struct dnfs4_open_ask *ask, const struct dnfs4_opened *done)
{
	return done->file.created ? DITTO_OPENF_OWNER : ask->file.flags & DITTO_OPENF_OWNER;
}

/* Access check for a further OPEN of the same file. */
static int dnfs4_open_check(struct ditto_op *op, const struct dnfs4_open_ask *ask,
			    const struct dnfs4_opened *done)
{
	u32 owner = (dnfs4_open_trusts(ask, done) ? DITTO_MAY_OWNER : 0) |
		    (ask->reclaim ? DITTO_MAY_RECLAIM : 0);
	u32 may = (ask->access & NFS4_SHARE_ACCESS_READ ? DITTO_MAY_READ_XATTRS : 0) |
		  (ask->access & NFS4_SHARE_ACCESS_WRITE ? DITTO_MAY_WRITE_XATTRS : 0);
	int err = 0;

	if (ask->file.stream)
		return ditto_permission(op, ask->file.node, may | owner);
	if (ask->access & NFS4_SHARE_ACCESS_WRITE)
		err = ditto_permission(op, done->node, DITTO_MAY_WRITE | owner);
	if (err || !(ask->access & NFS4_SHARE_ACCESS_READ))
		return err;
	err = ditto_permission(op, done->node, DITTO_MAY_READ | owner);
	return err == -EACCES ? ditto_permission(op, done->node, DITTO_MAY_EXEC) : err;
}

/* Change rights and share reservation of the instance. @op is not begun. */
static int dnfs4_instance_set(struct ditto_op *op, struct dnfs4_open *open, u32 access, u32 deny,
			      u32 flags)
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
	err = ditto_instance_change(&begun, open->inst, rights, dnfs4_deny_of(deny), flags);
	if (err == -EACCES && (rights & DITTO_RIGHT_READ_DATA) && !(has & DITTO_RIGHT_READ_DATA)) {
		rights ^= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE;
		err = ditto_instance_change(&begun, open->inst, rights, dnfs4_deny_of(deny), flags);
	}
	ditto_instance_end(open->inst, &begun);
	return err;
}

/* The owner has the file open already: widen the open. */
static u32 dnfs4_open_upgrade(struct dnfs4_compound *cmp, struct ditto_op *op,
			      const struct dnfs4_open_ask *ask, struct dnfs4_opened *done)
{
	struct dnfs4_open *open = done->open;
	u32 access = open->access | ask->access;
	u32 deny = open->deny | ask->deny;
	int err;

	done->access = open->access;
	done->deny = open->deny;
	done->history = open->history;
	done->uid = open->uid;
	/* RFC 8881 section 9.7: a share reservation also applies to its own owner. */
	if ((ask->access & open->deny) || (ask->deny & open->access))
		return NFS4ERR_SHARE_DENIED;
	err = dnfs4_open_check(op, ask, done);
	if (!err && (access != open->access || deny != open->deny))
		err = dnfs4_instance_set(op, open, access, deny, dnfs4_open_trusts(ask, done));
	if (err)
		return dnfs4_open_status(cmp, ask, err);
	open->access = access;
	open->deny = deny;
	open->history |= dnfs4_history_bit(ask->access, ask->deny);
	if (!uid_eq(open->uid, op->cred->cred->fsuid))
		open->uid = INVALID_UID;
	return NFS4_OK;
}

/*
 * Lock an open that was found. Return: false if it is being closed, or lost its claim because the
 * share was removed (and perhaps added again); then it is not its owner's any more. In 4.0 it is
 * closed then, because the client will not free it.
 */
static bool dnfs4_open_lock(struct dnfs4_open *open)
{
	dnfs4_state_lock(&open->state);
	if (open->state.void_why == DNFS4_VALID &&
	    ditto_open_held(ditto_instance_claim(open->inst)))
		return true;
	if (open->state.void_why != DNFS4_CLOSED && !open->owner->client->minor)
		dnfs4_open_close(open, NULL);
	else
		dnfs4_state_revoke_locked(&open->state, DNFS4_ADMIN_REVOKED);
	dnfs4_owner_leave(open->owner, &open->by_node);
	dnfs4_state_unlock(&open->state);
	return false;
}

/**
 * struct dnfs4_open_search - an OPEN whose file is being looked up or created
 * @cmp: the COMPOUND
 * @ask: the request
 * @done: out: open, node and fresh are filled when the file is known
 * @known: the file is known
 * @status: why it cannot be opened, or NFS4_OK
 */
struct dnfs4_open_search {
	struct dnfs4_compound *cmp;
	const struct dnfs4_open_ask *ask;
	struct dnfs4_opened *done;
	bool known;
	u32 status;
};

/* The file is known: find the owner's open of it, or insert a new one; it is locked. */
static int dnfs4_open_found(void *arg, struct ditto_node *node)
{
	struct dnfs4_open_search *s = arg;
	const struct dnfs4_open_ask *ask = s->ask;
	struct dnfs4_open *open, *made;
	bool fresh = false;

	s->known = true;
	s->status = dnfs4_check_regular(s->cmp, node);
	if (!s->status && ask->delegation)
		s->status = dnfs4_delegation_covers(s->cmp, ask->delegation, node, ask->access);
	if (s->status)
		return -ECANCELED;
	for (;;) {
		open = NULL;
		/* A file that is not open has no open of this owner, or one that is being made. */
		if (READ_ONCE(node->instances))
			open = dnfs4_open_find_or_add(ask->owner, node, NULL);
		if (!open) {
			made = dnfs4_open_alloc(ask->owner, node);
			if (IS_ERR(made))
				return PTR_ERR(made);
			open = dnfs4_open_find_or_add(ask->owner, node, made);
			if (!open) {
				open = made;
				fresh = true;
				break;
			}
			dnfs4_state_unlock(&made->state);
			dnfs4_state_put(&made->state);
		}
		if (dnfs4_open_lock(open))
			break;
		dnfs4_state_put(&open->state);
		cond_resched();
	}
	ditto_node_hold(node);
	s->done->open = open;
	s->done->node = node;
	s->done->fresh = fresh;
	return fresh ? 0 : 1;
}

/* The file is open: add the open to the client's table. */
static int dnfs4_open_opened(void *arg, struct ditto_instance *inst)
{
	struct dnfs4_open_search *s = arg;
	struct dnfs4_open *open = s->done->open;
	int err;

	open->inst = inst;
	err = dnfs4_state_add(&open->state);
	if (err)
		open->inst = NULL;
	return err;
}

/*
 * Open or create a file, or upgrade the open that the owner already has. @done: filled on success;
 * the caller ends it with dnfs4_open_keep() or dnfs4_open_undo(), and puts the node. RFC 8881
 * section 18.16.3. Context: may sleep. The state.lock of @done->open is held on success. Return:
 * NFS4_OK or a status.
 */
u32 dnfs4_open(struct dnfs4_compound *cmp, struct dnfs4_open_ask *ask, struct dnfs4_opened *done)
{
	struct dnfs4_open_search search = { .cmp = cmp, .ask = ask, .done = done };
	struct ditto_op op __uninitialized;
	struct ditto_owner *claimant;
	struct ditto_actor actor;
	struct dnfs4_open *open;
	u32 status;
	int err;

	claimant = dnfs4_owner_claimant(ask->owner);
	if (IS_ERR(claimant))
		return dnfs4_open_status(cmp, ask, PTR_ERR(claimant));
	op = dnfs4_open_op(cmp, ask->owner, claimant, &actor);
	ask->file.rights = dnfs4_rights_of(ask->access);
	ask->file.deny = dnfs4_deny_of(ask->deny);
	ask->file.reclaim = ask->reclaim;
	ask->file.found = dnfs4_open_found;
	ask->file.opened = dnfs4_open_opened;
	ask->file.arg = &search;
	done->open = NULL;
	err = ditto_instance_open(&op, &ask->file, &done->file);
	open = done->open;
	if (!err) {
		open->access = ask->access;
		open->deny = ask->deny;
		open->history = dnfs4_history_bit(ask->access, ask->deny);
		open->uid = op.cred->cred->fsuid;
		status = NFS4_OK;
		goto put_owner;
	}
	if (err == 1) {
		status = dnfs4_open_upgrade(cmp, &op, ask, done);
		if (!status)
			goto put_owner;
	} else {
		status = search.status;
		if (!status)
			status = search.known ? dnfs4_open_status(cmp, ask, err) :
						dnfs4_status(cmp, err);
		if (!open)
			goto put_owner;
		/* Nobody else uses the new open, which is locked. */
		WRITE_ONCE(open->state.void_why, DNFS4_CLOSED);
		dnfs4_owner_leave(open->owner, &open->by_node);
	}
	dnfs4_state_unlock(&open->state);
	dnfs4_state_put(&open->state);
	ditto_node_put(done->node);
put_owner:
	ditto_owner_put(claimant);
	return status;
}

/* Finish a successful dnfs4_open(). Advances the seqid if the open existed before. */
void dnfs4_open_keep(struct dnfs4_compound *cmp, struct dnfs4_opened *done,
		     struct dnfs4_stateid *sid)
{
	struct dnfs4_open *open = done->open;

	/* Advance the seqid only on success: clients wait for a missing seqid. */
	if (!done->fresh)
		dnfs4_state_bump(&open->state);
	dnfs4_state_stateid(&open->state, sid);
	dnfs4_state_unlock(&open->state);
	dnfs4_state_put(&open->state);
}

/*
 * Revert a successful dnfs4_open(). Closes a new open; downgrades an upgraded one to what it was.
 */
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
	dnfs4_state_unlock(&open->state);
	dnfs4_state_put(&open->state);
}

/*
 * Downgrade an open. @open: its state.lock is held. Return: NFS4_OK; NFS4ERR_ADMIN_REVOKED if the
 * share was removed; or a status of the core.
 */
u32 dnfs4_open_narrow(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 access, u32 deny)
{
	struct ditto_actor actor;
	struct ditto_op op = dnfs4_open_op(cmp, open->owner, open->owner->claimant, &actor);
	int err = 0;

	lockdep_assert_held(&open->state.lock);
	if (access != open->access || deny != open->deny)
		err = dnfs4_instance_set(&op, open, access, deny, 0);
	if (err == -ESTALE)
		return NFS4ERR_ADMIN_REVOKED;
	if (err)
		return dnfs4_status(cmp, err);
	open->access = access;
	open->deny = deny;
	open->history = dnfs4_history_after(open->history, access, deny);
	return NFS4_OK;
}
