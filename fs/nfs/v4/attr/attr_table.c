// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute table, one row each (RFC 8881 sections 5.6 and 5.7, RFC 7862 section
 * 12, RFC 8275, RFC 8276 section 8.6, RFC 9754), and the functions that encode and decode values.
 *
 * Not supported are: sacl, because nothing is audited; archive, because the server does
 * not know when a file was backed up (the DOS attribute of that name means the opposite);
 * fs_locations_info, because fs_locations says all that is known of links; space_freed, because
 * file systems do not report which blocks are shared by copies.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>

#include "../../../../net/server.h"
#include "../../../share/share.h"
#include "../../rpc/decode.h"
#include "../engine/server.h"
#include "attr_put.h"

/* The superblock; NULL for the pseudo root. */
static const struct super_block *sb_of(const struct dnfs4_attr_src *src)
{
	if (src->fh->kind == DNFS4_FH_PSEUDO)
		return NULL;
	return src->fh->target.op.share->root.mnt->mnt_sb;
}

static const struct inode *root_of(const struct dnfs4_attr_src *src)
{
	if (src->fh->kind == DNFS4_FH_PSEUDO)
		return NULL;
	return d_inode(src->fh->target.op.share->root.dentry);
}

static __be32 *encode_true(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, true);
}

/* Encoding, in order of attribute numbers */

static __be32 *encode_supported_attrs(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_fill_bitmap(p, &src->supported);
}

static __be32 *encode_fh_expire_type(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, NFS4_FH_PERSISTENT);
}

static __be32 *encode_link_support(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct inode *root = root_of(src);

	return dnfs4_put_u32(p, root && root->i_op->link);
}

static __be32 *encode_symlink_support(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct inode *root = root_of(src);

	return dnfs4_put_u32(p, root && root->i_op->symlink);
}

static __be32 *encode_named_attr(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, src->has_streams);
}

/*
 * Not unique if handles carry the parent directory: a file with hard links then has several. The
 * root of a share that is found by its name and by its path has two.
 */
static __be32 *encode_unique_handles(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, src->fh->kind == DNFS4_FH_PSEUDO ||
			     (!src->fh->target.op.share->is_subtree &&
			      !dnfs4_paths_are_served(src->cmp)));
}

static __be32 *encode_lease_time(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, READ_ONCE(src->cmp->server->srv->settings.lease_time_s));
}

static __be32 *encode_value(__be32 *p, const struct dnfs4_acl_value *value)
{
	memcpy(p, value->data, value->len);
	return p + value->len / XDR_UNIT;
}

static __be32 *encode_acl(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_value(p, &src->acl);
}

static __be32 *encode_aclsupport(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, ACL4_SUPPORT_ALLOW_ACL | ACL4_SUPPORT_DENY_ACL);
}

/* RFC 8881 section 5.8.2.2. Case sensitivity may vary by directory; the root's is given. */
static __be32 *encode_case_insensitive(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct inode *root = root_of(src);

	return dnfs4_put_u32(p, root && IS_CASEFOLDED(root));
}

static __be32 *encode_files_avail(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->files_avail);
}

static __be32 *encode_files_free(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->statfs.f_ffree);
}

static __be32 *encode_files_total(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->statfs.f_files);
}

static __be32 *encode_flag(__be32 *p, const struct dnfs4_attr_src *src, u32 flag)
{
	return dnfs4_put_u32(p, !!(src->dosattr.flags & flag));
}

static __be32 *encode_hidden(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_flag(p, src, DITTO_FLAG_HIDDEN);
}

static __be32 *encode_system(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_flag(p, src, DITTO_FLAG_SYSTEM);
}

static __be32 *encode_maxfilesize(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct super_block *sb = sb_of(src);

	return xdr_encode_hyper(p, sb ? sb->s_maxbytes : S64_MAX);
}

static __be32 *encode_maxlink(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct super_block *sb = sb_of(src);

	return dnfs4_put_u32(p, (sb ? sb->s_max_links : 0) ?: S32_MAX);
}

static __be32 *encode_maxname(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, min_t(u32, src->statfs.f_namelen ?: NAME_MAX, NAME_MAX));
}

static __be32 *encode_max_payload(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->cmp->call->max_payload);
}

