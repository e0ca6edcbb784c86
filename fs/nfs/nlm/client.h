/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RPC programs on clients that callouts call: their NLM, their status monitor,
 * and the callback procedures named in MON requests to our status monitor.
 */
#ifndef _DITTO_FS_NFS_NLM_CLIENT_H
#define _DITTO_FS_NFS_NLM_CLIENT_H

#include <linux/types.h>

#include "message.h"

struct rpc_procinfo;
struct rpc_program;

/* Highest version of a program that MON may name for its callback. */
#define DNSM_CALLBACK_VERSIONS	4

extern const struct rpc_program dnlm_client_program;
const struct rpc_procinfo *dnlm_client_proc(u32 version, u32 proc);

extern const struct rpc_program dnsm_client_program;
extern const struct rpc_procinfo dnsm_client_notify;

/**
 * struct dnsm_notice - arguments of NOTIFY and of the callbacks that MON asks for
 * @name: the host that restarted
 * @state: its NSM state
 * @priv: only for callbacks: the private data given with MON
 */
struct dnsm_notice {
	struct dnlm_bytes name;
	u32 state;
	const u8 *priv;
};

/* Encodes a struct dnsm_notice with its priv: struct status (C702 section 11.2). */
struct rpc_rqst;
struct xdr_stream;
void dnsm_encode_status(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj);

#endif
