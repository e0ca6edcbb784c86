// SPDX-License-Identifier: GPL-2.0-only
/* The lock between uploads and the deletion of objects. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offload_lock.h"

#define LOCK_FOLDER	"/run/ditto"
#define LOCK_PATH	LOCK_FOLDER "/offload.lock"

/*
 * The bytes of the file that are locked: the gate keeps uploads from beginning; one run at a time
 * works on the policies; heads of snapshots are not deleted while they are replaced.
 */
enum lock_byte {
	LOCK_GATE,
	LOCK_UPLOADS,
	LOCK_POLICIES,
	LOCK_HEADS,
};

static int lock_open(void)
{
	mkdir(LOCK_FOLDER, 0755);
	return open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int lock_byte(int fd, int command, short type, enum lock_byte byte)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, command, &lock) ? -errno : 0;
}

int offload_lock_upload(void)
{
	int fd = lock_open(), rc;

	if (fd < 0)
		return -errno;
	rc = lock_byte(fd, F_OFD_SETLK, F_RDLCK, LOCK_GATE);
	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLK, F_RDLCK, LOCK_UPLOADS);
	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLK, F_UNLCK, LOCK_GATE);
	if (!rc)
		return fd;
	close(fd);
	return rc == -EACCES ? -EAGAIN : rc;
}

/* Return the descriptor whose locks were set with the result @rc, or -1. */
static int lock_end(int fd, int rc, struct why *why)
{
	if (!rc)
		return fd;
	why_not(why, "%s: %s", LOCK_PATH, strerror(-rc));
	if (fd >= 0)
		close(fd);
	return -1;
}

int offload_lock_deletion(struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, LOCK_GATE);
	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, LOCK_UPLOADS);
	return lock_end(fd, rc, why);
}

int offload_lock_heads(bool alone, struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, alone ? F_WRLCK : F_RDLCK, LOCK_HEADS);
	return lock_end(fd, rc, why);
}

int offload_lock_policies(struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLK, F_WRLCK, LOCK_POLICIES);
	fd = lock_end(fd, rc, why);
	if (rc == -EAGAIN || rc == -EACCES)
		why_not(why, "another run works on the policies");
	return fd;
}
