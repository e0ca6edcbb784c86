// SPDX-License-Identifier: GPL-2.0-only
/* FSSTAT, FSINFO and PATHCONF (RFC 1813 sections 3.3.18 to 3.3.20). */
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/statfs.h>

#include "../../node/node.h"
#include "../../op/quota.h"
#include "procs.h"
#include "xdr.h"

/**
 * struct fsstat_res - results of FSSTAT
 * @attr: attributes of the file
 * @tbytes: bytes in total
 * @fbytes: bytes free
 * @abytes: bytes available to the caller
 * @tfiles: files in total
 * @ffiles: files free
 * @afiles: files available to the caller
 */
struct fsstat_res {
	struct dnfs_post_attr attr;
	u64 tbytes;
	u64 fbytes;
	u64 abytes;
	u64 tfiles;
	u64 ffiles;
	u64 afiles;
};

static int dnfs3_fsstat_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_fh_args *a = args;
	struct fsstat_res *res = result;
	struct dnfs_target target;
	struct ditto_quota quota;
	struct kstatfs st;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = ditto_quota_statfs(&target.op, target.node, &st, &res->afiles, &quota);
	if (err)
		goto out;
	res->tbytes = (u64)st.f_bsize * st.f_blocks;
	res->fbytes = (u64)st.f_bsize * st.f_bfree;
	res->abytes = (u64)st.f_bsize * st.f_bavail;
	res->tfiles = st.f_files;
	res->ffiles = st.f_ffree;
out:
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_fsstat_encode(struct dnfs_call *call, const void *result)
{
	const struct fsstat_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, 6 * sizeof(u64) + XDR_UNIT, &p))
		return false;
	if (p) {
		p = xdr_encode_hyper(p, res->tbytes);
		p = xdr_encode_hyper(p, res->fbytes);
		p = xdr_encode_hyper(p, res->abytes);
		p = xdr_encode_hyper(p, res->tfiles);
		p = xdr_encode_hyper(p, res->ffiles);
		p = xdr_encode_hyper(p, res->afiles);
		dnfs3_encode_u32(p, 0);		/* invarsec: may change at any time */
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_fsstat = {
	.name = "FSSTAT",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_fh_args),
	.ressize = sizeof(struct fsstat_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + 52,
	.decode = dnfs3_decode_fh_args,
	.exec = dnfs3_fsstat_exec,
	.encode = dnfs3_fsstat_encode,
};

/**
 * struct fsinfo_res - results of FSINFO
 * @attr: attributes of the file
 * @max: most bytes of a payload, for all of rtmax, wtmax and dtpref
 * @maxfilesize: largest file, in bytes
 * @time_delta: granularity of times, in nanoseconds
 */
struct fsinfo_res {
	struct dnfs_post_attr attr;
	u32 max;
	u64 maxfilesize;
	u32 time_delta;
};

static int dnfs3_fsinfo_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_fh_args *a = args;
	struct fsinfo_res *res = result;
	struct dnfs_target target;
	struct super_block *sb;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	sb = target.node->inode->i_sb;
	res->max = call->max_payload;
	res->maxfilesize = sb->s_maxbytes;
	res->time_delta = max_t(u32, sb->s_time_gran, 1);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return 0;
}

static bool dnfs3_fsinfo_encode(struct dnfs_call *call, const void *result)
{
	const struct fsinfo_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, 10 * XDR_UNIT + sizeof(u64), &p))
		return false;
	if (p) {
		p = dnfs3_encode_u32(p, res->max);	/* rtmax, rtpref, rtmult */
		p = dnfs3_encode_u32(p, res->max);
		p = dnfs3_encode_u32(p, PAGE_SIZE);
		p = dnfs3_encode_u32(p, res->max);	/* wtmax, wtpref, wtmult */
		p = dnfs3_encode_u32(p, res->max);
		p = dnfs3_encode_u32(p, PAGE_SIZE);
		p = dnfs3_encode_u32(p, res->max);	/* dtpref */
		p = xdr_encode_hyper(p, res->maxfilesize);
		p = dnfs3_encode_u32(p, res->time_delta / NSEC_PER_SEC);
		p = dnfs3_encode_u32(p, res->time_delta % NSEC_PER_SEC);
		dnfs3_encode_u32(p, FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME);
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_fsinfo = {
	.name = "FSINFO",
	.flags = DNFS_PROC_MOUNTING | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_fh_args),
	.ressize = sizeof(struct fsinfo_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + 48,
	.decode = dnfs3_decode_fh_args,
	.exec = dnfs3_fsinfo_exec,
	.encode = dnfs3_fsinfo_encode,
};

/**
 * struct pathconf_res - results of PATHCONF
 * @attr: attributes of the file
 * @linkmax: most hard links to a file
 * @name_max: longest name, in bytes
 * @case_insensitive: lookups ignore case
 */
struct pathconf_res {
	struct dnfs_post_attr attr;
	u32 linkmax;
	u32 name_max;
	bool case_insensitive;
};

static int dnfs3_pathconf_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_fh_args *a = args;
	struct pathconf_res *res = result;
	struct dnfs_target target;
	struct inode *inode;
	struct kstatfs st;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = ditto_statfs(&target.op, target.node, &st);
	if (err)
		goto out;
	inode = target.node->inode;
	res->linkmax = inode->i_sb->s_max_links ?: S32_MAX;
	res->name_max = min_t(u32, st.f_namelen ?: NAME_MAX, NAME_MAX);
	res->case_insensitive = IS_CASEFOLDED(inode);
out:
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_pathconf_encode(struct dnfs_call *call, const void *result)
{
	const struct pathconf_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, 6 * XDR_UNIT, &p))
		return false;
	if (p) {
		p = dnfs3_encode_u32(p, res->linkmax);
		p = dnfs3_encode_u32(p, res->name_max);
		p = xdr_encode_bool(p, true);	/* no_trunc */
		p = xdr_encode_bool(p, true);	/* chown_restricted */
		p = xdr_encode_bool(p, res->case_insensitive);
		xdr_encode_bool(p, true);	/* case_preserving */
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_pathconf = {
	.name = "PATHCONF",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_fh_args),
	.ressize = sizeof(struct pathconf_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + 24,
	.decode = dnfs3_decode_fh_args,
	.exec = dnfs3_pathconf_exec,
	.encode = dnfs3_pathconf_encode,
};
