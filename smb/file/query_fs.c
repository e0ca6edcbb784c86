// SPDX-License-Identifier: GPL-2.0-only
/*
 * Information classes of QUERY_INFO for file systems: MS-FSCC section 2.5. Sizes are limited by the
 * caller's quota.
 */

#include <linux/blkdev.h>
#include <linux/dcache.h>
#include <linux/log2.h>
#include <linux/magic.h>
#include <linux/math64.h>
#include <linux/statfs.h>

#include "../../fs/node/node.h"
#include "../../fs/op/compress.h"
#include "../../fs/open/instance.h"
#include "../../fs/open/stream.h"
#include "../../fs/op/quota.h"
#include "../../fs/share/share.h"
#include "../auth/tree.h"
#include "../wire/name.h"
#include "info.h"

/* FileFsAttributeInformation: MS-FSCC section 2.5.1 */
#define DSMB_FS_CASE_SENSITIVE		0x00000001
#define DSMB_FS_CASE_PRESERVED		0x00000002
#define DSMB_FS_UNICODE			0x00000004
#define DSMB_FS_ACLS			0x00000008
#define DSMB_FS_COMPRESSION		0x00000010
#define DSMB_FS_QUOTAS			0x00000020
#define DSMB_FS_SPARSE			0x00000040
#define DSMB_FS_REPARSE			0x00000080
#define DSMB_FS_OBJECT_IDS		0x00010000
#define DSMB_FS_STREAMS			0x00040000
#define DSMB_FS_READ_ONLY		0x00080000
#define DSMB_FS_HARD_LINKS		0x00400000
#define DSMB_FS_EAS			0x00800000
#define DSMB_FS_REFCOUNTING		0x08000000

/* FileFsDeviceInformation: MS-FSCC section 2.5.10 */
#define DSMB_DEVICE_DISK		0x00000007
#define DSMB_DEVICE_READ_ONLY		0x00000002
#define DSMB_DEVICE_MOUNTED		0x00000020

/* FileFsControlInformation: MS-FSCC section 2.5.2 */
#define DSMB_QUOTA_TRACK		0x00000001
#define DSMB_QUOTA_ENFORCE		0x00000002

static const char dsmb_fs_name[] = "NTFS";

/*
 * Convert the sizes of a file system to clusters. A block size that is no power of two, or that
 * clients do not accept, is reported in sectors of 512 bytes. This is the size of a sector until
 * the device tells another one.
 */
void dsmb_space_fill(struct dsmb_space *space, const struct kstatfs *st)
{
	u32 block = st->f_frsize ?: st->f_bsize;

	space->sector = DSMB_SECTOR;
	space->cluster = block;
	space->total = st->f_blocks;
	space->free = st->f_bfree;
	space->available = st->f_bavail;
	if (is_power_of_2(block) && block >= DSMB_SECTOR && block <= DSMB_CLUSTER_MAX)
		return;
	space->cluster = DSMB_SECTOR;
	space->total = mul_u64_u32_div(space->total, block, DSMB_SECTOR);
	space->free = mul_u64_u32_div(space->free, block, DSMB_SECTOR);
	space->available = mul_u64_u32_div(space->available, block, DSMB_SECTOR);
}

/* Return: false if the file system is on no block device, or on several. */
static bool dsmb_device_get(const struct ditto_node *node, struct dsmb_device *device)
{
	struct block_device *bdev = node->inode->i_sb->s_bdev;

	if (!bdev)
		return false;
	*device = (struct dsmb_device) {
		.logical = bdev_logical_block_size(bdev),
		.physical = bdev_physical_block_size(bdev),
		.alignment = bdev_alignment_offset(bdev_whole(bdev)),
		.start = (u64)get_start_sect(bdev) << SECTOR_SHIFT,
		.rotates = bdev_rot(bdev),
		.trims = bdev_max_discard_sectors(bdev),
	};
	return true;
}

/*
 * Get the sizes of a file system as @op sees them; @st gets what the file system says itself. May
 * sleep. Return: 0 or an errno of the file system.
 */
int dsmb_space_get(struct ditto_op *op, struct ditto_node *node, struct dsmb_space *space,
		   struct kstatfs *st)
{
	struct dsmb_device device;
	struct ditto_quota quota;
	int err;

	err = ditto_statfs(op, node, st);
	if (err)
		return err;
	dsmb_space_fill(space, st);
	/* Clusters that are reported in smaller units are no multiples of the device's sectors. */
	if (dsmb_device_get(node, &device) && device.logical <= space->cluster)
		space->sector = device.logical;
	ditto_quota(op, &quota);
	space->total = min(space->total, div_u64(quota.limit, space->cluster));
	space->available = min(space->available, div_u64(ditto_quota_left(&quota),
							 space->cluster));
	return 0;
}

/* VolumeSerialNumber: 32 bits that never change for a share. */
static u32 dsmb_serial(const struct ditto_share *share)
{
	return share->tag ^ share->tag >> 32;
}

