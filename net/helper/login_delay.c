// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delays of logins. See login_delay.h.
 *
 * Locking: the spinlock of the table guards everything in it.
 */
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "../peer.h"
#include "../server.h"
#include "login_delay.h"

#define LOGIN_BITS	8
/* Bytes of a name that are compared; the rest is ignored. */
#define LOGIN_NAME_MAX	256
/* More failures would not lengthen the delay, and must not be remembered for longer. */
#define FAILURES_MAX	16

/**
 * struct login_count - a number of failures
 * @failures: failures at the time of the last one; see login_failures()
 * @last: time of the last failure, in ms
 */
struct login_count {
	u32 failures;
	u64 last;
};

/**
 * struct login_user - a user name that a peer claims
 * @name: hash of the name; 0 if the entry is free
 * @count: failures
 * @release: time when the last delayed answer is due, in ms
 */
struct login_user {
	u64 name;
	struct login_count count;
	u64 release;
};

/**
 * struct login_peer - a peer with failures
 * @hash: entry in the table
 * @lru: entry on the table's list, in the order of the last failure
 * @addr: address, as ditto_addr_who() makes it
 * @many: failures for users beyond DITTO_LOGIN_FREE_USERS
 * @users: users that it failed for
 */
struct login_peer {
	struct hlist_node hash;
	struct list_head lru;
	struct in6_addr addr;
	struct login_count many;
	struct login_user users[DITTO_LOGIN_USERS];
};

/**
 * struct ditto_login_delays - the login delays of one server
 * @lock: guards everything here
 * @key: key of the hashes
 * @count: number of peers
 * @lru: struct login_peer, oldest failure first
 * @peers: hash table of struct login_peer by address
 */
struct ditto_login_delays {
	spinlock_t lock;	/* see above */
	siphash_key_t key;
	unsigned int count;
	struct list_head lru;
	struct hlist_head peers[1 << LOGIN_BITS];
};

/*
 * Hash of a user name without its domain and case: "DOMAIN\user" and "user@REALM" equal "user".
 * Never 0.
 */
static u64 login_name(const struct ditto_login_delays *all, const char *name)
{
	const char *user = strrchr(name, '\\');
	char text[LOGIN_NAME_MAX];
	size_t len = 0;

	for (user = user ? user + 1 : name; *user && *user != '@' && len < sizeof(text); user++)
		text[len++] = tolower(*user);
	return siphash(text, len, &all->key) | 1;
}

static struct hlist_head *login_bucket(struct ditto_login_delays *all,
				       const struct in6_addr *masked)
{
	return &all->peers[siphash(masked, sizeof(*masked), &all->key) &
			   ((1 << LOGIN_BITS) - 1)];
}

static struct login_peer *login_peer_find_locked(struct ditto_login_delays *all,
						 const struct in6_addr *masked)
{
	struct login_peer *peer;

	lockdep_assert_held(&all->lock);
	hlist_for_each_entry(peer, login_bucket(all, masked), hash)
		if (ipv6_addr_equal(&peer->addr, masked))
			return peer;
	return NULL;
}

static void login_peer_free_locked(struct ditto_login_delays *all, struct login_peer *peer)
{
	lockdep_assert_held(&all->lock);
	hlist_del(&peer->hash);
	list_del(&peer->lru);
	all->count--;
	kfree(peer);
}

/* Add a peer. If its address is known already, free @peer and return the known one. */
static struct login_peer *login_peer_add_locked(struct ditto_login_delays *all,
						struct login_peer *peer)
{
	struct login_peer *old;

	lockdep_assert_held(&all->lock);
	old = login_peer_find_locked(all, &peer->addr);
	if (old) {
		kfree(peer);
		list_move_tail(&old->lru, &all->lru);
		return old;
	}
	if (all->count >= DITTO_LOGIN_PEERS_MAX)
		login_peer_free_locked(all, list_first_entry(&all->lru, struct login_peer, lru));
	hlist_add_head(&peer->hash, login_bucket(all, &peer->addr));
	list_add_tail(&peer->lru, &all->lru);
	all->count++;
	return peer;
}

/* Number of failures that are not forgotten yet. */
static u32 login_failures(const struct login_count *count, u64 now)
{
	u64 forgotten = now > count->last ? (now - count->last) / DITTO_LOGIN_FORGET_MS : 0;

	return forgotten < count->failures ? count->failures - forgotten : 0;
}

/* Count a failure. Returns its delay in ms. */
static u32 login_failed(struct login_count *count, u64 now, u32 delay_ms)
{
	u32 before = login_failures(count, now);

	count->failures = min(before + 1, FAILURES_MAX);
	count->last = now;
	return min_t(u64, (u64)delay_ms << before, DITTO_LOGIN_DELAY_MAX_MS);
}

static struct login_user *login_user_find(struct login_peer *peer, u64 name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(peer->users); i++)
		if (peer->users[i].name == name)
			return &peer->users[i];
	return NULL;
}

