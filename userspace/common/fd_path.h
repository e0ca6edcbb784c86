/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of open files: for calls and libraries that take no descriptor, or no descriptor without
 * access. Such a path leads to the open file itself, whatever its name is now.
 */
#ifndef _DITTO_FD_PATH_H
#define _DITTO_FD_PATH_H

/* Bytes of the longest one, with its NUL. */
#define FD_PATH_MAX	sizeof("/proc/self/fd/-2147483648")

/* Path of an open file, in this process only. Returns @path. */
const char *fd_path(int fd, char path[FD_PATH_MAX]);

#endif
