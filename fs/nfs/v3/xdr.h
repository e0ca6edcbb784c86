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

/**
 * dnfs3_decode_fh - decode an nfs_fh3
 * @xdr: arguments
 * @fh: filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_fh(struct xdr_stream *xdr, struct dnfs_fh *fh);

/**
 * dnfs3_decode_dirop - decode a diropargs3
 * @xdr: arguments
 * @where: filled; a name that is too long keeps its length, so that the procedure can refuse it
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_dirop(struct xdr_stream *xdr, struct dnfs3_dirop *where);

/**
 * dnfs3_decode_time - decode an nfstime3
 * @xdr: arguments
 * @time: filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_time(struct xdr_stream *xdr, struct dnfs3_time *time);

/**
 * dnfs3_decode_sattr - decode a sattr3
 * @xdr: arguments
 * @sattr: filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_sattr(struct xdr_stream *xdr, struct dnfs3_sattr *sattr);

/**
 * dnfs3_decode_data - decode variable-length data and leave it where it arrived
 * @xdr: arguments
 * @data: filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_data(struct xdr_stream *xdr, struct xdr_buf *data);

/**
 * dnfs3_decode_fh_args - decode a filehandle as the only argument
 * @call: the call
 * @args: struct dnfs3_fh_args, filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_decode_fh_args(struct dnfs_call *call, void *args);

/**
 * dnfs3_decode_dirop_args - decode a directory and a name as the only arguments
 * @call: the call
 * @args: struct dnfs3_dirop_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_dirop_args(struct dnfs_call *call, void *args);

/* Conversion of decoded attributes */

/**
 * dnfs3_time_of - convert a time, whose seconds are unsigned (RFC 1813 section 2.6)
 * @time: decoded time
 * @ts: filled
 *
 * Return: 0, or -EINVAL if the nanoseconds are out of range.
 */
int dnfs3_time_of(const struct dnfs3_time *time, struct timespec64 *ts);

/**
 * dnfs3_setattr_of - convert a sattr3
 * @call: the call; its user namespace maps owners
 * @sattr: decoded attributes
 * @set: filled
 *
 * Return: 0, or -EINVAL for an invalid owner or time.
 */
int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set);

/* Encoding. Functions that take a position need room there, and return the position after it. */

static inline __be32 *dnfs3_encode_u32(__be32 *p, u32 n)
{
	*p++ = cpu_to_be32(n);
	return p;
}

/**
 * dnfs3_encode_fattr - write a fattr3
 * @p: room for NFS3_FATTR_SIZE
 * @userns: user namespace of owners on the wire
 * @attr: attributes
 *
 * Return: the position after it.
 */
__be32 *dnfs3_encode_fattr(__be32 *p, struct user_namespace *userns,
			   const struct ditto_attr *attr);

/**
 * dnfs3_post_attr_size - encoded length of a post_op_attr
 * @attr: attributes, or none
 *
 * Return: bytes.
 */
static inline size_t dnfs3_post_attr_size(const struct dnfs_post_attr *attr)
{
	return attr->valid ? NFS3_POST_ATTR_SIZE : XDR_UNIT;
}

/**
 * dnfs3_encode_post_attr - write a post_op_attr
 * @p: room for dnfs3_post_attr_size()
 * @userns: user namespace of owners on the wire
 * @attr: attributes, or none
 *
 * Return: the position after it.
 */
static inline __be32 *dnfs3_encode_post_attr(__be32 *p, struct user_namespace *userns,
					     const struct dnfs_post_attr *attr)
{
	p = xdr_encode_bool(p, attr->valid);
	return attr->valid ? dnfs3_encode_fattr(p, userns, &attr->attr) : p;
}

/**
 * dnfs3_wcc_size - encoded length of a wcc_data
 * @wcc: attributes before and after, or none
 *
 * Return: bytes.
 */
static inline size_t dnfs3_wcc_size(const struct ditto_wcc *wcc)
{
	return XDR_UNIT + (wcc->pre_valid ? NFS3_WCC_ATTR_SIZE : 0) +
	       XDR_UNIT + (wcc->post_valid ? NFS3_FATTR_SIZE : 0);
}

/**
 * dnfs3_encode_wcc - write a wcc_data
 * @p: room for dnfs3_wcc_size()
 * @userns: user namespace of owners on the wire
 * @wcc: attributes before and after, or none
 *
 * Return: the position after it.
 */
__be32 *dnfs3_encode_wcc(__be32 *p, struct user_namespace *userns, const struct ditto_wcc *wcc);

/**
 * dnfs3_res_begin - write the status and reserve room behind it
 * @call: the call
 * @len: bytes of the results after the status
 *
 * Return: the position of these bytes, or NULL if they do not fit.
 */
static inline __be32 *dnfs3_res_begin(struct dnfs_call *call, size_t len)
{
	__be32 *p = dnfs_inline_reserve(call->xdr, XDR_UNIT + len);

	return p ? dnfs3_encode_u32(p, call->status) : NULL;
}

/**
 * dnfs3_res_begin_attr - begin results that start with a post_op_attr
 * @call: the call
 * @attr: the attributes
 * @len: bytes that follow them if the call succeeded
 * @p: set to the position of these bytes; NULL if the call failed, so that nothing follows
 *
 * Return: false if the results do not fit.
 */
bool dnfs3_res_begin_attr(struct dnfs_call *call, const struct dnfs_post_attr *attr, size_t len,
			  __be32 **p);

/**
 * dnfs3_res_begin_wcc - begin results that start with a wcc_data
 * @call: the call
 * @wcc: attributes before and after
 * @len: bytes that follow them if the call succeeded
 * @p: set to the position of these bytes; NULL if the call failed, so that nothing follows
 *
 * Return: false if the results do not fit.
 */
bool dnfs3_res_begin_wcc(struct dnfs_call *call, const struct ditto_wcc *wcc, size_t len,
			 __be32 **p);

/**
 * dnfs3_encode_wcc_res - encode results of SETATTR, REMOVE and RMDIR
 * @call: the call
 * @res: struct dnfs3_wcc_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_wcc_res(struct dnfs_call *call, const void *res);

/* proc_readdir.c, for KUnit tests */

/**
 * dnfs3_encode_entry - append an entry to the listing of a directory
 * @xdr: the listing
 * @userns: user namespace of owners on the wire
 * @entry: the entry
 * @plus: with attributes and filehandle (READDIRPLUS)
 * @attr: its attributes, or none
 * @handle: its filehandle; @handle->len is 0 if there is none
 *
 * Return: false if it does not fit; then nothing is appended.
 */
bool dnfs3_encode_entry(struct xdr_stream *xdr, struct user_namespace *userns,
			const struct ditto_dirent *entry, bool plus,
			const struct dnfs_post_attr *attr, const struct ditto_handle *handle);

/**
 * dnfs3_entry_size - encoded length of an entry without attributes and filehandle
 * @name_len: bytes of its name
 *
 * This is what dircount limits.
 *
 * Return: bytes.
 */
size_t dnfs3_entry_size(u32 name_len);

#endif
