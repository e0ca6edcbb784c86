// SPDX-License-Identifier: GPL-2.0-only
/* The file of a slow call, see slow_file.h. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../net/slow_call.h"
#include "../node/node.h"
#include "share.h"
#include "slow_file.h"

static_assert(sizeof_field(struct ditto_slow_call, share) > DITTO_SHARE_NAME_MAX);

/* Return: the path of a file, to be freed with kfree(); NULL if it has no name, or no memory. */
static char *path_find(const struct ditto_share *share, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	char *buffer = kmalloc(PATH_MAX, GFP_KERNEL | __GFP_NOWARN);
	char *found = ERR_PTR(-ENOENT), *path = NULL;

	/* d_path() would show an unlinked file with its former name. */
	if (buffer && !d_unlinked(dentry))
		found = d_path(&(struct path){ .mnt = share->root.mnt, .dentry = dentry },
			       buffer, PATH_MAX);
	if (!IS_ERR(found))
		path = kstrdup(found, GFP_KERNEL | __GFP_NOWARN);
	kfree(buffer);
	dput(dentry);
	return path;
}

/**
 * ditto_slow_call_file - note the file that a call is about
 * @call: its record
 * @share: the share, held; or NULL
 * @node: the file, held
 * @awaited: the call waits for it, so it is the file whatever is noted later
 *
 * A path is looked for only if the call is slow already, or waits.
 */
void ditto_slow_call_file(struct ditto_slow_call *call, const struct ditto_share *share,
			  struct ditto_node *node, bool awaited)
{
	if (share)
		strscpy(call->share, share->name);
	if (call->awaited && !awaited)
		return;
	call->awaited = awaited;
	call->fileid = node->inode->i_ino;
	if (!awaited && !ditto_slow_call_is_slow(call))
		return;
	kfree(call->path);
	call->path = NULL;
	/* A file system within the share has another mount. */
	if (share && share->root.mnt->mnt_sb == node->inode->i_sb)
		call->path = path_find(share, node);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_file, "DITTO");
