// SPDX-License-Identifier: GPL-2.0-only
/* Paths of open files. */

#include <stdio.h>

#include "fd_path.h"

const char *fd_path(int fd, char path[FD_PATH_MAX])
{
	snprintf(path, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return path;
}
