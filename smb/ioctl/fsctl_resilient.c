// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resilient opens: a client requests that an open survives the loss of its connection, whatever
 * caching it has. MS-SMB2 sections 2.2.31.3 and 3.3.5.15.9.
 */
#include "../open/durable.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "ioctl.h"

/* Longest timeout that is accepted, and the timeout used if the client requests none. */
#define DSMB_RESILIENT_MS_MAX		DSMB_DURABLE_MS_MAX
#define DSMB_RESILIENT_MS_USUAL		120000

/* Make an open resilient. MS-SMB2 section 3.3.5.15.9. Return: a status. */
u32 dsmb_fsctl_resiliency(struct dsmb_ioctl *io)
{
	u32 timeout_ms = dsmb_get_u32(&io->in);

	if (io->call->conn->dialect == DSMB_DIALECT_202)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (timeout_ms > DSMB_RESILIENT_MS_MAX)
		return STATUS_INVALID_PARAMETER;
	return dsmb_durable_strengthen(io->call, io->open, timeout_ms ?: DSMB_RESILIENT_MS_USUAL);
}
