// SPDX-License-Identifier: GPL-2.0-only
/* The commands of SMB2 by their codes (MS-SMB2 section 2.2.1.2). */

#include "command.h"

const struct dsmb_command *const dsmb_commands[DSMB_COMMANDS] = {
	[DSMB_NEGOTIATE]	= &dsmb_command_negotiate,
	[DSMB_SESSION_SETUP]	= &dsmb_command_session_setup,
	[DSMB_LOGOFF]		= &dsmb_command_logoff,
	[DSMB_TREE_CONNECT]	= &dsmb_command_tree_connect,
	[DSMB_TREE_DISCONNECT]	= &dsmb_command_tree_disconnect,
	[DSMB_CREATE]		= &dsmb_command_create,
	[DSMB_CLOSE]		= &dsmb_command_close,
	[DSMB_FLUSH]		= &dsmb_command_flush,
	[DSMB_READ]		= &dsmb_command_read,
	[DSMB_WRITE]		= &dsmb_command_write,
	[DSMB_LOCK]		= &dsmb_command_lock,
	[DSMB_IOCTL]		= &dsmb_command_ioctl,
	[DSMB_CANCEL]		= &dsmb_command_cancel,
	[DSMB_ECHO]		= &dsmb_command_echo,
	[DSMB_QUERY_DIRECTORY]	= &dsmb_command_query_directory,
	[DSMB_CHANGE_NOTIFY]	= &dsmb_command_change_notify,
	[DSMB_QUERY_INFO]	= &dsmb_command_query_info,
	[DSMB_SET_INFO]		= &dsmb_command_set_info,
	[DSMB_OPLOCK_BREAK]	= &dsmb_command_oplock_break,
};
