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

/* Make a directory as @child, which is another dentry then if the file system has made one. */
static inline int ditto_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry **child,
			      umode_t mode)
{
#ifdef DITTO_HAVE_VFS_MKDIR_DENTRY
	struct dentry *made = vfs_mkdir(idmap, dir, dget(*child), mode, NULL);

	/* The reference is put then, and @dir unlocked: others may have changed it since. */
	if (IS_ERR(made)) {
		inode_lock_nested(dir, I_MUTEX_PARENT);
		return PTR_ERR(made);
	}
	dput(*child);
	*child = made;
	return 0;
#else
	return vfs_mkdir(idmap, dir, *child, mode);
#endif
}

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
