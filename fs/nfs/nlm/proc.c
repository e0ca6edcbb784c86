// SPDX-License-Identifier: GPL-2.0-only
/*
 * The procedures of NLM versions 1, 3 and 4, and their tables.
 *
 * TEST, LOCK, CANCEL, UNLOCK and GRANTED exist in two variants: as a call with a
 * result, and as a message (*_MSG) whose result we send by a call to the client.
 */
#include <linux/err.h>

#include "../rpc/call.h"
#include "../server.h"
#include "grant.h"
#include "host.h"
#include "nlm.h"
#include "proc.h"
#include "status.h"
#include "trace.h"

static int dnlm_lock(struct dnfs_call *call)
{
	static const struct dnlm_how how = { .monitored = true, .may_wait = true };

	return dnlm_lock_as(call, &how);
}

/* NM_LOCK: the host handles its own recovery, and does not wait (C702 section 10.3). */
static int dnlm_nm_lock(struct dnfs_call *call)
{
	static const struct dnlm_how how = {};

	return dnlm_lock_as(call, &how);
}

static int dnlm_lock_message(struct dnfs_call *call)
{
	static const struct dnlm_how how = {
		.monitored = true, .may_wait = true, .message = true,
	};

	return dnlm_lock_as(call, &how);
}

/* GRANTED and GRANTED_MSG: this server never waits for a lock, so they are always refused. */
static int dnlm_granted_to_us(struct dnfs_call *call)
{
	struct dnlm_args *args = call->args;
	struct dnlm_res *res = call->res;

	res->msg.cookie = args->msg.cookie;
	return -EAGAIN;
}

static int dnlm_answered(struct dnfs_call *call, int err, u32 proc)
{
	dnlm_answer(call, proc, call->program->status(err));
	return err;
}

static int dnlm_test_msg(struct dnfs_call *call)
{
	return dnlm_answered(call, dnlm_test(call), NLMPROC_TEST_RES);
}

static int dnlm_lock_msg(struct dnfs_call *call)
{
	return dnlm_answered(call, dnlm_lock_message(call), NLMPROC_LOCK_RES);
}

static int dnlm_cancel_msg(struct dnfs_call *call)
{
	return dnlm_answered(call, dnlm_cancel(call), NLMPROC_CANCEL_RES);
}

static int dnlm_unlock_msg(struct dnfs_call *call)
{
	return dnlm_answered(call, dnlm_unlock(call), NLMPROC_UNLOCK_RES);
}

static int dnlm_granted_msg(struct dnfs_call *call)
{
	return dnlm_answered(call, dnlm_granted_to_us(call), NLMPROC_GRANTED_RES);
}

static int dnlm_granted_res_in(struct dnfs_call *call)
{
	const struct dnlm_args *args = call->args;
	struct dnlm_way way;

	dnlm_way_of(call, &way);
	return dnlm_granted_res(dnlm_server_of(call->server), &way.addr, &args->msg.cookie,
				args->msg.status) ? 0 : -ENOENT;
}

/*
 * FREE_ALL: the host restarted. It is found by the sender's address and the name in the request.
 * Accepted only from a reserved port, because any user of the host could release all its locks
 * otherwise.
 */
static int dnlm_free_all(struct dnfs_call *call)
{
	const struct dnlm_args *args = call->args;
	struct dnlm_host *host;
	struct dnlm_way way;

	dnlm_way_of(call, &way);
	host = dnlm_host_get(dnlm_server_of(call->server), &way, &args->msg.name, false);
	if (IS_ERR(host))
		return PTR_ERR(host);
	dnlm_host_release(host, "FREE_ALL");
	dnlm_host_put(host);
	return 0;
}

static bool dnlm_encode_as(struct dnfs_call *call, enum dnlm_layout layout)
{
	const struct dnlm_args *args = call->args;
	struct dnlm_res *res = call->res;

	if (call->undecided)
		res->msg.cookie = args->msg.cookie;
	res->msg.status = call->status;
	return dnlm_encode(call->xdr, layout, call->program->vers == NLM4_VERSION, &res->msg);
}

