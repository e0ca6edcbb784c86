/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that run on clients and are called by callouts: their NLM,
 * their status monitor, and who asked ours to be told of others.
 */
#ifndef _DITTO_FS_NFS_NLM_CLIENT_H
#define _DITTO_FS_NFS_NLM_CLIENT_H

#include <linux/types.h>

#include "message.h"

struct rpc_procinfo;
struct rpc_program;

/* Versions of a program that ask to be called back, 0 to this. */
#define DNSM_CALLBACK_VERSIONS	4

extern const struct rpc_program dnlm_client_program;
/* GRANTED, GRANTED_MSG, or one of the *_RES; @args is a struct dnlm_msg, the result the status. */
const struct rpc_procinfo *dnlm_client_proc(u32 version, u32 proc);

extern const struct rpc_program dnsm_client_program;
extern const struct rpc_procinfo dnsm_client_notify;

/**
 * struct dnsm_notice - NOTIFY, and what the callbacks of MON get
 * @name: the host that was restarted
 * @state: its NSM state
 * @priv: of the callback: what was given with MON
 */
struct dnsm_notice {
	struct dnlm_bytes name;
	u32 state;
	const u8 *priv;
};

/* Encodes a struct dnsm_notice with its priv. */
struct rpc_rqst;
struct xdr_stream;
void dnsm_encode_status(struct rpc_rqst *req, struct xdr_stream *xdr, const void *obj);

#endif
