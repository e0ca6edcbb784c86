// SPDX-License-Identifier: GPL-2.0-only
/* ECHO: MS-SMB2 section 3.3.5.17. */
#include "call.h"

#define ECHO_SIZE	4	/* MS-SMB2 section 2.2.29 */

u32 dsmb_echo(struct dsmb_call *call)
{
	dsmb_encode_u16(&call->out, ECHO_SIZE);
	dsmb_encode_u16(&call->out, 0);
	return STATUS_SUCCESS;
}
