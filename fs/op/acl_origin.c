// SPDX-License-Identifier: GPL-2.0-only
/* Origin and import of lists of files, see acl_origin.h. */

#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../net/helper/names.h"
#include "../acl/sid.h"
#include "../node/node.h"
#include "acl_origin.h"
#include "check/acl_file.h"
#include "op_private.h"

/*
 * Tell what the list of a file was made of. @op: the caller; permission is not checked. Return:
 * enum ditto_acl_origin, or a negative errno of the file system.
 */
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

/* The request is repeated by its sender. */
static void ntacl_answered(struct ditto_names_park *park)
{
}

/*
 * Replace the SIDs that have accounts on this machine by their numbers, so that the permission bits
 * can show what the list gives to owner and group. Others stay SIDs, as do all without a helper.
 * Return: 0; -EJUKEBOX while the helper is asked; -ENOMEM.
 */
static int ntacl_take_accounts(struct ditto_server *srv, struct ditto_acl *acl)
{
	struct ditto_names_park *park = kzalloc(sizeof(*park), GFP_KERNEL);
	struct ditto_account account;
	struct ditto_sid sid;
	int err, ret = 0;
	unsigned int i;

	if (!park)
		return -ENOMEM;
	ditto_names_park_init(park, srv, &in6addr_any, ntacl_answered);
	ditto_names_park_begin(park);
	for (i = 0; i < acl->count; i++) {
		struct ditto_ace *ace = &acl->aces[i];

		if (ace->who != DITTO_WHO_FOREIGN ||
		    !ditto_sid_decode(ace->foreign, ace->foreign_len, &sid) ||
		    !ditto_sid_is_of_domain(&sid))
			continue;
		err = ditto_names_account_of_sid(srv, ace->foreign, &account, park);
		if (err == -EJUKEBOX)
			ret = err;
		if (err)
			continue;
		/* A group may have a uid, too, but a user has no gid. */
		if (gid_valid(account.gid)) {
			ace->who = DITTO_WHO_GID;
			ace->gid = account.gid;
		} else if (uid_valid(account.uid)) {
			ace->who = DITTO_WHO_UID;
			ace->uid = account.uid;
		} else {
			continue;
		}
		memset(ace->foreign, 0, sizeof(ace->foreign));
		ace->foreign_len = 0;
	}
	ditto_names_park_cancel(park);
	kfree(park);
	return ret;
}

/*
 * Store the list of an attribute as one of this server. A file with a list of this server keeps it.
 * The attribute is not changed. SIDs of accounts on this machine become their numbers. Return: enum
 * ditto_ntacl_state; with DITTO_NTACL_USED the list is stored. Or a negative errno, as of
 * ditto_setattr(); -EJUKEBOX also while the helper is asked for accounts.
 */
int ditto_ntacl_import(struct ditto_op *op, struct ditto_node *node, enum ditto_ntacl_use use,
		       bool dry)
{
	struct ditto_setattr set = { .valid = DITTO_SET_ACL };
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_acl *acl = NULL;
	const struct cred *old;
	struct ditto_wcc wcc;
	int ret;

	old = ditto_act_as(op->srv->nodes->cred);
	if (S_ISLNK(node->inode->i_mode) || !node->volume->has_acls)
		ret = DITTO_NTACL_NONE;
	else if (ditto_acl_is_stored(dentry))
		ret = DITTO_NTACL_OWN;
	else
		ret = ditto_ntacl_load(op->share, dentry, use, &acl);
	ditto_op_leave(old);
	dput(dentry);
	if (ret == DITTO_NTACL_USED && !dry) {
		acl->flags &= ~DITTO_ACL_NTACL;
		set.acl = acl;
		ret = ntacl_take_accounts(op->srv, acl);
		if (!ret)
			ret = ditto_setattr(op, node, &set, &wcc) ?: DITTO_NTACL_USED;
	}
	ditto_acl_put(acl);
	return ret;
}
