/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections, for connection.c, conn.c, conn_charge.c and handshake.c. */
#ifndef _DITTO_FS_NFS_RPC_CONNECTION_PRIVATE_H
#define _DITTO_FS_NFS_RPC_CONNECTION_PRIVATE_H

#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../../net/budget.h"
#include "../../../net/conns.h"
#include "batch.h"

struct ditto_peer;
struct dnfs_server;

/*
 * Bytes of a record that are free of charge. The memory of the connection itself is free, too: a
 * machine that has used up its memory budget must still be able to connect and release state.
 */
#define DNFS_CONN_FREE		SZ_16K

/**
 * struct dnfs_conn - charges of a connection
 * @user: notification by sunrpc that the connection is closed
 * @xprt: the connection; @look and @shake hold a reference each
 * @server: the NFS server, which ends after @look and @shake, and after the namespace is left
 * @ref: one reference of the connection, one of @look, one of @shake
 * @charge: charge for the connection; its level of trust holds for all charges of the connection
 * @memory: charge for the record or the large call that is being received; over RDMA, for buffers
 * @unsent: charge for replies in the socket's send queue
 * @handshake: charge for the TLS handshake in progress
 * @counted: in the server's table of connections; see net/conns.h for the lock
 * @peer: the client, if it has proved a name with its certificate; else NULL
 * @look: work that updates @unsent
 * @shake: work that waits for the TLS handshake
 * @looking: @look is armed or running
 * @shaking: @shake is queued or running
 * @gone: the connection is closed
 * @acked: sequence number of the last byte that the client acknowledged; over RDMA, @taken
 * @moved: jiffies at which @acked changed
 * @wait: jiffies until the next look
 * @stay_until: jiffies up to which a move of the charges to a higher level is not tried again;
 *	valid if @stays. Both are guarded by xpt_lock
 * @stays: such a move has failed
 * @stream: for its batches
 * @places: over RDMA, places of the send queue that its calls in progress may take
 * @wants: over RDMA, those for the next call, if it was seen, else 1; read without a lock
 * @taken: over RDMA, how often the client has taken something; read without a lock
 * @wake: over RDMA, see dnfs_rdma_wake_begin()
 * @part_bytes: bytes of memory of the large call that is being received; guarded by xpt_lock
 * @rcu: frees it after a grace period
 */
struct dnfs_conn {
	struct svc_xpt_user user;
	struct svc_xprt *xprt;
	struct dnfs_server *server;
	refcount_t ref;
	struct ditto_charge charge;
	struct ditto_charge memory;
	struct ditto_charge unsent;
	struct ditto_charge handshake;
	struct ditto_conns_link counted;
	struct ditto_peer *peer;
	struct delayed_work look;
	struct work_struct shake;
	bool looking;
	bool shaking;
	bool gone;
	u32 acked;
	unsigned long moved;
	unsigned long wait;
	unsigned long stay_until;
	bool stays;
	struct dnfs_stream stream;
	atomic_t places;
	u32 wants;
	u32 taken;
	struct wait_queue_entry wake;
	u32 part_bytes;
	struct rcu_head rcu;
};

static inline struct sock *dnfs_conn_sock(struct svc_xprt *xprt)
{
	return container_of(xprt, struct svc_sock, sk_xprt)->sk_sk;
}

/* conn.c */

/* conn.c */
struct dnfs_conn *dnfs_conn_alloc(struct svc_xprt *xprt);
void dnfs_conn_free(struct dnfs_conn *conn);
struct dnfs_conn *dnfs_conn_of(struct svc_xprt *xprt);
void dnfs_conn_put(struct dnfs_conn *conn);
void dnfs_conn_uncount(struct dnfs_conn *conn);
void dnfs_conn_pause(struct dnfs_conn *conn);
void dnfs_conn_resume(struct dnfs_conn *conn, struct ditto_peer *peer);
void dnfs_conn_settle_part(struct svc_xprt *xprt);
bool dnfs_conn_watch(struct svc_xprt *xprt);
bool dnfs_conn_rdma_has_room(struct svc_xprt *xprt);
bool dnfs_conn_has_unsent(struct svc_xprt *xprt);
void dnfs_conn_flush(void);

/* Module init and exit. */
int dnfs_conn_setup(void);
void dnfs_conn_cleanup(void);

/* conn_charge.c */

/* conn_charge.c */
int dnfs_conn_principal(const struct dnfs_conn *conn, struct ditto_principal *who);
bool dnfs_conn_may_connect(struct net *net, const struct sockaddr *from, unsigned int waiting);
int dnfs_conn_charge(struct dnfs_conn *conn, long memory);

/* handshake.c */

/* handshake.c */
void dnfs_shake_init(struct dnfs_conn *conn);
void dnfs_shake(struct svc_xprt *xprt);
void dnfs_shake_flush(void);
int dnfs_shake_module_init(void);
void dnfs_shake_module_exit(void);

#endif
