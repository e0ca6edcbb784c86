// SPDX-License-Identifier: GPL-2.0-only
/* The path of a file that a client knows by its file id only. */
#include <linux/dcache.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../node/node_private.h"
#include "../op/name_private.h"
#include "../op/op_private.h"
#include "../op/walk.h"
#include "instance.h"

/*
 * The caller may know the path if it could walk it: this checks search permission for each
 * directory, hidden names, and that the path leads to the file and not to another file system.
 */
static int path_check(struct ditto_op *op, const char *path, u32 len, const struct inode *inode)
{
	struct ditto_share *nested;
	struct ditto_walk walk;
	struct ditto_node *root;
	u32 passed;
	int err;

	nested = ditto_walk_enter(op, path, len, true, &passed);
	if (!IS_ERR_OR_NULL(nested))
		ditto_share_put(nested);
	if (nested)
		return -ENOENT;
	root = ditto_node_get_root(op->share);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk_how(op, root, path, len, true, &walk);
	ditto_node_put(root);
	if (err)
		return err;
	if (!walk.node || walk.node->inode != inode)
		err = -ENOENT;
	ditto_walk_end(&walk);
	return err;
}

/**
 * ditto_fileid_path - get a path of a file within the share by its file id
 * @caller: the caller, who can search all directories of the path
 * @id: from ditto_attr_share_fileid()
 * @buf: as for ditto_instance_path()
 * @size: as for ditto_instance_path()
 *
 * A file with several names has the path of any of them.
 *
 * Return: as ditto_instance_path(), or ERR_PTR(): -EOPNOTSUPP unless ditto_volume_has_numbers();
 * -ENOENT if there is none in the share, or another file system covers it; -EACCES, -ENOMEM and
 * others.
 */
char *ditto_fileid_path(const struct ditto_op *caller, u64 id, char *buf, size_t size)
{
	struct ditto_op op = *caller;
	struct dentry *dentry;
	u64 ino, subvolume;
	char *path;
	int err;

	if (!ditto_attr_split_fileid(op.share, id, &ino, &subvolume))
		return ERR_PTR(-ENOENT);
	dentry = ditto_dentry_by_number(op.share, ino, subvolume);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);
	/* The granted rights concern an open file. */
	op.granted = 0;
	path = ditto_dentry_path(op.share, dentry, buf, size);
	err = PTR_ERR_OR_ZERO(path) ?: path_check(&op, path, buf + size - 1 - path,
						  d_inode(dentry));
	dput(dentry);
	return err ? ERR_PTR(err) : path;
}
EXPORT_SYMBOL_NS_GPL(ditto_fileid_path, "DITTO");
