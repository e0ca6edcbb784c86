/* SPDX-License-Identifier: GPL-2.0-only */
/* What the schedule of offloaded data says, and what was done. */
#ifndef _DITTO_CTL_OFFLOAD_JOBS_H
#define _DITTO_CTL_OFFLOAD_JOBS_H

#include "common/offload_schedule.h"
#include "offload.h"

#define OFFLOAD_PROGRESS_PATH	"/var/lib/ditto/offload-schedule"

/*
 * Remember how jobs went, and leave a copy for programs without privileges. Returns false and fills
 * @why if it is not remembered.
 */
bool offload_progress_save(const struct offload_progress *p, struct why *why);
/* Ask dittod for the schedule. Returns false and fills @why on errors. */
bool offload_schedule_get(struct offload_schedule *s, struct why *why);
/* Print when each job of a schedule was last done, as a table or as entries of a list. */
void offload_jobs_print(const struct offload_schedule *s, const struct offload_progress *p);
void offload_jobs_json(const struct offload_schedule *s, const struct offload_progress *p);
/*
 * Do what policies say now. @paced: those by time rest between two looks. Returns false after a
 * message if they could not be looked at.
 */
bool offload_policies_scheduled(struct ctl *ctl, bool paced);
/*
 * Check the next part of all objects, of 2^64, and remember where that ended. Returns false after a
 * message if something could not be checked.
 */
bool offload_scrub_part(struct ctl *ctl, u64 part);

/* dittoctl offload run */
int offload_run(struct ctl *ctl, char **words);

#endif
