// SPDX-License-Identifier: GPL-2.0-only
/*
 * FLUSH: MS-SMB2 sections 2.2.17, 2.2.18, 3.3.5.11; MS-FSA section 2.1.5.7. The whole file, or the
 * entries of the directory, are written to stable storage. For a pipe there is nothing to do.
 */
#include "../../fs/node/node.h"
#include "../../fs/op/check/rights.h"
#include "../open/open.h"
#include "../transport/command.h"

#define DSMB_FLUSH_REPLY	4

static u32 dsmb_flush_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;

	dsmb_skip(in, 2 + 4 + DSMB_FILE_ID_SIZE);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_flush_exec(struct dsmb_call *call, void *args, void *res)
{
	struct dsmb_open *open = call->open;
	struct ditto_node *node;
	struct ditto_wcc wcc;
	u64 verifier;
	u32 status;
	int err;

	if (dsmb_open_pipe(open))
		return STATUS_SUCCESS;
	/* On a directory, these are the rights to add a file and to add a subdirectory. */
	if (!(open->rights & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;
	if (S_ISDIR(node->inode->i_mode))
		err = ditto_sync_dir(&call->op, node);
	else
		err = ditto_fsync(&call->op, node, 0, 0, &verifier, &wcc);
	dsmb_open_end(call, open);
	return dsmb_status(err);
}

static void dsmb_flush_encode(struct dsmb_call *call, u32 status, const void *res)
{
	dsmb_encode_u16(&call->out, DSMB_FLUSH_REPLY);
	dsmb_encode_u16(&call->out, 0);
}

const struct dsmb_command dsmb_command_flush = {
	.name = "flush",
	.structure_size = 24,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_SYNCS,
	.file_id = DSMB_BODY(8),
	.decode = dsmb_flush_decode,
	.exec = dsmb_flush_exec,
	.encode = dsmb_flush_encode,
};
