/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The principal budget: what a client makes the server hold, and how much it may.
 *
 * A principal is a peer (an IPv4 address or an IPv6 /64) and, once it has logged in, a
 * user. Each has an account that counts what is held for it, by kind and by level of trust.
 * A client that somebody else shares an address with cannot use up what that one has: each
 * level has limits of its own, for one principal and for all principals together.
 *
 * How to use it: fill a struct ditto_principal once per connection or session, by
 * ditto_principal_init(); embed a struct ditto_charge, zeroed, in what is held; charge it
 * when that is made, uncharge it when that is freed. A charge remembers who was charged, at
 * which level and how much, and holds the accounts. What grows and shrinks often charges in
 * steps, by ditto_charge_resize().
 *
 * A refused client gets the answer its protocol has for a lack of resources; the line in the
 * log is written here.
 */
#ifndef _DITTO_NET_BUDGET_H
#define _DITTO_NET_BUDGET_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_account;
struct ditto_server;
struct in6_addr;

/* How far a principal is trusted; each level has its own limits. */
enum ditto_trust {
	DITTO_TRUST_STRANGER,	/* no rule of any share admits the address */
	DITTO_TRUST_UNPROVEN,	/* admitted, nobody has logged in */
	DITTO_TRUST_ANONYMOUS,	/* no name was given, or a guest */
	DITTO_TRUST_USER,	/* a user proved to be one, or the host may speak for its users */
	DITTO_TRUST_LEVELS
};

/* What is counted. The table in budget.c has the name, the unit and the limits of each. */
enum ditto_budget_kind {
	DITTO_BUDGET_MEMORY,		/* bytes: requests, unsent answers, slots, buffers */
	DITTO_BUDGET_CONNECTIONS,
	DITTO_BUDGET_LOGINS,		/* authentications that are going on */
	DITTO_BUDGET_SESSIONS,
	DITTO_BUDGET_OPENS,
	DITTO_BUDGET_PIPES,
	DITTO_BUDGET_CLIENTS,		/* client records that a peer makes */
	DITTO_BUDGET_QUESTIONS,		/* to the helper, not answered yet */
	DITTO_BUDGET_DELEGATIONS,	/* that one is refused costs its client nothing */
	DITTO_BUDGET_LOCKS,		/* in the lock table: claims, and requests that wait */
	DITTO_BUDGET_UNSENT,		/* bytes of answers that sockets have, where others count */
	DITTO_BUDGET_KINDS
};

/**
 * struct ditto_principal - who is charged
 * @peer: account of the machine, counted
 * @user: account of the user, counted; NULL below DITTO_TRUST_USER, or if nobody knows
 * @trust: level
 */
struct ditto_principal {
	struct ditto_account *peer;
	struct ditto_account *user;
	enum ditto_trust trust;
};

/**
 * struct ditto_charge - something that is held for a principal
 * @peer: account, counted; NULL if nothing is charged
 * @user: the same
 * @trust: level at which it was charged
 * @kind: of what
 * @amount: in the kind's unit
 *
 * All zero is "nothing". The owner of what is charged serializes the calls on one charge.
 */
struct ditto_charge {
	struct ditto_account *peer;
	struct ditto_account *user;
	u8 trust;
	u8 kind;
	long amount;
};

/**
 * ditto_principal_init - find or make the accounts of a client
 * @who: filled; to be ended by ditto_principal_exit()
 * @srv: the server
 * @addr: of the peer, IPv4 mapped
 * @trust: level
 * @uid: the user's, or INVALID_UID if there is none
 *
 * Context: process; may sleep for memory. Return: 0 or -ENOMEM.
 */
int ditto_principal_init(struct ditto_principal *who, struct ditto_server *srv,
			 const struct in6_addr *addr, enum ditto_trust trust, kuid_t uid);

/**
 * ditto_principal_exit - drop the accounts; what is charged stays charged
 * @who: may be zeroed
 *
 * Context: any but hard interrupts.
 */
void ditto_principal_exit(struct ditto_principal *who);

/**
 * ditto_charge - charge a principal
 * @charge: zeroed, or uncharged
 * @who: the principal
 * @kind: of what
 * @amount: in the kind's unit, not negative
 *
 * Context: any but hard interrupts; never sleeps. A few atomic operations on the accounts.
 * Return: 0; -EDQUOT if it does not fit, then nothing is charged and it is told in the log.
 */
int ditto_charge(struct ditto_charge *charge, const struct ditto_principal *who,
		 enum ditto_budget_kind kind, long amount);

