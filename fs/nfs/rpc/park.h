/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that wait for data of offloaded files without a thread, see park.c. */
#ifndef _DITTO_FS_NFS_RPC_PARK_H
#define _DITTO_FS_NFS_RPC_PARK_H

#include <linux/types.h>

#include "sunrpc_glue.h"

struct dnfs_parked;
struct dnfs_rpc_call;

struct dnfs_parked *dnfs_park_prepare(struct dnfs_rpc_call *rc);
void dnfs_park(struct dnfs_parked *parked);
void dnfs_park_flush(void);
int dnfs_park_init(void);
void dnfs_park_exit(void);

#endif
