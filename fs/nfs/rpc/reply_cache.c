// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reply cache.
 *
 * The cache is divided into shards by a hash of the key. A shard has a hash table, and lists of
 * its replies in the order of their last use, one for all replies and one per peer. A new reply
 * replaces one that is too old. If there is none and the shard is full, it replaces a reply of
 * a peer that has about the most, so that one peer cannot flush the replies of others. A reply
 * that is not done yet is owned by the thread that executes the call, and is never dropped.
 *
 * Locking: shard->lock (spinlock) guards everything in a shard. No other lock of this server is
 * taken inside it.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/xdr.h>
#include <net/ipv6.h>

#include "../../../net/peer.h"
#include "reply_cache.h"

#define DNFS_SHARD_BITS		5
#define DNFS_SHARDS		BIT(DNFS_SHARD_BITS)
/* A reply has the index of its shard in one byte. */
static_assert(DNFS_SHARD_BITS <= 8);
/* Hash chains of the peers of a shard. */
#define DNFS_PEER_BUCKETS	64
/* Ranks of peers: the logarithm of their number of replies. */
#define DNFS_PEER_RANKS		24
/* Bytes of a reply stored inline; only replies to COMPOUND may be longer. */
#define DNFS_REPLY_SMALL	288

/**
 * struct dnfs_reply_peer - a peer in a shard
 * @addr: address of an IPv4 host, or of an IPv6 network of 64 bits
 * @count: number of its replies
 * @rank: logarithm of @count, the index of the list that the peer is on
 * @replies: its replies, oldest first
 * @rank_link: link in the shard's list for @rank
 * @hash: link in its hash chain
 */
struct dnfs_reply_peer {
	struct in6_addr addr;
	unsigned int count;
	unsigned int rank;
	struct list_head replies;
	struct list_head rank_link;
	struct hlist_node hash;
};

/**
 * struct dnfs_reply - a call and its reply
 * @key: identity of the call
 * @peer: the peer
 * @conn: connection the call arrived on, only for comparison; it exists until @done is set
 * @again: another connection on which the call was retransmitted before @done was set, with a
 *	reference; or NULL
 * @used: jiffies of the last transmission
 * @hash: link in the shard's table
 * @lru: link in the shard's list
 * @of_peer: link in the peer's list
 * @large: buffer for a reply that is too long for @data; NULL until it is needed
 * @len: bytes of the reply
 * @shard: index of the shard that it is in
 * @done: the reply is stored
 * @data: encoded results
 */
struct dnfs_reply {
	struct dnfs_reply_key key;
	struct dnfs_reply_peer *peer;
	const struct svc_xprt *conn;
	struct svc_xprt *again;
	unsigned long used;
	struct rhash_head hash;
	struct list_head lru;
	struct list_head of_peer;
	u8 *large;
	u16 len;
	u8 shard;
	bool done;
	u8 data[DNFS_REPLY_SMALL];
};

/**
 * struct dnfs_shard - a part of the cache
 * @lock: see above
 * @count: number of replies
 * @lru: replies, oldest first
 * @by_key: replies by key
 * @peers: hash chains of peers, by address
 * @ranks: lists of peers, by rank
 */
struct dnfs_shard {
	spinlock_t lock;	/* see above */
	unsigned int count;
	struct list_head lru;
	struct rhashtable by_key;
	struct hlist_head peers[DNFS_PEER_BUCKETS];
	struct list_head ranks[DNFS_PEER_RANKS];
} ____cacheline_aligned_in_smp;

/**
 * struct dnfs_replies - the reply cache of a server
 * @shrinker: drops replies when memory is short
 * @seed: seed of the hash of a key, which chooses the shard and the place in its table
 * @shard_limit: most replies in a shard
 * @shard: the shards
 */
struct dnfs_replies {
	struct shrinker *shrinker;
	u32 seed;
	unsigned int shard_limit;
	struct dnfs_shard shard[DNFS_SHARDS];
};

