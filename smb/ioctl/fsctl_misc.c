// SPDX-License-Identifier: GPL-2.0-only
/*
 * Object ids, compression and integrity: MS-FSCC sections 2.3.1 to 2.3.3, 2.3.17 to 2.3.21, 2.3.52,
 * 2.3.67, 2.3.73. Object ids are stored with the DOS attributes; compression is the file system's.
 * Programs that share extents compare the integrity of two files before.
 */

#include <linux/statfs.h>

#include "../../fs/op/compress.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../open/open.h"
#include "ioctl.h"

/* Values of ChecksumAlgorithm, and the flag: MS-FSCC section 2.3.73 */
#define DSMB_CHECKSUM_NONE		0x0000
#define DSMB_CHECKSUM_UNCHANGED		0xffff
#define DSMB_INTEGRITY_REPLY		16

/* FILE_OBJECTID_BUFFER type 1: MS-FSCC section 2.1.3.1 */
static u32 dsmb_encode_object_id(struct dsmb_ioctl *io, const uuid_t *id)
{
	dsmb_encode_bytes(&io->out, id, sizeof(*id));
	dsmb_encode_bytes(&io->out, &io->call->op.share->id, sizeof(uuid_t));
	dsmb_encode_bytes(&io->out, id, sizeof(*id));
	dsmb_builder_reserve(&io->out, sizeof(uuid_t));
	return STATUS_SUCCESS;
}

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

u32 dsmb_fsctl_get_compression(struct dsmb_ioctl *io)
{
	struct dsmb_attrs attrs;
	int err;

	if (io->max < sizeof(u16))
		return STATUS_INVALID_PARAMETER;
	err = dsmb_attrs_of_node(io->call->op.share, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_encode_u16(&io->out, dsmb_compression(&attrs));
	return STATUS_SUCCESS;
}

/* COMPRESSION_FORMAT_NONE succeeds also if the file system cannot compress. */
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

/* Checksums, if there are any, are the business of the file system and always on. */
u32 dsmb_fsctl_get_integrity(struct dsmb_ioctl *io)
{
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	if (io->max < DSMB_INTEGRITY_REPLY)
		return STATUS_INVALID_PARAMETER;
	err = ditto_statfs(&io->call->op, io->node, &st);
	if (err)
		return dsmb_op_status(io->call, err);
	dsmb_space_fill(&space, &st);
	dsmb_encode_u16(&io->out, DSMB_CHECKSUM_NONE);
	dsmb_encode_u16(&io->out, 0);
	dsmb_encode_u32(&io->out, 0);
	dsmb_encode_u32(&io->out, space.cluster);
	dsmb_encode_u32(&io->out, space.cluster);
	return STATUS_SUCCESS;
}

/* The flag turns off the enforcement of checksums, so it needs some. */
u32 dsmb_fsctl_set_integrity(struct dsmb_ioctl *io)
{
	u16 algorithm = dsmb_get_u16(&io->in);

	dsmb_skip(&io->in, 2);
	if (dsmb_get_u32(&io->in) ||
	    (algorithm != DSMB_CHECKSUM_NONE && algorithm != DSMB_CHECKSUM_UNCHANGED))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}
