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

int ditto_names_host_match(struct ditto_server *srv, const struct in6_addr *addr,
			   const char *pattern, bool wait, struct ditto_names_park *park);
int ditto_names_in_netgroup(struct ditto_server *srv, const struct in6_addr *addr,
			    const char *netgroup, bool wait, struct ditto_names_park *park);
int ditto_names_groups(struct ditto_server *srv, kuid_t uid, kgid_t *groups, unsigned int max,
		       const struct in6_addr *asker, bool wait, struct ditto_names_park *park);
void ditto_names_groups_prefetch(struct ditto_server *srv, kuid_t uid,
				 const struct in6_addr *asker);
int ditto_names_of_user(struct ditto_server *srv, kuid_t uid, char *name, size_t size,
			const struct in6_addr *asker);
int ditto_names_of_group(struct ditto_server *srv, kgid_t gid, char *name, size_t size,
			 const struct in6_addr *asker);
int ditto_names_user(struct ditto_server *srv, const char *name, kuid_t *uid,
		     const struct in6_addr *asker);
int ditto_names_group(struct ditto_server *srv, const char *name, kgid_t *gid,
		      const struct in6_addr *asker);
int ditto_names_token(struct ditto_server *srv, kuid_t uid, struct ditto_token **token,
		      const struct in6_addr *asker);
int ditto_names_token_prefetch(struct ditto_server *srv, kuid_t uid, const struct in6_addr *asker,
			       struct ditto_names_park *park);
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

void ditto_names_park_init(struct ditto_names_park *park, struct ditto_server *srv,
			   const struct in6_addr *asker,
			   void (*done)(struct ditto_names_park *park));
void ditto_names_park_begin(struct ditto_names_park *park);
bool ditto_names_park_cancel(struct ditto_names_park *park);

int ditto_names_sid_of_user(struct ditto_server *srv, kuid_t uid, u8 sid[DITTO_SID_MAX],
			    struct ditto_names_park *park);
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

int ditto_names_account_of_sid(struct ditto_server *srv, const u8 *sid,
			       struct ditto_account *account, struct ditto_names_park *park);

void ditto_names_flush(struct ditto_server *srv);

/*
 * Create and destroy the cache of names of a server. May sleep; the exit stops the upcalls first.
 */
int ditto_names_init(struct ditto_server *srv);
void ditto_names_exit(struct ditto_server *srv);

#endif
