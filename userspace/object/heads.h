/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes of the heads of snapshots that are about to be sent: the list of a bucket may be old, so
 * that it does not have the newest ones. A note stays until the index knows the snapshot, or it is
 * deleted.
 */
#ifndef _DITTO_OFFLOAD_HEADS_H
#define _DITTO_OFFLOAD_HEADS_H

#include "hash.h"
#include "text.h"
#include "types.h"

#define HEADS_PATH	"/var/lib/ditto/offload-heads"

/**
 * heads_note - make a note durable
 * @path: path of the notes
 * @store: name of the store
 * @object: name of the object
 * @why: filled on errors
 *
 * Return: false on errors.
 */
bool heads_note(const char *path, const char *store, const char *object, struct why *why);
/* Call @use for all notes. Returns false and fills @why if they cannot be read. */
bool heads_each(const char *path,
		void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]), void *arg,
		struct why *why);
/* Forget the note of a head, or it would be asked for again and again. */
void heads_drop(const char *path, const char *store, const char *object);

#endif
