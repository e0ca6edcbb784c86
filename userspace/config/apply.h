/* SPDX-License-Identifier: GPL-2.0-only */
/* Applies the configuration file to the kernel: compares the two and changes only what differs. */
#ifndef _DITTOD_APPLY_H
#define _DITTOD_APPLY_H

#include "common/types.h"
#include "daemon/problems.h"

struct config;
struct kernel;
struct state;

/* Begins the subject of the problem that a share has no bin, before the subject of the share. */
#define APPLY_BIN_OF	"bin of "
/* The same of the problem that ditto-guard does not know the file system of a share. */
#define APPLY_GUARD_OF	"guard of "

/**
 * struct applied - the result of one run of apply()
 * @gone: ditto.ko is not loaded; nothing else was tried
 * @whole: all of the file was tried, in this run or in those before that this one repeats in part
 * @started: start time of the server, which identifies its instance
 * @changes: the changes that were made: of what, and which
 * @errors: number of changes that failed and may succeed on a retry
 * @news: number of problems that the run before did not have
 * @problems: all that differs from the file: errors, and settings that wait for an event
 */
struct applied {
	bool gone;
	bool whole;
	u64 started;
	struct problems changes;
	unsigned int errors;
	unsigned int news;
	struct problems problems;
};

/**
 * apply - add, change and remove what differs from the configuration
 * @k: the kernel connection
 * @cfg: the configuration to reach
 * @st: the objects that dittod owns; objects that an administrator added by hand are left
 *	alone unless the file names them too
 * @before: result of the last run, or zeroed
 * @result: zeroed; filled with the result of this run
 * @stopped: set by another thread to make this run end without adding or changing anything more
 * @retry: touch only the objects that @before has problems of, if it has tried all the others: what
 *	was changed by hand since then stays
 *
 * A failure does not stop the other changes. Each change is logged, and each failure that the last
 * run did not have. A share whose users or groups cannot be looked up is left unchanged. Blocks
 * until removed shares have drained, and until the name service and the file systems have answered
 * or timed out. Only one thread may use @k, @st and @result at a time, and nobody changes @before.
 *
 * With a kernel of kernel_open_dry() nothing is changed but @st.
 */
void apply(struct kernel *k, const struct config *cfg, struct state *st,
	   const struct applied *before, struct applied *result, const bool *stopped,
	   bool retry);
/* Free the lists of @result and zero it; the structure itself stays the caller's. */
void applied_free(struct applied *result);

#endif
