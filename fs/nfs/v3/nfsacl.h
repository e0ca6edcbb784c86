/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments and results of the ACL side protocol. */
#ifndef _DITTO_FS_NFS_V3_NFSACL_H
#define _DITTO_FS_NFS_V3_NFSACL_H

#include "../rpc/call.h"
#include "../rpc/target.h"
#include "proto.h"

struct posix_acl;

/**
 * struct dnfs_acl_arg - a decoded list
 * @acl: the list; NULL if it was empty or not requested
 * @err: 0, or why a list that is valid XDR is refused
 */
struct dnfs_acl_arg {
	struct posix_acl *acl;
	int err;
};

/**
 * struct dnfs_getacl_args - arguments of GETACL
 * @fh: the file
 * @mask: NFSACL3_*: lists wanted
 */
struct dnfs_getacl_args {
	struct dnfs_fh fh;
	u32 mask;
};

/**
 * struct dnfs_getacl_res - results of GETACL
 * @attr: attributes of the file
 * @mask: NFSACL3_* of the arguments
 * @access: access list, a reference, or NULL
 * @dflt: default list, a reference, or NULL
 */
struct dnfs_getacl_res {
	struct dnfs_post_attr attr;
	u32 mask;
	struct posix_acl *access;
	struct posix_acl *dflt;
};

/**
 * struct dnfs_setacl_args - arguments of SETACL
 * @fh: the file
 * @mask: NFSACL3_*: lists to set
 * @access: access list
 * @dflt: default list
 */
struct dnfs_setacl_args {
	struct dnfs_fh fh;
	u32 mask;
	struct dnfs_acl_arg access;
	struct dnfs_acl_arg dflt;
};

/* Procedures of the ACL side protocol by number. */
extern const struct dnfs_proc *const dnfs_acl3_procs[NFSACLPROC3_COUNT];

#endif
