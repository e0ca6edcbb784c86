// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: the remote machines, by address.
 *
 * Locking: peers are looked up under RCU. The table's spinlock guards the list and keeps it in
 * step with the hash table: a peer is in both or in neither. Nothing sleeps under it.
 *
 * Lifetime: the table holds a reference, and each user another. A peer that is removed from the
 * table while it is in use is freed by its last user; the next request of its machine creates a
 * new one.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "event.h"
#include "peer.h"
#include "server.h"
#include "show.h"

/* Seconds between two notes that a user vouches for a machine. */
#define PEER_VOUCH_S	60
/* Seconds between two searches for silent peers. */
#define PEER_SWEEP_S	60
/* Jiffies until counters that could not be allocated are tried again. */
#define PEER_TRAFFIC_RETRY	(10 * HZ)
/* Peers that are compared to choose the one to drop from a full table. */
#define PEER_EVICT_SCAN	32

/**
 * struct ditto_peer_table - the peers of one server
 * @srv: the server
 * @hash: peers by address
 * @lock: guards @list, @count, @numbers and @removals
 * @list: peers roughly in the order of their last use: one in use moves to the end when a
 *	full table is searched for one to drop
 * @count: entries of @list
 * @numbers: number of the last peer that was added
 * @removals: peers that were removed, plus one
 * @connections: counts the connections of a peer; set while silent peers are looked for
 * @sweep: removes silent peers
 * @epoch: see ditto_peers_epoch()
 */
struct ditto_peer_table {
	struct ditto_server *srv;
	struct rhashtable hash;
	spinlock_t lock;	/* see above */
	struct list_head list;
	unsigned int count;
	u64 numbers;
	unsigned int removals;
	unsigned int (*connections)(struct ditto_server *srv, const struct ditto_peer *peer);
	struct delayed_work sweep;
	/* Read by each call. */
	atomic_t epoch ____cacheline_aligned_in_smp;
};

static const struct rhashtable_params peer_params = {
	.key_len = sizeof(struct in6_addr),
	.key_offset = offsetof(struct ditto_peer, addr),
	.head_offset = offsetof(struct ditto_peer, hash),
	.automatic_shrinking = true,
};

/* Convert a socket address to IPv6, with IPv4 mapped. Returns false for other families. */
bool ditto_addr_map(const struct sockaddr *sa, struct in6_addr *addr)
{
	switch (sa->sa_family) {
	case AF_INET:
		ipv6_addr_set_v4mapped(((const struct sockaddr_in *)sa)->sin_addr.s_addr, addr);
		return true;
	case AF_INET6:
		*addr = ((const struct sockaddr_in6 *)sa)->sin6_addr;
		return true;
	default:
		return false;
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_addr_map, "DITTO");

/* Format an address, IPv4 without its mapping, into @buf of DITTO_ADDR_TEXT bytes. Returns @buf. */
const char *ditto_addr_text(const struct in6_addr *addr, char *buf)
{
	if (ipv6_addr_v4mapped(addr))
		snprintf(buf, DITTO_ADDR_TEXT, "%pI4", &addr->s6_addr32[3]);
	else
		snprintf(buf, DITTO_ADDR_TEXT, "%pI6c", addr);
	return buf;
}
EXPORT_SYMBOL_NS_GPL(ditto_addr_text, "DITTO");

static void peer_free(struct ditto_peer *peer)
{
	free_percpu(peer->requests);
	free_percpu(peer->traffic);
	kfree(peer->cert_name);
	kfree(peer);
}

static void peer_free_rcu(struct rcu_head *rcu)
{
	peer_free(container_of(rcu, struct ditto_peer, rcu));
}

/* Drop a reference. Any context. */
void ditto_peer_put(struct ditto_peer *peer)
{
	if (!refcount_dec_and_test(&peer->ref))
		return;
	if (peer->machine)
		ditto_peer_put(peer->machine);
	ditto_uncharge(&peer->traffic_charge);
	call_rcu(&peer->rcu, peer_free_rcu);
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_put, "DITTO");

static struct ditto_peer *peer_alloc(struct ditto_server *srv, const struct in6_addr *addr)
{
	struct ditto_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);

	if (!peer)
		return NULL;
	peer->requests = alloc_percpu(u64);
	if (!peer->requests) {
		kfree(peer);
		return NULL;
	}
	peer->srv = srv;
	peer->addr = *addr;
	peer->since = ktime_get_real_seconds();
	peer->used = jiffies;
	peer->traffic_retry = jiffies;
	spin_lock_init(&peer->lock);
	seqcount_spinlock_init(&peer->seq, &peer->lock);
	INIT_LIST_HEAD(&peer->lru);
	/* One reference of the table, and one of the caller. */
	refcount_set(&peer->ref, 2);
	return peer;
}

