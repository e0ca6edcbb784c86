/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up the users and groups of several shares at the same time, with a deadline.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_GRANTEES_H
#define _DITTOD_GRANTEES_H

#include "common/grant.h"

/*
 * Start a look-up of the users and groups of a share, in a thread of its own that blocks as long
 * as the name service does. No new look-up is started while an earlier one of the same names
 * runs.
 */
void grantees_begin(const struct grants *g);

/**
 * grantees_get - wait for the result of grantees_begin()
 * @g: the names given to grantees_begin()
 * @until: deadline by clock_ms()
 * @out: filled as by grants_resolve(); the caller frees it with grants_free()
 * @why: filled on error
 *
 * A look-up that grantees_end() gave up is not waited for again, but its result is used once it
 * arrives.
 *
 * Return: as grants_resolve(); -ETIMEDOUT if there is no result yet.
 */
int grantees_get(const struct grants *g, u64 until, struct grants *out, struct why *why);

/* Discard all results. A look-up without a result is given up for now, but keeps running. */
void grantees_end(void);

#endif
