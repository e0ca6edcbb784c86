// SPDX-License-Identifier: GPL-2.0-only
/* Subvolumes of Btrfs, see subvolume.h. */

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "subvolume.h"

bool subvolume_check_root(int fd, const char *path, struct why *why)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return why_not(why, "%s: %s", path, strerror(errno));
	if (fs.f_type != BTRFS_SUPER_MAGIC)
		return why_not(why,
			       "the file system at %s makes no snapshots by itself, only Btrfs does; for snapshots by LVM see Previous versions in Documentation/smb-support.md",
			       path);
	if (st.st_ino != BTRFS_FIRST_FREE_OBJECTID)
		return why_not(why,
			       "%s is a directory in a subvolume of Btrfs, and snapshots are of whole subvolumes: make it one (btrfs subvolume create), or share the whole subvolume",
			       path);
	return true;
}

int subvolume_read_info(int folder, const char *name,
			struct btrfs_ioctl_get_subvol_info_args *info)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		rc = -errno;
	else if (st.st_ino != BTRFS_FIRST_FREE_OBJECTID)
		rc = -ENOTDIR;
	/* Linux returns 1, too, depending on where an item is in its tree. */
	else if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, info) < 0)
		rc = errno == ENOTTY ? -ENOTDIR : -errno;
	close(fd);
	return rc;
}
