/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Look-ups of accounts for somebody who waits only so long.
 *
 * A question to the name service cannot be taken back. One that is not answered in time
 * keeps its thread until it is, and counts for whoever asked: who has many of these asks
 * nothing more, and others go on.
 *
 * Every function may be called by any thread.
 */
#ifndef _DITTOD_LOOKUP_H
#define _DITTOD_LOOKUP_H

#include "sid.h"

/* Look-ups under way at once, and of them those of one user. */
#define LOOKUPS_MAX		32
#define LOOKUPS_PER_USER	4
/* Longest that one is waited for, in ms. */
#define LOOKUP_TIME		5000

/**
 * struct lookup_who - who asks, and how
 * @user: a number that tells users apart
 * @find: looks up; see struct sid_accounts
 * @arg: for @find, which may run after lookup_account() returned
 * @until: CLOCK_MONOTONIC in ms; it gives up then, or after LOOKUP_TIME
 */
struct lookup_who {
	u64 user;
	int (*find)(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE]);
	void *arg;
	u64 until;
};

/**
 * lookup_account - look an account up
 * @who: see there
 * @what: is looked for
 * @id: filled, or what is looked up
 * @name: the same
 *
 * Return: 0, -ENOENT, -ETIMEDOUT, -EAGAIN (too many are under way), another negative errno.
 */
int lookup_account(const struct lookup_who *who, enum sid_find what, u32 *id,
		   char name[NSS_NAME_SIZE]);

#endif