/* Find the peer with an address. Context: any. Return: the peer with a reference, or NULL. */
struct ditto_peer *ditto_peer_find(struct ditto_server *srv, const struct in6_addr *addr)
{
	struct ditto_peer *peer;

	rcu_read_lock();
	peer = rhashtable_lookup(&srv->peers->hash, addr, peer_params);
	if (peer && !refcount_inc_not_zero(&peer->ref))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

/*
 * Remove a peer from the table. False if it was removed already. The caller must put the table's
 * reference.
 */
static bool peer_unlink_locked(struct ditto_peer_table *table, struct ditto_peer *peer)
{
	lockdep_assert_held(&table->lock);

	if (list_empty(&peer->lru))
		return false;
	list_del_init(&peer->lru);
	table->count--;
	table->removals++;
	rhashtable_remove_fast(&table->hash, &peer->hash, peer_params);
	return true;
}

/* Remove the longest idle of the first peers of the list; peers in use move to its end. */
static struct ditto_peer *peer_evict_locked(struct ditto_peer_table *table)
{
	struct ditto_peer *peer, *next, *oldest = NULL;
	unsigned int scanned = 0;

	list_for_each_entry_safe(peer, next, &table->list, lru) {
		if (scanned++ == PEER_EVICT_SCAN)
			break;
		if (refcount_read(&peer->ref) > 1 ||
		    (oldest && !time_before(READ_ONCE(peer->used), READ_ONCE(oldest->used)))) {
			list_move_tail(&peer->lru, &table->list);
			continue;
		}
		if (oldest)
			list_move_tail(&oldest->lru, &table->list);
		oldest = peer;
	}
	if (oldest)
		peer_unlink_locked(table, oldest);
	return oldest;
}

/* Create a peer, or return the one that another thread created first. */
static noinline_for_stack struct ditto_peer *peer_add(struct ditto_server *srv,
						      const struct in6_addr *addr)
{
	struct ditto_peer_table *table = srv->peers;
	struct ditto_peer *peer, *old, *victim;
	char text[DITTO_ADDR_TEXT];

	peer = peer_alloc(srv, addr);
	if (!peer)
		return NULL;

	/* RCU keeps @old valid while its reference is taken. */
	rcu_read_lock();
	spin_lock(&table->lock);
	old = rhashtable_lookup_get_insert_fast(&table->hash, &peer->hash, peer_params);
	if (!old) {
		/* If all that are compared are in use, the table exceeds its size; two make up. */
		for (int i = 0; i < 2 && table->count >= DITTO_PEERS_MAX; i++) {
			victim = peer_evict_locked(table);
			if (victim)
				ditto_peer_put(victim);
		}
		peer->number = ++table->numbers;
		list_add_tail(&peer->lru, &table->list);
		table->count++;
	} else if (!IS_ERR(old)) {
		/* Removal takes the lock, so the table still holds its reference. */
		refcount_inc(&old->ref);
	}
	spin_unlock(&table->lock);
	rcu_read_unlock();

	if (old) {
		peer_free(peer);
		return IS_ERR(old) ? NULL : old;
	}
	ditto_event(srv, DITTO_EVENT_CLIENT_NEW, ditto_addr_text(addr, text));
	return peer;
}

/**
 * ditto_peer_prove - create a peer for a connection whose client has proved its name
 * @srv: the server
 * @sa: address of the client
 * @name: the name; the peer owns it, and frees it with kfree(), also on error
 *
 * Rules may decide otherwise for this connection than for others of the address, so the peer is
 * not in the table and has verdicts of its own. It holds the peer of the address. Requests are
 * counted by ditto_peer_get() and ditto_peer_get_again().
 *
 * Return: the peer with a reference; NULL without memory or for another address family.
 */
struct ditto_peer *ditto_peer_prove(struct ditto_server *srv, const struct sockaddr *sa,
				    char *name)
{
	struct ditto_peer *peer = NULL, *machine = NULL;
	struct in6_addr addr;

	if (ditto_addr_map(sa, &addr))
		machine = ditto_peer_find(srv, &addr) ?: peer_add(srv, &addr);
	if (machine)
		peer = peer_alloc(srv, &addr);
	if (!peer) {
		if (machine)
			ditto_peer_put(machine);
		kfree(name);
		return NULL;
	}
	peer->cert_name = name;
	peer->machine = machine;
	refcount_set(&peer->ref, 1);
	return peer;
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_prove, "DITTO");

static void peer_count(struct ditto_peer *peer)
{
	unsigned long now = jiffies;

	this_cpu_inc(*peer->requests);
	if (time_after(now, READ_ONCE(peer->used) + HZ))
		WRITE_ONCE(peer->used, now);
}

/**
 * ditto_peer_get_again - take another reference to a peer and count another request
 * @peer: held by the caller, who got it by ditto_peer_get() for the same protocol
 *
 * Context: any.
 * Return: @peer.
 */
struct ditto_peer *ditto_peer_get_again(struct ditto_peer *peer)
{
	refcount_inc(&peer->ref);
	peer_count(peer);
	return peer;
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_get_again, "DITTO");

/**
 * ditto_peer_get - find or create the peer with an address and count a request
 * @srv: the server
 * @sa: IPv4 or IPv6 address; the port is ignored
 * @protocol_bit: bit of the calling protocol
 *
 * Return: the peer with a reference; NULL without memory or for another address family.
 */
struct ditto_peer *ditto_peer_get(struct ditto_server *srv, const struct sockaddr *sa,
				  unsigned int protocol_bit)
{
	struct ditto_peer *peer;
	struct in6_addr addr;

	if (!ditto_addr_map(sa, &addr))
		return NULL;
	peer = ditto_peer_find(srv, &addr);
	if (!peer)
		peer = peer_add(srv, &addr);
	if (!peer)
		return NULL;

	peer_count(peer);
	if (!test_bit(protocol_bit, &peer->protocols))
		set_bit(protocol_bit, &peer->protocols);
	return peer;
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_get, "DITTO");

/* Number of requests of a peer, summed over all CPUs. */
u64 ditto_peer_requests(const struct ditto_peer *peer)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(peer->requests, cpu));
	return sum;
}

