// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading of what attributes are made from. Each source is read once, and only if a
 * requested attribute needs it.
 */
#include <linux/fs.h>

#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../../../op/check/rights.h"
#include "../../../open/stream.h"
#include "../../../share/link.h"
#include "../../../share/share.h"
#include "../engine/server.h"
#include "attr_private.h"

/* The pseudo root and the directories below: readable for all, never writable. */
#define PSEUDO_MODE	(S_IFDIR | 0555)
#define PSEUDO_FILEID	1

/*
 * Number of a share's entry in the pseudo root. Return: its fileid there, which is also its cookie;
 * positive, never 1 or 2.
 */
u64 dnfs4_pseudo_fileid(const struct ditto_share *share)
{
	/* Positive as a cookie, and distinct from reserved cookies and the root's fileid. */
	return max(share->tag >> 1, 3ULL);
}

static void read_pseudo(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			struct dnfs4_attr_src *src)
{
	u64 changed = ditto_shares_changed(cmp->server->srv);
	struct kstat *st = &src->attr.st;

	memset(&src->attr, 0, sizeof(src->attr));
	memset(&src->statfs, 0, sizeof(src->statfs));
	st->result_mask = STATX_BASIC_STATS | STATX_CHANGE_COOKIE;
	st->attributes = STATX_ATTR_CHANGE_MONOTONIC;
	st->mode = PSEUDO_MODE;
	st->nlink = 2;
	st->ino = fh->path_id ?: PSEUDO_FILEID;
	st->uid = GLOBAL_ROOT_UID;
	st->gid = GLOBAL_ROOT_GID;
	st->size = PAGE_SIZE;
	st->mtime = ns_to_timespec64(changed);
	st->ctime = st->mtime;
	st->atime = st->mtime;
	src->attr.change = changed;
	src->mounted_on = st->ino;
}

/*
 * A named attribute directory belongs to its file and has the permissions of the file.
 * Search permission of the directory follows from read permission of the file.
 */
static int read_attrdir(const struct dnfs4_fh *fh, struct ditto_attr *attr)
{
	struct kstat *st = &attr->st;
	struct ditto_op op = fh->target.op;
	struct ditto_attr dir;
	int err;

	err = ditto_getattr(op.share, fh->target.node, attr);
	if (err)
		return err;
	st->mode = S_IFDIR | (st->mode & 0666) | ((st->mode & 0444) >> 2);
	st->ino ^= BIT_ULL(63);
	st->nlink = 2;
	st->rdev = 0;
	st->size = 0;
	st->blocks = 0;
	attr->change = 0;
	err = ditto_stream_dir_attr(&op, fh->target.node, &dir);
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	attr->change = dir.change;
	st->size = dir.st.size;
	st->blocks = dir.st.blocks;
	st->atime = dir.st.atime;
	st->mtime = dir.st.mtime;
	st->ctime = dir.st.ctime;
	return 0;
}

/* Number of what the root of a share or of a file system within it covers. */
static noinline_for_stack u64 share_mounted_on(const struct ditto_share *share)
{
	struct ditto_attr attr;

	if (!share->outer)
		return dnfs4_pseudo_fileid(share);
	/* A root that covers another one has the number of what that covers. */
	while (share->outer->outer && share->covered == share->outer->root.dentry)
		share = share->outer;
	return ditto_getattr_dentry(share->outer, share->covered, &attr) ? 0 : attr.mounted_on;
}

static int read_stat(const struct dnfs4_fh *fh, struct dentry *dentry, u32 need,
		     struct dnfs4_attr_src *src)
{
	const struct ditto_share *share = fh->target.op.share;
	const struct inode *inode;
	int err;

	if (fh->kind == DNFS4_FH_ATTRDIR && !dentry) {
		err = read_attrdir(fh, &src->attr);
		src->mounted_on = src->attr.st.ino;
		return err;
	}
	if (dentry)
		err = ditto_getattr_dentry(fh->target.op.share, dentry, &src->attr);
	else if (need & DNFS4_NEED_FRESH)
		err = ditto_getattr_asked(&fh->target.op, fh->target.node, &src->attr);
	else
		err = ditto_getattr(fh->target.op.share, fh->target.node, &src->attr);
	if (err)
		return err;
	inode = dentry ? d_inode(dentry) : fh->target.node->inode;
	if (inode != d_inode(share->root.dentry))
		src->mounted_on = src->attr.mounted_on;
	else
		src->mounted_on = fh->path_id ?: share_mounted_on(share);
	return 0;
}

