/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that wait for data of offloaded files without a thread, see park.c. */
#ifndef _DITTO_FS_NFS_RPC_PARK_H
#define _DITTO_FS_NFS_RPC_PARK_H

#include <linux/types.h>

#include "sunrpc_glue.h"

struct dnfs_parked;
struct dnfs_rpc_call;

/**
 * dnfs_park_prepare - keep a call that met absent data
 * @rc: the call: it has done nothing yet, and must be executed again from the start
 *
 * Calls over TCP are kept, for the time of the setting offload-wait-ms from the first execution on,
 * and as many for one address as its budget allows.
 *
 * Return: the kept call, for dnfs_park(), which has taken over @absent of the call; NULL if the
 * client must retry.
 */
struct dnfs_parked *dnfs_park_prepare(struct dnfs_rpc_call *rc);

/**
 * dnfs_park - let a kept call wait
 * @parked: from dnfs_park_prepare()
 *
 * Another thread may execute it again from now on, so nothing of the first execution must be left.
 *
 * Context: any.
 */
void dnfs_park(struct dnfs_parked *parked);

/* Wait until the calls of connections that are closed have gone. May sleep. */
void dnfs_park_flush(void);

/* Called once when the module is loaded. May sleep. Return: 0 or -ENOMEM. */
int dnfs_park_init(void);
/* No call is parked any more. May sleep. */
void dnfs_park_exit(void);

#endif
