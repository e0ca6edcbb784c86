/* SPDX-License-Identifier: GPL-2.0-only */
/* The origin of the list of a file, for the administrator. */
#ifndef _DITTO_FS_OP_ACL_ORIGIN_H
#define _DITTO_FS_OP_ACL_ORIGIN_H

struct ditto_acl;
struct ditto_node;
struct ditto_op;

/* The values are those of the netlink enum "acl-source". */
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

#endif
