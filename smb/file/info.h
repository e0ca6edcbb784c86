/* SPDX-License-Identifier: GPL-2.0-only */
/* Information classes (MS-FSCC sections 2.4 and 2.5), shared by QUERY_INFO and SET_INFO. */
#ifndef _DITTO_SMB_FILE_INFO_H
#define _DITTO_SMB_FILE_INFO_H

#include <linux/types.h>

#include "../transport/call.h"
#include "../wire/cursor.h"
#include "attrs.h"

struct ditto_op;
struct kstatfs;

/* InfoType of QUERY_INFO and SET_INFO: MS-SMB2 section 2.2.37 */
#define DSMB_INFO_FILE			1
#define DSMB_INFO_FILESYSTEM		2
#define DSMB_INFO_SECURITY		3
#define DSMB_INFO_QUOTA			4

/* MS-FSCC section 2.4; DSMB_FILE_POSIX is from the SMB3 POSIX extensions. */
#define DSMB_FILE_DIRECTORY		1
#define DSMB_FILE_FULL_DIRECTORY	2
#define DSMB_FILE_BOTH_DIRECTORY	3
#define DSMB_FILE_BASIC			4
#define DSMB_FILE_STANDARD		5
#define DSMB_FILE_INTERNAL		6
#define DSMB_FILE_EA			7
#define DSMB_FILE_ACCESS		8
#define DSMB_FILE_NAME			9
#define DSMB_FILE_RENAME		10
#define DSMB_FILE_LINK			11
#define DSMB_FILE_NAMES			12
#define DSMB_FILE_DISPOSITION		13
#define DSMB_FILE_POSITION		14
#define DSMB_FILE_FULL_EA		15
#define DSMB_FILE_MODE			16
#define DSMB_FILE_ALIGNMENT		17
#define DSMB_FILE_ALL			18
#define DSMB_FILE_ALLOCATION		19
#define DSMB_FILE_END_OF_FILE		20
#define DSMB_FILE_ALTERNATE_NAME	21
#define DSMB_FILE_STREAM		22
#define DSMB_FILE_PIPE			23
#define DSMB_FILE_PIPE_LOCAL		24
#define DSMB_FILE_PIPE_REMOTE		25
#define DSMB_FILE_MAILSLOT_QUERY	26
#define DSMB_FILE_MAILSLOT_SET		27
#define DSMB_FILE_COMPRESSION		28
#define DSMB_FILE_OBJECT_ID		29
#define DSMB_FILE_QUOTA			32
#define DSMB_FILE_REPARSE_POINT		33
#define DSMB_FILE_NETWORK_OPEN		34
#define DSMB_FILE_ATTRIBUTE_TAG		35
#define DSMB_FILE_ID_BOTH_DIRECTORY	37
#define DSMB_FILE_ID_FULL_DIRECTORY	38
#define DSMB_FILE_VALID_DATA_LENGTH	39
#define DSMB_FILE_SHORT_NAME		40
#define DSMB_FILE_SFIO_RESERVE		44
#define DSMB_FILE_HARD_LINK		46
#define DSMB_FILE_NORMALIZED_NAME	48
#define DSMB_FILE_STANDARD_LINK	54
#define DSMB_FILE_ID			59
#define DSMB_FILE_ID_EXTD_DIRECTORY	60
#define DSMB_FILE_DISPOSITION_EX	64
#define DSMB_FILE_RENAME_EX		65
#define DSMB_FILE_STAT			68
#define DSMB_FILE_STAT_LX		70
#define DSMB_FILE_CASE_SENSITIVE	71
#define DSMB_FILE_LINK_EX		72
#define DSMB_FILE_ID_64_EXTD_DIRECTORY	78
#define DSMB_FILE_ID_64_EXTD_BOTH	79
#define DSMB_FILE_POSIX			100