static __be32 *encode_quota_avail_hard(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, ditto_quota_left(&src->quota));
}

static __be32 *encode_quota_avail_soft(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, ditto_quota_left_soft(&src->quota));
}

static __be32 *encode_quota_used(__be32 *p, const struct dnfs4_attr_src *src)
{
	return xdr_encode_hyper(p, src->quota.used);
}

static __be32 *encode_blocks(__be32 *p, const struct dnfs4_attr_src *src, u64 blocks)
{
	return xdr_encode_hyper(p, blocks * src->statfs.f_bsize);
}

static __be32 *encode_space_avail(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_blocks(p, src, src->statfs.f_bavail);
}

static __be32 *encode_space_free(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_blocks(p, src, src->statfs.f_bfree);
}

static __be32 *encode_space_total(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_blocks(p, src, src->statfs.f_blocks);
}

static __be32 *encode_time_create(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_time(p, &src->dosattr.btime);
}

static __be32 *encode_time_delta(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct super_block *sb = sb_of(src);
	const struct timespec64 delta = { .tv_nsec = (sb ? sb->s_time_gran : 0) ?: 1 };

	if (delta.tv_nsec >= NSEC_PER_SEC)
		return dnfs4_put_time(p, &(struct timespec64){
			.tv_sec = delta.tv_nsec / NSEC_PER_SEC });
	return dnfs4_put_time(p, &delta);
}

/* Changes of a directory are notified without delay. */
static __be32 *encode_no_time(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_time(p, &(struct timespec64){});
}

static __be32 *encode_dacl(__be32 *p, const struct dnfs4_attr_src *src)
{
	return encode_value(p, &src->dacl);
}

static __be32 *encode_suppattr_exclcreat(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_fill_bitmap(p, &src->exclcreat);
}

static __be32 *encode_clone_blksize(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct super_block *sb = sb_of(src);

	return dnfs4_put_u32(p, sb ? sb->s_blocksize : PAGE_SIZE);
}

/* The change attribute is a counter of the file system, or else the ctime. */
static __be32 *encode_change_attr_type(__be32 *p, const struct dnfs4_attr_src *src)
{
	const struct kstat *st = &src->attr.st;

	if (!(st->result_mask & STATX_CHANGE_COOKIE))
		return dnfs4_put_u32(p, NFS4_CHANGE_TYPE_IS_TIME_METADATA);
	if (st->attributes & STATX_ATTR_CHANGE_MONOTONIC)
		return dnfs4_put_u32(p, NFS4_CHANGE_TYPE_IS_MONOTONIC_INCR);
	return dnfs4_put_u32(p, NFS4_CHANGE_TYPE_IS_UNDEFINED);
}

/* RFC 7862 section 12.2.4: format 0, because the module of the server decides what labels mean. */
static __be32 *encode_sec_label(__be32 *p, const struct dnfs4_attr_src *src)
{
	p = dnfs4_put_u32(p, 0);
	p = dnfs4_put_u32(p, 0);
	return xdr_encode_opaque(p, src->label.context, src->label.len);
}

static __be32 *encode_xattr_support(__be32 *p, const struct dnfs4_attr_src *src)
{
	return dnfs4_put_u32(p, dnfs4_has_xattrs(src->fh));
}

/* Bitmaps of an open_arguments4. */
#define DNFS4_OPEN_ARGUMENTS_MAPS	5
#define ARGS_SHARE_ACCESS_WANT		2
/* Bits of open_arguments4 (RFC 9754 section 3.1): what OPEN supports, see op_open.c. */
#define ARGS_WANT_ANY_DELEG		3
#define ARGS_WANT_NO_DELEG		4
#define ARGS_WANT_CANCEL		5
#define ARGS_WANT_SIGNAL_AVAIL		17
#define ARGS_WANT_DELEG_TIMESTAMPS	20
#define ARGS_WANT_OPEN_XOR_DELEGATION	21

