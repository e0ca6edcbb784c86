// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of a client's states, and the checks of stateids; see stateid.h for the format,
 * locking and lifetime.
 *
 * The lock of client->states guards the table, its counters, and the counters of void states
 * that SEQ4_STATUS flags are computed from.
 */
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/wait_bit.h>

#include "../engine/compound.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "open.h"

#define DNFS4_KINDS	6

/* Locks of different kinds nest, so each kind has a lock class. */
static struct lock_class_key dnfs4_state_keys[DNFS4_KINDS];

/* Stateids */

/* Classify a stateid. Context: any. Return: enum dnfs4_special. */
enum dnfs4_special dnfs4_stateid_special(const struct dnfs4_stateid *sid)
{
	u64 first = get_unaligned((const u64 *)sid->other);
	u32 last = get_unaligned((const u32 *)(sid->other + sizeof(first)));

	BUILD_BUG_ON(sizeof(first) + sizeof(last) != sizeof(sid->other));
	if (!first && !last) {
		switch (sid->seqid) {
		case 0:
			return DNFS4_SPECIAL_ANON;
		case 1:
			return DNFS4_SPECIAL_CURRENT;
		}
		return DNFS4_SPECIAL_INVALID;
	}
	if (first == U64_MAX && last == U32_MAX)
		return sid->seqid == U32_MAX ? DNFS4_SPECIAL_BYPASS : DNFS4_SPECIAL_INVALID;
	return DNFS4_SPECIAL_NONE;
}

/* Get the current stateid of a state. Context: any. */
void dnfs4_state_stateid(const struct dnfs4_state *state, struct dnfs4_stateid *sid)
{
	sid->seqid = READ_ONCE(state->seqid);
	put_unaligned_be64(state->client->id, sid->other);
	put_unaligned_be32(state->id ^ state->client->number_mask, sid->other + 8);
}

/* Advance the seqid of a state after a change. @state: its lock is held. RFC 8881 section 8.2.2. */
void dnfs4_state_bump(struct dnfs4_state *state)
{
	lockdep_assert_held(&state->lock);
	/* RFC 8881 section 8.2.2: skip zero. */
	WRITE_ONCE(state->seqid, state->seqid + 1 ?: 1);
}

/* Set the current stateid of a COMPOUND. RFC 8881 section 16.2.3.1.2. */
void dnfs4_current_stateid_set(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid)
{
	if (!cmp->minor)
		return;
	cmp->current_stateid = *sid;
	cmp->stateid_set = true;
}

/*
 * RFC 8881 section 8.2.3: the current stateid stands for the newest stateid of its state, except
 * in CLOSE and OPEN_DOWNGRADE, which must not act on a state changed since. Return: false for
 * other special stateids, or without a current stateid.
 */
static bool dnfs4_stateid_resolve(const struct dnfs4_compound *cmp,
				  const struct dnfs4_stateid *sid, struct dnfs4_stateid *out)
{
	*out = *sid;
	switch (dnfs4_stateid_special(sid)) {
	case DNFS4_SPECIAL_NONE:
		return true;
	case DNFS4_SPECIAL_CURRENT:
		break;
	default:
		return false;
	}
	if (!cmp->minor || !cmp->stateid_set)
		return false;
	*out = cmp->current_stateid;
	if (cmp->op != &dnfs4_op_close && cmp->op != &dnfs4_op_open_downgrade)
		out->seqid = 0;
	return dnfs4_stateid_special(out) == DNFS4_SPECIAL_NONE;
}

/* The table */

/* The number of the state that a stateid of @client names. */
u32 dnfs4_stateid_number(const struct dnfs4_client *client, const struct dnfs4_stateid *sid)
{
	return get_unaligned_be32(sid->other + 8) ^ client->number_mask;
}

/* Set up a new client's table of states and list of owners. */
void dnfs4_states_init(struct dnfs4_client *client)
{
	dnfs4_table_init(&client->states);
	client->number_mask = get_random_u32();
	client->nstates = 0;
	client->ndelegations = 0;
	client->nkept = 0;
	client->disowned = false;
	spin_lock_init(&client->owners_lock);
	INIT_LIST_HEAD(&client->owners_idle);
	client->nowners_idle = 0;
}

/* Values of struct dnfs4_state_lock.word. */
enum {
	STATE_UNLOCKED,
	STATE_LOCKED,
	STATE_AWAITED,	/* locked, and tasks may be waiting */
};