/*
 * Allocate the counters of a peer of the table that has none. Return: NULL without memory, or if
 * its budget does not allow them. May sleep.
 */
struct ditto_traffic __percpu *ditto_peer_traffic_begin(struct ditto_peer *peer)
{
	struct ditto_traffic __percpu *traffic;
	struct ditto_charge charge = {};

	if (time_before(jiffies, READ_ONCE(peer->traffic_retry)))
		return NULL;
	WRITE_ONCE(peer->traffic_retry, jiffies + PEER_TRAFFIC_RETRY);
	if (ditto_charge_machine(&charge, peer->srv, &peer->addr, DITTO_BUDGET_MEMORY,
				 num_possible_cpus() * sizeof(*traffic)))
		return NULL;
	traffic = alloc_percpu_gfp(struct ditto_traffic, GFP_NOWAIT | __GFP_NOWARN);
	spin_lock(&peer->lock);
	if (traffic && !peer->traffic) {
		swap(charge, peer->traffic_charge);
		/* Whoever finds it without the lock finds it cleared. */
		smp_store_release(&peer->traffic, traffic);
		traffic = NULL;
	}
	spin_unlock(&peer->lock);
	free_percpu(traffic);
	ditto_uncharge(&charge);
	return READ_ONCE(peer->traffic);
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_traffic_begin, "DITTO");

