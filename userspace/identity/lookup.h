/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Look-ups of accounts with a deadline.
 *
 * A query to the name service cannot be cancelled. A query that is not answered in time keeps its
 * thread until it is, and counts against the user on whose behalf it was made. A user with too
 * many pending queries gets no new ones; other users are not affected. Nor are other clients, where
 * look-ups of one user, such as the kernel, are made for several.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_LOOKUP_H
#define _DITTOD_LOOKUP_H

#include "identity.h"

/* Most pending look-ups of all users, and of one user unless it is said otherwise. */
#define LOOKUPS_MAX		48
#define LOOKUPS_PER_USER	4
/* Longest wait for one look-up, in ms. */
#define LOOKUP_TIME		5000

/**
 * struct lookup_who - the user on whose behalf an account is looked up, and the method
 * @user: number that identifies the user
 * @most: most pending look-ups of this user; 0 for LOOKUPS_PER_USER
 * @asker: the client for which it is made, which may have a quarter of @most, or with the wildcard
 *	address half of it; NULL if that is not limited
 * @find: performs the look-up; completes the query; returns 0, -ENOENT or another negative errno
 * @arg: argument of @find, which may still run after lookup_account() has returned
 * @until: deadline, CLOCK_MONOTONIC in ms; the wait is never longer than LOOKUP_TIME
 */
struct lookup_who {
	u64 user;
	unsigned int most;
	const struct address *asker;
	int (*find)(void *arg, struct identity_query *q);
	void *arg;
	u64 until;
};

/**
 * lookup_account - look up an account
 * @who: the user and the method
 * @q: the question, which is completed
 *
 * Blocks until the deadline at most.
 *
 * Return: 0, -ENOENT, -ETIMEDOUT, -EAGAIN (too many look-ups are pending), another negative errno.
 */
int lookup_account(const struct lookup_who *who, struct identity_query *q);
/*
 * Start a look-up without waiting for its result, which is dropped. The deadline is not used.
 * Returns 0, or -EAGAIN if too many look-ups are pending.
 */
int lookup_begin(const struct lookup_who *who, const struct identity_query *q);

#endif
