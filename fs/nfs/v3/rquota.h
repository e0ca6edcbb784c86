/* SPDX-License-Identifier: GPL-2.0-only */
/* The remote quota protocol, see rquota.c. */
#ifndef _DITTO_FS_NFS_V3_RQUOTA_H
#define _DITTO_FS_NFS_V3_RQUOTA_H

#include <linux/types.h>

struct ditto_quota_report;

/**
 * struct dnfs_rquota_args - arguments of GETQUOTA and GETACTIVEQUOTA
 * @path: path of a share or of a directory below, not terminated
 * @len: length of @path
 * @kind: enum ditto_quota_kind, which has the values of the wire; 0 in version 1
 * @id: uid, gid or project id
 */
struct dnfs_rquota_args {
	const char *path;
	u32 len;
	u32 kind;
	u32 id;
};

extern const struct dnfs_proc *const dnfs_rquota1_procs[];
extern const struct dnfs_proc *const dnfs_rquota2_procs[];

u32 dnfs_rquota_bsize(const struct ditto_quota_report *report);

#endif