/*
 * Add an entry for a user that has none; it replaces the one with the fewest failures. @others is
 * set to the number of users that have failures.
 */
static struct login_user *login_user_add(struct login_peer *peer, u64 name, u64 now,
					 unsigned int *others)
{
	struct login_user *least = NULL;
	u32 fewest = U32_MAX;

	*others = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(peer->users); i++) {
		struct login_user *user = &peer->users[i];
		u32 failures = login_failures(&user->count, now);

		*others += failures > 0;
		if (failures < fewest ||
		    (failures == fewest && user->count.last < least->count.last)) {
			least = user;
			fewest = failures;
		}
	}
	*least = (struct login_user){ .name = name };
	return least;
}

/* Time until the answers before this one are released, in ms. */
static u64 login_backlog(const struct login_user *user, u64 now)
{
	return user && user->release > now ? user->release - now : 0;
}

static u32 login_bad_locked(struct ditto_login_delays *all, struct login_peer *peer, u64 name,
			    u32 delay_ms, u64 now)
{
	struct login_user *user = login_user_find(peer, name);
	u64 backlog = login_backlog(user, now), wait;
	unsigned int others;

	lockdep_assert_held(&all->lock);
	if (backlog >= DITTO_LOGIN_DELAY_MAX_MS)
		return DITTO_LOGIN_DELAY_MAX_MS;
	if (!user) {
		user = login_user_add(peer, name, now, &others);
		if (others >= DITTO_LOGIN_FREE_USERS)
			login_failed(&peer->many, now, delay_ms);
	}
	wait = backlog + login_failed(&user->count, now, delay_ms);
	user->release = now + wait;
	wait = max(wait, (u64)delay_ms << login_failures(&peer->many, now));
	return min_t(u64, wait, DITTO_LOGIN_DELAY_MAX_MS);
}

/* A login that has not failed. Only one that succeeded makes failures forgotten. */
static int login_not_bad(struct ditto_login_delays *all, const struct in6_addr *masked, u64 name,
			 bool good, u64 now, u32 *wait_ms)
{
	struct login_user *user = NULL;
	struct login_peer *peer;
	u64 backlog;

	spin_lock(&all->lock);
	peer = login_peer_find_locked(all, masked);
	if (peer)
		user = login_user_find(peer, name);
	backlog = login_backlog(user, now);
	if (good && user && backlog < DITTO_LOGIN_DELAY_MAX_MS)
		user->count.failures = 0;
	spin_unlock(&all->lock);
	*wait_ms = min_t(u64, backlog, DITTO_LOGIN_DELAY_MAX_MS);
	return backlog < DITTO_LOGIN_DELAY_MAX_MS ? 0 : -EACCES;
}

/**
 * ditto_login_delay - how long to delay the answer to a login
 * @srv: the server
 * @addr: address of the client
 * @name: name of the user, as claimed by the client if the login failed; a domain before or after
 *	it is ignored
 * @error: 0 for a login that succeeded, -EACCES for one that failed; any other if it is undecided
 *	since somebody does not answer: it may have the correct password, but it is no failure
 * @now: milliseconds of a monotonic clock
 * @wait_ms: filled with the delay in milliseconds, 0 for none
 *
 * Return: 0, or -EACCES if a login that has not failed must be refused nevertheless.
 */
int ditto_login_delay(struct ditto_server *srv, const struct in6_addr *addr, const char *name,
		      int error, u64 now, u32 *wait_ms)
{
	u32 delay_ms = READ_ONCE(srv->settings.login_delay_ms);
	struct ditto_login_delays *all = srv->login_delays;
	struct login_peer *peer;
	struct in6_addr masked;
	u64 hash;

	*wait_ms = 0;
	if (!delay_ms)
		return 0;
	ditto_addr_who(&masked, addr);
	hash = login_name(all, name);
	if (error != -EACCES)
		return login_not_bad(all, &masked, hash, !error, now, wait_ms);
	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer) {
		*wait_ms = DITTO_LOGIN_DELAY_MAX_MS;
		return 0;
	}
	peer->addr = masked;
	spin_lock(&all->lock);
	peer = login_peer_add_locked(all, peer);
	*wait_ms = login_bad_locked(all, peer, hash, delay_ms, now);
	spin_unlock(&all->lock);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_login_delay, "DITTO");

int ditto_login_delays_init(struct ditto_server *srv)
{
	struct ditto_login_delays *all = kzalloc(sizeof(*all), GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	spin_lock_init(&all->lock);
	INIT_LIST_HEAD(&all->lru);
	get_random_bytes(&all->key, sizeof(all->key));
	srv->login_delays = all;
	return 0;
}

void ditto_login_delays_exit(struct ditto_server *srv)
{
	struct ditto_login_delays *all = srv->login_delays;
	struct login_peer *peer, *next;

	if (!all)
		return;
	spin_lock(&all->lock);
	list_for_each_entry_safe(peer, next, &all->lru, lru)
		login_peer_free_locked(all, peer);
	spin_unlock(&all->lock);
	srv->login_delays = NULL;
	kfree(all);
}
