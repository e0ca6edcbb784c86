/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners: an opaque key inside a client. The table compares and hashes the key and never looks
 * inside. While references are held, an owner is the only object for its key, so owners are
 * compared by address. A key that its protocol uses only once need not be found again, and its
 * owner is in no table.
 *
 * Locking: the table of owners is read under RCU; @ranges and the list of @waits are under
 * client->lock; @waits is set, and @search and @search_link are, under table->deadlock.
 */
#ifndef _DITTO_LOCKD_OWNER_H
#define _DITTO_LOCKD_OWNER_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/string.h>
#include <linux/types.h>

struct ditto_client;

/*
 * Longest key of an owner: opaque owners (RFC 8881 section 3.2) are the longest known, and a
 * protocol may add a prefix of its own.
 */
#define DITTO_OWNER_KEY_MAX	(1024 + 16)

struct ditto_owner;

/**
 * struct ditto_owner_waits - the waiting requests of an owner
 * @list: by ditto_wait.owner_link
 * @owner: the owner
 * @search: number of the last deadlock search that visited the owner
 * @search_link: entry in the list of that search
 */
struct ditto_owner_waits {
	struct list_head list;
	struct ditto_owner *owner;
	u64 search;
	struct list_head search_link;
};

/**
 * struct ditto_owner - an opaque key inside a client
 * @client: referenced
 * @ref: references
 * @len: length of @key in bytes
 * @listed: the owner is in the table of owners, for which it has memory in front
 * @hash: hash of client and key, of an owner in the table
 * @ranges: number of its ranges, on all nodes; under client->lock for writing
 * @waits: its waiting requests; NULL until it has the first one, then set until its end
 * @rcu: frees an owner that was in the table under RCU
 * @key: compared as bytes
 */
struct ditto_owner {
	struct ditto_client *client;
	refcount_t ref;
	u16 len;
	bool listed;
	union {
		struct {
			u32 hash;
			u32 ranges;
			struct ditto_owner_waits *waits;
		};
		struct rcu_head rcu;
	};
	u8 key[] __counted_by(len);
};

/* True if it has a range on any node. Any context. */
static inline bool ditto_owner_has_ranges(const struct ditto_owner *owner)
{
	return READ_ONCE(owner->ranges);
}

/* True if both keys have the same bytes, maybe of different clients. */
static inline bool ditto_owner_same_key(const struct ditto_owner *a, const struct ditto_owner *b)
{
	return a == b || (a && b && a->len == b->len && !memcmp(a->key, b->key, a->len));
}

struct ditto_owner *ditto_owner_get(struct ditto_client *client, const void *key, size_t len);
struct ditto_owner *ditto_owner_new(struct ditto_client *client, const void *key, size_t len);
struct ditto_owner *ditto_owner_find(struct ditto_client *client, const void *key, size_t len);

static inline struct ditto_owner *ditto_owner_hold(struct ditto_owner *owner)
{
	refcount_inc(&owner->ref);
	return owner;
}

bool ditto_owner_make_waits(struct ditto_owner *owner);
void ditto_owner_put(struct ditto_owner *owner);

#endif
