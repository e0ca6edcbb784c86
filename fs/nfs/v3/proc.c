// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of procedures of NFS version 3, and the procedures for attributes and
 * file systems. Section numbers are those of RFC 1813.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/statfs.h>
#include <linux/time64.h>
#include <linux/uidgid.h>
#include <kunit/visibility.h>

#include "../../node/node.h"
#include "../../op/attr.h"
#include "../rpc/access.h"
#include "../rpc/status.h"
#include "types.h"

/* Converts a time from the wire, where seconds are unsigned (section 2.6). */
static int time_of(const struct dnfs3_time *time, struct timespec64 *ts)
{
	if (time->nsec >= NSEC_PER_SEC)
		return -EINVAL;
	ts->tv_sec = time->sec;
	ts->tv_nsec = time->nsec;
	return 0;
}

int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set)
{
	*set = (struct ditto_setattr) { .valid = sattr->set };

	if (sattr->set & DITTO_SET_MODE)
		set->mode = sattr->mode & NFS3_MODE_BITS;
	if (sattr->set & DITTO_SET_UID) {
		set->uid = make_kuid(call->userns, sattr->uid);
		if (!uid_valid(set->uid))
			return -EINVAL;
	}
	if (sattr->set & DITTO_SET_GID) {
		set->gid = make_kgid(call->userns, sattr->gid);
		if (!gid_valid(set->gid))
			return -EINVAL;
	}
	if (sattr->set & DITTO_SET_SIZE)
		set->size = sattr->size;
	if (sattr->set & DITTO_SET_ATIME && time_of(&sattr->atime, &set->atime))
		return -EINVAL;
	if (sattr->set & DITTO_SET_MTIME && time_of(&sattr->mtime, &set->mtime))
		return -EINVAL;
	return 0;
}

/* 3.3.1 */
static int dnfs3_getattr(struct dnfs_call *call)
{
	const struct dnfs3_fh_args *args = call->args;
	struct dnfs3_attr_res *res = call->res;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = ditto_getattr_asked(&target.op, target.node, &res->attr.attr);
	dnfs_target_put(&target);
	return err;
}

/* 3.3.2 */
static int dnfs3_setattr(struct dnfs_call *call)
{
	const struct dnfs3_setattr_args *args = call->args;
	struct dnfs3_wcc_res *res = call->res;
	struct dnfs_target target;
	struct ditto_setattr set;
	struct timespec64 guard;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;

	err = dnfs3_setattr_of(call, &args->sattr, &set);
	if (!err && args->guarded) {
		err = time_of(&args->ctime, &guard);
		set.guard = &guard;
	}
	if (!err)
		err = ditto_setattr(&target.op, target.node, &set, &res->wcc);
	else
		dnfs_wcc_unchanged(&target, &res->wcc);

	dnfs_target_put(&target);
	return err;
}

