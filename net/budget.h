/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The principal budget: resources that clients make the server hold, and their limits.
 *
 * A principal is a peer (an IPv4 address or an IPv6 /64) and, after a login, also a user. Each has
 * an account that counts what is held for it, by kind and by level of trust. Each level has limits
 * of its own, for one principal and for all principals together, so that a client cannot use up
 * the resources of another client that shares its address.
 *
 * Usage: ditto_principal_init() fills a struct ditto_principal once per connection or session. A
 * zeroed struct ditto_charge is embedded in the object that costs resources; it is charged when
 * the object is created and uncharged when it is freed. A charge remembers its accounts, its level
 * and its amount, and holds references to the accounts. An amount that grows and shrinks often is
 * charged in steps, with ditto_charge_resize().
 *
 * A refused client gets the answer that its protocol has for a lack of resources. The functions
 * here write the line in the log.
 */
#ifndef _DITTO_NET_BUDGET_H
#define _DITTO_NET_BUDGET_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_account;
struct ditto_server;
struct in6_addr;

/* Level of trust of a principal. Each level has limits of its own. */
enum ditto_trust {
	DITTO_TRUST_STRANGER,	/* no rule of any share admits the address */
	DITTO_TRUST_UNPROVEN,	/* admitted, but not logged in */
	DITTO_TRUST_ANONYMOUS,	/* anonymous or guest */
	DITTO_TRUST_USER,	/* authenticated, or a host trusted to vouch for its users */
	DITTO_TRUST_LEVELS
};

/*
 * Kinds of resources. The table in budget_limits.c has the name, the unit and the limits of each.
 */
enum ditto_budget_kind {
	DITTO_BUDGET_MEMORY,		/* bytes: requests, unsent replies, slots, buffers */
	DITTO_BUDGET_CONNECTIONS,
	DITTO_BUDGET_LOGINS,		/* authentications in progress */
	DITTO_BUDGET_SESSIONS,
	DITTO_BUDGET_OPENS,
	DITTO_BUDGET_PIPES,
	DITTO_BUDGET_CLIENTS,		/* client records that a peer creates */
	DITTO_BUDGET_QUESTIONS,		/* requests to the helper without an answer yet */
	DITTO_BUDGET_DELEGATIONS,	/* a refusal costs the client nothing */
	DITTO_BUDGET_LOCKS,		/* claims and waiting requests in the lock table */
	DITTO_BUDGET_UNSENT,		/* bytes of replies in socket buffers */
	DITTO_BUDGET_HANDSHAKES,	/* TLS handshakes in progress, each of which has a thread */
	DITTO_BUDGET_JOBS,		/* copies in the background */
	DITTO_BUDGET_PARKED,		/* calls that wait for data without a thread */
	DITTO_BUDGET_ANSWERS,		/* answers that are calls to the client */
	DITTO_BUDGET_CHANGES,		/* bytes of changes of directories, not reported yet */
	DITTO_BUDGET_CALLOUTS,		/* calls to the client by the server */
	DITTO_BUDGET_KINDS
};

/**
 * struct ditto_principal - the accounts that a client is charged to
 * @peer: account of the machine, with a reference
 * @user: account of the user, with a reference; NULL below DITTO_TRUST_USER or if the user is not
 *	known
 * @trust: level of trust
 */
struct ditto_principal {
	struct ditto_account *peer;
	struct ditto_account *user;
	enum ditto_trust trust;
};

/**
 * struct ditto_charge - an amount of a resource that is held for a principal
 * @peer: account of the machine, with a reference; NULL if nothing is charged
 * @user: account of the user, with a reference, or NULL
 * @trust: level at which it was charged
 * @kind: enum ditto_budget_kind
 * @amount: in the unit of the kind
 *
 * All zero means that nothing is charged. The owner serializes the calls on one charge.
 */
struct ditto_charge {
	struct ditto_account *peer;
	struct ditto_account *user;
	u8 trust;
	u8 kind;
	long amount;
};

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
			 const struct in6_addr *addr, enum ditto_trust trust, kuid_t uid);

/**
 * ditto_principal_exit - drop the references to the accounts
 * @who: may be zeroed
 *
 * Charges that were made for @who stay charged.
 *
 * Context: any but hard interrupts.
 */