/* The checksum of the arguments is a hash already; the rest of a key seldom tells calls apart. */
static u32 reply_key_hash(const struct dnfs_reply_key *key, u32 seed)
{
	return jhash_3words(lower_32_bits(key->sum),
			    upper_32_bits(key->sum) ^ (__force u32)key->xid,
			    __ipv6_addr_jhash(&key->addr, seed) ^ (__force u16)key->port,
			    seed + key->len);
}

/* The keys of a shard have the same bits for it, so the table gets the others. */
static u32 reply_table_hash(const void *data, u32 len, u32 seed)
{
	const struct dnfs_reply_key *key = data;

	return key->hash >> DNFS_SHARD_BITS;
}

static const struct rhashtable_params dnfs_reply_params = {
	.key_len = sizeof(struct dnfs_reply_key),
	.key_offset = offsetof(struct dnfs_reply, key),
	.head_offset = offsetof(struct dnfs_reply, hash),
	.hashfn = reply_table_hash,
	.automatic_shrinking = true,
};

static struct dnfs_shard *dnfs_shard_of(struct dnfs_replies *replies,
					const struct dnfs_reply_key *key)
{
	BUILD_BUG_ON(sizeof(*key) != 48);
	return &replies->shard[key->hash % DNFS_SHARDS];
}

static void dnfs_reply_free(struct dnfs_reply *reply)
{
	if (!reply)
		return;
	kfree(reply->large);
	kfree(reply);
}

/* Peers */

static struct hlist_head *reply_peer_bucket(struct dnfs_shard *shard, const struct in6_addr *addr)
{
	return &shard->peers[ipv6_addr_hash(addr) % DNFS_PEER_BUCKETS];
}

static struct dnfs_reply_peer *reply_peer_find(struct dnfs_shard *shard,
					       const struct in6_addr *addr)
{
	struct dnfs_reply_peer *peer;

	lockdep_assert_held(&shard->lock);
	hlist_for_each_entry(peer, reply_peer_bucket(shard, addr), hash)
		if (ipv6_addr_equal(&peer->addr, addr))
			return peer;
	return NULL;
}

static void reply_peer_rerank(struct dnfs_shard *shard, struct dnfs_reply_peer *peer)
{
	unsigned int rank = min_t(unsigned int, ilog2(peer->count), DNFS_PEER_RANKS - 1);

	lockdep_assert_held(&shard->lock);
	if (rank == peer->rank)
		return;
	peer->rank = rank;
	list_move_tail(&peer->rank_link, &shard->ranks[rank]);
}

static void reply_peer_add(struct dnfs_shard *shard, struct dnfs_reply_peer *peer,
			   const struct in6_addr *addr)
{
	lockdep_assert_held(&shard->lock);
	peer->addr = *addr;
	peer->count = 0;
	peer->rank = 0;
	INIT_LIST_HEAD(&peer->replies);
	list_add_tail(&peer->rank_link, &shard->ranks[0]);
	hlist_add_head(&peer->hash, reply_peer_bucket(shard, addr));
}

static void reply_peer_del(struct dnfs_shard *shard, struct dnfs_reply_peer *peer)
{
	lockdep_assert_held(&shard->lock);
	hlist_del(&peer->hash);
	list_del(&peer->rank_link);
	kfree(peer);
}

/* Replies */

static void reply_unlink(struct dnfs_shard *shard, struct dnfs_reply *reply)
{
	struct dnfs_reply_peer *peer = reply->peer;

	lockdep_assert_held(&shard->lock);
	rhashtable_remove_fast(&shard->by_key, &reply->hash, dnfs_reply_params);
	list_del(&reply->lru);
	list_del(&reply->of_peer);
	shard->count--;
	if (--peer->count)
		reply_peer_rerank(shard, peer);
	else
		reply_peer_del(shard, peer);
}

