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

struct dnfs_replies *dnfs_replies_alloc(void);
void dnfs_replies_free(struct dnfs_replies *replies);
unsigned int dnfs_replies_count(struct dnfs_replies *replies);
unsigned int dnfs_replies_limit(struct dnfs_replies *replies);
void dnfs_replies_age(struct dnfs_replies *replies, unsigned int seconds);
enum dnfs_reply_state dnfs_reply_begin(struct dnfs_replies *replies,
				       struct dnfs_reply_key *key, struct svc_xprt *conn,
				       struct xdr_stream *xdr, unsigned int start,
				       struct dnfs_reply **reply);
struct svc_xprt *dnfs_reply_done(struct dnfs_replies *replies, struct dnfs_reply *reply,
				 const struct xdr_buf *buf, unsigned int start);
struct svc_xprt *dnfs_reply_forget(struct dnfs_replies *replies, struct dnfs_reply *reply);

#endif
