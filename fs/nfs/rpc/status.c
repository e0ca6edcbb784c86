// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversion of errnos to nfsstat3 and mountstat3.
 *
 * Each status of RFC 1813 section 2.6 that this server returns has at least one row. An errno
 * without a row becomes an I/O error, and is logged because the row is missing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "../v3/proto.h"
#include "status.h"

struct dnfs_status {
	int err;
	u32 nfs;
	u32 mount;
};

static const struct dnfs_status dnfs_statuses[] = {
	{ 0,		NFS3_OK,		MNT3_OK },
	{ ENOENT,	NFS3ERR_NOENT,		MNT3ERR_NOENT },
	{ EACCES,	NFS3ERR_ACCES,		MNT3ERR_ACCES },
	{ EEXIST,	NFS3ERR_EXIST,		MNT3ERR_SERVERFAULT },
	{ ESTALE,	NFS3ERR_STALE,		MNT3ERR_NOENT },
	{ EPERM,	NFS3ERR_PERM,		MNT3ERR_PERM },
	{ EIO,		NFS3ERR_IO,		MNT3ERR_IO },
	{ ENXIO,	NFS3ERR_NXIO,		MNT3ERR_IO },
	{ EXDEV,	NFS3ERR_XDEV,		MNT3ERR_SERVERFAULT },
	{ ENODEV,	NFS3ERR_NODEV,		MNT3ERR_IO },
	{ ENOTDIR,	NFS3ERR_NOTDIR,		MNT3ERR_NOTDIR },
	{ EISDIR,	NFS3ERR_ISDIR,		MNT3ERR_SERVERFAULT },
	{ EINVAL,	NFS3ERR_INVAL,		MNT3ERR_INVAL },
	{ EFBIG,	NFS3ERR_FBIG,		MNT3ERR_SERVERFAULT },
	{ ENOSPC,	NFS3ERR_NOSPC,		MNT3ERR_SERVERFAULT },
	{ EROFS,	NFS3ERR_ROFS,		MNT3ERR_SERVERFAULT },
	{ EMLINK,	NFS3ERR_MLINK,		MNT3ERR_SERVERFAULT },
	{ ENAMETOOLONG,	NFS3ERR_NAMETOOLONG,	MNT3ERR_NAMETOOLONG },
	{ ENOTEMPTY,	NFS3ERR_NOTEMPTY,	MNT3ERR_SERVERFAULT },
	{ EDQUOT,	NFS3ERR_DQUOT,		MNT3ERR_SERVERFAULT },
	{ EREMOTE,	NFS3ERR_REMOTE,		MNT3ERR_SERVERFAULT },
	{ EBADHANDLE,	NFS3ERR_BADHANDLE,	MNT3ERR_SERVERFAULT },
	{ ENOTSYNC,	NFS3ERR_NOT_SYNC,	MNT3ERR_SERVERFAULT },
	{ EBADCOOKIE,	NFS3ERR_BAD_COOKIE,	MNT3ERR_SERVERFAULT },
	{ EOPNOTSUPP,	NFS3ERR_NOTSUPP,	MNT3ERR_NOTSUPP },
	{ ENOTSUPP,	NFS3ERR_NOTSUPP,	MNT3ERR_NOTSUPP },
	{ ETOOSMALL,	NFS3ERR_TOOSMALL,	MNT3ERR_SERVERFAULT },
	{ ESERVERFAULT,	NFS3ERR_SERVERFAULT,	MNT3ERR_SERVERFAULT },
	{ EBADTYPE,	NFS3ERR_BADTYPE,	MNT3ERR_SERVERFAULT },
	/* An illegal name (RFC 1813 section 4.6). */
	{ EILSEQ,	NFS3ERR_ACCES,		MNT3ERR_ACCES },
	/* The program of the site refuses the content. */
	{ EKEYREJECTED,	NFS3ERR_ACCES,		MNT3ERR_ACCES },
	/* The client should retry later. */
	{ EJUKEBOX,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ EAGAIN,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ ETIMEDOUT,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ ENOMEM,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ ENFILE,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ EINTR,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	{ ERESTARTSYS,	NFS3ERR_JUKEBOX,	MNT3ERR_SERVERFAULT },
	/* Errnos without an equivalent get the nearest status. */
	{ EBUSY,	NFS3ERR_ACCES,		MNT3ERR_ACCES },
	{ ETXTBSY,	NFS3ERR_ACCES,		MNT3ERR_ACCES },
	{ ELOOP,	NFS3ERR_INVAL,		MNT3ERR_INVAL },
	{ EOVERFLOW,	NFS3ERR_FBIG,		MNT3ERR_SERVERFAULT },
	{ E2BIG,	NFS3ERR_FBIG,		MNT3ERR_SERVERFAULT },
	{ ERANGE,	NFS3ERR_INVAL,		MNT3ERR_INVAL },
	{ EUCLEAN,	NFS3ERR_IO,		MNT3ERR_IO },
	{ ENODATA,	NFS3ERR_IO,		MNT3ERR_IO },
	{ EBADMSG,	NFS3ERR_IO,		MNT3ERR_IO },
	{ ESHUTDOWN,	NFS3ERR_IO,		MNT3ERR_IO },
};

static const struct dnfs_status *dnfs_status_find(int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dnfs_statuses); i++)
		if (dnfs_statuses[i].err == -err)
			return &dnfs_statuses[i];
	return NULL;
}

/*
 * Convert an errno to an nfsstat3. Logs an errno that is not in the table. Context: any. Return:
 * the status (RFC 1813 section 2.6); NFS3ERR_IO for an unknown errno.
 */
u32 dnfs_nfsstat3(int err)
{
	const struct dnfs_status *status = dnfs_status_find(err);

	if (status)
		return status->nfs;
	pr_warn_ratelimited("error %d has no NFS status, clients see an I/O error\n", err);
	return NFS3ERR_IO;
}

/*
 * Convert an errno to a mountstat3. Context: any. Return: the status; MNT3ERR_SERVERFAULT for an
 * unknown errno.
 */
u32 dnfs_mountstat3(int err)
{
	const struct dnfs_status *status = dnfs_status_find(err);

	return status ? status->mount : MNT3ERR_SERVERFAULT;
}

/* For KUnit tests. Return: true if 0 or a negative errno is in the table. */
bool dnfs_status_known(int err)
{
	return dnfs_status_find(err);
}