/* A file system without quotas: the attributes are dropped from the reply. */
static void read_quota(const struct dnfs4_fh *fh, u32 need, struct dnfs4_attr_src *src)
{
	static const u8 attrs[] = {
		FATTR4_QUOTA_AVAIL_HARD, FATTR4_QUOTA_AVAIL_SOFT, FATTR4_QUOTA_USED,
	};
	struct ditto_op op = fh->target.op;

	/* The free space was cut down to the quota already. */
	if (!(need & DNFS4_NEED_STATFS))
		ditto_quota(&op, &src->quota);
	if (src->quota.tracked)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		if (!dnfs4_bitmap_has(&src->map, attrs[i]))
			continue;
		dnfs4_bitmap_clear(&src->map, attrs[i]);
		src->bytes -= dnfs4_attr_rows[attrs[i]].bytes;
	}
}

static int one_is_enough(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	return 1;
}

/*
 * Return: the node of the file with a reference, or an ERR_PTR. For an entry of a listing, which
 * usually needs none, it is looked up.
 */
static struct ditto_node *node_of(const struct dnfs4_fh *fh, struct dentry *dentry)
{
	if (dentry)
		return ditto_node_get(fh->target.op.share, dentry);
	ditto_node_hold(fh->target.node);
	return fh->target.node;
}

static int read_streams(const struct dnfs4_fh *fh, struct dentry *dentry,
			struct dnfs4_attr_src *src)
{
	struct ditto_op op = fh->target.op;
	struct ditto_node *node;
	int ret;

	src->has_streams = false;
	if (fh->kind != DNFS4_FH_NODE || fh->named || !ditto_has_streams(op.share))
		return 0;
	node = node_of(fh, dentry);
	if (IS_ERR(node))
		return PTR_ERR(node);
	ret = ditto_stream_list(&op, node, one_is_enough, NULL);
	ditto_node_put(node);
	src->has_streams = ret > 0;
	return ret == -EOPNOTSUPP ? 0 : min(ret, 0);
}

static int read_acl(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    struct dentry *dentry, struct dnfs4_attr_src *src)
{
	struct ditto_op op = fh->target.op;
	struct ditto_node *node = node_of(fh, dentry);
	struct ditto_acl *acl;
	u32 rights;
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	/* RFC 8881 section 6.2.1.3.1: reading the list needs READ_ACL. */
	err = ditto_rights(&op, node, NULL, &rights);
	if (err)
		goto put;
	err = -EACCES;
	if (!(rights & DITTO_RIGHT_READ_ACL))
		goto put;
	acl = ditto_get_acl(&op, node);
	err = PTR_ERR_OR_ZERO(acl);
	if (err)
		goto put;
	if (dnfs4_bitmap_has(&src->map, FATTR4_ACL))
		err = dnfs4_acl_encode(cmp, acl, DNFS4_ACL, &src->acl);
	if (!err && dnfs4_bitmap_has(&src->map, FATTR4_DACL))
		err = dnfs4_acl_encode(cmp, acl, DNFS4_DACL, &src->dacl);
	ditto_acl_put(acl);
put:
	ditto_node_put(node);
	return err;
}

/* Free the buffers of @acl, @dacl, @label and @built, and drop @links. */
void dnfs4_attr_src_free(struct dnfs4_attr_src *src)
{
	if (likely(!src->acl.data && !src->dacl.data && !src->label.context && !src->built &&
		   !src->links))
		return;
	dnfs4_acl_value_free(&src->acl);
	dnfs4_acl_value_free(&src->dacl);
	ditto_label_free(&src->label);
	kvfree(src->built);
	src->built = NULL;
	ditto_links_put(src->links);
	src->links = NULL;
}

/* A file without a label: the attribute is dropped from the reply. */
static int read_label(const struct dnfs4_fh *fh, struct dentry *dentry, struct dnfs4_attr_src *src)
{
	struct dentry *alias = dentry ? dget(dentry) : ditto_node_dentry(fh->target.node);
	int err;

	ditto_label_free(&src->label);
	err = ditto_label_get(fh->target.op.share, alias, &src->label);
	dput(alias);
	if (err != -EOPNOTSUPP)
		return err;
	dnfs4_bitmap_clear(&src->map, FATTR4_SEC_LABEL);
	return 0;
}

