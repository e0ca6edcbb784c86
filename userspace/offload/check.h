/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks: whether a store takes an object and gives it back. */
#ifndef _DITTO_OFFLOAD_CHECK_H
#define _DITTO_OFFLOAD_CHECK_H

#include "engine.h"

struct checks;

/* Create the set of all checks. */
struct checks *checks_new(struct engine *engine);
/* Begin a check. A message tells the end. */
void check_start(struct checks *all, u64 id, struct store *store);
/* End a check. Returns false if there is none with this number. */
bool check_cancel(struct checks *all, u64 id);

#endif
