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

/* Name the payloads that are to be placed to sunrpc. The reply is complete. In pages.c. */
void dnfs_place_all(struct dnfs_rpc_call *rc);

/**
 * dnfs_rpc_once - look a call up in the reply cache
 * @call: the call, of a service thread
 *
 * For dnfs_transport.once of dnfs_rpc_transport. In rpc.c.
 *
 * Return: enum dnfs_once.
 */
enum dnfs_once dnfs_rpc_once(struct dnfs_call *call);

/**
 * dnfs_rpc_execute - execute a call whose header was decoded
 * @rqstp: the call
 * @proc: its procedure, of @program
 * @program: its program
 * @batch: see struct dnfs_rpc_call
 *
 * Return: true if there is a reply.
 */
bool dnfs_rpc_execute(struct svc_rqst *rqstp, const struct dnfs_program *program,
		      const struct dnfs_proc *proc, struct dnfs_batch *batch);

/* How long a new call of a server may wait for holders, in jiffies. Any context. */
long dnfs_break_wait(const struct dnfs_server *server);

/**
 * dnfs_rpc_find - find a program
 * @prog: its number
 * @vers: its version
 *
 * Return: the program, or NULL.
 */
const struct dnfs_program *dnfs_rpc_find(u32 prog, u32 vers);

/* rpc.c: for rpcbind.c and main.c. Programs are numbered by enum dnfs_program_index. */

/**
 * dnfs_rpc_program - get a program by index
 * @program: enum dnfs_program_index
 *
 * Context: any.
 * Return: the program.
 */
const struct dnfs_program *dnfs_rpc_program(unsigned int program);

/**
 * dnfs_rpc_is_served - check whether a program is served over a transport
 * @server: the server
 * @program: enum dnfs_program_index
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 *
 * Context: any.
 * Return: true if it is served.
 */
bool dnfs_rpc_is_served(const struct dnfs_server *server, unsigned int program, int proto);

/**
 * dnfs_rpc_rpcbind_set - send one SET or UNSET of a program to rpcbind
 * @net: the network namespace
 * @program: enum dnfs_program_index
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: port in host order; 0 sends an UNSET, which removes the entry whatever its port
 *
 * Context: may sleep; svc_bind() was called in @net.
 * Return: 0; -EACCES if rpcbind has an entry with another address; or another errno if rpcbind
 * does not answer.
 */
int dnfs_rpc_rpcbind_set(struct net *net, unsigned int program, int family, unsigned short proto,
			 unsigned short port);

/* pages.c: the transport of calls of service threads */
extern const struct dnfs_transport dnfs_rpc_transport;

#endif
