/* SPDX-License-Identifier: GPL-2.0-only */
/* The rights of a caller to a file: fs/op/check/rights.c. */
#ifndef _DITTO_FS_OP_CHECK_RIGHTS_H
#define _DITTO_FS_OP_CHECK_RIGHTS_H

#include <linux/types.h>

#include "../../acl/access_mask.h"

struct ditto_node;
struct ditto_op;

/**
 * ditto_rights - compute the caller's rights to a node
 * @op: the caller
 * @node: held
 * @parent: directory the node was found in, held; it may grant DELETE. NULL at the root
 *	of a share, and for a node without a known name, to which nobody has DELETE
 * @rights: filled with DITTO_RIGHT_* bits
 *
 * With an access control list, the rights come from it. Without one, a caller may read and write
 * the attributes if the mode permits to read and write the data; the owner and the administrator
 * may change owner and ACL. Callers with the privilege to take ownership have
 * DITTO_RIGHT_WRITE_OWNER in both cases (MS-DTYP section 2.5.3.2).
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights);

/**
 * ditto_rights_among - compute some of the caller's rights to a node
 * @op: the caller
 * @node: held
 * @parent: as in ditto_rights()
 * @want: rights the caller is interested in; DITTO_RIGHT_SECURITY is never granted to others
 * @rights: filled; rights outside of @want may be missing, which saves checks
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights);

/**
 * ditto_rights_refusal - get the error for rights that a caller does not have
 * @op: the caller
 * @node: the file
 * @have: rights of the caller, from ditto_rights_among()
 * @missing: rights that were asked for and are not among them
 *
 * Context: any.
 * Return: what the VFS returns in place of them: -EROFS or -EPERM, if the share, the mount or the
 * file cannot be changed by anyone; otherwise -EACCES.
 */
int ditto_rights_refusal(const struct ditto_op *op, const struct ditto_node *node, u32 have,
			 u32 missing);

/**
 * ditto_rights_by_privilege - get the rights that a caller has by privileges
 * @op: the caller
 *
 * Context: any.
 * Return: DITTO_RIGHT_* bits.
 */
u32 ditto_rights_by_privilege(const struct ditto_op *op);

/**
 * ditto_is_readable - check permission to read data, attributes and ACL of a node
 * @op: the caller
 * @node: held
 *
 * For listings that omit unreadable files (MS-SMB2 section 3.3.5.18).
 *
 * Return: true if the caller may read all of these; false also on errors.
 */
bool ditto_is_readable(struct ditto_op *op, struct ditto_node *node);

#endif
