/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of sunrpc that its interface does not provide for; sunrpc_glue.c says why. */
#ifndef _DITTO_FS_NFS_RPC_SUNRPC_GLUE_H
#define _DITTO_FS_NFS_RPC_SUNRPC_GLUE_H

#include <linux/build_bug.h>
#include <linux/ktime.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/xprt.h>
#include <linux/types.h>

#include "worker.h"

struct dnfs_conn;
struct dnfs_rpc_call;
struct sockaddr;

/* The thread of a request */

static_assert(sizeof_field(struct svc_rqst, rq_private) == sizeof(struct dnfs_worker *));

/* The service thread of a request; NULL if it has none. */
static inline struct dnfs_worker *dnfs_worker_of(const struct svc_rqst *rqstp)
{
	return (struct dnfs_worker *)rqstp->rq_private;
}

static inline void dnfs_worker_set(struct svc_rqst *rqstp, struct dnfs_worker *worker)
{
	rqstp->rq_private = (void *)worker;
}

/* Transport operations */

/* sunrpc's own operations of TCP; NULL before dnfs_ops_install(). */
extern const struct svc_xprt_ops *dnfs_stock_ops;
extern struct svc_xprt_ops dnfs_ops, dnfs_held_ops;

void dnfs_ops_install(struct svc_xprt *listener, const struct svc_xprt_ops *ours);

/* Let a connection use our operations; @held: and receive nothing. */
static inline void dnfs_ops_use(struct svc_xprt *xprt, bool held)
{
	WRITE_ONCE(xprt->xpt_ops, held ? &dnfs_held_ops : &dnfs_ops);
}

/* sunrpc's own operations of a connection or listening socket. */
static inline const struct svc_xprt_ops *dnfs_class_ops(const struct svc_xprt *xprt)
{
	return xprt->xpt_class->xcl_ops;
}

/* Let a connection that is closed use sunrpc's operations. */
static inline void dnfs_ops_return(struct svc_xprt *xprt)
{
	WRITE_ONCE(xprt->xpt_ops, dnfs_class_ops(xprt));
}

void dnfs_rdma_ops_install(struct svc_xprt *listener, const struct svc_xprt_ops *ours);
void dnfs_rdma_ops_use(struct svc_xprt *xprt);
bool dnfs_rdma_queue_has_room(struct svc_xprt *listener, const struct sockaddr *from,
			      unsigned int *waiting);
void dnfs_rdma_queue_empty(struct svc_xprt *listener);

/**
 * struct dnfs_rdma_chunks - memory of the client that a call names
 * @reads: segments with its arguments
 * @read_pages: most ends of pages within these, DNFS_PAGES at most
 * @writes: segments for results, and most further pieces of results that are written there
 * @write_pages: most ends of pages within these, DNFS_PAGES at most
 */
struct dnfs_rdma_chunks {
	unsigned int reads;
	unsigned int read_pages;
	unsigned int writes;
	unsigned int write_pages;
};

/**
 * struct dnfs_rdma_call - a call that is to be received
 * @ctxt: sunrpc's context of it; NULL if that was received before, to fetch its arguments
 * @fetches: its arguments have to be fetched first
 * @places: places of the send queue that it takes at most
 * @reply: the same, when its arguments are fetched
 */
struct dnfs_rdma_call {
	const void *ctxt;
	bool fetches;
	unsigned int places;
	unsigned int reply;
};

struct dnfs_rdma_chunks dnfs_rdma_chunks_of(const __be32 *header, unsigned int bytes);
unsigned int dnfs_rdma_places(struct dnfs_rdma_chunks chunks, unsigned int read_sge,
			      unsigned int write_sge, bool registers);
bool dnfs_rdma_next(struct svc_xprt *xprt, struct dnfs_rdma_call *next);
unsigned int dnfs_rdma_reply_places(struct svc_xprt *xprt, const void *ctxt);
bool dnfs_rdma_is_fetched(struct svc_xprt *xprt);
unsigned int dnfs_rdma_places_most(struct svc_xprt *xprt);
bool dnfs_rdma_has_room(struct svc_xprt *xprt, long places);
u32 dnfs_rdma_unsent(struct svc_xprt *xprt);

/* Count what the client takes, and have the connection enqueued then, until the end of that. */
void dnfs_rdma_wake_begin(struct dnfs_conn *conn);
void dnfs_rdma_wake_end(struct dnfs_conn *conn);
long dnfs_rdma_memory(struct svc_xprt *xprt);

/* True for a connection over RDMA. */
static inline bool dnfs_xprt_is_rdma(const struct svc_xprt *xprt)
{
	return xprt->xpt_class->xcl_ident == XPRT_TRANSPORT_RDMA;
}

/* True if a connection uses our operations, and receives. */
static inline bool dnfs_ops_are_used(struct svc_xprt *xprt)
{
	return READ_ONCE(xprt->xpt_ops) == &dnfs_ops;
}

struct svc_xpt_user *dnfs_xprt_first_user(struct svc_xprt *xprt);

/* The protection of a call */

/* In rq_xprt_ctxt of each call that was received through TLS. */
extern void *const dnfs_conn_tls_ctxt;

u32 dnfs_conn_security(const struct svc_rqst *rqstp);

/* Pages of a thread that are kept aside */

/* Number of pages of the thread that pages of a file have replaced in the reply. */
static inline unsigned int dnfs_pages_aside(const struct svc_rqst *rqstp)
{
	return dnfs_worker_of(rqstp)->aside;
}

bool dnfs_page_replace(struct svc_rqst *rqstp, struct page *page);
bool dnfs_return_pages(struct svc_rqst *rqstp, struct page **first);
void dnfs_restore_pages(struct svc_rqst *rqstp);

/* Calls that were deferred by us */

/* Longest request that is kept. Longer ones have payload. */
#define DNFS_PARK_BYTES		1024

/**
 * struct dnfs_deferred_state - what we keep with a call that we have deferred
 * @started: time of its arrival
 * @ready: time when it was ready to be executed again
 * @until: jiffies until which it may wait
 */
struct dnfs_deferred_state {
	ktime_t started;
	ktime_t ready;
	unsigned long until;
};

struct svc_deferred_req *dnfs_park_copy(const struct dnfs_rpc_call *rc, unsigned long until);
struct svc_deferred_req *dnfs_deferred_of(const struct svc_rqst *rqstp);
struct dnfs_deferred_state *dnfs_deferred_state(struct svc_deferred_req *req);
void dnfs_deferred_take(struct svc_rqst *rqstp);
void dnfs_deferred_hand_over(struct svc_xprt *xprt, struct svc_deferred_req *req);
ktime_t dnfs_park_started(const struct svc_rqst *rqstp);

#endif
