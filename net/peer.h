/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: the remote machines, one for each address. All protocols share them. A connection whose
 * client has proved its name with a certificate has a peer of its own.
 *
 * A peer is looked up under RCU for each request, but for those that come together over one
 * connection, see ditto_peer_get_again(). A peer that has neither connections nor
 * references is removed after DITTO_PEER_IDLE_S, or when no user vouches for it any more.
 */
#ifndef _DITTO_NET_PEER_H
#define _DITTO_NET_PEER_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "budget.h"
#include "listener.h"
#include "stats.h"

struct ditto_server;
struct ditto_show_batch;

/* Peers per server; beyond this, one that has been idle for long is dropped. */
#define DITTO_PEERS_MAX		65536
/* Cached verdicts of export rules per peer. */
#define DITTO_PEER_VERDICTS	8
/* Seconds without a request after which a peer is removed. */
#define DITTO_PEER_IDLE_S	600
/* Seconds for which a user vouches for the machine, see ditto_peer_vouch(). */
#define DITTO_PEER_VOUCHED_S	86400

/**
 * struct ditto_peer_verdict - cached result of the rules of one share
 * @generation: generation of the share options that the rules belong to; 0 if the slot is empty
 * @expires: jiffies; name rules are evaluated again after the time to live of names
 * @epoch: ditto_peers_epoch() before the rules were matched
 * @level: enum ditto_access_level
 * @squash: enum ditto_squash
 * @anon_uid: see struct ditto_verdict
 * @anon_gid: see struct ditto_verdict
 *
 * Only the owner of the rules reads and writes it, see ditto_rules_match().
 */
struct ditto_peer_verdict {
	u64 generation;
	unsigned long expires;
	u32 epoch;
	u32 anon_uid;
	u32 anon_gid;
	u8 level;
	u8 squash;
};

/**
 * struct ditto_peer_admission - cached result of the rules of all shares, see ditto_admit()
 * @generation: generation of the shares; 0 if there is no result
 * @expires: jiffies
 * @epoch: ditto_peers_epoch() before the shares were asked
 * @level: enum ditto_admission
 * @ports: enum ditto_ports
 */
struct ditto_peer_admission {
	u64 generation;
	unsigned long expires;
	u32 epoch;
	u8 level;
	u8 ports;
};

/**
 * struct ditto_peer - one remote machine
 * @srv: the server that it talks to
 * @addr: IPv6 address, or IPv4 address mapped into IPv6
 * @protocols: protocols that it has used, as bits of struct ditto_protocol.bit
 * @number: its number, see ditto_peers_next(); 0 for peers that are not in the table
 * @since: wall clock seconds of its first request
 * @used: jiffies of its last request, written at most once a second
 * @vouched: when a user of it last proved who he is, in seconds since boot, written at most once
 *	a minute; 0 for never
 * @requests: per-CPU number of requests
 * @traffic: its requests that a share was found for; NULL before the first, while its budget or the
 *	memory does not suffice, and for peers that are not in the table
 * @traffic_charge: charge for @traffic
 * @traffic_retry: jiffies; @traffic is not allocated before
 * @lock: guards @verdicts, @admission, @traffic and @traffic_charge for writing; readers use @seq
 * @seq: sequence count of @verdicts and @admission
 * @cert_name: name that the client of one connection has proved, see ditto_peer_prove(); NULL for
 *	peers of the table
 * @machine: with @cert_name, the peer of the address, held; else NULL
 * @verdicts: cached verdicts, replaced round robin
 * @admission: the newest admission, by the bit of the protocol
 * @turn: index of the verdict to replace next
 * @ref: references: one of each user, and one of the table
 * @hash: entry in the hash table
 * @lru: entry on the table's list, guarded by the table's lock; empty once the peer was removed
 * @rcu: frees the peer after an RCU grace period
 */
struct ditto_peer {
	struct ditto_server *srv;
	struct in6_addr addr;
	unsigned long protocols;
	u64 number;
	time64_t since;
	unsigned long used;
	time64_t vouched;
	u64 __percpu *requests;
	struct ditto_traffic __percpu *traffic;
	struct ditto_charge traffic_charge;
	unsigned long traffic_retry;
	spinlock_t lock;	/* see above */
	seqcount_spinlock_t seq;
	char *cert_name;
	struct ditto_peer *machine;
	struct ditto_peer_verdict verdicts[DITTO_PEER_VERDICTS];
	struct ditto_peer_admission admission[DITTO_PROTOCOLS_MAX];
	unsigned int turn;
	refcount_t ref;
	struct rhash_head hash;
	struct list_head lru;
	struct rcu_head rcu;
};

struct ditto_peer *ditto_peer_get(struct ditto_server *srv, const struct sockaddr *sa,
				  unsigned int protocol_bit);
struct ditto_peer *ditto_peer_get_again(struct ditto_peer *peer);
struct ditto_peer *ditto_peer_prove(struct ditto_server *srv, const struct sockaddr *sa,
				    char *name);
/* Take a reference to a peer that is held, or NULL. Any context. */
static inline struct ditto_peer *ditto_peer_hold(struct ditto_peer *peer)
{
	if (peer)
		refcount_inc(&peer->ref);
	return peer;
}

void ditto_peer_put(struct ditto_peer *peer);
unsigned int ditto_peers_next(struct ditto_server *srv, u64 from, bool counted,
			      struct ditto_show_batch *batch);
u64 ditto_peers_newest(struct ditto_server *srv);
struct ditto_peer *ditto_peer_find(struct ditto_server *srv, const struct in6_addr *addr);
void ditto_peer_vouch(struct ditto_peer *peer);
bool ditto_peer_is_vouched(const struct ditto_peer *peer);
struct ditto_traffic __percpu *ditto_peer_traffic_begin(struct ditto_peer *peer);

/*
 * Count one finished request of a peer. @read: bytes that a READ has sent; @written: bytes that a
 * WRITE has received. The first request allocates the counters, so that strangers have none. If
 * that fails, requests are not counted for some seconds.
 */
static inline void ditto_peer_traffic_count(struct ditto_peer *peer, u64 nanoseconds, u64 read,
					    u64 written)
{
	struct ditto_peer *machine = peer->machine ?: peer;
	struct ditto_traffic __percpu *traffic = READ_ONCE(machine->traffic);

	if (unlikely(!traffic))
		traffic = ditto_peer_traffic_begin(machine);
	if (likely(traffic))
		ditto_traffic_count(traffic, nanoseconds, read, written);
}

u64 ditto_peer_requests(const struct ditto_peer *peer);
void ditto_peers_forget_verdicts(struct ditto_server *srv);
u32 ditto_peers_epoch(const struct ditto_server *srv);
bool ditto_addr_map(const struct sockaddr *sa, struct in6_addr *addr);

/* Buffer size for the text of an address, with the terminating NUL. */
#define DITTO_ADDR_TEXT	48

/* The address under which limits and delays count a machine. Context: any. */
static inline void ditto_addr_who(struct in6_addr *who, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		*who = *addr;
	else
		ipv6_addr_prefix(who, addr, 64);
}

const char *ditto_addr_text(const struct in6_addr *addr, char *buf);
void ditto_peers_start(struct ditto_server *srv,
		       unsigned int (*connections)(struct ditto_server *srv,
						   const struct ditto_peer *peer));
void ditto_peers_stop(struct ditto_server *srv);

/* Create and destroy the peers of a server. May sleep. */
int ditto_peers_init(struct ditto_server *srv);
void ditto_peers_exit(struct ditto_server *srv);

#endif
