/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion of errnos to status numbers of the protocols.
 */
#ifndef _DITTO_FS_NFS_RPC_STATUS_H
#define _DITTO_FS_NFS_RPC_STATUS_H

#include <linux/types.h>

u32 dnfs_nfsstat3(int err);
u32 dnfs_mountstat3(int err);
bool dnfs_status_known(int err);

#endif