static u32 dsmb_query_volume(struct dsmb_query *q)
{
	struct ditto_share *share = q->call->op.share;
	struct dsmb_attrs root;
	struct ditto_attr fs;
	u32 at;
	int err;

	err = dsmb_attrs_of_entry(share, share->root.dentry, NULL, &fs, &root);
	if (err)
		return dsmb_op_status(q->call, err);
	dsmb_encode_u64(&q->out, root.created);
	dsmb_encode_u32(&q->out, dsmb_serial(share));
	at = q->out.len;
	dsmb_encode_u32(&q->out, 0);
	dsmb_encode_u16(&q->out, 0);
	dsmb_fill_u32(&q->out, at, dsmb_encode_string(&q->out, share->name, strlen(share->name)));
	return STATUS_SUCCESS;
}

/* FileFsSizeInformation and FileFsFullSizeInformation: MS-FSCC sections 2.5.8 and 2.5.4. */
static u32 dsmb_query_size(struct dsmb_query *q)
{
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	err = dsmb_space_get(&q->call->op, q->node, &space, &st);
	if (err)
		return dsmb_op_status(q->call, err);
	dsmb_encode_u64(&q->out, space.total);
	dsmb_encode_u64(&q->out, space.available);
	/* The free space of the file system, whatever the caller may use. */
	if (q->class == DSMB_FS_FULL_SIZE)
		dsmb_encode_u64(&q->out, space.free);
	dsmb_encode_u32(&q->out, space.cluster / space.sector);
	dsmb_encode_u32(&q->out, space.sector);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_device(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, DSMB_DEVICE_DISK);
	dsmb_encode_u32(&q->out, DSMB_DEVICE_MOUNTED |
			(q->call->op.writable ? 0 : DSMB_DEVICE_READ_ONLY));
	return STATUS_SUCCESS;
}

/*
 * Can the file system share blocks between files? Any context. Clients query the root, but only
 * regular files show support; so the usual file systems are listed.
 */
bool dsmb_fs_clones(const struct inode *inode)
{
	static const u32 magics[] = {
		BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, BCACHEFS_SUPER_MAGIC, OCFS2_SUPER_MAGIC,
	};
	int i;

	if (S_ISREG(inode->i_mode))
		return inode->i_fop->remap_file_range;
	for (i = 0; i < ARRAY_SIZE(magics); i++)
		if (inode->i_sb->s_magic == magics[i])
			return true;
	return false;
}

/* FileSystemAttributes, as far as the objects of the file system show them. */
static u32 dsmb_fs_flags(struct dsmb_query *q)
{
	const struct inode *inode = q->node->inode;
	u32 flags = DSMB_FS_CASE_SENSITIVE | DSMB_FS_CASE_PRESERVED | DSMB_FS_UNICODE |
		    DSMB_FS_ACLS | DSMB_FS_SPARSE | DSMB_FS_REPARSE;
	struct ditto_quota quota;

	ditto_quota(&q->call->op, &quota);
	if (quota.tracked)
		flags |= DSMB_FS_QUOTAS;
	if (inode->i_sb->s_xattr)
		flags |= DSMB_FS_EAS | DSMB_FS_OBJECT_IDS;
	if (ditto_has_streams(q->call->share))
		flags |= DSMB_FS_STREAMS;
	if (d_inode(inode->i_sb->s_root)->i_op->link)
		flags |= DSMB_FS_HARD_LINKS;
	if (ditto_can_compress(q->call->op.share))
		flags |= DSMB_FS_COMPRESSION;
	if (dsmb_fs_clones(inode))
		flags |= DSMB_FS_REFCOUNTING;
	if (!q->call->op.writable)
		flags |= DSMB_FS_READ_ONLY;
	return flags;
}

static u32 dsmb_query_attribute(struct dsmb_query *q)
{
	u32 at;

	dsmb_encode_u32(&q->out, dsmb_fs_flags(q));
	dsmb_encode_u32(&q->out, DSMB_NAME_UNITS);
	at = q->out.len;
	dsmb_encode_u32(&q->out, 0);
	dsmb_fill_u32(&q->out, at,
		      dsmb_encode_string(&q->out, dsmb_fs_name, sizeof(dsmb_fs_name) - 1));
	return STATUS_SUCCESS;
}

