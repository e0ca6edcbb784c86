// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLOSE: MS-SMB2 sections 2.2.15, 2.2.16, 3.3.5.10. The record of a persistent open is removed
 * before the response is sent, unless the removal fails and must be tried again.
 */
#include "../file/attrs.h"
#include "../transport/call.h"
#include "durable.h"
#include "open.h"

#define DSMB_CLOSE_POSTQUERY_ATTRIB	BIT(0)
#define DSMB_CLOSE_REPLY		60

static bool dsmb_close_attrs(struct dsmb_call *call, struct dsmb_open *open,
			     struct dsmb_attrs *attrs)
{
	struct ditto_node *node;
	int err;

	if (dsmb_open_begin(call, open, &node))
		return false;
	err = dsmb_attrs_at_once(&call->op, open->inst, node, attrs);
	dsmb_open_end(call, open);
	return !err;
}

u32 dsmb_close(struct dsmb_call *call)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_builder *out = &call->out;
	u16 flags = dsmb_get_u16(in);
	struct dsmb_attrs attrs = {};
	u64 persistent, volatile_id;
	struct dsmb_open *open;
	u32 status;

	dsmb_skip(in, 4);
	persistent = dsmb_get_u64(in);
	volatile_id = dsmb_get_u64(in);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;
	status = dsmb_call_open(call, persistent, volatile_id, &open);
	if (status)
		return status;

	/* Attributes that cannot be read do not prevent the close. */
	if (!(flags & DSMB_CLOSE_POSTQUERY_ATTRIB) || !dsmb_close_attrs(call, open, &attrs))
		flags = 0;
	if (!dsmb_open_close(open))
		return STATUS_FILE_CLOSED;
	dsmb_durable_settle(open);

	dsmb_encode_u16(out, DSMB_CLOSE_REPLY);
	dsmb_encode_u16(out, flags & DSMB_CLOSE_POSTQUERY_ATTRIB);
	dsmb_encode_u32(out, 0);
	dsmb_encode_attrs(out, &attrs);
	return STATUS_SUCCESS;
}
