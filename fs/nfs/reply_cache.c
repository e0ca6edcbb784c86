// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reply cache.
 *
 * It is cut into shards by a hash of the key. A shard has a small hash table
 * and its replies in the order of their last use; it drops its oldest when it
 * is full, when they are too old, and under memory pressure. A reply that is
 * not done yet is never dropped: it is owned by the thread that works on it.
 *
 * Locking: shard->lock guards everything in a shard; nothing is taken under
 * it and nobody sleeps with it.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/xdr.h>
#include <kunit/visibility.h>

#include "reply_cache.h"

#define DNFS_SHARD_BITS		5
#define DNFS_SHARDS		BIT(DNFS_SHARD_BITS)
#define DNFS_BUCKET_BITS	6
/* Each reply may be kept if all of them take less than this part of memory. */
#define DNFS_REPLIES_MEMORY	1024

/**
 * struct dnfs_reply - a call and the reply it got
 * @key: the call
 * @conn: the connection it came by, to compare; it lives until @done
 * @again: another by which it came again before @done, held; or NULL
 * @done: @data is the reply
 * @len: of @data
 * @used: jiffies of the last call
 * @hash: in its bucket
 * @lru: on the shard's list, oldest first
 * @data: results as they were encoded
 */
struct dnfs_reply {
	struct dnfs_reply_key key;
	const struct svc_xprt *conn;
	struct svc_xprt *again;
	bool done;
	u16 len;
	unsigned long used;
	struct hlist_node hash;
	struct list_head lru;
	u8 data[DNFS_REPLY_BYTES];
};

/**
 * struct dnfs_shard - a part of the cache
 * @lock: see above
 * @count: replies
 * @lru: replies, oldest first
 * @bucket: replies by key
 */
struct dnfs_shard {
	spinlock_t lock;	/* see above */
	unsigned int count;
	struct list_head lru;
	struct hlist_head bucket[BIT(DNFS_BUCKET_BITS)];
} ____cacheline_aligned_in_smp;

/**
 * struct dnfs_replies - the cache of a server
 * @shrinker: gives memory back
 * @shard_limit: replies in a shard
 * @shard: the parts
 */
struct dnfs_replies {
	struct shrinker *shrinker;
	unsigned int shard_limit;
	struct dnfs_shard shard[DNFS_SHARDS];
};

static u32 key_hash(const struct dnfs_reply_key *key)
{
	BUILD_BUG_ON(sizeof(*key) != 48);
	return jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), 0);
}

static struct dnfs_shard *shard_of(struct dnfs_replies *replies, u32 hash)
{
	return &replies->shard[hash % DNFS_SHARDS];
}

static struct hlist_head *bucket_of(struct dnfs_shard *shard, u32 hash)
{
	return &shard->bucket[(hash / DNFS_SHARDS) % ARRAY_SIZE(shard->bucket)];
}

static void unlink_reply(struct dnfs_shard *shard, struct dnfs_reply *reply)
{
	lockdep_assert_held(&shard->lock);
	hlist_del(&reply->hash);
	list_del(&reply->lru);
	shard->count--;
}

static struct dnfs_reply *find(struct dnfs_shard *shard, u32 hash,
			       const struct dnfs_reply_key *key)
{
	struct dnfs_reply *reply;

	lockdep_assert_held(&shard->lock);
	hlist_for_each_entry(reply, bucket_of(shard, hash), hash)
		if (!memcmp(&reply->key, key, sizeof(*key)))
			return reply;
	return NULL;
}

static bool is_old(const struct dnfs_reply *reply)
{
	return time_after(jiffies, reply->used + DNFS_REPLY_AGE_S * HZ);
}

/* The oldest reply that is done, taken out; with @any even if it is young. */
static struct dnfs_reply *take_oldest(struct dnfs_shard *shard, bool any)
{
	struct dnfs_reply *reply;

	lockdep_assert_held(&shard->lock);
	list_for_each_entry(reply, &shard->lru, lru) {
		if (!any && !is_old(reply))
			return NULL;
		if (reply->done) {
			unlink_reply(shard, reply);
			return reply;
		}
	}
	return NULL;
}

/*
 * A call in progress came again. On its own connection the reply is on its
 * way; from another one the last counts. Return: a connection to be put.
 */
