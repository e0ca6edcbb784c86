/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of apply(), for the files that it consists of. */
#ifndef _DITTOD_APPLY_PRIVATE_H
#define _DITTOD_APPLY_PRIVATE_H

#include "apply.h"
#include "daemon/kernel.h"

struct wanted;

/**
 * struct work - state of one run
 * @k: the kernel connection
 * @cfg: the configuration to reach
 * @st: the objects that dittod owns
 * @result: result of this run
 * @stopped: see apply()
 * @before: result of the last run
 * @retry: see apply(); false if the server is another one than in the last run
 * @left: problems of the last run, of objects that this one has not come to
 * @server: settings of the server at the start
 * @want: shares of the file, in its order
 */
struct work {
	struct kernel *k;
	const struct config *cfg;
	struct state *st;
	struct applied *result;
	const bool *stopped;
	const struct applied *before;
	bool retry;
	struct problems left;
	struct kernel_server server;
	struct wanted *want;
};

/* Return false once the run must end: the module is gone, or dittod was stopped. */
bool apply_goes_on(const struct work *w);
/* Return true if this run may touch the object. */
bool apply_covers(const struct work *w, const char *what);
/* Note that this run has tried all that it has to do about the object. */
void apply_tried(struct work *w, const char *what);
/* Record a problem. A problem that the last run had is not logged again. */
void apply_problem(struct work *w, const char *what, const char *why);
/* Record a problem that may disappear on a retry. */
void apply_failure(struct work *w, const char *what, const char *why);
/*
 * Count and log the outcome of a change ("share a", "added"); @rc is what the kernel answered.
 * Returns true on success.
 */
bool apply_outcome(struct work *w, int rc, const char *what, const char *done);
/* Return true if the server has the protocol. */
bool apply_has_protocol(const struct work *w, const char *name);

/*
 * Remove listeners that are not wanted, or with @removing false add those that are missing. Returns
 * false if the run must end.
 */
bool apply_listeners(struct work *w, bool removing);

#endif
