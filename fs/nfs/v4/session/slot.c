// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of the fore channel.
 *
 * A slot is allocated with its first request. It is freed when the client was notified to use fewer
 * slots and has sent requests whose sa_highest_slotid is lower. Such a request says that no request
 * of the slot will be repeated (RFC 8881 section 2.10.6.1); a client that is silent may yet repeat
 * the last one of each slot. The xarray then keeps the sequence id as a value entry, because the
 * client may continue with it or start at 1.
 *
 * Locking: the request that set the busy bit owns the slot. Slots are found under RCU. A slot
 * that is freed keeps its busy bit, so that a reader that still sees it cannot take it.
 * session->lock guards the slot counts.
 *
 * Memory: a client is charged for slots before it is notified of them, so that a request that
 * the server has announced to be possible is not refused.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../../../../net/server.h"
#include "../../server.h"
#include "../deleg/delegation.h"
#include "../engine/server.h"
#include "client.h"
#include "session_private.h"

static struct dnfs4_sessions *dnfs4_sessions_of(const struct dnfs4_session *session)
{
	return session->client->server->sessions;
}

static u32 dnfs4_slots_limit(const struct dnfs4_session *session)
{
	u32 setting = READ_ONCE(session->client->server->nfs->settings.session_slots);

	return min3(session->slots_asked, setting, DNFS4_SLOTS_MAX);
}

/* Return: true for a slot that the client can do without. */
static bool dnfs4_slot_is_extra(u32 id)
{
	return id >= DNFS4_SLOTS_START;
}

/* Bytes charged for a slot with a reply. */
static long dnfs4_slot_bytes(const struct dnfs4_session *session)
{
	return sizeof(struct dnfs4_slot) + dnfs4_slot_reply_max(session);
}

static int dnfs4_slots_pay(struct dnfs4_session *session, u32 slots)
{
	int err;

	lockdep_assert_held(&session->lock);
	err = ditto_charge_resize(&session->memory,
				  DNFS4_SESSION_BYTES + slots * dnfs4_slot_bytes(session));
	if (!err)
		WRITE_ONCE(session->slots_paid, slots);
	return err;
}

/* Charge for as many more slots as limit and budget allow. Return: the number allowed now. */
static u32 dnfs4_slots_allow(struct dnfs4_session *session)
{
	u32 limit = dnfs4_slots_limit(session), paid = session->slots_paid;
	u32 more = limit > paid ? limit - paid : 0;
	long room;

	lockdep_assert_held(&session->lock);
	room = more ? ditto_charge_room(&session->memory) / dnfs4_slot_bytes(session) : 0;
	for (; more; more /= 2)
		if (more <= room && !dnfs4_slots_pay(session, paid + more))
			break;
	return min(limit, session->slots_paid);
}

/*
 * Set up and charge the slots of a new session. Return: the number of slots granted; less than
 * @asked if the limit or the client's memory budget is reached, possibly 0.
 */
u32 dnfs4_slots_init(struct dnfs4_session *session, u32 asked)
{
	xa_init(&session->slots);
	session->slots_asked = asked;
	session->slots_paid = 0;
	spin_lock(&session->lock);
	dnfs4_slots_pay(session, dnfs4_slots_limit(session));
	session->slots_now = dnfs4_slots_allow(session);
	spin_unlock(&session->lock);
	session->slots_target = min(session->slots_now, DNFS4_SLOTS_START);
	session->slots_peak = 0;
	atomic_set(&session->slots_live, 0);
	return session->slots_now;
}

static void dnfs4_slot_free_rcu(struct rcu_head *rcu)
{
	struct dnfs4_slot *slot = container_of(rcu, struct dnfs4_slot, rcu);

	kfree(slot->reply);
	kfree(slot);
}

static void dnfs4_slot_forget(struct dnfs4_session *session, struct dnfs4_slot *slot)
{
	atomic_dec(&session->slots_live);
	if (dnfs4_slot_is_extra(slot->id))
		atomic_dec(&dnfs4_sessions_of(session)->extra_slots);
	call_rcu(&slot->rcu, dnfs4_slot_free_rcu);
}

/* Free the slots of a session. @session: its last reference was put. Context: any. */
void dnfs4_slots_free(struct dnfs4_session *session)
{
	unsigned long id;
	void *entry;

	xa_for_each(&session->slots, id, entry)
		if (!xa_is_value(entry))
			dnfs4_slot_forget(session, entry);
	xa_destroy(&session->slots);
}

