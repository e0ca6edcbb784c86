// SPDX-License-Identifier: GPL-2.0-only
/*
 * FLUSH: MS-SMB2 sections 2.2.17, 2.2.18, 3.3.5.11; MS-FSA section 2.1.5.7. The whole file is
 * written to stable storage. For a pipe there is nothing to do.
 */
#include "../../fs/node/node.h"
#include "../../fs/op/rights.h"
#include "../open/open.h"
#include "../transport/call.h"

#define DSMB_FLUSH_REPLY	4

static u32 dsmb_flush_file(struct dsmb_call *call, struct dsmb_open *open)
{
	struct ditto_node *node;
	struct ditto_wcc wcc;
	u64 verifier;
	u32 status;
	int err;

	if (!(open->rights & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;
	err = ditto_fsync(&call->op, node, 0, 0, &verifier, &wcc);
	dsmb_open_end(call, open);
	return dsmb_status(err);
}

u32 dsmb_flush(struct dsmb_call *call)
{
	struct dsmb_cursor *in = &call->in;
	u64 persistent, volatile_id;
	struct dsmb_open *open;
	u32 status;

	dsmb_skip(in, 2 + 4);
	persistent = dsmb_get_u64(in);
	volatile_id = dsmb_get_u64(in);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_call_open(call, persistent, volatile_id, &open);
	if (!status && !open->pipe)
		status = dsmb_flush_file(call, open);
	if (status)
		return status;
	dsmb_encode_u16(&call->out, DSMB_FLUSH_REPLY);
	dsmb_encode_u16(&call->out, 0);
	return STATUS_SUCCESS;
}