/* MS-FSCC section 2.5 */
#define DSMB_FS_VOLUME			1
#define DSMB_FS_LABEL			2
#define DSMB_FS_SIZE			3
#define DSMB_FS_DEVICE			4
#define DSMB_FS_ATTRIBUTE		5
#define DSMB_FS_CONTROL			6
#define DSMB_FS_FULL_SIZE		7
#define DSMB_FS_OBJECT_ID		8
#define DSMB_FS_DRIVER_PATH		9
#define DSMB_FS_VOLUME_FLAGS		10
#define DSMB_FS_SECTOR_SIZE		11
#define DSMB_FS_DATA_COPY		12
#define DSMB_FS_POSIX			100

/* Reply buffer in bytes for a class that is a list. */
#define DSMB_INFO_LIST_ROOM		(128 << 10)

/**
 * struct dsmb_query - a QUERY_INFO request
 * @call: the call
 * @open: open that is queried
 * @inst: instance of @open, begun; NULL for a pipe
 * @node: node of @inst
 * @class: FileInfoClass
 * @max: OutputBufferLength
 * @additional: AdditionalInformation
 * @flags: Flags
 * @input: input buffer
 * @out: output buffer; a list may be as long as @max, a record as long as it needs
 * @attrs: attributes of @node, for classes with DSMB_CLASS_ATTRS
 * @needed: with STATUS_BUFFER_TOO_SMALL, output buffer that would be enough
 */
struct dsmb_query {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_instance *inst;
	struct ditto_node *node;
	u8 class;
	u32 max;
	u32 additional;
	u32 flags;
	struct dsmb_cursor input;
	struct dsmb_builder out;
	struct dsmb_attrs attrs;
	u32 needed;
};

#define DSMB_CLASS_LIST		BIT(0)	/* list: cut off at OutputBufferLength */
#define DSMB_CLASS_ATTRS	BIT(1)	/* needs @attrs */
#define DSMB_CLASS_PIPE		BIT(2)	/* also for pipes; in SET_INFO for pipes only */
#define DSMB_CLASS_POSIX	BIT(3)	/* only with the POSIX extensions */
#define DSMB_CLASS_311		BIT(4)	/* only in 3.1.1 */
#define DSMB_CLASS_TIMES	BIT(5)	/* handles the times of times.h itself */

/**
 * struct dsmb_query_class - an information class of QUERY_INFO
 * @class: FileInfoClass
 * @flags: DSMB_CLASS_*
 * @least: least OutputBufferLength, else STATUS_INFO_LENGTH_MISMATCH
 * @rights: access that the open must have, all of it, else STATUS_ACCESS_DENIED
 * @room: bytes to reserve in the reply; 0 if the default is enough
 * @put: encodes the information; returns a status
 */
struct dsmb_query_class {
	u8 class;
	u8 flags;
	u16 least;
	u32 rights;
	u32 room;
	u32 (*put)(struct dsmb_query *q);
};

const struct dsmb_query_class *dsmb_query_class(const struct dsmb_query_class *table, u8 class);

/* One table for each InfoType; the one for quotas is in quota.h. */
extern const struct dsmb_query_class dsmb_query_file_classes[];
extern const struct dsmb_query_class dsmb_query_fs_classes[];
extern const struct dsmb_query_class dsmb_query_security_class[];

#define DSMB_SECTOR			512
/* Largest cluster size that clients accept. */
#define DSMB_CLUSTER_MAX		(2 << 20)

/**
 * struct dsmb_space - sizes of a file system in clusters
 * @sector: bytes of a logical sector of the device, a power of two that divides @cluster
 * @cluster: bytes of a cluster, a power of two
 * @total: size of the file system, or the caller's quota if that is less
 * @free: free clusters of the file system
 * @available: clusters available to the caller
 */
struct dsmb_space {
	u32 sector;
	u32 cluster;
	u64 total;
	u64 free;
	u64 available;
};

void dsmb_space_fill(struct dsmb_space *space, const struct kstatfs *st);
bool dsmb_fs_clones(const struct inode *inode);
int dsmb_space_get(struct ditto_op *op, struct ditto_node *node, struct dsmb_space *space,
		   struct kstatfs *st);

