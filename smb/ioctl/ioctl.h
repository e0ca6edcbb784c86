/* SPDX-License-Identifier: GPL-2.0-only */
/* IOCTL: definitions shared by the FSCTLs. MS-SMB2 section 2.2.31, MS-FSCC section 2.3. */
#ifndef _DITTO_SMB_IOCTL_IOCTL_H
#define _DITTO_SMB_IOCTL_IOCTL_H

#include <linux/types.h>

#include "../file/info.h"
#include "../wire/builder.h"
#include "../wire/cursor.h"

struct ditto_instance;
struct ditto_node;
struct dsmb_call;
struct dsmb_open;

#define DSMB_FSCTL_PIPE_WAIT		0x00110018
#define DSMB_FSCTL_PIPE_PEEK		0x0011400c
#define DSMB_FSCTL_PIPE_TRANSCEIVE	0x0011c017
#define DSMB_FSCTL_DFS_REFERRALS	0x00060194
#define DSMB_FSCTL_DFS_REFERRALS_EX	0x000601b0
#define DSMB_FSCTL_RESUME_KEY		0x00140078
#define DSMB_FSCTL_SNAPSHOTS		0x00144064
#define DSMB_FSCTL_COPYCHUNK		0x001440f2
#define DSMB_FSCTL_COPYCHUNK_WRITE	0x001480f2
#define DSMB_FSCTL_RESILIENCY		0x001401d4
#define DSMB_FSCTL_INTERFACES		0x001401fc
#define DSMB_FSCTL_VALIDATE_NEGOTIATE	0x00140204
#define DSMB_FSCTL_GET_COMPRESSION	0x0009003c
#define DSMB_FSCTL_VOLUME_DATA		0x00090064
#define DSMB_FSCTL_SET_COMPRESSION	0x0009c040
#define DSMB_FSCTL_GET_OBJECT_ID	0x0009009c
#define DSMB_FSCTL_OBJECT_ID		0x000900c0
#define DSMB_FSCTL_READ_USN		0x000900eb
#define DSMB_FSCTL_SET_REPARSE		0x000900a4
#define DSMB_FSCTL_GET_REPARSE		0x000900a8
#define DSMB_FSCTL_DELETE_REPARSE	0x000900ac
#define DSMB_FSCTL_SET_SPARSE		0x000900c4
#define DSMB_FSCTL_SET_ZERO_DATA	0x000980c8
#define DSMB_FSCTL_ALLOCATED_RANGES	0x000940cf
#define DSMB_FSCTL_FILE_REGIONS		0x00090284
#define DSMB_FSCTL_TRIM			0x00098208
#define DSMB_FSCTL_DUPLICATE_EXTENTS	0x00098344
#define DSMB_FSCTL_DUPLICATE_EXTENTS_EX	0x000983e8
#define DSMB_FSCTL_GET_INTEGRITY	0x0009027c
#define DSMB_FSCTL_OFFLOAD_READ		0x00094264
#define DSMB_FSCTL_OFFLOAD_WRITE	0x00098268
#define DSMB_FSCTL_SET_INTEGRITY	0x0009c280

/* Output buffer in bytes: default, a token, a record with a name, lists, the list of snapshots. */
#define DSMB_FSCTL_ROOM			512
#define DSMB_FSCTL_NAME_ROOM		1024
#define DSMB_FSCTL_TOKEN_ROOM		528
#define DSMB_FSCTL_LIST_ROOM		65536
#define DSMB_SNAPSHOTS_ROOM		(256 << 10)

#define DSMB_FSCTL_NO_FILE	BIT(0)	/* FileId is all ones: MS-SMB2 section 3.3.5.15 */
#define DSMB_FSCTL_PIPE		BIT(1)	/* only for pipes */
#define DSMB_FSCTL_COPIES	BIT(2)	/* copied data is not on the disk yet */
/* Only for files and streams: a directory is STATUS_INVALID_PARAMETER. */
#define DSMB_FSCTL_DATA		BIT(3)
/* Too small an output buffer is STATUS_BUFFER_TOO_SMALL, or STATUS_INVALID_PARAMETER without. */
#define DSMB_FSCTL_TELLS_SMALL	BIT(4)
#define DSMB_FSCTL_CLEARS	BIT(5)	/* clears a part of the data */

