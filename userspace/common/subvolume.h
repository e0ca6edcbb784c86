/* SPDX-License-Identifier: GPL-2.0-only */
/* Subvolumes of Btrfs, of which snapshots can be made. */
#ifndef _DITTO_SUBVOLUME_H
#define _DITTO_SUBVOLUME_H

#include "text.h"

struct btrfs_ioctl_get_subvol_info_args;

/*
 * Whether a directory that is open, for reading or not, is the root of a subvolume. Returns false
 * and fills @why, in words for the key snapshot-schedule, if it is not, and on errors.
 */
bool subvolume_check_root(int fd, const char *path, struct why *why);
/*
 * Read what Btrfs knows of the subvolume with a name in a directory. Returns 0 or a negative errno;
 * -ENOTDIR if it is no subvolume.
 */
int subvolume_read_info(int folder, const char *name,
			struct btrfs_ioctl_get_subvol_info_args *info);

#endif
