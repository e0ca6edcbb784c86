/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delays of logins, against guessing passwords.
 *
 * Whoever is refused is answered later each time: after the setting login-delay-ms, then
 * twice that and so on, up to a limit. Failures are counted for each user that a peer (an
 * IPv4 address or an IPv6 /64) claims to be, and forgotten with time or when that user logs
 * in from there.
 *
 * Guesses that are made at once gain nothing: the delays of one peer and user add up, a right
 * password is answered behind the wrong ones before it, and when as much is waited for as one
 * answer may wait, further ones are refused right or wrong. Other users of the peer wait for
 * nothing of that. A peer that fails as many users has its failures, and those alone, delayed
 * by their number too.
 */
#ifndef _DITTO_NET_HELPER_LOGIN_DELAY_H
#define _DITTO_NET_HELPER_LOGIN_DELAY_H

#include <linux/types.h>

struct ditto_server;
struct in6_addr;

/* Longest that an answer waits. */
#define DITTO_LOGIN_DELAY_MAX_MS	10000
/* After so long one failure is forgotten. */
#define DITTO_LOGIN_FORGET_MS		60000
/* Peers that are remembered; the one that failed longest ago leaves first. */
#define DITTO_LOGIN_PEERS_MAX		1024
/* Users of a peer that are; one with fewest failures leaves first. */
#define DITTO_LOGIN_USERS		16
/* A peer that failed more users than this lately tries one after the other. */
#define DITTO_LOGIN_FREE_USERS		8

/**
 * ditto_login_delay - how long the answer to a login is to be held
 * @srv: the server
 * @addr: of the client
 * @name: of the user: as claimed, if the login failed; may have a domain before or behind it
 * @good: it did not fail
 * @now: milliseconds, of any clock that does not stand still
 * @wait_ms: filled: how long, 0 for not at all
 *
 * Context: may sleep.
 * Return: 0, or -EACCES if it is to be refused though it is @good.
 */
int ditto_login_delay(struct ditto_server *srv, const struct in6_addr *addr, const char *name,
		      bool good, u64 now, u32 *wait_ms);

int ditto_login_delays_init(struct ditto_server *srv);
void ditto_login_delays_exit(struct ditto_server *srv);

#endif
