// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files by their inode numbers. exportfs finds a file by a file id, which has more than the number,
 * and the name of one that is no directory only if the file id has its directory, too. Only btrfs
 * does with less: it takes generation 0 for any, and get_parent() finds a directory of any file.
 */
#include <linux/btrfs_tree.h>
#include <linux/dcache.h>
#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../../net/server.h"
#include "fid.h"
#include "node_private.h"
#include "share_types.h"

/* A file id of type FILEID_BTRFS_WITHOUT_PARENT, as btrfs reads it. */
struct btrfs_file_number {
	u64 ino;
	u64 subvolume;
	u32 generation;
} __packed;

static_assert(sizeof(struct btrfs_file_number) % sizeof(u32) == 0);

/* True if ditto_fileid_path() finds the files of the volume. Any context. */
bool ditto_volume_has_numbers(const struct ditto_volume *volume)
{
	return volume->has_handles && volume->sb->s_magic == BTRFS_SUPER_MAGIC;
}
EXPORT_SYMBOL_NS_GPL(ditto_volume_has_numbers, "DITTO");

/* For exportfs: a name that is known up to the root of the file system, and was not removed. */
static int is_connected(void *context, struct dentry *dentry)
{
	return !(READ_ONCE(dentry->d_flags) & DCACHE_DISCONNECTED) &&
	       (IS_ROOT(dentry) || !d_unhashed(dentry));
}

static struct dentry *number_to_dentry(struct ditto_share *share, u64 ino, u64 subvolume)
{
	const struct btrfs_file_number number = { .ino = ino, .subvolume = subvolume };
	int words = sizeof(number) / sizeof(u32), type = FILEID_BTRFS_WITHOUT_PARENT;
	struct super_block *sb = share->volume->sb;
	u32 raw[DITTO_FID_WORDS] = {};
	struct dentry *dentry, *parent;

	memcpy(raw, &number, sizeof(number));
	dentry = exportfs_decode_fh_raw(share->root.mnt, (struct fid *)raw, words, type, 0, NULL,
					NULL);
	if (IS_ERR_OR_NULL(dentry))
		return dentry;
	if (!d_is_dir(dentry)) {
		parent = sb->s_export_op->get_parent(dentry);
		if (IS_ERR(parent)) {
			dput(dentry);
			return parent;
		}
		words = DITTO_FID_WORDS;
		type = exportfs_encode_inode_fh(d_inode(dentry), (struct fid *)raw, &words,
						d_inode(parent), EXPORT_FH_CONNECTABLE);
		dput(parent);
	}
	dput(dentry);
	if (type < 0 || type == FILEID_INVALID)
		return ERR_PTR(-ESTALE);
	return exportfs_decode_fh_raw(share->root.mnt, (struct fid *)raw, words, type, 0,
				      is_connected, NULL);
}

/*
 * Find a file and a name of it by its inode number. The file may lie outside of the share, and
 * nothing is checked. Return: the name, to be put; -EOPNOTSUPP unless ditto_volume_has_numbers();
 * -ENOENT, -ENOMEM.
 */
struct dentry *ditto_dentry_by_number(struct ditto_share *share, u64 ino, u64 subvolume)
{
	const struct cred *old;
	struct dentry *dentry;

	if (!ditto_volume_has_numbers(share->volume))
		return ERR_PTR(-EOPNOTSUPP);
	/* Others are trees of btrfs itself. */
	if (subvolume != BTRFS_FS_TREE_OBJECTID && subvolume < BTRFS_FIRST_FREE_OBJECTID)
		return ERR_PTR(-ENOENT);
	/* Reconnecting the file to its directories must not depend on the caller's permissions. */
	old = override_creds(share->volume->srv->nodes->cred);
	dentry = number_to_dentry(share, ino, subvolume);
	revert_creds(old);
	if (dentry == ERR_PTR(-ENOMEM))
		return dentry;
	return IS_ERR_OR_NULL(dentry) ? ERR_PTR(-ENOENT) : dentry;
}
