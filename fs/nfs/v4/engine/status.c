// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only place where an errno becomes an NFSv4 status (RFC 8881 section
 * 15.1). The status of an errno may depend on the operation. An errno without
 * a row is missing from the table: the client gets NFS4ERR_IO and the log a
 * warning.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "compound.h"

/* Operation number of rows for all operations. */
#define ANY	0

struct row {
	int err;
	u16 op;
	u32 status;
};

/* The rows of an operation precede the general row of the same errno. */
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
	/* Both filehandles are directories: the error is about the names (RFC 8881 18.26.3). */
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
	/* A name that is not UTF-8; the others are refused when they are decoded. */
	{ EILSEQ,	ANY,		NFS4ERR_INVAL },
	/* A byte-range lock of another owner. */
	{ EAGAIN,	OP_READ,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_WRITE,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_SETATTR,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_COPY,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_CLONE,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_ALLOCATE,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_DEALLOCATE,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_SEEK,	NFS4ERR_LOCKED },
	{ EAGAIN,	OP_READ_PLUS,	NFS4ERR_LOCKED },
	{ EAGAIN,	ANY,		NFS4ERR_DELAY },
	/* A share reservation denies it, or the file is being executed. */
	{ ETXTBSY,	OP_READ,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_WRITE,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_SETATTR,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_COPY,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_CLONE,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_ALLOCATE,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_DEALLOCATE,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_SEEK,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_READ_PLUS,	NFS4ERR_LOCKED },
	{ ETXTBSY,	OP_OPEN,	NFS4ERR_SHARE_DENIED },
	{ ETXTBSY,	OP_REMOVE,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	OP_RENAME,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	OP_LINK,	NFS4ERR_FILE_OPEN },
	{ ETXTBSY,	ANY,		NFS4ERR_ACCESS },
	/* The entry is a mount point. */
	{ EBUSY,	OP_REMOVE,	NFS4ERR_FILE_OPEN },
	{ EBUSY,	OP_RENAME,	NFS4ERR_FILE_OPEN },
	{ EBUSY,	ANY,		NFS4ERR_ACCESS },
	{ ENODATA,	OP_GETXATTR,	NFS4ERR_NOXATTR },
	{ ENODATA,	OP_SETXATTR,	NFS4ERR_NOXATTR },
	{ ENODATA,	OP_REMOVEXATTR,	NFS4ERR_NOXATTR },
	{ E2BIG,	OP_GETXATTR,	NFS4ERR_XATTR2BIG },
	{ E2BIG,	OP_SETXATTR,	NFS4ERR_XATTR2BIG },
	/* More names than the file system lists in one call. */
	{ ERANGE,	OP_LISTXATTRS,	NFS4ERR_TOOSMALL },
	/* The client should retry later. */
	{ EJUKEBOX,	ANY,		NFS4ERR_DELAY },
	{ ETIMEDOUT,	ANY,		NFS4ERR_DELAY },
	{ ENOMEM,	ANY,		NFS4ERR_DELAY },
	{ ENFILE,	ANY,		NFS4ERR_DELAY },
	{ EINTR,	ANY,		NFS4ERR_DELAY },
	{ ERESTARTSYS,	ANY,		NFS4ERR_DELAY },
	/* No exact status exists: the nearest one. */
	{ ELOOP,	OP_OPEN,	NFS4ERR_SYMLINK },
	{ ELOOP,	OP_LOOKUP,	NFS4ERR_SYMLINK },
	{ ELOOP,	ANY,		NFS4ERR_INVAL },
	{ EOVERFLOW,	ANY,		NFS4ERR_FBIG },
	{ E2BIG,	ANY,		NFS4ERR_FBIG },
	{ ERANGE,	ANY,		NFS4ERR_INVAL },
	{ EDEADLK,	ANY,		NFS4ERR_DEADLOCK },
	/* Delete pending: treated as if the file were deleted. */
	{ EKEYREVOKED,	OP_OPEN,	NFS4ERR_STALE },
	{ EKEYREVOKED,	ANY,		NFS4ERR_ADMIN_REVOKED },
	{ EKEYEXPIRED,	ANY,		NFS4ERR_EXPIRED },
	/* The program of the site refuses the content. */
	{ EKEYREJECTED,	ANY,		NFS4ERR_ACCESS },
	{ EUCLEAN,	ANY,		NFS4ERR_IO },
	/* A shared mount of another server, which failed. */
	{ EREMOTEIO,	ANY,		NFS4ERR_IO },
	{ ENODATA,	ANY,		NFS4ERR_IO },
	{ EBADMSG,	ANY,		NFS4ERR_IO },
	{ ESHUTDOWN,	ANY,		NFS4ERR_DELAY },
	{ ECANCELED,	ANY,		NFS4ERR_IO },
};

static const struct row *status_find(u32 op, int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].err == -err && (rows[i].op == ANY || rows[i].op == op))
			return &rows[i];
	return NULL;
}

/*
 * The same as dnfs4_status() for an operation that is not being executed any more, by its number.
 */
u32 dnfs4_status_of(u32 opnum, int err)
{
	const struct row *row;

	if (likely(!err))
		return NFS4_OK;
	row = status_find(opnum, err);
	if (row)
		return row->status;
	pr_warn_ratelimited("error %d of operation %u has no status, clients see an I/O error\n",
			    err, opnum);
	return NFS4ERR_IO;
}

/*
 * Translate an errno to a status (RFC 8881 section 15.1). Return: NFS4_OK or a status; NFS4ERR_IO,
 * with a message in the log, for an errno without a row.
 */
u32 dnfs4_status(const struct dnfs4_compound *cmp, int err)
{
	return dnfs4_status_of(cmp->opnum, err);
}
