/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RPC transports that connect once.
 *
 * sunrpc makes a new connection as soon as the other end has closed one, for as long as the call
 * lasts: a peer that accepts and closes is connected to thousands of times in a second, and no flag
 * of a task limits it. With this, a call ends with -ECONNREFUSED when its connection ends.
 */
#ifndef _DITTO_FS_NFS_RPC_DIAL_H
#define _DITTO_FS_NFS_RPC_DIAL_H

#include <linux/types.h>

struct rpc_clnt;
struct rpc_xprt;
struct rpc_xprt_ops;

/**
 * struct dnfs_dial - a transport that connects once
 * @xprt: the transport, with a reference; NULL if there is none
 * @ops: its own operations
 */
struct dnfs_dial {
	struct rpc_xprt *xprt;
	const struct rpc_xprt_ops *ops;
};

void dnfs_dial_begin(struct dnfs_dial *dial, struct rpc_clnt *clnt);
bool dnfs_dial_is_over(const struct dnfs_dial *dial);
void dnfs_dial_end(struct dnfs_dial *dial);

#endif
