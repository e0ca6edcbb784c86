// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories and ownership of streams.
 *
 * A stream is created with the caller's identity and then given to the owner and group of its file;
 * the same holds for the directory of a file's streams. A stream therefore counts towards the quota
 * of the file's owner, as the file's data does. Mode and owner of a stream have no other effect: on
 * this machine only the server can reach it, and clients are checked by the file.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/siphash.h>

#include "../node/fid.h"
#include "../node/node_private.h"
#include "../op/hidden_dir.h"
#include "../op/op_private.h"
#include "stream.h"
#include "stream_private.h"

/* Length of "0123456789abcdef-01234567-0123456789abcdef". */
#define DITTO_KEY_LEN	42

/*
 * Give a stream, or the directory of streams, to the owner of the file. @dentry: stream or
 * directory; its inode is not locked. Context: a credential subject to quotas is in place. Return:
 * 0, -EDQUOT or another errno.
 */
int ditto_stream_give(struct ditto_share *share, const struct ditto_node *base,
		      struct dentry *dentry)
{
	struct mnt_idmap *idmap = ditto_idmap(share);
	struct inode *inode = d_inode(dentry);
	struct iattr ia = {
		.ia_valid = ATTR_UID | ATTR_GID | ATTR_CTIME,
		.ia_vfsuid = i_uid_into_vfsuid(idmap, base->inode),
		.ia_vfsgid = i_gid_into_vfsgid(idmap, base->inode),
	};
	int err;

	/* The owner of the file has no id in this mount. */
	if (HAS_UNMAPPED_ID(idmap, base->inode) ||
	    (uid_eq(inode->i_uid, base->inode->i_uid) && gid_eq(inode->i_gid, base->inode->i_gid)))
		return 0;
	inode_lock(inode);
	err = notify_change(idmap, dentry, &ia, NULL);
	inode_unlock(inode);
	return ditto_no_wait(err);
}

/*
 * Remove the directory of a file's streams if it is empty. Context: the server's credential is in
 * place.
 */
void ditto_stream_unmake_dir(struct ditto_share *share, struct dentry *dentry)
{
	struct dentry *parent = dget_parent(dentry);
	struct inode *dir = d_inode(parent);

	inode_lock_nested(dir, I_MUTEX_PARENT);
	if (!d_unhashed(dentry) && dentry->d_parent == parent)
		vfs_rmdir(ditto_idmap(share), dir, dentry, NULL);
	inode_unlock(dir);
	dput(parent);
}

/*
 * Look for the directory of one file's streams. If there is none, and the file has no name, nobody
 * looks for it again.
 */
static struct dentry *find_key(struct ditto_share *share, struct dentry *parent, const char *key,
			       const struct ditto_node *base)
{
	struct dentry *child = lookup_one_unlocked(ditto_idmap(share),
						   &QSTR_LEN(key, strlen(key)), parent);
	int err = 0;

	if (IS_ERR(child))
		return child;
	spin_lock(&child->d_lock);
	if (d_is_negative(child)) {
		err = -ENOENT;
		if (!base->inode->i_nlink)
			__d_drop(child);
	} else if (!d_can_lookup(child)) {
		err = -ENOTDIR;
	}
	spin_unlock(&child->d_lock);
	if (!err)
		return child;
	dput(child);
	return ERR_PTR(err);
}

/* Not secret: the names must be the same after a restart. */
static const siphash_key_t own_dir_hash = {
	{ 0x646974746f207374ULL, 0x7265616d73206964ULL }
};

/*
 * This tells a file from an earlier one with the same inode number. Files of overlayfs have no
 * generation, but their handles have a lower file's, which does not change when the file is copied
 * up.
 */
static int own_dir_generation(struct ditto_share *share, struct ditto_node *base, u32 *generation)
{
	struct ditto_fid fid = {};
	struct dentry *dentry;
	int err;

	*generation = base->inode->i_generation;
	if (!ditto_sb_is_overlay(base->inode->i_sb) || !share->volume->has_handles)
		return 0;
	dentry = ditto_node_dentry(base);
	err = ditto_fid_encode(dentry, false, &fid);
	dput(dentry);
	if (!err)
		*generation = lower_32_bits(siphash(&fid, sizeof(fid), &own_dir_hash));
	return err;
}

/*
 * The name of the directory of a file's streams. Files of subvolumes other than the share root's
 * may have the same numbers, files of its snapshots the same generations, too.
 */
