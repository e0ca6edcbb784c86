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

/**
 * dnfs_batch_add_reply - add the reply to the present call
 * @batch: the batch; the reply is in its @res, whose mark is in front of its head
 *
 * Context: any.
 * Return: false if its payload is to be sent by reference.
 */
bool dnfs_batch_add_reply(struct dnfs_batch *batch);

/**
 * dnfs_batch_has_room - whether there is room for one more reply
 * @batch: the batch
 *
 * Context: any.
 * Return: true if one of any length fits.
 */
bool dnfs_batch_has_room(const struct dnfs_batch *batch);

/**
 * dnfs_batch_send - send the replies
 * @batch: the batch
 * @pages: with the payload of the last one
 *
 * Context: may sleep; takes xpt_mutex.
 */
void dnfs_batch_send(struct dnfs_batch *batch, bool pages);

/**
 * dnfs_batch_finish - send the replies, and take the calls that were begun out of the socket
 * @batch: the batch, which has not released the connection: nobody else receives, or begins TLS
 * @hold: do not send while the socket has bytes behind these calls, as the caller goes on with them
 *
 * The socket is locked once for both. Until both are done, the client's next call waits in its
 * backlog, so it does not come behind the one before; unless the replies have to wait for memory.
 *
 * Context: may sleep; takes xpt_mutex if there is a reply.
 * Return: true if the socket has more, and all that is awaited.
 */
bool dnfs_batch_finish(struct dnfs_batch *batch, bool hold);

#endif
