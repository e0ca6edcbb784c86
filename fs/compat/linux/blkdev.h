/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_BLKDEV_H
#define _DITTO_COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>

#ifndef DITTO_HAVE_BDEV_ROT
static inline bool bdev_rot(struct block_device *bdev)
{
	return !bdev_nonrot(bdev);
}
#endif

#endif
