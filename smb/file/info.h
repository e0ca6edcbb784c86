/* SPDX-License-Identifier: GPL-2.0-only */
/* Information classes: MS-FSCC sections 2.4 and 2.5, and what asks and sets them shares. */
#ifndef _DITTO_SMB_FILE_INFO_H
#define _DITTO_SMB_FILE_INFO_H

#include <linux/types.h>

#include "../transport/call.h"
#include "../transport/cursor.h"
#include "attrs.h"

/* InfoType of QUERY_INFO and SET_INFO: MS-SMB2 2.2.37 */
#define DSMB_INFO_FILE			1
#define DSMB_INFO_FILESYSTEM		2
#define DSMB_INFO_SECURITY		3
#define DSMB_INFO_QUOTA			4

/* MS-FSCC 2.4; the POSIX one is that of the SMB3 POSIX extensions. */
#define DSMB_FILE_DIRECTORY		1
#define DSMB_FILE_FULL_DIRECTORY	2
#define DSMB_FILE_BOTH_DIRECTORY	3
#define DSMB_FILE_BASIC			4
#define DSMB_FILE_STANDARD		5
#define DSMB_FILE_INTERNAL		6
#define DSMB_FILE_EA			7
#define DSMB_FILE_ACCESS		8
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
#define DSMB_FILE_COMPRESSION		28
#define DSMB_FILE_NETWORK_OPEN		34
#define DSMB_FILE_ATTRIBUTE_TAG		35
#define DSMB_FILE_ID_BOTH_DIRECTORY	37
#define DSMB_FILE_ID_FULL_DIRECTORY	38
#define DSMB_FILE_VALID_DATA_LENGTH	39
#define DSMB_FILE_NORMALIZED_NAME	48
#define DSMB_FILE_ID			59
#define DSMB_FILE_ID_EXTD_DIRECTORY	60
#define DSMB_FILE_DISPOSITION_EX	64
#define DSMB_FILE_RENAME_EX		65
#define DSMB_FILE_LINK_EX		72
#define DSMB_FILE_ID_64_EXTD_DIRECTORY	78
#define DSMB_FILE_ID_64_EXTD_BOTH	79
#define DSMB_FILE_POSIX			100

/* MS-FSCC 2.5 */
#define DSMB_FS_VOLUME			1
#define DSMB_FS_LABEL			2
#define DSMB_FS_SIZE			3
#define DSMB_FS_DEVICE			4
#define DSMB_FS_ATTRIBUTE		5
#define DSMB_FS_CONTROL			6
#define DSMB_FS_FULL_SIZE		7
#define DSMB_FS_OBJECT_ID		8
#define DSMB_FS_SECTOR_SIZE		11
#define DSMB_FS_POSIX			100

/* Answers longer than this are not made for classes that have one record. */
#define DSMB_INFO_ROOM			(2 * PATH_MAX + 256)
/* And for lists. */
#define DSMB_INFO_LIST_ROOM		(128 << 10)

/**
 * struct dsmb_query - a QUERY_INFO
 * @call: the call
 * @open: what is asked about
 * @inst: of @open, begun; NULL for a pipe
 * @node: of @inst
 * @class: FileInfoClass
 * @max: OutputBufferLength
 * @additional: AdditionalInformation
 * @flags: Flags
 * @input: input buffer
 * @out: the answer's buffer; lists may be as long as @max, and records as they need
 * @attrs: of @node, where the class says that it wants them
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
};

#define DSMB_CLASS_LIST		BIT(0)	/* ends where the client has no more room */
#define DSMB_CLASS_ATTRS	BIT(1)	/* wants @attrs */
#define DSMB_CLASS_PIPE		BIT(2)	/* of a pipe, too */
#define DSMB_CLASS_POSIX	BIT(3)	/* only with the POSIX extensions */
#define DSMB_CLASS_311		BIT(4)	/* since 3.1.1 */
#define DSMB_CLASS_TIMES	BIT(5)	/* sees itself to what times.h is about */

/**
 * struct dsmb_query_class - an information class that can be asked for
 * @class: FileInfoClass
 * @flags: DSMB_CLASS_*
 * @least: bytes that the client must have room for: else INFO_LENGTH_MISMATCH
 * @rights: that the open must have
 * @room: bytes to reserve; 0 if few
 * @put: writes it; returns a status
 */
struct dsmb_query_class {
	u8 class;
	u8 flags;
	u16 least;
	u32 rights;
	u32 room;
	u32 (*put)(struct dsmb_query *q);
};

/* One of a table, which ends with an entry without @put; NULL if it is not there. */
const struct dsmb_query_class *dsmb_query_class(const struct dsmb_query_class *table, u8 class);

extern const struct dsmb_query_class dsmb_query_file_classes[];
extern const struct dsmb_query_class dsmb_query_fs_classes[];
extern const struct dsmb_query_class dsmb_query_security_class[];

/* Room for @room bytes in the answer's buffer: @q->out is anew. A status. */
u32 dsmb_query_room(struct dsmb_query *q, u32 room);
/* The answer is BUFFER_TOO_SMALL, and says what would be enough (MS-SMB2 2.2.2). */
u32 dsmb_query_too_small(struct dsmb_query *q, u32 needed);

/* The size of the file's EAs as a list; 0 without. */
u32 dsmb_ea_size(struct ditto_op *op, struct ditto_node *node);
u32 dsmb_query_full_ea(struct dsmb_query *q);

/**
 * struct dsmb_change - a SET_INFO
 * @call: the call
 * @open: what is changed
 * @inst: of @open, begun; NULL for a pipe
 * @node: of @inst
 * @class: FileInfoClass
 * @additional: AdditionalInformation
 * @in: buffer
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
 * struct dsmb_set_class - an information class that can be set
 * @class: FileInfoClass
 * @flags: DSMB_CLASS_*
 * @least: bytes that must be there: else INFO_LENGTH_MISMATCH
 * @rights: that the open must have, one of them at least: else ACCESS_DENIED
 * @set: does it; returns a status or DSMB_PARKED
 */
struct dsmb_set_class {
	u8 class;
	u8 flags;
	u16 least;
	u32 rights;
	u32 (*set)(struct dsmb_change *c);
};

extern const struct dsmb_set_class dsmb_set_file_classes[];

u32 dsmb_set_full_ea(struct dsmb_change *c);
u32 dsmb_set_security(struct dsmb_change *c);

/* The status for what an operation of the core returned; it may have parked the call. */
static inline u32 dsmb_done(struct dsmb_call *call, int err)
{
	if (!err)
		return DSMB_SUCCESS;
	if (err == -EJUKEBOX)
		return dsmb_call_parked(call);
	return dsmb_status(err);
}

#endif