static bool encode_res(struct dnfs_call *call)
{
	return dnlm_encode_as(call, DNLM_RES);
}

static bool encode_test_res(struct dnfs_call *call)
{
	return dnlm_encode_as(call, DNLM_TEST_RES);
}

static bool encode_share_res(struct dnfs_call *call)
{
	return dnlm_encode_as(call, DNLM_SHARE_RES);
}

static bool decode_test(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_TEST_ARGS, false, args);
}

static bool decode_lock(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_LOCK_ARGS, false, args);
}

static bool decode_cancel(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_CANCEL_ARGS, false, args);
}

static bool decode_unlock(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_UNLOCK_ARGS, false, args);
}

static bool decode_share(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_SHARE_ARGS, false, args);
}

static bool decode_test_res(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_TEST_RES, false, args);
}

static bool decode4_test(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_TEST_ARGS, true, args);
}

static bool decode4_lock(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_LOCK_ARGS, true, args);
}

static bool decode4_cancel(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_CANCEL_ARGS, true, args);
}

static bool decode4_unlock(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_UNLOCK_ARGS, true, args);
}

static bool decode4_share(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_SHARE_ARGS, true, args);
}

static bool decode4_test_res(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_TEST_RES, true, args);
}

/* Messages without a range are the same in all versions. */
static bool decode_res(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_RES, false, args);
}

static bool decode_notify(struct xdr_stream *xdr, void *args)
{
	return dnlm_decode(xdr, DNLM_NOTIFY_ARGS, false, args);
}

#define PROC(_proc, _decode, _exec, _encode, _max, _flags)	\
	[NLMPROC_##_proc] = {					\
		.name = #_proc,					\
		.decode = (_decode),				\
		.exec = (_exec),				\
		.encode = (_encode),				\
		.argsize = sizeof(struct dnlm_args),		\
		.ressize = sizeof(struct dnlm_res),		\
		.max_reply = (_max),				\
		.flags = (_flags),				\
	}

/* A call with a result that goes through the reply cache. */
#define CALL(_proc, _decode, _exec, _encode) \
	PROC(_proc, _decode, _exec, _encode, DNLM_RES_SIZE, DNFS_PROC_CACHED)
/* A call with a result that may be executed again. */
#define ASKS(_proc, _decode, _exec, _encode) \
	PROC(_proc, _decode, _exec, _encode, DNLM_RES_SIZE, 0)
/* A message; a retransmission is executed and answered again. */
#define MESSAGE(_proc, _decode, _exec) \
	PROC(_proc, _decode, _exec, NULL, XDR_UNIT, 0)

/* Version 1 uses the first NLM1_PROCEDURES of these. */
static const struct dnfs_proc dnlm3_procs[NLM3_PROCEDURES] = {
	[NLMPROC_NULL] = { .name = "NULL", .max_reply = XDR_UNIT },
	ASKS(TEST, decode_test, dnlm_test, encode_test_res),
	CALL(LOCK, decode_lock, dnlm_lock, encode_res),
	CALL(CANCEL, decode_cancel, dnlm_cancel, encode_res),
	CALL(UNLOCK, decode_unlock, dnlm_unlock, encode_res),
	ASKS(GRANTED, decode_test, dnlm_granted_to_us, encode_res),
	MESSAGE(TEST_MSG, decode_test, dnlm_test_msg),
	MESSAGE(LOCK_MSG, decode_lock, dnlm_lock_msg),
	MESSAGE(CANCEL_MSG, decode_cancel, dnlm_cancel_msg),
	MESSAGE(UNLOCK_MSG, decode_unlock, dnlm_unlock_msg),
	MESSAGE(GRANTED_MSG, decode_test, dnlm_granted_msg),
	MESSAGE(TEST_RES, decode_test_res, NULL),
	MESSAGE(LOCK_RES, decode_res, NULL),
	MESSAGE(CANCEL_RES, decode_res, NULL),
	MESSAGE(UNLOCK_RES, decode_res, NULL),
	MESSAGE(GRANTED_RES, decode_res, dnlm_granted_res_in),
	CALL(SHARE, decode_share, dnlm_share, encode_share_res),
	CALL(UNSHARE, decode_share, dnlm_unshare, encode_share_res),
	CALL(NM_LOCK, decode_lock, dnlm_nm_lock, encode_res),
	PROC(FREE_ALL, decode_notify, dnlm_free_all, NULL, XDR_UNIT, DNFS_PROC_RESERVED),
};