/* Create a slot in place of @old. Return: NULL without memory, or if another request did it. */
static struct dnfs4_slot *dnfs4_slot_make(struct dnfs4_session *session, u32 id, void *old)
{
	struct dnfs4_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL);

	if (!slot)
		return NULL;
	slot->id = id;
	slot->fresh = true;
	if (old)
		slot->before = xa_to_value(old);
	/* The caller owns the slot from the beginning. */
	__set_bit(DNFS4_SLOT_BUSY, &slot->busy);
	if (xa_cmpxchg(&session->slots, id, old, slot, GFP_KERNEL) != old) {
		kfree(slot);
		return NULL;
	}
	atomic_inc(&session->slots_live);
	if (dnfs4_slot_is_extra(id))
		atomic_inc(&dnfs4_sessions_of(session)->extra_slots);
	return slot;
}

static u32 dnfs4_slot_check(const struct dnfs4_slot *slot, const struct dnfs4_slot_request *req,
			    bool *again)
{
	*again = false;
	if (slot->fresh) {
		bool next = req->seqid == 1 || (slot->before && req->seqid == slot->before + 1);

		return next ? NFS4_OK : NFS4ERR_SEQ_MISORDERED;
	}
	if (req->seqid == slot->seqid + 1)
		return NFS4_OK;
	*again = req->seqid == slot->seqid;
	return *again ? NFS4_OK : NFS4ERR_SEQ_MISORDERED;
}

/* Return: the status of a request whose slot another request owns. */
static u32 dnfs4_slot_refuse(const struct dnfs4_slot *slot, const struct dnfs4_slot_request *req)
{
	/* The slot was found busy before @accepted is read; pairs with dnfs4_slot_end(). */
	smp_rmb();
	/*
	 * A slot that is being freed keeps its sequence id, so the request is not misordered. A
	 * retry of a request in progress gets NFS4ERR_DELAY (RFC 8881 section 2.10.6.2). Until that
	 * request is accepted, any other may be its retry. Pairs with dnfs4_slot_commit().
	 */
	if (test_bit(DNFS4_SLOT_GONE, &slot->busy) || !smp_load_acquire(&slot->accepted) ||
	    READ_ONCE(slot->seqid) == req->seqid)
		return NFS4ERR_DELAY;
	return NFS4ERR_SEQ_MISORDERED;
}

/*
 * Take ownership of the slot for a request. @slot: set to the slot on success; the caller owns it
 * until dnfs4_slot_end(). Does not accept the request yet: dnfs4_slot_commit() does. Context: may
 * sleep for the first request of a slot. Return: NFS4_OK; NFS4ERR_BADSLOT; NFS4ERR_BAD_HIGH_SLOT;
 * NFS4ERR_SEQ_MISORDERED; NFS4ERR_DELAY (the same request is in progress or may be, the slot is
 * being freed, or there is no memory).
 */
u32 dnfs4_slot_begin(struct dnfs4_session *session, const struct dnfs4_slot_request *req,
		     struct dnfs4_slot **slot, bool *again)
{
	u32 now = READ_ONCE(session->slots_now);
	struct dnfs4_slot *found;
	u32 status = NFS4_OK;
	void *entry;

	if (req->id >= now)
		return NFS4ERR_BADSLOT;
	if (req->highest >= now)
		return NFS4ERR_BAD_HIGH_SLOT;
	rcu_read_lock();
	entry = xa_load(&session->slots, req->id);
	if (entry && !xa_is_value(entry)) {
		found = entry;
		if (test_and_set_bit_lock(DNFS4_SLOT_BUSY, &found->busy))
			status = dnfs4_slot_refuse(found, req);
		rcu_read_unlock();
	} else {
		rcu_read_unlock();
		found = dnfs4_slot_make(session, req->id, entry);
		if (!found)
			status = NFS4ERR_DELAY;
	}
	if (status)
		return status;
	status = dnfs4_slot_check(found, req, again);
	if (status) {
		dnfs4_slot_end(found);
		return status;
	}
	*slot = found;
	return NFS4_OK;
}

/*
 * Find whether a retry gets the reply of the slot. Context: any. Return: NFS4_OK;
 * NFS4ERR_SEQ_FALSE_RETRY; NFS4ERR_RETRY_UNCACHED_REP.
 */
