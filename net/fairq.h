/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fair queues: a request for a turn waits behind the requests of its own peer, not behind the
 * requests of all peers.
 *
 * Peers are served round robin, and so are the users of a peer. A peer is an IPv4 address or the
 * /64 of an IPv6 address, because one host owns a whole /64. The number of turns taken at the same
 * time, of turns of one peer, and of waiting requests are all bounded. A full queue excludes no
 * peer: the peer with the most waiting requests loses one to a peer that has fewer.
 *
 * A turn lasts from ditto_fairq_enter() returning 1, or from the call of @run, to
 * ditto_fairq_leave(). No thread waits for a turn.
 *
 * The owner of a queue may count the turns itself: a queue of width 0 only orders the requests, and
 * ditto_fairq_take() takes the next one out.
 */
#ifndef _DITTO_NET_FAIRQ_H
#define _DITTO_NET_FAIRQ_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/rbtree_types.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ditto_fair_peer;

/**
 * struct ditto_fairq_limits - bounds of a queue
 * @width: turns taken at the same time
 * @peer_width: turns of one peer taken at the same time
 * @waiting: waiting requests
 * @peer_waiting: waiting requests of one peer
 */
struct ditto_fairq_limits {
	unsigned int width;
	unsigned int peer_width;
	unsigned int waiting;
	unsigned int peer_waiting;
};

/**
 * struct ditto_fairq - a queue
 * @limits: bounds; the widths are guarded by @lock, the others do not change
 * @lock: guards all following members but @key and @work, and all peers and turns of the queue
 * @active: turns that are taken
 * @waiting: requests that wait
 * @ready: struct ditto_fair_peer with waiting requests that may take a turn, in order of service
 * @peers: tree of all struct ditto_fair_peer by hash of their address
 * @key: key of the hash
 * @work: gives turns to waiting requests
 */
struct ditto_fairq {
	struct ditto_fairq_limits limits;
	spinlock_t lock;	/* see above */
	unsigned int active;
	unsigned int waiting;
	struct list_head ready;
	struct rb_root peers;
	siphash_key_t key;
	struct work_struct work;
};

/**
 * struct ditto_fair_turn - a request for a turn, in memory of the caller
 * @run: called when a request that waited gets its turn; process context, must not wait
 * @evicted: called instead of @run if the waiting request was dropped in favour of another peer:
 *	it neither waits nor has a turn; process context, must not wait
 * @list: for the first waiting request of a user, entry on the peer's list of users; for later
 *	ones, entry on the first one's @same
 * @same: later requests of the same user
 * @user: number of the user
 * @peer: the peer; NULL if there is neither a turn nor a waiting request
 * @waits: the request waits
 */
struct ditto_fair_turn {
	void (*run)(struct ditto_fair_turn *turn);
	void (*evicted)(struct ditto_fair_turn *turn);
	struct list_head list;
	struct list_head same;
	u64 user;
	struct ditto_fair_peer *peer;
	bool waits;
};

void ditto_fairq_init(struct ditto_fairq *q, const struct ditto_fairq_limits *limits);
void ditto_fairq_set_width(struct ditto_fairq *q, unsigned int width);
void ditto_fairq_exit(struct ditto_fairq *q);
int ditto_fairq_enter(struct ditto_fairq *q, struct ditto_fair_turn *turn,
		      const struct in6_addr *addr, u64 user);
bool ditto_fairq_cancel(struct ditto_fairq *q, struct ditto_fair_turn *turn);
struct ditto_fair_turn *ditto_fairq_take(struct ditto_fairq *q);
void ditto_fairq_leave(struct ditto_fairq *q, struct ditto_fair_turn *turn);

#endif
