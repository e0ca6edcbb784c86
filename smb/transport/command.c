// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands: MS-SMB2 section 2.2. */
#include "call.h"

#define SESSION		DSMB_NEEDS_SESSION
#define TREE		(DSMB_NEEDS_SESSION | DSMB_NEEDS_TREE)
#define DISK		(TREE | DSMB_NEEDS_DISK)
/* Offset of a field of the body, from the header on. */
#define BODY(offset)	(sizeof(struct dsmb_header) + (offset))

const struct dsmb_command dsmb_commands[DSMB_COMMANDS] = {
	[DSMB_NEGOTIATE]	= { "negotiate", 36, 0, 0, dsmb_negotiate },
	[DSMB_SESSION_SETUP]	= { "session_setup", 25, DSMB_SLOW, 0, dsmb_session_setup },
	[DSMB_LOGOFF]		= { "logoff", 4, SESSION | DSMB_SLOW | DSMB_FREES, 0,
				    dsmb_logoff },
	[DSMB_TREE_CONNECT]	= { "tree_connect", 9, SESSION | DSMB_SLOW, 0, dsmb_tree_connect },
	[DSMB_TREE_DISCONNECT]	= { "tree_disconnect", 4, TREE | DSMB_SLOW | DSMB_FREES, 0,
				    dsmb_tree_disconnect },
	[DSMB_CREATE]		= { "create", 57, TREE | DSMB_RECORDS, 0, dsmb_create },
	[DSMB_CLOSE]		= { "close", 24, TREE | DSMB_RECORDS | DSMB_FREES, BODY(8),
				    dsmb_close },
	[DSMB_FLUSH]		= { "flush", 24, TREE | DSMB_SLOW, BODY(8), dsmb_flush },
	[DSMB_READ]		= { "read", 49, TREE | DSMB_LARGE_ANSWER, BODY(16), dsmb_read },
	[DSMB_WRITE]		= { "write", 49, TREE | DSMB_CHANGES, BODY(16), dsmb_write },
	[DSMB_LOCK]		= { "lock", 48,
				    DISK | DSMB_RECORDS | DSMB_ENDLESS | DSMB_FREES,
				    BODY(8), dsmb_lock },
	[DSMB_IOCTL]		= { "ioctl", 57,
				    TREE | DSMB_SLOW | DSMB_CHANGES | DSMB_LARGE_ANSWER,
				    BODY(8), dsmb_ioctl },
	[DSMB_CANCEL]		= { "cancel", 4, DSMB_FREES, 0, NULL },
	[DSMB_ECHO]		= { "echo", 4, DSMB_FREES, 0, dsmb_echo },
	[DSMB_QUERY_DIRECTORY]	= { "query_directory", 33, DISK | DSMB_LARGE_ANSWER, BODY(8),
				    dsmb_query_directory },
	[DSMB_CHANGE_NOTIFY]	= { "change_notify", 32, DISK | DSMB_ENDLESS, BODY(8),
				    dsmb_change_notify },
	[DSMB_QUERY_INFO]	= { "query_info", 41, TREE | DSMB_LARGE_ANSWER, BODY(24),
				    dsmb_query_info },
	/*
	 * No interim response, like Windows, which sends them only for the requests that
	 * section 3.3.4.2 of MS-SMB2 lists. Clients do not expect one here.
	 */
	[DSMB_SET_INFO]		= { "set_info", 33,
				    TREE | DSMB_CHANGES | DSMB_RECORDS | DSMB_NO_INTERIM,
				    BODY(16), dsmb_set_info },
	/* StructureSize is 24 for an oplock and 36 for a lease; the handler checks it. */
	[DSMB_OPLOCK_BREAK]	= { "oplock_break", 0, TREE | DSMB_RECORDS | DSMB_FREES, 0,
				    dsmb_oplock_break },
};
