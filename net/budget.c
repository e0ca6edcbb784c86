// SPDX-License-Identifier: GPL-2.0-only
/*
 * The principal budget. See budget.h.
 *
 * Limits are computed in budget_limits.c. One peer and one user may hold only a part of the limit
 * of their level. When three quarters of a level are in use, only principals that hold little get
 * more, so that a few greedy principals together cannot take the rest.
 *
 * Locking: budget->lock (spinlock) guards the creation and the removal of accounts. Accounts are
 * looked up under RCU. Counts are atomic. A count is raised first and lowered again if it is too
 * high, so two racing charges may both be refused but never both be admitted. The sum of a level
 * is a per-CPU counter, which may be off by the batch of the kind for each CPU.
 *
 * Lifetime: principals and charges hold references to accounts. The last reference removes the
 * account from the table. So there are only accounts of peers and users that are in use.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "budget_private.h"
#include "peer.h"
#include "server.h"

/* Jiffies between two log lines about refusals of one account. */
#define TELL_EVERY	(10 * HZ)
/*
 * Accounts of a scarce level get more only while they hold at most 1/SCARCE_PART of their own
 * limit.
 */
#define SCARCE_PART	8
/*
 * Factor for peers that are an IPv6 /64, which may be a whole network. Its users have accounts of
 * their own as well.
 */
#define NET_FACTOR	4
/* Buffer size for the name of an account in the log. */
#define ACCOUNT_TEXT	64

static const char *const trust_names[DITTO_TRUST_LEVELS] = {
	[DITTO_TRUST_STRANGER] = "whom no share admits",
	[DITTO_TRUST_UNPROVEN] = "before login",
	[DITTO_TRUST_ANONYMOUS] = "without a name",
	[DITTO_TRUST_USER] = "logged in",
};

/* The key is compared with memcmp(), so it must have no padding. */
struct account_key {
	u32 is_user;
	u32 uid;
	struct in6_addr addr;
};

/**
 * struct ditto_account - what one peer or user holds
 * @budget: budget that it belongs to
 * @key: identity of the peer or user
 * @ref: references of principals and charges
 * @used: amounts by level and kind; the account of a user uses only DITTO_TRUST_USER
 * @refused: number of charges that were refused
 * @told: jiffies of the last line in the log
 * @hash: entry in the table
 * @rcu: frees the account after an RCU grace period
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

/* Find or create an account; NULL without memory. */
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
	/*
	 * The last reference is dropped under the lock, so an account that is found under it has
	 * one.
	 */
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

/* Drop a reference; @account may be NULL. Any context but hard interrupts. */
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

static struct ditto_account *account_hold(struct ditto_account *account)
{
	if (account)
		refcount_inc(&account->ref);
	return account;
}

/*
 * Find the account of a peer. Context: any but hard interrupts. Return: the account with a
 * reference, or NULL if nothing is held for the peer.
 */
struct ditto_account *ditto_account_find_peer(struct ditto_server *srv,
					      const struct in6_addr *addr)
{
	struct account_key key = account_key_peer(addr);

	return account_find(srv->budget, &key);
}

/**
 * ditto_principal_init - find or create the accounts of a client
 * @who: filled; to be released with ditto_principal_exit()
 * @srv: the server
 * @addr: address of the peer, IPv4 mapped
 * @trust: level of trust
 * @uid: uid of the user, or INVALID_UID if there is none; ignored below DITTO_TRUST_USER
 *
 * Return: 0 or -ENOMEM.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_principal_init, "DITTO");

/**
 * ditto_principal_exit - drop the references to the accounts
 * @who: may be zeroed
 *
 * Charges that were made for @who stay charged.
 *
 * Context: any but hard interrupts.
 */
void ditto_principal_exit(struct ditto_principal *who)
{
	ditto_account_put(who->user);
	ditto_account_put(who->peer);
	who->user = NULL;
	who->peer = NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_principal_exit, "DITTO");

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
	/* Limited for each account, so that one that is refused often does not hide another. */
	if (time_before(now, told + TELL_EVERY) || cmpxchg(&account->told, told, now) != told)
		return;
	pr_info_ratelimited("%s is refused %s: %s %s may hold %ld (see the settings budget-*)\n",
			    account_text(account, text), ditto_budget_kinds[kind].name,
			    by_level ? "all clients" : "a client", trust_names[trust],
			    by_level ? READ_ONCE(account->budget->level_limit[trust][kind]) :
				       account_limit(account, trust, kind));
}

