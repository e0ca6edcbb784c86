/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that are missing or damaged are made again, as long as their content is here. */
#ifndef _DITTO_CTL_OFFLOAD_REPAIR_H
#define _DITTO_CTL_OFFLOAD_REPAIR_H

#include "survey.h"

/* Whether files here have what an object needs. If so, it is uploaded again, and is good. */
bool offload_repair(struct offload_survey *s, const struct index_object *o, u64 length);

#endif