/*
 * An unlock wakes one task, the one that has waited longest, however many there are. Each of them
 * tries before it sleeps, and leaves the lock awaited, since it does not know whether there are
 * others. So one that was woken, or that had the lock without that, wakes the next.
 */
static noinline void state_lock_wait(u8 *word)
{
	___wait_var_event(word, xchg(word, STATE_AWAITED) == STATE_UNLOCKED, TASK_UNINTERRUPTIBLE,
			  1, 0, schedule());
}

/* Lock a state. @state: held; the caller does not have its lock. */
void dnfs4_state_lock(struct dnfs4_state *state)
{
	u8 *word = &state->lock.word;

	might_sleep();
	lock_map_acquire(&state->lock.dep_map);
	if (unlikely(cmpxchg(word, STATE_UNLOCKED, STATE_LOCKED) != STATE_UNLOCKED))
		state_lock_wait(word);
}

/*
 * Unlock a state. @state: locked by the caller. Its memory is not used any more once another task
 * may have the lock.
 */
void dnfs4_state_unlock(struct dnfs4_state *state)
{
	u8 *word = &state->lock.word;

	lock_map_release(&state->lock.dep_map);
	/* xchg() is a full barrier, as wake_up_var() needs it. That uses the address only. */
	if (unlikely(xchg(word, STATE_UNLOCKED) == STATE_AWAITED))
		wake_up_var(word);
}

/* Initialize all members except the reference count. */
static void state_prepare(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
			  struct dnfs4_client *client)
{
	state->ops = ops;
	state->client = client;
	WRITE_ONCE(state->id, 0);
	state->seqid = 1;
	state->void_why = DNFS4_VALID;
	state->lock.word = STATE_UNLOCKED;
	lockdep_init_map_wait(&state->lock.dep_map, "dnfs4_state",
			      &dnfs4_state_keys[ilog2(ops->kind)], 0, LD_WAIT_SLEEP);
}

static void state_publish(struct dnfs4_state *state)
{
	/* Make all members visible before the reference count; pairs with dnfs4_state_tryget(). */
	smp_wmb();
	refcount_set(&state->ref, 1);
}

/* Initialize a state. @state: embedded in the caller's object; gets one reference, the caller's. */
void dnfs4_state_init(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
		      struct dnfs4_client *client)
{
	state_prepare(state, ops, client);
	state_publish(state);
}

/*
 * Initialize a state and lock it. @state: embedded in the caller's object. For type-safe memory
 * that an RCU reader may still take for its previous object. Such a reader can get a reference only
 * after state->lock is held, and then waits for the lock.
 */
void dnfs4_state_init_locked(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
			     struct dnfs4_client *client)
{
	state_prepare(state, ops, client);
	dnfs4_state_lock(state);
	state_publish(state);
}

/*
 * Drop a reference on a state. Context: may sleep with the last reference; state->lock is not held
 * then.
 */
void dnfs4_state_put(struct dnfs4_state *state)
{
	if (refcount_dec_and_test(&state->ref))
		state->ops->free(state);
}

/*
 * Find a state of a client by its number.
 *
 * The lookup takes no lock, so the memory may have been reused for another state, which is checked
 * after the reference is taken.
 *
 * Context: any. Return: the state with a reference, valid or void and of any kind; NULL if there is
 * none.
 */
struct dnfs4_state *dnfs4_state_get(struct dnfs4_client *client, u32 id)
{
	struct dnfs4_state *state;

	rcu_read_lock();
	state = dnfs4_table_find(&client->states, id);
	if (state && !dnfs4_state_tryget(state))
		state = NULL;
	rcu_read_unlock();
	if (!state || (state->client == client && READ_ONCE(state->id) == id))
		return state;
	dnfs4_state_put(state);
	return NULL;
}

static int dnfs4_states_cover(struct dnfs4_client *client)
{
	dnfs4_table_assert_held(&client->states);
	if (client->disowned)
		return 0;
	return ditto_charge_cover(&client->delegations, client->ndelegations + client->nkept,
				  DNFS4_STATES_STEP);
}

/*
 * Stop charging a client for its delegations. Return: number of its delegations, including
 * delegations of its own previous instance.
 */
u32 dnfs4_states_disown(struct dnfs4_client *client)
{
	u32 count;

	dnfs4_table_lock(&client->states);
	count = client->ndelegations + client->nkept;
	client->disowned = true;
	ditto_charge_cover(&client->delegations, 0, DNFS4_STATES_STEP);
	dnfs4_table_unlock(&client->states);
	return count;
}

