// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fair queues. See fairq.h.
 *
 * The requests of each user of a peer form a list, and the first requests of the users form the
 * peer's list. After a turn the user moves to the end of its peer's list, and the peer to the end
 * of the queue's list.
 *
 * Locking: q->lock guards everything; @run and @evicted are called without it.
 *
 * Lifetime: a peer exists while it has a turn or a waiting request.
 */
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "fairq.h"
#include "peer.h"
#include "server_private.h"

/**
 * struct ditto_fair_peer - a peer that has turns or waits for them
 * @node: entry in the queue's tree
 * @hash: keyed hash of @addr
 * @ready: entry on the queue's list, or empty
 * @users: struct ditto_fair_turn: the first waiting request of each user
 * @addr: address, as ditto_addr_who() makes it
 * @active: turns taken
 * @waiting: waiting requests
 */
struct ditto_fair_peer {
	struct rb_node node;
	u64 hash;
	struct list_head ready;
	struct list_head users;
	struct in6_addr addr;
	unsigned int active;
	unsigned int waiting;
};

static int fairq_peer_cmp(u64 hash, const struct in6_addr *addr,
			  const struct ditto_fair_peer *peer)
{
	if (hash != peer->hash)
		return hash < peer->hash ? -1 : 1;
	return ipv6_addr_cmp(addr, &peer->addr);
}

static struct ditto_fair_peer *fairq_peer_locked(struct ditto_fairq *q,
						 const struct in6_addr *addr)
{
	struct rb_node **link = &q->peers.rb_node, *parent = NULL;
	struct ditto_fair_peer *peer;
	struct in6_addr masked;
	u64 hash;

	lockdep_assert_held(&q->lock);
	ditto_addr_who(&masked, addr);
	hash = siphash(&masked, sizeof(masked), &q->key);
	while (*link) {
		int cmp;

		parent = *link;
		peer = rb_entry(parent, struct ditto_fair_peer, node);
		cmp = fairq_peer_cmp(hash, &masked, peer);
		if (!cmp)
			return peer;
		link = cmp < 0 ? &parent->rb_left : &parent->rb_right;
	}
	peer = kzalloc(sizeof(*peer), GFP_ATOMIC);
	if (!peer)
		return NULL;
	peer->hash = hash;
	peer->addr = masked;
	INIT_LIST_HEAD(&peer->ready);
	INIT_LIST_HEAD(&peer->users);
	rb_link_node(&peer->node, parent, link);
	rb_insert_color(&peer->node, &q->peers);
	return peer;
}

/*
 * Put the peer on the queue's list if it may have a turn, else take it off. Free it if it has
 * neither turns nor requests.
 */
static void fairq_peer_settle_locked(struct ditto_fairq *q, struct ditto_fair_peer *peer)
{
	bool ready = peer->waiting && peer->active < q->limits.peer_width;

	lockdep_assert_held(&q->lock);
	if (!ready)
		list_del_init(&peer->ready);
	else if (list_empty(&peer->ready))
		list_add_tail(&peer->ready, &q->ready);
	if (!peer->waiting && !peer->active) {
		rb_erase(&peer->node, &q->peers);
		kfree(peer);
	}
}

static void fairq_add_locked(struct ditto_fairq *q, struct ditto_fair_peer *peer,
			     struct ditto_fair_turn *turn)
{
	struct ditto_fair_turn *first;

	lockdep_assert_held(&q->lock);
	turn->waits = true;
	q->waiting++;
	peer->waiting++;
	list_for_each_entry(first, &peer->users, list) {
		if (first->user != turn->user)
			continue;
		list_add_tail(&turn->list, &first->same);
		return;
	}
	list_add_tail(&turn->list, &peer->users);
}

/*
 * Take a waiting request out. The next request of its user goes to the end of @at, or takes its
 * place if @at is NULL.
 */
static void fairq_del_locked(struct ditto_fairq *q, struct ditto_fair_turn *turn,
			     struct list_head *at)
{
	struct ditto_fair_turn *next;

	lockdep_assert_held(&q->lock);
	next = list_first_entry_or_null(&turn->same, struct ditto_fair_turn, list);
	if (next) {
		list_del_init(&next->list);
		list_splice_init(&turn->same, &next->same);
		list_add_tail(&next->list, at ?: &turn->list);
	}
	list_del_init(&turn->list);
	turn->waits = false;
	turn->peer->waiting--;
	q->waiting--;
}