/* FileFsSectorSizeInformation: MS-FSCC section 2.5.8 */
#define DSMB_SECTORS_ALIGNED		0x00000001	/* the device's first sector */
#define DSMB_SECTORS_PARTITION		0x00000002	/* the partition's first sector */
#define DSMB_SECTORS_NO_SEEK		0x00000004
#define DSMB_SECTORS_TRIM		0x00000008
#define DSMB_SECTORS_OFFSET_UNKNOWN	0xffffffff

/**
 * struct dsmb_device - a block device under a file system, as the block layer describes it
 * @logical: bytes of a logical sector
 * @physical: bytes of a physical sector
 * @alignment: bytes from the start of the whole device to the first physical sector that begins on
 *	it; -1 if unknown
 * @start: first byte of the partition
 * @rotates: seeking takes time
 * @trims: discarded sectors are of use to it
 */
struct dsmb_device {
	u32 logical;
	u32 physical;
	s64 alignment;
	u64 start;
	bool rotates;
	bool trims;
};

/**
 * struct dsmb_sectors - fields of FileFsSectorSizeInformation, by the order there
 * @logical: bytes of a logical sector
 * @atomic: bytes of a physical sector that are written as a whole
 * @performance: bytes of a physical sector by which writing is fast
 * @effective: bytes of a physical sector for the file system
 * @flags: DSMB_SECTORS_*
 * @first_sector: bytes from the start of a physical sector to the start of the whole device
 * @partition: the same to the start of the partition
 */
struct dsmb_sectors {
	u32 logical;
	u32 atomic;
	u32 performance;
	u32 effective;
	u32 flags;
	u32 first_sector;
	u32 partition;
};

void dsmb_sectors_fill(struct dsmb_sectors *sectors, const struct dsmb_space *space,
		       const struct dsmb_device *device);

u32 dsmb_query_room(struct dsmb_query *q, u32 room);
u32 dsmb_query_too_small(struct dsmb_query *q, u32 needed);
u32 dsmb_query_unsupported(struct dsmb_query *q);

u32 dsmb_ea_size(struct ditto_op *op, struct ditto_node *node);
u32 dsmb_query_full_ea(struct dsmb_query *q);

/**
 * struct dsmb_change - a SET_INFO request
 * @call: the call
 * @open: open that is changed
 * @inst: instance of @open, begun; NULL for a pipe
 * @node: node of @inst
 * @class: FileInfoClass
 * @additional: AdditionalInformation
 * @in: input buffer
 */
struct dsmb_change {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_instance *inst;
	struct ditto_node *node;
	u8 class;
	u32 additional;
	struct dsmb_cursor in;
};

/**
 * struct dsmb_set_class - an information class of SET_INFO
 * @class: FileInfoClass
 * @flags: DSMB_CLASS_*
 * @least: least length of the input, else STATUS_INFO_LENGTH_MISMATCH
 * @rights: the open must have one of these, else STATUS_ACCESS_DENIED; 0 for none
 * @set: makes the change; returns a status or DSMB_PARKED
 */
struct dsmb_set_class {
	u8 class;
	u8 flags;
	u16 least;
	u32 rights;
	u32 (*set)(struct dsmb_change *c);
};

extern const struct dsmb_set_class dsmb_set_file_classes[];

u32 dsmb_set_unsupported(struct dsmb_change *c);

u32 dsmb_set_full_ea(struct dsmb_change *c);

u32 dsmb_set_security(struct dsmb_change *c);

/* Convert the result of a core operation to a status. Return: a status, or DSMB_PARKED. */
static inline u32 dsmb_op_status(struct dsmb_call *call, int err)
{
	if (!err)
		return STATUS_SUCCESS;
	if (err == -EJUKEBOX)
		return dsmb_call_parked(call);
	return dsmb_status(err);
}

#endif
