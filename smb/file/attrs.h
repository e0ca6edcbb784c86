/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of a file in the form of the wire: times, sizes, FileAttributes (MS-FSCC section 2.6)
 * and identity. They are read in one pass and used by every response that contains attributes.
 */
#ifndef _DITTO_SMB_FILE_ATTRS_H
#define _DITTO_SMB_FILE_ATTRS_H

#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include "../../fs/op/attr.h"
#include "../../fs/op/dosattr.h"

struct dentry;
struct ditto_instance;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct ditto_name;
struct dsmb_builder;

/* FileAttributes beyond those of DITTO_FLAG_*, which have the values of the wire. */
#define DSMB_ATTR_DIRECTORY		0x00000010
#define DSMB_ATTR_NORMAL		0x00000080
#define DSMB_ATTR_REPARSE_POINT		0x00000400
#define DSMB_ATTR_COMPRESSED		0x00000800
#define DSMB_ATTR_ENCRYPTED		0x00004000
#define DSMB_ATTR_RECALL_ON_DATA_ACCESS	0x00400000
/* CompressionState: MS-FSCC sections 2.3.18 and 2.3.67 */
#define DSMB_COMPRESSION_NONE		0
#define DSMB_COMPRESSION_LZNT1		2
/* FileAttributes that CREATE accepts; others are STATUS_INVALID_PARAMETER. */
#define DSMB_ATTRS_KNOWN \
	(DITTO_FLAGS_KEPT | DSMB_ATTR_DIRECTORY | DSMB_ATTR_NORMAL | DSMB_ATTR_REPARSE_POINT | \
	 DSMB_ATTR_COMPRESSED | DSMB_ATTR_ENCRYPTED)
/* FileAttributes of a file whose data is brought back when it is used. */
#define DSMB_ATTRS_OFFLOADED \
	(DITTO_FLAG_OFFLINE | DITTO_FLAG_SPARSE | DSMB_ATTR_RECALL_ON_DATA_ACCESS)

/* MS-FSCC section 2.1.2.1 */
#define DSMB_REPARSE_TAG_SYMLINK	0xa000000c
#define DSMB_REPARSE_TAG_NFS		0x80000014	/* FIFOs, sockets, devices */

/**
 * struct dsmb_attrs - a snapshot of a file's attributes
 * @created: CreationTime; like the other times a FILETIME
 * @accessed: LastAccessTime
 * @written: LastWriteTime, of the last change of data
 * @changed: ChangeTime, of the last change of anything
 * @allocation: AllocationSize in bytes; 0 for a directory
 * @size: EndOfFile in bytes; 0 unless the file is a regular file or a stream
 * @flags: FileAttributes, never 0
 * @reparse_tag: DSMB_REPARSE_TAG_*, or 0
 * @file_id: id of the file, also for a stream, unique within the share; never 0
 * @volume_id: id of the volume, the same for all files of a share
 * @links: number of links; 0 only once the last name is removed
 * @is_dir: the file is a directory; false for a stream
 * @is_offloaded: data of the file is brought back when it is used
 * @is_stream: @allocation and @size are those of a stream
 * @mode: mode of the file, with its type
 * @uid: owner
 * @gid: group
 * @rdev: device number of a device
 * @dosattr: DOS attributes and birth time that @flags and @created were made from, with the object
 *	id if there is one
 */
struct dsmb_attrs {
	u64 created;
	u64 accessed;
	u64 written;
	u64 changed;
	u64 allocation;
	u64 size;
	u32 flags;
	u32 reparse_tag;
	u64 file_id;
	u64 volume_id;
	u32 links;
	bool is_dir;
	bool is_offloaded;
	bool is_stream;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	dev_t rdev;
	struct ditto_dosattr dosattr;
};

/**
 * dsmb_attrs_get - read the attributes of an open file, directory or stream
 * @op: begun
 * @inst: begun
 * @node: node that ditto_instance_begin() filled in
 * @attrs: filled on success
 *
 * Times, flags and identity of a stream are those of its file. A client that has cached writes is
 * asked for the size (ditto_getattr_asked()).
 *
 * Return: 0; -EJUKEBOX if the call may be parked; or an errno of the file system.
 */
