/* SPDX-License-Identifier: GPL-2.0-only */
/* Registration with rpcbind. */
#ifndef _DITTO_FS_NFS_RPC_RPCBIND_H
#define _DITTO_FS_NFS_RPC_RPCBIND_H

#include <linux/types.h>

#include "rpc.h"

struct dnfs_server;
struct netlink_ext_ack;

/* The netids of rpcbind, which has one port per program, version and netid. */
enum dnfs_rpcbind_kind {
	DNFS_RPCBIND_TCP4,
	DNFS_RPCBIND_UDP4,
	DNFS_RPCBIND_TCP6,
	DNFS_RPCBIND_UDP6,
	DNFS_RPCBIND_KINDS
};

/**
 * struct dnfs_rpcbind_want - what rpcbind shall know of a netid
 * @port: port, in host order; 0 where nothing listens
 * @served: programs that are served there
 */
struct dnfs_rpcbind_want {
	unsigned short port;
	bool served[DNFS_PROGRAMS];
};

void dnfs_rpcbind_update(struct dnfs_server *server,
			 const struct dnfs_rpcbind_want want[DNFS_RPCBIND_KINDS],
			 struct netlink_ext_ack *extack);

#endif