static __be32 *encode_open_arguments(__be32 *p, const struct dnfs4_attr_src *src)
{
	u32 supported[DNFS4_OPEN_ARGUMENTS_MAPS] = {
		/* oa_share_access */
		BIT(NFS4_SHARE_ACCESS_READ) | BIT(NFS4_SHARE_ACCESS_WRITE) |
			BIT(NFS4_SHARE_ACCESS_BOTH),
		/* oa_share_deny */
		BIT(0) | BIT(NFS4_SHARE_DENY_READ) | BIT(NFS4_SHARE_DENY_WRITE) |
			BIT(NFS4_SHARE_DENY_BOTH),
		/* oa_share_access_want */
		BIT(ARGS_WANT_ANY_DELEG) | BIT(ARGS_WANT_NO_DELEG) | BIT(ARGS_WANT_CANCEL) |
			BIT(ARGS_WANT_SIGNAL_AVAIL) | BIT(ARGS_WANT_DELEG_TIMESTAMPS) |
			BIT(ARGS_WANT_OPEN_XOR_DELEGATION),
		/* oa_open_claim */
		BIT(NFS4_OPEN_CLAIM_NULL) | BIT(NFS4_OPEN_CLAIM_PREVIOUS) |
			BIT(NFS4_OPEN_CLAIM_DELEGATE_CUR) |
			BIT(NFS4_OPEN_CLAIM_DELEGATE_PREV) | BIT(NFS4_OPEN_CLAIM_FH) |
			BIT(NFS4_OPEN_CLAIM_DELEG_CUR_FH) | BIT(NFS4_OPEN_CLAIM_DELEG_PREV_FH),
		/* oa_create_mode */
		BIT(NFS4_CREATE_UNCHECKED) | BIT(NFS4_CREATE_GUARDED) |
			BIT(NFS4_CREATE_EXCLUSIVE) | BIT(NFS4_CREATE_EXCLUSIVE4_1),
	};

	if (!dnfs4_has_delegated_times(src->fh))
		supported[ARGS_SHARE_ACCESS_WANT] &= ~BIT(ARGS_WANT_DELEG_TIMESTAMPS);
	/* Each is a bitmap4 of one word. */
	for (size_t i = 0; i < ARRAY_SIZE(supported); i++) {
		p = dnfs4_put_u32(p, 1);
		p = dnfs4_put_u32(p, supported[i]);
	}
	return p;
}

/* Decoding */

static u32 get_mode_bits(struct dnfs4_compound *cmp, umode_t *mode)
{
	u32 raw;

	if (dnfs_decode_u32(cmp->in, &raw) < 0)
		return NFS4ERR_BADXDR;
	*mode = raw;
	return raw & ~S_IALLUGO ? NFS4ERR_INVAL : NFS4_OK;
}

static u32 get_size(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	if (dnfs_decode_u64(cmp->in, &sattr->set.size) < 0)
		return NFS4ERR_BADXDR;
	sattr->set.valid |= DITTO_SET_SIZE;
	return NFS4_OK;
}

/* acl and dacl are the same list: setting both is ambiguous. */
static u32 get_list(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
		    enum dnfs4_acl_attr attr)
{
	if (sattr->acl)
		return NFS4ERR_INVAL;
	sattr->set.valid |= DITTO_SET_ACL;
	return dnfs4_acl_read(cmp, attr, &sattr->acl);
}

static u32 get_acl(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_list(cmp, sattr, DNFS4_ACL);
}

static u32 get_dacl(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_list(cmp, sattr, DNFS4_DACL);
}

static u32 get_flag(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr, u32 flag)
{
	u32 value;

	if (dnfs_decode_u32(cmp->in, &value) < 0 || value > 1)
		return NFS4ERR_BADXDR;
	sattr->dosattr.valid |= DITTO_DOSATTR_FLAGS;
	sattr->dosattr.flags |= value ? flag : 0;
	return NFS4_OK;
}

static u32 get_hidden(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_flag(cmp, sattr, DITTO_FLAG_HIDDEN);
}

static u32 get_system(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_flag(cmp, sattr, DITTO_FLAG_SYSTEM);
}

static u32 get_mode(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	sattr->set.valid |= DITTO_SET_MODE;
	return get_mode_bits(cmp, &sattr->set.mode);
}

