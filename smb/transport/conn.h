/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: a socket, the negotiated parameters, the credits, and the sessions that use it.
 *
 * Lifetime: conn->ref counts the server's list, each message, each channel of a session, and
 * each queued worker. dsmb_conn_drop() ends the connection from anywhere: the socket is shut
 * down, calls in flight are cancelled, the sessions lose the channel.
 *
 * Locking: conn->lock (spinlock) guards the credits, the calls in flight and the state. The
 * negotiated parameters are written once, under conn->lock, before any session exists.
 */
#ifndef _DITTO_SMB_TRANSPORT_CONN_H
#define _DITTO_SMB_TRANSPORT_CONN_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../../net/budget.h"
#include "../../net/conns.h"
#include "../auth/crypto.h"
#include "../wire/wire.h"

struct ditto_peer;
struct dsmb_buf;
struct dsmb_server;
struct dsmb_transport;	/* socket, receive and send state: transport.c */
struct socket;

/* Hash buckets of calls by MessageId; a power of two. */
#define DSMB_CALL_BUCKETS	64
/* Workers that end sessions of one connection, besides the one that ends the connection. */
#define DSMB_ENDERS		7

/**
 * struct dsmb_conn_ender - a worker that ends sessions of a connection
 * @work: the work
 * @conn: the connection
 */
struct dsmb_conn_ender {
	struct work_struct work;
	struct dsmb_conn *conn;
};

enum dsmb_conn_state {
	DSMB_CONN_NEW,		/* before NEGOTIATE */
	DSMB_CONN_WILDCARD,	/* dialect 2.??? was answered to SMB1; NEGOTIATE follows */
	DSMB_CONN_NEGOTIATED,
	DSMB_CONN_DEAD,
};

/**
 * struct dsmb_conn - a connection
 * @server: the server
 * @ref: references; see the top of this file
 * @list: on server->conns
 * @number: unique for the life of the module
 * @peer: the client machine, held
 * @name: address and port of the client, for logs
 * @local: local address, as returned by getsockname()
 * @lock: spinlock; see the top of this file
 * @state: read with acquire semantics by the first check of each request
 * @transport: socket, receive and send state: transport.c
 * @dialect: negotiated dialect; 0 before
 * @client_dialects: Dialects of the NEGOTIATE request, as on the wire
 * @client_ndialects: number of @client_dialects
 * @client_guid: ClientGuid of NEGOTIATE
 * @client_caps: Capabilities of the NEGOTIATE request
 * @client_mode: SecurityMode of the NEGOTIATE request
 * @server_caps: Capabilities of the NEGOTIATE response
 * @server_mode: SecurityMode of the NEGOTIATE response
 * @cipher: negotiated; DSMB_CIPHER_NONE without encryption
 * @signing: negotiated; follows from the dialect before 3.1.1
 * @preauth: Connection.PreauthIntegrityHashValue, over NEGOTIATE and its response (3.1.1)
 * @posix: the POSIX extensions were negotiated
 * @compression: negotiated
 * @large_mtu: READ and WRITE may be up to DSMB_IO_MAX; credits are charged by size
 * @trust: trust level: trust.c
 * @trust_lock: mutex; serializes changes of @trust and moves of @charge
 * @who: principal charged while no user is logged in; constant
 * @charge: charge for the connection itself; guarded by @trust_lock once the connection is on
 *	the server's list
 * @counted: counted in server->nconns; under server->conns_lock
 * @prelogin: in the table of connections without a logged-in user: prelogin.h
 * @sessions: struct dsmb_channel by SessionId
 * @first: one of @sessions, the only one of most connections, or NULL; freed with RCU
 * @nsessions: number of channels in @sessions, including those being set up
 * @async: struct dsmb_call by AsyncId; changed under @lock
 * @async_next: where the search for the next AsyncId starts
 * @calls: calls in flight by MessageId, without CANCEL. The ids in flight lie in one window, so
 *	that they spread evenly over the buckets
 * @unsent: credits that @calls have consumed, without those that @nasync counts
 * @nasync: number of @calls that are parked and counted against DSMB_ASYNC_MAX
 * @credits: credit window, under @lock: credit.c
 * @listener: listener that accepted it; compared only
 * @work: ends the connection, and later frees it
 * @handshake: drops the connection if no user has logged in after DSMB_HANDSHAKE_S
 * @enders: workers that end its sessions
 * @nenders: @enders that have not finished, and the worker that ends the connection
 */
struct dsmb_conn {
	struct dsmb_server *server;
	refcount_t ref;
	struct list_head list;
	u64 number;
	struct ditto_peer *peer;
	char name[64];
	struct sockaddr_storage local;
	spinlock_t lock;	/* see above */
	enum dsmb_conn_state state;
	struct dsmb_transport *transport;

	u16 dialect;
	__le16 client_dialects[DSMB_DIALECTS_MAX];
	u8 client_ndialects;
	guid_t client_guid;
	u32 client_caps;
	u16 client_mode;
	u32 server_caps;
	u16 server_mode;
	enum dsmb_cipher cipher;
	enum dsmb_signing signing;
	u8 preauth[DSMB_PREAUTH_SIZE];
	bool posix;
	struct dsmb_compression compression;
	bool large_mtu;
	enum ditto_trust trust;
	struct mutex trust_lock;	/* see above */
	struct ditto_principal who;
	struct ditto_charge charge;
	bool counted;
	struct ditto_conns_link prelogin;

	struct xarray sessions;
	struct dsmb_channel __rcu *first;
	atomic_t nsessions;
	struct xarray async;
	u32 async_next;
	struct hlist_head calls[DSMB_CALL_BUCKETS];
	u32 unsent;
	unsigned int nasync;
	struct dsmb_credits *credits;
	const void *listener;
	struct work_struct work;
	struct delayed_work handshake;
	struct dsmb_conn_ender enders[DSMB_ENDERS];
	refcount_t nenders;
};

/* The hash bucket of a MessageId. */
static inline struct hlist_head *dsmb_conn_bucket(struct dsmb_conn *conn, u64 message_id)
{
	return &conn->calls[message_id % DSMB_CALL_BUCKETS];
}

static inline void dsmb_conn_hold(struct dsmb_conn *conn)
{
	refcount_inc(&conn->ref);
}

void dsmb_conn_put(struct dsmb_conn *conn);
void dsmb_conn_drop(struct dsmb_conn *conn, const char *why);

/* MaxReadSize, MaxWriteSize and MaxTransactSize of NEGOTIATE. */
static inline u32 dsmb_io_max(const struct dsmb_conn *conn)
{
	return conn->large_mtu ? DSMB_IO_MAX : DSMB_IO_MAX_SMALL;
}

int dsmb_conn_send(struct dsmb_conn *conn, struct dsmb_buf *buf, u32 len, u64 session_id);

/* Bytes before a message in its buffer, for the frame length and a transform header. */
#define DSMB_SEND_HEADROOM	64

int dsmb_conn_new(struct dsmb_server *server, struct socket *sock, const void *listener);

#endif
