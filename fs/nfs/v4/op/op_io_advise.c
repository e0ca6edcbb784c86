// SPDX-License-Identifier: GPL-2.0-only
/*
 * IO_ADVISE (RFC 7862 section 15.5).
 *
 * The reply has the hints that were obeyed. Hints about the order of access are not among them:
 * readahead belongs to the server's open file, which all clients share.
 */
#include <linux/bits.h>
#include <linux/nfs4.h>

#include "../../../op/op.h"
#include "../attr/attr.h"
#include "../engine/ops.h"
#include "../state/open.h"

/* Bits of enum IO_ADVISE_type4 */
#define IO_ADVISE4_WILLNEED			BIT(4)
#define IO_ADVISE4_WILLNEED_OPPORTUNISTIC	BIT(5)
#define IO_ADVISE4_DONTNEED			BIT(6)

#define IO_ADVISE4_ANY_WILLNEED	(IO_ADVISE4_WILLNEED | IO_ADVISE4_WILLNEED_OPPORTUNISTIC)

struct io_advise_args {
	struct dnfs4_stateid stateid;
	u64 offset;
	u64 count;
	struct dnfs4_bitmap hints;
};

struct io_advise_res {
	struct dnfs4_bitmap hints;
};

static u32 io_advise_decode(struct dnfs4_compound *cmp, void *args)
{
	struct io_advise_args *a = args;
	bool more;

	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u64(cmp->in, &a->count) ||
	    dnfs4_decode_bitmap(cmp->in, &a->hints, &more))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 io_advise_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct io_advise_args *a = args;
	struct io_advise_res *res = result;
	u32 hints = a->hints.word[0];
	enum ditto_advice advice;
	struct dnfs4_io io;
	u32 obeyed, status;
	int err = 0;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	status = dnfs4_io_begin(cmp, &a->stateid, false, &io);
	if (status)
		return status;
	if (hints & IO_ADVISE4_ANY_WILLNEED) {
		obeyed = hints & IO_ADVISE4_ANY_WILLNEED;
		advice = DITTO_ADVICE_WILLNEED;
	} else {
		obeyed = hints & IO_ADVISE4_DONTNEED;
		advice = DITTO_ADVICE_DONTNEED;
	}
	if (obeyed)
		err = ditto_advise(&io.op, dnfs4_node(cmp), advice, a->offset, a->count);
	dnfs4_io_end(&io);
	res->hints.word[0] = obeyed;
	return dnfs4_status(cmp, err);
}

static bool io_advise_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct io_advise_res *res = result;

	return dnfs4_encode_bitmap(cmp->out, &res->hints);
}

const struct dnfs4_op dnfs4_op_io_advise = {
	.name = "IO_ADVISE",
	.flags = DNFS4_OP_FH,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct io_advise_args),
	.ressize = sizeof(struct io_advise_res),
	.decode = io_advise_decode,
	.exec = io_advise_exec,
	.encode = io_advise_encode,
};
