/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XDR that several procedures of NFS version 3 share (RFC 1813 sections 2.5, 2.6 and 3.3), and
 * arguments and results that several procedures or KUnit tests use. Everything else about a
 * procedure is in its proc_*.c.
 *
 * A decoder returns false for invalid XDR: truncated data, a filehandle longer than allowed, an
 * invalid bool or enum. Arguments that are valid XDR but make no sense are refused by the
 * procedure, with a status. Names and data point into the request, which lives as long as the
 * call.
 *
 * An encoder of results computes their length, reserves it once with one of the dnfs3_res_begin
 * functions and fills it.
 */
#ifndef _DITTO_FS_NFS_V3_XDR_H
#define _DITTO_FS_NFS_V3_XDR_H

#include <linux/sunrpc/xdr.h>

#include "../../op/attr.h"
#include "../rpc/call.h"
#include "../rpc/decode.h"
#include "../rpc/encode.h"
#include "../rpc/target.h"
#include "proto.h"

/**
 * struct dnfs3_time - an nfstime3
 * @sec: seconds since the epoch, unsigned
 * @nsec: nanoseconds, not checked yet
 */
struct dnfs3_time {
	u32 sec;
	u32 nsec;
};

/**
 * struct dnfs3_sattr - sattr3 as decoded, not checked yet
 * @set: DITTO_SET_* bits of the members that are present
 * @mode: mode3
 * @uid: number on the wire
 * @gid: number on the wire
 * @size: in bytes
 * @atime: valid with DITTO_SET_ATIME
 * @mtime: valid with DITTO_SET_MTIME
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

/* diropargs3: a directory and a name in it */
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

/**
 * struct dnfs3_setattr_args - arguments of SETATTR
 * @fh: the file
 * @sattr: attributes to set
 * @guarded: fail unless the file's ctime is @ctime
 * @ctime: valid if @guarded
 */
struct dnfs3_setattr_args {
	struct dnfs_fh fh;
	struct dnfs3_sattr sattr;
	bool guarded;
	struct dnfs3_time ctime;
};

/**
 * struct dnfs3_write_args - arguments of WRITE
 * @fh: the file
 * @offset: first byte
 * @count: bytes to write, which must not be more than @data has
 * @stable: enum stable_how
 * @data: the payload, where it arrived
 */
struct dnfs3_write_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
	u32 stable;
	struct xdr_buf data;
};

/**
 * struct dnfs3_mknod_args - arguments of MKNOD
 * @where: directory and name
 * @type: enum ftype3
 * @sattr: attributes, for the types that MKNOD can create
 * @major: device number, for devices
 * @minor: device number, for devices
 */
struct dnfs3_mknod_args {
	struct dnfs3_dirop where;
	u32 type;
	struct dnfs3_sattr sattr;
	u32 major;
	u32 minor;
};

/**
 * struct dnfs3_rename_args - arguments of RENAME
 * @from: old directory and name
 * @to: new directory and name
 */
struct dnfs3_rename_args {
	struct dnfs3_dirop from;
	struct dnfs3_dirop to;
};

/* GETATTR, SETACL */
struct dnfs3_attr_res {
	struct dnfs_post_attr attr;
};

/* SETATTR, REMOVE, RMDIR */
struct dnfs3_wcc_res {
	struct ditto_wcc wcc;
};

/**
 * struct dnfs3_lookup_res - results of LOOKUP
 * @dir_attr: attributes of the directory
 * @attr: attributes of the file
 * @handle: its filehandle
 */
struct dnfs3_lookup_res {
	struct dnfs_post_attr dir_attr;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
};

/**
 * struct dnfs3_read_res - results of READ; the payload is in the pages of the reply
 * @attr: attributes of the file
 * @count: bytes read
 * @base: offset of the first byte in the first page
 * @eof: the end of the file was reached
 */
struct dnfs3_read_res {
	struct dnfs_post_attr attr;
	u32 count;
	u32 base;
	bool eof;
};

/**
 * struct dnfs3_create_res - results of CREATE, MKDIR, SYMLINK and MKNOD
 * @wcc: attributes of the directory before and after
 * @attr: attributes of the new object
 * @handle: its filehandle; @handle.len is 0 if it could not be made
 */
