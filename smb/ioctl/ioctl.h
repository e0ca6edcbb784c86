/* SPDX-License-Identifier: GPL-2.0-only */
/* IOCTL: what its controls share. MS-SMB2 section 2.2.31, MS-FSCC section 2.3. */
#ifndef _DITTO_SMB_IOCTL_IOCTL_H
#define _DITTO_SMB_IOCTL_IOCTL_H

#include <linux/types.h>

#include "../file/info.h"
#include "../transport/builder.h"
#include "../transport/cursor.h"

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
#define DSMB_FSCTL_SET_COMPRESSION	0x0009c040
#define DSMB_FSCTL_GET_OBJECT_ID	0x0009009c
#define DSMB_FSCTL_OBJECT_ID		0x000900c0
#define DSMB_FSCTL_SET_REPARSE		0x000900a4
#define DSMB_FSCTL_GET_REPARSE		0x000900a8
#define DSMB_FSCTL_DELETE_REPARSE	0x000900ac
#define DSMB_FSCTL_SET_SPARSE		0x000900c4
#define DSMB_FSCTL_SET_ZERO_DATA	0x000980c8
#define DSMB_FSCTL_ALLOCATED_RANGES	0x000940cf
#define DSMB_FSCTL_FILE_REGIONS		0x00090284
#define DSMB_FSCTL_TRIM			0x00098208
#define DSMB_FSCTL_DUPLICATE_EXTENTS	0x00098344

/* Of an answer's output, where nothing else is said. */
#define DSMB_FSCTL_ROOM			512
#define DSMB_FSCTL_LIST_ROOM		65536
#define DSMB_SNAPSHOTS_ROOM		(256 << 10)

#define DSMB_FSCTL_NO_FILE	BIT(0)	/* its FileId is all ones: MS-SMB2 3.3.5.15 */
#define DSMB_FSCTL_PIPE		BIT(1)	/* of a pipe, and of nothing else */

/**
 * struct dsmb_ioctl - an IOCTL
 * @call: the call
 * @open: what it is about; NULL with DSMB_FSCTL_NO_FILE
 * @inst: of @open, begun; NULL for a pipe
 * @node: of @inst
 * @code: CtlCode
 * @persistent: FileId, as it came
 * @volatile_id: the same
 * @in: input
 * @max: MaxOutputResponse
 * @out: output
 */
struct dsmb_ioctl {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_instance *inst;
	struct ditto_node *node;
	u32 code;
	u64 persistent;
	u64 volatile_id;
	struct dsmb_cursor in;
	u32 max;
	struct dsmb_builder out;
};

/**
 * struct dsmb_fsctl - a control
 * @code: CtlCode
 * @flags: DSMB_FSCTL_NO_FILE, DSMB_FSCTL_PIPE
 * @rights: of which the open must have one, or 0: ACCESS_DENIED
 * @in: bytes that there must be: INVALID_PARAMETER
 * @room: longest output
 * @run: does it; returns a status or DSMB_PARKED
 */
struct dsmb_fsctl {
	u32 code;
	u8 flags;
	u32 rights;
	u32 in;
	u32 room;
	u32 (*run)(struct dsmb_ioctl *io);
};

/* fsctl_range.c */
u32 dsmb_fsctl_set_sparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_zero_data(struct dsmb_ioctl *io);
u32 dsmb_fsctl_allocated_ranges(struct dsmb_ioctl *io);
u32 dsmb_fsctl_file_regions(struct dsmb_ioctl *io);
u32 dsmb_fsctl_trim(struct dsmb_ioctl *io);

/* fsctl_copy.c */
u32 dsmb_fsctl_resume_key(struct dsmb_ioctl *io);
u32 dsmb_fsctl_copychunk(struct dsmb_ioctl *io);
u32 dsmb_fsctl_duplicate_extents(struct dsmb_ioctl *io);

/* fsctl_reparse.c */
u32 dsmb_fsctl_get_reparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_reparse(struct dsmb_ioctl *io);
u32 dsmb_fsctl_delete_reparse(struct dsmb_ioctl *io);

/* fsctl_misc.c */
u32 dsmb_fsctl_object_id(struct dsmb_ioctl *io);
u32 dsmb_fsctl_get_object_id(struct dsmb_ioctl *io);
u32 dsmb_fsctl_snapshots(struct dsmb_ioctl *io);
u32 dsmb_fsctl_get_compression(struct dsmb_ioctl *io);
u32 dsmb_fsctl_set_compression(struct dsmb_ioctl *io);

/* resilient.c */
u32 dsmb_fsctl_resiliency(struct dsmb_ioctl *io);

/* fsctl_net.c */
u32 dsmb_fsctl_interfaces(struct dsmb_ioctl *io);

#endif