/**
 * struct dsmb_ioctl - an IOCTL request
 * @call: the call
 * @open: open that the FSCTL is for; NULL with DSMB_FSCTL_NO_FILE
 * @inst: instance of @open, begun; NULL for a pipe
 * @node: node of @inst
 * @code: CtlCode
 * @in: input buffer
 * @max: MaxOutputResponse
 * @out: output buffer
 */
struct dsmb_ioctl {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_instance *inst;
	struct ditto_node *node;
	u32 code;
	struct dsmb_cursor in;
	u32 max;
	struct dsmb_builder out;
};

/**
 * struct dsmb_fsctl - an FSCTL
 * @code: CtlCode
 * @flags: DSMB_FSCTL_NO_FILE to DSMB_FSCTL_CLEARS
 * @rights: the open must have one of these, else STATUS_ACCESS_DENIED; 0 for none
 * @in: least bytes of input, else STATUS_INVALID_PARAMETER
 * @out: least MaxOutputResponse
 * @room: most bytes of output
 * @exec: does it; returns a status, DSMB_PARKED or DSMB_TURN_OVER; it may run again, like a
 *	command
 * @release: frees call->private, when the response was written; NULL if it is not used
 */
struct dsmb_fsctl {
	u32 code;
	u8 flags;
	u32 rights;
	u16 in;
	u16 out;
	u32 room;
	u32 (*exec)(struct dsmb_ioctl *io);
	void (*release)(struct dsmb_call *call);
};

/* fsctl_dfs.c; they return a status */
u32 dsmb_fsctl_dfs_referrals(struct dsmb_ioctl *io);
u32 dsmb_fsctl_dfs_referrals_ex(struct dsmb_ioctl *io);

/* fsctl_range.c */

u32 dsmb_fsctl_set_sparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_zero_data(struct dsmb_ioctl *io);
u32 dsmb_fsctl_allocated_ranges(struct dsmb_ioctl *io);
u32 dsmb_fsctl_file_regions(struct dsmb_ioctl *io);
u32 dsmb_fsctl_trim(struct dsmb_ioctl *io);
int dsmb_zero_range(struct dsmb_ioctl *io, bool punch, u64 pos, u64 count);

/* fsctl_copy.c */

u32 dsmb_fsctl_resume_key(struct dsmb_ioctl *io);
u32 dsmb_fsctl_copychunk(struct dsmb_ioctl *io);
void dsmb_fsctl_copy_release(struct dsmb_call *call);
u32 dsmb_fsctl_duplicate_extents(struct dsmb_ioctl *io);
u32 dsmb_fsctl_duplicate_extents_ex(struct dsmb_ioctl *io);

/* fsctl_offload.c */

u32 dsmb_fsctl_offload_read(struct dsmb_ioctl *io);
u32 dsmb_fsctl_offload_write(struct dsmb_ioctl *io);

/* fsctl_reparse.c */

u32 dsmb_fsctl_get_reparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_reparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_delete_reparse(struct dsmb_ioctl *io);

/* fsctl_misc.c and fsctl_snapshots.c */

u32 dsmb_fsctl_object_id(struct dsmb_ioctl *io);
u32 dsmb_fsctl_get_object_id(struct dsmb_ioctl *io);

u32 dsmb_fsctl_snapshots(struct dsmb_ioctl *io);

u32 dsmb_fsctl_get_compression(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_compression(struct dsmb_ioctl *io);
u32 dsmb_fsctl_get_integrity(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_integrity(struct dsmb_ioctl *io);
u32 dsmb_fsctl_volume_data(struct dsmb_ioctl *io);
u32 dsmb_fsctl_read_usn(struct dsmb_ioctl *io);

/* fsctl_resilient.c */

u32 dsmb_fsctl_resiliency(struct dsmb_ioctl *io);

/* fsctl_net.c */

u32 dsmb_fsctl_interfaces(struct dsmb_ioctl *io);

#endif
