// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fattr4 to be set, and what of it goes another way than ditto_setattr().
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <kunit/visibility.h>

#include "../../acl.h"
#include "../../cred.h"
#include "../../node.h"
#include "attr_private.h"

/* Longest fattr4 that can be set: two owners and what else there is, with room to spare. */
#define ATTRS_BYTES_MAX		(2 * DNFS4_OWNER_MAX + 1024)

/*
 * May these be set at all? In the order of the RFC: what is not there (ATTRNOTSUPP) is told
 * before what can only be read (INVAL, RFC 8881 section 5.5).
 */
static u32 check_map(const struct dnfs4_compound *cmp, const struct dnfs4_bitmap *map, bool more)
{
	struct dnfs4_bitmap here;
	bool read_only = false;

	dnfs4_attrs_here(cmp, &cmp->current_fh, &here);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		unsigned long bits = map->word[i];
		unsigned int bit;

		if (map->word[i] & ~here.word[i])
			return NFS4ERR_ATTRNOTSUPP;
		for_each_set_bit(bit, &bits, 32)
			if (!(dnfs4_attr_rows[32 * i + bit].flags & DNFS4_ATTR_WRITE))
				read_only = true;
	}
	if (more)
		return NFS4ERR_ATTRNOTSUPP;
	return read_only ? NFS4ERR_INVAL : NFS4_OK;
}

static u32 get_values(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	u32 status;

	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		unsigned long bits = sattr->map.word[i];
		unsigned int bit;

		for_each_set_bit(bit, &bits, 32) {
			status = dnfs4_attr_rows[32 * i + bit].get(cmp, sattr);
			if (status)
				return status;
		}
	}
	return NFS4_OK;
}

/* Does something else than the umask say what new files get: 1, 0 or an errno. */
static int inherits(struct ditto_op *op, struct ditto_node *dir)
{
	struct posix_acl *acl;
	int ret;

	/* The type of what is made comes elsewhere in the request. */
	ret = ditto_acl_is_inherited(op, dir, false) ?: ditto_acl_is_inherited(op, dir, true);
	if (ret)
		return ret;
	acl = ditto_get_posix_acl(op, dir, ACL_TYPE_DEFAULT);
	if (IS_ERR_OR_NULL(acl))
		return PTR_ERR_OR_ZERO(acl);
	posix_acl_release(acl);
	return 1;
}

/* RFC 8275 section 5: the umask counts where no default ACL says what new files get. */
static u32 apply_umask(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	int ret = 0;

	if (cmp->current_fh.kind == DNFS4_FH_NODE && !dnfs4_fh_is_weak(&cmp->current_fh))
		ret = inherits(dnfs4_fs_op(cmp), dnfs4_node(cmp));
	if (ret == -EJUKEBOX)
		return NFS4ERR_DELAY;
	if (ret <= 0)
		sattr->set.mode &= ~sattr->umask;
	return NFS4_OK;
}

u32 dnfs4_decode_sattr(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	unsigned int begin;
	u32 status, len;
	bool more;

	memset(sattr, 0, sizeof(*sattr));
	status = dnfs4_decode_bitmap(cmp->in, &sattr->map, &more);
	if (status)
		return status;
	if (xdr_stream_decode_u32(cmp->in, &len) < 0 || len > ATTRS_BYTES_MAX ||
	    len > xdr_stream_remaining(cmp->in))
		return NFS4ERR_BADXDR;
	status = check_map(cmp, &sattr->map, more);
	if (status)
		return status;
	begin = xdr_stream_pos(cmp->in);
	status = get_values(cmp, sattr);
	if (status)
		return status;
	if (xdr_stream_pos(cmp->in) - begin != xdr_align_size(len))
		return NFS4ERR_BADXDR;
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_MODE_UMASK))
		status = apply_umask(cmp, sattr);
	return status;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_decode_sattr);

/* Of the flags that a file has, those change that were given. */
static int merge_flags(struct ditto_op *op, struct ditto_node *node,
		       const struct dnfs4_sattr *sattr, struct ditto_extra *extra)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_extra there;
	struct ditto_attr attr;
	u32 given = 0;
	int err;

	if (dnfs4_bitmap_has(&sattr->map, FATTR4_HIDDEN))
		given |= DITTO_FLAG_HIDDEN;
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_SYSTEM))
		given |= DITTO_FLAG_SYSTEM;
	err = ditto_getattr_dentry(op->share, dentry, &attr);
	if (!err)
		err = ditto_extra_get(op->share, dentry, &attr.st, &there);
	dput(dentry);
	if (!err)
		extra->flags = (there.flags & ~given) | (extra->flags & given);
	return err;
}

int dnfs4_sattr_extra(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr)
{
	struct ditto_extra extra = sattr->extra;
	int err = 0;

	if (!extra.valid)
		return 0;
	if (extra.valid & DITTO_EXTRA_FLAGS)
		err = merge_flags(op, node, sattr, &extra);
	return err ?: ditto_extra_set(op, node, &extra);
}

/* What of @extra the file has not, out of the map. */
static void check_extra(struct ditto_op *op, struct ditto_node *node,
			const struct dnfs4_sattr *sattr, const struct ditto_attr *attr,
			struct dnfs4_bitmap *map)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_extra there;
	u32 other;

	if (ditto_extra_get(op->share, dentry, &attr->st, &there))
		memset(&there, 0, sizeof(there));
	dput(dentry);
	other = there.flags ^ sattr->extra.flags;
	if (other & DITTO_FLAG_HIDDEN)
		dnfs4_bitmap_clear(map, FATTR4_HIDDEN);
	if (other & DITTO_FLAG_SYSTEM)
		dnfs4_bitmap_clear(map, FATTR4_SYSTEM);
	if (!timespec64_equal(&there.btime, &sattr->extra.btime))
		dnfs4_bitmap_clear(map, FATTR4_TIME_CREATE);
}

void dnfs4_sattr_made(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr, struct dnfs4_bitmap *map)
{
	struct ditto_attr attr;

	*map = sattr->map;
	if (!(sattr->set.valid & (DITTO_SET_UID | DITTO_SET_GID)) && !sattr->extra.valid)
		return;
	if (ditto_getattr(op->share, node, &attr)) {
		memset(map, 0, sizeof(*map));
		return;
	}
	if (!uid_eq(attr.st.uid, sattr->set.uid))
		dnfs4_bitmap_clear(map, FATTR4_OWNER);
	if (!gid_eq(attr.st.gid, sattr->set.gid))
		dnfs4_bitmap_clear(map, FATTR4_OWNER_GROUP);
	if (sattr->extra.valid)
		check_extra(op, node, sattr, &attr, map);
}