/* Collect references to the peers that @pick accepts. The caller puts them and frees the array. */
static struct ditto_peer **peers_collect(struct ditto_peer_table *table,
					 bool (*pick)(const struct ditto_peer *peer),
					 unsigned int *n)
{
	unsigned int room = READ_ONCE(table->count) + 16;
	struct ditto_peer *peer, **peers;

	*n = 0;
	peers = kvmalloc_array(room, sizeof(*peers), GFP_KERNEL);
	if (!peers)
		return NULL;

	spin_lock(&table->lock);
	list_for_each_entry(peer, &table->list, lru) {
		/* Peers added since the count was read may be missed. */
		if (*n == room)
			break;
		if (!pick(peer))
			continue;
		refcount_inc(&peer->ref);
		peers[(*n)++] = peer;
	}
	spin_unlock(&table->lock);
	return peers;
}

/*
 * Get the peers with the lowest numbers. @batch: filled with peers in the order of their numbers,
 * each with a reference; none at the end. A peer that is added gets a higher number than all others
 * have or had. So no peer that stays is missed or found twice by a caller that goes on behind the
 * last number; but a machine may be found again if its peer was removed and it came back. Return: a
 * number that is another one after a peer was removed; never 0.
 */
unsigned int ditto_peers_next(struct ditto_server *srv, u64 from, bool counted,
			      struct ditto_show_batch *batch)
{
	struct ditto_peer_table *table = srv->peers;
	struct ditto_peer *peer;
	unsigned int removals;

	batch->count = 0;
	spin_lock(&table->lock);
	list_for_each_entry(peer, &table->list, lru)
		if (peer->number >= from && (!counted || READ_ONCE(peer->traffic)))
			ditto_show_batch_add(batch, peer->number, peer);
	for (unsigned int i = 0; i < batch->count; i++)
		refcount_inc(&((struct ditto_peer *)batch->conn[i])->ref);
	removals = table->removals;
	spin_unlock(&table->lock);
	return removals;
}

/* The highest number of a peer so far. Any context. */
u64 ditto_peers_newest(struct ditto_server *srv)
{
	u64 number;

	spin_lock(&srv->peers->lock);
	number = srv->peers->numbers;
	spin_unlock(&srv->peers->lock);
	return number;
}

/*
 * End the validity of the verdicts and admissions of all peers. The rules are evaluated again for
 * the next request of each peer. A verdict or an admission that is just being made is not used
 * again either. Context: any.
 */
void ditto_peers_forget_verdicts(struct ditto_server *srv)
{
	/* Pairs with ditto_peers_epoch(): a reader of the new number finds no older name. */
	atomic_inc_return_release(&srv->peers->epoch);
}

/*
 * Get the number of times that verdicts and admissions were forgotten. Verdicts and admissions
 * carry the number that was read before they were made, and are valid as long as it stays the same.
 * Context: any. Return: the number.
 */
u32 ditto_peers_epoch(const struct ditto_server *srv)
{
	/* Pairs with ditto_peers_forget_verdicts(). */
	return atomic_read_acquire(&srv->peers->epoch);
}

