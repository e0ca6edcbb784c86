/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: the machines that talk to us, by address. Both protocols share them.
 *
 * Found per request under RCU; a peer without connections and references is
 * forgotten after a while.
 */
#ifndef _DITTO_NET_PEER_H
#define _DITTO_NET_PEER_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "../fs/share/rules.h"

struct ditto_server;

/* Peers kept; the longest idle ones leave first. */
#define DITTO_PEERS_MAX		65536
/* Verdicts of shares' rules kept with a peer. */
#define DITTO_PEER_VERDICTS	8
/* A peer that was silent so long is forgotten. */
#define DITTO_PEER_IDLE_S	600

/**
 * struct ditto_peer_verdict - what the rules of some share options said
 * @generation: of the options; 0 is none
 * @verdict: the answer
 * @expires: jiffies; name rules are asked again after the names' time to live
 */
struct ditto_peer_verdict {
	u64 generation;
	struct ditto_verdict verdict;
	unsigned long expires;
};

/**
 * struct ditto_peer_admission - what all shares' rules together said, see ditto_admit()
 * @generation: of the shares; 0 is none
 * @expires: jiffies
 * @level: enum ditto_admission
 * @ports: enum ditto_ports
 */
struct ditto_peer_admission {
	u64 generation;
	unsigned long expires;
	u8 level;
	u8 ports;
};

/**
 * struct ditto_peer - one machine
 * @srv: the server it talks to
 * @addr: IPv6, or IPv4 mapped into it
 * @protocols: names of the protocols it used, as bits of struct ditto_protocol.bit
 * @since: wall clock seconds of its first request
 * @used: jiffies of the last request, written at most once a second
 * @requests: per-CPU count
 * @lock: guards @verdicts and @admission for writing; readers use @seq
 * @seq: of both
 * @verdicts: replaced in turn
 * @admission: the newest
 * @turn: which is replaced next
 * @ref: holders, and one of the table
 * @hash: in the table
 * @lru: on the table's list, under its lock
 * @rcu: freed under RCU
 */
struct ditto_peer {
	struct ditto_server *srv;
	struct in6_addr addr;
	unsigned long protocols;
	time64_t since;
	unsigned long used;
	u64 __percpu *requests;
	spinlock_t lock;	/* see above */
	seqcount_spinlock_t seq;
	struct ditto_peer_verdict verdicts[DITTO_PEER_VERDICTS];
	struct ditto_peer_admission admission;
	unsigned int turn;
	refcount_t ref;
	struct rhash_head hash;
	struct list_head lru;
	struct rcu_head rcu;
};

/**
 * ditto_peer_get - the peer with an address, made if it is new
 * @srv: the server
 * @sa: IPv4 or IPv6; the port does not matter
 * @protocol_bit: bit of the protocol that asks
 *
 * Context: may sleep. Return: a peer to be put, or NULL (no memory).
 */
struct ditto_peer *ditto_peer_get(struct ditto_server *srv, const struct sockaddr *sa,
				  unsigned int protocol_bit);
void ditto_peer_put(struct ditto_peer *peer);

/* Call @fn for every peer; it may sleep. Returns 0 or what @fn returned. */
int ditto_peer_for_each(struct ditto_server *srv,
			int (*fn)(struct ditto_peer *peer, void *arg), void *arg);
/* The peer with an address if there is one, else NULL. Any context. */
struct ditto_peer *ditto_peer_find(struct ditto_server *srv, const struct in6_addr *addr);
/* Requests of a peer, over all CPUs. */
u64 ditto_peer_requests(const struct ditto_peer *peer);
/* Forget what rules said about peers, so that they are asked again. */
void ditto_peers_forget_verdicts(struct ditto_server *srv);
/* IPv4 and IPv6 to the mapped form; false for other families. */
bool ditto_addr_map(const struct sockaddr *sa, struct in6_addr *addr);

/* Room for the text of an address, its end included. */
#define DITTO_ADDR_TEXT	48

/**
 * ditto_addr_who - the machine that limits and delays hold an address for
 * @who: filled: an IPv4 address, or the /64 of an IPv6 one, for a machine may take any of it
 * @addr: IPv6, or IPv4 mapped into it
 *
 * Context: any.
 */
static inline void ditto_addr_who(struct in6_addr *who, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		*who = *addr;
	else
		ipv6_addr_prefix(who, addr, 64);
}

/* An address for people: IPv4 without its mapping. Returns @buf, of DITTO_ADDR_TEXT bytes. */
const char *ditto_addr_text(const struct in6_addr *addr, char *buf);

/* Listeners are going: no silent peer is looked for any more, for that asks the protocols. */
void ditto_peers_stop(struct ditto_server *srv);

int ditto_peers_init(struct ditto_server *srv);
void ditto_peers_exit(struct ditto_server *srv);

#endif
