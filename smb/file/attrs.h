/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of a file as the wire has them: times, sizes, FileAttributes
 * (MS-FSCC section 2.6), identity. Read in one pass, used by whatever answers with
 * them.
 */
#ifndef _DITTO_SMB_FILE_ATTRS_H
#define _DITTO_SMB_FILE_ATTRS_H

#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "../../fs/op/attr.h"
#include "../../fs/op/dosattr.h"

struct dentry;
struct ditto_instance;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct dsmb_builder;

/* FileAttributes besides those of DITTO_FLAG_*, which have the same numbers. */
#define DSMB_ATTR_DIRECTORY		0x00000010
#define DSMB_ATTR_NORMAL		0x00000080
#define DSMB_ATTR_REPARSE_POINT		0x00000400
#define DSMB_ATTR_COMPRESSED		0x00000800
#define DSMB_ATTR_ENCRYPTED		0x00004000
/* CompressionState: MS-FSCC 2.3.18, 2.3.67 */
#define DSMB_COMPRESSION_NONE		0
#define DSMB_COMPRESSION_LZNT1		2
/* Those that a client may name in CREATE and SET_INFO; others are INVALID_PARAMETER. */
#define DSMB_ATTRS_KNOWN \
	(DITTO_FLAGS_KEPT | DSMB_ATTR_DIRECTORY | DSMB_ATTR_NORMAL | DSMB_ATTR_REPARSE_POINT | \
	 DSMB_ATTR_COMPRESSED | DSMB_ATTR_ENCRYPTED)

/* MS-FSCC section 2.1.2.1 */
#define DSMB_REPARSE_TAG_SYMLINK	0xa000000c
#define DSMB_REPARSE_TAG_NFS		0x80000014	/* FIFOs, sockets, devices */

/**
 * struct dsmb_attrs - a snapshot
 * @created: FILETIME, as the other times
 * @accessed: of the last access
 * @written: of the last change of data
 * @changed: of the last change of anything
 * @allocation: bytes on disk; 0 of a directory
 * @size: EndOfFile; 0 of what is no regular file
 * @flags: FileAttributes, never 0
 * @reparse_tag: DSMB_REPARSE_TAG_*, or 0
 * @file_id: never 0; of the file, for a stream too
 * @volume_id: the same for all files of a share
 * @links: of the file, not below 1 unless its last name went
 * @is_dir: it is a directory; of a stream: false
 * @is_stream: sizes are those of a stream
 * @mode: of the file, with its type
 * @uid: its owner
 * @gid: its group
 * @rdev: of a device
 * @dosattr: what flags and time of creation were made from, with the object id if there is one
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
	bool is_stream;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	dev_t rdev;
	struct ditto_dosattr dosattr;
};

/**
 * dsmb_attrs_get - of an open file, directory or stream
 * @op: begun
 * @inst: begun
 * @node: as ditto_instance_begin() filled it
 * @attrs: filled
 *
 * Times, flags and identity of a stream are those of its file. A client that keeps
 * writes to itself is asked for the size (ditto_getattr_asked()).
 *
 * Context: may sleep. Return: 0, -EJUKEBOX (the call may be parked), or an errno of the
 * file system.
 */
int dsmb_attrs_get(struct ditto_op *op, const struct ditto_instance *inst,
		   struct ditto_node *node, struct dsmb_attrs *attrs);
/* The same by node, which is no stream. */
int dsmb_attrs_asked(struct ditto_op *op, struct ditto_node *node, struct dsmb_attrs *attrs);
/* As dsmb_attrs_get(); from who does not answer in time nothing is known. Never -EJUKEBOX. */
int dsmb_attrs_at_once(const struct ditto_op *op, const struct ditto_instance *inst,
		       struct ditto_node *node, struct dsmb_attrs *attrs);
/* As the server has them, by node, which is no stream. */
int dsmb_attrs_of_node(struct ditto_share *share, struct ditto_node *node,
		       struct dsmb_attrs *attrs);
/* The same for an entry of a listing. */
int dsmb_attrs_of_dentry(struct ditto_share *share, struct dentry *dentry,
			 struct dsmb_attrs *attrs);

/* Whatever the file system compresses by: clients know one way only. */
static inline u16 dsmb_compression(const struct dsmb_attrs *attrs)
{
	return attrs->flags & DSMB_ATTR_COMPRESSED ? DSMB_COMPRESSION_LZNT1 :
						     DSMB_COMPRESSION_NONE;
}

/* CreationTime, LastAccessTime, LastWriteTime, ChangeTime: 32 bytes. */
void dsmb_put_times(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
/* Times, AllocationSize, EndOfFile, FileAttributes: 52 bytes; CREATE, CLOSE and MS-FSCC 2.4.29. */
void dsmb_put_attrs(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

/* Seconds from 1601 to 1970, and what FILETIME counts (MS-DTYP section 2.3.3). */
#define DSMB_EPOCH		11644473600LL
#define DSMB_TICKS		10000000LL
/* The latest that is told and taken: times of the wire are signed. */
#define DSMB_TIME_MAX		S64_MAX

/* Times before 1601 become 0, which no client takes for a time. */
static inline u64 dsmb_filetime(struct timespec64 ts)
{
	if (ts.tv_sec < -DSMB_EPOCH)
		return 0;
	if (ts.tv_sec >= DSMB_TIME_MAX / DSMB_TICKS - DSMB_EPOCH)
		return DSMB_TIME_MAX;
	return (ts.tv_sec + DSMB_EPOCH) * DSMB_TICKS + ts.tv_nsec / 100;
}

/* The caller has looked at the special values 0, -1 and -2. */
static inline struct timespec64 dsmb_timespec(u64 filetime)
{
	struct timespec64 ts;
	u32 ticks;

	ts.tv_sec = (s64)div_u64_rem(filetime, DSMB_TICKS, &ticks) - DSMB_EPOCH;
	ts.tv_nsec = ticks * 100;
	return ts;
}

#endif
