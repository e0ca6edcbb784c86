/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches of calls that are executed without sunrpc's own receiving and sending.
 *
 * A service thread that got a connection looks at what the socket has received, executes the whole
 * calls at its beginning one after the other, and sends their replies together. A call stays in
 * the socket until it is executed, so that all that is not for a batch can be left there: calls
 * with RPCSEC_GSS, AUTH_TLS or an invalid header, records that are incomplete, large or divided
 * in fragments, and replies to callbacks. sunrpc receives these, and what follows them is looked
 * at again. Of the large calls, those that write to a file are received here, see large.h, and the
 * rest of a short record is awaited.
 */
#ifndef _DITTO_FS_NFS_RPC_BATCH_H
#define _DITTO_FS_NFS_RPC_BATCH_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sunrpc/svcauth.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "../../../net/block_hint.h"
#include "sent_pages.h"
#include "target.h"

struct dnfs_large;
struct dnfs_proc;
struct dnfs_program;
struct group_info;
struct sock;
struct svc_rqst;
struct svc_xprt;

/* Most bytes of calls that are looked at before they are taken out of the socket. */
#define DNFS_BATCH_IN		(64 * 1024)
/* Bytes that are looked at first, then twice as many, because any call may end the batch. */
#define DNFS_BATCH_IN_FIRST	(8 * 1024)
/*
 * Longer calls are received apart if they have a payload: less is copied. Of shorter ones the rest
 * is awaited in the socket.
 */
#define DNFS_BATCH_WHOLE	(16 * 1024)
/* Bytes that are looked at first behind a call that was received apart: up to its payload. */
#define DNFS_BATCH_IN_HEAD	512
/* Room for the heads of replies. */
#define DNFS_BATCH_OUT		(8 * PAGE_SIZE)
/* Bytes that may wait to be sent; behind more, the batch ends and the budget is checked. */
#define DNFS_BATCH_UNSENT	(256 * 1024)
/* Most calls of a connection before others get their turn; and while others wait for a thread. */
#define DNFS_BATCH_CALLS	64
#define DNFS_BATCH_CALLS_FAIR	8
/* Pieces that are sent in one go. */
#define DNFS_BATCH_VECS		64

/* What the thread of a batch does. */
enum dnfs_batch_stage {
	DNFS_BATCH_IDLE,	/* nothing that takes long */
	DNFS_BATCH_RUNNING,	/* executes a call; other calls of the connection wait */
	DNFS_BATCH_RESCUED,	/* executes a call that others do not wait for any more */
};

/**
 * struct dnfs_stream - what a connection keeps between its batches; zero at first, but for @id
 * @id: number of the connection, unique for the life of the module
 * @block_hint: whether its calls are likely to wait
 * @part: the large call that it is receiving, or NULL; guarded by XPT_BUSY
 * @expects_large: its last call was a large one, and the next one is likely to be; guarded by
 *	XPT_BUSY
 * @shares_cpu: a call came soon the last time that the thread had yielded the CPU; guarded by
 *	XPT_BUSY
 */
struct dnfs_stream {
	u64 id;
	struct ditto_block_hint block_hint;
	struct dnfs_large *part;
	bool expects_large;
	bool shares_cpu;
};

/**
 * struct dnfs_batch - calls that a service thread executes, and their replies
 * @rqstp: the thread's request, which serves each call in turn
 * @server: the server of its namespace; valid during a batch
 * @xprt: the connection
 * @sk: its socket
 * @max_payload: of struct dnfs_call
 * @break_wait: of struct dnfs_call, before the call has waited
 * @groups: groups of the caller of the present call
 * @peer: the machine that the calls come from, held; NULL until a call has looked it up
 * @conn: number of the connection that the next members are about
 * @left: jiffies when the thread left it
 * @body: flavour, length and body of the credential of the previous call
 * @body_len: bytes of @body; 0 if there is none
 * @cred: what was decoded from them; in @rqstp->rq_cred during a batch
 * @admitted: last admission with that credential
 * @in: copy of what the socket has received
 * @have: bytes in @in
 * @most: bytes that @in takes for now
 * @foreign: the socket has what cannot be copied
 * @done: bytes of @in that belong to calls that were begun
 * @awaits: bytes behind them that are awaited together, see batch_wants(); 1 if any are welcome
 * @out: heads and tails of replies
 * @used: bytes of @out that are in use
 * @vec: what is to be sent, in order
 * @nvec: entries of @vec
 * @bytes: bytes in @vec
 * @calls: calls executed
 * @turn: jiffies at which the thread got the connection
 * @released: another thread may receive from the connection
 * @stream: what the connection keeps; valid until @released
 * @keeps: the present call has not released the connection itself
 * @program: program of the present call
 * @proc: its procedure
 * @large: the present call, if its payload was received apart
 * @arg: the present call
 * @res: its reply
 * @sent_pages: pages of replies that were sent
 * @list: link in the list of all batches
 * @stage: enum dnfs_batch_stage
 * @begun: jiffies at which the present call was begun
 * @lock: held while the connection is released on behalf of the thread
 * @rescue: work that does so
 */
struct dnfs_batch {
	struct svc_rqst *rqstp;
	struct dnfs_server *server;
	struct svc_xprt *xprt;
	struct sock *sk;
	u32 max_payload;
	long break_wait;
	struct group_info *groups;
	struct ditto_peer *peer;
	u64 conn;
	unsigned long left;
	__be32 body[2 + RPC_MAX_AUTH_SIZE / XDR_UNIT];
	unsigned int body_len;
	struct svc_cred cred;
	struct dnfs_admitted admitted;
	u8 *in;
	unsigned int have;
	unsigned int most;
	bool foreign;
	unsigned int done;
	u32 awaits;
	u8 *out;
	unsigned int used;
	struct kvec vec[DNFS_BATCH_VECS];
	unsigned int nvec;
	size_t bytes;
	unsigned int calls;
	unsigned long turn;
	bool released;
	struct dnfs_stream *stream;
	bool keeps;
	const struct dnfs_program *program;
	const struct dnfs_proc *proc;
	struct dnfs_large *large;
	struct xdr_buf arg;
	struct xdr_buf res;
	struct dnfs_sent_pages sent_pages;

	struct list_head list;
	unsigned int stage;
	unsigned long begun;
	struct mutex lock;	/* see above */
	struct work_struct rescue;
};

/* batch.c */
struct dnfs_batch *dnfs_batch_alloc(struct svc_rqst *rqstp);
void dnfs_batch_free(struct dnfs_batch *batch);
struct dnfs_batch *dnfs_batch_of(const struct svc_rqst *rqstp);
bool dnfs_batch_run(struct dnfs_batch *batch, struct dnfs_stream *stream);
void dnfs_batch_release(struct dnfs_batch *batch);
void dnfs_batches_exit(void);

/* conn.c */

/* conn.c */
void dnfs_conn_waited(struct svc_xprt *xprt);
void dnfs_conn_holds(struct svc_xprt *xprt, u32 bytes);

/* direct.c */

/* direct.c */
bool dnfs_direct_begin(struct dnfs_batch *batch, const __be32 *p, unsigned int len);
void dnfs_direct_end(struct dnfs_batch *batch);

#endif
