// SPDX-License-Identifier: GPL-2.0-only
/* The id of this server: random, and kept in a file. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "folder.h"
#include "server_id.h"
#include "types.h"

#define DIGITS		(SERVER_ID_SIZE - 1)

static int server_id_read(const char *path, char id[SERVER_ID_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, id, DIGITS);
	close(fd);
	if (len != DIGITS)
		return -EINVAL;
	id[DIGITS] = '\0';
	return strspn(id, "0123456789abcdef") == DIGITS ? 0 : -EINVAL;
}

static int server_id_make(const char *path, char id[SERVER_ID_SIZE])
{
	u8 bytes[DIGITS / 2];
	FILE *out;
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (i = 0; i < sizeof(bytes); i++)
		sprintf(id + 2 * i, "%02x", bytes[i]);
	/* An id that is gone after a power failure would be replaced: stores know the first one. */
	out = folder_replace(path, 0600);
	if (out)
		fprintf(out, "%s\n", id);
	return folder_replaced(out, path) ? 0 : -errno;
}

int server_id_get(const char *path, char id[SERVER_ID_SIZE])
{
	int rc = server_id_read(path, id);

	return rc == -ENOENT ? server_id_make(path, id) : rc;
}
