/* SPDX-License-Identifier: GPL-2.0-only */
/* What a caller may do with a file, and the lists that say so, for protocols and operations. */
#ifndef _DITTO_FS_OP_CHECK_CHECK_H
#define _DITTO_FS_OP_CHECK_CHECK_H

#include <linux/bits.h>
#include <linux/types.h>

struct ditto_acl;
struct ditto_node;
struct ditto_op;
struct posix_acl;

/* Permissions that ditto_permission() and the access checks ask for. */
#define DITTO_MAY_READ		BIT(0)
#define DITTO_MAY_WRITE		BIT(1)
#define DITTO_MAY_EXEC		BIT(2)	/* execute a file, search a directory */
#define DITTO_MAY_APPEND	BIT(3)
#define DITTO_MAY_DELETE	BIT(4)	/* remove entries of a directory */
/* The owner is permitted regardless of the mode: a stateless client checked access at its open. */
#define DITTO_MAY_OWNER		BIT(5)
/* Extended attributes, and streams in protocols where streams are attributes of a file. */
#define DITTO_MAY_READ_XATTRS	BIT(6)
#define DITTO_MAY_WRITE_XATTRS	BIT(7)
/* For ditto_permission(): what is due to be committed, see worm.h, is not decided about. */
#define DITTO_MAY_RECLAIM	BIT(8)	/* the caller had it before a restart */
#define DITTO_MAY_QUERY		BIT(9)	/* nothing is granted: unknown is permitted */

/* fs/op/check/permission.c */

/**
 * ditto_permission - check permission for a node
 * @op: the caller
 * @node: held
 * @may: DITTO_MAY_* bits, all of which must be permitted
 *
 * Return: 0, -EACCES, -EROFS (for changes), -EPERM (immutable, committed, or append-only),
 * -EJUKEBOX (it is not known yet whether the file is committed) or -ESTALE.
 */
int ditto_permission(struct ditto_op *op, struct ditto_node *node, u32 may);

/**
 * ditto_node_permission - check permission for a node, with the caller's credential in place
 * @op: the caller, entered
 * @node: held
 * @may: DITTO_MAY_* bits, all of which must be permitted
 *
 * Context: may sleep; if it is asked for changes, the inodes of the file and its streams are not
 * locked.
 * Return: as ditto_permission().
 */
int ditto_node_permission(const struct ditto_op *op, struct ditto_node *node, u32 may);

/* The same with inode locks held; whether the file is committed was checked before. */
int ditto_node_permission_locked(const struct ditto_op *op, struct ditto_node *node, u32 may);

/* Lists of files: fs/op/check/acl.c. One is set by ditto_setattr() with DITTO_SET_ACL. */

/**
 * ditto_get_acl - get the list of a file
 * @op: the caller; permission is not checked
 * @node: held
 *
 * Returns the stored list, adapted to the current mode, or a list derived from mode and POSIX
 * ACLs.
 *
 * Return: the list, to be put; ERR_PTR(-ENOMEM), ERR_PTR(-EJUKEBOX) (others keep changing it),
 * ERR_PTR(-EOPNOTSUPP) (a POSIX ACL needs too many entries), or an ERR_PTR of the file system.
 */
struct ditto_acl *ditto_get_acl(struct ditto_op *op, struct ditto_node *node);

/**
 * ditto_acl_is_supported - tell whether the share's file system can store lists
 * @op: the caller; names the share
 *
 * Context: any.
 * Return: true if it can.
 */
bool ditto_acl_is_supported(const struct ditto_op *op);

/**
 * ditto_get_posix_acl - get a POSIX ACL
 * @op: the caller
 * @node: held
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * Return: the ACL with a reference; without a stored access ACL one made from the mode; NULL
 * without a default ACL; or an ERR_PTR, -EOPNOTSUPP among others.
 */
struct posix_acl *ditto_get_posix_acl(struct ditto_op *op, struct ditto_node *node, int type);

#endif
