/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoded arguments and results of the procedures of NFS version 3 (RFC 1813
 * section 3.3), the functions that decode and encode them, and the procedures.
 *
 * Names and data point into the request, which lives as long as the call. A
 * struct is named after its procedure unless several share it.
 */
#ifndef _DITTO_FS_NFS_V3_TYPES_H
#define _DITTO_FS_NFS_V3_TYPES_H

#include <linux/sunrpc/xdr.h>

#include "../rpc/call.h"
#include "../rpc/target.h"
#include "proto.h"

struct kstatfs;

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
 * struct dnfs3_access_args - arguments of ACCESS
 * @fh: the file
 * @access: ACCESS3_*: permissions to check
 */
struct dnfs3_access_args {
	struct dnfs_fh fh;
	u32 access;
};

/**
 * struct dnfs3_read_args - arguments of READ
 * @fh: the file
 * @offset: first byte
 * @count: bytes wanted
 */
struct dnfs3_read_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
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
 * struct dnfs3_create_args - arguments of CREATE
 * @where: directory and name
 * @how: enum createmode3
 * @sattr: attributes, unless EXCLUSIVE
 * @verf: verifier, if EXCLUSIVE
 */
struct dnfs3_create_args {
	struct dnfs3_dirop where;
	u32 how;
	struct dnfs3_sattr sattr;
	u8 verf[NFS3_CREATEVERFSIZE];
};

/**
 * struct dnfs3_mkdir_args - arguments of MKDIR
 * @where: directory and name
 * @sattr: attributes
 */
struct dnfs3_mkdir_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
};

/**
 * struct dnfs3_symlink_args - arguments of SYMLINK
 * @where: directory and name
 * @sattr: attributes
 * @target: text of the link, where it arrived
 */
struct dnfs3_symlink_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
	struct xdr_buf target;
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

/**
 * struct dnfs3_link_args - arguments of LINK
 * @fh: the file
 * @link: directory and name of the new link
 */
struct dnfs3_link_args {
	struct dnfs_fh fh;
	struct dnfs3_dirop link;
};

/**
 * struct dnfs3_readdir_args - arguments of READDIR and READDIRPLUS
 * @dir: the directory
 * @cookie: cookie of the entry before the first one wanted; 0 for the first
 * @verf: cookie verifier, not used
 * @dircount: most bytes of entries without attributes and filehandles; only for READDIRPLUS
 * @count: most bytes of the results
 */
struct dnfs3_readdir_args {
	struct dnfs_fh dir;
	u64 cookie;
	u8 verf[NFS3_COOKIEVERFSIZE];
	u32 dircount;
	u32 count;
};

/**
 * struct dnfs3_commit_args - arguments of COMMIT
 * @fh: the file
 * @offset: first byte
 * @count: number of bytes; 0 means to the end of the file
 */
struct dnfs3_commit_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
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
 * struct dnfs3_access_res - results of ACCESS
 * @attr: attributes of the file
 * @access: ACCESS3_*: permissions granted
 */
struct dnfs3_access_res {
	struct dnfs_post_attr attr;
	u32 access;
};

/**
 * struct dnfs3_readlink_res - results of READLINK; the text is in the pages of the reply
 * @attr: attributes of the link
 * @len: bytes of the text
 */