/*
 * Charge a client for delegations of its previous instance. Return: 0, or an errno of
 * ditto_charge_cover() if @count does not fit the budget.
 */
int dnfs4_states_keep(struct dnfs4_client *client, int count)
{
	int err;

	dnfs4_table_lock(&client->states);
	WRITE_ONCE(client->nkept, client->nkept + count);
	err = dnfs4_states_cover(client);
	if (err)
		WRITE_ONCE(client->nkept, client->nkept - count);
	dnfs4_table_unlock(&client->states);
	return err;
}

/*
 * Count and charge a state that is added or removed. Delegations have a charge of their own: a
 * client at its limit works without further delegations, but not without opens.
 */
static int dnfs4_states_count(struct dnfs4_client *client, const struct dnfs4_state *state,
			      int count)
{
	bool delegation = state->ops->kind & DNFS4_STATE_DELEGATIONS;
	int err;

	dnfs4_table_assert_held(&client->states);
	client->nstates += count;
	if (delegation)
		client->ndelegations += count;
	if (delegation)
		err = dnfs4_states_cover(client);
	else
		err = ditto_charge_cover(&client->opens, client->nstates - client->ndelegations,
					 DNFS4_STATES_STEP);
	if (!err)
		return 0;
	client->nstates -= count;
	if (delegation)
		client->ndelegations -= count;
	return -ENOSPC;
}

/*
 * Add a state to its client's table, so that it has a stateid. @state: initialized; the table takes
 * a reference. Return: 0; -ENOSPC if DNFS4_STATES_PER_CLIENT or the principal's budget is reached;
 * -ENOMEM; -ESHUTDOWN if the client is being released.
 */
int dnfs4_state_add(struct dnfs4_state *state)
{
	struct dnfs4_client *client = state->client;
	int err;

	refcount_inc(&state->ref);
	dnfs4_table_lock(&client->states);
	err = -ENOSPC;
	if (client->nstates >= DNFS4_STATES_PER_CLIENT)
		goto put;
	/* Count first, because the allocation may drop the lock. */
	err = dnfs4_states_count(client, state, 1);
	if (err)
		goto put;
	err = dnfs4_table_add(&client->states, state);
	if (err)
		goto uncount;
	dnfs4_table_unlock(&client->states);
	return 0;

uncount:
	dnfs4_states_count(client, state, -1);
put:
	dnfs4_table_unlock(&client->states);
	refcount_dec(&state->ref);
	return err;
}

/*
 * Check whether a client may have one more open. For operations with side effects before
 * dnfs4_state_add(), which will most likely succeed after this check. Return: true if there is
 * room.
 */
bool dnfs4_states_may_open(struct dnfs4_client *client)
{
	u32 opens;
	bool may;

	dnfs4_table_lock(&client->states);
	opens = client->nstates - client->ndelegations;
	may = client->nstates < DNFS4_STATES_PER_CLIENT &&
	      !ditto_charge_cover(&client->opens, opens + 1, DNFS4_STATES_STEP);
	dnfs4_table_unlock(&client->states);
	return may;
}

static void dnfs4_revoked_count(struct dnfs4_client *client, enum dnfs4_void why, int by)
{
	dnfs4_table_assert_held(&client->states);
	WRITE_ONCE(client->revoked[why], client->revoked[why] + by);
	WRITE_ONCE(client->nrevoked, client->nrevoked + by);
}

static bool dnfs4_state_take_out(struct dnfs4_state *state, struct dnfs4_state *other)
{
	struct dnfs4_client *client = state->client;
	bool in;

	dnfs4_table_lock(&client->states);
	if (client->states.closed)
		other = NULL;
	in = dnfs4_table_replace(&client->states, state, other);
	/* A SEQ4_STATUS flag reports a revoked or expired state until it is freed. */
	if (in && state->void_why != DNFS4_VALID && state->void_why != DNFS4_CLOSED)
		dnfs4_revoked_count(client, state->void_why, -1);
	/* Until now the caller's reference has kept it. */
	if (in && other)
		refcount_inc(&other->ref);
	else if (in)
		dnfs4_states_count(client, state, -1);
	dnfs4_table_unlock(&client->states);
	return in;
}

/*
 * Remove a state from its client's table. @state: held by the caller; the table's reference is put.
 * Return: false if it was removed already.
 */