int dsmb_attrs_get(struct ditto_op *op, const struct ditto_instance *inst,
		   struct ditto_node *node, struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_asked - read the attributes of a file by its node
 * @op: begun
 * @node: node of the file, not of a stream
 * @attrs: filled on success
 *
 * Like dsmb_attrs_get().
 *
 * Return: as dsmb_attrs_get().
 */
int dsmb_attrs_asked(struct ditto_op *op, struct ditto_node *node, struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_at_once - read the attributes of an open file without parking the call
 * @op: begun
 * @inst: begun
 * @node: node that ditto_instance_begin() filled in
 * @attrs: filled on success
 *
 * Like dsmb_attrs_get(), but if a client with cached writes does not answer in time, the
 * attributes are those that the server knows.
 *
 * Return: 0 or an errno of the file system, never -EJUKEBOX.
 */
int dsmb_attrs_at_once(const struct ditto_op *op, const struct ditto_instance *inst,
		       struct ditto_node *node, struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_of_node - read the attributes that the server knows of a node
 * @share: the share
 * @node: node of a file, not of a stream
 * @attrs: filled on success
 *
 * Return: 0 or an errno of the file system.
 */
int dsmb_attrs_of_node(struct ditto_share *share, struct ditto_node *node,
		       struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_of_entry - read the attributes that the server knows of a directory entry
 * @share: the share
 * @dentry: the entry
 * @name: its name; NULL for the root of the share, which has none
 * @fs: filled with the attributes of the file system
 * @attrs: filled on success, but for the members of dsmb_attrs_add_posix()
 *
 * Return: 0 or an errno of the file system.
 */
int dsmb_attrs_of_entry(struct ditto_share *share, struct dentry *dentry,
			const struct ditto_name *name, struct ditto_attr *fs,
			struct dsmb_attrs *attrs);

/**
 * dsmb_attrs_add_posix - fill in what dsmb_attrs_of_entry() leaves out
 * @share: the share
 * @fs: filled by it
 * @attrs: filled by it; gets @volume_id, @links, @mode, @uid, @gid and @rdev
 *
 * Context: any.
 */
void dsmb_attrs_add_posix(const struct ditto_share *share, const struct ditto_attr *fs,
			  struct dsmb_attrs *attrs);

/* CompressionState: clients know a single algorithm, whichever one the file system uses. */
static inline u16 dsmb_compression(const struct dsmb_attrs *attrs)
{
	return attrs->flags & DSMB_ATTR_COMPRESSED ? DSMB_COMPRESSION_LZNT1 :
						     DSMB_COMPRESSION_NONE;
}

/* CreationTime, LastAccessTime, LastWriteTime and ChangeTime */
#define DSMB_TIMES_BYTES	32

/* The four times, at once, because listings do this for each entry. */
static inline void dsmb_put_times(void *p, const struct dsmb_attrs *attrs)
{
	put_unaligned_le64(attrs->created, p);
	put_unaligned_le64(attrs->accessed, p + 8);
	put_unaligned_le64(attrs->written, p + 16);
	put_unaligned_le64(attrs->changed, p + 24);
}

/**
 * dsmb_encode_times - encode CreationTime, LastAccessTime, LastWriteTime and ChangeTime
 * @b: buffer; gets 32 bytes
 * @attrs: attributes
 */
void dsmb_encode_times(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

/**
 * dsmb_encode_attrs - encode times, AllocationSize, EndOfFile and FileAttributes
 * @b: buffer; gets 52 bytes
 * @attrs: attributes
 *
 * The layout of CREATE, CLOSE and MS-FSCC section 2.4.29.
 */
void dsmb_encode_attrs(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

/* Seconds from 1601 to 1970, and FILETIME units per second (MS-DTYP section 2.3.3). */
#define DSMB_EPOCH		11644473600LL
#define DSMB_TICKS		10000000LL
/* Latest time that is sent and accepted: times of the wire are signed. */
#define DSMB_TIME_MAX		S64_MAX

/* Convert to FILETIME. Times before 1601 become 0, which clients read as no time. */
static inline u64 dsmb_filetime(struct timespec64 ts)
{
	u64 sec = (u64)ts.tv_sec + DSMB_EPOCH;

	/* Those before 1601 wrap around, and are later than all. */
	if (unlikely(sec >= DSMB_TIME_MAX / DSMB_TICKS))
		return ts.tv_sec < 0 ? 0 : DSMB_TIME_MAX;
	return sec * DSMB_TICKS + (u32)ts.tv_nsec / 100;
}

/* The time of day as FILETIME. */
static inline u64 dsmb_filetime_now(void)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	return dsmb_filetime(now);
}

/* Convert from FILETIME. The caller has handled the special values 0, -1 and -2. */
static inline struct timespec64 dsmb_timespec(u64 filetime)
{
	struct timespec64 ts;
	u32 ticks;

	ts.tv_sec = (s64)div_u64_rem(filetime, DSMB_TICKS, &ticks) - DSMB_EPOCH;
	ts.tv_nsec = ticks * 100;
	return ts;
}

#endif
