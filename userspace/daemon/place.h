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

/*
 * Begin to look at a path, in a thread of its own, which may block as long as a file system
 * does. Nothing is begun while an earlier look at this path goes on.
 */
void place_begin(const char *path);

/**
 * place_look - the result of place_begin()
 * @path: the same
 * @until: when to give up, by clock_ms()
 * @place: filled
 *
 * What was given up before the last place_end() is not waited for again.
 *
 * Return: 0; -ETIMEDOUT if there is none yet; or another negative errno.
 */
int place_look(const char *path, u64 until, struct place *place);

/* Forget all results; what is not there yet is given up. */
void place_end(void);

#endif
