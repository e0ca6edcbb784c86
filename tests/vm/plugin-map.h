/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a plugin of QEMU shares with programs in the guest and outside, by a file. */
#ifndef _DITTO_PLUGIN_MAP_H
#define _DITTO_PLUGIN_MAP_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * plugin_map - create a file of zeros and map it
 * @path: the file
 * @size: bytes
 *
 * Return: the memory, or NULL after a message.
 */
static inline void *plugin_map(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *found = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, size))
		found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (found == MAP_FAILED)
		perror(path);
	if (fd >= 0)
		close(fd);
	return found == MAP_FAILED ? NULL : found;
}

#endif
