/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call that came by one of sunrpc's service threads. Only rpc.c, pages.c and
 * service.c know what that is.
 */
#ifndef _DITTO_FS_NFS_RPC_H
#define _DITTO_FS_NFS_RPC_H

#include "call.h"

struct dnfs_reply;
struct svc_rqst;

/**
 * struct dnfs_rpc_call - a call and where it came from
 * @call: what procedures see
 * @rqstp: the request
 * @payload: the page that the payload of the reply begins in
 * @args: position of the arguments in the call
 * @start: position of the results in the reply
 * @reply: of the reply cache, if this call is to be remembered
 */
struct dnfs_rpc_call {
	struct dnfs_call call;
	struct svc_rqst *rqstp;
	struct page **payload;
	unsigned int args;
	unsigned int start;
	struct dnfs_reply *reply;
};

/* rpc.c: for dnfs_rpc_transport */
enum dnfs_once dnfs_rpc_once(struct dnfs_call *call);

/* pages.c */
extern const struct dnfs_transport dnfs_rpc_transport;
/* After a call: give the thread the pages back that splicing had put aside. */
void dnfs_restore_pages(struct svc_rqst *rqstp);

#endif