bool dnfs4_state_del(struct dnfs4_state *state)
{
	if (!dnfs4_state_take_out(state, NULL))
		return false;
	dnfs4_state_put(state);
	return true;
}

/*
 * Replace a state in its client's table. @state: held by the caller; the table's reference is put;
 * @other: initialized; takes over the number of @state. The table takes a reference. It is not
 * added if the client is being released. Needs no memory. Return: false if @state was removed
 * already.
 */
bool dnfs4_state_replace(struct dnfs4_state *state, struct dnfs4_state *other)
{
	if (!dnfs4_state_take_out(state, other))
		return false;
	dnfs4_state_put(state);
	return true;
}

/* Mark a locked state as void. @state: held; its lock is held. */
void dnfs4_state_revoke_locked(struct dnfs4_state *state, enum dnfs4_void why)
{
	struct dnfs4_client *client = state->client;

	lockdep_assert_held(&state->lock);
	dnfs4_table_lock(&client->states);
	if (state->void_why == DNFS4_VALID && state->id &&
	    dnfs4_table_find(&client->states, state->id) == state) {
		WRITE_ONCE(state->void_why, why);
		dnfs4_revoked_count(client, why, 1);
	}
	dnfs4_table_unlock(&client->states);
}

/*
 * Mark a state as void. @state: held; its lock is not held. The stateid stays known until
 * FREE_STATEID, and SEQ4_STATUS flags notify the client until then. The caller has already given up
 * the claims of the state. Context: takes state->lock.
 */
void dnfs4_state_revoke(struct dnfs4_state *state, enum dnfs4_void why)
{
	dnfs4_state_lock(state);
	dnfs4_state_revoke_locked(state, why);
	dnfs4_state_unlock(state);
}

static void dnfs4_states_release_kinds(struct dnfs4_client *client, unsigned int kinds)
{
	struct dnfs4_state *state;
	u32 id = 0;

	while (dnfs4_table_after(&client->states, &id)) {
		/* No state is added any more, but others may be removed concurrently. */
		state = dnfs4_state_get(client, id);
		if (!state)
			continue;
		if (state->ops->kind & kinds && dnfs4_state_del(state))
			state->ops->release(state);
		dnfs4_state_put(state);
		cond_resched();
	}
}

/* Release all states and idle owners of a client. */
void dnfs4_states_release(struct dnfs4_client *client)
{
	dnfs4_table_lock(&client->states);
	dnfs4_table_close(&client->states);
	dnfs4_table_unlock(&client->states);

	/* Release locks before their opens. */
	dnfs4_states_release_kinds(client, DNFS4_STATE_LOCK);
	dnfs4_states_release_kinds(client, ~0U);
	dnfs4_owners_forget(client);
}

/* Lookup */

/*
 * Compare the seqid of a stateid with the seqid of its state. Return: NFS4_OK; NFS4ERR_OLD_STATEID;
 * NFS4ERR_BAD_STATEID for one of the future.
 */
u32 dnfs4_seqid_status(u32 minor, u32 now, u32 seqid)
{
	if (seqid == now || (minor && !seqid))
		return NFS4_OK;
	/* Seqids wrap around. */
	return (s32)(seqid - now) > 0 ? NFS4ERR_BAD_STATEID : NFS4ERR_OLD_STATEID;
}

/*
 * Check whether a state is void. Context: any. Return: NFS4_OK, or the status for the reason in
 * enum dnfs4_void.
 */
u32 dnfs4_state_check_void(const struct dnfs4_compound *cmp, const struct dnfs4_state *state)
{
	switch (READ_ONCE(state->void_why)) {
	case DNFS4_VALID:
		return NFS4_OK;
	case DNFS4_REVOKED:
		/* 4.0 has no status for it (RFC 7530 section 10.4.6). */
		return cmp->minor ? NFS4ERR_DELEG_REVOKED : NFS4ERR_BAD_STATEID;
	case DNFS4_ADMIN_REVOKED:
		return NFS4ERR_ADMIN_REVOKED;
	case DNFS4_EXPIRED:
		return NFS4ERR_EXPIRED;
	case DNFS4_CLOSED:
		break;
	}
	return NFS4ERR_BAD_STATEID;
}

static u32 dnfs4_state_check(const struct dnfs4_compound *cmp, const struct dnfs4_state *state,
			     const struct dnfs4_stateid *resolved)
{
	return dnfs4_state_check_void(cmp, state) ?:
	       dnfs4_seqid_status(cmp->minor, READ_ONCE(state->seqid), resolved->seqid);
}

