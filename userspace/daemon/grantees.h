/* SPDX-License-Identifier: GPL-2.0-only */
/* Users and groups of shares, looked up at once, for one who waits only so long. */
#ifndef _DITTOD_GRANTEES_H
#define _DITTOD_GRANTEES_H

#include "common/grant.h"

/*
 * Begin to look up the users and groups of a share, in a thread of its own, which may block as
 * long as the name service does. Nothing is begun while an earlier look-up of the same goes on.
 */
void grantees_begin(const struct grants *g);

/**
 * grantees_get - the result of grantees_begin()
 * @g: the same
 * @until: when to give up, by clock_ms()
 * @out: filled as by grants_resolve(), to be freed with grants_free()
 * @why: says what is wrong
 *
 * What was given up before the last grantees_end() is not waited for again, but its result
 * counts when it comes at last.
 *
 * Return: as grants_resolve(); -ETIMEDOUT if there is no result yet.
 */
int grantees_get(const struct grants *g, u64 until, struct grants *out, struct why *why);

/* Forget all results; what is not there yet is given up for now. */
void grantees_end(void);

#endif
