/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_FS_H
#define _DITTO_COMPAT_LINUX_FS_H

#include_next <linux/fs.h>

#ifndef DITTO_HAVE_NAME_IS_DOT_DOTDOT
#define name_is_dot_dotdot	is_dot_dotdot
#endif

#ifndef DITTO_HAVE_DELEGATED_INODE
/* Only NULL is used for it. */
struct delegated_inode;

static inline int ditto_vfs_create(struct mnt_idmap *idmap, struct dentry *dentry, umode_t mode,
				   struct delegated_inode *delegated_inode)
{
	return vfs_create(idmap, dentry->d_parent->d_inode, dentry, mode, true);
}

static inline int ditto_vfs_mknod(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry, umode_t mode, dev_t dev,
				  struct delegated_inode *delegated_inode)
{
	return vfs_mknod(idmap, dir, dentry, mode, dev);
}

static inline int ditto_vfs_symlink(struct mnt_idmap *idmap, struct inode *dir,
				    struct dentry *dentry, const char *target,
				    struct delegated_inode *delegated_inode)
{
	return vfs_symlink(idmap, dir, dentry, target);
}

static inline int ditto_vfs_rmdir(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry, struct delegated_inode *delegated_inode)
{
	return vfs_rmdir(idmap, dir, dentry);
}

#define vfs_create	ditto_vfs_create
#define vfs_mknod	ditto_vfs_mknod
#define vfs_symlink	ditto_vfs_symlink
#define vfs_rmdir	ditto_vfs_rmdir
#endif

#ifndef DITTO_HAVE_VFS_MKDIR_DENTRY
/* After an error, the directory is unlocked and @dentry is put. */
static inline struct dentry *ditto_vfs_mkdir(struct mnt_idmap *idmap, struct inode *dir,
					     struct dentry *dentry, umode_t mode,
					     struct delegated_inode *delegated_inode)
{
	int err = vfs_mkdir(idmap, dir, dentry, mode);

	if (!err)
		return dentry;
	inode_unlock(dir);
	dput(dentry);
	return ERR_PTR(err);
}

#define vfs_mkdir	ditto_vfs_mkdir
#endif

#ifndef DITTO_HAVE_RENAME_PARENTS
struct ditto_renamedata {
	struct mnt_idmap *mnt_idmap;
	struct dentry *old_parent;
	struct dentry *old_dentry;
	struct dentry *new_parent;
	struct dentry *new_dentry;
};

static inline int ditto_vfs_rename(struct ditto_renamedata *rd)
{
	struct renamedata older = {
		.old_mnt_idmap = rd->mnt_idmap,
		.old_dir = rd->old_parent->d_inode,
		.old_dentry = rd->old_dentry,
		.new_mnt_idmap = rd->mnt_idmap,
		.new_dir = rd->new_parent->d_inode,
		.new_dentry = rd->new_dentry,
	};

	return vfs_rename(&older);
}

#define renamedata	ditto_renamedata
#define vfs_rename	ditto_vfs_rename
#endif

#endif
