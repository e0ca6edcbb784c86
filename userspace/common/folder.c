// SPDX-License-Identifier: GPL-2.0-only
/* Directories of files that must be there after a power failure. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
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

FILE *folder_replace(const char *path, mode_t mode)
{
	char *new = mem_print("%s.new", path);
	FILE *file;
	int fd, error;

	/* Left over from a change that was interrupted. */
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	error = errno;
	if (fd >= 0 && !file)
		close(fd);
	free(new);
	errno = error;
	return file;
}

void folder_abandon(FILE *file, const char *path)
{
	char *new = mem_print("%s.new", path);
	int error = errno;

	if (file) {
		fclose(file);
		unlink(new);
	}
	free(new);
	errno = error;
}

bool folder_replaced(FILE *file, const char *path)
{
	bool good = file && !ferror(file) && !fflush(file) && !fsync(fileno(file));
	int error = errno;
	char *new;

	if (file && fclose(file) && good) {
		good = false;
		error = errno;
	}
	if (good) {
		new = mem_print("%s.new", path);
		good = !rename(new, path) && folder_sync(path);
		error = errno;
		free(new);
	}
	errno = error;
	return good;
}
