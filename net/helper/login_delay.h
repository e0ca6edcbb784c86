/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delays of logins, which slow down password guessing.
 *
 * The answer to a failed login is delayed: first by the setting login-delay-ms, then by twice that
 * for each further failure, up to DITTO_LOGIN_DELAY_MAX_MS. Failures are counted for each user
 * name that a peer (an IPv4 address or an IPv6 /64) claims, and are forgotten with time or when
 * that user logs in from that peer.
 *
 * Parallel guesses gain nothing. The delays of one peer and user add up, and the answer to a
 * correct password waits behind the answers to the wrong ones before it, also if the login does not
 * succeed. When the sum reaches the
 * longest delay of one answer, further logins of that user from that peer are refused even with
 * the correct password. Other users of the peer are not delayed. If a peer fails for many
 * different users, its failures, and only those, are also delayed by the number of these users.
 */
#ifndef _DITTO_NET_HELPER_LOGIN_DELAY_H
#define _DITTO_NET_HELPER_LOGIN_DELAY_H

#include <linux/types.h>

struct ditto_server;
struct in6_addr;

/* Longest delay of an answer. */
#define DITTO_LOGIN_DELAY_MAX_MS	10000
/* Time after which one failure is forgotten. */
#define DITTO_LOGIN_FORGET_MS		60000
/* Peers remembered; the one with the oldest failure is dropped first. */
#define DITTO_LOGIN_PEERS_MAX		1024
/* Users remembered per peer; one with the fewest failures is dropped first. */
#define DITTO_LOGIN_USERS		16
/* Users that a peer may fail for before further ones add to the peer's delay. */
#define DITTO_LOGIN_FREE_USERS		8

int ditto_login_delay(struct ditto_server *srv, const struct in6_addr *addr, const char *name,
		      int error, u64 now, u32 *wait_ms);

/* Create and destroy the login delays of a server. May sleep. */
int ditto_login_delays_init(struct ditto_server *srv);
void ditto_login_delays_exit(struct ditto_server *srv);

#endif
