/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file systems of this machine with files whose data may be elsewhere: ditto-guard reads at
 * boot which ones to watch, when neither the network nor dittod is there. A file system is in the
 * list before the first of its files is released. A list that was lost is filled again by dittod,
 * for its shares that offload, and by dittoctl offload rebuild.
 *
 * The file has a line "UUID TYPE PATH" for each; the path is where it was mounted, for people.
 */
#ifndef _DITTO_OFFLOAD_GUARDED_H
#define _DITTO_OFFLOAD_GUARDED_H

#include "filesystem.h"

#define GUARDED_FOLDER	"/var/lib/ditto"
#define GUARDED_PATH	GUARDED_FOLDER "/offload-filesystems"

/**
 * struct guarded - the list
 * @n: number of file systems
 * @list: the file systems
 */
struct guarded {
	size_t n;
	struct filesystem *list;
};

/* Read the list, which may not be there. Returns false and fills @why on errors. */
bool guarded_read(struct guarded *all, struct why *why);
void guarded_free(struct guarded *all);
/* Add a file system, unless it is there, durably. Returns false and fills @why on errors. */
bool guarded_add(const struct filesystem *fs, struct why *why);
/* Remove a file system. *@known: set if it was there. Returns false and fills @why on errors. */
bool guarded_remove(const u8 id[FILESYSTEM_ID_SIZE], bool *known, struct why *why);

#endif
