/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion of errnos to status numbers of the protocols.
 */
#ifndef _DITTO_FS_NFS_RPC_STATUS_H
#define _DITTO_FS_NFS_RPC_STATUS_H

#include <linux/types.h>

/**
 * dnfs_nfsstat3 - convert an errno to an nfsstat3
 * @err: 0 or a negative errno
 *
 * Logs an errno that is not in the table.
 *
 * Context: any.
 * Return: the status (RFC 1813 section 2.6); NFS3ERR_IO for an unknown errno.
 */
u32 dnfs_nfsstat3(int err);

/**
 * dnfs_mountstat3 - convert an errno to a mountstat3
 * @err: 0 or a negative errno
 *
 * Context: any.
 * Return: the status; MNT3ERR_SERVERFAULT for an unknown errno.
 */
u32 dnfs_mountstat3(int err);

/* For KUnit tests. Return: true if 0 or a negative errno is in the table. */
bool dnfs_status_known(int err);

#endif
