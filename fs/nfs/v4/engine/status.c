// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place where an errno becomes a status of version 4 (RFC 8881 section
 * 15.1). What an errno means may depend on the operation; an errno without a
 * row is an I/O error to the client and a line in the log, because a row is
 * missing then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <kunit/visibility.h>

#include "compound.h"

/* Rows for all operations have this for a number. */
#define ANY	0

struct row {
	int err;
	u16 op;
	u32 status;
};

/* Rows of an operation come before the general one. */
static const struct row rows[] = {
	{ ENOENT,	ANY,		NFS4ERR_NOENT },
	{ EACCES,	ANY,		NFS4ERR_ACCESS },
	{ EEXIST,	ANY,		NFS4ERR_EXIST },
	{ ESTALE,	ANY,		NFS4ERR_STALE },
	{ EPERM,	ANY,		NFS4ERR_PERM },
	{ EIO,		ANY,		NFS4ERR_IO },
	{ ENXIO,	ANY,		NFS4ERR_NXIO },
	{ EXDEV,	ANY,		NFS4ERR_XDEV },
	{ ENODEV,	ANY,		NFS4ERR_IO },
	/* Both handles are directories: it is about what has the names (section 18.26.3). */
	{ ENOTDIR,	OP_RENAME,	NFS4ERR_EXIST },
	{ EISDIR,	OP_RENAME,	NFS4ERR_EXIST },
	{ ENOTDIR,	ANY,		NFS4ERR_NOTDIR },
	{ EISDIR,	ANY,		NFS4ERR_ISDIR },
	{ EINVAL,	ANY,		NFS4ERR_INVAL },
	{ EFBIG,	ANY,		NFS4ERR_FBIG },
	{ ENOSPC,	ANY,		NFS4ERR_NOSPC },
	{ EROFS,	ANY,		NFS4ERR_ROFS },
	{ EMLINK,	ANY,		NFS4ERR_MLINK },
	{ ENAMETOOLONG,	ANY,		NFS4ERR_NAMETOOLONG },
	{ ENOTEMPTY,	ANY,		NFS4ERR_NOTEMPTY },
	{ EDQUOT,	ANY,		NFS4ERR_DQUOT },
	{ EBADHANDLE,	ANY,		NFS4ERR_BADHANDLE },
	{ ENOTSYNC,	ANY,		NFS4ERR_INVAL },
	{ EBADCOOKIE,	ANY,		NFS4ERR_BAD_COOKIE },
	{ EOPNOTSUPP,	ANY,		NFS4ERR_NOTSUPP },
	{ ENOTSUPP,	ANY,		NFS4ERR_NOTSUPP },
	{ ETOOSMALL,	ANY,		NFS4ERR_TOOSMALL },
	{ ESERVERFAULT,	ANY,		NFS4ERR_SERVERFAULT },
	{ EBADTYPE,	ANY,		NFS4ERR_BADTYPE },
	{ EILSEQ,	ANY,		NFS4ERR_BADNAME },
	/* Bytes that another has claimed. */
	{ EAGAIN,	OP_READ,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_WRITE,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_SETATTR,	NFS4ERR_LOCKED },
	{ EAGAIN,	ANY,		NFS4ERR_DELAY },
	/* An open that denies this, or a file that is running. */
	{ ETXTBSY,	OP_READ,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_WRITE,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_SETATTR,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_OPEN,	NFS4ERR_SHARE_DENIED },
	{ ETXTBSY,	OP_REMOVE,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	OP_RENAME,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	OP_LINK,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	ANY,		NFS4ERR_ACCESS },
	/* Something is mounted there. */
	{ EBUSY,	OP_REMOVE,	NFS4ERR_FILE_OPEN },
	{ EBUSY,	OP_RENAME,	NFS4ERR_FILE_OPEN },
	{ EBUSY,	ANY,		NFS4ERR_ACCESS },
	/* The client should come again later. */
	{ EJUKEBOX,	ANY,		NFS4ERR_DELAY },
	{ ETIMEDOUT,	ANY,		NFS4ERR_DELAY },
	{ ENOMEM,	ANY,		NFS4ERR_DELAY },
	{ ENFILE,	ANY,		NFS4ERR_DELAY },
	{ EINTR,	ANY,		NFS4ERR_DELAY },
	{ ERESTARTSYS,	ANY,		NFS4ERR_DELAY },
	/* No status is theirs, so the nearest. */
	{ ELOOP,	OP_OPEN,	NFS4ERR_SYMLINK },
	{ ELOOP,	OP_LOOKUP,	NFS4ERR_SYMLINK },
	{ ELOOP,	ANY,		NFS4ERR_INVAL },
	{ EOVERFLOW,	ANY,		NFS4ERR_FBIG },
	{ E2BIG,	ANY,		NFS4ERR_FBIG },
	{ ERANGE,	ANY,		NFS4ERR_INVAL },
	{ EDEADLK,	ANY,		NFS4ERR_DEADLOCK },
	{ EKEYREVOKED,	ANY,		NFS4ERR_ADMIN_REVOKED },
	{ EKEYEXPIRED,	ANY,		NFS4ERR_EXPIRED },
	{ EUCLEAN,	ANY,		NFS4ERR_IO },
	{ ENODATA,	ANY,		NFS4ERR_IO },
	{ EBADMSG,	ANY,		NFS4ERR_IO },
	{ ESHUTDOWN,	ANY,		NFS4ERR_DELAY },
};

static const struct row *status_find(u32 op, int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].err == -err && (rows[i].op == ANY || rows[i].op == op))
			return &rows[i];
	return NULL;
}

u32 dnfs4_status(const struct dnfs4_compound *cmp, int err)
{
	const struct row *row;

	if (likely(!err))
		return NFS4_OK;
	row = status_find(cmp->opnum, err);
	if (row)
		return row->status;
	pr_warn_ratelimited("error %d of operation %u has no status, clients see an I/O error\n",
			    err, cmp->opnum);
	return NFS4ERR_IO;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_status);
