/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replies to calls that must not be done twice, kept for a while in case the
 * client asks again because it got none.
 */
#ifndef _DITTO_FS_NFS_RPC_REPLY_CACHE_H
#define _DITTO_FS_NFS_RPC_REPLY_CACHE_H

#include <linux/in6.h>
#include <linux/types.h>

struct dnfs_replies;
struct dnfs_reply;
struct svc_xprt;
struct xdr_buf;
struct xdr_stream;

/* Most and fewest replies kept by a server; between them memory decides. */
#define DNFS_REPLIES_MAX	262144
#define DNFS_REPLIES_MIN	1024
/* All replies together may take this part of memory, if that is no less than the least. */
#define DNFS_REPLIES_MEMORY	64
/* How long, in seconds: longer than clients go on asking on one connection. */
#define DNFS_REPLY_AGE_S	120
/* Longest reply kept: more than what clients ask for with an operation that is not idempotent. */
#define DNFS_REPLY_BYTES	768
/* Bytes of the arguments that are summed up to tell calls apart. */
#define DNFS_REPLY_SUM_BYTES	256

/**
 * struct dnfs_reply_key - what makes a call the same as an earlier one
 * @addr: of the client, IPv4 mapped
 * @port: of the client: two clients behind one address begin with the same xids
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @prog: program
 * @vers: its version
 * @proc: procedure
 * @xid: transaction id
 * @len: bytes of the arguments
 * @sum: checksum of the first DNFS_REPLY_SUM_BYTES of them
 *
 * Compared as a whole, so without holes.
 */
struct dnfs_reply_key {
	struct in6_addr addr;
	__be16 port;
	u16 proto;
	u32 prog;
	u32 vers;
	u32 proc;
	__be32 xid;
	u32 len;
	u64 sum;
};

/* What dnfs_reply_begin() found. */
enum dnfs_reply_state {
	DNFS_REPLY_NEW,		/* do it, then dnfs_reply_done() or _forget() */
	DNFS_REPLY_UNKEPT,	/* do it; no memory to remember it */
	DNFS_REPLY_BUSY,	/* it is being done: drop this one */
	DNFS_REPLY_DONE,	/* it was done: its reply is in the stream */
};

/* NULL without memory. */
struct dnfs_replies *dnfs_replies_alloc(void);
void dnfs_replies_free(struct dnfs_replies *replies);
/* How many are kept, and how many may be. */
unsigned int dnfs_replies_count(struct dnfs_replies *replies);
unsigned int dnfs_replies_limit(struct dnfs_replies *replies);
/* Make every reply look @seconds older; for tests. */
void dnfs_replies_age(struct dnfs_replies *replies, unsigned int seconds);

/**
 * dnfs_reply_begin - was this call made before
 * @replies: the cache
 * @key: the call
 * @conn: the connection it came by; NULL if it came without one
 * @xdr: gets the reply, if there is one
 * @start: at this position: what was encoded behind it goes
 * @reply: filled for DNFS_REPLY_NEW
 *
 * Who lost his connection and asks on a new one while the call is being done
 * would wait for a reply that goes to the old one. The new one is remembered
 * with the call, for dnfs_reply_done() and dnfs_reply_forget() to return.
 *
 * Context: may sleep. Allocates only until the cache is full.
 */
enum dnfs_reply_state dnfs_reply_begin(struct dnfs_replies *replies,
				       const struct dnfs_reply_key *key,
				       struct svc_xprt *conn, struct xdr_stream *xdr,
				       unsigned int start, struct dnfs_reply **reply);

/**
 * dnfs_reply_done - the call was done
 * @replies: the cache
 * @reply: from dnfs_reply_begin()
 * @buf: what was encoded is kept
 * @start: from this offset on
 *
 * Return: NULL, or a connection, to be put, on which the call waits in vain
 * for its reply: once closed, the client asks again.
 */
struct svc_xprt *dnfs_reply_done(struct dnfs_replies *replies, struct dnfs_reply *reply,
				 const struct xdr_buf *buf, unsigned int start);
/* The call was not done after all: let it be tried again. Returns as dnfs_reply_done(). */
struct svc_xprt *dnfs_reply_forget(struct dnfs_replies *replies, struct dnfs_reply *reply);

#endif
