/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registrations: an object in a store names each file system with files whose content is there. It
 * is written before the first of them and stays until an administrator says that the file system
 * is gone. Documentation/offload.md says what depends on it. One that was mounted elsewhere, or got
 * its data under another key, may have several. In numbers that are little-endian:
 *
 *   0   DITTOFSY
 *   8   version, 1 (2 bytes); t, bytes of the type (2); p, bytes of the path (2); zero (2)
 *   16  UUID of the file system; for a type without one, f_fsid of statfs(), and zeros (16)
 *   32  type, as in /proc/filesystems (t); where it was mounted, for people (p)
 *
 * What is read comes from the network: nothing in it is believed before it was checked.
 */
#ifndef _DITTO_OFFLOAD_FILESYSTEM_H
#define _DITTO_OFFLOAD_FILESYSTEM_H

#include "text.h"

#define FILESYSTEM_ID_SIZE	16
/* Longest type and path in bytes. */
#define FILESYSTEM_TYPE_MAX	31
#define FILESYSTEM_PATH_MAX	1023
/* Longest registration in bytes. */
#define FILESYSTEM_MAX		(32 + FILESYSTEM_TYPE_MAX + FILESYSTEM_PATH_MAX)

/**
 * struct filesystem - a file system
 * @id: its UUID; for a type without one, what statfs() tells, and zeros
 * @type: as in /proc/filesystems
 * @path: where it was mounted, for people
 */
struct filesystem {
	u8 id[FILESYSTEM_ID_SIZE];
	char type[FILESYSTEM_TYPE_MAX + 1];
	char path[FILESYSTEM_PATH_MAX + 1];
};

/* Encode a registration. Returns its length in bytes. */
size_t filesystem_encode(const struct filesystem *fs, u8 out[FILESYSTEM_MAX]);
/* Decode a registration. Returns false and fills @why unless it is valid. */
bool filesystem_decode(struct filesystem *fs, const u8 *in, size_t len, struct why *why);

#endif