/* 3.3.4 */
static int dnfs3_access(struct dnfs_call *call)
{
	const struct dnfs3_access_args *args = call->args;
	struct dnfs3_access_res *res = call->res;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = dnfs_access(&target.op, target.node, dnfs_accessed_of(target.node->inode->i_mode),
			  args->access, &res->access);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

/* 3.3.18 */
static int dnfs3_fsstat(struct dnfs_call *call)
{
	const struct dnfs3_fh_args *args = call->args;
	struct dnfs3_fsstat_res *res = call->res;
	struct dnfs_target target;
	struct kstatfs st;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = ditto_statfs(&target.op, target.node, &st);
	if (!err) {
		res->tbytes = (u64)st.f_bsize * st.f_blocks;
		res->fbytes = (u64)st.f_bsize * st.f_bfree;
		res->abytes = (u64)st.f_bsize * st.f_bavail;
		res->tfiles = st.f_files;
		res->ffiles = st.f_ffree;
		res->afiles = st.f_ffree;
	}
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

/* 3.3.19 */
static int dnfs3_fsinfo(struct dnfs_call *call)
{
	const struct dnfs3_fh_args *args = call->args;
	struct dnfs3_fsinfo_res *res = call->res;
	struct dnfs_target target;
	struct super_block *sb;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	sb = target.node->inode->i_sb;
	res->max = call->max_payload;
	res->maxfilesize = sb->s_maxbytes;
	res->time_delta_nsec = max_t(u32, sb->s_time_gran, 1);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return 0;
}

/* 3.3.20 */
static int dnfs3_pathconf(struct dnfs_call *call)
{
	const struct dnfs3_fh_args *args = call->args;
	struct dnfs3_pathconf_res *res = call->res;
	struct dnfs_target target;
	struct kstatfs st;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = ditto_statfs(&target.op, target.node, &st);
	if (!err) {
		struct inode *inode = target.node->inode;

		res->linkmax = inode->i_sb->s_max_links ?: S32_MAX;
		res->name_max = min_t(u32, st.f_namelen ?: NAME_MAX, NAME_MAX);
		res->case_insensitive = IS_CASEFOLDED(inode);
	}
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

/*
 * Most writes are UNSTABLE, and the client repeats them until they are committed. Their replies
 * are not cached, because they would displace those that have to be kept.
 */
static bool write_is_repeatable(const void *args)
{
	const struct dnfs3_write_args *a = args;

	return a->stable == UNSTABLE;
}

#define CREATE_MAX	(4 + 4 + NFS3_FH_WIRE_SIZE + NFS3_POST_ATTR_SIZE + NFS3_WCC_SIZE)

#define PROC(NAME, ARGS, RES, DECODE, EXEC, ENCODE, MAX, FLAGS)			\
	[NFSPROC3_##NAME] = {							\
		.name = #NAME,							\
		.decode = dnfs3_decode_##DECODE,				\
		.exec = dnfs3_##EXEC,						\
		.encode = dnfs3_encode_##ENCODE,				\
		.argsize = sizeof(struct dnfs3_##ARGS##_args),			\
		.ressize = sizeof(struct dnfs3_##RES##_res),			\
		.max_reply = MAX,						\
		.flags = FLAGS,							\
	}

const struct dnfs_proc dnfs3_procs[NFSPROC3_COUNT] = {
	[NFSPROC3_NULL] = { .name = "NULL", .max_reply = XDR_UNIT },
	PROC(GETATTR, fh, attr, fh, getattr, getattr,
	     4 + NFS3_FATTR_SIZE, DNFS_PROC_MOUNTING),
	PROC(SETATTR, setattr, wcc, setattr, setattr, wcc,
	     4 + NFS3_WCC_SIZE, DNFS_PROC_CACHED),
	PROC(LOOKUP, dirop, lookup, dirop, lookup, lookup,
	     4 + NFS3_FH_WIRE_SIZE + 2 * NFS3_POST_ATTR_SIZE, 0),
	PROC(ACCESS, access, access, access, access, access,
	     4 + NFS3_POST_ATTR_SIZE + 4, 0),
	PROC(READLINK, fh, readlink, fh, readlink, readlink,
	     4 + NFS3_POST_ATTR_SIZE + 4 + PATH_MAX, 0),
	PROC(READ, read, read, read, read, read, 0, 0),
	[NFSPROC3_WRITE] = {
		.name = "WRITE",
		.decode = dnfs3_decode_write,
		.exec = dnfs3_write,
		.encode = dnfs3_encode_write,
		.repeatable = write_is_repeatable,
		.argsize = sizeof(struct dnfs3_write_args),
		.ressize = sizeof(struct dnfs3_write_res),
		.max_reply = 4 + NFS3_WCC_SIZE + 8 + NFS3_WRITEVERFSIZE,
		.flags = DNFS_PROC_CACHED,
	},
	PROC(CREATE, create, create, create, create, create, CREATE_MAX, DNFS_PROC_CACHED),
	PROC(MKDIR, mkdir, create, mkdir, mkdir, create, CREATE_MAX, DNFS_PROC_CACHED),
	PROC(SYMLINK, symlink, create, symlink, symlink, create, CREATE_MAX, DNFS_PROC_CACHED),
	PROC(MKNOD, mknod, create, mknod, mknod, create, CREATE_MAX, DNFS_PROC_CACHED),
	PROC(REMOVE, dirop, wcc, dirop, remove, wcc, 4 + NFS3_WCC_SIZE, DNFS_PROC_CACHED),
	PROC(RMDIR, dirop, wcc, dirop, rmdir, wcc, 4 + NFS3_WCC_SIZE, DNFS_PROC_CACHED),
	PROC(RENAME, rename, rename, rename, rename, rename,
	     4 + 2 * NFS3_WCC_SIZE, DNFS_PROC_CACHED),
	PROC(LINK, link, link, link, link, link,
	     4 + NFS3_POST_ATTR_SIZE + NFS3_WCC_SIZE, DNFS_PROC_CACHED),
	PROC(READDIR, readdir, readdir, readdir, readdir, readdir, 0, 0),
	PROC(READDIRPLUS, readdir, readdir, readdirplus, readdirplus, readdir, 0, 0),
	PROC(FSSTAT, fh, fsstat, fh, fsstat, fsstat, 4 + NFS3_POST_ATTR_SIZE + 52, 0),
	PROC(FSINFO, fh, fsinfo, fh, fsinfo, fsinfo,
	     4 + NFS3_POST_ATTR_SIZE + 48, DNFS_PROC_MOUNTING),
	PROC(PATHCONF, fh, pathconf, fh, pathconf, pathconf, 4 + NFS3_POST_ATTR_SIZE + 24, 0),
	PROC(COMMIT, commit, commit, commit, commit, commit,
	     4 + NFS3_WCC_SIZE + NFS3_WRITEVERFSIZE, 0),
};
EXPORT_SYMBOL_IF_KUNIT(dnfs3_procs);

const struct dnfs_program dnfs3_program = {
	.index = DNFS_PROGRAM_NFS,
	.prog = NFS3_PROGRAM,
	.vers = NFS3_VERSION,
	.name = "nfs",
	.group = "nfs3",
	.status = dnfs_nfsstat3,
	.procs = dnfs3_procs,
	.nprocs = ARRAY_SIZE(dnfs3_procs),
};
