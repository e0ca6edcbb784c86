// SPDX-License-Identifier: GPL-2.0-only
/* The lock of uploads, and locks like it. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

#define LOCK_FOLDER	"/run/ditto"
#define LOCK_PATH	LOCK_FOLDER "/offload.lock"

/*
 * The bytes of the file that are locked: uploads lock one of their two bytes, whose number the file
 * has, so that uploads under way differ from new ones; one at a time waits for uploads; one run at
 * a time works on the policies, and on the schedule; heads of snapshots are not deleted while they
 * are replaced; one at a time changes what is remembered of the schedule. The last byte and those
 * behind it are for the jobs on devices.
 */
enum lock_byte {
	LOCK_UPLOADS,
	LOCK_UPLOADS_TOO,
	LOCK_WAIT,
	LOCK_POLICIES,
	LOCK_HEADS,
	LOCK_SCHEDULE,
	LOCK_PROGRESS,
	LOCK_DEVICES,
};

static int lock_open(void)
{
	mkdir(LOCK_FOLDER, 0755);
	return open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int lock_byte(int fd, int command, short type, off_t byte)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, command, &lock) ? -errno : 0;
}

/* The byte that uploads lock that begin now. A new file is empty. */
static enum lock_byte lock_present(int fd)
{
	u8 number = 0;

	return pread(fd, &number, 1, 0) == 1 && number ? LOCK_UPLOADS_TOO : LOCK_UPLOADS;
}

int offload_lock_upload(void)
{
	enum lock_byte byte;
	int fd = lock_open(), rc;

	if (fd < 0)
		return -errno;
	/* Whoever changes the number has waited for the uploads that locked the other byte. */
	do {
		byte = lock_present(fd);
		rc = lock_byte(fd, F_OFD_SETLK, F_RDLCK, byte);
		if (byte == lock_present(fd))
			break;
		rc = lock_byte(fd, F_OFD_SETLK, F_UNLCK, byte);
	} while (!rc);
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

/*
 * Wait for uploads. Nobody locks the byte whose number the file does not have, but those that began
 * before somebody ended who waited for them. With @alone, those that begin find it locked.
 */
static int lock_drain(bool alone, struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;
	enum lock_byte present, other;
	u8 number;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, LOCK_WAIT);
	present = lock_present(fd);
	other = present == LOCK_UPLOADS ? LOCK_UPLOADS_TOO : LOCK_UPLOADS;
	number = other;
	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, other);
	if (!rc && pwrite(fd, &number, 1, 0) != 1)
		rc = -EIO;
	if (!rc && !alone)
		rc = lock_byte(fd, F_OFD_SETLK, F_UNLCK, other);
	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, present);
	return lock_end(fd, rc, why);
}

bool offload_lock_wait(struct why *why)
{
	int fd = lock_drain(false, why);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int offload_lock_drain(struct why *why)
{
	return lock_drain(true, why);
}

int offload_lock_heads(bool alone, struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, alone ? F_WRLCK : F_RDLCK, LOCK_HEADS);
	return lock_end(fd, rc, why);
}

int offload_lock_progress(struct why *why)
{
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, LOCK_PROGRESS);
	return lock_end(fd, rc, why);
}

int offload_lock_alone(enum offload_alone what, struct why *why)
{
	static const struct {
		enum lock_byte byte;
		const char *busy;
	} locks[] = {
		[OFFLOAD_ALONE_POLICIES] = { LOCK_POLICIES, "another run works on the policies" },
		[OFFLOAD_ALONE_SCHEDULE] = {
			LOCK_SCHEDULE, "another run of 'offload run' or 'offload adopt' works"
		},
	};
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLK, F_WRLCK, locks[what].byte);
	fd = lock_end(fd, rc, why);
	if (rc == -EAGAIN || rc == -EACCES)
		why_not(why, "%s", locks[what].busy);
	return fd;
}

int offload_lock_device(enum offload_job job, u64 device, struct why *why)
{
	off_t byte = LOCK_DEVICES + (off_t)(device * OFFLOAD_JOBS + job);
	int fd = lock_open(), rc = fd < 0 ? -errno : 0;

	if (!rc)
		rc = lock_byte(fd, F_OFD_SETLK, F_WRLCK, byte);
	fd = lock_end(fd, rc, why);
	if (rc == -EAGAIN || rc == -EACCES)
		why_not(why,
			"another process works there on %s; if it never ends, the file system hangs: dmesg",
			offload_job_name(job));
	return fd;
}
