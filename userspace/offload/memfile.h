/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is filled here, and then handed to another process as a sealed file. */
#ifndef _DITTO_OFFLOAD_MEMFILE_H
#define _DITTO_OFFLOAD_MEMFILE_H

#include "types.h"

/**
 * struct memfile - a file in memory
 * @fd: the file, or -1
 * @map: its content; NULL once it is sealed
 * @size: its length in bytes
 */
struct memfile {
	int fd;
	u8 *map;
	size_t size;
};

/* A file that does not exist. */
#define MEMFILE_NONE	{ .fd = -1 }

/*
 * Create a file of zeros, of at least one byte. Only pages that are written take memory. Returns
 * 0 or a negative errno.
 */
int memfile_open(struct memfile *m, size_t size);
/* Unmap the file, cut it to @size bytes, and forbid all changes. Returns 0 or a negative errno. */
int memfile_seal(struct memfile *m, size_t size);
/* Close the file if it exists. */
void memfile_close(struct memfile *m);

#endif
