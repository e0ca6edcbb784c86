/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion of errnos to status numbers of the protocols.
 */
#ifndef _DITTO_FS_NFS_RPC_STATUS_H
#define _DITTO_FS_NFS_RPC_STATUS_H

#include <linux/types.h>

/* Return: the nfsstat3 (RFC 1813 section 2.6) for 0 or a negative errno. Any context. */
u32 dnfs_nfsstat3(int err);
/* Return: the mountstat3 for 0 or a negative errno. Any context. */
u32 dnfs_mountstat3(int err);
/* Return: true if 0 or a negative errno is in the table; for tests. */
bool dnfs_status_known(int err);

#endif
