// SPDX-License-Identifier: GPL-2.0-only
/*
 * The principal budget. See budget.h.
 *
 * Limits. One peer and one user may hold a part of what all of their level may hold. When
 * three quarters of that are taken, only those get more who hold little: a few greedy
 * principals together cannot take the rest.
 *
 * Locking: budget->lock (spinlock) guards the making of accounts and their end. Accounts are
 * found under RCU. Counts are atomic; a count is raised first and lowered again if it is too
 * high, so that two who race may both be refused, but never both be let in. What all hold is
 * counted per CPU, exact within the batch of the kind for each CPU.
 *
 * Lifetime: principals and charges hold accounts. The last one to leave takes the account out
 * of the table. Accounts are as many as there are peers and users with something charged.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>
#include <kunit/visibility.h>

#include "../fs/server.h"
#include "budget.h"
#include "peer.h"

/* An account's refusals are told at most so often. */
#define TELL_EVERY	(10 * HZ)
/* All memory of clients, as part of the machine's; and the least. */
#define MEMORY_PART	8
#define MEMORY_LEAST	SZ_128M
/* Bytes that an open takes, for the limit on opens: about a quarter of the memory for clients. */
#define OPEN_BYTES	SZ_4K
#define OPENS_LEAST	16384
/* What sockets have of answers, as part of that memory: far from where TCP's own limits begin. */
#define UNSENT_PART	4
/* The same for one of what the lock table keeps; ranges take the least. */
#define LOCK_BYTES	256
#define LOCKS_LEAST	524288
/* Taken of three quarters of what a level may hold, more goes only to who holds this part. */
#define SCARCE_PART	8
/* An IPv6 /64 may be a whole network: users there each have an account of their own, too. */
#define NET_FACTOR	4
/* Room for the name of an account in the log. */
#define ACCOUNT_TEXT	64

/**
 * struct budget_part - a limit: a part of what all may hold, or a number
 * @part: 1/@part of the total; 0 for a number
 * @least: not below this; the number
 */
struct budget_part {
	u16 part;
	u32 least;
};

#define PART_OF(_part, _least)	{ .part = (_part), .least = (_least) }
#define NUMBER(_number)		{ .least = (_number) }

/**
 * struct budget_kind - what is known of a kind
 * @name: with its unit, for people
 * @total: what all principals of the highest level may hold; 0 if it depends on the machine
 * @batch: of the count of all, per CPU
 * @levels: what all of a level may hold
 * @peer: what one peer may hold, by level
 * @user: what one user may hold
 */
struct budget_kind {
	const char *name;
	u32 total;
	s32 batch;
	struct budget_part levels[DITTO_TRUST_LEVELS];
	struct budget_part peer[DITTO_TRUST_LEVELS];
	struct budget_part user;
};

