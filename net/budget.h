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

int ditto_principal_init(struct ditto_principal *who, struct ditto_server *srv,
			 const struct in6_addr *addr, enum ditto_trust trust, kuid_t uid);
void ditto_principal_exit(struct ditto_principal *who);
int ditto_charge(struct ditto_charge *charge, const struct ditto_principal *who,
		 enum ditto_budget_kind kind, long amount);
int ditto_charge_machine(struct ditto_charge *charge, struct ditto_server *srv,
			 const struct in6_addr *addr, enum ditto_budget_kind kind, long amount);
int ditto_charge_resize(struct ditto_charge *charge, long amount);
int ditto_charge_step(struct ditto_charge *charge, long least, long amount);
void ditto_charge_force(struct ditto_charge *charge, long amount);
long ditto_charge_limit(const struct ditto_charge *charge);
long ditto_charge_room(const struct ditto_charge *charge);
int ditto_charge_cover_anew(struct ditto_charge *charge, long count, long step);

/*
 * Charge in steps for objects that are counted one by one. Context: as ditto_charge(); usually only
 * two comparisons. Return: 0, or -EDQUOT if @count exceeds a limit: then the charge is unchanged.
 */
static inline int ditto_charge_cover(struct ditto_charge *charge, long count, long step)
{
	/* A full step would charge many clients with one object each for many. */
	step = clamp(count / 4, 1L, step);
	if (likely(count <= charge->amount && count > charge->amount - 2 * step))
		return 0;
	return ditto_charge_cover_anew(charge, count, step);
}

int ditto_charge_move(struct ditto_charge *charge, const struct ditto_principal *who);
void ditto_charge_split(struct ditto_charge *from, struct ditto_charge *to, long amount);
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

struct ditto_account *ditto_account_find_peer(struct ditto_server *srv,
					      const struct in6_addr *addr);
void ditto_account_put(struct ditto_account *account);
void ditto_account_show(const struct ditto_account *account, enum ditto_budget_kind kind,
			struct ditto_account_use *use);
u64 ditto_account_refused(const struct ditto_account *account);
u64 ditto_budget_used(struct ditto_server *srv, enum ditto_trust trust,
		      enum ditto_budget_kind kind);
u64 ditto_budget_limit(struct ditto_server *srv, enum ditto_trust trust,
		       enum ditto_budget_kind kind);
u64 ditto_budget_peer_limit(struct ditto_server *srv, enum ditto_trust trust,
			    enum ditto_budget_kind kind);

void ditto_budget_settings_changed(struct ditto_server *srv);

int ditto_budget_init(struct ditto_server *srv);
void ditto_budget_exit(struct ditto_server *srv);

#endif
