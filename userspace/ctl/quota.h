/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of quotas, as text and as the kernel has them (quotactl(2)). */
#ifndef _DITTO_CTL_QUOTA_H
#define _DITTO_CTL_QUOTA_H

#include <linux/quota.h>

#include "common/text.h"

enum quota_limit { QUOTA_SOFT, QUOTA_HARD, QUOTA_FILES_SOFT, QUOTA_FILES_HARD, QUOTA_LIMITS };

/**
 * struct quota_change - limits to set
 * @given: those that are set
 * @value: in KiB, or in files; 0 for none
 */
struct quota_change {
	bool given[QUOTA_LIMITS];
	u64 value[QUOTA_LIMITS];
};

/* The word of a kind: USRQUOTA, GRPQUOTA, PRJQUOTA; NULL after the last one. */
const char *quota_kind_name(int kind);
/* Returns -1 for other words. */
int quota_kind_of(const char *word);
/* Read an option, such as "--soft", and its value. Returns false and fills @why. */
bool quota_change_read(struct quota_change *change, const char *option, const char *value,
		       struct why *why);
/* Change limits. Returns false and fills @why if they contradict each other. */
bool quota_change_apply(const struct quota_change *change, struct if_dqblk *record,
			struct why *why);
/*
 * Why a file system does not count a kind, or does not enforce its limits, and what to do.
 * @counts: it counts.
 */
void quota_why_off(struct why *why, const char *fs_type, int kind, bool counts);

#endif
