/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoded arguments and results of the procedures of NFS version 3 (RFC 1813
 * section 3.3), and the functions that turn them from and to XDR.
 *
 * Names point into the request, which lives as long as the call.
 */
#ifndef _DITTO_FS_NFS_V3_TYPES_H
#define _DITTO_FS_NFS_V3_TYPES_H

#include <linux/sunrpc/xdr.h>

#include "../rpc/call.h"
#include "../rpc/target.h"
#include "proto.h"

struct kstatfs;

struct dnfs3_time {
	u32 sec;
	u32 nsec;
};

/**
 * struct dnfs3_sattr - sattr3, as it came: not checked yet
 * @set: DITTO_SET_* bits of what is present
 * @mode: mode3
 * @uid: number on the wire
 * @gid: number on the wire
 * @size: in bytes
 * @atime: if DITTO_SET_ATIME
 * @mtime: if DITTO_SET_MTIME
 */
struct dnfs3_sattr {
	u32 set;
	u32 mode;
	u32 uid;
	u32 gid;
	u64 size;
	struct dnfs3_time atime;
	struct dnfs3_time mtime;
};

/* A directory and a name in it (diropargs3) */
struct dnfs3_dirop {
	struct dnfs_fh dir;
	struct ditto_name name;
};

/* GETATTR, READLINK, FSSTAT, FSINFO, PATHCONF */
struct dnfs3_fh_args {
	struct dnfs_fh fh;
};

/* LOOKUP, REMOVE, RMDIR */
struct dnfs3_dirop_args {
	struct dnfs3_dirop where;
};

struct dnfs3_setattr_args {
	struct dnfs_fh fh;
	struct dnfs3_sattr sattr;
	bool guarded;
	struct dnfs3_time ctime;
};

struct dnfs3_access_args {
	struct dnfs_fh fh;
	u32 access;
};

struct dnfs3_read_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
};

struct dnfs3_write_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
	u32 stable;
	struct xdr_buf data;
};

struct dnfs3_create_args {
	struct dnfs3_dirop where;
	u32 how;
	struct dnfs3_sattr sattr;
	u8 verf[NFS3_CREATEVERFSIZE];
};

struct dnfs3_mkdir_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
};

struct dnfs3_symlink_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
	struct xdr_buf target;
};

struct dnfs3_mknod_args {
	struct dnfs3_dirop where;
	u32 type;
	struct dnfs3_sattr sattr;
	u32 major;
	u32 minor;
};

struct dnfs3_rename_args {
	struct dnfs3_dirop from;
	struct dnfs3_dirop to;
};

struct dnfs3_link_args {
	struct dnfs_fh fh;
	struct dnfs3_dirop link;
};

/* READDIR and READDIRPLUS; @dircount only of the latter */
struct dnfs3_readdir_args {
	struct dnfs_fh dir;
	u64 cookie;
	u8 verf[NFS3_COOKIEVERFSIZE];
	u32 dircount;
	u32 count;
};

struct dnfs3_commit_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
};

/* GETATTR; and what a failure of READLINK, READ, READDIR, FSINFO and others tells */
struct dnfs3_attr_res {
	struct dnfs_post_attr attr;
};

/* SETATTR, REMOVE, RMDIR */
struct dnfs3_wcc_res {
	struct ditto_wcc wcc;
};

struct dnfs3_lookup_res {
	struct dnfs_post_attr dir_attr;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
};

struct dnfs3_access_res {
	struct dnfs_post_attr attr;
	u32 access;
};

struct dnfs3_readlink_res {
	struct dnfs_post_attr attr;
	u32 len;
};

struct dnfs3_read_res {
	struct dnfs_post_attr attr;
	u32 count;
	u32 base;
	bool eof;
};

struct dnfs3_write_res {
	struct ditto_wcc wcc;
	u32 count;
	u32 committed;
	u64 verf;
};

/* CREATE, MKDIR, SYMLINK, MKNOD; @handle.len is 0 if there is none */
struct dnfs3_create_res {
	struct ditto_wcc wcc;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
};

struct dnfs3_rename_res {
	struct ditto_wcc from;
	struct ditto_wcc to;
};

struct dnfs3_link_res {
	struct dnfs_post_attr attr;
	struct ditto_wcc wcc;
};

/* READDIR and READDIRPLUS; entries are in the pages of the reply already */
struct dnfs3_readdir_res {
	struct dnfs_post_attr attr;
	u32 len;
	bool eof;
};