/* In the order of the levels: stranger, unproven, anonymous, user. */
static const struct budget_kind kinds[DITTO_BUDGET_KINDS] = {
	[DITTO_BUDGET_MEMORY] = {
		.name = "memory-bytes", .batch = SZ_256K,
		.levels = { PART_OF(64, SZ_4M), PART_OF(16, SZ_64M), PART_OF(8, SZ_32M),
			    PART_OF(1, 0) },
		.peer = { PART_OF(1024, SZ_1M), PART_OF(128, SZ_8M), PART_OF(32, SZ_16M),
			  PART_OF(4, SZ_64M) },
		.user = PART_OF(8, SZ_64M),
	},
	[DITTO_BUDGET_CONNECTIONS] = {
		.name = "connections", .total = 65536, .batch = 8,
		.levels = { NUMBER(256), NUMBER(1024), NUMBER(4096), PART_OF(1, 0) },
		.peer = { NUMBER(16), NUMBER(128), NUMBER(128), NUMBER(256) },
		.user = NUMBER(1024),
	},
	[DITTO_BUDGET_LOGINS] = {
		.name = "logins", .total = 4096, .batch = 1,
		.levels = { NUMBER(64), PART_OF(2, 0), PART_OF(4, 0), PART_OF(1, 0) },
		.peer = { NUMBER(4), NUMBER(256), NUMBER(64), NUMBER(1024) },
		.user = NUMBER(1024),
	},
	[DITTO_BUDGET_SESSIONS] = {
		.name = "sessions", .total = 65536, .batch = 8,
		.levels = { NUMBER(64), PART_OF(16, 0), PART_OF(16, 0), PART_OF(1, 0) },
		.peer = { NUMBER(2), NUMBER(512), NUMBER(512), NUMBER(8192) },
		.user = NUMBER(8192),
	},
	[DITTO_BUDGET_OPENS] = {
		.name = "opens", .batch = 64,
		.levels = { NUMBER(0), NUMBER(1024), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(64), PART_OF(64, 1024), PART_OF(4, 0) },
		.user = PART_OF(4, 0),
	},
	[DITTO_BUDGET_PIPES] = {
		.name = "pipes", .total = 4096, .batch = 1,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(64), NUMBER(2048) },
		/* Two connections of 512 requests each, all on pipes of their own, and some. */
		.user = NUMBER(1280),
	},
	[DITTO_BUDGET_CLIENTS] = {
		.name = "clients", .total = 65536, .batch = 8,
		.levels = { NUMBER(0), PART_OF(8, 0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(256), NUMBER(256), NUMBER(4096) },
		.user = NUMBER(8192),
	},
	[DITTO_BUDGET_QUESTIONS] = {
		.name = "questions", .total = 4096, .batch = 1,
		.levels = { NUMBER(64), PART_OF(4, 0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(4), NUMBER(256), NUMBER(64), NUMBER(1024) },
		.user = NUMBER(512),
	},
	[DITTO_BUDGET_DELEGATIONS] = {
		.name = "delegations", .batch = 64,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), PART_OF(64, 1024), PART_OF(4, 0) },
		.user = PART_OF(4, 0),
	},
	[DITTO_BUDGET_LOCKS] = {
		.name = "locks", .batch = 64,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), PART_OF(32, 1024), PART_OF(2, 0) },
		.user = PART_OF(2, 0),
	},
	[DITTO_BUDGET_UNSENT] = {
		.name = "unsent-bytes", .batch = SZ_256K,
		.levels = { PART_OF(64, SZ_1M), PART_OF(4, 0), PART_OF(4, 0), PART_OF(1, 0) },
		.peer = { PART_OF(1024, SZ_256K), PART_OF(16, SZ_8M), PART_OF(16, SZ_8M),
			  PART_OF(4, SZ_16M) },
		.user = PART_OF(8, SZ_16M),
	},
};

static const char *const trust_names[DITTO_TRUST_LEVELS] = {
	[DITTO_TRUST_STRANGER] = "whom no share admits",
	[DITTO_TRUST_UNPROVEN] = "before login",
	[DITTO_TRUST_ANONYMOUS] = "without a name",
	[DITTO_TRUST_USER] = "logged in",
};

/* The key is compared as memory, so it has no holes. */
struct account_key {
	u32 is_user;
	u32 uid;
	struct in6_addr addr;
};

/**
 * struct ditto_account - what one peer or user holds
 * @budget: whose
 * @key: who it is
 * @ref: principals and charges
 * @used: by level and kind; of a user, DITTO_TRUST_USER alone
 * @refused: charges that did not fit
 * @told: jiffies of the last line in the log
 * @hash: in the table
 * @rcu: freed under RCU
 */