/* Sources that are rarely needed. */
static int read_rest(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		     struct dentry *dentry, u32 need, struct dnfs4_attr_src *src)
{
	struct ditto_op op = fh->target.op;
	struct dentry *alias;
	int err;

	if (need & DNFS4_NEED_MAPS) {
		dnfs4_attrs_supported(cmp, fh, &src->supported);
		dnfs4_attrs_exclcreat(cmp, fh, &src->exclcreat);
	}
	if (need & DNFS4_NEED_STATFS && fh->kind != DNFS4_FH_PSEUDO) {
		err = ditto_quota_statfs(&op, fh->target.node, &src->statfs, &src->files_avail,
					 &src->quota);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_EXTRA) {
		alias = dentry ? dget(dentry) : ditto_node_dentry(fh->target.node);
		err = ditto_dosattr_get(op.share, alias, &src->attr.st, &src->dosattr);
		dput(alias);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_STREAMS) {
		err = read_streams(fh, dentry, src);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_ACL) {
		err = read_acl(cmp, fh, dentry, src);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_QUOTA)
		read_quota(fh, need, src);
	return need & DNFS4_NEED_LABEL ? read_label(fh, dentry, src) : 0;
}

#define DNFS4_NEED_REST	(DNFS4_NEED_MAPS | DNFS4_NEED_STATFS | DNFS4_NEED_EXTRA | \
			 DNFS4_NEED_STREAMS | DNFS4_NEED_QUOTA | DNFS4_NEED_ACL | \
			 DNFS4_NEED_LABEL)

/*
 * Read what a plan needs of a file. @entry: entry of a listing, with a dentry; NULL for the node of
 * @fh; @src: filled; for the first file its DNFS4_ATTR_SRC_CLEAR bytes must be zero. @owner,
 * @group, @memo and the buffers of @acl and @dacl are reused from the file before.
 * dnfs4_attr_src_free() must follow after the last file, also after an error. Return: 0 or an
 * errno, after which @src must not be encoded.
 */
int dnfs4_attr_read(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    const struct ditto_dirent *entry, const struct dnfs4_attr_plan *plan,
		    struct dnfs4_attr_src *src)
{
	struct dentry *dentry = entry ? entry->dentry : NULL;
	u32 need = plan->need;
	int err = 0;

	dnfs4_attr_begin(cmp, fh, plan, src);
	if (fh->kind == DNFS4_FH_PSEUDO)
		read_pseudo(cmp, fh, src);
	else if (need & (DNFS4_NEED_STAT | DNFS4_NEED_INO))
		err = read_stat(fh, dentry, need, src);
	if (err)
		return err;
	if (need & DNFS4_NEED_HANDLE) {
		err = entry ? dnfs4_fh_encode_entry(fh, entry, src->handle, &src->handle_len,
						    &src->memo)
			    : dnfs4_fh_encode(fh, src->handle, &src->handle_len);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_OWNER) {
		err = dnfs4_uid_name(cmp, src->attr.st.uid, &src->owner);
		if (err)
			return err;
	}
	if (need & DNFS4_NEED_GROUP) {
		err = dnfs4_gid_name(cmp, src->attr.st.gid, &src->group);
		if (err)
			return err;
	}
	return need & DNFS4_NEED_REST ? read_rest(cmp, fh, dentry, need, src) : 0;
}

/* Describe an entry whose attributes could not be read. */
void dnfs4_attr_fail(const struct dnfs4_attr_plan *plan, struct dnfs4_attr_src *src, u64 ino,
		     u32 error)
{
	static const u8 attrs[] = { FATTR4_RDATTR_ERROR, FATTR4_FILEID, FATTR4_MOUNTED_ON_FILEID };

	src->error = error;
	src->attr.st.ino = ino;
	src->mounted_on = ino;
	src->bytes = 0;
	memset(&src->map, 0, sizeof(src->map));
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		if (!dnfs4_bitmap_has(&plan->map, attrs[i]))
			continue;
		dnfs4_bitmap_set(&src->map, attrs[i]);
		src->bytes += dnfs4_attr_rows[attrs[i]].bytes;
	}
}