/* RFC 8275: the mode that the program gave, and the umask, which a default ACL overrides. */
static u32 get_mode_umask(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	umode_t umask;
	u32 status;

	status = get_mode_bits(cmp, &sattr->set.mode) ?: get_mode_bits(cmp, &umask);
	if (status)
		return status;
	/* Section 5: not together with mode. */
	if ((sattr->set.valid & DITTO_SET_MODE) || (umask & ~0777))
		return NFS4ERR_INVAL;
	sattr->set.valid |= DITTO_SET_MODE;
	sattr->umask = umask;
	return NFS4_OK;
}

static u32 get_sec_label(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	u32 format, policy, status;

	if (dnfs_decode_u32(cmp->in, &format) < 0 ||
	    dnfs_decode_u32(cmp->in, &policy) < 0)
		return NFS4ERR_BADXDR;
	status = dnfs4_decode_opaque(cmp, 2 * DITTO_LABEL_MAX, &sattr->label, &sattr->label_len);
	if (status)
		return status;
	if (format)
		return NFS4ERR_WRONG_LFS;
	return sattr->label_len && sattr->label_len <= DITTO_LABEL_MAX ? NFS4_OK :
									   NFS4ERR_BADLABEL;
}

/* Decodes an owner. An empty one is NFS4ERR_INVAL; BADOWNER is for one that is unknown. */
static u32 get_text(struct dnfs4_compound *cmp, const void **text, u32 *len)
{
	u32 status = dnfs4_decode_opaque(cmp, DNFS4_OWNER_MAX, text, len);

	if (status)
		return status;
	return *len ? NFS4_OK : NFS4ERR_INVAL;
}

static u32 get_owner(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	const void *text;
	u32 len, status;

	status = get_text(cmp, &text, &len);
	if (status)
		return status;
	sattr->set.valid |= DITTO_SET_UID;
	return dnfs4_owner_read(cmp, text, len, &sattr->set.uid);
}

static u32 get_owner_group(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	const void *text;
	u32 len, status;

	status = get_text(cmp, &text, &len);
	if (status)
		return status;
	sattr->set.valid |= DITTO_SET_GID;
	return dnfs4_group_read(cmp, text, len, &sattr->set.gid);
}

/* settime4 */
static u32 get_settime(struct dnfs4_compound *cmp, struct timespec64 *time, u32 *valid,
		       u32 explicit, u32 now)
{
	u32 how;

	if (dnfs_decode_u32(cmp->in, &how) < 0 || how > NFS4_SET_TO_CLIENT_TIME)
		return NFS4ERR_BADXDR;
	*valid |= how == NFS4_SET_TO_CLIENT_TIME ? explicit : now;
	return how == NFS4_SET_TO_CLIENT_TIME ? dnfs4_decode_time(cmp->in, time) : NFS4_OK;
}

static u32 get_time_access(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_settime(cmp, &sattr->set.atime, &sattr->set.valid, DITTO_SET_ATIME,
			   DITTO_SET_ATIME_NOW);
}

static u32 get_time_modify(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	return get_settime(cmp, &sattr->set.mtime, &sattr->set.valid, DITTO_SET_MTIME,
			   DITTO_SET_MTIME_NOW);
}

static u32 get_time_create(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	sattr->dosattr.valid |= DITTO_DOSATTR_BTIME;
	return dnfs4_decode_time(cmp->in, &sattr->dosattr.btime);
}

/* RFC 9754 section 5 */
static u32 get_time_deleg_access(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	sattr->times.has_atime = true;
	return dnfs4_decode_time(cmp->in, &sattr->times.atime);
}

static u32 get_time_deleg_modify(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr)
{
	sattr->times.has_mtime = true;
	return dnfs4_decode_time(cmp->in, &sattr->times.mtime);
}

/* The table */

#define NEED_STAT	DNFS4_NEED_STAT
#define NEED_FRESH	(DNFS4_NEED_STAT | DNFS4_NEED_FRESH)
#define NEED_INO	DNFS4_NEED_INO
#define NEED_STATFS	DNFS4_NEED_STATFS
#define NEED_QUOTA	DNFS4_NEED_QUOTA
#define NEED_EXTRA	(DNFS4_NEED_STAT | DNFS4_NEED_EXTRA)
#define NEED_HANDLE	DNFS4_NEED_HANDLE
#define NEED_USER	(DNFS4_NEED_STAT | DNFS4_NEED_OWNER)
#define NEED_GROUP	(DNFS4_NEED_STAT | DNFS4_NEED_GROUP)
#define NEED_STREAMS	DNFS4_NEED_STREAMS
#define NEED_MAPS	DNFS4_NEED_MAPS
#define NEED_ACL	DNFS4_NEED_ACL
#define NEED_LABEL	DNFS4_NEED_LABEL

