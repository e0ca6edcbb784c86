// SPDX-License-Identifier: GPL-2.0-only
/*
 * CHANGE_NOTIFY: MS-SMB2 section 3.3.5.19. Clients do without, where a server says
 * that it does not tell; they look again by themselves.
 */
#include "call.h"

u32 dsmb_change_notify(struct dsmb_call *call)
{
	struct dsmb_cursor *in = &call->in;
	u64 persistent, volatile_id;
	struct dsmb_open *open;
	u32 status;

	dsmb_skip(in, 2 + 4);
	persistent = dsmb_get_u64(in);
	volatile_id = dsmb_get_u64(in);
	if (in->bad)
		return DSMB_INVALID_PARAMETER;
	status = dsmb_call_open(call, persistent, volatile_id, &open);
	return status ?: DSMB_NOT_SUPPORTED;
}
