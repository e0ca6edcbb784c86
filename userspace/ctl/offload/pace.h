/* SPDX-License-Identifier: GPL-2.0-only */
/* How often policies look at their files. */
#ifndef _DITTO_CTL_OFFLOAD_PACE_H
#define _DITTO_CTL_OFFLOAD_PACE_H

#include "common/offload_ctl.h"

/* Seconds for which a policy of the timer rests after a look; 0 if it looks each time. */
u64 offload_policy_pace(const struct offload_policy *p);
/* Whether it has looked so shortly before. */
bool offload_policy_rests(const struct offload_policy *p, u64 now);
/* It has looked at all its files, and has offloaded what was due. */
void offload_policy_note(const struct offload_policy *p, u64 now);

#endif
