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

/**
 * ditto_acl_origin - tell what the list of a file was made of
 * @op: the caller; permission is not checked
 * @node: held
 * @acl: from ditto_get_acl()
 *
 * Return: enum ditto_acl_origin, or a negative errno of the file system.
 */
int ditto_acl_origin(const struct ditto_op *op, struct ditto_node *node,
		     const struct ditto_acl *acl);

/**
 * ditto_ntacl_import - store the list of an attribute as one of this server
 * @op: an administrator
 * @node: held
 * @use: DITTO_NTACL_CHECKED or DITTO_NTACL_ALWAYS
 * @dry: store nothing
 *
 * A file with a list of this server keeps it. The attribute is not changed. SIDs of accounts on
 * this machine become their numbers.
 *
 * Return: enum ditto_ntacl_state; with DITTO_NTACL_USED the list is stored. Or a negative errno,
 * as of ditto_setattr(); -EJUKEBOX also while the helper is asked for accounts.
 */
int ditto_ntacl_import(struct ditto_op *op, struct ditto_node *node, enum ditto_ntacl_use use,
		       bool dry);

#endif
