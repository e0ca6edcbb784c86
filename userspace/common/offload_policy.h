/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies: which files of a directory are offloaded without being asked for, and when. */
#ifndef _DITTO_OFFLOAD_POLICY_H
#define _DITTO_OFFLOAD_POLICY_H

#include <sys/stat.h>

#include "offload_ctl.h"
#include "text.h"

/* Set the defaults. */
void offload_policy_init(struct offload_policy *p, const char *name);
/* Set a key of the section. Returns false and fills @why if the value is not allowed. */
bool offload_policy_set(struct offload_policy *p, const char *key, const char *value,
			struct why *why);
/* Check that nothing is missing. Returns false and fills @why if it is. */
bool offload_policy_complete(const struct offload_policy *p, struct why *why);

/**
 * offload_policy_matches - whether a file may be offloaded
 * @p: the policy
 * @path: absolute path of the file, below the policy's
 * @st: its attributes
 * @now: seconds since 1970
 *
 * A pattern with a '/' is compared with the path below the policy's, others with the last name.
 */
bool offload_policy_matches(const struct offload_policy *p, const char *path,
			    const struct stat *st, u64 now);
/* Whether the schedule allows this minute of the day. */
bool offload_policy_is_open(const struct offload_policy *p, u32 minute);

#endif
