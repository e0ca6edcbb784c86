// SPDX-License-Identifier: GPL-2.0-only
/* COPY_NOTIFY (RFC 7862 section 15.3): a stateid by which another server reads the current file. */
#include "../../../../net/server.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/copy_notify.h"
#include "../state/open.h"
#include "netloc.h"

/* Time, stateid, and the addresses of this server. */
#define COPY_NOTIFY_REPLY_BYTES	(12 + NFS4_STATEID_SIZE + 4 + DNFS4_NETLOC_BYTES)

struct copy_notify_args {
	struct dnfs4_stateid src;
	struct dnfs4_netloc destination;
};

struct copy_notify_res {
	struct dnfs4_stateid stateid;
	struct timespec64 lease;
};

static u32 copy_notify_decode(struct dnfs4_compound *cmp, void *args)
{
	struct copy_notify_args *a = args;

	return dnfs4_decode_stateid(cmp->in, &a->src) ?:
	       dnfs4_netloc_decode(cmp, &a->destination);
}

static u32 copy_notify_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct copy_notify_args *a = args;
	struct copy_notify_res *res = result;
	struct dnfs4_io io;
	u32 status;
	int err;

	status = dnfs4_check_data(cmp) ?: dnfs4_io_begin(cmp, &a->src, false, &io);
	if (status)
		return status;
	res->lease.tv_sec = READ_ONCE(cmp->call->srv->settings.lease_time_s);
	/* Section 15.3.3: the stateid is that of an open, a lock or a delegation. */
	status = NFS4ERR_BAD_STATEID;
	if (io.state) {
		err = dnfs4_copy_notify_add(cmp, &io, &res->stateid);
		/* The client has too many states. */
		status = err == -ENOSPC ? NFS4ERR_DELAY : dnfs4_status(cmp, err);
	}
	dnfs4_io_end(&io);
	return status;
}

/* COPY_NOTIFY4resok */
static bool copy_notify_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct copy_notify_res *res = result;

	return dnfs4_encode_time(cmp->out, &res->lease) &&
	       dnfs4_encode_stateid(cmp->out, &res->stateid) &&
	       /* The client reaches this server by it; the other one hopefully, too. */
	       dnfs4_netlocs_encode(cmp->out, cmp->call->local);
}

static u32 copy_notify_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return COPY_NOTIFY_REPLY_BYTES;
}

const struct dnfs4_op dnfs4_op_copy_notify = {
	.name = "COPY_NOTIFY",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct copy_notify_args),
	.ressize = sizeof(struct copy_notify_res),
	.decode = copy_notify_decode,
	.exec = copy_notify_exec,
	.encode = copy_notify_encode,
	.reply = copy_notify_reply,
};
