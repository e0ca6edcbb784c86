/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The procedures of NFS version 3 (RFC 1813 section 3.3); each is described in the file that
 * implements it, and proc_table.c lists them by number.
 */
#ifndef _DITTO_FS_NFS_V3_PROCS_H
#define _DITTO_FS_NFS_V3_PROCS_H

#include "../rpc/call.h"
#include "proto.h"

extern const struct dnfs_proc dnfs3_proc_access;
extern const struct dnfs_proc dnfs3_proc_commit;
extern const struct dnfs_proc dnfs3_proc_create;
extern const struct dnfs_proc dnfs3_proc_fsinfo;
extern const struct dnfs_proc dnfs3_proc_fsstat;
extern const struct dnfs_proc dnfs3_proc_getattr;
extern const struct dnfs_proc dnfs3_proc_link;
extern const struct dnfs_proc dnfs3_proc_lookup;
extern const struct dnfs_proc dnfs3_proc_mkdir;
extern const struct dnfs_proc dnfs3_proc_mknod;
extern const struct dnfs_proc dnfs3_proc_pathconf;
extern const struct dnfs_proc dnfs3_proc_read;
extern const struct dnfs_proc dnfs3_proc_readdir;
extern const struct dnfs_proc dnfs3_proc_readdirplus;
extern const struct dnfs_proc dnfs3_proc_readlink;
extern const struct dnfs_proc dnfs3_proc_remove;
extern const struct dnfs_proc dnfs3_proc_rename;
extern const struct dnfs_proc dnfs3_proc_rmdir;
extern const struct dnfs_proc dnfs3_proc_setattr;
extern const struct dnfs_proc dnfs3_proc_symlink;
extern const struct dnfs_proc dnfs3_proc_write;

/* proc_table.c: the procedures by number */
extern const struct dnfs_proc *const dnfs3_procs[NFSPROC3_COUNT];

#endif
