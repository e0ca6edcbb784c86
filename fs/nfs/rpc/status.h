/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers and what the protocols call them.
 */
#ifndef _DITTO_FS_NFS_RPC_STATUS_H
#define _DITTO_FS_NFS_RPC_STATUS_H

#include <linux/types.h>

/* @err is 0 or a negative errno. */
u32 dnfs_nfsstat3(int err);
u32 dnfs_mountstat3(int err);
/* Whether an errno has a status of its own, for tests. */
bool dnfs_status_known(int err);

#endif
