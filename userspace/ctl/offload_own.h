/* SPDX-License-Identifier: GPL-2.0-only */
/* The stores of this server, in which no other one writes. */
#ifndef _DITTO_CTL_OFFLOAD_OWN_H
#define _DITTO_CTL_OFFLOAD_OWN_H

#include "offload_survey.h"

/*
 * Ask the buckets whether all stores are this server's, and none is where another one is. Returns
 * false after a message.
 */
bool offload_survey_own(struct offload_survey *s);

#endif
