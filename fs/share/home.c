// SPDX-License-Identifier: GPL-2.0-only
/* The directories of home shares, see home.h. */

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/netlink.h>
#include <linux/string.h>

#include "cred.h"
#include "home.h"

/* The user, who may make directories where only administrators may. */
static struct cred *home_cred(const struct ditto_home *home)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return NULL;
	cred->fsuid = home->uid;
	cred->fsgid = home->gid;
	cred->cap_effective = ditto_admin_caps();
	return cred;
}

static kuid_t home_owner(const struct path *path)
{
	return vfsuid_into_kuid(i_uid_into_vfsuid(mnt_idmap(path->mnt), d_inode(path->dentry)));
}

/* Make the directory, unless there is something of that name. */
static int home_make(const struct ditto_home *home, const char *name,
		     struct netlink_ext_ack *extack)
{
	kuid_t above = home_owner(&home->dir);
	struct mnt_idmap *idmap = mnt_idmap(home->dir.mnt);
	struct inode *dir = d_inode(home->dir.dentry);
	const struct cred *old;
	struct dentry *child;
	struct cred *cred;
	int err;

	if (!uid_eq(above, GLOBAL_ROOT_UID) && !uid_eq(above, home->uid)) {
		NL_SET_ERR_MSG_FMT(extack,
				   "path: not made: the directory above belongs to uid %u, and not to root",
				   from_kuid(&init_user_ns, above));
		return -EPERM;
	}
	err = mnt_want_write(home->dir.mnt);
	if (err)
		return err;
	cred = home_cred(home);
	if (!cred) {
		err = -ENOMEM;
		goto drop;
	}
	old = override_creds(cred);
	inode_lock_nested(dir, I_MUTEX_PARENT);
	child = lookup_one(idmap, &QSTR_LEN(name, strlen(name)), home->dir.dentry);
	if (IS_ERR(child)) {
		err = PTR_ERR(child);
	} else {
		if (d_is_negative(child))
			err = ditto_mkdir(idmap, dir, &child, 0700);
		dput(child);
	}
	inode_unlock(dir);
	revert_creds(old);
	put_cred(cred);
drop:
	mnt_drop_write(home->dir.mnt);
	return err;
}

static struct dentry *home_lookup(const struct ditto_home *home, const char *name)
{
	return lookup_one_positive_unlocked(mnt_idmap(home->dir.mnt),
					    &QSTR_LEN(name, strlen(name)), home->dir.dentry);
}

/*
 * Find or make the directory of a home share. The directory is made with mode 0700, and belongs to
 * the user from the beginning. None is made in a directory that is neither root's nor the user's,
 * nor is another's directory a home: who may write above could have put it there. Return: 0;
 * -ENOENT; -ENOTDIR, also for a symbolic link; -EINVAL (no name); -EPERM with @extack filled; and
 * errors of the file system.
 */
int ditto_home_find(const struct ditto_home *home, const char *path, struct path *root,
		    struct netlink_ext_ack *extack)
{
	const char *name = kbasename(path);
	struct dentry *child;
	int err;

	if (!*name)
		return -EINVAL;
	if (!d_can_lookup(home->dir.dentry))
		return -ENOTDIR;
	child = home_lookup(home, name);
	if (child == ERR_PTR(-ENOENT) && gid_valid(home->gid)) {
		err = home_make(home, name, extack);
		if (err)
			return err;
		child = home_lookup(home, name);
	}
	if (IS_ERR(child))
		return PTR_ERR(child);
	*root = (struct path){ .mnt = mntget(home->dir.mnt), .dentry = child };
	err = follow_down(root, 0);
	if (!err && !d_can_lookup(root->dentry)) {
		err = -ENOTDIR;
	} else if (!err && !uid_eq(home_owner(root), home->uid)) {
		NL_SET_ERR_MSG_FMT(extack, "path: the directory belongs to uid %u",
				   from_kuid(&init_user_ns, home_owner(root)));
		err = -EPERM;
	}
	if (err)
		path_put(root);
	return err;
}