/**
 * ditto_charge_resize - charge more or less for the same thing
 * @charge: charged
 * @amount: what it is to be
 *
 * Less always fits. Context and Return: as ditto_charge(); on error it stays as it was.
 */
int ditto_charge_resize(struct ditto_charge *charge, long amount);

/**
 * ditto_charge_step - charge for a step ahead, or for just what is needed
 * @charge: charged
 * @least: what is needed
 * @amount: what it is to be if there is room for that, not less than @least
 *
 * What is left up to a limit need not be a whole step. Only a refusal of @least counts as one,
 * and is told in the log.
 *
 * Context and Return: as ditto_charge(); on error it stays as it was.
 */
int ditto_charge_step(struct ditto_charge *charge, long least, long amount);

/**
 * ditto_charge_force - charge for what is there already, whether it fits or not
 * @charge: charged
 * @amount: what it is to be, not negative
 *
 * For what is known only when it cannot be refused any more. The caller stops its client
 * while there is no ditto_charge_room().
 *
 * Context: as ditto_charge(); what does not fit is told in the log.
 */
void ditto_charge_force(struct ditto_charge *charge, long amount);

/**
 * ditto_charge_room - how much more may those have who are charged for something?
 * @charge: charged with 0 or more
 *
 * For those who would ask again and again; nothing is counted as refused, or told.
 *
 * Context: any. Return: in the kind's unit; 0 if the smallest charge would be refused now.
 */
long ditto_charge_room(const struct ditto_charge *charge);

/**
 * ditto_charge_cover - charge for what is counted one by one, in steps
 * @charge: charged with 0 or more; an empty one covers everything
 * @count: how many there are
 * @step: the most by which it grows and shrinks at once; less, as long as there are few
 *
 * Context: as ditto_charge(); mostly two compares. Return: 0; -EDQUOT if @count does not fit,
 * then it stays as it was.
 */
int ditto_charge_cover(struct ditto_charge *charge, long count, long step);

/**
 * ditto_charge_move - charge somebody else for it
 * @charge: charged
 * @who: who is charged from now on: the same peer after its login, or after its logout
 *
 * Context and Return: as ditto_charge(); on error it stays as it was.
 */
int ditto_charge_move(struct ditto_charge *charge, const struct ditto_principal *who);

/**
 * ditto_charge_split - charge a part of something by itself
 * @from: charged with @amount or more; with so much less afterwards
 * @to: zeroed, or uncharged
 * @amount: that moves; not negative
 *
 * The same accounts hold as much as before, so no limit can refuse it.
 *
 * Context: any but hard interrupts; what guards both charges is held.
 */
void ditto_charge_split(struct ditto_charge *from, struct ditto_charge *to, long amount);

/**
 * ditto_uncharge - what was charged is not held any more
 * @charge: charged or zeroed; zeroed afterwards
 *
 * Context: any but hard interrupts.
 */
void ditto_uncharge(struct ditto_charge *charge);

/**
 * struct ditto_account_use - what one account holds of a kind, for people
 * @name: of the kind
 * @used: over all levels
 * @limit: of the highest level at which something is used
 */
struct ditto_account_use {
	const char *name;
	u64 used;
	u64 limit;
};

/* The account of a peer, held, or NULL if nothing was ever charged to it. Any context. */
struct ditto_account *ditto_account_find_peer(struct ditto_server *srv,
					      const struct in6_addr *addr);
void ditto_account_put(struct ditto_account *account);
/* Fill @use for one kind. Any context. */
void ditto_account_show(const struct ditto_account *account, enum ditto_budget_kind kind,
			struct ditto_account_use *use);
/* How often something was refused. Any context. */
u64 ditto_account_refused(const struct ditto_account *account);

/* What all principals of a level hold, and may. */
u64 ditto_budget_used(struct ditto_server *srv, enum ditto_trust trust,
		      enum ditto_budget_kind kind);
u64 ditto_budget_limit(struct ditto_server *srv, enum ditto_trust trust,
		       enum ditto_budget_kind kind);
/* What one peer may hold. */
u64 ditto_budget_peer_limit(struct ditto_server *srv, enum ditto_trust trust,
			    enum ditto_budget_kind kind);

/* Settings changed: limits are made anew. */
void ditto_budget_settings_changed(struct ditto_server *srv);

int ditto_budget_init(struct ditto_server *srv);
/* Every charge was given back. */
void ditto_budget_exit(struct ditto_server *srv);

#endif
