/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fair queues: whoever wants a turn waits behind its own peer's requests, and
 * not behind everybody's.
 *
 * Peers are served round robin, and so are the users of a peer. A peer is an
 * IPv4 address or the /64 of an IPv6 address, for a host has all of a /64. The
 * turns that are taken at once, those of one peer, and those that wait are all
 * bounded. A full queue keeps nobody out: the peer with most requests loses one
 * to a peer that has fewer.
 *
 * A turn lasts from ditto_fairq_enter() returning 1, or @run being called, to
 * ditto_fairq_leave(). No thread waits for it.
 */
#ifndef _DITTO_NET_FAIRQ_H
#define _DITTO_NET_FAIRQ_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ditto_fair_peer;

#define DITTO_FAIRQ_BITS	6

/**
 * struct ditto_fairq_limits - bounds of a queue
 * @width: turns at once
 * @peer_width: of them, turns of one peer
 * @waiting: requests that wait
 * @peer_waiting: of them, requests of one peer
 */
struct ditto_fairq_limits {
	unsigned int width;
	unsigned int peer_width;
	unsigned int waiting;
	unsigned int peer_waiting;
};

/**
 * struct ditto_fairq - a queue
 * @limits: see there
 * @lock: guards what follows, and all peers and turns of the queue
 * @active: turns that are taken
 * @waiting: requests that wait
 * @ready: struct ditto_fair_peer with requests that wait and may have a turn, next one first
 * @peers: all peers, by address
 * @key: of the hash
 * @work: gives turns
 */
struct ditto_fairq {
	struct ditto_fairq_limits limits;
	spinlock_t lock;	/* see above */
	unsigned int active;
	unsigned int waiting;
	struct list_head ready;
	struct hlist_head peers[1 << DITTO_FAIRQ_BITS];
	siphash_key_t key;
	struct work_struct work;
};

/**
 * struct ditto_fair_turn - a request for a turn, in memory of whoever makes it
 * @run: called when a request that waited has its turn; process context, must not wait
 * @evicted: called instead if a request that waited made room for another peer's: it neither
 *	waits nor has a turn; the same
 * @list: of the peer's users, for the first request of a user; else of that one's @same
 * @same: later requests of the same user
 * @user: whose
 * @peer: whose; NULL if there is neither a turn nor a request
 * @waits: it waits
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
/* Nobody enters any more, and nobody waits. */
void ditto_fairq_exit(struct ditto_fairq *q);

/**
 * ditto_fairq_enter - ask for a turn
 * @q: the queue
 * @turn: with @run and @evicted
 * @addr: of the peer
 * @user: any number that tells the users of a peer apart
 *
 * Context: process; no lock held that another request's @evicted takes.
 * Return: 1 for a turn at once; 0 if @turn->run is called when there is one; -EBUSY if too
 * many wait, of this peer or of all others as few as of this one; -ENOMEM.
 */
int ditto_fairq_enter(struct ditto_fairq *q, struct ditto_fair_turn *turn,
		      const struct in6_addr *addr, u64 user);
/* Give a request up that waits. False if it does not: @run was called, or will be at once. */
bool ditto_fairq_cancel(struct ditto_fairq *q, struct ditto_fair_turn *turn);
/* The turn is over; @turn may be freed. Process context. */
void ditto_fairq_leave(struct ditto_fairq *q, struct ditto_fair_turn *turn);

#endif
