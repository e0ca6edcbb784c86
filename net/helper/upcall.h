/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the helper in user space, over generic netlink.
 *
 * The helper registers its port. A request is sent to that port with a number, a type and a
 * deadline; the answer is a command that carries the same number. Numbers are not reused, neither
 * by this server nor by an earlier one, so that an answer is matched only with its own request,
 * and only if it comes from the helper that got the request. Without a helper, or when it goes
 * away, a request fails immediately. A request never outlives its deadline, which begins anew with
 * each progress of a request that allows that.
 */
#ifndef _DITTO_NET_HELPER_UPCALL_H
#define _DITTO_NET_HELPER_UPCALL_H

#include <linux/types.h>

#include "../fairq.h"

struct ditto_server;
struct genl_info;
struct sk_buff;

/* A request may wait for its turn this many times as long as for its answer. */
#define DITTO_UPCALL_TURN_FACTOR	4

/* The values match the netlink enum "upcall-kind". */
enum ditto_upcall_type {
	DITTO_UPCALL_HOST_NAME,		/* address to host names */
	DITTO_UPCALL_NETGROUP,		/* is a host (address, names) in a netgroup? */
	DITTO_UPCALL_GROUPS,		/* uid to groups */
	DITTO_UPCALL_RECORD_PUT,	/* kind, key, data; answered once it is on disk */
	DITTO_UPCALL_RECORD_REMOVE,	/* kind, key */
	DITTO_UPCALL_RECORD_FORGET,	/* all records of a kind from earlier lives of the server */
	DITTO_UPCALL_AUTH,		/* a token to the next token, or to an identity */
	DITTO_UPCALL_AUTH_ABORT,	/* no answer */
	DITTO_UPCALL_PIPE_OPEN,		/* name and user to the number of a pipe */
	DITTO_UPCALL_PIPE_CALL,		/* a message to the answer of the pipe */
	DITTO_UPCALL_PIPE_CLOSE,	/* no answer */
	DITTO_UPCALL_USER_NAME,		/* uid to name@domain */
	DITTO_UPCALL_GROUP_NAME,	/* gid to name@domain */
	DITTO_UPCALL_USER_ID,		/* name@domain to uid */
	DITTO_UPCALL_GROUP_ID,		/* name@domain to gid */
	DITTO_UPCALL_USER_SIDS,		/* uid to the SIDs of the user and its groups */
	DITTO_UPCALL_SID_OF_USER,	/* uid to the SID of the user alone */
	DITTO_UPCALL_SID_OF_GROUP,	/* gid to SID */
	DITTO_UPCALL_ACCOUNT_OF_SID,	/* SID to uid, gid or both */
	DITTO_UPCALL_AUDIT,		/* a record for the audit log; answered when written */
	DITTO_UPCALL_OFFLOAD_FETCH,	/* a range of a file; answered when its data was given */
	DITTO_UPCALL_SCAN,		/* a file to whether clients may read it */
};

/**
 * struct ditto_upcall - a request
 * @type: type of the request
 * @size: bytes of the attributes that @put adds; 0 for up to 8 KiB
 * @deadline_ms: how long the answer is waited for, in milliseconds; 0 for the setting upcall-ms
 * @queue: queue in which the request waits for its turn; NULL for the queue of its kind. It must
 *	stay until the request is completed
 * @moved: jiffies of the last progress of any request of @queue: those that wait do not fail while
 *	others come further, and the deadline of one that was sent begins anew with its own
 *	progress. NULL if there is only one deadline
 * @put: adds the attributes of the request to the message; returns 0 or -EMSGSIZE
 * @got: reads the attributes of the answer; called in the context of the answering command;
 *	returns 0 or an error, which becomes the result of the request
 * @failed: as @got, for an answer with an error; NULL to ignore its attributes
 * @arg: passed to @put, @got and @failed
 */