void ditto_principal_exit(struct ditto_principal *who);

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
		 enum ditto_budget_kind kind, long amount);

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
			 const struct in6_addr *addr, enum ditto_budget_kind kind, long amount);

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
int ditto_charge_resize(struct ditto_charge *charge, long amount);

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
int ditto_charge_step(struct ditto_charge *charge, long least, long amount);

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
void ditto_charge_force(struct ditto_charge *charge, long amount);

/**
 * ditto_charge_limit - how much the accounts of a charge may hold at all
 * @charge: charged with 0 or more
 *
 * Context: any.
 * Return: the limit in the unit of the kind, if nobody else holds anything.
 */
long ditto_charge_limit(const struct ditto_charge *charge);

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
long ditto_charge_room(const struct ditto_charge *charge);

/* ditto_charge_cover() for a charge that has to change. @step: not 0. */
int ditto_charge_cover_anew(struct ditto_charge *charge, long count, long step);

/**
 * ditto_charge_cover - charge in steps for objects that are counted one by one
 * @charge: charged with 0 or more; an empty charge covers any number
 * @count: number of objects
 * @step: the most by which the charge grows or shrinks in one step; less while @count is small
 *
 * Context: as ditto_charge(); usually only two comparisons.
 * Return: 0, or -EDQUOT if @count exceeds a limit: then the charge is unchanged.
 */
static inline int ditto_charge_cover(struct ditto_charge *charge, long count, long step)
{
	/* A full step would charge many clients with one object each for many. */
	step = clamp(count / 4, 1L, step);
	if (likely(count <= charge->amount && count > charge->amount - 2 * step))
		return 0;
	return ditto_charge_cover_anew(charge, count, step);
}

/**
 * ditto_charge_move - charge another principal
 * @charge: charged
 * @who: principal to charge from now on: the same peer after its login or logout
 *
 * Context: as ditto_charge().
 * Return: as ditto_charge(); the charge is unchanged on error.
 */
int ditto_charge_move(struct ditto_charge *charge, const struct ditto_principal *who);

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
void ditto_charge_split(struct ditto_charge *from, struct ditto_charge *to, long amount);

/**
 * ditto_uncharge - end a charge
 * @charge: charged or zeroed; zeroed afterwards
 *
 * Context: any but hard interrupts.
 */
void ditto_uncharge(struct ditto_charge *charge);

/**
 * struct ditto_account_use - use of one kind by an account, for display
 * @name: name of the kind
 * @used: amount held, over all levels
 * @limit: limit of the highest level at which something is held
 */
struct ditto_account_use {
	const char *name;
	u64 used;
	u64 limit;
};

/**
 * ditto_account_find_peer - find the account of a peer
 * @srv: the server
 * @addr: address of the peer, IPv4 mapped
 *
 * Context: any but hard interrupts.
 * Return: the account with a reference, or NULL if nothing is held for the peer.
 */
struct ditto_account *ditto_account_find_peer(struct ditto_server *srv,
					      const struct in6_addr *addr);
/* Drop a reference; @account may be NULL. Any context but hard interrupts. */
void ditto_account_put(struct ditto_account *account);

/**
 * ditto_account_show - report the use of one kind by an account
 * @account: the account
 * @kind: kind of resource
 * @use: filled
 *
 * Context: any.
 */
void ditto_account_show(const struct ditto_account *account, enum ditto_budget_kind kind,
			struct ditto_account_use *use);
/* Number of charges that were refused to an account. Any context. */
u64 ditto_account_refused(const struct ditto_account *account);

/* About the amount that all principals of a level hold together. */
u64 ditto_budget_used(struct ditto_server *srv, enum ditto_trust trust,
		      enum ditto_budget_kind kind);
/* Limit on what all principals of a level hold together. */
u64 ditto_budget_limit(struct ditto_server *srv, enum ditto_trust trust,
		       enum ditto_budget_kind kind);
/* Limit of one peer of a level. */
u64 ditto_budget_peer_limit(struct ditto_server *srv, enum ditto_trust trust,
			    enum ditto_budget_kind kind);

/* Compute the limits anew from the settings. */
void ditto_budget_settings_changed(struct ditto_server *srv);

/* Create and destroy the budget of a server. May sleep. */
int ditto_budget_init(struct ditto_server *srv);
/* All charges have ended and all principals have been released. */
void ditto_budget_exit(struct ditto_server *srv);

#endif