/*
 * Take out the request whose turn is next. The caller settles the peer, which then goes to the end
 * of the queue's list.
 */
static struct ditto_fair_turn *fairq_first_locked(struct ditto_fairq *q)
{
	struct ditto_fair_turn *turn;
	struct ditto_fair_peer *peer;

	lockdep_assert_held(&q->lock);
	peer = list_first_entry_or_null(&q->ready, struct ditto_fair_peer, ready);
	if (!peer)
		return NULL;
	turn = list_first_entry(&peer->users, struct ditto_fair_turn, list);
	fairq_del_locked(q, turn, &peer->users);
	list_del_init(&peer->ready);
	return turn;
}

static struct ditto_fair_turn *fairq_next_locked(struct ditto_fairq *q)
{
	struct ditto_fair_turn *turn;

	lockdep_assert_held(&q->lock);
	turn = q->active < q->limits.width ? fairq_first_locked(q) : NULL;
	if (!turn)
		return NULL;
	q->active++;
	turn->peer->active++;
	fairq_peer_settle_locked(q, turn->peer);
	return turn;
}

static void fairq_work(struct work_struct *work)
{
	struct ditto_fairq *q = container_of(work, struct ditto_fairq, work);
	struct ditto_fair_turn *turn;

	for (;;) {
		spin_lock(&q->lock);
		turn = fairq_next_locked(q);
		spin_unlock(&q->lock);
		if (!turn)
			return;
		turn->run(turn);
		cond_resched();
	}
}

/*
 * Find the peer with the most waiting requests, if @peer may take the place of one of them: @peer
 * has none yet, or it would still have fewer afterwards. Of those that have as many it is the first
 * behind a random hash, so that among many peers with one request each the loser varies.
 */
static struct ditto_fair_peer *fairq_most_locked(struct ditto_fairq *q,
						 const struct ditto_fair_peer *peer)
{
	struct ditto_fair_peer *most = NULL, *p;
	u64 first = get_random_u64();
	struct rb_node *node;

	lockdep_assert_held(&q->lock);
	for (node = rb_first(&q->peers); node; node = rb_next(node)) {
		p = rb_entry(node, struct ditto_fair_peer, node);
		if (!most || p->waiting > most->waiting ||
		    (p->waiting == most->waiting && p->hash - first < most->hash - first))
			most = p;
	}
	if (!most || most->waiting <= peer->waiting + (peer->waiting ? 1 : 0))
		return NULL;
	return most;
}

/*
 * Take out the last request of a peer. A user with several requests loses one before users with a
 * single one.
 */
static struct ditto_fair_turn *fairq_evict_locked(struct ditto_fairq *q,
						  struct ditto_fair_peer *peer)
{
	struct ditto_fair_turn *turn, *last;

	lockdep_assert_held(&q->lock);
	last = list_last_entry(&peer->users, struct ditto_fair_turn, list);
	list_for_each_entry_reverse(turn, &peer->users, list) {
		if (list_empty(&turn->same))
			continue;
		last = list_last_entry(&turn->same, struct ditto_fair_turn, list);
		break;
	}
	fairq_del_locked(q, last, NULL);
	last->peer = NULL;
	fairq_peer_settle_locked(q, peer);
	return last;
}

/*
 * Change how many turns are taken at the same time. Turns that are taken already are not ended;
 * more of them begin with the next one that ends. Context: any but interrupts.
 */
void ditto_fairq_set_width(struct ditto_fairq *q, unsigned int width)
{
	if (READ_ONCE(q->limits.width) == width)
		return;
	spin_lock(&q->lock);
	WRITE_ONCE(q->limits.width, width);
	q->limits.peer_width = width;
	spin_unlock(&q->lock);
}

/**
 * ditto_fairq_enter - request a turn
 * @q: the queue
 * @turn: the request, with @run and @evicted set
 * @addr: address of the peer
 * @user: any number that tells the users of a peer apart
 *
 * May call @evicted of another request.
 *
 * Context: process; the caller must not hold a lock that @evicted of another request takes.
 * Return: 1 if the turn is taken immediately; 0 if @turn->run will be called later; -EBUSY if the
 * peer has too many waiting requests, or the queue is full and no peer has more waiting requests
 * than this one; -ENOMEM.
 */
