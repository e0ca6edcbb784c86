// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding of a fattr4 to be set, and the attributes that ditto_setattr() does not set.
 *
 * Decoded attributes pass dnfs4_sattr_fit() before they are used, because mode, umask and list
 * depend on the file or its directory. DOS attributes and birth time are set after the others.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "../../../node/node.h"
#include "../../../share/cred.h"
#include "../../rpc/decode.h"
#include "attr_private.h"

/* Bytes of the longest fattr4 to be set: two owners, a list, a label, and a margin for the rest. */
#define ATTRS_BYTES_MAX		(2 * DNFS4_OWNER_MAX + DNFS4_ACL_READ_MAX + DITTO_LABEL_MAX + 1024)

/*
 * Checks that the attributes can be set. Attributes that are not supported
 * (NFS4ERR_ATTRNOTSUPP) are reported before read-only ones (NFS4ERR_INVAL), in the order of
 * RFC 8881 section 5.5.
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

/* RFC 8275 section 5: the umask applies unless the directory decides the mode of new files. */
static u32 apply_umask(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr, bool is_dir)
{
	struct posix_acl *acl;
	int says;

	if (cmp->current_fh.kind != DNFS4_FH_NODE || dnfs4_fh_is_weak(&cmp->current_fh))
		goto apply;
	/* A default ACL of the directory decides. If it cannot be read there is none. */
	acl = ditto_get_posix_acl(dnfs4_fs_op(cmp), dnfs4_node(cmp), ACL_TYPE_DEFAULT);
	if (PTR_ERR_OR_ZERO(acl) == -EJUKEBOX)
		return dnfs4_status(cmp, -EJUKEBOX);
	if (!IS_ERR_OR_NULL(acl)) {
		posix_acl_release(acl);
		return NFS4_OK;
	}
	says = ditto_acl_is_inherited(dnfs4_fs_op(cmp), dnfs4_node(cmp), is_dir);
	if (says)
		return says < 0 ? dnfs4_status(cmp, says) : NFS4_OK;
apply:
	sattr->set.mode &= ~sattr->umask;
	return NFS4_OK;
}

/* RFC 8881 section 6.4.1.3: the mode is applied first, then the list, which takes precedence. */
static int mode_of_list(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
			struct ditto_node *node)
{
	struct ditto_setattr *set = &sattr->set;
	struct ditto_attr attr;
	kuid_t uid;
	kgid_t gid;
	int err;

	/* The directory may decide about the group of a new file. */
	if (!node) {
		set->valid |= DITTO_SET_MODE_IF_NO_ACL;
		return 0;
	}
	err = ditto_getattr(dnfs4_fs_op(cmp)->share, node, &attr);
	if (err)
		return err;
	uid = set->valid & DITTO_SET_UID ? set->uid : attr.st.uid;
	gid = set->valid & DITTO_SET_GID ? set->gid : attr.st.gid;
	set->mode = (set->mode & ~0777) | ditto_acl_mode(sattr->acl, uid, gid);
	return 0;
}

/*
 * Adapt decoded attributes to the file they are for. @node: the file; NULL if it is to be created.
 * Applies the umask of mode_umask, and computes the mode if both mode and list are set. Mode and
 * list of a symbolic link are ignored. Return: NFS4_OK; NFS4ERR_ATTRNOTSUPP or NFS4ERR_INVAL for a
 * list that is not valid for the type; NFS4ERR_INVAL for times of a delegation with a new file;
 * NFS4ERR_DELAY; others of dnfs4_status().
 */
u32 dnfs4_sattr_fit(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
		    struct ditto_node *node, umode_t type)
{
	bool is_dir = S_ISDIR(type);
	struct ditto_acl *there;
	u32 status;
	int err;

	/* RFC 9754 section 5: only the holder of a delegation sets these. */
	if (!node && (sattr->times.has_atime || sattr->times.has_mtime))
		return NFS4ERR_INVAL;
	if (sattr->acl) {
		status = dnfs4_acl_fits(sattr->acl, is_dir);
		if (status)
			return status;
	}
	/* Mode and list have no meaning for a symbolic link. */
	if (S_ISLNK(type)) {
		sattr->set.valid &= ~(DITTO_SET_MODE | DITTO_SET_ACL);
		dnfs4_bitmap_clear(&sattr->map, FATTR4_MODE);
		dnfs4_bitmap_clear(&sattr->map, FATTR4_MODE_UMASK);
		dnfs4_bitmap_clear(&sattr->map, FATTR4_ACL);
		dnfs4_bitmap_clear(&sattr->map, FATTR4_DACL);
	}
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_MODE_UMASK)) {
		status = apply_umask(cmp, sattr, is_dir);
		if (status)
			return status;
	}
	if (sattr->acl && (sattr->set.valid & DITTO_SET_MODE)) {
		err = mode_of_list(cmp, sattr, node);
		if (err)
			return dnfs4_status(cmp, err);
	}
	if (!node || !dnfs4_bitmap_has(&sattr->map, FATTR4_ACL))
		return NFS4_OK;
	/*
	 * The attribute acl cannot carry the PROTECTED flag, and setting it does not ask for
	 * inheritance from now on: the flag is kept.
	 */
	there = ditto_get_acl(dnfs4_fs_op(cmp), node);
	if (IS_ERR(there))
		return dnfs4_status(cmp, PTR_ERR(there));
	sattr->acl->flags |= there->flags & DITTO_ACL_PROTECTED;
	ditto_acl_put(there);
	return NFS4_OK;
}