static struct dnfs_reply *reply_find(struct dnfs_shard *shard, const struct dnfs_reply_key *key)
{
	lockdep_assert_held(&shard->lock);
	return rhashtable_lookup_fast(&shard->by_key, key, dnfs_reply_params);
}

static bool reply_is_old(const struct dnfs_reply *reply)
{
	return time_after(jiffies, reply->used + DNFS_REPLY_AGE_S * HZ);
}

/* Remove and return the least recently used reply if it is too old; else NULL. */
static struct dnfs_reply *shard_take_old(struct dnfs_shard *shard)
{
	struct dnfs_reply *reply;

	lockdep_assert_held(&shard->lock);
	list_for_each_entry(reply, &shard->lru, lru) {
		if (!reply_is_old(reply))
			return NULL;
		if (reply->done) {
			reply_unlink(shard, reply);
			return reply;
		}
	}
	return NULL;
}

/* Remove and return the least recently used reply of a peer that has about the most; or NULL. */
static struct dnfs_reply *shard_take_most(struct dnfs_shard *shard)
{
	struct dnfs_reply_peer *peer;
	struct dnfs_reply *reply;

	lockdep_assert_held(&shard->lock);
	for (int rank = DNFS_PEER_RANKS; rank--;) {
		list_for_each_entry(peer, &shard->ranks[rank], rank_link) {
			list_for_each_entry(reply, &peer->replies, of_peer) {
				if (!reply->done)
					continue;
				reply_unlink(shard, reply);
				return reply;
			}
		}
	}
	return NULL;
}

/*
 * A call in progress was retransmitted. If it came on another connection, remember that one in
 * place of an earlier one; on the original connection the reply is coming. Return: a connection
 * to be put, or NULL.
 */
static struct svc_xprt *reply_wait_elsewhere(struct dnfs_shard *shard, struct dnfs_reply *reply,
					     struct svc_xprt *conn)
{
	struct svc_xprt *before = reply->again;

	lockdep_assert_held(&shard->lock);
	if (!conn || conn == reply->conn || conn == before)
		return NULL;
	svc_xprt_get(conn);
	reply->again = conn;
	return before;
}

static void reply_used(struct dnfs_shard *shard, struct dnfs_reply *reply)
{
	lockdep_assert_held(&shard->lock);
	reply->used = jiffies;
	list_move_tail(&reply->lru, &shard->lru);
	list_move_tail(&reply->of_peer, &reply->peer->replies);
}

static void *reply_data(struct dnfs_reply *reply, unsigned int len)
{
	return len > sizeof(reply->data) ? reply->large : reply->data;
}

static enum dnfs_reply_state reply_replay(struct dnfs_shard *shard, struct dnfs_reply *reply,
					  struct xdr_stream *xdr, unsigned int start)
{
	__be32 *p;

	lockdep_assert_held(&shard->lock);
	xdr_truncate_encode(xdr, start);
	p = xdr_reserve_space(xdr, reply->len);
	/* A reply that fitted before fits again; if not, the call is still not executed twice. */
	if (!p)
		return DNFS_REPLY_BUSY;
	memcpy(p, reply_data(reply, reply->len), reply->len);
	reply_used(shard, reply);
	return DNFS_REPLY_DONE;
}

/* Return: false without memory. */
static bool reply_insert(struct dnfs_shard *shard, struct dnfs_reply *reply,
			 struct dnfs_reply_peer *peer, const struct dnfs_reply_key *key,
			 const struct svc_xprt *conn)
{
	lockdep_assert_held(&shard->lock);
	reply->key = *key;
	if (rhashtable_insert_fast(&shard->by_key, &reply->hash, dnfs_reply_params))
		return false;
	reply->peer = peer;
	reply->conn = conn;
	reply->again = NULL;
	reply->len = 0;
	reply->done = false;
	reply->used = jiffies;
	list_add_tail(&reply->lru, &shard->lru);
	list_add_tail(&reply->of_peer, &peer->replies);
	shard->count++;
	peer->count++;
	reply_peer_rerank(shard, peer);
	return true;
}

