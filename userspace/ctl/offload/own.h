/* SPDX-License-Identifier: GPL-2.0-only */
/* The stores of this server, in which no other one writes. */
#ifndef _DITTO_CTL_OFFLOAD_OWN_H
#define _DITTO_CTL_OFFLOAD_OWN_H

#include "object/owner_text.h"
#include "survey.h"

/*
 * Ask the buckets whether all stores are this server's, and none is where another one is. Returns
 * false after a message.
 */
bool offload_survey_own(struct offload_survey *s);
/* Make a store this server's. *@taken: it was not. Returns false after a message. */
bool offload_take_store(struct ctl *ctl, const char *store, const char *order, bool *taken);

/*
 * Read who writes to a store, and its UUID, from its bucket, whosever that is. Returns false and
 * fills @why if that is not known.
 */
bool offload_owner_read(const char *store, struct owner_text *owner, struct why *why);

/*
 * Ask the bucket of a store whether it is this server's, has a UUID, and keeps what is there, so
 * that a file may be released that was uploaded before.
 */
bool offload_owner_is(const char *store, const char *uuid);

#endif