/* True if more than three quarters of the limit of a level are in use. */
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

/* Charge both accounts and the level, or none of them. A refusal is logged only if @tell. */
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
	percpu_counter_add_batch(all, amount, ditto_budget_kinds[kind].batch);
	return 0;
}

static void budget_give(struct ditto_account *peer, struct ditto_account *user,
			enum ditto_trust trust, enum ditto_budget_kind kind, long amount)
{
	WARN_ON_ONCE(atomic_long_sub_return(amount, &peer->used[trust][kind]) < 0);
	if (user)
		atomic_long_sub(amount, &user->used[trust][kind]);
	percpu_counter_add_batch(&peer->budget->used[trust][kind], -amount,
				 ditto_budget_kinds[kind].batch);
}

/**
 * ditto_charge - charge a principal
 * @charge: zeroed or uncharged
 * @who: the principal
 * @kind: kind of resource
 * @amount: in the unit of the kind, not negative
 *
 * Does a few atomic operations on the accounts.
 *
 * Context: any but hard interrupts; never sleeps.
 * Return: 0, or -EDQUOT if the amount exceeds a limit: then nothing is charged and the refusal is
 * logged.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_charge, "DITTO");

/**
 * ditto_charge_machine - charge a machine for something that no user is asked to pay
 * @charge: zeroed or uncharged
 * @srv: the server
 * @addr: address of the machine, which may use a share
 * @kind: kind of resource
 * @amount: in the unit of the kind, not negative
 *
 * Context: as ditto_principal_init().
 * Return: as ditto_charge(), or -ENOMEM.
 */
int ditto_charge_machine(struct ditto_charge *charge, struct ditto_server *srv,
			 const struct in6_addr *addr, enum ditto_budget_kind kind, long amount)
{
	struct ditto_principal who;
	int err;

	err = ditto_principal_init(&who, srv, addr, DITTO_TRUST_USER, INVALID_UID);
	if (err)
		return err;
	err = ditto_charge(charge, &who, kind, amount);
	ditto_principal_exit(&who);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_machine, "DITTO");

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

/**
 * ditto_charge_resize - change the amount of a charge
 * @charge: charged
 * @amount: the new amount
 *
 * A smaller amount always succeeds.
 *
 * Context: as ditto_charge().
 * Return: as ditto_charge(); the charge is unchanged on error.
 */