struct ditto_upcall {
	enum ditto_upcall_type type;
	size_t size;
	u32 deadline_ms;
	struct ditto_fairq *queue;
	unsigned long *moved;
	int (*put)(struct sk_buff *msg, void *arg);
	int (*got)(struct genl_info *info, void *arg);
	void (*failed)(struct genl_info *info, void *arg);
	void *arg;
};

/**
 * struct ditto_upcall_req - a request that no thread waits for
 * @what: the request; the data behind its @arg must stay until @done is called
 * @peer: address of the peer for which it is made, for fair ordering; all zeroes for the server
 *	itself
 * @user: any number that tells the users of a peer apart
 * @done: called once with the result, unless ditto_upcall_cancel() returned true; in process
 *	context, possibly before ditto_upcall_start() returns; must not wait; may free the request
 * @srv: the server; this and the following members belong to net/helper/upcall.c
 * @turn: entry in the queue of its kind
 * @portid: netlink port that it was sent to
 * @id: index in the table of requests sent; 0 if it was not sent
 * @serial: number on the wire: the helper's term in the upper half and @id in the lower half
 * @cancelled: it must not be sent any more; guarded by the lock of the table
 * @error: error of the answer
 * @timer: expires at the deadline
 */
struct ditto_upcall_req {
	struct ditto_upcall what;
	struct in6_addr peer;
	u64 user;
	void (*done)(struct ditto_upcall_req *ask, int err);
	struct ditto_server *srv;
	struct ditto_fair_turn turn;
	u32 portid;
	u32 id;
	u64 serial;
	bool cancelled;
	int error;
	struct delayed_work timer;
};

/**
 * ditto_upcall_start - send a request to the helper without waiting
 * @srv: the server
 * @ask: the request, with @what, @peer, @user and @done set
 *
 * Requests of a kind (logins, pipes, hosts, accounts) are sent round robin over peers and then
 * over the users of a peer. @done gets the result as ditto_upcall() returns it, with two
 * differences: -EBUSY also for a request that was dropped in favour of another peer, and
 * -ECANCELED instead of -EINTR.
 *
 * Context: process; does not wait.
 */
void ditto_upcall_start(struct ditto_server *srv, struct ditto_upcall_req *ask);

/**
 * ditto_upcall_cancel - give up a request that was started
 * @ask: the request
 *
 * Return: true if @done will not be called; false if it was called or will be called soon,
 * possibly with -ECANCELED.
 */
bool ditto_upcall_cancel(struct ditto_upcall_req *ask);

/**
 * ditto_upcall_moved - begin the deadline of a request anew
 * @ask: a request with @moved, which has come further; nothing is done if it was completed
 *
 * Context: any but interrupts.
 */
void ditto_upcall_moved(struct ditto_upcall_req *ask);

/**
 * ditto_upcall_ask - send a request to the helper and wait for the answer
 * @srv: the server
 * @call: the request
 * @peer: address of the peer for which it is made; NULL for the server itself
 *
 * Must not be used by threads that serve clients; those use ditto_upcall_start().
 *
 * Context: may sleep, at most 5 times the upcall setting; killable.
 * Return: as ditto_upcall().
 */
int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *call,
		     const struct in6_addr *peer);

/**
 * ditto_upcall_tell - send a message to the helper that has no answer
 * @srv: the server
 * @type: type of the message
 * @put: adds the attributes to the message, at most 256 bytes; returns 0 or -EMSGSIZE
 * @arg: passed to @put
 *
 * The message may be lost if the helper does not keep up.
 *
 * Context: process; does not wait.
 */
void ditto_upcall_tell(struct ditto_server *srv, enum ditto_upcall_type type,
		       int (*put)(struct sk_buff *msg, void *arg), void *arg);

/**
 * ditto_upcall_end - tell the helper to release what it keeps under a number
 * @srv: the server
 * @type: DITTO_UPCALL_AUTH_ABORT or DITTO_UPCALL_PIPE_CLOSE
 * @number: the helper's number
 *
 * Context: as ditto_upcall_tell().
 */
void ditto_upcall_end(struct ditto_server *srv, enum ditto_upcall_type type, u64 number);

