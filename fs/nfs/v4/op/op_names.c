// SPDX-License-Identifier: GPL-2.0-only
/*
 * LINK, REMOVE and RENAME (RFC 8881 sections 18.9, 18.25, 18.26).
 *
 * REMOVE and RENAME also work on named attributes, which are streams of their file. LINK does
 * not. The current and the saved filehandle must be of the same share.
 */
#include <linux/fs.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../engine/ops.h"

struct name_args {
	struct ditto_name name;
};

struct name_res {
	struct ditto_wcc wcc;
};

static u32 name_decode(struct dnfs4_compound *cmp, void *args)
{
	struct name_args *a = args;

	return dnfs4_decode_name(cmp, &a->name);
}

static bool name_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct name_res *res = result;

	return dnfs4_encode_change_info(cmp->out, &res->wcc);
}

static u32 name_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return DNFS4_CHANGE_INFO_BYTES;
}

/* The saved filehandle is the file, the current one the directory for the new name. */
static u32 link_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct name_args *a = args;
	struct name_res *res = result;
	struct dnfs_target *file = &cmp->saved_fh.target;
	struct dnfs_target *dir = &cmp->current_fh.target;

	if (cmp->saved_fh.kind == DNFS4_FH_PSEUDO)
		return NFS4ERR_ISDIR;
	if (cmp->saved_fh.kind == DNFS4_FH_ATTRDIR || cmp->saved_fh.named)
		return cmp->minor ? NFS4ERR_WRONG_TYPE : NFS4ERR_INVAL;
	if (file->op.share != dir->op.share)
		return NFS4ERR_XDEV;
	if (dnfs4_fh_is_dir(cmp))
		return NFS4ERR_NOTDIR;
	if (S_ISDIR(file->node->inode->i_mode))
		return NFS4ERR_ISDIR;
	return dnfs4_status(cmp, ditto_link(&file->op, file->node, &dir->op, dir->node, &a->name,
					    &res->wcc));
}

const struct dnfs4_op dnfs4_op_link = {
	.name = "LINK",
	.flags = DNFS4_OP_FH | DNFS4_OP_SAVED | DNFS4_OP_CHANGES | DNFS4_OP_CACHED |
		 DNFS4_OP_NO_ATTRDIR | DNFS4_OP_QUICK,
	.pseudo_status = NFS4ERR_XDEV,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct name_args),
	.ressize = sizeof(struct name_res),
	.decode = name_decode,
	.exec = link_exec,
	.encode = name_encode,
	.reply = name_reply,
};

/*
 * The change attribute of a named attribute directory, after a change. What it was before is not
 * reported: nothing locks the directory around both.
 */
static void attrdir_after(struct dnfs4_compound *cmp, struct ditto_wcc *wcc)
{
	wcc->post_valid = !ditto_stream_dir_attr(dnfs4_fs_op(cmp), dnfs4_node(cmp), &wcc->post);
}

/* RFC 8881 section 6.2.1.3.1: changes need the permission to write named attributes. */
static int attrdir_check(struct dnfs4_compound *cmp)
{
	return ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp), DITTO_MAY_WRITE_XATTRS);
}

static u32 remove_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct ditto_node *node = dnfs4_node(cmp);
	const struct name_args *a = args;
	struct name_res *res = result;
	int err;

	if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR) {
		err = attrdir_check(cmp);
		if (err)
			return dnfs4_status(cmp, err);
		err = ditto_stream_remove(op, node, &a->name);
		attrdir_after(cmp, &res->wcc);
		return dnfs4_status(cmp, err);
	}
	if (dnfs4_fh_is_dir(cmp))
		return NFS4ERR_NOTDIR;
	/* The request does not distinguish files and directories; files are more frequent. */
	err = ditto_remove(op, node, &a->name, false, &res->wcc);
	if (err == -EISDIR)
		err = ditto_remove(op, node, &a->name, true, &res->wcc);
	return dnfs4_status(cmp, err);
}

const struct dnfs4_op dnfs4_op_remove = {
	.name = "REMOVE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED | DNFS4_OP_QUICK,
	.pseudo_status = NFS4ERR_ROFS,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct name_args),
	.ressize = sizeof(struct name_res),
	.decode = name_decode,
	.exec = remove_exec,
	.encode = name_encode,
	.reply = name_reply,
};

struct rename_args {
	struct ditto_name from;
	struct ditto_name to;
};

struct rename_res {
	struct ditto_wcc from;
	struct ditto_wcc to;
};

static u32 rename_decode(struct dnfs4_compound *cmp, void *args)
{
	struct rename_args *a = args;

	return dnfs4_decode_name(cmp, &a->from) ?: dnfs4_decode_name(cmp, &a->to);
}

/* The saved and the current filehandle are the directories of the old and of the new name. */
static u32 rename_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct rename_args *a = args;
	struct rename_res *res = result;
	struct dnfs_target *from = &cmp->saved_fh.target;
	struct dnfs_target *to = &cmp->current_fh.target;
	int err;

	if (cmp->saved_fh.kind != cmp->current_fh.kind)
		return NFS4ERR_XDEV;
	if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR) {
		if (from->node != to->node)
			return NFS4ERR_XDEV;
		err = attrdir_check(cmp);
		if (err)
			return dnfs4_status(cmp, err);
		err = ditto_stream_rename(&to->op, to->node, &a->from, &a->to,
					  DITTO_STREAM_OVER_ANY);
		attrdir_after(cmp, &res->from);
		res->to = res->from;
		return dnfs4_status(cmp, err);
	}
	if (from->op.share != to->op.share)
		return NFS4ERR_XDEV;
	if (dnfs4_fh_is_dir(cmp) || !S_ISDIR(from->node->inode->i_mode))
		return NFS4ERR_NOTDIR;
	return dnfs4_status(cmp, ditto_rename(&from->op, from->node, &a->from, &to->op, to->node,
					      &a->to, &res->from, &res->to));
}

static bool rename_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct rename_res *res = result;

	return dnfs4_encode_change_info(cmp->out, &res->from) &&
	       dnfs4_encode_change_info(cmp->out, &res->to);
}

static u32 rename_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return 2 * DNFS4_CHANGE_INFO_BYTES;
}

const struct dnfs4_op dnfs4_op_rename = {
	.name = "RENAME",
	.flags = DNFS4_OP_FH | DNFS4_OP_SAVED | DNFS4_OP_CHANGES | DNFS4_OP_CACHED |
		 DNFS4_OP_QUICK,
	.pseudo_status = NFS4ERR_ROFS,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct rename_args),
	.ressize = sizeof(struct rename_res),
	.decode = rename_decode,
	.exec = rename_exec,
	.encode = rename_encode,
	.reply = rename_reply,
};
