// SPDX-License-Identifier: GPL-2.0-only
/* CLOSE: MS-SMB2 sections 2.2.15, 2.2.16, 3.3.5.10. */
#include "../file/attrs.h"
#include "../transport/command.h"
#include "durable.h"
#include "open.h"

#define DSMB_CLOSE_POSTQUERY_ATTRIB	BIT(0)
#define DSMB_CLOSE_REPLY		60

struct dsmb_close_args {
	u16 flags;
};

struct dsmb_close_res {
	u16 flags;
	struct dsmb_attrs attrs;
};

DSMB_ASSERT_ROOM(struct dsmb_close_args, struct dsmb_close_res);

static u32 dsmb_close_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_close_args *a = args;

	a->flags = dsmb_get_u16(in);
	dsmb_skip(in, 4 + DSMB_FILE_ID_SIZE);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_close_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_close_args *a = args;
	struct dsmb_open *open = call->open;
	struct dsmb_close_res *r = res;
	struct ditto_node *node;

	/* Attributes that cannot or must not be read do not prevent the close. */
	if (a->flags & DSMB_CLOSE_POSTQUERY_ATTRIB && !call->share_status &&
	    !dsmb_open_begin(call, open, &node)) {
		if (!dsmb_open_attrs_at_once(&call->op, open, node, &r->attrs))
			r->flags = DSMB_CLOSE_POSTQUERY_ATTRIB;
		else
			memset(&r->attrs, 0, sizeof(r->attrs));
		dsmb_open_end(call, open);
	}
	WRITE_ONCE(open->closed_by_client, true);
	return dsmb_durable_close(open) ? STATUS_SUCCESS : STATUS_FILE_CLOSED;
}

static void dsmb_close_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_close_res *r = res;
	struct dsmb_builder *out = &call->out;

	dsmb_encode_u16(out, DSMB_CLOSE_REPLY);
	dsmb_encode_u16(out, r->flags);
	dsmb_encode_u32(out, 0);
	dsmb_encode_attrs(out, &r->attrs);
}

const struct dsmb_command dsmb_command_close = {
	.name = "close",
	.structure_size = 24,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_RECORDS | DSMB_FREES,
	.file_id = DSMB_BODY(8),
	.args_size = sizeof(struct dsmb_close_args),
	.res_size = sizeof(struct dsmb_close_res),
	.decode = dsmb_close_decode,
	.exec = dsmb_close_exec,
	.encode = dsmb_close_encode,
};
