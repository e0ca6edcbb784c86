// SPDX-License-Identifier: GPL-2.0-only
/*
 * sunrpc client tables of the programs that are called on clients.
 *
 * Versions 1 and 3 of NLM share a table, version 4 has another because of its 64-bit ranges.
 * The program of a callback that MON asks for is not known in advance: its number, version and
 * procedure are set by the callout.
 */
#include <linux/sunrpc/clnt.h>
#include <linux/sunrpc/xdr.h>

#include "client.h"

static struct rpc_stat dnlm_client_stat, dnsm_client_stat;

static void encode_test_wide(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	dnlm_encode(xdr, DNLM_TEST_ARGS, true, obj);
}

static void encode_test(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	dnlm_encode(xdr, DNLM_TEST_ARGS, false, obj);
}

static void encode_test_res_wide(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	dnlm_encode(xdr, DNLM_TEST_RES, true, obj);
}

static void encode_test_res(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	dnlm_encode(xdr, DNLM_TEST_RES, false, obj);
}

static void encode_res(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	dnlm_encode(xdr, DNLM_RES, false, obj);
}

/* Decodes the status of a result; skips the cookie, which names the call that it answers. */
static int decode_res(struct rpc_rqst *req, struct xdr_stream *xdr, void *obj)
{
	void *cookie;

	if (xdr_stream_decode_opaque_inline(xdr, &cookie, NLM_NETOBJ_MAX) < 0 ||
	    xdr_stream_decode_u32(xdr, obj))
		return -EIO;
	return 0;
}

static int decode_void(struct rpc_rqst *req, struct xdr_stream *xdr, void *obj)
{
	return 0;
}

/* Sizes in words, more than any message needs, so that no buffer is too small. */
#define DNLM_ARG_WORDS	XDR_QUADLEN(DNLM_ROOM + 96)
#define DNLM_RES_WORDS	XDR_QUADLEN(8 + NLM_NETOBJ_MAX)

#define PROC(_proc, _encode, _decode)				\
	[NLMPROC_##_proc] = {					\
		.p_proc = NLMPROC_##_proc,			\
		.p_encode = (_encode),				\
		.p_decode = (_decode),				\
		.p_arglen = DNLM_ARG_WORDS,			\
		.p_replen = DNLM_RES_WORDS,			\
		.p_statidx = NLMPROC_##_proc,			\
		.p_name = #_proc,				\
	}

static const struct rpc_procinfo dnlm_client_procs[] = {
	PROC(GRANTED,		encode_test,		decode_res),
	PROC(GRANTED_MSG,	encode_test,		decode_void),
	PROC(TEST_RES,		encode_test_res,	decode_void),
	PROC(LOCK_RES,		encode_res,		decode_void),
	PROC(CANCEL_RES,	encode_res,		decode_void),
	PROC(UNLOCK_RES,	encode_res,		decode_void),
	PROC(GRANTED_RES,	encode_res,		decode_void),
};

static const struct rpc_procinfo dnlm4_client_procs[] = {
	PROC(GRANTED,		encode_test_wide,	decode_res),
	PROC(GRANTED_MSG,	encode_test_wide,	decode_void),
	PROC(TEST_RES,		encode_test_res_wide,	decode_void),
	PROC(LOCK_RES,		encode_res,		decode_void),
	PROC(CANCEL_RES,	encode_res,		decode_void),
	PROC(UNLOCK_RES,	encode_res,		decode_void),
	PROC(GRANTED_RES,	encode_res,		decode_void),
};

static unsigned int dnlm_counts[3][ARRAY_SIZE(dnlm_client_procs)];

static const struct rpc_version dnlm1_client = {
	.number = NLM1_VERSION,
	.nrprocs = ARRAY_SIZE(dnlm_client_procs),
	.procs = dnlm_client_procs,
	.counts = dnlm_counts[0],
};

static const struct rpc_version dnlm3_client = {
	.number = NLM3_VERSION,
	.nrprocs = ARRAY_SIZE(dnlm_client_procs),
	.procs = dnlm_client_procs,
	.counts = dnlm_counts[1],
};

static const struct rpc_version dnlm4_client = {
	.number = NLM4_VERSION,
	.nrprocs = ARRAY_SIZE(dnlm4_client_procs),
	.procs = dnlm4_client_procs,
	.counts = dnlm_counts[2],
};

static const struct rpc_version *dnlm_client_versions[] = {
	[NLM1_VERSION] = &dnlm1_client,
	[NLM3_VERSION] = &dnlm3_client,
	[NLM4_VERSION] = &dnlm4_client,
};

const struct rpc_program dnlm_client_program = {
	.name = "nlm",
	.number = NLM_PROGRAM,
	.nrvers = ARRAY_SIZE(dnlm_client_versions),
	.version = dnlm_client_versions,
	.stats = &dnlm_client_stat,
};

/*
 * Find a procedure to call in a client's NLM. Its arguments are a struct dnlm_msg; the result of
 * GRANTED is the status, an u32. Return: the procedure.
 */
const struct rpc_procinfo *dnlm_client_proc(u32 version, u32 proc)
{
	return version == NLM4_VERSION ? &dnlm4_client_procs[proc] : &dnlm_client_procs[proc];
}

static bool encode_stat_chge(struct xdr_stream *xdr, const struct dnsm_notice *notice)
{
	return xdr_stream_encode_opaque(xdr, notice->name.data, notice->name.len) >= 0 &&
	       xdr_stream_encode_u32(xdr, notice->state) >= 0;
}

static void encode_notify(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	encode_stat_chge(xdr, obj);
}

void dnsm_encode_status(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj)
{
	const struct dnsm_notice *notice = obj;

	if (encode_stat_chge(xdr, notice))
		xdr_stream_encode_opaque_fixed(xdr, notice->priv, NSM_PRIV_SIZE);
}

const struct rpc_procinfo dnsm_client_notify = {
	.p_proc = NSMPROC_NOTIFY,
	.p_encode = encode_notify,
	.p_decode = decode_void,
	.p_arglen = XDR_QUADLEN(8 + NSM_STRING_MAX),
	.p_replen = 1,
	.p_name = "NOTIFY",
};

static unsigned int dnsm_counts[1];

/* sunrpc needs an entry for the version that is called; the procedure comes from the callout. */
static const struct rpc_version dnsm_client_version[DNSM_CALLBACK_VERSIONS + 1] = {
	{ .number = 0, .nrprocs = 1, .procs = &dnsm_client_notify, .counts = dnsm_counts },
	{ .number = 1, .nrprocs = 1, .procs = &dnsm_client_notify, .counts = dnsm_counts },
	{ .number = 2, .nrprocs = 1, .procs = &dnsm_client_notify, .counts = dnsm_counts },
	{ .number = 3, .nrprocs = 1, .procs = &dnsm_client_notify, .counts = dnsm_counts },
	{ .number = 4, .nrprocs = 1, .procs = &dnsm_client_notify, .counts = dnsm_counts },
};

static const struct rpc_version *dnsm_client_versions[DNSM_CALLBACK_VERSIONS + 1] = {
	&dnsm_client_version[0], &dnsm_client_version[1], &dnsm_client_version[2],
	&dnsm_client_version[3], &dnsm_client_version[4],
};

const struct rpc_program dnsm_client_program = {
	.name = "status",
	.number = NSM_PROGRAM,
	.nrvers = ARRAY_SIZE(dnsm_client_versions),
	.version = dnsm_client_versions,
	.stats = &dnsm_client_stat,
};