/**
 * ditto_upcall - send a request of the server itself to the helper and wait for the answer
 * @srv: the server
 * @type: type of the request
 * @put: adds the attributes of the request to the message; returns 0 or -EMSGSIZE
 * @got: reads the attributes of the answer; called in the context of the answering command;
 *	returns 0 or an error, which is returned
 * @arg: passed to @put and @got
 *
 * Context: may sleep, at most 5 times the upcall setting; killable.
 * Return: 0; the helper's error, such as -ENOENT for an object that does not exist; -ECONNREFUSED
 * without a helper, which is logged once per absence; -EOPNOTSUPP if the helper does not know the
 * type; -ETIMEDOUT; -EBUSY; -EINTR; -ENOMEM.
 */
int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg);

/**
 * ditto_upcall_register - make a netlink port the helper of the server
 * @srv: the server
 * @portid: port of the calling socket
 *
 * Return: 0, also if the port is registered already; -EBUSY if another helper is.
 */
int ditto_upcall_register(struct ditto_server *srv, u32 portid);

/**
 * ditto_upcall_reply - handle the helper's answer to a request
 * @srv: the server
 * @info: the answering command
 *
 * Return: 0; -EPERM if the sender is not the helper; -ENOENT if no request has the number; or the
 * error of @got, so that the helper learns that its answer was not understood.
 */
int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info);

/**
 * ditto_upcall_progress - handle the helper's notice that a request has come further
 * @srv: the server
 * @info: the command
 *
 * Return: 0; -EPERM if the sender is not the helper; -ENOENT if no request has the number;
 * -EOPNOTSUPP if the request has only one deadline.
 */
int ditto_upcall_progress(struct ditto_server *srv, struct genl_info *info);

/**
 * ditto_upcall_portid_gone - a netlink socket was released
 * @srv: the server
 * @portid: its port
 *
 * If it was the helper's, all requests that were sent fail with -ECONNREFUSED.
 */
void ditto_upcall_portid_gone(struct ditto_server *srv, u32 portid);

/**
 * ditto_upcall_kinds_set - set the types of requests that the helper understands
 * @srv: the server
 * @portid: port of the helper
 * @kinds: one bit for each value of enum ditto_upcall_type
 *
 * Requests of other types fail with -EOPNOTSUPP.
 *
 * Return: 0, or -ECONNREFUSED if @portid is not the helper's port.
 */
int ditto_upcall_kinds_set(struct ditto_server *srv, u32 portid, u64 kinds);

/**
 * ditto_upcall_hello_set - set the first token of authentications where the server speaks first
 * @srv: the server
 * @portid: port of the helper
 * @hello: the token, copied
 * @len: bytes of the token; 0 for none
 *
 * Each helper that registers sets its own.
 *
 * Return: 0, -ENOMEM, or -ECONNREFUSED if @portid is not the helper's port.
 */
int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len);

/**
 * ditto_upcall_hello - get the token of ditto_upcall_hello_set()
 * @srv: the server
 * @hello: filled with a copy to be freed with kvfree(); NULL if the helper set none
 * @len: filled with the bytes of the token
 *
 * Return: 0, -ENOMEM, or -ECONNREFUSED without a helper.
 */
int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len);

/* True if a helper is registered. Any context. */
bool ditto_upcall_has_helper(struct ditto_server *srv);

/* True if the helper has let a deadline pass, and has not answered since. Any context. */
bool ditto_upcall_is_stuck(struct ditto_server *srv);

/* True if the current process has registered as the helper, and must not wait for itself. */
bool ditto_upcall_is_helper(struct ditto_server *srv);

/**
 * ditto_upcalls_stop - fail all requests that wait, and accept no further ones
 * @srv: the server, which is being shut down
 */
void ditto_upcalls_stop(struct ditto_server *srv);

/* Create and destroy the upcalls of a server. May sleep; the exit waits for all requests. */
int ditto_upcalls_init(struct ditto_server *srv);
void ditto_upcalls_exit(struct ditto_server *srv);

#endif
