/* SPDX-License-Identifier: GPL-2.0-only */
/* What lies at the path of a share. */
#ifndef _DITTOD_PLACE_H
#define _DITTOD_PLACE_H

#include "common/types.h"

/* Longest identity of a file system. */
#define PLACE_FS_MAX	16

/**
 * struct place - what lies at a path
 * @mountpoint: something is mounted there
 * @fs: the file system's UUID; it stays when the file system is mounted anew
 * @fs_len: of @fs; 0 if it has none that stays
 */
struct place {
	bool mountpoint;
	u8 fs[PLACE_FS_MAX];
	size_t fs_len;
};

/* Look at a path. 0 or a negative errno. May block as long as a file system does. */
int place_look(const char *path, struct place *place);

#endif