/* MS-FSCC section 2.5.2: new users have no limits; quota.c has the limits of each user. */
static u32 dsmb_query_control(struct dsmb_query *q)
{
	struct ditto_quota quota;

	ditto_quota(&q->call->op, &quota);
	dsmb_builder_reserve(&q->out, 24);
	dsmb_encode_u64(&q->out, U64_MAX);
	dsmb_encode_u64(&q->out, U64_MAX);
	dsmb_encode_u32(&q->out, (quota.tracked ? DSMB_QUOTA_TRACK : 0) |
			      (quota.enforced ? DSMB_QUOTA_ENFORCE : 0));
	dsmb_encode_u32(&q->out, 0);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_object_id(struct dsmb_query *q)
{
	dsmb_encode_bytes(&q->out, &q->call->op.share->id, sizeof(uuid_t));
	dsmb_builder_reserve(&q->out, 48);
	return STATUS_SUCCESS;
}

/*
 * Describe the sectors of a device. @device: the device, or NULL if the file system has none.
 * Nothing is promised that is not known: without a device, sectors of a file system are as small as
 * logical ones and aligned to nothing.
 */
void dsmb_sectors_fill(struct dsmb_sectors *sectors, const struct dsmb_space *space,
		       const struct dsmb_device *device)
{
	u32 before;

	*sectors = (struct dsmb_sectors) {
		.logical = space->sector,
		.atomic = space->sector,
		.performance = space->cluster,
		.effective = space->sector,
		.first_sector = DSMB_SECTORS_OFFSET_UNKNOWN,
		.partition = DSMB_SECTORS_OFFSET_UNKNOWN,
	};
	if (!device)
		return;
	sectors->atomic = max(device->physical, space->sector);
	sectors->performance = sectors->atomic;
	/* The file system guarantees to write no more than a page in one step. */
	sectors->effective = min_t(u32, sectors->atomic, PAGE_SIZE);
	sectors->flags = (device->rotates ? 0 : DSMB_SECTORS_NO_SEEK) |
			 (device->trims ? DSMB_SECTORS_TRIM : 0);
	if (device->alignment < 0)
		return;
	/* The device starts this far within a physical sector. */
	before = (device->physical - (u32)device->alignment % device->physical) % device->physical;
	sectors->first_sector = before;
	div_u64_rem(device->start + before, device->physical, &sectors->partition);
	if (!sectors->first_sector)
		sectors->flags |= DSMB_SECTORS_ALIGNED;
	if (!sectors->partition)
		sectors->flags |= DSMB_SECTORS_PARTITION;
}

static u32 dsmb_query_sector_size(struct dsmb_query *q)
{
	struct dsmb_device device;
	struct dsmb_sectors s;
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	err = dsmb_space_get(&q->call->op, q->node, &space, &st);
	if (err)
		return dsmb_op_status(q->call, err);
	dsmb_sectors_fill(&s, &space, dsmb_device_get(q->node, &device) ? &device : NULL);
	dsmb_encode_u32(&q->out, s.logical);
	dsmb_encode_u32(&q->out, s.atomic);
	dsmb_encode_u32(&q->out, s.performance);
	dsmb_encode_u32(&q->out, s.effective);
	dsmb_encode_u32(&q->out, s.flags);
	dsmb_encode_u32(&q->out, s.first_sector);
	dsmb_encode_u32(&q->out, s.partition);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_fs_posix(struct dsmb_query *q)
{
	struct dsmb_space space;
	struct kstatfs st;
	int err;

	err = dsmb_space_get(&q->call->op, q->node, &space, &st);
	if (err)
		return dsmb_op_status(q->call, err);
	dsmb_encode_u32(&q->out, st.f_bsize);
	dsmb_encode_u32(&q->out, space.cluster);
	dsmb_encode_u64(&q->out, space.total);
	dsmb_encode_u64(&q->out, space.free);
	dsmb_encode_u64(&q->out, space.available);
	dsmb_encode_u64(&q->out, st.f_files);
	dsmb_encode_u64(&q->out, st.f_ffree);
	dsmb_encode_u64(&q->out, q->call->op.share->tag);
	return STATUS_SUCCESS;
}

const struct dsmb_query_class dsmb_query_fs_classes[] = {
	{ DSMB_FS_VOLUME, 0, 24, 0, 0, dsmb_query_volume },
	{ DSMB_FS_SIZE, 0, 24, 0, 0, dsmb_query_size },
	{ DSMB_FS_DEVICE, 0, 8, 0, 0, dsmb_query_device },
	{ DSMB_FS_ATTRIBUTE, 0, 16, 0, 0, dsmb_query_attribute },
	{ DSMB_FS_CONTROL, 0, 48, 0, 0, dsmb_query_control },
	{ DSMB_FS_FULL_SIZE, 0, 32, 0, 0, dsmb_query_size },
	{ DSMB_FS_OBJECT_ID, 0, 64, 0, 0, dsmb_query_object_id },
	{ DSMB_FS_SECTOR_SIZE, 0, 28, 0, 0, dsmb_query_sector_size },
	{ DSMB_FS_POSIX, DSMB_CLASS_POSIX, 56, 0, 0, dsmb_query_fs_posix },
	{ DSMB_FS_DRIVER_PATH, 0, 12, 0, 0, dsmb_query_unsupported },
	{ DSMB_FS_VOLUME_FLAGS, 0, 4, 0, 0, dsmb_query_unsupported },
	{ DSMB_FS_DATA_COPY, 0, 4, 0, 0, dsmb_query_unsupported },
	{ }
};
