/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache of the helper's answers about names and groups.
 *
 * An answer that is not cached is requested from a workqueue. The caller waits for it for a short,
 * bounded time and then gets -EJUKEBOX to try again, so that no service thread hangs on a slow
 * directory service. Negative answers are cached, too. An answer that has expired stays in use for
 * as long again while a new one is requested, so that nobody waits for what is in constant use; but
 * not that there is no user or group of a name. What expired before counts only if the helper
 * cannot be asked or did not answer the last time: who lost a group while away must not come back
 * with it. What is known of a machine serves callers that do not wait, however old it is.
 *
 * Requests about users, groups and SIDs are made in the name of the client that needs the answer
 * first: they are charged to it (DITTO_BUDGET_QUESTIONS), and sent in turns of the clients.
 */
#ifndef _DITTO_NET_HELPER_NAMES_H
#define _DITTO_NET_HELPER_NAMES_H

#include <linux/in6.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "token.h"

struct ditto_names;
struct ditto_names_park;
struct ditto_server;
struct name_entry;

/* Bytes of the longest name of a user or group, with its domain. */
#define DITTO_NAMES_NAME_MAX	255
/* Longest host name or netgroup; RFC 1035 section 2.3.4 limits names to 255 octets. */
#define DITTO_HOST_NAME_MAX	255
/* Supplementary groups of one identity; further ones are ignored (NGROUPS_MAX is too many). */
#define DITTO_GROUPS_MAX	1024
/* Entries in the cache. */
#define DITTO_NAMES_MAX		16384
/* Bytes of all tokens in the cache; one has up to 72 KiB. */
#define DITTO_NAMES_TOKENS_BYTES	SZ_64M
/* Requests in progress: more than may wait for a turn, see net/helper/upcall.c. */
#define DITTO_NAMES_WORKERS	512
/* Milliseconds that a caller waits for an answer. */
#define DITTO_NAMES_WAIT_MS	50
/* Requests that an operation makes each time before it waits. */
#define DITTO_NAMES_PARK_ASKS	16

/**
 * ditto_names_host_match - match a host name pattern against an address
 * @srv: the server
 * @addr: address of the client
 * @pattern: name, or shell pattern with * and ?; case is ignored
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not cached, or has expired long ago
 * @park: waits instead, unless it waits already; or NULL
 *
 * Only names that resolve back to the address count; the helper checks that.
 *
 * Context: may sleep: for memory, and a bounded time with @wait.
 * Return: 1 or 0; -EJUKEBOX if there is no answer yet; -ECONNREFUSED without a helper.
 */
int ditto_names_host_match(struct ditto_server *srv, const struct in6_addr *addr,
			   const char *pattern, bool wait, struct ditto_names_park *park);

/**
 * ditto_names_in_netgroup - check whether a client is in a netgroup
 * @srv: the server
 * @addr: address of the client
 * @netgroup: name of the netgroup
 * @wait: as for ditto_names_host_match()
 * @park: the same
 *
 * Context: as ditto_names_host_match().
 * Return: as ditto_names_host_match().
 */
int ditto_names_in_netgroup(struct ditto_server *srv, const struct in6_addr *addr,
			    const char *netgroup, bool wait, struct ditto_names_park *park);

/**
 * ditto_names_groups - look up the supplementary groups of a user
 * @srv: the server
 * @uid: the user
 * @groups: filled
 * @max: entries of @groups; further groups are left out
 * @asker: address of the client that needs the answer; NULL for the server itself
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not cached
 * @park: as for ditto_names_host_match()
 *
 * Context: may sleep: for memory, and a bounded time with @wait.
 * Return: the number of groups; -ENOENT if there is no such user; -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_groups(struct ditto_server *srv, kuid_t uid, kgid_t *groups, unsigned int max,
		       const struct in6_addr *asker, bool wait, struct ditto_names_park *park);

/* Wait for the groups of a user, as ditto_names_token_prefetch() does for the SIDs. */
void ditto_names_groups_prefetch(struct ditto_server *srv, kuid_t uid,
				 const struct in6_addr *asker);

/**
 * ditto_names_of_user - look up the name of a user, as name@domain
 * @srv: the server
 * @uid: the user
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: bytes of the name; -ENOENT if the user has no name; -ERANGE if it does not fit;
 * -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_of_user(struct ditto_server *srv, kuid_t uid, char *name, size_t size,
			const struct in6_addr *asker);

/**
 * ditto_names_of_group - look up the name of a group, as name@domain
 * @srv: the server
 * @gid: the group
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_of_user().
 */
int ditto_names_of_group(struct ditto_server *srv, kgid_t gid, char *name, size_t size,
			 const struct in6_addr *asker);

/**
 * ditto_names_user - look up the user with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @uid: filled
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: 0; -ENOENT if there is no such user or the domain is a foreign one; -EJUKEBOX;
 * -ECONNREFUSED.
 */
int ditto_names_user(struct ditto_server *srv, const char *name, kuid_t *uid,
		     const struct in6_addr *asker);

/**
 * ditto_names_group - look up the group with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @gid: filled
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_user().
 */
int ditto_names_group(struct ditto_server *srv, const char *name, kgid_t *gid,
		      const struct in6_addr *asker);

