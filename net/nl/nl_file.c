// SPDX-License-Identifier: GPL-2.0-only
/* Files that requests of the administrator name by a path, see nl_file.h. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "../../fs/node/node.h"
#include "../../fs/op/op.h"
#include "../../fs/open/stream.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/share.h"
#include "../server.h"
#include "family.h"
#include "nl_file.h"

static int file_find_share(struct genl_info *info, const struct nlattr *share,
			   struct ditto_nl_file *file)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));

	file->share = ditto_share_get_by_file(srv, &file->path, share ? nla_data(share) : NULL);
	if (!file->share) {
		if (share)
			NL_SET_ERR_MSG_ATTR_FMT(info->extack, share,
						"the file is in no share \"%.40s\"",
						(const char *)nla_data(share));
		else
			NL_SET_ERR_MSG(info->extack, "the file is in no share");
		return -ENOENT;
	}
	if (ditto_is_below_hidden(file->share, file->path.dentry)) {
		NL_SET_ERR_MSG(info->extack,
			       "the file is the server's own, which no client can reach");
		return -ENOENT;
	}
	return 0;
}

/*
 * Find the file that a request names. @path: attribute with the path, or NULL; it is resolved in
 * the caller's context, and symbolic links are followed; @share: attribute with the name of the
 * share, or NULL for the innermost one. Return: 0 or a negative errno, with a message in the
 * extack.
 */
int ditto_nl_file_get(struct genl_info *info, const struct nlattr *path,
		      const struct nlattr *share, struct ditto_nl_file *file)
{
	char *text;
	int err;

	*file = (struct ditto_nl_file) {};
	if (!path) {
		NL_SET_ERR_MSG(info->extack, "which file? give its path");
		return -EINVAL;
	}
	file->buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!file->buffer)
		return -ENOMEM;
	err = kern_path(nla_data(path), LOOKUP_FOLLOW, &file->path);
	if (err) {
		NL_SET_ERR_MSG_ATTR(info->extack, path, "there is no such file");
		goto put;
	}
	err = file_find_share(info, share, file);
	if (err)
		goto put;
	file->node = ditto_node_get(file->share, file->path.dentry);
	if (IS_ERR(file->node)) {
		err = PTR_ERR(file->node);
		file->node = NULL;
		goto put;
	}
	text = d_path(&file->path, file->buffer, PATH_MAX);
	file->text = IS_ERR(text) ? "?" : text;
	return 0;

put:
	ditto_nl_file_put(file);
	return err;
}

/* Drop what a file holds. */
void ditto_nl_file_put(struct ditto_nl_file *file)
{
	if (file->node)
		ditto_node_put(file->node);
	if (file->share)
		ditto_share_put(file->share);
	if (file->path.dentry)
		path_put(&file->path);
	kfree(file->buffer);
}

/* Become able to act on a file as an administrator of its share. Return: 0 or -ENOMEM. */
int ditto_nl_file_op(const struct ditto_nl_file *file, struct ditto_op *op)
{
	const struct ditto_verdict verdict = {
		.level = DITTO_ACCESS_WRITE, .squash = DITTO_SQUASH_NONE,
	};
	const struct ditto_ident ident = {
		.uid = GLOBAL_ROOT_UID, .gid = GLOBAL_ROOT_GID, .proven = true, .admin = true,
	};
	/* The options of the share may ask the helper for root's groups. */
	struct ditto_share_opts *opts = ditto_share_opts_alloc();

	*op = (struct ditto_op) {
		.srv = file->share->srv, .share = file->share, .writable = true,
	};
	if (!opts)
		return -ENOMEM;
	op->cred = ditto_cred_get(op->srv, opts, &verdict, &ident);
	ditto_share_opts_free(opts);
	return PTR_ERR_OR_ZERO(op->cred);
}
