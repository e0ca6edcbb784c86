/* SPDX-License-Identifier: GPL-2.0-only */
/* The right to see and end the sessions of others, and to change shares, by remote calls. */
#ifndef _DITTOD_PIPE_ADMIN_H
#define _DITTOD_PIPE_ADMIN_H

#include "rpc.h"

/**
 * pipe_is_admin - is a user an administrator?
 * @user: the user
 * @gids: groups of the user's session
 * @ngids: number of entries in @gids
 * @until: CLOCK_MONOTONIC in ms; nobody is waited for after it
 *
 * Administrators are root, and the members of the group that BUILTIN\Administrators stands for. May
 * block until @until.
 */
bool pipe_is_admin(const struct rpc_user *user, const u32 *gids, unsigned int ngids, u64 until);

#endif
