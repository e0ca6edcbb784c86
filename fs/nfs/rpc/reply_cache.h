/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reply cache: replies to non-idempotent calls, kept for a while to answer
 * retransmissions.
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

/* Bounds for the number of replies kept by a server; in between it depends on memory. */
#define DNFS_REPLIES_MAX	262144
#define DNFS_REPLIES_MIN	1024
/* The cache may use one part in this many of memory, or DNFS_REPLIES_MIN replies. */
#define DNFS_REPLIES_MEMORY	64
/* Lifetime of a reply in seconds: longer than clients retransmit on one connection. */
#define DNFS_REPLY_AGE_S	120
/* Longest reply kept: more than the usual replies to non-idempotent operations. */
#define DNFS_REPLY_BYTES	768
/* Bytes of the arguments covered by the checksum that distinguishes calls. */
#define DNFS_REPLY_SUM_BYTES	256

/**
 * struct dnfs_reply_key - identity of a call, equal for retransmissions
 * @addr: client address, IPv4 mapped
 * @port: client port, because clients behind one address may start with the same xids
 * @proto: IPPROTO_TCP or IPPROTO_UDP; over RDMA, the low byte of IPPROTO_MAX
 * @security: TLS of the connection, one DNFS_CONN_* bit: a reply sent through TLS is not repeated
 *	without
 * @prog: program
 * @vers: version
 * @proc: procedure
 * @xid: transaction id
 * @len: bytes of the arguments
 * @hash: filled by dnfs_reply_begin()
 * @sum: checksum of the first DNFS_REPLY_SUM_BYTES of the arguments
 *
 * Compared as a whole, so it has no holes.
 */
struct dnfs_reply_key {
	struct in6_addr addr;
	__be16 port;
	u8 proto;
	u8 security;
	u32 prog;
	u16 vers;
	u16 proc;
	__be32 xid;
	u32 len;
	u32 hash;
	u64 sum;
};

/* Result of dnfs_reply_begin(). */
enum dnfs_reply_state {
	DNFS_REPLY_NEW,		/* execute, then call dnfs_reply_done() or dnfs_reply_forget() */
	DNFS_REPLY_UNKEPT,	/* execute; there is no memory to keep the reply */
	DNFS_REPLY_BUSY,	/* in progress: drop the retransmission, its reply is coming */
	DNFS_REPLY_DONE,	/* the cached reply is in the stream */
};

/**
 * dnfs_replies_alloc - create the reply cache of a server
 *
 * Return: the cache; NULL without memory.
 */
struct dnfs_replies *dnfs_replies_alloc(void);

/**
 * dnfs_replies_free - free a reply cache
 * @replies: the cache; no call is in progress
 */
void dnfs_replies_free(struct dnfs_replies *replies);

/**
 * dnfs_replies_count - count the entries of a reply cache
 * @replies: the cache
 *
 * Context: any.
 * Return: the number of replies and of calls in progress.
 */
unsigned int dnfs_replies_count(struct dnfs_replies *replies);

/* For KUnit tests. Return: the most replies that a cache keeps. */
unsigned int dnfs_replies_limit(struct dnfs_replies *replies);
/* For KUnit tests: make all replies @seconds older. */
void dnfs_replies_age(struct dnfs_replies *replies, unsigned int seconds);

/**
 * dnfs_reply_begin - look a call up in the reply cache, and add it if it is new
 * @replies: the cache
 * @key: identity of the call; its hash is filled in
 * @conn: connection the call arrived on; NULL for datagrams
 * @xdr: the cached reply is written here, if there is one
 * @start: position of the reply in @xdr; anything behind it is discarded
 * @reply: set for DNFS_REPLY_NEW; set to NULL for DNFS_REPLY_UNKEPT
 *
 * A client that lost its connection may retransmit on a new one while the call is in progress.
 * The reply goes to the old connection, so the new one is stored with the call, and
 * dnfs_reply_done() or dnfs_reply_forget() returns it.
 *
 * Context: may sleep. A full cache reuses the memory of old replies.
 * Return: enum dnfs_reply_state.
 */
enum dnfs_reply_state dnfs_reply_begin(struct dnfs_replies *replies,
				       struct dnfs_reply_key *key, struct svc_xprt *conn,
				       struct xdr_stream *xdr, unsigned int start,
				       struct dnfs_reply **reply);

/**
 * dnfs_reply_done - store the reply to an executed call
 * @replies: the cache
 * @reply: from dnfs_reply_begin()
 * @buf: the encoded reply
 * @start: offset of the results in @buf
 *
 * A reply that is too long is not kept.
 *
 * Return: NULL, or another connection on which the client waits for the reply, with a
 * reference. The caller closes it, so that the client reconnects and retransmits.
 */
struct svc_xprt *dnfs_reply_done(struct dnfs_replies *replies, struct dnfs_reply *reply,
				 const struct xdr_buf *buf, unsigned int start);

/**
 * dnfs_reply_forget - remove a call that must be executed again when retransmitted
 * @replies: the cache
 * @reply: from dnfs_reply_begin(); freed
 *
 * Context: any.
 * Return: as dnfs_reply_done().
 */
struct svc_xprt *dnfs_reply_forget(struct dnfs_replies *replies, struct dnfs_reply *reply);

#endif
