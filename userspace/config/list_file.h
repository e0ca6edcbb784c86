/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists in files in memory, by which dittod hands them to the worker of pipes. */
#ifndef _DITTOD_LIST_FILE_H
#define _DITTOD_LIST_FILE_H

#include <stdio.h>

#include "common/types.h"

/*
 * Begin a list. It is written through the library's buffer, because its parts are short. Fills @fd
 * with the file; both end with list_file_end(). Returns NULL and errno.
 */
FILE *list_file_begin(const char *name, int *fd);
/* Append a part. Returns false if that fails. */
bool list_file_put(FILE *list, const void *bytes, size_t len);
/*
 * End a list; @good: all of it was put. Returns @fd, at any offset and owned by the caller, or
 * closes it and returns -EIO.
 */
int list_file_end(FILE *list, int fd, bool good);

/*
 * Read a list of @max bytes at most into @bytes, which the caller frees. Returns its length, or a
 * negative errno: -EBADMSG for a longer one.
 */
ssize_t list_file_read(int fd, size_t max, u8 **bytes);

#endif
