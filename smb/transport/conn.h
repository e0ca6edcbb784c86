/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: a socket, what was negotiated on it, its credits, and the
 * sessions that use it.
 *
 * Lifetime: conn->ref counts the server's list, each call in flight, each
 * channel of a session. dsmb_conn_drop() ends it from anywhere: the socket is
 * shut down, calls in flight end, the sessions lose the channel.
 *
 * Locking: conn->lock (spinlock) guards credits, the list of calls in flight and
 * the state. What was negotiated is written once, before any session is there.
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
#include "../auth/crypto.h"
#include "wire.h"

struct ditto_peer;
struct dsmb_buf;
struct dsmb_server;
struct dsmb_unproven_client;
struct dsmb_transport;	/* the socket and what is being received and sent: transport.c */
struct socket;

/* A power of two. */
#define DSMB_CALL_BUCKETS	64

enum dsmb_conn_state {
	DSMB_CONN_NEW,		/* nothing was negotiated */
	DSMB_CONN_WILDCARD,	/* SMB1 NEGOTIATE was answered with 2.??: NEGOTIATE comes again */
	DSMB_CONN_NEGOTIATED,
	DSMB_CONN_DEAD,
};

/**
 * struct dsmb_conn - one connection
 * @server: whose
 * @ref: see above
 * @list: on the server's list
 * @number: no other connection has it, nor had
 * @peer: the machine
 * @name: address and port of the client, for people
 * @local: the server's address it came to, as getsockname() says
 * @lock: see above
 * @state: see there
 * @transport: transport.c
 * @dialect: negotiated
 * @client_guid: of NEGOTIATE
 * @client_caps: of NEGOTIATE
 * @client_mode: SecurityMode of NEGOTIATE
 * @server_caps: answered
 * @server_mode: answered
 * @cipher: negotiated; NONE without encryption
 * @signing: negotiated; follows from the dialect before 3.1.1
 * @preauth: hash over NEGOTIATE and its answer (3.1.1)
 * @posix: the POSIX extensions were negotiated
 * @large_mtu: reads and writes may be up to DSMB_IO_MAX; credits are charged by size
 * @trust: how far it is trusted: trust.c
 * @trust_lock: mutex, serializes changes of @trust and the moving of @charge
 * @who: who is charged as long as nobody has logged in; constant
 * @charge: for being a connection; guarded by @trust_lock once others can find it
 * @counted: it is one of the server's @nconns; under its @conns_lock
 * @unproven: among those of its client on which nobody is logged in: unproven.h
 * @unproven_of: the client, or NULL
 * @sessions: struct dsmb_channel by session id
 * @nsessions: channels in @sessions, those being set up too
 * @async: struct dsmb_call by async id; changed under @lock
 * @async_next: about the next async id
 * @calls: in flight, oldest first; no CANCEL
 * @calls_by_id: the same by message id. Ids in flight lie in a window, so that a bucket
 *	has no more than the window's part of them
 * @ncalls: how many
 * @nasync: of them, answered with STATUS_PENDING
 * @credits: see credit.c; under @lock
 * @listener: by which it came; compared only
 * @work: ends it, and later frees it
 * @handshake: the time to log in is over
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
	guid_t client_guid;
	u32 client_caps;
	u16 client_mode;
	u32 server_caps;
	u16 server_mode;
	enum dsmb_cipher cipher;
	enum dsmb_signing signing;
	u8 preauth[DSMB_PREAUTH_SIZE];
	bool posix;
	bool large_mtu;
	enum ditto_trust trust;
	struct mutex trust_lock;	/* see above */
	struct ditto_principal who;
	struct ditto_charge charge;
	bool counted;
	struct list_head unproven;
	struct dsmb_unproven_client *unproven_of;

	struct xarray sessions;
	atomic_t nsessions;
	struct xarray async;
	u32 async_next;
	struct list_head calls;
	struct hlist_head calls_by_id[DSMB_CALL_BUCKETS];
	unsigned int ncalls;
	unsigned int nasync;
	struct dsmb_credits *credits;
	const void *listener;
	struct work_struct work;
	struct delayed_work handshake;
};

static inline struct hlist_head *dsmb_conn_bucket(struct dsmb_conn *conn, u64 message_id)
{
	return &conn->calls_by_id[message_id % DSMB_CALL_BUCKETS];
}

static inline void dsmb_conn_hold(struct dsmb_conn *conn)
{
	refcount_inc(&conn->ref);
}

void dsmb_conn_put(struct dsmb_conn *conn);

/* End it. @why is for the log, a constant; NULL if there is nothing to say. Any process context. */
void dsmb_conn_drop(struct dsmb_conn *conn, const char *why);

static inline bool dsmb_conn_is_3x(const struct dsmb_conn *conn)
{
	return conn->dialect >= DSMB_DIALECT_300;
}

/* MaxReadSize, MaxWriteSize and MaxTransactSize. */
static inline u32 dsmb_io_max(const struct dsmb_conn *conn)
{
	return conn->large_mtu ? DSMB_IO_MAX : DSMB_IO_MAX_SMALL;
}

/**
 * dsmb_conn_send - send a message that nobody asked for (oplock breaks)
 * @conn: held
 * @buf: consumed; the message begins at DSMB_SEND_HEADROOM
 * @len: of the message
 * @session_id: encrypted for this session, if it can; 0 to send it as it is
 *
 * Context: may sleep. Return: 0, -ENOTCONN.
 */
int dsmb_conn_send(struct dsmb_conn *conn, struct dsmb_buf *buf, u32 len, u64 session_id);

/* Room before a message for the length of the frame and a transform header. */
#define DSMB_SEND_HEADROOM	64

/**
 * dsmb_conn_new - a connection for an accepted socket
 * @server: whose
 * @sock: consumed if it works
 * @listener: by which it came
 *
 * Return: 0, -EMFILE (a limit), -ENOMEM and those of the socket.
 */
int dsmb_conn_new(struct dsmb_server *server, struct socket *sock, const void *listener);

#endif