static int own_dir_key(struct ditto_share *share, struct ditto_node *base,
		       char key[DITTO_KEY_LEN + 1])
{
	const struct inode *inode = base->inode;
	struct path path = { .mnt = share->root.mnt };
	u64 subvolume = share->subvolume;
	u32 generation;
	int len, err;

	err = own_dir_generation(share, base, &generation);
	if (err)
		return err;
	if (subvolume) {
		path.dentry = ditto_node_dentry(base);
		subvolume = ditto_path_subvolume(&path);
		dput(path.dentry);
		if (!subvolume)
			return -EIO;
	}
	len = scnprintf(key, DITTO_KEY_LEN + 1, "%016llx-%08x", (u64)inode->i_ino, generation);
	if (subvolume != share->subvolume)
		scnprintf(key + len, DITTO_KEY_LEN + 1 - len, "-%llx", subvolume);
	return 0;
}

/* The directory of one file's streams belongs to the owner of the file. */
static struct dentry *find_own_dir(struct ditto_share *share, struct dentry *parent,
				   struct ditto_node *base, const struct cred *maker)
{
	char key[DITTO_KEY_LEN + 1];
	const struct cred *old;
	struct dentry *child;
	int err;

	err = own_dir_key(share, base, key);
	if (err)
		return ERR_PTR(err);
	child = find_key(share, parent, key, base);
	if (child != ERR_PTR(-ENOENT) || !maker)
		return child;
	old = ditto_act_as(maker);
	child = ditto_dir_make(share, parent, key);
	err = IS_ERR(child) ? 0 : ditto_stream_give(share, base, child);
	ditto_op_leave(old);
	if (err) {
		ditto_stream_unmake_dir(share, child);
		dput(child);
		child = ERR_PTR(err);
	}
	return child;
}

/*
 * Get the directory of a file's streams. @maker: credential subject to quotas, to create the
 * directory in the name of the file's owner; NULL to create none. Context: the server's credential
 * is in place. Return: the directory, to be put, or an ERR_PTR: -ENOENT, -EDQUOT, other errors of
 * the file system.
 */
struct dentry *ditto_stream_dir(struct ditto_share *share, struct ditto_node *base,
				const struct cred *maker)
{
	struct dentry *dir = ditto_hidden_dir(share, DITTO_STREAMS, maker), *child;

	if (IS_ERR(dir))
		return dir;
	ditto_streams_reset(share);
	child = find_own_dir(share, dir, base, maker);
	dput(dir);
	return child;
}

/* The verifier is stored in the times, as for files. */
static int stamp_stream(struct ditto_share *share, struct dentry *child, const u8 *verf)
{
	struct inode *inode = d_inode(child);
	struct iattr ia = {
		.ia_valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET,
	};
	int err;

	ditto_verifier_to_times(verf, &ia.ia_atime, &ia.ia_mtime);
	inode_lock(inode);
	err = notify_change(ditto_idmap(share), child, &ia, NULL);
	inode_unlock(inode);
	return ditto_no_wait(err);
}

/*
 * Create a stream. @dir: directory of its streams, held; @maker: credential subject to quotas, not
 * NULL; @verf: 8 bytes to store in the stream's times, or NULL. Context: the server's credential is
 * in place. Return: the stream, or an existing one of this name, to be put; or an ERR_PTR: -ENOENT,
 * -EDQUOT, other errors of the file system.
 */
struct dentry *ditto_stream_create(struct ditto_share *share, const struct ditto_node *base,
				   struct ditto_node *dir, const struct ditto_name *name,
				   const struct cred *maker, const u8 *verf)
{
	struct dentry *parent = ditto_node_dentry(dir);
	struct mnt_idmap *idmap = ditto_idmap(share);
	struct inode *inode = dir->inode;
	const struct cred *old;
	struct dentry *child;
	int err = 0;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	child = IS_DEADDIR(inode) ? ERR_PTR(-ENOENT) :
		lookup_one(idmap, &QSTR_LEN(name->name, name->len), parent);
	if (!IS_ERR(child) && d_is_negative(child)) {
		old = ditto_act_as(maker);
		err = ditto_no_wait(vfs_create(idmap, child, S_IFREG | 0600, NULL));
		if (!err) {
			err = ditto_stream_give(share, base, child);
			if (!err && verf)
				err = stamp_stream(share, child, verf);
			if (err)
				vfs_unlink(idmap, inode, child, NULL);
		}
		ditto_op_leave(old);
	}
	inode_unlock(inode);
	dput(parent);
	if (!err)
		return child;
	dput(child);
	return ERR_PTR(err);
}