/*
 * Recheck void and seqid of a state after locking it. @state: found by @sid; its lock is held.
 * Return: NFS4_OK or a status, as from dnfs4_state_find().
 */
u32 dnfs4_state_check_seqid(const struct dnfs4_compound *cmp, const struct dnfs4_state *state,
			    const struct dnfs4_stateid *sid)
{
	struct dnfs4_stateid resolved;

	lockdep_assert_held(&state->lock);
	if (!dnfs4_stateid_resolve(cmp, sid, &resolved))
		return NFS4ERR_BAD_STATEID;
	return dnfs4_state_check(cmp, state, &resolved);
}

/* 4.0: a stateid names its client, and its use renews the lease (RFC 7530 section 9.5). */
static u32 dnfs4_stateid_client(struct dnfs4_compound *cmp, u64 id)
{
	u32 status;

	if (upper_32_bits(id) != dnfs4_server_epoch(cmp->server))
		return NFS4ERR_STALE_STATEID;
	if (!cmp->client || cmp->client->id != id) {
		struct dnfs4_client *client;

		status = dnfs4_client_find(cmp->server, id, 0, &client);
		if (status)
			return status == NFS4ERR_STALE_CLIENTID ? NFS4ERR_BAD_STATEID : status;
		dnfs4_compound_set_client(cmp, client);
	}
	return dnfs4_client_use(cmp->client, NFS4ERR_EXPIRED);
}

/*
 * 4.0: check whether a stateid names another client. Return: true if the stateid is of this server
 * instance and of a client other than @cmp->client; always false in 4.1.
 */
bool dnfs4_stateid_is_foreign(const struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid)
{
	u64 id = get_unaligned_be64(sid->other);

	return !cmp->minor && cmp->client->id != id &&
	       upper_32_bits(id) == dnfs4_server_epoch(cmp->server);
}

static u32 dnfs4_state_look_up(struct dnfs4_compound *cmp, const struct dnfs4_stateid *resolved,
			       unsigned int kinds, struct dnfs4_state **out)
{
	u64 id = get_unaligned_be64(resolved->other);
	struct dnfs4_state *state;
	u32 status;

	if (!cmp->minor) {
		status = dnfs4_stateid_client(cmp, id);
		if (status)
			return status;
	} else if (!cmp->client || cmp->client->id != id) {
		return NFS4ERR_BAD_STATEID;
	}
	state = dnfs4_state_get(cmp->client, dnfs4_stateid_number(cmp->client, resolved));
	if (!state)
		return NFS4ERR_BAD_STATEID;
	if (!(state->ops->kind & kinds)) {
		dnfs4_state_put(state);
		return NFS4ERR_BAD_STATEID;
	}
	*out = state;
	return NFS4_OK;
}

/*
 * Find the state of a stateid, valid or void. @out: set to the state on success; the caller puts
 * the reference. For callers that check void and seqid later. Return: NFS4_OK or a status.
 */
u32 dnfs4_state_find_any(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			 unsigned int kinds, struct dnfs4_state **out)
{
	struct dnfs4_stateid resolved;

	if (!dnfs4_stateid_resolve(cmp, sid, &resolved))
		return NFS4ERR_BAD_STATEID;
	return dnfs4_state_look_up(cmp, &resolved, kinds, out);
}

/*
 * Find the state of a stateid from the wire. @out: set to the state on success; the caller puts the
 * reference. Checks in the order of RFC 8881 section 8.2.4 and RFC 7530 section 9.1.4: the server's
 * epoch (NFS4ERR_STALE_STATEID in 4.0, NFS4ERR_BAD_STATEID in 4.1), client, number, kind, void (see
 * enum dnfs4_void), and seqid (NFS4ERR_OLD_STATEID, NFS4ERR_BAD_STATEID; in 4.1, 0 stands for the
 * newest seqid). Other special stateids are NFS4ERR_BAD_STATEID. Return: NFS4_OK or a status.
 */
u32 dnfs4_state_find(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
		     unsigned int kinds, struct dnfs4_state **out)
{
	struct dnfs4_stateid resolved;
	u32 status;

	if (!dnfs4_stateid_resolve(cmp, sid, &resolved))
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_state_look_up(cmp, &resolved, kinds, out);
	if (status)
		return status;
	status = dnfs4_state_check(cmp, *out, &resolved);
	if (status)
		dnfs4_state_put(*out);
	return status;
}
