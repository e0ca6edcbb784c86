// SPDX-License-Identifier: GPL-2.0-only
/* What lies at the path of a share. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "place.h"

/* Linux 6.9; Debian 12's headers are older. */
struct fs_uuid {
	u8 len;
	u8 uuid[PLACE_FS_MAX];
};

#define GET_FS_UUID	_IOR(0x15, 0, struct fs_uuid)

/* These make a UUID anew whenever they are mounted. */
static bool is_volatile(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) || st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC ||
	       st.f_type == OVERLAYFS_SUPER_MAGIC;
}

int place_look(const char *path, struct place *place)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct fs_uuid uuid = { 0 };
	struct statx stx;
	int rc = 0;

	memset(place, 0, sizeof(*place));
	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		rc = -errno;
	else
		place->mountpoint = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	if (!rc && !is_volatile(fd) && !ioctl(fd, GET_FS_UUID, &uuid) &&
	    uuid.len && uuid.len <= PLACE_FS_MAX) {
		place->fs_len = uuid.len;
		memcpy(place->fs, uuid.uuid, uuid.len);
	}
	close(fd);
	return rc;
}
