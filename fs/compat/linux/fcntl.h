/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_FCNTL_H
#define _DITTO_COMPAT_LINUX_FCNTL_H

#include_next <linux/fcntl.h>

/* vfs_getattr_nosec() passes it to a file system; newer kernels have no flag for that. */
#ifndef AT_GETATTR_NOSEC
#define AT_GETATTR_NOSEC	0
#endif

#endif
