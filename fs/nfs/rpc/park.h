/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that wait for data of offloaded files without a thread, see park.c. */
#ifndef _DITTO_FS_NFS_RPC_PARK_H
#define _DITTO_FS_NFS_RPC_PARK_H

#include <linux/types.h>

struct dnfs_parked;
struct dnfs_rpc_call;
struct svc_deferred_req;
struct svc_rqst;

/* Longest request that is kept. Longer ones have payload. */
#define DNFS_PARK_BYTES		1024

/**
 * dnfs_park_prepare - keep a call that met absent data
 * @rc: the call: it has done nothing yet, and must be executed again from the start
 *
 * Calls over TCP are kept, for the time of the setting offload-wait-ms from the first execution on,
 * and as many for one address as its budget allows.
 *
 * Return: the kept call, for dnfs_park(), which has taken over @absent of the call; NULL if the
 * client is to be told to retry.
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

/**
 * dnfs_park_started - find out when a call arrived
 * @rqstp: the call
 *
 * Context: any.
 * Return: the time; that of the first arrival if the call was parked.
 */
ktime_t dnfs_park_started(const struct svc_rqst *rqstp);

/* Wait until the calls of connections that are closed have gone. May sleep. */
void dnfs_park_flush(void);

/* Called once when the module is loaded. May sleep. Return: 0 or -ENOMEM. */
int dnfs_park_init(void);
/* No call is parked any more. May sleep. */
void dnfs_park_exit(void);

/**
 * dnfs_park_copy - copy a call for sunrpc
 * @rc: the call
 * @until: jiffies until which it may wait
 *
 * Return: the copy, to be freed with kfree(); NULL if the call is too long, or without memory.
 */
struct svc_deferred_req *dnfs_park_copy(const struct dnfs_rpc_call *rc, unsigned long until);

#endif
