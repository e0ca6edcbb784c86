/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners: an opaque key inside a client. The table compares and hashes the key
 * and never looks inside. While anybody holds an owner it is the only object
 * for its key, so owners are compared by address.
 *
 * Locking: the table of owners is read under RCU; @waits is under client->lock;
 * what belongs to the search for deadlocks is under that search's mutex.
 */
#ifndef _DITTO_LOCKD_OWNER_H
#define _DITTO_LOCKD_OWNER_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/string.h>
#include <linux/types.h>

struct ditto_client;

/*
 * Longest key of an owner: opaque owners (RFC 8881 section 3.2) are the longest known, and a
 * protocol may put something of its own before.
 */
#define DITTO_OWNER_KEY_MAX	(1024 + 16)

/**
 * struct ditto_owner - an opaque key inside a client
 * @client: held
 * @ref: references
 * @waits: requests it waits with, by ditto_wait.owner_link
 * @search: the search for deadlocks that came by last
 * @search_link: on that search's list
 * @node: in the table of owners
 * @rcu: freed under RCU
 * @hash: of client and key
 * @len: bytes of @key
 * @key: compared as bytes
 */
struct ditto_owner {
	struct ditto_client *client;
	refcount_t ref;
	struct list_head waits;
	u64 search;
	struct list_head search_link;
	struct rhash_head node;
	struct rcu_head rcu;
	u32 hash;
	u16 len;
	u8 key[] __counted_by(len);
};

/* The same key, maybe of another client. */
static inline bool ditto_owner_same_key(const struct ditto_owner *a, const struct ditto_owner *b)
{
	return a == b || (a && b && a->len == b->len && !memcmp(a->key, b->key, a->len));
}

/**
 * ditto_owner_get - the owner with a key, made if it is new
 * @client: whose
 * @key: bytes
 * @len: how many, at most DITTO_OWNER_KEY_MAX
 *
 * Context: may sleep. Return: an owner to be put, or an ERR_PTR: -ENOMEM,
 * -EINVAL (length), -ESHUTDOWN (the client was released).
 */
struct ditto_owner *ditto_owner_get(struct ditto_client *client, const void *key, size_t len);

/* The owner with a key if there is one, or NULL. Any context. */
struct ditto_owner *ditto_owner_find(struct ditto_client *client, const void *key, size_t len);

static inline struct ditto_owner *ditto_owner_hold(struct ditto_owner *owner)
{
	refcount_inc(&owner->ref);
	return owner;
}

/* Any context but a hard interrupt; NULL is allowed. */
void ditto_owner_put(struct ditto_owner *owner);

#endif