/**
 * ditto_peer_vouch - note that a user of the machine proved who he is
 * @peer: the peer; a peer of a single connection also counts for its address
 *
 * Some requests of a machine are not made by its users and prove nothing themselves.
 *
 * Context: any.
 */
void ditto_peer_vouch(struct ditto_peer *peer)
{
	time64_t now = ktime_get_boottime_seconds();
	time64_t last = READ_ONCE(peer->vouched);

	if (last && now - last < PEER_VOUCH_S)
		return;
	WRITE_ONCE(peer->vouched, max_t(time64_t, now, 1));
	if (peer->machine)
		WRITE_ONCE(peer->machine->vouched, max_t(time64_t, now, 1));
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_vouch, "DITTO");

/* Did a user of the machine prove who he is within DITTO_PEER_VOUCHED_S? Any context. */
bool ditto_peer_is_vouched(const struct ditto_peer *peer)
{
	time64_t last = READ_ONCE(peer->vouched);

	return last && ktime_get_boottime_seconds() - last < DITTO_PEER_VOUCHED_S;
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_is_vouched, "DITTO");

static bool peer_is_silent(const struct ditto_peer *peer)
{
	return refcount_read(&peer->ref) == 1 && !ditto_peer_is_vouched(peer) &&
	       time_after(jiffies, READ_ONCE(peer->used) + DITTO_PEER_IDLE_S * HZ);
}

static void peers_sweep(struct work_struct *work)
{
	struct ditto_peer_table *table =
		container_of(to_delayed_work(work), struct ditto_peer_table, sweep);
	struct ditto_peer **peers;
	unsigned int n;

	peers = peers_collect(table, peer_is_silent, &n);
	for (unsigned int i = 0; i < n; i++) {
		struct ditto_peer *peer = peers[i];
		bool unlinked = false;

		/* A connection may be silent for long and still exist. */
		if (!table->connections(table->srv, peer)) {
			spin_lock(&table->lock);
			unlinked = peer_unlink_locked(table, peer);
			spin_unlock(&table->lock);
		}
		if (unlinked)
			ditto_peer_put(peer);
		ditto_peer_put(peer);
		cond_resched();
	}
	kvfree(peers);
	queue_delayed_work(system_long_wq, &table->sweep, PEER_SWEEP_S * HZ);
}

int ditto_peers_init(struct ditto_server *srv)
{
	struct ditto_peer_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	int err;

	if (!table)
		return -ENOMEM;
	table->srv = srv;
	spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->list);
	table->removals = 1;
	INIT_DELAYED_WORK(&table->sweep, peers_sweep);
	err = rhashtable_init(&table->hash, &peer_params);
	if (err) {
		kfree(table);
		return err;
	}
	srv->peers = table;
	return 0;
}

/* Look for silent peers from now on, and remove them. */
void ditto_peers_start(struct ditto_server *srv,
		       unsigned int (*connections)(struct ditto_server *srv,
						   const struct ditto_peer *peer))
{
	struct ditto_peer_table *table = srv->peers;

	if (!table)
		return;
	table->connections = connections;
	queue_delayed_work(system_long_wq, &table->sweep, PEER_SWEEP_S * HZ);
}

/* Stop looking for silent peers. Called when the listeners go. May sleep. */
void ditto_peers_stop(struct ditto_server *srv)
{
	if (srv->peers)
		cancel_delayed_work_sync(&srv->peers->sweep);
}

void ditto_peers_exit(struct ditto_server *srv)
{
	struct ditto_peer_table *table = srv->peers;
	struct ditto_peer *peer, *next;

	if (!table)
		return;
	ditto_peers_stop(srv);
	list_for_each_entry_safe(peer, next, &table->list, lru) {
		spin_lock(&table->lock);
		peer_unlink_locked(table, peer);
		spin_unlock(&table->lock);
		ditto_peer_put(peer);
	}
	rhashtable_destroy(&table->hash);
	srv->peers = NULL;
	kfree(table);
}
