// SPDX-License-Identifier: GPL-2.0-only
/* Files in memory, which another process gets. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memfile.h"

#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int memfile_new(const void *content, size_t size)
{
	int fd = memfd_create("ditto-offload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const u8 *from = content;
	size_t done = 0;
	ssize_t n = 0;
	int rc;

	/* Writing is cheaper than a mapping, whose pages are cleared first. */
	while (fd >= 0 && n >= 0 && done < size) {
		n = pwrite(fd, from + done, size - done, (off_t)done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && done == size && !fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
	rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}
