// SPDX-License-Identifier: GPL-2.0-only
/* The procedures of NFS version 3 by number, and the program. */
#include <linux/kernel.h>

#include "../rpc/status.h"
#include "procs.h"

#define PROC(NUMBER, name)						\
	[NFSPROC3_##NUMBER] = &dnfs3_proc_##name

const struct dnfs_proc *const dnfs3_procs[NFSPROC3_COUNT] = {
	[NFSPROC3_NULL] = &dnfs_proc_null,
	PROC(GETATTR, getattr),
	PROC(SETATTR, setattr),
	PROC(LOOKUP, lookup),
	PROC(ACCESS, access),
	PROC(READLINK, readlink),
	PROC(READ, read),
	PROC(WRITE, write),
	PROC(CREATE, create),
	PROC(MKDIR, mkdir),
	PROC(SYMLINK, symlink),
	PROC(MKNOD, mknod),
	PROC(REMOVE, remove),
	PROC(RMDIR, rmdir),
	PROC(RENAME, rename),
	PROC(LINK, link),
	PROC(READDIR, readdir),
	PROC(READDIRPLUS, readdirplus),
	PROC(FSSTAT, fsstat),
	PROC(FSINFO, fsinfo),
	PROC(PATHCONF, pathconf),
	PROC(COMMIT, commit),
};

const struct dnfs_program dnfs3_program = {
	.index = DNFS_PROGRAM_NFS,
	.prog = NFS3_PROGRAM,
	.vers = NFS3_VERSION,
	.name = "nfs",
	.group = "nfs3",
	.tells_wcc = true,
	.status = dnfs_nfsstat3,
	.procs = dnfs3_procs,
	.nprocs = ARRAY_SIZE(dnfs3_procs),
};
