// SPDX-License-Identifier: GPL-2.0-only
/* ECHO: MS-SMB2 sections 2.2.28, 2.2.29 and 3.3.5.17. */
#include "command.h"

#define ECHO_SIZE	4

static u32 echo_exec(struct dsmb_call *call, void *args, void *res)
{
	return STATUS_SUCCESS;
}

static void echo_encode(struct dsmb_call *call, u32 status, const void *res)
{
	dsmb_encode_u16(&call->out, ECHO_SIZE);
	dsmb_encode_u16(&call->out, 0);
}

const struct dsmb_command dsmb_command_echo = {
	.name = "echo",
	.structure_size = ECHO_SIZE,
	.flags = DSMB_FREES,
	.exec = echo_exec,
	.encode = echo_encode,
};
