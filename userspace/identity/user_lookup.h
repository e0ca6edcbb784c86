/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up the users and groups of several shares at the same time, with a deadline: in the name
 * service, and in the directories of identity/identity.h.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_USER_LOOKUP_H
#define _DITTOD_USER_LOOKUP_H

#include "nl/share_users.h"

/*
 * Start a look-up of the users and groups of a share, in a thread of its own that blocks as long
 * as the name service does. No new look-up is started while an earlier one of the same names
 * runs.
 */
void user_lookup_begin(const struct share_users *u);

/**
 * user_lookup_get - wait for the result of user_lookup_begin()
 * @u: the users and groups given to user_lookup_begin()
 * @until: deadline by clock_ms()
 * @users: filled as by share_users_resolve(); the caller frees it with share_users_free()
 * @why: filled on error
 *
 * A look-up that user_lookup_end() gave up is not waited for again, but its result is used once it
 * arrives.
 *
 * Return: as share_users_resolve(); -ETIMEDOUT if there is no result yet.
 */
int user_lookup_get(const struct share_users *u, u64 until, struct share_users *users,
		    struct why *why);

/*
 * Look up one name; see share_user_find_fn. A name with a domain is asked of the directories first,
 * any other of the name service. What has no account here is found by its SID.
 */
int user_lookup_find(struct share_user *one, struct why *why);

/* Discard all results. A look-up without a result is given up for now, but keeps running. */
void user_lookup_end(void);

#endif
