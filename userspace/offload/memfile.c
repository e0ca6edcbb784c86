// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is handed to another process. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memfile.h"

#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int memfile_open(struct memfile *m, size_t size)
{
	int rc;

	m->map = NULL;
	m->size = size;
	m->fd = memfd_create("ditto-offload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0)
		return -errno;
	if (!ftruncate(m->fd, (off_t)size)) {
		m->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
		if (m->map != MAP_FAILED)
			return 0;
	}
	rc = -errno;
	m->map = NULL;
	memfile_close(m);
	return rc;
}

int memfile_seal(struct memfile *m, size_t size)
{
	munmap(m->map, m->size);
	m->map = NULL;
	m->size = size;
	if (ftruncate(m->fd, (off_t)size) || fcntl(m->fd, F_ADD_SEALS, SEALS))
		return -errno;
	return 0;
}

void memfile_close(struct memfile *m)
{
	if (m->map)
		munmap(m->map, m->size);
	if (m->fd >= 0)
		close(m->fd);
	m->map = NULL;
	m->fd = -1;
}