/* Drop what decoded attributes refer to. */
void dnfs4_sattr_free(struct dnfs4_sattr *sattr)
{
	ditto_acl_put(sattr->acl);
	sattr->acl = NULL;
}

/*
 * Decode a fattr4 to be set. @sattr: filled; to be freed with dnfs4_sattr_free() by the operation's
 * release, also after an error. Attributes that are not supported are reported before those that
 * are read-only. Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_ATTRNOTSUPP; NFS4ERR_INVAL (read-only, or
 * an invalid value); NFS4ERR_BADOWNER; NFS4ERR_NOSPC (a list that is too long); NFS4ERR_WRONG_LFS
 * or NFS4ERR_BADLABEL; NFS4ERR_DELAY while the helper is asked for a name.
 */
u32 dnfs4_decode_sattr(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	unsigned int begin;
	u32 status, len;
	bool more;

	memset(sattr, 0, sizeof(*sattr));
	status = dnfs4_decode_bitmap(cmp->in, &sattr->map, &more);
	if (status)
		return status;
	if (dnfs_decode_u32(cmp->in, &len) < 0 || len > ATTRS_BYTES_MAX ||
	    len > xdr_stream_remaining(cmp->in))
		return NFS4ERR_BADXDR;
	status = check_map(cmp, &sattr->map, more);
	if (status)
		return status;
	begin = xdr_stream_pos(cmp->in);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		unsigned long bits = sattr->map.word[i];
		unsigned int bit;

		for_each_set_bit(bit, &bits, 32) {
			status = dnfs4_attr_rows[32 * i + bit].get(cmp, sattr);
			if (status)
				return status;
		}
	}
	if (xdr_stream_pos(cmp->in) - begin != xdr_align_size(len))
		return NFS4ERR_BADXDR;
	sattr->set.acl = sattr->acl;
	return NFS4_OK;
}

/*
 * Set the security label. Return: NFS4_OK, also if there is nothing to set; NFS4ERR_ATTRNOTSUPP if
 * the file has no label; NFS4ERR_BADLABEL; others of dnfs4_status().
 */
u32 dnfs4_sattr_label(struct dnfs4_compound *cmp, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr)
{
	int err;

	if (!dnfs4_bitmap_has(&sattr->map, FATTR4_SEC_LABEL))
		return NFS4_OK;
	err = ditto_label_set(dnfs4_fs_op(cmp), node, sattr->label, sattr->label_len);
	if (err == -EOPNOTSUPP)
		return NFS4ERR_ATTRNOTSUPP;
	return err == -EINVAL ? NFS4ERR_BADLABEL : dnfs4_status(cmp, err);
}

/*
 * Set the DOS attributes and the birth time. DOS attributes that the client did not give are kept.
 * Return: 0, also if there is nothing to set, or an errno of ditto_dosattr_set().
 */
int dnfs4_sattr_dosattr(struct ditto_op *op, struct ditto_node *node,
			const struct dnfs4_sattr *sattr)
{
	struct ditto_dosattr dosattr = sattr->dosattr;

	if (!dosattr.valid)
		return 0;
	dosattr.keep = DITTO_FLAGS_KEPT;
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_HIDDEN))
		dosattr.keep &= ~DITTO_FLAG_HIDDEN;
	if (dnfs4_bitmap_has(&sattr->map, FATTR4_SYSTEM))
		dosattr.keep &= ~DITTO_FLAG_SYSTEM;
	return ditto_dosattr_set(op, node, &dosattr);
}

/*
 * Compute attrset for the reply of OPEN and CREATE. @map: filled: the attributes of @sattr that
 * took effect; an owner that the caller may not give the file to is left out.
 */
void dnfs4_sattr_made(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr, struct dnfs4_bitmap *map)
{
	struct ditto_dosattr there __uninitialized;
	struct ditto_attr attr __uninitialized;
	struct dentry *dentry;
	u32 other;

	*map = sattr->map;
	if (!(sattr->set.valid & (DITTO_SET_UID | DITTO_SET_GID)) && !sattr->dosattr.valid)
		return;
	if (ditto_getattr(op->share, node, &attr)) {
		memset(map, 0, sizeof(*map));
		return;
	}
	/* Attributes that did not take effect are not reported as set. */
	if (!uid_eq(attr.st.uid, sattr->set.uid))
		dnfs4_bitmap_clear(map, FATTR4_OWNER);
	if (!gid_eq(attr.st.gid, sattr->set.gid))
		dnfs4_bitmap_clear(map, FATTR4_OWNER_GROUP);
	if (!sattr->dosattr.valid)
		return;
	dentry = ditto_node_dentry(node);
	if (ditto_dosattr_get(op->share, dentry, &attr.st, &there))
		memset(&there, 0, sizeof(there));
	dput(dentry);
	other = there.flags ^ sattr->dosattr.flags;
	if (other & DITTO_FLAG_HIDDEN)
		dnfs4_bitmap_clear(map, FATTR4_HIDDEN);
	if (other & DITTO_FLAG_SYSTEM)
		dnfs4_bitmap_clear(map, FATTR4_SYSTEM);
	if (!timespec64_equal(&there.btime, &sattr->dosattr.btime))
		dnfs4_bitmap_clear(map, FATTR4_TIME_CREATE);
}