struct dnfs3_fsstat_res {
	struct dnfs_post_attr attr;
	u64 tbytes;
	u64 fbytes;
	u64 abytes;
	u64 tfiles;
	u64 ffiles;
	u64 afiles;
};

struct dnfs3_fsinfo_res {
	struct dnfs_post_attr attr;
	u32 max;
	u64 maxfilesize;
	u32 time_delta_nsec;
};

struct dnfs3_pathconf_res {
	struct dnfs_post_attr attr;
	u32 linkmax;
	u32 name_max;
	bool case_insensitive;
};

struct dnfs3_commit_res {
	struct ditto_wcc wcc;
	u64 verf;
};

/* decode.c */
bool dnfs3_get_fh(struct xdr_stream *xdr, struct dnfs_fh *fh);
bool dnfs3_decode_fh(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_setattr(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_dirop(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_access(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_read(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_write(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_create(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_mkdir(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_symlink(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_mknod(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_rename(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_link(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_readdir(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_readdirplus(struct xdr_stream *xdr, void *args);
bool dnfs3_decode_commit(struct xdr_stream *xdr, void *args);

/* encode.c */
bool dnfs3_encode_getattr(struct dnfs_call *call);
bool dnfs3_encode_wcc(struct dnfs_call *call);
bool dnfs3_encode_lookup(struct dnfs_call *call);
bool dnfs3_encode_access(struct dnfs_call *call);
bool dnfs3_encode_readlink(struct dnfs_call *call);
bool dnfs3_encode_read(struct dnfs_call *call);
bool dnfs3_encode_write(struct dnfs_call *call);
bool dnfs3_encode_create(struct dnfs_call *call);
bool dnfs3_encode_rename(struct dnfs_call *call);
bool dnfs3_encode_link(struct dnfs_call *call);
bool dnfs3_encode_readdir(struct dnfs_call *call);
bool dnfs3_encode_fsstat(struct dnfs_call *call);
bool dnfs3_encode_fsinfo(struct dnfs_call *call);
bool dnfs3_encode_pathconf(struct dnfs_call *call);
bool dnfs3_encode_commit(struct dnfs_call *call);

/* Pieces of replies: each writes at @p and returns the place behind it. */
size_t dnfs3_post_attr_size(const struct dnfs_post_attr *attr);
__be32 *dnfs3_put_post_attr(__be32 *p, struct user_namespace *userns,
			    const struct dnfs_post_attr *attr);

/**
 * dnfs3_put_entry - add an entry to the listing of a directory
 * @xdr: the listing
 * @userns: for owners
 * @entry: see there
 * @plus: with attributes and handle (READDIRPLUS)
 * @attr: of the entry
 * @handle: of the entry; @handle->len is 0 if there is none
 *
 * Return: false, and nothing is added, if it does not fit.
 */
bool dnfs3_put_entry(struct xdr_stream *xdr, struct user_namespace *userns,
		     const struct ditto_dirent *entry, bool plus,
		     const struct dnfs_post_attr *attr, const struct ditto_handle *handle);
/* Bytes of an entry without attributes and handle, which is what dircount counts. */
size_t dnfs3_entry_size(u32 name_len);

/* proc.c */
extern const struct dnfs_proc dnfs3_procs[NFSPROC3_COUNT];
/* What sattr3 asks for, in the core's terms; -EINVAL for what cannot be set. */
int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set);

/* proc_name.c */
int dnfs3_lookup(struct dnfs_call *call);
int dnfs3_create(struct dnfs_call *call);
int dnfs3_mkdir(struct dnfs_call *call);
int dnfs3_symlink(struct dnfs_call *call);
int dnfs3_mknod(struct dnfs_call *call);
int dnfs3_remove(struct dnfs_call *call);
int dnfs3_rmdir(struct dnfs_call *call);
int dnfs3_rename(struct dnfs_call *call);
int dnfs3_link(struct dnfs_call *call);

/* proc_io.c */
int dnfs3_readlink(struct dnfs_call *call);
int dnfs3_read(struct dnfs_call *call);
int dnfs3_write(struct dnfs_call *call);
int dnfs3_commit(struct dnfs_call *call);

/* proc_dir.c */
int dnfs3_readdir(struct dnfs_call *call);
int dnfs3_readdirplus(struct dnfs_call *call);

#endif
