/* SPDX-License-Identifier: GPL-2.0-only */
/* How often policies look at their files. */
#ifndef _DITTO_CTL_OFFLOAD_PACE_H
#define _DITTO_CTL_OFFLOAD_PACE_H

#include "common/offload_ctl.h"
#include "object/hash.h"

/*
 * Name what the policy @p of @n policies looks at: itself, the directory and file system that its
 * path leads to now, and the paths of all policies. Returns false if that is not known, or if the
 * policy does not rest.
 */
bool offload_policy_scope(const struct offload_policy *all, size_t n,
			  const struct offload_policy *p, char scope[HASH_HEX]);
/* Whether a policy of the timer has looked at the same so shortly before that it rests. */
bool offload_policy_rests(const struct offload_policy *p, const char *scope, u64 now);
/* One with this scope has looked at all its files, and has offloaded what was due. */
void offload_policy_note(const char *scope, u64 now);

#endif
