/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of SMB2 (MS-SMB2 section 2.2.1.2). Each is described by a struct dsmb_command in the
 * file that implements it; the dispatcher (dispatch.c) does what they have in common.
 *
 * A command is decoded completely, once, before it is executed. A call that was parked is executed
 * again with the same arguments.
 */
#ifndef _DITTO_SMB_TRANSPORT_COMMAND_H
#define _DITTO_SMB_TRANSPORT_COMMAND_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#include "call.h"

/* Offset in a request of a field of its body, which begins with StructureSize. */
#define DSMB_BODY(offset)	(sizeof(struct dsmb_header) + (offset))
/* Bytes of a FileId: MS-SMB2 section 2.2.14.1. */
#define DSMB_FILE_ID_SIZE	16

/* Flags of a command. */
#define DSMB_NEEDS_SESSION	BIT(0)
#define DSMB_NEEDS_TREE		BIT(1)
#define DSMB_NEEDS_DISK		BIT(2)	/* needs a disk share; else NOT_SUPPORTED */
#define DSMB_SLOW		BIT(3)	/* may take long: runs on a worker of its own */
#define DSMB_CHANGES		BIT(4)	/* MS-SMB2 section 3.3.5.2.10: check ChannelSequence */
#define DSMB_LARGE_ANSWER	BIT(5)	/* the response may be as large as its charge allows */
#define DSMB_RECORDS		BIT(6)	/* may wait for a record */
#define DSMB_ENDLESS		BIT(7)	/* may wait for another client without a time limit */
#define DSMB_NO_INTERIM		BIT(8)	/* no STATUS_PENDING: it waits for breaks only */
#define DSMB_FREES		BIT(9)	/* releases something, or keeps it alive: needs no share */
#define DSMB_NEEDS_OPEN		BIT(10)	/* call->open is set; else FILE_CLOSED */
#define DSMB_UNLIMITED		BIT(11)	/* others wait for it: no limit of workers applies */
#define DSMB_SYNCS		BIT(12)	/* waits for a device if the file is on one */
#define DSMB_WHOLE		BIT(13)	/* sets all arguments and results before they are read */

#define DSMB_ON_SESSION		DSMB_NEEDS_SESSION
#define DSMB_ON_TREE		(DSMB_ON_SESSION | DSMB_NEEDS_TREE)
#define DSMB_ON_DISK		(DSMB_ON_TREE | DSMB_NEEDS_DISK)

/**
 * struct dsmb_command - description of a command
 * @name: for traces and statistics
 * @structure_size: StructureSize of the request; 0 if the dispatcher does not check it
 * @flags: DSMB_NEEDS_SESSION and so on
 * @file_id: offset of the FileId from the header on; 0 if the request has none
 * @args_size: bytes of the arguments; zeroed before @decode, unless DSMB_WHOLE is set
 * @res_size: bytes of the results; zeroed before each run of @exec, unless DSMB_WHOLE is set
 * @data_at: reads, from behind the header, where the data begin with which a single request of @len
 *	bytes ends; returns 0 if it does not. These data may then be in call->message->taken
 *	instead of call->in. NULL if the command wants them in one buffer
 * @decode: reads the arguments from call->in, which stands behind StructureSize, and checks what
 *	does not depend on the open; returns a status, or DSMB_DROP; NULL if there are none
 * @exec: does the work; returns a status, DSMB_PARKED, DSMB_TO_BE_RECORDED, DSMB_FS_FULL,
 *	DSMB_TURN_OVER or DSMB_DROP. It may put the data of its response into call->out, behind
 *	the bytes that @encode writes. Runs again after all of these but DSMB_DROP, so it changes
 *	nothing before the last point where it may return them, but for what it keeps in its
 *	arguments
 * @encode: writes the body of the response, for a status that is no error, and with
 *	call->keep_body for any; NULL if there is none
 * @release: frees what @decode and @exec took, when the response was written; it runs also if
 *	@decode failed, so it reads no arguments with DSMB_WHOLE; may be NULL
 *
 * All are called in process context with no lock held, and may sleep for I/O, but not for other
 * clients or the helper.
 */
struct dsmb_command {
	const char *name;
	u16 structure_size;
	u16 flags;
	u16 file_id;
	u16 args_size;
	u16 res_size;
	u32 (*data_at)(struct dsmb_cursor *in, u32 len);
	u32 (*decode)(struct dsmb_call *call, void *args);
	u32 (*exec)(struct dsmb_call *call, void *args, void *res);
	void (*encode)(struct dsmb_call *call, u32 status, const void *res);
	void (*release)(struct dsmb_call *call, void *args);
};

/* Arguments and results of these types need no allocation: for commands that come often. */
#define DSMB_ASSERT_ROOM(args, res) \
	static_assert(ALIGN(sizeof(args), sizeof(u64)) + sizeof(res) <= DSMB_CALL_ROOM)

/* The commands by their code (command.c). */
extern const struct dsmb_command *const dsmb_commands[DSMB_COMMANDS];

extern const struct dsmb_command dsmb_command_negotiate;
extern const struct dsmb_command dsmb_command_session_setup;
extern const struct dsmb_command dsmb_command_logoff;
extern const struct dsmb_command dsmb_command_tree_connect;
extern const struct dsmb_command dsmb_command_tree_disconnect;
extern const struct dsmb_command dsmb_command_create;
extern const struct dsmb_command dsmb_command_close;
extern const struct dsmb_command dsmb_command_flush;
extern const struct dsmb_command dsmb_command_read;
extern const struct dsmb_command dsmb_command_write;
extern const struct dsmb_command dsmb_command_lock;
extern const struct dsmb_command dsmb_command_ioctl;
extern const struct dsmb_command dsmb_command_cancel;
extern const struct dsmb_command dsmb_command_echo;
extern const struct dsmb_command dsmb_command_query_directory;
extern const struct dsmb_command dsmb_command_change_notify;
extern const struct dsmb_command dsmb_command_query_info;
extern const struct dsmb_command dsmb_command_set_info;
extern const struct dsmb_command dsmb_command_oplock_break;

#endif
