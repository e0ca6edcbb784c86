/* SPDX-License-Identifier: GPL-2.0-only */
/* Directories of files that must be there after a power failure. */
#ifndef _DITTO_FOLDER_H
#define _DITTO_FOLDER_H

#include <stdio.h>
#include <sys/types.h>

#include "types.h"

/*
 * Make the name of a file durable, which is new or another one since rename(): fsync() of the file
 * does not. Returns false with errno.
 */
bool folder_sync(const char *path);
/* Begin a file that is to take the place of the one at a path. Returns NULL with errno. */
FILE *folder_replace(const char *path, mode_t mode);
/*
 * Close such a file, which may be NULL, and give it the name when all of it is on disk. Returns
 * false with errno: the one before it is there still, unless only that was not made durable.
 */
bool folder_replaced(FILE *file, const char *path);
/* Close such a file, which may be NULL, and remove it. Leaves errno as it is. */
void folder_abandon(FILE *file, const char *path);

#endif