struct ditto_account {
	struct ditto_budget *budget;
	struct account_key key;
	refcount_t ref;
	atomic_long_t used[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
	atomic64_t refused;
	unsigned long told;
	struct rhash_head hash;
	struct rcu_head rcu;
};

/**
 * struct ditto_budget - the budget of one server
 * @srv: the server
 * @lock: see above
 * @accounts: struct ditto_account by key
 * @level_limit: what all of a level may hold
 * @peer_limit: what one peer may
 * @user_limit: what one user may
 * @used: what all of a level hold
 */
struct ditto_budget {
	struct ditto_server *srv;
	spinlock_t lock;	/* see above */
	struct rhashtable accounts;
	long level_limit[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
	long peer_limit[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
	long user_limit[DITTO_BUDGET_KINDS];
	struct percpu_counter used[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
};

static const struct rhashtable_params account_params = {
	.key_len = sizeof(struct account_key),
	.key_offset = offsetof(struct ditto_account, key),
	.head_offset = offsetof(struct ditto_account, hash),
	.automatic_shrinking = true,
};

static struct account_key account_key_peer(const struct in6_addr *addr)
{
	struct account_key key = {};

	ditto_addr_who(&key.addr, addr);
	return key;
}

static bool account_is_net(const struct ditto_account *account)
{
	return !account->key.is_user && !ipv6_addr_v4mapped(&account->key.addr);
}

static struct ditto_account *account_find(struct ditto_budget *budget,
					  const struct account_key *key)
{
	struct ditto_account *account;

	rcu_read_lock();
	account = rhashtable_lookup(&budget->accounts, key, account_params);
	if (account && !refcount_inc_not_zero(&account->ref))
		account = NULL;
	rcu_read_unlock();
	return account;
}

/* A new account, or the one that another thread made first; NULL without memory. */
static struct ditto_account *account_get(struct ditto_budget *budget,
					 const struct account_key *key)
{
	struct ditto_account *account, *old;

	account = account_find(budget, key);
	if (account)
		return account;
	account = kzalloc(sizeof(*account), GFP_KERNEL);
	if (!account)
		return NULL;
	account->budget = budget;
	account->key = *key;
	account->told = jiffies - TELL_EVERY;
	refcount_set(&account->ref, 1);

	rcu_read_lock();
	spin_lock_bh(&budget->lock);
	old = rhashtable_lookup_get_insert_fast(&budget->accounts, &account->hash,
						account_params);
	/* What is found under the lock has a reference: the last one leaves under it. */
	if (old && !IS_ERR(old))
		refcount_inc(&old->ref);
	spin_unlock_bh(&budget->lock);
	rcu_read_unlock();

	if (!old)
		return account;
	kfree(account);
	return IS_ERR(old) ? NULL : old;
}

static bool account_is_clear(const struct ditto_account *account)
{
	for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++)
		for (unsigned int kind = 0; kind < DITTO_BUDGET_KINDS; kind++)
			if (atomic_long_read(&account->used[trust][kind]))
				return false;
	return true;
}

void ditto_account_put(struct ditto_account *account)
{
	struct ditto_budget *budget;
	bool last;

	if (!account || refcount_dec_not_one(&account->ref))
		return;
	budget = account->budget;
	spin_lock_bh(&budget->lock);
	last = refcount_dec_and_test(&account->ref);
	if (last)
		rhashtable_remove_fast(&budget->accounts, &account->hash, account_params);
	spin_unlock_bh(&budget->lock);
	if (last) {
		WARN_ON_ONCE(!account_is_clear(account));
		kfree_rcu(account, rcu);
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_account_put, DITTO);

static struct ditto_account *account_hold(struct ditto_account *account)
{
	if (account)
		refcount_inc(&account->ref);
	return account;
}

struct ditto_account *ditto_account_find_peer(struct ditto_server *srv,
					      const struct in6_addr *addr)
{
	struct account_key key = account_key_peer(addr);

	return account_find(srv->budget, &key);
}
EXPORT_SYMBOL_NS_GPL(ditto_account_find_peer, DITTO);

int ditto_principal_init(struct ditto_principal *who, struct ditto_server *srv,
			 const struct in6_addr *addr, enum ditto_trust trust, kuid_t uid)
{
	struct account_key key = account_key_peer(addr);

	who->trust = trust;
	who->user = NULL;
	who->peer = account_get(srv->budget, &key);
	if (!who->peer)
		return -ENOMEM;
	if (trust < DITTO_TRUST_USER || !uid_valid(uid))
		return 0;
	key = (struct account_key){ .is_user = true, .uid = from_kuid(&init_user_ns, uid) };
	who->user = account_get(srv->budget, &key);
	if (who->user)
		return 0;
	ditto_principal_exit(who);
	return -ENOMEM;
}
EXPORT_SYMBOL_NS_GPL(ditto_principal_init, DITTO);

void ditto_principal_exit(struct ditto_principal *who)
{
	ditto_account_put(who->user);
	ditto_account_put(who->peer);
	who->user = NULL;
	who->peer = NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_principal_exit, DITTO);

static long account_limit(const struct ditto_account *account, enum ditto_trust trust,
			  enum ditto_budget_kind kind)
{
	const struct ditto_budget *budget = account->budget;
	long limit;

	if (account->key.is_user)
		return READ_ONCE(budget->user_limit[kind]);
	limit = READ_ONCE(budget->peer_limit[trust][kind]);
	if (trust < DITTO_TRUST_USER || !account_is_net(account))
		return limit;
	return min(limit * NET_FACTOR, READ_ONCE(budget->level_limit[trust][kind]));
}

static const char *account_text(const struct ditto_account *account, char *buf)
{
	if (account->key.is_user)
		snprintf(buf, ACCOUNT_TEXT, "user %u", account->key.uid);
	else if (account_is_net(account))
		snprintf(buf, ACCOUNT_TEXT, "client %pI6c/64", &account->key.addr);
	else
		snprintf(buf, ACCOUNT_TEXT, "client %pI4", &account->key.addr.s6_addr32[3]);
	return buf;
}

static void account_tell(struct ditto_account *account, enum ditto_trust trust,
			 enum ditto_budget_kind kind, bool by_level)
{
	unsigned long told = READ_ONCE(account->told), now = jiffies;
	char text[ACCOUNT_TEXT];

	atomic64_inc(&account->refused);
	/* One line for each client, so that one that is refused often does not hide another. */
	if (time_before(now, told + TELL_EVERY) || cmpxchg(&account->told, told, now) != told)
		return;
	pr_info_ratelimited("%s is refused %s: %s %s may hold %ld\n",
			    account_text(account, text), kinds[kind].name,
			    by_level ? "all clients" : "a client", trust_names[trust],
			    by_level ? READ_ONCE(account->budget->level_limit[trust][kind]) :
				       account_limit(account, trust, kind));
}

/* Three quarters of what all may hold are taken. */
static bool budget_is_scarce(struct ditto_budget *budget, enum ditto_trust trust,
			     enum ditto_budget_kind kind)
{
	long limit = READ_ONCE(budget->level_limit[trust][kind]);

	return percpu_counter_read_positive(&budget->used[trust][kind]) > limit - limit / 4;
}

static int account_charge(struct ditto_account *account, enum ditto_trust trust,
			  enum ditto_budget_kind kind, long amount, bool scarce, bool tell)
{
	long limit = account_limit(account, trust, kind);
	long used = atomic_long_add_return(amount, &account->used[trust][kind]);

	if (likely(used <= limit && (!scarce || used - amount <= limit / SCARCE_PART)))
		return 0;
	atomic_long_sub(amount, &account->used[trust][kind]);
	if (tell)
		account_tell(account, trust, kind, used <= limit);
	return -EDQUOT;
}

/* Both accounts and the count of all, or none of them. A refusal is logged only if @tell. */
static int budget_take(struct ditto_account *peer, struct ditto_account *user,
		       enum ditto_trust trust, enum ditto_budget_kind kind, long amount, bool tell)
{
	struct ditto_budget *budget = peer->budget;
	struct percpu_counter *all = &budget->used[trust][kind];
	bool scarce;

	if (!amount)
		return 0;
	scarce = budget_is_scarce(budget, trust, kind);
	if (percpu_counter_read_positive(all) + amount >
	    READ_ONCE(budget->level_limit[trust][kind])) {
		if (tell)
			account_tell(peer, trust, kind, true);
		return -EDQUOT;
	}
	if (account_charge(peer, trust, kind, amount, scarce, tell))
		return -EDQUOT;
	if (user && account_charge(user, trust, kind, amount, scarce, tell)) {
		atomic_long_sub(amount, &peer->used[trust][kind]);
		return -EDQUOT;
	}
	percpu_counter_add_batch(all, amount, kinds[kind].batch);
	return 0;
}

static void budget_give(struct ditto_account *peer, struct ditto_account *user,
			enum ditto_trust trust, enum ditto_budget_kind kind, long amount)
{
	WARN_ON_ONCE(atomic_long_sub_return(amount, &peer->used[trust][kind]) < 0);
	if (user)
		atomic_long_sub(amount, &user->used[trust][kind]);
	percpu_counter_add_batch(&peer->budget->used[trust][kind], -amount, kinds[kind].batch);
}

int ditto_charge(struct ditto_charge *charge, const struct ditto_principal *who,
		 enum ditto_budget_kind kind, long amount)
{
	int err;

	if (WARN_ON_ONCE(charge->peer || amount < 0))
		return -EDQUOT;
	err = budget_take(who->peer, who->user, who->trust, kind, amount, true);
	if (err)
		return err;
	charge->peer = account_hold(who->peer);
	charge->user = account_hold(who->user);
	charge->trust = who->trust;
	charge->kind = kind;
	charge->amount = amount;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge, DITTO);

static int charge_set(struct ditto_charge *charge, long amount, bool tell)
{
	long more = amount - charge->amount;
	int err;

	if (WARN_ON_ONCE(!charge->peer || amount < 0))
		return -EDQUOT;
	if (more > 0) {
		err = budget_take(charge->peer, charge->user, charge->trust, charge->kind, more,
				  tell);
		if (err)
			return err;
	} else {
		budget_give(charge->peer, charge->user, charge->trust, charge->kind, -more);
	}
	charge->amount = amount;
	return 0;
}

int ditto_charge_resize(struct ditto_charge *charge, long amount)
{
	return charge_set(charge, amount, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_resize, DITTO);

int ditto_charge_step(struct ditto_charge *charge, long least, long amount)
{
	if (amount > least && !charge_set(charge, amount, false))
		return 0;
	/* No need to be charged anew for what is covered. */
	if (charge->amount >= least && charge->amount <= amount)
		return 0;
	return charge_set(charge, least, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_step, DITTO);

void ditto_charge_force(struct ditto_charge *charge, long amount)
{
	long more = amount - charge->amount;

	if (WARN_ON_ONCE(!charge->peer || amount < 0) || !ditto_charge_resize(charge, amount))
		return;
	budget_give(charge->peer, charge->user, charge->trust, charge->kind, -more);
	charge->amount = amount;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_force, DITTO);

static long account_room(const struct ditto_account *account, const struct ditto_charge *charge,
			 bool scarce)
{
	long limit = account_limit(account, charge->trust, charge->kind);
	long used = atomic_long_read(&account->used[charge->trust][charge->kind]);

	return scarce && used > limit / SCARCE_PART ? 0 : limit - used;
}

long ditto_charge_room(const struct ditto_charge *charge)
{
	struct ditto_budget *budget = charge->peer->budget;
	bool scarce = budget_is_scarce(budget, charge->trust, charge->kind);
	long room = READ_ONCE(budget->level_limit[charge->trust][charge->kind]) -
		    percpu_counter_read_positive(&budget->used[charge->trust][charge->kind]);

	room = min(room, account_room(charge->peer, charge, scarce));
	if (charge->user)
		room = min(room, account_room(charge->user, charge, scarce));
	return max(room, 0L);
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_room, DITTO);

int ditto_charge_cover(struct ditto_charge *charge, long count, long step)
{
	/* Many clients with one each must not be charged for many. */
	step = clamp(count / 4, 1L, step);
	if (likely(count <= charge->amount && count > charge->amount - 2 * step))
		return 0;
	if (!charge->peer)
		return 0;
	return ditto_charge_step(charge, count, roundup(count, step));
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_cover, DITTO);

int ditto_charge_move(struct ditto_charge *charge, const struct ditto_principal *who)
{
	struct ditto_charge moved = {};
	int err;

	if (WARN_ON_ONCE(!charge->peer))
		return -EDQUOT;
	err = ditto_charge(&moved, who, charge->kind, charge->amount);
	if (err)
		return err;
	ditto_uncharge(charge);
	*charge = moved;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_move, DITTO);

void ditto_charge_split(struct ditto_charge *from, struct ditto_charge *to, long amount)
{
	if (WARN_ON_ONCE(!from->peer || to->peer || amount < 0 || amount > from->amount))
		return;
	*to = *from;
	account_hold(to->peer);
	account_hold(to->user);
	to->amount = amount;
	from->amount -= amount;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_split, DITTO);

void ditto_uncharge(struct ditto_charge *charge)
{
	struct ditto_charge old = *charge;

	if (!old.peer)
		return;
	memset(charge, 0, sizeof(*charge));
	budget_give(old.peer, old.user, old.trust, old.kind, old.amount);
	ditto_account_put(old.user);
	ditto_account_put(old.peer);
}
EXPORT_SYMBOL_NS_GPL(ditto_uncharge, DITTO);

void ditto_account_show(const struct ditto_account *account, enum ditto_budget_kind kind,
			struct ditto_account_use *use)
{
	enum ditto_trust trust, highest = DITTO_TRUST_STRANGER;

	use->name = kinds[kind].name;
	use->used = 0;
	for (trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
		long used = atomic_long_read(&account->used[trust][kind]);

		if (used <= 0)
			continue;
		use->used += used;
		highest = trust;
	}
	use->limit = account_limit(account, highest, kind);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_account_show);

u64 ditto_account_refused(const struct ditto_account *account)
{
	return atomic64_read(&account->refused);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_account_refused);

u64 ditto_budget_used(struct ditto_server *srv, enum ditto_trust trust,
		      enum ditto_budget_kind kind)
{
	return percpu_counter_sum_positive(&srv->budget->used[trust][kind]);
}
EXPORT_SYMBOL_NS_GPL(ditto_budget_used, DITTO);

u64 ditto_budget_limit(struct ditto_server *srv, enum ditto_trust trust,
		       enum ditto_budget_kind kind)
{
	return READ_ONCE(srv->budget->level_limit[trust][kind]);
}
EXPORT_SYMBOL_NS_GPL(ditto_budget_limit, DITTO);

u64 ditto_budget_peer_limit(struct ditto_server *srv, enum ditto_trust trust,
			    enum ditto_budget_kind kind)
{
	return READ_ONCE(srv->budget->peer_limit[trust][kind]);
}
EXPORT_SYMBOL_NS_GPL(ditto_budget_peer_limit, DITTO);

/* What all users may hold of a kind. */
static long budget_total(const struct ditto_budget *budget, enum ditto_budget_kind kind)
{
	u64 memory = (u64)READ_ONCE(budget->srv->settings.budget_memory_mib) * SZ_1M;

	if (!memory)
		memory = max_t(u64, ((u64)totalram_pages() << PAGE_SHIFT) / MEMORY_PART,
			       MEMORY_LEAST);
	memory = min_t(u64, memory, LONG_MAX / 2);
	if (kind == DITTO_BUDGET_MEMORY)
		return memory;
	if (kind == DITTO_BUDGET_UNSENT)
		return memory / UNSENT_PART;
	if (kind == DITTO_BUDGET_OPENS || kind == DITTO_BUDGET_DELEGATIONS)
		return max_t(u64, memory / OPEN_BYTES, OPENS_LEAST);
	if (kind == DITTO_BUDGET_LOCKS)
		return max_t(u64, memory / LOCK_BYTES, LOCKS_LEAST);
	return kinds[kind].total;
}

static long budget_part_of(long total, const struct budget_part *limit)
{
	return min(max_t(long, limit->part ? total / limit->part : 0, limit->least), total);
}

/**
 * struct budget_limits - the limits of a kind
 * @total: what all of the highest level may hold
 * @level: what all of a level may hold
 * @peer: what one peer may
 * @user: what one user may
 */
struct budget_limits {
	long total;
	long level[DITTO_TRUST_LEVELS];
	long peer[DITTO_TRUST_LEVELS];
	long user;
};

/**
 * struct budget_setting - a setting that says what one peer may hold
 * @offset: in struct ditto_settings; u32, and 0 if the table of kinds decides
 * @kind: of what
 * @trust: at which level
 * @lowest: what a peer may hold at lower levels down to this one follows in proportion
 * @unit: of the setting
 */
struct budget_setting {
	u16 offset;
	u8 kind;
	u8 trust;
	u8 lowest;
	u32 unit;
};

#define BUDGET_SETTING(_field, _kind, _trust, _lowest, _unit) \
	{ .offset = offsetof(struct ditto_settings, budget_##_field), \
	  .kind = DITTO_BUDGET_##_kind, .trust = DITTO_TRUST_##_trust, \
	  .lowest = DITTO_TRUST_##_lowest, .unit = (_unit) }

static const struct budget_setting budget_settings[] = {
	BUDGET_SETTING(user_mib, MEMORY, USER, USER, SZ_1M),
	BUDGET_SETTING(user_mib, UNSENT, USER, USER, SZ_1M / UNSENT_PART),
	BUDGET_SETTING(anonymous_mib, MEMORY, ANONYMOUS, ANONYMOUS, SZ_1M),
	BUDGET_SETTING(anonymous_mib, UNSENT, ANONYMOUS, ANONYMOUS, SZ_1M / UNSENT_PART),
	BUDGET_SETTING(unproven_kib, MEMORY, UNPROVEN, UNPROVEN, SZ_1K),
	BUDGET_SETTING(unproven_kib, UNSENT, UNPROVEN, UNPROVEN, SZ_1K / UNSENT_PART),
	BUDGET_SETTING(connections, CONNECTIONS, USER, STRANGER, 1),
	BUDGET_SETTING(opens, OPENS, USER, USER, 1),
	BUDGET_SETTING(opens, DELEGATIONS, USER, USER, 1),
};

static long budget_scale(long limit, long from, long to, long total)
{
	return clamp_t(u64, mul_u64_u64_div_u64(limit, to, from), 1, total);
}

/* What a user may hold follows in proportion, too; and no peer more than all of its level. */
static void budget_limits_apply(const struct ditto_budget *budget,
				const struct budget_setting *setting, struct budget_limits *limits)
{
	const void *field = (const void *)&budget->srv->settings + setting->offset;
	long to = (long)READ_ONCE(*(const u32 *)field) * setting->unit;
	long from = limits->peer[setting->trust];

	if (!to)
		return;
	for (unsigned int trust = setting->lowest; trust <= setting->trust; trust++) {
		limits->peer[trust] = budget_scale(limits->peer[trust], from, to, limits->total);
		limits->level[trust] = max(limits->level[trust], limits->peer[trust]);
	}
	if (setting->trust == DITTO_TRUST_USER)
		limits->user = budget_scale(limits->user, from, to, limits->total);
}

static void budget_limits_make(const struct ditto_budget *budget, enum ditto_budget_kind kind,
			       struct budget_limits *limits)
{
	limits->total = budget_total(budget, kind);
	limits->user = budget_part_of(limits->total, &kinds[kind].user);
	for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
		limits->level[trust] = budget_part_of(limits->total, &kinds[kind].levels[trust]);
		limits->peer[trust] = budget_part_of(limits->total, &kinds[kind].peer[trust]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(budget_settings); i++)
		if (budget_settings[i].kind == kind)
			budget_limits_apply(budget, &budget_settings[i], limits);
}

void ditto_budget_settings_changed(struct ditto_server *srv)
{
	struct ditto_budget *budget = srv->budget;
	struct budget_limits limits;

	for (unsigned int kind = 0; kind < DITTO_BUDGET_KINDS; kind++) {
		budget_limits_make(budget, kind, &limits);
		WRITE_ONCE(budget->user_limit[kind], limits.user);
		for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
			WRITE_ONCE(budget->level_limit[trust][kind], limits.level[trust]);
			WRITE_ONCE(budget->peer_limit[trust][kind], limits.peer[trust]);
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(ditto_budget_settings_changed);

int ditto_budget_init(struct ditto_server *srv)
{
	struct ditto_budget *budget = kzalloc(sizeof(*budget), GFP_KERNEL);
	int err;

	if (!budget)
		return -ENOMEM;
	budget->srv = srv;
	spin_lock_init(&budget->lock);
	err = rhashtable_init(&budget->accounts, &account_params);
	if (err)
		goto free;
	err = percpu_counter_init_many(&budget->used[0][0], 0, GFP_KERNEL,
				       DITTO_TRUST_LEVELS * DITTO_BUDGET_KINDS);
	if (err)
		goto destroy;
	srv->budget = budget;
	ditto_budget_settings_changed(srv);
	return 0;

destroy:
	rhashtable_destroy(&budget->accounts);
free:
	kfree(budget);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_budget_init);

void ditto_budget_exit(struct ditto_server *srv)
{
	struct ditto_budget *budget = srv->budget;

	if (!budget)
		return;
	srv->budget = NULL;
	WARN_ON_ONCE(atomic_read(&budget->accounts.nelems));
	percpu_counter_destroy_many(&budget->used[0][0], DITTO_TRUST_LEVELS * DITTO_BUDGET_KINDS);
	rhashtable_destroy(&budget->accounts);
	kfree(budget);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_budget_exit);
