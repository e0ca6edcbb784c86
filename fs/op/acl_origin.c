// SPDX-License-Identifier: GPL-2.0-only
/* The origin of the list of a file, see acl_origin.h. */

#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/xattr.h>

#include "../node/node.h"
#include "check/acl_file.h"
#include "acl_origin.h"

int ditto_acl_origin(const struct ditto_op *op, struct ditto_node *node,
		     const struct ditto_acl *acl)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int source = DITTO_ACL_FROM_STORE;
	struct posix_acl *posix;
	const struct cred *old;

	old = ditto_act_as(op->srv->nodes->cred);
	if (acl->flags & DITTO_ACL_MADE) {
		posix = S_ISLNK(node->inode->i_mode) ? NULL :
			ditto_find_posix_acl(op->share, dentry, XATTR_NAME_POSIX_ACL_ACCESS);
		if (IS_ERR(posix))
			source = PTR_ERR(posix);
		else if (!posix)
			source = DITTO_ACL_FROM_MODE;
		else
			source = ditto_acl_is_stored(dentry) ? DITTO_ACL_FROM_POSIX_OVER_STORE :
							       DITTO_ACL_FROM_POSIX;
		if (!IS_ERR_OR_NULL(posix))
			posix_acl_release(posix);
	} else if (acl->flags & DITTO_ACL_DAMAGED) {
		source = DITTO_ACL_FROM_NOTHING;
	} else if (acl->flags & DITTO_ACL_NTACL) {
		source = DITTO_ACL_FROM_NTACL;
	} else if (acl->flags & DITTO_ACL_ADAPTED) {
		source = DITTO_ACL_FROM_STORE_ADAPTED;
	}
	ditto_op_leave(old);
	dput(dentry);
	return source;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_acl_origin);
