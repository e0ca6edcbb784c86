// SPDX-License-Identifier: GPL-2.0-only
/*
 * Procedures of NFS version 3 that look up, create, remove and rename. Section numbers are
 * those of RFC 1813.
 *
 * Procedures that change a directory return its attributes before and after, also if they fail.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "../../node/node.h"
#include "../../op/attr.h"
#include "types.h"

/* 3.3.3 */
int dnfs3_lookup(struct dnfs_call *call)
{
	const struct dnfs3_dirop_args *args = call->args;
	struct dnfs3_lookup_res *res = call->res;
	struct dnfs_target target;
	struct ditto_node *node;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &target);
	if (err)
		return err;

	err = ditto_lookup(&target.op, target.node, &args->where.name, &node);
	if (!err) {
		err = dnfs_node_handle(target.op.share, node, &res->handle);
		if (!err)
			res->attr.valid = !ditto_getattr(target.op.share, node,
							 &res->attr.attr);
		ditto_node_put(node);
	}
	dnfs_post_attr_get(&target, &res->dir_attr);
	dnfs_target_put(&target);
	return err;
}

/*
 * Fills the results for a new object. It exists whatever fails now, so a filehandle or
 * attributes that cannot be had are left out.
 */
static void made_or_not(struct dnfs_target *dir, int err, struct ditto_node *node,
			struct dnfs3_create_res *res)
{
	if (err) {
		if (!res->wcc.post_valid)
			dnfs_wcc_unchanged(dir, &res->wcc);
		return;
	}
	if (dnfs_node_handle(dir->op.share, node, &res->handle))
		res->handle.len = 0;
	res->attr.valid = !ditto_getattr(dir->op.share, node, &res->attr.attr);
	ditto_node_put(node);
}

/* 3.3.8 */
int dnfs3_create(struct dnfs_call *call)
{
	static const enum ditto_create_how hows[] = {
		[UNCHECKED]	= DITTO_CREATE_UNCHECKED,
		[GUARDED]	= DITTO_CREATE_GUARDED,
		[EXCLUSIVE]	= DITTO_CREATE_EXCLUSIVE,
	};
	const struct dnfs3_create_args *args = call->args;
	struct dnfs3_create_res *res = call->res;
	struct dnfs_target dir;
	struct ditto_setattr set;
	struct ditto_node *node = NULL;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &dir);
	if (err)
		return err;
	err = dnfs3_setattr_of(call, &args->sattr, &set);
	if (!err)
		err = ditto_create(&dir.op, dir.node, &args->where.name, hows[args->how],
				   &set, args->verf, &node, &res->wcc);
	made_or_not(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

/* 3.3.9 */
int dnfs3_mkdir(struct dnfs_call *call)
{
	const struct dnfs3_mkdir_args *args = call->args;
	struct dnfs3_create_res *res = call->res;
	struct dnfs_target dir;
	struct ditto_setattr set;
	struct ditto_node *node = NULL;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &dir);
	if (err)
		return err;
	err = dnfs3_setattr_of(call, &args->sattr, &set);
	if (!err)
		err = ditto_mkdir(&dir.op, dir.node, &args->where.name, &set, &node, &res->wcc);
	made_or_not(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

/* 3.3.10 */
int dnfs3_symlink(struct dnfs_call *call)
{
	const struct dnfs3_symlink_args *args = call->args;
	struct dnfs3_create_res *res = call->res;
	struct dnfs_target dir;
	struct ditto_setattr set;
	struct ditto_node *node = NULL;
	char *target;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &dir);
	if (err)
		return err;
	target = dnfs_link_text(&args->target);
	if (IS_ERR(target)) {
		err = PTR_ERR(target);
		goto out;
	}
	err = dnfs3_setattr_of(call, &args->sattr, &set);
	if (!err)
		err = ditto_symlink(&dir.op, dir.node, &args->where.name, target, &set,
				    &node, &res->wcc);
	kfree(target);
out:
	made_or_not(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

static int rdev_of(const struct dnfs3_mknod_args *args, dev_t *rdev)
{
	*rdev = 0;
	if (args->type != NF3CHR && args->type != NF3BLK)
		return 0;
	*rdev = MKDEV(args->major, args->minor);
	return MAJOR(*rdev) == args->major && MINOR(*rdev) == args->minor ? 0 : -EINVAL;
}

/* 3.3.11 */
int dnfs3_mknod(struct dnfs_call *call)
{
	static const umode_t types[] = {
		[NF3BLK]	= S_IFBLK,
		[NF3CHR]	= S_IFCHR,
		[NF3SOCK]	= S_IFSOCK,
		[NF3FIFO]	= S_IFIFO,
	};
	const struct dnfs3_mknod_args *args = call->args;
	struct dnfs3_create_res *res = call->res;
	struct dnfs_target dir;
	struct ditto_setattr set;
	struct ditto_node *node = NULL;
	dev_t rdev;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &dir);
	if (err)
		return err;
	err = types[args->type] ? 0 : -EBADTYPE;
	if (!err)
		err = rdev_of(args, &rdev);
	if (!err)
		err = dnfs3_setattr_of(call, &args->sattr, &set);
	if (!err)
		err = ditto_mknod(&dir.op, dir.node, &args->where.name, types[args->type],
				  rdev, &set, &node, &res->wcc);
	made_or_not(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

static int dnfs3_unlink(struct dnfs_call *call, bool is_dir)
{
	const struct dnfs3_dirop_args *args = call->args;
	struct dnfs3_wcc_res *res = call->res;
	struct dnfs_target dir;
	int err;

	err = dnfs_target_get(call, &args->where.dir, &dir);
	if (err)
		return err;
	err = ditto_remove(&dir.op, dir.node, &args->where.name, is_dir, &res->wcc);
	dnfs_target_put(&dir);
	return err;
}

/* 3.3.12 */
int dnfs3_remove(struct dnfs_call *call)
{
	return dnfs3_unlink(call, false);
}

/* 3.3.13 */
int dnfs3_rmdir(struct dnfs_call *call)
{
	return dnfs3_unlink(call, true);
}

/* 3.3.14: the directories may be in different shares, and access to each is checked. */
int dnfs3_rename(struct dnfs_call *call)
{
	const struct dnfs3_rename_args *args = call->args;
	struct dnfs3_rename_res *res = call->res;
	struct dnfs_target from, to;
	int err;

	err = dnfs_target_get(call, &args->from.dir, &from);
	if (err)
		return err;
	err = dnfs_target_get(call, &args->to.dir, &to);
	if (!err) {
		err = ditto_rename(&from.op, from.node, &args->from.name,
				   &to.op, to.node, &args->to.name, &res->from, &res->to);
		dnfs_target_put(&to);
	} else {
		dnfs_wcc_unchanged(&from, &res->from);
	}
	dnfs_target_put(&from);
	return err;
}

/* 3.3.15 */
int dnfs3_link(struct dnfs_call *call)
{
	const struct dnfs3_link_args *args = call->args;
	struct dnfs3_link_res *res = call->res;
	struct dnfs_target target, dir;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = dnfs_target_get(call, &args->link.dir, &dir);
	if (!err) {
		err = ditto_link(&target.op, target.node, &dir.op, dir.node,
				 &args->link.name, &res->wcc);
		dnfs_target_put(&dir);
	}
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}
