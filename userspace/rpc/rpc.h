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

#include "daemon/kernel.h"
#include "ndr_struct.h"
#include "row_list.h"
#include "identity/sid.h"

/* Number of pipes that are served. */
#define RPC_PIPES	4
/*
 * Most presentation contexts of one connection, most handles that a client holds, and the size of
 * a handle.
 */
#define RPC_CONTEXTS_MAX	8
#define RPC_HANDLES_MAX		64
#define RPC_HANDLE_SIZE		20
/*
 * Longest parameters and longest results of a call, and most bytes of fragments that answer one
 * message.
 */
#define RPC_CALL_MAX		131072
#define RPC_REPLY_MAX		124000
#define RPC_ANSWER_MAX		130000

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
struct share_change;

/**
 * struct rpc_user - the user that makes the calls
 * @uid: number of the account
 * @anonymous: the client gave no name
 * @guest: the client did not prove its name
 * @administrator: may see and end the sessions of others, and change shares
 * @session: number of the session that opened the pipe; 0 if the kernel tells none
 * @name: name of the user
 * @domain: domain of the user
 */
struct rpc_user {
	uid_t uid;
	bool anonymous;
	bool guest;
	bool administrator;
	u64 session;
	char name[NSS_NAME_SIZE];
	char domain[NSS_NAME_SIZE];
};

/*
 * Did the user prove a name? Others see no account, and of the shares only the ones that let guests
 * in: names of shares are often names of users.
 */
static inline bool rpc_user_is_known(const struct rpc_user *user)
{
	return !user->anonymous && !user->guest;
}

/**
 * enum rpc_list - lists that the handlers ask for
 * @RPC_LIST_USERS: users of this machine, in the order of their numbers
 * @RPC_LIST_GROUPS: its groups, in the same order
 * @RPC_LIST_ALIASES: BUILTIN aliases that stand for groups
 * @RPC_LIST_DOMAIN: the domain that the machine is a member of; empty if there is none
 * @RPC_LIST_SERVER: one row of the machine itself
 * @RPC_LIST_SESSIONS: sessions; of others than the user for administrators only
 * @RPC_LIST_OPENS: what sessions have open, for administrators
 * @RPC_LIST_TREES: shares that sessions are connected to, for administrators
 * @RPC_LISTS: number of lists
 */
enum rpc_list {
	RPC_LIST_USERS,
	RPC_LIST_GROUPS,
	RPC_LIST_ALIASES,
	RPC_LIST_DOMAIN,
	RPC_LIST_SERVER,
	RPC_LIST_SESSIONS,
	RPC_LIST_OPENS,
	RPC_LIST_TREES,
	RPC_LISTS
};

/*
 * Numbers and texts of accounts: uid or gid; not an account of the system; primary group of a user.
 * Members of a group are separated by commas, and are not all of them if they are very many.
 */
enum account_number { ACCOUNT_ID, ACCOUNT_LISTED, ACCOUNT_GID };
enum account_text { ACCOUNT_NAME, ACCOUNT_FULL_NAME, ACCOUNT_MEMBERS };
/* Numbers and text of an alias of BUILTIN and of its group, and texts of a domain and a machine. */
enum alias_number { ALIAS_RID, ALIAS_GID };
enum alias_text { ALIAS_GROUP_SID };
enum domain_text { DOMAIN_NAME, DOMAIN_DNS_NAME, DOMAIN_SID };
enum server_text { SERVER_WORKGROUP, SERVER_COMMENT };
#define DEFAULT_WORKGROUP	"WORKGROUP"
#define DEFAULT_COMMENT		"Ditto"
/*
 * Numbers and texts of sessions, opens and connections to shares: seconds since 1970, number of
 * opens, address and port of the client, DITTO_OPEN_RIGHT_* bits. A path begins at the share's root
 * and is empty if there is none.
 */
enum session_number { SESSION_ID, SESSION_SINCE, SESSION_OPENS, SESSION_GUEST };
enum session_text { SESSION_USER, SESSION_CLIENT, SESSION_DIALECT };
enum open_number { OPEN_ID, OPEN_SESSION, OPEN_ACCESS };
enum open_text { OPEN_USER, OPEN_SHARE, OPEN_PATH };
enum tree_number { TREE_ID, TREE_SESSION };
enum tree_text { TREE_USER, TREE_SHARE };