u32 dnfs4_slot_repeat(const struct dnfs4_slot *slot, u64 digest)
{
	if (digest != slot->digest)
		return NFS4ERR_SEQ_FALSE_RETRY;
	return slot->kept ? NFS4_OK : NFS4ERR_RETRY_UNCACHED_REP;
}

/*
 * Make room for a cached reply. A reply that is cached already stays valid. Return: false without
 * memory.
 */
bool dnfs4_slot_reserve(struct dnfs4_slot *slot, u32 bytes)
{
	void *reply;

	if (slot->room >= bytes)
		return true;
	/* Keep the present reply: the request may still fail before it is accepted. */
	reply = kmalloc(bytes, GFP_KERNEL);
	if (!reply)
		return false;
	if (slot->kept)
		memcpy(reply, slot->reply, slot->len);
	kfree(slot->reply);
	slot->reply = reply;
	slot->room = bytes;
	return true;
}

/* Most slots that the session may have without another charge. */
static u32 dnfs4_slots_most(const struct dnfs4_session *session)
{
	return min(dnfs4_slots_limit(session), READ_ONCE(session->slots_paid));
}

/*
 * A review has lowered the number since a request was let in, which the client may repeat. The slot
 * is let in unpaid if the budget is used up now.
 */
static void dnfs4_slots_admit(struct dnfs4_session *session, u32 used)
{
	lockdep_assert_held(&session->lock);
	if (session->slots_now >= used)
		return;
	if (session->slots_paid < used)
		dnfs4_slots_pay(session, used);
	WRITE_ONCE(session->slots_now, used);
}

/* Raise the number of slots for a client that uses all of them, @used. */
static void dnfs4_slots_grow(struct dnfs4_session *session, u32 used)
{
	u32 limit, target = READ_ONCE(session->slots_target), now = READ_ONCE(session->slots_now);

	/* A client that uses all that it can get asks each time. */
	if (likely(target >= dnfs4_slots_most(session) && now >= max(target, used)))
		return;
	spin_lock(&session->lock);
	limit = dnfs4_slots_most(session);
	if (session->slots_target < limit)
		WRITE_ONCE(session->slots_target, min(session->slots_target * 2, limit));
	if (session->slots_now < session->slots_target)
		WRITE_ONCE(session->slots_now, session->slots_target);
	dnfs4_slots_admit(session, used);
	spin_unlock(&session->lock);
}

/*
 * Accept a new request. Advances the sequence id, discards the cached reply and may raise the
 * number of slots. The caller sets @digest and @whole of the slot. Context: any.
 */
void dnfs4_slot_commit(struct dnfs4_session *session, struct dnfs4_slot *slot,
		       const struct dnfs4_slot_request *req)
{
	u32 used = max(req->id, req->highest) + 1, peak = READ_ONCE(session->slots_peak);

	WRITE_ONCE(slot->seqid, req->seqid);
	/* Pairs with dnfs4_slot_refuse(). */
	smp_store_release(&slot->accepted, true);
	slot->fresh = false;
	slot->kept = false;
	/*
	 * All slots share this cache line, so write it only when the value grows. A full barrier
	 * then; pairs with dnfs4_slots_review().
	 */
	while (used > peak && !try_cmpxchg(&session->slots_peak, &peak, used))
		;
	if (unlikely(used >= READ_ONCE(session->slots_target)))
		dnfs4_slots_grow(session, used);
}

/* Release the ownership of a slot. Context: any. */
void dnfs4_slot_end(struct dnfs4_slot *slot)
{
	WRITE_ONCE(slot->accepted, false);
	clear_bit_unlock(DNFS4_SLOT_BUSY, &slot->busy);
}

/* Free idle slots that no request needs since the last review. */
void dnfs4_slots_trim(struct dnfs4_session *session, u32 first)
{
	struct dnfs4_slot *slot;
	unsigned long id;
	void *entry;

	xa_for_each_start(&session->slots, id, entry, first) {
		if (xa_is_value(entry))
			continue;
		slot = entry;
		/* Both bits in one step, so that a reader that finds it busy sees the reason. */
		if (cmpxchg(&slot->busy, 0, BIT(DNFS4_SLOT_BUSY) | BIT(DNFS4_SLOT_GONE)))
			continue;
		/* A request that has ended since then has raised the peak before. */
		if (id < READ_ONCE(session->slots_peak)) {
			clear_bit(DNFS4_SLOT_GONE, &slot->busy);
			dnfs4_slot_end(slot);
			continue;
		}
		/* The bits stay set for readers under RCU. Replacing an entry needs no memory. */
		if (slot->fresh && !slot->before)
			xa_erase(&session->slots, id);
		else
			xa_store(&session->slots, id,
				 xa_mk_value(slot->fresh ? slot->before : slot->seqid),
				 GFP_KERNEL);
		dnfs4_slot_forget(session, slot);
	}
}

