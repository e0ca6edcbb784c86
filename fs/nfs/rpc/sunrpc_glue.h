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

/**
 * dnfs_ops_install - let a listening socket, and what it accepts, use operations of ours
 * @listener: the socket
 * @ours: accept, recvfrom, sendto, has_wspace, detach and handshake; the same for all sockets
 *
 * Context: may sleep.
 */
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

/**
 * dnfs_rdma_ops_install - let a listener for RDMA use operations of ours
 * @listener: the listener
 * @ours: accept, recvfrom, sendto, has_wspace and release_ctxt; the same for all listeners
 *
 * Context: may sleep.
 */
void dnfs_rdma_ops_install(struct svc_xprt *listener, const struct svc_xprt_ops *ours);

/* Let a connection over RDMA use them. */
void dnfs_rdma_ops_use(struct svc_xprt *xprt);

/**
 * dnfs_rdma_queue_has_room - check whether a connection may wait to be accepted
 * @listener: the listener for RDMA
 * @from: address of the client
 * @waiting: set to the number of connections of its machine that wait
 *
 * Return: false if there are too many, of all machines or of this one.
 */
bool dnfs_rdma_queue_has_room(struct svc_xprt *listener, const struct sockaddr *from,
			      unsigned int *waiting);

/* Close the connections to a listener for RDMA, closed before, that wait to be accepted. */
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

/**
 * dnfs_rdma_chunks_of - count the memory that a call names
 * @header: the call, from its transport header on (RFC 8166)
 * @bytes: its length; what follows an end within the header is not counted
 *
 * Return: the numbers.
 */
struct dnfs_rdma_chunks dnfs_rdma_chunks_of(const __be32 *header, unsigned int bytes);

/**
 * dnfs_rdma_places - find how many places of the send queue a call takes at most
 * @chunks: memory that it names
 * @read_sge: pages that a request to read has at most
 * @write_sge: pages that a request to write has at most
 * @registers: the device may have to register what it reads
 *
 * Return: the number, with one for the reply.
 */
unsigned int dnfs_rdma_places(struct dnfs_rdma_chunks chunks, unsigned int read_sge,
			      unsigned int write_sge, bool registers);

/**
 * dnfs_rdma_next - look at the next call of a connection
 * @xprt: the connection
 * @next: filled
 *
 * A call whose arguments are fetched before this one is received comes first.
 *
 * Context: the caller has XPT_BUSY.
 * Return: false if there is none; then the connection waits for one.
 */
bool dnfs_rdma_next(struct svc_xprt *xprt, struct dnfs_rdma_call *next);

/* Places that a call takes when its arguments are fetched, by sunrpc's context of it. */
unsigned int dnfs_rdma_reply_places(struct svc_xprt *xprt, const void *ctxt);
/* Whether the arguments of a call were fetched. Any context. */
bool dnfs_rdma_is_fetched(struct svc_xprt *xprt);
/* Most places that a call may take. */
unsigned int dnfs_rdma_places_most(struct svc_xprt *xprt);
/* Whether so many places are free, so that no thread waits for one. Any context. */
bool dnfs_rdma_has_room(struct svc_xprt *xprt, long places);
/* Places with something that the client has not taken. */
u32 dnfs_rdma_unsent(struct svc_xprt *xprt);

/* Count what the client takes, and have the connection enqueued then, until the end of that. */
void dnfs_rdma_wake_begin(struct dnfs_conn *conn);
void dnfs_rdma_wake_end(struct dnfs_conn *conn);

/* Bytes of the buffers that are made with a connection over RDMA. */
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

/* The first user that was registered for a connection, or NULL. With xpt_lock or XPT_BUSY. */
struct svc_xpt_user *dnfs_xprt_first_user(struct svc_xprt *xprt);

/* The protection of a call */

/* In rq_xprt_ctxt of each call that was received through TLS. */
extern void *const dnfs_conn_tls_ctxt;

/* What protected a call when it was received: one DNFS_CONN_* bit, see share_options.h. */
u32 dnfs_conn_security(const struct svc_rqst *rqstp);

/* Pages of a thread that are kept aside */

/* Number of pages of the thread that pages of a file have replaced in the reply. */
static inline unsigned int dnfs_pages_aside(const struct svc_rqst *rqstp)
{
	return dnfs_worker_of(rqstp)->aside;
}

/**
 * dnfs_page_replace - add a page of a file to the payload, in place of a page of the thread
 * @rqstp: the request
 * @page: the page; gets a reference
 *
 * Return: false if there is no room.
 */
bool dnfs_page_replace(struct svc_rqst *rqstp, struct page *page);

/**
 * dnfs_return_pages - put pages of the page cache that were sent, and take the thread's own again
 * @rqstp: the request, whose reply was sent
 * @first: first page of the payload, which is in the page cache
 *
 * The network has references of its own.
 *
 * Return: false if the call used other pages, too. Then nothing has changed.
 */
bool dnfs_return_pages(struct svc_rqst *rqstp, struct page **first);

/**
 * dnfs_restore_pages - return the pages that splicing had replaced to the thread
 * @rqstp: the request, after its reply was sent
 */
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

/**
 * dnfs_park_copy - copy a call for sunrpc
 * @rc: the call
 * @until: jiffies until which it may wait
 *
 * Return: the copy, to be freed with kfree(); NULL if the call is too long, or without memory.
 */
struct svc_deferred_req *dnfs_park_copy(const struct dnfs_rpc_call *rc, unsigned long until);

/* The copy that a call is executed from, if it was deferred by us; else NULL. */
struct svc_deferred_req *dnfs_deferred_of(const struct svc_rqst *rqstp);
/* The state that is kept with a copy. */
struct dnfs_deferred_state *dnfs_deferred_state(struct svc_deferred_req *req);
/* Take the copy from a call, so that sunrpc does not free it. */
void dnfs_deferred_take(struct svc_rqst *rqstp);

/**
 * dnfs_deferred_hand_over - let any thread execute a call, unless the connection is closed
 * @xprt: the connection, held
 * @req: the call; is freed, at the latest when it was executed
 *
 * Context: process; takes xpt_lock.
 */
void dnfs_deferred_hand_over(struct svc_xprt *xprt, struct svc_deferred_req *req);

/* When a call arrived; the first time if it was deferred by us. */
ktime_t dnfs_park_started(const struct svc_rqst *rqstp);

#endif