int ditto_fairq_enter(struct ditto_fairq *q, struct ditto_fair_turn *turn,
		      const struct in6_addr *addr, u64 user)
{
	struct ditto_fair_turn *evicted = NULL;
	struct ditto_fair_peer *peer, *most;
	int ret = 0;

	INIT_LIST_HEAD(&turn->list);
	INIT_LIST_HEAD(&turn->same);
	turn->waits = false;
	turn->user = user;

	spin_lock(&q->lock);
	peer = fairq_peer_locked(q, addr);
	turn->peer = peer;
	if (!peer) {
		ret = -ENOMEM;
	} else if (q->active < q->limits.width && list_empty(&q->ready) && !peer->waiting &&
		   peer->active < q->limits.peer_width) {
		q->active++;
		peer->active++;
		ret = 1;
	} else if (peer->waiting >= q->limits.peer_waiting) {
		ret = -EBUSY;
	} else if (q->waiting < q->limits.waiting) {
		fairq_add_locked(q, peer, turn);
	} else {
		most = fairq_most_locked(q, peer);
		if (most) {
			evicted = fairq_evict_locked(q, most);
			fairq_add_locked(q, peer, turn);
		} else {
			ret = -EBUSY;
		}
	}
	if (ret < 0)
		turn->peer = NULL;
	if (peer)
		fairq_peer_settle_locked(q, peer);
	spin_unlock(&q->lock);
	if (evicted)
		evicted->evicted(evicted);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_enter, "DITTO");

/**
 * ditto_fairq_cancel - withdraw a waiting request
 * @q: the queue
 * @turn: the request
 *
 * Return: true if it was withdrawn; false if it does not wait: @run was called or is about to be.
 */
bool ditto_fairq_cancel(struct ditto_fairq *q, struct ditto_fair_turn *turn)
{
	bool waited;

	spin_lock(&q->lock);
	waited = turn->waits;
	if (waited) {
		fairq_del_locked(q, turn, NULL);
		fairq_peer_settle_locked(q, turn->peer);
		turn->peer = NULL;
	}
	spin_unlock(&q->lock);
	return waited;
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_cancel, "DITTO");

/**
 * ditto_fairq_take - take the request out whose turn is next
 * @q: a queue of width 0 whose @peer_width is not 0
 *
 * The request neither waits nor has a turn afterwards; its @run is not called.
 *
 * Context: any but interrupts; does not sleep.
 * Return: the request, or NULL if none waits.
 */
struct ditto_fair_turn *ditto_fairq_take(struct ditto_fairq *q)
{
	struct ditto_fair_turn *turn;

	spin_lock(&q->lock);
	turn = fairq_first_locked(q);
	if (turn) {
		fairq_peer_settle_locked(q, turn->peer);
		turn->peer = NULL;
	}
	spin_unlock(&q->lock);
	return turn;
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_take, "DITTO");

/**
 * ditto_fairq_leave - end a turn
 * @q: the queue
 * @turn: the turn; may be freed afterwards
 */
void ditto_fairq_leave(struct ditto_fairq *q, struct ditto_fair_turn *turn)
{
	spin_lock(&q->lock);
	q->active--;
	turn->peer->active--;
	fairq_peer_settle_locked(q, turn->peer);
	turn->peer = NULL;
	/*
	 * The work is queued under the lock, so that the last one to leave does not touch the
	 * queue afterwards.
	 */
	if (!list_empty(&q->ready))
		queue_work(ditto_wq, &q->work);
	spin_unlock(&q->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_leave, "DITTO");

/**
 * ditto_fairq_init - initialize a queue
 * @q: the queue
 * @limits: its bounds, copied
 *
 * A queue of width 0 needs no ditto_fairq_exit() if no request waits in it.
 */
void ditto_fairq_init(struct ditto_fairq *q, const struct ditto_fairq_limits *limits)
{
	memset(q, 0, sizeof(*q));
	q->peers = RB_ROOT;
	q->limits = *limits;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->ready);
	get_random_bytes(&q->key, sizeof(q->key));
	INIT_WORK(&q->work, fairq_work);
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_init, "DITTO");

/**
 * ditto_fairq_exit - wait until a queue is empty
 * @q: the queue; no request enters it any more, and all turns end without outside help
 */
void ditto_fairq_exit(struct ditto_fairq *q)
{
	/* Turns end immediately by now, and the end of each one starts the next. */
	while (READ_ONCE(q->waiting) || READ_ONCE(q->active)) {
		flush_work(&q->work);
		schedule_timeout_uninterruptible(1);
	}
	cancel_work_sync(&q->work);
	/* Wait until the last one to leave has dropped the lock. */
	spin_lock(&q->lock);
	spin_unlock(&q->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_fairq_exit, "DITTO");
