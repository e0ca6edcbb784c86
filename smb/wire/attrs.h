/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of a file in the form of the wire: times, sizes, FileAttributes (MS-FSCC section 2.6)
 * and identity. Every response that contains attributes is made from them.
 */
#ifndef _DITTO_SMB_WIRE_ATTRS_H
#define _DITTO_SMB_WIRE_ATTRS_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/unaligned.h>

#include "../../fs/op/dosattr.h"

struct dsmb_builder;

/* FileAttributes beyond DITTO_FLAG_*, which have the values of the wire. */
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
 * @file_id: id of the file, also for a stream, unique within the share; 0 only for a listed ".."
 * @volume_id: id of the volume, the same for all files of a share
 * @links: number of links; 0 only once the last name is removed
 * @is_dir: the file is a directory; false for a stream
 * @is_offloaded: data of the file is brought back when it is used
 * @is_stream: @allocation and @size belong to a stream
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

/* CompressionState: clients know a single algorithm, whichever one the file system uses. */
static inline u16 dsmb_compression(const struct dsmb_attrs *attrs)
{
	return attrs->flags & DSMB_ATTR_COMPRESSED ? DSMB_COMPRESSION_LZNT1 :
						     DSMB_COMPRESSION_NONE;
}

/* CreationTime, LastAccessTime, LastWriteTime and ChangeTime */
#define DSMB_TIMES_BYTES	32

/* The four times in one step, because listings do this for each entry. */
static inline void dsmb_put_times(void *p, const struct dsmb_attrs *attrs)
{
	put_unaligned_le64(attrs->created, p);
	put_unaligned_le64(attrs->accessed, p + 8);
	put_unaligned_le64(attrs->written, p + 16);
	put_unaligned_le64(attrs->changed, p + 24);
}

void dsmb_encode_times(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
void dsmb_encode_attrs(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

#endif