/**
 * struct reply_room - memory for a new reply
 * @reply: memory for the reply, in no list; or NULL
 * @peer: memory for its peer, needed if the shard has no peer with that address; or NULL
 */
struct reply_room {
	struct dnfs_reply *reply;
	struct dnfs_reply_peer *peer;
};

/* Get memory for a new reply. Return: true if the lock was dropped and taken again. */
static bool reply_room_make(struct dnfs_replies *replies, struct dnfs_shard *shard,
			    const struct in6_addr *addr, struct reply_room *room)
	__must_hold(&shard->lock)
{
	bool full = shard->count >= replies->shard_limit;
	bool dropped = false;

	lockdep_assert_held(&shard->lock);
	room->reply = shard_take_old(shard);
	if (!room->reply && full)
		room->reply = shard_take_most(shard);
	if (!room->reply && !full) {
		spin_unlock(&shard->lock);
		room->reply = kmalloc(sizeof(*room->reply), GFP_KERNEL);
		if (room->reply)
			room->reply->large = NULL;
		spin_lock(&shard->lock);
		dropped = true;
	}
	/* Looked for last, as a peer is forgotten with its last reply. */
	if (room->reply && !reply_peer_find(shard, addr)) {
		spin_unlock(&shard->lock);
		room->peer = kmalloc(sizeof(*room->peer), GFP_KERNEL);
		spin_lock(&shard->lock);
		dropped = true;
	}
	return dropped;
}

/* Return: the new reply, or NULL if it cannot be kept. Memory that it uses leaves @room. */
static struct dnfs_reply *reply_new(struct dnfs_shard *shard, const struct dnfs_reply_key *key,
				    const struct in6_addr *addr, const struct svc_xprt *conn,
				    struct reply_room *room)
{
	struct dnfs_reply_peer *peer = reply_peer_find(shard, addr);
	struct dnfs_reply *reply = room->reply;

	/* The caller has looked for it since the lock was taken. */
	WARN_ON_ONCE(IS_ENABLED(CONFIG_PROVE_LOCKING) && reply_find(shard, key));
	if (!reply || (!peer && !room->peer))
		return NULL;
	if (!peer) {
		peer = room->peer;
		room->peer = NULL;
		reply_peer_add(shard, peer, addr);
	}
	if (!reply_insert(shard, reply, peer, key, conn)) {
		if (!peer->count)
			reply_peer_del(shard, peer);
		return NULL;
	}
	room->reply = NULL;
	return reply;
}

/*
 * Look a call up in the reply cache, and add it if it is new. @conn: connection the call arrived
 * on; NULL for datagrams; @reply: set for DNFS_REPLY_NEW; set to NULL for DNFS_REPLY_UNKEPT. A
 * client that lost its connection may retransmit on a new one while the call is in progress. The
 * reply goes to the old connection, so the new one is stored with the call, and dnfs_reply_done()
 * or dnfs_reply_forget() returns it. Context: may sleep. A full cache reuses the memory of old
 * replies. Return: enum dnfs_reply_state.
 */
enum dnfs_reply_state dnfs_reply_begin(struct dnfs_replies *replies,
				       struct dnfs_reply_key *key, struct svc_xprt *conn,
				       struct xdr_stream *xdr, unsigned int start,
				       struct dnfs_reply **reply)
{
	enum dnfs_reply_state state = DNFS_REPLY_NEW;
	struct svc_xprt *unused = NULL;
	struct reply_room room = {};
	struct dnfs_shard *shard;
	struct dnfs_reply *found;
	struct in6_addr addr;

