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

void ditto_upcall_start(struct ditto_server *srv, struct ditto_upcall_req *ask);
bool ditto_upcall_cancel(struct ditto_upcall_req *ask);
void ditto_upcall_moved(struct ditto_upcall_req *ask);
int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *call,
		     const struct in6_addr *peer);
void ditto_upcall_tell(struct ditto_server *srv, enum ditto_upcall_type type,
		       int (*put)(struct sk_buff *msg, void *arg), void *arg);
void ditto_upcall_end(struct ditto_server *srv, enum ditto_upcall_type type, u64 number);
int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg);

int ditto_upcall_register(struct ditto_server *srv, u32 portid);

int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info);
int ditto_upcall_progress(struct ditto_server *srv, struct genl_info *info);
void ditto_upcall_portid_gone(struct ditto_server *srv, u32 portid);

int ditto_upcall_kinds_set(struct ditto_server *srv, u32 portid, u64 kinds);
int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len);
int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len);
bool ditto_upcall_has_helper(struct ditto_server *srv);
bool ditto_upcall_is_stuck(struct ditto_server *srv);
bool ditto_upcall_is_helper(struct ditto_server *srv);

void ditto_upcalls_stop(struct ditto_server *srv);

/* Create and destroy the upcalls of a server. May sleep; the exit waits for all requests. */
int ditto_upcalls_init(struct ditto_server *srv);
void ditto_upcalls_exit(struct ditto_server *srv);

#endif