/**
 * struct rpc_asks - sources of information for the handlers
 * @accounts: look-up of accounts
 * @shares: lists the shares
 * @list: gets another list, to be freed with rows_free()
 * @end: ends a session or closes an open, by its number
 * @change: changes shares, see share_admin_change()
 *
 * All may block. Those behind @accounts are called with its @arg, and return 0 or a negative errno:
 * -EACCES if the user must not see, end or change it, -ENOENT if there is nothing to end.
 */
struct rpc_asks {
	struct sid_accounts accounts;
	int (*shares)(void *arg, struct kernel_shares *out);
	int (*list)(void *arg, enum rpc_list list, struct rows *out);
	int (*end)(void *arg, enum rpc_list list, u64 id);
	int (*change)(void *arg, const struct share_change *change);
};

/* Kinds of handles; none and any are for operations. */
enum rpc_handle_kind {
	RPC_HANDLE_NONE,
	RPC_HANDLE_ANY,
	RPC_HANDLE_POLICY,
	RPC_HANDLE_SERVER,
	RPC_HANDLE_DOMAIN,
	RPC_HANDLE_USER,
	RPC_HANDLE_GROUP,
	RPC_HANDLE_ALIAS,
	RPC_HANDLE_SHARE,
};

/**
 * struct rpc_object - what a handle stands for
 * @kind: kind of the handle
 * @domain: domain of an account or the domain itself, by its handler's numbers
 * @rid: relative identifier of an account
 * @name: name of a share, or NULL; owned by the handle
 */
struct rpc_object {
	enum rpc_handle_kind kind;
	u32 domain;
	u32 rid;
	char *name;
};

/**
 * struct rpc_call - a call in progress
 * @conn: the connection
 * @user: the user that makes the call
 * @asks: sources of information
 * @opnum: operation number
 * @handle: index of the handle that the client gave, if the operation has one
 * @object: what that handle stands for
 * @fault: fault code that a handler returns instead of results
 * @in: parameters
 * @out: results
 * @lists: see rpc_list_get()
 * @memory: memory of parameters and results, freed after the call
 */
struct rpc_call {
	struct rpc_conn *conn;
	const struct rpc_user *user;
	const struct rpc_asks *asks;
	u16 opnum;
	unsigned int handle;
	struct rpc_object object;
	u32 fault;
	struct ndr_in in;
	struct ndr_out out;
	struct rows lists[RPC_LISTS];
	struct mem_chain *memory;
};

/**
 * struct rpc_op - an operation of an interface
 * @opnum: operation number
 * @handle: kind of the handle that is the first parameter: a handle of another kind, or that was
 *	not created on this connection, causes a fault (MS-RPCE section 3.3.1.5.2.2)
 * @answer: handler: fills the results and returns the status, which follows them; may block
 * @in: parameters
 * @out: results
 */
struct rpc_op {
	u16 opnum;
	enum rpc_handle_kind handle;
	u32 (*answer)(struct rpc_call *call, void *args);
	const struct ndr_field *in;
	const struct ndr_field *out;
};

/**
 * struct rpc_interface - an interface that is served on a pipe
 * @pipe: name of the pipe
 * @beside: another interface on the same pipe, or NULL
 * @uuid: UUID in wire format
 * @version: major version in the lower half, minor version in the upper half
 * @args_size: size of the structure of all parameters
 * @excess: handlers answer calls with too many elements, which else cause a fault
 * @ops: operations; ends with an entry without a handler
 */
struct rpc_interface {
	const char *pipe;
	const struct rpc_interface *beside;
	u8 uuid[16];
	u32 version;
	size_t args_size;
	bool excess;
	const struct rpc_op *ops;
};

extern const struct rpc_interface srvsvc_interface;
extern const struct rpc_interface lsarpc_interface;
extern const struct rpc_interface dssetup_interface;
extern const struct rpc_interface wkssvc_interface;
extern const struct rpc_interface samr_interface;

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

/* Create a context handle, which takes the name. Returns false if the client holds too many. */
bool rpc_handle_create(struct rpc_call *call, const struct rpc_object *object,
		       u8 bytes[RPC_HANDLE_SIZE]);
/* Drop the handle of the call, or copy its bytes. */
void rpc_handle_drop(struct rpc_call *call);
void rpc_handle_copy(const struct rpc_call *call, u8 bytes[RPC_HANDLE_SIZE]);

/*
 * Get a list, once in a call, at whose end it is freed. Returns 0 or a negative errno; @rows then
 * has no rows.
 */
int rpc_list_get(struct rpc_call *call, enum rpc_list list, const struct rows **rows);

#endif