	key->hash = reply_key_hash(key, replies->seed);
	shard = dnfs_shard_of(replies, key);
	ditto_addr_who(&addr, &key->addr);
	spin_lock(&shard->lock);
	found = reply_find(shard, key);
	if (!found && reply_room_make(replies, shard, &addr, &room))
		found = reply_find(shard, key);
	if (found && !found->done) {
		unused = reply_wait_elsewhere(shard, found, conn);
		state = DNFS_REPLY_BUSY;
	} else if (found && !reply_is_old(found)) {
		state = reply_replay(shard, found, xdr, start);
	} else if (found) {
		/* After that time the client has reused the xid for another call. */
		found->conn = conn;
		found->again = NULL;
		found->done = false;
		reply_used(shard, found);
		*reply = found;
	} else {
		*reply = reply_new(shard, key, &addr, conn, &room);
		if (*reply)
			(*reply)->shard = shard - replies->shard;
		else
			state = DNFS_REPLY_UNKEPT;
	}
	spin_unlock(&shard->lock);
	dnfs_reply_free(room.reply);
	kfree(room.peer);
	if (unused)
		svc_xprt_put(unused);
	return state;
}

/*
 * Remove a call that must be executed again when retransmitted. @reply: from dnfs_reply_begin();
 * freed. Context: any. Return: as dnfs_reply_done().
 */
struct svc_xprt *dnfs_reply_forget(struct dnfs_replies *replies, struct dnfs_reply *reply)
{
	struct dnfs_shard *shard = &replies->shard[reply->shard];
	struct svc_xprt *again;

	spin_lock(&shard->lock);
	reply_unlink(shard, reply);
	again = reply->again;
	spin_unlock(&shard->lock);
	dnfs_reply_free(reply);
	return again;
}

/* Most results are in the head. Return: false if they are not there. */
static bool reply_copy(const struct xdr_buf *buf, unsigned int start, void *data, unsigned int len)
{
	const struct kvec *head = buf->head;

	if (start + len > head->iov_len)
		return !read_bytes_from_xdr_buf(buf, start, data, len);
	memcpy(data, head->iov_base + start, len);
	return true;
}

/*
 * Store the reply to an executed call. A reply that is too long is not kept. Return: NULL, or
 * another connection on which the client waits for the reply, with a reference. The caller closes
 * it, so that the client reconnects and retransmits.
 */
struct svc_xprt *dnfs_reply_done(struct dnfs_replies *replies, struct dnfs_reply *reply,
				 const struct xdr_buf *buf, unsigned int start)
{
	struct dnfs_shard *shard = &replies->shard[reply->shard];
	unsigned int len = buf->len - start;
	struct svc_xprt *again;
	void *data;

	/* No other thread reads the data before @done is set. */
	if (len > DNFS_REPLY_BYTES)
		return dnfs_reply_forget(replies, reply);
	if (len > sizeof(reply->data) && !reply->large)
		reply->large = kmalloc(DNFS_REPLY_BYTES, GFP_KERNEL);
	data = reply_data(reply, len);
	if (!data || !reply_copy(buf, start, data, len))
		return dnfs_reply_forget(replies, reply);

	spin_lock(&shard->lock);
	reply->len = len;
	reply->done = true;
	again = reply->again;
	reply_used(shard, reply);
	spin_unlock(&shard->lock);
	return again;
}

/*
 * Count the entries of a reply cache. Context: any. Return: the number of replies and of calls in
 * progress.
 */
unsigned int dnfs_replies_count(struct dnfs_replies *replies)
{
	unsigned int i, count = 0;

	for (i = 0; i < DNFS_SHARDS; i++)
		count += READ_ONCE(replies->shard[i].count);
	return count;
}

static unsigned long replies_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return dnfs_replies_count(shrinker->private_data) ?: SHRINK_EMPTY;
}

static unsigned long replies_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dnfs_replies *replies = shrinker->private_data;
	unsigned long freed = 0;
	unsigned int i, idle = 0;

	/* Take one reply from each shard in turn, so that all lose their oldest ones first. */
	for (i = 0; freed < sc->nr_to_scan && idle < DNFS_SHARDS; i = (i + 1) % DNFS_SHARDS) {
		struct dnfs_shard *shard = &replies->shard[i];
		struct dnfs_reply *reply;

		spin_lock(&shard->lock);
		reply = shard_take_old(shard) ?: shard_take_most(shard);
		spin_unlock(&shard->lock);
		idle = reply ? 0 : idle + 1;
		freed += !!reply;
		dnfs_reply_free(reply);
	}
	return freed ?: SHRINK_STOP;
}

