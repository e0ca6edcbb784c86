/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that arrive through sunrpc's service threads. Only rpc.c, pages.c and service.c depend
 * on struct svc_rqst.
 */
#ifndef _DITTO_FS_NFS_RPC_RPC_H
#define _DITTO_FS_NFS_RPC_RPC_H

#include "call.h"

struct dnfs_batch;
struct dnfs_parked;
struct dnfs_reply;
struct dnfs_server;
struct svc_rqst;

/* Most payloads of a call that are placed in the client's memory. Linux asks for one. */
#define DNFS_PLACED_MAX	4

/**
 * struct dnfs_placed - payload that is to be placed in the client's memory, over RDMA
 * @at: its position in the reply
 * @len: its length
 */
struct dnfs_placed {
	u32 at;
	u32 len;
};

/**
 * struct dnfs_rpc_call - a call of a service thread
 * @call: the call as procedures see it
 * @rqstp: sunrpc's request
 * @payload: first page of the payload of the reply
 * @args: position of the arguments in the call
 * @start: position of the results in the reply
 * @reply: entry in the reply cache; NULL if the reply is not kept
 * @batch: batch that the call belongs to; NULL if sunrpc received it
 * @parked: the call will wait for data and be executed again, see park.c; or NULL
 * @nplaced: number of entries in @placed
 * @placed: see dnfs_place_payload(); named to sunrpc when the reply is complete, as it may still be
 *	cut or replaced
 */
struct dnfs_rpc_call {
	struct dnfs_call call;
	struct svc_rqst *rqstp;
	struct page **payload;
	unsigned int args;
	unsigned int start;
	struct dnfs_reply *reply;
	struct dnfs_batch *batch;
	struct dnfs_parked *parked;
	unsigned int nplaced;
	struct dnfs_placed placed[DNFS_PLACED_MAX];
};

/* pages.c */
void dnfs_place_all(struct dnfs_rpc_call *rc);

/* rpc.c */
enum dnfs_once dnfs_rpc_once(struct dnfs_call *call);

/* rpc.c */
bool dnfs_rpc_execute(struct svc_rqst *rqstp, const struct dnfs_program *program,
		      const struct dnfs_proc *proc, struct dnfs_batch *batch);
long dnfs_break_wait(const struct dnfs_server *server);
const struct dnfs_program *dnfs_rpc_find(u32 prog, u32 vers);

/* rpc.c: for rpcbind.c and main.c. Programs are numbered by enum dnfs_program_index. */

const struct dnfs_program *dnfs_rpc_program(unsigned int program);
bool dnfs_rpc_is_served(const struct dnfs_server *server, unsigned int program, int proto);
int dnfs_rpc_rpcbind_set(struct net *net, unsigned int program, int family, unsigned short proto,
			 unsigned short port);

/* pages.c: the transport of calls of service threads */
extern const struct dnfs_transport dnfs_rpc_transport;

#endif
