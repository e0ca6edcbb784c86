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

int ditto_permission(struct ditto_op *op, struct ditto_node *node, u32 may);

/* permission.c */
int ditto_node_permission(const struct ditto_op *op, struct ditto_node *node, u32 may);
int ditto_node_permission_locked(const struct ditto_op *op, struct ditto_node *node, u32 may);

/* Lists of files: fs/op/check/acl.c. One is set by ditto_setattr() with DITTO_SET_ACL. */

struct ditto_acl *ditto_get_acl(struct ditto_op *op, struct ditto_node *node);

/* acl.c */
bool ditto_acl_is_supported(const struct ditto_op *op);
struct posix_acl *ditto_get_posix_acl(struct ditto_op *op, struct ditto_node *node, int type);

#endif
