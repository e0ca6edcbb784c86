// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of procedures of NLM versions 1, 3 and 4, whose ranges have different widths, and the
 * procedures that are neither about locks (lock.c) nor about share reservations (share.c).
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

/* Encode the results of a procedure. Return: false if they do not fit. */
bool dnlm_res_encode(struct dnfs_call *call, enum dnlm_layout layout)
{
	const struct dnlm_args *args = call->args;
	struct dnlm_res *res = call->res;

	if (call->undecided)
		res->msg.cookie = args->msg.cookie;
	res->msg.status = call->status;
	return dnlm_encode(call->xdr, layout, dnlm_is_wide(call), &res->msg);
}

/* Encode results that are a cookie and a status. Return: false if they do not fit. */
bool dnlm_encode_res(struct dnfs_call *call, const void *result)
{
	return dnlm_res_encode(call, DNLM_RES);
}

/* GRANTED and GRANTED_MSG: this server never waits for a lock, so they are always refused. */

static bool dnlm_granted_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_TEST_ARGS, dnlm_is_wide(call), args);
}

static int dnlm_granted_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_args *a = args;
	struct dnlm_res *res = result;

	res->msg.cookie = a->msg.cookie;
	return -EAGAIN;
}

static int dnlm_granted_msg_exec(struct dnfs_call *call, void *args, void *result)
{
	return dnlm_answer(call, dnlm_granted_exec(call, args, result), NLMPROC_GRANTED_RES);
}

static const struct dnfs_proc dnlm_proc_granted =
	DNLM_CALL("GRANTED", 0, dnlm_granted_decode, dnlm_granted_exec, dnlm_encode_res);
static const struct dnfs_proc dnlm_proc_granted_msg =
	DNLM_MESSAGE("GRANTED_MSG", dnlm_granted_decode, dnlm_granted_msg_exec);

/* *_RES: answers to our messages, of which GRANTED_MSG is the only one. */

static bool dnlm_test_res_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_TEST_RES, dnlm_is_wide(call), args);
}

static bool dnlm_res_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_RES, dnlm_is_wide(call), args);
}

static int dnlm_granted_res_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_args *a = args;
	struct dnlm_route route;

	dnlm_route_of(call, &route);
	return dnlm_granted_res(call->server->nlm, &route.addr, &a->msg.cookie,
				a->msg.status) ? 0 : -ENOENT;
}

static const struct dnfs_proc dnlm_proc_test_res =
	DNLM_MESSAGE("TEST_RES", dnlm_test_res_decode, NULL);
static const struct dnfs_proc dnlm_proc_lock_res =
	DNLM_MESSAGE("LOCK_RES", dnlm_res_decode, NULL);
static const struct dnfs_proc dnlm_proc_cancel_res =
	DNLM_MESSAGE("CANCEL_RES", dnlm_res_decode, NULL);
static const struct dnfs_proc dnlm_proc_unlock_res =
	DNLM_MESSAGE("UNLOCK_RES", dnlm_res_decode, NULL);
static const struct dnfs_proc dnlm_proc_granted_res =
	DNLM_MESSAGE("GRANTED_RES", dnlm_res_decode, dnlm_granted_res_exec);

/* FREE_ALL */

static bool dnlm_free_all_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_NOTIFY_ARGS, dnlm_is_wide(call), args);
}

/*
 * The host restarted. It is found by the sender's address and the name in the request. Accepted
 * only from a reserved port, because any user of the host could release all its locks otherwise.
 */
static int dnlm_free_all_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_args *a = args;
	struct dnlm_host *host;
	struct dnlm_route route;

	dnlm_route_of(call, &route);
	host = dnlm_host_get(call->server->nlm, &route, &a->msg.name, false);
	if (IS_ERR(host))
		return PTR_ERR(host);
	dnlm_host_release(host, "FREE_ALL");
	dnlm_host_put(host);
	return 0;
}

static const struct dnfs_proc dnlm_proc_free_all = {
	.name = "FREE_ALL",
	.flags = DNFS_PROC_RESERVED,
	.argsize = sizeof(struct dnlm_args),
	.ressize = sizeof(struct dnlm_res),
	.max_reply = XDR_UNIT,
	.decode = dnlm_free_all_decode,
	.exec = dnlm_free_all_exec,
};

#define PROC(NUMBER, name)						\
	[NLMPROC_##NUMBER] = &dnlm_proc_##name

/* Version 1 uses the first NLM1_PROCEDURES of these. */
static const struct dnfs_proc *const dnlm_procs[NLM3_PROCEDURES] = {
	[NLMPROC_NULL] = &dnfs_proc_null,
	PROC(TEST, test),
	PROC(LOCK, lock),
	PROC(CANCEL, cancel),
	PROC(UNLOCK, unlock),
	PROC(GRANTED, granted),
	PROC(TEST_MSG, test_msg),
	PROC(LOCK_MSG, lock_msg),
	PROC(CANCEL_MSG, cancel_msg),
	PROC(UNLOCK_MSG, unlock_msg),
	PROC(GRANTED_MSG, granted_msg),
	PROC(TEST_RES, test_res),
	PROC(LOCK_RES, lock_res),
	PROC(CANCEL_RES, cancel_res),
	PROC(UNLOCK_RES, unlock_res),
	PROC(GRANTED_RES, granted_res),
	PROC(SHARE, share),
	PROC(UNSHARE, unshare),
	PROC(NM_LOCK, nm_lock),
	PROC(FREE_ALL, free_all),
};

const struct dnfs_program dnlm1_program = {
	.index = DNFS_PROGRAM_NLM1,
	.prog = NLM_PROGRAM,
	.vers = NLM1_VERSION,
	.name = "nlockmgr",
	.group = "nlm1",
	.any_udp = true,
	.names_host = true,
	.any_conn = true,
	.status = dnlm3_status,
	.procs = dnlm_procs,
	.nprocs = NLM1_PROCEDURES,
};

const struct dnfs_program dnlm3_program = {
	.index = DNFS_PROGRAM_NLM3,
	.prog = NLM_PROGRAM,
	.vers = NLM3_VERSION,
	.name = "nlockmgr",
	.group = "nlm3",
	.any_udp = true,
	.names_host = true,
	.any_conn = true,
	.status = dnlm3_status,
	.procs = dnlm_procs,
	.nprocs = ARRAY_SIZE(dnlm_procs),
};

const struct dnfs_program dnlm4_program = {
	.index = DNFS_PROGRAM_NLM4,
	.prog = NLM_PROGRAM,
	.vers = NLM4_VERSION,
	.name = "nlockmgr",
	.group = "nlm4",
	.any_udp = true,
	.names_host = true,
	.any_conn = true,
	.status = dnlm4_status,
	.procs = dnlm_procs,
	.nprocs = ARRAY_SIZE(dnlm_procs),
};
