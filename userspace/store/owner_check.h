/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a bucket is the one that it should be, by the UUID in its object ditto-owner. */
#ifndef _DITTO_OFFLOAD_OWNER_CHECK_H
#define _DITTO_OFFLOAD_OWNER_CHECK_H

#include "object/owner_text.h"
#include "store.h"

/**
 * struct owner_word - what the user says of a bucket
 * @take: the prefix is taken over
 * @new_bucket: it is another one than before
 * @uuid: the UUID that it has, or ""
 */
struct owner_word {
	bool take;
	bool new_bucket;
	char uuid[STORE_UUID_SIZE];
};

/**
 * owner_check_uuid - compare the UUID of a bucket
 * @s: the store, with the UUID that it should have
 * @found: what the object says; NULL if it is not there
 * @word: what the user says
 * @foreign: set if it has the UUID of another one
 * @why: filled if it is not the right one, or nobody can tell
 *
 * Return: true if nothing speaks against it.
 */
bool owner_check_uuid(const struct store *s, const struct owner_text *found,
		      const struct owner_word *word, bool *foreign, struct why *why);

/* Whether a record with this UUID is one of the store. Returns false and fills @why if not. */
bool owner_check_record(const struct store *s, const char *uuid, struct why *why);

#endif
