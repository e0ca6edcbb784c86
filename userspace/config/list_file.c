// SPDX-License-Identifier: GPL-2.0-only
/* See list_file.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "list_file.h"
#include "mem.h"

FILE *list_file_begin(const char *name, int *fd)
{
	FILE *list;
	int copy;

	*fd = memfd_create(name, MFD_CLOEXEC);
	if (*fd < 0)
		return NULL;
	/* Closing the stream closes a descriptor. */
	copy = fcntl(*fd, F_DUPFD_CLOEXEC, 0);
	list = copy < 0 ? NULL : fdopen(copy, "w");
	if (list)
		return list;
	if (copy >= 0)
		close(copy);
	close(*fd);
	return NULL;
}

bool list_file_put(FILE *list, const void *bytes, size_t len)
{
	return !len || fwrite(bytes, len, 1, list) == 1;
}

int list_file_end(FILE *list, int fd, bool good)
{
	if (!fclose(list) && good)
		return fd;
	close(fd);
	return -EIO;
}

ssize_t list_file_read(int fd, size_t max, u8 **bytes)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t len = 0;
	ssize_t n;

	if (size < 0)
		return -errno;
	if ((u64)size > max)
		return -EBADMSG;
	*bytes = mem_new((size_t)size + 1);
	while (len < (size_t)size) {
		n = pread(fd, *bytes + len, (size_t)size - len, (off_t)len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (len == (size_t)size)
		return size;
	free(*bytes);
	return -EBADMSG;
}