/*
 * Adjust the slot counts of a session to demand and setting. Frees slots that the client does not
 * use. A client that has sent no request since the last review keeps all, with their replies. Sends
 * CB_RECALL_SLOT if the client uses more slots than the target.
 */
void dnfs4_slots_review(struct dnfs4_session *session)
{
	u32 limit, peak, target, first;

	spin_lock(&session->lock);
	limit = dnfs4_slots_allow(session);
	peak = xchg(&session->slots_peak, 0);
	target = session->slots_target;
	if (peak < target / 2)
		target = max(target / 2, min(limit, DNFS4_SLOTS_START));
	target = min(target, limit);
	WRITE_ONCE(session->slots_target, target);
	/* Accept fewer slots only when the client has said that it does not use more. */
	if (session->slots_now < limit || (peak && peak <= limit))
		WRITE_ONCE(session->slots_now, limit);
	/*
	 * Pairs with dnfs4_slot_commit(), which raises the peak before it looks at the numbers:
	 * either it finds the new ones, or its slot is found here.
	 */
	smp_mb();
	dnfs4_slots_admit(session, READ_ONCE(session->slots_peak));
	spin_unlock(&session->lock);

	/* The lowest slot whose memory is not needed, if the client has shown which it uses. */
	first = max(peak, target);
	if (peak)
		dnfs4_slots_trim(session, first);
	/* Lowering a charge cannot fail. */
	spin_lock(&session->lock);
	if (session->slots_paid > session->slots_now)
		dnfs4_slots_pay(session, session->slots_now);
	spin_unlock(&session->lock);
	if (first > READ_ONCE(session->slots_target))
		dnfs4_recall_slots(session);
}

/*
 * Count the slots that could be given up. Context: any. Return: the number of slots with memory
 * above DNFS4_SLOTS_START.
 */
unsigned long dnfs4_slots_reclaimable(struct dnfs4_server *server)
{
	return atomic_read(&server->sessions->extra_slots);
}

/*
 * Lower the slot targets of sessions. Clients see the lower target with their next SEQUENCE. The
 * memory is freed by a later dnfs4_sessions_review(). Context: any process context; does not sleep.
 * Return: the number of slots asked back.
 */
unsigned long dnfs4_slots_shrink(struct dnfs4_server *server, unsigned long count)
{
	struct dnfs4_sessions *sessions = server->sessions;
	struct dnfs4_session *session;
	unsigned long asked = 0;
	struct rb_node *rb;
	u32 target, half;

	if (!atomic_read(&sessions->extra_slots) || !mutex_trylock(&sessions->lock))
		return 0;
	for (rb = rb_first_cached(&sessions->all); rb && asked < count; rb = rb_next(rb)) {
		session = rb_entry(rb, struct dnfs4_session, by_number);
		spin_lock(&session->lock);
		target = session->slots_target;
		if (target > DNFS4_SLOTS_START) {
			half = max(target / 2, DNFS4_SLOTS_START);
			WRITE_ONCE(session->slots_target, half);
			asked += target - half;
		}
		spin_unlock(&session->lock);
	}
	mutex_unlock(&sessions->lock);
	return asked;
}

/* Adjust the slot counts of all sessions. Calls dnfs4_slots_review() for each session. */
void dnfs4_sessions_review(struct dnfs4_server *server)
{
	struct dnfs4_session *list[DNFS4_SESSIONS_AT_ONCE];
	unsigned int count;
	u64 next = 0;

	do {
		count = dnfs4_sessions_from(server, next, list, ARRAY_SIZE(list));
		for (unsigned int i = 0; i < count; i++) {
			next = list[i]->number + 1;
			dnfs4_slots_review(list[i]);
			dnfs4_session_put(list[i]);
		}
		cond_resched();
	} while (count == ARRAY_SIZE(list));
}
