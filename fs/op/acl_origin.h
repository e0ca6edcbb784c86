/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of files for the administrator: what they were made of, and the import of Samba's. */
#ifndef _DITTO_FS_OP_ACL_ORIGIN_H
#define _DITTO_FS_OP_ACL_ORIGIN_H

#include "check/ntacl.h"

struct ditto_acl;
struct ditto_node;
struct ditto_op;

/* The values are as in the netlink enum "acl-source". */
enum ditto_acl_origin {
	DITTO_ACL_FROM_STORE,
	DITTO_ACL_FROM_STORE_ADAPTED,	/* and adapted to a mode that was set later */
	DITTO_ACL_FROM_MODE,
	DITTO_ACL_FROM_POSIX,
	DITTO_ACL_FROM_POSIX_OVER_STORE, /* the POSIX ACL was set after the stored list */
	DITTO_ACL_FROM_NOTHING,		/* the stored list is unusable */
	DITTO_ACL_FROM_NTACL,		/* the list that Samba has stored */
};

int ditto_acl_origin(const struct ditto_op *op, struct ditto_node *node,
		     const struct ditto_acl *acl);
int ditto_ntacl_import(struct ditto_op *op, struct ditto_node *node, enum ditto_ntacl_use use,
		       bool dry);

#endif
