// SPDX-License-Identifier: GPL-2.0-only
/*
 * Object ids, compression, integrity, and what programs for NTFS ask about a volume and a file:
 * MS-FSCC sections 2.3.1 to 2.3.3, 2.3.17 to 2.3.21, 2.3.24, 2.3.52, 2.3.60, 2.3.67, 2.3.73. Object
 * ids are stored with the DOS attributes; compression is the file system's.
 */

#include <linux/dcache.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "../../fs/node/node.h"
#include "../../fs/op/compress.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../open/open.h"
#include "../wire/name.h"
#include "ioctl.h"

/* Values of ChecksumAlgorithm, and the size of what is got: MS-FSCC sections 2.3.52, 2.3.73 */
#define DSMB_CHECKSUM_NONE	0x0000
#define DSMB_CHECKSUM_UNCHANGED	0xffff
#define DSMB_INTEGRITY_REPLY	16

/* BytesPerFileRecordSegment, by which programs divide the size of the table of files. */
#define DSMB_FILE_RECORD	1024

/* Bytes of USN_RECORD_V2 and USN_RECORD_V3 before the name: MS-FSCC sections 2.3.61.1, 2.3.61.2 */
#define DSMB_USN_2_HEAD		60
#define DSMB_USN_3_HEAD		76
#define DSMB_USN_ALIGN		8

/* FILE_OBJECTID_BUFFER type 1: MS-FSCC section 2.1.3.1 */
static u32 dsmb_encode_object_id(struct dsmb_ioctl *io, const uuid_t *id)
{
	dsmb_encode_bytes(&io->out, id, sizeof(*id));
	dsmb_encode_bytes(&io->out, &io->call->op.share->id, sizeof(uuid_t));
	dsmb_encode_bytes(&io->out, id, sizeof(*id));
	dsmb_builder_reserve(&io->out, sizeof(uuid_t));
	return STATUS_SUCCESS;
}

/* Get the object id of a file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_get_object_id(struct dsmb_ioctl *io)
{
	struct dsmb_attrs attrs;
	int err;

	err = dsmb_attrs_of_node(io->call->op.share, ditto_instance_base(io->inst), &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	if (!(attrs.dosattr.valid & DITTO_DOSATTR_OBJECT_ID))
		return STATUS_OBJECTID_NOT_FOUND;
	return dsmb_encode_object_id(io, &attrs.dosattr.object_id);
}

/* Get the object id of a file, and create it if there is none. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_object_id(struct dsmb_ioctl *io)
{
	struct ditto_node *base = ditto_instance_base(io->inst);
	struct ditto_dosattr dosattr = { .valid = DITTO_DOSATTR_OBJECT_ID };
	struct dsmb_attrs attrs;
	int err;

	err = dsmb_attrs_of_node(io->call->op.share, base, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	if (attrs.dosattr.valid & DITTO_DOSATTR_OBJECT_ID)
		return dsmb_encode_object_id(io, &attrs.dosattr.object_id);
	uuid_gen(&dosattr.object_id);
	err = ditto_dosattr_set(&io->call->op, base, &dosattr);
	if (err)
		return dsmb_op_status(io->call, err);
	/* Another client may have set an id first. */
	return dsmb_fsctl_get_object_id(io);
}

/* Get the compression state of a file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_get_compression(struct dsmb_ioctl *io)
{
	struct dsmb_attrs attrs;
	int err;

	err = dsmb_attrs_of_node(io->call->op.share, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u16(&io->out, dsmb_compression(&attrs));
	return STATUS_SUCCESS;
}

/*
 * Set the compression state of a file. COMPRESSION_FORMAT_NONE succeeds also if the file system
 * cannot compress. Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_set_compression(struct dsmb_ioctl *io)
{
	u16 format = dsmb_get_u16(&io->in);

	if (format > DSMB_COMPRESSION_LZNT1)
		return STATUS_INVALID_PARAMETER;
	if (format == DSMB_COMPRESSION_NONE && !ditto_can_compress(io->call->op.share))
		return STATUS_SUCCESS;
	return dsmb_op_status(io->call, ditto_compress(&io->call->op, io->node,
						       format != DSMB_COMPRESSION_NONE));
}

/*
 * Get the checksums of a file, which has none. MS-FSCC section 2.3.52.
 *
 * Programs that share blocks give the new file the integrity of the old one before, and do not
 * share any if they cannot. So file systems that share blocks answer, and the others do not know
 * the request (MS-FSA section 2.1.5.10.33). Checksums, if there are any, are always on.
 *
 * Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_get_integrity(struct dsmb_ioctl *io)
{
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	if (!dsmb_fs_clones(io->node->inode))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (io->max < DSMB_INTEGRITY_REPLY)
		return STATUS_INVALID_PARAMETER;
	err = dsmb_space_get(&io->call->op, io->node, &space, &st);
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u16(&io->out, DSMB_CHECKSUM_NONE);
	dsmb_encode_u16(&io->out, 0);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, space.cluster);
	dsmb_encode_u32(&io->out, space.cluster);
	return STATUS_SUCCESS;
}

/*
 * Set the checksums of a file, which can have none. MS-FSCC section 2.3.73. The flag turns off the
 * enforcement of checksums, so it needs some. Context: any. Return: a status.
 */