static unsigned int replies_limit_for_memory(void)
{
	u64 bytes = (u64)totalram_pages() << PAGE_SHIFT;
	/* The worst case: all replies are long, and each is of another host. */
	size_t most = kmalloc_size_roundup(sizeof(struct dnfs_reply)) +
		      kmalloc_size_roundup(DNFS_REPLY_BYTES) +
		      kmalloc_size_roundup(sizeof(struct dnfs_reply_peer));

	return clamp_t(u64, bytes / DNFS_REPLIES_MEMORY / most, DNFS_REPLIES_MIN,
		       DNFS_REPLIES_MAX);
}

static int dnfs_shard_init(struct dnfs_shard *shard)
{
	spin_lock_init(&shard->lock);
	INIT_LIST_HEAD(&shard->lru);
	for (unsigned int i = 0; i < DNFS_PEER_RANKS; i++)
		INIT_LIST_HEAD(&shard->ranks[i]);
	return rhashtable_init(&shard->by_key, &dnfs_reply_params);
}

static void dnfs_shard_exit(struct dnfs_shard *shard)
{
	struct dnfs_reply *reply, *next;

	spin_lock(&shard->lock);
	list_for_each_entry_safe(reply, next, &shard->lru, lru) {
		reply_unlink(shard, reply);
		dnfs_reply_free(reply);
	}
	spin_unlock(&shard->lock);
	rhashtable_destroy(&shard->by_key);
}

/* Create the reply cache of a server. Return: the cache; NULL without memory. */
struct dnfs_replies *dnfs_replies_alloc(void)
{
	struct dnfs_replies *replies = kvzalloc(sizeof(*replies), GFP_KERNEL);
	unsigned int i;

	if (!replies)
		return NULL;
	replies->shrinker = shrinker_alloc(0, "ditto-nfs-replies");
	if (!replies->shrinker)
		goto free;
	replies->seed = get_random_u32();
	replies->shard_limit = replies_limit_for_memory() / DNFS_SHARDS;
	for (i = 0; i < DNFS_SHARDS; i++)
		if (dnfs_shard_init(&replies->shard[i]))
			goto exit_shards;
	replies->shrinker->count_objects = replies_shrink_count;
	replies->shrinker->scan_objects = replies_shrink_scan;
	replies->shrinker->private_data = replies;
	shrinker_register(replies->shrinker);
	return replies;

exit_shards:
	while (i--)
		dnfs_shard_exit(&replies->shard[i]);
	shrinker_free(replies->shrinker);
free:
	kvfree(replies);
	return NULL;
}

/* Free a reply cache. */
void dnfs_replies_free(struct dnfs_replies *replies)
{
	shrinker_free(replies->shrinker);
	for (unsigned int i = 0; i < DNFS_SHARDS; i++)
		dnfs_shard_exit(&replies->shard[i]);
	kvfree(replies);
}

#ifdef DITTO_TESTS
/* For KUnit tests. Return: the most replies that a cache keeps. */
unsigned int dnfs_replies_limit(struct dnfs_replies *replies)
{
	return replies->shard_limit * DNFS_SHARDS;
}

/* For KUnit tests: make all replies @seconds older. */
void dnfs_replies_age(struct dnfs_replies *replies, unsigned int seconds)
{
	struct dnfs_reply *reply;
	unsigned int i;

	for (i = 0; i < DNFS_SHARDS; i++) {
		spin_lock(&replies->shard[i].lock);
		list_for_each_entry(reply, &replies->shard[i].lru, lru)
			reply->used -= seconds * HZ;
		spin_unlock(&replies->shard[i].lock);
	}
}
#endif
