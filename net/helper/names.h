/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the helper said about names and groups, kept for a while.
 *
 * An answer that is not there yet is asked for from a workqueue; the caller
 * waits for it a short, bounded time and is otherwise told to come again, so
 * that no service thread hangs on a slow directory service. Answers that
 * there is no such thing are kept too. An expired answer goes on being used
 * while it is asked for anew, as long as the helper does not answer.
 */
#ifndef _DITTO_NET_HELPER_NAMES_H
#define _DITTO_NET_HELPER_NAMES_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_server;

/* Longest name of a user or group, with its domain. */
#define DITTO_NAMES_NAME_MAX	255
/* Answers kept. */
#define DITTO_NAMES_MAX		16384
/* Questions under way: more than may wait for a turn, see net/helper/upcall.c. */
#define DITTO_NAMES_WORKERS	384
/* How long a caller waits for an answer, in milliseconds. */
#define DITTO_NAMES_WAIT_MS	50

/**
 * ditto_names_host_match - does a host name pattern match an address
 * @srv: the server
 * @addr: of the client
 * @pattern: name, or shell pattern with * and ?; without regard to case
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not there
 *
 * Only names that resolve back to the address count; the helper sees to it.
 *
 * Context: may sleep: for memory, and a bounded time with @wait.
 * Return: 1, 0, -EJUKEBOX or -ECONNREFUSED (no helper).
 */
int ditto_names_host_match(struct ditto_server *srv, const struct in6_addr *addr,
			   const char *pattern, bool wait);
/* Is the client in a netgroup? Same results. */
int ditto_names_in_netgroup(struct ditto_server *srv, const struct in6_addr *addr,
			    const char *netgroup, bool wait);

/**
 * ditto_names_groups - the supplementary groups of a user
 * @srv: the server
 * @uid: whose
 * @groups: filled
 * @max: entries of @groups
 *
 * Context: may sleep a bounded time.
 * Return: how many groups, -ENOENT (no such user), -EJUKEBOX, -ECONNREFUSED.
 */
int ditto_names_groups(struct ditto_server *srv, kuid_t uid, kgid_t *groups,
		       unsigned int max);

/**
 * ditto_names_of_user - what a user is called: name@domain
 * @srv: the server
 * @uid: who
 * @name: filled, not terminated
 * @size: of @name
 *
 * Context: may sleep a bounded time.
 * Return: bytes of the name, -ENOENT (he has none), -ERANGE (does not fit), -EJUKEBOX,
 * -ECONNREFUSED.
 */
int ditto_names_of_user(struct ditto_server *srv, kuid_t uid, char *name, size_t size);
int ditto_names_of_group(struct ditto_server *srv, kgid_t gid, char *name, size_t size);

/**
 * ditto_names_user - the user with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @uid: filled
 *
 * Context: may sleep a bounded time.
 * Return: 0, -ENOENT (no such user, or another domain), -EJUKEBOX, -ECONNREFUSED.
 */
int ditto_names_user(struct ditto_server *srv, const char *name, kuid_t *uid);
int ditto_names_group(struct ditto_server *srv, const char *name, kgid_t *gid);

/* Forget all answers. */
void ditto_names_flush(struct ditto_server *srv);

int ditto_names_init(struct ditto_server *srv);
void ditto_names_exit(struct ditto_server *srv);

#endif