static struct svc_xprt *wait_elsewhere(struct dnfs_shard *shard, struct dnfs_reply *reply,
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

static enum dnfs_reply_state replay(struct dnfs_shard *shard, struct dnfs_reply *reply,
				    struct xdr_stream *xdr, unsigned int start)
{
	__be32 *p;

	lockdep_assert_held(&shard->lock);
	xdr_truncate_encode(xdr, start);
	p = xdr_reserve_space(xdr, reply->len);
	if (!p)
		return DNFS_REPLY_BUSY;
	memcpy(p, reply->data, reply->len);
	reply->used = jiffies;
	list_move_tail(&reply->lru, &shard->lru);
	return DNFS_REPLY_DONE;
}

static void insert(struct dnfs_shard *shard, u32 hash, struct dnfs_reply *reply,
		   const struct dnfs_reply_key *key, const struct svc_xprt *conn)
{
	lockdep_assert_held(&shard->lock);
	reply->key = *key;
	reply->conn = conn;
	reply->again = NULL;
	reply->done = false;
	reply->used = jiffies;
	hlist_add_head(&reply->hash, bucket_of(shard, hash));
	list_add_tail(&reply->lru, &shard->lru);
	shard->count++;
}

enum dnfs_reply_state dnfs_reply_begin(struct dnfs_replies *replies,
				       const struct dnfs_reply_key *key,
				       struct svc_xprt *conn, struct xdr_stream *xdr,
				       unsigned int start, struct dnfs_reply **reply)
{
	u32 hash = key_hash(key);
	struct dnfs_shard *shard = shard_of(replies, hash);
	enum dnfs_reply_state state = DNFS_REPLY_NEW;
	struct dnfs_reply *found, *fresh = NULL;
	struct svc_xprt *unused = NULL;

	spin_lock(&shard->lock);
	found = find(shard, hash, key);
	if (!found) {
		fresh = take_oldest(shard, shard->count >= replies->shard_limit);
		if (!fresh && shard->count < replies->shard_limit) {
			spin_unlock(&shard->lock);
			fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
			spin_lock(&shard->lock);
			found = find(shard, hash, key);
		}
	}

	if (found && !found->done) {
		unused = wait_elsewhere(shard, found, conn);
		state = DNFS_REPLY_BUSY;
	} else if (found && !is_old(found)) {
		state = replay(shard, found, xdr, start);
	} else if (found) {
		/* A client that uses its numbers again after so long means another call. */
		unlink_reply(shard, found);
		insert(shard, hash, found, key, conn);
		*reply = found;
	} else if (fresh) {
		insert(shard, hash, fresh, key, conn);
		*reply = fresh;
		fresh = NULL;
	} else {
		state = DNFS_REPLY_UNKEPT;
	}
	spin_unlock(&shard->lock);
	kfree(fresh);
	if (unused)
		svc_xprt_put(unused);
	return state;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_reply_begin);

struct svc_xprt *dnfs_reply_forget(struct dnfs_replies *replies, struct dnfs_reply *reply)
{
	struct dnfs_shard *shard = shard_of(replies, key_hash(&reply->key));
	struct svc_xprt *again;

	spin_lock(&shard->lock);
	unlink_reply(shard, reply);
	again = reply->again;
	spin_unlock(&shard->lock);
	kfree(reply);
	return again;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_reply_forget);

struct svc_xprt *dnfs_reply_done(struct dnfs_replies *replies, struct dnfs_reply *reply,
				 const struct xdr_buf *buf, unsigned int start)
{
	struct dnfs_shard *shard = shard_of(replies, key_hash(&reply->key));
	unsigned int len = buf->len - start;
	struct svc_xprt *again;

	/* Nobody else looks at the data of a reply that is not done. */
	if (len > sizeof(reply->data) || read_bytes_from_xdr_buf(buf, start, reply->data, len))
		return dnfs_reply_forget(replies, reply);

	spin_lock(&shard->lock);
	reply->len = len;
	reply->done = true;
	reply->used = jiffies;
	again = reply->again;
	list_move_tail(&reply->lru, &shard->lru);
	spin_unlock(&shard->lock);
	return again;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_reply_done);

unsigned int dnfs_replies_count(struct dnfs_replies *replies)
{
	unsigned int i, count = 0;

	for (i = 0; i < DNFS_SHARDS; i++)
		count += READ_ONCE(replies->shard[i].count);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_replies_count);

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return dnfs_replies_count(shrinker->private_data) ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dnfs_replies *replies = shrinker->private_data;
	unsigned long freed = 0;
	unsigned int i, idle = 0;

	/* One of each shard in turn, so that none loses its young ones first. */
	for (i = 0; freed < sc->nr_to_scan && idle < DNFS_SHARDS; i = (i + 1) % DNFS_SHARDS) {
		struct dnfs_shard *shard = &replies->shard[i];
		struct dnfs_reply *reply;

		spin_lock(&shard->lock);
		reply = take_oldest(shard, true);
		spin_unlock(&shard->lock);
		idle = reply ? 0 : idle + 1;
		freed += !!reply;
		kfree(reply);
	}
	return freed ?: SHRINK_STOP;
}

static unsigned int limit_for_memory(void)
{
	u64 bytes = (u64)totalram_pages() << PAGE_SHIFT;

	return clamp_t(u64, bytes / DNFS_REPLIES_MEMORY / sizeof(struct dnfs_reply),
		       DNFS_REPLIES_MIN, DNFS_REPLIES_MAX);
}

struct dnfs_replies *dnfs_replies_alloc(void)
{
	struct dnfs_replies *replies = kvzalloc(sizeof(*replies), GFP_KERNEL);
	unsigned int i;

	if (!replies)
		return NULL;
	replies->shrinker = shrinker_alloc(0, "ditto-nfs-replies");
	if (!replies->shrinker) {
		kvfree(replies);
		return NULL;
	}

	replies->shard_limit = limit_for_memory() / DNFS_SHARDS;
	for (i = 0; i < DNFS_SHARDS; i++) {
		spin_lock_init(&replies->shard[i].lock);
		INIT_LIST_HEAD(&replies->shard[i].lru);
	}
	replies->shrinker->count_objects = shrink_count;
	replies->shrinker->scan_objects = shrink_scan;
	replies->shrinker->private_data = replies;
	shrinker_register(replies->shrinker);
	return replies;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_replies_alloc);

void dnfs_replies_free(struct dnfs_replies *replies)
{
	struct dnfs_reply *reply, *next;
	unsigned int i;

	shrinker_free(replies->shrinker);
	for (i = 0; i < DNFS_SHARDS; i++)
		list_for_each_entry_safe(reply, next, &replies->shard[i].lru, lru)
			kfree(reply);
	kvfree(replies);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_replies_free);

#if IS_ENABLED(CONFIG_KUNIT)
unsigned int dnfs_replies_limit(struct dnfs_replies *replies)
{
	return replies->shard_limit * DNFS_SHARDS;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_replies_limit);

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
EXPORT_SYMBOL_IF_KUNIT(dnfs_replies_age);
#endif
