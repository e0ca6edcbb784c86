/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call that came by one of sunrpc's service threads. Only rpc.c, pages.c and
 * service.c know what that is.
 */
#ifndef _DITTO_FS_NFS_RPC_RPC_H
#define _DITTO_FS_NFS_RPC_RPC_H

#include "call.h"

struct dnfs_reply;
struct dnfs_server;
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

/* rpc.c: for rpcbind.c; programs are numbered by enum dnfs_program_index */
const struct dnfs_program *dnfs_rpc_program(unsigned int program);
bool dnfs_rpc_is_served(const struct dnfs_server *server, unsigned int program, int proto);

/**
 * dnfs_rpc_rpcbind_set - one SET, or one UNSET, of a program
 * @net: the namespace
 * @program: number of the program
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: in host order; 0 is an UNSET, which does not look at the port
 *
 * Context: may sleep; svc_bind() was called in @net.
 * Return: 0, -EACCES if rpcbind has another address for it, or another error if it
 * does not answer.
 */
int dnfs_rpc_rpcbind_set(struct net *net, unsigned int program, int family, unsigned short proto,
			 unsigned short port);

/* pages.c */
extern const struct dnfs_transport dnfs_rpc_transport;
/* After a call: give the thread the pages back that splicing had put aside. */
void dnfs_restore_pages(struct svc_rqst *rqstp);

#endif