static const struct dnfs_proc dnlm4_procs[NLM3_PROCEDURES] = {
	[NLMPROC_NULL] = { .name = "NULL", .max_reply = XDR_UNIT },
	ASKS(TEST, decode4_test, dnlm_test, encode_test_res),
	CALL(LOCK, decode4_lock, dnlm_lock, encode_res),
	CALL(CANCEL, decode4_cancel, dnlm_cancel, encode_res),
	CALL(UNLOCK, decode4_unlock, dnlm_unlock, encode_res),
	ASKS(GRANTED, decode4_test, dnlm_granted_to_us, encode_res),
	MESSAGE(TEST_MSG, decode4_test, dnlm_test_msg),
	MESSAGE(LOCK_MSG, decode4_lock, dnlm_lock_msg),
	MESSAGE(CANCEL_MSG, decode4_cancel, dnlm_cancel_msg),
	MESSAGE(UNLOCK_MSG, decode4_unlock, dnlm_unlock_msg),
	MESSAGE(GRANTED_MSG, decode4_test, dnlm_granted_msg),
	MESSAGE(TEST_RES, decode4_test_res, NULL),
	MESSAGE(LOCK_RES, decode_res, NULL),
	MESSAGE(CANCEL_RES, decode_res, NULL),
	MESSAGE(UNLOCK_RES, decode_res, NULL),
	MESSAGE(GRANTED_RES, decode_res, dnlm_granted_res_in),
	CALL(SHARE, decode4_share, dnlm_share, encode_share_res),
	CALL(UNSHARE, decode4_share, dnlm_unshare, encode_share_res),
	CALL(NM_LOCK, decode4_lock, dnlm_nm_lock, encode_res),
	PROC(FREE_ALL, decode_notify, dnlm_free_all, NULL, XDR_UNIT, DNFS_PROC_RESERVED),
};

const struct dnfs_program dnlm1_program = {
	.index = DNFS_PROGRAM_NLM1,
	.prog = NLM_PROGRAM,
	.vers = NLM1_VERSION,
	.name = "nlockmgr",
	.group = "nlm1",
	.any_udp = true,
	.status = dnlm3_status,
	.procs = dnlm3_procs,
	.nprocs = NLM1_PROCEDURES,
};

const struct dnfs_program dnlm3_program = {
	.index = DNFS_PROGRAM_NLM3,
	.prog = NLM_PROGRAM,
	.vers = NLM3_VERSION,
	.name = "nlockmgr",
	.group = "nlm3",
	.any_udp = true,
	.status = dnlm3_status,
	.procs = dnlm3_procs,
	.nprocs = ARRAY_SIZE(dnlm3_procs),
};

const struct dnfs_program dnlm4_program = {
	.index = DNFS_PROGRAM_NLM4,
	.prog = NLM_PROGRAM,
	.vers = NLM4_VERSION,
	.name = "nlockmgr",
	.group = "nlm4",
	.any_udp = true,
	.status = dnlm4_status,
	.procs = dnlm4_procs,
	.nprocs = ARRAY_SIZE(dnlm4_procs),
};
