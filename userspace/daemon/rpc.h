/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Server side of connection-oriented RPC over a named pipe (C706 chapter 12, MS-RPCE section
 * 2.2.2). Fragments are assembled to a call, the operation table of the interface selects the
 * handler, and the results are sent in fragments again.
 *
 * A connection is used by one thread at a time.
 */
#ifndef _DITTOD_RPC_H
#define _DITTOD_RPC_H

#include "kernel.h"
#include "ndr.h"
#include "sid.h"

/* Number of pipes that are served. */
#define RPC_PIPES	3
/*
 * Most presentation contexts of one connection, most handles that a client holds, and the size of
 * a handle.
 */
#define RPC_CONTEXTS_MAX	8
#define RPC_HANDLES_MAX		32
#define RPC_HANDLE_SIZE		20
/* Longest parameters and longest results of a call, in bytes. */
#define RPC_CALL_MAX		65536
#define RPC_REPLY_MAX		56000

/*
 * Fault codes (C706 appendix E, MS-RPCE section 2.2.2.5). RPC_FAULT_CONTEXT reports a
 * presentation context or context handle that was not created on this connection.
 */
#define RPC_FAULT_OPNUM		0x1c010002
#define RPC_FAULT_PROTOCOL	0x1c01000b
#define RPC_FAULT_CONTEXT	0x1c00001a
#define RPC_FAULT_MEMORY	0x1c00001b
#define RPC_FAULT_NDR		0x000006f7

struct rpc_conn;

/**
 * struct rpc_user - the user that makes the calls
 * @uid: number of the account
 * @anonymous: the client gave no name
 * @name: name of the user
 * @domain: domain of the user
 */
struct rpc_user {
	uid_t uid;
	bool anonymous;
	char name[NSS_NAME_SIZE];
	char domain[NSS_NAME_SIZE];
};

/**
 * struct rpc_asks - sources of information for the handlers
 * @accounts: look-up of accounts
 * @shares: lists the shares; called with the @arg of @accounts; returns 0 or a negative errno
 *
 * All may block.
 */
struct rpc_asks {
	struct sid_accounts accounts;
	int (*shares)(void *arg, struct kernel_shares *out);
};

/**
 * struct rpc_call - a call in progress
 * @conn: the connection
 * @user: the user that makes the call
 * @asks: sources of information
 * @in: parameters
 * @out: results
 */
struct rpc_call {
	struct rpc_conn *conn;
	const struct rpc_user *user;
	const struct rpc_asks *asks;
	struct ndr_in in;
	struct ndr_out out;
};

/**
 * struct rpc_op - an operation of an interface
 * @opnum: operation number
 * @run: handler; may block; returns 0 or a fault code
 */
struct rpc_op {
	u16 opnum;
	u32 (*run)(struct rpc_call *call);
};

/**
 * struct rpc_interface - an interface that is served on a pipe
 * @pipe: name of the pipe
 * @beside: another interface on the same pipe, or NULL
 * @uuid: UUID in wire format
 * @version: major version in the lower half, minor version in the upper half
 * @ops: operations; ends with an entry without @run
 */
struct rpc_interface {
	const char *pipe;
	const struct rpc_interface *beside;
	u8 uuid[16];
	u32 version;
	const struct rpc_op *ops;
};

extern const struct rpc_interface srvsvc_interface;
extern const struct rpc_interface lsarpc_interface;
extern const struct rpc_interface dssetup_interface;
extern const struct rpc_interface wkssvc_interface;

/*
 * Return the number of a pipe, below RPC_PIPES; -ENOENT if there is none of that name. Case is
 * ignored.
 */
int rpc_pipe_number(const char *name);

/*
 * Create a connection to the pipe with this number; @user is copied. The caller frees it with
 * rpc_conn_free().
 */
struct rpc_conn *rpc_conn_new(unsigned int pipe, const struct rpc_user *user);
/* Free a connection; NULL is allowed. */
void rpc_conn_free(struct rpc_conn *conn);

/**
 * rpc_conn_take - process bytes of the client
 * @conn: the connection
 * @asks: sources of information for calls that these bytes complete
 * @data: the bytes, not necessarily whole fragments
 * @len: length of @data in bytes
 * @out: filled with the replies, freed by the caller; NULL if there are none
 * @out_len: filled with the length of @out in bytes
 *
 * May block in the handlers.
 *
 * Return: 0, -EINVAL (protocol error; the connection cannot be used any more).
 */
int rpc_conn_take(struct rpc_conn *conn, const struct rpc_asks *asks, const u8 *data, size_t len,
		  u8 **out, size_t *out_len);

/* Create a context handle. Returns false if the client holds too many. */
bool rpc_handle_new(struct rpc_conn *conn, u8 handle[RPC_HANDLE_SIZE]);
/* Return true if the handle was created on this connection and not dropped since. */
bool rpc_handle_known(const struct rpc_conn *conn, const u8 *handle);
/* Drop a handle; an unknown one is ignored. */
void rpc_handle_drop(struct rpc_conn *conn, const u8 *handle);

#endif