int ditto_charge_resize(struct ditto_charge *charge, long amount)
{
	return charge_set(charge, amount, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_resize, "DITTO");

/**
 * ditto_charge_step - charge a whole step if it fits, else only the amount needed
 * @charge: charged
 * @least: the amount needed
 * @amount: the amount wanted, not less than @least
 *
 * The room below a limit may be less than a whole step. Only a refusal of @least is counted and
 * logged.
 *
 * Context: as ditto_charge().
 * Return: as ditto_charge(); the charge is unchanged on error.
 */
int ditto_charge_step(struct ditto_charge *charge, long least, long amount)
{
	if (amount > least && !charge_set(charge, amount, false))
		return 0;
	/* The charge covers @least already. */
	if (charge->amount >= least && charge->amount <= amount)
		return 0;
	return charge_set(charge, least, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_step, "DITTO");

/**
 * ditto_charge_force - charge for something that is held already, even beyond the limits
 * @charge: charged
 * @amount: the new amount, not negative
 *
 * For amounts that are known only when they cannot be refused any more. The caller must stop its
 * client while ditto_charge_room() is 0.
 *
 * Context: as ditto_charge(); an amount beyond the limits is logged.
 */
void ditto_charge_force(struct ditto_charge *charge, long amount)
{
	long more = amount - charge->amount;

	if (WARN_ON_ONCE(!charge->peer || amount < 0) || !ditto_charge_resize(charge, amount))
		return;
	budget_give(charge->peer, charge->user, charge->trust, charge->kind, -more);
	charge->amount = amount;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_force, "DITTO");

static long account_room(const struct ditto_account *account, const struct ditto_charge *charge,
			 bool scarce)
{
	long limit = account_limit(account, charge->trust, charge->kind);
	long used = atomic_long_read(&account->used[charge->trust][charge->kind]);

	return scarce && used > limit / SCARCE_PART ? 0 : limit - used;
}

/**
 * ditto_charge_room - how much more the accounts of a charge may hold
 * @charge: charged with 0 or more
 *
 * For callers that would otherwise try again and again. Nothing is counted as refused, and nothing
 * is logged.
 *
 * Context: any.
 * Return: the room in the unit of the kind; 0 if even the smallest charge would be refused now.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_charge_room, "DITTO");

/**
 * ditto_charge_limit - how much the accounts of a charge may hold at all
 * @charge: charged with 0 or more
 *
 * Context: any.
 * Return: the limit in the unit of the kind, if nobody else holds anything.
 */
long ditto_charge_limit(const struct ditto_charge *charge)
{
	long limit = min(READ_ONCE(charge->peer->budget->level_limit[charge->trust][charge->kind]),
			 account_limit(charge->peer, charge->trust, charge->kind));

	if (charge->user)
		limit = min(limit, account_limit(charge->user, charge->trust, charge->kind));
	return limit;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_limit, "DITTO");

/* ditto_charge_cover() for a charge that has to change. @step: not 0. */
int ditto_charge_cover_anew(struct ditto_charge *charge, long count, long step)
{
	return charge->peer ? ditto_charge_step(charge, count, roundup(count, step)) : 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_cover_anew, "DITTO");

/**
 * ditto_charge_move - charge another principal
 * @charge: charged
 * @who: principal to charge from now on: the same peer after its login or logout
 *
 * Context: as ditto_charge().
 * Return: as ditto_charge(); the charge is unchanged on error.
 */
int ditto_charge_move(struct ditto_charge *charge, const struct ditto_principal *who)
{
	struct ditto_charge moved = {};
	int err;

	if (WARN_ON_ONCE(!charge->peer))
		return -EDQUOT;
	err = ditto_charge(&moved, who, charge->kind, charge->amount);
	if (err)
		return err;
	/* A concurrent reader of the room finds one of the two charges. */
	swap(*charge, moved);
	ditto_uncharge(&moved);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_charge_move, "DITTO");

/**
 * ditto_charge_split - move a part of a charge to a charge of its own
 * @from: charged with @amount or more; reduced by @amount
 * @to: zeroed or uncharged
 * @amount: the amount to move, not negative
 *
 * The accounts hold as much as before, so no limit can refuse it.
 *
 * Context: any but hard interrupts; the caller holds what guards both charges.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_charge_split, "DITTO");

/**
 * ditto_uncharge - end a charge
 * @charge: charged or zeroed; zeroed afterwards
 *
 * Context: any but hard interrupts.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_uncharge, "DITTO");

/* Report the use of one kind by an account. Context: any. */
void ditto_account_show(const struct ditto_account *account, enum ditto_budget_kind kind,
			struct ditto_account_use *use)
{
	enum ditto_trust trust, highest = DITTO_TRUST_STRANGER;

	use->name = ditto_budget_kinds[kind].name;
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

/* Number of charges that were refused to an account. Any context. */
u64 ditto_account_refused(const struct ditto_account *account)
{
	return atomic64_read(&account->refused);
}

/* About the amount that all principals of a level hold together. */
u64 ditto_budget_used(struct ditto_server *srv, enum ditto_trust trust,
		      enum ditto_budget_kind kind)
{
	/* Anybody may ask, as often as he likes: the sum would lock and visit all CPUs. */
	return percpu_counter_read_positive(&srv->budget->used[trust][kind]);
}

/* Limit on what all principals of a level hold together. */
u64 ditto_budget_limit(struct ditto_server *srv, enum ditto_trust trust,
		       enum ditto_budget_kind kind)
{
	return READ_ONCE(srv->budget->level_limit[trust][kind]);
}

/* Limit of one peer of a level. */
u64 ditto_budget_peer_limit(struct ditto_server *srv, enum ditto_trust trust,
			    enum ditto_budget_kind kind)
{
	return READ_ONCE(srv->budget->peer_limit[trust][kind]);
}
EXPORT_SYMBOL_NS_GPL(ditto_budget_peer_limit, "DITTO");

/* Create and destroy the budget of a server. May sleep. */
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

/* All charges have ended and all principals have been released. */
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
