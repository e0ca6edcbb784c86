/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache of the helper's answers about names and groups.
 *
 * An answer that is not cached is requested from a workqueue. The caller waits for it for a short,
 * bounded time and then gets -EJUKEBOX to try again, so that no service thread hangs on a slow
 * directory service. Negative answers are cached, too. An expired answer stays in use while a new
 * one is requested and as long as the helper does not answer.
 */
#ifndef _DITTO_NET_HELPER_NAMES_H
#define _DITTO_NET_HELPER_NAMES_H

#include <linux/in6.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_server;
struct ditto_token;

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
#define DITTO_NAMES_WORKERS	384
/* Milliseconds that a caller waits for an answer. */
#define DITTO_NAMES_WAIT_MS	50

/**
 * ditto_names_host_match - match a host name pattern against an address
 * @srv: the server
 * @addr: address of the client
 * @pattern: name, or shell pattern with * and ?; case is ignored
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not cached
 *
 * Only names that resolve back to the address count; the helper checks that.
 *
 * Context: may sleep: for memory, and a bounded time with @wait.
 * Return: 1 or 0; -EJUKEBOX if there is no answer yet; -ECONNREFUSED without a helper.
 */
int ditto_names_host_match(struct ditto_server *srv, const struct in6_addr *addr,
			   const char *pattern, bool wait);

/**
 * ditto_names_in_netgroup - check whether a client is in a netgroup
 * @srv: the server
 * @addr: address of the client
 * @netgroup: name of the netgroup
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not cached
 *
 * Context: as ditto_names_host_match().
 * Return: as ditto_names_host_match().
 */
int ditto_names_in_netgroup(struct ditto_server *srv, const struct in6_addr *addr,
			    const char *netgroup, bool wait);

/**
 * ditto_names_groups - look up the supplementary groups of a user
 * @srv: the server
 * @uid: the user
 * @groups: filled
 * @max: entries of @groups; further groups are left out
 *
 * Context: may sleep a bounded time.
 * Return: the number of groups; -ENOENT if there is no such user; -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_groups(struct ditto_server *srv, kuid_t uid, kgid_t *groups,
		       unsigned int max);

/**
 * ditto_names_of_user - look up the name of a user, as name@domain
 * @srv: the server
 * @uid: the user
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 *
 * Context: may sleep a bounded time.
 * Return: bytes of the name; -ENOENT if the user has no name; -ERANGE if it does not fit;
 * -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_of_user(struct ditto_server *srv, kuid_t uid, char *name, size_t size);

/**
 * ditto_names_of_group - look up the name of a group, as name@domain
 * @srv: the server
 * @gid: the group
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_of_user().
 */
int ditto_names_of_group(struct ditto_server *srv, kgid_t gid, char *name, size_t size);

/**
 * ditto_names_user - look up the user with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @uid: filled
 *
 * Context: may sleep a bounded time.
 * Return: 0; -ENOENT if there is no such user or the domain is a foreign one; -EJUKEBOX;
 * -ECONNREFUSED.
 */
int ditto_names_user(struct ditto_server *srv, const char *name, kuid_t *uid);

/**
 * ditto_names_group - look up the group with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @gid: filled
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_user().
 */
int ditto_names_group(struct ditto_server *srv, const char *name, kgid_t *gid);

/**
 * ditto_names_token - look up the SIDs of a user
 * @srv: the server
 * @uid: the user
 * @token: filled with a reference
 *
 * This function does not wait for the helper: the caller may hold locks. It differs from the
 * others also in that a failed request is no reason to retry.
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if there is no such user; -EJUKEBOX while the helper is asked;
 * -ECONNREFUSED or another error of ditto_upcall() if it cannot be asked or cannot answer.
 */
int ditto_names_token(struct ditto_server *srv, kuid_t uid, struct ditto_token **token);

/**
 * ditto_names_token_prefetch - ask for the SIDs of a user that may be needed
 * @srv: the server
 * @uid: the user
 *
 * Context: may sleep, up to DITTO_NAMES_WAIT_MS for the answer.
 */
void ditto_names_token_prefetch(struct ditto_server *srv, kuid_t uid);

/**
 * ditto_names_token_rcu - get the SIDs of a user if they are cached
 * @srv: the server
 * @uid: the user
 *
 * Context: any, under RCU.
 * Return: the token, valid until the end of the RCU read section; NULL without a fresh one.
 */
const struct ditto_token *ditto_names_token_rcu(struct ditto_server *srv, kuid_t uid);

/* Drop all cached answers. May sleep. */
void ditto_names_flush(struct ditto_server *srv);

/*
 * Create and destroy the cache of names of a server. May sleep; the exit stops the upcalls first.
 */
int ditto_names_init(struct ditto_server *srv);
void ditto_names_exit(struct ditto_server *srv);

#endif
