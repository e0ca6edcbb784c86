// SPDX-License-Identifier: GPL-2.0-only
/* Directories of files that must be there after a power failure. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "folder.h"
#include "mem.h"

bool folder_sync(const char *path)
{
	char *copy = mem_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && !fsync(fd);
	int error = errno;

	if (fd >= 0)
		close(fd);
	free(copy);
	errno = error;
	return good;
}
