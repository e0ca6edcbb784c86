// SPDX-License-Identifier: GPL-2.0-only
/*
 * ALLOCATE and DEALLOCATE (RFC 7862 sections 15.1 and 15.4).
 *
 * Their results have no write verifier, so that a client cannot repeat them after a restart of the
 * server: they are durable before the reply.
 */
#include <linux/nfs4.h>

#include "../../../op/space.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../state/open.h"

struct allocate_args {
	struct dnfs4_stateid stateid;
	u64 offset;
	u64 length;
};

static u32 allocate_decode(struct dnfs4_compound *cmp, void *args)
{
	struct allocate_args *a = args;

	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u64(cmp->in, &a->length))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 allocate_range(struct dnfs4_compound *cmp, const struct allocate_args *a,
			  enum ditto_space_how how)
{
	struct dnfs4_io io;
	u32 status;
	int err;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	if (!a->length)
		return NFS4ERR_INVAL;
	status = dnfs4_io_begin(cmp, &a->stateid, true, &io);
	if (status)
		return status;
	err = ditto_allocate(&io.op, dnfs4_node(cmp), how, a->offset, a->length);
	if (!err)
		dnfs4_delegation_note_mtime(cmp->client, dnfs4_node(cmp), false);
	dnfs4_io_end(&io);
	return dnfs4_status(cmp, err);
}

static u32 allocate_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	return allocate_range(cmp, args, DITTO_SPACE_RESERVE);
}

const struct dnfs4_op dnfs4_op_allocate = {
	.name = "ALLOCATE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct allocate_args),
	.decode = allocate_decode,
	.exec = allocate_exec,
};

static u32 deallocate_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	return allocate_range(cmp, args, DITTO_SPACE_PUNCH);
}

const struct dnfs4_op dnfs4_op_deallocate = {
	.name = "DEALLOCATE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct allocate_args),
	.decode = allocate_decode,
	.exec = deallocate_exec,
};