/**
 * ditto_names_token - look up the SIDs of a user
 * @srv: the server
 * @uid: the user
 * @token: filled with a reference
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * This function does not wait for the helper: the caller may hold locks. It differs from the
 * others also in that a failed request is no reason to retry.
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if there is no such user; -EJUKEBOX while the helper is asked;
 * -ECONNREFUSED or another error of ditto_upcall() if it cannot be asked or cannot answer.
 */
int ditto_names_token(struct ditto_server *srv, kuid_t uid, struct ditto_token **token,
		      const struct in6_addr *asker);

/**
 * ditto_names_token_prefetch - ask for the SIDs of a user that may be needed
 * @srv: the server
 * @uid: the user
 * @asker: address of the client that needs the answer; NULL for the server itself
 * @park: waits for the answer, unless it waits already; NULL to wait for DITTO_NAMES_WAIT_MS here
 *
 * Context: may sleep for memory, and without @park for the answer.
 * Return: -EJUKEBOX if there is no answer yet; another value if there is or will be none.
 */
int ditto_names_token_prefetch(struct ditto_server *srv, kuid_t uid, const struct in6_addr *asker,
			       struct ditto_names_park *park);

/**
 * ditto_names_token_rcu - get the SIDs of a user if they are cached
 * @srv: the server
 * @uid: the user
 *
 * Context: any, under RCU.
 * Return: the token, valid until the end of the RCU read section; NULL without a fresh one.
 */
const struct ditto_token *ditto_names_token_rcu(struct ditto_server *srv, kuid_t uid);

/**
 * struct ditto_names_park - an operation that waits for answers without a thread, as long as the
 *	setting upcall-ms says
 * @done: called when the answer that it waits for is there, or is late; in process context, with a
 *	spinlock of the cache held. A park that has only @asker asks, and never waits
 * @asker: address of the client
 * @waits: @done was or will be called since the last ditto_names_park_begin(), unless the park is
 *	cancelled; for the operation itself
 * @names: the cache; this and the following members belong to net/helper/names.c
 * @asked: requests since the last ditto_names_park_begin()
 * @until: jiffies until which it may wait
 * @entry: what it waits for, with a reference
 * @link: entry in the list of @entry; guarded by the lock of the cache
 * @late: ends the wait
 */
struct ditto_names_park {
	void (*done)(struct ditto_names_park *park);
	struct in6_addr asker;
	bool waits;
	struct ditto_names *names;
	unsigned int asked;
	unsigned long until;
	struct name_entry *entry;
	struct list_head link;
	struct delayed_work late;
};

/**
 * ditto_names_park_init - initialize a park
 * @park: the park
 * @srv: the server
 * @asker: address of the client
 * @done: see struct ditto_names_park
 *
 * Context: any.
 */
void ditto_names_park_init(struct ditto_names_park *park, struct ditto_server *srv,
			   const struct in6_addr *asker,
			   void (*done)(struct ditto_names_park *park));

/**
 * ditto_names_park_begin - begin or repeat an operation that may park
 * @park: the park; if it waits, it does not any more
 *
 * Of the answers that are not cached the operation asks for several together and waits for one.
 *
 * Context: any.
 */
void ditto_names_park_begin(struct ditto_names_park *park);

/**
 * ditto_names_park_cancel - stop waiting
 * @park: the park
 *
 * Return: true if @done will not be called; false if the park does not wait any more.
 */
bool ditto_names_park_cancel(struct ditto_names_park *park);

/**
 * ditto_names_sid_of_user - look up the SID of a user
 * @srv: the server
 * @uid: the user
 * @sid: filled
 * @park: made to wait for the answer, if it is not cached and @park does not wait yet; NULL to
 *	use only fresh answers that are cached
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if the user has no SID but the one made of its number; -EJUKEBOX if there is
 * no answer yet; -ECONNREFUSED or another error of ditto_upcall().
 */
int ditto_names_sid_of_user(struct ditto_server *srv, kuid_t uid, u8 sid[DITTO_SID_MAX],
			    struct ditto_names_park *park);

/**
 * ditto_names_sid_of_group - look up the SID of a group
 * @srv: the server
 * @gid: the group
 * @sid: filled
 * @park: as for ditto_names_sid_of_user()
 *
 * Context: may sleep for memory.
 * Return: as ditto_names_sid_of_user().
 */
int ditto_names_sid_of_group(struct ditto_server *srv, kgid_t gid, u8 sid[DITTO_SID_MAX],
			     struct ditto_names_park *park);

/**
 * struct ditto_account - the account of a SID on this machine
 * @uid: the user; invalid without one
 * @gid: the group; invalid if the SID is not one of a group
 *
 * A directory may have a uid for a group, too, so that it can own files.
 */
struct ditto_account {
	kuid_t uid;
	kgid_t gid;
};

/**
 * ditto_names_account_of_sid - look up the account of a SID
 * @srv: the server
 * @sid: valid
 * @account: filled
 * @park: as for ditto_names_sid_of_user()
 *
 * Only accounts whose SID is @sid are found: a SID from the history of an account is -ENOENT.
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if it has no account; others as ditto_names_sid_of_user().
 */
int ditto_names_account_of_sid(struct ditto_server *srv, const u8 *sid,
			       struct ditto_account *account, struct ditto_names_park *park);

/* Drop all cached answers. May sleep. */
void ditto_names_flush(struct ditto_server *srv);

/*
 * Create and destroy the cache of names of a server. May sleep; the exit stops the upcalls first.
 */
int ditto_names_init(struct ditto_server *srv);
void ditto_names_exit(struct ditto_server *srv);

#endif
