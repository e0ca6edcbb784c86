/* SPDX-License-Identifier: GPL-2.0-only */
/* What the schedule does with the bins of shares. */
#ifndef _DITTO_CTL_TRASH_H
#define _DITTO_CTL_TRASH_H

#include "common/offload_schedule.h"

struct ctl;

/* Whether a share has a bin. */
bool trash_is_used(struct ctl *ctl);
/* Remove what is older or takes more than the options of each share let stay: see apart_each(). */
enum offload_job_result trash_expire(struct ctl *ctl);

#endif
