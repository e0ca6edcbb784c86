// SPDX-License-Identifier: GPL-2.0-only
/* Directories of the server in the root of a share, see hidden_dir.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "../node/hidden.h"
#include "hidden_dir.h"
#include "op_private.h"

/*
 * Find or make a directory, which only its owner can use. Returns it, to be put, or an ERR_PTR. May
 * sleep; write access to the mount, @parent is not locked.
 */
struct dentry *ditto_dir_make(struct ditto_share *share, struct dentry *parent, const char *name)
{
	struct inode *dir = d_inode(parent);
	struct dentry *child;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	child = lookup_one(ditto_idmap(share), &QSTR(name), parent);
	if (!IS_ERR(child) && d_is_negative(child)) {
		err = ditto_mkdir(ditto_idmap(share), dir, &child, 0700);
		if (!err && d_unhashed(child)) {
			dput(child);
			child = lookup_one(ditto_idmap(share), &QSTR(name), parent);
		}
	}
	inode_unlock(dir);
	if (IS_ERR(child))
		return child;
	err = ditto_no_wait(err);
	if (!err && !d_can_lookup(child))
		err = d_is_negative(child) ? -ENOENT : -ENOTDIR;
	if (err) {
		dput(child);
		return ERR_PTR(err);
	}
	return child;
}

static struct dentry *hidden_dir_find(struct ditto_share *share, struct dentry *parent,
				      const char *name, bool create)
{
	struct dentry *child;

	child = lookup_one_positive_unlocked(ditto_idmap(share), &QSTR(name), parent);
	if (child == ERR_PTR(-ENOENT) && create)
		return ditto_dir_make(share, parent, name);
	if (!IS_ERR(child) && !d_can_lookup(child)) {
		dput(child);
		return ERR_PTR(-ENOTDIR);
	}
	return child;
}

/* Let nobody else enter a directory that nobody else could change. */
static int hidden_dir_close(struct ditto_share *share, struct dentry *dir)
{
	struct iattr attr = { .ia_valid = ATTR_MODE, .ia_mode = S_IFDIR | 0700 };
	struct inode *inode = d_inode(dir);
	int err = -EACCES;

	inode_lock(inode);
	if (!(inode->i_mode & 0022))
		err = notify_change(ditto_idmap(share), dir, &attr, NULL);
	inode_unlock(inode);
	return ditto_no_wait(err);
}

/*
 * Whoever could change what is in it could give a file the streams of another one, so a directory
 * that somebody else made is not used. @others: what others than root must not have of its mode.
 */
static struct dentry *hidden_dir_find_safe(struct ditto_share *share, struct dentry *parent,
					   const char *name, umode_t others, bool create)
{
	struct dentry *dir = hidden_dir_find(share, parent, name, create);
	const struct inode *inode;
	bool own;
	int err;

	if (IS_ERR(dir))
		return dir;
	inode = d_inode(dir);
	own = vfsuid_eq_kuid(i_uid_into_vfsuid(ditto_idmap(share), inode), current_fsuid());
	if (own && !(inode->i_mode & others))
		return dir;
	err = create ? -EACCES : -ENOENT;
	if (own && !(inode->i_mode & 0022)) {
		if (create)
			err = hidden_dir_close(share, dir);
		if (!err)
			return dir;
	} else {
		pr_notice_ratelimited("share %s: %pd2 is not used, as others than root can change it: look what they have put there, and remove it\n",
				      share->name, dir);
	}
	dput(dir);
	return ERR_PTR(err);
}

/*
 * Find a directory in DITTO_HIDDEN, or make it. The server's credential is in place, and with
 * @create write access to the mount. Returns it, to be put, or an ERR_PTR; also if others than the
 * server can change it. With @create, others cannot enter the bin any more. May sleep.
 */
struct dentry *ditto_hidden_dir(struct ditto_share *share, const char *name, bool create)
{
	struct dentry *hidden, *dir;

	hidden = hidden_dir_find_safe(share, share->root.dentry, DITTO_HIDDEN, 0022, create);
	if (IS_ERR(hidden))
		return hidden;
	/* Files come to the bin from directories that not everybody can enter. */
	dir = hidden_dir_find_safe(share, hidden, name,
				   strcmp(name, DITTO_TRASH) ? 0022 : 0077, create);
	dput(hidden);
	return dir;
}