#define MAY_R		DNFS4_ATTR_READ
#define MAY_W		DNFS4_ATTR_WRITE
#define MAY_WE		(DNFS4_ATTR_WRITE | DNFS4_ATTR_EXCL)
#define MAY_RWE		(DNFS4_ATTR_READ | DNFS4_ATTR_WRITE | DNFS4_ATTR_EXCL)

#define ROW(NAME, MINOR, MAY, NEED, BYTES, PUT, GET)	\
	[FATTR4_##NAME] = {				\
		.minor = MINOR,				\
		.flags = MAY_##MAY,			\
		.need = NEED,				\
		.bytes = BYTES,				\
		.put = PUT,				\
		.get = GET,				\
	}

/* Name, first minor version, operations, sources, length (0: it varies), encoder, decoder. */
const struct dnfs4_attr_row dnfs4_attr_rows[DNFS4_ATTR_MAX + 1] = {
	ROW(SUPPORTED_ATTRS, 0, R, NEED_MAPS, 0, encode_supported_attrs, NULL),
	ROW(TYPE, 0, R, NEED_STAT, 4, dnfs4_put_type, NULL),
	ROW(FH_EXPIRE_TYPE, 0, R, 0, 4, encode_fh_expire_type, NULL),
	ROW(CHANGE, 0, R, NEED_FRESH, 8, dnfs4_put_change, NULL),
	ROW(SIZE, 0, RWE, NEED_FRESH, 8, dnfs4_put_size, get_size),
	ROW(LINK_SUPPORT, 0, R, 0, 4, encode_link_support, NULL),
	ROW(SYMLINK_SUPPORT, 0, R, 0, 4, encode_symlink_support, NULL),
	ROW(NAMED_ATTR, 0, R, NEED_STREAMS, 4, encode_named_attr, NULL),
	ROW(FSID, 0, R, NEED_STAT, 16, dnfs4_put_fsid, NULL),
	ROW(UNIQUE_HANDLES, 0, R, 0, 4, encode_unique_handles, NULL),
	ROW(LEASE_TIME, 0, R, 0, 4, encode_lease_time, NULL),
	ROW(RDATTR_ERROR, 0, R, 0, 4, dnfs4_put_rdattr_error, NULL),
	ROW(ACL, 0, RWE, NEED_ACL, 0, encode_acl, get_acl),
	ROW(ACLSUPPORT, 0, R, 0, 4, encode_aclsupport, NULL),
	ROW(CANSETTIME, 0, R, 0, 4, encode_true, NULL),
	ROW(CASE_INSENSITIVE, 0, R, 0, 4, encode_case_insensitive, NULL),
	ROW(CASE_PRESERVING, 0, R, 0, 4, encode_true, NULL),
	ROW(CHOWN_RESTRICTED, 0, R, 0, 4, encode_true, NULL),
	ROW(FILEHANDLE, 0, R, NEED_HANDLE, 0, dnfs4_put_filehandle, NULL),
	ROW(FILEID, 0, R, NEED_INO, 8, dnfs4_put_fileid, NULL),
	ROW(FILES_AVAIL, 0, R, NEED_STATFS, 8, encode_files_avail, NULL),
	ROW(FILES_FREE, 0, R, NEED_STATFS, 8, encode_files_free, NULL),
	ROW(FILES_TOTAL, 0, R, NEED_STATFS, 8, encode_files_total, NULL),
	ROW(FS_LOCATIONS, 0, R, 0, 0, dnfs4_put_fs_locations, NULL),
	ROW(HIDDEN, 0, RWE, NEED_EXTRA, 4, encode_hidden, get_hidden),
	ROW(HOMOGENEOUS, 0, R, 0, 4, encode_true, NULL),
	ROW(MAXFILESIZE, 0, R, 0, 8, encode_maxfilesize, NULL),
	ROW(MAXLINK, 0, R, 0, 4, encode_maxlink, NULL),
	ROW(MAXNAME, 0, R, NEED_STATFS, 4, encode_maxname, NULL),
	ROW(MAXREAD, 0, R, 0, 8, encode_max_payload, NULL),
	ROW(MAXWRITE, 0, R, 0, 8, encode_max_payload, NULL),
	ROW(MODE, 0, RWE, NEED_STAT, 4, dnfs4_put_mode, get_mode),
	ROW(NO_TRUNC, 0, R, 0, 4, encode_true, NULL),
	ROW(NUMLINKS, 0, R, NEED_STAT, 4, dnfs4_put_numlinks, NULL),
	ROW(OWNER, 0, RWE, NEED_USER, 0, dnfs4_put_owner, get_owner),
	ROW(OWNER_GROUP, 0, RWE, NEED_GROUP, 0, dnfs4_put_owner_group, get_owner_group),
	ROW(QUOTA_AVAIL_HARD, 0, R, NEED_QUOTA, 8, encode_quota_avail_hard, NULL),
	ROW(QUOTA_AVAIL_SOFT, 0, R, NEED_QUOTA, 8, encode_quota_avail_soft, NULL),
	ROW(QUOTA_USED, 0, R, NEED_QUOTA, 8, encode_quota_used, NULL),
	ROW(RAWDEV, 0, R, NEED_STAT, 8, dnfs4_put_rawdev, NULL),
	ROW(SPACE_AVAIL, 0, R, NEED_STATFS, 8, encode_space_avail, NULL),
	ROW(SPACE_FREE, 0, R, NEED_STATFS, 8, encode_space_free, NULL),
	ROW(SPACE_TOTAL, 0, R, NEED_STATFS, 8, encode_space_total, NULL),
	ROW(SPACE_USED, 0, R, NEED_FRESH, 8, dnfs4_put_space_used, NULL),
	ROW(SYSTEM, 0, RWE, NEED_EXTRA, 4, encode_system, get_system),
	ROW(TIME_ACCESS, 0, R, NEED_FRESH, 12, dnfs4_put_time_access, NULL),
	ROW(TIME_ACCESS_SET, 0, W, 0, 0, NULL, get_time_access),
	ROW(TIME_CREATE, 0, RWE, NEED_EXTRA, 12, encode_time_create, get_time_create),
	ROW(TIME_DELTA, 0, R, 0, 12, encode_time_delta, NULL),
	ROW(TIME_METADATA, 0, R, NEED_FRESH, 12, dnfs4_put_time_metadata, NULL),
	ROW(TIME_MODIFY, 0, R, NEED_FRESH, 12, dnfs4_put_time_modify, NULL),
	ROW(TIME_MODIFY_SET, 0, W, 0, 0, NULL, get_time_modify),
	ROW(MOUNTED_ON_FILEID, 0, R, NEED_INO, 8, dnfs4_put_mounted_on_fileid, NULL),
	ROW(DIR_NOTIF_DELAY, 1, R, 0, 12, encode_no_time, NULL),
	ROW(DIRENT_NOTIF_DELAY, 1, R, 0, 12, encode_no_time, NULL),
	ROW(DACL, 1, RWE, NEED_ACL, 0, encode_dacl, get_dacl),
	ROW(SUPPATTR_EXCLCREAT, 1, R, NEED_MAPS, 0, encode_suppattr_exclcreat, NULL),
	ROW(CLONE_BLKSIZE, 2, R, 0, 4, encode_clone_blksize, NULL),
	ROW(CHANGE_ATTR_TYPE, 2, R, NEED_STAT, 4, encode_change_attr_type, NULL),
	ROW(SEC_LABEL, 2, RWE, NEED_LABEL, 0, encode_sec_label, get_sec_label),
	ROW(MODE_UMASK, 2, WE, 0, 0, NULL, get_mode_umask),
	ROW(XATTR_SUPPORT, 2, R, 0, 4, encode_xattr_support, NULL),
	ROW(TIME_DELEG_ACCESS, 2, W, 0, 0, NULL, get_time_deleg_access),
	ROW(TIME_DELEG_MODIFY, 2, W, 0, 0, NULL, get_time_deleg_modify),
	ROW(OPEN_ARGUMENTS, 2, R, 0, 8 * DNFS4_OPEN_ARGUMENTS_MAPS, encode_open_arguments, NULL),
};
