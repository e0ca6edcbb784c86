// SPDX-License-Identifier: GPL-2.0-only
/* Ids of files, see fid.h. */

#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "fid.h"

/*
 * Get the id of a file from the file system. Return: 0, or -EOPNOTSUPP if the file system has no
 * usable id.
 */
int ditto_fid_encode(struct dentry *dentry, bool connectable, struct ditto_fid *fid)
{
	u32 raw[DITTO_FID_WORDS] = {};
	int type, len;

	len = ditto_fid_write(d_inode(dentry), dentry, NULL, connectable, raw, &type);
	if (len < 0)
		return len;
	fid->type = type;
	fid->len = len;
	memcpy(fid->raw, raw, sizeof(raw));
	return 0;
}

/*
 * Tell whether file ids can include the directory. Return: true if the file system can find the
 * directory of a file by the file's id.
 */
bool ditto_fid_connectable(struct inode *dir)
{
	u32 raw[DITTO_FID_WORDS] = {};
	int words = DITTO_FID_WORDS;
	int type;

	type = exportfs_encode_inode_fh(dir, (struct fid *)raw, &words, dir,
					EXPORT_FH_CONNECTABLE);
	return type > FILEID_ROOT && type < FILEID_INVALID;
}
