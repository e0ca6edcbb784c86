/* SPDX-License-Identifier: GPL-2.0-only */
/* Ids of files, from the file system: fs/node/fid.c. */
#ifndef _DITTO_FS_NODE_FID_H
#define _DITTO_FS_NODE_FID_H

#include <linux/exportfs.h>
#include <linux/fs.h>

#include "node.h"

#define DITTO_FID_WORDS	((int)(DITTO_FID_MAX / sizeof(u32)))

/*
 * The same as exportfs_encode_fh(), of an entry of a directory if @dir is given. @dentry is needed
 * if @connectable is set.
 */
static inline int ditto_fid_ask(struct inode *inode, struct dentry *dentry, struct inode *dir,
				bool connectable, u32 *raw, int *words)
{
	*words = DITTO_FID_WORDS;
	if (!connectable)
		return exportfs_encode_inode_fh(inode, (struct fid *)raw, words, NULL, 0);
	if (!dir || S_ISDIR(inode->i_mode))
		return exportfs_encode_fh(dentry, (struct fid *)raw, words, EXPORT_FH_CONNECTABLE);
	return exportfs_encode_inode_fh(inode, (struct fid *)raw, words, dir,
					EXPORT_FH_CONNECTABLE);
}

/*
 * Have the file system write a file id into cleared words. Inlined, because listings do this for
 * each entry. Return: bytes, or -EOPNOTSUPP.
 */
static __always_inline int ditto_fid_write(struct inode *inode, struct dentry *dentry,
					   struct inode *dir, bool connectable, u32 *raw,
					   int *type)
{
	int words;

	*type = ditto_fid_ask(inode, dentry, dir, connectable, raw, &words);
	if (connectable && (*type < 0 || *type == FILEID_INVALID))
		*type = ditto_fid_ask(inode, dentry, NULL, false, raw, &words);
	if (*type <= FILEID_ROOT || *type >= FILEID_INVALID || words <= 0 ||
	    words > DITTO_FID_WORDS)
		return -EOPNOTSUPP;
	return words * sizeof(u32);
}

int ditto_fid_encode(struct dentry *dentry, bool connectable, struct ditto_fid *fid);
bool ditto_fid_connectable(struct inode *dir);

#endif
