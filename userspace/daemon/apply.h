/* SPDX-License-Identifier: GPL-2.0-only */
/* Making the kernel's configuration what the file asks for, by its differences. */
#ifndef _DITTOD_APPLY_H
#define _DITTOD_APPLY_H

#include "common/types.h"

struct config;
struct kernel;
struct state;

/**
 * struct problem - what is not as the file asks for
 * @what: "share a"
 * @why: a sentence
 */
struct problem {
	char *what;
	char *why;
};

/**
 * struct applied - what came of it
 * @gone: ditto.ko is not there; nothing more was tried
 * @started: when the server started, which tells one from the next
 * @changes: what was done
 * @errors: what could not be done, and may be possible later
 * @news: problems that were not there the last time
 * @problem: what is not as it should be, errors and things that wait for an event
 * @nproblems: of @problem
 */
struct applied {
	bool gone;
	u64 started;
	unsigned int changes;
	unsigned int errors;
	unsigned int news;
	struct problem *problem;
	unsigned int nproblems;
};

/**
 * apply - add, change and remove what differs
 * @k: the kernel
 * @cfg: what is asked for
 * @st: what is ours; what an administrator added by hand is left alone,
 *	unless the file names it too
 * @result: of the last time, or zeroed; filled
 *
 * One failure does not keep the rest from being done. Each change is logged, and
 * each failure that is not the same as the last time. A share whose users or
 * groups cannot be looked up is left as it is. Takes as long as a removed share
 * drains, the name service answers and file systems do.
 */
void apply(struct kernel *k, const struct config *cfg, struct state *st,
	   struct applied *result);
void applied_free(struct applied *result);

#endif
