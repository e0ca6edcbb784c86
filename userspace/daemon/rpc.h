/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Remote calls over a connection, which is a pipe (C706 chapter 12, MS-RPCE
 * section 2.2.2): fragments come in, a call is put together, looked up in the
 * table of its interface and answered, in fragments again.
 *
 * One connection is used by one thread at a time.
 */
#ifndef _DITTOD_RPC_H
#define _DITTOD_RPC_H

#include "kernel.h"
#include "ndr.h"
#include "sid.h"

/* Pipes that are served. */
#define RPC_PIPES	3
/* Presentation contexts of one connection, and handles that a client holds. */
#define RPC_CONTEXTS_MAX	8
#define RPC_HANDLES_MAX		32
#define RPC_HANDLE_SIZE		20
/* Longest parameters of a call, and of its answer. */
#define RPC_CALL_MAX		65536
#define RPC_REPLY_MAX		56000

/*
 * Faults (C706 appendix E, MS-RPCE section 2.2.2.5). RPC_FAULT_CONTEXT is for what was not
 * given on the connection: a presentation context, or a context handle.
 */
#define RPC_FAULT_OPNUM		0x1c010002
#define RPC_FAULT_PROTOCOL	0x1c01000b
#define RPC_FAULT_CONTEXT	0x1c00001a
#define RPC_FAULT_MEMORY	0x1c00001b
#define RPC_FAULT_NDR		0x000006f7

struct rpc_conn;

/**
 * struct rpc_user - on whose behalf calls are made
 * @uid: of the account
 * @anonymous: gave no name
 * @name: of the user
 * @domain: of the user
 */
struct rpc_user {
	uid_t uid;
	bool anonymous;
	char name[NSS_NAME_SIZE];
	char domain[NSS_NAME_SIZE];
};

/**
 * struct rpc_asks - what is found out for a call
 * @accounts: names and numbers
 * @shares: what is served; gets the @arg of @accounts; 0 or a negative errno
 *
 * All may block.
 */
struct rpc_asks {
	struct sid_accounts accounts;
	int (*shares)(void *arg, struct kernel_shares *out);
};

/**
 * struct rpc_call - a call that is being made
 * @conn: on which connection
 * @user: by whom
 * @asks: finds out what is asked
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
 * @opnum: its number
 * @run: does it; may block. 0 or a fault
 */
struct rpc_op {
	u16 opnum;
	u32 (*run)(struct rpc_call *call);
};

/**
 * struct rpc_interface - what is served on a pipe
 * @pipe: name of the pipe
 * @beside: another one on the same pipe, or NULL
 * @uuid: as on the wire
 * @version: major, and minor in the upper half
 * @ops: ended by one without @run
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

/* The number of a pipe, below RPC_PIPES, by its name in any case; -ENOENT. */
int rpc_pipe_number(const char *name);

/* A connection of a user to the pipe with a number. */
struct rpc_conn *rpc_conn_new(unsigned int pipe, const struct rpc_user *user);
/* NULL is allowed. */
void rpc_conn_free(struct rpc_conn *conn);

/**
 * rpc_conn_take - give bytes of the client
 * @conn: the connection
 * @asks: for calls
 * @data: bytes, not necessarily whole fragments
 * @len: of @data
 * @out: filled; to be freed; NULL without answer
 * @out_len: bytes
 *
 * Return: 0, -EINVAL (this is no such protocol; the connection is of no more use).
 */
int rpc_conn_take(struct rpc_conn *conn, const struct rpc_asks *asks, const u8 *data, size_t len,
		  u8 **out, size_t *out_len);

/* A new handle; false if the client holds too many. */
bool rpc_handle_new(struct rpc_conn *conn, u8 handle[RPC_HANDLE_SIZE]);
bool rpc_handle_known(const struct rpc_conn *conn, const u8 *handle);
void rpc_handle_drop(struct rpc_conn *conn, const u8 *handle);

#endif
