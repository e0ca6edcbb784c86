/* SPDX-License-Identifier: GPL-2.0-only */
/* Directories of files that must be there after a power failure. */
#ifndef _DITTO_FOLDER_H
#define _DITTO_FOLDER_H

#include "types.h"

/*
 * Make the name of a file durable, which is new or another one since rename(): fsync() of the file
 * does not. Returns false with errno.
 */
bool folder_sync(const char *path);

#endif