struct dnfs3_readlink_res {
	struct dnfs_post_attr attr;
	u32 len;
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
 * struct dnfs3_write_res - results of WRITE
 * @wcc: attributes before and after
 * @count: bytes written
 * @committed: enum stable_how
 * @verf: write verifier
 */
struct dnfs3_write_res {
	struct ditto_wcc wcc;
	u32 count;
	u32 committed;
	u64 verf;
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

/**
 * struct dnfs3_rename_res - results of RENAME
 * @from: attributes of the old directory before and after
 * @to: attributes of the new directory before and after
 */
struct dnfs3_rename_res {
	struct ditto_wcc from;
	struct ditto_wcc to;
};

/**
 * struct dnfs3_link_res - results of LINK
 * @attr: attributes of the file
 * @wcc: attributes of the directory before and after
 */
struct dnfs3_link_res {
	struct dnfs_post_attr attr;
	struct ditto_wcc wcc;
};

/**
 * struct dnfs3_readdir_res - results of READDIR and READDIRPLUS
 * @attr: attributes of the directory
 * @len: bytes of the entries, which are in the pages of the reply already
 * @eof: the last entry is among them
 */
struct dnfs3_readdir_res {
	struct dnfs_post_attr attr;
	u32 len;
	bool eof;
};

/**
 * struct dnfs3_fsstat_res - results of FSSTAT
 * @attr: attributes of the file
 * @tbytes: bytes in total
 * @fbytes: bytes free
 * @abytes: bytes available to the caller
 * @tfiles: files in total
 * @ffiles: files free
 * @afiles: files available to the caller
 */
struct dnfs3_fsstat_res {
	struct dnfs_post_attr attr;
	u64 tbytes;
	u64 fbytes;
	u64 abytes;
	u64 tfiles;
	u64 ffiles;
	u64 afiles;
};

/**
 * struct dnfs3_fsinfo_res - results of FSINFO
 * @attr: attributes of the file
 * @max: most bytes of a payload, for all of rtmax, wtmax and dtpref
 * @maxfilesize: largest file, in bytes
 * @time_delta_nsec: granularity of times
 */
struct dnfs3_fsinfo_res {
	struct dnfs_post_attr attr;
	u32 max;
	u64 maxfilesize;
	u32 time_delta_nsec;
};

/**
 * struct dnfs3_pathconf_res - results of PATHCONF
 * @attr: attributes of the file
 * @linkmax: most hard links to a file
 * @name_max: longest name, in bytes
 * @case_insensitive: lookups ignore case
 */
struct dnfs3_pathconf_res {
	struct dnfs_post_attr attr;
	u32 linkmax;
	u32 name_max;
	bool case_insensitive;
};

/**
 * struct dnfs3_commit_res - results of COMMIT
 * @wcc: attributes before and after
 * @verf: write verifier
 */
struct dnfs3_commit_res {
	struct ditto_wcc wcc;
	u64 verf;
};

/* decode.c: struct dnfs_proc.decode, RFC 1813 section 3.3 */

/**
 * dnfs3_get_fh - decode an nfs_fh3
 * @xdr: arguments
 * @fh: filled
 *
 * Return: false if it is not valid XDR.
 */
bool dnfs3_get_fh(struct xdr_stream *xdr, struct dnfs_fh *fh);

/**
 * dnfs3_decode_fh - decode a filehandle as the only argument
 * @xdr: arguments
 * @args: struct dnfs3_fh_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_fh(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_setattr - decode arguments of SETATTR
 * @xdr: arguments
 * @args: struct dnfs3_setattr_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_setattr(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_dirop - decode arguments of LOOKUP, REMOVE and RMDIR
 * @xdr: arguments
 * @args: struct dnfs3_dirop_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_dirop(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_access - decode arguments of ACCESS
 * @xdr: arguments
 * @args: struct dnfs3_access_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_access(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_read - decode arguments of READ
 * @xdr: arguments
 * @args: struct dnfs3_read_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_read(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_write - decode arguments of WRITE
 * @xdr: arguments
 * @args: struct dnfs3_write_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_write(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_create - decode arguments of CREATE
 * @xdr: arguments
 * @args: struct dnfs3_create_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_create(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_mkdir - decode arguments of MKDIR
 * @xdr: arguments
 * @args: struct dnfs3_mkdir_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_mkdir(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_symlink - decode arguments of SYMLINK
 * @xdr: arguments
 * @args: struct dnfs3_symlink_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_symlink(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_mknod - decode arguments of MKNOD
 * @xdr: arguments
 * @args: struct dnfs3_mknod_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_mknod(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_rename - decode arguments of RENAME
 * @xdr: arguments
 * @args: struct dnfs3_rename_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_rename(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_link - decode arguments of LINK
 * @xdr: arguments
 * @args: struct dnfs3_link_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_link(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_readdir - decode arguments of READDIR
 * @xdr: arguments
 * @args: struct dnfs3_readdir_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_readdir(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_readdirplus - decode arguments of READDIRPLUS
 * @xdr: arguments
 * @args: struct dnfs3_readdir_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_readdirplus(struct xdr_stream *xdr, void *args);

/**
 * dnfs3_decode_commit - decode arguments of COMMIT
 * @xdr: arguments
 * @args: struct dnfs3_commit_args, filled
 *
 * Return: false if they are not valid XDR.
 */
bool dnfs3_decode_commit(struct xdr_stream *xdr, void *args);

/* encode.c: struct dnfs_proc.encode, RFC 1813 section 3.3; for any status */

/**
 * dnfs3_encode_getattr - encode results of GETATTR
 * @call: the call; its @res is a struct dnfs3_attr_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_getattr(struct dnfs_call *call);

/**
 * dnfs3_encode_wcc - encode results of SETATTR, REMOVE and RMDIR
 * @call: the call; its @res is a struct dnfs3_wcc_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_wcc(struct dnfs_call *call);

/**
 * dnfs3_encode_lookup - encode results of LOOKUP
 * @call: the call; its @res is a struct dnfs3_lookup_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_lookup(struct dnfs_call *call);

/**
 * dnfs3_encode_access - encode results of ACCESS
 * @call: the call; its @res is a struct dnfs3_access_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_access(struct dnfs_call *call);

/**
 * dnfs3_encode_readlink - encode results of READLINK
 * @call: the call; its @res is a struct dnfs3_readlink_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_readlink(struct dnfs_call *call);

/**
 * dnfs3_encode_read - encode results of READ
 * @call: the call; its @res is a struct dnfs3_read_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_read(struct dnfs_call *call);

/**
 * dnfs3_encode_write - encode results of WRITE
 * @call: the call; its @res is a struct dnfs3_write_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_write(struct dnfs_call *call);

/**
 * dnfs3_encode_create - encode results of CREATE, MKDIR, SYMLINK and MKNOD
 * @call: the call; its @res is a struct dnfs3_create_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_create(struct dnfs_call *call);

/**
 * dnfs3_encode_rename - encode results of RENAME
 * @call: the call; its @res is a struct dnfs3_rename_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_rename(struct dnfs_call *call);

/**
 * dnfs3_encode_link - encode results of LINK
 * @call: the call; its @res is a struct dnfs3_link_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_link(struct dnfs_call *call);

/**
 * dnfs3_encode_readdir - encode results of READDIR and READDIRPLUS
 * @call: the call; its @res is a struct dnfs3_readdir_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_readdir(struct dnfs_call *call);

/**
 * dnfs3_encode_fsstat - encode results of FSSTAT
 * @call: the call; its @res is a struct dnfs3_fsstat_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_fsstat(struct dnfs_call *call);

/**
 * dnfs3_encode_fsinfo - encode results of FSINFO
 * @call: the call; its @res is a struct dnfs3_fsinfo_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_fsinfo(struct dnfs_call *call);

/**
 * dnfs3_encode_pathconf - encode results of PATHCONF
 * @call: the call; its @res is a struct dnfs3_pathconf_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_pathconf(struct dnfs_call *call);

/**
 * dnfs3_encode_commit - encode results of COMMIT
 * @call: the call; its @res is a struct dnfs3_commit_res
 *
 * Return: false if they do not fit.
 */
bool dnfs3_encode_commit(struct dnfs_call *call);

/* Parts of replies */

/**
 * dnfs3_post_attr_size - encoded length of a post_op_attr
 * @attr: attributes, or none
 *
 * Return: bytes.
 */
size_t dnfs3_post_attr_size(const struct dnfs_post_attr *attr);

/**
 * dnfs3_encode_post_attr - write a post_op_attr
 * @p: room for dnfs3_post_attr_size()
 * @userns: user namespace of owners on the wire
 * @attr: attributes, or none
 *
 * Return: the position after it.
 */
__be32 *dnfs3_encode_post_attr(__be32 *p, struct user_namespace *userns,
			       const struct dnfs_post_attr *attr);

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

/* proc.c */
extern const struct dnfs_proc dnfs3_procs[NFSPROC3_COUNT];

/**
 * dnfs3_setattr_of - convert a sattr3
 * @call: the call; its user namespace maps owners
 * @sattr: decoded attributes
 * @set: filled
 *
 * Return: 0; -EINVAL for an invalid owner or time; -EFBIG for a size that is too large.
 */
int dnfs3_setattr_of(struct dnfs_call *call, const struct dnfs3_sattr *sattr,
		     struct ditto_setattr *set);

/* proc_name.c: struct dnfs_proc.exec */

/**
 * dnfs3_lookup - look up a name (LOOKUP, RFC 1813 section 3.3.3)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_lookup(struct dnfs_call *call);

/**
 * dnfs3_create - create a file (CREATE, RFC 1813 section 3.3.8)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_create(struct dnfs_call *call);

/**
 * dnfs3_mkdir - create a directory (MKDIR, RFC 1813 section 3.3.9)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_mkdir(struct dnfs_call *call);

/**
 * dnfs3_symlink - create a symbolic link (SYMLINK, RFC 1813 section 3.3.10)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_symlink(struct dnfs_call *call);

/**
 * dnfs3_mknod - create a special file (MKNOD, RFC 1813 section 3.3.11)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_mknod(struct dnfs_call *call);

/**
 * dnfs3_remove - remove a file (REMOVE, RFC 1813 section 3.3.12)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_remove(struct dnfs_call *call);

/**
 * dnfs3_rmdir - remove a directory (RMDIR, RFC 1813 section 3.3.13)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_rmdir(struct dnfs_call *call);

/**
 * dnfs3_rename - rename a file or directory (RENAME, RFC 1813 section 3.3.14)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_rename(struct dnfs_call *call);

/**
 * dnfs3_link - create a hard link (LINK, RFC 1813 section 3.3.15)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_link(struct dnfs_call *call);

/* proc_io.c: struct dnfs_proc.exec */

/**
 * dnfs3_readlink - read a symbolic link (READLINK, RFC 1813 section 3.3.5)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_readlink(struct dnfs_call *call);

/**
 * dnfs3_read - read from a file (READ, RFC 1813 section 3.3.6)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_read(struct dnfs_call *call);

/**
 * dnfs3_write - write to a file (WRITE, RFC 1813 section 3.3.7)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_write(struct dnfs_call *call);

/**
 * dnfs3_commit - commit written data to stable storage (COMMIT, RFC 1813 section 3.3.21)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_commit(struct dnfs_call *call);

/* proc_dir.c: struct dnfs_proc.exec */

/**
 * dnfs3_readdir - list a directory (READDIR, RFC 1813 section 3.3.16)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_readdir(struct dnfs_call *call);

/**
 * dnfs3_readdirplus - list a directory with attributes (READDIRPLUS, RFC 1813 section 3.3.17)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0 or a negative errno for the status.
 */
int dnfs3_readdirplus(struct dnfs_call *call);

#endif