u32 dsmb_fsctl_set_integrity(struct dsmb_ioctl *io)
{
	u16 algorithm = dsmb_get_u16(&io->in);

	if (!dsmb_fs_clones(io->node->inode))
		return STATUS_INVALID_DEVICE_REQUEST;
	dsmb_skip(&io->in, 2);
	if (dsmb_get_u32(&io->in) || io->in.bad ||
	    (algorithm != DSMB_CHECKSUM_NONE && algorithm != DSMB_CHECKSUM_UNCHANGED))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/*
 * Describe the volume in terms of NTFS. MS-FSCC section 2.3.24. NTFS_VOLUME_DATA_BUFFER. There is
 * no table of files. Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_volume_data(struct dsmb_ioctl *io)
{
	struct ditto_op *op = &io->call->op;
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	err = dsmb_space_get(op, io->node, &space, &st);
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u64(&io->out, op->share->tag);
	dsmb_encode_u64(&io->out, space.total * (space.cluster / space.sector));
	dsmb_encode_u64(&io->out, space.total);
	dsmb_encode_u64(&io->out, space.available);
	dsmb_encode_u64(&io->out, 0);
	dsmb_encode_u32(&io->out, space.sector);
	dsmb_encode_u32(&io->out, space.cluster);
	dsmb_encode_u32(&io->out, DSMB_FILE_RECORD);
	dsmb_builder_reserve(&io->out, 4 + 5 * sizeof(u64));
	return STATUS_SUCCESS;
}

/* Return: the id of the directory that has a name; 0 for the root of the share. */
static int dsmb_parent_id(struct ditto_share *share, struct dentry *dentry, u64 *id)
{
	struct dsmb_attrs attrs;
	struct ditto_attr fs;
	struct dentry *parent;
	int err;

	*id = 0;
	if (dentry == share->root.dentry)
		return 0;
	parent = ditto_parent(share, dentry);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	err = dsmb_attrs_of_entry(share, parent, NULL, &fs, &attrs);
	dput(parent);
	*id = err ? 0 : attrs.file_id;
	return err;
}

static void dsmb_encode_id(struct dsmb_ioctl *io, u64 id, u32 version)
{
	dsmb_encode_u64(&io->out, id);
	if (version == 3)
		dsmb_encode_u64(&io->out, 0);
}

/* Return: false if the client knows no version that is made here. */
static bool dsmb_usn_version(struct dsmb_ioctl *io, u32 *version)
{
	u32 min = 2, max = 2;

	if (io->in.size >= 2 * sizeof(__le16)) {
		min = dsmb_get_u16(&io->in);
		max = dsmb_get_u16(&io->in);
	}
	*version = min_t(u32, max, 3);
	return *version >= 2 && *version >= min;
}

/*
 * Describe a file as its last record in a journal of changes. MS-FSCC section 2.3.60. A record of
 * the file as it is. There is no journal, so it has no USN, time and reason (MS-FSA section
 * 2.1.5.10.29). Return: a status or DSMB_PARKED.
 */
u32 dsmb_fsctl_read_usn(struct dsmb_ioctl *io)
{
	struct dentry *dentry = ditto_instance_dentry(io->inst);
	struct ditto_share *share = io->call->op.share;
	struct name_snapshot name;
	struct dsmb_attrs attrs;
	u32 version, head, at;
	u64 parent;
	int err;

	if (!dsmb_usn_version(io, &version))
		return STATUS_INVALID_PARAMETER;
	err = dsmb_attrs_of_node(share, ditto_instance_base(io->inst), &attrs) ?:
	      dsmb_parent_id(share, dentry, &parent);
	if (err)
		return dsmb_op_status(io->call, err);
	head = version == 3 ? DSMB_USN_3_HEAD : DSMB_USN_2_HEAD;
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u16(&io->out, version);
	dsmb_encode_u16(&io->out, 0);
	dsmb_encode_id(io, attrs.file_id, version);
	dsmb_encode_id(io, parent, version);
	/* Usn, TimeStamp, Reason, SourceInfo and SecurityId */
	dsmb_builder_reserve(&io->out, 2 * sizeof(u64) + 3 * sizeof(u32));
	dsmb_encode_u32(&io->out, attrs.flags);
	at = io->out.len;
	dsmb_encode_u16(&io->out, 0);
	dsmb_encode_u16(&io->out, head);
	if (dentry == share->root.dentry) {
		dsmb_encode_u16(&io->out, '.');
	} else {
		take_dentry_name_snapshot(&name, dentry);
		dsmb_encode_path(&io->out, name.name.name, name.name.len);
		release_dentry_name_snapshot(&name);
	}
	dsmb_fill_u16(&io->out, at, io->out.len - head);
	dsmb_encode_align(&io->out, DSMB_USN_ALIGN);
	dsmb_fill_u32(&io->out, 0, io->out.len);
	return STATUS_SUCCESS;
}
