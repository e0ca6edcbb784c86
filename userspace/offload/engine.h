/* SPDX-License-Identifier: GPL-2.0-only */
/* What all requests of dittod share. */
#ifndef _DITTO_OFFLOAD_ENGINE_H
#define _DITTO_OFFLOAD_ENGINE_H

#include "object/name_set.h"
#include "store/out.h"
#include "pool.h"
#include "store/transfer.h"

struct condemnations;

/**
 * struct engine - all that requests share
 * @out: messages to dittod
 * @transfers: requests to the stores
 * @readers: threads that open envelopes
 * @writers: threads that read files, and make envelopes
 * @condemned: objects that may be deleted, see condemned.h
 * @damaged: objects that were read, and are not what their names say
 */
struct engine {
	struct out out;
	struct transfers *transfers;
	struct pool *readers;
	struct pool *writers;
	struct condemnations *condemned;
	struct name_set damaged;
};

#endif
