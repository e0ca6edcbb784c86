/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies of a batch, for batch.c. */
#ifndef _DITTO_FS_NFS_RPC_BATCH_SEND_H
#define _DITTO_FS_NFS_RPC_BATCH_SEND_H

#include <linux/sunrpc/svcsock.h>

#include "batch.h"

static inline struct svc_sock *dnfs_batch_svsk(const struct dnfs_batch *batch)
{
	return container_of(batch->xprt, struct svc_sock, sk_xprt);
}

bool dnfs_batch_add_reply(struct dnfs_batch *batch);
bool dnfs_batch_has_room(const struct dnfs_batch *batch);
void dnfs_batch_send(struct dnfs_batch *batch, bool pages);
bool dnfs_batch_finish(struct dnfs_batch *batch, bool hold);

#endif