struct dnfs3_create_res {
	struct ditto_wcc wcc;
	struct dnfs_post_attr attr;
	struct ditto_handle handle;
};

/* Decoding */

static inline bool dnfs3_decode_bool(struct xdr_stream *xdr, bool *value)
{
	u32 n;

	if (dnfs_decode_u32(xdr, &n) || n > 1)
		return false;
	*value = n;
	return true;
}

static inline bool dnfs3_decode_enum(struct xdr_stream *xdr, u32 *value, u32 max)
{
	return !dnfs_decode_u32(xdr, value) && *value <= max;
}

/* xdr.c */
bool dnfs3_decode_fh(struct xdr_stream *xdr, struct dnfs_fh *fh);
bool dnfs3_decode_dirop(struct xdr_stream *xdr, struct dnfs3_dirop *where);
bool dnfs3_decode_time(struct xdr_stream *xdr, struct dnfs3_time *time);
bool dnfs3_decode_sattr(struct xdr_stream *xdr, struct dnfs3_sattr *sattr);
bool dnfs3_decode_data(struct xdr_stream *xdr, struct xdr_buf *data);
bool dnfs3_decode_fh_args(struct dnfs_call *call, void *args);
bool dnfs3_decode_dirop_args(struct dnfs_call *call, void *args);

/* Conversion of decoded attributes */

int dnfs3_time_of(const struct dnfs3_time *time, struct timespec64 *ts);
int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set);

/* Encoding. Functions that take a position need room there, and return the position after it. */

static inline __be32 *dnfs3_encode_u32(__be32 *p, u32 n)
{
	*p++ = cpu_to_be32(n);
	return p;
}

__be32 *dnfs3_encode_fattr(__be32 *p, struct user_namespace *userns,
			   const struct ditto_attr *attr);

/* Encoded length of a post_op_attr. Return: bytes. */
static inline size_t dnfs3_post_attr_size(const struct dnfs_post_attr *attr)
{
	return attr->valid ? NFS3_POST_ATTR_SIZE : XDR_UNIT;
}

/* Write a post_op_attr. Return: the position after it. */
static inline __be32 *dnfs3_encode_post_attr(__be32 *p, struct user_namespace *userns,
					     const struct dnfs_post_attr *attr)
{
	p = xdr_encode_bool(p, attr->valid);
	return attr->valid ? dnfs3_encode_fattr(p, userns, &attr->attr) : p;
}

/* Encoded length of a wcc_data. Return: bytes. */
static inline size_t dnfs3_wcc_size(const struct ditto_wcc *wcc)
{
	return XDR_UNIT + (ditto_wcc_is_atomic(wcc) ? NFS3_WCC_ATTR_SIZE : 0) +
	       XDR_UNIT + (wcc->post_valid ? NFS3_FATTR_SIZE : 0);
}

__be32 *dnfs3_encode_wcc(__be32 *p, struct user_namespace *userns, const struct ditto_wcc *wcc);

/*
 * Write the status and reserve room behind it. @len: bytes of the results after the status. Return:
 * the position of these bytes, or NULL if they do not fit.
 */
static inline __be32 *dnfs3_res_begin(struct dnfs_call *call, size_t len)
{
	__be32 *p = dnfs_inline_reserve(call->xdr, XDR_UNIT + len);

	return p ? dnfs3_encode_u32(p, call->status) : NULL;
}

bool dnfs3_res_begin_attr(struct dnfs_call *call, const struct dnfs_post_attr *attr, size_t len,
			  __be32 **p);
bool dnfs3_res_begin_wcc(struct dnfs_call *call, const struct ditto_wcc *wcc, size_t len,
			 __be32 **p);
bool dnfs3_encode_wcc_res(struct dnfs_call *call, const void *res);

/* proc_readdir.c, for KUnit tests */

/* proc_readdir.c */
bool dnfs3_encode_entry(struct xdr_stream *xdr, struct user_namespace *userns,
			const struct ditto_dirent *entry, bool plus,
			const struct dnfs_post_attr *attr, const struct ditto_handle *handle);
size_t dnfs3_entry_size(u32 name_len);

#endif
