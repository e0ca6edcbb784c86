/* SPDX-License-Identifier: GPL-2.0-only */
/* Making the kernel's configuration what the file asks for, by its differences. */
#ifndef _DITTOD_APPLY_H
#define _DITTOD_APPLY_H

#include "common/types.h"

struct config;
struct kernel;
struct state;

/**
 * struct applied - what came of it
 * @gone: ditto.ko is not there; nothing more was tried
 * @changes: what was done
 * @errors: what could not be done
 */
struct applied {
	bool gone;
	unsigned int changes;
	unsigned int errors;
};

/**
 * apply - add, change and remove what differs
 * @k: the kernel
 * @cfg: what is asked for
 * @st: what is ours; what an administrator added by hand is left alone,
 *	unless the file names it too
 * @result: filled
 *
 * One failure does not keep the rest from being done. Each change and each
 * failure is logged. Takes as long as a removed share drains.
 */
void apply(struct kernel *k, const struct config *cfg, struct state *st,
	   struct applied *result);

#endif
