/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SIDs by which a domain controller vouched for users at their last logins. A user who acts by
 * number afterwards, as over NFS, has the same groups then.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_LOGIN_SIDS_H
#define _DITTOD_LOGIN_SIDS_H

#include <sys/types.h>

#include "sid_list.h"

/* Most users; another one takes the place of the one whose login is the longest ago. */
#define LOGIN_SIDS_MAX	1024
/* Milliseconds until the SIDs are forgotten: how long tickets are valid in most domains. */
#define LOGIN_SIDS_TIME	(10 * 3600 * 1000ULL)

/* Keep the SIDs of a user instead of earlier ones. @now is the time by clock_ms(). */
void login_sids_store(uid_t uid, const struct sid_list *sids, u64 now);
/* Add the SIDs of a user to an empty list. Returns false if there are none. */
bool login_sids_get(uid_t uid, u64 now, struct sid_list *out);

#endif
